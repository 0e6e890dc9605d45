/* Bodies of control entries: one form each, lists sorted, signatures for one circle and author. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include <veillee/control.h>

static struct vl_device_keys *author, *second;
static struct vl_id circle;

#define MANY (VL_TOMBSTONE_MAX + 1) /* more than any list may hold */
static struct vl_enrolment enrolments[VL_ENROLMENTS_MAX + 1];
static struct vl_seal seals[VL_SEALS_MAX + 1];
static struct vl_id ids[MANY];

static int setup(void **state)
{
    (void)state;
    if (vl_device_keys_create(&author) != VL_OK || vl_device_keys_create(&second) != VL_OK) {
        return -1;
    }
    for (size_t i = 0; i < MANY; i++) {
        ids[i].bytes[0] = (uint8_t)(i >> 8);
        ids[i].bytes[1] = (uint8_t)i;
    }
    for (size_t i = 0; i <= VL_SEALS_MAX; i++) {
        memcpy(seals[i].recipient, ids[i].bytes, 32);
        memset(seals[i].box, (int)i, sizeof seals[i].box);
    }
    for (size_t i = 0; i <= VL_ENROLMENTS_MAX; i++) {
        memcpy(enrolments[i].card.sign, ids[i].bytes, 32);
        memset(enrolments[i].card.noise, (int)i, 32);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vl_device_keys_destroy(author);
    vl_device_keys_destroy(second);
    return 0;
}

/* A body with the fields its kind has, of the smallest form. */
static struct vl_control sample(enum vl_control_kind kind)
{
    struct vl_control c = {.kind = kind};
    c.target = ids[300];
    switch (kind) {
    case VL_CONTROL_FOUND:
        memset(&c.target, 0, sizeof c.target);
        memset(c.random, 3, sizeof c.random);
        memset(c.second_signature, 4, sizeof c.second_signature);
        c.enrolments = enrolments, c.enrolment_count = 2;
        break;
    case VL_CONTROL_ADD:
    case VL_CONTROL_ADD_DEVICE:
    case VL_CONTROL_RESTORE: c.enrolments = enrolments, c.enrolment_count = 1; break;
    case VL_CONTROL_LEAVE:
    case VL_CONTROL_STEPDOWN: memset(&c.target, 0, sizeof c.target); break;
    case VL_CONTROL_EPOCH:
        memset(&c.target, 0, sizeof c.target);
        c.key_id = ids[2], c.seals = seals, c.seal_count = 2;
        break;
    case VL_CONTROL_SEAL: c.seals = seals, c.seal_count = 1; break;
    case VL_CONTROL_TOMBSTONE:
        memset(&c.target, 0, sizeof c.target);
        c.ids = ids, c.id_count = 3;
        break;
    default: break;
    }
    return c;
}

static void assert_same(const struct vl_control *a, const struct vl_control *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->is_private, b->is_private);
    assert_memory_equal(a->random, b->random, 32);
    assert_memory_equal(a->second_signature, b->second_signature, 64);
    assert_true(vl_id_equal(&a->target, &b->target) && vl_id_equal(&a->key_id, &b->key_id));
    assert_int_equal(a->enrolment_count, b->enrolment_count);
    assert_int_equal(a->seal_count, b->seal_count);
    assert_int_equal(a->id_count, b->id_count);
    assert_int_equal(a->cite_count, b->cite_count);
    for (size_t i = 0; i < a->enrolment_count; i++) {
        assert_memory_equal(&a->enrolments[i], &b->enrolments[i], sizeof a->enrolments[i]);
    }
    for (size_t i = 0; i < a->seal_count; i++) {
        assert_memory_equal(&a->seals[i], &b->seals[i], sizeof a->seals[i]);
    }
    for (size_t i = 0; i < a->id_count; i++) {
        assert_true(vl_id_equal(&a->ids[i], &b->ids[i]));
    }
    for (size_t i = 0; i < a->cite_count; i++) {
        assert_true(vl_id_equal(&a->cites[i], &b->cites[i]));
    }
}

static vl_result encode_result(const struct vl_control *c)
{
    struct vl_buffer out = {0};
    vl_result result = vl_control_encode(c, &out);
    if (result != VL_OK) assert_int_equal(out.size, 0);
    vl_buffer_finish(&out);
    return result;
}

static vl_result decode_result(struct vl_bytes bytes)
{
    struct vl_control read = {0};
    vl_result result = vl_control_decode(bytes, &read);
    vl_control_finish(&read);
    return result;
}

