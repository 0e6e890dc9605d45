/* All commands: those of the table in src/main.c, then those that the schema makes, one for each
 * type of record and each thing that can be done with it: "decision add". */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "circle/schema.h"
#include "cli/cli.h"

const struct command *command_at(size_t at); /* NULL past the last */
/* The type that a command of the schema is about; NULL: it is of the table. */
const struct schema_record *command_schema(const struct command *command);
/* The first word of a type's commands. */
const char *command_word(const struct schema_record *schema);
/* What a type is for; English, to be translated. */
const char *command_purpose(const struct schema_record *schema);

/* ---- cmd_record.c ---- */

/* The record of that type that `name` says (its id, or the beginning of it): in --circle, else in
 * whichever circle has it; of a type of which a circle has one, that one. `path` becomes its route;
 * destroy *record. */
int find_record(const struct call *call, const struct schema_record *schema, const char *name,
                char *path, size_t size, struct json **record);

#endif
