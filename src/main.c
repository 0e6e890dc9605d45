/* The command table: dispatch and help come from it. */
#include "cli/cli.h"

#include <sodium.h>

const struct command cli_commands[] = {
    {"init", "", "", 0, 0, cmd_init, N_("make a new vault")},
    {"run", "", "locked interface=NAME loopback port=NUMBER", 0, 0, cmd_run,
     N_("start this vault's node")},
    {"open", "", "", 0, 0, cmd_open, N_("the page of the running node, in your browser")},
    {"lock", "", "", 0, 0, cmd_lock, N_("close the vault, wipe the keys")},
    {"unlock", "", "", 0, 0, cmd_unlock, N_("open the vault of a running node")},
    {"status", "", "", 0, 0, cmd_status, N_("what the node is doing")},
    {"circle new", "NAME", "as=PSEUDONYM purpose=TEXT agreement=TEXT", 1, 1, cmd_circle_new,
     N_("draft a circle; it is founded when a second person joins")},
    {"circle list", "", "", 0, 0, cmd_circle_list, N_("circles and drafts")},
    {"circle show", "[CIRCLE]", "circle=CIRCLE", 0, 1, cmd_circle_show, N_("one circle")},
    {"invite", "[CIRCLE]", "circle=CIRCLE for=TIME yes", 0, 1, cmd_invite,
     N_("invite somebody here by a spoken code")},
    {"join", "[NUMBER WORD WORD WORD]", "as=PSEUDONYM for=TIME yes", 0, 4, cmd_join,
     N_("join by a spoken code")},
    {"gather", "CIRCLE", "for=TIME", 1, 1, cmd_gather,
     N_("be found by the circle's members on this network, for a time")},
    {"away", "", "", 0, 0, cmd_away, N_("stop: send nothing on the network")},
    {"peers", "", "", 0, 0, cmd_peers, N_("whom this node sees")},
    {"meeting seat", "MEETING NAME", "circle=CIRCLE leave", 2, 2, cmd_meeting_seat,
     N_("somebody who came without a device takes a seat, or (--leave) leaves it")},
    {"format list", "", "", 0, 0, cmd_format_list, N_("formats of a meeting")},
    {"format show", "ID", "", 1, 1, cmd_format_show, N_("a format, with what is read aloud")},
    {"handbook", "[CHAPTER]", "", 0, 1, cmd_handbook, N_("a handbook for who facilitates")},
    {"numbers", "", "", 0, 0, cmd_numbers, N_("numbers to call when somebody is in danger")},
    {"import minutes", "FOLDER", "circle=CIRCLE", 1, 1, cmd_import_minutes,
     N_("make meetings of a folder of minutes in Markdown")},
    {"search", "WORDS", "circle=CIRCLE", 1, CLI_ARGS_MAX, cmd_search, N_("find records")},
    {"log", "[CIRCLE]", "circle=CIRCLE after=PLACE max=NUMBER", 0, 1, cmd_log,
     N_("entries with author, time and kind")},
    {"verify", "[CIRCLE]", "circle=CIRCLE", 0, 1, cmd_verify,
     N_("check every hash and signature, and count the digest")},
    {"circle rules", "[CIRCLE]",
     "circle=CIRCLE invite=facilitators|nobody past=yes|no keep=MONTHS attendance=names|count", 0,
     1, cmd_circle_rules, N_("what the circle agreed on; a facilitator may change it")},
    {"circle rotation", "[CIRCLE]", "circle=CIRCLE order=PERSON,... next", 0, 1,
     cmd_circle_rotation, N_("whose turn it is to facilitate; a facilitator may change it")},
    {"agreement show", "[CIRCLE]", "circle=CIRCLE", 0, 1, cmd_agreement_show,
     N_("the agreement that holds, and who has assented")},
    {"agreement history", "[CIRCLE]", "circle=CIRCLE", 0, 1, cmd_agreement_history,
     N_("its versions, newest first")},
    {"agreement propose", "[TEXT]", "circle=CIRCLE example", 0, 1, cmd_agreement_propose,
     N_("propose other words, or (--example) those of this program")},
    {"agreement assent", "[VERSION]", "circle=CIRCLE", 0, 1, cmd_agreement_assent,
     N_("assent for yourself")},
    {"agreement adopt", "VERSION", "circle=CIRCLE", 1, 1, cmd_agreement_adopt,
     N_("make a version hold (a facilitator)")},
    {"member list", "[CIRCLE]", "circle=CIRCLE gone", 0, 1, cmd_member_list,
     N_("persons of a circle, and proposals that wait for somebody")},
    {"member show", "PERSON", "circle=CIRCLE", 1, 1, cmd_member_show, N_("one person")},
    {"member vouch", "PERSON", "circle=CIRCLE yes", 1, 1, cmd_member_action,
     N_("say that you have met this person")},
    {"member remove", "PERSON", "circle=CIRCLE yes", 1, 1, cmd_member_action,
     N_("remove a person (a facilitator: propose it)")},
    {"member promote", "PERSON", "circle=CIRCLE yes", 1, 1, cmd_member_action,
     N_("make a person facilitator")},
    {"member demote", "PERSON", "circle=CIRCLE yes", 1, 1, cmd_member_action,
     N_("propose that a facilitator be one no longer")},
    {"member endorse", "PERSON|PROPOSAL", "circle=CIRCLE yes", 1, 1, cmd_member_action,
     N_("carry an open proposal through, as the second person")},
    {"member vote", "PERSON", "circle=CIRCLE yes", 1, 1, cmd_member_action,
     N_("vote for a facilitator, when there is none")},
    {"member leave", "", "circle=CIRCLE yes", 0, 0, cmd_member_action, N_("leave the circle")},
    {"member stepdown", "", "circle=CIRCLE yes", 0, 0, cmd_member_action,
     N_("be facilitator no longer")},
    {"member block", "PERSON", "circle=CIRCLE yes", 1, 1, cmd_member_action,
     N_("hide what a person shares, on this device only")},
    {"member unblock", "PERSON", "circle=CIRCLE yes", 1, 1, cmd_member_action, N_("show it again")},
    {"erase", "RECORD|ENTRY", "circle=CIRCLE yes", 1, 1, cmd_erase,
     N_("take back what was written, on every device of the circle")},
    {"device list", "[CIRCLE]", "circle=CIRCLE", 0, 1, cmd_device_list, N_("devices of a circle")},
    {"device remove", "DEVICE", "circle=CIRCLE yes", 1, 1, cmd_device_action,
     N_("take one of your own devices out of the circle")},
    {"device restore", "DEVICE", "circle=CIRCLE yes", 1, 1, cmd_device_action,
     N_("bring back the device of a person who has none left")},
    {"bundle write", "CIRCLE FILE", "replace", 2, 2, cmd_bundle_write,
     N_("all of a circle in one sealed file, for a USB stick to another member")},
    {"bundle read", "FILE", "", 1, 1, cmd_bundle_read, N_("take in such a file")},
    {"help", "[COMMAND]", "", 0, 2, cmd_help, N_("this text, or `help exit`")},
    {"version", "", "", 0, 0, cmd_version, N_("the version")},
    /* Without a summary: not in the help. */
    {"vectors", "", "", 0, 0, cmd_vectors, NULL},
    {"debug membership", "FILE", "", 1, 1, cmd_debug_membership, NULL},
    {"debug record-doc", "", "", 0, 0, cmd_debug_record_doc, NULL},
    {"debug api-doc", "", "", 0, 0, cmd_debug_api_doc, NULL},
};
const size_t cli_command_count = sizeof cli_commands / sizeof cli_commands[0];

int main(int argc, char **argv)
{
    struct call call;
    if (sodium_init() < 0 || !protect_process(argc, argv)) return CLI_FAILED;
    int status = call_parse(&call, argc, argv);
    if (status != CLI_OK) return status;
    status = call.command->run(&call);
    /* What was printed counts only if it went out. */
    if (fflush(stdout) != 0 && status == CLI_OK) status = CLI_FAILED;
    return status;
}
