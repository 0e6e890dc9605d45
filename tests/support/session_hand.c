#include "tests/support/session_hand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define must(held) must_hold((held), #held)

static void must_hold(bool held, const char *what)
{
    if (held) return;
    (void)fprintf(stderr, "session_hand: %s\n", what);
    abort();
}

void hand_write_one(struct circle_fixture *f, size_t node, uint64_t number)
{
    struct vl_record_id record = fixture_record(number);
    circle_fixture_add_element(f, node, 1, &record, 3, "ligne");
}

size_t hand_entries_of(struct circle_fixture *f, size_t node)
{
    return memory_storage_entry_count(f->nodes[node].memory);
}

struct vl_head hand_tip_of(struct circle_fixture *f, size_t node, size_t author)
{
    struct vl_head heads[2 * VL_PERSON_CHAINS_MAX];
    const size_t max = sizeof heads / sizeof *heads;
    size_t count = 0;
    must(vl_replica_heads(f->nodes[node].replica, heads, max, &count) == VL_OK);
    must(count <= max);
    for (size_t i = 0; i < count; i++) {
        struct vl_device_info device;
        must(vl_replica_author(f->nodes[node].replica, &heads[i].id, &device) == VL_OK);
        if (memcmp(device.card.sign, f->nodes[author].keys->card.sign, 32) == 0) return heads[i];
    }
    must(false); /* the node has no log of that author */
    return heads[0];
}

/* Everything that waits to be sent is taken and thrown away. */
size_t hand_drain(struct vl_session *s)
{
    struct vl_buffer out = {0};
    size_t count = 0;
    while (vl_session_next(s, &out, HAND_START) == VL_OK)
        count++;
    vl_buffer_finish(&out);
    return count;
}

vl_result hand_give(struct vl_session *s, struct vl_buffer *message)
{
    vl_result result = vl_session_receive(s, vl_buffer_view(message), HAND_START);
    vl_buffer_finish(message);
    return result;
}

vl_result hand_give_hello(struct vl_session *s, bool prove)
{
    struct message_hello hello = {.prove = prove};
    struct vl_buffer out = {0};
    memset(hello.digest.bytes, 7, sizeof hello.digest.bytes);
    must(message_hello_write(&hello, &out) == VL_OK);
    return hand_give(s, &out);
}

vl_result hand_give_heads(struct vl_session *s, const struct vl_head *heads, size_t count)
{
    size_t at = 0;
    do {
        struct vl_buffer out = {0};
        must(message_heads_write(heads, count, &at, &out) == VL_OK);
        VL_TRY(hand_give(s, &out));
    } while (at < count);
    return VL_OK;
}

vl_result hand_give_drained(struct vl_session *s)
{
    size_t at = 0;
    struct vl_buffer out = {0};
    must(message_have_write(NULL, 0, &at, true, &out) == VL_OK);
    return hand_give(s, &out);
}

vl_result hand_give_chunk(struct vl_session *s, struct chunk *c, bool drained)
{
    c->done = 0;
    while (c->done < c->count) {
        struct vl_buffer out = {0};
        must(message_entries_write(c, drained, &out) == VL_OK);
        VL_TRY(hand_give(s, &out));
    }
    return VL_OK;
}

/* Node `me`'s session that has greeted and compared: SENDING. */
struct vl_session *hand_opened(struct circle_fixture *f, size_t me, size_t peer)
{
    struct vl_session *s = fixture_session(f, me, peer, false, HAND_START);
    must(hand_give_hello(s, false) == VL_OK);
    must(hand_give_heads(s, NULL, 0) == VL_OK);
    must(vl_session_state_of(s) == VL_SESSION_SENDING);
    (void)hand_drain(s);
    return s;
}

/* Entries of node `author`'s log as node `from` has it. */
struct chunk *hand_chunk_of(struct circle_fixture *f, size_t from, size_t author, uint64_t first,
                            size_t count)
{
    struct vl_head tip = hand_tip_of(f, from, author);
    struct entry_run run = circle_fixture_run(f, from, &tip.log, first, count);
    must(run.count > 0);
    struct vl_entry_header header;
    must(vl_entry_header_decode(run.items[0].header, &header) == VL_OK);
    struct chunk *c = NULL;
    must(chunk_create(&c, &tip.log, first, &header.prev) == VL_OK);
    for (size_t i = 0; i < run.count; i++)
        must(chunk_append(c, &run.items[i]) == VL_OK);
    entry_run_finish(&run);
    return c;
}
