/* By whom an operation is: anybody can claim a key for somebody else in an entry without authority,
 * and what such a key signs is never hers, neither for the merge nor for who reads. */
#include "circle/ownership.h"
#include "circle/record.h"
#include "sync/replica_internal.h"
#include "tests/support/forged_entry.h"
#include "tests/support/written_record.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/value.h>

#include <cmocka.h>

enum { FACILITATOR, OWNER, HOSTILE, PERSONS };

static const vl_wall now = {1700000000000};

struct scene {
    struct circle_fixture *f;
    struct vl_record_id share, meeting;
    size_t device; /* its key is claimed for OWNER */
    struct vl_id hers;
};

static struct vl_replica *replica_of(const struct scene *s, size_t node)
{
    return s->f->nodes[node].replica;
}

static struct vl_enrolment enrol(const struct scene *s, size_t person)
{
    struct vl_enrolment enrolment;
    vl_enrolment_sign(s->f->nodes[s->device].keys, &s->f->id, &s->f->nodes[person].person,
                      &enrolment);
    return enrolment;
}

static vl_result keep_newest(void *context, const struct vl_entry_row *row)
{
    *(struct vl_id *)context = row->id;
    return VL_OK;
}

/* OWNER writes a share; an add without authority says that the device is hers. */
static int setup(void **state)
{
    static uint64_t seed = 950;
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->f = circle_fixture_create(PERSONS, seed++);
    circle_fixture_rule(s->f, ownership_may_write);
    assert_int_equal(written_new(replica_of(s, OWNER), SCHEMA_SHARE,
                                 WRITTEN({SHARE_TITLE, .text = "hers"}), now, &s->share, NULL),
                     VL_OK);
    assert_int_equal(
        vl_replica_writers(replica_of(s, OWNER), SCHEMA_SHARE, &s->share, keep_newest, &s->hers),
        VL_OK);
    s->meeting = fixture_record(9);
    circle_fixture_sync_all(s->f);

    s->device = circle_fixture_stranger(s->f);
    struct vl_enrolment claim = enrol(s, OWNER);
    const struct vl_control add = {.kind = VL_CONTROL_ADD,
                                   .target = s->f->nodes[OWNER].person,
                                   .enrolments = &claim,
                                   .enrolment_count = 1};
    struct vl_id id;
    assert_int_equal(forged_control(s->f, HOSTILE, &add, &id), VL_OK);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    circle_fixture_destroy(s->f);
    free(s);
    return 0;
}

/* The share's title, or with `place` the meeting's place, instead of what OWNER said. */
struct words {
    struct vl_buffer value;
    struct vl_dot dot;
    struct vl_operation operation;
};

static void words_begin(const struct scene *s, struct words *w, bool place, const char *text)
{
    const struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(text)};
    *w = (struct words){.dot = {.entry = s->hers}};
    assert_int_equal(vl_value_encode(&value, &w->value), VL_OK);
    w->operation = (struct vl_operation){.type = place ? SCHEMA_MEETING : SCHEMA_SHARE,
                                         .record = place ? s->meeting : s->share,
                                         .field = place ? MEETING_PLACE : SHARE_TITLE,
                                         .opcode = VL_OP_REGISTER_SET,
                                         .dots = &w->dot,
                                         .dot_count = place ? 0 : 1,
                                         .value = vl_buffer_view(&w->value)};
}

static void all_see_hers(const struct scene *s)
{
    struct vl_verify_report report;
    struct vl_id bad, digest = circle_fixture_digest(s->f, 0);
    for (size_t node = 0; node < PERSONS; node++) {
        struct record record;
        assert_int_equal(
            record_get(replica_of(s, node), schema_record(SCHEMA_SHARE), &s->share, &record),
            VL_OK);
        assert_string_equal(record_text(&record, SHARE_TITLE), "hers");
        assert_int_equal(record_field(&record, SHARE_TITLE)->living, 1);
        record_finish(&record);
        assert_int_equal(vl_replica_verify(replica_of(s, node), &report, &bad), VL_OK);
        assert_true(vl_id_equal(&report.digest, &digest));
    }
}

