#include "store/store_internal.h"
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* ---- the query ---- */

struct words {
    struct vl_buffer bytes; /* one behind the other */
    size_t ends[STORE_QUERY_WORDS_MAX];
    size_t count;
};

static struct vl_bytes word_at(const struct words *words, size_t which)
{
    size_t from = which > 0 ? words->ends[which - 1] : 0;
    return vl_bytes(words->bytes.data + from, words->ends[which] - from);
}

static int keep_word(void *context, int flags, const char *token, int size, int start, int end)
{
    struct words *words = context;
    (void)flags, (void)start, (void)end;
    if (words->count == STORE_QUERY_WORDS_MAX) return SQLITE_TOOBIG;
    if (vl_buffer_append(&words->bytes, token, (size_t)size) != VL_OK) return SQLITE_NOMEM;
    words->ends[words->count++] = words->bytes.size;
    return SQLITE_OK;
}

static vl_result fts_of(struct store *s, fts5_api **api)
{
    sqlite3_stmt *statement = NULL;
    *api = NULL;
    VL_TRY(database_statement(&s->db, SQL_SEARCH_API, &statement));
    (void)sqlite3_bind_pointer(statement, 1, (void *)api, "fts5_api_ptr", NULL);
    vl_result result = database_step(&s->db, statement);
    database_done(statement);
    if (result == VL_OK && *api == NULL) return VL_ERR_INTERNAL;
    return result;
}

/* As the index itself makes words of a text: letters and numbers, without accents and case. Nothing
 * of the language of its queries is among them. */
static vl_result split_words(struct store *s, struct vl_bytes text, struct words *words)
{
    const char *options[] = {"remove_diacritics", DATABASE_DIACRITICS};
    fts5_api *api;
    fts5_tokenizer methods;
    Fts5Tokenizer *tokenizer = NULL;
    void *context = NULL;
    VL_TRY(fts_of(s, &api));
    VL_TRY(
        database_result(&s->db, api->xFindTokenizer(api, DATABASE_TOKENIZER, &context, &methods)));
    VL_TRY(database_result(&s->db, methods.xCreate(context, options, 2, &tokenizer)));
    int rc = methods.xTokenize(tokenizer, words, FTS5_TOKENIZE_QUERY, (const char *)text.data,
                               (int)text.size, keep_word);
    methods.xDelete(tokenizer);
    return rc == SQLITE_TOOBIG ? VL_ERR_TOO_LARGE : database_result(&s->db, rc);
}

static bool is_text(struct vl_bytes text)
{
    utf8proc_int32_t point;
    for (size_t at = 0; at < text.size;) {
        utf8proc_ssize_t size =
            utf8proc_iterate(text.data + at, (utf8proc_ssize_t)(text.size - at), &point);
        if (size <= 0) return false;
        at += (size_t)size;
    }
    return true;
}

/* A record that has what begins with the other word has what begins with this one as well. */
static bool is_implied(const struct words *words, size_t which)
{
    const struct vl_bytes word = word_at(words, which);
    for (size_t i = 0; i < words->count; i++) {
        const struct vl_bytes other = word_at(words, i);
        if (i == which || other.size < word.size) continue;
        if (memcmp(other.data, word.data, word.size) != 0) continue;
        if (other.size > word.size || i < which) return true;
    }
    return false;
}

/* What people type becomes quoted words, each a prefix: "\"caf\"* \"creme\"*". */
static vl_result write_query(struct store *s, struct vl_bytes text, struct vl_buffer *out)
{
    struct words words = {.count = 0};
    if (!is_text(text)) return VL_ERR_UTF8;
    vl_result result = split_words(s, text, &words);
    for (size_t i = 0; i < words.count && result == VL_OK; i++) {
        const struct vl_bytes word = word_at(&words, i);
        if (is_implied(&words, i)) continue;
        result = vl_buffer_append(out, " \"", 2);
        if (result == VL_OK) result = vl_buffer_append(out, word.data, word.size);
        if (result == VL_OK) result = vl_buffer_append(out, "\"*", 2);
    }
    vl_buffer_finish(&words.bytes);
    return result;
}

/* ---- the hits ---- */

struct hits {
    struct store_hit *items;
    size_t count, capacity;
};

static vl_result keep_hit(void *context, sqlite3_stmt *statement)
{
    struct hits *hits = context;
    struct store_hit hit;
    if (hits->count == hits->capacity) {
        size_t capacity = hits->capacity == 0 ? 16 : 2 * hits->capacity;
        struct store_hit *items = reallocarray(hits->items, capacity, sizeof *items);
        if (items == NULL) return VL_ERR_NO_MEMORY;
        hits->items = items;
        hits->capacity = capacity;
    }
    VL_TRY(column_exact(statement, 0, hit.circle.bytes, sizeof hit.circle.bytes));
    hit.type = (uint32_t)sqlite3_column_int64(statement, 1);
    VL_TRY(column_exact(statement, 2, hit.record.bytes, sizeof hit.record.bytes));
    const unsigned char *excerpt = sqlite3_column_text(statement, 3);
    hit.excerpt = strdup(excerpt != NULL ? (const char *)excerpt : "");
    if (hit.excerpt == NULL) return VL_ERR_NO_MEMORY;
    hits->items[hits->count++] = hit;
    return VL_OK;
}

static void hits_finish(struct hits *hits)
{
    for (size_t i = 0; i < hits->count; i++)
        free((void *)(uintptr_t)hits->items[i].excerpt);
    free(hits->items);
}

static vl_result find(struct store *s, const struct vl_id *circle, struct vl_bytes query,
                      size_t max, struct hits *hits)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, SQL_SEARCH, &statement));
    (void)sqlite3_bind_text64(statement, 1, (const char *)query.data, query.size, SQLITE_STATIC,
                              SQLITE_UTF8);
    if (circle != NULL) bind_bytes(statement, 2, vl_bytes(circle->bytes, sizeof circle->bytes));
    bind_number(statement, 3, max > INT32_MAX ? INT32_MAX : (int64_t)max);
    return database_each(&s->db, statement, keep_hit, hits);
}

/* All hits are read before the first is shown: the visitor may use the store. */
vl_result store_search(struct store *s, const struct vl_id *circle, struct vl_bytes words,
                       size_t max, store_hit_visit visit, void *context)
{
    struct vl_buffer query = {0};
    struct hits hits = {0};
    if (words.size > STORE_QUERY_BYTES_MAX) return VL_ERR_TOO_LARGE;
    vl_result result = write_query(s, words, &query);
    if (result == VL_OK && query.size > 0) {
        result = find(s, circle, vl_buffer_view(&query), max, &hits);
    }
    for (size_t i = 0; i < hits.count && result == VL_OK; i++) {
        result = visit(context, &hits.items[i]);
    }
    hits_finish(&hits);
    vl_buffer_finish(&query);
    return result;
}
