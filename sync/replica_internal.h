/* What the files of the replica share. Nothing outside sync/replica*.c includes this.
 *
 *   replica.c         open, load, transactions
 *   replica_past.c    what is remembered of an entry to judge those that follow it
 *   replica_judge.c   links, lamport and auth of an entry against its parents
 *   replica_accept.c  runs of entries from a peer
 *   replica_write.c   own entries
 *   replica_links.c   what own entries link to
 *   replica_sealed.c  for whom a sealed entry is
 *   replica_member.c  control entries: enrolments, devices, membership
 *   replica_epoch.c   epoch secrets
 *   replica_reading.c which epochs somebody new is given to read the past
 *   replica_count.c   which content counts (R10), and cells that follow when that changes
 *   replica_erase.c   tombstones: what they erase, and who knows of it
 *   replica_bare.c    entries that came without their blob
 *   replica_merge.c   operations into cells
 *   replica_rows.c    copies of stored rows (a scan's callback may not call the storage)
 *   replica_fork.c    proofs that a log was forked, closing
 *   replica_live.c    what is in the past of open logs, and what has an effect by that
 *   replica_branch.c  where a run goes in the tree of its log, and what may be taken of closed logs
 *   replica_closed.c  closed logs as sessions speak of them (branches.h)
 *   replica_incarnation.c  several logs of one device
 *   replica_read.c    chunks, scans, digest
 *   replica_verify.c  everything read and judged anew
 *   replica_proof.c   what a stranger shows to be known as a member, judged in scratch memory */
#ifndef SYNC_REPLICA_INTERNAL_H
#define SYNC_REPLICA_INTERNAL_H

#include "sync/tombstone_table.h"
#include <veillee/replica.h>
#include <veillee/sealed.h>

/* ---- the past of an entry ---- */

struct past_item { /* of chain `chain`, everything up to `seq` is in the past */
    uint32_t chain;
    uint64_t seq;
};

/* Counted references; immutable once shared. a is in the past of b, or b itself, exactly when
 * b's vector has at least a's number for a's chain.
 *
 * `content` says the same of content alone: content a is reached from content b over content, that
 * is over links to content and over the last content before in b's own log, when b's content
 * vector has at least a's number. Links to control entries carry none (somebody who was removed
 * could put backdated content before a control entry, which everybody links). A control entry
 * holds the vector of the last content before it in its own log, for what follows it there.
 * Content reached in a log is a beginning of that log's content. */
struct past {
    unsigned references;
    bool is_control;
    struct vl_id id;
    uint32_t chain;
    uint64_t seq, lamport;
    size_t control_count;     /* the newest control entries up to and with this entry: itself if */
    struct vl_id *controls;   /* it is one, else its auth */
    size_t count;             /* vector, sorted by chain, with the entry itself */
    struct past_item *vector; /* in the same block */
    size_t content_count;     /* sorted by chain; numbers of content entries */
    struct past_item *content;
};

#define PAST_CACHE_SLOTS 2048u
#define PAST_CACHE_BYTES (1024u * 1024u)

struct past_cache {
    struct past *slots[PAST_CACHE_SLOTS];
    size_t bytes;
};

/* One reference; NULL: no memory. */
struct past *past_create(size_t control_count, size_t count, size_t content_count);
struct past *past_ref(struct past *past);
void past_unref(struct past *past); /* accepts NULL */
bool past_covers(const struct past *past, uint32_t chain, uint64_t seq);
bool past_reaches_content(const struct past *past, uint32_t chain, uint64_t seq);
VL_MUST_USE vl_result past_encode(const struct past *past, struct vl_buffer *out); /* appends */

void past_cache_put(struct past_cache *cache, struct past *past); /* takes a reference of its own */
void past_cache_clear(struct past_cache *cache);

/* ---- memory of the replica ---- */

struct chain {
    struct vl_log_row row;
    bool dirty;    /* row is newer than the storage's */
    uint64_t live; /* below it entries are live (L1); a number plus one, 0: none */
    /* On whose account what is not live was taken, and when, for what is dropped first. Zero: on
     * nobody's, or the copy was opened since. */
    struct vl_id server;
    uint64_t served;
    uint64_t serial; /* of no other chain that is or was at this index */
    bool is_person;  /* its author is one now, as of the last count */
    /* Numbers plus one, 0: none. Content below `counted` counts and above is QUARANTINED. */
    uint64_t counted;
    uint64_t control; /* its newest control entry */
    uint64_t bare;    /* its first entry that is BARE */
};

