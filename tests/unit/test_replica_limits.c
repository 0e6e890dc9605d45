/* The limits of a replica: what is just within is taken, one more is refused by name. */
#include "tests/support/forged_entry.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TYPE  7u
#define FIELD 3u

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
    struct vl_entry_header header = forged_log(f, 1, 77);
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

/* Node 0 is given number 0 of a new log of that member. */
static vl_result begin_log(struct circle_fixture *f, size_t member, uint32_t number,
                           const struct vl_id *server)
{
    struct vl_entry_header header = forged_log(f, member, number);
    struct entry_run run = {0};
    struct vl_id id;
    entry_run_forge(&run, &header, vl_bytes_text("x"), f->nodes[member].keys, &id);
    struct vl_run one = {.entries = run.items, .count = 1, .server = server};
    assert_int_equal(vl_replica_receive_runs(f->nodes[0].replica, &one, 1), VL_OK);
    entry_run_finish(&run);
    return one.result;
}

static size_t logs_of(struct circle_fixture *f, size_t node)
{
    size_t count;
    assert_int_equal(vl_replica_heads(f->nodes[node].replica, NULL, 0, &count), VL_OK);
    return count;
}

static void a_circle_has_so_many_logs(void **state)
{
    (void)state;
    if (test_scale(0, 1) > 0) skip(); /* all 4,096 or none */
    enum { MEMBERS = VL_HEADS_MAX / VL_PERSON_CHAINS_MAX };
    struct circle_fixture *f = circle_fixture_create(MEMBERS + 2, 61);
    uint32_t number = 0;
    for (size_t member = 1; member <= MEMBERS; member++) {
        for (uint32_t i = 0; i < VL_PERSON_CHAINS_MAX; i++) {
            bool room = logs_of(f, 0) < VL_HEADS_MAX;
            assert_int_equal(begin_log(f, member, ++number, NULL), room ? VL_OK : VL_ERR_LIMIT);
        }
    }
    assert_int_equal(logs_of(f, 0), VL_HEADS_MAX);
    assert_int_equal(begin_log(f, MEMBERS + 1, ++number, NULL), VL_ERR_LIMIT);
    struct vl_record_id record = fixture_record(1); /* its own log goes on */
    (void)circle_fixture_set(f, 0, TYPE, &record, FIELD, "still here");
    /* and none of its own begins beside it */
    struct vl_operation operation = {
        .type = TYPE, .field = FIELD, .opcode = VL_OP_SET_ADD, .value = vl_bytes_text("x")};
    struct vl_id id;
    assert_int_equal(vl_replica_new_incarnation(f->nodes[0].replica), VL_OK);
    size_t entries = memory_storage_entry_count(f->nodes[0].memory);
    assert_int_equal(vl_replica_write(f->nodes[0].replica, &operation, 1, f->now, &id),
                     VL_ERR_LIMIT);
    assert_int_equal(memory_storage_entry_count(f->nodes[0].memory), entries);
    circle_fixture_reopen(f, 0);
    circle_fixture_destroy(f);
}

/* One who begins too many logs has all of them closed; nobody else is touched. */
static void a_person_has_so_many_logs(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 64);
    struct vl_replica *replica = f->nodes[0].replica;
    uint32_t number = 0;
    struct vl_record_id record = fixture_record(1);
    (void)circle_fixture_set(f, 2, TYPE, &record, FIELD, "mine");
    (void)circle_fixture_pull(f, 0, 2);
    size_t before = logs_of(f, 0);
    for (uint32_t i = 0; i < VL_PERSON_CHAINS_MAX; i++)
        assert_int_equal(begin_log(f, 1, ++number, NULL), VL_OK);
    assert_false(vl_replica_is_crowded(replica, &f->nodes[1].person));
    assert_int_equal(begin_log(f, 1, ++number, NULL), VL_OK); /* that one shows that it is so */
    assert_true(vl_replica_is_crowded(replica, &f->nodes[1].person));
    assert_false(vl_replica_is_crowded(replica, &f->nodes[2].person));
    assert_int_equal(begin_log(f, 1, ++number, NULL), VL_ERR_FORK);
    assert_int_equal(logs_of(f, 0), before + VL_PERSON_CHAINS_MAX + 1);
    /* on the account of a member who sends them: a few, of which the oldest makes room */
    for (uint32_t i = 0; i < 2 * VL_SERVED_CHAINS_MAX; i++)
        assert_int_equal(begin_log(f, 1, ++number, &f->nodes[3].person), VL_OK);
    assert_int_equal(logs_of(f, 0), before + VL_PERSON_CHAINS_MAX + 1 + VL_SERVED_CHAINS_MAX);
    circle_fixture_reopen(f, 0); /* nobody cited them */
    assert_int_equal(logs_of(f, 0), before + VL_PERSON_CHAINS_MAX + 1);
    assert_true(vl_replica_is_crowded(f->nodes[0].replica, &f->nodes[1].person));
    /* the others write on */
    (void)circle_fixture_set(f, 0, TYPE, &record, FIELD, "yours");
    (void)circle_fixture_set(f, 2, TYPE, &record, FIELD, "mine again");
    assert_int_equal(circle_fixture_pull(f, 0, 2), 1);
    struct vl_verify_report report;
    struct vl_id bad;
    assert_int_equal(vl_replica_verify(f->nodes[0].replica, &report, &bad), VL_OK);
    circle_fixture_destroy(f);
}

