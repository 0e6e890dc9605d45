/* The replica: founding, adding, writing and receiving between devices. What an entry must be to
 * be stored is tested in test_replica_judge.c, failures of the storage in test_replica_faults.c. */
#include "tests/support/circle_fixture.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TYPE  7u
#define FIELD 3u

static enum vl_role role_of(struct circle_fixture *f, size_t node, size_t person)
{
    struct vl_person_state state;
    struct vl_membership *membership = vl_replica_membership(f->nodes[node].replica);
    const struct vl_id *id = &f->nodes[person].person;
    assert_non_null(membership);
    if (vl_membership_find_person(membership, vl_bytes(id->bytes, 32), &state) != VL_OK)
        return VL_ROLE_NONE;
    return state.role;
}

static void assert_text(struct circle_fixture *f, size_t node, const struct vl_record_id *record,
                        const char *text)
{
    struct vl_cell_key key = {
        .type = TYPE, .record = *record, .field = FIELD, .kind = VL_FIELD_REGISTER};
    struct vl_buffer state = {0};
    struct vl_cell_value value;
    size_t count;
    assert_int_equal(vl_replica_cell(f->nodes[node].replica, &key, &state), VL_OK);
    assert_int_equal(vl_cell_values(key.kind, vl_buffer_view(&state), &value, 1, &count), VL_OK);
    assert_int_equal(count, 1);
    assert_true(vl_bytes_equal(value.value, vl_bytes_text(text)));
    vl_buffer_finish(&state);
}

static void assert_verified(struct circle_fixture *f, size_t node)
{
    struct vl_verify_report report;
    struct vl_id bad, digest = circle_fixture_digest(f, node);
    assert_int_equal(vl_replica_verify(f->nodes[node].replica, &report, &bad), VL_OK);
    assert_true(vl_id_equal(&report.digest, &digest));
    assert_int_equal(report.entries, memory_storage_entry_count(f->nodes[node].memory));
}

static void founding_makes_two_members(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 1);
    assert_true(circle_fixture_agree(f));
    for (size_t node = 0; node < 2; node++) {
        struct vl_id me;
        struct vl_epoch_info epoch;
        assert_int_equal(role_of(f, node, 0), VL_ROLE_FACILITATOR);
        assert_int_equal(role_of(f, node, 1), VL_ROLE_MEMBER);
        assert_int_equal(vl_replica_me(f->nodes[node].replica, &me), VL_OK);
        assert_true(vl_id_equal(&me, &f->nodes[node].person));
        assert_int_equal(vl_replica_epochs(f->nodes[node].replica, &epoch, 1), 1);
        assert_true(epoch.current);
        assert_verified(f, node);
    }
    circle_fixture_destroy(f);
}

static void a_private_space_is_one_persons(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(1, 2);
    struct vl_record_id record = fixture_record(1);
    circle_fixture_set(f, 0, TYPE, &record, FIELD, "alone");
    assert_text(f, 0, &record, "alone");
    size_t other = circle_fixture_stranger(f);
    struct vl_enrolment enrolment = circle_fixture_enrolment(f, other);
    struct vl_id id;
    assert_int_equal(vl_replica_add_person(f->nodes[0].replica, &enrolment, f->now, &id),
                     VL_ERR_AUTHORITY);
    assert_verified(f, 0);
    circle_fixture_destroy(f);
}

static void founding_happens_once(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(1, 3);
    uint8_t none[64] = {0};
    struct vl_id id;
    assert_int_equal(vl_replica_found(f->nodes[0].replica, f->random, NULL, none, f->now, &id),
                     VL_ERR_STATE);
    circle_fixture_destroy(f);
}

static void writing_reaches_the_other(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 4);
    struct vl_record_id record = fixture_record(1);
    circle_fixture_set(f, 0, TYPE, &record, FIELD, "first");
    assert_int_equal(circle_fixture_pull(f, 1, 0), 1);
    assert_text(f, 1, &record, "first");
    circle_fixture_set(f, 1, TYPE, &record, FIELD, "second");
    circle_fixture_sync_all(f);
    assert_text(f, 0, &record, "second");
    assert_true(circle_fixture_agree(f));
    assert_verified(f, 0);
    assert_verified(f, 1);
    circle_fixture_destroy(f);
}

