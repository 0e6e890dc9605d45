/* Circles: drafting, showing, the log, verifying. */
#include "api/circle_load.h"
#include "api/people.h"
#include "circle/circle_info.h"
#include "circle/profile.h"
#include "circle/texts.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MAX     500u
#define LOG_DEFAULT 100u

vl_result handle_circle_list(struct request *rq)
{
    const struct circles *all = rq->api->circles;
    json_open(&rq->out, '{');
    json_key(&rq->out, "circles");
    json_open(&rq->out, '[');
    for (size_t i = 0; i < all->count; i++) {
        json_open(&rq->out, '{');
        view_circle(rq, all->items[i]);
        json_close(&rq->out, '}');
    }
    json_close(&rq->out, ']');
    json_close(&rq->out, '}');
    return VL_OK;
}

static vl_result show(struct request *rq, const struct circle *circle)
{
    json_open(&rq->out, '{');
    view_circle(rq, circle);
    json_close(&rq->out, '}');
    return VL_OK;
}

vl_result handle_circle_show(struct request *rq)
{
    struct circle *circle;
    VL_TRY(request_circle(rq, &circle));
    json_open(&rq->out, '{');
    view_circle(rq, circle);
    VL_TRY(view_state(&rq->out, circle));
    json_close(&rq->out, '}');
    return VL_OK;
}

/* The only circle there is, or the only draft when there is no circle. */
static vl_result only_circle(struct request *rq, struct circle **out)
{
    for (int drafts = 0; drafts <= 1; drafts++) {
        for (size_t i = 0; i < rq->api->circles->count; i++) {
            struct circle *circle = rq->api->circles->items[i];
            if (circle->is_draft != (drafts == 1)) continue;
            if (*out != NULL) {
                return request_refuse(rq, "circle", "there are several circles: say which",
                                      VL_ERR_INVALID);
            }
            *out = circle;
        }
        if (*out != NULL) return VL_OK;
    }
    return request_refuse(rq, "circle", "there is no circle yet", VL_ERR_NOT_FOUND);
}

/* ?name=; without it, the only circle. */
vl_result handle_circle_find(struct request *rq)
{
    const char *name = rq->query(rq->query_context, "name");
    struct circle *circle = NULL;
    if (name != NULL && name[0] != 0) {
        rq->params[0] = strdup(name);
        VL_TRY(request_circle(rq, &circle));
    } else {
        VL_TRY(only_circle(rq, &circle));
    }
    return show(rq, circle);
}

/* ---- drafting ---- */

struct new_body {
    const char *name, *pseudonym, *purpose, *agreement;
    bool is_private;
};
static const struct json_field new_fields[] = {
    {"name", JSON_KIND_TEXT, offsetof(struct new_body, name), true, VL_NAME_BYTES_MAX},
    {"pseudonym", JSON_KIND_TEXT, offsetof(struct new_body, pseudonym), true, VL_NAME_BYTES_MAX},
    {"purpose", JSON_KIND_TEXT, offsetof(struct new_body, purpose), false, VL_AGREEMENT_BYTES_MAX},
    {"agreement", JSON_KIND_TEXT, offsetof(struct new_body, agreement), false,
     VL_AGREEMENT_BYTES_MAX},
    {"private", JSON_KIND_FLAG, offsetof(struct new_body, is_private), false, 0},
};
#define NEW_FIELDS (sizeof new_fields / sizeof new_fields[0])

static vl_result check_text(struct request *rq, uint32_t type, uint32_t field, const char *name,
                            const char *text)
{
    struct schema_problem problem = {0};
    if (text == NULL) return VL_OK;
    struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(text)};
    vl_result result = schema_check(schema_field(type, field), &value, &problem);
    if (result == VL_OK) return VL_OK;
    return request_refuse(rq, name, problem.reason, result);
}

static vl_result first_entries(const struct circle *circle, const struct store_circle *draft)
{
    static const uint8_t nobody[64];
    const struct profile_change profile = {.pseudonym = draft->pseudonym};
    const vl_wall now = request_now();
    struct schema_problem problem;
    struct vl_id id;
    VL_TRY(vl_replica_found(circle->replica, draft->random, NULL, nobody, now, &id));
    VL_TRY(circle_info_write(circle->replica, draft->name, draft->purpose, draft->agreement, now,
                             &problem));
    return profile_write(circle->replica, &profile, now, &problem);
}

/* A private space has one person, with all her devices: it is founded at once. Its row comes last,
 * as when two found one: until then it is a draft. */
