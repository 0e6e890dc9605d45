#include "api/catalog.h"
#include "share/embedded.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

extern const struct embedded_file catalogs[];
extern const size_t catalogs_count;

/* A catalog of gettext: a head of 32-bit numbers (magic, revision, count, where the table of
 * originals is, where that of translations is), then two tables of (length, place), the originals
 * sorted. All numbers are those of the machine that it was compiled on. */
#define CATALOG_MAGIC 0x950412deu
#define WORD_SIZE     256u

static uint32_t number_at(const struct embedded_file *file, size_t at)
{
    uint32_t number = 0;
    if (at + sizeof number <= file->size) memcpy(&number, file->data + at, sizeof number);
    return number;
}

/* The n-th text of a table; "" when the file is not as it should be. Texts end with a zero. */
static const char *text_at(const struct embedded_file *file, size_t table, size_t n)
{
    size_t size = number_at(file, table + 8 * n), at = number_at(file, table + 8 * n + 4);
    if (at >= file->size || size >= file->size - at || file->data[at + size] != 0) return "";
    return (const char *)file->data + at;
}

static const struct embedded_file *catalog_of(const char *language)
{
    size_t size = strlen(language);
    for (size_t i = 0; i < catalogs_count; i++) {
        const struct embedded_file *file = &catalogs[i];
        if (strncmp(file->name, language, size) != 0 || strcmp(file->name + size, ".mo") != 0)
            continue;
        return number_at(file, 0) == CATALOG_MAGIC ? file : NULL;
    }
    return NULL;
}

/* NULL: it is not in there. */
static const char *look_up(const char *language, const char *text)
{
    const struct embedded_file *file = catalog_of(language);
    if (file == NULL || text[0] == 0) return NULL; /* the empty one is the catalog's own head */
    size_t from = 0, to = number_at(file, 8), originals = number_at(file, 12);
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = strcmp(text, text_at(file, originals, middle));
        if (order == 0) {
            const char *found = text_at(file, number_at(file, 16), middle);
            return found[0] == 0 ? NULL : found;
        }
        if (order < 0) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    return NULL;
}

const char *catalog_text(const char *language, const char *text)
{
    const char *found = look_up(language, text);
    return found != NULL ? found : text;
}

const char *catalog_word(const char *language, const char *context, const char *word)
{
    char key[WORD_SIZE];
    int size = snprintf(key, sizeof key, "%s\004%s", context, word);
    const char *found = size > 0 && (size_t)size < sizeof key ? look_up(language, key) : NULL;
    return found != NULL ? found : word;
}
