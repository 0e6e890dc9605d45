/* Markdown minutes, line by line. Nothing is lost: what becomes a name or a point of the agenda is
 * left out of the notes only when its section holds nothing else. */
#include "circle/minutes_date.h"
#include "circle/minutes_import.h"
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define NAME_BYTES_MAX  255u
#define ITEM_BYTES_MAX  2000u
#define TITLE_BYTES_MAX 500u

const char *minutes_problem_text(enum minutes_problem problem)
{
    switch (problem) {
    case MINUTES_NO_DATE: return N_("there is no date in its title or its name");
    case MINUTES_TOO_LARGE: return N_("longer than its limit");
    case MINUTES_NOT_TEXT: return N_("not UTF-8 without control characters");
    case MINUTES_EMPTY: return N_("there is nothing in it");
    case MINUTES_NAME: return N_("its name is no line of text");
    case MINUTES_FINE: break;
    }
    return NULL;
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

void minutes_finish(struct minutes *m)
{
    if (m == NULL) return;
    free(m->title);
    free(m->notes);
    free_texts(m->present, m->present_count);
    free_texts(m->agenda, m->agenda_count);
    *m = (struct minutes){0};
}

/* ---- the text ---- */

static bool is_clean(const char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t used =
            utf8proc_iterate((const uint8_t *)text + at, (utf8proc_ssize_t)(size - at), &c);
        if (used <= 0 || (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0))
            return false;
        at += (size_t)used;
    }
    return true;
}

/* A copy with plain line ends, without a byte order mark, ending with a zero. */
static char *copy_plain(struct vl_bytes markdown, size_t *size)
{
    char *text = malloc(markdown.size + 1);
    size_t at = 0, n = 0;
    if (text == NULL) return NULL;
    if (markdown.size >= 3 && memcmp(markdown.data, "\xef\xbb\xbf", 3) == 0) at = 3;
    for (; at < markdown.size; at++) {
        if (markdown.data[at] == '\r' && at + 1 < markdown.size && markdown.data[at + 1] == '\n')
            continue;
        text[n++] = (char)markdown.data[at];
    }
    text[n] = '\0';
    *size = n;
    return text;
}

