/* Events: numbers that grow, nothing lost for who comes back in time, a resync for everybody else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "api/events.h"

static struct events *events;

static int setup(void **state)
{
    (void)state;
    return events_create(&events) == VL_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    events_destroy(events);
    return 0;
}

static void post(const char *data)
{
    events_post(events, "change", vl_bytes_text(data));
}

static void begin(struct events_reader *reader, const char *last)
{
    assert_int_equal(events_reader_begin(reader, events, last), VL_OK);
}

/* Everything that is to be read, in steps of `step` bytes. */
static const char *all_of(struct events_reader *reader, size_t step)
{
    static char text[EVENTS_KEPT * 64 + 8192];
    size_t size = 0, got;
    while ((got = events_read(reader, events, text + size, step)) > 0) {
        size += got;
        assert_true(size < sizeof text - 8192);
    }
    text[size] = 0;
    return text;
}

static const char *event_text(uint64_t number, const char *name, const char *data)
{
    static char text[4][8192];
    static unsigned at;
    char *place = text[at++ % 4];
    snprintf(place, sizeof text[0], "id: %llu\nevent: %s\ndata: %s\n\n", (unsigned long long)number,
             name, data);
    return place;
}

static const char *number_text(uint64_t number)
{
    static char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return text;
}

static void skip_beginning(struct events_reader *reader)
{
    assert_int_equal(strncmp(all_of(reader, 4096), "retry: 1000\n", 12), 0);
}

static void test_a_new_one_gets_what_comes(void **state)
{
    (void)state;
    struct events_reader reader;
    char wanted[256];
    post("{\"before\":1}");
    uint64_t last = events_last(events);
    begin(&reader, NULL);
    snprintf(wanted, sizeof wanted, "retry: 1000\n%s",
             event_text(last, "ready", "{\"locked\":true}"));
    assert_string_equal(all_of(&reader, 4096), wanted);
    assert_string_equal(all_of(&reader, 4096), "");
    post("{\"a\":1}");
    post("{\"b\":2}");
    snprintf(wanted, sizeof wanted, "%s%s", event_text(last + 1, "change", "{\"a\":1}"),
             event_text(last + 2, "change", "{\"b\":2}"));
    assert_string_equal(all_of(&reader, 1), wanted); /* byte by byte */
    events_reader_beat(&reader);
    assert_string_equal(all_of(&reader, 2), ":\n\n");
    assert_string_equal(all_of(&reader, 2), "");
    events_reader_beat(&reader); /* an event does as well as a comment */
    post("{}");
    assert_string_equal(all_of(&reader, 7), event_text(last + 3, "change", "{}"));
    events_reader_finish(&reader);
}

static void test_who_comes_back_gets_what_she_missed(void **state)
{
    (void)state;
    struct events_reader reader;
    uint64_t last = events_last(events);
    for (unsigned i = 0; i < EVENTS_KEPT; i++) {
        post("{}");
    }
    /* the oldest that is kept is the next one after hers: nothing is missing */
    begin(&reader, number_text(last));
    const char *text = all_of(&reader, 4096);
    assert_non_null(strstr(text, "event: ready\n"));
    for (unsigned i = 1; i <= EVENTS_KEPT; i++) {
        assert_non_null(strstr(text, event_text(last + i, "change", "{}")));
    }
    events_reader_finish(&reader);

    /* one more, and it is */
    post("{}");
    begin(&reader, number_text(last));
    text = all_of(&reader, 4096);
    assert_non_null(strstr(text, event_text(events_last(events), "resync", "{\"locked\":true}")));
    assert_null(strstr(text, "change"));
    events_reader_finish(&reader);
}

static void test_numbers_that_are_not_ours(void **state)
{
    (void)state;
    char big[32];
    post("{}");
    snprintf(big, sizeof big, "%llu", (unsigned long long)events_last(events) + 1);
    const char *const others[] = {
        "", "0", "1", "-1", "x", "1e3", " 12", "99999999999999999999", "18446744073709551615", big};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct events_reader reader;
        begin(&reader, others[i]);
        if (strstr(all_of(&reader, 4096), "event: resync\n") == NULL) fail_msg("%s", others[i]);
        events_reader_finish(&reader);
    }
    struct events_reader reader; /* the newest one is right: nothing was missed */
    begin(&reader, number_text(events_last(events)));
    assert_non_null(strstr(all_of(&reader, 4096), "event: ready\n"));
    events_reader_finish(&reader);
}

static void test_who_reads_slowly_resyncs_once(void **state)
{
    (void)state;
    struct events_reader reader;
    char part[10];
    begin(&reader, NULL);
    skip_beginning(&reader);
    post("{\"half\":true}");
    uint64_t half = events_last(events);
    assert_int_equal(events_read(&reader, events, part, sizeof part), sizeof part);
    for (unsigned i = 0; i < 3 * EVENTS_KEPT; i++) {
        post("{}");
    }
    /* what was begun is sent to its end, then the gap is told, and then it goes on */
    const char *text = all_of(&reader, 5);
    const char *rest = event_text(half, "change", "{\"half\":true}") + sizeof part;
    assert_int_equal(strncmp(text, rest, strlen(rest)), 0);
    assert_string_equal(text + strlen(rest),
                        event_text(events_last(events), "resync", "{\"locked\":true}"));
    post("{\"on\":1}");
    assert_string_equal(all_of(&reader, 100),
                        event_text(events_last(events), "change", "{\"on\":1}"));
    events_reader_finish(&reader);
}

