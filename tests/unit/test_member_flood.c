/* One member fills what she may: it costs the others little, and keeps nobody out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <sodium.h>

#include "sync/session_internal.h"
#include "tests/support/circle_fixture.h"
#include "tests/support/forged_entry.h"
#include "tests/support/session_pair.h"
#include "tests/support/test_scale.h"

#define TYPE       7u
#define FIELD      3u
#define TOMBSTONES 300u
#define OPENING_S  4.0 /* with a sorted list of the names: 17 s */
#define LARGE      590u

static void ok(vl_result result)
{
    if (result != VL_OK) print_error("result: %s\n", vl_result_name(result));
    assert_int_equal(result, VL_OK);
}

static double processor_seconds(clock_t since)
{
    return (double)(clock() - since) / CLOCKS_PER_SEC;
}

static void put_number(uint8_t *bytes, uint32_t number)
{
    for (unsigned b = 0; b < 4; b++)
        bytes[b] = (uint8_t)(number >> (24 - 8 * b));
}

static size_t logs_of(const struct circle_fixture *f, size_t person)
{
    return vl_replica_share(f->nodes[0].replica, &f->nodes[person].person);
}

/* Of entries that nobody has, each before all that came earlier. */
static void test_tombstones(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 904);
    static struct vl_id ids[VL_TOMBSTONE_MAX];
    const uint32_t count = (uint32_t)test_scale(TOMBSTONES, 20);
    struct vl_id id;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < VL_TOMBSTONE_MAX; k++)
            put_number(ids[k].bytes, (count - i) * VL_TOMBSTONE_MAX + k);
        struct vl_control control = {
            .kind = VL_CONTROL_TOMBSTONE, .ids = ids, .id_count = VL_TOMBSTONE_MAX};
        ok(vl_replica_control(f->nodes[1].replica, &control, f->now, &id));
    }
    circle_fixture_sync_all(f);
    const clock_t begun = clock();
    circle_fixture_reopen(f, 0);
    assert_non_null(vl_replica_membership(f->nodes[0].replica));
    if (processor_seconds(begun) > OPENING_S)
        fail_msg("opening takes %.1f s", processor_seconds(begun));
    circle_fixture_destroy(f);
}

/* An epoch of a secret of that number, sealed to all persons. */
static void epoch_by(struct circle_fixture *f, size_t author, size_t persons, uint32_t number)
{
    struct vl_seal seals[8], seal;
    uint8_t secret[32] = {5};
    struct vl_control control = {.kind = VL_CONTROL_EPOCH, .seals = seals, .seal_count = persons};
    struct vl_id id;
    put_number(secret + 4, number);
    vl_epoch_key_id(&f->id, secret, &control.key_id);
    for (size_t i = 0; i < persons; i++) {
        const struct vl_device_card *card = &f->nodes[i].keys->card;
        size_t at = i;
        memcpy(seal.recipient, card->sign, sizeof seal.recipient);
        ok(vl_key_box_seal(secret, &f->id, &control.key_id, card, f->nodes[author].keys->card.sign,
                           seal.box));
        for (; at > 0 && memcmp(seals[at - 1].recipient, seal.recipient, 32) > 0; at--)
            seals[at] = seals[at - 1];
        seals[at] = seal;
    }
    ok(vl_replica_control(f->nodes[author].replica, &control, f->now, &id));
}

static void say(struct circle_fixture *f, size_t by, uint64_t number)
{
    const struct vl_record_id record = fixture_record(number);
    (void)circle_fixture_add_element(f, by, TYPE, &record, FIELD, "said");
}

static bool reads(struct circle_fixture *f, size_t node, uint64_t number)
{
    const struct vl_cell_key key = {
        .type = TYPE, .record = fixture_record(number), .field = FIELD, .kind = VL_FIELD_SET};
    struct vl_buffer cell = {0};
    vl_result result = vl_replica_cell(f->nodes[node].replica, &key, &cell);
    vl_buffer_finish(&cell);
    return result == VL_OK;
}

/* Epochs of node `author`, under each of which node `writer` writes, and every `second` time that
 * one as well. */
