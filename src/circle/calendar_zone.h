/* Times of a calendar file that are told in UTC, as the local time of a place. Inside
 * circle/calendar*.c. */
#ifndef CIRCLE_CALENDAR_ZONE_H
#define CIRCLE_CALENDAR_ZONE_H

#include "circle/date.h"

#define CALENDAR_ZONE_SIZE                                                                         \
    64u /* "America/Argentina/ComodRivadavia" and more, with its final zero */
/* Zones are known for these years. */
#define CALENDAR_ZONE_YEAR_MIN 1970
#define CALENDAR_ZONE_YEAR_MAX 2099

/* `zone` by its name in the time zone database of this machine; "" or another: this machine's own.
 * false: not within the years above. A day as a whole stays as it is. */
bool calendar_zone_local(const char *zone, struct date utc, struct date *local);
/* Whether that is a name of UTC itself. */
bool calendar_zone_is_utc(const char *zone);
/* Frees what libical keeps of zones. */
void calendar_zone_forget(void);

#endif