struct enrolled { /* one enrolment that a control entry carries */
    struct vl_device_card card;
    struct vl_id person, entry;
    uint64_t lamport;
    bool is_outside; /* the entry is not live */
    bool has_authority;
};

struct epoch { /* one epoch entry, whether its secret is here or not */
    struct vl_id entry, key_id;
    uint64_t lamport;
    bool is_passed_over; /* a newcomer lacks it, and it was not worth a seal when it was weighed */
};

struct secret { /* in guarded memory */
    struct vl_id key_id;
    uint8_t bytes[32];
};

struct cell { /* one cell in the write-back cache */
    struct vl_cell_key key;
    struct vl_buffer state; /* empty while it is open */
    struct vl_cell *open;   /* from the second operation on; NULL: closed */
    bool is_touched;
};

#define CELL_CACHE_MAX   1024u
#define CELL_CACHE_SLOTS 2048u
#define CELL_CACHE_BYTES (4u * 1024u * 1024u)

struct cell_cache { /* every cell in it is to be written */
    size_t last;    /* used last */
    struct cell cells[CELL_CACHE_MAX];
    uint16_t slots[CELL_CACHE_SLOTS]; /* index + 1 */
    size_t count, bytes;
};

struct vl_replica {
    struct vl_id circle;
    const struct vl_device_keys *keys; /* NULL: a scratch copy for a proof, which opens nothing */
    struct vl_storage storage;
    vl_may_write may_write; /* NULL: everything is merged */
    uint64_t generation;
    bool stale;    /* memory is empty or wrong: load before anything else */
    bool writing;  /* in a transaction */
    bool over;     /* a merge met a cell over its limit; the own writer clears it before and asks */
    bool unmerged; /* a key came since the stored entries were last looked through */
    bool recount;  /* what counts may have changed in this transaction */
    bool rebuild;  /* the cells hold what they must not: all made anew before the commit */
    bool relearn;  /* other control entries are live than those in memory */
    bool owes;     /* control entries came: some newcomer may lack an epoch (append_owed) */
    bool relive;   /* logs were closed: what is live is found anew, and may be less */

    struct chain *chains; /* by index */
    uint32_t *by_log;     /* indices of those that are not empty, sorted by (log id, index) */
    size_t chain_count, log_count, chain_capacity;
    size_t closed_count; /* chains of closed logs */
    uint64_t serving;    /* counts what was served, and chains */
    uint64_t closings;   /* grows with each log that is closed */
    uint64_t cuts;       /* grows with each chain that is cut */
    struct past_cache pasts;

    struct vl_membership *membership;
    struct enrolled *enrolled; /* in the order of arrival */
    size_t enrolled_count, enrolled_capacity;
    uint32_t *devices; /* of these, the one in use of each device; NULL: to be found again */
    size_t device_count;

    struct epoch *epochs;
    size_t epoch_count, epoch_capacity;
    struct secret *secrets;
    size_t secret_count, secret_capacity;

    struct tombstone_table tombstones; /* those with authority */
    struct vl_id *erasing;             /* targets of tombstones that came in this transaction */
    size_t erasing_count, erasing_capacity;

    struct cell_cache *cells;
    struct vl_write *remakes; /* records whose cells are made anew before the commit */
    size_t remake_count, remake_capacity;
    struct vl_buffer body; /* scratch: an opened body */
};

/* ---- replica.c ---- */

/* Memory is usable: loads it when it is stale. Every public call begins with this. */
VL_MUST_USE vl_result replica_ready(struct vl_replica *r);
VL_MUST_USE vl_result replica_begin(struct vl_replica *r);
/* Writes cells and changed chains, commits. On an error nothing is kept (I6). */
VL_MUST_USE vl_result replica_commit(struct vl_replica *r);
/* Rolls back and loads memory again; a load that fails too leaves the replica stale. */
void replica_abort(struct vl_replica *r);
/* Rolls back a transaction in which memory did not change. */
void replica_cancel(struct vl_replica *r);
/* Grows *items (of `size` bytes each) so that one more fits. */
VL_MUST_USE vl_result replica_grow(void **items, size_t size, size_t count, size_t *capacity);

