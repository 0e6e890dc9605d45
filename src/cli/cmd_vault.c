/* init, lock, unlock, status, version. */
#include "cli/cli.h"
#include "store/store.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "0.1.0"

int complain_about_passphrase(const struct call *call, vl_result why)
{
    if (why == VL_ERR_CLOSED) {
        return complain(call, VL_ERR_INVALID, NULL,
                        N_("There is no terminal to ask on: use --passphrase-fd."));
    }
    if (why == VL_ERR_INVALID) {
        return complain(call, why, NULL, N_("The passphrase may not be empty."));
    }
    return complain(call, why, NULL, NULL);
}

int read_new_passphrase(const struct call *call, const char *prompt, char **out)
{
    char *first = NULL, *second = NULL;
    int end = CLI_OK;
    vl_result result = read_passphrase(call, prompt, &first);
    if (result == VL_OK && call->passphrase_fd < 0) {
        result = read_passphrase(call, _("Once more: "), &second);
        if (result == VL_OK && strcmp(first, second) != 0) {
            end = complain(call, VL_ERR_INVALID, NULL, N_("The two passphrases are not the same."));
        }
    }
    if (result != VL_OK) end = complain_about_passphrase(call, result);
    sodium_free(second);
    if (end == CLI_OK) {
        *out = first;
    } else {
        sodium_free(first);
    }
    return end;
}

int cmd_init(struct call *call)
{
    char *passphrase = NULL;
    if (store_exists(call->vault)) {
        return complain(call, VL_ERR_EXISTS, NULL,
                        N_("There is a vault here already; nothing was changed."));
    }
    int end = read_new_passphrase(call, _("Passphrase of the new vault: "), &passphrase);
    if (end != CLI_OK) return end;
    vl_result result = store_create(call->vault, vl_bytes_text(passphrase));
    sodium_free(passphrase);
    if (result != VL_OK) return complain(call, result, NULL, NULL);
    if (call->json) {
        puts("{\"created\":true}");
    } else {
        printf(_("The vault is made, in %s.\n"), call->vault);
    }
    return CLI_OK;
}

int put_passphrase(const struct call *call, struct json_out *o)
{
    char *passphrase = NULL;
    vl_result result = read_passphrase(call, _("Passphrase: "), &passphrase);
    if (result != VL_OK) return complain_about_passphrase(call, result);
    json_put_text(o, "passphrase", passphrase);
    sodium_free(passphrase);
    return CLI_OK;
}

int passphrase_body(const struct call *call, struct vl_buffer *body)
{
    *body = (struct vl_buffer){0};
    struct json_out o = json_out(body);
    json_open(&o, '{');
    int end = put_passphrase(call, &o);
    json_close(&o, '}');
    if (end == CLI_OK && o.result != VL_OK) end = complain(call, o.result, NULL, NULL);
    return end;
}

int cmd_lock(struct call *call)
{
    struct json *answer;
    if (call->json) return ask_and_print(call, "POST", "lock", NULL);
    int end = ask(call, "POST", "lock", NULL, &answer);
    if (end != CLI_OK) return end;
    puts(_("Locked."));
    json_destroy(answer);
    return CLI_OK;
}

int post_passphrase(struct call *call, const char *route, const char *said)
{
    struct json *answer;
    struct vl_buffer body;
    int end = passphrase_body(call, &body);
    if (end == CLI_OK && call->json) {
        end = ask_and_print(call, "POST", route, &body);
    } else if (end == CLI_OK) {
        end = ask(call, "POST", route, &body, &answer);
        if (end == CLI_OK) {
            json_destroy(answer);
            puts(said);
        }
    }
    vl_buffer_wipe(&body);
    return end;
}

static int unlock(struct call *call)
{
    struct vl_buffer body;
    struct json *answer = NULL;
    struct refusal refusal = {0};
    if (call->json) return post_passphrase(call, "unlock", "");
    int end = passphrase_body(call, &body);
    if (end == CLI_OK) end = ask_quietly(call, "POST", "unlock", &body, &answer, &refusal);
    if (end == CLI_OK) {
        puts(_("Unlocked."));
    } else if (refusal.why == VL_ERR_DAMAGED) {
        end =
            complain(call, refusal.why, NULL,
                     N_("The vault's files are damaged; they are left as they are. `veillee unlock "
                        "--rebuild` makes them anew from what can be read."));
    } else if (refusal.why != VL_OK) {
        end = complain_as_told(call, refusal.why, NULL, refusal.message);
    }
    json_destroy(answer);
    vl_buffer_wipe(&body);
    return end;
}

