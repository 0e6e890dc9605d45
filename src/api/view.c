/* What is here, as JSON. */
#include "api/people.h"
#include "circle/audience.h"
#include "circle/circle_info.h"
#include "circle/profile.h"

#include <stdlib.h>
#include <string.h>

#define LIST_TEXT_MAX 4000u /* bytes that a text may have and still stand in lists */

/* ---- digests, counted once a generation ---- */

struct digest_cache {
    struct vl_id circle, digest;
    uint64_t generation;
    struct digest_cache *next;
};

/* The digest as of the replica's generation. */
static vl_result digest_of(struct api *api, const struct circle *circle, struct vl_id *out)
{
    struct digest_cache *known = api->digests;
    uint64_t generation = vl_replica_generation(circle->replica);
    while (known != NULL && !vl_id_equal(&known->circle, &circle->id)) {
        known = known->next;
    }
    if (known == NULL || known->generation != generation) {
        struct vl_id digest;
        VL_TRY(vl_replica_digest(circle->replica, &digest));
        if (known == NULL) {
            known = calloc(1, sizeof *known);
            if (known == NULL) return VL_ERR_NO_MEMORY;
            known->circle = circle->id;
            known->next = api->digests;
            api->digests = known;
        }
        known->digest = digest;
        known->generation = generation;
    }
    *out = known->digest;
    return VL_OK;
}

void view_forget(struct api *api)
{
    while (api->digests != NULL) {
        struct digest_cache *next = api->digests->next;
        free(api->digests);
        api->digests = next;
    }
}

/* ---- circles and persons ---- */

void view_person(struct json_out *o, const char *key, const struct circle *circle,
                 const struct vl_id *person)
{
    char name[256];
    json_key(o, key);
    if (vl_id_is_zero(person) || circle->replica == NULL ||
        profile_name(circle->replica, person, name, sizeof name) != VL_OK) {
        json_write_null(o);
    } else {
        json_write_text(o, name);
    }
}

static void view_info(struct json_out *o, const struct circle *circle)
{
    struct circle_info info;
    const char *name = circle->name, *purpose = circle->purpose, *agreement = circle->agreement;
    bool read = circle->replica != NULL && circle_info_read(circle->replica, &info) == VL_OK;
    if (read) {
        if (info.name[0] != 0) name = info.name;
        if (info.purpose[0] != 0) purpose = info.purpose;
        if (info.agreement[0] != 0) agreement = info.agreement;
    }
    json_put_text(o, "name", name);
    json_put_text(o, "purpose", purpose == NULL ? "" : purpose);
    json_put_text(o, "agreement", agreement == NULL ? "" : agreement);
    if (read) circle_info_finish(&info);
}

static size_t count_members(struct vl_replica *replica)
{
    struct vl_membership *m = vl_replica_membership(replica);
    size_t members = 0;
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state person;
        vl_membership_person(m, i, &person);
        if (person.role != VL_ROLE_NONE) members++;
    }
    return members;
}

/* How many logs this device has written here, and whether two of them are still written. */
static void view_incarnations(struct json_out *o, const struct circle *circle)
{
    struct vl_incarnation logs[16];
    size_t count = 0, written = 0;
    const uint8_t *sign = circle->keys->card.sign;
    if (vl_replica_incarnations(circle->replica, sign, logs, 16, &count) != VL_OK) return;
    for (size_t i = 0; i < count && i < 16; i++)
        written += !logs[i].has_ended && !logs[i].is_forked;
    json_put_integer(o, "incarnations", (int64_t)count);
    json_put_flag(o, "copied", written > 1);
    json_put_integer(o, "forks", (int64_t)vl_replica_fork_count(circle->replica));
}

bool view_is_private(const struct circle *circle)
{
    const struct vl_membership *m =
        circle->replica == NULL ? NULL : vl_replica_membership(circle->replica);
    return m != NULL && vl_membership_is_private(m);
}

void view_circle(struct request *rq, const struct circle *circle)
{
    struct json_out *o = &rq->out;
    struct vl_id digest, me;
    json_put_id(o, "id", &circle->id);
    view_info(o, circle);
    json_put_text(o, "pseudonym", circle->pseudonym);
    json_put_flag(o, "draft", circle->is_draft);
    json_put_flag(o, "private", view_is_private(circle));
    if (circle->replica == NULL) return;
    if (vl_replica_me(circle->replica, &me) == VL_OK) {
        struct vl_person_state state;
        vl_result found = people_state(circle->replica, &me, &state);
        json_put_id(o, "me", &me);
        json_put_flag(o, "gone", found == VL_OK && state.role == VL_ROLE_NONE);
    }
    json_put_integer(o, "members", (int64_t)count_members(circle->replica));
    view_incarnations(o, circle);
    vl_result looked = devices_put_new(o, rq->api, circle);
    if (looked == VL_OK) looked = view_closed(o, circle);
    if (looked != VL_OK && o->result == VL_OK) o->result = looked; /* not shown as none */
    const char *wanted = rq->query(rq->query_context, "digest");
    if (wanted != NULL && strcmp(wanted, "no") == 0) return;
    if (digest_of(rq->api, circle, &digest) == VL_OK) {
        json_put_id(o, "digest", &digest);
    } else {
        json_put_text(o, "digest", NULL);
    }
}