/* ---- chains (replica_chain.c) ---- */

struct chain *chain_find(const struct vl_replica *r, const struct vl_id *log); /* or NULL */
/* All chains of a log: indices, the first one of them not a branch; *count 0: none. */
const uint32_t *chain_family(const struct vl_replica *r, const struct vl_id *log, size_t *count);
/* The chain this device writes, or NULL. */
struct chain *chain_own(const struct vl_replica *r);
/* Puts a chain into memory, at the index of an empty one or at chain_count. LIMIT over
 * VL_HEADS_MAX. */
VL_MUST_USE vl_result chain_add(struct vl_replica *r, const struct vl_log_row *row);
/* Empties a chain's row in memory. */
void chain_empty(struct vl_replica *r, uint32_t index);
/* The index for a new chain. */
uint32_t chain_free_index(const struct vl_replica *r);
void chain_clear(struct vl_replica *r);
/* Ends of the tree that a log's chains make; counts no further than max. */
size_t chain_leaves(const struct vl_replica *r, const struct vl_id *log, size_t max);
/* How many chains of the person are here, at least as many as ends. */
size_t chain_count_of(const struct vl_replica *r, const struct vl_id *person);
/* Where the last branch leaves this chain, its first number when none does. */
uint64_t chain_last_split(const struct vl_replica *r, const struct chain *chain);

static inline bool row_is_empty(const struct vl_log_row *row)
{
    return (row->flags & VL_LOG_EMPTY) != 0;
}
static inline bool row_is_closed(const struct vl_log_row *row)
{
    return (row->flags & (VL_LOG_FORKED | VL_LOG_CROWDED)) != 0;
}

#define NO_CHAIN UINT32_MAX

struct place { /* where the next entry of a log goes */
    struct vl_log_row row;
    bool is_new;
};

VL_MUST_USE vl_result put_entry(struct vl_replica *r, const struct vl_entry *entry,
                                enum vl_entry_kind kind, const struct past *past, uint32_t flags);
/* TOO_LARGE: with this entry the log is over VL_LOG_*. */
VL_MUST_USE vl_result chain_has_room(const struct vl_log_row *row,
                                     const struct vl_entry_header *header, size_t header_size);
/* The chain grows by one entry, in memory; its row is written at commit. */
VL_MUST_USE vl_result chain_advance(struct vl_replica *r, struct place *place,
                                    const struct past *past, const struct vl_entry_header *header,
                                    size_t header_size);

/* ---- forks (replica_fork.c) ---- */

/* Closes the chain, durably, with a proof from entries[0..count) (numbers from `first` on, those
 * marked in `good` well signed) and what is stored, which differ from number `split` on. Without
 * two well signed entries that contradict each other it is closed without one. */
VL_MUST_USE vl_result fork_close(struct vl_replica *r, uint32_t chain,
                                 const struct vl_entry *entries, const bool *good, size_t count,
                                 uint64_t first, uint64_t split);
/* Within a transaction: a chain was added. With more than VL_PERSON_CHAINS_MAX of its person all
 * logs of the person are closed. */
void fork_count_person(struct vl_replica *r, const struct vl_id *person);

/* ---- what is live (replica_live.c) ----
 *
 *  L1  An entry is live if its log is open, or an entry of an open log has it in its past, or it is
 *      in the closed log that this device wrote and has not gone on from yet.
 *  L2  Membership, enrolments, epochs, tombstones, what counts and the cells are functions of the
 *      live entries; these are a function of the heads of the open logs.
 *  L3  What is not live has no effect on others. Two branches of a forked log, and the chains that
 *      crowd a person, are kept, and so are the seals for this device in them: it may have read by
 *      them while they were live. Else it is a cache: VL_SERVED_CHAINS_MAX chains for each member
 *      who served it, dropped when the copy is opened.
 *  L4  The last entry of every chain is well signed. (Within a chunk a peer may have signed badly;
 *      the last signature stands for the entries before.) So what is kept of a chain goes up to a
 *      well signed entry, with the past of that one. */

bool live_is_source(const struct vl_log_row *row);
/* Finds chain.live of every chain anew. */
VL_MUST_USE vl_result live_compute(struct vl_replica *r);
/* How far each chain is live, or kept, with the past of that: whatever was live here once is below.
 * `out` has room for every chain. */
