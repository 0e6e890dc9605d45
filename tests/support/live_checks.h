/* What every state of a meeting that goes on must hold, for tests and for fuzzing. */
#ifndef TESTS_SUPPORT_LIVE_CHECKS_H
#define TESTS_SUPPORT_LIVE_CHECKS_H

#include "circle/live.h"

/* Whether the two say the same in everything but how many moments were taken. */
bool live_checks_same(const struct live_state *a, const struct live_state *b);
/* NULL: all the invariants of circle/live.h hold; else which one does not. */
const char *live_checks_broken(const struct live_state *s);

#endif
