/* Entries for some devices only: who has a box reads it, nobody else, in no other place; everybody
 * keeps it, passes it on and has the same digest. */
#include "sync/blob.h"
#include "tests/support/circle_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <veillee/sealed.h>

#define PEOPLE 10u

struct people {
    struct vl_device_keys *keys[PEOPLE];
    struct vl_device_card cards[VL_SEALED_BOXES_MAX + 1];
};

static int make_people(void **state)
{
    struct people *people = calloc(1, sizeof *people);
    if (people == NULL) return -1;
    for (size_t i = 0; i < PEOPLE; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        if (vl_device_keys_from_seed(seed, &people->keys[i]) != VL_OK) return -1;
    }
    for (size_t i = 0; i < VL_SEALED_BOXES_MAX + 1; i++)
        people->cards[i] = people->keys[i % PEOPLE]->card;
    *state = people;
    return 0;
}

static int forget_people(void **state)
{
    struct people *people = *state;
    for (size_t i = 0; i < PEOPLE; i++)
        vl_device_keys_destroy(people->keys[i]);
    free(people);
    return 0;
}

static struct vl_entry_header place_of(uint8_t number)
{
    struct vl_entry_header place = {.kind = VL_ENTRY_SEALED, .seq = number};
    memset(place.circle.bytes, number, 32);
    memset(place.log.bytes, number + 1, 32);
    memset(place.epoch_key.bytes, number + 2, 32);
    return place;
}

static struct vl_buffer seal(const struct people *people, size_t first, size_t count,
                             const char *text)
{
    struct vl_entry_header place = place_of(1);
    struct vl_buffer blob = {0};
    assert_int_equal(
        vl_sealed_seal(vl_bytes_text(text), &people->cards[first], count, &place, &blob), VL_OK);
    return blob;
}

static vl_result open_at(const struct vl_buffer *blob, const struct vl_entry_header *place,
                         const struct vl_device_keys *keys, const char *expected)
{
    struct vl_buffer body = {0};
    vl_result result = vl_sealed_open(vl_buffer_view(blob), place, keys, &body);
    if (result == VL_OK)
        assert_true(vl_bytes_equal(vl_buffer_view(&body), vl_bytes_text(expected)));
    else
        assert_int_equal(body.size, 0);
    vl_buffer_finish(&body);
    return result;
}

static void only_recipients_open(void **state)
{
    const struct people *people = *state;
    struct vl_entry_header place = place_of(1);
    struct vl_buffer blob = seal(people, 2, 5, "un mot");
    for (size_t i = 0; i < PEOPLE; i++)
        assert_int_equal(open_at(&blob, &place, people->keys[i], "un mot"),
                         i >= 2 && i < 7 ? VL_OK : VL_ERR_NO_KEY);
    assert_null(memmem(blob.data, blob.size, "un mot", 6));
    for (size_t i = 0; i < PEOPLE; i++) /* nothing public of anybody stands in it */
        for (size_t at = 0; at < 96; at += 32)
            assert_null(memmem(blob.data, blob.size, (const uint8_t *)&people->cards[i] + at, 32));
    vl_buffer_finish(&blob);
}

static void the_number_of_recipients_is_a_step(void **state)
{
    const struct people *people = *state;
    size_t sizes[10];
    for (size_t count = 1; count <= 9; count++) {
        struct vl_buffer blob = seal(people, 0, count, "a");
        sizes[count] = blob.size;
        vl_buffer_finish(&blob);
    }
    for (size_t count = 2; count <= 8; count++)
        assert_int_equal(sizes[count], sizes[1]);
    assert_int_equal(sizes[9], sizes[8] + VL_SEALED_STEP * VL_SEALED_BOX_BYTES);
}

