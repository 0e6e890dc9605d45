/* What the files of the session share. Nothing outside sync/session*.c and sync/bundle*.c (a bundle
 * is a session's messages in a file) includes this.
 *
 *   session.c           states and dispatch
 *   session_messages.c  every message, encoding and decoding together
 *   session_send.c      what to send next
 *   session_logs.c      what each side is known to have of each log
 *   session_branches.c  the same of closed logs, chain by chain
 *   session_whole.c     which blobs each side has
 *   session_chunk.c     a run of entries in memory
 *   session_pending.c   chunks that arrived, and those that wait for their links
 *   session_cursor.c    where somebody is writing
 *   session_proof.c     control entries for somebody whose copy does not know me yet
 *   proof.h             judging such a proof (replica_proof.c)
 *
 * Invariants
 *  S1  Until the peer's device was found current (in my copy or by her PROOF), she got HELLO alone;
 *      from a side that proves first, to a device it never heard of, PROOF too.
 *  S2  Nothing is taken from a message before the whole of it was decoded.
 *  S3  Waiting entries never exceed VL_PENDING_*, waiting proofs of forks VL_FORKS_WAITING_MAX, the
 *      log table 2 * VL_HEADS_MAX.
 *  S4  What was dropped for a limit is marked, and the mark goes only with a new HEADS.
 *  S5  Entries go out from peer_seq + 1 on, so what came from the peer never goes back to it; while
 *      blobs are lacking here what it sent without one, and what followed, may.
 *  S6  HEADS and HAVE name an entry up to which no blob is lacking here that should be here. */
#ifndef SYNC_SESSION_INTERNAL_H
#define SYNC_SESSION_INTERNAL_H

#include "sync/branches.h"
#include "sync/proof.h"
#include <veillee/session.h>

enum message_type {
    MESSAGE_HELLO = 0,
    MESSAGE_PROOF = 1,
    MESSAGE_HEADS = 2,
    MESSAGE_ENTRIES = 3,
    MESSAGE_HAVE = 4,
    MESSAGE_PING = 5,
    MESSAGE_PONG = 6,
    MESSAGE_FORK = 7,
    MESSAGE_CURSOR = 8,
    MESSAGE_TYPE_COUNT
};

#define SESSION_VERSION   1u
#define SESSION_LOGS_MAX  (2u * VL_HEADS_MAX)
#define CHUNK_ENTRIES_MIN 16u /* however many logs are being sent */

/* ---- chunks (session_chunk.c) ---- */

struct chunk_item {
    struct vl_id id;
    uint8_t signature[64];
    size_t at; /* in bytes: header, then blob */
    uint32_t header_size, blob_size;
    bool has_blob;
};

struct chunk { /* a run of one log */
    struct vl_id log;
    uint64_t first;
    struct vl_id prev; /* id of entry first - 1; zero when first is 0 */
    size_t count, capacity;
    size_t done;   /* sent, or stored */
    uint32_t pass; /* pending: the last pass in which it was given to the replica */
    uint32_t run;  /* ... and as part of which run */
    struct chunk_item *items;
    struct vl_buffer bytes;
};

VL_MUST_USE vl_result chunk_create(struct chunk **out, const struct vl_id *log, uint64_t first,
                                   const struct vl_id *prev);
void chunk_destroy(struct chunk *c); /* accepts NULL */
/* Copies. The id is computed here. TOO_LARGE over VL_CHUNK_*. */
VL_MUST_USE vl_result chunk_append(struct chunk *c, const struct vl_entry *entry);
size_t chunk_size(const struct chunk *c); /* encoded entries, as VL_CHUNK_BYTES_MAX counts */
/* Views into the chunk. */
struct vl_entry chunk_entry(const struct chunk *c, size_t at);
static inline uint64_t chunk_last_seq(const struct chunk *c)
{
    return c->first + c->count - 1;
}
/* Id of what the next appended entry follows. */
const struct vl_id *chunk_tip(const struct chunk *c);

