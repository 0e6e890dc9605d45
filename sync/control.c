#include "sync/sign.h"

#include <stdlib.h>
#include <string.h>
#include <veillee/control.h>

enum enrolments { NO_ENROLMENT, ONE_ENROLMENT, MANY_ENROLMENTS, FOUNDERS };

/* Which fields a kind has. They stand in the body in the order of these columns. */
static const struct shape {
    bool target, key_id;
    enum enrolments enrolments;
    bool seals, ids;
} shapes[VL_CONTROL_KIND_COUNT] = {
    [VL_CONTROL_FOUND] = {false, false, FOUNDERS, false, false},
    [VL_CONTROL_ADD] = {true, false, MANY_ENROLMENTS, false, false},
    [VL_CONTROL_REMOVE] = {true, false, NO_ENROLMENT, false, false},
    [VL_CONTROL_DEMOTE] = {true, false, NO_ENROLMENT, false, false},
    [VL_CONTROL_PROMOTE] = {true, false, NO_ENROLMENT, false, false},
    [VL_CONTROL_ENDORSE] = {true, false, NO_ENROLMENT, false, false},
    [VL_CONTROL_VOUCH] = {true, false, NO_ENROLMENT, false, false},
    [VL_CONTROL_VOTE] = {true, false, NO_ENROLMENT, false, false},
    [VL_CONTROL_LEAVE] = {false, false, NO_ENROLMENT, false, false},
    [VL_CONTROL_STEPDOWN] = {false, false, NO_ENROLMENT, false, false},
    [VL_CONTROL_ADD_DEVICE] = {true, false, ONE_ENROLMENT, false, false},
    [VL_CONTROL_REMOVE_DEVICE] = {true, false, NO_ENROLMENT, false, false},
    [VL_CONTROL_RESTORE] = {true, false, ONE_ENROLMENT, false, false},
    [VL_CONTROL_EPOCH] = {false, true, NO_ENROLMENT, true, false},
    [VL_CONTROL_SEAL] = {true, false, NO_ENROLMENT, true, false},
    [VL_CONTROL_TOMBSTONE] = {false, false, NO_ENROLMENT, false, true},
};

const char *vl_control_kind_text(enum vl_control_kind kind)
{
    static const char *const texts[VL_CONTROL_KIND_COUNT] = {
#define CONTROL_ROW(name, text) text,
        VL_CONTROL_TABLE(CONTROL_ROW)
#undef CONTROL_ROW
    };
    return texts[kind];
}

/* Lists are sorted by their items' first 32 bytes, which tell the items apart. */
static bool is_sorted(const void *items, size_t count, size_t size)
{
    const uint8_t *at = items;
    for (size_t i = 1; i < count; i++) {
        if (memcmp(at + (i - 1) * size, at + i * size, 32) >= 0) return false;
    }
    return true;
}

static vl_result check_enrolments(const struct vl_control *c, enum enrolments wanted)
{
    size_t count = c->enrolment_count;
    bool is_right = false;
    switch (wanted) {
    case NO_ENROLMENT: is_right = count == 0; break;
    case ONE_ENROLMENT: is_right = count == 1; break;
    case MANY_ENROLMENTS:
        if (count > VL_ENROLMENTS_MAX) return VL_ERR_TOO_LARGE;
        is_right = count >= 1 && is_sorted(c->enrolments, count, sizeof c->enrolments[0]);
        break;
    case FOUNDERS:
        is_right = count == (c->is_private ? 1 : 2);
        if (is_right && count == 2) {
            is_right = memcmp(c->enrolments[0].card.sign, c->enrolments[1].card.sign, 32) != 0;
        }
        break;
    }
    return is_right ? VL_OK : VL_ERR_NOT_CANONICAL;
}

/* What a body must satisfy by itself; the same for what is written and what is read. */
static vl_result check(const struct vl_control *c)
{
    if ((unsigned)c->kind >= VL_CONTROL_KIND_COUNT) return VL_ERR_KIND;
    const struct shape *shape = &shapes[c->kind];
    if (c->seal_count > VL_SEALS_MAX || c->id_count > VL_TOMBSTONE_MAX ||
        c->cite_count > VL_CITES_MAX) {
        return VL_ERR_TOO_LARGE;
    }
    VL_TRY(check_enrolments(c, shape->enrolments));
    if ((!shape->seals && c->seal_count > 0) || shape->ids != (c->id_count > 0)) {
        return VL_ERR_NOT_CANONICAL;
    }
    if (!is_sorted(c->seals, c->seal_count, sizeof c->seals[0]) ||
        !is_sorted(c->ids, c->id_count, sizeof c->ids[0]) ||
        !is_sorted(c->cites, c->cite_count, sizeof c->cites[0])) {
        return VL_ERR_NOT_CANONICAL;
    }
    return VL_OK;
}

