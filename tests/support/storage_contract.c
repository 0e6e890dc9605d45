#include "tests/support/storage_contract.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- sample rows ---- */

void storage_sample_log(uint32_t index, struct vl_log_row *row)
{
    *row = (struct vl_log_row){.index = index,
                               .parent = index / 2,
                               .first_seq = index * 3u,
                               .tip_seq = index * 5u + 4000000000u,
                               .tip_lamport = (uint64_t)1 << 62,
                               .bytes = index * 7u + ((uint64_t)1 << 40),
                               .controls = index * 11u,
                               .kept = index * 13u,
                               .flags = VL_LOG_OWN};
    memset(row->person.bytes, (int)index + 4, sizeof row->person.bytes);
    memset(row->log.bytes, (int)index + 1, sizeof row->log.bytes);
    memset(row->sign_key, (int)index + 2, sizeof row->sign_key);
    memset(row->tip.bytes, (int)index + 3, sizeof row->tip.bytes);
}

/* Ids run against the numbers, so that order by id and order of arrival differ. */
void storage_sample_entry(uint32_t chain, uint64_t seq, uint64_t lamport, struct vl_entry_row *row)
{
    static uint8_t bytes[VL_BLOB_BYTES_MAX];
    if (bytes[1] == 0) {
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)(i * 7 + i / 251);
    }
    *row = (struct vl_entry_row){.chain = chain, .seq = seq, .lamport = lamport};
    memset(row->id.bytes, 0xee, sizeof row->id.bytes);
    row->id.bytes[8] = (uint8_t)(255 - chain);
    row->id.bytes[9] = (uint8_t)(255 - seq % 256);
    row->id.bytes[10] = (uint8_t)(255 - seq / 256);
    row->kind = (enum vl_entry_kind)(seq % VL_ENTRY_KIND_COUNT);
    row->flags = VL_ENTRY_VERIFIED;
    row->entry.header = vl_bytes(bytes + seq % 100, 200);
    memset(row->entry.signature, (int)(seq % 256), sizeof row->entry.signature);
    row->entry.blob = vl_bytes(bytes + seq % 50, 100 + seq % 900);
    row->past = vl_bytes(bytes + 7, seq % 60);
}

static bool same_bytes(struct vl_bytes a, struct vl_bytes b)
{
    return (a.data == NULL) == (b.data == NULL) && vl_bytes_equal(a, b);
}

bool storage_same_entry(const struct vl_entry_row *a, const struct vl_entry_row *b)
{
    return vl_id_equal(&a->id, &b->id) && a->chain == b->chain && a->seq == b->seq &&
           a->lamport == b->lamport && a->kind == b->kind && a->flags == b->flags &&
           memcmp(a->entry.signature, b->entry.signature, 64) == 0 &&
           same_bytes(a->entry.header, b->entry.header) &&
           same_bytes(a->entry.blob, b->entry.blob) && vl_bytes_equal(a->past, b->past);
}

/* ---- logs ---- */

struct log_walk {
    uint32_t count;
    uint32_t changed; /* index whose flags are expected to be other */
    vl_result end;    /* what the visitor returns at the third row */
};

static vl_result look_at_log(void *context, const struct vl_log_row *row)
{
    struct log_walk *walk = context;
    struct vl_log_row expected;
    storage_sample_log(walk->count, &expected);
    if (walk->count == walk->changed) expected.flags = VL_LOG_FORKED;
    assert_int_equal(row->index, expected.index);
    assert_int_equal(row->parent, expected.parent);
    assert_true(row->first_seq == expected.first_seq && row->tip_seq == expected.tip_seq);
    assert_true(row->tip_lamport == expected.tip_lamport);
    assert_int_equal(row->flags, expected.flags);
    assert_memory_equal(&row->log, &expected.log, sizeof row->log);
    assert_memory_equal(&row->tip, &expected.tip, sizeof row->tip);
    assert_memory_equal(&row->person, &expected.person, sizeof row->person);
    assert_true(row->bytes == expected.bytes && row->controls == expected.controls);
    assert_true(row->kept == expected.kept);
    assert_memory_equal(row->sign_key, expected.sign_key, sizeof row->sign_key);
    walk->count++;
    return walk->count == 3 ? walk->end : VL_OK;
}

