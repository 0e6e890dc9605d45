/* What a hostile member's program could send: the next entry of a node's log with everything around
 * its body right, and a body of the test's own. */
#ifndef TESTS_SUPPORT_FORGED_ENTRY_H
#define TESTS_SUPPORT_FORGED_ENTRY_H

#include "tests/support/circle_fixture.h"

/* The header of a control entry that the node would write now; its copy stays as it is. */
struct vl_entry_header forged_next(struct circle_fixture *f, size_t node);
/* The same as the first entry of a new log. */
struct vl_entry_header forged_first(struct circle_fixture *f, size_t node, uint32_t incarnation);
/* The header of content that begins a log of that member, after the newest control entry that node
 * 0 has, of which there is one. */
struct vl_entry_header forged_log(struct circle_fixture *f, size_t member, uint32_t incarnation);
/* Signs a header with this blob by the node's keys and gives the entry to one node. */
vl_result forged_give(struct circle_fixture *f, size_t node, struct vl_entry_header *header,
                      struct vl_bytes blob, size_t to, struct vl_id *id);
/* A control entry of this body, next in the node's log, given to the node itself. */
vl_result forged_control(struct circle_fixture *f, size_t node, const struct vl_control *control,
                         struct vl_id *id);
/* Another branch of the author's log: `length` entries, the first beside `like` and, by its time,
 * different for each `number`. The third links to `link`, unless that is NULL. */
struct entry_run forged_branch(struct circle_fixture *f, size_t author, const struct vl_entry *like,
                               unsigned number, size_t length, const struct vl_entry *link);
/* The entry links to that one alone, and the control entries of its past are that one's. */
void forged_link(struct vl_entry_header *header, const struct vl_entry *link);
/* What follows `after` in the author's log, that many milliseconds later: the same content, with
 * that link alone. Nobody honest leaves out what she has. */
struct entry_run forged_upon(struct circle_fixture *f, size_t author, const struct vl_entry *after,
                             const struct vl_entry *link, int64_t later);

#endif