static vl_result found_alone(struct request *rq, const struct store_circle *draft,
                             struct circle **out)
{
    static const uint8_t nobody[32];
    struct circles *all = rq->api->circles;
    struct store_circle row = *draft; /* its texts are the draft's */
    struct vl_device_keys *keys = NULL;
    struct circle *circle = NULL;
    vl_result result = vl_device_keys_from_seed(row.seed, &keys);
    if (result == VL_OK) vl_circle_id(keys->card.sign, nobody, row.random, &row.id);
    vl_device_keys_destroy(keys);
    row.is_draft = false;
    sodium_memzero(row.random, sizeof row.random);
    if (result == VL_OK) result = circle_load(rq->api->store, all, &row, &circle);
    if (result == VL_OK) result = first_entries(circle, draft);
    if (result == VL_OK) result = store_circle_replace(rq->api->store, &draft->id, &row);
    sodium_memzero(&row, sizeof row);
    if (result != VL_OK && circle != NULL) circles_remove(all, circle);
    if (result == VL_OK) *out = circle;
    return result;
}

static vl_result draft(struct request *rq, const struct new_body *body, struct circle **circle)
{
    struct store_circle row = {.is_draft = true};
    vl_result result = VL_ERR_NO_MEMORY;
    randombytes_buf(row.id.bytes, sizeof row.id.bytes);
    randombytes_buf(row.seed, sizeof row.seed);
    randombytes_buf(row.random, sizeof row.random);
    memcpy(row.name, body->name, strlen(body->name) + 1);
    memcpy(row.pseudonym, body->pseudonym, strlen(body->pseudonym) + 1);
    if (body->purpose != NULL && (row.purpose = strdup(body->purpose)) == NULL) goto done;
    if (body->agreement != NULL && (row.agreement = strdup(body->agreement)) == NULL) goto done;
    result = store_circle_add(rq->api->store, &row);
    if (result != VL_OK) goto done;
    if (!body->is_private) {
        result = circle_load(rq->api->store, rq->api->circles, &row, circle);
    } else {
        result = found_alone(rq, &row, circle);
        if (result != VL_OK) (void)!store_circle_remove(rq->api->store, &row.id);
    }
done:
    store_circle_finish(&row);
    return result;
}

/* Without an agreement: the one that the program proposes. "", and of a private space: none. */
static vl_result propose(struct request *rq, struct new_body *body, struct text *proposed)
{
    const char *language;
    if (body->agreement != NULL || body->is_private) return VL_OK;
    VL_TRY(request_language(rq, &language));
    VL_TRY(texts_read(language, "agreement", proposed));
    body->agreement = proposed->sections[0].body;
    return VL_OK;
}

vl_result handle_circle_new(struct request *rq)
{
    struct new_body body = {0};
    struct text proposed = {0};
    struct circle *circle;
    VL_TRY(request_decode(rq, new_fields, NEW_FIELDS, &body));
    if (body.name[0] == '\0')
        return request_refuse(rq, "name", "a circle needs a name", VL_ERR_INVALID);
    if (body.pseudonym[0] == '\0')
        return request_refuse(rq, "pseudonym", "a person needs a pseudonym", VL_ERR_INVALID);
    VL_TRY(check_text(rq, SCHEMA_CIRCLE, CIRCLE_NAME, "name", body.name));
    VL_TRY(check_text(rq, SCHEMA_PROFILE, PROFILE_PSEUDONYM, "pseudonym", body.pseudonym));
    VL_TRY(check_text(rq, SCHEMA_CIRCLE, CIRCLE_PURPOSE, "purpose", body.purpose));
    VL_TRY(check_text(rq, SCHEMA_AGREEMENT, AGREEMENT_TEXT, "agreement", body.agreement));
    VL_TRY(propose(rq, &body, &proposed));
    vl_result result = draft(rq, &body, &circle);
    text_finish(&proposed);
    VL_TRY(result);
    return show(rq, circle);
}

/* ---- the log ---- */

struct log_row {
    struct vl_id id, log;
    uint64_t seq, lamport;
    enum vl_entry_kind kind;
    vl_wall wall;
    const char *control;
    uint32_t blob_size;
};
struct log_rows {
    struct log_row *items;
    size_t count, max;
};

static vl_result collect(void *context, const struct vl_entry_row *row)
{
    struct log_rows *rows = context;
    struct vl_entry_header header;
    if (rows->count == rows->max) return VL_OK;
    VL_TRY(vl_entry_header_decode(row->entry.header, &header));
    struct log_row *to = &rows->items[rows->count++];
    *to = (struct log_row){.id = row->id,
                           .log = header.log,
                           .seq = header.seq,
                           .lamport = header.lamport,
                           .kind = header.kind,
                           .wall = header.wall,
                           .blob_size = header.blob_size};
    bool has_kind = header.kind == VL_ENTRY_CONTROL && row->entry.blob.size > 0 &&
                    row->entry.blob.data[0] < VL_CONTROL_KIND_COUNT;
    if (has_kind) to->control = vl_control_kind_text((enum vl_control_kind)row->entry.blob.data[0]);
    return VL_OK;
}

