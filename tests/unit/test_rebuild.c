/* A vault whose files are damaged at random places: what opens is sound, or it says that it is
 * damaged; rebuilt, and in touch with another copy, it has what the other has, and what only it had
 * on pages that were sound; its own log is never forked. Only where the circle's own row was hit is
 * nothing rebuilt. */
#include "api/circle_load.h"
#include "api/circle_rescue.h"
#include "circle/ownership.h"
#include "circle/record.h"
#include "store/folder.h"
#include "store/marker.h"
#include "store/salvage.h"
#include "tests/support/circle_fixture.h"
#include "tests/support/seeded_random.h"
#include "tests/support/store_fixture.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define TYPE       999u /* that the schema does not have */
#define FIELD      2u
#define HISTORY    96u
#define OWN_MAX    20u
#define RANGES_MAX 16u
#define FIRST_SEED 8800u
#define SLOT       (size_t) PAGES_SLOT
#define FRAME      (size_t)(24 + PAGES_OVERHEAD + PAGES_SLOT)
#define LOG_START  (size_t)(32 + PAGES_OVERHEAD)

enum { CLOSED, KILLED, STATES }; /* before the damage: closed well, or ended with its log there */

struct own { /* an entry that only this device has */
    struct vl_id id;
    uint32_t page;
    bool in_log;
};

struct world {
    struct circle_fixture *f;
    struct store_fixture *vault;
    struct vault_keys *keys;
    const char *name;
    char log[32];
    size_t me;
    struct {
        struct vl_buffer vault, log;
        struct own own[OWN_MAX];
        size_t own_count;
        uint32_t *frames;
        uint32_t frame_count;
    } states[STATES];
    struct vl_id erased;
    uint32_t circle_pages[2];    /* of either copy of the circles' rows */
    struct memory_storage *peer; /* as it was when they last met */
    struct circles circles;
    struct store *store;
};

static struct world w;

/* Power cuts are for test_rebuild_steps.c: nothing here waits for the disk. These stand before
 * those of the C library, for SQLite as well. */
#define SEEN __attribute__((visibility("default")))
SEEN int fsync(int fd)
{
    (void)fd;
    return 0;
}

SEEN int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

/* ---- opening, without the cost of a passphrase ---- */

static struct store *closed_store(void)
{
    struct vault_file file;
    struct store *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->folder = s->lock = -1;
    assert_int_equal(folder_open(w.vault->folder.path, &s->folder), VL_OK);
    assert_int_equal(folder_lock(s->folder, &s->lock), VL_OK);
    assert_int_equal(store_keys_read(s->folder, &file), VL_OK);
    assert_int_equal(vault_keys_create(&s->keys), VL_OK);
    *s->keys = *w.keys;
    return s;
}

static vl_result open_now(struct store *s)
{
    struct vault_file file;
    assert_int_equal(store_keys_read(s->folder, &file), VL_OK);
    return store_open_database(s, w.vault->folder.path, &file, NULL);
}

static vl_result load(void)
{
    vl_result result = circle_load_all(w.store, &w.circles);
    struct circle *circle = circles_find(&w.circles, &w.f->id);
    if (circle != NULL) w.f->nodes[w.me].replica = circle->replica;
    return result;
}

static void unload(void)
{
    w.f->nodes[w.me].replica = NULL;
    circles_finish(&w.circles);
    store_close(w.store);
    w.store = NULL;
}

/* ---- the circle, and the vault as it is before the damage ---- */

static struct vl_id write_text(size_t node, uint64_t number, size_t size)
{
    char text[6001];
    memset(text, 'a' + (int)(number % 26), size);
    text[size] = '\0';
    struct vl_record_id record = fixture_record(number);
    return circle_fixture_set(w.f, node, TYPE, &record, FIELD, text);
}

static void meet(void)
{
    (void)circle_fixture_pull(w.f, w.me, 0);
    (void)circle_fixture_pull(w.f, 0, w.me);
}

/* What is hers, and what somebody else wrote over it, which is merged into nothing. */
static void write_over(void)
{
    struct vl_record_id share;
    assert_int_equal(record_id_new(w.f->nodes[w.me].replica, SCHEMA_SHARE, &share), VL_OK);
    (void)circle_fixture_set(w.f, w.me, SCHEMA_SHARE, &share, SHARE_TITLE, "hers");
    meet();
    (void)circle_fixture_set(w.f, 0, SCHEMA_SHARE, &share, SHARE_TITLE, "not hers");
    meet();
}