static void check_round_trip(const struct vl_control *c)
{
    struct vl_buffer out = {0}, again = {0};
    struct vl_control read;
    assert_int_equal(vl_control_encode(c, &out), VL_OK);
    assert_int_equal(vl_control_decode(vl_buffer_view(&out), &read), VL_OK);
    assert_same(c, &read);
    assert_int_equal(vl_control_encode(&read, &again), VL_OK);
    assert_true(vl_bytes_equal(vl_buffer_view(&out), vl_buffer_view(&again)));
    vl_control_finish(&read);
    vl_control_finish(&read);

    for (size_t cut = 0; cut < out.size; cut++) {
        assert_int_equal(decode_result(vl_bytes(out.data, cut)), VL_ERR_TRUNCATED);
    }
    assert_int_equal(vl_buffer_append(&out, "", 1), VL_OK);
    assert_int_equal(decode_result(vl_buffer_view(&out)), VL_ERR_TRAILING);
    vl_buffer_finish(&out);
    vl_buffer_finish(&again);
}

static void test_every_kind_round_trips(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < VL_CONTROL_KIND_COUNT; kind++) {
        struct vl_control c = sample((enum vl_control_kind)kind);
        check_round_trip(&c);
        c.cites = ids, c.cite_count = 2;
        check_round_trip(&c);
    }
    struct vl_control alone = sample(VL_CONTROL_FOUND);
    alone.is_private = true;
    alone.enrolment_count = 1;
    memset(alone.second_signature, 0, 64);
    check_round_trip(&alone);
    struct vl_control empty = sample(VL_CONTROL_EPOCH);
    empty.seal_count = 0;
    check_round_trip(&empty);
    vl_control_finish(NULL);
}

static void test_the_wire_numbers(void **state)
{
    (void)state;
    static const char *const kinds[] = {"found",   "add",      "remove",     "demote",
                                        "promote", "endorse",  "vouch",      "vote",
                                        "leave",   "stepdown", "add-device", "remove-device",
                                        "restore", "epoch",    "seal",       "tombstone"};
    assert_int_equal(sizeof kinds / sizeof kinds[0], VL_CONTROL_KIND_COUNT);
    for (unsigned kind = 0; kind < VL_CONTROL_KIND_COUNT; kind++) {
        struct vl_control c = sample((enum vl_control_kind)kind);
        struct vl_buffer out = {0};
        assert_int_equal(vl_control_encode(&c, &out), VL_OK);
        assert_int_equal(out.data[0], kind);
        assert_string_equal(vl_control_kind_text((enum vl_control_kind)kind), kinds[kind]);
        vl_buffer_finish(&out);
    }
}

static void test_each_list_at_its_limit_and_one_past(void **state)
{
    (void)state;
    struct vl_control c = sample(VL_CONTROL_ADD);
    c.enrolment_count = VL_ENROLMENTS_MAX;
    assert_int_equal(encode_result(&c), VL_OK);
    c.enrolment_count++;
    assert_int_equal(encode_result(&c), VL_ERR_TOO_LARGE);

    c = sample(VL_CONTROL_SEAL);
    c.seal_count = VL_SEALS_MAX;
    check_round_trip(&c);
    c.seal_count++;
    assert_int_equal(encode_result(&c), VL_ERR_TOO_LARGE);

    c = sample(VL_CONTROL_TOMBSTONE);
    c.id_count = VL_TOMBSTONE_MAX;
    assert_int_equal(encode_result(&c), VL_OK);
    c.id_count++;
    assert_int_equal(encode_result(&c), VL_ERR_TOO_LARGE);

    c = sample(VL_CONTROL_LEAVE);
    c.cites = ids, c.cite_count = VL_CITES_MAX;
    assert_int_equal(encode_result(&c), VL_OK);
    c.cite_count++;
    assert_int_equal(encode_result(&c), VL_ERR_TOO_LARGE);

    c = sample(VL_CONTROL_SEAL); /* each list fits, the body does not fit a blob */
    c.seal_count = VL_SEALS_MAX;
    c.cites = ids, c.cite_count = VL_CITES_MAX;
    assert_int_equal(encode_result(&c), VL_ERR_TOO_LARGE);

    /* The same counts, read. */
    static const uint8_t add[1 + 32 + 1] = {VL_CONTROL_ADD, [33] = VL_ENROLMENTS_MAX + 1};
    assert_int_equal(decode_result(vl_bytes(add, sizeof add)), VL_ERR_TOO_LARGE);
    static const uint8_t seal[] = {VL_CONTROL_SEAL, [33] = 0xc9, [34] = 0x01};
    assert_int_equal(decode_result(vl_bytes(seal, sizeof seal)), VL_ERR_TOO_LARGE);
    static const uint8_t tombstone[] = {VL_CONTROL_TOMBSTONE, 0x81, 0x04};
    assert_int_equal(decode_result(vl_bytes(tombstone, 3)), VL_ERR_TOO_LARGE);
    static const uint8_t leave[] = {VL_CONTROL_LEAVE, 0x81, 0x02};
    assert_int_equal(decode_result(vl_bytes(leave, 3)), VL_ERR_TOO_LARGE);
    static const uint8_t many_promised[] = {VL_CONTROL_LEAVE, 0x80, 0x02};
    assert_int_equal(decode_result(vl_bytes(many_promised, 3)), VL_ERR_TRUNCATED);
    uint8_t *zeros = calloc(1, VL_BLOB_BYTES_MAX + 1);
    assert_int_equal(decode_result(vl_bytes(zeros, VL_BLOB_BYTES_MAX + 1)), VL_ERR_TOO_LARGE);
    free(zeros);
}

