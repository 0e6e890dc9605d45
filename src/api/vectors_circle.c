/* A whole small circle, with the secrets that open it and what comes out of it. */
#include "api/vectors.h"
#include "api/vectors_world.h"

#include <string.h>

static vl_result put_entry(void *context, const struct vl_entry_row *row)
{
    struct json_out *o = context;
    json_open(o, '{');
    json_put_id(o, "id", &row->id);
    vectors_hex(o, "header", row->entry.header.data, row->entry.header.size);
    vectors_hex(o, "signature", row->entry.signature, sizeof row->entry.signature);
    vectors_hex(o, "blob", row->entry.blob.data, row->entry.blob.size);
    json_close(o, '}');
    return o->result;
}

static vl_result put_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct json_out *o = context;
    json_open(o, '{');
    json_put_integer(o, "type", key->type);
    vectors_hex(o, "record", key->record.bytes, sizeof key->record.bytes);
    json_put_integer(o, "field", key->field);
    json_put_integer(o, "kind", (int64_t)key->kind);
    vectors_hex(o, "state", state.data, state.size);
    json_close(o, '}');
    return o->result;
}

static vl_result put_members(struct json_out *o, struct vl_replica *replica)
{
    struct vl_membership *m = vl_replica_membership(replica);
    if (m == NULL) return VL_ERR_NO_MEMORY;
    json_key(o, "persons");
    json_open(o, '[');
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state person;
        vl_membership_person(m, i, &person);
        json_open(o, '{');
        vectors_hex(o, "person", person.name.data, person.name.size);
        json_put_integer(o, "role", (int64_t)person.role);
        json_put_flag(o, "confirmed", person.confirmed);
        json_close(o, '}');
    }
    json_close(o, ']');
    json_key(o, "devices");
    json_open(o, '[');
    for (size_t i = 0; i < vl_membership_device_count(m); i++) {
        struct vl_device_state device;
        vl_membership_device(m, i, &device);
        json_open(o, '{');
        vectors_hex(o, "sign_key", device.device.data, device.device.size);
        vectors_hex(o, "person", device.person.data, device.person.size);
        json_put_flag(o, "current", device.current);
        json_close(o, '}');
    }
    json_close(o, ']');
    return VL_OK;
}

static vl_result put_bundle(struct json_out *o, struct world *w)
{
    struct vl_buffer file = {0};
    vl_result result = world_bundle(w, 0, &file);
    if (result == VL_OK) vectors_hex(o, "bundle", file.data, file.size);
    vl_buffer_finish(&file);
    return result;
}

static vl_result put_world(struct json_out *o, struct world *w)
{
    struct vl_replica *replica = w->nodes[0].replica;
    struct vl_scan all = {0};
    struct vl_id digest, heads;
    VL_TRY(vl_replica_digest(replica, &digest));
    vl_replica_heads_digest(replica, &heads);
    json_put_id(o, "id", &w->circle);
    json_put_id(o, "random", &w->random);
    json_key(o, "seeds");
    json_open(o, '[');
    for (unsigned i = 0; i < WORLD_NODES; i++) {
        vectors_hex(o, NULL, w->nodes[i].seed.bytes, sizeof w->nodes[i].seed.bytes);
    }
    json_close(o, ']');
    json_key(o, "entries");
    json_open(o, '[');
    VL_TRY(vl_replica_entries(replica, &all, put_entry, o));
    json_close(o, ']');
    VL_TRY(put_members(o, replica));
    json_key(o, "cells");
    json_open(o, '[');
    const struct vl_storage *storage = &w->nodes[0].storage;
    VL_TRY(storage->cell_scan(storage->self, false, 0, put_cell, o));
    json_close(o, ']');
    json_put_id(o, "heads_digest", &heads);
    json_put_id(o, "state_digest", &digest);
    json_put_id(o, "reader_seed", &w->nodes[1].seed);
    json_put_id(o, "removed_seed", &w->nodes[2].seed);
    return put_bundle(o, w);
}

vl_result vectors_circle(struct json_out *o)
{
    struct world world;
    json_key(o, "circle");
    json_open(o, '{');
    vl_result result = world_play(&world);
    if (result == VL_OK) result = put_world(o, &world);
    world_finish(&world);
    json_close(o, '}');
    return result;
}