static void a_newcomer_reads_the_past(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 5);
    struct vl_record_id record = fixture_record(9);
    circle_fixture_set(f, 1, TYPE, &record, FIELD, "before her");
    circle_fixture_sync_all(f);
    size_t newcomer = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, newcomer);
    assert_true(circle_fixture_pull(f, newcomer, 0) > 0);
    assert_text(f, newcomer, &record, "before her");
    circle_fixture_set(f, newcomer, TYPE, &record, FIELD, "by her");
    circle_fixture_sync_all(f);
    assert_text(f, 0, &record, "by her");
    assert_text(f, 1, &record, "by her");
    assert_true(circle_fixture_agree(f));
    for (size_t i = 0; i < f->count; i++)
        assert_verified(f, i);
    circle_fixture_destroy(f);
}

/* ---- any order, any doubling ---- */

static uint32_t random_state;

static uint32_t random_below(uint32_t bound)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % bound;
}

/* Node 0 has written nothing new; the others have, after seeing each other now and then. */
static void write_and_mix(struct circle_fixture *f, size_t rounds)
{
    for (size_t i = 0; i < rounds; i++) {
        size_t node = 1 + random_below((uint32_t)f->count - 1);
        struct vl_record_id record = fixture_record(random_below(4));
        if (random_below(3) == 0)
            circle_fixture_pull(f, node, 1 + random_below((uint32_t)f->count - 1));
        circle_fixture_set(f, node, TYPE, &record, FIELD, i % 2 == 0 ? "even" : "odd");
        circle_fixture_add_element(f, node, TYPE, &record, FIELD + 1, "element");
    }
}

static void deliver_at_random(struct circle_fixture *f, struct entry_run *runs, size_t run_count)
{
    for (size_t step = 0; step < 400; step++) {
        const struct entry_run *run = &runs[random_below((uint32_t)run_count)];
        size_t from = random_below((uint32_t)run->count);
        size_t count = 1 + random_below((uint32_t)(run->count - from));
        size_t stored;
        vl_result result =
            vl_replica_receive(f->nodes[0].replica, run->items + from, count, &stored);
        assert_true(result == VL_OK || result == VL_ERR_MISSING || result == VL_ERR_GAP);
        assert_true(stored <= count && (result != VL_OK || stored == count));
    }
}

static void any_order_gives_one_state(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 6; seed++) {
        random_state = seed;
        struct circle_fixture *f = circle_fixture_create(4, 100 + seed);
        struct entry_run runs[16];
        struct vl_head heads[16];
        size_t count, run_count = 0;
        write_and_mix(f, 30);
        for (size_t a = 1; a < f->count; a++)
            for (size_t b = 1; b < f->count; b++)
                if (a != b) circle_fixture_pull(f, a, b);
        assert_int_equal(vl_replica_heads(f->nodes[1].replica, heads, 16, &count), VL_OK);
        for (size_t i = 0; i < count; i++)
            runs[run_count++] = circle_fixture_run(f, 1, &heads[i].log, 0, 256);
        deliver_at_random(f, runs, run_count);
        circle_fixture_sync_all(f);
        if (!circle_fixture_agree(f)) fail_msg("seed %u: the replicas differ", seed);
        for (size_t i = 0; i < f->count; i++)
            assert_verified(f, i);
        while (run_count > 0)
            entry_run_finish(&runs[--run_count]);
        circle_fixture_destroy(f);
    }
}

/* Two logs that link to each other at every entry, of which one has a bad entry. */
static void runs_that_link_to_each_other_go_in_together(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 15);
    struct fixture_node *node = &f->nodes[0];
    struct vl_record_id record = fixture_record(1);
    struct vl_head heads[8];
    size_t count, new_logs = 0;
    struct entry_run runs[8];
    struct vl_run given[9] = {0};
    for (size_t i = 0; i < 20; i++) {
        circle_fixture_set(f, 1 + i % 2, TYPE, &record, FIELD, "in turn");
        circle_fixture_pull(f, 2 - i % 2, 1 + i % 2);
    }
    assert_int_equal(vl_replica_heads(f->nodes[1].replica, heads, 8, &count), VL_OK);
    for (size_t i = 0; i < count; i++) {
        runs[i] = circle_fixture_run(f, 1, &heads[i].log, 0, 256);
        given[i] = (struct vl_run){.entries = runs[i].items, .count = runs[i].count};
        if (runs[i].count == 10) new_logs++;
    }
    assert_int_equal(new_logs, 2);
    given[count] = given[0]; /* the same again: no harm */
    uint64_t commits = memory_storage_commits(node->memory);
    size_t broken = runs[0].count == 10 ? 0 : 1;
    runs[broken].items[4].signature[0] ^= 1; /* good by those after it, but these do not come */
    given[broken].count = 5;
    assert_int_equal(vl_replica_receive_runs(node->replica, given, count + 1), VL_OK);
    assert_int_equal(memory_storage_commits(node->memory), commits + 1);
    for (size_t i = 0; i < count; i++) {
        if (i == broken) {
            assert_int_equal(given[i].result, VL_ERR_SIGNATURE);
            assert_int_equal(given[i].stored, 4);
        } else if (given[i].count == 10) { /* up to the entry that links to the bad one */
            assert_int_equal(given[i].result, VL_ERR_MISSING);
            assert_in_range(given[i].stored, 4, 5);
        } else {
            assert_int_equal(given[i].result, VL_OK);
        }
    }
    assert_verified(f, 0);
    given[broken].count = 10;
    assert_int_equal(vl_replica_receive_runs(node->replica, given, count), VL_OK);
    assert_int_equal(memory_storage_commits(node->memory), commits + 2);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(given[i].stored, given[i].count);
        entry_run_finish(&runs[i]);
    }
    assert_true(circle_fixture_agree(f));
    assert_verified(f, 0);
    circle_fixture_destroy(f);
}

