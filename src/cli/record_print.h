/* Records on a terminal. */
#ifndef CLI_RECORD_PRINT_H
#define CLI_RECORD_PRINT_H

#include "circle/schema.h"
#include "cli/cli.h"

/* One line. `members`: the answer of circles/{circle}/members, for names; may be NULL. */
void print_record_line(const struct call *call, const struct schema_record *schema,
                       const struct json *record, const struct json *members);
/* All that is in it. */
void print_record(const struct call *call, const struct schema_record *schema,
                  const struct json *record, const struct json *members);
/* "decisions" and "commitments" of a meeting; nothing where there are none. */
void print_outcomes(const struct call *call, const struct json *meeting);
/* A choice in the language of the call: "place of a meeting: outdoors". Static, or `name`. */
const char *choice_text(const struct call *call, const struct schema_field *field,
                        const char *name);

#endif