/* Whoever wrote that many herself does not begin another one. */
static void my_logs_are_counted(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 65);
    struct vl_replica *replica = f->nodes[1].replica;
    struct vl_record_id record = fixture_record(1);
    for (uint32_t i = 0; i < VL_PERSON_CHAINS_MAX; i++) {
        (void)circle_fixture_set(f, 1, TYPE, &record, FIELD, "x");
        assert_int_equal(vl_replica_new_incarnation(replica), VL_OK);
    }
    struct vl_operation operation = {.type = TYPE,
                                     .record = record,
                                     .field = FIELD,
                                     .opcode = VL_OP_SET_ADD,
                                     .value = vl_bytes_text("y")};
    struct vl_id id;
    assert_int_equal(vl_replica_write(replica, &operation, 1, f->now, &id), VL_ERR_LIMIT);
    circle_fixture_pull(f, 0, 1);
    assert_false(vl_replica_is_crowded(f->nodes[0].replica, &f->nodes[1].person));
    assert_int_equal(logs_of(f, 0), VL_PERSON_CHAINS_MAX + 1);
    circle_fixture_destroy(f);
}

/* A peer says again and again that it has more of my log: up to half of the share it is believed.
 */
static void claims_begin_so_many_logs(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 66);
    struct fixture_node *me = &f->nodes[1];
    struct vl_record_id record = fixture_record(1);
    for (size_t i = 0; i < 2 * VL_CLAIMED_MAX; i++) {
        (void)circle_fixture_set(f, 1, TYPE, &record, FIELD, "x");
        size_t before = vl_replica_share(me->replica, &me->person);
        assert_int_equal(before, i < VL_CLAIMED_MAX ? i + 1 : VL_CLAIMED_MAX);
        struct vl_head heads[2 * VL_CLAIMED_MAX];
        size_t count;
        assert_int_equal(vl_replica_heads(me->replica, heads, 2 * VL_CLAIMED_MAX, &count), VL_OK);
        for (size_t k = 0; k < count; k++)
            heads[k].seq += 7;
        assert_int_equal(vl_replica_peer_heads(me->replica, heads, count), VL_OK);
    }
    /* what is signed by my own key is proof, whatever was claimed before */
    struct entry_run run = {0};
    struct vl_head heads[2 * VL_CLAIMED_MAX];
    size_t count, stored, own = 0;
    struct vl_incarnation logs[2 * VL_CLAIMED_MAX];
    size_t log_count;
    assert_int_equal(vl_replica_heads(me->replica, heads, 2 * VL_CLAIMED_MAX, &count), VL_OK);
    assert_int_equal(vl_replica_incarnations(me->replica, me->keys->card.sign, logs,
                                             2 * VL_CLAIMED_MAX, &log_count),
                     VL_OK);
    for (size_t i = 0; i < log_count; i++)
        for (size_t k = 0; k < count && logs[i].is_own; k++)
            if (vl_id_equal(&heads[k].log, &logs[i].log)) own = k;
    struct entry_run last = circle_fixture_run(f, 1, &heads[own].log, heads[own].seq, 1);
    struct vl_entry_header header;
    struct vl_id id;
    assert_int_equal(vl_entry_header_decode(last.items[0].header, &header), VL_OK);
    next_header(&header, &heads[own].id);
    entry_run_forge(&run, &header, vl_bytes_text("from my other self"), me->keys, &id);
    assert_int_equal(vl_replica_receive(me->replica, run.items, 1, &stored), VL_OK);
    (void)circle_fixture_set(f, 1, TYPE, &record, FIELD, "y");
    assert_int_equal(vl_replica_share(me->replica, &me->person), VL_CLAIMED_MAX + 1);
    entry_run_finish(&run);
    entry_run_finish(&last);
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

