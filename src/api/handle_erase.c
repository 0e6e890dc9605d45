/* Erasing a record or one entry: its text goes here at once, elsewhere when the word arrives.
 *
 * A record's text lies in every entry that ever wrote to it, in those too whose value another one
 * replaced since, so the whole log is looked through. */
#include "api/people.h"

#include <stdlib.h>
#include <string.h>

struct target {
    bool is_record;
    uint32_t type;
    struct vl_record_id record;
    char prefix[VL_ID_TEXT_SIZE]; /* of an entry's id */
};

struct found { /* entries, in the order of the log */
    struct vl_id *items;
    size_t count, capacity;
};

static vl_result found_add(struct found *found, const struct vl_id *id)
{
    if (found->count == found->capacity) {
        size_t capacity = found->capacity == 0 ? 256 : 2 * found->capacity;
        struct vl_id *items = reallocarray(found->items, capacity, sizeof *items);
        if (items == NULL) return VL_ERR_NO_MEMORY;
        found->items = items;
        found->capacity = capacity;
    }
    found->items[found->count++] = *id;
    return VL_OK;
}

static vl_result collect(void *context, const struct vl_entry_row *row)
{
    if ((row->flags & VL_ENTRY_ERASED) != 0) return VL_OK;
    return found_add(context, &row->id);
}

/* Whether it wrote to the record; false also for what cannot be opened here. */
static vl_result touches(struct vl_replica *r, const struct vl_id *entry,
                         const struct target *target, bool *out)
{
    struct vl_buffer bytes = {0};
    struct vl_body body = {0};
    *out = false;
    vl_result result = vl_replica_entry_body(r, entry, &bytes);
    if (result == VL_OK) {
        result = vl_body_decode(vl_buffer_view(&bytes), entry, &body);
        for (size_t i = 0; result == VL_OK && i < body.count && !*out; i++) {
            *out = body.operations[i].type == target->type &&
                   memcmp(&body.operations[i].record, &target->record, sizeof target->record) == 0;
        }
        if (result == VL_OK) vl_body_finish(&body);
    }
    vl_buffer_wipe(&bytes);
    vl_buffer_finish(&bytes);
    bool is_ours = result == VL_ERR_NO_MEMORY || result == VL_ERR_STORAGE;
    return is_ours ? result : VL_OK;
}

static vl_result matches(struct vl_replica *r, const struct vl_id *entry,
                         const struct target *target, bool *out)
{
    char hex[VL_ID_TEXT_SIZE];
    if (target->is_record) return touches(r, entry, target, out);
    vl_id_text(entry, hex);
    *out = strncmp(hex, target->prefix, strlen(target->prefix)) == 0;
    return VL_OK;
}

static vl_result find_entries(struct vl_replica *r, const struct target *target,
                              struct found *found)
{
    const struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTENT | 1u << VL_ENTRY_SEALED};
    struct found all = {0};
    vl_result result = vl_replica_entries(r, &scan, collect, &all);
    for (size_t i = 0; result == VL_OK && i < all.count; i++) {
        bool is_one;
        result = matches(r, &all.items[i], target, &is_one);
        if (result == VL_OK && is_one) result = found_add(found, &all.items[i]);
    }
    free(all.items);
    return result;
}

/* Leaves in `found` what this person may erase: her own; a facilitator everybody's. */
static vl_result keep_allowed(struct vl_replica *r, struct found *found, size_t *others)
{
    struct vl_person_state state;
    struct vl_device_info author;
    struct vl_id me;
    size_t kept = 0;
    VL_TRY(vl_replica_me(r, &me));
    VL_TRY(people_state(r, &me, &state));
    for (size_t i = 0; i < found->count; i++) {
        vl_result result = vl_replica_author(r, &found->items[i], &author);
        if (result != VL_OK && result != VL_ERR_NOT_FOUND) return result;
        bool is_mine = result == VL_OK && vl_id_equal(&author.person, &me);
        if (is_mine || state.role == VL_ROLE_FACILITATOR) found->items[kept++] = found->items[i];
    }
    *others = found->count - kept;
    found->count = kept;
    return VL_OK;
}