/* ---- encoding ---- */

static void write_enrolments(struct vl_writer *w, const struct vl_control *c, enum enrolments kind)
{
    if (kind == FOUNDERS) {
        vl_write_u8(w, c->is_private ? 1 : 0);
        vl_write_exact(w, c->random, sizeof c->random);
    }
    if (kind == MANY_ENROLMENTS) vl_write_varint(w, c->enrolment_count);
    for (size_t i = 0; i < c->enrolment_count; i++) {
        vl_enrolment_write(w, &c->enrolments[i]);
    }
    if (kind == FOUNDERS && !c->is_private) {
        vl_write_exact(w, c->second_signature, sizeof c->second_signature);
    }
}

static void write_ids(struct vl_writer *w, const struct vl_id *ids, size_t count)
{
    vl_write_varint(w, count);
    if (count > 0) vl_write_exact(w, ids, count * sizeof ids[0]);
}

vl_result vl_control_encode(const struct vl_control *c, struct vl_buffer *out)
{
    size_t before = out->size;
    VL_TRY(check(c));

    const struct shape *shape = &shapes[c->kind];
    struct vl_writer w = vl_writer(out, before + VL_BLOB_BYTES_MAX);
    vl_write_u8(&w, (uint8_t)c->kind);
    if (shape->target) vl_write_exact(&w, c->target.bytes, 32);
    if (shape->key_id) vl_write_exact(&w, c->key_id.bytes, 32);
    write_enrolments(&w, c, shape->enrolments);
    if (shape->seals) {
        vl_write_varint(&w, c->seal_count);
        for (size_t i = 0; i < c->seal_count; i++) {
            vl_write_exact(&w, c->seals[i].recipient, sizeof c->seals[i].recipient);
            vl_write_exact(&w, c->seals[i].box, sizeof c->seals[i].box);
        }
    }
    if (shape->ids) write_ids(&w, c->ids, c->id_count);
    write_ids(&w, c->cites, c->cite_count);
    if (w.result != VL_OK) out->size = before;
    return vl_writer_result(&w);
}

/* ---- decoding ---- */

/* A list of `count` items, when the input can hold that many at all. NULL also for none. */
static void *list(struct vl_reader *r, size_t count, size_t item_size, size_t wire_size)
{
    if (count == 0 || r->result != VL_OK) return NULL;
    if (count > vl_reader_left(r) / wire_size) {
        vl_reader_fail(r, VL_ERR_TRUNCATED);
        return NULL;
    }
    void *items = calloc(count, item_size);
    if (items == NULL) vl_reader_fail(r, VL_ERR_NO_MEMORY);
    return items;
}

static void read_enrolments(struct vl_reader *r, struct vl_control *c, enum enrolments kind)
{
    size_t count = kind == ONE_ENROLMENT ? 1 : 0;
    if (kind == FOUNDERS) {
        uint8_t is_private = vl_read_u8(r);
        if (is_private > 1) vl_reader_fail(r, VL_ERR_NOT_CANONICAL);
        c->is_private = is_private == 1;
        vl_read_exact(r, c->random, sizeof c->random);
        count = c->is_private ? 1 : 2;
    }
    if (kind == MANY_ENROLMENTS) count = (size_t)vl_read_varint(r, VL_ENROLMENTS_MAX);
    c->enrolments = list(r, count, sizeof c->enrolments[0], VL_ENROLMENT_BYTES);
    c->enrolment_count = c->enrolments == NULL ? 0 : count;
    for (size_t i = 0; i < c->enrolment_count; i++) {
        vl_enrolment_read(r, &c->enrolments[i]);
    }
    if (kind == FOUNDERS && !c->is_private) {
        vl_read_exact(r, c->second_signature, sizeof c->second_signature);
    }
}

static void read_seals(struct vl_reader *r, struct vl_control *c)
{
    size_t count = (size_t)vl_read_varint(r, VL_SEALS_MAX);
    c->seals = list(r, count, sizeof c->seals[0], 32 + VL_KEY_BOX_BYTES);
    c->seal_count = c->seals == NULL ? 0 : count;
    for (size_t i = 0; i < c->seal_count; i++) {
        vl_read_exact(r, c->seals[i].recipient, sizeof c->seals[i].recipient);
        vl_read_exact(r, c->seals[i].box, sizeof c->seals[i].box);
    }
}

