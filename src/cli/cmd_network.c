/* Gathering, peers, inviting and joining. */
#include "cli/cli.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#define POLL_MS 100

static int length_body(const struct call *call, struct json_out *o)
{
    const char *length = call_option(call, "for");
    int64_t seconds;
    if (length == NULL) return CLI_OK;
    if (!parse_length(length, &seconds)) {
        return complain(call, VL_ERR_INVALID, NULL, N_("A time is written like 3h, 10m or 1h30m."));
    }
    json_put_integer(o, "seconds", seconds);
    return CLI_OK;
}

int cmd_gather(struct call *call)
{
    char id[VL_ID_TEXT_SIZE], path[CLI_PATH_MAX];
    struct vl_buffer body = {0};
    struct json *answer;
    int end = which_circle(call, call->args[0], id);
    if (end != CLI_OK) return end;
    snprintf(path, sizeof path, "circles/%s/gather", id);
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    end = length_body(call, &o);
    json_close(&o, '}');
    if (end == CLI_OK) {
        end = call->json ? ask_and_print(call, "POST", path, &body)
                         : ask(call, "POST", path, &body, &answer);
    }
    if (end == CLI_OK && !call->json) {
        printf(_("Gathering for %lld minutes: members on this network find you.\n"),
               (long long)(json_integer(answer, "seconds") / 60));
        if (json_flag(answer, "no_network")) {
            puts(_("There is no network yet; you are found as soon as there is one."));
        }
        json_destroy(answer);
    }
    vl_buffer_finish(&body);
    return end;
}

int cmd_away(struct call *call)
{
    struct json *answer;
    if (call->json) return ask_and_print(call, "POST", "away", NULL);
    int end = ask(call, "POST", "away", NULL, &answer);
    if (end != CLI_OK) return end;
    puts(_("Away: nothing is sent on the network."));
    json_destroy(answer);
    return CLI_OK;
}

int cmd_peers(struct call *call)
{
    struct json *answer;
    if (call->json) return ask_and_print(call, "GET", "peers", NULL);
    int end = ask(call, "GET", "peers", NULL, &answer);
    if (end != CLI_OK) return end;
    const struct json *peers = json_member(answer, "peers");
    if (json_count(peers) == 0) puts(_("Nobody is in sight."));
    for (size_t i = 0; i < json_count(peers); i++) {
        const struct json *peer = json_item(peers, i);
        printf("%.8s  ", json_text(peer, "device"));
        print_text(json_text(peer, "name"));
        printf("  %s\n", json_flag(peer, "in_sync")     ? _("connected, in step")
                         : json_flag(peer, "connected") ? _("connected")
                                                        : _("not connected"));
    }
    json_destroy(answer);
    return CLI_OK;
}

/* ---- pairing ---- */

static volatile sig_atomic_t is_stopped;

static void on_stop(int number)
{
    (void)number;
    is_stopped = 1;
}

