/* The domain on real replicas: meetings, shares, profiles, the circle's own words, edits at the
 * limits, conflicts, what may not be written. */
#include "circle/agreement.h"
#include "circle/circle_info.h"
#include "circle/circles.h"
#include "circle/meeting.h"
#include "circle/profile.h"
#include "tests/support/circle_fixture.h"
#include "tests/support/written_record.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const vl_wall now = {1700000000000};

static struct vl_replica *replica_of(struct circle_fixture *f, size_t node)
{
    return f->nodes[node].replica;
}

static vl_result make(struct circle_fixture *f, enum schema_type type, const struct written *fields,
                      struct vl_record_id *id, struct schema_problem *problem)
{
    return written_new(replica_of(f, 0), type, fields, now, id, problem);
}

static vl_result change(struct circle_fixture *f, size_t node, const struct vl_record_id *meeting,
                        const struct written *fields, struct schema_problem *problem)
{
    return written_again(replica_of(f, node), SCHEMA_MEETING, meeting, fields, now, problem);
}

static void read_meeting(struct circle_fixture *f, size_t node, const struct vl_record_id *id,
                         struct record *out)
{
    assert_int_equal(meeting_read(replica_of(f, node), id, out), VL_OK);
}

static size_t count_of(const struct record *record, uint32_t field)
{
    return record_field(record, field)->count;
}

/* ---- the schema ---- */

static void test_schema_is_consistent(void **state)
{
    (void)state;
    for (size_t t = 0; schema_record_at(t) != NULL; t++) {
        const struct schema_record *record = schema_record_at(t);
        assert_ptr_equal(schema_record(record->type), record);
        assert_ptr_equal(schema_record_named(record->name), record);
        for (size_t i = 0; i < record->field_count; i++) {
            const struct schema_field *field = &record->fields[i];
            assert_ptr_equal(schema_field(record->type, field->id), field);
            assert_ptr_equal(schema_field_named(record->type, field->name), field);
            assert_true(field->kind != VL_FIELD_TEXT || field->form == SCHEMA_BLOCK);
            if (field->kind == VL_FIELD_REGISTER || field->kind == VL_FIELD_TEXT)
                assert_int_equal(field->most, 1);
        }
    }
    assert_null(schema_record(0));
    assert_null(schema_field(SCHEMA_MEETING, 999));
}

