#include "store/store_internal.h"
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* ---- the query ---- */

static bool is_word_point(utf8proc_int32_t point)
{
    switch (utf8proc_category(point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
    case UTF8PROC_CATEGORY_CO: return true;
    default: return false;
    }
}

static bool is_mark(utf8proc_int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC;
}

/* What people type becomes quoted words, each a prefix: "\"caf\"* \"creme\"*". Whatever is neither
 * letter, number nor accent separates, so nothing of FTS5's own language can be written. */
static vl_result write_query(struct vl_bytes words, struct vl_buffer *out)
{
    bool inside = false;
    size_t count = 0;
    for (size_t at = 0; at < words.size;) {
        utf8proc_int32_t point = 0;
        utf8proc_ssize_t size =
            utf8proc_iterate(words.data + at, (utf8proc_ssize_t)(words.size - at), &point);
        if (size <= 0) return VL_ERR_UTF8;
        bool in_word = is_word_point(point) || (inside && is_mark(point));
        if (in_word && !inside) {
            if (++count > STORE_QUERY_WORDS_MAX) return VL_ERR_TOO_LARGE;
            VL_TRY(vl_buffer_append(out, "\"", 1));
        }
        if (!in_word && inside) VL_TRY(vl_buffer_append(out, "\"* ", 3));
        if (in_word) VL_TRY(vl_buffer_append(out, words.data + at, (size_t)size));
        inside = in_word;
        at += (size_t)size;
    }
    return inside ? vl_buffer_append(out, "\"*", 2) : VL_OK;
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
    vl_result result = write_query(words, &query);
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