VL_MUST_USE vl_result live_once(struct vl_replica *r, uint64_t *out);
/* The same, with what these can be shown to others by (L4). */
VL_MUST_USE vl_result live_kept(struct vl_replica *r, uint64_t *out);
/* What was here of a forked log before it was closed (the first branch of it that this device met)
 * is linked to by the next own entry, so that what had an effect here has it again, everywhere. */
bool live_is_cited_next(const struct chain *chain);
/* One past the first well signed entry of the chain from number `from` on. DAMAGED: none. */
VL_MUST_USE vl_result replica_signed_end(struct vl_replica *r, uint32_t index, uint64_t from,
                                         uint64_t *end);
/* One past the last entry below `before` whose own signature is good, the chain's first number when
 * there is none. */
VL_MUST_USE vl_result replica_signed_before(struct vl_replica *r, uint32_t index, uint64_t before,
                                            uint64_t *end);
/* In a writing transaction: as if it were linked to already, for what the entry is judged by. What
 * would put this device out is not linked to, now or later: nobody else may ever have it, and it
 * could write no more. */
VL_MUST_USE vl_result live_cite_first(struct vl_replica *r);
/* An entry was stored. */
void live_stored(struct vl_replica *r, const struct past *past);
/* Learns every control entry that is stored; nothing was learnt yet. */
VL_MUST_USE vl_result live_learn(struct vl_replica *r);
/* Before a commit: learns the control entries anew if other ones are live. */
VL_MUST_USE vl_result live_settle(struct vl_replica *r);

/* ---- where a run goes (replica_branch.c) ---- */

struct spot {       /* of the first entry of a run that is not stored */
    uint32_t chain; /* the entry before it is there; NO_CHAIN: there is none, it is a number 0 */
    uint64_t seq;   /* number of the entry before */
    bool is_branch; /* that one has a successor already (or the log another number 0) */
};

/* Bytes and control entries of a log up to an entry of a chain. */
VL_MUST_USE vl_result branch_sizes(struct vl_replica *r, uint32_t chain, uint64_t seq,
                                   uint64_t *bytes, uint32_t *controls);
/* Chain and number of a stored entry. MISSING. */
VL_MUST_USE vl_result branch_place(struct vl_replica *r, const struct vl_id *id, uint32_t *chain,
                                   uint64_t *seq);
/* More of this closed log is taken whoever gave it. */
bool branch_is_owned(const struct vl_replica *r, const struct vl_log_row *root);
/* Makes room on the server's account for what goes to that spot of a closed log: the chain that it
 * gave longest ago may be dropped for it, durably. FORK: it is nobody that is known. */
VL_MUST_USE vl_result branch_admit(struct vl_replica *r, const struct spot *spot,
                                   const struct vl_id *server);
void branch_served(struct vl_replica *r, uint32_t chain, const struct vl_id *server);
/* What is neither live nor kept goes, of everybody's account. */
VL_MUST_USE vl_result branch_sweep(struct vl_replica *r);

/* ---- pasts in the storage (replica_past.c) ---- */

/* A reference. MISSING when the entry is not stored. */
VL_MUST_USE vl_result replica_past(struct vl_replica *r, const struct vl_id *id, struct past **out);
/* The same of an entry that the rows say is stored: DAMAGED when it is not. */
VL_MUST_USE vl_result replica_past_here(struct vl_replica *r, const struct vl_id *id,
                                        struct past **out);

/* ---- judging (replica_judge.c) ---- */

#define PARENTS_MAX (VL_LINKS_MAX + 1u)

struct parents { /* references; prev first when there is one */
    struct past *items[PARENTS_MAX];
    size_t count;
};
void parents_finish(struct parents *parents);

/* 1 + the highest of the parents'. */
uint64_t parents_lamport(const struct parents *parents);
/* Exactly the maximal control entries of the parents' pasts and themselves. LIMIT: over the max. */
VL_MUST_USE vl_result parents_auth(struct vl_replica *r, const struct parents *parents,
                                   struct vl_id out[static VL_AUTH_MAX], size_t *count);
/* The past of a new entry with these parents. */
VL_MUST_USE vl_result parents_past(const struct parents *parents,
                                   const struct vl_entry_header *header, const struct vl_id *id,
                                   uint32_t chain, struct past **out);
