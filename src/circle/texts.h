/* What the program brings along to read: formats, the handbook, a proposed agreement, numbers to
 * call, in each of its languages. The files are in src/circle/texts and lie in the program.
 *
 * A text is a row of sections. The first may have a heading "# ", all others have one "## ". Right
 * below a heading stand lines "key: value"; after an empty line comes the body: paragraphs with an
 * empty line between them, items "- ". The further lines of a paragraph or item are joined to it
 * by a blank; those of an item are indented by two. Anything else is refused, so that a slip in a
 * translation is found by the tests and not by its readers. */
#ifndef CIRCLE_TEXTS_H
#define CIRCLE_TEXTS_H

#include <veillee/bytes.h>

#define TEXT_KEYS_MAX 10u /* of one section */

struct text_section {
    const char *heading; /* "": none */
    struct {
        const char *name, *value;
    } keys[TEXT_KEYS_MAX];
    size_t key_count;
    const char *body; /* "": none; paragraphs end with two line feeds, items with one */
};
struct text { /* its strings live in `memory` */
    struct text_section *sections;
    size_t count;
    char *memory;
};

/* INVALID: not of this form, with the *line (from 1, may be NULL). */
VL_MUST_USE vl_result text_parse(struct vl_bytes file, struct text *out, size_t *line);
void text_finish(struct text *text); /* accepts NULL and zeroed */
/* NULL: the section has no such key. */
const char *text_key(const struct text_section *section, const char *name);

/* "fr", "en", ... NULL past the last. */
const char *texts_language_at(size_t at);

/* A text by its name ("agreement") in that language, else in English. NOT_FOUND. */
VL_MUST_USE vl_result texts_find(const char *language, const char *name, struct vl_bytes *out);
VL_MUST_USE vl_result texts_read(const char *language, const char *name, struct text *out);

/* A file that is the same for all languages ("numbers"). false: there is none. */
bool texts_file(const char *name, struct vl_bytes *out);

/* The texts of a folder come in the order of the numbers that their files begin with. */
#define TEXTS_ID_SIZE 32
struct texts_item {
    char id[TEXTS_ID_SIZE]; /* "talking-circle" */
    char name[64];          /* for texts_read: "formats/1-talking-circle" */
};
/* false past the last. */
bool texts_item_at(const char *folder, size_t at, struct texts_item *out);
bool texts_item_named(const char *folder, const char *id, struct texts_item *out);

#endif