static void write_history(void)
{
    struct vl_id id, tombstone;
    meet();
    write_over();
    for (uint64_t i = 0; i < HISTORY; i++) {
        id = write_text(i % 2 == 0 ? 0 : w.me, i, 40 + (size_t)(i * 397 % 5900));
        if (i % 8 == 7) meet();
        if (i == 61) w.erased = id;
    }
    meet();
    assert_int_equal(vl_replica_erase(w.f->nodes[w.me].replica, &w.erased, 1, w.f->now, &tombstone),
                     VL_OK);
    meet();
}

static void write_own(int state, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct own *own = &w.states[state].own[w.states[state].own_count++];
        own->id = write_text(w.me, 1000 + (uint64_t)state * 100 + i, 60);
    }
}

struct wanted {
    struct vl_buffer header;
};

static vl_result keep_header(void *context, const struct vl_entry_row *row)
{
    struct wanted *wanted = context;
    return vl_buffer_append(&wanted->header, row->entry.header.data, row->entry.header.size);
}

/* On which page its row is: its header stands nowhere else. */
static void find_page(int state, struct own *own, struct salvage *sound, struct vl_storage *port)
{
    uint8_t page[PAGES_SIZE];
    struct wanted wanted = {{0}};
    assert_int_equal(port->entry_get(port->self, &own->id, keep_header, &wanted), VL_OK);
    for (uint32_t i = 1; i <= sound->count; i++)
        if (salvage_page(sound, i, page) && page[0] == 0x0d &&
            memmem(page, sizeof page, wanted.header.data, wanted.header.size) != NULL)
            own->page = i;
    assert_int_not_equal(own->page, 0);
    for (uint32_t i = 0; i < w.states[state].frame_count; i++)
        own->in_log |= w.states[state].frames[i] == own->page;
    vl_buffer_finish(&wanted.header);
}

/* Copies the files as they are now. */
static void take_state(int state)
{
    struct salvage sound = {0};
    struct vl_storage port;
    const struct scratch *folder = &w.vault->folder;
    scratch_read(folder, w.name, &w.states[state].vault);
    if (state == KILLED) scratch_read(folder, w.log, &w.states[state].log);
    assert_int_equal(
        salvage_open(&sound, w.keys, NULL, scratch_path(folder, w.name), state == KILLED), VL_OK);
    w.states[state].frame_count = sound.frame_count;
    w.states[state].frames = calloc(sound.frame_count + 1, sizeof(uint32_t));
    assert_non_null(w.states[state].frames);
    if (sound.frame_count > 0)
        memcpy(w.states[state].frames, sound.frames, sound.frame_count * sizeof(uint32_t));
    if (state == CLOSED) {
        w.store = closed_store();
        assert_int_equal(open_now(w.store), VL_OK);
    }
    store_storage(w.store, &w.f->id, &port);
    for (size_t i = 0; i < w.states[state].own_count; i++)
        find_page(state, &w.states[state].own[i], &sound, &port);
    salvage_close(&sound);
}

static uint32_t root_of(struct store *s, const char *table)
{
    sqlite3_stmt *statement = NULL;
    assert_int_equal(database_statement(&s->db, SQL_TABLE_ROOT, &statement), VL_OK);
    bind_text(statement, 1, table);
    assert_int_equal(database_step(&s->db, statement), VL_OK);
    uint32_t root = (uint32_t)sqlite3_column_int64(statement, 0);
    database_done(statement);
    return root;
}

