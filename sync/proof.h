/* A proof of membership: what the circle would be if the control entries that a stranger shows were
 * in my copy. Nothing of it is stored; they come again with all their past and are judged anew.
 * Links by way of content entries cannot be checked here, but every signature, enrolment and rule
 * is: who proves more than the real past allows needs the key of somebody with that authority. */
#ifndef SYNC_PROOF_H
#define SYNC_PROOF_H

#include <veillee/replica.h>

struct proof;

struct proof_item {     /* one control entry as it is shown */
    uint8_t author[32]; /* signing key */
    struct vl_entry entry;
};

/* Begins with what is in the replica, which outlives the proof. `max_bytes`: VL_PROOF_BYTES_MAX for
 * strangers; for whom a person chose, by a spoken code or a file, VL_PROOF_PAIRED_MAX, as much as a
 * copy can hold: else one member's large entries would keep every newcomer out. */
#define PROOF_MAX(is_chosen) ((is_chosen) ? VL_PROOF_PAIRED_MAX : VL_PROOF_BYTES_MAX)
VL_MUST_USE vl_result proof_create(struct proof **out, struct vl_replica *replica,
                                   size_t max_bytes);
void proof_destroy(struct proof *p); /* accepts NULL */
/* Takes in what came into the replica since. */
VL_MUST_USE vl_result proof_update(struct proof *p);
/* The next entry of the stranger's, parents first. LIMIT: over VL_PROOF_ENTRIES_MAX or max_bytes;
 * MISSING: a parent was not shown; the codec's errors, CIRCLE, KIND, HASH, SIGNATURE, AUTHORITY: it
 * is not valid. */
VL_MUST_USE vl_result proof_add(struct proof *p, const struct proof_item *item);
/* AUTHORITY unless a current device has that transport key, or that signing key (for `person`,
 * unless NULL). */
VL_MUST_USE vl_result proof_noise_current(struct proof *p, const uint8_t noise[static 32]);
VL_MUST_USE vl_result proof_sign_current(struct proof *p, const uint8_t sign[static 32],
                                         const struct vl_id *person);

#endif