/* F6: who links directly to a person's log, or writes it (`own`), shows few branches of her logs.
 * So each log brings in few of them, however many a member makes. */
bool branches_are_few(const struct vl_replica *r, const struct vl_log_row *own,
                      const struct parents *parents, const struct past *past);
/* Links, lamport and auth of a received entry; `prev` is NULL for seq 0; `row` is of the chain that
 * it goes into, its person found by the entry itself for seq 0. *out is a reference.
 * MISSING, LINKS, LAMPORT, AUTH. */
VL_MUST_USE vl_result replica_judge(struct vl_replica *r, const struct vl_entry_header *header,
                                    const struct vl_id *id, const struct vl_log_row *row,
                                    struct past *prev, struct past **out);

/* ---- own links (replica_links.c) ---- */

/* Parents of the next own entry, references; and its links (not sorted), lamport and auth, by the
 * header's kind. `target`: what a control entry is about, or NULL. LIMIT: nothing that others would
 * take can be linked. */
VL_MUST_USE vl_result links_choose(struct vl_replica *r, const struct place *place,
                                   const struct vl_id *target, struct parents *parents,
                                   struct vl_entry_header *header);

/* ---- control entries (replica_member.c) ---- */

/* A control entry with what it needs to be learnt. */
struct control_entry {
    const struct vl_id *id;
    const struct vl_entry_header *header;
    const struct vl_control *control;
    const uint8_t *author; /* signing key */
    bool is_outside;       /* not live: learnt to judge what follows, without effect */
    bool was_live;         /* or may have been once: what it seals to me is opened (live_once) */
};

/* Whether an enrolment of this key is in the past of a header with this auth; *person gets whose,
 * by those with authority (of several the one lowest in order, so that it is the same on every
 * replica); zeros, nobody's: there is none with authority. */
bool member_person(const struct vl_replica *r, const uint8_t sign[static 32],
                   const struct vl_id *auth, size_t auth_count, struct vl_id *person);
/* AUTHORITY unless the log of entry 0 may begin: its key is enrolled in its past, or it founds
 * this circle (`control` is its body, NULL when it is no control entry). *person: whose it is. */
VL_MUST_USE vl_result member_may_begin(const struct vl_replica *r,
                                       const struct vl_entry_header *header,
                                       const struct vl_control *control, struct vl_id *person);
/* Signatures inside the body, and that a founding entry stands where it must. */
VL_MUST_USE vl_result member_check(const struct vl_replica *r, const struct control_entry *entry);
/* Adds it to membership, enrolments and epochs; opens what is sealed to this device. */
VL_MUST_USE vl_result member_learn(struct vl_replica *r, const struct control_entry *entry);
/* AUTHORITY when the rules would give it no effect. */
VL_MUST_USE vl_result member_would(struct vl_replica *r, const struct control_entry *entry);
/* The card of an enrolled key, or NULL. */
const struct enrolled *member_enrolled(const struct vl_replica *r, const uint8_t sign[static 32]);
bool member_is_current(struct vl_replica *r, const uint8_t sign[static 32]);
void member_clear(struct vl_replica *r);

/* ---- epochs (replica_epoch.c) ---- */

const uint8_t *epoch_secret(const struct vl_replica *r, const struct vl_id *key_id); /* or NULL */
/* Content came: if it is under an epoch that was passed over, that may be worth a seal by now. */
void epoch_is_used(struct vl_replica *r, const struct vl_entry_header *header);
/* Key ids, the newest first, to be freed. */
VL_MUST_USE vl_result reading_keys(struct vl_replica *r, struct vl_id **out, size_t *count);
struct reading_worth { /* these keys, once they were asked for; the caller frees them */
    struct vl_id *keys;
    size_t count;
};
/* Whether a newcomer who lacks the epoch is to get it now. One that was known when she was let in
 * was weighed then (append_seals): it is owed only if it would be chosen now. */
VL_MUST_USE vl_result reading_is_owed(struct vl_replica *r, struct epoch *epoch,
                                      const struct enrolled *newcomer, struct reading_worth *worth,
                                      bool *out);
