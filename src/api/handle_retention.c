/* Closing a meeting, what is due for erasure, and whose devices have confirmed it. */
#include "api/people.h"
#include "circle/retention.h"

#include <stdlib.h>
#include <string.h>

#define ERASURES_MAX        100u
#define ERASURES_DEFAULT    20u
#define ERASURE_DEVICES_MAX 256u

/* ---- showing ---- */

static const char *layer_name(enum keep keep)
{
    return schema_choice(schema_field(SCHEMA_SHARE, SHARE_KEEP), keep);
}

static void put_record_id(struct json_out *o, const char *key, const struct vl_record_id *id)
{
    char text[RECORD_ID_TEXT_SIZE];
    record_id_text(id, text);
    json_put_text(o, key, text);
}

static const char *what_of(const struct retention_item *item)
{
    return item->schema->type == SCHEMA_MEETING ? "minutes" : item->schema->name;
}

static void put_item(struct json_out *o, const struct circle *circle,
                     const struct retention_item *item)
{
    json_open(o, '{');
    json_put_text(o, "what", what_of(item));
    put_record_id(o, "id", &item->id);
    if (item->has_meeting) put_record_id(o, "meeting", &item->meeting);
    json_put_text(o, "title", item->title);
    json_put_id(o, "author", &item->author);
    view_person(o, "by", circle, &item->author);
    json_put_time(o, "at", item->written.ms);
    json_put_flag(o, "mine", item->mine);
    json_put_text(o, "keep", item->chosen ? layer_name(item->keep) : NULL);
    if (item->keep == KEEP_MONTHS) json_put_integer(o, "keep_months", item->months);
    json_close(o, '}');
}

/* Moments are many and have nothing to be moved: they are counted. */
static bool is_counted(const struct retention_item *item)
{
    return item->schema->type == SCHEMA_MOMENT || item->schema->type == SCHEMA_SIGNAL;
}

static void put_layer(struct json_out *o, const struct circle *circle,
                      const struct retention *retention, enum keep keep)
{
    int64_t moments = 0, signals = 0;
    json_key(o, layer_name(keep));
    json_open(o, '{');
    json_key(o, "records");
    json_open(o, '[');
    for (size_t i = 0; i < retention->count; i++) {
        const struct retention_item *item = &retention->items[i];
        if (item->keep != keep) continue;
        moments += item->schema->type == SCHEMA_MOMENT;
        signals += item->schema->type == SCHEMA_SIGNAL;
        if (!is_counted(item)) put_item(o, circle, item);
    }
    json_close(o, ']');
    json_put_integer(o, "moments", moments);
    json_put_integer(o, "signals", signals);
    json_close(o, '}');
}

vl_result handle_closing(struct request *rq)
{
    struct circle *circle;
    struct vl_record_id id;
    struct retention retention;
    bool may_close;
    VL_TRY(request_meeting(rq, &circle, &id));
    VL_TRY(erasure_is_facilitator(circle->replica, &may_close));
    VL_TRY(retention_of_meeting(circle->replica, &id, &retention));
    json_open(&rq->out, '{');
    put_record_id(&rq->out, "meeting", &id);
    json_put_flag(&rq->out, "may_close", may_close);
    json_key(&rq->out, "layers");
    json_open(&rq->out, '{');
    put_layer(&rq->out, circle, &retention, KEEP_CLOSING);
    put_layer(&rq->out, circle, &retention, KEEP_MONTHS);
    put_layer(&rq->out, circle, &retention, KEEP_KEPT);
    json_close(&rq->out, '}');
    json_close(&rq->out, '}');
    retention_finish(&retention);
    return VL_OK;
}

/* ---- erasing what is due ---- */

static int64_t due_count(const struct retention *retention)
{
    int64_t count = 0;
    for (size_t i = 0; i < retention->count; i++) {
        count += retention->items[i].due;
    }
    return count;
}

/* Members of an object that is open. */
static vl_result erase_due(struct request *rq, struct circle *circle,
                           const struct retention *retention, bool ask)
{
    struct erasure erasure;
    size_t tombstones = 0;
    VL_TRY(retention_entries(circle->replica, retention, &erasure));
    vl_result result = erasure_keep_allowed(circle->replica, &erasure);
    if (result == VL_OK && !ask)
        result = erasure_write(circle->replica, &erasure, request_now(), &tombstones);
    if (tombstones > 0) request_wrote(rq, circle);
    json_put_integer(&rq->out, "records", due_count(retention));
    json_put_integer(&rq->out, "entries", (int64_t)erasure.count);
    json_put_integer(&rq->out, "others", (int64_t)erasure.others);
    json_put_integer(&rq->out, "mixed", (int64_t)erasure.mixed);
    json_put_integer(&rq->out, "tombstones", (int64_t)tombstones);
    json_put_flag(&rq->out, "done", !ask);
    erasure_finish(&erasure);
    return result;
}

