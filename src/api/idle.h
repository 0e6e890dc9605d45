/* When an open vault closes by itself: so long after the last thing that its person did here. Pure:
 * what time it is, whoever calls says, by a clock that goes on while the machine sleeps.
 *
 * What she does is a change through the page, `POST active` (the page sends it while there is a
 * pointer or a key), or a command. Loading is not: pages load again whenever others write.
 *
 * In a meeting people look at each other and at one screen. So while a meeting is open in which she
 * took part on this device, the time does not run, for at most IDLE_MEETING_MINUTES since she did
 * something; when the meeting ends it begins. Others cannot bring that about: it takes something
 * that she did here. Nor does a machine that slept take part: after a gap between two looks the
 * time counts, meeting or not. */
#ifndef API_IDLE_H
#define API_IDLE_H

#include <stdbool.h>
#include <veillee/instant.h>

#define IDLE_MEETING_MINUTES 240u
#define IDLE_LOOK_SECONDS    10u /* between two looks */
#define IDLE_GAP_SECONDS     60u /* a longer one is a sleep of the machine */

struct idle {
    vl_instant did;    /* when she did something last */
    vl_instant since;  /* when the time began to run: that, or the end of a meeting */
    vl_instant looked; /* at it, last */
};
void idle_begin(struct idle *idle, vl_instant now); /* the vault was opened */
void idle_did(struct idle *idle, vl_instant now);
/* Looks: whether the vault is to close now. `minutes` 0: it never does by itself. */
bool idle_look(struct idle *idle, unsigned minutes, bool takes_part, vl_instant now);
/* How long still, if nothing is done and no meeting is open. */
vl_duration idle_left(const struct idle *idle, unsigned minutes, vl_instant now);
/* Whether a request is something that she does. `reload`: it says itself that it is none. */
bool idle_is_doing(const char *method, bool from_page, bool reload);

#endif
