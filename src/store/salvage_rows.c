/* From pages to rows, by SQLite's file format. */
#include "store/salvage.h"

#include <sodium.h>
#include <string.h>

#define USABLE       PAGES_SIZE /* nothing is reserved at the end of a page */
#define FIRST_HEADER 100u       /* page 1 begins with that of the file */
#define DEPTH_MAX    20u
#define PAYLOAD_MAX  (1u << 20) /* of a row: entries and notes are far smaller */
/* SQLite never writes the page of its locks. */
#define LOCK_BYTE_PAGE (0x40000000u / PAGES_SIZE + 1u)

enum page_kind { TABLE_LEAF = 0x0d, TABLE_INNER = 0x05, INDEX_LEAF = 0x0a, INDEX_INNER = 0x02 };

struct page {
    uint8_t bytes[PAGES_SIZE];
    size_t head, cells; /* where the header and the cells' places are */
    enum page_kind kind;
    size_t count;
    uint32_t right; /* of inner pages */
};

static uint32_t number_at(const uint8_t *at, size_t size)
{
    uint32_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | at[i];
    return number;
}

/* Of bytes that were read. false: not a page of a table or an index. */
static bool page_parse(struct page *page, uint32_t number)
{
    page->head = number == 1 ? FIRST_HEADER : 0;
    const uint8_t *head = page->bytes + page->head;
    page->kind = (enum page_kind)head[0];
    page->count = number_at(head + 3, 2);
    bool inner = page->kind == TABLE_INNER || page->kind == INDEX_INNER;
    page->right = inner ? number_at(head + 8, 4) : 0;
    page->cells = page->head + (inner ? 12 : 8);
    if (!inner && page->kind != TABLE_LEAF && page->kind != INDEX_LEAF) return false;
    return page->cells + 2 * page->count <= USABLE;
}

/* A view that gets shorter as it is read; `ok` false: it was too short. */
struct reader {
    const uint8_t *at, *end;
    bool ok;
};

static uint64_t read_varint(struct reader *r)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 9; i++) {
        if (r->at == r->end) {
            r->ok = false;
            return 0;
        }
        uint8_t byte = *r->at++;
        if (i == 8) return value << 8 | byte;
        value = value << 7 | (byte & 0x7fu);
        if ((byte & 0x80u) == 0) break;
    }
    return value;
}

static struct reader cell_at(const struct page *page, size_t i)
{
    size_t at = number_at(page->bytes + page->cells + 2 * i, 2);
    bool ok = at >= page->cells && at < USABLE;
    return (struct reader){page->bytes + (ok ? at : 0), page->bytes + USABLE, ok};
}

/* ---- the bytes of a row ---- */

/* How much of it lies in the page itself. */
static size_t local_size(bool is_table, size_t size)
{
    size_t most = is_table ? USABLE - 35 : (USABLE - 12) * 64 / 255 - 23;
    size_t least = (USABLE - 12) * 32 / 255 - 23;
    if (size <= most) return size;
    size_t part = least + (size - least) % (USABLE - 4);
    return part <= most ? part : least;
}

static vl_result read_payload(struct salvage *s, struct reader *r, bool is_table, size_t size,
                              struct vl_buffer *out, bool *whole)
{
    uint8_t page[PAGES_SIZE];
    size_t part = local_size(is_table, size);
    bool reads = true;
    vl_buffer_clear(out);
    *whole = false;
    if (size > PAYLOAD_MAX || (size_t)(r->end - r->at) < part + (part < size ? 4 : 0)) return VL_OK;
    VL_TRY(vl_buffer_append(out, r->at, part));
    uint32_t next = part < size ? number_at(r->at + part, 4) : 0;
    while (out->size < size && (reads = salvage_page(s, next, page))) {
        part = size - out->size < USABLE - 4 ? size - out->size : USABLE - 4;
        VL_TRY(vl_buffer_append(out, page + 4, part));
        next = number_at(page, 4);
    }
    sodium_memzero(page, sizeof page);
    *whole = reads;
    return VL_OK;
}

/* ---- its columns ---- */

