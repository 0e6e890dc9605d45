/* Membership: who is a person of the circle, with which role and devices, and under which epoch a
 * device may write. A pure function of the set of control entries (rules R0 to R11 of
 * docs/protocol.md, "Membership"); the order in which they are added does not matter.
 *
 * Names (of entries, persons, devices) are byte strings up to VL_MEMBER_NAME_MAX: 32-byte ids and
 * keys in the program, short texts in the test format. Names are compared as bytes.
 * Nothing here checks signatures; the replica has done that. */
#ifndef VEILLEE_MEMBERSHIP_H
#define VEILLEE_MEMBERSHIP_H

#include <veillee/control.h>

#define VL_MEMBER_NAME_MAX 64u

struct vl_membership;

struct vl_member_key { /* a device and whose it claims to be, by its signed enrolment */
    struct vl_bytes device, person;
    bool first; /* the person's id is the hash of this key: only such a key begins a person */
};

struct vl_member_entry { /* one control entry; views are copied */
    struct vl_bytes id;
    enum vl_control_kind kind;
    struct vl_member_key by;      /* person is not read: enrolments in the past say whose it is */
    const struct vl_bytes *links; /* control entries it directly follows (its auth); all added */
    size_t link_count;
    struct vl_bytes target; /* person, entry or (remove-device) device; empty: none */
    bool is_private;        /* found of a private space */
    /* Enrolled keys (found: the author's, and the second person's unless private; no target
     * needed), or recipients of epoch and seal, whose person is not read. A set: doubles count
     * once. */
    const struct vl_member_key *keys;
    size_t key_count;
    const struct vl_bytes *cites; /* content entries */
    size_t cite_count;
    uint64_t lamport; /* 0: count it over the links (the test format) */
    /* Kept so that what follows it can be judged, and in no state: it is in a log that is closed,
     * and in nobody's past. Then so is everything added later that has it in its past. */
    bool is_outside;
};

VL_MUST_USE vl_result vl_membership_create(struct vl_membership **out);
void vl_membership_destroy(struct vl_membership *m); /* accepts NULL */

/* MISSING: a link was not added before. EXISTS: added already (no change). INVALID: a name is
 * empty or too long, or it is a second found without links. LIMIT: VL_CONTROL_ENTRIES_MAX.
 * NO_MEMORY: as before. */
VL_MUST_USE vl_result vl_membership_add(struct vl_membership *m,
                                        const struct vl_member_entry *entry);

/* Entries without a successor, as the next auth, none that is outside. Sorted by name. Views live
 * until the next add. */
size_t vl_membership_frontier(const struct vl_membership *m, struct vl_bytes *out, size_t max);
/* Whether `ancestor` is `entry` or in its past. false for unknown names. */
bool vl_membership_reaches(const struct vl_membership *m, struct vl_bytes entry,
                           struct vl_bytes ancestor);
/* The maximal ones among `names` (control entries), sorted: removes doubles and what another one
 * reaches. In place; returns how many are left. MISSING via *result when one is unknown. */
size_t vl_membership_maximal(const struct vl_membership *m, struct vl_bytes *names, size_t count,
                             vl_result *result);

/* The state of everything added that is not outside. Reading it settles it first, so it can fail:
 * NO_MEMORY. */
VL_MUST_USE vl_result vl_membership_settle(struct vl_membership *m);

enum vl_role { VL_ROLE_NONE, VL_ROLE_MEMBER, VL_ROLE_FACILITATOR };

struct vl_person_state {
    struct vl_bytes name;
    enum vl_role role; /* NONE: was one once */
    bool confirmed;
    size_t device_count; /* current devices */
};
struct vl_device_state {
    struct vl_bytes device, person;
    bool current;
    struct vl_bytes write_epoch; /* epoch entry it may write under by R11; empty: none */
};

