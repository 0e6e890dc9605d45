/* Persons and their devices. What an action means is said before it is done. */
#include "cli/cli.h"

#include <string.h>

/* ---- showing ---- */

static const char *role_text(const char *role)
{
    if (strcmp(role, "facilitator") == 0) return _("facilitator");
    return strcmp(role, "member") == 0 ? _("member") : _("no member any more");
}

static void print_member(const struct json *member)
{
    printf("%.8s  ", json_text(member, "person"));
    print_text(json_text(member, "name"));
    if (json_flag(member, "me")) printf("  %s", _("(you)"));
    printf("  %s", role_text(json_text(member, "role")));
    if (!json_flag(member, "confirmed")) printf("  %s", _("not confirmed yet"));
    if (json_integer(member, "devices") != 1) {
        printf(_("  %lld devices"), (long long)json_integer(member, "devices"));
    }
    if (json_flag(member, "blocked")) printf("  %s", _("blocked by you"));
    if (json_integer(member, "forked") > 0) printf("  %s", _("two versions of what she wrote"));
    if (json_flag(member, "crowded")) printf("  %s", _("over her share"));
    putchar('\n');
}

void print_closed(const struct json *answer)
{
    const struct json *forked = json_member(answer, "forked");
    const struct json *crowded = json_member(answer, "crowded");
    for (size_t i = 0; i < json_count(forked); i++) {
        print_text(json_text(json_item(forked, i), "name"));
        printf(": %s\n",
               _("there are two different versions of what this person wrote; her device signed "
                 "both. Both are kept, with the proof, and nothing is added to them. Ask her what "
                 "happened: a copied device, a changed program, or somebody else who has her "
                 "key."));
    }
    for (size_t i = 0; i < json_count(crowded); i++) {
        print_text(json_text(json_item(crowded, i), "name"));
        printf(": %s\n",
               _("more was begun in this person's name than one person may begin. All of it is "
                 "closed, and nothing more of hers is taken. Ask her what happened; with a new "
                 "device she can be added again."));
    }
}

static void print_proposal(const struct json *one)
{
    const char *kind = json_text(one, "kind");
    printf("%.8s  ", json_text(one, "proposal"));
    if (strcmp(kind, "vote") == 0) {
        printf("%s ", _("votes for a facilitator:"));
        print_text(json_text(one, "name"));
        printf(_("  %lld of %lld needed"), (long long)json_integer(one, "votes"),
               (long long)json_integer(one, "votes_needed"));
        putchar('\n');
        return;
    }
    printf("%s ", strcmp(kind, "remove") == 0 ? _("proposal to remove")
                                              : _("proposal to end the role of"));
    print_text(json_text(one, "name"));
    printf("  %s ", _("by"));
    print_text(json_text(one, "by"));
    printf("  %s\n", _("needs one more confirmed person: `veillee member endorse`"));
}

static void print_proposals(const struct json *answer)
{
    const struct json *proposals = json_member(answer, "proposals");
    for (size_t i = 0; i < json_count(proposals); i++) {
        print_proposal(json_item(proposals, i));
    }
}

int cmd_member_list(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    const char *rest = call_option(call, "gone") != NULL ? "/members?gone=1" : "/members";
    int end = circle_path(call, rest, path, sizeof path);
    if (end != CLI_OK) return end;
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    const struct json *members = json_member(answer, "members");
    for (size_t i = 0; i < json_count(members); i++) {
        print_member(json_item(members, i));
    }
    print_proposals(answer);
    json_destroy(answer);
    return CLI_OK;
}

static void print_device(const struct json *device)
{
    printf("%.8s  ", json_text(device, "device"));
    print_text(json_text(device, "name"));
    if (json_flag(device, "this")) printf("  %s", _("(this device)"));
    if (!json_flag(device, "current")) printf("  %s", _("taken out"));
    if (json_text(device, "added")[0] != 0) printf(_("  added %s"), json_text(device, "added"));
    if (json_flag(device, "new")) printf("  %s", _("new device, not acknowledged"));
    putchar('\n');
}

