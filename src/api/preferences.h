/* What the person on this device prefers: a few values, kept in the vault, so that nothing of it is
 * in a browser. One table tells their names, kinds, bounds and what holds until one is set. */
#ifndef API_PREFERENCES_H
#define API_PREFERENCES_H

#include "api/json.h"
#include "store/store.h"

enum preference {
    PREFERENCE_LANGUAGE,
    PREFERENCE_THEME,
    PREFERENCE_TEXT,
    PREFERENCE_QUIET,
    PREFERENCE_LOCK_AFTER,
    PREFERENCE_LAST_CIRCLE,
    PREFERENCE_LEAVE_WITH_SHIFT,
    PREFERENCE_WARNED,
    PREFERENCE_COUNT
};

#define PREFERENCES_LOCK_AFTER_MAX    240u /* minutes; 0: never */
#define PREFERENCES_LOCK_AFTER_NORMAL 15u

enum preference_kind {
    PREFERENCE_FLAG,
    PREFERENCE_NUMBER, /* from 0 to max */
    PREFERENCE_CHOICE, /* one of the words; where `none` is so also null */
    PREFERENCE_ID      /* of a circle, or null */
};
struct preference_rule {
    const char *name;
    enum preference_kind kind;
    const char *words[4]; /* of a choice, up to NULL */
    bool none;
    int64_t max,
        normal; /* the normal one of a choice: from 1, in the order of the words; 0: null */
};
const struct preference_rule *preference_rule(enum preference which);
const struct preference_rule *preference_named(const char *name); /* NULL: there is none */

struct preferences {
    int64_t values[PREFERENCE_COUNT]; /* flags: 0, 1; choices as `normal` */
    struct vl_id circle;              /* zero: none */
};

/* What holds where nothing was set. */
void preferences_normal(struct preferences *out);
/* What the vault says. A value that this version does not know counts as not set. */
VL_MUST_USE vl_result preferences_load(struct store *s, struct preferences *out);
/* Durable when it returns. */
VL_MUST_USE vl_result preferences_save(struct store *s, const struct preferences *preferences);
/* Takes the members of an object over, all or none. INVALID with *problem: there is no such one, it
 * is of another kind, over its bounds, or named twice. */
VL_MUST_USE vl_result preferences_apply(struct preferences *preferences, const struct json *members,
                                        struct json_problem *problem);
/* Members of the object that is open. */
void preferences_put(struct json_out *o, const struct preferences *preferences);

#endif
