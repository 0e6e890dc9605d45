#include <veillee/pairing.h>

#include "sync/words.h"
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define TEXT_BYTES_MAX 256u /* of a code as somebody may type it */

static const char *const *const lists[VL_LANGUAGE_COUNT] = {words_fr, words_en};

void vl_code_random(struct vl_code *out)
{
    out->number = (uint8_t)(1 + randombytes_uniform(VL_CODE_NUMBER_MAX));
    for (size_t i = 0; i < VL_CODE_WORDS; i++)
        out->words[i] = (uint16_t)randombytes_uniform(VL_WORD_COUNT);
}

const char *vl_word(enum vl_language language, unsigned index)
{
    assert((unsigned)language < VL_LANGUAGE_COUNT && index < VL_WORD_COUNT);
    return lists[language][index];
}

void vl_code_text(const struct vl_code *code, enum vl_language language, char *out, size_t size)
{
    (void)snprintf(out, size, "%u %s %s %s", (unsigned)code->number,
                   vl_word(language, code->words[0]), vl_word(language, code->words[1]),
                   vl_word(language, code->words[2]));
}

/* ---- parsing ---- */

static bool is_separator(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '-' || c == ',' || c == '.';
}

/* The next run between separators; empty at the end. */
static struct vl_bytes next_run(struct vl_bytes *rest)
{
    size_t start = 0;

    while (start < rest->size && is_separator(rest->data[start]))
        start++;
    size_t end = start;
    while (end < rest->size && !is_separator(rest->data[end]))
        end++;
    const struct vl_bytes run = vl_bytes(rest->data + start, end - start);
    *rest = vl_bytes(rest->data + end, rest->size - end);
    return run;
}

static bool find_word(struct vl_bytes word, uint16_t *index)
{
    for (unsigned language = 0; language < VL_LANGUAGE_COUNT; language++) {
        for (unsigned i = 0; i < VL_WORD_COUNT; i++) {
            if (vl_bytes_equal(word, vl_bytes_text(lists[language][i]))) {
                *index = (uint16_t)i;
                return true;
            }
        }
    }
    return false;
}

static bool read_number(struct vl_bytes run, uint8_t *out)
{
    unsigned number = 0;

    if (run.size < 1 || run.size > 2) return false;
    for (size_t i = 0; i < run.size; i++) {
        if (run.data[i] < '0' || run.data[i] > '9') return false;
        number = number * 10 + (unsigned)(run.data[i] - '0');
    }
    *out = (uint8_t)number;
    return number >= 1 && number <= VL_CODE_NUMBER_MAX;
}

static vl_result parse_plain(struct vl_bytes plain, struct vl_code *out)
{
    if (!read_number(next_run(&plain), &out->number)) return VL_ERR_INVALID;
    for (size_t i = 0; i < VL_CODE_WORDS; i++)
        if (!find_word(next_run(&plain), &out->words[i])) return VL_ERR_INVALID;
    return next_run(&plain).size == 0 ? VL_OK : VL_ERR_INVALID;
}

vl_result vl_code_parse(struct vl_bytes text, struct vl_code *out)
{
    uint8_t *plain = NULL;

    memset(out, 0, sizeof *out);
    if (text.size == 0 || text.size > TEXT_BYTES_MAX) return VL_ERR_INVALID;
    /* Lower case without accents: decomposed, folded, marks taken away. */
    const utf8proc_ssize_t size =
        utf8proc_map(text.data, (utf8proc_ssize_t)text.size, &plain,
                     UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD |
                         UTF8PROC_STRIPMARK | UTF8PROC_IGNORE);
    if (size == UTF8PROC_ERROR_NOMEM) return VL_ERR_NO_MEMORY;
    if (size < 0) return VL_ERR_INVALID;
    struct vl_code code = {0};
    const vl_result result = parse_plain(vl_bytes(plain, (size_t)size), &code);
    if (result == VL_OK) *out = code;
    sodium_memzero(&code, sizeof code);
    sodium_memzero(plain, (size_t)size);
    free(plain);
    return result;
}