/* Swaps or doubles the first two items of `size` bytes at `at`. */
static void check_order(const struct vl_control *c, size_t at, size_t size)
{
    struct vl_buffer out = {0};
    uint8_t first[200];
    assert_int_equal(vl_control_encode(c, &out), VL_OK);
    assert_int_equal(decode_result(vl_buffer_view(&out)), VL_OK);
    assert_true(size <= sizeof first && at + 2 * size <= out.size);
    memcpy(first, out.data + at, size);
    memcpy(out.data + at, out.data + at + size, size);
    assert_int_equal(decode_result(vl_buffer_view(&out)), VL_ERR_NOT_CANONICAL); /* doubled */
    memcpy(out.data + at + size, first, size);
    assert_int_equal(decode_result(vl_buffer_view(&out)), VL_ERR_NOT_CANONICAL); /* swapped */
    vl_buffer_finish(&out);
}

static void test_lists_are_sorted_and_unique(void **state)
{
    (void)state;
    struct vl_control c = sample(VL_CONTROL_ADD);
    c.enrolment_count = 2;
    check_order(&c, 1 + 32 + 1, VL_ENROLMENT_BYTES);
    c = sample(VL_CONTROL_EPOCH);
    check_order(&c, 1 + 32 + 1, 112);
    c = sample(VL_CONTROL_TOMBSTONE);
    check_order(&c, 1 + 1, 32);
    c = sample(VL_CONTROL_STEPDOWN);
    c.cites = ids, c.cite_count = 2;
    check_order(&c, 1 + 1, 32);

    struct vl_id twice[2] = {ids[1], ids[1]};
    c.cites = twice;
    assert_int_equal(encode_result(&c), VL_ERR_NOT_CANONICAL);
}

static void test_other_forms_are_refused(void **state)
{
    (void)state;
    static const uint8_t unknown[] = {VL_CONTROL_KIND_COUNT, 0};
    assert_int_equal(decode_result(vl_bytes(unknown, 2)), VL_ERR_KIND);
    struct vl_control c = sample(VL_CONTROL_LEAVE);
    c.kind = VL_CONTROL_KIND_COUNT;
    assert_int_equal(encode_result(&c), VL_ERR_KIND);

    static const uint8_t add[1 + 32 + 2] = {VL_CONTROL_ADD}; /* no enrolment */
    assert_int_equal(decode_result(vl_bytes(add, sizeof add)), VL_ERR_NOT_CANONICAL);
    static const uint8_t tombstone[] = {VL_CONTROL_TOMBSTONE, 0, 0};
    assert_int_equal(decode_result(vl_bytes(tombstone, 3)), VL_ERR_NOT_CANONICAL);

    struct vl_buffer out = {0};
    c = sample(VL_CONTROL_FOUND);
    assert_int_equal(vl_control_encode(&c, &out), VL_OK);
    out.data[1] = 2; /* neither private nor not */
    assert_int_equal(decode_result(vl_buffer_view(&out)), VL_ERR_NOT_CANONICAL);
    out.data[1] = 0;
    size_t at = 1 + 1 + 32;
    memcpy(out.data + at + VL_ENROLMENT_BYTES, out.data + at, 32); /* both founders one key */
    assert_int_equal(decode_result(vl_buffer_view(&out)), VL_ERR_NOT_CANONICAL);
    vl_buffer_finish(&out);

    c.enrolment_count = 1; /* a circle begins with two */
    assert_int_equal(encode_result(&c), VL_ERR_NOT_CANONICAL);
    c.is_private = true;
    c.enrolment_count = 2; /* and a private space with one */
    assert_int_equal(encode_result(&c), VL_ERR_NOT_CANONICAL);
    c = sample(VL_CONTROL_LEAVE);
    c.seals = seals, c.seal_count = 1; /* a list that the kind has not */
    assert_int_equal(encode_result(&c), VL_ERR_NOT_CANONICAL);
    c = sample(VL_CONTROL_REMOVE);
    c.enrolments = enrolments, c.enrolment_count = 1;
    assert_int_equal(encode_result(&c), VL_ERR_NOT_CANONICAL);
}