static void check_logs(const struct vl_storage *s)
{
    struct vl_log_row row;
    struct log_walk walk = {0, 4, VL_OK};
    assert_int_equal(CALL(s, log_scan, look_at_log, &walk), VL_OK);
    assert_int_equal(walk.count, 0);
    begin(s);
    for (uint32_t i = 0; i < 6; i++) {
        storage_sample_log(i, &row);
        assert_int_equal(CALL(s, log_put, &row), VL_OK);
    }
    storage_sample_log(4, &row);
    row.flags = VL_LOG_FORKED;
    assert_int_equal(CALL(s, log_put, &row), VL_OK); /* replaces */
    assert_int_equal(CALL(s, log_scan, look_at_log, &walk), VL_OK);
    assert_int_equal(walk.count, 6);
    commit(s);
    static const vl_result ends[] = {VL_ERR_LIMIT, VL_ERR_NOT_FOUND};
    for (size_t i = 0; i < 2; i++) {
        walk = (struct log_walk){0, 4, ends[i]};
        assert_int_equal(CALL(s, log_scan, look_at_log, &walk), ends[i]);
        assert_int_equal(walk.count, 3);
    }
}

/* ---- entries ---- */

#define CHAINS 3u
#define LENGTH 40u

static uint64_t lamport_of(uint32_t chain, uint64_t seq)
{
    return seq + chain % 2 + 1; /* chains share them: ids decide */
}

static void fill(const struct vl_storage *s)
{
    struct vl_entry_row row;
    for (uint64_t seq = 0; seq < LENGTH; seq++) {
        for (uint32_t chain = 0; chain < CHAINS; chain++) {
            storage_sample_entry(chain, seq, lamport_of(chain, seq), &row);
            assert_int_equal(CALL(s, entry_put, &row), VL_OK);
        }
    }
}

struct walk {
    struct vl_entry_row last, expected;
    bool compare;
    size_t count, end_at;
    unsigned kinds;
    uint32_t mask, value;
};

static vl_result look(void *context, const struct vl_entry_row *row)
{
    struct walk *walk = context;
    if (walk->compare) assert_true(storage_same_entry(row, &walk->expected));
    if (walk->count > 0 && !walk->compare) {
        bool after =
            row->lamport > walk->last.lamport ||
            (row->lamport == walk->last.lamport && vl_id_compare(&row->id, &walk->last.id) > 0);
        assert_true(after);
    }
    if (walk->kinds != 0) assert_true((walk->kinds & 1u << row->kind) != 0);
    assert_int_equal(row->flags & walk->mask, walk->value);
    walk->last = *row;
    walk->count++;
    return walk->count == walk->end_at ? VL_ERR_LIMIT : VL_OK;
}

static void check_entry_roundtrip(const struct vl_storage *s)
{
    struct walk walk = {.compare = true};
    begin(s);
    fill(s);
    for (int committed = 0; committed < 2; committed++) {
        for (uint32_t chain = 0; chain < CHAINS; chain++) {
            for (uint64_t seq = 0; seq < LENGTH; seq++) {
                storage_sample_entry(chain, seq, lamport_of(chain, seq), &walk.expected);
                assert_int_equal(CALL(s, entry_get, &walk.expected.id, look, &walk), VL_OK);
            }
        }
        if (committed == 0) commit(s);
    }
    assert_int_equal(walk.count, 2 * CHAINS * LENGTH);
}