static void used_epochs(struct circle_fixture *f, size_t author, size_t writer, uint32_t from,
                        uint32_t count, uint32_t second)
{
    for (uint32_t i = from; i < from + count; i++) {
        epoch_by(f, author, 3, i);
        circle_fixture_sync_all(f);
        say(f, writer, i);
        if (second > 0 && i % second == 0) say(f, author, 10000 + i);
        circle_fixture_sync_all(f);
    }
}

static size_t read_of(struct circle_fixture *f, size_t node, uint32_t from, uint32_t count)
{
    size_t read = 0;
    for (uint32_t i = from; i < from + count; i++)
        read += reads(f, node, i);
    return read;
}

/* Who adds somebody seals to her what there is to read, not what somebody made without use. */
static void test_epochs(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 901);
    const uint32_t unused = (uint32_t)test_scale(300, 100);
    used_epochs(f, 0, 0, 200, 34, 0); /* of node 0 alone, who adds */
    used_epochs(f, 2, 2, 400, 34, 0); /* of another one alone */
    used_epochs(f, 1, 2, 0, 20, 1);
    for (uint32_t i = 0; i < unused; i++)
        epoch_by(f, 1, 3, 1000 + i);
    for (uint32_t i = 0; i < 40; i++)
        epoch_by(f, 1, 3, i % 2); /* the same keys again */
    circle_fixture_sync_all(f);
    const size_t before = logs_of(f, 0) + 1; /* for what is worth it */
    const size_t newcomer = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, newcomer);
    circle_fixture_sync_all(f);
    assert_true(logs_of(f, 0) <= before + 1);
    assert_int_equal(read_of(f, newcomer, 200, 34), 34);
    assert_int_equal(read_of(f, newcomer, 402, 32), 32); /* the newest */
    assert_int_equal(read_of(f, newcomer, 0, 20), 20);
    for (uint32_t i = 0; i < 20; i++)
        assert_true(reads(f, newcomer, 10000 + i));
    say(f, newcomer, 5000);
    circle_fixture_sync_all(f);
    assert_true(reads(f, 0, 5000) && reads(f, 2, 5000));
    circle_fixture_destroy(f);
}

/* As large as one may be: so that there is more of them than a stranger may show. */
static void large_control(struct circle_fixture *f, size_t by, uint32_t number)
{
    static struct vl_seal seals[195];
    static struct vl_id cites[210];
    struct vl_id id;
    for (uint32_t i = 0; i < 195; i++)
        put_number(seals[i].recipient, i);
    for (uint32_t i = 0; i < 210; i++)
        put_number(cites[i].bytes, i);
    struct vl_control control = {.kind = VL_CONTROL_EPOCH,
                                 .seals = seals,
                                 .seal_count = 195,
                                 .cites = cites,
                                 .cite_count = 210};
    put_number(control.key_id.bytes, number);
    ok(vl_replica_control(f->nodes[by].replica, &control, f->now, &id));
}

static void test_newcomers(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 902);
    struct session_pair pair;
    struct vl_id me;
    for (uint32_t i = 0; i < LARGE; i++)
        large_control(f, 2, i);
    circle_fixture_sync_all(f);
    const size_t newcomer = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, newcomer);
    session_pair_init(&pair, f, 0, newcomer);
    session_pair_run(&pair);
    assert_true(vl_session_in_sync(pair.sides[0]) && vl_session_in_sync(pair.sides[1]));
    session_pair_finish(&pair);
    ok(vl_replica_me(f->nodes[newcomer].replica, &me));
    circle_fixture_destroy(f);
}

/* What another wrote meanwhile, under an epoch made without knowing of her, is still given to her.
 */
