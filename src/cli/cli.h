/* The command line: one table of commands makes dispatch and help; each command but init and run is
 * a thin client of the local API.
 *
 * Exit status (also `veillee help exit`):
 *   0 ok   1 failed   2 usage   3 not running   4 locked   5 wrong passphrase   6 not found
 *   7 invalid input   8 refused or wrong code   9 storage   10 network or time-out */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "api/json.h"
#include "api/message.h"

#include <libintl.h>
#include <stdio.h>

#define _(text)  gettext(text)
#define N_(text) text

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_NOT_RUNNING = 3,
    CLI_LOCKED = 4,
    CLI_PASSPHRASE = 5,
    CLI_NOT_FOUND = 6,
    CLI_INVALID = 7,
    CLI_REFUSED = 8,
    CLI_STORAGE = 9,
    CLI_NETWORK = 10
};

#define CLI_ARGS_MAX    16
#define CLI_OPTIONS_MAX 64
#define CLI_PATH_MAX    4096

struct call;
struct command {
    const char *name;      /* "circle new" */
    const char *arguments; /* as help shows them: "NAME" */
    const char *options;   /* "as=PSEUDONYM purpose=TEXT yes": a value after =, else a flag */
    int least, most;       /* arguments */
    int (*run)(struct call *call); /* enum cli_exit */
    const char *summary;           /* NULL: not in the help */
};
extern const struct command cli_commands[];
extern const size_t cli_command_count;

struct call { /* a command line, taken apart */
    const struct command *command;
    const char *args[CLI_ARGS_MAX];
    int arg_count;
    struct {
        const char *name, *value;
        size_t name_size;
    } options[CLI_OPTIONS_MAX];
    int option_count;
    bool json;
    const char *language; /* "fr" or "en" */
    int passphrase_fd;    /* -1: the terminal */
    bool reloads;         /* asks again because something changed, not because a person did */
    char vault[CLI_PATH_MAX];
};

/* ---- options.c ---- */

/* The value of an option, "" of a flag, NULL when it is not there. */
const char *call_option(const struct call *call, const char *name);
/* Takes a command line apart. On an error prints it and returns CLI_USAGE. */
int call_parse(struct call *call, int argc, char **argv);
/* "3h", "10m", "90s", "1h30m" in seconds; false when it is none of these. */
bool parse_length(const char *text, int64_t *seconds);

/* ---- text.c ---- */

int exit_of(vl_result result);
/* One sentence on stderr, with --json also {"error",...} on stdout; returns the exit status.
 * `message`, when given, is told instead of the result's own sentence, `field` before it; it is
 * English, and translated here. */
int complain(const struct call *call, vl_result why, const char *field, const char *message);
/* The same with the whole sentence, as the node made it. */
int complain_as_told(const struct call *call, vl_result why, const char *field,
                     const char *sentence);
/* What others wrote, on a terminal: without the characters that turn the direction of text. */
void print_text(const char *text);
/* ... with what stands between U+2068 and U+2069 in bold, when `out` is a terminal. */
void print_excerpt(const char *text);

/* ---- wrap.c ---- */

/* Paragraphs and items of a text, each line as wide as the terminal but at most WRAP_COLUMNS, after
 * `indent` blanks. As print_text. */
#define WRAP_COLUMNS 78u
void print_wrapped(const char *text, unsigned indent);

/* ---- file.c ---- */

/* A text file, with a final zero. NOT_FOUND: it cannot be read; TOO_LARGE: over `max` bytes; UTF8:
 * it has zero bytes; STORAGE. */
VL_MUST_USE vl_result file_read(const char *path, size_t max, struct vl_buffer *out);
/* For its owner alone. EXISTS: it is there, and is not to be replaced; STORAGE. */
VL_MUST_USE vl_result file_write(const char *path, bool replace, struct vl_bytes bytes);

/* ---- protect.c ---- */

/* No core dump, and nothing of the command line for whoever lists the processes: the words are
 * copied and the originals wiped. false: no memory. */
bool protect_process(int argc, char **argv);

/* ---- client.c ---- */

/* One request to the running node. 0 and *answer (destroy it), or an exit status after the error
 * was told. `body` may be NULL. Quietly: what the node refuses is given back, not told. */
int ask(const struct call *call, const char *method, const char *path, const struct vl_buffer *body,
        struct json **answer);
struct refusal { /* VL_OK: none, or it was told already */
    vl_result why;
    char message[MESSAGE_SIZE]; /* a sentence, for people */
};
int ask_quietly(const struct call *call, const char *method, const char *path,
                const struct vl_buffer *body, struct json **answer, struct refusal *refusal);
/* Prints the answer as it came, one line. For --json. */
int ask_and_print(const struct call *call, const char *method, const char *path,
                  const struct vl_buffer *body);
/* POST that is answered with a file, not JSON. vl_buffer_finish. */
int ask_file(const struct call *call, const char *path, const struct vl_buffer *body,
             struct vl_buffer *file);
/* Calls `again` at once and after everything that changes, until it says false or the node ends. */
int follow_changes(const struct call *call, bool (*again)(void *context), void *context);
/* A real folder of this account, in which no other one writes. */
bool folder_is_private(const char *folder);
#define RUNTIME_FOLDER "veillee" /* in XDG_RUNTIME_DIR */
/* Where the node of this vault listens: `at` 0 the runtime folder, 1 the vault. false: nowhere. */
bool socket_path(const char *vault, unsigned at, bool make_folder, char *out, size_t size);
/* Escapes `text` for a path or query and appends it to `path`. false: too long. */
bool path_add(char *path, size_t size, const char *text);