struct epoch *epoch_by_entry(const struct vl_replica *r, const struct vl_id *entry); /* or NULL */
/* Whether an epoch of that key is in the past of the content. */
bool epoch_is_past(const struct vl_replica *r, const struct vl_entry_header *header);
/* From an EPOCH or SEAL entry. A box that does not open is passed over. */
VL_MUST_USE vl_result epoch_learn(struct vl_replica *r, const struct control_entry *entry);
/* From one that is not live any more: what I was given once I can read for ever. */
VL_MUST_USE vl_result epoch_learn_once(struct vl_replica *r, const struct control_entry *entry);
VL_MUST_USE vl_result epoch_keep_secret(struct vl_replica *r, const struct vl_id *key_id,
                                        const uint8_t secret[static 32]);
/* The epoch that this device writes under now, or NULL. */
VL_MUST_USE vl_result epoch_current(struct vl_replica *r, const struct epoch **out);
void epoch_clear(struct vl_replica *r);

/* ---- merge (replica_merge.c) ---- */

/* The body of a content or sealed entry, appended. NO_KEY: its key is not here, it is for others.
 */
VL_MUST_USE vl_result replica_open_body(const struct vl_replica *r,
                                        const struct vl_entry_header *header, struct vl_bytes blob,
                                        struct vl_buffer *body);
/* Opens and merges one entry of a chain into the cache; sets MERGED or REFUSED in *flags, neither
 * when its key is not here. Writes are kept of exactly the entries that are MERGED. */
VL_MUST_USE vl_result merge_entry(struct vl_replica *r, uint32_t chain,
                                  const struct vl_entry_header *header, const struct vl_id *id,
                                  struct vl_bytes blob, uint32_t *flags);
/* In a writing transaction: a stored entry that is MERGED is to be so no more (the caller sets its
 * flags). The records that it wrote to are made anew before the commit. */
VL_MUST_USE vl_result merge_undo(struct vl_replica *r, const struct vl_entry_row *row);
/* Stored entries whose key is here by now, in transactions of their own. */
VL_MUST_USE vl_result merge_pending(struct vl_replica *r);
VL_MUST_USE vl_result cells_flush(struct vl_replica *r);
void cells_clear(struct cell_cache *cells);

/* Before a commit: makes the records that merge_undo named anew from the entries that wrote to
 * them; if one of these cannot be opened any more, all cells from all that counts. */
VL_MUST_USE vl_result merge_settle(struct vl_replica *r);

/* ---- which content counts (replica_count.c) ----
 *
 *  C1  Live content counts if its author is a person now, or the content vector of a source reaches
 *      it. Sources: live content of persons (the last of each chain stands for all of it), and
 *      what control entries cite by vl_counting_cites.
 *  C2  Of each chain a beginning counts: what reaches content reaches what its author wrote before.
 *  C3  After every commit exactly the content from chain.counted on is QUARANTINED, and cells hold
 *      exactly what is not, and can be read. So cells follow from the set of entries alone. */

/* How far each chain counts (as chain.counted), by `membership`, settled. `counted` has room for
 * every chain of r. */
VL_MUST_USE vl_result count_chains(struct vl_replica *r, struct vl_membership *membership,
                                   uint64_t *counted, bool *is_person);
/* Whether the next entry of this chain counts as far as is known now; else a count follows. */
bool count_next(struct vl_replica *r, const struct place *place, uint64_t seq);
/* An entry was stored. */
void count_stored(struct vl_replica *r, const struct past *past, uint32_t flags);
/* Before a commit: counts anew if need be; flags and cells follow. */
VL_MUST_USE vl_result count_settle(struct vl_replica *r);
/* After loading: flags are as they were at the last commit. */
VL_MUST_USE vl_result count_load(struct vl_replica *r);
/* The newest of the content that counts, none reached from another: what control entries cite.
 * At most VL_CITES_MAX, the newest first if there are more; sorted. Frees nothing of *out on an
 * error; the caller frees *out. */
VL_MUST_USE vl_result count_heads(struct vl_replica *r, struct vl_id **out, size_t *count);
/* The entry that stands for this chain among links: nothing that does not count, control entries
 * apart; nothing of a closed log but the own one. NOT_FOUND: none. */
VL_MUST_USE vl_result count_link(struct vl_replica *r, const struct chain *chain,
                                 struct past **out);
/* Of a closed log: its newest control entry that is live, by the past of what is live. NOT_FOUND:
 * there is none, or one of another log has it in its past, which is linked instead. */
