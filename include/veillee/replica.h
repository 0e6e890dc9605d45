/* The replica: one device's copy of one circle. It joins entries, membership, epochs and cells
 * over a storage, and is what sessions sync and the domain reads and writes.
 *
 * Invariants
 *  I1  An entry is stored only if authentic: it, or a later stored entry of its chain, has a
 *      checked signature of the log's device; control entries each their own.
 *  I2  Per chain the stored numbers are dense and each prev is the id of the one before.
 *  I3  An entry is stored only after everything in its past is (prev, links, auth), so links,
 *      lamport and auth were judged exactly: lamport = 1 + max of parents', links minimal, auth =
 *      the maximal control entries of its past.
 *  I4  MERGED entries' operations are in the cells exactly once, in one transaction with the flag.
 *      What does not count (R10) is QUARANTINED, what is erased is ERASED, neither is MERGED.
 *  I5  What vl_replica_write and its kin return as done was committed durably before.
 *  I6  After a failed commit the memory is as before the call (it is loaded again).
 *
 * One entry of another device goes through:
 *
 *   bytes --decode--> header --signature or later one--> authentic --past complete--> stored
 *                                                     \--links missing--> waits (session, bounded)
 *   stored --key of its epoch here--> merged        stored --no key yet--> kept, merged later
 *
 * All calls from one thread. Nothing here reads a clock: wall time is an argument. */
#ifndef VEILLEE_REPLICA_H
#define VEILLEE_REPLICA_H

#include <veillee/membership.h>
#include <veillee/storage.h>

struct vl_replica;

/* What is whose: whether an operation of that person's is merged; if not it is merged into nothing,
 * and its entry is kept and sent on as any other. `person`: for whom the key of the entry's log is
 * enrolled by what is in the entry's past, zeros: nobody, or two. A function of its arguments
 * alone, the same on every device of the circle, or their states differ. */
typedef bool (*vl_may_write)(const struct vl_id *circle, const struct vl_operation *operation,
                             const struct vl_id *person);

/* Opens what is in the storage (nothing: an empty copy of that circle, for somebody who joins).
 * `keys` and `storage` must outlive the replica. `may_write` NULL: everything is merged.
 * DAMAGED: the rows contradict each other. */
VL_MUST_USE vl_result vl_replica_open(struct vl_replica **out, const struct vl_id *circle,
                                      const struct vl_device_keys *keys,
                                      const struct vl_storage *storage, vl_may_write may_write);
void vl_replica_close(struct vl_replica *r); /* wipes; accepts NULL */

const struct vl_id *vl_replica_circle(const struct vl_replica *r);
const struct vl_device_keys *vl_replica_keys(const struct vl_replica *r);
/* Grows with every commit that changed something; sessions and listeners compare it. */
uint64_t vl_replica_generation(const struct vl_replica *r);

/* ---- writing. Each returns after the durable commit; *id is the new entry's. ---- */

/* The founding entry, then the first epoch. `second` NULL: a private space. `random` and both
 * keys must give the replica's circle id, and the second's signature hold. STATE: not empty. */
VL_MUST_USE vl_result vl_replica_found(struct vl_replica *r, const uint8_t random[static 32],
                                       const struct vl_enrolment *second,
                                       const uint8_t second_signature[static 64], vl_wall now,
                                       struct vl_id *id);
/* Any control entry by its body; AUTHORITY when the rules would give it no effect. */
VL_MUST_USE vl_result vl_replica_control(struct vl_replica *r, const struct vl_control *control,
                                         vl_wall now, struct vl_id *id);
/* (Of remove, demote, endorse and leave without cites: the heads of the content that counts here
 * are cited, so that it goes on counting. An add by this call gives no key of the past.) */
/* Add a newcomer who sees the past: the add, and seals of every epoch secret held here. */
VL_MUST_USE vl_result vl_replica_add_person(struct vl_replica *r,
                                            const struct vl_enrolment *newcomer, vl_wall now,
                                            struct vl_id *id);
