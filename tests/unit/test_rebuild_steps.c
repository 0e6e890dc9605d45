/* Rebuilding a damaged vault, broken off at every step and failing at every step: there is the old
 * file with all that was in it, or the new one, and nothing else is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/folder.h"
#include "store/salvage.h"
#include "store/store_internal.h"
#include "tests/support/circle_fixture.h"
#include "tests/support/failing_calls.h"
#include "tests/support/store_fixture.h"
#include "tests/support/test_scale.h"

#define ENTRIES 30u /* of one device, all of which only it has */

static struct {
    struct circle_fixture *f;
    struct store_fixture *vault;
    struct vault_keys *keys;
    const char *name;
    char log[32];
    struct vl_buffer file, wal, key_file; /* damaged: a page of entries is lost */
    uint64_t entries;                     /* that can be read */
} w;

/* With keys that are there already. */
static vl_result rebuild(void *context)
{
    struct store_rebuilt *told = context;
    struct store s = {.keys = w.keys, .folder = -1, .lock = -1};
    vl_result result = folder_open(w.vault->folder.path, &s.folder);
    if (result == VL_OK) result = folder_lock(s.folder, &s.lock);
    if (result == VL_OK) result = store_new_database_clear(s.folder);
    if (result == VL_OK) result = store_rebuild_file(&s, w.vault->folder.path, NULL, told);
    if (s.lock >= 0) close(s.lock);
    if (s.folder >= 0) close(s.folder);
    return result;
}

static void lay(void)
{
    const struct scratch *folder = &w.vault->folder;
    scratch_clear(folder);
    scratch_write(folder, w.name, vl_buffer_view(&w.file));
    scratch_write(folder, w.log, vl_buffer_view(&w.wal));
    scratch_write(folder, "keys", vl_buffer_view(&w.key_file));
}

static void read_keys(struct vault_keys **out)
{
    assert_int_equal(vault_keys_create(out), VL_OK);
    **out = *w.vault->store->keys;
}

/* A page of the file that the log does not lie over, and that has entries on it. */
static void damage_a_page(void)
{
    uint8_t page[PAGES_SIZE];
    struct salvage s = {0};
    const struct scratch *folder = &w.vault->folder;
    assert_int_equal(salvage_open(&s, w.keys, NULL, scratch_path(folder, w.name), true), VL_OK);
    uint32_t found = 0;
    for (uint32_t i = 2; i <= s.count && found == 0; i++) {
        bool in_log = false;
        for (uint32_t k = 0; k < s.frame_count; k++)
            in_log |= s.frames[k] == i;
        if (!in_log && salvage_page(&s, i, page) && page[0] == 0x0d &&
            memmem(page, sizeof page, w.f->id.bytes, sizeof w.f->id.bytes) != NULL &&
            memmem(page, sizeof page, "Cercle du jeudi", 15) == NULL &&
            (page[3] << 8 | page[4]) > 3) /* several rows: not the one of the circle's number */
            found = i;
    }
    assert_true(s.frame_count > 0 && found > 0);
    salvage_close(&s);
    w.file.data[found * PAGES_SLOT + 99] ^= 1;
}

static void write_entries(size_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct vl_record_id record = fixture_record(i);
        (void)circle_fixture_add_element(w.f, 0, 9, &record, 2, "une ligne de texte");
    }
}

static int setup(void **state)
{
    void *vault = NULL;
    struct store_circle row = {.name = "Cercle du jeudi", .pseudonym = "Lou"};
    struct store_rebuilt told;
    (void)state;
    assert_int_equal(store_fixture_set_up(&vault), 0);
    w.vault = vault;
    w.f = circle_fixture_create(2, 73);
    row.id = w.f->id;
    memcpy(row.seed, w.f->nodes[1].seed, sizeof row.seed);
    assert_int_equal(store_circle_add(w.vault->store, &row), VL_OK);
    store_storage(w.vault->store, &w.f->id, &w.vault->port);
    vl_replica_close(w.f->nodes[0].replica);
    w.f->nodes[0].replica = NULL;
    w.f->nodes[0].storage = w.vault->port;
    circle_fixture_reopen(w.f, 0); /* an empty copy with the founder's keys */
    (void)circle_fixture_pull(w.f, 0, 1);
    write_entries(ENTRIES);
    read_keys(&w.keys);
    w.name = store_vault_name(w.keys);
    snprintf(w.log, sizeof w.log, "%s-wal", w.name);
    assert_int_equal(database_checkpoint(&w.vault->store->db), VL_OK);
    write_entries(5);
    scratch_read(&w.vault->folder, w.name, &w.file);
    scratch_read(&w.vault->folder, w.log, &w.wal);
    scratch_read(&w.vault->folder, "keys", &w.key_file);
    vl_replica_close(w.f->nodes[0].replica);
    w.f->nodes[0].replica = NULL;
    damage_a_page();
    store_fixture_close(w.vault);
    lay();
    assert_int_equal(rebuild(&told), VL_OK);
    assert_int_equal(told.pages, 1);
    w.entries = told.entries;
    assert_true(w.entries > 5 && w.entries < ENTRIES + 8);
    return 0;
}

static int teardown(void **state)
{
    void *vault = w.vault;
    (void)state;
    vl_buffer_finish(&w.file);
    vl_buffer_finish(&w.wal);
    vl_buffer_finish(&w.key_file);
    circle_fixture_destroy(w.f);
    vault_keys_destroy(w.keys);
    return store_fixture_tear_down(&vault);
}

