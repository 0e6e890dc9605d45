/* Meetings that are looked at: their moments in memory, kept up to date by the store's commits, and
 * when each happened. Inside src/api only. */
#ifndef API_LIVE_CACHE_H
#define API_LIVE_CACHE_H

#include "api/network.h"
#include "circle/circles.h"
#include "circle/live.h"
#include "store/store.h"

#define LIVE_CACHE_MEETINGS 4u   /* the one that was not looked at for longest goes */
#define LIVE_CACHE_CHANGES  128u /* moments to read again; more: all of the meeting */

struct live_cache;

VL_MUST_USE vl_result live_cache_create(struct live_cache **out);
void live_cache_destroy(struct live_cache *cache); /* accepts NULL */
/* Nothing is kept any more. `is_told`: from now on live_cache_commit is called after every commit;
 * otherwise everything is read anew each time. */
void live_cache_begin(struct live_cache *cache, bool is_told);
/* A commit. Asks the store nothing. */
void live_cache_commit(struct live_cache *cache, const struct store_change *change, vl_instant now);
/* Takes the clocks of the peers as they are known now. */
void live_cache_measure(struct live_cache *cache, const struct api_network *network,
                        vl_instant now);

struct live_now { /* a meeting at an instant; good until the next call */
    const struct live_state *state;
    int64_t now; /* ms, on the time line of the state */
};
VL_MUST_USE vl_result live_cache_read(struct live_cache *cache, const struct api_network *network,
                                      const struct circle *circle,
                                      const struct vl_record_id *meeting, vl_wall here,
                                      vl_instant now, struct live_now *out);

#endif
