/* Persons and devices of a circle as people name them, and who is blocked on this device.
 *
 * Blocking is local: a note in the vault, told to nobody. It changes what is shown here and
 * nothing in the circle. Inside src/api only. */
#ifndef API_PEOPLE_H
#define API_PEOPLE_H

#include "api/request.h"

/* The person at an index of the membership, with her id. */
VL_MUST_USE vl_result people_at(struct vl_membership *m, size_t at, struct vl_person_state *state,
                                struct vl_id *id);
VL_MUST_USE vl_result people_state(struct vl_replica *r, const struct vl_id *person,
                                   struct vl_person_state *out); /* NOT_FOUND */
/* By the beginning of her id (at least 4 digits) or by her pseudonym; somebody who has gone too, if
 * nobody who is here is meant. NOT_FOUND; INVALID: several. Told in the request's problem. */
VL_MUST_USE vl_result people_find(struct request *rq, const struct circle *circle, const char *text,
                                  struct vl_id *out);
/* An enrolled device by the beginning of its signing key. */
VL_MUST_USE vl_result people_device(struct request *rq, const struct circle *circle,
                                    const char *text, struct vl_device_info *out);
/* One of my own that was added, and that I have not acknowledged on this device. */
VL_MUST_USE vl_result devices_is_new(const struct api *api, const struct circle *circle,
                                     const struct vl_device_info *device, bool *is_new);
/* "added", by the clock of the device that did, and "added_by"; nothing of a first device. */
void devices_put_origin(struct json_out *o, const struct circle *circle,
                        const struct vl_device_info *device);
/* "new_devices": all such. */
VL_MUST_USE vl_result devices_put_new(struct json_out *o, const struct api *api,
                                      const struct circle *circle);
const char *people_role_text(enum vl_role role);
/* {"person":...,"name":...} */
void people_put(struct json_out *o, const struct circle *circle, const struct vl_id *person);

/* ---- closed logs (view_forks.c) ---- */

/* "forked": of whom two versions exist of so many logs; "crowded": who has begun too many. */
VL_MUST_USE vl_result view_closed(struct json_out *o, const struct circle *circle);
/* The same of one person, and how many logs and branches of hers are here: "forked", "crowded",
 * "logs", "logs_max"; `whole`: also "forks", each with its proof. */
VL_MUST_USE vl_result view_logs(struct json_out *o, const struct circle *circle,
                                const struct vl_id *person, bool whole);

#define BLOCKED_MAX 64u

struct blocked {
    struct vl_id items[BLOCKED_MAX];
    size_t count;
};
/* Nobody: count 0. DAMAGED: the note is no list of ids. */
VL_MUST_USE vl_result blocked_read(struct store *store, const struct circle *circle,
                                   struct blocked *out);
bool blocked_has(const struct blocked *blocked, const struct vl_id *person);
/* Whether somebody blocked made that record. */
bool blocked_made(const struct blocked *blocked, const struct record *record);
/* Durable when it returns. LIMIT: BLOCKED_MAX are blocked already. */
VL_MUST_USE vl_result blocked_set(struct store *store, const struct circle *circle,
                                  const struct vl_id *person, bool is_blocked);

#endif