static void a_claimed_device_writes_for_its_person(void **state)
{
    const struct scene *s = *state;
    struct vl_enrolment true_one = enrol(s, HOSTILE);
    struct vl_id id;
    struct words words;
    assert_int_equal(vl_replica_add_device(replica_of(s, HOSTILE), &true_one, now, &id), VL_OK);
    circle_fixture_sync_all(s->f);
    words_begin(s, &words, false, "!");
    assert_int_equal(vl_replica_write(replica_of(s, s->device), &words.operation, 1, now, &id),
                     VL_OK);
    vl_buffer_finish(&words.value);
    circle_fixture_sync_all(s->f);
    all_see_hers(s);
}

/* A content entry, under the key that HOSTILE holds, given to her. */
static vl_result give_content(const struct scene *s, size_t signer, struct vl_entry_header *header,
                              bool place, const char *text, struct vl_id *id)
{
    struct vl_replica *r = replica_of(s, HOSTILE);
    struct vl_buffer body = {0}, blob = {0};
    struct vl_epoch_info epoch;
    struct words words;
    words_begin(s, &words, place, text);
    assert_true(vl_replica_epochs(r, &epoch, 1) > 0);
    header->kind = VL_ENTRY_CONTENT;
    header->epoch_key = epoch.key_id;
    assert_int_equal(vl_body_encode(&words.operation, 1, &body), VL_OK);
    assert_int_equal(
        vl_blob_seal(vl_buffer_view(&body), epoch_secret(r, &epoch.key_id), header, &blob), VL_OK);
    vl_result result = forged_give(s->f, signer, header, vl_buffer_view(&blob), HOSTILE, id);
    vl_buffer_finish(&blob);
    vl_buffer_finish(&body);
    vl_buffer_finish(&words.value);
    return result;
}

static struct vl_id forge_content(const struct scene *s, size_t signer,
                                  struct vl_entry_header *header, bool place, const char *text)
{
    struct vl_id id;
    assert_int_equal(give_content(s, signer, header, place, text, &id), VL_OK);
    return id;
}

/* Nobody's device: what it signs counts once a member's words follow it, but as nobody's. */
static void a_claimed_key_speaks_for_nobody(void **state)
{
    const struct scene *s = *state;
    struct vl_entry_header first = forged_first(s->f, HOSTILE, 77);
    struct vl_entry_header next = forged_next(s->f, HOSTILE), second;
    memcpy(first.sign_key, s->f->nodes[s->device].keys->card.sign, sizeof first.sign_key);
    vl_log_id(first.sign_key, first.incarnation, &first.log);
    second = first;
    second.prev = forge_content(s, s->device, &first, true, "Chez Ines");
    second.seq = 1, second.link_count = 0, second.lamport++;
    next.links[0] = forge_content(s, s->device, &second, false, "!");
    next.link_count = 1, next.lamport = second.lamport + 1;
    (void)forge_content(s, HOSTILE, &next, true, "Chez Lou");
    circle_fixture_sync_all(s->f);
    all_see_hers(s);

    struct record record;
    assert_int_equal(
        record_get(replica_of(s, FACILITATOR), schema_record(SCHEMA_MEETING), &s->meeting, &record),
        VL_OK);
    const struct record_field *place = record_field(&record, MEETING_PLACE);
    assert_int_equal(place->count, 2); /* the newest first */
    assert_true(vl_id_equal(&place->values[0].author, &s->f->nodes[HOSTILE].person));
    assert_true(vl_id_is_zero(&place->values[1].author));
    record_finish(&record);
}

/* One claimed key can begin any number of logs: they are not hers, so they do not use up her share
 * and close what she writes. */
