/* Control entries as no honest program makes them: refused by name, or stored and harmless, and the
 * same on every copy. */
#include "tests/support/forged_entry.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/proof.h"

#define TYPE  7u
#define FIELD 3u

static struct vl_id say(struct circle_fixture *f, size_t by, uint64_t number)
{
    struct vl_record_id record = fixture_record(number);
    return circle_fixture_set(f, by, TYPE, &record, FIELD, "said");
}

static bool reads(struct circle_fixture *f, size_t node, struct vl_id id)
{
    struct vl_buffer body = {0};
    vl_result result = vl_replica_entry_body(f->nodes[node].replica, &id, &body);
    vl_buffer_finish(&body);
    return result == VL_OK;
}

static void assert_sound(struct circle_fixture *f)
{
    circle_fixture_sync_all(f);
    assert_true(circle_fixture_agree(f));
    for (size_t i = 0; i < f->count; i++) {
        struct vl_verify_report report;
        struct vl_id bad, digest = circle_fixture_digest(f, i);
        assert_int_equal(vl_replica_verify(f->nodes[i].replica, &report, &bad), VL_OK);
        circle_fixture_reopen(f, i);
        struct vl_id again = circle_fixture_digest(f, i);
        assert_true(vl_id_equal(&again, &digest));
    }
}

static void log_of(struct circle_fixture *f, size_t node, struct vl_id *log)
{
    struct vl_incarnation own;
    size_t count;
    assert_int_equal(vl_replica_incarnations(f->nodes[node].replica, f->nodes[node].keys->card.sign,
                                             &own, 1, &count),
                     VL_OK);
    assert_int_equal(count, 1);
    *log = own.log;
}

static int id_order(const void *a, const void *b)
{
    return vl_id_compare(a, b);
}

static void promote(struct circle_fixture *f, size_t person)
{
    struct vl_control body = {.kind = VL_CONTROL_PROMOTE, .target = f->nodes[person].person};
    struct vl_id id;
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &body, f->now, &id), VL_OK);
    circle_fixture_sync_all(f);
}

/* ---- keys ---- */

static void a_seal_of_no_epoch_does_nothing(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 81);
    struct vl_seal seal = {.box = {1}};
    struct vl_control control = {
        .kind = VL_CONTROL_SEAL, .target = {{9}}, .seals = &seal, .seal_count = 1};
    struct vl_id id;
    memcpy(seal.recipient, f->nodes[2].keys->card.sign, sizeof seal.recipient);
    assert_int_equal(vl_replica_control(f->nodes[1].replica, &control, f->now, &id),
                     VL_ERR_AUTHORITY);
    assert_int_equal(forged_control(f, 1, &control, &id), VL_OK);
    control.target = say(f, 1, 1); /* content is no epoch */
    assert_int_equal(forged_control(f, 1, &control, &id), VL_OK);
    assert_sound(f);
    say(f, 2, 2);
    assert_sound(f);
    circle_fixture_destroy(f);
}

static struct vl_control rubbish_epoch(struct circle_fixture *f, struct vl_seal *seals,
                                       size_t author, bool same_secret)
{
    struct vl_control control = {.kind = VL_CONTROL_EPOCH, .seals = seals, .seal_count = f->count};
    uint8_t secret[32] = {5};
    vl_epoch_key_id(&f->id, secret, &control.key_id);
    for (size_t i = 0; i < f->count; i++) {
        const struct vl_device_card *card = &f->nodes[i].keys->card;
        struct vl_seal seal;
        secret[0] = same_secret || i == author ? 5 : (uint8_t)(10 + i);
        memcpy(seal.recipient, card->sign, sizeof seal.recipient);
        assert_int_equal(vl_key_box_seal(secret, &f->id, &control.key_id, card,
                                         f->nodes[author].keys->card.sign, seal.box),
                         VL_OK);
        size_t at = i;
        for (; at > 0 && memcmp(seals[at - 1].recipient, seal.recipient, 32) > 0; at--)
            seals[at] = seals[at - 1];
        seals[at] = seal;
    }
    return control;
}

/* Boxes with another secret than the key id commits to, or with nothing: who gets one writes under
 * a key of her own, that all can read. */
