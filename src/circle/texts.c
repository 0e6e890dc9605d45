#include "circle/texts.h"
#include "share/embedded.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct embedded_file circle_texts[];
extern const size_t circle_texts_count;

/* ---- one text ---- */

/* Lines are taken from `line` and what is kept is written at `to`, in the same memory: it never
 * gets longer. */
struct parser {
    struct text *text;
    size_t capacity;
    char *to;
    enum { AT_START, AT_HEAD, AT_EMPTY, AT_PARAGRAPH, AT_ITEM } at;
};

static char *put(struct parser *p, const char *text)
{
    char *start = p->to;
    size_t size = strlen(text);
    memmove(p->to, text, size);
    p->to += size;
    return start;
}

static struct text_section *last_section(struct parser *p)
{
    return &p->text->sections[p->text->count - 1];
}

static vl_result open_section(struct parser *p, char *heading)
{
    struct text *text = p->text;
    if (text->count == p->capacity) {
        size_t capacity = p->capacity == 0 ? 8 : p->capacity * 2;
        struct text_section *grown = realloc(text->sections, capacity * sizeof *grown);
        if (grown == NULL) return VL_ERR_NO_MEMORY;
        text->sections = grown;
        p->capacity = capacity;
    }
    if (text->count > 0) *p->to++ = '\0'; /* the body of the one before */
    text->sections[text->count++] = (struct text_section){.heading = put(p, heading)};
    *p->to++ = '\0';
    last_section(p)->body = p->to;
    return VL_OK;
}

static vl_result take_heading(struct parser *p, char *line)
{
    bool is_first = line[1] == ' ';
    char *heading = line + (is_first ? 2 : 3);
    bool well_placed = is_first ? p->at == AT_START : p->at == AT_EMPTY || p->at == AT_START;
    if (!is_first && strncmp(line, "## ", 3) != 0) return VL_ERR_INVALID;
    if (!well_placed || heading[0] == '\0' || heading[0] == ' ') return VL_ERR_INVALID;
    p->at = AT_HEAD;
    return open_section(p, heading);
}

static vl_result take_key(struct parser *p, char *line)
{
    struct text_section *section = last_section(p);
    size_t size = strspn(line, "abcdefghijklmnopqrstuvwxyz.");
    if (size == 0 || strncmp(line + size, ": ", 2) != 0 || line[size + 2] == '\0')
        return VL_ERR_INVALID;
    line[size] = '\0';
    if (section->key_count == TEXT_KEYS_MAX || text_key(section, line) != NULL)
        return VL_ERR_INVALID;
    section->keys[section->key_count].name = put(p, line);
    *p->to++ = '\0';
    section->keys[section->key_count].value = put(p, line + size + 2);
    *p->to++ = '\0';
    section->key_count++;
    section->body = p->to;
    return VL_OK;
}

static vl_result take_body(struct parser *p, char *line)
{
    bool is_item = strncmp(line, "- ", 2) == 0;
    bool is_indented = strncmp(line, "  ", 2) == 0;
    if (p->at == AT_START) VL_TRY(open_section(p, line + strlen(line)));
    if (is_item) {
        if (p->at == AT_PARAGRAPH) return VL_ERR_INVALID;
        if (p->at == AT_ITEM) (void)put(p, "\n");
    } else if (p->at == AT_PARAGRAPH || p->at == AT_ITEM) {
        if (is_indented != (p->at == AT_ITEM)) return VL_ERR_INVALID;
        (void)put(p, " ");
    } else if (is_indented) {
        return VL_ERR_INVALID;
    }
    if (p->at == AT_EMPTY && p->to != last_section(p)->body) (void)put(p, "\n\n");
    line += is_indented ? 2 : 0;
    if (line[0] == ' ' || (is_item && (line[2] == ' ' || line[2] == '\0'))) return VL_ERR_INVALID;
    (void)put(p, line);
    if (is_item || p->at != AT_ITEM) p->at = is_item ? AT_ITEM : AT_PARAGRAPH;
    return VL_OK;
}

static vl_result take_line(struct parser *p, char *line)
{
    size_t size = strlen(line);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f) return VL_ERR_INVALID;
    if (size > 0 && line[size - 1] == ' ') return VL_ERR_INVALID;
    if (size == 0) {
        if (p->at == AT_START || p->at == AT_EMPTY) return VL_ERR_INVALID;
        p->at = AT_EMPTY;
        return VL_OK;
    }
    if (line[0] == '#') return take_heading(p, line);
    return p->at == AT_HEAD ? take_key(p, line) : take_body(p, line);
}

