/* A real history of two people writing one text at once, letter by letter: each one's copy takes
 * in what she had seen when she typed; at the end both, and a third that gets everything in
 * another order, have the text that is known, and the same bytes. */
#include "support/cell_history.h"
#include "sync/sequence.h"
#include "tests/support/test_scale.h"
#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WRITERS 2

struct event { /* one entry with one operation */
    struct vl_operation op;
    struct vl_span span;
    struct vl_stamp stamp;
    long seen[WRITERS]; /* the newest event of each writer that it knows, itself included; or -1 */
    int writer;
};

static cJSON *read_trace(void)
{
    struct vl_buffer text = {0};
    char chunk[65536];
    size_t size;
    cJSON *trace;
    const char *path = VEILLEE_SHARED "/data/traces/friendsforever.json.gz";
    FILE *pipe;
    if (access(path, R_OK) != 0) return NULL;
    pipe = popen("gzip -dc '" VEILLEE_SHARED "/data/traces/friendsforever.json.gz'", "r");
    assert_non_null(pipe);
    while ((size = fread(chunk, 1, sizeof chunk, pipe)) > 0)
        assert_int_equal(vl_buffer_append(&text, chunk, size), VL_OK);
    assert_int_equal(pclose(pipe), 0);
    trace = cJSON_ParseWithLength((const char *)text.data, text.size);
    assert_non_null(trace);
    vl_buffer_finish(&text);
    return trace;
}

static void merge(struct sequence *s, const struct event *event)
{
    vl_result result = event->op.opcode == VL_OP_SEQUENCE_INSERT
                           ? sequence_insert(s, &event->op, &event->stamp)
                           : sequence_delete(s, &event->op);
    assert_int_equal(result, VL_OK);
}

static void know(struct event *event, const struct event *events, const cJSON *txn, long index)
{
    const cJSON *parent;
    event->writer = cJSON_GetObjectItem(txn, "agent")->valueint;
    assert_in_range(event->writer, 0, WRITERS - 1);
    for (int w = 0; w < WRITERS; w++)
        event->seen[w] = -1;
    cJSON_ArrayForEach(parent, cJSON_GetObjectItem(txn, "parents"))
    {
        const struct event *before = &events[parent->valueint];
        if (before->stamp.lamport > event->stamp.lamport)
            event->stamp.lamport = before->stamp.lamport;
        for (int w = 0; w < WRITERS; w++)
            if (before->seen[w] > event->seen[w]) event->seen[w] = before->seen[w];
    }
    event->stamp.lamport++;
    event->stamp.dot.entry = cell_history_id((uint64_t)index);
    event->seen[event->writer] = index;
}

static void type(struct event *event, const struct sequence *s, const cJSON *txn)
{
    const cJSON *patch = cJSON_GetArrayItem(cJSON_GetObjectItem(txn, "patches"), 0);
    size_t position = (size_t)cJSON_GetArrayItem(patch, 0)->valueint, count;
    size_t gone = (size_t)cJSON_GetArrayItem(patch, 1)->valueint;
    const char *text = cJSON_GetArrayItem(patch, 2)->valuestring;
    assert_true((gone == 0) != (text[0] == '\0')); /* each patch types or deletes */
    if (gone > 0) {
        event->op.opcode = VL_OP_SEQUENCE_DELETE;
        event->op.spans = &event->span;
        event->op.span_count = 1;
        assert_int_equal(sequence_spans(s, position, gone, &event->span, 1, &count), VL_OK);
        assert_int_equal(count, 1);
        return;
    }
    event->op.opcode = VL_OP_SEQUENCE_INSERT;
    event->op.value = vl_bytes_text(text);
    assert_int_equal(sequence_place_at(s, position, &event->op.left, &event->op.right), VL_OK);
}

static void assert_text(struct sequence *s, const char *expected, struct vl_buffer *state)
{
    struct vl_buffer text = {0};
    assert_int_equal(sequence_text(s, &text), VL_OK);
    assert_true(vl_bytes_equal(vl_buffer_view(&text), vl_bytes_text(expected)));
    assert_int_equal(sequence_save(s, state), VL_OK);
    vl_buffer_finish(&text);
}

static struct sequence *empty_sequence(void)
{
    struct sequence *s = calloc(1, sizeof *s);
    assert_non_null(s);
    assert_int_equal(sequence_load(s, VL_FIELD_TEXT, (struct vl_bytes){0}), VL_OK);
    return s;
}

static struct event *replay(const cJSON *trace, struct sequence **writers, size_t *count)
{
    const cJSON *txns = cJSON_GetObjectItem(trace, "txns"), *txn;
    size_t total = (size_t)cJSON_GetArraySize(txns);
    struct event *events = calloc(total, sizeof *events);
    long done[WRITERS][WRITERS] = {{-1, -1}, {-1, -1}}, index = 0;
    assert_non_null(events);
    cJSON_ArrayForEach(txn, txns)
    {
        struct event *event = &events[index];
        int me = cJSON_GetObjectItem(txn, "agent")->valueint, other = 1 - me;
        know(event, events, txn, index);
        for (long i = done[me][other] + 1; i <= event->seen[other]; i++)
            if (events[i].writer == other) merge(writers[me], &events[i]);
        if (event->seen[other] > done[me][other]) done[me][other] = event->seen[other];
        type(event, writers[me], txn);
        merge(writers[me], event);
        index++;
    }
    for (int me = 0; me < WRITERS; me++)
        for (long i = done[me][1 - me] + 1; i < index; i++)
            if (events[i].writer == 1 - me) merge(writers[me], &events[i]);
    *count = total;
    return events;
}

static void test_friendsforever(void **state)
{
    if (test_scale(0, 1) > 0) skip(); /* real keystrokes, all or none */
    cJSON *trace = read_trace();
    struct sequence *s[3];
    struct vl_buffer states[3] = {{0}, {0}, {0}};
    struct event *events;
    const char *expected;
    size_t count;
    (void)state;
    if (trace == NULL) {
        print_message("the trace is not here\n");
        skip();
    }
    for (int i = 0; i < 3; i++)
        s[i] = empty_sequence();
    expected = cJSON_GetObjectItem(trace, "endContent")->valuestring;
    events = replay(trace, s, &count);
    assert_int_equal(count, 26078);
    for (int w = WRITERS - 1; w >= 0; w--) /* all of one writer, then all of the other */
        for (size_t i = 0; i < count; i++)
            if (events[i].writer == w) merge(s[2], &events[i]);
    for (int i = 0; i < 3; i++)
        assert_text(s[i], expected, &states[i]);
    for (int i = 1; i < 3; i++)
        assert_true(vl_bytes_equal(vl_buffer_view(&states[0]), vl_buffer_view(&states[i])));
    for (int i = 0; i < 3; i++) {
        sequence_finish(s[i]);
        free(s[i]);
        vl_buffer_finish(&states[i]);
    }
    free(events);
    cJSON_Delete(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_friendsforever)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