static void check_entry_edges(const struct vl_storage *s)
{
    struct walk walk = {.compare = true};
    struct vl_entry_row *row = &walk.expected;
    struct vl_id absent = {{0}};
    begin(s);
    storage_sample_entry(0, 0, 1, row);
    row->entry.blob = vl_bytes(NULL, 0); /* erased */
    row->past = vl_bytes(NULL, 0);
    row->flags = VL_ENTRY_ERASED;
    assert_int_equal(CALL(s, entry_put, row), VL_OK);
    assert_int_equal(CALL(s, entry_get, &row->id, look, &walk), VL_OK);
    storage_sample_entry(0, 1, 2, row);
    static const uint8_t nothing[1];
    row->entry.blob = vl_bytes(nothing, 0); /* empty is not absent */
    assert_int_equal(CALL(s, entry_put, row), VL_OK);
    assert_int_equal(CALL(s, entry_get, &row->id, look, &walk), VL_OK);
    storage_sample_entry(0, 2, 3, row);
    row->entry.blob.size = VL_BLOB_BYTES_MAX;
    row->entry.blob.data -= 2;
    row->entry.header.size = VL_HEADER_BYTES_MAX;
    assert_int_equal(CALL(s, entry_put, row), VL_OK);
    assert_int_equal(CALL(s, entry_get, &row->id, look, &walk), VL_OK);
    assert_int_equal(CALL(s, entry_put, row), VL_ERR_EXISTS);
    assert_int_equal(CALL(s, entry_get, &absent, look, &walk), VL_ERR_NOT_FOUND);
    assert_int_equal(CALL(s, entry_flags, &absent, 0u), VL_ERR_NOT_FOUND);
    assert_int_equal(walk.count, 3);
    commit(s); /* neither EXISTS nor NOT_FOUND spoils the transaction */
    assert_int_equal(CALL(s, entry_get, &row->id, look, &walk), VL_OK);
}

static void check_entry_range(const struct vl_storage *s)
{
    begin(s);
    fill(s);
    commit(s);
    for (uint64_t from = 0; from <= LENGTH; from += 5) {
        struct walk walk = {.count = 0};
        assert_int_equal(CALL(s, entry_range, 1u, from, (size_t)7, look, &walk), VL_OK);
        size_t left = (size_t)(LENGTH - from);
        assert_int_equal(walk.count, left < 7 ? left : 7);
        if (walk.count > 0) assert_true(walk.last.seq == from + walk.count - 1);
        if (walk.count > 0) assert_int_equal(walk.last.chain, 1);
    }
    struct walk none = {.count = 0};
    assert_int_equal(CALL(s, entry_range, 9u, (uint64_t)0, (size_t)7, look, &none), VL_OK);
    assert_int_equal(CALL(s, entry_range, 1u, UINT64_MAX, (size_t)7, look, &none), VL_OK);
    assert_int_equal(none.count, 0);
    struct walk ended = {.end_at = 4};
    assert_int_equal(CALL(s, entry_range, 1u, (uint64_t)0, (size_t)7, look, &ended), VL_ERR_LIMIT);
    assert_int_equal(ended.count, 4);
}

