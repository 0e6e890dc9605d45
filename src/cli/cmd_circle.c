/* Circles, the log, verifying. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

int which_circle(const struct call *call, const char *name, char id[static VL_ID_TEXT_SIZE])
{
    char path[CLI_PATH_MAX] = "find?digest=no&name=";
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

int circle_path(const struct call *call, const char *rest, char *path, size_t size)
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
    if (call_option(call, "private") != NULL) json_put_flag(&o, "private", true);
    if (call_option(call, "purpose")) json_put_text(&o, "purpose", call_option(call, "purpose"));
    if (call_option(call, "agreement")) {
        json_put_text(&o, "agreement", call_option(call, "agreement"));
    }
    json_close(&o, '}');
    int end = o.result != VL_OK ? complain(call, o.result, NULL, NULL)
              : call->json      ? ask_and_print(call, "POST", "circles", &body)
                                : ask(call, "POST", "circles", &body, &answer);
    if (end == CLI_OK && !call->json && call_option(call, "private") != NULL) {
        puts(_("Made: a space of your own. `veillee device add` takes other devices of yours into "
               "it."));
        json_destroy(answer);
    } else if (end == CLI_OK && !call->json) {
        puts(_("Drafted. It is founded when a second person joins: `veillee invite`."));
        if (call_option(call, "agreement") == NULL) {
            puts(_("It has the agreement that this program proposes; `veillee circle show` shows "
                   "it."));
        }
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

void print_names(const char *what, const struct json *persons)
{
    if (json_count(persons) == 0) return;
    fputs(what, stdout);
    for (size_t i = 0; i < json_count(persons); i++) {
        fputs(i == 0 ? " " : ", ", stdout);
        print_text(json_text(json_item(persons, i), "name"));
    }
    putchar('\n');
}

static void print_key(const struct json *circle)
{
    const char *key = json_text(circle, "key");
    const struct json *without = json_member(circle, "without_key");
    if (strcmp(key, "none") == 0) {
        puts(_("This device is not in the circle (any more): it keeps what it has, and receives "
               "nothing new."));
    } else if (strcmp(key, "renewed") == 0) {
        puts(_("Somebody came or went: the next thing written here is under a new key."));
    } else if (strcmp(key, "waiting") == 0) {
        puts(_("This device cannot read what is new yet: the key comes at the next meeting with "
               "another member."));
    }
    for (size_t i = 0; i < json_count(without); i++) {
        print_text(json_text(json_item(without, i), "name"));
        printf(": %s\n", _("this person's device cannot read what is new yet; the key reaches it "
                           "after the next meeting."));
    }
}

static void print_state(const struct json *circle)
{
    const struct json *facilitators = json_member(circle, "facilitators");
    const struct json *unconfirmed = json_member(circle, "unconfirmed");
    print_names(_("Facilitators:"), facilitators);
    if (json_count(facilitators) == 0) {
        puts(_("There is no facilitator: nobody can be added until the members have voted "
               "(`veillee member vote`)."));
    }
    if (json_count(unconfirmed) > 0) {
        print_names(_("Not confirmed yet:"), unconfirmed);
        puts(_("  They read and write like everybody. To vouch for others, or to help to remove "
               "somebody, one must be vouched for by two confirmed members (adding counts as "
               "one): `veillee member vouch`."));
    }
    print_key(circle);
    print_new_devices(circle);
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
    print_closed(answer);
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
    if (!json_flag(answer, "draft")) print_state(answer);
    json_destroy(answer);
    return CLI_OK;
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
    print_closed(answer);
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