/* ---- terminal.c ---- */

/* From --passphrase-fd, or the terminal without echo. In sodium_malloc memory, sodium_free it.
 * INVALID: empty. TOO_LARGE. CLOSED: no terminal, or given up. */
VL_MUST_USE vl_result read_passphrase(const struct call *call, const char *prompt, char **out);
/* A line from the terminal. CLOSED. */
VL_MUST_USE vl_result read_line(const char *prompt, char *out, size_t size);
/* Yes or no. What was typed before the question is no answer to it. False without a terminal. */
bool confirm(const char *question);

/* ---- circle.c ---- */

/* The id of the circle that --circle, or `name`, says; without either the only one. */
int which_circle(const struct call *call, const char *name, char id[static VL_ID_TEXT_SIZE]);
/* "circles/ID/REST" of the circle that the first argument or --circle says. */
int circle_path(const struct call *call, const char *rest, char *path, size_t size);
/* A line: `what`, and the names of persons; nothing when there are none. */
void print_names(const char *what, const struct json *persons);

/* ---- cmd_calendar.c ---- */

/* The circle's next meeting; when there is none that is said. Destroy *answer. */
int ask_next_meeting(const struct call *call, struct json **answer);

/* ---- cmd_vault.c ---- */

/* Reads the passphrase and puts it into the object that is open; wipe what it is written to. */
int put_passphrase(const struct call *call, struct json_out *o);
/* Why one could not be read. */
int complain_about_passphrase(const struct call *call, vl_result why);
/* One that is to hold from now on: in a terminal twice. sodium_free it. */
int read_new_passphrase(const struct call *call, const char *prompt, char **out);
/* The same as a body of its own. vl_buffer_wipe it, also after an error. */
int passphrase_body(const struct call *call, struct vl_buffer *body);
/* Sends it to a route, and says what was done then. */
int post_passphrase(struct call *call, const char *route, const char *said);

/* ---- cmd_member.c ---- */

/* On stderr with --json. `name` may be "". */
void say_meaning(const struct call *call, const char *name, const char *meaning);
/* "... new device of yours" for each of "new_devices". */
void print_new_devices(const struct json *circle);
/* Of whom two versions exist, and who is over her share of logs. */
void print_closed(const struct json *answer);

/* Erases the record or entry that the first argument names, after saying what that means. */
int erase_in(const struct call *call, const char *circle);

/* ---- commands ---- */
int cmd_init(struct call *call);
int cmd_run(struct call *call);
int cmd_open(struct call *call);
int cmd_lock(struct call *call);
int cmd_unlock(struct call *call);
int cmd_status(struct call *call);
int cmd_preferences(struct call *call);
int cmd_passphrase(struct call *call);
int cmd_wipe(struct call *call);
int cmd_circle_new(struct call *call);
int cmd_circle_list(struct call *call);
int cmd_circle_show(struct call *call);
int cmd_member_list(struct call *call);
int cmd_member_show(struct call *call);
int cmd_member_action(struct call *call);
int cmd_device_list(struct call *call);
int cmd_device_action(struct call *call);
int cmd_device_add(struct call *call);
int cmd_erase(struct call *call);
int cmd_circle_rules(struct call *call);
int cmd_circle_rotation(struct call *call);
int cmd_agreement_show(struct call *call);
int cmd_agreement_history(struct call *call);
int cmd_agreement_propose(struct call *call);
int cmd_agreement_assent(struct call *call);
int cmd_agreement_adopt(struct call *call);
int cmd_invite(struct call *call);
int cmd_join(struct call *call);
int cmd_gather(struct call *call);
int cmd_away(struct call *call);
int cmd_peers(struct call *call);
int cmd_record_add(struct call *call);
int cmd_record_list(struct call *call);
int cmd_record_show(struct call *call);
int cmd_record_edit(struct call *call);
int cmd_record_erase(struct call *call);
int cmd_import_minutes(struct call *call);
int cmd_meeting_seat(struct call *call);
int cmd_import_ics(struct call *call);
int cmd_meeting_ics(struct call *call);
int cmd_meeting_next(struct call *call);
int cmd_meeting_now(struct call *call);
int cmd_meeting_dates(struct call *call);
int cmd_meeting_take(struct call *call);
int cmd_meeting_closing(struct call *call);
int cmd_meeting_finish(struct call *call);
int cmd_due_list(struct call *call);
int cmd_due_erase(struct call *call);
int cmd_erasure_list(struct call *call);
int cmd_reply(struct call *call);
int cmd_live(struct call *call);
int cmd_meeting_live(struct call *call);
int cmd_signal(struct call *call);
int cmd_format_list(struct call *call);
int cmd_format_show(struct call *call);
int cmd_handbook(struct call *call);
int cmd_numbers(struct call *call);
int cmd_search(struct call *call);
int cmd_log(struct call *call);
int cmd_verify(struct call *call);
int cmd_bundle_write(struct call *call);
int cmd_bundle_read(struct call *call);
int cmd_vectors(struct call *call);
int cmd_help(struct call *call);
int cmd_version(struct call *call);
int cmd_debug_membership(struct call *call);
int cmd_debug_record_doc(struct call *call);
int cmd_debug_api_doc(struct call *call);

#endif
