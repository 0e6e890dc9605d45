/* A session's peer made by hand: messages that a test writes itself, at a time that stands still.
 * Everything aborts when it cannot be made; what the session says is returned. */
#ifndef TESTS_SUPPORT_SESSION_HAND_H
#define TESTS_SUPPORT_SESSION_HAND_H

#include "sync/session_internal.h"
#include "tests/support/session_pair.h"

#define HAND_START ((vl_instant){1000})

/* ---- copies ---- */
void hand_write_one(struct circle_fixture *f, size_t node, uint64_t number);
size_t hand_entries_of(struct circle_fixture *f, size_t node);
/* The head of node `author`'s log as `node` has it. */
struct vl_head hand_tip_of(struct circle_fixture *f, size_t node, size_t author);
/* Entries of node `author`'s log as node `from` has it. */
struct chunk *hand_chunk_of(struct circle_fixture *f, size_t from, size_t author, uint64_t first,
                            size_t count);

/* ---- messages ---- */
/* Takes everything that waits to be sent and throws it away; how many there were. */
size_t hand_drain(struct vl_session *s);
vl_result hand_give(struct vl_session *s, struct vl_buffer *message); /* finishes the message */
vl_result hand_give_hello(struct vl_session *s, bool prove);
vl_result hand_give_heads(struct vl_session *s, const struct vl_head *heads, size_t count);
vl_result hand_give_drained(struct vl_session *s);
vl_result hand_give_chunk(struct vl_session *s, struct chunk *c, bool drained);
/* Node `me`'s session that has greeted and compared: SENDING. */
struct vl_session *hand_opened(struct circle_fixture *f, size_t me, size_t peer);

#endif
