/* The help, made of the tables: of commands, and of the schema. */
#include "cli/commands.h"
#include "cli/record_options.h"

#include <string.h>

static int help_exit(void)
{
    static const char *const meanings[] = {
        N_("all went well"),
        N_("it failed for another reason"),
        N_("the command line is wrong"),
        N_("the node is not running"),
        N_("the vault is locked"),
        N_("wrong passphrase"),
        N_("there is no such thing"),
        N_("the input is not valid, or not possible now"),
        N_("refused, or a wrong code"),
        N_("the vault's files: damaged, in use, disk full"),
        N_("the network, or nobody answered in time"),
    };
    puts(_("Exit status:"));
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        printf("%4zu  %s\n", i, _(meanings[i]));
    }
    return CLI_OK;
}

static void help_options(const char *options)
{
    for (const char *at = options; *at != 0;) {
        size_t word = strcspn(at, " "), key = strcspn(at, "= ");
        printf(" [--%.*s", (int)key, at);
        if (key < word) printf(" %.*s", (int)(word - key - 1), at + key + 1);
        putchar(']');
        at += word;
        at += strspn(at, " ");
    }
}

static bool begins_with(const struct command *command, const char *word)
{
    size_t first = strcspn(command->name, " ");
    return strlen(word) == first && strncmp(command->name, word, first) == 0;
}

/* Fields are told once, not with every command that takes them. */
static bool takes_fields(const struct command *command)
{
    return command->run == cmd_record_add || command->run == cmd_record_edit;
}

static bool asks_passphrase(const struct command *command)
{
    int (*const asking[])(struct call *) = {
        cmd_init, cmd_run, cmd_unlock, cmd_device_add, cmd_passphrase, cmd_wipe, cmd_device_action};
    for (size_t i = 0; i < sizeof asking / sizeof asking[0]; i++) {
        if (command->run == asking[i])
            return command->run != cmd_device_action ||
                   strcmp(command->name, "device restore") == 0;
    }
    return false;
}

static void help_command(const struct command *command)
{
    printf("veillee %s%s%s", command->name, command->arguments[0] ? " " : "", command->arguments);
    if (takes_fields(command)) {
        fputs(" [--circle CIRCLE] [--FIELD ...]", stdout);
    } else {
        help_options(command->options);
    }
    if (asks_passphrase(command)) fputs(" [--passphrase-fd NUMBER]", stdout);
    printf("\n    %s\n", _(command->summary));
}

static void help_field(const struct call *call, const struct schema_record *schema,
                       const struct schema_field *field)
{
    const char *alias = field_alias(schema, field);
    char option[64], word[256], label[64];
    field_option(field, option, sizeof option);
    field_word(field, word, sizeof word);
    message_label(call->language, field->name, label, sizeof label);
    printf("  --%s %s\n      %s", option, word, label);
    if (field->kind == VL_FIELD_SET || field->kind == VL_FIELD_LIST) {
        printf(_("; can be given several times"));
    }
    if (alias != NULL) printf(_("; also --%s"), alias);
    if (field->form == SCHEMA_LINE || field->form == SCHEMA_BLOCK) {
        printf(_("; at most %zu bytes"), field->limit);
    }
    putchar('\n');
}

static void help_schema(const struct call *call, const struct schema_record *schema)
{
    printf("\n%s\n%s\n", _(command_purpose(schema)),
           _("Fields, of add and edit; --no-FIELD empties it, or takes a value out of several:"));
    for (size_t i = 0; i < schema->field_count; i++) {
        help_field(call, schema, &schema->fields[i]);
    }
}

static int help_about(const struct call *call, const char *word)
{
    const struct schema_record *schema = NULL;
    const struct command *command;
    bool found = false;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        if (!begins_with(command, word) || command->summary == NULL) continue;
        help_command(command);
        if (schema == NULL) schema = command_schema(command);
        found = true;
    }
    if (!found) return complain(call, VL_ERR_NOT_FOUND, NULL, N_("There is no such command."));
    if (schema != NULL) help_schema(call, schema);
    return CLI_OK;
}

static void help_line(const char *usage, const char *meaning)
{
    printf("  %-36s %s\n", usage, meaning);
}

static void help_all(void)
{
    const struct command *command;
    const struct schema_record *told = NULL;
    char usage[96];
    for (size_t i = 0; i < cli_command_count; i++) {
        command = &cli_commands[i];
        if (command->summary == NULL) continue;
        snprintf(usage, sizeof usage, "%s %s", command->name, command->arguments);
        help_line(usage, _(command->summary));
    }
    puts(_("\nWhat a circle keeps; `veillee help meeting` and so on tell the fields:"));
    for (size_t i = cli_command_count; (command = command_at(i)) != NULL; i++) {
        const struct schema_record *schema = command_schema(command);
        const char *verb = strchr(command->name, ' ') + 1;
        size_t at = schema == told ? strlen(usage) : 0;
        if (schema != told && told != NULL) help_line(usage, _(command_purpose(told)));
        if (schema != told) {
            snprintf(usage, sizeof usage, "%s %s", command_word(schema), verb);
        } else {
            snprintf(usage + at, sizeof usage - at, "|%s", verb);
        }
        told = schema;
    }
    help_line(usage, told == NULL ? "" : _(command_purpose(told)));
    puts(_("Everywhere: --vault FOLDER, --json, --lang fr|en; `veillee help COMMAND` tells a "
           "command's options.\nTIME is like 3h, 10m or 1h30m; DATE like 2026-03-12T19:30."));
}

/* For programs: every command with its options, as the completion of a shell needs them. */
static int help_json(void)
{
    const struct command *command;
    struct vl_buffer text = {0};
    struct json_out o = json_out(&text);
    json_open(&o, '{');
    json_key(&o, "commands");
    json_open(&o, '[');
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        if (command->summary == NULL) continue;
        json_open(&o, '{');
        json_put_text(&o, "name", command->name);
        json_put_text(&o, "arguments", command->arguments);
        json_put_text(&o, "options", command->options);
        json_put_text(&o, "summary", _(command->summary));
        json_close(&o, '}');
    }
    json_close(&o, ']');
    json_close(&o, '}');
    if (o.result == VL_OK) printf("%.*s\n", (int)text.size, (const char *)text.data);
    vl_buffer_finish(&text);
    return o.result == VL_OK ? CLI_OK : CLI_FAILED;
}

int cmd_help(struct call *call)
{
    const char *wanted = call->arg_count > 0 ? call->args[0] : NULL;
    if (wanted != NULL && strcmp(wanted, "exit") == 0) return help_exit();
    if (call->json) return help_json();
    if (wanted != NULL) return help_about(call, wanted);
    help_all();
    return CLI_OK;
}