/* After settle, until the next add. Sorted by name. */
/* Whether it was founded by one person for herself. */
bool vl_membership_is_private(const struct vl_membership *m);
size_t vl_membership_person_count(const struct vl_membership *m);
void vl_membership_person(const struct vl_membership *m, size_t at, struct vl_person_state *out);
size_t vl_membership_device_count(const struct vl_membership *m);
void vl_membership_device(const struct vl_membership *m, size_t at, struct vl_device_state *out);
/* NOT_FOUND (and *out zeroed) when no such person or device was ever enrolled. */
VL_MUST_USE vl_result vl_membership_find_person(const struct vl_membership *m,
                                                struct vl_bytes person,
                                                struct vl_person_state *out);
VL_MUST_USE vl_result vl_membership_find_device(const struct vl_membership *m,
                                                struct vl_bytes device,
                                                struct vl_device_state *out);

/* After settle. The next seal that this device owes: to a newcomer whom it gave epochs older than
 * herself, an epoch that somebody made before she was known there. Without it she never reads what
 * was written under that one. Begins with *at zeroed; false: there is none more. Views into memory
 * of m, until the next add; *at stays good. */
struct vl_owed_seal {
    struct vl_bytes epoch, device;
};
struct vl_owed_at {
    uint32_t device, epoch;
};
bool vl_membership_owed(const struct vl_membership *m, struct vl_bytes giver, struct vl_owed_at *at,
                        struct vl_owed_seal *out);

/* After settle. Control entries without which in its past one of this device's would have no
 * effect, the next at *at, from 0 on; false: there is none more. First what makes it a current
 * device now, and its person a facilitator, then the endorsements by which its person is cut (R4),
 * one for each proposal: only who knows of that is not cut. After these the other endorsements that
 * apply, without which it may be out, or no epoch valid (R11). Views into memory of m, until the
 * next add. */
bool vl_membership_needed(const struct vl_membership *m, struct vl_bytes device, size_t *at,
                          struct vl_bytes *out);

/* After settle. What a control entry with that target needs in its past: the entry itself, or what
 * makes the person a member or enrols the device; false: nothing is known of it. */
bool vl_membership_rests(const struct vl_membership *m, struct vl_bytes target,
                         struct vl_bytes *out);

/* Whether a tombstone, for ever, erases content that this device wrote with this auth: the one
 * place of that rule. It was authorised (void or not: an erasure cannot be unmade), and either its
 * author enrolled the device in its past, or she is facilitator by its past and the content's
 * together: what knows that she was put out is not hers to erase. Judged by these pasts alone.
 * NO_MEMORY. */
VL_MUST_USE vl_result vl_membership_erases(struct vl_membership *m, struct vl_bytes tombstone,
                                           struct vl_bytes device, const struct vl_bytes *auth,
                                           size_t auth_count, bool *out);

/* For whom entries with authority enrol this device in the past of what has this auth (control
 * entries: they and what they reach). A view into memory of m; empty: for nobody, or for two. It is
 * judged by that past alone: what comes later never changes it. */
struct vl_bytes vl_membership_owner(const struct vl_membership *m, struct vl_bytes device,
                                    const struct vl_bytes *auth, size_t count);

enum vl_standing {
    VL_STANDING_UNKNOWN,      /* not added, or outside */
    VL_STANDING_UNAUTHORISED, /* R0: no effect on anything, for ever */
    VL_STANDING_VOID,         /* R4 */
    VL_STANDING_LIVING
};
enum vl_standing vl_membership_standing(const struct vl_membership *m, struct vl_bytes entry,
                                        bool *is_end);
/* Its author had the authority for it by what is in its past, whatever came of it later, and also
 * when it is outside. false: not, or no such entry. */
bool vl_membership_is_authorised(const struct vl_membership *m, struct vl_bytes entry);
/* What would be the standing of this entry if it were added now (it is not). */
VL_MUST_USE vl_result vl_membership_would(struct vl_membership *m,
                                          const struct vl_member_entry *entry,
                                          enum vl_standing *out);

#endif