struct erase_body {
    const char *id;
    bool ask;
};
static const struct json_field erase_fields[] = {
    {"id", JSON_KIND_TEXT, offsetof(struct erase_body, id), true, 64},
    {"ask", JSON_KIND_FLAG, offsetof(struct erase_body, ask), false, 0},
};

/* A record's id first, else the beginning of an entry's. */
static vl_result aim(struct request *rq, const struct circle *circle, const char *text,
                     struct target *target)
{
    *target = (struct target){.is_record = false};
    for (size_t i = 0; schema_record_at(i) != NULL; i++) {
        struct vl_record_id id;
        vl_result result = record_look_up(circle->replica, schema_record_at(i), text, &id);
        if (result == VL_ERR_NOT_FOUND) continue;
        if (result == VL_ERR_INVALID || (result == VL_OK && target->is_record)) {
            return request_refuse(rq, "id", "several records match", VL_ERR_INVALID);
        }
        VL_TRY(result);
        *target =
            (struct target){.is_record = true, .type = schema_record_at(i)->type, .record = id};
    }
    if (target->is_record) return VL_OK;
    if (strlen(text) < 4) return request_refuse(rq, "id", "there is no such id", VL_ERR_NOT_FOUND);
    memcpy(target->prefix, text, strlen(text) + 1);
    return VL_OK;
}

static vl_result erase_all(struct request *rq, struct circle *circle, const struct found *found)
{
    for (size_t at = 0; at < found->count; at += VL_TOMBSTONE_MAX) {
        size_t left = found->count - at;
        struct vl_id tombstone;
        VL_TRY(vl_replica_erase(circle->replica, found->items + at,
                                left < VL_TOMBSTONE_MAX ? left : VL_TOMBSTONE_MAX, request_now(),
                                &tombstone));
        request_wrote(rq, circle);
    }
    return VL_OK;
}

static vl_result erase(struct request *rq, struct circle *circle, const struct target *target,
                       bool ask, struct found *found)
{
    size_t others = 0;
    VL_TRY(find_entries(circle->replica, target, found));
    if (found->count == 0) {
        return request_refuse(rq, "id", "there is no such id", VL_ERR_NOT_FOUND);
    }
    if (!target->is_record && found->count > 1) {
        return request_refuse(rq, "id", "several entries match: say more of the id",
                              VL_ERR_INVALID);
    }
    VL_TRY(keep_allowed(circle->replica, found, &others));
    if (found->count == 0) {
        return request_refuse(rq, "id", "only who wrote it, or a facilitator, may erase it",
                              VL_ERR_AUTHORITY);
    }
    if (!ask) VL_TRY(erase_all(rq, circle, found));
    json_open(&rq->out, '{');
    json_put_text(&rq->out, "kind",
                  target->is_record ? schema_record(target->type)->name : "entry");
    json_put_integer(&rq->out, "entries", (int64_t)found->count);
    json_put_integer(&rq->out, "others", (int64_t)others);
    json_put_flag(&rq->out, "done", !ask);
    json_close(&rq->out, '}');
    return VL_OK;
}

vl_result handle_erase(struct request *rq)
{
    struct erase_body body = {0};
    struct found found = {0};
    struct target target;
    struct circle *circle;
    VL_TRY(request_decode(rq, erase_fields, 2, &body));
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(aim(rq, circle, body.id, &target));
    vl_result result = erase(rq, circle, &target, body.ask, &found);
    free(found.items);
    return result;
}

/* ?ask=yes: only how much it would be. */
vl_result handle_record_erase(struct request *rq)
{
    const struct schema_record *schema;
    struct found found = {0};
    struct target target = {.is_record = true};
    struct circle *circle;
    VL_TRY(request_record(rq, &circle, &schema, &target.record));
    target.type = schema->type;
    vl_result result =
        erase(rq, circle, &target, rq->query(rq->query_context, "ask") != NULL, &found);
    free(found.items);
    return result;
}