/* ---- messages (session_messages.c) ---- */

struct message_hello {
    struct vl_id digest;
    bool prove;
    size_t control_count;
    struct vl_id control[VL_AUTH_MAX];
};
struct message_pong {
    uint64_t token;
    bool has_wall;
    int64_t wall;
};
#define ENTRIES_LAST    1u
#define ENTRIES_FIRST   2u
#define ENTRIES_DRAINED 4u

/* Writers replace `out`; readers take the message after its type byte and read to its end. */
VL_MUST_USE vl_result message_hello_write(const struct message_hello *hello, struct vl_buffer *out);
VL_MUST_USE vl_result message_hello_read(struct vl_reader *r, struct message_hello *out);

/* A PROOF is written entry by entry: begin, add until it says false, end. */
VL_MUST_USE vl_result message_proof_write(const struct proof_item *items, size_t count, bool last,
                                          struct vl_buffer *out);
size_t message_proof_item_size(const struct vl_entry *entry); /* at most, as written */
#define PROOF_MESSAGE_BYTES (VL_MESSAGE_BYTES_MAX - 16u)      /* room for items in one message */
VL_MUST_USE vl_result message_proof_begin(struct vl_reader *r, bool *last, size_t *count);
void message_proof_item(struct vl_reader *r, struct proof_item *out);

#define MESSAGE_HEADS_MAX (VL_MESSAGE_BYTES_MAX / 65u) /* more cannot stand in one message */

/* HEADS and HAVE: writes as many of heads[*at..] as fit, moves *at on. The flag of HEADS is set
 * with the last of them; that of HAVE as given. */
VL_MUST_USE vl_result message_heads_write(const struct vl_head *heads, size_t count, size_t *at,
                                          struct vl_buffer *out);
VL_MUST_USE vl_result message_have_write(const struct vl_head *heads, size_t count, size_t *at,
                                         bool drained, struct vl_buffer *out);
/* Appends to heads[*count..max]; LIMIT over max. They must go on sorted from the one before.
 * `several`: one log may have several heads. */
VL_MUST_USE vl_result message_heads_read(struct vl_reader *r, bool several, bool *flag,
                                         struct vl_head *heads, size_t max, size_t *count);

/* As many entries of the chunk as fit, from done on; moves done on. `drained` is said only with
 * the last. */
VL_MUST_USE vl_result message_entries_write(struct chunk *c, bool drained, struct vl_buffer *out);
/* Appends to *chunk, which is created by the first part. *flags: ENTRIES_*. PREV: the part does
 * not go on where the one before ended. */
VL_MUST_USE vl_result message_entries_read(struct vl_reader *r, const struct vl_id *circle,
                                           struct chunk **chunk, unsigned *flags);

VL_MUST_USE vl_result message_fork_write(struct vl_bytes proof, struct vl_buffer *out);
/* A view into the message. */
VL_MUST_USE vl_result message_fork_read(struct vl_reader *r, struct vl_bytes *proof);

VL_MUST_USE vl_result message_ping_write(uint64_t token, struct vl_buffer *out);
VL_MUST_USE vl_result message_ping_read(struct vl_reader *r, uint64_t *token);
VL_MUST_USE vl_result message_pong_write(const struct message_pong *pong, struct vl_buffer *out);
VL_MUST_USE vl_result message_pong_read(struct vl_reader *r, struct message_pong *out);

/* session_cursor.c */
VL_MUST_USE vl_result message_cursor_write(const struct vl_cursor *cursor, struct vl_buffer *out);
VL_MUST_USE vl_result message_cursor_read(struct vl_reader *r, struct vl_cursor *out);

/* ---- logs (session_logs.c) ---- */

struct session_tip {
    bool known;
    uint64_t seq;
    struct vl_id id;
};