static bool read_value(uint64_t type, struct reader *body, struct salvage_value *out)
{
    static const uint8_t sizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
    *out = (struct salvage_value){.kind = SALVAGE_NULL};
    if (type == 10 || type == 11) return false;
    size_t size = type < 10 ? sizes[type] : (size_t)(type - 12) / 2;
    if ((size_t)(body->end - body->at) < size) return false;
    const uint8_t *at = body->at;
    body->at += size;
    if (type >= 12) {
        out->kind = type % 2 == 0 ? SALVAGE_BLOB : SALVAGE_TEXT;
        out->bytes = vl_bytes(at, size);
    } else if (type != 0 && type != 7) { /* no table of ours has a fraction */
        uint64_t number = size > 0 && (at[0] & 0x80u) != 0 ? UINT64_MAX : 0;
        for (size_t i = 0; i < size; i++)
            number = number << 8 | at[i];
        out->kind = SALVAGE_NUMBER;
        out->number = type == 9 ? 1 : (int64_t)number;
    }
    return true;
}

static bool read_row(struct vl_bytes payload, struct salvage_row *row)
{
    struct reader head = {payload.data, payload.data + payload.size, true};
    uint64_t size = read_varint(&head);
    if (!head.ok || size > payload.size || size < (size_t)(head.at - payload.data)) return false;
    head.end = payload.data + size;
    struct reader body = {payload.data + size, payload.data + payload.size, true};
    for (row->count = 0; head.at < head.end; row->count++) {
        uint64_t type = read_varint(&head);
        if (!head.ok || row->count == SALVAGE_COLUMNS_MAX) return false;
        if (!read_value(type, &body, &row->values[row->count])) return false;
    }
    return body.at == body.end;
}

/* *whole becomes false when a row could not be read. */
static vl_result show_rows(struct salvage *s, const struct page *page, salvage_visit visit,
                           void *context, bool *whole)
{
    struct vl_buffer payload = {0};
    vl_result result = VL_OK;
    bool is_table = page->kind == TABLE_LEAF;
    for (size_t i = 0; result == VL_OK && i < page->count; i++) {
        struct salvage_row row = {.has_rowid = is_table};
        struct reader r = cell_at(page, i);
        bool good = false;
        if (page->kind == INDEX_INNER) r.at += r.end - r.at < 4 ? r.end - r.at : 4;
        size_t size = (size_t)read_varint(&r);
        if (is_table) (void)read_varint(&r);
        if (r.ok) result = read_payload(s, &r, is_table, size, &payload, &good);
        if (result != VL_OK) break;
        good = good && read_row(vl_buffer_view(&payload), &row);
        *whole = *whole && good;
        if (good) result = visit(context, &row);
    }
    vl_buffer_wipe(&payload);
    return result;
}

vl_result salvage_rows(struct salvage *s, salvage_visit visit, void *context)
{
    struct page page;
    vl_result result = VL_OK;
    bool whole = true;
    s->unreadable = 0;
    for (uint32_t i = 1; result == VL_OK && i <= s->count; i++) {
        if (i == LOCK_BYTE_PAGE) continue;
        if (!salvage_page(s, i, page.bytes))
            s->unreadable++;
        else if (page_parse(&page, i) && page.kind != TABLE_INNER)
            result = show_rows(s, &page, visit, context, &whole);
    }
    sodium_memzero(&page, sizeof page);
    return result;
}

struct walk {
    struct salvage *salvage;
    uint32_t left; /* pages that may still be looked at */
    salvage_visit visit;
    void *context;
};

static vl_result walk_table(struct walk *walk, uint32_t number, unsigned depth);

static vl_result walk_page(struct walk *walk, const struct page *page, unsigned depth)
{
    bool whole = true;
    if (page->kind == TABLE_LEAF) {
        VL_TRY(show_rows(walk->salvage, page, walk->visit, walk->context, &whole));
        return whole ? VL_OK : VL_ERR_DAMAGED;
    }
    if (page->kind != TABLE_INNER) return VL_ERR_DAMAGED;
    for (size_t i = 0; i < page->count; i++) {
        struct reader r = cell_at(page, i);
        if (!r.ok || r.end - r.at < 4) return VL_ERR_DAMAGED;
        VL_TRY(walk_table(walk, number_at(r.at, 4), depth + 1));
    }
    return walk_table(walk, page->right, depth + 1);
}

static vl_result walk_table(struct walk *walk, uint32_t number, unsigned depth)
{
    struct page page;
    if (depth > DEPTH_MAX || walk->left-- == 0) return VL_ERR_DAMAGED;
    bool reads = salvage_page(walk->salvage, number, page.bytes) && page_parse(&page, number);
    vl_result result = reads ? walk_page(walk, &page, depth) : VL_ERR_DAMAGED;
    sodium_memzero(&page, sizeof page);
    return result;
}

vl_result salvage_table(struct salvage *s, uint32_t root, salvage_visit visit, void *context)
{
    struct walk walk = {s, s->count + 1, visit, context};
    return walk_table(&walk, root, 0);
}
