/* Minutes in Markdown: one file becomes one meeting with date, people present, agenda and notes.
 *
 *   title    the first heading                 date     2026-03-12, or 12 mars 2026, in the title,
 *                                                       else in the file's name
 *   present  the list under "Present", "Attendees", "Présents", "Personnes présentes", ...
 *   agenda   the list under "Agenda", "Ordre du jour", ...
 *   notes    everything else, as it stands
 *
 * Importing a file again changes nothing: the record's id derives from the circle, the file's
 * name and its content. An import that was cut off is completed by the next. */
#ifndef CIRCLE_MINUTES_IMPORT_H
#define CIRCLE_MINUTES_IMPORT_H

#include "circle/meeting.h"

#define MINUTES_BYTES_MAX  1048576u /* one file */
#define MINUTES_NAMES_MAX  200u     /* people present */
#define MINUTES_POINTS_MAX 500u     /* points of the agenda; what is over stays in the notes */

enum minutes_problem {
    MINUTES_FINE,
    MINUTES_NO_DATE,   /* no date that exists, in the title or the file's name */
    MINUTES_TOO_LARGE, /* over MINUTES_BYTES_MAX */
    MINUTES_NOT_TEXT,  /* not UTF-8, or with control characters */
    MINUTES_EMPTY,     /* nothing but white space */
    MINUTES_NAME       /* the file's name is no line of text */
};
/* Why it was refused. Static; NULL: it is fine. */
const char *minutes_problem_text(enum minutes_problem problem);

struct minutes {
    char *title, *notes; /* never NULL after success */
    char date[17];       /* YYYY-MM-DD */
    char **present;
    size_t present_count;
    char **agenda;
    size_t agenda_count;
};

/* `file_name` without folders. INVALID, UTF8 or TOO_LARGE with *problem. */
VL_MUST_USE vl_result minutes_parse(const char *file_name, struct vl_bytes markdown,
                                    struct minutes *out, enum minutes_problem *problem);
void minutes_finish(struct minutes *minutes); /* accepts NULL and zeroed */

/* EXISTS: imported before, *id is it. Errors of minutes_parse and of edit_write. */
VL_MUST_USE vl_result minutes_import(struct vl_replica *r, const char *file_name,
                                     struct vl_bytes markdown, vl_wall now, struct vl_record_id *id,
                                     enum minutes_problem *problem);

#endif