struct session_log {
    struct vl_id log;
    struct session_tip mine;  /* in my copy, as of the session's generation */
    struct session_tip whole; /* in my copy: up to it no blob is lacking that should be here */
    struct session_tip hello; /* mine when I wrote HELLO */
    struct session_tip hello_whole;
    struct session_tip peer;       /* the highest that the peer has, or is on its way to it */
    struct session_tip peer_whole; /* the highest it said that it has whole */
    struct session_tip asked;      /* the same when my last HEADS went out */
    struct session_tip told;       /* the highest that the peer knows I have whole */
    bool closed;                   /* in my copy: its chains are in session_branches */
    bool peer_closed;              /* the peer named several heads of it */
    bool forked;                   /* our tips contradict each other, and it is not closed yet */
    bool show_fork;                /* ... and the peer does not know: one chunk of my branch */
    bool fork_shown;               /* the peer has a proof that it was forked, or was sent mine */
    bool peer_knows;               /* the peer named it in HEADS, or was sent some of it */
    bool dropped;                  /* entries of it were let go since my last HEADS */
    bool stuck;                    /* what it links to does not come: let go without asking */
    bool held;                     /* more of it is not taken for a limit of this copy */
    uint32_t pass;                 /* pending: the last pass in which it was given to the replica */
    uint32_t pass_runs;            /* ... and in how many runs */
    bool lamport_known;            /* of entry peer.seq + 1 */
    uint64_t lamport, lamport_seq;
};

struct session_logs { /* sorted by log */
    struct session_log *items;
    size_t count;
};

struct session_log *logs_find(struct session_logs *logs, const struct vl_id *log); /* or NULL */
/* A line for each log of the sorted heads. LIMIT over SESSION_LOGS_MAX. Moves the lines. */
VL_MUST_USE vl_result logs_ensure(struct session_logs *logs, const struct vl_head *heads,
                                  size_t count);
void logs_finish(struct session_logs *logs);
static inline bool tip_covers(const struct session_tip *tip, const struct session_tip *other)
{
    return !other->known || (tip->known && tip->seq >= other->seq);
}
static inline void tip_raise(struct session_tip *tip, uint64_t seq, const struct vl_id *id)
{
    if (tip->known && tip->seq >= seq) return;
    *tip = (struct session_tip){.known = true, .seq = seq, .id = *id};
}

/* ---- closed logs (session_branches.c) ---- */

struct session_branch { /* one chain of mine */
    struct closed_chain is;
    uint64_t next; /* the first number of it that the peer is not known to have */
    uint64_t to;   /* what is below goes to the peer */
    uint64_t peer_whole, asked, told; /* as of a log: numbers plus one */
    bool was_bare; /* a blob was lacking here that the peer may lack because of me */
    bool lamport_known;
    uint64_t lamport, lamport_seq; /* of `next` */
};

struct session_branches {
    struct session_branch *items;
    size_t count, capacity;
    uint64_t generation; /* closed_generation when they were listed */
};

/* ---- pending (session_pending.c) ---- */

struct pending {
    struct chunk **items; /* in order of arrival, those of one log by number */
    size_t count, capacity;
    size_t entries, bytes; /* of what is not stored yet */
    size_t max_entries;    /* VL_PENDING_ENTRIES_MAX, in tests less */
    uint32_t pass;
    bool retry; /* something new was stored since the last pass */
};

/* ---- proofs of forks that wait (session_forks.c) ---- */

struct session_forks {
    struct waiting_fork *items; /* about logs that are not here yet, one each */
    size_t count, capacity;
    uint64_t generation; /* of the replica, when they were looked through last */
};

/* ---- sending a proof (session_proof.c) ---- */

/* The control entries beyond what the other has, in parts. */
struct proof_source {
    struct vl_id *known; /* newest control entries that the other has or was sent */
    size_t count, capacity;
};
VL_MUST_USE vl_result proof_source_init(struct proof_source *source, const struct vl_id *known,
                                        size_t count);