VL_MUST_USE vl_result count_live_control(struct vl_replica *r, const struct chain *chain,
                                         struct past **out);

/* ---- erasure (replica_erase.c) ---- */

VL_MUST_USE vl_result erase_learn(struct vl_replica *r, const struct control_entry *entry);
/* ERASED or BARE in *flags of an entry that comes, whose blob goes then. */
VL_MUST_USE vl_result erase_arriving(const struct vl_replica *r,
                                     const struct vl_entry_header *header, const struct vl_id *id,
                                     const uint8_t author[static 32], struct vl_entry *entry,
                                     uint32_t *flags);
/* Whether that tombstone holds for a stored entry. */
VL_MUST_USE vl_result erase_made_by(const struct vl_replica *r, const struct vl_entry_row *row,
                                    const struct vl_id *tombstone, bool *out);
/* Before a commit: targets of tombstones that came. */
VL_MUST_USE vl_result erase_settle(struct vl_replica *r);
/* Tombstones are live no longer: what only these erased is BARE, to be asked for again. */
VL_MUST_USE vl_result erase_unlearn(struct vl_replica *r);
void erase_clear(struct vl_replica *r);

/* ---- entries without blob (replica_bare.c) ---- */

/* Finds the first of each chain. */
VL_MUST_USE vl_result bare_load(struct vl_replica *r);
/* One past the last entry of the chain up to which all are here with the blob that they should
 * have, what it branches from too; its first number when there is none. */
uint64_t bare_whole(const struct vl_replica *r, const struct chain *chain);
/* Blobs that a run brings for stored entries that lack theirs, in a transaction of their own. */
VL_MUST_USE vl_result bare_fill(struct vl_replica *r, const struct vl_id *log,
                                const struct vl_entry *entries, const struct vl_id *ids,
                                size_t count);

/* ---- sealed entries (replica_sealed.c) ---- */

struct recipients {
    struct vl_device_card cards[VL_SEALED_BOXES_MAX];
    size_t count;
};
/* The current devices of these persons and of my own. NOT_FOUND, LIMIT. */
VL_MUST_USE vl_result sealed_recipients(struct vl_replica *r, const struct vl_id *persons,
                                        size_t count, struct recipients *out);

/* ---- rows (replica_rows.c) ---- */

/* What went wrong with rows that were read. The machine failed, or they are wrong in some way:
 * whatever way is DAMAGED. */
vl_result rows_result(vl_result result);
/* The entry of a chain with that number, which is stored in that chain itself: DAMAGED when it is
 * not. */
VL_MUST_USE vl_result rows_id(struct vl_replica *r, uint32_t chain, uint64_t seq,
                              struct vl_id *out);

/* Of a row that was read. DAMAGED when there is none of that id. */
VL_MUST_USE vl_result rows_flags(struct vl_replica *r, const struct vl_id *id, uint32_t flags);

struct rows { /* deep copies */
    struct vl_entry_row *items;
    size_t count, capacity;
    size_t bytes, max_bytes; /* stops before it holds more, but takes one row at least */
    bool more;               /* stopped for that */
    void **blocks;           /* one per row; its views point in there */
    size_t block_capacity;
};
vl_result rows_visit(void *context, const struct vl_entry_row *row); /* context: struct rows */
void rows_clear(struct rows *rows);
void rows_finish(struct rows *rows);
/* The next rows of a scan, cleared before; moves the scan's `after` on. Empty: the end. */
VL_MUST_USE vl_result rows_next(struct vl_replica *r, struct vl_scan *scan, struct rows *rows);

/* The next entries that wrote to the record of `from`, cleared before; moves `from` on. Empty: the
 * end. */
VL_MUST_USE vl_result rows_of(struct vl_replica *r, struct vl_write *from, struct rows *rows);

/* ---- replica_reach.c ---- */

/* `reached[c]` becomes 1 + the highest number of chain c in the past of a live control entry. It
 * holds zeros, one for each chain. */
VL_MUST_USE vl_result reach_all_control(struct vl_replica *r, uint64_t *reached);

/* ---- replica_read.c ---- */

VL_MUST_USE vl_result replica_digest(struct vl_membership *membership,
                                     const struct vl_storage *storage, struct vl_id *out);

static inline size_t entry_size(const struct vl_entry *entry)
{
    return entry->header.size + sizeof entry->signature + entry->blob.size;
}

#endif