/* An interrupted command takes its invitation back; it would go on to the end of its time. */
static void catch_stops(void)
{
    struct sigaction action = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

static int stop_pairing(const struct call *call)
{
    struct json *answer;
    int end = ask(call, "POST", "pairing/cancel", NULL, &answer);
    if (end != CLI_OK) return end;
    json_destroy(answer);
    return complain(call, VL_ERR_REFUSED, NULL, N_("Stopped; the code is worth nothing now."));
}

static void nap(void)
{
    struct timespec time = {.tv_nsec = POLL_MS * 1000000L};
    (void)nanosleep(&time, NULL);
}

static vl_result result_named(const char *name)
{
    for (unsigned i = 0; i < VL_RESULT_COUNT; i++) {
        if (strcmp(vl_result_name((vl_result)i), name) == 0) return (vl_result)i;
    }
    return VL_ERR_INTERNAL;
}

static void print_step(const struct json *view, const char *step)
{
    struct vl_buffer line = {0};
    struct json_out o = json_out(&line);
    json_open(&o, '{');
    json_put_text(&o, "step", step);
    json_put_text(&o, "name", json_text(view, "name"));
    json_put_text(&o, "pseudonym", json_text(view, "pseudonym"));
    json_put_text(&o, "as", json_text(view, "as"));
    if (json_text(view, "circle")[0] != 0) json_put_text(&o, "circle", json_text(view, "circle"));
    json_close(&o, '}');
    if (o.result == VL_OK) printf("%.*s\n", (int)line.size, (const char *)line.data);
    (void)fflush(stdout);
    vl_buffer_finish(&line);
}

static bool is_device(const struct json *view)
{
    return strcmp(json_text(view, "as"), "device") == 0;
}

static bool decide_device(const struct json *view, bool inviter)
{
    if (inviter) {
        puts(_("Somebody knows the code, and wants to be another device of yours."));
        (void)fflush(stdout);
        return confirm(_("Is it the device in your hands? (y/n) "));
    }
    fputs(_("As another device of: "), stdout);
    print_text(json_text(view, "pseudonym"));
    putchar('\n');
    fputs(_("In the circle: "), stdout);
    print_text(json_text(view, "name"));
    putchar('\n');
    (void)fflush(stdout);
    return confirm(_("Is this you, and do you want this device in the circle? (y/n) "));
}

static bool decide(const struct call *call, const struct json *view, bool inviter)
{
    if (call_option(call, "yes") != NULL) return true;
    if (is_device(view)) return decide_device(view, inviter);
    if (inviter) {
        fputs(_("Somebody knows the code, and says to be called: "), stdout);
        print_text(json_text(view, "pseudonym"));
        putchar('\n');
        (void)fflush(stdout);
        return confirm(_("Is this the person in front of you? (y/n) "));
    }
    fputs(_("You are invited to: "), stdout);
    print_text(json_text(view, "name"));
    putchar('\n');
    print_text(json_text(view, "purpose"));
    putchar('\n');
    if (json_text(view, "agreement")[0] != 0) {
        puts(_("Agreement:"));
        print_text(json_text(view, "agreement"));
        putchar('\n');
    }
    (void)fflush(stdout);
    return confirm(_("Do you join, and agree? (y/n) "));
}

static int send_decision(const struct call *call, bool accept, const char *pseudonym)
{
    struct json *answer;
    struct vl_buffer body = {0};
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    json_put_flag(&o, "accept", accept);
    if (pseudonym != NULL) json_put_text(&o, "pseudonym", pseudonym);
    json_close(&o, '}');
    int end = o.result != VL_OK ? complain(call, o.result, NULL, NULL)
                                : ask(call, "POST", "pairing/decide", &body, &answer);
    if (end == CLI_OK) json_destroy(answer);
    vl_buffer_finish(&body);
    return end;
}

static int pairing_failed(const struct call *call, const struct json *view)
{
    vl_result why = result_named(json_text(view, "result"));
    return complain(call, why, NULL, NULL);
}

/* The question of this side's person, and what she answers. */
static int answer_question(const struct call *call, const struct json *view, bool inviter)
{
    char pseudonym[256];
    bool needs_name = json_flag(view, "needs_pseudonym");
    bool accept = decide(call, view, inviter);
    if (accept && needs_name &&
        read_line(_("Your name in this circle (a pseudonym): "), pseudonym, sizeof pseudonym) !=
            VL_OK) {
        (void)send_decision(call, false, NULL);
        return complain(call, VL_ERR_INVALID, NULL, N_("Say your name in this circle with --as."));
    }
    int end = send_decision(call, accept, accept && needs_name ? pseudonym : NULL);
    if (end != CLI_OK || accept) return end;
    return complain(call, VL_ERR_REFUSED, NULL, N_("You refused; nothing was changed."));
}

static void print_done(const struct json *view, bool inviter)
{
    if (is_device(view)) {
        puts(inviter ? _("Your other device is in the circle now.")
                     : _("This device is in the circle now, as another one of yours."));
        return;
    }
    print_text(json_text(view, inviter ? "pseudonym" : "name"));
    printf(": %s\n", inviter ? _("is in the circle now.") : _("you are in the circle now."));
}

/* Follows the pairing to its end. */
static int follow(const struct call *call, bool inviter)
{
    char last[32] = "";
    bool decided = false;
    int64_t tries = 0;
    catch_stops();
    for (;;) {
        struct json *view;
        if (is_stopped) return stop_pairing(call);
        int end = ask(call, "GET", "pairing", NULL, &view);
        if (end != CLI_OK) return end;
        const char *state = json_text(view, "state");
        bool is_new = strcmp(state, last) != 0;
        snprintf(last, sizeof last, "%s", state);
        if (inviter && tries > json_integer(view, "tries_left") && !call->json) {
            printf(_("Somebody gave other words; %lld tries are left.\n"),
                   (long long)json_integer(view, "tries_left"));
            (void)fflush(stdout);
        }
        tries = json_integer(view, "tries_left");
        bool ended = strcmp(state, "done") == 0 || strcmp(state, "failed") == 0 ||
                     strcmp(state, "none") == 0;
        if (call->json && is_new) print_step(view, state);
        if (strcmp(state, "deciding") == 0 && !decided) {
            decided = true;
            end = answer_question(call, view, inviter);
        } else if (strcmp(state, "failed") == 0) {
            end = pairing_failed(call, view);
        } else if (strcmp(state, "none") == 0) {
            end = complain(call, VL_ERR_CLOSED, NULL, N_("The pairing was ended."));
        } else if (strcmp(state, "done") == 0 && !call->json) {
            print_done(view, inviter);
        }
        json_destroy(view);
        if (end != CLI_OK || ended) return end;
        nap();
    }
}

/* The three words in the chosen language, and the whole code as one text. */
static void code_text(const struct json *answer, const char *language, char *out, size_t size)
{
    const struct json *words = json_member(json_member(answer, "words"), language);
    snprintf(out, size, "%lld %s %s %s", (long long)json_integer(answer, "number"),
             json_item_text(words, 0), json_item_text(words, 1), json_item_text(words, 2));
}

static void print_code(const struct call *call, const struct json *answer)
{
    char text[256];
    code_text(answer, call->language, text, sizeof text);
    if (!call->json) {
        printf("\n    %s\n\n", text);
        printf(is_device(answer)
                   ? _("On the other device: `veillee join`, this number and these words; they "
                       "hold for %lld minutes.\n")
                   : _("Say this number and these words to the person; they hold for %lld "
                       "minutes.\n"),
               (long long)(json_integer(answer, "seconds") / 60));
        (void)fflush(stdout);
        return;
    }
    struct vl_buffer line = {0};
    struct json_out o = json_out(&line);
    const struct json *words = json_member(json_member(answer, "words"), call->language);
    json_open(&o, '{');
    json_put_text(&o, "step", "code");
    json_put_integer(&o, "number", json_integer(answer, "number"));
    json_key(&o, "words");
    json_open(&o, '[');
    for (size_t i = 0; i < json_count(words); i++) {
        json_write_text(&o, json_item_text(words, i));
    }
    json_close(&o, ']');
    json_put_text(&o, "text", text);
    json_close(&o, '}');
    if (o.result == VL_OK) printf("%.*s\n", (int)line.size, (const char *)line.data);
    (void)fflush(stdout);
    vl_buffer_wipe(&line);
}

int cmd_invite(struct call *call)
{
    char id[VL_ID_TEXT_SIZE], path[CLI_PATH_MAX];
    struct vl_buffer body = {0};
    struct json *answer;
    const char *name = call->arg_count > 0 ? call->args[0] : NULL;
    int end = which_circle(call, name, id);
    if (end != CLI_OK) return end;
    snprintf(path, sizeof path, "circles/%s/invite", id);
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    end = length_body(call, &o);
    json_close(&o, '}');
    if (end == CLI_OK) end = ask(call, "POST", path, &body, &answer);
    vl_buffer_finish(&body);
    if (end != CLI_OK) return end;
    print_code(call, answer);
    json_destroy(answer);
    return follow(call, true);
}

static const char add_meaning[] =
    N_("Another device of yours will read all that you can read in this circle, and write as you. "
       "What was sealed to you alone or to a few before now stays closed to it. Your other devices "
       "show it as new until you acknowledge it there.");

int cmd_device_add(struct call *call)
{
    char id[VL_ID_TEXT_SIZE], path[CLI_PATH_MAX];
    struct vl_buffer body = {0}, question = {0};
    struct json *answer;
    int end = which_circle(call, call->arg_count > 0 ? call->args[0] : NULL, id);
    if (end != CLI_OK) return end;
    snprintf(path, sizeof path, "circles/%s/devices/add", id);
    end = vl_buffer_append(&question, "{\"ask\":true}", 12) == VL_OK
              ? ask(call, "POST", path, &question, &answer)
              : complain(call, VL_ERR_NO_MEMORY, NULL, NULL);
    vl_buffer_finish(&question);
    if (end != CLI_OK) return end;
    say_meaning(call, json_text(answer, "name"), add_meaning);
    json_destroy(answer);
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    end = length_body(call, &o);
    if (end == CLI_OK) end = put_passphrase(call, &o);
    json_close(&o, '}');
    if (end == CLI_OK && o.result != VL_OK) end = complain(call, o.result, NULL, NULL);
    if (end == CLI_OK) end = ask(call, "POST", path, &body, &answer);
    vl_buffer_wipe(&body);
    if (end != CLI_OK) return end;
    print_code(call, answer);
    json_destroy(answer);
    return follow(call, true);
}

int cmd_join(struct call *call)
{
    char code[512] = "";
    const char *as = call_option(call, "as");
    struct vl_buffer body = {0};
    struct json *answer;
    for (int i = 0; i < call->arg_count; i++) {
        size_t size = strlen(code);
        snprintf(code + size, sizeof code - size, "%s%s", i > 0 ? " " : "", call->args[i]);
    }
    if (call->arg_count == 0 &&
        read_line(_("The number and the three words: "), code, sizeof code) != VL_OK) {
        return complain(call, VL_ERR_INVALID, NULL, N_("Say the number and the three words."));
    }
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    json_put_text(&o, "code", code);
    if (as != NULL) json_put_text(&o, "pseudonym", as); /* else when she knows as what she joins */
    int end = length_body(call, &o);
    json_close(&o, '}');
    if (end == CLI_OK) end = ask(call, "POST", "join", &body, &answer);
    vl_buffer_wipe(&body);
    if (end != CLI_OK) return end;
    json_destroy(answer);
    return follow(call, false);
}