static void a_reopened_replica_is_the_same(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 6);
    random_state = 1;
    write_and_mix(f, 20);
    circle_fixture_sync_all(f);
    for (size_t i = 0; i < f->count; i++)
        circle_fixture_reopen(f, i);
    assert_true(circle_fixture_agree(f));
    struct vl_record_id record = fixture_record(1);
    size_t before = memory_storage_entry_count(f->nodes[0].memory);
    for (size_t i = 0; i < f->count; i++) {
        circle_fixture_set(f, i, TYPE, &record, FIELD, "again");
        circle_fixture_sync_all(f);
    }
    /* the epoch's secret was found again: nobody had to make another */
    assert_int_equal(memory_storage_entry_count(f->nodes[0].memory), before + f->count);
    assert_true(circle_fixture_agree(f));
    circle_fixture_destroy(f);
}

static void more_heads_than_links(void **state)
{
    (void)state;
    const size_t persons = VL_LINKS_MAX + 4;
    struct circle_fixture *f = circle_fixture_create(persons, 7);
    for (size_t i = 1; i < persons; i++) {
        struct vl_record_id record = fixture_record(i);
        circle_fixture_set(f, i, TYPE, &record, FIELD, "mine");
    }
    for (size_t i = 1; i < persons; i++)
        circle_fixture_pull(f, 0, i);
    struct vl_record_id record = fixture_record(0);
    for (size_t i = 0; i < 2; i++) {
        struct vl_id id = circle_fixture_set(f, 0, TYPE, &record, FIELD, "all");
        struct vl_entry_header header;
        const struct vl_entry_row *row = memory_storage_entry(f->nodes[0].memory, &id);
        assert_int_equal(vl_entry_header_decode(row->entry.header, &header), VL_OK);
        assert_int_equal(header.link_count, i == 0 ? VL_LINKS_MAX : persons - 1 - VL_LINKS_MAX);
    }
    circle_fixture_pull(f, 1, 0);
    struct vl_id a = circle_fixture_digest(f, 0), b = circle_fixture_digest(f, 1);
    assert_true(vl_id_equal(&a, &b));
    assert_verified(f, 1);
    circle_fixture_destroy(f);
}

/* ---- epochs ---- */

static void whoever_is_no_member_cannot_write(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 8);
    size_t stranger = circle_fixture_stranger(f);
    struct vl_operation operation = {
        .type = TYPE, .field = FIELD, .opcode = VL_OP_SET_ADD, .value = vl_bytes_text("x")};
    struct vl_id id;
    struct vl_replica *replica = f->nodes[stranger].replica;
    assert_int_equal(vl_replica_write(replica, &operation, 1, f->now, &id), VL_ERR_NO_KEY);
    circle_fixture_pull(f, stranger, 0);
    assert_int_equal(vl_replica_write(replica, &operation, 1, f->now, &id), VL_ERR_NO_KEY);
    assert_int_equal(vl_replica_epochs(replica, NULL, 0), 0);
    assert_int_equal(vl_replica_me(replica, &id), VL_ERR_NOT_FOUND);
    circle_fixture_destroy(f);
}

