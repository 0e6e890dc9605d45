/* The limits of a replica: what is just within is taken, one more is refused by name. */
#include "tests/support/circle_fixture.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TYPE  7u
#define FIELD 3u

/* The header of an entry 0 by a member, with the past that node 0 has. */
static struct vl_entry_header new_log(struct circle_fixture *f, size_t member, uint32_t number)
{
    struct vl_head heads[8];
    struct vl_bytes frontier[VL_AUTH_MAX];
    struct vl_membership *membership = vl_replica_membership(f->nodes[0].replica);
    size_t count;
    struct vl_entry_header header = {.circle = f->id, .kind = VL_ENTRY_CONTENT};
    assert_int_equal(vl_replica_heads(f->nodes[0].replica, heads, 1, &count), VL_OK);
    header.link_count = 1;
    header.auth_count = vl_membership_frontier(membership, frontier, VL_AUTH_MAX);
    assert_int_equal(header.auth_count, 1);
    memcpy(header.auth[0].bytes, frontier[0].data, 32);
    header.links[0] = header.auth[0]; /* the fixture's last entry is a control entry */
    assert_int_equal(
        vl_replica_lamport(f->nodes[0].replica, &heads[0].log, heads[0].seq, &header.lamport),
        VL_OK);
    header.lamport++;
    memcpy(header.sign_key, f->nodes[member].keys->card.sign, sizeof header.sign_key);
    memcpy(header.incarnation, &number, sizeof number);
    vl_log_id(header.sign_key, header.incarnation, &header.log);
    return header;
}

static void next_header(struct vl_entry_header *header, const struct vl_id *prev)
{
    memset(header->sign_key, 0, sizeof header->sign_key);
    memset(header->incarnation, 0, sizeof header->incarnation);
    header->link_count = 0;
    header->prev = *prev;
    header->seq++;
    header->lamport++;
}

/* ---- a chunk ---- */

/* A run whose entries take exactly `total` bytes. */
static struct entry_run run_of_bytes(struct circle_fixture *f, size_t total)
{
    static uint8_t blob[VL_BLOB_BYTES_MAX];
    const struct vl_device_keys *keys = f->nodes[1].keys;
    struct vl_entry_header header = new_log(f, 1, 77);
    struct entry_run run = {0};
    size_t left = total;
    while (left > 0) {
        struct vl_id id;
        size_t size = left > 2 * (VL_BLOB_BYTES_MAX + 1000) ? VL_BLOB_BYTES_MAX : left / 2;
        if (left < VL_BLOB_BYTES_MAX) size = left - 64; /* shortened below by its header */
        entry_run_forge(&run, &header, vl_bytes(blob, size), keys, &id);
        size_t used = run.items[run.count - 1].header.size + 64 + size;
        if (used > left) { /* the last: make it fit exactly */
            struct entry_run one = {0};
            struct vl_id again;
            entry_run_forge(&one, &header, vl_bytes(blob, size - (used - left)), keys, &again);
            size_t now = one.items[0].header.size + 64 + one.items[0].blob.size;
            assert_int_equal(now, left);
            free(run.blocks[--run.count]);
            entry_run_add(&run, &one.items[0]);
            entry_run_finish(&one);
            return run;
        }
        left -= used;
        next_header(&header, &id);
    }
    return run;
}

static void a_chunk_has_so_many_bytes(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct circle_fixture *f = circle_fixture_create(2, 60);
        struct entry_run run = run_of_bytes(f, VL_CHUNK_BYTES_MAX + more);
        size_t stored;
        vl_result result = vl_replica_receive(f->nodes[0].replica, run.items, run.count, &stored);
        assert_int_equal(result, more == 0 ? VL_OK : VL_ERR_LIMIT);
        assert_int_equal(stored, run.count - more);
        if (more == 0) { /* and it is served again in one piece */
            struct vl_entry_header header;
            assert_int_equal(vl_entry_header_decode(run.items[0].header, &header), VL_OK);
            struct entry_run served = circle_fixture_run(f, 0, &header.log, 0, 256);
            assert_int_equal(served.count, run.count);
            entry_run_finish(&served);
        }
        entry_run_finish(&run);
        circle_fixture_destroy(f);
    }
}

/* ---- logs ---- */

