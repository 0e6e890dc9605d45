/* Circles, members, the log, verifying. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

int which_circle(const struct call *call, const char *name, char id[static VL_ID_TEXT_SIZE])
{
    char path[CLI_PATH_MAX] = "find?name=";
    struct json *answer;
    if (name == NULL) name = call_option(call, "circle");
    if (name != NULL && !path_add(path, sizeof path, name)) {
        return complain(call, VL_ERR_TOO_LARGE, NULL, NULL);
    }
    int end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    snprintf(id, VL_ID_TEXT_SIZE, "%s", json_text(answer, "id"));
    json_destroy(answer);
    return CLI_OK;
}

/* "circles/ID/REST" of the circle that the first argument or --circle says. */
static int circle_path(const struct call *call, const char *rest, char *path, size_t size)
{
    char id[VL_ID_TEXT_SIZE];
    int end = which_circle(call, call->arg_count > 0 ? call->args[0] : NULL, id);
    if (end == CLI_OK) snprintf(path, size, "circles/%s%s", id, rest);
    return end;
}

int cmd_circle_new(struct call *call)
{
    struct vl_buffer body = {0};
    struct json *answer;
    char pseudonym[256];
    const char *as = call_option(call, "as");
    if (as == NULL) {
        if (read_line(_("Your name in this circle (a pseudonym): "), pseudonym, sizeof pseudonym) !=
            VL_OK) {
            return complain(call, VL_ERR_INVALID, NULL,
                            N_("Say your name in this circle with --as."));
        }
        as = pseudonym;
    }
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    json_put_text(&o, "name", call->args[0]);
    json_put_text(&o, "pseudonym", as);
    if (call_option(call, "purpose")) json_put_text(&o, "purpose", call_option(call, "purpose"));
    if (call_option(call, "agreement")) {
        json_put_text(&o, "agreement", call_option(call, "agreement"));
    }
    json_close(&o, '}');
    int end = o.result != VL_OK ? complain(call, o.result, NULL, NULL)
              : call->json      ? ask_and_print(call, "POST", "circles", &body)
                                : ask(call, "POST", "circles", &body, &answer);
    if (end == CLI_OK && !call->json) {
        puts(_("Drafted. It is founded when a second person joins: `veillee invite`."));
        json_destroy(answer);
    }
    vl_buffer_finish(&body);
    return end;
}

static void print_circle(const struct json *circle)
{
    print_text(json_text(circle, "name"));
    printf("  %.8s", json_text(circle, "id"));
    if (json_flag(circle, "draft")) {
        printf("  %s\n", _("draft"));
    } else {
        printf(_("  %lld members\n"), (long long)json_integer(circle, "members"));
    }
}

int cmd_circle_list(struct call *call)
{
    struct json *answer;
    if (call->json) return ask_and_print(call, "GET", "circles", NULL);
    int end = ask(call, "GET", "circles", NULL, &answer);
    if (end != CLI_OK) return end;
    const struct json *circles = json_member(answer, "circles");
    if (json_count(circles) == 0) puts(_("No circle yet: `veillee circle new` or `veillee join`."));
    for (size_t i = 0; i < json_count(circles); i++) {
        print_circle(json_item(circles, i));
    }
    json_destroy(answer);
    return CLI_OK;
}

int cmd_circle_show(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    int end = circle_path(call, "", path, sizeof path);
    if (end != CLI_OK) return end;
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    print_circle(answer);
    printf(_("You are called %s here.\n"), json_text(answer, "pseudonym"));
    if (json_flag(answer, "copied")) {
        puts(_("Copied or restored? Two copies of this device's vault both write. Keep one."));
    } else if (json_integer(answer, "incarnations") > 1) {
        puts(_("This device's vault was copied or restored; it goes on in a new log."));
    }
    if (json_text(answer, "purpose")[0] != 0) {
        print_text(json_text(answer, "purpose"));
        putchar('\n');
    }
    if (json_text(answer, "agreement")[0] != 0) {
        puts(_("Agreement:"));
        print_text(json_text(answer, "agreement"));
        putchar('\n');
    }
    json_destroy(answer);
    return CLI_OK;
}

int cmd_member_list(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    int end = circle_path(call, "/members", path, sizeof path);
    if (end != CLI_OK) return end;
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    const struct json *members = json_member(answer, "members");
    for (size_t i = 0; i < json_count(members); i++) {
        const struct json *member = json_item(members, i);
        printf("%.8s  ", json_text(member, "person"));
        print_text(json_text(member, "name"));
        if (json_flag(member, "me")) printf("  %s", _("(you)"));
        if (strcmp(json_text(member, "role"), "facilitator") == 0) {
            printf("  %s", _("facilitator"));
        }
        if (!json_flag(member, "confirmed")) printf("  %s", _("not confirmed yet"));
        putchar('\n');
    }
    json_destroy(answer);
    return CLI_OK;
}

int cmd_member_vouch(struct call *call)
{
    char id[VL_ID_TEXT_SIZE], path[CLI_PATH_MAX];
    struct vl_buffer body = {0};
    struct json *answer;
    int end = which_circle(call, NULL, id);
    if (end != CLI_OK) return end;
    snprintf(path, sizeof path, "circles/%s/vouch", id);
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    json_put_text(&o, "person", call->args[0]);
    json_close(&o, '}');
    end = o.result != VL_OK ? complain(call, o.result, NULL, NULL)
          : call->json      ? ask_and_print(call, "POST", path, &body)
                            : ask(call, "POST", path, &body, &answer);
    if (end == CLI_OK && !call->json) {
        puts(_("Noted: you have met this person."));
        json_destroy(answer);
    }
    vl_buffer_finish(&body);
    return end;
}

int cmd_log(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    const char *after = call_option(call, "after"), *max = call_option(call, "max");
    int end = circle_path(call, "/log?max=", path, sizeof path);
    if (end != CLI_OK) return end;
    bool fits = path_add(path, sizeof path, max == NULL ? "100" : max);
    if (fits && after != NULL) {
        size_t size = strlen(path);
        snprintf(path + size, sizeof path - size, "&after=");
        fits = path_add(path, sizeof path, after);
    }
    if (!fits) return complain(call, VL_ERR_TOO_LARGE, NULL, NULL);
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    const struct json *entries = json_member(answer, "entries");
    for (size_t i = 0; i < json_count(entries); i++) {
        const struct json *entry = json_item(entries, i);
        const char *control = json_text(entry, "control");
        printf("%6lld  %.8s  %-20s  %-14s  ", (long long)json_integer(entry, "lamport"),
               json_text(entry, "id"), json_text(entry, "at"),
               control[0] != 0 ? control : json_text(entry, "kind"));
        print_text(json_text(entry, "author"));
        putchar('\n');
    }
    if (json_text(answer, "next")[0] != 0) {
        printf(_("More: --after %s\n"), json_text(answer, "next"));
    }
    json_destroy(answer);
    return CLI_OK;
}

int cmd_verify(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    int end = circle_path(call, "/verify", path, sizeof path);
    if (end != CLI_OK) return end;
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    printf(_("All of it holds: %lld entries, %lld signatures.\nState: %s\n"),
           (long long)json_integer(answer, "entries"),
           (long long)json_integer(answer, "signatures"), json_text(answer, "digest"));
    json_destroy(answer);
    return CLI_OK;
}
