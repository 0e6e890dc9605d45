/* The part of the contract that is about lists of records. */
#include "tests/support/storage_contract.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <veillee/value.h>

#include <cmocka.h>

#define CALL(s, function, ...) ((s)->function((s)->self, __VA_ARGS__))

static void begin(const struct vl_storage *s)
{
    assert_int_equal(s->begin(s->self), VL_OK);
}

static void commit(const struct vl_storage *s)
{
    assert_int_equal(s->commit(s->self), VL_OK);
}

static struct vl_cell_key key_of(uint8_t record, uint32_t field)
{
    struct vl_cell_key key = {.type = 7, .field = field, .kind = VL_FIELD_REGISTER};
    memset(key.record.bytes, record, sizeof key.record.bytes);
    return key;
}

/* A register's state with that value, written at that lamport number. */
static void put_register(const struct vl_storage *s, uint8_t record, uint32_t field,
                         uint64_t lamport, const struct vl_value *value)
{
    const struct vl_cell_key key = key_of(record, field);
    struct vl_buffer bytes = {0}, state = {0};
    struct vl_stamp stamp = {.lamport = lamport, .dot = {.entry = {{record, (uint8_t)field, 1}}}};
    assert_int_equal(vl_value_encode(value, &bytes), VL_OK);
    struct vl_operation operation = {.type = key.type,
                                     .record = key.record,
                                     .field = field,
                                     .opcode = VL_OP_REGISTER_SET,
                                     .value = vl_buffer_view(&bytes)};
    assert_int_equal(vl_cell_apply(key.kind, &state, &operation, &stamp), VL_OK);
    assert_int_equal(CALL(s, cell_put, &key, vl_buffer_view(&state)), VL_OK);
    vl_buffer_finish(&bytes);
    vl_buffer_finish(&state);
}

static void put_text(const struct vl_storage *s, uint8_t record, uint32_t field, uint64_t lamport,
                     const char *text)
{
    const struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(text)};
    put_register(s, record, field, lamport, &value);
}

/* Records 1 to 6: 4 is the oldest, 2 and 3 are of an age; field 2 is a date, field 3 names 0x11..
 * or 0x22.. */
static void fill_records(const struct vl_storage *s)
{
    static const char *const dates[] = {"2026-03-12", "2026-03-12T19:30", "soon",
                                        "",           "2025-01-02",       "2026-03-12"};
    static const uint64_t ages[] = {50, 40, 40, 10, 60, 70};
    for (uint8_t i = 1; i <= 6; i++) {
        struct vl_value names = {.tag = VL_VALUE_REFERENCE, .type = 9};
        memset(names.record.bytes, i % 2 == 0 ? 0x22 : 0x11, sizeof names.record.bytes);
        put_text(s, i, 1, ages[i - 1], "a title that is no date");
        if (dates[i - 1][0] != 0) put_text(s, i, 2, ages[i - 1] + 100, dates[i - 1]);
        put_register(s, i, 3, ages[i - 1] + 5, &names);
    }
    struct vl_cell_key broken = key_of(9, 1);
    assert_int_equal(CALL(s, cell_put, &broken, vl_bytes("state", 5)), VL_OK);
}

struct listed {
    char records[16];
    size_t count;
    struct vl_record_row last;
};

static vl_result list_record(void *context, const struct vl_record_row *row)
{
    struct listed *listed = context;
    assert_true(listed->count < sizeof listed->records - 1);
    listed->records[listed->count++] = (char)('0' + row->record.bytes[0]);
    listed->last = *row;
    return VL_OK;
}

/* All at once, backward, and in pages of every size. */
static void lists(const struct vl_storage *s, struct vl_record_scan scan, const char *records)
{
    struct listed all = {.count = 0}, back = {.count = 0};
    size_t count = strlen(records);
    scan.type = 7;
    assert_int_equal(CALL(s, record_scan, &scan, list_record, &all), VL_OK);
    assert_string_equal(all.records, records);
    scan.backward = true;
    assert_int_equal(CALL(s, record_scan, &scan, list_record, &back), VL_OK);
    assert_int_equal(back.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(back.records[i], records[count - 1 - i]);
    for (scan.max = 1; scan.max <= count + 1; scan.max++) {
        for (int way = 0; way < 2; way++) {
            struct listed pages = {.count = 0};
            scan.backward = way == 1;
            scan.after = false;
            for (size_t before = 1; before != pages.count;) {
                before = pages.count;
                assert_int_equal(CALL(s, record_scan, &scan, list_record, &pages), VL_OK);
                scan.after = true;
                scan.place = pages.last;
            }
            assert_string_equal(pages.records, way == 1 ? back.records : records);
        }
    }
}

void storage_check_records(const struct vl_storage *s)
{
    const struct vl_record_scan by_date = {.order = VL_RECORDS_BY_DATE, .date_field = 2};
    struct vl_record_scan of = {.has_names = true, .names_field = 3};
    struct vl_record_scan of_by_date = {
        .order = VL_RECORDS_BY_DATE,
        .date_field = 2,
        .has_names = true,
        .names_field = 3,
    };
    memset(of.names.bytes, 0x22, sizeof of.names.bytes);
    memset(of_by_date.names.bytes, 0x11, sizeof of_by_date.names.bytes);
    begin(s);
    fill_records(s);
    lists(s, (struct vl_record_scan){0}, "423156"); /* its own writes are seen */
    commit(s);
    lists(s, (struct vl_record_scan){0}, "423156");
    lists(s, (struct vl_record_scan){.order = VL_RECORDS_BY_ID}, "123456");
    lists(s, by_date, "345162");
    lists(s, of, "426");
    lists(s, of_by_date, "351");
    begin(s); /* what is replaced counts no more */
    put_text(s, 4, 1, 90, "later");
    put_text(s, 4, 3, 91, "no record");
    put_text(s, 1, 2, 92, "2024-01-01");
    s->rollback(s->self);
    lists(s, (struct vl_record_scan){0}, "423156");
    begin(s);
    put_text(s, 4, 1, 90, "later");
    put_text(s, 4, 3, 91, "no record");
    put_text(s, 1, 2, 92, "2024-01-01");
    commit(s);
    lists(s, (struct vl_record_scan){0}, "231564");
    lists(s, by_date, "341562");
    lists(s, of, "26");
    begin(s); /* no other register is meant, though it is a date as well */
    put_text(s, 2, 1, 200, "2020-01-01");
    put_text(s, 3, 4, 200, "2020-01-01");
    commit(s);
    lists(s, by_date, "341562");
    begin(s);
    assert_int_equal(s->cells_clear(s->self), VL_OK);
    put_text(s, 5, 1, 1, "alone");
    commit(s);
    lists(s, (struct vl_record_scan){0}, "5");
    lists(s, of, "");
}