void print_new_devices(const struct json *circle)
{
    const struct json *all = json_member(circle, "new_devices");
    for (size_t i = 0; i < json_count(all); i++) {
        const struct json *one = json_item(all, i);
        printf(_("New device of yours, not acknowledged: %.8s, added %s by %.8s.\n"),
               json_text(one, "device"), json_text(one, "added"), json_text(one, "added_by"));
        printf(_("  If it is yours: `veillee device acknowledge %.8s`. If not: `veillee device "
                 "remove %.8s`; somebody may know your passphrase.\n"),
               json_text(one, "device"), json_text(one, "device"));
    }
}

static void print_devices(const struct json *devices)
{
    for (size_t i = 0; i < json_count(devices); i++) {
        print_device(json_item(devices, i));
    }
}

/* The proof of each fork, and how much of her share is used. */
static void print_logs(const struct json *member)
{
    const struct json *forks = json_member(member, "forks");
    for (size_t i = 0; i < json_count(forks); i++) {
        const struct json *fork = json_item(forks, i);
        const struct json *proof = json_member(fork, "proof");
        printf(_("Log %.8s: %lld versions, closed.\n"), json_text(fork, "log"),
               (long long)json_integer(fork, "versions"));
        for (size_t k = 0; k < json_count(proof); k++) {
            const struct json *entry = json_item(proof, k);
            printf(_("  signed: number %lld, entry %.8s, at %s by its clock\n"),
                   (long long)json_integer(entry, "seq"), json_text(entry, "entry"),
                   json_text(entry, "at"));
        }
    }
    printf(_("Logs in her name: %lld of at most %lld.\n"), (long long)json_integer(member, "logs"),
           (long long)json_integer(member, "logs_max"));
}

int cmd_member_show(struct call *call)
{
    char id[VL_ID_TEXT_SIZE], path[CLI_PATH_MAX];
    struct json *answer;
    int end = which_circle(call, NULL, id);
    if (end != CLI_OK) return end;
    snprintf(path, sizeof path, "circles/%s/members/", id);
    if (!path_add(path, sizeof path, call->args[0])) {
        return complain(call, VL_ERR_TOO_LARGE, NULL, NULL);
    }
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    print_member(answer);
    if (!json_flag(answer, "confirmed")) {
        puts(_("Not confirmed yet: two confirmed members have to add or vouch for this person "
               "before she can vouch, or help to remove somebody."));
    }
    print_logs(answer);
    print_proposals(answer);
    puts(_("Devices:"));
    print_devices(json_member(answer, "device_list"));
    json_destroy(answer);
    return CLI_OK;
}

int cmd_device_list(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    int end = circle_path(call, "/devices", path, sizeof path);
    if (end != CLI_OK) return end;
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    print_devices(json_member(answer, "devices"));
    json_destroy(answer);
    return CLI_OK;
}

/* ---- acting ---- */

static const struct {
    const char *action, *effect; /* NULL: any */
    const char *meaning, *done;
} meanings[] = {
    {"vouch", NULL,
     N_("You say to the whole circle that you have met this person. Two such words by confirmed "
        "members (adding her counts as one) confirm a person; it cannot be taken back."),
     N_("Noted: you have met this person.")},
    {"remove", "at-once",
     N_("This person is removed at once. What is on her devices stays there: she keeps all she "
        "has read so far. She receives nothing new and can write nothing that counts; the next "
        "thing written is under a new key. What she wrote before stays with the circle."),
     N_("Removed.")},
    {"remove", "proposal",
     N_("She is a facilitator: this is a proposal. It takes effect when another confirmed member "
        "endorses it, best while you sit together. Everybody in the circle sees the proposal. "
        "She keeps what is on her devices; what she wrote before stays with the circle."),
     N_("Proposed; it waits for another confirmed member: `veillee member endorse`.")},
    {"promote", NULL,
     N_("This person becomes a facilitator: she may invite, remove members and set the rules. To "
        "end that against her will takes two people."),
     N_("She is a facilitator now.")},
    {"demote", NULL,
     N_("This is a proposal: it takes effect when another confirmed member endorses it. She stays "
        "a member. Everybody in the circle sees the proposal."),
     N_("Proposed; it waits for another confirmed member: `veillee member endorse`.")},
    {"endorse", NULL,
     N_("With your endorsement the proposal takes effect, for good: what this person did since, "
        "without knowing of it, falls. Somebody removed keeps what is on her devices and receives "
        "nothing new."),
     N_("Endorsed: it has taken effect.")},
    {"vote", NULL,
     N_("While the circle has no facilitator, whoever gets the votes of more than half of the "
        "confirmed members becomes one. Everybody sees who voted for whom."),
     N_("Your vote is in.")},
    {"leave", NULL,
     N_("You leave this circle. You keep what is on your devices and receive nothing new; what "
        "you wrote stays with the others. Only a facilitator can add you again."),
     N_("You have left.")},
    {"stepdown", NULL,
     N_("You stay a member, and are facilitator no longer. Only a facilitator can make you one "
        "again."),
     N_("You are a member now, no facilitator.")},
    {"block", NULL,
     N_("What this person shares is hidden in lists on this device. Nobody is told, and nothing "
        "changes in the circle: she can still read what you write."),
     N_("Blocked, on this device.")},
    {"unblock", NULL, N_("What this person shares is shown again on this device."),
     N_("Shown again.")},
};

