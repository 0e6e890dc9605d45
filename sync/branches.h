/* Closed logs as sessions and bundles speak of them: chain by chain. What of them is live goes to
 * whoever lacks it, and of what is kept a piece that shows why the log was closed. */
#ifndef SYNC_BRANCHES_H
#define SYNC_BRANCHES_H

#include <veillee/replica.h>

struct closed_chain {
    uint32_t chain, parent; /* parent: itself when it begins with number 0 */
    uint64_t serial;        /* of no other chain that is or was at this index */
    struct vl_id log, person;
    uint64_t first_seq, tip_seq;
    uint64_t live;   /* entries below this number are live */
    uint64_t kept;   /* below it they show why the log is closed */
    uint64_t whole;  /* below it all are here with their blobs, and what the chain branches from */
    bool is_crowded; /* the person is, else the log was forked */
    bool is_single;  /* no other branch of the log is here */
};

/* Grows when a log is closed. */
uint64_t closed_generation(const struct vl_replica *r);
/* All chains of closed logs; returns how many, also above max. */
size_t closed_chains(const struct vl_replica *r, struct closed_chain *out, size_t max);
/* The last entry of head->log, an open log, up to which all are here with the blob that they should
 * have. NOT_FOUND: there is none. */
VL_MUST_USE vl_result whole_head(struct vl_replica *r, struct vl_head *head);
/* Chain and number of a stored entry, closed or not. MISSING. */
VL_MUST_USE vl_result closed_place(struct vl_replica *r, const struct vl_id *id, uint32_t *chain,
                                   uint64_t *seq);
VL_MUST_USE vl_result closed_id(struct vl_replica *r, uint32_t chain, uint64_t seq,
                                struct vl_id *id);
/* As vl_replica_read_chunk and vl_replica_lamport, of one chain. */
VL_MUST_USE vl_result closed_read(struct vl_replica *r, uint32_t chain, uint64_t from,
                                  size_t max_entries, size_t max_bytes, vl_entry_visit visit,
                                  void *context);
VL_MUST_USE vl_result closed_lamport(struct vl_replica *r, uint32_t chain, uint64_t seq,
                                     uint64_t *lamport);
/* One past the first entry from number `from` of the chain on whose own signature is good: what is
 * before can only be shown to others together with that one. NOT_FOUND: not of the chain. */
VL_MUST_USE vl_result closed_signed(struct vl_replica *r, uint32_t chain, uint64_t from,
                                    uint64_t *end);
/* How far the past of entry (chain, seq) reaches into each of these chains: a number plus one;
 * raises `out` where it is less. */
VL_MUST_USE vl_result closed_past(struct vl_replica *r, uint32_t chain, uint64_t seq,
                                  const struct closed_chain *chains, size_t count, uint64_t *out);
/* How far the pasts of live control entries reach into each of these chains. */
VL_MUST_USE vl_result closed_reach(struct vl_replica *r, const struct closed_chain *chains,
                                   size_t count, uint64_t *out);

#endif