struct close_body {
    bool ask;
    const char *after;
};
static const struct json_field close_fields[] = {
    {"ask", JSON_KIND_FLAG, offsetof(struct close_body, ask), false, 0},
    {"after", JSON_KIND_TEXT, offsetof(struct close_body, after), false, RETENTION_PLACE_SIZE},
};

static vl_result close_meeting(struct request *rq, struct circle *circle,
                               const struct vl_record_id *id, bool ask)
{
    struct schema_problem problem = {0};
    struct retention retention;
    vl_result result;
    if (ask) {
        bool may;
        VL_TRY(erasure_is_facilitator(circle->replica, &may));
        if (!may) {
            return request_refuse(rq, NULL, "only who facilitates may close a meeting",
                                  VL_ERR_AUTHORITY);
        }
    } else {
        result = retention_close(circle->replica, id, request_now(), &problem);
        VL_TRY(request_problem(rq, result, &problem));
        request_wrote(rq, circle);
    }
    VL_TRY(retention_of_meeting(circle->replica, id, &retention));
    result = erase_due(rq, circle, &retention, ask);
    retention_finish(&retention);
    return result;
}

/* The meeting is closed, and what goes at its closing goes. Again: what came since. */
vl_result handle_close(struct request *rq)
{
    struct close_body body = {0};
    struct circle *circle;
    struct vl_record_id id;
    VL_TRY(request_decode(rq, close_fields, 1, &body));
    VL_TRY(request_meeting(rq, &circle, &id));
    json_open(&rq->out, '{');
    put_record_id(&rq->out, "meeting", &id);
    VL_TRY(close_meeting(rq, circle, &id, body.ask));
    json_close(&rq->out, '}');
    return VL_OK;
}

static vl_result read_due(struct request *rq, const struct circle *circle, const char *after,
                          struct retention_page *out)
{
    vl_result result = retention_due(circle->replica, request_now(), after, out);
    if (result != VL_ERR_INVALID) return result;
    return request_refuse(rq, "after", "not a place in this list", result);
}

static void put_next(struct json_out *o, const struct retention_page *page)
{
    json_put_text(o, "next", page->next[0] == 0 ? NULL : page->next);
}

vl_result handle_due(struct request *rq)
{
    struct circle *circle;
    struct retention_page page;
    int64_t moments = 0, signals = 0;
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(read_due(rq, circle, rq->query(rq->query_context, "after"), &page));
    json_open(&rq->out, '{');
    json_key(&rq->out, "due");
    json_open(&rq->out, '[');
    for (size_t i = 0; i < page.due.count; i++) {
        const struct retention_item *item = &page.due.items[i];
        moments += item->schema->type == SCHEMA_MOMENT;
        signals += item->schema->type == SCHEMA_SIGNAL;
        if (!is_counted(item)) put_item(&rq->out, circle, item);
    }
    json_close(&rq->out, ']');
    json_put_integer(&rq->out, "moments", moments);
    json_put_integer(&rq->out, "signals", signals);
    put_next(&rq->out, &page);
    json_close(&rq->out, '}');
    retention_finish(&page.due);
    return VL_OK;
}

/* A page of what is due; "next" says where to go on. A facilitator erases it all, others what they
 * wrote themselves. */
vl_result handle_due_erase(struct request *rq)
{
    struct close_body body = {0};
    struct circle *circle;
    struct retention_page page;
    VL_TRY(request_decode(rq, close_fields, 2, &body));
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(read_due(rq, circle, body.after, &page));
    json_open(&rq->out, '{');
    vl_result result = erase_due(rq, circle, &page.due, body.ask);
    put_next(&rq->out, &page);
    json_close(&rq->out, '}');
    retention_finish(&page.due);
    return result;
}

/* ---- who has confirmed ---- */

struct tombstone {
    struct vl_id entry, *targets;
    size_t target_count;
    vl_wall at;
};
struct tombstones { /* the newest, in a ring */
    struct tombstone items[ERASURES_MAX];
    size_t max, count;
};

static vl_result take_tombstone(void *context, const struct vl_entry_row *row)
{
    struct tombstones *all = context;
    struct vl_entry_header header;
    struct vl_control control = {0};
    VL_TRY(vl_entry_header_decode(row->entry.header, &header));
    VL_TRY(vl_control_decode(row->entry.blob, &control));
    if (control.kind == VL_CONTROL_TOMBSTONE) {
        struct tombstone *one = &all->items[all->count++ % all->max];
        free(one->targets);
        *one = (struct tombstone){row->id, control.ids, control.id_count, header.wall};
        control.ids = NULL; /* it moved */
        control.id_count = 0;
    }
    vl_control_finish(&control);
    return VL_OK;
}