static void a_box_that_lies_is_not_used(void **state)
{
    (void)state;
    for (int rubbish = 0; rubbish < 2; rubbish++) {
        struct circle_fixture *f = circle_fixture_create(3, 82);
        struct vl_seal seals[3];
        struct vl_control control = rubbish_epoch(f, seals, 1, false);
        struct vl_id id;
        for (size_t i = 0; rubbish && i < 3; i++)
            seals[i].box[40] ^= 1;
        assert_int_equal(forged_control(f, 1, &control, &id), VL_OK);
        circle_fixture_sync_all(f);
        struct vl_epoch_info epochs[8];
        size_t count = vl_replica_epochs(f->nodes[2].replica, epochs, 8);
        for (size_t i = 0; i < count; i++)
            assert_false(vl_id_equal(&epochs[i].key_id, &control.key_id));
        struct vl_id words = say(f, 2, 1);
        assert_sound(f);
        for (size_t i = 0; i < 3; i++)
            assert_true(reads(f, i, words));
        circle_fixture_destroy(f);
    }
}

/* A device whose key for boxes is of low order cannot read, and keeps nobody from writing. */
static void a_card_that_no_box_can_be_made_for(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 83);
    size_t weak = circle_fixture_stranger(f);
    struct vl_id id, person = f->nodes[weak].person;
    struct vl_enrolment enrolment;
    memset(f->nodes[weak].keys->card.seal, 0, sizeof f->nodes[weak].keys->card.seal);
    vl_enrolment_sign(f->nodes[weak].keys, &f->id, &person, &enrolment);
    assert_int_equal(vl_replica_add_person(f->nodes[0].replica, &enrolment, f->now, &id), VL_OK);
    struct vl_control remove = {.kind = VL_CONTROL_REMOVE, .target = f->nodes[2].person};
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &remove, f->now, &id), VL_OK);
    for (size_t by = 0; by < 2; by++) { /* under a new key */
        struct vl_id words = say(f, by, by);
        circle_fixture_sync_all(f);
        assert_true(reads(f, 0, words) && reads(f, 1, words));
        assert_false(reads(f, weak, words));
    }
    /* to her alone nothing can be sealed but for myself */
    struct vl_operation operation = {
        .type = TYPE, .field = FIELD, .opcode = VL_OP_SET_ADD, .value = vl_bytes_text("x")};
    assert_int_equal(
        vl_replica_write_to(f->nodes[0].replica, &operation, 1, &person, 1, f->now, &id), VL_OK);
    assert_true(reads(f, 0, id));
    assert_false(reads(f, weak, id));
    circle_fixture_destroy(f);
}

/* ---- enrolments ---- */

static void who_is_added_without_authority_is_no_device_of_the_circle(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 84);
    size_t stranger = circle_fixture_stranger(f);
    struct vl_enrolment enrolment = circle_fixture_enrolment(f, stranger);
    struct vl_control add = {.kind = VL_CONTROL_ADD,
                             .target = f->nodes[stranger].person,
                             .enrolments = &enrolment,
                             .enrolment_count = 1};
    struct vl_id id;
    struct vl_device_info device;
    assert_int_equal(forged_control(f, 2, &add, &id), VL_OK); /* 2 is no facilitator */
    circle_fixture_sync_all(f);
    assert_int_equal(
        vl_replica_device(f->nodes[0].replica, f->nodes[stranger].keys->card.sign, &device), VL_OK);
    assert_false(device.current);
    assert_int_equal(vl_replica_device_by_noise(f->nodes[0].replica,
                                                f->nodes[stranger].keys->card.noise, &device),
                     VL_OK);
    assert_false(device.current);
    /* the key is enrolled, so her log begins and is carried, and says nothing to anybody */
    struct vl_entry_header header = forged_next(f, 2);
    header.seq = 0;
    header.prev = (struct vl_id){0};
    header.kind = VL_ENTRY_CONTENT;
    header.epoch_key = (struct vl_id){{3}};
    header.link_count = 1;
    header.links[0] = id;
    header.auth_count = 1;
    header.auth[0] = id;
    memcpy(header.sign_key, f->nodes[stranger].keys->card.sign, sizeof header.sign_key);
    vl_log_id(header.sign_key, header.incarnation, &header.log);
    assert_int_equal(forged_give(f, stranger, &header, vl_bytes_text("x"), 0, &id), VL_OK);
    assert_int_equal(vl_replica_author(f->nodes[0].replica, &id, &device), VL_OK);
    assert_false(device.current);
    assert_sound(f);
    /* a facilitator adds her too: that one counts */
    circle_fixture_add(f, 0, stranger);
    circle_fixture_sync_all(f);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            vl_replica_device(f->nodes[i].replica, f->nodes[stranger].keys->card.sign, &device),
            VL_OK);
        assert_true(device.current);
    }
    assert_sound(f);
    circle_fixture_destroy(f);
}

