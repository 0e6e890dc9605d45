#include "api/preferences.h"
#include "circle/schema.h"

#include <assert.h>
#include <string.h>

#define NOTE "preferences"

static const struct preference_rule rules[PREFERENCE_COUNT] = {
    [PREFERENCE_LANGUAGE] = {"language", PREFERENCE_CHOICE, {"fr", "en"}, .none = true},
    [PREFERENCE_THEME] = {"theme",
                          PREFERENCE_CHOICE,
                          {"auto", "light", "dark", "contrast"},
                          .normal = 1},
    [PREFERENCE_TEXT] = {"text", PREFERENCE_CHOICE, {"normal", "large"}, .normal = 1},
    [PREFERENCE_QUIET] = {"quiet", PREFERENCE_FLAG, .none = false},
    [PREFERENCE_LOCK_AFTER] = {"lock_after_minutes",
                               PREFERENCE_NUMBER,
                               {NULL},
                               .max = PREFERENCES_LOCK_AFTER_MAX,
                               .normal = PREFERENCES_LOCK_AFTER_NORMAL},
    [PREFERENCE_LAST_CIRCLE] = {"last_circle", PREFERENCE_ID, {NULL}, .none = true},
    [PREFERENCE_LEAVE_WITH_SHIFT] = {"leave_with_shift", PREFERENCE_FLAG, {NULL}, .normal = 1},
    [PREFERENCE_WARNED] = {"warned", PREFERENCE_FLAG, .none = false},
};
#define WORDS (sizeof rules[0].words / sizeof rules[0].words[0])

const struct preference_rule *preference_rule(enum preference which)
{
    return &rules[which];
}

const struct preference_rule *preference_named(const char *name)
{
    for (size_t i = 0; i < PREFERENCE_COUNT; i++) {
        if (strcmp(rules[i].name, name) == 0) return &rules[i];
    }
    return NULL;
}

void preferences_normal(struct preferences *out)
{
    *out = (struct preferences){0};
    for (size_t i = 0; i < PREFERENCE_COUNT; i++) {
        out->values[i] = rules[i].normal;
    }
}

/* ---- reading ---- */

static const char *take_choice(const struct preference_rule *rule, const struct json *value,
                               int64_t *out)
{
    if (json_sort_of(value) == JSON_TEXT) {
        for (size_t i = 0; i < WORDS && rule->words[i] != NULL; i++) {
            if (strcmp(json_text_of(value), rule->words[i]) != 0) continue;
            *out = (int64_t)i + 1;
            return NULL;
        }
    }
    return N_("not one of its choices");
}

static const char *take_id(const struct json *value, struct vl_id *out)
{
    struct vl_id id;
    if (json_sort_of(value) != JSON_TEXT || vl_id_parse(json_text_of(value), &id) != VL_OK)
        return N_("not the id of a circle");
    *out = id;
    return NULL;
}

/* NULL, or why not. */
static const char *take(struct preferences *p, size_t which, const struct json *value)
{
    const struct preference_rule *rule = &rules[which];
    int64_t number = 0;
    if (rule->none && json_sort_of(value) == JSON_NULL) {
        p->values[which] = 0;
        if (rule->kind == PREFERENCE_ID) p->circle = (struct vl_id){0};
        return NULL;
    }
    switch (rule->kind) {
    case PREFERENCE_FLAG:
        if (json_sort_of(value) != JSON_FLAG) return "not true or false";
        p->values[which] = json_flag_of(value);
        return NULL;
    case PREFERENCE_NUMBER:
        if (!json_integer_of(value, &number) || number < 0 || number > rule->max)
            return "not a number in its range";
        p->values[which] = number;
        return NULL;
    case PREFERENCE_CHOICE: return take_choice(rule, value, &p->values[which]);
    case PREFERENCE_ID: return take_id(value, &p->circle);
    }
    return N_("not one of its choices");
}

static vl_result refuse(struct json_problem *problem, const char *field, const char *message)
{
    *problem = (struct json_problem){.field = field, .message = message};
    return VL_ERR_INVALID;
}

vl_result preferences_apply(struct preferences *preferences, const struct json *members,
                            struct json_problem *problem)
{
    struct preferences changed = *preferences;
    unsigned seen = 0;
    static_assert(PREFERENCE_COUNT <= 16, "a bit each");
    if (members != NULL && json_sort_of(members) != JSON_OBJECT)
        return refuse(problem, NULL, "the body is not a JSON object");
    for (size_t at = 0; at < json_count(members); at++) {
        const char *name = json_item_name(members, at);
        const struct preference_rule *rule = preference_named(name);
        if (rule == NULL) return refuse(problem, name, "there is no such field");
        size_t which = (size_t)(rule - rules);
        if ((seen >> which & 1u) != 0) return refuse(problem, rule->name, "given twice");
        seen |= 1u << which;
        const char *why = take(&changed, which, json_item(members, at));
        if (why != NULL) return refuse(problem, rule->name, why);
    }
    *preferences = changed;
    return VL_OK;
}

vl_result preferences_load(struct store *s, struct preferences *out)
{
    struct vl_buffer note = {0};
    struct json *members = NULL;
    preferences_normal(out);
    vl_result result = store_note_get(s, NULL, NOTE, &note);
    if (result == VL_OK && json_parse(vl_buffer_view(&note), &members) == VL_OK) {
        for (size_t at = 0; at < json_count(members); at++) {
            const struct preference_rule *rule = preference_named(json_item_name(members, at));
            if (rule != NULL) (void)take(out, (size_t)(rule - rules), json_item(members, at));
        }
    }
    json_destroy(members);
    vl_buffer_wipe(&note);
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

/* ---- writing ---- */

void preferences_put(struct json_out *o, const struct preferences *preferences)
{
    for (size_t i = 0; i < PREFERENCE_COUNT; i++) {
        const struct preference_rule *rule = &rules[i];
        int64_t value = preferences->values[i];
        switch (rule->kind) {
        case PREFERENCE_FLAG: json_put_flag(o, rule->name, value != 0); break;
        case PREFERENCE_NUMBER: json_put_integer(o, rule->name, value); break;
        case PREFERENCE_CHOICE:
            json_put_text(o, rule->name, value == 0 ? NULL : rule->words[value - 1]);
            break;
        case PREFERENCE_ID:
            if (vl_id_is_zero(&preferences->circle)) {
                json_put_text(o, rule->name, NULL);
            } else {
                json_put_id(o, rule->name, &preferences->circle);
            }
            break;
        }
    }
}

vl_result preferences_save(struct store *s, const struct preferences *preferences)
{
    struct vl_buffer note = {0};
    struct json_out o = json_out(&note);
    json_open(&o, '{');
    preferences_put(&o, preferences);
    json_close(&o, '}');
    vl_result result = o.result;
    if (result == VL_OK) result = store_note_put(s, NULL, NOTE, vl_buffer_view(&note));
    vl_buffer_wipe(&note);
    return result;
}
