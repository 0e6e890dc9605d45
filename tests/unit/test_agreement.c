/* The agreement: versions named by their words, assents that only each gives for herself, a meeting
 * from a format and the order of turns, through the domain and the routes. */
#include "circle/agreement.h"
#include "circle/circle_info.h"
#include "tests/support/api_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const vl_wall now = {1700000000000};

static struct vl_replica *replica_of(struct circle_fixture *f, size_t node)
{
    return f->nodes[node].replica;
}

static const struct agreement *version_of(const struct agreements *all, const char *text)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(record_text(&all->items[i].record, AGREEMENT_TEXT), text) == 0)
            return &all->items[i];
    return NULL;
}

static void test_versions_are_their_words(void **state)
{
    struct circle_fixture *f = circle_fixture_create(3, 81);
    struct schema_problem problem = {0};
    struct vl_record_id one, two, again;
    struct agreements all;
    (void)state;
    assert_int_equal(agreement_assent(replica_of(f, 1), NULL, now, NULL), VL_ERR_NOT_FOUND);
    assert_int_equal(agreement_propose(replica_of(f, 1), "", now, &one, &problem), VL_ERR_INVALID);
    assert_int_equal(problem.field->id, AGREEMENT_TEXT);
    assert_int_equal(agreement_propose(replica_of(f, 1), "Ici, on se tait.", now, &one, NULL),
                     VL_OK);
    assert_int_equal(agreement_propose(replica_of(f, 2), "Ici, on chante.", now, &two, NULL),
                     VL_OK);
    /* The same words from somebody else, written with another form of é, are the same version. */
    assert_int_equal(agreement_propose(replica_of(f, 0), "Caf\xc3\xa9.", now, &again, NULL), VL_OK);
    circle_fixture_sync_all(f);
    assert_int_equal(agreement_propose(replica_of(f, 2), "Cafe\xcc\x81.", now, &one, NULL), VL_OK);
    assert_memory_equal(&one, &again, sizeof one);
    circle_fixture_sync_all(f);
    assert_int_equal(agreements_read(replica_of(f, 0), &all), VL_OK);
    assert_int_equal(all.count, 3);
    for (size_t i = 0; i < all.count; i++)
        assert_false(all.items[i].holds);
    agreements_finish(&all);
    agreements_finish(NULL);

    assert_int_equal(agreement_adopt(replica_of(f, 1), &two, now, &problem), VL_ERR_AUTHORITY);
    record_id_random(&again);
    assert_int_equal(agreement_adopt(replica_of(f, 0), &again, now, NULL), VL_ERR_NOT_FOUND);
    assert_int_equal(agreement_assent(replica_of(f, 0), &again, now, NULL), VL_ERR_NOT_FOUND);
    assert_int_equal(agreement_adopt(replica_of(f, 0), &two, now, NULL), VL_OK);
    circle_fixture_sync_all(f);
    assert_int_equal(agreement_assent(replica_of(f, 1), NULL, now, NULL), VL_OK);
    assert_int_equal(agreement_assent(replica_of(f, 1), NULL, now, NULL),
                     VL_OK); /* once is enough */
    circle_fixture_sync_all(f);
    assert_int_equal(agreements_read(replica_of(f, 2), &all), VL_OK);
    const struct agreement *sung = version_of(&all, "Ici, on chante.");
    assert_true(sung->holds);
    assert_true(agreement_has(sung, &f->nodes[1].person));
    assert_false(agreement_has(sung, &f->nodes[2].person));
    assert_false(version_of(&all, "Ici, on se tait.")->holds);
    agreements_finish(&all);
    circle_fixture_destroy(f);
}

/* An older version that holds again brings its assents along. */
static void test_assents_stay_with_the_words(void **state)
{
    struct circle_fixture *f = circle_fixture_create(2, 82);
    struct circle_info info;
    struct agreements all;
    struct schema_problem problem;
    (void)state;
    assert_int_equal(circle_info_write(replica_of(f, 0), "Le fil", NULL, "Un.", now, &problem),
                     VL_OK);
    assert_int_equal(agreement_assent(replica_of(f, 0), NULL, now, NULL), VL_OK);
    assert_int_equal(circle_info_write(replica_of(f, 0), NULL, NULL, "Deux.", now, &problem),
                     VL_OK);
    assert_int_equal(circle_info_write(replica_of(f, 0), NULL, NULL, "Un.", now, &problem), VL_OK);
    assert_int_equal(circle_info_read(replica_of(f, 0), &info), VL_OK);
    assert_string_equal(info.agreement, "Un.");
    circle_info_finish(&info);
    assert_int_equal(agreements_read(replica_of(f, 0), &all), VL_OK);
    assert_int_equal(all.count, 2);
    assert_true(agreement_has(version_of(&all, "Un."), &f->nodes[0].person));
    assert_false(agreement_has(version_of(&all, "Deux."), &f->nodes[0].person));
    agreements_finish(&all);
    circle_fixture_destroy(f);
}