static void what_no_honest_program_seals_does_not_open(void **state)
{
    const struct people *people = *state;
    const struct vl_entry_header place = place_of(1);
    struct vl_buffer blob = seal(people, 0, 3, "ici");
    const uint8_t steps = blob.data[64];
    for (size_t size = 0; size < blob.size; size += 7) {
        struct vl_buffer cut = {.data = blob.data, .size = size};
        vl_result result = open_at(&cut, &place, people->keys[0], "");
        assert_true(result == VL_ERR_NOT_CANONICAL || result == VL_ERR_DECRYPT);
    }
    blob.data[64] = 0; /* no box at all */
    assert_int_equal(open_at(&blob, &place, people->keys[0], ""), VL_ERR_NOT_CANONICAL);
    blob.data[64] = VL_SEALED_BOXES_MAX / VL_SEALED_STEP + 1; /* more than there may be */
    assert_int_equal(open_at(&blob, &place, people->keys[0], ""), VL_ERR_NOT_CANONICAL);
    blob.data[64] = steps;
    memset(blob.data, 0, 32); /* a key of low order: what it gives anybody can know */
    assert_int_equal(open_at(&blob, &place, people->keys[0], ""), VL_ERR_NO_KEY);
    vl_buffer_finish(&blob);
}

/* Her box opens, to another secret than the others get and the commitment names. */
static void a_box_with_another_secret_has_no_effect(void **state)
{
    const struct people *people = *state;
    const struct vl_entry_header place = place_of(1);
    const struct vl_device_card *card = &people->cards[0];
    uint8_t ephemeral[32] = {9}, shared[32], key[32], secret[32] = {1}, bound[PLACE_BYTES_MAX];
    static const uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
    struct vl_buffer blob = seal(people, 0, 1, "ici");
    uint8_t *commitment = blob.data + 32, *box = blob.data + 65;
    (void)crypto_scalarmult_base(blob.data, ephemeral);
    memset(commitment, 7, 32);
    assert_int_equal(crypto_scalarmult(shared, ephemeral, card->seal), 0);
    struct vl_bytes parts[] = {vl_bytes(blob.data, 32), vl_bytes(card->seal, 32)};
    vl_derive_key(VL_DOMAIN_SEALED_BOX, shared, parts, 2, key);
    size_t size = place_bytes(VL_DOMAIN_SEALED_BOX, &place, bound);
    memcpy(bound + size, commitment, 32);
    memcpy(bound + size + 32, card->sign, 32);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(box, NULL, secret, 32, bound, size + 64, NULL,
                                                     nonce, key);
    assert_int_equal(open_at(&blob, &place, people->keys[0], ""), VL_ERR_DECRYPT);
    assert_int_equal(open_at(&blob, &place, people->keys[1], ""), VL_ERR_NO_KEY);
    vl_buffer_finish(&blob);
}

static void it_opens_in_no_other_place(void **state)
{
    const struct people *people = *state;
    const struct vl_entry_header right = place_of(1), wrong = place_of(2);
    struct vl_buffer blob = seal(people, 0, 3, "ici");
    for (unsigned part = 0; part < 4; part++) {
        struct vl_entry_header place = right;
        if (part == 0) place.circle = wrong.circle;
        if (part == 1) place.log = wrong.log;
        if (part == 2) place.seq = wrong.seq;
        if (part == 3) place.epoch_key = wrong.epoch_key;
        assert_int_equal(open_at(&blob, &place, people->keys[0], ""), VL_ERR_NO_KEY);
    }
    struct vl_device_keys *other = people->keys[5]; /* her box key, but another device */
    struct vl_device_keys *mixed = NULL;
    uint8_t seed[32] = {1};
    assert_int_equal(vl_device_keys_from_seed(seed, &mixed), VL_OK);
    assert_int_equal(open_at(&blob, &right, mixed, "ici"), VL_OK);
    memcpy(mixed->card.sign, other->card.sign, sizeof mixed->card.sign);
    assert_int_equal(open_at(&blob, &right, mixed, "ici"), VL_ERR_NO_KEY);
    vl_device_keys_destroy(mixed);
    vl_buffer_finish(&blob);
}

