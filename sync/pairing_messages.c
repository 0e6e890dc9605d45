#include "sync/pairing_messages.h"

#include <string.h>
#include <veillee/value.h>

static_assert(2 * (VL_NAME_BYTES_MAX + 8u) + 2 * (VL_AGREEMENT_BYTES_MAX + 8u) + 512u <=
                  VL_MESSAGE_BYTES_MAX,
              "the largest offer is one message");

vl_result pairing_message_kind(struct vl_bytes message, enum pairing_message *kind)
{
    if (message.size == 0) return VL_ERR_TRUNCATED;
    if (message.data[0] < PAIRING_OFFER || message.data[0] > PAIRING_REFUSE) return VL_ERR_KIND;
    *kind = (enum pairing_message)message.data[0];
    return VL_OK;
}

/* Whether a text may be a circle's or a person's name. UTF-8 is not checked. */
static vl_result check_name(struct vl_bytes name)
{
    if (name.size == 0) return VL_ERR_INVALID;
    if (name.size > VL_NAME_BYTES_MAX) return VL_ERR_TOO_LARGE;
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] == '\n' || name.data[i] == '\t') return VL_ERR_INVALID;
    return VL_OK;
}

/* ---- parts ---- */

/* NFC may make a text longer: what is measured is what will be on the wire. */
static vl_result write_text(struct vl_writer *w, struct vl_bytes text, bool name, size_t max)
{
    struct vl_buffer value = {0};

    vl_result result =
        vl_value_encode(&(struct vl_value){.tag = VL_VALUE_TEXT, .bytes = text}, &value);
    if (result == VL_OK && value.size - 1 > max) result = VL_ERR_TOO_LARGE;
    if (result == VL_OK && name) result = check_name(vl_bytes(value.data + 1, value.size - 1));
    if (result == VL_OK) vl_write_string(w, vl_buffer_view(&value));
    vl_buffer_finish(&value);
    return result;
}

static struct vl_bytes read_text(struct vl_reader *r, bool name, size_t max)
{
    const struct vl_bytes none = vl_bytes(NULL, 0), bytes = vl_read_string(r, max + 1);
    struct vl_value value;

    if (r->result != VL_OK) return none;
    vl_reader_fail(r, vl_value_decode(bytes, &value));
    if (r->result != VL_OK) return none;
    if (value.tag != VL_VALUE_TEXT) {
        vl_reader_fail(r, VL_ERR_KIND);
        return none;
    }
    if (name) vl_reader_fail(r, check_name(value.bytes));
    return value.bytes;
}

static enum vl_pairing_as read_as(struct vl_reader *r)
{
    const uint8_t as = vl_read_u8(r);

    if (as < VL_PAIRING_AS_COUNT) return (enum vl_pairing_as)as;
    vl_reader_fail(r, VL_ERR_NOT_CANONICAL);
    return VL_PAIRING_AS_MEMBER;
}

static void read_kind(struct vl_reader *r, enum pairing_message kind)
{
    if (vl_read_u8(r) != (uint8_t)kind) vl_reader_fail(r, VL_ERR_KIND);
}

static void write_card(struct vl_writer *w, const struct vl_device_card *card)
{
    vl_write_exact(w, card->sign, sizeof card->sign);
    vl_write_exact(w, card->noise, sizeof card->noise);
    vl_write_exact(w, card->seal, sizeof card->seal);
}

static void read_card(struct vl_reader *r, struct vl_device_card *card)
{
    vl_read_exact(r, card->sign, sizeof card->sign);
    vl_read_exact(r, card->noise, sizeof card->noise);
    vl_read_exact(r, card->seal, sizeof card->seal);
}

/* The writer's result, or the buffer as it was. */
static vl_result end(const struct vl_writer *w, size_t start, vl_result result)
{
    if (result == VL_OK) result = vl_writer_result(w);
    if (result != VL_OK) w->out->size = start;
    return result;
}

/* ---- OFFER ---- */

vl_result pairing_offer_encode(const struct vl_pairing_offer *offer,
                               const uint8_t blind[static PROOF_BLIND_BYTES], struct vl_buffer *out)
{
    const size_t start = out->size;
    struct vl_writer w = vl_writer(out, start + VL_MESSAGE_BYTES_MAX);
    const bool founder = offer->as == VL_PAIRING_AS_FOUNDER;

    if (offer->as == VL_PAIRING_AS_DEVICE && vl_id_is_zero(&offer->person)) return VL_ERR_INVALID;
    vl_write_u8(&w, PAIRING_OFFER);
    vl_write_u8(&w, (uint8_t)offer->as);
    vl_write_exact(&w, founder ? offer->random : offer->circle.bytes, 32);
    vl_result result = write_text(&w, offer->name, true, VL_NAME_BYTES_MAX);
    if (result == VL_OK) result = write_text(&w, offer->purpose, false, VL_AGREEMENT_BYTES_MAX);
    if (result == VL_OK) result = write_text(&w, offer->agreement, false, VL_AGREEMENT_BYTES_MAX);
    if (result == VL_OK) result = write_text(&w, offer->inviter, true, VL_NAME_BYTES_MAX);
    write_card(&w, &offer->inviter_card);
    if (offer->as == VL_PAIRING_AS_DEVICE)
        vl_write_exact(&w, offer->person.bytes, sizeof offer->person.bytes);
    vl_write_exact(&w, blind, PROOF_BLIND_BYTES);
    return end(&w, start, result);
}