/* Another device of my own: the add-device, and seals of every epoch secret held here, as far as
 * R11 lets; it reads what I can read, but for what was sealed to chosen persons before. SIGNATURE:
 * it did not enrol for me. AUTHORITY: as vl_replica_control. */
VL_MUST_USE vl_result vl_replica_add_device(struct vl_replica *r, const struct vl_enrolment *device,
                                            vl_wall now, struct vl_id *id);
/* A tombstone: the blobs of these content entries and all that was made from them are gone, here
 * when this returns, elsewhere when it arrives. NOT_FOUND: one is not here. AUTHORITY: the rules
 * (vl_membership_erases) do not let this device. INVALID: none, over VL_TOMBSTONE_MAX. */
VL_MUST_USE vl_result vl_replica_erase(struct vl_replica *r, const struct vl_id *entries,
                                       size_t count, vl_wall now, struct vl_id *id);
/* Operations as one content entry under the current epoch; makes or seals on an epoch first where
 * rule R11 asks for it. NO_KEY: I am no member, or cannot open the epoch yet. */
VL_MUST_USE vl_result vl_replica_write(struct vl_replica *r, const struct vl_operation *operations,
                                       size_t count, vl_wall now, struct vl_id *id);
/* The same for these persons' current devices and my own only, as one sealed entry: it is merged
 * into the cells of type + VL_TYPE_SEALED by those who can open it; everybody keeps and sends it
 * on. NOT_FOUND: not a person of the circle now. LIMIT: over VL_SEALED_BOXES_MAX devices.
 * TOO_LARGE: over VL_SEALED_BODY_BYTES_MAX. */
VL_MUST_USE vl_result vl_replica_write_to(struct vl_replica *r,
                                          const struct vl_operation *operations, size_t count,
                                          const struct vl_id *persons, size_t person_count,
                                          vl_wall now, struct vl_id *id);

/* ---- receiving ---- */

/* A run of consecutive entries of one log, as a peer sent it. Verifies the last signature (each
 * one's of control entries), falls back to the last good one, stores what is new in one
 * transaction. *stored counts the entries that are now in the storage, from the run's start
 * (already known ones included). Results beside VL_OK, all with what went before kept:
 *   MISSING   entries[*stored] waits for entries that are not here: give it again later
 *   GAP       the run begins after our tip
 *   FORK      it is of a closed log, and nothing more of that is taken from this one
 *   LIMIT     over VL_CHUNK_*, VL_HEADS_MAX or VL_CONTROL_ENTRIES_MAX
 *   TOO_LARGE over VL_ENTRY_BYTES_MAX, or the log over VL_LOG_*
 *   AUTHORITY a log of a key that nobody enrolled; a second founding
 *   SIGNATURE, CIRCLE, LAMPORT, LINKS, AUTH, HASH, PREV, ...: the peer is at fault
 *   STORAGE, FULL, NO_MEMORY, DAMAGED: this machine is; kept is what *stored says */
VL_MUST_USE vl_result vl_replica_receive(struct vl_replica *r, const struct vl_entry *entries,
                                         size_t count, size_t *stored);

/* Several runs, each of another log, at once: one transaction, and entries go in by their lamport
 * number over all runs, so that runs which link to each other do not wait in turn. Each run has its
 * own result, as above; returned are only this machine's faults (STORAGE, ...). A second run for
 * one place is judged by what was here before the call: GAP.
 * A run that contradicts what is here closes its log. Of a closed log a second branch is taken, and
 * beyond that what there is room for on the server's account (docs/protocol.md, "Forks"). */
struct vl_run {
    const struct vl_entry *entries;
    size_t count;
    const struct vl_id *server; /* the person whose device gave it; NULL: nobody that is known */
    size_t stored;              /* out */
    vl_result result;           /* out */
};
VL_MUST_USE vl_result vl_replica_receive_runs(struct vl_replica *r, struct vl_run *runs,
                                              size_t count);