void proof_source_finish(struct proof_source *source);
VL_MUST_USE vl_result proof_source_next(struct proof_source *source, struct vl_replica *replica,
                                        bool *last, struct vl_buffer *out);

/* ---- the session ---- */

struct vl_session {
    struct vl_replica *replica;
    uint8_t peer_noise[32];
    bool expect_newcomer, proves_first, has_expect_sign;
    uint8_t expect_sign[32];
    struct vl_id expect_person; /* zeros: anybody */

    enum vl_session_state state;
    vl_result error;
    bool refreshed;      /* generation was read */
    uint64_t generation; /* of the replica, as of logs[].mine */

    /* greeting */
    bool hello_sent, hello_received;
    bool asked;  /* my HELLO asks for a PROOF */
    bool proven; /* the peer's device was found current */
    struct message_hello hello, peer_hello;
    struct proof *proof; /* lives until my own copy knows her device */
    bool send_proof;
    bool proof_begun; /* send_proof was set: once in a session */
    struct proof_source source;

    /* heads */
    bool to_file; /* a bundle: nobody asks, and nobody is told of what comes meanwhile */
    struct session_logs logs;
    struct session_branches branches;
    bool lacks_blobs; /* in my copy, as of `generation` */
    bool reask;       /* HEADS is due again: logs were closed, or have too few branches */
    bool gave_up;     /* some logs are stuck: */
    uint64_t gave_up_generation;
    vl_instant gave_up_at;
    struct vl_id peer_person; /* zero: not known in my copy */
    struct vl_head *heads;    /* scratch: my heads, as many as generation's */
    size_t head_count, head_capacity;
    struct vl_head *outgoing; /* HEADS or HAVE being sent; owned */
    size_t outgoing_count, outgoing_at;
    bool outgoing_heads;      /* it is a HEADS, else a HAVE */
    struct vl_head *incoming; /* HEADS being received; owned */
    size_t incoming_count;

    /* sending */
    struct chunk *sending;
    bool must_drain;   /* say drained when there is nothing more */
    bool sent_drained; /* said since the peer's last HEADS */

    /* receiving */
    struct chunk *receiving;
    struct pending pending;
    struct session_forks forks;
    bool round_open;            /* my HEADS went out, the peer's HAVE has not said drained */
    bool peer_drained;          /* said since my last HEADS */
    uint64_t round_generation;  /* of the replica, when my last HEADS was made */
    uint64_t stored_generation; /* of the replica, after this session's last storing */

    /* time */
    vl_instant heard;
    vl_instant next_ping;
    bool pinged;
    uint64_t ping_token;
    vl_instant ping_sent;
    bool must_pong;
    uint64_t pong_token;
    bool has_wall;
    int64_t wall_minus_instant;
    unsigned quick_pings; /* still to be sent */
    vl_instant measured;  /* when clock_difference_ms was */
    struct vl_session_counts counts;

    /* cursors */
    struct vl_cursor cursor, peer_cursor;
    bool must_tell_cursor, cursor_came;
    vl_instant next_cursor; /* not before it */
    vl_instant cursor_due;  /* when the peer's next one would come, if they came evenly */
};

/* session.c */
/* Reads the replica again when it changed: heads, and whether the peer still is a member. */
VL_MUST_USE vl_result session_refresh(struct vl_session *s);
/* SENDING becomes LIVE when both sides have drained. */
void session_settle(struct vl_session *s, vl_instant now);
/* Begins a HEADS of my heads; forgets what waits and was dropped. */
VL_MUST_USE vl_result session_begin_heads(struct vl_session *s);

/* session_forks.c */
/* What a FORK message says, after its type byte. */
VL_MUST_USE vl_result session_take_fork(struct vl_session *s, struct vl_reader *r);
/* Closes the logs that came since the proofs about them. */
VL_MUST_USE vl_result session_learn_forks(struct vl_session *s);
void session_forks_finish(struct session_forks *forks);