/* Both facilitators add the same newcomer at once: one device, known once, of one person. */
static void a_newcomer_who_is_added_twice_is_one(void **state)
{
    (void)state;
    for (int later = 0; later < 2; later++) {
        struct circle_fixture *f = circle_fixture_create(3, 85);
        size_t newcomer = circle_fixture_stranger(f);
        const struct vl_device_keys *keys = f->nodes[newcomer].keys;
        promote(f, 1);
        if (later) say(f, 1, 1); /* its lamport number is higher */
        circle_fixture_add(f, 0, newcomer);
        circle_fixture_add(f, 1, newcomer);
        circle_fixture_sync_all(f);
        struct vl_device_info device;
        size_t found = 0;
        for (size_t at = 0; vl_replica_device_at(f->nodes[2].replica, at, &device) == VL_OK; at++)
            found += memcmp(device.card.sign, keys->card.sign, 32) == 0;
        assert_int_equal(found, 1);
        assert_int_equal(vl_replica_device_by_noise(f->nodes[2].replica, keys->card.noise, &device),
                         VL_OK);
        assert_true(device.current);
        struct vl_id words = say(f, newcomer, 2);
        assert_sound(f);
        assert_true(reads(f, 2, words));
        circle_fixture_destroy(f);
    }
}

/* A key that is a person's first, and that another person claims for a device of hers at once. */
static void a_key_that_two_persons_claim_is_nobodys(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 86);
    size_t newcomer = circle_fixture_stranger(f);
    const struct vl_device_keys *keys = f->nodes[newcomer].keys;
    struct vl_enrolment claim;
    struct vl_id id;
    struct vl_device_info device;
    vl_enrolment_sign(keys, &f->id, &f->nodes[2].person, &claim);
    struct vl_control add = {.kind = VL_CONTROL_ADD_DEVICE,
                             .target = f->nodes[2].person,
                             .enrolments = &claim,
                             .enrolment_count = 1};
    assert_int_equal(vl_replica_control(f->nodes[2].replica, &add, f->now, &id), VL_OK);
    circle_fixture_add(f, 0, newcomer);
    circle_fixture_sync_all(f);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(vl_replica_device(f->nodes[i].replica, keys->card.sign, &device), VL_OK);
        assert_false(device.current);
    }
    /* her own log begins all the same, and what she adds in it has no effect */
    struct vl_operation operation = {
        .type = TYPE, .field = FIELD, .opcode = VL_OP_SET_ADD, .value = vl_bytes_text("x")};
    assert_int_equal(vl_replica_write(f->nodes[newcomer].replica, &operation, 1, f->now, &id),
                     VL_ERR_NO_KEY);
    struct vl_entry_header header = forged_first(f, 0, 5);
    struct vl_control again = {
        .kind = VL_CONTROL_ADD_DEVICE, .enrolments = &claim, .enrolment_count = 1};
    struct vl_buffer body = {0};
    again.target = f->nodes[2].person;
    memcpy(header.sign_key, keys->card.sign, sizeof header.sign_key);
    vl_log_id(header.sign_key, header.incarnation, &header.log);
    assert_int_equal(vl_control_encode(&again, &body), VL_OK);
    vl_result result = forged_give(f, newcomer, &header, vl_buffer_view(&body), 0, &id);
    assert_true(result == VL_OK || result == VL_ERR_SIGNATURE);
    vl_buffer_finish(&body);
    assert_sound(f);
    circle_fixture_destroy(f);
}