/* Sealed for some: with my own device there are as many boxes as fit. */
static void sealed_to_so_many(struct circle_fixture *f, const struct vl_id *persons)
{
    struct vl_operation operation = {
        .type = TYPE, .field = FIELD, .opcode = VL_OP_SET_ADD, .value = vl_bytes_text("x")};
    for (size_t less = 0; less < 3; less++) {
        struct vl_id id;
        size_t count = VL_SEALED_BOXES_MAX + 1 - less;
        vl_result result =
            vl_replica_write_to(f->nodes[0].replica, &operation, 1, persons, count, f->now, &id);
        assert_int_equal(result, less < 2 ? VL_ERR_LIMIT : VL_OK);
    }
}

/* More devices than one entry seals to: the new epoch goes on in a seal entry. */
static void an_epoch_for_many_devices(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 62);
    struct vl_id id, persons[VL_SEALED_BOXES_MAX + 1];
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
        if (i <= VL_SEALED_BOXES_MAX) persons[i] = person;
        vl_device_keys_destroy(keys);
    }
    sealed_to_so_many(f, persons);
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

static void a_control_entry_has_to_fit(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 64);
    struct vl_replica *replica = f->nodes[0].replica;
    static struct vl_id ids[VL_TOMBSTONE_MAX + 1], cites[VL_CITES_MAX];
    static struct vl_seal seals[VL_SEALS_MAX];
    struct vl_id id, before = circle_fixture_digest(f, 0);
    for (size_t i = 0; i <= VL_TOMBSTONE_MAX; i++)
        ids[i] = circle_fixture_add_element(f, 0, TYPE, &(struct vl_record_id){{1}}, FIELD, "x");
    assert_int_equal(vl_replica_erase(replica, ids, VL_TOMBSTONE_MAX + 1, f->now, &id),
                     VL_ERR_INVALID);
    assert_int_equal(vl_replica_erase(replica, ids, VL_TOMBSTONE_MAX, f->now, &id), VL_OK);
    for (size_t i = 0; i < VL_CITES_MAX; i++)
        cites[i].bytes[0] = (uint8_t)i;
    for (size_t i = 0; i < VL_SEALS_MAX; i++)
        seals[i].recipient[0] = (uint8_t)i;
    struct vl_control control = {.kind = VL_CONTROL_EPOCH,
                                 .seals = seals,
                                 .seal_count = VL_SEALS_MAX,
                                 .cites = cites,
                                 .cite_count = VL_CITES_MAX};
    size_t entries = memory_storage_entry_count(f->nodes[0].memory);
    before = circle_fixture_digest(f, 0);
    assert_int_equal(vl_replica_control(replica, &control, f->now, &id), VL_ERR_TOO_LARGE);
    struct vl_enrolment nobody = {.signature = {1}};
    struct vl_control add = {
        .kind = VL_CONTROL_ADD, .target = {{1}}, .enrolments = &nobody, .enrolment_count = 1};
    assert_int_equal(vl_replica_control(replica, &add, f->now, &id), VL_ERR_SIGNATURE);
    struct vl_control found = {.kind = VL_CONTROL_FOUND};
    assert_int_equal(vl_replica_control(replica, &found, f->now, &id), VL_ERR_STATE);
    struct vl_id after = circle_fixture_digest(f, 0);
    assert_true(vl_id_equal(&before, &after));
    assert_int_equal(memory_storage_entry_count(f->nodes[0].memory), entries);
    circle_fixture_destroy(f);
}