static void claimed_logs_do_not_crowd_her(void **state)
{
    const struct scene *s = *state;
    const struct vl_entry_header like = forged_first(s->f, HOSTILE, 1);
    const struct vl_id *owner = &s->f->nodes[OWNER].person;
    for (uint32_t i = 0; i < VL_PERSON_CHAINS_MAX + 2; i++) {
        struct vl_entry_header first = like;
        first.incarnation[0] = (uint8_t)i, first.incarnation[1] = 0xc1;
        memcpy(first.sign_key, s->f->nodes[s->device].keys->card.sign, sizeof first.sign_key);
        vl_log_id(first.sign_key, first.incarnation, &first.log);
        struct vl_id id;
        vl_result result = give_content(s, s->device, &first, true, "!", &id);
        if (i < VL_PERSON_CHAINS_MAX) assert_int_equal(result, VL_OK); /* then nobody is crowded */
    }
    circle_fixture_sync_all(s->f);
    for (size_t node = 0; node < PERSONS; node++) {
        assert_false(vl_replica_is_crowded(replica_of(s, node), owner));
        assert_int_equal(vl_replica_share(replica_of(s, node), owner), 1);
    }
    struct words words;
    struct vl_id id;
    words_begin(s, &words, true, "Chez elle");
    assert_int_equal(vl_replica_write(replica_of(s, OWNER), &words.operation, 1, now, &id), VL_OK);
    vl_buffer_finish(&words.value);
    circle_fixture_sync_all(s->f);
    struct record record;
    assert_int_equal(
        record_get(replica_of(s, FACILITATOR), schema_record(SCHEMA_MEETING), &s->meeting, &record),
        VL_OK);
    assert_string_equal(record_text(&record, MEETING_PLACE), "Chez elle");
    record_finish(&record);
    all_see_hers(s);
}

/* The header follows `past` alone, as if its author had seen nothing else. */
static void follow_only(struct vl_entry_header *header, const struct vl_id *past, uint64_t lamport)
{
    header->links[0] = header->auth[0] = *past;
    header->link_count = header->auth_count = 1;
    header->lamport = lamport + 1;
}

/* Her enrolment is public: somebody repeats it in a past where nobody let her in, and fills all the
 * links that an entry has with what follows that. Her next log must not begin there. */
static void claims_do_not_fill_the_links(void **state)
{
    const struct scene *s = *state;
    const size_t liar = OWNER, victim = HOSTILE; /* the second founder, and who came last */
    struct vl_enrolment copy;
    struct vl_id founding, claim, id;
    struct vl_buffer body = {0};
    assert_int_equal(rows_id(replica_of(s, victim), 0, 0, &founding), VL_OK);
    vl_enrolment_sign(s->f->nodes[victim].keys, &s->f->id, &s->f->nodes[victim].person, &copy);
    const struct vl_control add = {.kind = VL_CONTROL_ADD,
                                   .target = s->f->nodes[victim].person,
                                   .enrolments = &copy,
                                   .enrolment_count = 1};
    struct vl_entry_header header = forged_first(s->f, liar, 100);
    follow_only(&header, &founding, 1);
    assert_int_equal(vl_control_encode(&add, &body), VL_OK);
    assert_int_equal(forged_give(s->f, liar, &header, vl_buffer_view(&body), victim, &claim),
                     VL_OK);
    vl_buffer_finish(&body);
    for (uint32_t i = 0; i < VL_LINKS_MAX + 2; i++) {
        struct vl_entry_header next = forged_first(s->f, liar, 200 + i);
        follow_only(&next, &claim, header.lamport);
        assert_int_equal(give_content(s, liar, &next, true, "!", &id), VL_OK);
    }
    assert_int_equal(vl_replica_new_incarnation(replica_of(s, victim)), VL_OK);
    struct vl_record_id share;
    assert_int_equal(written_new(replica_of(s, victim), SCHEMA_SHARE,
                                 WRITTEN({SHARE_TITLE, .text = "mine"}), now, &share, NULL),
                     VL_OK);
    circle_fixture_sync_all(s->f);
    struct record record;
    assert_int_equal(
        record_get(replica_of(s, FACILITATOR), schema_record(SCHEMA_SHARE), &share, &record),
        VL_OK);
    assert_string_equal(record_text(&record, SHARE_TITLE), "mine");
    record_finish(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_claimed_device_writes_for_its_person, setup, teardown),
        cmocka_unit_test_setup_teardown(a_claimed_key_speaks_for_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(claimed_logs_do_not_crowd_her, setup, teardown),
        cmocka_unit_test_setup_teardown(claims_do_not_fill_the_links, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
