/* What the files of hostile members share. She has the keys of one device, enrolled, removed or
 * stolen, her own copy of the circle, and a program that does as it likes.
 *
 *   hostile.c          which attack, on whom
 *   hostile_entry.c    single entries made by hand: refused by name, or stored and harmless
 *   hostile_run.c      many entries at once
 *   hostile_face.c     a real engine that says one thing to one and another to another
 *   hostile_session.c  a session's messages made by hand */
#ifndef TESTS_SIM_HOSTILE_H
#define TESTS_SIM_HOSTILE_H

#include "tests/sim/sim.h"

struct forgery {
    struct world *w;
    struct node *victim;
    struct node *hostile;
    struct vl_device_keys *stranger; /* signs instead, if any */
    struct vl_entry_header header;
    struct vl_control control;
    struct vl_enrolment enrolment;
    struct vl_seal seals[NODES_MAX];
    struct vl_id ids[2];
    struct vl_buffer blob;                                 /* of content; empty: rubbish */
    void (*twist)(struct forgery *f, struct vl_buffer *h); /* changes the header's bytes; or NULL */
    const uint8_t *signature;                              /* instead of a right one, or NULL */
    bool bad_signature, without_blob;
    bool must_not_merge; /* stored, and never in a cell */
    vl_result expected;
};

/* An entry as number 0 of a new log of hers. */
void forgery_begin(struct forgery *f, struct world *w, struct node *hostile, struct node *victim);
/* Links to the newest control entries of the victim's copy; false: not possible now. */
bool forgery_take_newest(struct forgery *f);
/* Links to one control entry of any time: what came after never happened. */
bool forgery_take_old(struct forgery *f);
void hostile_bytes(struct world *w, void *out, size_t size);
/* This machine's own fault: says nothing about what was given to it. */
bool hostile_is_ours(vl_result result);

/* Each returns which of its kinds it was. */
size_t hostile_entry(struct world *w, struct node *hostile, struct node *victim);
size_t hostile_session(struct world *w, struct node *hostile, struct node *victim);
extern const size_t hostile_entry_kinds, hostile_session_kinds;
/* Each is one kind: 0. */
size_t hostile_unsigned_middle(struct world *w, struct node *hostile, struct node *victim);
size_t hostile_flood(struct world *w, struct node *hostile, struct node *victim);
size_t hostile_many_logs(struct world *w, struct node *hostile, struct node *victim);
size_t hostile_fork(struct world *w, struct node *hostile, struct node *victim);

#endif
