#include "api/idle.h"

#include <string.h>

static vl_duration minutes_of(unsigned minutes)
{
    return VL_SECONDS(60u * (uint64_t)minutes);
}

void idle_begin(struct idle *idle, vl_instant now)
{
    *idle = (struct idle){.did = now, .since = now, .looked = now};
}

void idle_did(struct idle *idle, vl_instant now)
{
    idle->did = idle->since = now;
}

bool idle_look(struct idle *idle, unsigned minutes, bool takes_part, vl_instant now)
{
    bool slept = vl_instant_since(now, idle->looked).ms > VL_SECONDS(IDLE_GAP_SECONDS).ms;
    idle->looked = now;
    if (minutes == 0) return false;
    if (takes_part && !slept) {
        idle->since = now;
        return vl_instant_since(now, idle->did).ms >= minutes_of(IDLE_MEETING_MINUTES).ms;
    }
    return vl_instant_since(now, idle->since).ms >= minutes_of(minutes).ms;
}

vl_duration idle_left(const struct idle *idle, unsigned minutes, vl_instant now)
{
    return vl_instant_since(vl_instant_add(idle->since, minutes_of(minutes)), now);
}

bool idle_is_doing(const char *method, bool from_page, bool reload)
{
    return !reload && (!from_page || strcmp(method, "GET") != 0);
}