static void founding(struct vl_control *c, struct vl_enrolment pair[2], bool is_private)
{
    static const uint8_t nobody[32];
    struct vl_id person;
    *c = (struct vl_control){.kind = VL_CONTROL_FOUND, .is_private = is_private};
    memset(c->random, 6, sizeof c->random);
    vl_circle_id(author->card.sign, is_private ? nobody : second->card.sign, c->random, &circle);
    vl_person_id(author->card.sign, &person);
    vl_enrolment_sign(author, &circle, &person, &pair[0]);
    vl_person_id(second->card.sign, &person);
    vl_enrolment_sign(second, &circle, &person, &pair[1]);
    c->enrolments = pair;
    c->enrolment_count = is_private ? 1 : 2;
    if (!is_private) vl_founding_sign(second, &circle, &author->card, c->second_signature);
}

static void test_a_founding_holds_for_its_circle_and_founders(void **state)
{
    (void)state;
    struct vl_enrolment pair[2];
    struct vl_control c;
    struct vl_id other, stranger;

    founding(&c, pair, false);
    assert_int_equal(vl_control_verify(&c, &circle, author->card.sign), VL_OK);
    assert_int_equal(vl_control_verify(&c, &circle, second->card.sign), VL_ERR_SIGNATURE);
    other = circle;
    other.bytes[0] ^= 1;
    assert_int_equal(vl_control_verify(&c, &other, author->card.sign), VL_ERR_CIRCLE);
    c.random[0] ^= 1;
    assert_int_equal(vl_control_verify(&c, &circle, author->card.sign), VL_ERR_CIRCLE);
    c.random[0] ^= 1;
    for (size_t i = 0; i < 64; i++) {
        c.second_signature[i] ^= 1;
        assert_int_equal(vl_control_verify(&c, &circle, author->card.sign), VL_ERR_SIGNATURE);
        c.second_signature[i] ^= 1;
    }
    /* An enrolment for another person than the key's own. */
    memset(stranger.bytes, 1, sizeof stranger.bytes);
    vl_enrolment_sign(second, &circle, &stranger, &pair[1]);
    assert_int_equal(vl_control_verify(&c, &circle, author->card.sign), VL_ERR_SIGNATURE);

    /* The second founder's signature over another circle, author, or by the author. */
    founding(&c, pair, false);
    vl_founding_sign(second, &other, &author->card, c.second_signature);
    assert_int_equal(vl_control_verify(&c, &circle, author->card.sign), VL_ERR_SIGNATURE);
    vl_founding_sign(second, &circle, &second->card, c.second_signature);
    assert_int_equal(vl_control_verify(&c, &circle, author->card.sign), VL_ERR_SIGNATURE);
    vl_founding_sign(author, &circle, &author->card, c.second_signature);
    assert_int_equal(vl_control_verify(&c, &circle, author->card.sign), VL_ERR_SIGNATURE);

    founding(&c, pair, true);
    assert_int_equal(vl_control_verify(&c, &circle, author->card.sign), VL_OK);
    assert_int_equal(vl_control_verify(&c, &other, author->card.sign), VL_ERR_CIRCLE);
}

static void test_enrolments_hold_for_the_named_person(void **state)
{
    (void)state;
    static const enum vl_control_kind kinds[] = {VL_CONTROL_ADD, VL_CONTROL_ADD_DEVICE,
                                                 VL_CONTROL_RESTORE};
    for (size_t i = 0; i < 3; i++) {
        struct vl_enrolment enrolment;
        struct vl_control c = {.kind = kinds[i], .enrolments = &enrolment, .enrolment_count = 1};
        struct vl_id elsewhere = ids[7];
        vl_person_id(second->card.sign, &c.target);
        vl_enrolment_sign(second, &circle, &c.target, &enrolment);
        assert_int_equal(vl_control_verify(&c, &circle, author->card.sign), VL_OK);
        assert_int_equal(vl_control_verify(&c, &elsewhere, author->card.sign), VL_ERR_SIGNATURE);
        c.target.bytes[0] ^= 1;
        assert_int_equal(vl_control_verify(&c, &circle, author->card.sign), VL_ERR_SIGNATURE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_round_trips),
        cmocka_unit_test(test_the_wire_numbers),
        cmocka_unit_test(test_each_list_at_its_limit_and_one_past),
        cmocka_unit_test(test_lists_are_sorted_and_unique),
        cmocka_unit_test(test_other_forms_are_refused),
        cmocka_unit_test(test_a_founding_holds_for_its_circle_and_founders),
        cmocka_unit_test(test_enrolments_hold_for_the_named_person),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, setup, teardown);
}