/* Writes one operation as no honest program would. */
static void forge(struct circle_fixture *f, size_t node, enum vl_opcode opcode,
                  const struct vl_record_id *record, uint32_t field, const struct vl_value *value)
{
    struct vl_buffer bytes = {0};
    struct vl_id id;
    assert_int_equal(vl_value_encode(value, &bytes), VL_OK);
    struct vl_operation op = {.type = SCHEMA_AGREEMENT,
                              .record = *record,
                              .field = field,
                              .opcode = opcode,
                              .value = vl_buffer_view(&bytes)};
    assert_int_equal(vl_replica_write(replica_of(f, node), &op, 1, now, &id), VL_OK);
    vl_buffer_finish(&bytes);
}

/* A member whose program does as she likes changes neither the words that the others assented to,
 * nor who assented. */
static void test_nobody_speaks_for_another(void **state)
{
    struct circle_fixture *f = circle_fixture_create(3, 83);
    const struct vl_value words = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text("Tout se dit.")},
                          other = {.tag = VL_VALUE_PERSON, .person = f->nodes[2].person},
                          herself = {.tag = VL_VALUE_PERSON, .person = f->nodes[1].person};
    struct schema_problem problem = {0};
    struct agreements all;
    struct vl_record_id id;
    struct edit e;
    (void)state;
    assert_int_equal(agreement_propose(replica_of(f, 0), "Rien ne sort.", now, &id, NULL), VL_OK);
    assert_int_equal(agreement_adopt(replica_of(f, 0), &id, now, NULL), VL_OK);
    circle_fixture_sync_all(f);

    /* Through the program: refused, with the field. */
    assert_int_equal(edit_begin(&e, replica_of(f, 1), SCHEMA_AGREEMENT, &id), VL_OK);
    edit_set(&e, AGREEMENT_TEXT, &words);
    assert_int_equal(edit_write(&e, now, &problem), VL_ERR_INVALID);
    assert_int_equal(problem.field->id, AGREEMENT_TEXT);
    edit_finish(&e);
    assert_int_equal(edit_begin(&e, replica_of(f, 1), SCHEMA_AGREEMENT, &id), VL_OK);
    edit_add(&e, AGREEMENT_ASSENTS, &other);
    assert_int_equal(edit_write(&e, now, &problem), VL_ERR_AUTHORITY);
    assert_int_equal(problem.field->id, AGREEMENT_ASSENTS);
    edit_finish(&e);

    /* Beside it: not read. */
    forge(f, 1, VL_OP_REGISTER_SET, &id, AGREEMENT_TEXT, &words);
    forge(f, 1, VL_OP_SET_ADD, &id, AGREEMENT_ASSENTS, &other);
    forge(f, 1, VL_OP_SET_ADD, &id, AGREEMENT_ASSENTS, &herself);
    circle_fixture_sync_all(f);
    assert_int_equal(agreements_read(replica_of(f, 0), &all), VL_OK);
    assert_int_equal(all.count, 1);
    assert_non_null(version_of(&all, "Rien ne sort."));
    assert_true(agreement_has(&all.items[0], &f->nodes[1].person));
    assert_false(agreement_has(&all.items[0], &f->nodes[2].person));
    agreements_finish(&all);
    circle_fixture_destroy(f);
}

/* ---- through the routes ---- */

static void refuses(struct api_world *w, size_t as, const char *method, const char *path,
                    const char *body, unsigned status, const char *field)
{
    struct json *answer;
    unsigned got = api_world_send(w, as, method, path, body, &answer);
    if (got != status || strcmp(json_text(answer, "field"), field) != 0)
        fail_msg("%s %s: %u %s %s", path, body, got, json_text(answer, "field"),
                 json_text(answer, "message"));
    assert_true(json_text(answer, "message")[0] != '\0');
    json_destroy(answer);
}