static void read_ids(struct vl_reader *r, struct vl_id **ids, size_t *ids_count, size_t max)
{
    size_t count = (size_t)vl_read_varint(r, max);
    *ids = list(r, count, sizeof **ids, sizeof **ids);
    *ids_count = *ids == NULL ? 0 : count;
    if (*ids != NULL) vl_read_exact(r, *ids, count * sizeof **ids);
}

vl_result vl_control_decode(struct vl_bytes body, struct vl_control *out)
{
    struct vl_control c = {0};
    if (body.size > VL_BLOB_BYTES_MAX) return VL_ERR_TOO_LARGE;

    struct vl_reader r = vl_reader(body);
    uint8_t kind = vl_read_u8(&r);
    VL_TRY(r.result);
    if (kind >= VL_CONTROL_KIND_COUNT) return VL_ERR_KIND;
    c.kind = (enum vl_control_kind)kind;

    const struct shape *shape = &shapes[kind];
    if (shape->target) vl_read_exact(&r, c.target.bytes, 32);
    if (shape->key_id) vl_read_exact(&r, c.key_id.bytes, 32);
    read_enrolments(&r, &c, shape->enrolments);
    if (shape->seals) read_seals(&r, &c);
    if (shape->ids) read_ids(&r, &c.ids, &c.id_count, VL_TOMBSTONE_MAX);
    read_ids(&r, &c.cites, &c.cite_count, VL_CITES_MAX);

    vl_result result = vl_reader_end(&r);
    if (result == VL_OK) result = check(&c);
    if (result != VL_OK) {
        vl_control_finish(&c);
        return result;
    }
    *out = c;
    return VL_OK;
}

void vl_control_finish(struct vl_control *control)
{
    if (control == NULL) return;
    free(control->enrolments);
    free(control->seals);
    free(control->ids);
    free(control->cites);
    *control = (struct vl_control){0};
}

/* ---- signatures ---- */

void vl_circle_id(const uint8_t author_sign[static 32], const uint8_t second_sign[static 32],
                  const uint8_t random[static 32], struct vl_id *out)
{
    struct vl_bytes parts[] = {vl_bytes(author_sign, 32), vl_bytes(second_sign, 32),
                               vl_bytes(random, 32)};
    vl_hash(VL_DOMAIN_CIRCLE_ID, parts, 3, out);
}

void vl_founding_sign(const struct vl_device_keys *second, const struct vl_id *circle,
                      const struct vl_device_card *author, uint8_t signature[static 64])
{
    struct vl_bytes parts[] = {vl_bytes(circle->bytes, 32), vl_bytes(author, sizeof *author),
                               vl_bytes(&second->card, sizeof second->card)};
    sign_parts(VL_DOMAIN_FOUNDING, parts, 3, second->sign_secret, signature);
}

static vl_result verify_founding(const struct vl_control *c, const struct vl_id *circle,
                                 const uint8_t author_sign[static 32])
{
    static const uint8_t nobody[32];
    const struct vl_device_card *author = &c->enrolments[0].card;
    const struct vl_device_card *second = c->is_private ? NULL : &c->enrolments[1].card;
    struct vl_id id;

    vl_circle_id(author->sign, second == NULL ? nobody : second->sign, c->random, &id);
    if (!vl_id_equal(&id, circle)) return VL_ERR_CIRCLE;
    if (memcmp(author->sign, author_sign, 32) != 0) return VL_ERR_SIGNATURE;
    for (size_t i = 0; i < c->enrolment_count; i++) {
        struct vl_id person;
        vl_person_id(c->enrolments[i].card.sign, &person);
        VL_TRY(vl_enrolment_verify(&c->enrolments[i], circle, &person));
    }
    if (second == NULL) return VL_OK;

    struct vl_bytes parts[] = {vl_bytes(circle->bytes, 32), vl_bytes(author, sizeof *author),
                               vl_bytes(second, sizeof *second)};
    return sign_verify_parts(VL_DOMAIN_FOUNDING, parts, 3, c->second_signature, second->sign);
}

vl_result vl_control_verify(const struct vl_control *control, const struct vl_id *circle,
                            const uint8_t author_sign[static 32])
{
    VL_TRY(check(control));
    if (control->kind == VL_CONTROL_FOUND) return verify_founding(control, circle, author_sign);
    for (size_t i = 0; i < control->enrolment_count; i++) {
        VL_TRY(vl_enrolment_verify(&control->enrolments[i], circle, &control->target));
    }
    return VL_OK;
}