vl_result text_parse(struct vl_bytes file, struct text *out, size_t *line)
{
    struct parser p = {.text = out};
    size_t number = 0;
    vl_result result = VL_OK;
    *out = (struct text){0};
    /* Room for the zeros and line feeds of a first section that has no heading. */
    if ((out->memory = malloc(file.size + 3)) == NULL) return VL_ERR_NO_MEMORY;
    char *next = out->memory + 2;
    if (file.size > 0) memcpy(next, file.data, file.size);
    next[file.size] = '\0';
    p.to = out->memory;
    while (result == VL_OK && next < out->memory + 2 + file.size) {
        char *at = next, *end = strchr(at, '\n');
        number++;
        if (end == NULL) { /* also at a zero inside */
            result = VL_ERR_INVALID;
            break;
        }
        *end = '\0';
        next = end + 1;
        result = take_line(&p, at);
    }
    if (result == VL_OK && (p.at == AT_START || p.at == AT_EMPTY)) result = VL_ERR_INVALID;
    if (line != NULL) *line = number;
    if (result == VL_OK) *p.to = '\0';
    if (result != VL_OK) text_finish(out);
    return result;
}

void text_finish(struct text *text)
{
    if (text == NULL) return;
    free(text->sections);
    free(text->memory);
    *text = (struct text){0};
}

const char *text_key(const struct text_section *section, const char *name)
{
    for (size_t i = 0; i < section->key_count; i++)
        if (strcmp(section->keys[i].name, name) == 0) return section->keys[i].value;
    return NULL;
}

/* ---- all of them ---- */

#define LANGUAGE_OF_ALL "en" /* every text is there in it */

const char *texts_language_at(size_t at)
{
    static const char *const languages[] = {"fr", LANGUAGE_OF_ALL};
    return at < sizeof languages / sizeof *languages ? languages[at] : NULL;
}

static const struct embedded_file *file_named(const char *name)
{
    for (size_t i = 0; i < circle_texts_count; i++)
        if (strcmp(circle_texts[i].name, name) == 0) return &circle_texts[i];
    return NULL;
}

vl_result texts_find(const char *language, const char *name, struct vl_bytes *out)
{
    const char *const places[] = {language, LANGUAGE_OF_ALL};
    char path[128];
    for (size_t i = 0; i < 2; i++) {
        const struct embedded_file *file;
        snprintf(path, sizeof path, "%s/%s.md", places[i], name);
        if ((file = file_named(path)) == NULL) continue;
        *out = vl_bytes(file->data, file->size);
        return VL_OK;
    }
    return VL_ERR_NOT_FOUND;
}

vl_result texts_read(const char *language, const char *name, struct text *out)
{
    struct vl_bytes file;
    *out = (struct text){0};
    VL_TRY(texts_find(language, name, &file));
    return text_parse(file, out, NULL);
}

bool texts_file(const char *name, struct vl_bytes *out)
{
    char path[128];
    snprintf(path, sizeof path, "%s.md", name);
    const struct embedded_file *file = file_named(path);
    if (file != NULL) *out = vl_bytes(file->data, file->size);
    return file != NULL;
}

bool texts_item_at(const char *folder, size_t at, struct texts_item *out)
{
    char start[64];
    size_t size = (size_t)snprintf(start, sizeof start, LANGUAGE_OF_ALL "/%s/", folder);
    for (size_t i = 0; i < circle_texts_count; i++) {
        const char *path = circle_texts[i].name;
        if (strncmp(path, start, size) != 0 || at-- > 0) continue;
        const char *name = path + strlen(LANGUAGE_OF_ALL "/"), *id = path + size;
        id += strspn(id, "0123456789");
        id += id[0] == '-';
        snprintf(out->name, sizeof out->name, "%.*s", (int)(strlen(name) - strlen(".md")), name);
        snprintf(out->id, sizeof out->id, "%.*s", (int)(strlen(id) - strlen(".md")), id);
        return true;
    }
    return false;
}

bool texts_item_named(const char *folder, const char *id, struct texts_item *out)
{
    for (size_t at = 0; texts_item_at(folder, at, out); at++)
        if (strcmp(out->id, id) == 0) return true;
    return false;
}