/* `most` bytes of the text at most, no half character, without blanks at the ends. */
static char *copy_short(const char *text, size_t size, size_t most)
{
    char *copy;
    while (size > 0 && (*text == ' ' || *text == '\t' || *text == '\n')) {
        text++;
        size--;
    }
    if (size > most) {
        size = most;
        while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
            size--;
    }
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t' || text[size - 1] == '\n'))
        size--;
    copy = malloc(size + 1);
    if (copy == NULL) return NULL;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

/* In place: [text](address) becomes text; **, __ and ` go. */
static void strip_markup(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        const char *close = *from == '[' ? strstr(from, "](") : NULL;
        const char *end = close != NULL ? strchr(close, ')') : NULL;
        const char *inner = *from == '[' ? strchr(from + 1, '[') : NULL;
        if (end != NULL && (inner == NULL || inner > close)) {
            size_t size = (size_t)(close - from - 1);
            memmove(to, from + 1, size);
            to += size;
            from = end + 1;
        } else if (strncmp(from, "**", 2) == 0 || strncmp(from, "__", 2) == 0) {
            from += 2;
        } else if (*from == '`') {
            from++;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

/* ---- lists ---- */

static vl_result push_text(char ***texts, size_t *count, char *text)
{
    char **grown;
    if (text == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < *count; i++) {
        if (strcmp((*texts)[i], text) != 0) continue;
        free(text);
        return VL_OK;
    }
    grown = realloc(*texts, (*count + 1) * sizeof *grown);
    if (grown == NULL) {
        free(text);
        return VL_ERR_NO_MEMORY;
    }
    *texts = grown;
    grown[(*count)++] = text;
    return VL_OK;
}

enum section { IN_NOTES, IN_PRESENT, IN_AGENDA };

struct parser {
    struct minutes *out;
    char *notes, *kept; /* the notes so far; the section that may yet belong to them */
    size_t notes_size, kept_size;
    char *item; /* the list item that may go on in the next line */
    size_t item_size;
    bool has_item, item_nested;
    enum section section;
    int section_level;
    bool section_is_flat; /* nothing in it but one list */
    bool in_fence, has_title;
};

/* "Ada Byron @ada (TSC)" and "Ada <mailto:...>" are Ada. */
static vl_result take_name(struct parser *p, const char *text, size_t size)
{
    char *name = copy_short(text, size, ITEM_BYTES_MAX), *cut;
    static const char *const ends[] = {" @", " <", " (", " - ", " — ", " : "};
    char *copy;
    if (name == NULL) return VL_ERR_NO_MEMORY;
    strip_markup(name);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        cut = strstr(name, ends[i]);
        if (cut != NULL && cut != name) *cut = '\0';
    }
    copy = copy_short(name[0] == '@' ? name + 1 : name, strlen(name) - (name[0] == '@'),
                      NAME_BYTES_MAX);
    free(name);
    if (copy != NULL && (copy[0] == '\0' || p->out->present_count >= MINUTES_NAMES_MAX)) {
        p->section_is_flat = p->section_is_flat && copy[0] == '\0';
        free(copy);
        return VL_OK;
    }
    return push_text(&p->out->present, &p->out->present_count, copy);
}

static bool at_separator(const char *text, size_t size, size_t *width)
{
    static const char *const separators[] = {",", ";", " et ", " and "};
    for (size_t i = 0; i < sizeof separators / sizeof *separators; i++) {
        *width = strlen(separators[i]);
        if (*width <= size && memcmp(text, separators[i], *width) == 0) return true;
    }
    return false;
}

/* A line that is no list: Inès, Nadia et Lou. */
static vl_result take_names(struct parser *p, const char *text, size_t size)
{
    size_t from = 0, at = 0, width;
    while (at < size) {
        if (!at_separator(text + at, size - at, &width)) {
            at++;
            continue;
        }
        VL_TRY(take_name(p, text + from, at - from));
        at += width;
        from = at;
    }
    if (size > 0 && text[size - 1] == '.') size--;
    return from < size ? take_name(p, text + from, size - from) : VL_OK;
}

static vl_result take_point(struct parser *p, const char *text, size_t size)
{
    char *point = copy_short(text, size, ITEM_BYTES_MAX);
    if (point == NULL) return VL_ERR_NO_MEMORY;
    strip_markup(point);
    if (point[0] == '\0' || p->out->agenda_count >= MINUTES_POINTS_MAX || size > ITEM_BYTES_MAX)
        p->section_is_flat = false; /* the notes keep what does not fit */
    if (point[0] == '\0' || p->out->agenda_count >= MINUTES_POINTS_MAX) {
        free(point);
        return VL_OK;
    }
    return push_text(&p->out->agenda, &p->out->agenda_count, point);
}

static vl_result end_item(struct parser *p)
{
    vl_result result = VL_OK;
    if (!p->has_item) return VL_OK;
    p->has_item = false;
    if (p->section == IN_PRESENT)
        result = take_name(p, p->item, p->item_size);
    else if (p->item_nested)
        p->section_is_flat = false;
    else
        result = take_point(p, p->item, p->item_size);
    return result;
}

/* How far the text of a list item is indented; 0: the line is none. */
static size_t bullet_width(const char *line, size_t size, size_t *indent)
{
    size_t at = 0, digits = 0;
    while (at < size && (line[at] == ' ' || line[at] == '\t'))
        at++;
    *indent = at;
    while (at + digits < size && line[at + digits] >= '0' && line[at + digits] <= '9')
        digits++;
    if (digits > 0 && digits < 4 && at + digits < size &&
        (line[at + digits] == '.' || line[at + digits] == ')'))
        at += digits + 1;
    else if (at < size && (line[at] == '*' || line[at] == '-' || line[at] == '+'))
        at++;
    else
        return 0;
    if (at >= size || (line[at] != ' ' && line[at] != '\t')) return 0;
    return at + 1;
}

static vl_result take_list_line(struct parser *p, const char *line, size_t size)
{
    size_t indent, width = bullet_width(line, size, &indent);
    if (width > 0) {
        VL_TRY(end_item(p));
        p->has_item = true;
        p->item_nested = indent >= 2;
        memcpy(p->item, line + width, size - width); /* as large as the file */
        p->item_size = size - width;
        return VL_OK;
    }
    if (indent == size) return end_item(p);
    if (p->has_item) { /* the item goes on */
        p->item[p->item_size++] = ' ';
        memcpy(p->item + p->item_size, line + indent, size - indent);
        p->item_size += size - indent;
        return VL_OK;
    }
    if (p->section == IN_PRESENT) return take_names(p, line, size);
    p->section_is_flat = false;
    return VL_OK;
}

/* ---- sections ---- */

static int heading_level(const char *line, size_t size)
{
    size_t level = 0;
    while (level < size && line[level] == '#')
        level++;
    return level > 0 && level <= 6 && level < size && line[level] == ' ' ? (int)level : 0;
}

/* Letters only, without accents or case: "Présent(e)s :" is presentes. */
static void fold_heading(const char *text, size_t size, char out[static 64])
{
    utf8proc_uint8_t *folded = NULL;
    size_t n = 0;
    utf8proc_ssize_t made =
        utf8proc_map((const uint8_t *)text, (utf8proc_ssize_t)(size < 120 ? size : 0), &folded,
                     UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK);
    for (utf8proc_ssize_t i = 0; i < made && n < 63; i++)
        if (folded[i] >= 'a' && folded[i] <= 'z') out[n++] = (char)folded[i];
    out[n] = '\0';
    free(folded);
}

static enum section section_of(const char *text, size_t size)
{
    static const char *const present[] = {
        "present",      "presents",           "presente",        "presentes",
        "participants", "participantes",      "participant",     "attendees",
        "attendance",   "personnespresentes", "etaientpresents", "etaientpresentes",
        "enpresencede", "inattendance",       "peoplepresent",   "quietaitla"};
    static const char *const agenda[] = {"agenda", "ordredujour", "ordredujourpropose"};
    char folded[64];
    fold_heading(text, size, folded);
    for (size_t i = 0; i < sizeof present / sizeof *present; i++)
        if (strcmp(folded, present[i]) == 0) return IN_PRESENT;
    for (size_t i = 0; i < sizeof agenda / sizeof *agenda; i++)
        if (strcmp(folded, agenda[i]) == 0) return IN_AGENDA;
    return IN_NOTES;
}

/* A list section is over: when it held more than a list, the notes keep it as it stood. */
static vl_result end_section(struct parser *p)
{
    VL_TRY(end_item(p));
    if (p->section != IN_NOTES && !p->section_is_flat) {
        memcpy(p->notes + p->notes_size, p->kept, p->kept_size);
        p->notes_size += p->kept_size;
    }
    p->kept_size = 0;
    p->section = IN_NOTES;
    return VL_OK;
}

static void keep_line(struct parser *p, const char *line, size_t size)
{
    char *to = p->section == IN_NOTES ? p->notes : p->kept;
    size_t *at = p->section == IN_NOTES ? &p->notes_size : &p->kept_size;
    memcpy(to + *at, line, size);
    to[*at + size] = '\n';
    *at += size + 1;
}

static vl_result take_heading(struct parser *p, const char *line, size_t size, int level)
{
    size_t from = (size_t)level + 1, to = size;
    enum section section;
    while (to > from && (line[to - 1] == '#' || line[to - 1] == ' '))
        to--;
    if (!p->has_title) {
        p->has_title = true;
        p->out->title = copy_short(line + from, to - from, TITLE_BYTES_MAX);
        if (p->out->title == NULL) return VL_ERR_NO_MEMORY;
        strip_markup(p->out->title);
        return VL_OK;
    }
    section = section_of(line + from, to - from);
    if (p->section != IN_NOTES && level > p->section_level && section == IN_NOTES) {
        VL_TRY(end_item(p)); /* a part of the list: "### TSC" under "## Present" */
        if (p->section == IN_AGENDA) p->section_is_flat = false;
        keep_line(p, line, size);
        return VL_OK;
    }
    VL_TRY(end_section(p));
    p->section = section;
    p->section_level = level;
    p->section_is_flat = true;
    keep_line(p, line, size);
    return VL_OK;
}

static vl_result take_line(struct parser *p, const char *line, size_t size)
{
    int level = heading_level(line, size);
    bool fence = size >= 3 && (memcmp(line, "```", 3) == 0 || memcmp(line, "~~~", 3) == 0);
    if (fence) p->in_fence = !p->in_fence;
    if (level > 0 && !p->in_fence) return take_heading(p, line, size, level);
    keep_line(p, line, size);
    if (p->section == IN_NOTES) return VL_OK;
    if (fence || p->in_fence) {
        p->section_is_flat = false;
        return VL_OK;
    }
    return take_list_line(p, line, size);
}

static vl_result parse_lines(struct parser *p, const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end == NULL ? size - at : (size_t)(end - (text + at));
        VL_TRY(take_line(p, text + at, length));
        at += length + 1;
    }
    return end_section(p);
}

/* ---- the whole ---- */

static vl_result finish_parse(struct parser *p, const char *file_name,
                              enum minutes_problem *problem)
{
    struct minutes *out = p->out;
    out->notes = copy_short(p->notes, p->notes_size, p->notes_size);
    if (out->notes == NULL) return VL_ERR_NO_MEMORY;
    if (out->title == NULL || out->title[0] == '\0') {
        const char *dot = strrchr(file_name, '.');
        free(out->title);
        out->title = copy_short(file_name,
                                dot == NULL || dot == file_name ? strlen(file_name)
                                                                : (size_t)(dot - file_name),
                                TITLE_BYTES_MAX);
        if (out->title == NULL) return VL_ERR_NO_MEMORY;
    }
    if (minutes_find_date(out->title, out->date) || minutes_find_date(file_name, out->date))
        return VL_OK;
    *problem = MINUTES_NO_DATE;
    return VL_ERR_INVALID;
}

static vl_result parse_text(const char *file_name, const char *text, size_t size,
                            struct minutes *out, enum minutes_problem *problem)
{
    struct parser p = {.out = out};
    char *memory = malloc(3 * (size + 2));
    vl_result result = VL_ERR_NO_MEMORY;
    if (memory == NULL) return result;
    p.notes = memory;
    p.kept = memory + size + 2;
    p.item = memory + 2 * (size + 2);
    result = parse_lines(&p, text, size);
    if (result == VL_OK) result = finish_parse(&p, file_name, problem);
    free(memory);
    return result;
}

static vl_result refuse(enum minutes_problem *to, enum minutes_problem problem, vl_result result)
{
    *to = problem;
    return result;
}

vl_result minutes_parse(const char *file_name, struct vl_bytes markdown, struct minutes *out,
                        enum minutes_problem *problem)
{
    enum minutes_problem ignored;
    size_t name_size = strlen(file_name), size;
    vl_result result;
    char *text;

    if (problem == NULL) problem = &ignored;
    *problem = MINUTES_FINE;
    *out = (struct minutes){0};
    if (name_size == 0 || name_size > NAME_BYTES_MAX || !is_clean(file_name, name_size) ||
        strpbrk(file_name, "\n\t/") != NULL)
        return refuse(problem, MINUTES_NAME, VL_ERR_INVALID);
    if (markdown.size > MINUTES_BYTES_MAX)
        return refuse(problem, MINUTES_TOO_LARGE, VL_ERR_TOO_LARGE);
    text = copy_plain(markdown, &size);
    if (text == NULL) return VL_ERR_NO_MEMORY;
    if (!is_clean(text, size))
        result = refuse(problem, MINUTES_NOT_TEXT, VL_ERR_UTF8);
    else if (strspn(text, " \t\n") == size)
        result = refuse(problem, MINUTES_EMPTY, VL_ERR_INVALID);
    else
        result = parse_text(file_name, text, size, out, problem);
    free(text);
    if (result != VL_OK) minutes_finish(out);
    return result;
}
