/* Dates as people write them in titles. Internal to the import of minutes. */
#ifndef CIRCLE_MINUTES_DATE_H
#define CIRCLE_MINUTES_DATE_H

#include <stdbool.h>

/* The first date that exists in the text: 2026-03-12, 12 mars 2026, 1er mars 2026, 12 March 2026,
 * March 12, 2026. `out` becomes YYYY-MM-DD. */
bool minutes_find_date(const char *text, char out[static 17]);

#endif
