/* Every message of a session: docs/sync.md has the tables. Writing and reading stand together. */
#include "sync/session_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct vl_writer begin(struct vl_buffer *out, enum message_type type)
{
    vl_buffer_clear(out);
    struct vl_writer w = vl_writer(out, VL_MESSAGE_BYTES_MAX);
    vl_write_u8(&w, (uint8_t)type);
    return w;
}

static bool read_flag(struct vl_reader *r)
{
    uint8_t flags = vl_read_u8(r);
    if (flags > 1) vl_reader_fail(r, VL_ERR_NOT_CANONICAL);
    return flags == 1;
}

static void write_ids(struct vl_writer *w, const struct vl_id *ids, size_t count)
{
    vl_write_u8(w, (uint8_t)count);
    for (size_t i = 0; i < count; i++) {
        vl_write_exact(w, ids[i].bytes, sizeof ids[i].bytes);
    }
}

/* Sorted and unique, at most max; `why` when not. */
static size_t read_ids(struct vl_reader *r, struct vl_id *out, size_t max, vl_result why)
{
    size_t count = vl_read_u8(r);
    if (count > max) {
        vl_reader_fail(r, VL_ERR_TOO_LARGE);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        vl_read_exact(r, out[i].bytes, sizeof out[i].bytes);
        if (i > 0 && r->result == VL_OK && vl_id_compare(&out[i - 1], &out[i]) >= 0) {
            vl_reader_fail(r, why);
        }
    }
    return count;
}

/* ---- HELLO ---- */

vl_result message_hello_write(const struct message_hello *hello, struct vl_buffer *out)
{
    struct vl_writer w = begin(out, MESSAGE_HELLO);
    vl_write_u8(&w, SESSION_VERSION);
    vl_write_exact(&w, hello->digest.bytes, sizeof hello->digest.bytes);
    vl_write_u8(&w, hello->prove ? 1 : 0);
    write_ids(&w, hello->control, hello->control_count);
    return vl_writer_result(&w);
}

vl_result message_hello_read(struct vl_reader *r, struct message_hello *out)
{
    *out = (struct message_hello){0};
    uint8_t version = vl_read_u8(r);
    if (version != SESSION_VERSION) vl_reader_fail(r, VL_ERR_VERSION);
    vl_read_exact(r, out->digest.bytes, sizeof out->digest.bytes);
    out->prove = read_flag(r);
    out->control_count = read_ids(r, out->control, VL_AUTH_MAX, VL_ERR_NOT_CANONICAL);
    return vl_reader_end(r);
}

/* ---- PROOF ---- */

size_t message_proof_item_size(const struct vl_entry *entry)
{
    return 32 + 3 + entry->header.size + sizeof entry->signature + 3 + entry->blob.size;
}

vl_result message_proof_write(const struct proof_item *items, size_t count, bool last,
                              struct vl_buffer *out)
{
    struct vl_writer w = begin(out, MESSAGE_PROOF);
    vl_write_u8(&w, last ? 1 : 0);
    vl_write_varint(&w, count);
    for (size_t i = 0; i < count; i++) {
        vl_write_exact(&w, items[i].author, sizeof items[i].author);
        vl_write_string(&w, items[i].entry.header);
        vl_write_exact(&w, items[i].entry.signature, sizeof items[i].entry.signature);
        vl_write_string(&w, items[i].entry.blob);
    }
    return vl_writer_result(&w);
}

vl_result message_proof_begin(struct vl_reader *r, bool *last, size_t *count)
{
    *last = read_flag(r);
    *count = (size_t)vl_read_varint(r, VL_PROOF_ENTRIES_MAX);
    if (*count == 0 && !*last) vl_reader_fail(r, VL_ERR_NOT_CANONICAL);
    return r->result;
}

void message_proof_item(struct vl_reader *r, struct proof_item *out)
{
    vl_read_exact(r, out->author, sizeof out->author);
    out->entry.header = vl_read_string(r, VL_HEADER_BYTES_MAX);
    vl_read_exact(r, out->entry.signature, sizeof out->entry.signature);
    out->entry.blob = vl_read_string(r, VL_BLOB_BYTES_MAX);
}

