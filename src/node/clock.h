/* The monotonic clock, and lengths for the event loop. */
#ifndef NODE_CLOCK_H
#define NODE_CLOCK_H

#include <sys/time.h>
#include <veillee/instant.h>

vl_instant clock_now(void);
vl_wall clock_wall(void); /* goes into entries for display; nothing is decided by it */
struct timeval clock_timeval(vl_duration length); /* at most a year: the loop asks again then */
/* Between nothing and `most`, evenly: so that devices that saw the same thing do not act at once.*/
vl_duration clock_jitter(vl_duration most);

#endif