static void test_dates(void **state)
{
    static const char *const good[] = {"2026-03-12", "2024-02-29", "2000-02-29",
                                       "2026-03-12T23:59"};
    static const char *const bad[] = {"",
                                      "2026-3-12",
                                      "2026-02-29",
                                      "1900-02-29",
                                      "2026-13-01",
                                      "2026-00-10",
                                      "2026-04-31",
                                      "2026-03-12T24:00",
                                      "2026-03-12T1:00",
                                      "2026-03-12 19:00",
                                      "2026-03-12T19:30:00"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(schema_is_date(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(schema_is_date(bad[i]));
}

/* A text of `size` letters in a field: taken at its limit, refused one past it, with the field. */
static void check_limit(struct vl_replica *r, uint32_t type, uint32_t id)
{
    const struct schema_field *field = schema_field(type, id);
    struct schema_problem problem = {0};
    struct vl_record_id record;
    struct edit e;
    char *text = malloc(field->limit + 2);
    assert_non_null(text);
    memset(text, 'a', field->limit + 1);
    for (size_t past = 0; past <= 1; past++) {
        text[field->limit + past] = '\0';
        assert_int_equal(record_id_new(r, type, &record), VL_OK);
        if (schema_record(type)->id == SCHEMA_ID_WORDS)
            assert_int_equal(record_id_of_words(vl_replica_circle(r), schema_record(type),
                                                vl_bytes_text(text), &record),
                             VL_OK);
        assert_int_equal(edit_begin(&e, r, type, &record), VL_OK);
        if (field->kind == VL_FIELD_TEXT)
            edit_text(&e, id, vl_bytes_text(text));
        else
            edit_set_text(&e, id, text);
        assert_int_equal(edit_write(&e, now, &problem), past ? VL_ERR_TOO_LARGE : VL_OK);
        assert_ptr_equal(problem.field, past ? field : NULL);
        edit_finish(&e);
        text[field->limit] = 'a';
    }
    free(text);
}

static void test_limits_of_fields(void **state)
{
    struct circle_fixture *f = circle_fixture_create(2, 1);
    (void)state;
    check_limit(replica_of(f, 0), SCHEMA_MEETING, MEETING_TITLE);
    check_limit(replica_of(f, 0), SCHEMA_MEETING, MEETING_DIRECTIONS);
    check_limit(replica_of(f, 0), SCHEMA_MEETING, MEETING_MINUTES);
    check_limit(replica_of(f, 0), SCHEMA_SHARE, SHARE_TEXT);
    check_limit(replica_of(f, 0), SCHEMA_AGREEMENT, AGREEMENT_TEXT);
    circle_fixture_destroy(f);
}

static void test_refusals_name_the_field(void **state)
{
    struct circle_fixture *f = circle_fixture_create(2, 2);
    struct schema_problem problem;
    struct vl_record_id id;
    uint64_t generation = vl_replica_generation(replica_of(f, 0));
    (void)state;
    assert_int_equal(
        make(f, SCHEMA_MEETING, WRITTEN({MEETING_TITLE, .text = "a\nb"}), &id, &problem),
        VL_ERR_UTF8);
    assert_string_equal(problem.field->name, "title");
    assert_int_equal(
        make(f, SCHEMA_MEETING,
             WRITTEN({MEETING_TITLE, .text = "ok"}, {MEETING_STARTS, .text = "2026-02-30"}), &id,
             &problem),
        VL_ERR_INVALID);
    assert_string_equal(problem.field->name, "starts");
    assert_int_equal(make(f, SCHEMA_MEETING,
                          WRITTEN({MEETING_TITLE, .text = "ok"}, {MEETING_MINUTES, .text = "\xff"}),
                          &id, &problem),
                     VL_ERR_UTF8);
    assert_string_equal(problem.field->name, "minutes");
    assert_int_equal(vl_replica_generation(replica_of(f, 0)), generation); /* nothing written */
    circle_fixture_destroy(f);
}

/* ---- meetings ---- */

static void test_a_meeting_comes_back_as_written(void **state)
{
    static const char *const agenda[] = {"Accueil", "Tour", "Sortie"};
    static const char *const agenda2[] = {"Accueil", "Pause", "Sortie"};
    static const char *const seats[] = {"Awa", "Ine\xcc\x80s"}; /* e and a combining accent */
    struct circle_fixture *f = circle_fixture_create(2, 3);
    struct vl_record_id id;
    struct record record;
    (void)state;
    const struct written *first = WRITTEN(
        {MEETING_TITLE, .text = "Rencontre"}, {MEETING_STARTS, .text = "2026-03-12T19:30"},
        {MEETING_PLACE, .text = "chez Lou"}, {MEETING_MINUTES, .text = "On commence.\n"},
        {MEETING_AGENDA, .texts = agenda, .count = 3}, {MEETING_SEATS, .texts = seats, .count = 2},
        {MEETING_ATTENDANCE, .persons = &f->nodes[1].person, .count = 1});
    assert_int_equal(make(f, SCHEMA_MEETING, first, &id, NULL), VL_OK);
    const struct written *then =
        WRITTEN({MEETING_PLACE, .text = ""}, {MEETING_MINUTES, .text = "On commence à l'heure.\n"},
                {MEETING_AGENDA, .texts = agenda2, .count = 3},
                {MEETING_SEATS, .texts = seats, .count = 1, .removes = true});
    assert_int_equal(change(f, 0, &id, then, NULL), VL_OK);
    circle_fixture_sync_all(f);
    for (size_t node = 0; node < 2; node++) {
        read_meeting(f, node, &id, &record);
        assert_string_equal(record_text(&record, MEETING_TITLE), "Rencontre");
        assert_string_equal(record_text(&record, MEETING_STARTS), "2026-03-12T19:30");
        assert_string_equal(record_text(&record, MEETING_PLACE), "");
        assert_string_equal(record_text(&record, MEETING_MINUTES), "On commence à l'heure.\n");
        const struct record_field *list = record_field(&record, MEETING_AGENDA);
        assert_int_equal(list->count, 3);
        for (size_t i = 0; i < 3; i++)
            assert_string_equal((const char *)list->values[i].value.bytes.data, agenda2[i]);
        assert_int_equal(count_of(&record, MEETING_SEATS), 1);
        assert_string_equal(record_text(&record, MEETING_SEATS), "Inès"); /* in NFC */
        const struct record_field *present = record_field(&record, MEETING_ATTENDANCE);
        assert_int_equal(present->count, 1);
        assert_true(vl_id_equal(&present->values[0].value.person, &f->nodes[1].person));
        assert_true(vl_id_equal(&present->values[0].author, &f->nodes[0].person));
        assert_false(record_has_conflict(&record));
        record_finish(&record);
    }
    circle_fixture_destroy(f);
}

static void test_writing_the_same_again_writes_nothing(void **state)
{
    static const char *const agenda[] = {"Accueil", "Accueil", "Sortie"};
    struct circle_fixture *f = circle_fixture_create(2, 4);
    const struct written *said =
        WRITTEN({MEETING_TITLE, .text = "Rencontre"}, {MEETING_MINUTES, .text = "é"},
                {MEETING_AGENDA, .texts = agenda, .count = 3},
                {MEETING_ATTENDANCE, .persons = &f->nodes[0].person, .count = 1});
    struct vl_record_id id;
    uint64_t generation;
    (void)state;
    assert_int_equal(make(f, SCHEMA_MEETING, said, &id, NULL), VL_OK);
    generation = vl_replica_generation(replica_of(f, 0));
    assert_int_equal(change(f, 0, &id, said, NULL), VL_OK);
    assert_int_equal(vl_replica_generation(replica_of(f, 0)), generation);
    circle_fixture_destroy(f);
}

static void test_conflicts_are_seen_by_all(void **state)
{
    struct circle_fixture *f = circle_fixture_create(3, 5);
    struct vl_record_id id;
    struct record record;
    (void)state;
    const struct written *said =
        WRITTEN({MEETING_TITLE, .text = "Rencontre"}, {MEETING_MINUTES, .text = "[]"});
    assert_int_equal(make(f, SCHEMA_MEETING, said, &id, NULL), VL_OK);
    circle_fixture_sync_all(f);
    said = WRITTEN({MEETING_PLACE, .text = "chez Lou"}, {MEETING_MINUTES, .text = "[de Lou]"});
    assert_int_equal(change(f, 0, &id, said, NULL), VL_OK);
    said = WRITTEN({MEETING_PLACE, .text = "chez Awa"}, {MEETING_MINUTES, .text = "[d'Awa]"});
    assert_int_equal(change(f, 1, &id, said, NULL), VL_OK);
    circle_fixture_sync_all(f);
    assert_true(circle_fixture_agree(f));
    for (size_t node = 0; node < 3; node++) {
        read_meeting(f, node, &id, &record);
        assert_true(record_has_conflict(&record));
        assert_int_equal(count_of(&record, MEETING_PLACE), 2);
        const char *minutes = record_text(&record, MEETING_MINUTES);
        assert_true(strcmp(minutes, "[de Loud'Awa]") == 0 || strcmp(minutes, "[d'Awade Lou]") == 0);
        record_finish(&record);
    }
    assert_int_equal(change(f, 2, &id, WRITTEN({MEETING_PLACE, .text = "chez Awa"}), NULL), VL_OK);
    read_meeting(f, 2, &id, &record);
    assert_false(record_has_conflict(&record));
    assert_string_equal(record_text(&record, MEETING_PLACE), "chez Awa");
    record_finish(&record);
    circle_fixture_destroy(f);
}

/* Longer than one entry may be: several entries, one text. */
static void test_long_minutes(void **state)
{
    struct circle_fixture *f = circle_fixture_create(2, 6);
    size_t size = 150000;
    char *text = malloc(size + 64);
    const struct written *said =
        WRITTEN({MEETING_TITLE, .text = "Longue"}, {MEETING_MINUTES, .text = text});
    struct vl_record_id id;
    struct record record;
    (void)state;
    assert_non_null(text);
    for (size_t at = 0; at < size; at += 3)
        memcpy(text + at, at % 5 == 0 ? "日" : "é ", 3);
    text[size] = '\0';
    assert_int_equal(make(f, SCHEMA_MEETING, said, &id, NULL), VL_OK);
    circle_fixture_sync_all(f);
    read_meeting(f, 1, &id, &record);
    assert_string_equal(record_text(&record, MEETING_MINUTES), text);
    record_finish(&record);
    memcpy(text + size, " fin", 5);
    memcpy(text + 75000, "日", 3);
    assert_int_equal(change(f, 1, &id, said, NULL), VL_OK);
    read_meeting(f, 1, &id, &record);
    assert_string_equal(record_text(&record, MEETING_MINUTES), text);
    record_finish(&record);
    free(text);
    circle_fixture_destroy(f);
}

static void test_sets_and_lists_have_a_most(void **state)
{
    struct circle_fixture *f = circle_fixture_create(2, 7);
    const struct schema_field *field = schema_field(SCHEMA_MEETING, MEETING_TOPICS);
    char names[51][8];
    const char *topics[51];
    struct schema_problem problem;
    struct vl_record_id id;
    struct record record;
    (void)state;
    assert_int_equal(field->most, 50);
    for (size_t i = 0; i < 51; i++) {
        names[i][0] = (char)('a' + i / 26);
        names[i][1] = (char)('a' + i % 26);
        names[i][2] = '\0';
        topics[i] = names[i];
    }
    const struct written *said = WRITTEN({MEETING_TITLE, .text = "Rencontre"},
                                         {MEETING_TOPICS, .texts = topics, .count = 50});
    assert_int_equal(make(f, SCHEMA_MEETING, said, &id, NULL), VL_OK);
    said = WRITTEN({MEETING_TOPICS, .texts = topics + 50, .count = 1});
    assert_int_equal(change(f, 0, &id, said, &problem), VL_ERR_LIMIT);
    assert_ptr_equal(problem.field, field);
    read_meeting(f, 0, &id, &record);
    assert_int_equal(count_of(&record, MEETING_TOPICS), 50);
    record_finish(&record);
    circle_fixture_destroy(f);
}

static void test_what_the_schema_does_not_allow_is_not_shown(void **state)
{
    struct circle_fixture *f = circle_fixture_create(2, 8);
    struct vl_record_id id;
    struct record record;
    (void)state;
    assert_int_equal(
        make(f, SCHEMA_MEETING, WRITTEN({MEETING_TITLE, .text = "Rencontre"}), &id, NULL), VL_OK);
    circle_fixture_sync_all(f);
    circle_fixture_set(f, 1, SCHEMA_MEETING, &id, MEETING_STARTS, "no date");
    circle_fixture_set(f, 1, SCHEMA_MEETING, &id, 999, "a field of the future");
    circle_fixture_sync_all(f);
    read_meeting(f, 0, &id, &record);
    assert_string_equal(record_text(&record, MEETING_STARTS), "");
    assert_int_equal(count_of(&record, MEETING_STARTS), 0);
    record_finish(&record);
    circle_fixture_destroy(f);
}

static void test_meetings_are_listed_by_start(void **state)
{
    static const char *const starts[] = {"2026-03-12", "2025-01-01", NULL, "2026-03-12T10:00"};
    struct circle_fixture *f = circle_fixture_create(2, 9);
    struct vl_record_id id;
    struct record_list list;
    char text[RECORD_ID_TEXT_SIZE];
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const struct written *said =
            WRITTEN({MEETING_TITLE, .text = "Rencontre"}, {MEETING_STARTS, .text = starts[i]});
        assert_int_equal(make(f, SCHEMA_MEETING, said, &id, NULL), VL_OK);
    }
    assert_int_equal(meeting_list(replica_of(f, 0), &list), VL_OK);
    assert_int_equal(list.count, 4);
    assert_string_equal(record_text(&list.items[0], MEETING_STARTS), "");
    assert_string_equal(record_text(&list.items[1], MEETING_STARTS), "2025-01-01");
    assert_string_equal(record_text(&list.items[3], MEETING_STARTS), "2026-03-12T10:00");
    record_list_finish(&list);
    record_id_text(&id, text);
    text[10] = '\0';
    struct vl_record_id found;
    assert_int_equal(record_find(replica_of(f, 0), SCHEMA_MEETING, text, &found), VL_OK);
    assert_memory_equal(&found, &id, sizeof id);
    assert_int_equal(record_find(replica_of(f, 0), SCHEMA_SHARE, text, &found), VL_ERR_NOT_FOUND);
    text[3] = '\0';
    assert_int_equal(record_find(replica_of(f, 0), SCHEMA_MEETING, text, &found), VL_ERR_NOT_FOUND);
    circle_fixture_destroy(f);
}

/* ---- shares, profiles, the circle ---- */

static void test_only_the_author_changes_a_share(void **state)
{
    static const char *const topics[] = {"sommeil"};
    struct circle_fixture *f = circle_fixture_create(2, 10);
    const struct vl_value sort = {.tag = VL_VALUE_INTEGER, .integer = SHARE_STRATEGY};
    const struct written *said =
        WRITTEN({SHARE_TITLE, .text = "Dormir"},
                {SHARE_TEXT, .text = "Le téléphone reste dans la cuisine."},
                {SHARE_SORT, .value = &sort}, {SHARE_TOPICS, .texts = topics, .count = 1});
    struct vl_record_id id;
    struct record_list list;
    (void)state;
    assert_int_equal(make(f, SCHEMA_SHARE, said, &id, NULL), VL_OK);
    circle_fixture_sync_all(f);
    said = WRITTEN({SHARE_TEXT, .text = "autre chose"});
    assert_int_equal(written_again(replica_of(f, 1), SCHEMA_SHARE, &id, said, now, NULL),
                     VL_ERR_AUTHORITY);
    assert_int_equal(written_again(replica_of(f, 0), SCHEMA_SHARE, &id, said, now, NULL), VL_OK);
    assert_int_equal(record_list_read(replica_of(f, 0), SCHEMA_SHARE, &list), VL_OK);
    assert_int_equal(list.count, 1);
    assert_string_equal(record_text(&list.items[0], SHARE_TEXT), "autre chose");
    assert_int_equal(record_field(&list.items[0], SHARE_SORT)->values[0].value.integer,
                     SHARE_STRATEGY);
    record_list_finish(&list);
    const struct schema_field *sorts = schema_field(SCHEMA_SHARE, SHARE_SORT);
    int64_t other;
    assert_string_equal(schema_choice(sorts, SHARE_QUESTION), "question");
    assert_null(schema_choice(sorts, 3));
    assert_false(schema_choice_named(sorts, "advice", &other));
    circle_fixture_destroy(f);
}

static void test_a_profile_is_her_own(void **state)
{
    struct circle_fixture *f = circle_fixture_create(2, 11);
    const struct vl_id *nadia = &f->nodes[0].person;
    struct profile_change change = {.pseudonym = "Nadia", .about = "J'aime le thé."};
    struct vl_record_id id;
    char name[64];
    (void)state;
    assert_int_equal(profile_name(replica_of(f, 1), nadia, name, sizeof name), VL_OK);
    assert_int_equal(strlen(name), 8); /* digits of her id, as long as there is nothing else */
    assert_int_equal(profile_write(replica_of(f, 0), &change, now, NULL), VL_OK);
    change = (struct profile_change){.pseudonym = ""};
    assert_int_equal(profile_write(replica_of(f, 0), &change, now, NULL), VL_ERR_INVALID);
    circle_fixture_sync_all(f);
    assert_int_equal(profile_name(replica_of(f, 1), nadia, name, sizeof name), VL_OK);
    assert_string_equal(name, "Nadia");
    assert_true(record_id_of(&f->id, schema_record(SCHEMA_PROFILE), NULL, nadia, &id));
    circle_fixture_set(f, 1, SCHEMA_PROFILE, &id, PROFILE_PSEUDONYM, "Quelqu'un"); /* hostile */
    circle_fixture_sync_all(f);
    assert_int_equal(profile_name(replica_of(f, 0), nadia, name, sizeof name), VL_OK);
    assert_string_not_equal(name, "Quelqu'un");
    circle_fixture_destroy(f);
}

static void test_short_names_keep_whole_characters(void **state)
{
    struct circle_fixture *f = circle_fixture_create(2, 12);
    struct profile_change change = {.pseudonym = "Zoéé"};
    char name[5];
    (void)state;
    assert_int_equal(profile_write(replica_of(f, 0), &change, now, NULL), VL_OK);
    assert_int_equal(profile_name(replica_of(f, 0), &f->nodes[0].person, name, 5), VL_OK);
    assert_string_equal(name, "Zoé");
    assert_int_equal(profile_name(replica_of(f, 0), &f->nodes[0].person, name, 4), VL_OK);
    assert_string_equal(name, "Zo");
    circle_fixture_destroy(f);
}

static void test_the_agreement_has_versions(void **state)
{
    struct circle_fixture *f = circle_fixture_create(2, 13);
    struct circle_info info;
    struct record_list list;
    (void)state;
    assert_int_equal(circle_info_read(replica_of(f, 1), &info), VL_ERR_NOT_FOUND);
    assert_int_equal(agreement_assent(replica_of(f, 1), NULL, now, NULL), VL_ERR_NOT_FOUND);
    assert_int_equal(circle_info_write(replica_of(f, 0), "Le fil", "S'entraider",
                                       "Ici, rien ne sort.", now, NULL),
                     VL_OK);
    circle_fixture_sync_all(f);
    assert_int_equal(agreement_assent(replica_of(f, 1), NULL, now, NULL), VL_OK);
    assert_int_equal(circle_info_read(replica_of(f, 1), &info), VL_OK);
    assert_string_equal(info.name, "Le fil");
    assert_string_equal(info.purpose, "S'entraider");
    assert_string_equal(info.agreement, "Ici, rien ne sort.");
    assert_int_equal(count_of(&info.agreement_record, AGREEMENT_ASSENTS), 1);
    circle_info_finish(&info);
    assert_int_equal(
        circle_info_write(replica_of(f, 0), NULL, NULL, "Et chacune peut passer.", now, NULL),
        VL_OK);
    assert_int_equal(circle_info_read(replica_of(f, 0), &info), VL_OK);
    assert_string_equal(info.name, "Le fil");
    assert_string_equal(info.agreement, "Et chacune peut passer.");
    assert_int_equal(count_of(&info.agreement_record, AGREEMENT_ASSENTS), 0);
    circle_info_finish(&info);
    assert_int_equal(record_list_read(replica_of(f, 0), SCHEMA_AGREEMENT, &list), VL_OK);
    assert_int_equal(list.count, 2);
    record_list_finish(&list);
    uint64_t generation = vl_replica_generation(replica_of(f, 1));
    assert_int_equal(circle_info_write(replica_of(f, 1), "À moi", NULL, "Mes règles.", now, NULL),
                     VL_ERR_AUTHORITY); /* she is no facilitator */
    assert_int_equal(vl_replica_generation(replica_of(f, 1)), generation);
    circle_fixture_destroy(f);
}

/* ---- the circles of a vault ---- */

static struct circle *add_draft(struct circles *all, const char *name, uint8_t first)
{
    struct circle draft = {.is_draft = true};
    struct circle *out;
    draft.id.bytes[0] = first;
    draft.id.bytes[1] = 0xab;
    strncpy(draft.name, name, sizeof draft.name - 1);
    assert_int_equal(vl_device_keys_create(&draft.keys), VL_OK);
    assert_int_equal(circles_add(all, &draft, &out), VL_OK);
    return out;
}

static void test_circles_by_name(void **state)
{
    struct circles all = {0};
    struct circle *found, *one = add_draft(&all, "Le fil", 0x12);
    struct circle *two = add_draft(&all, "Lundi", 0x34);
    struct circle again = {.id = one->id, .is_draft = true};
    (void)state;
    assert_int_equal(circles_named(&all, "Le fil", &found), VL_OK);
    assert_ptr_equal(found, one);
    assert_int_equal(circles_named(&all, "lundi", &found), VL_OK);
    assert_ptr_equal(found, two);
    assert_int_equal(circles_named(&all, "34ab", &found), VL_OK);
    assert_ptr_equal(found, two);
    assert_int_equal(circles_named(&all, "34a", &found), VL_ERR_NOT_FOUND);
    add_draft(&all, "Lundi", 0x56);
    assert_int_equal(circles_named(&all, "Lundi", &found), VL_ERR_INVALID);
    assert_int_equal(vl_device_keys_create(&again.keys), VL_OK);
    assert_int_equal(circles_add(&all, &again, &found), VL_ERR_EXISTS);
    circles_remove(&all, one);
    assert_int_equal(circles_named(&all, "Le fil", &found), VL_ERR_NOT_FOUND);
    circles_finish(&all);
    circles_finish(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_is_consistent),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_limits_of_fields),
        cmocka_unit_test(test_refusals_name_the_field),
        cmocka_unit_test(test_a_meeting_comes_back_as_written),
        cmocka_unit_test(test_writing_the_same_again_writes_nothing),
        cmocka_unit_test(test_conflicts_are_seen_by_all),
        cmocka_unit_test(test_long_minutes),
        cmocka_unit_test(test_sets_and_lists_have_a_most),
        cmocka_unit_test(test_what_the_schema_does_not_allow_is_not_shown),
        cmocka_unit_test(test_meetings_are_listed_by_start),
        cmocka_unit_test(test_only_the_author_changes_a_share),
        cmocka_unit_test(test_a_profile_is_her_own),
        cmocka_unit_test(test_short_names_keep_whole_characters),
        cmocka_unit_test(test_the_agreement_has_versions),
        cmocka_unit_test(test_circles_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
