/* The power goes while a copy of a circle works in a real vault. Every call that reached the disk
 * was recorded; before each of them the power is cut, and what was not synced yet is lost, there,
 * or torn, in any order. Whatever is left opens, is sound, goes on, and has all that was said to be
 * saved and nothing by halves. And a process killed at its n-th write loses nothing of it either.
 */
#include "tests/support/faulty_vfs.h"
#include "tests/support/recorded_disk.h"
#include "tests/support/seeded_random.h"
#include "tests/support/session_hand.h"
#include "tests/support/store_fixture.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOTE       "how far"
#define ROUNDS_MAX 512u
#define CALLS_MAX  60u /* a process does before it is killed */

struct told { /* what was there when a round of work had been said to be done */
    size_t calls;
    struct vl_id heads;
    size_t entries, erased;
    uint32_t note;
};

struct stage {
    struct circle_fixture *f;
    struct vault_keys *keys;
    struct scratch folder, after;
    const char *file; /* the vault's name */
    size_t me;        /* whose copy is in the vault; 0 is the one it hears from */
    struct store *store;
    struct vl_storage port;
    struct told told[ROUNDS_MAX];
    size_t count;
};

/* ---- a vault whose keys are known: no passphrase is asked for ---- */

static void open_in(struct stage *s, const struct scratch *folder, const char *vfs)
{
    s->store = calloc(1, sizeof *s->store);
    assert_non_null(s->store);
    s->store->folder = s->store->lock = -1;
    s->store->keys = s->keys;
    assert_int_equal(pages_create(&s->store->pages, s->keys, vfs), VL_OK);
    vl_result result =
        database_open(&s->store->db, scratch_path(folder, s->file), s->store->pages, false);
    if (result != VL_OK) fail_msg("it does not open: %s", vl_result_name(result));
    store_storage(s->store, &s->f->id, &s->port);
    s->f->nodes[s->me].storage = s->port;
    circle_fixture_reopen(s->f, s->me);
}

static void close_it(struct stage *s)
{
    struct fixture_node *node = &s->f->nodes[s->me];
    struct vault_keys *keys = s->keys;
    vl_replica_close(node->replica);
    node->replica = NULL;
    database_close(&s->store->db); /* needs the keys */
    s->store->keys = NULL;
    store_close(s->store);
    s->store = NULL;
    s->keys = keys;
}

/* ---- what is there ---- */

struct count {
    size_t entries, erased;
};

static vl_result count_entry(void *context, const struct vl_entry_row *row)
{
    struct count *count = context;
    count->entries++;
    count->erased += (row->flags & VL_ENTRY_ERASED) != 0;
    return VL_OK;
}

static struct told look(struct stage *s)
{
    const struct vl_scan all = {0};
    struct told told = {.calls = recorded_disk_calls()};
    struct vl_buffer note = {0};
    struct count count = {0};
    vl_replica_heads_digest(s->f->nodes[s->me].replica, &told.heads);
    assert_int_equal(s->port.entry_scan(s->port.self, &all, count_entry, &count), VL_OK);
    told.entries = count.entries;
    told.erased = count.erased;
    vl_result result = store_note_get(s->store, &s->f->id, NOTE, &note);
    if (result == VL_OK) {
        assert_int_equal(note.size, sizeof told.note);
        memcpy(&told.note, note.data, sizeof told.note);
    } else {
        assert_int_equal(result, VL_ERR_NOT_FOUND);
    }
    vl_buffer_finish(&note);
    return told;
}

static void assert_sound(struct stage *s, const char *what)
{
    struct vl_verify_report report;
    struct vl_id bad;
    vl_result result = vl_replica_verify(s->f->nodes[s->me].replica, &report, &bad);
    if (result == VL_OK) result = store_check(s->store);
    if (result != VL_OK) fail_msg("%s: %s", what, vl_result_name(result));
}

/* ---- work ---- */

static vl_result write_one(struct stage *s, uint64_t number)
{
    const struct vl_operation operation = {.type = 1,
                                           .record = fixture_record(number % 50),
                                           .field = 3,
                                           .opcode = VL_OP_SET_ADD,
                                           .value = vl_bytes_text("ligne")};
    struct vl_id id;
    return vl_replica_write(s->f->nodes[s->me].replica, &operation, 1, s->f->now, &id);
}