static int setup(void **state)
{
    void *vault = NULL;
    struct store_circle row = {.name = "Cercle du jeudi", .pseudonym = "Lou"};
    struct vault_file file;
    (void)state;
    assert_int_equal(store_fixture_set_up(&vault), 0);
    w.vault = vault;
    w.f = circle_fixture_create(2, 72);
    circle_fixture_rule(w.f, ownership_may_write);
    w.me = circle_fixture_stranger(w.f);
    row.id = w.f->id;
    memcpy(row.seed, w.f->nodes[w.me].seed, sizeof row.seed);
    assert_int_equal(store_circle_add(w.vault->store, &row), VL_OK);
    assert_int_equal(store_note_put(w.vault->store, &w.f->id, "a note", vl_bytes_text("kept")),
                     VL_OK);
    store_storage(w.vault->store, &w.f->id, &w.vault->port);
    w.f->nodes[w.me].storage = w.vault->port;
    circle_fixture_reopen(w.f, w.me);
    circle_fixture_add(w.f, 0, w.me);
    assert_int_equal(vault_keys_create(&w.keys), VL_OK);
    *w.keys = *w.vault->store->keys;
    assert_int_equal(store_keys_read(w.vault->store->folder, &file), VL_OK);
    w.name = store_vault_name(w.keys);
    snprintf(w.log, sizeof w.log, "%s-wal", w.name);
    write_history();
    w.circle_pages[0] = root_of(w.vault->store, "circle");
    w.circle_pages[1] = root_of(w.vault->store, "circle_copy");
    w.peer = memory_storage_clone(w.f->nodes[0].memory);
    write_own(CLOSED, 12);
    vl_replica_close(w.f->nodes[w.me].replica);
    w.f->nodes[w.me].replica = NULL;
    store_fixture_close(w.vault);
    take_state(CLOSED);
    assert_int_equal(load(), VL_OK);
    memcpy(w.states[KILLED].own, w.states[CLOSED].own, sizeof w.states[CLOSED].own);
    w.states[KILLED].own_count = w.states[CLOSED].own_count;
    for (size_t i = 0; i < OWN_MAX; i++)
        w.states[KILLED].own[i].page = 0;
    write_own(KILLED, 6);
    take_state(KILLED);
    unload();
    return 0;
}

static int teardown(void **state)
{
    void *vault = w.vault;
    (void)state;
    for (int i = 0; i < STATES; i++) {
        vl_buffer_finish(&w.states[i].vault);
        vl_buffer_finish(&w.states[i].log);
        free(w.states[i].frames);
    }
    memory_storage_destroy(w.peer);
    circle_fixture_destroy(w.f);
    vault_keys_destroy(w.keys);
    return store_fixture_tear_down(&vault);
}

/* The files as they were, and the vault is the one that was made here. */
static void lay_state(int state)
{
    const struct scratch *folder = &w.vault->folder;
    struct vault_file file;
    int fd = -1;
    unsigned number = w.keys->number;
    assert_int_equal(folder_open(folder->path, &fd), VL_OK);
    scratch_write(folder, w.name, vl_buffer_view(&w.states[state].vault));
    folder_remove(fd, w.log);
    if (state == KILLED) scratch_write(folder, w.log, vl_buffer_view(&w.states[state].log));
    assert_int_equal(store_keys_read(fd, &file), VL_OK);
    assert_int_equal(marker_of(w.keys, fd, w.name, file.markers[number]), VL_OK);
    assert_int_equal(store_keys_write(fd, &file), VL_OK);
    close(fd);
    vl_replica_close(w.f->nodes[0].replica);
    w.f->nodes[0].replica = NULL;
    memory_storage_restore(w.f->nodes[0].memory, w.peer);
    circle_fixture_reopen(w.f, 0);
}

/* ---- the damage ---- */

struct damage {
    int state;
    struct {
        bool log;
        size_t from, to;
    } ranges[RANGES_MAX];
    size_t count;
    bool log_hit;
};

static void hit(struct damage *d, struct vl_buffer *bytes, bool log, size_t from, size_t to)
{
    if (to > bytes->size) to = bytes->size;
    d->ranges[d->count].log = log;
    d->ranges[d->count].from = from;
    d->ranges[d->count++].to = to;
    d->log_hit |= log;
}

static void damage_once(struct damage *d, struct vl_buffer *bytes, bool log, struct seeded *r)
{
    size_t at = (size_t)seeded_below(r, bytes->size);
    switch (seeded_below(r, 3)) {
    case 0: /* one byte */
        bytes->data[at] ^= (uint8_t)seeded_between(r, 1, 255);
        hit(d, bytes, log, at, at + 1);
        break;
    case 1: /* a page of the disk, zeros */
        at -= at % 4096;
        hit(d, bytes, log, at, at + 4096);
        memset(bytes->data + at, 0, bytes->size - at < 4096 ? bytes->size - at : 4096);
        break;
    default: /* a sector, anything */
        at -= at % 512;
        hit(d, bytes, log, at, at + 512);
        for (size_t i = at; i < bytes->size && i < at + 512; i++)
            bytes->data[i] = (uint8_t)seeded_u64(r);
        break;
    }
}