static void every_changed_bit_is_seen(void **state)
{
    const struct people *people = *state;
    const struct vl_entry_header place = place_of(1);
    struct vl_buffer blob = seal(people, 0, 1, "mot");
    size_t boxes = 65, body = boxes + VL_SEALED_STEP * VL_SEALED_BOX_BYTES, missed = 0;
    for (size_t i = 0; i < blob.size; i++) {
        blob.data[i] ^= 0x40;
        vl_result result = open_at(&blob, &place, people->keys[0], "mot");
        if (i < boxes || i >= body) assert_int_not_equal(result, VL_OK);
        missed += result == VL_OK;
        blob.data[i] ^= 0x40;
    }
    /* only what fills up the boxes may be another: the entry's hash holds it */
    assert_int_equal(missed, (VL_SEALED_STEP - 1) * VL_SEALED_BOX_BYTES);
    for (size_t size = 0; size < blob.size; size++) {
        struct vl_buffer cut = {.data = blob.data, .size = size};
        assert_int_not_equal(open_at(&cut, &place, people->keys[0], "mot"), VL_OK);
    }
    vl_buffer_finish(&blob);
}

/* A recipient's box into another author's blob: its secret is not what that blob commits to. */
static void a_box_moves_into_no_other_blob(void **state)
{
    const struct people *people = *state;
    const struct vl_entry_header place = place_of(1);
    struct vl_buffer one = seal(people, 0, 1, "one"), two = seal(people, 1, 1, "two");
    memcpy(two.data + 65, one.data + 65, VL_SEALED_STEP * VL_SEALED_BOX_BYTES);
    assert_int_equal(open_at(&two, &place, people->keys[0], ""), VL_ERR_NO_KEY);
    memcpy(two.data, one.data, 32); /* with the ephemeral key */
    assert_int_equal(open_at(&two, &place, people->keys[0], ""), VL_ERR_NO_KEY);
    memcpy(two.data, one.data, 64); /* and the commitment: then the body is another's */
    assert_int_equal(open_at(&two, &place, people->keys[0], ""), VL_ERR_DECRYPT);
    vl_buffer_finish(&one);
    vl_buffer_finish(&two);
}

static void limits_hold(void **state)
{
    const struct people *people = *state;
    const struct vl_entry_header place = place_of(1);
    static uint8_t body[VL_SEALED_BODY_BYTES_MAX + 1];
    struct vl_buffer blob = {0}, opened = {0};
    struct vl_bytes most = vl_bytes(body, VL_SEALED_BODY_BYTES_MAX);
    assert_int_equal(vl_sealed_seal(most, people->cards, VL_SEALED_BOXES_MAX, &place, &blob),
                     VL_OK);
    assert_in_range(blob.size, VL_SEALED_BODY_BYTES_MAX, VL_BLOB_BYTES_MAX);
    assert_int_equal(vl_sealed_open(vl_buffer_view(&blob), &place, people->keys[7], &opened),
                     VL_OK);
    assert_int_equal(opened.size, VL_SEALED_BODY_BYTES_MAX);
    size_t before = blob.size;
    most.size++;
    assert_int_equal(vl_sealed_seal(most, people->cards, 1, &place, &blob), VL_ERR_TOO_LARGE);
    most.size = 1;
    assert_int_equal(vl_sealed_seal(most, people->cards, VL_SEALED_BOXES_MAX + 1, &place, &blob),
                     VL_ERR_LIMIT);
    assert_int_equal(vl_sealed_seal(most, people->cards, 0, &place, &blob), VL_ERR_INVALID);
    struct vl_device_card low = people->cards[0];
    memset(low.seal, 0, sizeof low.seal); /* of low order: no box can be made */
    assert_int_equal(vl_sealed_seal(most, &low, 1, &place, &blob), VL_ERR_INVALID);
    assert_int_equal(blob.size, before);
    vl_buffer_finish(&blob);
    vl_buffer_finish(&opened);
}

/* ---- in a circle ---- */

static vl_result write_to(struct circle_fixture *f, size_t by, const struct vl_id *persons,
                          size_t count, uint64_t record, const char *text, struct vl_id *id)
{
    struct vl_operation op = {.type = 5,
                              .record = fixture_record(record),
                              .field = 2,
                              .opcode = VL_OP_REGISTER_SET,
                              .value = vl_bytes_text(text)};
    return vl_replica_write_to(f->nodes[by].replica, &op, 1, persons, count, f->now, id);
}