/* What it means is said first. CLI_OK: go on. */
static int agree_to_rebuild(const struct call *call)
{
    if (call_option(call, "yes") != NULL) return CLI_OK;
    if (!call->json) {
        puts(_("A new file takes the place of the damaged one. What can still be read is kept. The "
               "rest comes back from the others: when you meet them on a network, or by a bundle. "
               "What only this device had, on the broken places, is lost."));
        if (confirm(_("Do it? (y/n) "))) return CLI_OK;
    }
    return complain(call, VL_ERR_REFUSED, NULL, N_("Nothing was changed (use --yes)."));
}

static int send_rebuild(struct call *call, const struct vl_buffer *body)
{
    struct json *answer;
    if (call->json) return ask_and_print(call, "POST", "unlock", body);
    int end = ask(call, "POST", "unlock", body, &answer);
    if (end != CLI_OK) return end;
    const struct json *told = json_member(answer, "rebuilt");
    printf(_("Unlocked, in a new file. Entries that could be read: %lld. Broken places: %lld.\n"),
           (long long)json_integer(told, "entries"), (long long)json_integer(told, "lost_pages"));
    json_destroy(answer);
    return CLI_OK;
}

static int rebuild(struct call *call)
{
    struct vl_buffer body = {0};
    struct json_out o = json_out(&body);
    int end = agree_to_rebuild(call);
    if (end != CLI_OK) return end;
    json_open(&o, '{');
    end = put_passphrase(call, &o);
    json_put_flag(&o, "rebuild", true);
    json_close(&o, '}');
    if (end == CLI_OK && o.result != VL_OK) end = complain(call, o.result, NULL, NULL);
    if (end == CLI_OK) end = send_rebuild(call, &body);
    vl_buffer_wipe(&body);
    return end;
}

int cmd_unlock(struct call *call)
{
    struct json *answer;
    int end = ask(call, "GET", "status", NULL, &answer);
    if (end != CLI_OK) return end;
    bool is_open = !json_flag(answer, "locked");
    json_destroy(answer);
    if (is_open) return complain(call, VL_ERR_STATE, NULL, N_("The vault is open already."));
    return call_option(call, "rebuild") != NULL ? rebuild(call) : unlock(call);
}

static const char *state_text(const char *state)
{
    if (strcmp(state, "gathering") == 0) return _("gathering: members on this network find you");
    if (strcmp(state, "inviting") == 0) return _("inviting somebody");
    if (strcmp(state, "joining") == 0) return _("joining a circle");
    return _("away: nothing is sent on the network");
}

int cmd_status(struct call *call)
{
    struct json *answer;
    if (call->json) return ask_and_print(call, "GET", "status", NULL);
    int end = ask(call, "GET", "status", NULL, &answer);
    if (end != CLI_OK) return end;
    if (json_flag(answer, "locked")) {
        puts(_("The vault is locked."));
        json_destroy(answer);
        return CLI_OK;
    }
    printf("%s\n", state_text(json_text(answer, "state")));
    if (json_integer(answer, "seconds_left") > 0) {
        printf(_("  for %lld more minutes, %lld connections\n"),
               (long long)((json_integer(answer, "seconds_left") + 59) / 60),
               (long long)json_integer(answer, "connections"));
    }
    if (json_flag(answer, "no_network")) {
        puts(_("  There is no network yet; you are found as soon as there is one."));
    }
    if (json_flag(answer, "daemon_announces")) {
        puts(_("  Note: this machine's own Avahi service announces its name on the network "
               "whatever Veillée does (stop it: systemctl stop avahi-daemon)."));
    }
    const struct json *circles = json_member(answer, "circles");
    for (size_t i = 0; i < json_count(circles); i++) {
        const struct json *circle = json_item(circles, i);
        print_text(json_text(circle, "name"));
        if (json_flag(circle, "draft")) {
            printf("  %s\n", _("(draft: invite a second person to found it)"));
        } else {
            printf(_("  members: %lld, state: %.16s\n"), (long long)json_integer(circle, "members"),
                   json_text(circle, "digest"));
        }
        if (json_flag(circle, "copied")) {
            puts(_("Copied or restored? Two copies of this device's vault both write. Keep one."));
        }
        print_new_devices(circle);
        print_closed(circle);
    }
    json_destroy(answer);
    return CLI_OK;
}

int cmd_version(struct call *call)
{
    if (call->json) {
        puts("{\"version\":\"" VERSION "\"}");
    } else {
        puts("veillee " VERSION);
    }
    return CLI_OK;
}
