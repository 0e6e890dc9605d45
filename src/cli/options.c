#include "cli/commands.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char global_options[] = "vault=FOLDER json lang=fr|en passphrase-fd=NUMBER help";

/* Finds `name` in a list of options; *takes_value tells its kind. */
static bool option_in(const char *list, const char *name, size_t size, bool *takes_value)
{
    for (const char *at = list; *at != 0;) {
        size_t word = strcspn(at, " "), key = strcspn(at, "= ");
        if (key == size && memcmp(at, name, size) == 0) {
            *takes_value = key < word;
            return true;
        }
        at += word;
        at += strspn(at, " ");
    }
    return false;
}

const char *call_option(const struct call *call, const char *name)
{
    for (int i = 0; i < call->option_count; i++) {
        if (call->options[i].name_size == strlen(name) &&
            memcmp(call->options[i].name, name, strlen(name)) == 0) {
            return call->options[i].value;
        }
    }
    return NULL;
}

bool parse_length(const char *text, int64_t *seconds)
{
    int64_t sum = 0;
    if (*text == 0) return false;
    while (*text != 0) {
        char *end;
        errno = 0;
        long number = strtol(text, &end, 10);
        if (end == text || text[0] < '0' || text[0] > '9' || errno != 0 || number > 1000000) {
            return false;
        }
        long unit = *end == 'h' ? 3600 : *end == 'm' ? 60 : *end == 's' ? 1 : 0;
        if (unit == 0) return false;
        sum += (int64_t)number * unit;
        text = end + 1;
    }
    if (sum == 0) return false;
    *seconds = sum;
    return true;
}

/* ---- language ---- */

/* Translations lie beside the binary (build folder) or in ../share of it (installed). */
static void bind_translations(void)
{
    char path[PATH_MAX], folder[PATH_MAX + 64];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    if (size <= 0) return;
    path[size] = 0;
    char *slash = strrchr(path, '/');
    if (slash == NULL) return;
    *slash = 0;
    static const char *const places[] = {"share/locale", "../share/locale"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(folder, sizeof folder, "%s/%s", path, places[i]);
        if (access(folder, R_OK) != 0) continue;
        (void)bindtextdomain("veillee", folder);
        break;
    }
    (void)bind_textdomain_codeset("veillee", "UTF-8");
    (void)textdomain("veillee");
}

static const char *language_of_environment(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != 0) return strncmp(value, "fr", 2) == 0 ? "fr" : "en";
    }
    return "en";
}

/* --lang, else LANG and its kin; sets the translation up. */
static void set_language(struct call *call, const char *wanted)
{
    call->language = wanted != NULL ? wanted : language_of_environment();
    /* gettext translates in any locale but plain C, so that --lang works where no French one is
     * installed. */
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    (void)setlocale(LC_MESSAGES, "C.UTF-8");
    (void)setenv("LANGUAGE", call->language, 1);
    bind_translations();
}

/* ---- taking a command line apart ---- */

static int usage(const struct call *call, const char *format, const char *what)
{
    char sentence[512];
    /* The formats are those of this file, each with one %s. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(sentence, sizeof sentence, format, what);
#pragma GCC diagnostic pop
    if (call->json) {
        struct vl_buffer out = {0};
        struct json_out o = json_out(&out);
        json_open(&o, '{');
        json_put_text(&o, "error", "USAGE");
        json_put_text(&o, "message", sentence);
        json_close(&o, '}');
        if (o.result == VL_OK) printf("%.*s\n", (int)out.size, (const char *)out.data);
        vl_buffer_finish(&out);
    }
    fprintf(stderr, "veillee: %s\n", sentence);
    return CLI_USAGE;
}

static bool default_vault(struct call *call)
{
    const char *vault = call_option(call, "vault"), *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    int size;
    if (vault == NULL) vault = getenv("VEILLEE_VAULT");
    if (vault != NULL && vault[0] != 0) {
        size = snprintf(call->vault, sizeof call->vault, "%s", vault);
    } else if (data != NULL && data[0] != 0) {
        size = snprintf(call->vault, sizeof call->vault, "%s/veillee", data);
    } else if (home != NULL && home[0] != 0) {
        size = snprintf(call->vault, sizeof call->vault, "%s/.local/share/veillee", home);
    } else {
        return false;
    }
    return size > 0 && (size_t)size < sizeof call->vault;
}

/* The command that the first words name, the longest first; *words how many they are. */
static const struct command *command_named(char *const *words, int count, int *used)
{
    for (int length = count < 2 ? count : 2; length > 0; length--) {
        char name[64];
        snprintf(name, sizeof name, "%s%s%s", words[0], length > 1 ? " " : "",
                 length > 1 ? words[1] : "");
        const struct command *command;
        for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
            if (strcmp(command->name, name) != 0) continue;
            *used = length;
            return command;
        }
    }
    return NULL;
}