static bool reads(struct circle_fixture *f, size_t node, uint64_t record, const char *text)
{
    struct vl_cell_key key = {5 + VL_TYPE_SEALED, fixture_record(record), 2, VL_FIELD_REGISTER};
    struct vl_buffer cell = {0};
    struct vl_cell_value value;
    size_t count = 0;
    vl_result result = vl_replica_cell(f->nodes[node].replica, &key, &cell);
    if (result == VL_OK) {
        assert_int_equal(
            vl_cell_values(VL_FIELD_REGISTER, vl_buffer_view(&cell), &value, 1, &count), VL_OK);
        assert_true(vl_bytes_equal(value.value, vl_bytes_text(text)));
    }
    vl_buffer_finish(&cell);
    return count == 1;
}

static uint64_t verified_sealed(struct circle_fixture *f, size_t node)
{
    struct vl_verify_report report;
    struct vl_id bad, digest = circle_fixture_digest(f, node);
    assert_int_equal(vl_replica_verify(f->nodes[node].replica, &report, &bad), VL_OK);
    assert_true(vl_id_equal(&digest, &report.digest));
    assert_int_equal(report.unmerged, 0);
    return report.sealed;
}

static void a_word_to_one_goes_by_way_of_others(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 11);
    struct vl_buffer body = {0};
    struct vl_id id;
    assert_int_equal(write_to(f, 1, &f->nodes[0].person, 1, 1, "pour toi", &id), VL_OK);
    circle_fixture_pull(f, 2, 1); /* 1 and 0 never meet */
    circle_fixture_pull(f, 0, 2);
    assert_true(reads(f, 0, 1, "pour toi"));
    assert_true(reads(f, 1, 1, "pour toi"));
    assert_false(reads(f, 2, 1, ""));
    assert_int_equal(vl_replica_entry_body(f->nodes[2].replica, &id, &body), VL_ERR_NO_KEY);
    assert_int_equal(vl_replica_entry_body(f->nodes[0].replica, &id, &body), VL_OK);
    circle_fixture_sync_all(f);
    assert_true(circle_fixture_agree(f)); /* heads and digest, though only two can read */
    assert_int_equal(verified_sealed(f, 0), 0);
    assert_int_equal(verified_sealed(f, 2), 1);
    circle_fixture_reopen(f, 0);
    circle_fixture_reopen(f, 2);
    assert_true(reads(f, 0, 1, "pour toi"));
    assert_false(reads(f, 2, 1, ""));
    vl_buffer_finish(&body);
    circle_fixture_destroy(f);
}

static void what_is_sealed_leaves_the_open_record_alone(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 12);
    struct vl_record_id record = fixture_record(1);
    struct vl_id id, before;
    circle_fixture_set(f, 0, 5, &record, 2, "open");
    circle_fixture_sync_all(f);
    before = circle_fixture_digest(f, 2);
    assert_int_equal(write_to(f, 1, &f->nodes[0].person, 1, 1, "sealed", &id), VL_OK);
    circle_fixture_sync_all(f);
    for (size_t i = 0; i < 3; i++) {
        struct vl_id now = circle_fixture_digest(f, i);
        assert_true(vl_id_equal(&before, &now));
    }
    circle_fixture_destroy(f);
}