/* What is dropped is gone, its ids as well, and its numbers can be used again. */
static void check_entry_drop(const struct vl_storage *s)
{
    struct walk walk = {.compare = true};
    struct vl_entry_row row, other;
    begin(s);
    fill(s);
    commit(s);
    storage_sample_entry(1, 9, lamport_of(1, 9), &row);
    storage_sample_entry(1, 10, lamport_of(1, 10), &other);
    for (int kept = 0; kept < 2; kept++) {
        begin(s);
        assert_int_equal(CALL(s, entry_drop, 1u, (uint64_t)10), VL_OK);
        assert_int_equal(CALL(s, entry_drop, 1u, (uint64_t)10), VL_OK); /* none: no fault */
        assert_int_equal(CALL(s, entry_drop, 77u, (uint64_t)0), VL_OK);
        assert_int_equal(CALL(s, entry_get, &other.id, look, &walk), VL_ERR_NOT_FOUND);
        walk.expected = row;
        assert_int_equal(CALL(s, entry_get, &row.id, look, &walk), VL_OK);
        assert_int_equal(CALL(s, entry_put, &other), VL_OK);
        assert_int_equal(CALL(s, entry_drop, 1u, (uint64_t)10), VL_OK);
        if (kept == 1) {
            commit(s);
            continue;
        }
        s->rollback(s->self);
        struct walk all = {.count = 0};
        assert_int_equal(CALL(s, entry_range, 1u, (uint64_t)0, (size_t)LENGTH, look, &all), VL_OK);
        assert_int_equal(all.count, LENGTH);
        walk.expected = other;
        assert_int_equal(CALL(s, entry_get, &other.id, look, &walk), VL_OK);
    }
    struct walk left = {.count = 0};
    assert_int_equal(CALL(s, entry_range, 1u, (uint64_t)0, (size_t)LENGTH, look, &left), VL_OK);
    assert_int_equal(left.count, 10);
    left.count = 0;
    assert_int_equal(CALL(s, entry_range, 2u, (uint64_t)0, (size_t)LENGTH, look, &left), VL_OK);
    assert_int_equal(left.count, LENGTH);
    begin(s);
    assert_int_equal(CALL(s, entry_put, &other), VL_OK);
    commit(s);
    walk.expected = other;
    assert_int_equal(CALL(s, entry_get, &other.id, look, &walk), VL_OK);
}

static size_t scan_count(const struct vl_storage *s, const struct vl_scan *scan)
{
    struct walk walk = {.kinds = scan->kinds, .mask = scan->flags_mask, .value = scan->flags_value};
    assert_int_equal(CALL(s, entry_scan, scan, look, &walk), VL_OK);
    return walk.count;
}

static void check_entry_scan(const struct vl_storage *s)
{
    struct vl_entry_row row;
    size_t of_kind[VL_ENTRY_KIND_COUNT] = {0}, merged = 0;
    begin(s);
    fill(s);
    for (uint64_t seq = 0; seq < LENGTH; seq++) {
        storage_sample_entry(1, seq, lamport_of(1, seq), &row);
        of_kind[row.kind] += CHAINS;
        if (seq % 4 != 0) continue;
        merged += row.kind != VL_ENTRY_CONTROL;
        assert_int_equal(
            CALL(s, entry_flags, &row.id, (uint32_t)(VL_ENTRY_MERGED | VL_ENTRY_VERIFIED)), VL_OK);
    }
    commit(s);
    size_t all = CHAINS * LENGTH;
    assert_int_equal(scan_count(s, &(struct vl_scan){.kinds = 0}), all);
    for (unsigned kind = 0; kind < VL_ENTRY_KIND_COUNT; kind++) {
        assert_int_equal(scan_count(s, &(struct vl_scan){.kinds = 1u << kind}), of_kind[kind]);
    }
    unsigned content = 1u << VL_ENTRY_CONTENT | 1u << VL_ENTRY_SEALED;
    struct vl_scan scan = {.kinds = content, .flags_mask = VL_ENTRY_MERGED};
    assert_int_equal(scan_count(s, &scan), all - of_kind[VL_ENTRY_CONTROL] - merged);
    scan.flags_value = VL_ENTRY_MERGED;
    assert_int_equal(scan_count(s, &scan), merged);
    scan = (struct vl_scan){.max = 11};
    assert_int_equal(scan_count(s, &scan), 11);
    struct walk ended = {.end_at = 5};
    assert_int_equal(CALL(s, entry_scan, &(struct vl_scan){0}, look, &ended), VL_ERR_LIMIT);
    assert_int_equal(ended.count, 5);
}

/* Pages of a scan give what one scan gives: nothing twice, nothing left out. */
static void check_entry_pages(const struct vl_storage *s)
{
    struct vl_scan scan = {.max = 7};
    struct walk walk = {.count = 0};
    size_t before = 1;
    begin(s);
    fill(s);
    commit(s);
    while (walk.count != before) {
        before = walk.count;
        assert_int_equal(CALL(s, entry_scan, &scan, look, &walk), VL_OK);
        scan.after = true;
        scan.after_lamport = walk.last.lamport;
        scan.after_id = walk.last.id;
    }
    assert_int_equal(walk.count, CHAINS * LENGTH);
    scan.after_lamport = UINT64_MAX;
    assert_int_equal(scan_count(s, &scan), 0);
}

