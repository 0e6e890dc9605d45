/* Another passphrase, and the end of a vault. */
#include "cli/cli.h"

#include <sodium.h>
#include <string.h>

/* ---- the passphrase ---- */

static int send_both(const struct call *call, const char *old, const char *now)
{
    struct vl_buffer body = {0};
    struct json *answer;
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    json_put_text(&o, "old", old);
    json_put_text(&o, "new", now);
    json_close(&o, '}');
    int end = o.result != VL_OK ? complain(call, o.result, NULL, NULL)
              : call->json      ? ask_and_print(call, "POST", "passphrase", &body)
                                : ask(call, "POST", "passphrase", &body, &answer);
    if (end == CLI_OK && !call->json) {
        puts(_("From now on the new passphrase opens the vault. Copies of the vault's folder that "
               "were made before still open with the old one."));
        json_destroy(answer);
    }
    vl_buffer_wipe(&body);
    return end;
}

int cmd_passphrase(struct call *call)
{
    char *old = NULL, *now = NULL;
    vl_result result = read_passphrase(call, _("Passphrase until now: "), &old);
    if (result != VL_OK) return complain_about_passphrase(call, result);
    int end = read_new_passphrase(call, _("New passphrase: "), &now);
    if (end == CLI_OK) end = send_both(call, old, now);
    sodium_free(old);
    sodium_free(now);
    return end;
}

/* ---- the end ---- */

static void print_loss(const struct json *circle)
{
    const long long members = json_integer(circle, "other_members");
    const long long devices = json_integer(circle, "other_devices");
    fputs("  ", stdout);
    print_text(json_text(circle, "name"));
    fputs("  ", stdout);
    if (devices > 0) printf(_("you have it on %lld other devices"), devices);
    if (devices > 0 && members > 0) fputs(", ", stdout);
    if (members > 0) printf(_("%lld other members have it"), members);
    if (devices == 0 && members == 0) fputs(_("nobody else has it: it is lost for good"), stdout);
    putchar('\n');
}

static int tell_losses(const struct call *call)
{
    struct vl_buffer body = {0};
    struct json *answer;
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    json_put_flag(&o, "ask", true);
    json_close(&o, '}');
    int end = o.result != VL_OK ? complain(call, o.result, NULL, NULL)
                                : ask(call, "POST", "wipe", &body, &answer);
    vl_buffer_finish(&body);
    if (end != CLI_OK) return end;
    const struct json *circles = json_member(answer, "circles");
    puts(_("All that is in this vault goes from this device, and nothing brings it back:"));
    for (size_t i = 0; i < json_count(circles); i++) {
        print_loss(json_item(circles, i));
    }
    puts(_("Others keep what they have of it; you would have to join again."));
    json_destroy(answer);
    return CLI_OK;
}

/* What is lost is said first. CLI_OK: go on. */
static int agree(const struct call *call)
{
    if (call_option(call, "yes") != NULL) return CLI_OK;
    if (!call->json) {
        int end = tell_losses(call);
        if (end != CLI_OK) return end;
        if (confirm(_("Do it? (y/n) "))) return CLI_OK;
    }
    return complain(call, VL_ERR_REFUSED, NULL, N_("Nothing was changed (use --yes)."));
}

int cmd_wipe(struct call *call)
{
    int end = agree(call);
    return end == CLI_OK ? post_passphrase(call, "wipe", _("The vault is gone.")) : end;
}