static void a_removed_person_gets_nothing_more(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 13);
    struct vl_control remove = {.kind = VL_CONTROL_REMOVE, .target = f->nodes[3].person};
    struct vl_id both[] = {f->nodes[0].person, f->nodes[3].person}, id;
    assert_int_equal(write_to(f, 1, both, 2, 1, "before", &id), VL_OK);
    circle_fixture_sync_all(f);
    assert_true(reads(f, 3, 1, "before"));
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &remove, f->now, &id), VL_OK);
    circle_fixture_pull(f, 1, 0);
    assert_int_equal(write_to(f, 1, both, 2, 2, "after", &id), VL_ERR_NOT_FOUND);
    assert_int_equal(write_to(f, 1, both, 1, 2, "after", &id), VL_OK); /* under a new epoch */
    circle_fixture_pull(f, 0, 1);
    circle_fixture_pull(f, 3, 1);
    assert_true(reads(f, 0, 1, "before"));
    assert_true(reads(f, 0, 2, "after"));
    assert_false(reads(f, 3, 2, ""));
    struct vl_id nobody = {{9}};
    assert_int_equal(write_to(f, 1, &nobody, 1, 3, "x", &id), VL_ERR_NOT_FOUND);
    assert_int_equal(write_to(f, 1, NULL, 0, 4, "to myself", &id), VL_OK);
    assert_true(reads(f, 1, 4, "to myself"));
    circle_fixture_destroy(f);
}

/* A member who copies somebody's blob into an entry of her own shows nothing to anybody. */
static void a_copied_blob_stays_unread(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 14);
    struct vl_entry_header header;
    struct entry_run run = {0};
    struct vl_head heads[16];
    struct vl_id id, own, forged;
    size_t stored, count;
    assert_int_equal(write_to(f, 1, &f->nodes[0].person, 1, 1, "secret", &id), VL_OK);
    struct vl_record_id record = fixture_record(2);
    own = circle_fixture_set(f, 2, 5, &record, 2, "mine");
    circle_fixture_sync_all(f);
    assert_int_equal(vl_replica_heads(f->nodes[2].replica, heads, 16, &count), VL_OK);
    size_t from = 0, of = 0;
    for (size_t i = 0; i < count; i++) {
        if (vl_id_equal(&heads[i].id, &id)) from = i;
        if (vl_id_equal(&heads[i].id, &own)) of = i;
    }
    struct entry_run theirs = circle_fixture_run(f, 0, &heads[from].log, heads[from].seq, 1);
    struct entry_run mine = circle_fixture_run(f, 0, &heads[of].log, heads[of].seq, 1);
    assert_int_equal(vl_entry_header_decode(theirs.items[0].header, &header), VL_OK);
    struct vl_entry_header next;
    assert_int_equal(vl_entry_header_decode(mine.items[0].header, &next), VL_OK);
    next.kind = VL_ENTRY_SEALED;
    next.epoch_key = header.epoch_key;
    next.seq++;
    next.prev = own;
    next.links[0] = id;
    next.link_count = 1;
    next.lamport = (header.lamport > next.lamport ? header.lamport : next.lamport) + 1;
    memset(next.sign_key, 0, sizeof next.sign_key);
    memset(next.incarnation, 0, sizeof next.incarnation);
    entry_run_forge(&run, &next, theirs.items[0].blob, f->nodes[2].keys, &forged);
    assert_int_equal(vl_replica_receive(f->nodes[0].replica, run.items, 1, &stored), VL_OK);
    assert_int_equal(stored, 1);
    struct vl_buffer body = {0};
    assert_int_equal(vl_replica_entry_body(f->nodes[0].replica, &forged, &body), VL_ERR_NO_KEY);
    assert_int_equal(verified_sealed(f, 0), 1);
    vl_buffer_finish(&body);
    entry_run_finish(&run);
    entry_run_finish(&theirs);
    entry_run_finish(&mine);
    circle_fixture_destroy(f);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_recipients_open),
        cmocka_unit_test(what_no_honest_program_seals_does_not_open),
        cmocka_unit_test(a_box_with_another_secret_has_no_effect),
        cmocka_unit_test(the_number_of_recipients_is_a_step),
        cmocka_unit_test(it_opens_in_no_other_place),
        cmocka_unit_test(every_changed_bit_is_seen),
        cmocka_unit_test(a_box_moves_into_no_other_blob),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(a_word_to_one_goes_by_way_of_others),
        cmocka_unit_test(what_is_sealed_leaves_the_open_record_alone),
        cmocka_unit_test(a_removed_person_gets_nothing_more),
        cmocka_unit_test(a_copied_blob_stays_unread),
    };
    return cmocka_run_group_tests(tests, make_people, forget_people);
}