/* ---- cells ---- */

static struct vl_cell_key key_of(uint32_t type, uint8_t record, uint32_t field,
                                 enum vl_field_kind kind)
{
    struct vl_cell_key key = {.type = type, .field = field, .kind = kind};
    memset(key.record.bytes, record, sizeof key.record.bytes);
    return key;
}

struct cell_walk {
    struct vl_cell_key last;
    size_t count;
};

static vl_result look_at_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct cell_walk *walk = context;
    if (walk->count > 0) assert_true(vl_cell_key_compare(&walk->last, key) < 0);
    assert_int_equal(state.size, sizeof *key); /* see put_cell */
    struct vl_cell_key inside;
    memcpy(&inside, state.data, sizeof inside);
    assert_int_equal(vl_cell_key_compare(&inside, key), 0);
    walk->last = *key;
    walk->count++;
    return VL_OK;
}

static void put_cell(const struct vl_storage *s, const struct vl_cell_key *key)
{
    assert_int_equal(CALL(s, cell_put, key, vl_bytes(key, sizeof *key)), VL_OK);
}

static void fill_cells(const struct vl_storage *s)
{
    for (unsigned record = 9; record > 0; record--) {
        for (uint32_t type = 300; type > 297; type--) {
            for (uint32_t field = 0; field < 4; field++) {
                struct vl_cell_key key = key_of(type, (uint8_t)(record * 28), field * 100,
                                                (enum vl_field_kind)(field % 4));
                put_cell(s, &key);
            }
        }
    }
}

static void check_cells(const struct vl_storage *s)
{
    struct vl_buffer state = {0};
    struct vl_cell_key key = key_of(1, 1, 1, VL_FIELD_SET);
    assert_int_equal(CALL(s, cell_get, &key, &state), VL_ERR_NOT_FOUND);
    assert_int_equal(state.size, 0);
    begin(s);
    uint8_t *big = calloc(1, 3000000);
    assert_non_null(big);
    big[2999999] = 9;
    assert_int_equal(CALL(s, cell_put, &key, vl_bytes(big, 3000000)), VL_OK);
    assert_int_equal(CALL(s, cell_get, &key, &state), VL_OK);
    assert_true(state.size == 3000000 && memcmp(state.data, big, state.size) == 0);
    free(big);
    assert_int_equal(CALL(s, cell_put, &key, vl_bytes("ab", 2)), VL_OK);
    commit(s);
    assert_int_equal(CALL(s, cell_get, &key, &state), VL_OK);
    assert_true(state.size == 2 && memcmp(state.data, "ab", 2) == 0);
    key.kind = VL_FIELD_REGISTER; /* the kind is part of the key */
    assert_int_equal(CALL(s, cell_get, &key, &state), VL_ERR_NOT_FOUND);
    assert_int_equal(state.size, 0);
    vl_buffer_finish(&state);
}

static void check_cell_scans(const struct vl_storage *s)
{
    struct cell_walk walk = {.count = 0};
    struct vl_cell_key key = key_of(299, 28 * 4, 0, VL_FIELD_REGISTER);
    begin(s);
    fill_cells(s);
    commit(s);
    assert_int_equal(CALL(s, cell_scan, false, 0u, look_at_cell, &walk), VL_OK);
    assert_int_equal(walk.count, 9 * 3 * 4);
    walk.count = 0;
    assert_int_equal(CALL(s, cell_scan, true, 298u, look_at_cell, &walk), VL_OK);
    assert_int_equal(walk.count, 9 * 4);
    assert_int_equal(walk.last.type, 298);
    walk.count = 0;
    assert_int_equal(CALL(s, cell_record, 299u, &key.record, look_at_cell, &walk), VL_OK);
    assert_int_equal(walk.count, 4);
    begin(s);
    assert_int_equal(s->cells_clear(s->self), VL_OK);
    put_cell(s, &key);
    commit(s);
    walk.count = 0;
    assert_int_equal(CALL(s, cell_scan, false, 0u, look_at_cell, &walk), VL_OK);
    assert_int_equal(walk.count, 1);
}