/* Node 0 makes an epoch whose box for node 1 holds rubbish. */
static void a_false_epoch_is_not_written_under(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 9);
    struct vl_seal seals[2];
    uint8_t secret[32] = {1}, other[32] = {2};
    struct vl_control epoch = {.kind = VL_CONTROL_EPOCH, .seals = seals, .seal_count = 2};
    vl_epoch_key_id(&f->id, secret, &epoch.key_id);
    bool swap = memcmp(f->nodes[0].keys->card.sign, f->nodes[1].keys->card.sign, 32) > 0;
    for (size_t i = 0; i < 2; i++) {
        const struct vl_device_card *card = &f->nodes[i].keys->card;
        struct vl_seal *seal = &seals[swap ? 1 - i : i];
        memcpy(seal->recipient, card->sign, 32);
        assert_int_equal(vl_key_box_seal(i == 0 ? secret : other, &f->id, &epoch.key_id, card,
                                         f->nodes[0].keys->card.sign, seal->box),
                         VL_OK);
    }
    struct vl_id id;
    struct vl_epoch_info epochs[4];
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &epoch, f->now, &id), VL_OK);
    circle_fixture_sync_all(f);
    assert_int_equal(vl_replica_epochs(f->nodes[0].replica, epochs, 4), 2);
    assert_int_equal(vl_replica_epochs(f->nodes[1].replica, epochs, 4), 1);
    struct vl_record_id record = fixture_record(1);
    circle_fixture_set(f, 1, TYPE, &record, FIELD, "under one that I can open");
    circle_fixture_sync_all(f);
    assert_text(f, 0, &record, "under one that I can open");
    assert_int_equal(vl_replica_epochs(f->nodes[0].replica, epochs, 4), 3);
    assert_true(epochs[0].current);
    circle_fixture_destroy(f);
}

static void keys_of_an_epoch_are_the_same_on_all_devices(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 10);
    struct vl_epoch_info epoch;
    uint8_t keys[3][32], discovery[32];
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(vl_replica_epochs(f->nodes[i].replica, &epoch, 1), 1);
        assert_int_equal(vl_replica_epoch_key(f->nodes[i].replica, &epoch.key_id,
                                              VL_DOMAIN_TRANSPORT_PSK, keys[i]),
                         VL_OK);
        assert_memory_equal(keys[i], keys[0], 32);
    }
    assert_int_equal(vl_replica_epoch_key(f->nodes[0].replica, &epoch.key_id,
                                          VL_DOMAIN_DISCOVERY_KEY, discovery),
                     VL_OK);
    assert_memory_not_equal(keys[0], discovery, 32);
    epoch.key_id.bytes[0] ^= 1;
    assert_int_equal(vl_replica_epoch_key(f->nodes[0].replica, &epoch.key_id,
                                          VL_DOMAIN_DISCOVERY_KEY, discovery),
                     VL_ERR_NO_KEY);
    circle_fixture_destroy(f);
}

/* After a removal a new epoch is made, which the one who is gone cannot open. */
static void the_removed_cannot_read_on(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 11);
    struct vl_control removal = {.kind = VL_CONTROL_REMOVE, .target = f->nodes[2].person};
    struct vl_record_id record = fixture_record(1);
    struct vl_id id;
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &removal, f->now, &id), VL_OK);
    id = circle_fixture_set(f, 0, TYPE, &record, FIELD, "without her");
    circle_fixture_pull(f, 1, 0);
    assert_text(f, 1, &record, "without her");
    circle_fixture_pull(f, 2, 0);
    struct vl_buffer body = {0};
    assert_int_equal(vl_replica_entry_body(f->nodes[2].replica, &id, &body), VL_ERR_NO_KEY);
    assert_int_equal(body.size, 0);
    assert_int_equal(vl_replica_entry_body(f->nodes[1].replica, &id, &body), VL_OK);
    assert_true(body.size > 0);
    vl_buffer_finish(&body);
    assert_verified(f, 2);
    circle_fixture_destroy(f);
}

/* ---- looking things up ---- */

static vl_result count_entries(void *context, const struct vl_entry_row *row)
{
    (void)row;
    ++*(size_t *)context;
    return VL_OK;
}

static void control_entries_beyond_what_is_known(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 12);
    struct vl_bytes frontier[8];
    struct vl_id known;
    size_t all = 0, more = 0;
    struct vl_replica *replica = f->nodes[0].replica;
    assert_int_equal(vl_membership_frontier(vl_replica_membership(replica), frontier, 8), 1);
    memcpy(known.bytes, frontier[0].data, 32);
    circle_fixture_add(f, 0, circle_fixture_stranger(f)); /* an add and a seal */
    assert_int_equal(vl_replica_control_since(replica, NULL, 0, count_entries, &all), VL_OK);
    assert_int_equal(vl_replica_control_since(replica, &known, 1, count_entries, &more), VL_OK);
    assert_int_equal(all, 4); /* found, epoch, add, seal */
    assert_int_equal(more, 2);
    known.bytes[0] ^= 1;
    more = 0;
    assert_int_equal(vl_replica_control_since(replica, &known, 1, count_entries, &more), VL_OK);
    assert_int_equal(more, all);
    circle_fixture_destroy(f);
}

