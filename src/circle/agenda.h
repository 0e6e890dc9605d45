/* The parts of a meeting that come from a format: records of their own, in its list of parts. The
 * circle may change them afterwards as it likes. */
#ifndef CIRCLE_AGENDA_H
#define CIRCLE_AGENDA_H

#include "circle/edit.h"
#include "circle/formats.h"

/* Writes the parts, and puts them into the edit of their meeting: nothing is written when that
 * holds an error, which is returned. Parts whose meeting was then not written (a power cut between
 * the two) are seen by nobody. */
VL_MUST_USE vl_result agenda_from_format(struct edit *meeting, const struct format *format,
                                         vl_wall now, struct schema_problem *problem);

#endif
