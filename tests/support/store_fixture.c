#include "tests/support/store_fixture.h"
#include "tests/support/faulty_vfs.h"
#include "tests/support/storage_contract.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void store_fixture_close(struct store_fixture *s)
{
    store_close(s->store);
    s->store = NULL;
}

void store_fixture_open(struct store_fixture *s)
{
    uint64_t wait = 0;
    assert_int_equal(store_open_over(&s->store, s->folder.path,
                                     vl_bytes_text(STORE_FIXTURE_PASSPHRASE), faulty_vfs(), &wait),
                     VL_OK);
    store_storage(s->store, &s->circle, &s->port);
}

void store_fixture_reopen(struct store_fixture *s)
{
    store_fixture_close(s);
    store_fixture_open(s);
}

int store_fixture_set_up(void **state)
{
    struct store_fixture *s = calloc(1, sizeof *s);
    assert_non_null(s);
    scratch_make(&s->folder);
    memset(s->circle.bytes, 0xc1, sizeof s->circle.bytes);
    assert_int_equal(store_create_at_cost(s->folder.path, vl_bytes_text(STORE_FIXTURE_PASSPHRASE),
                                          vault_cost_floor()),
                     VL_OK);
    faulty_vfs_set(NULL);
    store_fixture_open(s);
    *state = s;
    return 0;
}

int store_fixture_tear_down(void **state)
{
    struct store_fixture *s = *state;
    faulty_vfs_set(NULL);
    store_close(s->store);
    scratch_remove(&s->folder);
    free(s);
    return 0;
}

static vl_result count_entry(void *context, const struct vl_entry_row *row)
{
    struct vl_entry_row expected;
    size_t *count = context;
    storage_sample_entry(row->chain, row->seq, row->seq + 1, &expected);
    assert_true(storage_same_entry(row, &expected));
    (*count)++;
    return VL_OK;
}

static size_t entry_count(struct store_fixture *s)
{
    size_t count = 0;
    struct vl_scan all = {.kinds = 0};
    assert_int_equal(s->port.entry_scan(s->port.self, &all, count_entry, &count), VL_OK);
    return count;
}

/* One entry, its log and three cells of one record, in one transaction. */
vl_result store_fixture_put(struct store_fixture *s, uint64_t seq)
{
    struct vl_entry_row entry;
    struct vl_log_row log;
    struct vl_cell_key key = {.type = 4};
    storage_sample_entry(0, seq, seq + 1, &entry);
    storage_sample_log(0, &log);
    log.tip_seq = seq;
    memcpy(key.record.bytes, &seq, sizeof seq);
    VL_TRY(s->port.begin(s->port.self));
    vl_result result = s->port.log_put(s->port.self, &log);
    if (result == VL_OK) result = s->port.entry_put(s->port.self, &entry);
    for (key.field = 1; result == VL_OK && key.field <= 3; key.field++) {
        result = s->port.cell_put(s->port.self, &key, vl_bytes("state", 5));
    }
    if (result == VL_OK) return s->port.commit(s->port.self);
    s->port.rollback(s->port.self);
    return result;
}

static vl_result count_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    size_t *count = context;
    (void)key;
    assert_int_equal(state.size, 5);
    (*count)++;
    return VL_OK;
}

static vl_result last_seq(void *context, const struct vl_log_row *row)
{
    *(uint64_t *)context = row->tip_seq + 1;
    return VL_OK;
}

/* How many put_one are there; each wholly. */
size_t store_fixture_count(struct store_fixture *s)
{
    size_t entries = entry_count(s), cells = 0;
    uint64_t log = 0;
    assert_int_equal(s->port.cell_scan(s->port.self, false, 0, count_cell, &cells), VL_OK);
    assert_int_equal(s->port.log_scan(s->port.self, last_seq, &log), VL_OK);
    assert_int_equal(cells, 3 * entries);
    assert_int_equal(log, entries);
    return entries;
}