/* ---- what is here ---- */

struct vl_head {
    struct vl_id log;
    uint64_t seq;
    struct vl_id id;
};
/* Tips of all chains, sorted by (log, seq, id). *count is the real number even above max.
 * STORAGE: memory was lost to a failing storage and the next other call has to load it. */
VL_MUST_USE vl_result vl_replica_heads(const struct vl_replica *r, struct vl_head *out, size_t max,
                                       size_t *count);
/* The same as a peer is asked by: a log ends before its first entry that lacks a blob which no
 * tombstone allows (VL_ENTRY_BARE), so that it is sent again from there; left out if that is its
 * number 0. Of closed logs more entries that are here are named, at doubling distances from each
 * end, so that the peer finds where its branches part from these. At most VL_HEADS_MAX in all. */
VL_MUST_USE vl_result vl_replica_asked_heads(struct vl_replica *r, struct vl_head *out, size_t max,
                                             size_t *count);
/* Zeros while vl_replica_heads fails. Differs where blobs are lacking. */
void vl_replica_heads_digest(const struct vl_replica *r, struct vl_id *out);
/* Entries of a log from `from`, at most VL_CHUNK_* and `max_bytes` of encoded entries, ending with
 * one whose signature was checked. Views die with the callback. NOT_FOUND: none from there.
 * LIMIT: not one with a good signature within the limits. */
VL_MUST_USE vl_result vl_replica_read_chunk(struct vl_replica *r, const struct vl_id *log,
                                            uint64_t from, size_t max_entries, size_t max_bytes,
                                            vl_entry_visit visit, void *context);
/* Whether an entry is stored. */
VL_MUST_USE vl_result vl_replica_has(struct vl_replica *r, const struct vl_id *entry, bool *has);
/* The lamport number of entry (log, seq); NOT_FOUND. For the order in which chunks are sent. */
VL_MUST_USE vl_result vl_replica_lamport(struct vl_replica *r, const struct vl_id *log,
                                         uint64_t seq, uint64_t *lamport);
/* What its author's clock said when she made a stored entry: for display and proposals.
 * NOT_FOUND. */
VL_MUST_USE vl_result vl_replica_wall(struct vl_replica *r, const struct vl_id *entry,
                                      vl_wall *wall);
/* Control entries that are not in the past of `known` (unknown ids are ignored), parents first. */
VL_MUST_USE vl_result vl_replica_control_since(struct vl_replica *r, const struct vl_id *known,
                                               size_t known_count, vl_entry_visit visit,
                                               void *context);
/* Of each log, the last entry that a control entry's past reaches: with these, and all before them,
 * every control entry can be judged. Sorted by log, one each. *count as in vl_replica_heads. */
VL_MUST_USE vl_result vl_replica_control_reach(struct vl_replica *r, struct vl_head *out,
                                               size_t max, size_t *count);
/* Settled membership of the circle as it is known here. NULL: no memory. */
struct vl_membership *vl_replica_membership(struct vl_replica *r);

struct vl_device_info { /* an enrolled device */
    struct vl_device_card card;
    struct vl_id person;
    struct vl_id enrolled_by; /* the control entry that its card is taken from */
    bool current;
    /* Came beside the key with which the person joined, or was brought back: whoever has got hold
     * of one of her devices, or a facilitator, may have done that without her knowing. */
    bool is_added;
};
/* By signing key, by transport key; all (index 0..). NOT_FOUND. */
VL_MUST_USE vl_result vl_replica_device(struct vl_replica *r, const uint8_t sign[static 32],
                                        struct vl_device_info *out);
VL_MUST_USE vl_result vl_replica_device_by_noise(struct vl_replica *r,
                                                 const uint8_t noise[static 32],
                                                 struct vl_device_info *out);
VL_MUST_USE vl_result vl_replica_device_at(struct vl_replica *r, size_t at,
                                           struct vl_device_info *out);
