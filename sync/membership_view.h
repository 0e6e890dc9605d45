/* State(S) of a causally closed set of control entries: rules R2 to R8. */
#ifndef SYNC_MEMBERSHIP_VIEW_H
#define SYNC_MEMBERSHIP_VIEW_H

#include "sync/membership_graph.h"

struct member_standing { /* a person in this state */
    bool is_person, is_facilitator, is_confirmed;
    uint32_t supporter; /* the first confirmed person found to support her, or VL_NO_INDEX */
    size_t device_count;
};

struct member_view {
    struct vl_bitset closure;   /* S */
    struct vl_bitset dead;      /* void entries */
    struct vl_bitset ends;      /* in effect, by number of end */
    struct vl_bitset current;   /* devices */
    struct vl_bitset pairs_in;  /* endorsements of the pairs that apply */
    struct vl_bitset undecided; /* while rule R5 runs */
    struct vl_bitset scratch;
    struct vl_index_list queue; /* while confirmation spreads; pairs in S while R5 runs */
    struct member_standing *persons;
    size_t person_count, person_capacity;
    size_t facilitator_count;
    size_t elector_count; /* R8: who votes while there is no facilitator */
    bool confirmed_only;  /* ... are the confirmed persons */
};

void vl_view_finish(struct member_view *view); /* accepts zeroed */
/* Computes State(closure) anew into the view. NO_MEMORY: the view is not valid. */
VL_MUST_USE vl_result vl_view_compute(struct member_view *view, struct member_graph *g,
                                      const struct vl_bitset *closure);

/* R3 to R5: fills pairs_in and dead. */
VL_MUST_USE vl_result vl_voiding_decide(struct member_view *view, struct member_graph *g);
/* Fills pair->rests of an endorsement that was judged and gets the next number. */
VL_MUST_USE vl_result vl_voiding_rests(const struct member_graph *g,
                                       const struct member_node *endorsement);

bool vl_view_lives(const struct member_view *view, const struct member_graph *g, uint32_t entry);
bool vl_view_is_person(const struct member_view *view, uint32_t person);
bool vl_view_is_facilitator(const struct member_view *view, uint32_t person);
bool vl_view_is_elector(const struct member_view *view, uint32_t person);
/* In S, living, and knows every end of that list that is in effect. */
bool vl_view_holds(const struct member_view *view, const struct member_graph *g, uint32_t grant,
                   const struct vl_index_list *ends);

#endif