/* ---- HEADS, HAVE ---- */

#define HEAD_BYTES_MAX (32u + 10u + 32u)
#define HEADS_PER_PART ((VL_MESSAGE_BYTES_MAX - 8u) / HEAD_BYTES_MAX)

static void write_heads(struct vl_writer *w, const struct vl_head *heads, size_t from, size_t count)
{
    vl_write_varint(w, count);
    for (size_t i = from; i < from + count; i++) {
        vl_write_exact(w, heads[i].log.bytes, sizeof heads[i].log.bytes);
        vl_write_varint(w, heads[i].seq);
        vl_write_exact(w, heads[i].id.bytes, sizeof heads[i].id.bytes);
    }
}

static size_t part_of(size_t count, size_t at)
{
    assert(at <= count);
    return count - at < HEADS_PER_PART ? count - at : HEADS_PER_PART;
}

vl_result message_heads_write(const struct vl_head *heads, size_t count, size_t *at,
                              struct vl_buffer *out)
{
    size_t part = part_of(count, *at);
    struct vl_writer w = begin(out, MESSAGE_HEADS);
    vl_write_u8(&w, *at + part == count ? 1 : 0);
    write_heads(&w, heads, *at, part);
    *at += part;
    return vl_writer_result(&w);
}

vl_result message_have_write(const struct vl_head *heads, size_t count, size_t *at, bool drained,
                             struct vl_buffer *out)
{
    size_t part = part_of(count, *at);
    struct vl_writer w = begin(out, MESSAGE_HAVE);
    vl_write_u8(&w, drained ? 1 : 0);
    write_heads(&w, heads, *at, part);
    *at += part;
    return vl_writer_result(&w);
}

