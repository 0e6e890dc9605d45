#include "api/vectors_world.h"

#include "api/vectors.h"
#include "circle/ownership.h"
#include "circle/record.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <veillee/bundle.h>
#include <veillee/value.h>

static const char passphrase[] = "a vault of nobody's";

/* ---- nodes ---- */

static vl_result open_node(struct world *w, struct world_node *node)
{
    uint64_t wait = 0;
    struct store_circle row = {.id = w->circle};
    memcpy(row.seed, node->seed.bytes, sizeof row.seed);
    snprintf(row.name, sizeof row.name, "vectors");
    snprintf(row.pseudonym, sizeof row.pseudonym, "vectors");
    VL_TRY(store_create(node->folder, vl_bytes_text(passphrase)));
    VL_TRY(store_open(&node->store, node->folder, vl_bytes_text(passphrase), &wait));
    VL_TRY(store_circle_add(node->store, &row));
    store_storage(node->store, &w->circle, &node->storage);
    return vl_replica_open(&node->replica, &w->circle, node->keys, &node->storage,
                           ownership_may_write);
}

static vl_result make_nodes(struct world *w)
{
    for (unsigned i = 0; i < WORLD_NODES; i++) {
        struct world_node *node = &w->nodes[i];
        const char *folder = getenv("TMPDIR");
        int size = snprintf(node->folder, sizeof node->folder, "%s/veillee-XXXXXX",
                            folder == NULL ? "/tmp" : folder);
        if (size < 0 || (size_t)size >= sizeof node->folder) return VL_ERR_STORAGE;
        if (mkdtemp(node->folder) == NULL) {
            node->folder[0] = 0;
            return VL_ERR_STORAGE;
        }
        node->seed = vectors_bytes((uint8_t)(0xa0 + i));
        VL_TRY(vl_device_keys_from_seed(node->seed.bytes, &node->keys));
        vl_person_id(node->keys->card.sign, &node->person);
    }
    vl_circle_id(w->nodes[0].keys->card.sign, w->nodes[1].keys->card.sign, w->random.bytes,
                 &w->circle);
    for (unsigned i = 0; i < WORLD_NODES; i++) {
        VL_TRY(open_node(w, &w->nodes[i]));
    }
    vectors_reseed(3); /* whatever the vaults have drawn */
    return VL_OK;
}

static void remove_folder(const char *path)
{
    DIR *folder = path[0] == 0 ? NULL : opendir(path);
    if (folder == NULL) return;
    for (const struct dirent *item = readdir(folder); item != NULL; item = readdir(folder)) {
        (void)unlinkat(dirfd(folder), item->d_name, 0);
    }
    (void)closedir(folder);
    (void)rmdir(path);
}

void world_finish(struct world *w)
{
    for (unsigned i = 0; i < WORLD_NODES; i++) {
        struct world_node *node = &w->nodes[i];
        vl_replica_close(node->replica);
        store_close(node->store);
        vl_device_keys_destroy(node->keys);
        remove_folder(node->folder);
    }
    *w = (struct world){0};
}

/* ---- bundles ---- */