/* ---- transactions ---- */

static void check_rollback(const struct vl_storage *s)
{
    struct walk walk = {.count = 0};
    struct cell_walk cells = {.count = 0};
    struct log_walk logs = {.count = 0};
    struct vl_log_row log;
    struct vl_entry_row row;
    storage_sample_entry(0, 0, 1, &row);
    begin(s);
    assert_int_equal(CALL(s, entry_put, &row), VL_OK);
    commit(s);
    for (int i = 0; i < 2; i++) {
        begin(s);
        storage_sample_log(0, &log);
        assert_int_equal(CALL(s, log_put, &log), VL_OK);
        assert_int_equal(CALL(s, entry_flags, &row.id, 15u), VL_OK);
        struct vl_entry_row second;
        storage_sample_entry(0, 1, 2, &second);
        assert_int_equal(CALL(s, entry_put, &second), VL_OK);
        fill_cells(s);
        s->rollback(s->self);
        assert_int_equal(CALL(s, entry_get, &second.id, look, &walk), VL_ERR_NOT_FOUND);
    }
    walk.compare = true;
    walk.expected = row;
    assert_int_equal(CALL(s, entry_get, &row.id, look, &walk), VL_OK); /* the flags as before */
    assert_int_equal(CALL(s, cell_scan, false, 0u, look_at_cell, &cells), VL_OK);
    assert_int_equal(CALL(s, log_scan, look_at_log, &logs), VL_OK);
    assert_int_equal(cells.count + logs.count, 0);
}

static void check_forks(const struct vl_storage *empty)
{
    struct vl_id log = {{7}}, other = {{8}};
    struct vl_buffer proof = {0};
    for (int kept = 0; kept < 2; kept++) {
        assert_int_equal(empty->begin(empty->self), VL_OK);
        assert_int_equal(empty->fork_put(empty->self, &log, vl_bytes_text("two entries")), VL_OK);
        assert_int_equal(empty->fork_get(empty->self, &log, &proof), VL_OK);
        assert_true(vl_bytes_equal(vl_buffer_view(&proof), vl_bytes_text("two entries")));
        if (kept == 1) {
            assert_int_equal(empty->commit(empty->self), VL_OK);
            continue;
        }
        empty->rollback(empty->self);
        assert_int_equal(empty->fork_get(empty->self, &log, &proof), VL_ERR_NOT_FOUND);
    }
    assert_int_equal(empty->fork_get(empty->self, &log, &proof), VL_OK);
    assert_true(vl_bytes_equal(vl_buffer_view(&proof), vl_bytes_text("two entries")));
    assert_int_equal(empty->fork_get(empty->self, &other, &proof), VL_ERR_NOT_FOUND);
    vl_buffer_finish(&proof);
}

const struct storage_check storage_checks[] = {
    {"logs", check_logs},
    {"entries come back as they were", check_entry_roundtrip},
    {"entries at the edges", check_entry_edges},
    {"ranges of a chain", check_entry_range},
    {"chains are cut", check_entry_drop},
    {"scans by kind and flags", check_entry_scan},
    {"scans in pages", check_entry_pages},
    {"cells", check_cells},
    {"scans of cells", check_cell_scans},
    {"lists of records", storage_check_records},
    {"writes", storage_check_writes},
    {"clearing", storage_check_clearing},
    {"rollback", check_rollback},
    {"forks", check_forks},
};
const size_t storage_check_count = sizeof storage_checks / sizeof *storage_checks;