/* A field takes so much: then nothing more is written into it, and others go on. */
static void a_field_has_a_weight(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 65);
    static uint8_t value[VL_VALUE_BYTES_MAX];
    struct vl_dot before;
    struct vl_operation operation = {.type = TYPE,
                                     .field = FIELD,
                                     .opcode = VL_OP_REGISTER_SET,
                                     .value = vl_bytes(value, sizeof value)};
    vl_result result = VL_OK;
    size_t writes = 0;
    for (; result == VL_OK; writes++) {
        struct vl_id id;
        result = vl_replica_write(f->nodes[0].replica, &operation, 1, f->now, &id);
        before = (struct vl_dot){.entry = id};
        operation.dots = &before;
        operation.dot_count = 1;
    }
    assert_int_equal(result, VL_ERR_LIMIT);
    assert_in_range(writes, VL_CELL_WEIGHT_MAX / (sizeof value + 200),
                    1 + VL_CELL_WEIGHT_MAX / sizeof value);
    operation.field++;
    operation.dot_count = 0;
    struct vl_id id;
    assert_int_equal(vl_replica_write(f->nodes[0].replica, &operation, 1, f->now, &id), VL_OK);
    circle_fixture_sync_all(f);
    assert_true(circle_fixture_agree(f));
    circle_fixture_destroy(f);
}

/* ---- what is read ---- */

static vl_result count_entry(void *context, const struct vl_entry_row *row)
{
    (void)row;
    ++*(size_t *)context;
    return VL_OK;
}

static void a_chunk_is_as_short_as_one_asks(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 66);
    struct vl_replica *replica = f->nodes[0].replica;
    struct vl_head heads[8];
    size_t count, read = 0;
    uint64_t lamport;
    assert_int_equal(vl_replica_heads(replica, heads, 8, &count), VL_OK);
    const struct vl_head *head = &heads[0];
    assert_int_equal(vl_replica_read_chunk(replica, &head->log, 0, 0, 9999, count_entry, &read),
                     VL_ERR_LIMIT);
    assert_int_equal(vl_replica_read_chunk(replica, &head->log, 0, 256, 64, count_entry, &read),
                     VL_ERR_LIMIT);
    assert_int_equal(
        vl_replica_read_chunk(replica, &head->log, head->seq + 1, 9, 9999, count_entry, &read),
        VL_ERR_NOT_FOUND);
    assert_int_equal(vl_replica_lamport(replica, &head->log, head->seq + 1, &lamport),
                     VL_ERR_NOT_FOUND);
    assert_int_equal(vl_replica_lamport(replica, &head->id, 0, &lamport), VL_ERR_NOT_FOUND);
    assert_int_equal(read, 0);
    assert_int_equal(vl_replica_read_chunk(replica, &head->log, 0, 1, 99999, count_entry, &read),
                     VL_OK);
    assert_int_equal(read, 1);
    assert_int_equal(vl_replica_heads(replica, heads, 0, &count), VL_OK);
    assert_true(count > 0);
    size_t all = count;
    assert_int_equal(vl_replica_asked_heads(replica, heads, 0, &count), VL_OK);
    assert_int_equal(count, all);
    assert_int_equal(vl_replica_control_reach(replica, heads, 0, &count), VL_OK);
    assert_true(count > 0);
    struct vl_incarnation log;
    assert_int_equal(vl_replica_incarnations(replica, f->nodes[0].keys->card.sign, &log, 0, &count),
                     VL_OK);
    assert_int_equal(count, 1);
    assert_true(vl_replica_epochs(replica, NULL, 0) > 0);
    circle_fixture_destroy(f);
}

