/* A meeting that goes on: what one sees, what one does, quiet signals. */
#include "cli/commands.h"
#include "cli/record_print.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "circles/ID/meetings/ID" of the meeting that `name` says; NULL: the circle's next one, which is
 * the open one if there is one. */
static int meeting_path(const struct call *call, const char *name, char *path, size_t size)
{
    char circle[VL_ID_TEXT_SIZE];
    struct json *answer;
    int end;
    if (name != NULL) {
        end = find_record(call, schema_record(SCHEMA_MEETING), name, path, size, &answer);
        if (end == CLI_OK) json_destroy(answer);
        return end;
    }
    end = which_circle(call, NULL, circle);
    if (end != CLI_OK) return end;
    end = ask_next_meeting(call, &answer);
    if (end != CLI_OK) return end;
    snprintf(path, size, "circles/%s/meetings/%s", circle, json_text(answer, "meeting"));
    if (json_flag(answer, "occurrence"))
        end = complain(call, VL_ERR_STATE, NULL,
                       N_("No meeting is open: `veillee meeting now` opens one."));
    json_destroy(answer);
    return end;
}

/* ---- showing ---- */

static void print_time(int64_t ms)
{
    const long long seconds = ms / 1000;
    printf("%lld:%02lld", seconds / 60, seconds % 60);
}

static void print_who(const struct json *who)
{
    const char *seat = json_text(who, "seat");
    print_text(seat[0] != 0 ? seat : json_text(who, "name"));
}

/* A line: `what`, and people; nothing when there are none. */
static void print_people(const char *what, const struct json *people)
{
    if (json_count(people) == 0) return;
    fputs(what, stdout);
    for (size_t i = 0; i < json_count(people); i++) {
        fputs(i == 0 ? " " : ", ", stdout);
        print_who(json_item(people, i));
    }
    putchar('\n');
}

static void print_state(const struct json *live)
{
    static const struct {
        const char *name, *sentence;
    } states[] = {{"before", N_("It is not open yet.")},
                  {"open", N_("It is open.")},
                  {"paused", N_("It is paused.")},
                  {"closed", N_("It is closed.")}};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(states[i].name, json_text(live, "state")) == 0)
            fputs(_(states[i].sentence), stdout);
    if (json_integer(live, "elapsed_ms") > 0) {
        putchar(' ');
        print_time(json_integer(live, "elapsed_ms"));
    }
    putchar('\n');
}

static void print_part(const struct json *live)
{
    const struct json *part = json_member(live, "part");
    if (json_sort_of(part) != JSON_OBJECT) return;
    printf(_("Part %lld of %zu: "), (long long)json_integer(part, "number"),
           json_count(json_member(live, "parts")));
    print_text(json_text(part, "title"));
    fputs("  ", stdout);
    print_time(json_integer(part, "elapsed_ms"));
    if (json_integer(part, "minutes") > 0)
        printf(_(" of %lld minutes"), (long long)json_integer(part, "minutes"));
    putchar('\n');
}

static void print_turn(const struct json *live)
{
    const struct json *turn = json_member(live, "turn"), *next = json_member(live, "next");
    if (json_sort_of(turn) == JSON_OBJECT) {
        fputs(_("Has the word: "), stdout);
        print_who(turn);
        fputs("  ", stdout);
        print_time(json_integer(turn, "elapsed_ms"));
        if (json_flag(turn, "approximate")) fputs(_(" (about)"), stdout);
        putchar('\n');
    }
    if (json_sort_of(next) != JSON_OBJECT) return;
    fputs(_("Then: "), stdout);
    print_who(next);
    putchar('\n');
}

static void print_round(const struct json *round)
{
    static const struct {
        const char *name, *sign;
    } marks[] = {{"speaks", " *"}, {"spoke", " +"}, {"passed", " -"}};
    const struct json *order = json_member(round, "order");
    if (json_count(order) == 0) return;
    fputs(json_flag(round, "over") ? _("Round, over:") : _("Round:"), stdout);
    for (size_t i = 0; i < json_count(order); i++) {
        fputs(i == 0 ? " " : ", ", stdout);
        print_who(json_item(order, i));
        for (size_t k = 0; k < sizeof marks / sizeof marks[0]; k++)
            if (strcmp(marks[k].name, json_text(json_item(order, i), "mark")) == 0)
                fputs(marks[k].sign, stdout);
    }
    putchar('\n');
}

static void print_here(const struct json *places)
{
    bool any = false;
    for (size_t i = 0; i < json_count(places); i++) {
        if (!json_flag(json_item(places, i), "here")) continue;
        fputs(any ? ", " : _("Here: "), stdout);
        print_who(json_item(places, i));
        any = true;
    }
    if (any) putchar('\n');
}

static void print_voice(const struct json *live)
{
    const struct json *mine = json_member(live, "mine"), *voice = json_member(live, "voice");
    if (json_integer(mine, "speech_ms") > 0) {
        fputs(_("Your own time: "), stdout);
        print_time(json_integer(mine, "speech_ms"));
        printf(" (%lld %%)\n", (long long)json_integer(mine, "percent"));
    }
    for (size_t i = 0; i < json_count(voice); i++) {
        fputs("  ", stdout);
        print_who(json_item(voice, i));
        fputs("  ", stdout);
        print_time(json_integer(json_item(voice, i), "speech_ms"));
        putchar('\n');
    }
}

