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

/* Finds the record that the first argument names: in --circle, else in whichever circle has it; of
 * a type of which there is one, that one. Its path, and *record as it is now, or an exit status
 * after it was told why not. */
int find_record(const struct call *call, const struct schema_record *schema, char *path,
                size_t size, struct json **record);

#endif