vl_result world_bundle(struct world *w, unsigned from, struct vl_buffer *file)
{
    struct vl_bundle_writer *writer = NULL;
    vl_buffer_clear(file);
    VL_TRY(vl_bundle_writer_create(&writer, w->nodes[from].replica, NULL, 0, w->now));
    vl_result result = VL_OK;
    while (result == VL_OK) {
        result = vl_bundle_write(writer, 65536, file);
    }
    vl_bundle_writer_destroy(writer);
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

static vl_result carry(struct world *w, unsigned from, unsigned to)
{
    struct vl_buffer file = {0};
    struct vl_bundle_reader *reader = NULL;
    vl_result result = world_bundle(w, from, &file);
    if (result == VL_OK) result = vl_bundle_reader_create(&reader, &w->nodes[to].replica, 1);
    if (result == VL_OK) result = vl_bundle_read(reader, vl_buffer_view(&file));
    if (result == VL_OK) result = vl_bundle_read_end(reader);
    vl_bundle_reader_destroy(reader);
    vl_buffer_finish(&file);
    return result;
}

/* ---- writing ---- */

static struct vl_cell_key key_of(uint32_t type, uint8_t record, uint32_t field,
                                 enum vl_field_kind kind)
{
    struct vl_cell_key key = {.type = type, .field = field, .kind = kind};
    memset(key.record.bytes, record, sizeof key.record.bytes);
    return key;
}

static vl_result cell_state(struct world *w, unsigned node, const struct vl_cell_key *key,
                            struct vl_buffer *state)
{
    vl_result result = vl_replica_cell(w->nodes[node].replica, key, state);
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

static vl_result write_one(struct world *w, unsigned node, const struct vl_cell_key *key,
                           struct vl_operation *operation)
{
    struct vl_id id;
    operation->type = key->type;
    operation->record = key->record;
    operation->field = key->field;
    w->now.ms += 60000;
    return vl_replica_write(w->nodes[node].replica, operation, 1, w->now, &id);
}

static vl_result encode_text(const char *text, struct vl_buffer *out)
{
    struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(text)};
    return vl_value_encode(&value, out);
}

/* A register's value, an element added or removed: whatever names the dots that are seen. */
static vl_result put(struct world *w, unsigned node, struct vl_cell_key key, enum vl_opcode opcode,
                     const char *text)
{
    struct vl_buffer state = {0}, value = {0};
    struct vl_dot dots[8];
    struct vl_operation operation = {.opcode = opcode, .dots = dots};
    vl_result result = encode_text(text, &value);
    if (result == VL_OK) result = cell_state(w, node, &key, &state);
    if (result != VL_OK) goto out;
    operation.value = vl_buffer_view(&value);
    if (opcode != VL_OP_SET_ADD && state.size > 0) {
        result = vl_cell_dots(key.kind, vl_buffer_view(&state),
                              opcode == VL_OP_SET_REMOVE ? &operation.value : NULL, dots, 8,
                              &operation.dot_count);
    }
    if (result == VL_OK) result = write_one(w, node, &key, &operation);
out:
    vl_buffer_finish(&state);
    vl_buffer_finish(&value);
    return result;
}

/* Text (of a list: one element) at a position. */
static vl_result insert(struct world *w, unsigned node, struct vl_cell_key key, size_t position,
                        const char *text)
{
    bool is_list = key.kind == VL_FIELD_LIST;
    struct vl_buffer state = {0}, value = {0};
    struct vl_operation operation = {.opcode = is_list ? VL_OP_LIST_INSERT : VL_OP_SEQUENCE_INSERT};
    vl_result result =
        is_list ? encode_text(text, &value) : vl_buffer_append(&value, text, strlen(text));
    if (result == VL_OK) result = cell_state(w, node, &key, &state);
    if (result == VL_OK) {
        operation.value = vl_buffer_view(&value);
        operation.left.is_end = operation.right.is_end = true;
        if (state.size > 0) {
            result = vl_cell_place(key.kind, vl_buffer_view(&state), position, &operation.left,
                                   &operation.right);
        }
    }
    if (result == VL_OK) result = write_one(w, node, &key, &operation);
    vl_buffer_finish(&state);
    vl_buffer_finish(&value);
    return result;
}

static vl_result cut(struct world *w, unsigned node, struct vl_cell_key key, size_t position,
                     size_t length)
{
    bool is_list = key.kind == VL_FIELD_LIST;
    struct vl_buffer state = {0};
    struct vl_span spans[8];
    struct vl_operation operation = {.opcode = is_list ? VL_OP_LIST_DELETE : VL_OP_SEQUENCE_DELETE,
                                     .spans = spans};
    vl_result result = cell_state(w, node, &key, &state);
    if (result == VL_OK) {
        result = vl_cell_spans(key.kind, vl_buffer_view(&state), position, length, spans, 8,
                               &operation.span_count);
    }
    if (result == VL_OK) result = write_one(w, node, &key, &operation);
    vl_buffer_finish(&state);
    return result;
}

static vl_result decide(struct world *w, unsigned node, enum vl_control_kind kind, unsigned target)
{
    struct vl_control control = {.kind = kind, .target = w->nodes[target].person};
    struct vl_id id;
    w->now.ms += 60000;
    return vl_replica_control(w->nodes[node].replica, &control, w->now, &id);
}

/* ---- what happens ---- */

static vl_result found(struct world *w)
{
    struct vl_enrolment second;
    struct vl_id id;
    uint8_t signature[64];
    vl_enrolment_sign(w->nodes[1].keys, &w->circle, &w->nodes[1].person, &second);
    vl_founding_sign(w->nodes[1].keys, &w->circle, &w->nodes[0].keys->card, signature);
    VL_TRY(vl_replica_found(w->nodes[0].replica, w->random.bytes, &second, signature, w->now, &id));
    return carry(w, 0, 1);
}

/* Two people write at once. */
static vl_result write_apart(struct world *w)
{
    struct vl_cell_key title = key_of(SCHEMA_MEETING, 1, 1, VL_FIELD_REGISTER);
    struct vl_cell_key place = key_of(SCHEMA_MEETING, 1, 4, VL_FIELD_REGISTER);
    struct vl_cell_key topics = key_of(SCHEMA_MEETING, 1, 9, VL_FIELD_SET);
    struct vl_cell_key agenda = key_of(SCHEMA_MEETING, 1, 10, VL_FIELD_LIST);
    struct vl_cell_key minutes = key_of(SCHEMA_MEETING, 1, 11, VL_FIELD_TEXT);
    VL_TRY(put(w, 0, title, VL_OP_REGISTER_SET, "Rencontre"));
    VL_TRY(put(w, 0, topics, VL_OP_SET_ADD, "fatigue"));
    VL_TRY(put(w, 0, topics, VL_OP_SET_ADD, "sommeil"));
    VL_TRY(insert(w, 0, agenda, 0, "accueil"));
    VL_TRY(insert(w, 0, agenda, 1, "clôture"));
    VL_TRY(insert(w, 0, minutes, 0, "Bonjour à tous."));
    VL_TRY(carry(w, 0, 1));

    VL_TRY(put(w, 0, place, VL_OP_REGISTER_SET, "Chez Inès"));
    VL_TRY(put(w, 0, topics, VL_OP_SET_ADD, "fatigue"));
    VL_TRY(insert(w, 0, agenda, 1, "tour de table"));
    VL_TRY(insert(w, 0, minutes, 7, " et merci"));
    VL_TRY(cut(w, 0, minutes, 0, 3));
    VL_TRY(put(w, 1, place, VL_OP_REGISTER_SET, "Salle du fond"));
    VL_TRY(put(w, 1, title, VL_OP_REGISTER_SET, "Rencontre de mars"));
    VL_TRY(put(w, 1, topics, VL_OP_SET_REMOVE, "fatigue"));
    VL_TRY(insert(w, 1, agenda, 1, "pause \xe2\x98\x95"));
    VL_TRY(cut(w, 1, agenda, 0, 1));
    VL_TRY(insert(w, 1, minutes, 7, ", bonsoir"));
    VL_TRY(cut(w, 1, minutes, 5, 6));
    VL_TRY(carry(w, 1, 0));
    return carry(w, 0, 1);
}

/* Who writes over what is another person's changes nothing. */
static vl_result write_over(struct world *w)
{
    const struct vl_id *second = &w->nodes[1].person;
    struct vl_cell_key name = key_of(SCHEMA_PROFILE, 0, PROFILE_PSEUDONYM, VL_FIELD_REGISTER);
    struct vl_cell_key note = key_of(SCHEMA_REPLY, 0, REPLY_NOTE, VL_FIELD_REGISTER);
    struct vl_cell_key text = key_of(SCHEMA_DECISION, 0, DECISION_TEXT, VL_FIELD_REGISTER);
    struct vl_cell_key meeting = key_of(SCHEMA_MEETING, 1, MEETING_TITLE, VL_FIELD_REGISTER);
    (void)record_id_of(&w->circle, schema_record(SCHEMA_PROFILE), NULL, second, &name.record);
    (void)record_id_of(&w->circle, schema_record(SCHEMA_REPLY), &meeting.record, second,
                       &note.record);
    VL_TRY(record_id_new(w->nodes[1].replica, SCHEMA_DECISION, &text.record));
    struct vl_cell_key keep = text;
    keep.field = DECISION_KEEP;
    VL_TRY(put(w, 1, name, VL_OP_REGISTER_SET, "Nadia"));
    VL_TRY(put(w, 1, note, VL_OP_REGISTER_SET, "un peu plus tard"));
    VL_TRY(put(w, 1, text, VL_OP_REGISTER_SET, "Le jeudi"));
    VL_TRY(put(w, 1, keep, VL_OP_REGISTER_SET, "for ever"));
    VL_TRY(carry(w, 1, 0));
    VL_TRY(put(w, 0, name, VL_OP_REGISTER_SET, "Nobody"));
    VL_TRY(put(w, 0, note, VL_OP_REGISTER_SET, ""));
    VL_TRY(put(w, 0, text, VL_OP_REGISTER_SET, "Le mardi")); /* this is everybody's */
    VL_TRY(put(w, 0, keep, VL_OP_REGISTER_SET, "not at all"));
    return carry(w, 0, 1);
}

/* The third comes, writes, is removed; the second has two devices and is facilitator too. */
static vl_result come_and_go(struct world *w)
{
    struct vl_cell_key share = key_of(SCHEMA_SHARE, 0, SHARE_TEXT, VL_FIELD_REGISTER);
    struct vl_enrolment third, device;
    struct vl_id id;
    vl_enrolment_sign(w->nodes[2].keys, &w->circle, &w->nodes[2].person, &third);
    VL_TRY(vl_replica_add_person(w->nodes[0].replica, &third, w->now, &id));
    VL_TRY(carry(w, 0, 1));
    VL_TRY(decide(w, 1, VL_CONTROL_VOUCH, 2));
    VL_TRY(carry(w, 1, 0));
    VL_TRY(carry(w, 0, 2));
    VL_TRY(record_id_new(w->nodes[2].replica, SCHEMA_SHARE, &share.record));
    VL_TRY(put(w, 2, share, VL_OP_REGISTER_SET, "Marcher le soir"));
    VL_TRY(carry(w, 2, 0));
    VL_TRY(decide(w, 0, VL_CONTROL_PROMOTE, 1));
    VL_TRY(carry(w, 0, 1));

    struct vl_device_keys *keys = NULL;
    w->second_device = vectors_bytes(0xb1);
    VL_TRY(vl_device_keys_from_seed(w->second_device.bytes, &keys));
    vl_enrolment_sign(keys, &w->circle, &w->nodes[1].person, &device);
    vl_device_keys_destroy(keys);
    struct vl_control control = {.kind = VL_CONTROL_ADD_DEVICE,
                                 .target = w->nodes[1].person,
                                 .enrolments = &device,
                                 .enrolment_count = 1};
    VL_TRY(vl_replica_control(w->nodes[1].replica, &control, w->now, &id));
    VL_TRY(decide(w, 0, VL_CONTROL_REMOVE, 2));
    VL_TRY(carry(w, 1, 0));
    VL_TRY(put(w, 0, share, VL_OP_REGISTER_SET, "Marcher, et dormir"));
    VL_TRY(carry(w, 0, 1));
    VL_TRY(put(w, 1, key_of(999, 3, 65535, VL_FIELD_SET), VL_OP_SET_ADD, "unknown type"));
    return carry(w, 1, 0);
}

vl_result world_play(struct world *w)
{
    *w = (struct world){.now = {1767225600000}, .random = vectors_bytes(0xc0)};
    VL_TRY(make_nodes(w));
    VL_TRY(found(w));
    VL_TRY(write_apart(w));
    VL_TRY(write_over(w));
    VL_TRY(come_and_go(w));
    struct vl_id one, two;
    VL_TRY(vl_replica_digest(w->nodes[0].replica, &one));
    VL_TRY(vl_replica_digest(w->nodes[1].replica, &two));
    return vl_id_equal(&one, &two) ? VL_OK : VL_ERR_INTERNAL;
}
