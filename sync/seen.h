/* The set of ephemeral keys that were accepted under one beacon nonce. Private to the engine; the
 * rest of its contract is in channel.h. */
#ifndef SYNC_SEEN_H
#define SYNC_SEEN_H

#include <veillee/channel.h>

/* REPLAY: it was there. LIMIT: VL_SEEN_EPHEMERALS_MAX are. NO_MEMORY. In each case no change. */
VL_MUST_USE vl_result seen_add(struct vl_seen *seen, const uint8_t key[static 32]);

#endif