/* ---- where entries stand ---- */

static void a_founding_stands_first_and_alone(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 87);
    struct vl_id log, id;
    vl_log_id(f->nodes[0].keys->card.sign, f->random, &log);
    struct entry_run founding = circle_fixture_run(f, 0, &log, 0, 1);
    struct vl_bytes body = founding.items[0].blob;
    struct vl_entry_header header = forged_next(f, 0); /* in the middle of a log */
    assert_int_equal(forged_give(f, 0, &header, body, 1, &id), VL_ERR_AUTHORITY);
    header = forged_first(f, 0, 9); /* behind something */
    assert_true(header.link_count > 0 && header.auth_count > 0);
    assert_int_equal(forged_give(f, 0, &header, body, 1, &id), VL_ERR_AUTHORITY);
    /* by a stranger, behind something */
    size_t stranger = circle_fixture_stranger(f);
    memcpy(header.sign_key, f->nodes[stranger].keys->card.sign, sizeof header.sign_key);
    vl_log_id(header.sign_key, header.incarnation, &header.log);
    assert_int_equal(forged_give(f, stranger, &header, body, 1, &id), VL_ERR_AUTHORITY);
    /* a stranger's log that begins with another control entry */
    struct vl_control leave = {.kind = VL_CONTROL_LEAVE};
    struct vl_buffer other = {0};
    assert_int_equal(vl_control_encode(&leave, &other), VL_OK);
    assert_int_equal(forged_give(f, stranger, &header, vl_buffer_view(&other), 1, &id),
                     VL_ERR_AUTHORITY);
    vl_buffer_finish(&other);
    entry_run_finish(&founding);
    assert_sound(f);
    circle_fixture_destroy(f);
}

/* The same without a copy of the content: a stranger who proves, and adds a device by a key that
 * nobody enrolled. */
static void a_proof_has_no_authors_from_nowhere(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 88);
    size_t stranger = circle_fixture_stranger(f);
    const struct vl_device_keys *keys = f->nodes[stranger].keys;
    struct vl_enrolment claim = circle_fixture_enrolment(f, stranger);
    struct vl_control add = {
        .kind = VL_CONTROL_ADD_DEVICE, .enrolments = &claim, .enrolment_count = 1};
    struct vl_buffer body = {0};
    struct entry_run run = {0};
    struct vl_id id;
    struct proof *proof = NULL;
    add.target = f->nodes[stranger].person;
    struct vl_entry_header header = forged_first(f, 0, 3);
    memcpy(header.sign_key, keys->card.sign, sizeof header.sign_key);
    vl_log_id(header.sign_key, header.incarnation, &header.log);
    assert_int_equal(vl_control_encode(&add, &body), VL_OK);
    entry_run_forge(&run, &header, vl_buffer_view(&body), keys, &id);
    struct proof_item item = {.entry = run.items[0]};
    memcpy(item.author, keys->card.sign, sizeof item.author);
    assert_int_equal(proof_create(&proof, f->nodes[0].replica, VL_PROOF_BYTES_MAX), VL_OK);
    assert_int_equal(proof_add(proof, &item), VL_ERR_AUTHORITY);
    assert_int_equal(proof_noise_current(proof, keys->card.noise), VL_ERR_AUTHORITY);
    assert_int_equal(proof_sign_current(proof, keys->card.sign, NULL), VL_ERR_AUTHORITY);
    proof_destroy(proof);
    entry_run_finish(&run);
    vl_buffer_finish(&body);
    circle_fixture_destroy(f);
}

/* ---- cites ---- */