static vl_result erase_last(struct stage *s)
{
    struct vl_head tip = hand_tip_of(s->f, s->me, s->me);
    struct vl_id tombstone;
    return vl_replica_erase(s->f->nodes[s->me].replica, &tip.id, 1, s->f->now, &tombstone);
}

static void hear(struct stage *s, uint64_t number)
{
    for (uint64_t i = 0; i < 3; i++)
        hand_write_one(s->f, 0, number + i);
    assert_true(circle_fixture_pull(s->f, s->me, 0) > 0);
}

static vl_result work(struct stage *s, unsigned round)
{
    const uint32_t note = round + 1;
    size_t left = 0;
    vl_result result = VL_OK;
    switch (round % 5) {
    case 0:
    case 3: return write_one(s, round);
    case 1: hear(s, round); return VL_OK;
    case 2:
        return store_note_put(s->store, &s->f->id, NOTE,
                              vl_bytes((const uint8_t *)&note, sizeof note));
    default:
        if (round % 4 != 0) return store_index_step(s->store, 8, &left);
        result = write_one(s, round);
        return result == VL_OK ? erase_last(s) : result;
    }
}

/* ---- power cuts ---- */

/* The last round that had been said to be done before that call. */
static size_t round_before(const struct stage *s, size_t calls)
{
    size_t round = 0;
    while (round + 1 < s->count && s->told[round + 1].calls <= calls)
        round++;
    return round;
}

static void assert_between(const struct told *is, const struct told *least, const struct told *most,
                           size_t call, size_t round)
{
    bool within = is->entries >= least->entries && is->entries <= most->entries &&
                  is->erased >= least->erased && is->erased <= most->erased &&
                  (is->note == least->note || is->note == most->note);
    if (is->entries == least->entries) within = within && vl_id_equal(&is->heads, &least->heads);
    if (is->entries == most->entries) within = within && vl_id_equal(&is->heads, &most->heads);
    if (!within)
        fail_msg("call %zu, round %zu: %zu entries, %zu erased, note %u; said were %zu, %zu, %u",
                 call, round, is->entries, is->erased, is->note, least->entries, least->erased,
                 least->note);
}

static void cut_before(struct stage *s, size_t call, enum recorded_way way, size_t seed)
{
    size_t round = round_before(s, call);
    const struct told *least = &s->told[round];
    const struct told *most = round + 1 < s->count ? least + 1 : least;
    seeded_reseed_sodium(seed);
    recorded_disk_cut(way, &s->after);
    open_in(s, &s->after, NULL);
    const struct told is = look(s);
    assert_between(&is, least, most, call, round);
    if (randombytes_uniform(8) == 0) {
        assert_sound(s, "after a cut");
        assert_int_equal(write_one(s, call), VL_OK);
    }
    close_it(s);
}

static void nothing_that_was_said_is_lost(void **state)
{
    struct stage *s = *state;
    const size_t points = test_scale(5000, 250);
    size_t cuts = 0;
    recorded_disk_begin();
    open_in(s, &s->folder, recorded_disk());
    s->count = 0;
    s->told[s->count++] = look(s);
    for (unsigned round = 0; round < test_scale(120, 40); round++) {
        assert_int_equal(work(s, round), VL_OK);
        s->told[s->count++] = look(s);
        if (round % 37 != 36) continue;
        close_it(s); /* writes the log back, and takes it away */
        open_in(s, &s->folder, recorded_disk());
    }
    close_it(s);
    const size_t calls = recorded_disk_calls();
    recorded_disk_rewind();
    for (size_t call = 0; call <= calls; call++) {
        size_t these = points * (call + 1) / (calls + 1) - points * call / (calls + 1);
        for (size_t i = 0; i < these; i++, cuts++) {
            enum recorded_way way = i == 0   ? RECORDED_ALL_LOST
                                    : i == 1 ? RECORDED_ALL_THERE
                                             : RECORDED_ANY;
            cut_before(s, call, way, cuts);
        }
        if (!recorded_disk_next()) break;
    }
    print_message("%zu power cuts, at %zu calls\n", cuts, calls);
    assert_int_equal(cuts, points);
    recorded_disk_end();
}

