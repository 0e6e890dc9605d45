/* Quiet signals: sealed to the facilitators, read by them and whoever gave it. That one was read is
 * noted on this device alone. */
#include "api/record_body.h"
#include "api/view_live.h"
#include "circle/edit.h"

#include <stdlib.h>
#include <string.h>

#define SEEN_NOTE   "signals seen"
#define SEEN_MAX    256u /* ids in the note; the oldest goes */
#define SIGNALS_MAX 50u  /* told of one meeting, the newest */

struct seen {
    struct vl_record_id items[SEEN_MAX];
    size_t count;
};

static vl_result read_seen(struct request *rq, const struct circle *circle, struct seen *out)
{
    struct vl_buffer note = {0};
    out->count = 0;
    vl_result result = store_note_get(rq->api->store, &circle->id, SEEN_NOTE, &note);
    if (result == VL_OK && (note.size % sizeof out->items[0] != 0 || note.size > sizeof out->items))
        result = VL_ERR_DAMAGED;
    if (result == VL_OK && note.size > 0) {
        memcpy(out->items, note.data, note.size);
        out->count = note.size / sizeof out->items[0];
    }
    vl_buffer_finish(&note);
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

static bool is_seen(const struct seen *seen, const struct vl_record_id *id)
{
    for (size_t i = 0; i < seen->count; i++)
        if (memcmp(&seen->items[i], id, sizeof *id) == 0) return true;
    return false;
}

static void add_seen(struct seen *seen, const struct vl_record_id *id)
{
    if (is_seen(seen, id)) return;
    if (seen->count == SEEN_MAX) {
        memmove(seen->items, seen->items + 1, (SEEN_MAX - 1) * sizeof seen->items[0]);
        seen->count--;
    }
    seen->items[seen->count++] = *id;
}

/* ---- those of a meeting ---- */

static bool is_of(const struct record *signal, const struct vl_record_id *meeting)
{
    const struct record_field *field = record_field(signal, SIGNAL_MEETING);
    return field->count > 0 && field->values[0].value.tag == VL_VALUE_REFERENCE &&
           memcmp(&field->values[0].value.record, meeting, sizeof *meeting) == 0;
}

static int newest_first(const void *a, const void *b)
{
    const struct record_value *x = record_made(a), *y = record_made(b);
    return vl_stamp_compare(&y->stamp, &x->stamp);
}

/* The newest ones of a meeting that can be read here. record_list_finish. */
static vl_result read_signals(const struct circle *circle, const struct vl_record_id *meeting,
                              struct record_list *out)
{
    size_t kept = 0;
    VL_TRY(record_list_read(circle->replica, SCHEMA_SIGNAL + VL_TYPE_SEALED, out));
    for (size_t i = 0; i < out->count; i++) {
        struct record record = out->items[i];
        if (is_of(&record, meeting))
            out->items[kept++] = record;
        else
            record_finish(&record);
    }
    out->count = kept;
    if (kept > 1) qsort(out->items, kept, sizeof *out->items, newest_first);
    while (out->count > SIGNALS_MAX)
        record_finish(&out->items[--out->count]);
    return VL_OK;
}

static void put_signal(struct request *rq, const struct circle *circle, const struct record *signal,
                       const struct vl_id *me, bool seen)
{
    const struct record_value *made = record_made(signal);
    const struct record_field *kind = record_field(signal, SIGNAL_KIND);
    char id[RECORD_ID_TEXT_SIZE];
    record_id_text(&signal->id, id);
    json_open(&rq->out, '{');
    json_put_text(&rq->out, "id", id);
    json_put_text(&rq->out, "kind",
                  kind->count > 0 ? schema_choice(kind->schema, kind->values[0].value.integer)
                                  : NULL);
    json_put_text(&rq->out, "text", record_text(signal, SIGNAL_TEXT));
    json_put_id(&rq->out, "person", &made->author);
    view_person(&rq->out, "name", circle, &made->author);
    json_put_flag(&rq->out, "mine", vl_id_equal(&made->author, me));
    json_put_flag(&rq->out, "seen", seen);
    json_close(&rq->out, '}');
}

vl_result view_signals(struct request *rq, const struct circle *circle,
                       const struct vl_record_id *meeting)
{
    struct record_list list;
    struct seen seen;
    struct vl_id me = {{0}};
    vl_result found = vl_replica_me(circle->replica, &me);
    if (found != VL_OK && found != VL_ERR_NOT_FOUND) return found;
    VL_TRY(read_seen(rq, circle, &seen));
    VL_TRY(read_signals(circle, meeting, &list));
    json_key(&rq->out, "signals");
    json_open(&rq->out, '[');
    for (size_t i = 0; i < list.count; i++)
        put_signal(rq, circle, &list.items[i], &me, is_seen(&seen, &list.items[i].id));
    json_close(&rq->out, ']');
    record_list_finish(&list);
    return VL_OK;
}

static vl_result answer(struct request *rq, const struct circle *circle,
                        const struct vl_record_id *meeting)
{
    json_open(&rq->out, '{');
    vl_result result = view_signals(rq, circle, meeting);
    json_close(&rq->out, '}');
    return result;
}

/* ---- giving one ---- */

struct signal_body {
    const char *kind, *text;
};
static const struct json_field signal_fields[] = {
    {"kind", JSON_KIND_TEXT, offsetof(struct signal_body, kind), true, 64},
    {"text", JSON_KIND_TEXT, offsetof(struct signal_body, text), false, 4096},
};

vl_result handle_signal(struct request *rq)
{
    struct signal_body body = {0};
    struct schema_problem problem = {0};
    struct circle *circle;
    struct vl_record_id meeting, id;
    struct vl_value kind;
    struct edit e;
    VL_TRY(request_decode(rq, signal_fields, 2, &body));
    VL_TRY(request_meeting(rq, &circle, &meeting));
    VL_TRY(
        record_body_value(rq, circle, schema_field(SCHEMA_SIGNAL, SIGNAL_KIND), body.kind, &kind));
    const struct vl_value of = {
        .tag = VL_VALUE_REFERENCE, .type = SCHEMA_MEETING, .record = meeting};
    VL_TRY(record_id_new(circle->replica, SCHEMA_SIGNAL, &id));
    VL_TRY(edit_begin(&e, circle->replica, SCHEMA_SIGNAL, &id));
    edit_set(&e, SIGNAL_MEETING, &of);
    edit_set(&e, SIGNAL_KIND, &kind);
    edit_set_text(&e, SIGNAL_TEXT, body.text);
    vl_result result = edit_write(&e, request_now(), &problem);
    edit_finish(&e);
    VL_TRY(request_problem(rq, result, &problem));
    request_wrote(rq, circle);
    return answer(rq, circle, &meeting);
}

/* ---- it was read ---- */

struct seen_body {
    const char *id;
};
static const struct json_field seen_fields[] = {
    {"id", JSON_KIND_TEXT, offsetof(struct seen_body, id), false, RECORD_ID_TEXT_SIZE - 1},
};

vl_result handle_signal_seen(struct request *rq)
{
    struct seen_body body = {0};
    struct circle *circle;
    struct vl_record_id meeting, one;
    struct record_list list;
    struct seen seen;
    VL_TRY(request_decode(rq, seen_fields, 1, &body));
    VL_TRY(request_meeting(rq, &circle, &meeting));
    if (body.id != NULL) {
        vl_result found =
            record_look_up(circle->replica, schema_record(SCHEMA_SIGNAL), body.id, &one);
        if (found == VL_ERR_INVALID)
            return request_refuse(rq, "id", "several records match", found);
        VL_TRY(found);
    }
    VL_TRY(read_seen(rq, circle, &seen));
    VL_TRY(read_signals(circle, &meeting, &list));
    for (size_t i = list.count; i-- > 0;) /* the newest last, so it is kept for longest */
        if (body.id == NULL || memcmp(&list.items[i].id, &one, sizeof one) == 0)
            add_seen(&seen, &list.items[i].id);
    record_list_finish(&list);
    VL_TRY(store_note_put(rq->api->store, &circle->id, SEEN_NOTE,
                          vl_bytes(seen.items, seen.count * sizeof seen.items[0])));
    return answer(rq, circle, &meeting);
}
