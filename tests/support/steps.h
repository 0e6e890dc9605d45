/* Histories of membership in short text, for tests: persons and devices are named as in the JSON
 * format of docs/membership.md (device = person.number). */
#ifndef SUPPORT_STEPS_H
#define SUPPORT_STEPS_H

#include <veillee/membership.h>

#define STEP_NAMES_MAX 16u

struct step { /* one operation; lists separated by one space; NULL: none */
    const char *id, *kind, *by, *links, *target, *keys, *cites;
};

struct step_entry { /* a step as an entry; its views point into the step and into this */
    struct vl_member_entry entry;
    struct vl_bytes links[STEP_NAMES_MAX], cites[STEP_NAMES_MAX];
    struct vl_member_key keys[STEP_NAMES_MAX];
    char second[VL_MEMBER_NAME_MAX + 1];
};

void steps_entry(const struct step *step, struct step_entry *out);
vl_result steps_add(struct vl_membership *m, const struct step *step);
/* Adds the steps in the given order (NULL: as they stand), as soon as their links are there. */
vl_result steps_build(const struct step *steps, size_t count, const size_t *order,
                      struct vl_membership **out);
/* All that can be asked about a settled membership, as text. */
vl_result steps_dump(const struct vl_membership *m, const struct step *steps, size_t count,
                     struct vl_buffer *out);

#endif