/* ---- records ---- */

static void view_number(struct json_out *o, const struct schema_field *field, int64_t number)
{
    if (field->form == SCHEMA_ENUM) {
        json_write_text(o, schema_choice(field, number));
    } else if (field->form == SCHEMA_FLAG) {
        json_write_flag(o, number == 1);
    } else {
        json_write_integer(o, number);
    }
}

/* Of a field that may hold a text as well, the record's type beside its id. */
static void view_reference(struct json_out *o, const struct schema_field *field,
                           const struct vl_value *value)
{
    const struct schema_record *schema = schema_record(value->type);
    char id[RECORD_ID_TEXT_SIZE];
    record_id_text(&value->record, id);
    if (field->form != SCHEMA_ITEM) {
        json_write_text(o, id);
        return;
    }
    json_open(o, '{');
    json_put_text(o, "type", schema == NULL ? NULL : schema->name);
    json_put_text(o, "id", id);
    json_close(o, '}');
}

static void view_text(struct json_out *o, const struct schema_field *field, const char *text)
{
    if (field->form != SCHEMA_SPEAKER) {
        json_write_text(o, text);
        return;
    }
    json_open(o, '{');
    json_put_text(o, "seat", text);
    json_close(o, '}');
}

static void view_value(struct json_out *o, const struct schema_field *field,
                       const struct vl_value *value)
{
    char text[VL_ID_TEXT_SIZE];
    switch (value->tag) {
    case VL_VALUE_TEXT: view_text(o, field, (const char *)value->bytes.data); break;
    case VL_VALUE_INTEGER: view_number(o, field, value->integer); break;
    case VL_VALUE_REFERENCE: view_reference(o, field, value); break;
    case VL_VALUE_PERSON:
        vl_id_text(&value->person, text);
        json_write_text(o, text);
        break;
    case VL_VALUE_NONE:
    case VL_VALUE_TIME: /* no form of the schema takes these */
    case VL_VALUE_FLAG:
    case VL_VALUE_BYTES:
    case VL_VALUE_TAG_COUNT:
    default: json_write_null(o); break;
    }
}

static void view_field(struct json_out *o, const struct record_field *field)
{
    json_key(o, field->schema->name);
    if (field->schema->kind == VL_FIELD_TEXT) {
        json_write_text(o, field->text);
    } else if (field->schema->kind == VL_FIELD_REGISTER) {
        if (field->count == 0) {
            json_write_null(o);
        } else {
            view_value(o, field->schema, &field->values[0].value);
        }
    } else {
        json_open(o, '[');
        for (size_t i = 0; i < field->count; i++) {
            view_value(o, field->schema, &field->values[i].value);
        }
        json_close(o, ']');
    }
}

/* The author's clock when she wrote it: to be shown as hers, nothing else. */
static void view_written(struct json_out *o, const struct circle *circle,
                         const struct record_value *value)
{
    vl_wall wall;
    view_person(o, "by", circle, &value->author);
    if (vl_replica_wall(circle->replica, &value->stamp.dot.entry, &wall) == VL_OK) {
        json_put_time(o, "at", wall.ms);
    } else {
        json_put_text(o, "at", NULL);
    }
}

static void view_conflicts(struct json_out *o, const struct circle *circle,
                           const struct record *record)
{
    json_key(o, "conflicts");
    json_open(o, '{');
    for (size_t i = 0; i < record->field_count; i++) {
        const struct record_field *field = &record->fields[i];
        if (field->schema->kind != VL_FIELD_REGISTER || field->count < 2) continue;
        json_key(o, field->schema->name);
        json_open(o, '[');
        for (size_t k = 0; k < field->count; k++) {
            json_open(o, '{');
            json_key(o, "value");
            view_value(o, field->schema, &field->values[k].value);
            view_written(o, circle, &field->values[k]);
            json_close(o, '}');
        }
        json_close(o, ']');
    }
    json_close(o, '}');
}

/* Who made it, and when by her clock. */
static void view_author(struct json_out *o, const struct circle *circle,
                        const struct record *record)
{
    const struct record_value *made = record_made(record);
    if (made == NULL) return;
    json_put_id(o, "author", &made->author);
    view_written(o, circle, made);
}

void view_record(struct json_out *o, const struct circle *circle, const struct record *record,
                 bool whole)
{
    char id[RECORD_ID_TEXT_SIZE];
    record_id_text(&record->id, id);
    json_put_text(o, "id", id);
    json_put_id(o, "circle", &circle->id);
    json_put_text(o, "type", record->schema->name);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct schema_field *schema = record->fields[i].schema;
        if (record->schema->type == SCHEMA_SHARE && schema->id == SHARE_AUDIENCE) {
            json_put_text(o, "audience", schema_choice(schema, audience_of_share(record)));
            continue;
        }
        bool is_long = schema->kind == VL_FIELD_TEXT ||
                       (schema->form == SCHEMA_BLOCK && schema->limit > LIST_TEXT_MAX);
        if (whole || !is_long) view_field(o, &record->fields[i]);
    }
    view_author(o, circle, record);
    if (whole) {
        view_conflicts(o, circle, record);
    } else {
        json_put_flag(o, "conflict", record_has_conflict(record));
    }
}
