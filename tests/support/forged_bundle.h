/* A bundle put together by hand, by somebody who has all the keys but whose program is not honest.
 * Everything aborts with a sentence when it cannot be made. */
#ifndef TESTS_SUPPORT_FORGED_BUNDLE_H
#define TESTS_SUPPORT_FORGED_BUNDLE_H

#include "sync/bundle_seal.h"
#include "tests/support/circle_fixture.h"
#include <veillee/bundle.h>

#define FORGED_WALL ((vl_wall){1700000000000})

struct forged {
    struct bundle_key *key;
    struct vl_buffer file, plain; /* what is sealed so far; the messages to be sealed */
    struct vl_id hash;            /* of the prelude */
};

struct forged forge(struct circle_fixture *f, size_t by); /* no more than its prelude */
void forge_message(struct forged *forged, struct vl_bytes message);
void forge_header(struct circle_fixture *f, struct forged *forged, size_t signer,
                  const struct vl_id *circle);
void forge_no_proof(struct forged *forged);
/* Seals frames up to that number, the last: of what is in `plain`, filled up with zeros. */
void forge_seal(struct forged *forged, size_t last_frame);
void forge_finish(struct forged *forged);

#endif