/* A log that ends between two units is an older state, which nothing tells (docs/store.md). */
static void cut(struct damage *d, struct vl_buffer *bytes, bool log, struct seeded *r)
{
    size_t at = (size_t)seeded_below(r, bytes->size);
    size_t rest = at < LOG_START ? at : (at - LOG_START) % FRAME;
    if (log && (rest == 0 || rest == 64)) at++;
    d->ranges[d->count].log = log;
    d->ranges[d->count].from = at;
    d->ranges[d->count++].to = SIZE_MAX;
    d->log_hit |= log;
    bytes->size = at;
}

static void do_damage(struct damage *d, struct seeded *r)
{
    const struct scratch *folder = &w.vault->folder;
    struct vl_buffer files[2] = {{0}};
    d->state = (int)seeded_below(r, STATES);
    bool log = d->state == KILLED && seeded_below(r, 10) < 4;
    lay_state(d->state);
    scratch_read(folder, w.name, &files[0]);
    if (d->state == KILLED) scratch_read(folder, w.log, &files[1]);
    switch (seeded_below(r, 8)) {
    case 0: cut(d, &files[log], log, r); break;
    case 1:
        for (size_t i = seeded_between(r, 2, RANGES_MAX); i > 0; i--)
            damage_once(d, &files[log], log, r);
        break;
    default: damage_once(d, &files[log], log, r); break;
    }
    scratch_write(folder, w.name, vl_buffer_view(&files[0]));
    if (d->state == KILLED) scratch_write(folder, w.log, vl_buffer_view(&files[1]));
    vl_buffer_finish(&files[0]);
    vl_buffer_finish(&files[1]);
}

/* Of the file, not of the log. */
static bool page_is_hit(const struct damage *d, uint32_t page)
{
    size_t from = (size_t)page * SLOT, to = from + SLOT;
    for (size_t i = 0; i < d->count; i++)
        if (!d->ranges[i].log && d->ranges[i].from < to && d->ranges[i].to > from) return true;
    return false;
}

/* ---- what is expected ---- */

static void assert_no_fork(uint64_t seed)
{
    const uint8_t *sign = w.f->nodes[w.me].keys->card.sign;
    struct vl_incarnation logs[8];
    size_t nodes[] = {0, w.me}, count;
    for (size_t i = 0; i < 2; i++) {
        struct vl_replica *r = w.f->nodes[nodes[i]].replica;
        if (vl_replica_fork_count(r) > 0) fail_msg("seed %u: forked", (unsigned)seed);
        assert_int_equal(vl_replica_incarnations(r, sign, logs, 8, &count), VL_OK);
        assert_true(count <= 2);
    }
}

static void assert_has(size_t node, const struct vl_id *id, uint64_t seed)
{
    bool has = false;
    assert_int_equal(vl_replica_has(w.f->nodes[node].replica, id, &has), VL_OK);
    if (!has) fail_msg("seed %u: lost at %u", (unsigned)seed, (unsigned)node);
}

static void assert_erased(uint64_t seed)
{
    struct vl_buffer body = {0};
    if (vl_replica_entry_body(w.f->nodes[w.me].replica, &w.erased, &body) == VL_OK)
        fail_msg("seed %u: what was erased is there again", (unsigned)seed);
    vl_buffer_finish(&body);
}

/* She writes first, then they meet: what she wrote is hers, and both have the same. */
static void assert_goes_on(uint64_t seed, const struct damage *d)
{
    struct circle *circle = circles_find(&w.circles, &w.f->id);
    struct vl_verify_report report;
    struct vl_id bad, me;
    bool writes = vl_replica_me(circle->replica, &me) == VL_OK;
    if (writes) (void)write_text(w.me, 5000, 50);
    for (int round = 0; round < 3; round++) {
        meet();
        assert_int_equal(circle_rescue(w.store, circle), VL_OK);
    }
    struct vl_id mine = circle_fixture_digest(w.f, w.me), hers = circle_fixture_digest(w.f, 0);
    if (!vl_id_equal(&mine, &hers)) fail_msg("seed %u: not the same", (unsigned)seed);
    bool all = true;
    for (size_t i = 0; i < w.states[d->state].own_count; i++) {
        const struct own *own = &w.states[d->state].own[i];
        all = all && (own->in_log ? !d->log_hit : !page_is_hit(d, own->page));
        if (all) assert_has(0, &own->id, seed);
    }
    uint64_t waiting = 0;
    assert_int_equal(store_rescued_count(w.store, &waiting), VL_OK);
    if (all && waiting > 0) fail_msg("seed %u: %u wait", (unsigned)seed, (unsigned)waiting);
    assert_no_fork(seed);
    assert_erased(seed);
    if (vl_replica_verify(circle->replica, &report, &bad) != VL_OK)
        fail_msg("seed %u: wrong content", (unsigned)seed);
}

