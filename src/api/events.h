/* What happens, for those who watch: the last events, each under a number that grows by one, ready
 * to be sent (text/event-stream). Nothing here does I/O.
 *
 * Whoever comes back with the number of the last event that she saw gets all that follow. If they
 * are not all here any more (too many, forgotten when the vault was locked, or the number is of
 * another run of the node, which begins at a random one) she gets "resync": load everything anew.
 */
#ifndef API_EVENTS_H
#define API_EVENTS_H

#include <veillee/bytes.h>

#define EVENTS_KEPT          256u
#define EVENTS_PASSING       8u
#define EVENT_DATA_BYTES_MAX 6144u /* a larger one becomes a resync for everybody */
#define EVENT_HEAD_BYTES_MAX 128u

struct events;
VL_MUST_USE vl_result events_create(struct events **out);
void events_destroy(struct events *all); /* wipes; accepts NULL */

/* `name` without a line feed, `data` in one line. Never fails: who misses one resyncs. */
void events_post(struct events *all, const char *name, struct vl_bytes data);
/* To those who watch now, without a number: what passes, and is soon told anew. Of more than
 * EVENTS_PASSING that somebody has not taken yet she gets the newest. Too large: nothing. */
void events_pass(struct events *all, const char *name, struct vl_bytes data);
/* Wipes those that are kept. `locked` is told with what begins a stream, from now on. */
void events_forget(struct events *all, bool locked);
uint64_t events_last(const struct events *all); /* number of the newest */

struct events_reader { /* one who watches; {0} is none */
    uint64_t next;     /* number of what she gets next */
    uint64_t passing;  /* of what passes: how many there were before the next one */
    bool begins, gap, beat;
    char *text; /* what is being sent; owned */
    size_t size, sent;
};
/* `last`: the text of a number, or NULL. NO_MEMORY. */
VL_MUST_USE vl_result events_reader_begin(struct events_reader *reader, const struct events *all,
                                          const char *last);
void events_reader_finish(struct events_reader *reader);
/* A comment is due, so that both sides notice when the other is gone. */
void events_reader_beat(struct events_reader *reader);
/* At most `max` bytes of what is to be sent; 0: nothing now. */
size_t events_read(struct events_reader *reader, const struct events *all, char *out, size_t max);

#endif
