/* The circle's rules. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

static int put_changes(const struct call *call, struct json_out *o, bool *any)
{
    const char *invite = call_option(call, "invite"), *past = call_option(call, "past");
    const char *keep = call_option(call, "keep"), *attendance = call_option(call, "attendance");
    *any = invite != NULL || past != NULL || keep != NULL || attendance != NULL;
    if (invite != NULL) json_put_text(o, "invite", invite);
    if (attendance != NULL) json_put_text(o, "attendance", attendance);
    if (past != NULL) {
        if (strcmp(past, "yes") != 0 && strcmp(past, "no") != 0) {
            return complain(call, VL_ERR_INVALID, NULL, N_("Say --past yes or --past no."));
        }
        json_put_flag(o, "newcomers_see_past", strcmp(past, "yes") == 0);
    }
    if (keep != NULL) {
        char *end;
        long months = strcmp(keep, "forever") == 0 ? 0 : strtol(keep, &end, 10);
        bool is_number = strcmp(keep, "forever") == 0 || (end != keep && *end == 0 && months > 0);
        if (!is_number) {
            return complain(call, VL_ERR_INVALID, NULL,
                            N_("Say --keep with a number of months, or --keep forever."));
        }
        json_put_integer(o, "keep_months", months);
    }
    return CLI_OK;
}

static void print_rules(const struct json *rules)
{
    puts(strcmp(json_text(rules, "invite"), "nobody") == 0
             ? _("Inviting: nobody, the circle is closed for now.")
             : _("Inviting: any facilitator."));
    puts(json_flag(rules, "newcomers_see_past")
             ? _("Newcomers: they can read what was written before they came.")
             : _("Newcomers: they cannot read what was written before they came."));
    if (json_integer(rules, "keep_months") == 0) {
        puts(_("Keeping: for ever."));
    } else {
        printf(_("Keeping: %lld months, agreed among people.\n"),
               (long long)json_integer(rules, "keep_months"));
    }
    puts(strcmp(json_text(rules, "attendance"), "count") == 0 ? _("Attendance: only how many came.")
                                                              : _("Attendance: by name."));
}

int cmd_circle_rules(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct vl_buffer body = {0};
    struct json *answer;
    bool any = false;
    int end = circle_path(call, "/rules", path, sizeof path);
    if (end != CLI_OK) return end;
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    end = put_changes(call, &o, &any);
    json_close(&o, '}');
    const char *method = any ? "PATCH" : "GET";
    if (end == CLI_OK && call->json) {
        end = ask_and_print(call, method, path, any ? &body : NULL);
    } else if (end == CLI_OK) {
        end = ask(call, method, path, any ? &body : NULL, &answer);
        if (end == CLI_OK) {
            print_rules(answer);
            json_destroy(answer);
        }
    }
    vl_buffer_finish(&body);
    return end;
}
