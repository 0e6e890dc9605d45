/* What you prefer on this device. */
#include "api/preferences.h"
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

/* What was typed, as the kind of this preference; what it may be, the node tells. */
static int put_value(const struct call *call, struct json_out *o,
                     const struct preference_rule *rule, const char *value)
{
    char circle[VL_ID_TEXT_SIZE], *end;
    long long number;
    json_key(o, rule->name);
    if (rule->none && strcmp(value, "none") == 0) {
        json_write_null(o);
        return CLI_OK;
    }
    switch (rule->kind) {
    case PREFERENCE_FLAG:
        if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
            return complain(call, VL_ERR_INVALID, rule->name, N_("say yes or no"));
        json_write_flag(o, strcmp(value, "yes") == 0);
        return CLI_OK;
    case PREFERENCE_NUMBER:
        number = strtoll(value, &end, 10);
        if (end == value || *end != 0)
            return complain(call, VL_ERR_INVALID, rule->name, N_("not a number in its range"));
        json_write_integer(o, number);
        return CLI_OK;
    case PREFERENCE_CHOICE: json_write_text(o, value); return CLI_OK;
    case PREFERENCE_ID: {
        int found = which_circle(call, value, circle);
        if (found == CLI_OK) json_write_text(o, circle);
        return found;
    }
    }
    return CLI_FAILED;
}

static void print_value(const struct json *value)
{
    int64_t number = 0;
    switch (json_sort_of(value)) {
    case JSON_FLAG: puts(json_flag_of(value) ? _("yes") : _("no")); break;
    case JSON_NUMBER:
        if (json_integer_of(value, &number)) printf("%lld\n", (long long)number);
        break;
    case JSON_TEXT: puts(json_text_of(value)); break;
    default: puts(_("none")); break;
    }
}

static void print_all(const struct json *answer, const char *only)
{
    for (size_t i = 0; i < PREFERENCE_COUNT; i++) {
        const char *name = preference_rule((enum preference)i)->name;
        if (only != NULL && strcmp(only, name) != 0) continue;
        printf("%-20s ", name);
        print_value(json_member(answer, name));
    }
}

static int ask_for(const struct call *call, const char *method, const struct vl_buffer *body,
                   const char *only)
{
    struct json *answer;
    if (call->json) return ask_and_print(call, method, "preferences", body);
    int end = ask(call, method, "preferences", body, &answer);
    if (end != CLI_OK) return end;
    print_all(answer, only);
    json_destroy(answer);
    return CLI_OK;
}

int cmd_preferences(struct call *call)
{
    struct vl_buffer body = {0};
    const char *name = call->arg_count > 0 ? call->args[0] : NULL;
    const struct preference_rule *rule = name == NULL ? NULL : preference_named(name);
    if (name != NULL && rule == NULL)
        return complain(call, VL_ERR_INVALID, name, N_("there is no such field"));
    if (call->arg_count < 2) return ask_for(call, "GET", NULL, name);
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    int end = put_value(call, &o, rule, call->args[1]);
    json_close(&o, '}');
    if (end == CLI_OK && o.result != VL_OK) end = complain(call, o.result, NULL, NULL);
    if (end == CLI_OK) end = ask_for(call, "PATCH", &body, name);
    vl_buffer_finish(&body);
    return end;
}