static void test_agreement_routes(void **state)
{
    struct api_world *w = *state;
    char body[128], id[64];
    struct json *answer = api_world_ask(w, 0, "GET", "agreement", NULL);
    assert_int_equal(json_count(json_member(answer, "versions")), 0);
    json_destroy(answer);
    refuses(w, 1, "POST", "agreement/assent", "{}", 404, "");
    refuses(w, 1, "POST", "agreement", "{}", 400, "text");
    refuses(w, 1, "POST", "agreement", "{\"text\":\"\"}", 400, "text");
    refuses(w, 1, "POST", "agreement", "{\"text\":\"a\\u0007b\"}", 400, "text");
    refuses(w, 1, "POST", "agreement", "{\"text\":\"a\",\"x\":1}", 400, "x");

    answer = api_world_ask(w, 1, "POST", "agreement", "{\"text\":\"Rien ne sort.\"}");
    const struct json *version = json_item(json_member(answer, "versions"), 0);
    assert_string_equal(json_text(version, "by"), "Nadia");
    assert_false(json_flag(version, "holds"));
    assert_int_equal(json_count(json_member(version, "missing")), API_WORLD_PERSONS);
    snprintf(id, sizeof id, "%s", json_text(version, "id"));
    assert_string_equal(json_text(answer, "proposed"), id);
    snprintf(body, sizeof body, "{\"id\":\"%s\"}", id);
    json_destroy(answer);
    circle_fixture_sync_all(w->fixture);

    refuses(w, 1, "POST", "agreement/adopt", body, 403, "");
    refuses(w, 0, "POST", "agreement/adopt", "{}", 400, "id");
    refuses(w, 0, "POST", "agreement/adopt", "{\"id\":\"00000000\"}", 404, "id");
    answer = api_world_ask(w, 0, "POST", "agreement/adopt", body);
    assert_string_equal(json_text(json_member(answer, "current"), "text"), "Rien ne sort.");
    json_destroy(answer);
    snprintf(body, sizeof body, "{\"id\":\"%.8s\"}", id); /* the beginning is enough */
    json_destroy(api_world_ask(w, 2, "POST", "agreement/assent", body));
    json_destroy(api_world_ask(w, 0, "POST", "agreement/assent", NULL));
    circle_fixture_sync_all(w->fixture);
    answer = api_world_ask(w, 2, "GET", "agreement", NULL);
    version = json_member(answer, "current");
    assert_true(json_flag(version, "mine"));
    assert_int_equal(json_count(json_member(version, "assents")), 2);
    assert_int_equal(json_count(json_member(version, "missing")), API_WORLD_PERSONS - 2);
    json_destroy(answer);
}

/* The generic routes keep the same rules. */
static void test_agreements_as_records(void **state)
{
    struct api_world *w = *state;
    char path[96], body[128], person[VL_ID_TEXT_SIZE];
    struct json *answer = api_world_ask(w, 1, "POST", "agreements", "{\"text\":\"Un.\"}");
    snprintf(path, sizeof path, "agreements/%s", json_text(answer, "id"));
    json_destroy(answer);
    answer = api_world_ask(w, 1, "POST", "agreements", "{\"text\":\"Un.\"}");
    assert_string_equal(path + strlen("agreements/"), json_text(answer, "id"));
    json_destroy(answer);
    refuses(w, 1, "POST", "agreements", "{\"assents\":[]}", 400, "text");
    refuses(w, 1, "PATCH", path, "{\"text\":\"Deux.\"}", 400, "text");
    vl_id_text(&w->fixture->nodes[2].person, person);
    snprintf(body, sizeof body, "{\"assents\":{\"add\":[\"%s\"]}}", person);
    refuses(w, 1, "PATCH", path, body, 403, "assents");
    vl_id_text(&w->fixture->nodes[1].person, person);
    snprintf(body, sizeof body, "{\"assents\":{\"add\":[\"%s\"]}}", person);
    json_destroy(api_world_ask(w, 1, "PATCH", path, body));
}

