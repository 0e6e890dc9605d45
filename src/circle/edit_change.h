/* One change of an edit, and the operations that it becomes. Internal to edit.c. */
#ifndef CIRCLE_EDIT_CHANGE_H
#define CIRCLE_EDIT_CHANGE_H

#include "circle/edit_plan.h"
#include "circle/schema.h"

enum edit_action {
    EDIT_SET,
    EDIT_ADD,
    EDIT_REMOVE,
    EDIT_ELEMENTS,
    EDIT_TEXT,
    EDIT_APPEND_TEXT,
    EDIT_LIST,
    EDIT_APPEND,
    EDIT_AGAIN /* no items: what the field holds is written once more, in place of what said it */
};

struct edit_change {
    const struct schema_field *field;
    enum edit_action action;
    struct vl_buffer *items; /* encoded values; of a text: the text in NFC */
    size_t count;
};

/* The type that the record's cells have here. */
uint32_t edit_cell_type(uint32_t type, bool sealed);
/* Adds to the plan what is not so already. LIMIT: too many elements. TOO_LARGE: appended over the
 * limit. Errors of the plan. */
VL_MUST_USE vl_result plan_change(struct plan *plan, const struct edit_change *change);

#endif