/* Who wrote a stored entry: the device of its log (entry 0's key). NOT_FOUND: no such entry, or its
 * key was never enrolled (then card.sign is set all the same). The person is zeros, nobody (R10),
 * when no entry with authority enrolled the key, or such entries did for two: anybody can claim a
 * key for somebody in an entry without effect. */
VL_MUST_USE vl_result vl_replica_author(struct vl_replica *r, const struct vl_id *entry,
                                        struct vl_device_info *out);
struct vl_erasure_device { /* an enrolled device */
    uint8_t sign[32];
    struct vl_id person;
    bool current;
    bool erased; /* this one, or an entry of its was made with the tombstone in its past */
};
/* Who has erased a stored entry. A device confirms by the next entry that it writes, whatever that
 * is; until then it is not known. *tombstone: the lowest id of one that holds. NOT_FOUND: the entry
 * is not here, or nothing erases it. *count as of vl_replica_heads. */
VL_MUST_USE vl_result vl_replica_erasure_state(struct vl_replica *r, const struct vl_id *entry,
                                               struct vl_id *tombstone,
                                               struct vl_erasure_device *out, size_t max,
                                               size_t *count);
/* My person id; NOT_FOUND before I am enrolled. */
VL_MUST_USE vl_result vl_replica_me(struct vl_replica *r, struct vl_id *person);

/* ---- epochs, for the network ---- */

struct vl_epoch_info {
    struct vl_id entry, key_id;
    uint64_t lamport;
    bool current; /* the one this device writes under and advertises */
};
/* Epochs whose secret is held here: the current one first (there may be none), then newest first.
 * Whoever looks at a few has the current one among them, however many others a member makes. */
size_t vl_replica_epochs(struct vl_replica *r, struct vl_epoch_info *out, size_t max);
/* The key id of the current epoch; made now if there is none, as by a write: who just took somebody
 * out must be found by the others. NO_KEY: this device is not current. */
VL_MUST_USE vl_result vl_replica_ensure_epoch(struct vl_replica *r, vl_wall now,
                                              struct vl_id *key_id);
/* KDF(secret, domain, circle id): TRANSPORT_PSK or DISCOVERY_KEY of that epoch. NO_KEY. */
VL_MUST_USE vl_result vl_replica_epoch_key(struct vl_replica *r, const struct vl_id *key_id,
                                           enum vl_domain domain, uint8_t out[static 32]);

/* ---- incarnations and forks ---- */

/* This device's copy may be an old one (its vault was copied or restored): the next write begins a
 * new log. Durable when it returns; without a log of mine nothing happens. */
VL_MUST_USE vl_result vl_replica_new_incarnation(struct vl_replica *r);
/* What a peer says it has: if it has more, or something else, of the log that this device writes,
 * the same, while this person has fewer than VL_CLAIMED_MAX logs and branches. Sessions call it. */
VL_MUST_USE vl_result vl_replica_peer_heads(struct vl_replica *r, const struct vl_head *heads,
                                            size_t count);

struct vl_incarnation { /* one log of a device */
    struct vl_id log;
    uint64_t entries;
    bool is_own;    /* this replica writes it */
    bool is_forked; /* closed */
    bool has_ended; /* another one goes on from it, and it never read that one */
};
/* The logs of a device, in the order in which they came to be known here. *count is the real number
 * even above max. Two that have not ended: the device was copied and both copies write, as far as
 * is known here ("copied or restored?"). */
VL_MUST_USE vl_result vl_replica_incarnations(struct vl_replica *r, const uint8_t sign[static 32],
                                              struct vl_incarnation *out, size_t max,
                                              size_t *count);