static void put_entry(struct json_out *o, const struct circle *circle, const struct log_row *row)
{
    static const char *const kinds[VL_ENTRY_KIND_COUNT] = {"content", "sealed", "control"};
    struct vl_device_info author;
    json_open(o, '{');
    json_put_id(o, "id", &row->id);
    json_put_text(o, "kind", kinds[row->kind]);
    if (row->control != NULL) json_put_text(o, "control", row->control);
    if (vl_replica_author(circle->replica, &row->id, &author) == VL_OK) {
        view_person(o, "author", circle, &author.person);
        json_put_id(o, "person", &author.person);
    } else {
        json_put_text(o, "author", NULL);
    }
    json_put_time(o, "at", row->wall.ms);
    json_put_id(o, "log", &row->log);
    json_put_integer(o, "seq", (int64_t)row->seq);
    json_put_integer(o, "lamport", (int64_t)row->lamport);
    json_put_integer(o, "size", row->blob_size);
    json_close(o, '}');
}

/* ?after= is "next" of the answer before: the lamport number, a dash, the entry's id. */
static vl_result parse_after(struct request *rq, struct vl_scan *scan)
{
    const char *after = rq->query(rq->query_context, "after");
    char *end;
    if (after == NULL) return VL_OK;
    scan->after = true;
    scan->after_lamport = strtoull(after, &end, 10);
    if (end == after || *end != '-' || vl_id_parse(end + 1, &scan->after_id) != VL_OK) {
        return request_refuse(rq, "after", "not a place in the log", VL_ERR_INVALID);
    }
    return VL_OK;
}

vl_result handle_log(struct request *rq)
{
    struct circle *circle;
    struct vl_scan scan = {.max = LOG_DEFAULT};
    const char *max = rq->query(rq->query_context, "max");
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(parse_after(rq, &scan));
    if (max != NULL) {
        unsigned long wanted = strtoul(max, NULL, 10);
        if (wanted == 0 || wanted > LOG_MAX) {
            return request_refuse(rq, "max", "not from 1 to 500", VL_ERR_INVALID);
        }
        scan.max = wanted;
    }
    struct log_rows rows = {.max = scan.max};
    rows.items = calloc(rows.max, sizeof rows.items[0]);
    if (rows.items == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = vl_replica_entries(circle->replica, &scan, collect, &rows);
    json_open(&rq->out, '{');
    json_key(&rq->out, "entries");
    json_open(&rq->out, '[');
    for (size_t i = 0; result == VL_OK && i < rows.count; i++) {
        put_entry(&rq->out, circle, &rows.items[i]);
    }
    json_close(&rq->out, ']');
    if (rows.count == rows.max) {
        const struct log_row *last = &rows.items[rows.count - 1];
        char next[24 + VL_ID_TEXT_SIZE], id[VL_ID_TEXT_SIZE];
        vl_id_text(&last->id, id);
        snprintf(next, sizeof next, "%llu-%s", (unsigned long long)last->lamport, id);
        json_put_text(&rq->out, "next", next);
    } else {
        json_put_text(&rq->out, "next", NULL);
    }
    if (result == VL_OK) result = view_closed(&rq->out, circle);
    json_close(&rq->out, '}');
    free(rows.items);
    return result;
}

vl_result handle_verify(struct request *rq)
{
    struct circle *circle;
    struct vl_verify_report report = {0};
    struct vl_id bad = {{0}};
    VL_TRY(request_replica(rq, &circle));
    vl_result result = vl_replica_verify(circle->replica, &report, &bad);
    if (result == VL_OK) result = store_check(rq->api->store);
    VL_TRY(result);
    json_open(&rq->out, '{');
    json_put_id(&rq->out, "circle", &circle->id);
    json_put_integer(&rq->out, "entries", (int64_t)report.entries);
    json_put_integer(&rq->out, "signatures", (int64_t)report.signatures);
    json_put_integer(&rq->out, "control", (int64_t)report.control);
    json_put_integer(&rq->out, "unmerged", (int64_t)report.unmerged);
    json_put_id(&rq->out, "digest", &report.digest);
    json_close(&rq->out, '}');
    return VL_OK;
}
