/* Reading a bundle. All of it is hostile until checked.
 *
 *   PRELUDE --a box opens--> HEADER --signature--> PROVING --last PROOF, author current--> ENTRIES
 *                                                                    | last frame, zeros
 *                                                                    v
 *   any --fail--> FAILED                                            OVER
 *
 * The control entries of PROOF are judged as a session's are when my copy does not know the author
 * (a reader who was away for a year), and only looked through when it does. The chunks go where a
 * session's chunks go, with what waits bounded in the same way. */
#include "sync/bundle_seal.h"
#include "sync/session_internal.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum reader_state {
    READER_PRELUDE,
    READER_HEADER,
    READER_PROVING,
    READER_ENTRIES,
    READER_OVER,
    READER_FAILED
};

struct vl_bundle_reader {
    enum reader_state state;
    vl_result error; /* FAILED */
    vl_result end;   /* OVER: VL_OK or MISSING */
    struct vl_replica **replicas;
    size_t replica_count;
    struct bundle_key *key;
    struct vl_id hash;       /* of the prelude */
    struct vl_buffer sealed; /* a part of the prelude or of one frame */
    struct vl_buffer plain;  /* a part of one message */
    uint64_t frames;
    bool last; /* the frame just opened is the last one */
    struct vl_replica *replica;
    struct bundle_header header;
    struct proof *proof; /* PROVING: my copy does not know the author */
    struct vl_session *s;
    struct vl_bundle_counts counts;
};

/* ---- messages ---- */