static void print_signals(const struct call *call, const struct json *signals)
{
    const struct schema_field *kind = schema_field(SCHEMA_SIGNAL, SIGNAL_KIND);
    for (size_t i = 0; i < json_count(signals); i++) {
        const struct json *signal = json_item(signals, i);
        if (json_flag(signal, "seen")) continue;
        fputs(_("Quiet signal, "), stdout);
        print_text(json_text(signal, "name"));
        printf("%s%s", _(": "), choice_text(call, kind, json_text(signal, "kind")));
        if (json_text(signal, "text")[0] != 0) {
            fputs(". ", stdout);
            print_text(json_text(signal, "text"));
        }
        putchar('\n');
    }
}

static void print_live(const struct call *call, const struct json *live)
{
    const struct json *agreement = json_member(live, "agreement");
    print_state(live);
    print_part(live);
    print_turn(live);
    print_round(json_member(live, "round"));
    print_people(_("Hands:"), json_member(live, "hands"));
    print_here(json_member(live, "places"));
    print_people(_("Not heard yet:"), json_member(live, "not_heard"));
    print_voice(live);
    print_outcomes(call, live);
    print_signals(call, json_member(live, "signals"));
    if (json_text(agreement, "id")[0] != 0)
        print_names(_("Have not assented to the agreement:"), json_member(agreement, "missing"));
}

static int show(const struct call *call, const char *path)
{
    struct json *live;
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    int end = ask(call, "GET", path, NULL, &live);
    if (end != CLI_OK) return end;
    print_live(call, live);
    json_destroy(live);
    return CLI_OK;
}

struct following {
    struct call *call;
    const char *path;
    int end;
};

static bool show_again(void *context)
{
    struct following *f = context;
    if (!f->call->json) fputs(isatty(STDOUT_FILENO) ? "\033[H\033[2J" : "\n", stdout);
    f->end = show(f->call, f->path);
    f->call->reloads = true; /* from the second time on: others must not keep the vault open */
    (void)fflush(stdout);
    return f->end == CLI_OK;
}

int cmd_live(struct call *call)
{
    char path[CLI_PATH_MAX];
    int end = meeting_path(call, call->arg_count > 0 ? call->args[0] : NULL, path, sizeof path);
    if (end != CLI_OK) return end;
    strncat(path, "/live", sizeof path - strlen(path) - 1);
    if (call_option(call, "follow") == NULL) return show(call, path);
    struct following f = {.call = call, .path = path, .end = CLI_OK};
    end = follow_changes(call, show_again, &f);
    return f.end != CLI_OK ? f.end : end;
}

/* ---- doing ---- */

/* POST, then the meeting as it stands. */
static int post(const struct call *call, const char *path, struct json_out *body)
{
    struct json *live;
    int end = body->result != VL_OK ? complain(call, body->result, NULL, NULL)
              : call->json          ? ask_and_print(call, "POST", path, body->out)
                                    : ask(call, "POST", path, body->out, &live);
    if (end == CLI_OK && !call->json) {
        print_live(call, live);
        json_destroy(live);
    }
    vl_buffer_finish(body->out);
    return end;
}

/* `veillee meeting turn Nadia`, or --seat NAME; `veillee meeting part PART`. */
int cmd_meeting_live(struct call *call)
{
    static const char over[] = "over";
    char path[CLI_PATH_MAX];
    struct vl_buffer body = {0};
    const char *action = strchr(call->command->name, ' ') + 1, *seat = call_option(call, "seat");
    int end = meeting_path(call, call_option(call, "meeting"), path, sizeof path);
    if (end != CLI_OK) return end;
    const size_t size = strlen(path);
    snprintf(path + size, sizeof path - size, "/live/%s",
             strcmp(action, over) == 0 ? "hand_over" : action);
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    if (call->arg_count > 0)
        json_put_text(&o, strcmp(action, "part") == 0 ? "part" : "person", call->args[0]);
    if (seat != NULL) json_put_text(&o, "seat", seat);
    json_close(&o, '}');
    return post(call, path, &o);
}

int cmd_signal(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct vl_buffer body = {0};
    struct json *answer;
    const bool is_seen = strcmp(call->command->name, "signal seen") == 0;
    int end = meeting_path(call, call_option(call, "meeting"), path, sizeof path);
    if (end != CLI_OK) return end;
    strncat(path, is_seen ? "/signal/seen" : "/signal", sizeof path - strlen(path) - 1);
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    if (!is_seen) json_put_text(&o, "kind", call->args[0]);
    if (!is_seen && call->arg_count > 1) json_put_text(&o, "text", call->args[1]);
    json_close(&o, '}');
    end = o.result != VL_OK ? complain(call, o.result, NULL, NULL)
          : call->json      ? ask_and_print(call, "POST", path, &body)
                            : ask(call, "POST", path, &body, &answer);
    vl_buffer_finish(&body);
    if (end != CLI_OK || call->json) return end;
    puts(is_seen ? _("Noted.") : _("Only the facilitators can read it."));
    json_destroy(answer);
    return CLI_OK;
}
