/* A record written as the API's routes write one, through an edit, without a body to decode. */
#ifndef TESTS_SUPPORT_WRITTEN_RECORD_H
#define TESTS_SUPPORT_WRITTEN_RECORD_H

#include "circle/edit.h"

/* What one field is to be, by its kind: a register or a text the whole of it, a list all of it; of
 * a set elements are put in, or taken out. One of text, value, texts and persons is given. */
struct written {
    uint32_t field;
    const char *text;
    const struct vl_value *value;
    const char *const *texts;
    const struct vl_id *persons;
    size_t count; /* of texts or persons */
    bool removes;
};
/* Fields for the two below: WRITTEN({SHARE_TITLE, .text = "x"}, {SHARE_TEXT, .text = "y"}). */
/* clang-format off */
#define WRITTEN(...) (const struct written[]){__VA_ARGS__, {.field = 0}}
/* clang-format on */

/* A new record of this device's person; its id also when it was refused. As edit_write. */
VL_MUST_USE vl_result written_new(struct vl_replica *r, enum schema_type type,
                                  const struct written *fields, vl_wall now,
                                  struct vl_record_id *id, struct schema_problem *problem);
VL_MUST_USE vl_result written_again(struct vl_replica *r, enum schema_type type,
                                    const struct vl_record_id *id, const struct written *fields,
                                    vl_wall now, struct schema_problem *problem);

#endif