static int head_compare(const struct vl_head *a, const struct vl_head *b, bool several)
{
    int order = vl_id_compare(&a->log, &b->log);
    if (order != 0 || !several) return order;
    if (a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    return vl_id_compare(&a->id, &b->id);
}

vl_result message_heads_read(struct vl_reader *r, bool several, bool *flag, struct vl_head *heads,
                             size_t max, size_t *count)
{
    *flag = read_flag(r);
    size_t part = (size_t)vl_read_varint(r, VL_MESSAGE_BYTES_MAX);
    /* A part without heads says something only by its flag. */
    if (part == 0 && (!*flag || *count > 0)) vl_reader_fail(r, VL_ERR_NOT_CANONICAL);
    for (size_t i = 0; i < part && r->result == VL_OK; i++) {
        struct vl_head head;
        vl_read_exact(r, head.log.bytes, sizeof head.log.bytes);
        head.seq = vl_read_varint(r, UINT64_MAX);
        vl_read_exact(r, head.id.bytes, sizeof head.id.bytes);
        if (r->result != VL_OK) break;
        if (*count == max) return VL_ERR_LIMIT;
        if (*count > 0 && head_compare(&heads[*count - 1], &head, several) >= 0) {
            return VL_ERR_NOT_CANONICAL;
        }
        heads[(*count)++] = head;
    }
    return vl_reader_end(r);
}

/* ---- ENTRIES ---- */

#define FORM_KIND       3u
#define FORM_SAME_EPOCH 4u
#define FORM_SAME_AUTH  8u
#define FORM_NO_BLOB    16u
#define FORM_ALL        31u

#define ENTRIES_PREFIX_MAX (2u + 32u + 10u + 32u + 3u)

static bool has_epoch(const struct vl_entry_header *h)
{
    return h->kind != VL_ENTRY_CONTROL;
}

static bool same_epoch(const struct vl_entry_header *h, const struct vl_entry_header *before)
{
    return before != NULL && has_epoch(h) && has_epoch(before) &&
           vl_id_equal(&h->epoch_key, &before->epoch_key);
}

static bool same_auth(const struct vl_entry_header *h, const struct vl_entry_header *before)
{
    return before != NULL && h->auth_count == before->auth_count &&
           memcmp(h->auth, before->auth, h->auth_count * sizeof h->auth[0]) == 0;
}

static void write_entry(struct vl_writer *w, const struct vl_entry_header *h,
                        const struct vl_entry_header *before, const struct vl_entry *entry)
{
    unsigned form = (unsigned)h->kind;
    if (same_epoch(h, before)) form |= FORM_SAME_EPOCH;
    if (same_auth(h, before)) form |= FORM_SAME_AUTH;
    if (entry->blob.data == NULL) form |= FORM_NO_BLOB;

    vl_write_u8(w, (uint8_t)form);
    if (h->seq == 0) {
        vl_write_exact(w, h->sign_key, sizeof h->sign_key);
        vl_write_exact(w, h->incarnation, sizeof h->incarnation);
    }
    write_ids(w, h->links, h->link_count);
    /* An entry's predecessor is its parent, so lamport grows along a log. */
    vl_write_varint(w, before == NULL ? h->lamport : h->lamport - before->lamport - 1);
    vl_write_i64(w, h->wall.ms);
    if (has_epoch(h) && (form & FORM_SAME_EPOCH) == 0) {
        vl_write_exact(w, h->epoch_key.bytes, sizeof h->epoch_key.bytes);
    }
    if ((form & FORM_SAME_AUTH) == 0) write_ids(w, h->auth, h->auth_count);
    vl_write_exact(w, entry->signature, sizeof entry->signature);
    if ((form & FORM_NO_BLOB) != 0) {
        vl_write_exact(w, h->blob_hash.bytes, sizeof h->blob_hash.bytes);
        vl_write_varint(w, h->blob_size);
    } else {
        vl_write_string(w, entry->blob);
    }
}

static void read_lamport(struct vl_reader *r, struct vl_entry_header *h,
                         const struct vl_entry_header *before)
{
    uint64_t value = vl_read_varint(r, UINT64_MAX);
    if (before != NULL) {
        if (before->lamport == UINT64_MAX || value > UINT64_MAX - before->lamport - 1) {
            vl_reader_fail(r, VL_ERR_LAMPORT);
            return;
        }
        value += before->lamport + 1;
    }
    h->lamport = value;
}

/* Epoch key and auth, or the ones of the entry before, where the form says so. */
static void read_same(struct vl_reader *r, unsigned form, struct vl_entry_header *h,
                      const struct vl_entry_header *before)
{
    bool epoch_before = before != NULL && has_epoch(before);
    if ((form & FORM_SAME_EPOCH) != 0) {
        if (!epoch_before || !has_epoch(h)) {
            vl_reader_fail(r, VL_ERR_NOT_CANONICAL);
            return;
        }
        h->epoch_key = before->epoch_key;
    } else if (has_epoch(h)) {
        vl_read_exact(r, h->epoch_key.bytes, sizeof h->epoch_key.bytes);
    }
    if ((form & FORM_SAME_AUTH) != 0) {
        if (before == NULL) {
            vl_reader_fail(r, VL_ERR_NOT_CANONICAL);
            return;
        }
        h->auth_count = before->auth_count;
        memcpy(h->auth, before->auth, sizeof h->auth);
    } else {
        h->auth_count = read_ids(r, h->auth, VL_AUTH_MAX, VL_ERR_AUTH);
    }
    if (r->result != VL_OK) return;
    if (same_epoch(h, before) != ((form & FORM_SAME_EPOCH) != 0) ||
        same_auth(h, before) != ((form & FORM_SAME_AUTH) != 0)) {
        vl_reader_fail(r, VL_ERR_NOT_CANONICAL);
    }
}

/* `h` comes with circle, log, seq and prev. */
static void read_entry(struct vl_reader *r, struct vl_entry_header *h,
                       const struct vl_entry_header *before, struct vl_entry *entry)
{
    unsigned form = vl_read_u8(r);
    if (form > FORM_ALL) vl_reader_fail(r, VL_ERR_NOT_CANONICAL);
    if ((form & FORM_KIND) >= VL_ENTRY_KIND_COUNT) vl_reader_fail(r, VL_ERR_KIND);
    if (r->result != VL_OK) return;
    h->kind = (enum vl_entry_kind)(form & FORM_KIND);
    if (h->seq == 0) {
        vl_read_exact(r, h->sign_key, sizeof h->sign_key);
        vl_read_exact(r, h->incarnation, sizeof h->incarnation);
    }
    h->link_count = read_ids(r, h->links, VL_LINKS_MAX, VL_ERR_LINKS);
    read_lamport(r, h, before);
    h->wall.ms = vl_read_i64(r);
    read_same(r, form, h, before);
    vl_read_exact(r, entry->signature, sizeof entry->signature);
    if ((form & FORM_NO_BLOB) != 0) {
        vl_read_exact(r, h->blob_hash.bytes, sizeof h->blob_hash.bytes);
        h->blob_size = (uint32_t)vl_read_varint(r, VL_BLOB_BYTES_MAX);
        entry->blob = vl_bytes(NULL, 0);
        return;
    }
    entry->blob = vl_read_string(r, VL_BLOB_BYTES_MAX);
    if (r->result != VL_OK) return;
    vl_blob_hash(entry->blob, &h->blob_hash);
    h->blob_size = (uint32_t)entry->blob.size;
}

/* Encodes entries from `from` until one does not fit, or the end; returns the one after. */
static vl_result write_run(const struct chunk *c, size_t from, struct vl_buffer *run, size_t *to)
{
    struct vl_entry_header headers[2];
    const struct vl_entry_header *before = NULL;
    size_t at = from;
    for (; at < c->count; at++) {
        struct vl_entry entry = chunk_entry(c, at);
        struct vl_entry_header *h = &headers[at % 2];
        VL_TRY(vl_entry_header_decode(entry.header, h));
        size_t kept = run->size;
        struct vl_writer w = vl_writer(run, VL_MESSAGE_BYTES_MAX - ENTRIES_PREFIX_MAX);
        write_entry(&w, h, before, &entry);
        vl_result result = vl_writer_result(&w);
        if (result == VL_ERR_TOO_LARGE) {
            assert(at > from); /* a message holds any entry */
            run->size = kept;
            break;
        }
        VL_TRY(result);
        before = h;
    }
    *to = at;
    return VL_OK;
}

vl_result message_entries_write(struct chunk *c, bool drained, struct vl_buffer *out)
{
    assert(c->done < c->count);
    struct vl_buffer run = {0};
    size_t to = 0;
    vl_result result = write_run(c, c->done, &run, &to);
    if (result != VL_OK) goto out;

    unsigned flags = 0;
    if (c->done == 0) flags |= ENTRIES_FIRST;
    if (to == c->count) flags |= drained ? ENTRIES_LAST | ENTRIES_DRAINED : ENTRIES_LAST;
    struct vl_writer w = begin(out, MESSAGE_ENTRIES);
    vl_write_u8(&w, (uint8_t)flags);
    vl_write_exact(&w, c->log.bytes, sizeof c->log.bytes);
    vl_write_varint(&w, c->first + c->done);
    if (c->done == 0 && c->first > 0) vl_write_exact(&w, c->prev.bytes, sizeof c->prev.bytes);
    vl_write_varint(&w, to - c->done);
    vl_write_exact(&w, run.data, run.size);
    result = vl_writer_result(&w);
    if (result == VL_OK) c->done = to;
out:
    vl_buffer_finish(&run);
    return result;
}

/* What stands before the entries; makes the chunk with the first part. */
static vl_result read_prefix(struct vl_reader *r, struct chunk **chunk, unsigned *flags,
                             size_t *count)
{
    *flags = vl_read_u8(r);
    if (*flags > 7 || (*flags & (ENTRIES_LAST | ENTRIES_DRAINED)) == ENTRIES_DRAINED) {
        vl_reader_fail(r, VL_ERR_NOT_CANONICAL);
    }
    bool opens = (*flags & ENTRIES_FIRST) != 0;
    struct vl_id log;
    struct vl_id prev = {{0}};
    vl_read_exact(r, log.bytes, sizeof log.bytes);
    uint64_t first = vl_read_varint(r, UINT64_MAX - VL_CHUNK_ENTRIES_MAX);
    if (opens && first > 0) vl_read_exact(r, prev.bytes, sizeof prev.bytes);
    *count = (size_t)vl_read_varint(r, VL_CHUNK_ENTRIES_MAX);
    if (*count == 0) vl_reader_fail(r, VL_ERR_NOT_CANONICAL);
    VL_TRY(r->result);

    if (opens != (*chunk == NULL)) return VL_ERR_PREV;
    if (opens) return chunk_create(chunk, &log, first, &prev);
    bool goes_on = vl_id_equal(&(*chunk)->log, &log) && first == (*chunk)->first + (*chunk)->count;
    return goes_on ? VL_OK : VL_ERR_PREV;
}

vl_result message_entries_read(struct vl_reader *r, const struct vl_id *circle,
                               struct chunk **chunk, unsigned *flags)
{
    size_t count = 0;
    VL_TRY(read_prefix(r, chunk, flags, &count));
    struct chunk *c = *chunk;
    struct vl_entry_header headers[2];
    const struct vl_entry_header *before = NULL;
    struct vl_buffer encoded = {0};
    vl_result result = VL_OK;
    for (size_t i = 0; i < count; i++) {
        struct vl_entry_header *h = &headers[i % 2];
        *h = (struct vl_entry_header){.circle = *circle, .log = c->log, .seq = c->first + c->count};
        if (h->seq > 0) h->prev = *chunk_tip(c);
        struct vl_entry entry;
        read_entry(r, h, before, &entry);
        result = r->result;
        if (result != VL_OK) goto out;
        vl_buffer_clear(&encoded);
        result = vl_entry_header_encode(h, &encoded);
        if (result != VL_OK) goto out;
        entry.header = vl_buffer_view(&encoded);
        result = chunk_append(c, &entry);
        if (result != VL_OK) goto out;
        before = h;
    }
    result = vl_reader_end(r);
out:
    vl_buffer_finish(&encoded);
    return result;
}

/* ---- FORK ---- */

vl_result message_fork_write(struct vl_bytes proof, struct vl_buffer *out)
{
    struct vl_writer w = begin(out, MESSAGE_FORK);
    vl_write_string(&w, proof);
    return vl_writer_result(&w);
}

vl_result message_fork_read(struct vl_reader *r, struct vl_bytes *proof)
{
    *proof = vl_read_string(r, VL_FORK_PROOF_BYTES_MAX);
    return vl_reader_end(r);
}

/* ---- PING, PONG ---- */

vl_result message_ping_write(uint64_t token, struct vl_buffer *out)
{
    struct vl_writer w = begin(out, MESSAGE_PING);
    vl_write_u64(&w, token);
    return vl_writer_result(&w);
}

vl_result message_ping_read(struct vl_reader *r, uint64_t *token)
{
    *token = vl_read_u64(r);
    return vl_reader_end(r);
}

vl_result message_pong_write(const struct message_pong *pong, struct vl_buffer *out)
{
    struct vl_writer w = begin(out, MESSAGE_PONG);
    vl_write_u64(&w, pong->token);
    vl_write_u8(&w, pong->has_wall ? 1 : 0);
    if (pong->has_wall) vl_write_i64(&w, pong->wall);
    return vl_writer_result(&w);
}

vl_result message_pong_read(struct vl_reader *r, struct message_pong *out)
{
    *out = (struct message_pong){0};
    out->token = vl_read_u64(r);
    out->has_wall = read_flag(r);
    if (out->has_wall) out->wall = vl_read_i64(r);
    return vl_reader_end(r);
}