static void devices_and_authors_are_found(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 13);
    struct vl_replica *replica = f->nodes[0].replica;
    struct vl_record_id record = fixture_record(1);
    struct vl_device_info info;
    uint64_t lamport;
    for (size_t i = 0; i < 3; i++) {
        const struct vl_device_card *card = &f->nodes[i].keys->card;
        assert_int_equal(vl_replica_device(replica, card->sign, &info), VL_OK);
        assert_true(info.current && vl_id_equal(&info.person, &f->nodes[i].person));
        assert_int_equal(vl_replica_device_by_noise(replica, card->noise, &info), VL_OK);
        assert_memory_equal(info.card.sign, card->sign, 32);
        assert_int_equal(vl_replica_device_at(replica, i, &info), VL_OK);
    }
    assert_int_equal(vl_replica_device_at(replica, 3, &info), VL_ERR_NOT_FOUND);
    assert_int_equal(vl_replica_device(replica, f->random, &info), VL_ERR_NOT_FOUND);
    struct vl_id id = circle_fixture_set(f, 2, TYPE, &record, FIELD, "hers");
    circle_fixture_pull(f, 0, 2);
    assert_int_equal(vl_replica_author(replica, &id, &info), VL_OK);
    assert_true(vl_id_equal(&info.person, &f->nodes[2].person));
    const struct vl_entry_row *row = memory_storage_entry(f->nodes[0].memory, &id);
    struct vl_entry_header header;
    assert_int_equal(vl_entry_header_decode(row->entry.header, &header), VL_OK);
    assert_int_equal(vl_replica_lamport(replica, &header.log, header.seq, &lamport), VL_OK);
    assert_int_equal(lamport, header.lamport);
    assert_int_equal(vl_replica_lamport(replica, &header.log, header.seq + 1, &lamport),
                     VL_ERR_NOT_FOUND);
    circle_fixture_destroy(f);
}

/* ---- verify finds what was changed on disk ---- */

static void verify_finds_damage(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 14);
    struct vl_record_id record = fixture_record(1);
    struct vl_id id = circle_fixture_set(f, 0, TYPE, &record, FIELD, "whole");
    struct vl_entry_row *row = memory_storage_entry(f->nodes[0].memory, &id);
    struct vl_verify_report report;
    struct vl_id bad;
    uint8_t *places[] = {memory_storage_bytes(row->entry.header) + 90,
                         memory_storage_bytes(row->entry.blob) + 30, row->entry.signature + 5,
                         memory_storage_bytes(row->past) + 2, (uint8_t *)&row->lamport};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        *places[i] ^= 1;
        assert_int_equal(vl_replica_verify(f->nodes[0].replica, &report, &bad), VL_ERR_DAMAGED);
        assert_true(vl_id_equal(&bad, &id));
        *places[i] ^= 1;
        assert_int_equal(vl_replica_verify(f->nodes[0].replica, &report, &bad), VL_OK);
    }
    struct vl_storage *storage = &f->nodes[0].storage;
    struct vl_cell_key key = {
        .type = TYPE, .record = record, .field = FIELD, .kind = VL_FIELD_REGISTER};
    assert_int_equal(storage->begin(storage->self), VL_OK);
    assert_int_equal(storage->cell_put(storage->self, &key, vl_bytes_text("x")), VL_OK);
    assert_int_equal(storage->commit(storage->self), VL_OK);
    assert_int_equal(vl_replica_verify(f->nodes[0].replica, &report, &bad), VL_ERR_DAMAGED);
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(founding_makes_two_members),
        cmocka_unit_test(a_private_space_is_one_persons),
        cmocka_unit_test(founding_happens_once),
        cmocka_unit_test(writing_reaches_the_other),
        cmocka_unit_test(a_newcomer_reads_the_past),
        cmocka_unit_test(any_order_gives_one_state),
        cmocka_unit_test(runs_that_link_to_each_other_go_in_together),
        cmocka_unit_test(a_reopened_replica_is_the_same),
        cmocka_unit_test(more_heads_than_links),
        cmocka_unit_test(whoever_is_no_member_cannot_write),
        cmocka_unit_test(a_false_epoch_is_not_written_under),
        cmocka_unit_test(keys_of_an_epoch_are_the_same_on_all_devices),
        cmocka_unit_test(the_removed_cannot_read_on),
        cmocka_unit_test(control_entries_beyond_what_is_known),
        cmocka_unit_test(devices_and_authors_are_found),
        cmocka_unit_test(verify_finds_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
