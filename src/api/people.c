#include "api/people.h"

#include "circle/profile.h"

#include <string.h>

#define PREFIX_LEAST 4u
#define BLOCKED_NOTE "blocked"

const char *people_role_text(enum vl_role role)
{
    return role == VL_ROLE_FACILITATOR ? "facilitator" : role == VL_ROLE_MEMBER ? "member" : "none";
}

vl_result people_at(struct vl_membership *m, size_t at, struct vl_person_state *state,
                    struct vl_id *id)
{
    vl_membership_person(m, at, state);
    if (state->name.size != sizeof id->bytes) return VL_ERR_INTERNAL;
    memcpy(id->bytes, state->name.data, sizeof id->bytes);
    return VL_OK;
}

vl_result people_state(struct vl_replica *r, const struct vl_id *person,
                       struct vl_person_state *out)
{
    struct vl_membership *m = vl_replica_membership(r);
    if (m == NULL) return VL_ERR_NO_MEMORY;
    return vl_membership_find_person(m, vl_bytes(person->bytes, sizeof person->bytes), out);
}

void people_put(struct json_out *o, const struct circle *circle, const struct vl_id *person)
{
    json_open(o, '{');
    json_put_id(o, "person", person);
    view_person(o, "name", circle, person);
    json_close(o, '}');
}

static bool begins_with(const char *hex, const char *text)
{
    return strlen(text) >= PREFIX_LEAST && strncmp(hex, text, strlen(text)) == 0;
}

struct matches {
    struct vl_id here, gone;
    size_t here_count, gone_count;
};

static vl_result collect_matches(const struct circle *circle, const char *text, struct matches *out)
{
    struct vl_membership *m = vl_replica_membership(circle->replica);
    *out = (struct matches){0};
    if (m == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state state;
        struct vl_id id;
        char hex[VL_ID_TEXT_SIZE], name[256];
        VL_TRY(people_at(m, i, &state, &id));
        vl_id_text(&id, hex);
        VL_TRY(profile_name(circle->replica, &id, name, sizeof name));
        if (!begins_with(hex, text) && strcmp(name, text) != 0) continue;
        if (state.role == VL_ROLE_NONE) {
            out->gone = id;
            out->gone_count++;
        } else {
            out->here = id;
            out->here_count++;
        }
    }
    return VL_OK;
}

vl_result people_find(struct request *rq, const struct circle *circle, const char *text,
                      struct vl_id *out)
{
    struct matches found;
    if (text == NULL || text[0] == 0) {
        return request_refuse(rq, "person", "say which person", VL_ERR_INVALID);
    }
    VL_TRY(collect_matches(circle, text, &found));
    size_t count = found.here_count > 0 ? found.here_count : found.gone_count;
    if (count == 0) {
        return request_refuse(rq, "person", "there is no such person", VL_ERR_NOT_FOUND);
    }
    if (count > 1) {
        return request_refuse(rq, "person", "several persons match: use the id", VL_ERR_INVALID);
    }
    *out = found.here_count > 0 ? found.here : found.gone;
    return VL_OK;
}

vl_result people_device(struct request *rq, const struct circle *circle, const char *text,
                        struct vl_device_info *out)
{
    struct vl_device_info device;
    size_t found = 0;
    vl_result result = VL_OK;
    for (size_t i = 0; result == VL_OK; i++) {
        char hex[VL_ID_TEXT_SIZE];
        struct vl_id key;
        result = vl_replica_device_at(circle->replica, i, &device);
        if (result != VL_OK) break;
        memcpy(key.bytes, device.card.sign, sizeof key.bytes);
        vl_id_text(&key, hex);
        if (text == NULL || !begins_with(hex, text)) continue;
        *out = device;
        found++;
    }
    if (result != VL_ERR_NOT_FOUND) return result;
    if (found == 1) return VL_OK;
    if (found == 0) {
        return request_refuse(rq, "device", "there is no such device", VL_ERR_NOT_FOUND);
    }
    return request_refuse(rq, "device", "several devices match: say more of its id",
                          VL_ERR_INVALID);
}

/* ---- blocking ---- */

vl_result blocked_read(struct store *store, const struct circle *circle, struct blocked *out)
{
    struct vl_buffer note = {0};
    out->count = 0;
    vl_result result = store_note_get(store, &circle->id, BLOCKED_NOTE, &note);
    if (result == VL_ERR_NOT_FOUND) return VL_OK;
    if (result == VL_OK && (note.size > sizeof out->items || note.size % sizeof(struct vl_id) != 0))
        result = VL_ERR_DAMAGED;
    if (result == VL_OK && note.size > 0) {
        memcpy(out->items, note.data, note.size);
        out->count = note.size / sizeof(struct vl_id);
    }
    vl_buffer_finish(&note);
    return result;
}

bool blocked_has(const struct blocked *blocked, const struct vl_id *person)
{
    for (size_t i = 0; i < blocked->count; i++) {
        if (vl_id_equal(&blocked->items[i], person)) return true;
    }
    return false;
}

bool blocked_made(const struct blocked *blocked, const struct record *record)
{
    const struct record_value *made = record_made(record);
    return made != NULL && blocked_has(blocked, &made->author);
}

vl_result blocked_set(struct store *store, const struct circle *circle, const struct vl_id *person,
                      bool is_blocked)
{
    struct blocked all, kept = {.count = 0};
    VL_TRY(blocked_read(store, circle, &all));
    for (size_t i = 0; i < all.count; i++) {
        if (!vl_id_equal(&all.items[i], person)) kept.items[kept.count++] = all.items[i];
    }
    if (is_blocked && kept.count == BLOCKED_MAX) return VL_ERR_LIMIT;
    if (is_blocked) kept.items[kept.count++] = *person;
    return store_note_put(store, &circle->id, BLOCKED_NOTE,
                          vl_bytes(kept.items, kept.count * sizeof kept.items[0]));
}