static void put_devices(struct json_out *o, const struct circle *circle,
                        const struct vl_erasure_device *devices, size_t count)
{
    int64_t confirmed = 0, current = 0;
    json_key(o, "devices");
    json_open(o, '[');
    for (size_t i = 0; i < count; i++) {
        const struct vl_erasure_device *device = &devices[i];
        struct vl_id sign;
        memcpy(sign.bytes, device->sign, sizeof sign.bytes);
        current += device->current;
        confirmed += device->current && device->erased;
        json_open(o, '{');
        json_put_id(o, "device", &sign);
        json_put_id(o, "person", &device->person);
        view_person(o, "name", circle, &device->person);
        json_put_flag(o, "current", device->current);
        json_put_flag(o, "confirmed", device->erased);
        json_close(o, '}');
    }
    json_close(o, ']');
    json_put_integer(o, "confirmed", confirmed);
    json_put_integer(o, "current", current);
}

/* By the first of its entries that is here; *count 0: it erases none of those that are. */
static vl_result devices_of(struct vl_replica *r, const struct tombstone *one,
                            struct vl_erasure_device *devices, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < one->target_count && *count == 0; i++) {
        struct vl_id holds;
        vl_result result = vl_replica_erasure_state(r, &one->targets[i], &holds, devices,
                                                    ERASURE_DEVICES_MAX, count);
        if (result != VL_OK && result != VL_ERR_NOT_FOUND) return result;
        if (result == VL_ERR_NOT_FOUND) *count = 0;
    }
    if (*count > ERASURE_DEVICES_MAX) *count = ERASURE_DEVICES_MAX;
    return VL_OK;
}

static vl_result put_tombstone(struct json_out *o, const struct circle *circle,
                               const struct tombstone *one, struct vl_erasure_device *devices)
{
    struct vl_device_info author;
    size_t count;
    VL_TRY(devices_of(circle->replica, one, devices, &count));
    if (count == 0) return VL_OK;
    json_open(o, '{');
    json_put_id(o, "id", &one->entry);
    if (vl_replica_author(circle->replica, &one->entry, &author) == VL_OK) {
        json_put_id(o, "author", &author.person);
        view_person(o, "by", circle, &author.person);
    }
    json_put_time(o, "at", one->at.ms);
    json_put_integer(o, "entries", (int64_t)one->target_count);
    put_devices(o, circle, devices, count);
    json_close(o, '}');
    return VL_OK;
}

static vl_result read_max(struct request *rq, size_t *out)
{
    const char *max = rq->query(rq->query_context, "max");
    *out = ERASURES_DEFAULT;
    if (max == NULL) return VL_OK;
    char *end;
    unsigned long wanted = strtoul(max, &end, 10);
    if (*end != 0 || wanted == 0 || wanted > ERASURES_MAX) {
        return request_refuse(rq, "max", "not from 1 to 100", VL_ERR_INVALID);
    }
    *out = wanted;
    return VL_OK;
}

static vl_result put_tombstones(struct json_out *o, const struct circle *circle,
                                const struct tombstones *all)
{
    struct vl_erasure_device *devices = calloc(ERASURE_DEVICES_MAX, sizeof *devices);
    vl_result result = devices == NULL ? VL_ERR_NO_MEMORY : VL_OK;
    size_t kept = all->count < all->max ? all->count : all->max;
    json_key(o, "erasures");
    json_open(o, '[');
    for (size_t i = 1; i <= kept && result == VL_OK; i++) {
        result = put_tombstone(o, circle, &all->items[(all->count - i) % all->max], devices);
    }
    json_close(o, ']');
    free(devices);
    return result;
}

vl_result handle_erasure(struct request *rq)
{
    const struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTROL};
    struct circle *circle;
    size_t max;
    VL_TRY(request_replica(rq, &circle));
    VL_TRY(read_max(rq, &max));
    struct tombstones *all = calloc(1, sizeof *all);
    if (all == NULL) return VL_ERR_NO_MEMORY;
    all->max = max;
    vl_result result = vl_replica_entries(circle->replica, &scan, take_tombstone, all);
    json_open(&rq->out, '{');
    if (result == VL_OK) result = put_tombstones(&rq->out, circle, all);
    json_close(&rq->out, '}');
    for (size_t i = 0; i < ERASURES_MAX; i++) {
        free(all->items[i].targets);
    }
    free(all);
    return result;
}
