/* A live session fed with arbitrary messages.
 * First byte: which session; second: how many honest messages it gets before. Then messages: u16
 * size (little-endian) and bytes; the last one may be shorter than it says. A size of BUNDLE is no
 * message: an honest bundle of the peer's is read into the copy meanwhile; WRITE: I write something
 * myself. */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sync/session_internal.h"
#include "tests/support/seeded_random.h"
#include "tests/support/session_pair.h"
#include <veillee/bundle.h>

#ifdef NDEBUG
#error "fuzzing is done with assertions"
#endif

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BUNDLE 0xffffu
#define WRITE  0xfffeu

enum scene { CATCHING_UP, NEWCOMER, LIVE, STRANGER, SCENE_COUNT };

static const vl_instant start = {1000};

struct stage { /* of one scene */
    struct circle_fixture *f;
    size_t me, peer;
    struct memory_storage *before; /* my copy when the session begins */
    struct session_pair honest;    /* what the peer sends when she is honest */
    struct vl_buffer bundle;       /* of hers; empty: she has none */
};

static struct stage stages[SCENE_COUNT];

static void write_some(struct circle_fixture *f, size_t node, size_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct vl_record_id record = fixture_record(10 * node + i);
        circle_fixture_add_element(f, node, 1, &record, 3, "ligne");
    }
}

static void write_bundle(struct stage *s)
{
    struct vl_bundle_writer *writer = NULL;
    vl_result result =
        vl_bundle_writer_create(&writer, s->f->nodes[s->peer].replica, NULL, 0, (vl_wall){0});
    while (result == VL_OK)
        result = vl_bundle_write(writer, SIZE_MAX, &s->bundle);
    assert(result == (s->bundle.size > 0 ? VL_ERR_NOT_FOUND : VL_ERR_STATE));
    vl_bundle_writer_destroy(writer);
}

static void build(enum scene scene)
{
    struct stage *s = &stages[scene];
    seeded_reseed_sodium(scene);
    s->f = circle_fixture_create(3, scene + 1);
    s->me = scene == NEWCOMER || scene == STRANGER ? circle_fixture_stranger(s->f) : 1;
    if (scene == STRANGER) { /* I am a member, she is not */
        s->peer = s->me;
        s->me = 1;
    }
    if (scene == NEWCOMER) circle_fixture_add(s->f, 0, s->me);
    if (scene != LIVE) write_some(s->f, 0, 3);
    if (scene == CATCHING_UP) write_some(s->f, 1, 2);
    write_bundle(s);
    s->before = memory_storage_clone(s->f->nodes[s->me].memory);
    session_pair_init(&s->honest, s->f, s->peer, s->me);
    s->honest.record = true;
    session_pair_run(&s->honest);
    vl_session_destroy(s->honest.sides[1]);
    s->honest.sides[1] = NULL;
    memory_storage_restore(s->f->nodes[s->me].memory, s->before);
    circle_fixture_reopen(s->f, s->me);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    seeded_install_sodium();
    if (sodium_init() < 0) abort();
    for (enum scene scene = 0; scene < SCENE_COUNT; scene++)
        build(scene);
    return 0;
}

/* Takes what the session wants to send; after a failure there is nothing. */
static size_t drain(struct vl_session *session)
{
    struct vl_buffer out = {0};
    size_t count = 0;
    vl_result result;
    while ((result = vl_session_next(session, &out, start)) == VL_OK) {
        assert(out.size > 0 && out.size <= VL_MESSAGE_BYTES_MAX);
        count++;
    }
    assert(result == VL_ERR_NOT_FOUND || vl_session_state_of(session) == VL_SESSION_FAILED);
    vl_buffer_finish(&out);
    return count;
}

/* What is shown of it is what can be said again. */
static void show_cursor(struct vl_session *session)
{
    struct vl_cursor cursor;
    struct vl_buffer again = {0};
    if (!vl_session_take_cursor(session, &cursor)) return;
    assert(vl_session_error(session) == VL_OK);
    assert(message_cursor_write(&cursor, &again) == VL_OK);
    assert(!vl_session_take_cursor(session, &cursor));
    vl_buffer_finish(&again);
}

static void give(struct vl_session *session, struct vl_bytes message)
{
    vl_result result = vl_session_receive(session, message, start);
    assert((result == VL_OK) == (vl_session_state_of(session) != VL_SESSION_FAILED));
    assert(result == vl_session_error(session));
    assert(result != VL_ERR_INTERNAL && result != VL_ERR_DAMAGED);
    struct vl_session_counts counts = vl_session_counts_of(session);
    assert(counts.waiting <= VL_PENDING_ENTRIES_MAX);
    show_cursor(session);
}

/* Whether the size stood for one of these; how many entries of mine it made. */
static bool meanwhile(struct stage *s, size_t length, size_t *written)
{
    if (length == BUNDLE && s->bundle.size > 0) {
        struct vl_bundle_reader *reader = NULL;
        assert(vl_bundle_reader_create(&reader, &s->f->nodes[s->me].replica, 1) == VL_OK);
        assert(vl_bundle_read(reader, vl_buffer_view(&s->bundle)) == VL_OK);
        assert(vl_bundle_read_end(reader) == VL_OK);
        vl_bundle_reader_destroy(reader);
    }
    if (length == WRITE && s != &stages[NEWCOMER]) {
        write_some(s->f, s->me, 1);
        (*written)++;
    }
    return length == BUNDLE || length == WRITE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t written = 0;
    if (size < 2) return 0;
    struct stage *s = &stages[data[0] % SCENE_COUNT];
    size_t honest = data[1];
    bool newcomer = data[0] % SCENE_COUNT == NEWCOMER;
    struct vl_session *session = fixture_session(s->f, s->me, s->peer, newcomer, start);
    size_t sent = drain(session);
    for (size_t i = 0; i < honest && i < s->honest.recorded_count; i++) {
        give(session, vl_buffer_view(&s->honest.recorded[i]));
        sent += drain(session);
    }
    data += 2;
    size -= 2;
    while (size >= 2) {
        size_t length = (size_t)data[0] | (size_t)data[1] << 8;
        data += 2;
        size -= 2;
        if (meanwhile(s, length, &written)) {
            sent += drain(session);
            continue;
        }
        if (length > size) length = size;
        uint8_t *copy = malloc(length + 1); /* so that reading past its end is seen */
        assert(copy != NULL);
        memcpy(copy, data, length);
        give(session, vl_bytes(copy, length));
        free(copy);
        sent += drain(session);
        data += length;
        size -= length;
    }
    if (s == &stages[STRANGER]) assert(sent <= 1);
    vl_session_destroy(session);

    /* Only what the peer really has can have come in. */
    struct memory_storage *mine = s->f->nodes[s->me].memory;
    size_t count = memory_storage_entry_count(mine);
    size_t possible = memory_storage_entry_count(s->before) + written +
                      memory_storage_entry_count(s->f->nodes[s->peer].memory);
    assert(count <= possible);
    if (count != memory_storage_entry_count(s->before)) {
        memory_storage_restore(mine, s->before);
        circle_fixture_reopen(s->f, s->me);
    }
    return 0;
}
