/* That people are told when two versions of what somebody wrote exist, and when somebody has begun
 * more logs than one person may. */
#include "tests/support/api_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HOSTILE 3u /* "Max" */
#define TYPE    200u
#define FIELD   1u

static int setup(void **state)
{
    static uint64_t seed = 950;
    *state = api_world_create(seed++);
    return 0;
}

static int teardown(void **state)
{
    api_world_destroy(*state);
    return 0;
}

static vl_result give(struct api_world *w, struct vl_entry_header *header)
{
    struct entry_run run = {0};
    struct vl_id id;
    size_t stored;
    entry_run_forge(&run, header, vl_bytes_text("x"), w->fixture->nodes[HOSTILE].keys, &id);
    vl_result result =
        vl_replica_receive(w->fixture->nodes[0].replica, run.items, run.count, &stored);
    entry_run_finish(&run);
    return result;
}

static vl_result last_row(void *context, const struct vl_entry_row *row)
{
    return vl_entry_header_decode(row->entry.header, context);
}

/* The header of what the hostile one wrote last. */
static struct vl_entry_header write_something(struct api_world *w)
{
    struct vl_record_id record = fixture_record(7);
    struct vl_entry_header header;
    struct vl_head heads[16];
    size_t count;
    struct vl_id id =
        circle_fixture_add_element(w->fixture, HOSTILE, TYPE, &record, FIELD, "one thing");
    (void)circle_fixture_pull(w->fixture, 0, HOSTILE);
    /* who has read it says so by her next entry: it has an effect whatever comes */
    (void)circle_fixture_add_element(w->fixture, 0, TYPE, &record, FIELD, "an answer");
    assert_int_equal(vl_replica_heads(w->fixture->nodes[0].replica, heads, 16, &count), VL_OK);
    for (size_t i = 0; i < count; i++)
        if (vl_id_equal(&heads[i].id, &id))
            assert_int_equal(vl_replica_read_chunk(w->fixture->nodes[0].replica, &heads[i].log,
                                                   heads[i].seq, 1, VL_CHUNK_BYTES_MAX, last_row,
                                                   &header),
                             VL_OK);
    return header;
}

/* Who stands in that list of the answer; NULL: nobody. */
static const char *only_name(const struct json *answer, const char *list)
{
    const struct json *all = json_member(answer, list);
    assert_non_null(all);
    assert_true(json_count(all) <= 1);
    return json_count(all) == 0 ? NULL : json_text(json_item(all, 0), "name");
}

static void listed_everywhere(struct api_world *w, const char *list, const char *name)
{
    static const char *const paths[] = {"", "log?max=500"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct json *answer = api_world_ask(w, 0, "GET", paths[i], NULL);
        const char *who = only_name(answer, list);
        if (name == NULL)
            assert_null(who);
        else
            assert_string_equal(who, name);
        json_destroy(answer);
    }
}

static struct json *person(struct api_world *w)
{
    return api_world_ask(w, 0, "GET", "members/Max", NULL);
}

static void two_versions_are_told(void **state)
{
    struct api_world *w = *state;
    struct vl_entry_header header = write_something(w);
    listed_everywhere(w, "forked", NULL);
    struct json *max = person(w);
    assert_int_equal(json_integer(max, "forked"), 0);
    assert_int_equal(json_count(json_member(max, "forks")), 0);
    json_destroy(max);

    header.wall.ms += 1000;
    assert_int_equal(give(w, &header), VL_OK); /* the second branch is kept */
    listed_everywhere(w, "forked", "Max");
    listed_everywhere(w, "crowded", NULL);
    max = person(w);
    assert_int_equal(json_integer(max, "forked"), 1);
    assert_false(json_flag(max, "crowded"));
    const struct json *fork = json_item(json_member(max, "forks"), 0);
    assert_int_equal(json_integer(fork, "versions"), 2);
    const struct json *proof = json_member(fork, "proof");
    assert_int_equal(json_count(proof), 2);
    assert_int_equal(json_integer(json_item(proof, 0), "seq"), header.seq);
    assert_int_equal(json_integer(json_item(proof, 1), "seq"), header.seq);
    assert_string_not_equal(json_text(json_item(proof, 0), "entry"),
                            json_text(json_item(proof, 1), "entry"));
    json_destroy(max);
    /* nobody else is accused */
    struct json *all = api_world_ask(w, 0, "GET", "members", NULL);
    const struct json *members = json_member(all, "members");
    for (size_t i = 0; i < json_count(members); i++) {
        const struct json *one = json_item(members, i);
        bool is_max = strcmp(json_text(one, "name"), "Max") == 0;
        assert_int_equal(json_integer(one, "forked"), is_max ? 1 : 0);
    }
    json_destroy(all);
}

static void too_many_logs_are_told(void **state)
{
    struct api_world *w = *state;
    struct vl_entry_header header = write_something(w);
    header.seq = 0;
    header.prev = (struct vl_id){{0}};
    memcpy(header.sign_key, w->fixture->nodes[HOSTILE].keys->card.sign, sizeof header.sign_key);
    struct json *max = person(w);
    int64_t begun = json_integer(max, "logs");
    int64_t most = json_integer(max, "logs_max");
    assert_int_equal(most, VL_PERSON_CHAINS_MAX);
    json_destroy(max);
    /* what follows the newest control entry alone, one log beside the other */
    header.link_count = header.auth_count;
    memcpy(header.links, header.auth, header.auth_count * sizeof header.auth[0]);
    uint64_t lamport = 0;
    for (size_t i = 0; i < header.link_count; i++) {
        uint64_t one = memory_storage_entry(w->fixture->nodes[0].memory, &header.links[i])->lamport;
        if (one > lamport) lamport = one;
    }
    header.lamport = lamport + 1;
    for (; begun <= most; begun++) {
        listed_everywhere(w, "crowded", NULL);
        header.incarnation[0] = (uint8_t)begun;
        header.incarnation[1] = 1;
        vl_log_id(header.sign_key, header.incarnation, &header.log);
        assert_int_equal(give(w, &header), VL_OK);
    }
    listed_everywhere(w, "crowded", "Max");
    max = person(w);
    assert_true(json_flag(max, "crowded"));
    assert_int_equal(json_integer(max, "logs"), most + 1);
    json_destroy(max);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_versions_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_logs_are_told, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
