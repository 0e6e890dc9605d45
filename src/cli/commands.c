#include "cli/commands.h"
#include "cli/record_options.h"

#include <string.h>

#define TYPES_MAX    32u
#define OPTIONS_SIZE 2048u
#define NAME_SIZE    40u

static const struct verb {
    const char *name, *arguments;
    int (*run)(struct call *call);
    const char *summary;
} verbs[] = {
    {"add", "", cmd_record_add, N_("make one")},
    {"list", "", cmd_record_list, N_("all of them, or those that an option picks")},
    {"show", "ID", cmd_record_show, N_("one of them")},
    {"edit", "ID", cmd_record_edit,
     N_("change one: --FIELD sets, --no-FIELD empties or takes out")},
    {"erase", "ID", cmd_record_erase, N_("take one back, on every device of the circle")},
};
#define VERBS (sizeof verbs / sizeof verbs[0])

static const struct {
    uint32_t type;
    const char *purpose;
} purposes[] = {
    {SCHEMA_CIRCLE, N_("what the circle says of itself, and its rules")},
    {SCHEMA_AGREEMENT, N_("versions of the agreement, and who assents")},
    {SCHEMA_PROFILE, N_("the members' pseudonyms, and what they say of themselves")},
    {SCHEMA_MEETING, N_("meetings by date")},
    {SCHEMA_SHARE, N_("experiences, strategies, questions; newest first")},
    {SCHEMA_REPLY, N_("who comes to a meeting, and who brings what")},
    {SCHEMA_PART, N_("parts of a meeting, with what is read aloud")},
    {SCHEMA_MOMENT, N_("what happened in a meeting, moment by moment")},
    {SCHEMA_SIGNAL, N_("quiet signals to the facilitators")},
    {SCHEMA_DECISION, N_("what was decided")},
    {SCHEMA_COMMITMENT, N_("who does what until when")},
};

static struct made {
    const struct schema_record *schema;
    struct command commands[VERBS];
    size_t count;
    char names[VERBS][NAME_SIZE];
    char fields[OPTIONS_SIZE], filters[OPTIONS_SIZE];
} made[TYPES_MAX];
static size_t made_count;

const char *command_word(const struct schema_record *schema)
{
    return schema->id == SCHEMA_ID_ONE ? schema->plural : schema->name;
}

const char *command_purpose(const struct schema_record *schema)
{
    for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++) {
        if (purposes[i].type == schema->type) return purposes[i].purpose;
    }
    return "";
}

/* " no-name=WORD"; `word` NULL: a flag. */
static void add_option(char *options, const char *no, const char *name, const char *word)
{
    size_t at = strlen(options);
    snprintf(options + at, OPTIONS_SIZE - at, " %s%s%s%s", no, name, word == NULL ? "" : "=",
             word == NULL ? "" : word);
}

static void make_options(struct made *m)
{
    snprintf(m->fields, sizeof m->fields, "circle=CIRCLE");
    snprintf(m->filters, sizeof m->filters, "circle=CIRCLE max=NUMBER after=PLACE backward");
    for (size_t i = 0; i < m->schema->field_count; i++) {
        const struct schema_field *field = &m->schema->fields[i];
        const char *alias = field_alias(m->schema, field);
        char name[64], word[256];
        field_option(field, name, sizeof name);
        field_word(field, word, sizeof word);
        add_option(m->fields, "", name, word);
        add_option(m->fields, "no-", name, field->kind == VL_FIELD_SET ? word : NULL);
        if (alias != NULL) add_option(m->fields, "", alias, word);
        if (schema_is_filter(field)) add_option(m->filters, "", name, word);
    }
}

static bool has_verb(const struct schema_record *schema, const struct verb *verb)
{
    if (schema->id == SCHEMA_ID_ONE)
        return verb->run == cmd_record_show || verb->run == cmd_record_edit;
    return verb->run != cmd_record_edit || schema->writer != SCHEMA_WRITER_ONCE;
}

static void make_commands(const struct schema_record *schema)
{
    struct made *m = &made[made_count++];
    m->schema = schema;
    make_options(m);
    for (size_t i = 0; i < VERBS; i++) {
        const struct verb *verb = &verbs[i];
        if (!has_verb(schema, verb)) continue;
        struct command *command = &m->commands[m->count];
        char *name = m->names[m->count++];
        bool has_id = verb->arguments[0] != 0 && schema->id != SCHEMA_ID_ONE;
        bool has_fields = verb->run == cmd_record_add || verb->run == cmd_record_edit;
        snprintf(name, NAME_SIZE, "%s %s", command_word(schema), verb->name);
        *command = (struct command){.name = name,
                                    .arguments = has_id ? verb->arguments : "",
                                    .options = has_fields                      ? m->fields
                                               : verb->run == cmd_record_list  ? m->filters
                                               : verb->run == cmd_record_erase ? "circle=CIRCLE yes"
                                                                               : "circle=CIRCLE",
                                    .least = has_id,
                                    .most = has_id,
                                    .run = verb->run,
                                    .summary = verb->summary};
    }
}

const struct command *command_at(size_t at)
{
    if (at < cli_command_count) return &cli_commands[at];
    at -= cli_command_count;
    for (size_t i = made_count; schema_record_at(i) != NULL && i < TYPES_MAX; i++) {
        make_commands(schema_record_at(i));
    }
    for (size_t i = 0; i < made_count; i++) {
        if (at < made[i].count) return &made[i].commands[at];
        at -= made[i].count;
    }
    return NULL;
}

const struct schema_record *command_schema(const struct command *command)
{
    for (size_t i = 0; i < made_count; i++) {
        if (command >= made[i].commands && command < made[i].commands + made[i].count)
            return made[i].schema;
    }
    return NULL;
}