static void test_rotation_routes(void **state)
{
    struct api_world *w = *state;
    struct json *answer = api_world_ask(w, 1, "GET", "rotation", NULL);
    assert_int_equal(json_count(json_member(answer, "order")), 0);
    json_destroy(answer);
    refuses(w, 0, "PATCH", "rotation", "{\"next\":true}", 404, "order");
    refuses(w, 0, "PATCH", "rotation", "{}", 400, "order");
    refuses(w, 0, "PATCH", "rotation", "{\"order\":[\"Lou\"],\"next\":true}", 400, "order");
    refuses(w, 0, "PATCH", "rotation", "{\"order\":[\"Lou\",\"Lou\"]}", 400, "rotation");
    refuses(w, 0, "PATCH", "rotation", "{\"order\":[\"Personne\"]}", 404, "order");
    refuses(w, 1, "PATCH", "rotation", "{\"order\":[\"Lou\"]}", 403, "");
    json_destroy(api_world_ask(w, 0, "PATCH", "rotation", "{\"order\":[\"Lou\",\"Max\"]}"));
    answer = api_world_ask(w, 0, "PATCH", "rotation", "{\"next\":true}");
    const struct json *order = json_member(answer, "order");
    assert_int_equal(json_count(order), 2);
    assert_string_equal(json_text(json_item(order, 0), "name"), "Max");
    assert_string_equal(json_text(json_item(order, 1), "name"), "Lou");
    json_destroy(answer);
}

static void test_a_meeting_from_a_format(void **state)
{
    struct api_world *w = *state;
    char path[128];
    struct json *answer, *part;
    refuses(w, 1, "POST", "meetings", "{\"title\":\"x\",\"format\":\"dance\"}", 400, "format");
    refuses(w, 1, "POST", "meetings", "{\"starts\":\"demain\",\"format\":\"check-in\"}", 400,
            "starts");
    answer = api_world_ask(w, 1, "GET", "parts", NULL);
    assert_int_equal(json_count(json_member(answer, "parts")), 0); /* nothing was left of those */
    json_destroy(answer);

    answer = api_world_ask(w, 1, "POST", "meetings?lang=fr",
                           "{\"title\":\"Jeudi\",\"format\":\"check-in\"}");
    assert_string_equal(json_text(answer, "format"), "check-in");
    const struct json *parts = json_member(answer, "parts");
    assert_int_equal(json_count(parts), 5);
    snprintf(path, sizeof path, "parts/%s", json_item_text(parts, 1));
    part = api_world_ask(w, 1, "GET", path, NULL);
    assert_string_equal(json_text(part, "title"), "Poser la journée");
    assert_string_equal(json_text(part, "kind"), "silence");
    assert_string_equal(json_text(part, "meeting"), json_text(answer, "id"));
    json_destroy(part);
    /* Another format later changes no parts: they are the circle's own by now. */
    snprintf(path, sizeof path, "meetings/%s", json_text(answer, "id"));
    json_destroy(answer);
    circle_fixture_sync_all(w->fixture);
    answer = api_world_ask(w, 2, "PATCH", path, "{\"format\":\"book-session\"}");
    assert_int_equal(json_count(json_member(answer, "parts")), 5);
    json_destroy(answer);
    /* Without a title it has the format's name. */
    answer = api_world_ask(w, 1, "POST", "meetings?lang=fr", "{\"format\":\"check-in\"}");
    assert_string_equal(json_text(answer, "title"), "Comment on va");
    json_destroy(answer);
    refuses(w, 1, "POST", "meetings", "{\"format\":\"\"}", 400, "title");
    /* Whoever brings parts of her own keeps them. */
    answer = api_world_ask(w, 1, "POST", "meetings",
                           "{\"title\":\"x\",\"format\":\"check-in\",\"parts\":[]}");
    assert_int_equal(json_count(json_member(answer, "parts")), 0);
    json_destroy(answer);
}

static int begin(void **state)
{
    *state = api_world_create(84);
    return 0;
}

static int end(void **state)
{
    api_world_destroy(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_are_their_words),
        cmocka_unit_test(test_assents_stay_with_the_words),
        cmocka_unit_test(test_nobody_speaks_for_another),
        cmocka_unit_test_setup_teardown(test_agreement_routes, begin, end),
        cmocka_unit_test_setup_teardown(test_agreements_as_records, begin, end),
        cmocka_unit_test_setup_teardown(test_rotation_routes, begin, end),
        cmocka_unit_test_setup_teardown(test_a_meeting_from_a_format, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