static void a_cited_control_entry_makes_nothing_count(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(4, 89);
    struct vl_id id, cite, unseen = say(f, 3, 1);
    struct vl_control vouch = {.kind = VL_CONTROL_VOUCH, .target = f->nodes[2].person};
    struct vl_control remove = {
        .kind = VL_CONTROL_REMOVE, .target = f->nodes[3].person, .cites = &cite, .cite_count = 1};
    assert_int_equal(vl_replica_control(f->nodes[1].replica, &vouch, f->now, &cite), VL_OK);
    circle_fixture_sync_all(f);
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &remove, f->now, &id), VL_OK);
    assert_sound(f);
    const struct vl_entry_row *row = memory_storage_entry(f->nodes[1].memory, &unseen);
    assert_int_equal(row->flags & VL_ENTRY_QUARANTINED, VL_ENTRY_QUARANTINED);
    circle_fixture_destroy(f);
}

/* At node 0, so many logs of rubbish by members from `first` on, none of whom is crowded. */
static void begin_logs(struct circle_fixture *f, size_t first, uint32_t count)
{
    struct vl_entry_header header = forged_first(f, first, 0);
    header.kind = VL_ENTRY_CONTENT;
    header.epoch_key = (struct vl_id){{3}};
    for (uint32_t i = 0; i < count; i++) {
        size_t member = first + i / (VL_PERSON_CHAINS_MAX - 4);
        struct vl_id id;
        memcpy(header.sign_key, f->nodes[member].keys->card.sign, sizeof header.sign_key);
        memcpy(header.incarnation, &i, sizeof i);
        vl_log_id(header.sign_key, header.incarnation, &header.log);
        assert_int_equal(forged_give(f, member, &header, vl_bytes_text("x"), 0, &id), VL_OK);
    }
}

/* More content stands apart than one entry cites: the newest go on counting. */
static void an_entry_cites_so_many(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(9, 90);
    struct vl_id id;
    begin_logs(f, 3, VL_CITES_MAX + 9);
    struct vl_control remove = {.kind = VL_CONTROL_REMOVE, .target = f->nodes[3].person};
    assert_int_equal(vl_replica_control(f->nodes[0].replica, &remove, f->now, &id), VL_OK);
    struct vl_control body;
    assert_int_equal(
        vl_control_decode(memory_storage_entry(f->nodes[0].memory, &id)->entry.blob, &body), VL_OK);
    assert_int_equal(body.cite_count, VL_CITES_MAX);
    vl_control_finish(&body);
    struct vl_verify_report report;
    assert_int_equal(vl_replica_verify(f->nodes[0].replica, &report, &id), VL_OK);
    circle_fixture_destroy(f);
}

/* ---- runs ---- */

static void a_run_is_of_one_log(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 93);
    static uint8_t large[VL_BLOB_BYTES_MAX + 4096];
    struct vl_replica *r = f->nodes[0].replica;
    struct vl_id log, other;
    size_t stored;
    say(f, 1, 1);
    say(f, 1, 2);
    say(f, 2, 3);
    log_of(f, 1, &log);
    log_of(f, 2, &other);
    struct entry_run run = circle_fixture_run(f, 1, &log, 0, 256);
    struct entry_run second = circle_fixture_run(f, 2, &other, 0, 256);
    assert_true(run.count >= 2 && second.count >= 1);
    /* nothing, and one that goes on with another log */
    assert_int_equal(vl_replica_receive_runs(r, NULL, 0), VL_OK);
    struct vl_entry mixed[2] = {run.items[0], second.items[0]};
    assert_int_equal(vl_replica_receive(r, mixed, 2, &stored), VL_ERR_PREV);
    assert_int_equal(stored, 1);
    /* two of one log: the second is judged by what was here before */
    struct vl_run runs[2] = {{.entries = run.items, .count = 2},
                             {.entries = run.items + 1, .count = run.count - 1}};
    assert_int_equal(vl_replica_receive_runs(r, runs, 2), VL_OK);
    assert_int_equal(runs[0].result, VL_OK);
    assert_int_equal(runs[0].stored, 2);
    assert_int_equal(runs[1].result, VL_ERR_GAP);
    assert_int_equal(runs[1].stored, 0);
    /* an entry that is too large, whatever its header says of the blob */
    struct vl_entry huge = run.items[0];
    huge.blob = vl_bytes(large, sizeof large);
    assert_int_equal(vl_replica_receive(r, &huge, 1, &stored), VL_ERR_TOO_LARGE);
    entry_run_finish(&run);
    entry_run_finish(&second);
    assert_sound(f);
    circle_fixture_destroy(f);
}