static vl_result author_current(struct vl_bundle_reader *r, bool *current)
{
    struct vl_device_info device;
    vl_result result = vl_replica_device(r->replica, r->header.author, &device);
    *current = result == VL_OK && device.current;
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

static vl_result read_header(struct vl_bundle_reader *r, struct vl_bytes message)
{
    bool current = false;
    VL_TRY(bundle_header_read(message, &r->hash, &r->header));
    if (!vl_id_equal(&r->header.circle, vl_replica_circle(r->replica))) return VL_ERR_CIRCLE;
    VL_TRY(author_current(r, &current));
    if (!current) VL_TRY(proof_create(&r->proof, r->replica, VL_PROOF_PAIRED_MAX));
    struct vl_session_config config = {.replica = r->replica, .expect_newcomer = true};
    VL_TRY(vl_session_create(&r->s, &config, (vl_instant){0}));
    r->s->round_open = true; /* a gap is no fault: an earlier bundle may be missing */
    r->counts.total = r->header.entries;
    r->state = READER_PROVING;
    return VL_OK;
}

static vl_result read_proof(struct vl_bundle_reader *r, struct vl_reader *in)
{
    bool last = false;
    size_t count = 0;
    VL_TRY(message_proof_begin(in, &last, &count));
    for (size_t i = 0; i < count; i++) {
        struct proof_item item;
        message_proof_item(in, &item);
        VL_TRY(in->result);
        if (r->proof != NULL) VL_TRY(proof_add(r->proof, &item));
    }
    VL_TRY(vl_reader_end(in));
    if (!last) return VL_OK;
    if (r->proof != NULL) {
        VL_TRY(proof_update(r->proof));
        VL_TRY(proof_sign_current(r->proof, r->header.author, NULL));
        proof_destroy(r->proof);
        r->proof = NULL;
    }
    r->state = READER_ENTRIES;
    return VL_OK;
}

/* What comes is taken on the account of the bundle's author, as a session's on the peer's. */
static vl_result refresh(struct vl_bundle_reader *r)
{
    struct vl_device_info author;
    VL_TRY(session_refresh(r->s));
    vl_result result = vl_replica_device(r->replica, r->header.author, &author);
    if (result == VL_OK) r->s->peer_person = author.person;
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

static vl_result read_entries(struct vl_bundle_reader *r, struct vl_reader *in)
{
    unsigned flags = 0;
    VL_TRY(refresh(r));
    VL_TRY(message_entries_read(in, vl_replica_circle(r->replica), &r->s->receiving, &flags));
    return (flags & ENTRIES_LAST) != 0 ? session_take_chunk(r->s) : VL_OK;
}

static vl_result read_message(struct vl_bundle_reader *r, struct vl_bytes message)
{
    if (r->state == READER_HEADER) return read_header(r, message);
    struct vl_reader in = vl_reader(message);
    unsigned type = vl_read_u8(&in);
    if (r->state == READER_PROVING && type == MESSAGE_PROOF) return read_proof(r, &in);
    if (r->state == READER_ENTRIES && type == MESSAGE_ENTRIES) return read_entries(r, &in);
    if (r->state == READER_ENTRIES && type == MESSAGE_FORK) return session_take_fork(r->s, &in);
    return type < MESSAGE_TYPE_COUNT ? VL_ERR_STATE : VL_ERR_KIND;
}

/* ---- the end ---- */

/* Whether entries were let go, for want of what they link to or for a limit. */
static bool lacking(const struct vl_session *s)
{
    if (s->pending.count > 0) return true;
    for (size_t i = 0; i < s->logs.count; i++) {
        const struct session_log *log = &s->logs.items[i];
        if (log->dropped && !log->closed) return true;
    }
    return false;
}

static vl_result read_zeros(struct vl_bundle_reader *r, size_t from)
{
    for (size_t i = from; i < r->plain.size; i++) {
        if (r->plain.data[i] != 0) return VL_ERR_NOT_CANONICAL;
    }
    if (!r->last) return VL_ERR_NOT_CANONICAL;
    if (r->state != READER_ENTRIES || r->s->receiving != NULL) return VL_ERR_TRUNCATED;
    VL_TRY(session_retry(r->s));
    VL_TRY(session_learn_forks(r->s));
    r->end = lacking(r->s) ? VL_ERR_MISSING : VL_OK;
    r->state = READER_OVER;
    return VL_OK;
}

/* ---- frames ---- */

/* Bytes of the message that begins at `at` with its size, as far as the size is here; 0: the end
 * mark. TRUNCATED: more is needed to tell. */
static vl_result message_size(struct vl_bytes plain, size_t at, size_t *prefix, size_t *size)
{
    struct vl_reader in = vl_reader(vl_bytes(plain.data + at, plain.size - at));
    *size = (size_t)vl_read_varint(&in, VL_MESSAGE_BYTES_MAX);
    *prefix = in.at;
    return in.result;
}

/* Every whole message that is here. */
static vl_result take_messages(struct vl_bundle_reader *r)
{
    size_t at = 0;
    vl_result result = VL_OK;
    while (at < r->plain.size && r->state != READER_OVER) {
        size_t prefix = 0;
        size_t size = 0;
        result = message_size(vl_buffer_view(&r->plain), at, &prefix, &size);
        if (result == VL_ERR_TRUNCATED) { /* more frames come; a message itself is never short */
            if (!r->last) result = VL_OK;
            break;
        }
        if (result == VL_OK && size == 0) result = read_zeros(r, at);
        if (result != VL_OK || size == 0) break;
        if (size > r->plain.size - at - prefix) break;
        result = read_message(r, vl_bytes(r->plain.data + at + prefix, size));
        at += prefix + size;
        if (result != VL_OK) break;
    }
    if (at > 0) sodium_memzero(r->plain.data, at);
    vl_buffer_consume(&r->plain, at);
    VL_TRY(result);
    return r->last && r->state != READER_OVER ? VL_ERR_TRUNCATED : VL_OK;
}

/* `sealed` holds as much as was asked for. */
static vl_result take_sealed(struct vl_bundle_reader *r, size_t wanted)
{
    if (r->state == READER_PRELUDE) {
        if (wanted == BUNDLE_PRELUDE_MIN) return VL_OK; /* now its size is known */
        VL_TRY(bundle_prelude_read(vl_buffer_view(&r->sealed), r->replicas, r->replica_count,
                                   r->key, &r->replica, &r->hash));
        r->state = READER_HEADER;
    } else {
        VL_TRY(bundle_frame_open(r->key, r->frames, r->sealed.data, &r->last, &r->plain));
        r->frames++;
        VL_TRY(take_messages(r));
    }
    vl_buffer_clear(&r->sealed);
    return VL_OK;
}

/* How many bytes `sealed` must hold before something can be done with them. */
static vl_result wanted_bytes(const struct vl_bundle_reader *r, size_t *wanted)
{
    *wanted = BUNDLE_SEALED_FRAME_BYTES;
    if (r->state != READER_PRELUDE) return VL_OK;
    *wanted = BUNDLE_PRELUDE_MIN;
    if (r->sealed.size < BUNDLE_PRELUDE_MIN) return VL_OK;
    return bundle_prelude_size(r->sealed.data, wanted);
}

static vl_result take_bytes(struct vl_bundle_reader *r, struct vl_bytes bytes)
{
    while (bytes.size > 0) {
        size_t wanted = 0;
        if (r->state == READER_OVER) return VL_ERR_TRAILING;
        VL_TRY(wanted_bytes(r, &wanted));
        assert(r->sealed.size < wanted);
        size_t part = wanted - r->sealed.size;
        if (part > bytes.size) part = bytes.size;
        VL_TRY(vl_buffer_append(&r->sealed, bytes.data, part));
        bytes = vl_bytes(bytes.data + part, bytes.size - part);
        r->counts.bytes += part;
        if (r->sealed.size == wanted) VL_TRY(take_sealed(r, wanted));
    }
    return VL_OK;
}

/* ---- the calls ---- */

vl_result vl_bundle_reader_create(struct vl_bundle_reader **out, struct vl_replica *const *replicas,
                                  size_t count)
{
    struct vl_bundle_reader *r = calloc(1, sizeof *r);
    if (r == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = bundle_key_create(&r->key);
    if (result == VL_OK) {
        r->replicas = calloc(count + 1, sizeof *r->replicas);
        if (r->replicas == NULL) result = VL_ERR_NO_MEMORY;
    }
    if (result != VL_OK) {
        vl_bundle_reader_destroy(r);
        return result;
    }
    for (size_t i = 0; i < count; i++) {
        r->replicas[i] = replicas[i];
    }
    r->replica_count = count;
    *out = r;
    return VL_OK;
}

static void forget(struct vl_bundle_reader *r)
{
    proof_destroy(r->proof);
    bundle_key_destroy(r->key);
    vl_buffer_finish(&r->sealed);
    vl_buffer_wipe(&r->plain);
    r->proof = NULL;
    r->key = NULL;
}

void vl_bundle_reader_destroy(struct vl_bundle_reader *r)
{
    if (r == NULL) return;
    forget(r);
    vl_session_destroy(r->s);
    free(r->replicas);
    free(r);
}

static vl_result fail(struct vl_bundle_reader *r, vl_result why)
{
    r->counts = vl_bundle_have_read(r);
    r->state = READER_FAILED;
    r->error = why;
    forget(r);
    return why;
}

vl_result vl_bundle_read(struct vl_bundle_reader *r, struct vl_bytes bytes)
{
    if (r->state == READER_FAILED) return r->error;
    vl_result result = take_bytes(r, bytes);
    if (result != VL_OK) return fail(r, result);
    return r->state == READER_OVER ? r->end : VL_OK;
}

vl_result vl_bundle_read_end(struct vl_bundle_reader *r)
{
    if (r->state == READER_FAILED) return r->error;
    if (r->state == READER_OVER) return r->end;
    return fail(r, r->state == READER_PRELUDE ? VL_ERR_NO_KEY : VL_ERR_TRUNCATED);
}

struct vl_replica *vl_bundle_replica(const struct vl_bundle_reader *r)
{
    return r->s == NULL ? NULL : r->replica;
}

struct vl_bundle_counts vl_bundle_have_read(const struct vl_bundle_reader *r)
{
    struct vl_bundle_counts counts = r->counts;
    if (r->s == NULL) return counts;
    counts.entries = r->s->counts.entries_received;
    counts.waiting = r->s->pending.entries;
    counts.forks = vl_session_forks(r->s, NULL, 0);
    return counts;
}