/* session_branches.c */
/* Lists my chains anew; what the peer is known to have stays known. */
VL_MUST_USE vl_result session_list_branches(struct vl_session *s);
void session_forget_branches(struct vl_session *s); /* what the peer has: HEADS comes anew */
struct session_branch *session_branch_of(struct vl_session *s, uint32_t chain); /* or NULL */
/* The peer has this entry, and what it goes on from. */
VL_MUST_USE vl_result session_peer_has(struct vl_session *s, const struct vl_id *id);
/* Says how far each chain goes to the peer. */
VL_MUST_USE vl_result session_aim_branches(struct vl_session *s);
/* Logs that were closed since the session last looked: runs of these are judged otherwise. */
VL_MUST_USE vl_result session_note_closed(struct vl_session *s);
/* Some closed log has one branch here, and the peer may have another. */
bool session_lacks_branches(const struct vl_session *s);
static inline bool branch_has_work(const struct session_branch *branch)
{
    return branch->next < branch->to;
}

/* session_whole.c
 *
 * An entry may be in both copies and its blob in one alone: what a hostile member gave without
 * blobs is given on without. When the blob comes to a side later, it says so (HAVE), and the other
 * asks for the log again (HEADS). */
/* After mine and branches were read. */
VL_MUST_USE vl_result session_read_whole(struct vl_session *s);
/* The peer has all up to these with its blobs. */
VL_MUST_USE vl_result session_hear_whole(struct vl_session *s, const struct vl_head *heads,
                                         size_t count);
/* My HEADS goes out: it says what is whole here, and asks for the rest. */
void session_ask_whole(struct vl_session *s);
/* The peer has a blob that is lacking here. */
bool session_wants_blobs(const struct vl_session *s);
/* The peer knows what it was sent, and what it sent, but not that a blob which that lacks is here.
 */
void session_tell_sent(struct session_log *log, const struct chunk *c);
void session_tell_received(struct session_log *log, const struct chunk *c);
/* What the peer has, and does not know that I have whole; the next HAVE, at most one of each log,
 * noted as told. *out: owned by the caller, NULL when there is nothing. */
VL_MUST_USE vl_result session_untold(struct vl_session *s, struct vl_head **out, size_t *count);

/* session_pending.c: takes over the complete chunk s->receiving. */
VL_MUST_USE vl_result session_take_chunk(struct vl_session *s);
/* Gives the waiting chunks to the replica again. */
VL_MUST_USE vl_result session_retry(struct vl_session *s);
/* The peer has nothing more to send just now: asks again for what was let go. */
VL_MUST_USE vl_result session_burst_ended(struct vl_session *s);
/* The peer has sent all that my last HEADS lacked. LIMIT: and it brought nothing. */
VL_MUST_USE vl_result session_round_ended(struct vl_session *s);
/* When something was stored since, from whomever, what was given up is asked for once more. */
void session_hope_again(struct vl_session *s, vl_instant now);
/* Fewer entries may wait than VL_PENDING_ENTRIES_MAX, so that the limit is met often. At first. */
void session_limit_pending(struct vl_session *s, size_t entries);
void pending_clear(struct pending *pending);
void pending_finish(struct pending *pending);

/* session_cursor.c: what a CURSOR says, after its type byte; one to send. */
VL_MUST_USE vl_result session_take_cursor(struct vl_session *s, struct vl_reader *r,
                                          vl_instant now);
VL_MUST_USE vl_result session_next_cursor(struct vl_session *s, struct vl_buffer *out,
                                          vl_instant now);

/* session_send.c */
VL_MUST_USE vl_result session_find_forks(struct vl_session *s);
VL_MUST_USE vl_result session_send_next(struct vl_session *s, struct vl_buffer *out,
                                        vl_instant now);

#endif
