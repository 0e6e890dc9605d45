/* What is whose: which operations on the records of the schema are merged. */
#ifndef CIRCLE_OWNERSHIP_H
#define CIRCLE_OWNERSHIP_H

#include <veillee/replica.h>

/* The rule that every replica of a circle is opened with (docs/records.md, "Whose records are
 * whose"). */
bool ownership_may_write(const struct vl_id *circle, const struct vl_operation *operation,
                         const struct vl_id *person);

#endif