static const struct {
    const char *action;
    bool is_own;
    const char *meaning, *done;
} device_meanings[] = {
    {"remove", true,
     N_("This device of yours is taken out of the circle: it receives nothing new and can write "
        "nothing. What is on it stays there: wipe it yourself if you still have it."),
     N_("Taken out.")},
    {"restore", false,
     N_("This person has no device left; this one counts again. Do it only if she, and nobody "
        "else, has it in her hands."),
     N_("It counts again.")},
    {"restore", true,
     N_("This device of yours counts again: it reads what is written from now on, and writes as "
        "you. What was written while it was taken out stays closed to it."),
     N_("It counts again.")},
    {"acknowledge", true,
     N_("You know this device and have it in your hands: it is no longer shown as new here. Your "
        "other devices still show it."),
     N_("Noted, on this device.")},
};

void say_meaning(const struct call *call, const char *name, const char *meaning)
{
    FILE *to = call->json ? stderr : stdout;
    if (!call->json && name[0] != 0) {
        print_text(name);
        fputs(": ", to);
    }
    fprintf(to, "%s\n", _(meaning));
    (void)fflush(to);
}

/* The body of an action: its argument under that name, and whether it is only asked about. */
static int make_body(const struct call *call, const char *name, bool only_ask,
                     struct vl_buffer *body)
{
    struct json_out o = json_out(body);
    json_open(&o, '{');
    if (call->arg_count > 0) json_put_text(&o, name, call->args[0]);
    if (only_ask) json_put_flag(&o, "ask", true);
    json_close(&o, '}');
    return o.result == VL_OK ? CLI_OK : complain(call, o.result, NULL, NULL);
}

/* First what it would mean, then the question. CLI_OK: go on. */
static int ask_first(const struct call *call, const char *path, const char *argument,
                     struct json **answer)
{
    struct vl_buffer body = {0};
    int end = make_body(call, argument, true, &body);
    if (end == CLI_OK) end = ask(call, "POST", path, &body, answer);
    vl_buffer_finish(&body);
    return end;
}

static int agree(const struct call *call)
{
    if (call_option(call, "yes") != NULL || confirm(_("Do it? (y/n) "))) return CLI_OK;
    return complain(call, VL_ERR_REFUSED, NULL, N_("Nothing was changed (use --yes)."));
}

static int send_action(const struct call *call, const char *path, const struct vl_buffer *body,
                       const char *done)
{
    struct json *answer;
    if (call->json) return ask_and_print(call, "POST", path, body);
    int end = ask(call, "POST", path, body, &answer);
    if (end != CLI_OK) return end;
    puts(_(done));
    if (strcmp(json_text(answer, "action"), "vote") == 0 && json_flag(answer, "in_effect")) {
        puts(_("She is a facilitator now."));
    }
    json_destroy(answer);
    return CLI_OK;
}

static int carry_out(const struct call *call, const char *path, const char *argument,
                     const char *done)
{
    struct vl_buffer body = {0};
    int end = make_body(call, argument, false, &body);
    if (end == CLI_OK) end = send_action(call, path, &body, done);
    vl_buffer_finish(&body);
    return end;
}