/* ---- kill -9 ---- */

/* Works until it is killed; each round that is done is told. */
static void work_until_killed(struct stage *s, uint64_t nth, int report)
{
    const struct fault fault = {
        .operations = FAULT_WRITE | FAULT_SYNC | FAULT_TRUNCATE,
        .nth = nth,
        .rc = SQLITE_IOERR,
        .torn = nth % 2 == 0,
    };
    open_in(s, &s->folder, faulty_vfs());
    struct told told = look(s);
    (void)!write(report, &told, sizeof told);
    faulty_vfs_set_deadly(&fault);
    for (unsigned round = (unsigned)nth;; round++) {
        /* what others write would be known to this process alone */
        if (round % 5 != 1 && work(s, round) != VL_OK) _exit(1);
        told = look(s);
        (void)!write(report, &told, sizeof told);
    }
}

static void kill_at(struct stage *s, uint64_t nth)
{
    struct told least = {0};
    int report[2], status;
    size_t rounds = 0;
    assert_int_equal(pipe(report), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(report[0]);
        work_until_killed(s, nth, report[1]);
    }
    close(report[1]);
    while (read(report[0], &least, sizeof least) == (ssize_t)sizeof least)
        rounds++;
    close(report[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_true(rounds >= 1);
    open_in(s, &s->folder, NULL);
    const struct told is = look(s);
    if (is.entries < least.entries || is.entries > least.entries + 2 || is.erased < least.erased)
        fail_msg("killed at %u: %zu entries, %zu were said to be saved", (unsigned)nth, is.entries,
                 least.entries);
    if (is.entries == least.entries) assert_true(vl_id_equal(&is.heads, &least.heads));
    if (nth % 16 == 0) assert_sound(s, "after a kill");
    close_it(s);
}

static void a_killed_process_loses_nothing(void **state)
{
    struct stage *s = *state;
    const unsigned kills = (unsigned)test_scale(300, 20);
    for (unsigned i = 0; i < kills; i++)
        kill_at(s, 1 + i % CALLS_MAX);
    print_message("%u kills, at the first to the %uth call\n", kills, CALLS_MAX);
}

/* ---- a circle of three, one of them in a vault ---- */

static void make_vault(struct stage *s)
{
    struct pages *pages = NULL;
    struct database db;
    scratch_make(&s->folder);
    scratch_make(&s->after);
    assert_int_equal(vault_keys_create(&s->keys), VL_OK);
    s->file = s->keys->number == 0 ? "vault-0" : "vault-1";
    scratch_write(&s->folder, s->file, vl_bytes("", 0));
    assert_int_equal(pages_create(&pages, s->keys, NULL), VL_OK);
    assert_int_equal(database_open(&db, scratch_path(&s->folder, s->file), pages, true), VL_OK);
    database_close(&db);
    pages_destroy(pages);
}

static int setup(void **state)
{
    struct stage *s = calloc(1, sizeof *s);
    assert_non_null(s);
    seeded_reseed_sodium(1);
    make_vault(s);
    s->f = circle_fixture_create(2, 71);
    s->me = circle_fixture_stranger(s->f);
    open_in(s, &s->folder, NULL);
    circle_fixture_add(s->f, 0, s->me);
    (void)circle_fixture_pull(s->f, s->me, 0);
    assert_int_equal(write_one(s, 0), VL_OK);
    close_it(s);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct stage *s = *state;
    faulty_vfs_set(NULL);
    recorded_disk_end();
    circle_fixture_destroy(s->f);
    vault_keys_destroy(s->keys);
    scratch_remove(&s->folder);
    scratch_remove(&s->after);
    free(s);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_that_was_said_is_lost),
        cmocka_unit_test(a_killed_process_loses_nothing),
    };
    seeded_install_sodium();
    scratch_in_memory();
    return cmocka_run_group_tests_name("a copy when the power goes", tests, setup, teardown);
}
