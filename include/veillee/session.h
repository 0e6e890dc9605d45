/* One sync session: two replicas of one circle over one secure channel. No I/O: messages in,
 * messages out, pulled by the caller, so that its send buffer is the only back-pressure.
 *
 * Messages (one frame each; docs/sync.md has the layouts)
 *   HELLO    version, digest of the heads, the newest control entries I have
 *   PROOF    control entries that the other lacks: how a member it does not know yet shows that
 *            she is one (before this nothing else is sent to her; of two who both ask, the one
 *            that dialled shows hers first)
 *   HEADS    every log's tips (several messages when many)
 *   ENTRIES  a run of one log, with "end of chunk" on its last part; headers without what the run
 *            implies (circle, log, number, previous id)
 *   HAVE     tips that grew, so that nothing is pushed back to where it came from
 *   FORK     two entries that prove that a log was forked
 *   PING, PONG   clock offsets (display only)
 *   CURSOR   where somebody is writing just now (display only: not stored, not sent on)
 *
 *   CREATED -> GREETING -> PROVING -> COMPARING -> SENDING -> LIVE
 *                  \________________________________________-> FAILED (a named error), from any
 * LIVE: both sides' heads are known to be equal or on their way; new entries are pushed at once.
 * Order of sending: the chunk whose first entry is lowest in (lamport, log), so that little waits
 * for links at the other side. Bounded: VL_PENDING_*, VL_CHUNK_*, VL_HEADS_MAX. */
#ifndef VEILLEE_SESSION_H
#define VEILLEE_SESSION_H

#include <veillee/replica.h>

struct vl_session;

enum vl_session_state {
    VL_SESSION_CREATED,
    VL_SESSION_GREETING,
    VL_SESSION_PROVING,
    VL_SESSION_COMPARING,
    VL_SESSION_SENDING,
    VL_SESSION_LIVE,
    VL_SESSION_FAILED
};

struct vl_session_config {
    struct vl_replica *replica;
    uint8_t peer_noise[32]; /* static key that the channel proved */
    bool expect_newcomer;   /* pairing: I am joining, my copy may be empty, the peer proves first */
    /* Of two that do not know each other's devices, this side shows its PROOF first. Set by who
     * dialled, under the current epoch: only a member's device can have answered. */
    bool proves_first;
    const uint8_t
        *expect_sign; /* pairing: signing key that must be in the proven circle, or NULL */
    /* Pairing as another device: whose key expect_sign must be; NULL: anybody's. */
    const struct vl_id *expect_person;
};

VL_MUST_USE vl_result vl_session_create(struct vl_session **out,
                                        const struct vl_session_config *config, vl_instant now);
void vl_session_destroy(struct vl_session *s); /* accepts NULL */

/* One message that arrived. Anything but VL_OK ends the session (state FAILED, that result):
 * AUTHORITY  the peer is no current member, or not who was expected. Else the codec's and the
 * replica's errors. */
VL_MUST_USE vl_result vl_session_receive(struct vl_session *s, struct vl_bytes message,
                                         vl_instant now);
/* The next message to send, replacing `out`. NOT_FOUND: nothing now. */
VL_MUST_USE vl_result vl_session_next(struct vl_session *s, struct vl_buffer *out, vl_instant now);
/* When vl_session_next should be asked again without an event; UINT64_MAX ms: never. */
vl_instant vl_session_deadline(const struct vl_session *s);

/* What this machine's wall clock says at `now`: goes into PONG, and shows the peer's clock as an
 * offset. Given often, since a wall clock can be set. Decides nothing; without it no clock is
 * exchanged. */
void vl_session_set_clock(struct vl_session *s, vl_wall wall, vl_instant now);

struct vl_cursor { /* where somebody is writing */
    uint32_t type; /* of the text's record */
    struct vl_record_id record;
    uint32_t field;
    bool is_gone;         /* she does not write there any more; `unit` says nothing */
    struct vl_place unit; /* right behind it; is_end: at the beginning */
};
/* Where this side's person writes: told when there is nothing else to send, at most every
 * VL_CURSOR_PAUSE_MS; the newest takes the place of one that was not told yet. Nothing before
 * SENDING. */
void vl_session_set_cursor(struct vl_session *s, const struct vl_cursor *cursor);
/* The newest that came since this was asked last; false: none. It is that of the device that the
 * channel proved. What it names need not be here. */
bool vl_session_take_cursor(struct vl_session *s, struct vl_cursor *out);

enum vl_session_state vl_session_state_of(const struct vl_session *s);
vl_result vl_session_error(const struct vl_session *s);
struct vl_session_counts {
    uint64_t entries_sent, entries_received, bytes_sent, bytes_received, round_trips;
    size_t waiting; /* entries of the peer that wait for links */
    bool has_clock_offset;
    int64_t clock_offset_ms; /* the peer's wall clock minus ours, as far as this can be told */
    /* The same by this machine's monotonic clock, so that setting ours changes nothing: an instant
     * here is (what the peer's wall clock showed) - clock_difference_ms, give or take
     * clock_error_ms when it was measured. */
    int64_t clock_difference_ms;
    uint64_t clock_error_ms;
};
struct vl_session_counts vl_session_counts_of(const struct vl_session *s);
/* Both sides have each other's heads as far as this side knows. */
bool vl_session_in_sync(const struct vl_session *s);
/* Logs that were forked or closed, as far as this side knows, sorted. Returns how many there are,
 * also when that is more than max. */
size_t vl_session_forks(const struct vl_session *s, struct vl_id *out, size_t max);

#endif