static size_t meaning_of(const char *action, const char *effect)
{
    size_t at = 0;
    while (at + 1 < sizeof meanings / sizeof meanings[0] &&
           (strcmp(meanings[at].action, action) != 0 ||
            (meanings[at].effect != NULL && strcmp(meanings[at].effect, effect) != 0))) {
        at++;
    }
    return at;
}

/* The second word of the command: "member remove" -> "remove". */
static const char *action_of(const struct call *call)
{
    return strchr(call->command->name, ' ') + 1;
}

int cmd_member_action(struct call *call)
{
    char id[VL_ID_TEXT_SIZE], path[CLI_PATH_MAX];
    struct json *answer;
    const char *action = action_of(call);
    int end = which_circle(call, NULL, id);
    if (end != CLI_OK) return end;
    snprintf(path, sizeof path, "circles/%s/members/%s", id, action);
    end = ask_first(call, path, "person", &answer);
    if (end != CLI_OK) return end;
    size_t at = meaning_of(action, json_text(answer, "effect"));
    say_meaning(call, call->arg_count > 0 ? json_text(answer, "name") : "", meanings[at].meaning);
    json_destroy(answer);
    end = agree(call);
    return end != CLI_OK ? end : carry_out(call, path, "person", meanings[at].done);
}

static const char erase_meaning[] =
    N_("The text goes from this device at once and cannot be brought back. The other devices erase "
       "it when they hear of it, at the next meetings; somebody who read or copied it keeps what "
       "she knows. Who wrote something, when, and how long it was stays visible.");

int erase_in(const struct call *call, const char *circle)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    snprintf(path, sizeof path, "circles/%s/erase", circle);
    int end = ask_first(call, path, "id", &answer);
    if (end != CLI_OK) return end;
    say_meaning(call, "", erase_meaning);
    if (!call->json && json_integer(answer, "others") > 0) {
        printf(_("%lld entries in it are by others: those stay.\n"),
               (long long)json_integer(answer, "others"));
    }
    json_destroy(answer);
    end = agree(call);
    return end != CLI_OK ? end : carry_out(call, path, "id", N_("Erased here; the others follow."));
}

int cmd_erase(struct call *call)
{
    char id[VL_ID_TEXT_SIZE];
    int end = which_circle(call, NULL, id);
    return end != CLI_OK ? end : erase_in(call, id);
}

/* Whoever takes in another device of her own says her passphrase again. */
static int carry_out_with_passphrase(const struct call *call, const char *path, const char *done)
{
    struct vl_buffer body = {0};
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    json_put_text(&o, "device", call->args[0]);
    int end = put_passphrase(call, &o);
    json_close(&o, '}');
    if (end == CLI_OK && o.result != VL_OK) end = complain(call, o.result, NULL, NULL);
    if (end == CLI_OK) end = send_action(call, path, &body, done);
    vl_buffer_wipe(&body);
    return end;
}

int cmd_device_action(struct call *call)
{
    char id[VL_ID_TEXT_SIZE], path[CLI_PATH_MAX];
    struct json *answer;
    const char *action = action_of(call);
    int end = which_circle(call, NULL, id);
    if (end != CLI_OK) return end;
    snprintf(path, sizeof path, "circles/%s/devices/%s", id, action);
    end = ask_first(call, path, "device", &answer);
    if (end != CLI_OK) return end;
    bool is_own = json_flag(answer, "own");
    size_t at = 0;
    while (
        at + 1 < sizeof device_meanings / sizeof device_meanings[0] &&
        (strcmp(device_meanings[at].action, action) != 0 || device_meanings[at].is_own != is_own)) {
        at++;
    }
    say_meaning(call, json_text(json_member(answer, "device"), "name"),
                device_meanings[at].meaning);
    json_destroy(answer);
    end = agree(call);
    if (end != CLI_OK) return end;
    if (is_own && strcmp(action, "restore") == 0)
        return carry_out_with_passphrase(call, path, device_meanings[at].done);
    return carry_out(call, path, "device", device_meanings[at].done);
}