static struct {
    unsigned sound, torn, rebuilt, refused;
    uint64_t entries, pages;
} seen;

static void assert_note(uint64_t seed, const struct store_rebuilt *told)
{
    struct vl_buffer value = {0};
    vl_result result = store_note_get(w.store, &w.f->id, "a note", &value);
    if (result != VL_OK && (result != VL_ERR_NOT_FOUND || told->pages == 0))
        fail_msg("seed %u: the note", (unsigned)seed);
    vl_buffer_finish(&value);
}

/* The one refusal, and it changes nothing. */
static void assert_refused(const struct damage *d, uint64_t seed)
{
    struct vl_buffer before = {0}, after = {0};
    struct store_rebuilt told;
    if (!page_is_hit(d, w.circle_pages[0]) || !page_is_hit(d, w.circle_pages[1]))
        fail_msg("seed %u: refused", (unsigned)seed);
    scratch_read(&w.vault->folder, w.name, &before);
    struct store *s = closed_store();
    assert_int_equal(store_rebuild_file(s, w.vault->folder.path, NULL, &told), VL_ERR_DAMAGED);
    store_close(s);
    scratch_read(&w.vault->folder, w.name, &after);
    assert_true(vl_bytes_equal(vl_buffer_view(&before), vl_buffer_view(&after)));
    vl_buffer_finish(&before);
    vl_buffer_finish(&after);
    seen.refused++;
}

static bool rebuild(const struct damage *d, uint64_t seed)
{
    struct store_rebuilt told;
    w.store = closed_store();
    vl_result result = store_rebuild_file(w.store, w.vault->folder.path, NULL, &told);
    assert_false(scratch_has(&w.vault->folder, STORE_NEW_DATABASE));
    assert_false(scratch_has(&w.vault->folder, STORE_NEW_DATABASE "-wal"));
    if (result == VL_ERR_DAMAGED) {
        unload();
        assert_refused(d, seed);
        return false;
    }
    if (result != VL_OK) fail_msg("seed %u: %s", (unsigned)seed, vl_result_name(result));
    assert_false(scratch_has(&w.vault->folder, w.log));
    assert_int_equal(open_now(w.store), VL_OK);
    assert_true(store_is_copy(w.store));
    assert_int_equal(load(), VL_OK);
    if (store_check(w.store) != VL_OK) fail_msg("seed %u: not sound", (unsigned)seed);
    assert_note(seed, &told);
    seen.rebuilt++;
    seen.entries += told.entries;
    seen.pages += told.pages;
    return true;
}

static void one(uint64_t seed)
{
    struct damage d = {0};
    struct seeded r;
    seeded_init(&r, seed, 1);
    do_damage(&d, &r);
    w.store = closed_store();
    vl_result result = open_now(w.store);
    if (result == VL_OK) result = store_check(w.store);
    bool torn = result == VL_OK && store_is_copy(w.store);
    if (result == VL_OK) result = load();
    if (result != VL_OK && result != VL_ERR_DAMAGED)
        fail_msg("seed %u: %s", (unsigned)seed, vl_result_name(result));
    if (result == VL_ERR_DAMAGED) {
        assert_true(store_is_damaged(w.store) || w.store->db.connection == NULL);
        unload();
        if (!rebuild(&d, seed)) return;
    } else {
        seen.torn += torn;
        seen.sound += !torn;
    }
    assert_goes_on(seed, &d);
    unload();
}

static void damaged_vaults_are_rebuilt(void **state)
{
    const size_t count = test_scale(2000, 100);
    (void)state;
    for (uint64_t seed = FIRST_SEED; seed < FIRST_SEED + count; seed++)
        one(seed);
    print_message("%u sound, %u with an older log, %u rebuilt (%u entries, %u pages lost each), "
                  "%u refused; %u pages\n",
                  seen.sound, seen.torn, seen.rebuilt,
                  seen.rebuilt > 0 ? (unsigned)(seen.entries / seen.rebuilt) : 0,
                  seen.rebuilt > 0 ? (unsigned)(seen.pages / seen.rebuilt) : 0, seen.refused,
                  (unsigned)(w.states[CLOSED].vault.size / SLOT));
    assert_true(seen.rebuilt > count / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(damaged_vaults_are_rebuilt)};
    scratch_in_memory();
    return cmocka_run_group_tests_name("rebuilding", tests, setup, teardown);
}
