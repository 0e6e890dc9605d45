/* What makes a draft or an offer into a circle of this vault, durably. */
#ifndef NODE_FOUNDING_H
#define NODE_FOUNDING_H

#include "circle/circles.h"
#include "store/store.h"
#include <veillee/pairing.h>

/* The inviter: founds the draft with whom answered. The founding entry, the circle's words and the
 * founder's profile are durable, then the draft's row is the circle's. The draft stays in `all`
 * (a pairing uses its keys); the caller removes it. */
VL_MUST_USE vl_result founding_by_two(struct store *store, struct circles *all,
                                      const struct circle *draft,
                                      const struct vl_pairing_answer *answer, struct circle **out);

/* The joiner: a row and an empty copy for the circle that is offered, durable, with the keys of
 * `seed`. EXISTS: this vault is in that circle already. */
VL_MUST_USE vl_result founding_joined(struct store *store, struct circles *all,
                                      const uint8_t seed[static 32],
                                      const struct vl_pairing_offer *offer, const char *pseudonym,
                                      struct circle **out);

#endif