static void test_locking_forgets(void **state)
{
    (void)state;
    struct events_reader reader, late;
    begin(&reader, NULL);
    skip_beginning(&reader);
    events_forget(events, false);
    events_post(events, "unlocked", vl_bytes_text("{}"));
    assert_string_equal(all_of(&reader, 4096), event_text(events_last(events), "unlocked", "{}"));
    post("{\"secret\":1}");
    uint64_t before = events_last(events);
    assert_non_null(strstr(all_of(&reader, 4096), "secret"));
    post("{\"secret\":2}");
    events_forget(events, true);
    events_post(events, "locked", vl_bytes_text("{}"));
    const char *text = all_of(&reader, 4096); /* was behind: the gap says that it is locked */
    assert_null(strstr(text, "secret"));
    assert_non_null(strstr(text, event_text(events_last(events), "resync", "{\"locked\":true}")));
    begin(&late, number_text(before));
    assert_null(strstr(all_of(&late, 4096), "secret"));
    events_reader_finish(&late);
    events_reader_finish(&reader);
}

static void test_an_event_of_exactly_the_limit_and_one_over(void **state)
{
    (void)state;
    struct events_reader reader;
    char *data = malloc(EVENT_DATA_BYTES_MAX + 2);
    memset(data, 'x', EVENT_DATA_BYTES_MAX + 1);
    data[EVENT_DATA_BYTES_MAX] = 0;
    begin(&reader, NULL);
    skip_beginning(&reader);
    post(data);
    assert_non_null(strstr(all_of(&reader, 4096), data));
    data[EVENT_DATA_BYTES_MAX] = 'x', data[EVENT_DATA_BYTES_MAX + 1] = 0;
    post(data);
    assert_string_equal(all_of(&reader, 4096),
                        event_text(events_last(events), "resync", "{\"locked\":true}"));
    events_reader_finish(&reader);
    free(data);
}

/* ---- what passes ---- */

static void pass(const char *data)
{
    events_pass(events, "cursor", vl_bytes_text(data));
}

static void test_what_passes_is_for_who_watches(void **state)
{
    (void)state;
    struct events_reader reader, late;
    pass("{\"early\":1}");
    begin(&reader, NULL);
    skip_beginning(&reader);
    post("{\"on\":1}");
    uint64_t before = events_last(events);
    pass("{\"at\":1}");
    assert_int_equal(events_last(events), before);
    char wanted[256];
    snprintf(wanted, sizeof wanted, "%sevent: cursor\ndata: {\"at\":1}\n\n",
             event_text(before, "change", "{\"on\":1}"));
    assert_string_equal(all_of(&reader, 4096), wanted);
    begin(&late, number_text(before));
    assert_null(strstr(all_of(&late, 4096), "cursor"));
    pass("{\"secret\":1}");
    events_forget(events, true);
    assert_null(strstr(all_of(&reader, 4096), "secret"));
    assert_null(strstr(all_of(&late, 4096), "secret"));
    events_reader_finish(&late);
    events_reader_finish(&reader);
}

/* More than are kept: she gets the newest, and nothing else is lost by it. */
static void test_of_many_that_pass_the_newest_come(void **state)
{
    (void)state;
    struct events_reader reader;
    char data[32];
    begin(&reader, NULL);
    skip_beginning(&reader);
    for (unsigned more = 0; more < 2; more++) {
        for (unsigned i = 0; i < EVENTS_PASSING + more; i++) {
            snprintf(data, sizeof data, "{\"at\":%u}", i);
            pass(data);
        }
        const char *text = all_of(&reader, 4096);
        assert_int_equal(strstr(text, "{\"at\":0}") == NULL, more == 1);
        snprintf(data, sizeof data, "{\"at\":%u}", EVENTS_PASSING - 1 + more);
        assert_non_null(strstr(text, data));
        assert_null(strstr(text, "resync"));
    }
    char *large = malloc(EVENT_DATA_BYTES_MAX + 2);
    memset(large, 'x', EVENT_DATA_BYTES_MAX + 1);
    large[EVENT_DATA_BYTES_MAX + 1] = 0;
    pass(large);
    assert_string_equal(all_of(&reader, 4096), "");
    large[EVENT_DATA_BYTES_MAX] = 0;
    pass(large);
    assert_non_null(strstr(all_of(&reader, 4096), large));
    free(large);
    events_reader_finish(&reader);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_new_one_gets_what_comes),
        TEST(test_who_comes_back_gets_what_she_missed),
        TEST(test_numbers_that_are_not_ours),
        TEST(test_who_reads_slowly_resyncs_once),
        TEST(test_what_passes_is_for_who_watches),
        TEST(test_of_many_that_pass_the_newest_come),
        TEST(test_locking_forgets),
        TEST(test_an_event_of_exactly_the_limit_and_one_over),
    };
    if (sodium_init() < 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
