/* Whatever a file or a member's program puts into a bundle: nothing breaks, the reader ends with
 * one result for ever, and the copy still opens and verifies.
 *
 * The first byte says how much is honest: 0 nothing (the rest is the file), 1 the prelude and the
 * frames' seal, 2 the header too, 3 header and an empty proof, 4 the beginning of what an honest
 * writer puts behind the header (u16 how many bytes of it), 5 all of that, with bytes changed (u16
 * where, u8 by what, and so on). */
#include "sync/bundle_seal.h"
#include "tests/support/circle_fixture.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/bundle.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct circle_fixture *fixture;
static struct memory_storage *before;
static struct vl_buffer honest_messages; /* of node 0's bundle for node 1, behind the header */

static void need(bool holds)
{
    if (!holds) abort();
}

/* Node 0's bundle, opened as node 1 opens it. */
static void read_honest(void)
{
    struct vl_bundle_writer *writer = NULL;
    struct bundle_key *key = NULL;
    struct vl_replica *found = NULL;
    struct vl_buffer file = {0};
    struct vl_id hash;
    size_t at = 0;
    bool last = false;
    need(vl_bundle_writer_create(&writer, fixture->nodes[0].replica, NULL, 0, (vl_wall){0}) ==
         VL_OK);
    while (vl_bundle_write(writer, SIZE_MAX, &file) == VL_OK)
        continue;
    vl_bundle_writer_destroy(writer);
    need(bundle_key_create(&key) == VL_OK);
    need(bundle_prelude_size(file.data, &at) == VL_OK);
    need(bundle_prelude_read(vl_bytes(file.data, at), &fixture->nodes[1].replica, 1, key, &found,
                             &hash) == VL_OK);
    for (uint64_t number = 0; !last; number++, at += BUNDLE_SEALED_FRAME_BYTES)
        need(bundle_frame_open(key, number, file.data + at, &last, &honest_messages) == VL_OK);
    struct vl_reader r = vl_reader(vl_buffer_view(&honest_messages));
    (void)vl_read_string(&r, VL_MESSAGE_BYTES_MAX); /* the header */
    vl_buffer_consume(&honest_messages, r.at);
    bundle_key_destroy(key);
    vl_buffer_finish(&file);
}

static void begin(void)
{
    if (fixture != NULL) return;
    fixture = circle_fixture_create(2, 1);
    for (uint64_t i = 0; i < 4; i++) {
        struct vl_record_id record = fixture_record(i);
        (void)circle_fixture_set(fixture, 0, 1, &record, 1, "un");
    }
    before = memory_storage_clone(fixture->nodes[1].memory);
    read_honest();
}

static void add_message(struct vl_buffer *plain, struct vl_bytes message)
{
    struct vl_writer w = vl_writer(plain, SIZE_MAX);
    vl_write_string(&w, message);
    need(w.result == VL_OK);
}

/* The plaintext in frames, the last filled with zeros. */
static void seal(const struct bundle_key *key, struct vl_bytes plain, struct vl_buffer *file)
{
    bool last = false;
    for (uint64_t number = 0; !last; number++) {
        uint8_t frame[VL_BUNDLE_FRAME_BYTES] = {0};
        size_t part = plain.size < sizeof frame ? plain.size : sizeof frame;
        if (part > 0) memcpy(frame, plain.data, part);
        last = part < sizeof frame;
        if (part > 0) plain = vl_bytes(plain.data + part, plain.size - part);
        need(bundle_frame_seal(key, number, last, frame, file) == VL_OK);
    }
}

static void add_honest(unsigned honest, struct vl_bytes rest, struct vl_buffer *plain)
{
    struct vl_reader r = vl_reader(rest);
    const uint16_t size = vl_read_u16(&r) % (uint16_t)honest_messages.size;
    if (r.result != VL_OK) return;
    if (honest == 4) {
        need(vl_buffer_append(plain, honest_messages.data, size) == VL_OK);
        need(vl_buffer_append(plain, rest.data + r.at, rest.size - r.at) == VL_OK);
        return;
    }
    const size_t from = plain->size;
    need(vl_buffer_append(plain, honest_messages.data, honest_messages.size) == VL_OK);
    for (r = vl_reader(rest); r.at + 3 <= rest.size;) {
        const size_t at = vl_read_u16(&r) % honest_messages.size;
        plain->data[from + at] ^= vl_read_u8(&r);
    }
}

static void make(unsigned honest, struct vl_bytes rest, struct vl_buffer *file)
{
    static const uint8_t no_proof[] = {1, 1, 0};
    struct bundle_key *key = NULL;
    struct vl_buffer plain = {0}, message = {0};
    struct vl_id hash;
    struct bundle_header header = {.circle = fixture->id};
    const struct vl_device_keys *keys = fixture->nodes[0].keys;
    memcpy(header.author, keys->card.sign, sizeof header.author);
    need(bundle_key_create(&key) == VL_OK);
    need(bundle_prelude_write(fixture->nodes[0].replica, key, file, &hash) == VL_OK);
    if (honest >= 2) {
        need(bundle_header_write(&header, &hash, keys, &message) == VL_OK);
        add_message(&plain, vl_buffer_view(&message));
    }
    if (honest == 3) add_message(&plain, vl_bytes(no_proof, sizeof no_proof));
    if (honest >= 4)
        add_honest(honest, rest, &plain);
    else
        need(vl_buffer_append(&plain, rest.data, rest.size) == VL_OK);
    seal(key, vl_buffer_view(&plain), file);
    bundle_key_destroy(key);
    vl_buffer_finish(&plain);
    vl_buffer_finish(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vl_buffer file = {0};
    struct vl_bundle_reader *reader = NULL;
    begin();
    if (size < 2) return 0;
    struct vl_bytes rest = vl_bytes(data + 1, size - 1);
    unsigned honest = data[0] < 4 ? data[0] : data[0] % 6;
    if (honest == 0) {
        need(vl_buffer_append(&file, rest.data, rest.size) == VL_OK);
    } else {
        make(honest, rest, &file);
    }
    need(vl_bundle_reader_create(&reader, &fixture->nodes[1].replica, 1) == VL_OK);
    size_t half = file.size / 2;
    vl_result result = vl_bundle_read(reader, vl_bytes(file.data, half));
    vl_result second = vl_bundle_read(reader, vl_bytes(file.data + half, file.size - half));
    if (result != VL_OK) need(second == result || result == VL_ERR_MISSING);
    need(vl_bundle_read_end(reader) == vl_bundle_read_end(reader));
    if (vl_bundle_have_read(reader).entries > 0) {
        struct vl_verify_report report;
        struct vl_id bad;
        need(vl_replica_verify(fixture->nodes[1].replica, &report, &bad) == VL_OK);
    }
    vl_bundle_reader_destroy(reader);
    vl_buffer_finish(&file);
    memory_storage_restore(fixture->nodes[1].memory, before);
    circle_fixture_reopen(fixture, 1);
    return 0;
}