static void a_circle_has_so_many_logs(void **state)
{
    (void)state;
    if (test_scale(0, 1) > 0) skip(); /* all 4,096 or none */
    struct circle_fixture *f = circle_fixture_create(2, 61);
    size_t count, stored;
    assert_int_equal(vl_replica_heads(f->nodes[0].replica, NULL, 0, &count), VL_OK);
    struct vl_entry_header header = new_log(f, 1, 0);
    for (uint32_t i = 0; count + i <= VL_HEADS_MAX; i++) {
        struct entry_run run = {0};
        struct vl_id id;
        memcpy(header.incarnation, &i, sizeof i);
        vl_log_id(header.sign_key, header.incarnation, &header.log);
        entry_run_forge(&run, &header, vl_bytes_text("x"), f->nodes[1].keys, &id);
        vl_result result = vl_replica_receive(f->nodes[0].replica, run.items, 1, &stored);
        assert_int_equal(result, count + i < VL_HEADS_MAX ? VL_OK : VL_ERR_LIMIT);
        entry_run_finish(&run);
    }
    assert_int_equal(vl_replica_heads(f->nodes[0].replica, NULL, 0, &count), VL_OK);
    assert_int_equal(count, VL_HEADS_MAX);
    struct vl_record_id record = fixture_record(1); /* its own log goes on */
    (void)circle_fixture_set(f, 0, TYPE, &record, FIELD, "still here");
    circle_fixture_reopen(f, 0);
    circle_fixture_destroy(f);
}

/* ---- seals ---- */

static vl_result count_kind(void *context, const struct vl_entry_row *row)
{
    size_t *kinds = context;
    struct vl_control control;
    VL_TRY(vl_control_decode(row->entry.blob, &control));
    kinds[control.kind]++;
    vl_control_finish(&control);
    return VL_OK;
}

/* More devices than one entry seals to: the new epoch goes on in a seal entry. */
static void an_epoch_for_many_devices(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 62);
    struct vl_id id;
    for (uint32_t i = 0; i < VL_SEALS_MAX; i++) {
        uint8_t seed[32] = {1};
        struct vl_device_keys *keys;
        struct vl_enrolment enrolment;
        struct vl_id person;
        memcpy(seed + 1, &i, sizeof i);
        assert_int_equal(vl_device_keys_from_seed(seed, &keys), VL_OK);
        vl_person_id(keys->card.sign, &person);
        vl_enrolment_sign(keys, &f->id, &person, &enrolment);
        assert_int_equal(vl_replica_add_person(f->nodes[0].replica, &enrolment, f->now, &id),
                         VL_OK);
        vl_device_keys_destroy(keys);
    }
    struct vl_control removal = {.kind = VL_CONTROL_REMOVE, .target = f->nodes[2].person};
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &removal, f->now, &id), VL_OK);
    size_t before[VL_CONTROL_KIND_COUNT] = {0}, after[VL_CONTROL_KIND_COUNT] = {0};
    assert_int_equal(vl_replica_control_since(f->nodes[0].replica, NULL, 0, count_kind, before),
                     VL_OK);
    struct vl_record_id record = fixture_record(1);
    (void)circle_fixture_set(f, 0, TYPE, &record, FIELD, "to all 202");
    assert_int_equal(vl_replica_control_since(f->nodes[0].replica, NULL, 0, count_kind, after),
                     VL_OK);
    assert_int_equal(after[VL_CONTROL_EPOCH], before[VL_CONTROL_EPOCH] + 1);
    assert_int_equal(after[VL_CONTROL_SEAL], before[VL_CONTROL_SEAL] + 1);
    circle_fixture_pull(f, 1, 0);
    struct vl_id a = circle_fixture_digest(f, 0), b = circle_fixture_digest(f, 1);
    assert_true(vl_id_equal(&a, &b));
    circle_fixture_destroy(f);
}

/* ---- what is written ---- */

static void a_write_has_to_fit(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 63);
    static uint8_t value[VL_VALUE_BYTES_MAX + 1];
    struct vl_operation operation = {.type = TYPE, .field = FIELD, .opcode = VL_OP_SET_ADD};
    struct vl_replica *replica = f->nodes[0].replica;
    struct vl_id id, before = circle_fixture_digest(f, 0), after;
    size_t entries = memory_storage_entry_count(f->nodes[0].memory);
    assert_int_not_equal(vl_replica_write(replica, &operation, 0, f->now, &id), VL_OK);
    operation.value = vl_bytes(value, sizeof value);
    assert_int_not_equal(vl_replica_write(replica, &operation, 1, f->now, &id), VL_OK);
    after = circle_fixture_digest(f, 0);
    assert_true(vl_id_equal(&before, &after));
    assert_int_equal(memory_storage_entry_count(f->nodes[0].memory), entries);
    operation.value.size--;
    assert_int_equal(vl_replica_write(replica, &operation, 1, f->now, &id), VL_OK);
    circle_fixture_sync_all(f);
    assert_true(circle_fixture_agree(f));
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_has_so_many_bytes),
        cmocka_unit_test(a_circle_has_so_many_logs),
        cmocka_unit_test(an_epoch_for_many_devices),
        cmocka_unit_test(a_write_has_to_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
