/* Whatever a file or a member's program puts into a bundle: nothing breaks, the reader ends with
 * one result for ever, and the copy still opens and verifies.
 *
 * The first byte says how much is honest: 0 nothing (the rest is the file), 1 the prelude and the
 * frames' seal, 2 the header too, 3 header and an empty proof. */
#include "sync/bundle_seal.h"
#include "tests/support/circle_fixture.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/bundle.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct circle_fixture *fixture;
static struct memory_storage *before;

static void need(bool holds)
{
    if (!holds) abort();
}

static void begin(void)
{
    if (fixture != NULL) return;
    struct vl_record_id record = fixture_record(1);
    fixture = circle_fixture_create(2, 1);
    (void)circle_fixture_set(fixture, 0, 1, &record, 1, "un");
    before = memory_storage_clone(fixture->nodes[1].memory);
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
    if (honest >= 3) add_message(&plain, vl_bytes(no_proof, sizeof no_proof));
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
    unsigned honest = data[0] % 4;
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