static void test_owed(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 905);
    for (uint32_t i = 0; i < 60; i++)
        epoch_by(f, 1, 3, 1000 + i);
    circle_fixture_sync_all(f);
    epoch_by(f, 2, 3, 9998);
    circle_fixture_sync_all(f); /* known to who adds her, and nobody wrote under it yet */
    say(f, 2, 2);
    epoch_by(f, 0, 3, 9997);
    epoch_by(f, 2, 3, 9999);
    say(f, 2, 1);
    const size_t newcomer = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, newcomer);
    circle_fixture_sync_all(f);
    for (uint32_t i = 0; i < 20; i++) {
        say(f, 0, 100 + i);
        circle_fixture_sync_all(f);
    }
    assert_true(reads(f, newcomer, 119));
    assert_true(reads(f, newcomer, 1) && reads(f, newcomer, 2));
    circle_fixture_destroy(f);
}

/* An epoch was passed over, since nothing was under it; then words come that are, and nothing else.
 */
static void test_late_words(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 907);
    epoch_by(f, 2, 3, 7000);
    circle_fixture_sync_all(f);
    epoch_by(f, 1, 3, 7001);
    (void)circle_fixture_pull(f, 0, 1);
    const size_t newcomer = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, newcomer);
    say(f, 0, 1); /* weighed, and passed over */
    say(f, 2, 2); /* 2 has heard of neither */
    assert_int_equal(circle_fixture_pull(f, 0, 2), 1);
    say(f, 0, 3);
    circle_fixture_sync_all(f);
    assert_true(reads(f, newcomer, 1) && reads(f, newcomer, 3));
    assert_true(reads(f, newcomer, 2));
    circle_fixture_destroy(f);
}

static vl_result count_seals(void *context, const struct vl_entry_row *row)
{
    struct vl_control control = {0};
    if (vl_control_decode(row->entry.blob, &control) == VL_OK)
        *(size_t *)context += control.kind == VL_CONTROL_SEAL;
    vl_control_finish(&control);
    return VL_OK;
}

static size_t seals_at(struct circle_fixture *f, size_t node)
{
    const struct vl_storage *storage = &f->nodes[node].storage;
    struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTROL};
    size_t count = 0;
    ok(storage->entry_scan(storage->self, &scan, count_seals, &count));
    return count;
}

/* A key of nobody's is no second person. */
static void test_two_by_oneself(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 906);
    const size_t device = circle_fixture_stranger(f);
    struct vl_enrolment claim;
    vl_enrolment_sign(f->nodes[device].keys, &f->id, &f->nodes[2].person, &claim);
    const struct vl_control add = {.kind = VL_CONTROL_ADD,
                                   .target = f->nodes[2].person,
                                   .enrolments = &claim,
                                   .enrolment_count = 1};
    struct vl_id id;
    ok(forged_control(f, 1, &add, &id));
    for (uint32_t i = 0; i < 60; i++) {
        epoch_by(f, 1, 3, i);
        say(f, 1, i);
    }
    struct vl_epoch_info epochs[100];
    size_t count = vl_replica_epochs(f->nodes[1].replica, epochs, 100);
    struct vl_entry_header header = forged_first(f, 1, 77);
    memcpy(header.sign_key, f->nodes[device].keys->card.sign, sizeof header.sign_key);
    vl_log_id(header.sign_key, header.incarnation, &header.log);
    header.kind = VL_ENTRY_CONTENT;
    for (size_t i = 0; i < count; i++) {
        header.epoch_key = epochs[i].key_id;
        ok(forged_give(f, device, &header, vl_bytes_text("no such blob"), 1, &id));
        header.prev = id;
        header.seq++;
        header.lamport++;
        header.link_count = 0;
        memset(header.sign_key, 0, sizeof header.sign_key);
        memset(header.incarnation, 0, sizeof header.incarnation);
    }
    circle_fixture_sync_all(f);
    const size_t newcomer = circle_fixture_stranger(f), before = seals_at(f, 0);
    circle_fixture_add(f, 0, newcomer);
    assert_true(seals_at(f, 0) - before <= 34); /* 32 of hers, the newest, and one of others' */
    circle_fixture_destroy(f);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tombstones), cmocka_unit_test(test_owed),
        cmocka_unit_test(test_late_words), cmocka_unit_test(test_two_by_oneself),
        cmocka_unit_test(test_epochs),     cmocka_unit_test(test_newcomers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