/* Whoever looks at a few epochs has the current one, then the newest. */
static void many_epochs_are_told_newest_first(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 68);
    struct vl_replica *replica = f->nodes[0].replica;
    struct vl_epoch_info epochs[40];
    struct vl_record_id record = fixture_record(1);
    struct vl_control remove = {.kind = VL_CONTROL_REMOVE, .target = f->nodes[2].person};
    struct vl_buffer body = {0};
    struct vl_id id, words = {{0}}, tombstone;
    for (size_t i = 0; i < 18; i++) { /* each removal asks for a new key */
        assert_int_equal(vl_replica_control(replica, &remove, f->now, &id), VL_OK);
        words = circle_fixture_add_element(f, 0, TYPE, &record, FIELD, "x");
        circle_fixture_add(f, 0, 2);
    }
    size_t count = vl_replica_epochs(replica, epochs, 40);
    assert_in_range(count, 18, 40);
    for (size_t i = 2; i < count; i++)
        assert_true(epochs[i - 1].lamport > epochs[i].lamport);
    for (size_t i = 1; i < count; i++)
        assert_false(epochs[i].current);
    assert_int_equal(vl_replica_epochs(replica, epochs, 3), count);
    /* bodies: of a control entry as it is, of what was erased none */
    assert_int_equal(vl_replica_entry_body(replica, &id, &body), VL_OK);
    assert_true(body.size > 0);
    assert_int_equal(vl_replica_erase(replica, &words, 1, f->now, &tombstone), VL_OK);
    assert_int_equal(vl_replica_entry_body(replica, &words, &body), VL_ERR_NOT_FOUND);
    vl_buffer_finish(&body);
    circle_fixture_sync_all(f);
    /* node 2 has no key of what was said while she was out */
    struct vl_id mine = circle_fixture_digest(f, 0), other = circle_fixture_digest(f, 1);
    assert_true(vl_id_equal(&mine, &other));
    circle_fixture_destroy(f);
}

/* ---- more than is held in memory at once ---- */

#define WIDE    1100u /* cells of one entry; more than the cache holds in two */
#define ENTRIES 70u   /* large ones: more bytes than are copied at once */

static void write_wide(struct circle_fixture *f, size_t by, uint64_t from)
{
    struct vl_operation *operations = calloc(WIDE, sizeof *operations);
    struct vl_id id;
    assert_non_null(operations);
    for (size_t i = 0; i < WIDE; i++)
        operations[i] = (struct vl_operation){.type = TYPE,
                                              .record = fixture_record(from + i),
                                              .field = FIELD,
                                              .opcode = VL_OP_SET_ADD,
                                              .value = vl_bytes_text("w")};
    assert_int_equal(vl_replica_write(f->nodes[by].replica, operations, WIDE, f->now, &id), VL_OK);
    free(operations);
}

static void assert_sound(struct circle_fixture *f)
{
    for (size_t i = 0; i < f->count; i++) {
        struct vl_verify_report report;
        struct vl_id bad;
        assert_int_equal(vl_replica_verify(f->nodes[i].replica, &report, &bad), VL_OK);
    }
    assert_true(circle_fixture_agree(f));
}

static void much_is_merged_and_taken_back_in_pieces(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 67);
    static uint8_t value[VL_VALUE_BYTES_MAX];
    struct vl_id id;
    write_wide(f, 2, 0);
    write_wide(f, 2, 500); /* many of them again */
    for (uint64_t i = 0; i < ENTRIES; i++) {
        struct vl_operation operation = {.type = TYPE,
                                         .record = fixture_record(i),
                                         .field = FIELD + 1,
                                         .opcode = VL_OP_SET_ADD,
                                         .value = vl_bytes(value, sizeof value)};
        assert_int_equal(vl_replica_write(f->nodes[2].replica, &operation, 1, f->now, &id), VL_OK);
    }
    (void)circle_fixture_pull(f, 1, 2);
    /* removed by somebody who has seen nothing of it: all of it counts no more, and then again */
    struct vl_control remove = {.kind = VL_CONTROL_REMOVE, .target = f->nodes[2].person};
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &remove, f->now, &id), VL_OK);
    circle_fixture_sync_all(f);
    assert_sound(f);
    assert_int_equal(memory_storage_cell_count(f->nodes[1].memory), 0);
    circle_fixture_add(f, 0, 2);
    circle_fixture_sync_all(f);
    assert_sound(f);
    assert_true(memory_storage_cell_count(f->nodes[1].memory) > WIDE);
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_has_so_many_bytes),
        cmocka_unit_test(a_circle_has_so_many_logs),
        cmocka_unit_test(a_person_has_so_many_logs),
        cmocka_unit_test(my_logs_are_counted),
        cmocka_unit_test(claims_begin_so_many_logs),
        cmocka_unit_test(an_epoch_for_many_devices),
        cmocka_unit_test(a_write_has_to_fit),
        cmocka_unit_test(a_control_entry_has_to_fit),
        cmocka_unit_test(a_field_has_a_weight),
        cmocka_unit_test(a_chunk_is_as_short_as_one_asks),
        cmocka_unit_test(many_epochs_are_told_newest_first),
        cmocka_unit_test(much_is_merged_and_taken_back_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