vl_result pairing_offer_decode(struct vl_bytes message, struct vl_pairing_offer *out,
                               uint8_t blind[static PROOF_BLIND_BYTES])
{
    struct vl_reader r = vl_reader(message);

    memset(out, 0, sizeof *out);
    read_kind(&r, PAIRING_OFFER);
    out->as = read_as(&r);
    vl_read_exact(&r, out->as == VL_PAIRING_AS_FOUNDER ? out->random : out->circle.bytes, 32);
    out->name = read_text(&r, true, VL_NAME_BYTES_MAX);
    out->purpose = read_text(&r, false, VL_AGREEMENT_BYTES_MAX);
    out->agreement = read_text(&r, false, VL_AGREEMENT_BYTES_MAX);
    out->inviter = read_text(&r, true, VL_NAME_BYTES_MAX);
    read_card(&r, &out->inviter_card);
    if (out->as == VL_PAIRING_AS_DEVICE) {
        vl_read_exact(&r, out->person.bytes, sizeof out->person.bytes);
        if (vl_id_is_zero(&out->person)) vl_reader_fail(&r, VL_ERR_INVALID);
    }
    vl_read_exact(&r, blind, PROOF_BLIND_BYTES);
    return vl_reader_end(&r);
}

/* ---- ACCEPT ---- */

/* A device takes no other name than its person's. */
static vl_result check_pseudonym(struct vl_bytes pseudonym, enum vl_pairing_as as)
{
    if (as != VL_PAIRING_AS_DEVICE) return check_name(pseudonym);
    return pseudonym.size == 0 ? VL_OK : VL_ERR_INVALID;
}

vl_result pairing_answer_encode(const struct vl_pairing_answer *answer, enum vl_pairing_as as,
                                const uint8_t blind[static PROOF_BLIND_BYTES],
                                struct vl_buffer *out)
{
    const size_t start = out->size;
    struct vl_writer w = vl_writer(out, start + VL_MESSAGE_BYTES_MAX);

    vl_write_u8(&w, PAIRING_ACCEPT);
    vl_write_exact(&w, answer->circle.bytes, sizeof answer->circle.bytes);
    const bool named = as != VL_PAIRING_AS_DEVICE;
    vl_result result = write_text(&w, answer->pseudonym, named, VL_NAME_BYTES_MAX);
    if (result == VL_OK && !named) result = check_pseudonym(answer->pseudonym, as);
    vl_enrolment_write(&w, &answer->enrolment);
    vl_write_u8(&w, (uint8_t)as);
    if (as == VL_PAIRING_AS_FOUNDER)
        vl_write_exact(&w, answer->founding_signature, sizeof answer->founding_signature);
    vl_write_exact(&w, blind, PROOF_BLIND_BYTES);
    return end(&w, start, result);
}

vl_result pairing_answer_decode(struct vl_bytes message, struct vl_pairing_answer *out,
                                enum vl_pairing_as *as, uint8_t blind[static PROOF_BLIND_BYTES])
{
    struct vl_reader r = vl_reader(message);

    memset(out, 0, sizeof *out);
    read_kind(&r, PAIRING_ACCEPT);
    vl_read_exact(&r, out->circle.bytes, sizeof out->circle.bytes);
    out->pseudonym = read_text(&r, false, VL_NAME_BYTES_MAX);
    vl_enrolment_read(&r, &out->enrolment);
    *as = read_as(&r);
    vl_reader_fail(&r, check_pseudonym(out->pseudonym, *as));
    if (*as == VL_PAIRING_AS_FOUNDER)
        vl_read_exact(&r, out->founding_signature, sizeof out->founding_signature);
    vl_read_exact(&r, blind, PROOF_BLIND_BYTES);
    return vl_reader_end(&r);
}

/* ---- WELCOME, REFUSE ---- */

vl_result pairing_word_encode(enum pairing_message kind, struct vl_buffer *out)
{
    const uint8_t byte = (uint8_t)kind;

    return vl_buffer_append(out, &byte, 1);
}

vl_result pairing_word_decode(struct vl_bytes message)
{
    return message.size == 1 ? VL_OK : VL_ERR_TRAILING;
}