/* ---- many heads ---- */

/* More heads are open than one entry links: a newcomer's first entry links what enrolled her. */
static void a_newcomer_begins_among_many_heads(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(7, 91);
    begin_logs(f, 1, 8 * VL_LINKS_MAX);
    size_t newcomer = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, newcomer);
    assert_sound(f);
    struct vl_id words = say(f, newcomer, 1);
    assert_sound(f);
    for (size_t i = 0; i < f->count; i++)
        assert_true(reads(f, i, words));
    /* and everybody else, who links what is new first */
    for (size_t i = 0; i < 3; i++)
        words = say(f, i, 2 + i);
    assert_sound(f);
    circle_fixture_destroy(f);
}

/* More control entries stand side by side than one entry names: it names fewer, and the next the
 * rest. */
static void an_entry_names_so_many_control_entries(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(3, 92);
    struct vl_id id, target = {{7}};
    struct vl_control harmless = {.kind = VL_CONTROL_TOMBSTONE, .ids = &target, .id_count = 1};
    struct vl_buffer body = {0};
    assert_int_equal(vl_control_encode(&harmless, &body), VL_OK);
    struct vl_entry_header header = forged_first(f, 1, 0);
    for (uint32_t i = 0; i < VL_AUTH_MAX + 8; i++) {
        memcpy(header.incarnation, &i, sizeof i);
        vl_log_id(header.sign_key, header.incarnation, &header.log);
        assert_int_equal(forged_give(f, 1, &header, vl_buffer_view(&body), 0, &id), VL_OK);
    }
    vl_buffer_finish(&body);
    /* who names them all in spite of it is refused */
    struct vl_bytes names[VL_AUTH_MAX];
    struct vl_entry_header other = header;
    assert_int_equal(vl_replica_control(f->nodes[2].replica, &harmless, f->now, &id), VL_OK);
    (void)circle_fixture_pull(f, 0, 2);
    header = forged_next(f, 2);
    header.link_count = 0;
    for (uint32_t i = 0; i < VL_LINKS_MAX; i++) {
        memcpy(other.incarnation, &i, sizeof i);
        vl_log_id(other.sign_key, other.incarnation, &other.log);
        struct entry_run run = circle_fixture_run(f, 0, &other.log, 0, 1);
        assert_int_equal(run.count, 1);
        vl_entry_id(run.items[0].header, &header.links[header.link_count++]);
        entry_run_finish(&run);
    }
    qsort(header.links, header.link_count, sizeof header.links[0], id_order);
    memcpy(header.auth, header.links, sizeof header.auth);
    header.auth_count = VL_AUTH_MAX;
    assert_int_equal(forged_give(f, 2, &header, vl_bytes_text("x"), 0, &id), VL_ERR_AUTH);
    assert_true(vl_membership_frontier(vl_replica_membership(f->nodes[0].replica), names,
                                       VL_AUTH_MAX) > VL_AUTH_MAX);
    for (uint64_t i = 0; i < 3; i++)
        (void)say(f, i % 2 == 0 ? 0 : 2, i);
    assert_sound(f);
    circle_fixture_destroy(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seal_of_no_epoch_does_nothing),
        cmocka_unit_test(a_box_that_lies_is_not_used),
        cmocka_unit_test(a_card_that_no_box_can_be_made_for),
        cmocka_unit_test(who_is_added_without_authority_is_no_device_of_the_circle),
        cmocka_unit_test(a_newcomer_who_is_added_twice_is_one),
        cmocka_unit_test(a_key_that_two_persons_claim_is_nobodys),
        cmocka_unit_test(a_founding_stands_first_and_alone),
        cmocka_unit_test(a_proof_has_no_authors_from_nowhere),
        cmocka_unit_test(a_cited_control_entry_makes_nothing_count),
        cmocka_unit_test(an_entry_cites_so_many),
        cmocka_unit_test(a_run_is_of_one_log),
        cmocka_unit_test(a_newcomer_begins_among_many_heads),
        cmocka_unit_test(an_entry_names_so_many_control_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
