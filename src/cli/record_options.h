/* The schema's fields as options: --place-kind home, --no-place-kind. */
#ifndef CLI_RECORD_OPTIONS_H
#define CLI_RECORD_OPTIONS_H

#include "circle/schema.h"
#include "cli/cli.h"

/* What stands for a value in the help: "TEXT", "DATE", "home|community|room". */
void field_word(const struct schema_field *field, char *out, size_t size);
/* The option of a field, without its dashes. */
void field_option(const struct schema_field *field, char *out, size_t size);
/* Another name of an option from before there was a schema: "at" of a meeting's start. NULL: none.
 * At most one a field. */
const char *field_alias(const struct schema_record *schema, const struct schema_field *field);

/* Writes the members of a body for the options that are given. `is_edit`: a set is changed by what
 * is put in and taken out; a text that has another name gets that at its end. */
void put_fields(const struct call *call, const struct schema_record *schema, bool is_edit,
                struct json_out *o);

#endif