struct words { /* the command line without its options */
    char *items[CLI_ARGS_MAX + 2];
    int count;
};

/* Whether an option takes a value, which depends on the command. That may come later; then a name
 * takes one if it does so anywhere. false: no command has it. */
static bool is_option(const struct words *words, const char *name, size_t size, bool *takes_value)
{
    int used;
    if (option_in(global_options, name, size, takes_value)) return true;
    const struct command *command = command_named(words->items, words->count, &used);
    if (command != NULL && option_in(command->options, name, size, takes_value)) return true;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        if (option_in(command->options, name, size, takes_value)) return true;
    }
    return false;
}

/* Splits words from options. */
static int split(struct call *call, int argc, char **argv, struct words *words)
{
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        char *word = argv[i];
        if (!only_words && strcmp(word, "--") == 0) {
            only_words = true;
            continue;
        }
        if (only_words || word[0] != '-' || word[1] != '-') {
            if (words->count == CLI_ARGS_MAX + 2) return usage(call, _("too many words: %s"), word);
            words->items[words->count++] = word;
            continue;
        }
        size_t size = strcspn(word + 2, "=");
        bool takes_value = false;
        if (!is_option(words, word + 2, size, &takes_value)) {
            return usage(call, _("there is no option %s"), word);
        }
        if (call->option_count == CLI_OPTIONS_MAX)
            return usage(call, _("too many words: %s"), word);
        const char *value = word[2 + size] == '=' ? word + 3 + size : NULL;
        if (takes_value && value == NULL) {
            if (i + 1 == argc) return usage(call, _("a value is missing after %s"), word);
            value = argv[++i];
        } else if (!takes_value && value != NULL) {
            return usage(call, _("this option takes no value: %s"), word);
        }
        call->options[call->option_count].name = word + 2;
        call->options[call->option_count].name_size = size;
        call->options[call->option_count++].value = value == NULL ? "" : value;
    }
    return CLI_OK;
}

static int check_options(const struct call *call)
{
    for (int i = 0; i < call->option_count; i++) {
        bool takes_value;
        const char *name = call->options[i].name;
        size_t size = call->options[i].name_size;
        if (option_in(global_options, name, size, &takes_value) ||
            option_in(call->command->options, name, size, &takes_value)) {
            continue;
        }
        char text[64];
        snprintf(text, sizeof text, "--%.*s", (int)(size < 40 ? size : 40), name);
        return usage(call, _("this command has no option %s"), text);
    }
    return CLI_OK;
}

static int read_globals(struct call *call)
{
    const char *fd = call_option(call, "passphrase-fd");
    call->passphrase_fd = -1;
    if (fd != NULL) {
        char *end;
        long number = strtol(fd, &end, 10);
        if (end == fd || *end != 0 || number < 0 || number > 1000000) {
            return usage(call, _("not the number of a file descriptor: %s"), fd);
        }
        call->passphrase_fd = (int)number;
    }
    if (!default_vault(call)) {
        return usage(call, _("which vault? Say it with %s"), "--vault");
    }
    return CLI_OK;
}

int call_parse(struct call *call, int argc, char **argv)
{
    struct words words = {.count = 0};
    int used = 0;
    *call = (struct call){.passphrase_fd = -1};
    set_language(call, NULL);
    int status = split(call, argc, argv, &words);
    if (status != CLI_OK) return status;

    call->json = call_option(call, "json") != NULL;
    const char *language = call_option(call, "lang");
    if (language != NULL) {
        if (strcmp(language, "fr") != 0 && strcmp(language, "en") != 0) {
            return usage(call, _("languages are fr and en, not %s"), language);
        }
        set_language(call, language);
    }
    static char help[] = "help";
    if (words.count == 0 || call_option(call, "help") != NULL) {
        memmove(words.items + 1, words.items, sizeof words.items[0] * 2);
        words.items[0] = help;
        words.count = words.count == 0 ? 1 : words.count < 2 ? 2 : 3;
    }
    call->command = command_named(words.items, words.count, &used);
    if (call->command == NULL) {
        return usage(call, _("there is no such command: %s (try `veillee help`)"), words.items[0]);
    }
    int count = words.count - used;
    if (count < call->command->least || count > call->command->most || count > CLI_ARGS_MAX) {
        char form[96];
        snprintf(form, sizeof form, "%s%s%s", call->command->name,
                 call->command->arguments[0] != 0 ? " " : "", call->command->arguments);
        return usage(call, _("usage: veillee %s (see `veillee help`)"), form);
    }
    for (; call->arg_count < count; call->arg_count++) {
        call->args[call->arg_count] = words.items[used + call->arg_count];
    }
    status = check_options(call);
    return status != CLI_OK ? status : read_globals(call);
}
