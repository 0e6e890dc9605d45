/* What a storage promises of writes (which entries wrote to a record) and of clearing a record. */
#include "tests/support/storage_contract.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TYPE 300u

static struct vl_write write_of(uint8_t record, uint32_t chain, uint64_t seq)
{
    struct vl_write write = {.type = TYPE, .chain = chain, .seq = seq};
    memset(write.record.bytes, record, sizeof write.record.bytes);
    return write;
}

static void begin(const struct vl_storage *s)
{
    assert_int_equal(s->begin(s->self), VL_OK);
}

static void commit(const struct vl_storage *s)
{
    assert_int_equal(s->commit(s->self), VL_OK);
}

static void put(const struct vl_storage *s, uint8_t record, uint32_t chain, uint64_t seq)
{
    const struct vl_write write = write_of(record, chain, seq);
    assert_int_equal(s->write_put(s->self, &write), VL_OK);
}

static void drop(const struct vl_storage *s, uint8_t record, uint32_t chain, uint64_t seq)
{
    const struct vl_write write = write_of(record, chain, seq);
    assert_int_equal(s->write_drop(s->self, &write), VL_OK);
}

struct seen {
    char places[64]; /* "chain.seq " each */
    size_t size;
};

static vl_result see(void *context, const struct vl_entry_row *row)
{
    struct seen *seen = context;
    struct vl_entry_row expected;
    storage_sample_entry(row->chain, row->seq, 1 + row->seq, &expected);
    assert_true(storage_same_entry(row, &expected));
    seen->size += (size_t)snprintf(seen->places + seen->size, sizeof seen->places - seen->size,
                                   "%u.%u ", row->chain, (unsigned)row->seq);
    return VL_OK;
}

static void finds(const struct vl_storage *s, struct vl_write from, size_t max,
                  const char *expected)
{
    struct seen seen = {.size = 0};
    assert_int_equal(s->write_scan(s->self, &from, max, see, &seen), VL_OK);
    assert_string_equal(seen.places, expected);
}

static void put_cell(const struct vl_storage *s, uint8_t record, uint32_t field)
{
    struct vl_cell_key key = {.type = TYPE, .field = field};
    memset(key.record.bytes, record, sizeof key.record.bytes);
    assert_int_equal(s->cell_put(s->self, &key, vl_bytes_text("x")), VL_OK);
}

static vl_result count_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    (void)key, (void)state;
    (*(size_t *)context)++;
    return VL_OK;
}

static size_t cells_of(const struct vl_storage *s, uint8_t record)
{
    const struct vl_write of = write_of(record, 0, 0);
    size_t count = 0;
    assert_int_equal(s->cell_record(s->self, TYPE, &of.record, count_cell, &count), VL_OK);
    return count;
}

static void fill(const struct vl_storage *s)
{
    begin(s);
    put(s, 7, 1, 2); /* before the entry is there */
    for (uint32_t chain = 0; chain < 2; chain++)
        for (uint64_t seq = 0; seq < 5; seq++) {
            struct vl_entry_row row;
            storage_sample_entry(chain, seq, 1 + seq, &row);
            assert_int_equal(s->entry_put(s->self, &row), VL_OK);
        }
    put(s, 7, 0, 3);
    put(s, 7, 0, 1);
    put(s, 7, 0, 1); /* once more is nothing */
    put(s, 7, 0, 9); /* of an entry that is not there */
    put(s, 8, 0, 2);
    commit(s);
}

void storage_check_writes(const struct vl_storage *s)
{
    const struct vl_write all = write_of(7, 0, 0), past = write_of(7, 0, 2);
    finds(s, all, 0, "");
    fill(s);
    finds(s, all, 0, "0.1 0.3 1.2 ");
    finds(s, all, 2, "0.1 0.3 ");
    finds(s, past, 0, "0.3 1.2 ");
    finds(s, write_of(7, 0, 3), 1, "0.3 ");
    finds(s, write_of(7, 1, 3), 0, "");
    finds(s, write_of(7, UINT32_MAX, UINT64_MAX), 0, ""); /* no storage has that many */
    finds(s, write_of(8, 0, 0), 0, "0.2 ");
    finds(s, write_of(9, 0, 0), 0, "");
    begin(s);
    put(s, 7, 1, 4);
    drop(s, 7, 0, 1);
    drop(s, 9, 0, 1); /* nothing to drop */
    finds(s, all, 0, "0.3 1.2 1.4 ");
    s->rollback(s->self);
    finds(s, all, 0, "0.1 0.3 1.2 ");
    begin(s);
    drop(s, 7, 0, 3);
    commit(s);
    finds(s, all, 0, "0.1 1.2 ");
    finds(s, write_of(8, 0, 0), 0, "0.2 ");
}

void storage_check_clearing(const struct vl_storage *s)
{
    const struct vl_write all = write_of(7, 0, 0);
    fill(s);
    begin(s);
    for (uint32_t field = 0; field < 3; field++) {
        put_cell(s, 7, field);
        put_cell(s, 8, field);
    }
    commit(s);
    for (int kept = 0; kept < 2; kept++) {
        begin(s);
        assert_int_equal(s->record_clear(s->self, TYPE + 1, &all.record), VL_OK); /* no cells */
        assert_int_equal(cells_of(s, 7), 3);
        assert_int_equal(s->record_clear(s->self, TYPE, &all.record), VL_OK);
        assert_int_equal(cells_of(s, 7), 0);
        put_cell(s, 7, 5);
        if (kept == 1)
            commit(s);
        else
            s->rollback(s->self);
        assert_int_equal(cells_of(s, 7), kept == 1 ? 1 : 3);
        assert_int_equal(cells_of(s, 8), 3);
        finds(s, all, 0, "0.1 0.3 1.2 "); /* who wrote stays */
    }
    begin(s);
    assert_int_equal(s->cells_clear(s->self), VL_OK);
    finds(s, all, 0, "");
    s->rollback(s->self);
    finds(s, all, 0, "0.1 0.3 1.2 ");
    begin(s);
    assert_int_equal(s->cells_clear(s->self), VL_OK);
    commit(s);
    finds(s, all, 0, "");
    finds(s, write_of(8, 0, 0), 0, "");
}
