#include "tests/support/forged_bundle.h"
#include "sync/session_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(vl_result result)
{
    if (result == VL_OK) return;
    fprintf(stderr, "a forged bundle: %s\n", vl_result_name(result));
    abort();
}

struct forged forge(struct circle_fixture *f, size_t by)
{
    struct forged forged = {0};
    must(bundle_key_create(&forged.key));
    must(bundle_prelude_write(f->nodes[by].replica, forged.key, &forged.file, &forged.hash));
    return forged;
}

void forge_message(struct forged *forged, struct vl_bytes message)
{
    struct vl_writer w = vl_writer(&forged->plain, SIZE_MAX);
    vl_write_string(&w, message);
    must(vl_writer_result(&w));
}

void forge_header(struct circle_fixture *f, struct forged *forged, size_t signer,
                  const struct vl_id *circle)
{
    struct vl_buffer message = {0};
    struct bundle_header header = {.circle = *circle, .wall = FORGED_WALL};
    memcpy(header.author, f->nodes[signer].keys->card.sign, sizeof header.author);
    must(bundle_header_write(&header, &forged->hash, f->nodes[signer].keys, &message));
    forge_message(forged, vl_buffer_view(&message));
    vl_buffer_finish(&message);
}

void forge_no_proof(struct forged *forged)
{
    static const uint8_t none[] = {MESSAGE_PROOF, 1, 0};
    forge_message(forged, vl_bytes(none, sizeof none));
}

void forge_seal(struct forged *forged, size_t last_frame)
{
    for (size_t number = 0; number <= last_frame; number++) {
        uint8_t frame[VL_BUNDLE_FRAME_BYTES] = {0};
        size_t at = number * sizeof frame;
        if (at < forged->plain.size) {
            size_t part = forged->plain.size - at;
            memcpy(frame, forged->plain.data + at, part < sizeof frame ? part : sizeof frame);
        }
        must(bundle_frame_seal(forged->key, number, number == last_frame, frame, &forged->file));
    }
}

void forge_finish(struct forged *forged)
{
    bundle_key_destroy(forged->key);
    vl_buffer_finish(&forged->file);
    vl_buffer_finish(&forged->plain);
}