static vl_result count_circle(void *context, const struct store_circle *circle)
{
    ++*(unsigned *)context;
    return vl_id_equal(&circle->id, &w.f->id) ? VL_OK : VL_ERR_INTERNAL;
}

/* As store_open, without the cost of a passphrase. */
static vl_result open_with_keys(struct store **out)
{
    struct vault_file file;
    struct store *s = calloc(1, sizeof *s);
    assert_non_null(s);
    *out = s;
    s->lock = -1;
    assert_int_equal(folder_open(w.vault->folder.path, &s->folder), VL_OK);
    assert_int_equal(store_keys_read(s->folder, &file), VL_OK);
    assert_int_equal(vault_keys_create(&s->keys), VL_OK);
    *s->keys = *w.keys;
    VL_TRY(store_new_database_clear(s->folder));
    return store_open_database(s, w.vault->folder.path, &file, NULL);
}

/* What is there now. true: the new file; false: the old one, of which as much can be read as before
 * (then it is rebuilt, and that is the new one). */
static bool is_new(void)
{
    struct store_rebuilt told;
    uint64_t waiting = 0;
    unsigned circles = 0;
    const struct scratch *folder = &w.vault->folder;
    struct store *s = NULL;
    vl_result result = open_with_keys(&s);
    if (result == VL_OK) result = store_check(s);
    bool fresh = result == VL_OK;
    if (!fresh) {
        assert_int_equal(result, VL_ERR_DAMAGED);
        store_close(s);
        assert_int_equal(rebuild(&told), VL_OK);
        assert_int_equal(told.pages, 1);
        assert_int_equal(open_with_keys(&s), VL_OK);
    }
    assert_int_equal(store_rescued_count(s, &waiting), VL_OK);
    assert_int_equal(waiting, w.entries);
    assert_int_equal(store_circle_scan(s, count_circle, &circles), VL_OK);
    assert_int_equal(circles, 1);
    assert_int_equal(store_check(s), VL_OK);
    assert_true(store_is_copy(s));
    store_close(s);
    assert_false(scratch_has(folder, STORE_NEW_DATABASE));
    assert_false(scratch_has(folder, STORE_NEW_DATABASE "-wal"));
    assert_false(scratch_has(folder, w.log));
    return fresh;
}

static void at_every_step(bool ends)
{
    struct store_rebuilt told;
    unsigned steps = 0, old = 0;
    const unsigned step = (unsigned)test_scale(1, 7);
    bool more = true;
    for (unsigned nth = 1; more; nth += step) {
        lay();
        if (ends) {
            more = broken_off(&told, nth, rebuild);
        } else {
            fault.left = nth;
            fault.ends = false;
            vl_result result = rebuild(&told);
            more = fault.left == 0;
            fault.left = 0;
            if (result != VL_OK) assert_int_equal(result, VL_ERR_STORAGE);
        }
        bool fresh = is_new();
        if (!more) assert_true(fresh);
        old += !fresh;
        steps++;
    }
    print_message("%u steps, %u with the old file\n", steps, old);
    assert_true(old > 0 && old < steps);
}

static void broken_off_anywhere(void **state)
{
    (void)state;
    at_every_step(true);
}

static void failing_anywhere(void **state)
{
    (void)state;
    at_every_step(false);
}

/* A rebuilt vault can be damaged too: what waits is not lost. */
static void what_waits_survives_another_rebuilding(void **state)
{
    struct store_rebuilt told;
    (void)state;
    lay();
    assert_int_equal(rebuild(&told), VL_OK);
    assert_int_equal(rebuild(&told), VL_OK);
    assert_int_equal(told.entries, w.entries);
    assert_int_equal(told.pages, 0);
    assert_true(is_new());
}

/* Until it has been opened that often. */
static void what_waits_is_given_up_at_last(void **state)
{
    struct store *s = NULL;
    struct store_rebuilt told;
    uint64_t wait, waiting = 0;
    (void)state;
    lay();
    assert_int_equal(rebuild(&told), VL_OK);
    assert_int_equal(
        store_open(&s, w.vault->folder.path, vl_bytes_text(STORE_FIXTURE_PASSPHRASE), &wait),
        VL_OK);
    for (unsigned i = 0; i < STORE_RESCUED_OPENINGS_MAX; i++)
        assert_int_equal(store_rescued_age(s), VL_OK);
    assert_int_equal(store_rescued_count(s, &waiting), VL_OK);
    assert_int_equal(waiting, w.entries);
    assert_int_equal(store_rescued_age(s), VL_OK);
    assert_int_equal(store_rescued_count(s, &waiting), VL_OK);
    assert_int_equal(waiting, 0);
    store_close(s);
}

static void what_waits_goes_with_its_circle(void **state)
{
    struct store *s = NULL;
    struct store_rebuilt told;
    uint64_t waiting = 0;
    (void)state;
    lay();
    assert_int_equal(rebuild(&told), VL_OK);
    assert_int_equal(open_with_keys(&s), VL_OK);
    assert_int_equal(store_circle_remove(s, &w.f->id), VL_OK);
    assert_int_equal(store_rescued_count(s, &waiting), VL_OK);
    assert_int_equal(waiting, 0);
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_off_anywhere),
        cmocka_unit_test(failing_anywhere),
        cmocka_unit_test(what_waits_survives_another_rebuilding),
        cmocka_unit_test(what_waits_is_given_up_at_last),
        cmocka_unit_test(what_waits_goes_with_its_circle),
    };
    scratch_in_memory();
    return cmocka_run_group_tests_name("rebuilding, step by step", tests, setup, teardown);
}