struct vl_fork { /* a closed log. What a node proves it with can differ from what another has */
    struct vl_id log, person; /* whose log it is */
    const uint8_t *sign_key;  /* of the device that wrote it */
    size_t branches;          /* of it that are here; mostly two, or as many as were cited */
    struct vl_bytes proof;    /* empty: two branches were met whose entries are signed too rarely */
    uint64_t seqs[2];         /* of the two entries of the proof: equal, or the second follows */
    struct vl_id ids[2];      /* another one than the first */
    vl_wall walls[2];         /* the author's clock in them */
};
#define VL_FORK_PROOF_BYTES_MAX (48u + 2u * (VL_HEADER_BYTES_MAX + 2u + 64u))
typedef vl_result (*vl_fork_visit)(void *context, const struct vl_fork *fork);
/* Views die with the callback, which may not call the replica. */
VL_MUST_USE vl_result vl_replica_forks(struct vl_replica *r, vl_fork_visit visit, void *context);
size_t vl_replica_fork_count(const struct vl_replica *r);
/* How many logs and branches of a person are here; VL_PERSON_CHAINS_MAX are her share. */
size_t vl_replica_share(const struct vl_replica *r, const struct vl_id *person);
/* There were more than her share: all her logs are closed. */
bool vl_replica_is_crowded(const struct vl_replica *r, const struct vl_id *person);
/* A proof from a peer: closes the log, durably. Nothing happens when the log is closed already or
 * not known here. The rest is the peer's fault: the codec's errors, CIRCLE, HASH (not this log's
 * key), SIGNATURE, INVALID (the two do not contradict each other). */
VL_MUST_USE vl_result vl_replica_fork_learn(struct vl_replica *r, struct vl_bytes proof);

/* ---- records ---- */

/* Cells are given as they are shown (vl_cell_show), which is not always as they are stored. */
VL_MUST_USE vl_result vl_replica_cell(struct vl_replica *r, const struct vl_cell_key *key,
                                      struct vl_buffer *state); /* NOT_FOUND: empty */
VL_MUST_USE vl_result vl_replica_record(struct vl_replica *r, uint32_t type,
                                        const struct vl_record_id *record, vl_cell_visit visit,
                                        void *context);
VL_MUST_USE vl_result vl_replica_records(struct vl_replica *r, uint32_t type, vl_cell_visit visit,
                                         void *context);
/* Records of a type without their cells. */
VL_MUST_USE vl_result vl_replica_find_records(struct vl_replica *r,
                                              const struct vl_record_scan *scan,
                                              vl_record_visit visit, void *context);
/* Stored entries with their decoded header, in order; NO body. */
VL_MUST_USE vl_result vl_replica_entries(struct vl_replica *r, const struct vl_scan *scan,
                                         vl_entry_visit visit, void *context);
/* Entries of which operations are in the cells of a record, and maybe others. */
VL_MUST_USE vl_result vl_replica_writers(struct vl_replica *r, uint32_t type,
                                         const struct vl_record_id *record, vl_entry_visit visit,
                                         void *context);
/* Body of a content or sealed entry, opened, appended. NO_KEY: also without its epoch in its past;
 * NOT_FOUND. */
VL_MUST_USE vl_result vl_replica_entry_body(struct vl_replica *r, const struct vl_id *id,
                                            struct vl_buffer *body);
/* BLAKE2b(STATE, canonical dump of membership and of all cells that are not sealed), defined in
 * docs/records.md. */
VL_MUST_USE vl_result vl_replica_digest(struct vl_replica *r, struct vl_id *out);

struct vl_verify_report {
    uint64_t entries, signatures, control;
    uint64_t unmerged; /* kept without a key, refused, quarantined or erased */
    uint64_t sealed;   /* kept unread: sealed to others */
    struct vl_id digest;
};
/* Reads everything again: every hash, every signature, every link, and merges anew into scratch
 * memory to compare with the cells. DAMAGED (and which entry) when something is wrong. */
VL_MUST_USE vl_result vl_replica_verify(struct vl_replica *r, struct vl_verify_report *report,
                                        struct vl_id *bad_entry);

#endif
