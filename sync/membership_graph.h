/* The graph of control entries, with what was judged of each for ever, and who is named in it.
 *
 * Invariants
 *  G1  An entry's number is above the numbers of its past: numbers are a topological order.
 *  G2  Lists of a person, a device or the graph name authorised entries only, ascending.
 *  G3  Everything in a node is a function of its past alone; only numbers depend on the order in
 *      which entries came, and no rule looks at a number.
 *
 * Numbers: of entries (nodes), of persons, of devices, and of ends: the authorised entries that
 * may end something are counted by themselves, so that "which ends it knows" is a small bit set. */
#ifndef SYNC_MEMBERSHIP_GRAPH_H
#define SYNC_MEMBERSHIP_GRAPH_H

#include "sync/bitset.h"
#include "sync/grant_pool.h"
#include "sync/name_table.h"
#include <veillee/membership.h>

enum member_sort { /* sorts of grants that an entry rests on */
                   MEMBER_SORT_AUTHOR,
                   MEMBER_SORT_DEVICE,
                   MEMBER_SORT_ROLE,
                   MEMBER_SORT_TARGET,
                   MEMBER_SORT_COUNT
};

struct member_key {
    uint32_t device, person; /* person VL_NO_INDEX: not said (recipients) */
    bool first;
};

struct member_pair { /* R3: a proposal and an endorsement of it */
    uint32_t proposal, endorsement, target;
    struct vl_bitset cut;   /* entries of the target that it voids directly */
    size_t cut_seen;        /* how many of the target's entries `cut` looked at */
    struct vl_bitset rests; /* proposal, endorsement, and all that they transitively rest on */
};

struct member_node {
    enum vl_control_kind kind;
    bool is_private, authorised;
    bool is_outside;         /* in no state of the whole; so is everything after it */
    bool wins;               /* a vote that is a grant */
    bool by_facilitator;     /* a tombstone: its author is one in its past */
    bool target_facilitated; /* a removal of somebody who is facilitator in its past */
    uint32_t device, author; /* author: the person; VL_NO_INDEX if the past does not tell */
    uint32_t target_person, target_device, target_node;
    uint64_t lamport;
    struct member_key *keys;
    size_t key_count;
    struct vl_buffer cites; /* each one: size in a byte, then the name */
    struct vl_bitset past;
    struct vl_bitset known;            /* ends in effect in State(past) */
    struct vl_bitset devices_at;       /* epoch: devices current in State(past) */
    uint32_t rests[MEMBER_SORT_COUNT]; /* lists of the grant pool, or VL_NO_INDEX */
    uint32_t end;                      /* its number among the ends, or VL_NO_INDEX */
    struct member_pair *pair;          /* endorse */
    struct vl_index_list seals;        /* epoch: its seals */
};

struct member_person {
    struct vl_index_list adds;        /* found, add */
    struct vl_index_list roles;       /* found, promote, winning vote */
    struct vl_index_list member_ends; /* remove of her, her leave */
    struct vl_index_list role_ends;   /* demote of her, her step-down */
    struct vl_index_list authored;
    struct vl_index_list supports; /* her adds and vouches */
    struct vl_index_list votes;    /* for her */
    struct vl_index_list pairs;    /* endorsements against her */
};

struct member_device {
    struct vl_index_list enrolments;   /* found, add, add-device, restore */
    struct vl_index_list enrolled_for; /* the person of each */
    struct vl_index_list ends;         /* remove-device */
};

struct member_graph {
    struct member_node **nodes;
    size_t count, capacity;
    struct vl_name_table names, person_names, device_names;
    struct member_person *persons;
    struct member_device *devices;
    size_t person_capacity, device_capacity;
    struct vl_grant_pool grants;
    struct vl_index_list ends, pairs, epochs, roles; /* entries */
    struct vl_index_list frontier;                   /* sorted by name; none outside */
    uint32_t found;                                  /* the authorised found, or VL_NO_INDEX */
    bool has_root_found;                             /* a found without links, authorised or not */
};

void vl_graph_init(struct member_graph *g);
void vl_graph_finish(struct member_graph *g);

/* Makes a node, not yet part of the graph nor judged. MISSING, INVALID, NO_MEMORY. */
VL_MUST_USE vl_result vl_graph_make(struct member_graph *g, const struct vl_member_entry *entry,
                                    struct member_node **out);
void vl_graph_destroy_node(struct member_node *node); /* accepts NULL */

/* Gives a judged node the next number. NO_MEMORY: as before. The last one can be taken out. */
VL_MUST_USE vl_result vl_graph_attach(struct member_graph *g, struct member_node *node);
struct member_node *vl_graph_detach(struct member_graph *g);
/* Names the last attached node and moves the frontier. NO_MEMORY: as before. */
VL_MUST_USE vl_result vl_graph_name_last(struct member_graph *g, struct vl_bytes id,
                                         const struct vl_bytes *links, size_t link_count);

bool vl_graph_reaches(const struct member_graph *g, uint32_t entry, uint32_t ancestor);
/* Whether an authorised entry of `past` enrols the device. */
bool vl_graph_enrolled(const struct member_graph *g, uint32_t device, const struct vl_bitset *past);
/* For whom `past` enrols the device; VL_NO_INDEX: for nobody, or for two. */
uint32_t vl_graph_owner(const struct member_graph *g, uint32_t device,
                        const struct vl_bitset *past);
bool vl_graph_knows(const struct member_graph *g, const struct member_node *node, uint32_t end);

#endif
