/* Minutes written together, letter by letter: loading, edits, what others wrote meanwhile. */
#include "api/cursors.h"
#include "api/editings.h"

#include <stdlib.h>
#include <string.h>

#define OPERATIONS_MAX 256u

/* ---- answering ---- */

static void put_version(struct json_out *o, const struct editing *e)
{
    char version[EDITING_VERSION_SIZE];
    editing_version(e, version);
    json_put_text(o, "version", version);
    json_put_flag(o, "saved", typing_waiting(e->typing) == 0);
    json_put_text(o, "error", e->error == VL_OK ? NULL : vl_result_name(e->error));
}

static vl_result put_text(struct json_out *o, const char *key, struct vl_bytes text)
{
    char *copy = malloc(text.size + 1);
    if (copy == NULL) return VL_ERR_NO_MEMORY;
    if (text.size > 0) memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    json_put_text(o, key, copy);
    free(copy);
    return VL_OK;
}

static vl_result put_changes(struct json_out *o, const struct typing_changes *changes)
{
    vl_result result = VL_OK;
    json_key(o, "changes");
    json_open(o, '[');
    for (size_t i = 0; i < changes->count && result == VL_OK; i++) {
        const struct typing_change *change = &changes->items[i];
        json_open(o, '{');
        json_put_integer(o, "at", (int64_t)change->at);
        json_put_integer(o, "delete", (int64_t)change->gone);
        result = put_text(o, "insert", typing_change_text(changes, i));
        json_close(o, '}');
    }
    json_close(o, ']');
    return result;
}

static vl_result put_writers(struct request *rq, const struct circle *circle, struct editing *e)
{
    return cursors_put(rq->api->cursors, &rq->out, circle, &e->record, e->typing);
}

static vl_result answer_load(struct request *rq, const struct circle *circle, struct editing *e)
{
    struct typing_changes changes;
    VL_TRY(typing_pull(e->typing, &changes));
    json_open(&rq->out, '{');
    put_version(&rq->out, e);
    vl_result result = put_text(&rq->out, "text", vl_buffer_view(&changes.text));
    if (result == VL_OK) result = put_writers(rq, circle, e);
    json_close(&rq->out, '}');
    typing_changes_finish(&changes);
    return result;
}

/* The text on one more screen, with the version that its edits are to name. */
vl_result handle_minutes_load(struct request *rq)
{
    struct circle *circle;
    struct vl_record_id id;
    struct editing *e;
    VL_TRY(request_meeting(rq, &circle, &id));
    VL_TRY(editings_open(rq->api->editings, rq, circle, &id, &e));
    vl_result result = answer_load(rq, circle, e);
    if (result != VL_OK) editings_let_go(rq->api->editings, e);
    return result;
}

/* ---- editing ---- */

static vl_result read_number(struct request *rq, const struct json *operation, const char *name,
                             size_t *out)
{
    const struct json *value = json_member(operation, name);
    int64_t number = 0;
    *out = 0;
    if (value == NULL) return VL_OK;
    if (!json_integer_of(value, &number) || number < 0)
        return request_refuse(rq, name, "not a number", VL_ERR_INVALID);
    *out = (size_t)number;
    return VL_OK;
}

static vl_result read_operation(struct request *rq, const struct json *operation,
                                struct typing_edit *out)
{
    static const char *const known[] = {"at", "delete", "insert"};
    const struct json *insert = json_member(operation, "insert");
    if (json_sort_of(operation) != JSON_OBJECT)
        return request_refuse(rq, "operations", "not what this field holds", VL_ERR_INVALID);
    for (size_t i = 0; i < json_count(operation); i++) {
        const char *name = json_item_name(operation, i);
        bool is_known = false;
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
            is_known = is_known || strcmp(known[k], name) == 0;
        }
        if (!is_known)
            return request_refuse(rq, "operations", "there is no such field", VL_ERR_INVALID);
    }
    VL_TRY(read_number(rq, operation, "at", &out->at));
    VL_TRY(read_number(rq, operation, "delete", &out->gone));
    if (insert != NULL && json_sort_of(insert) != JSON_TEXT)
        return request_refuse(rq, "insert", "not a text", VL_ERR_INVALID);
    out->typed = vl_bytes_text(json_text_of(insert));
    return VL_OK;
}

/* What is not well-formed is told before any of it is done. */
static vl_result read_operations(struct request *rq, struct typing_edit *out, size_t *count)
{
    const struct json *list = json_member(rq->body, "operations");
    *count = 0;
    if (list == NULL) return VL_OK;
    if (json_sort_of(list) != JSON_ARRAY)
        return request_refuse(rq, "operations", "not a list", VL_ERR_INVALID);
    if (json_count(list) > OPERATIONS_MAX)
        return request_refuse(rq, "operations", "too many elements", VL_ERR_LIMIT);
    for (; *count < json_count(list); (*count)++) {
        VL_TRY(read_operation(rq, json_item(list, *count), &out[*count]));
    }
    return VL_OK;
}

static vl_result check_members(struct request *rq)
{
    static const char *const known[] = {"base", "operations", "save", "cursor"};
    for (size_t i = 0; i < json_count(rq->body); i++) {
        const char *name = json_item_name(rq->body, i);
        bool is_known = false;
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
            is_known = is_known || strcmp(known[k], name) == 0;
        }
        if (!is_known) return request_refuse(rq, name, "there is no such field", VL_ERR_INVALID);
    }
    const struct json *save = json_member(rq->body, "save");
    if (save != NULL && json_sort_of(save) != JSON_FLAG)
        return request_refuse(rq, "save", "not true or false", VL_ERR_INVALID);
    const struct json *cursor = json_member(rq->body, "cursor");
    if (cursor == NULL || json_sort_of(cursor) == JSON_NULL) return VL_OK;
    size_t ignored;
    return read_number(rq, rq->body, "cursor", &ignored);
}

/* Where she writes, in the text after her edits; a place that is not in it is not told. */
static void say_cursor(struct request *rq, const struct circle *circle, const struct editing *e)
{
    const struct json *cursor = json_member(rq->body, "cursor");
    struct vl_place unit;
    int64_t at = 0;
    if (cursor == NULL) return;
    if (json_sort_of(cursor) == JSON_NULL)
        cursors_say(rq->api->cursors, circle, &e->record, NULL);
    else if (json_integer_of(cursor, &at) && typing_place(e->typing, (size_t)at, &unit) == VL_OK)
        cursors_say(rq->api->cursors, circle, &e->record, &unit);
}

/* What was on the screen is not known here any more, or it was changed since. */
static vl_result find_editing(struct request *rq, struct circle *circle,
                              const struct vl_record_id *id, struct editing **out)
{
    *out = editings_find(rq->api->editings, rq, circle, id, json_text(rq->body, "base"));
    if (*out != NULL) return VL_OK;
    return request_refuse(rq, "base", "the text has to be loaded again", VL_ERR_STATE);
}

static vl_result do_edits(struct request *rq, struct editing *e, const struct typing_edit *edits,
                          size_t count)
{
    vl_result result = typing_edit(e->typing, edits, count);
    switch (result) {
    case VL_OK: break;
    case VL_ERR_INVALID:
        return request_refuse(rq, "at", "past the end of the text", VL_ERR_INVALID);
    case VL_ERR_TOO_LARGE:
    case VL_ERR_UTF8: return request_refuse(rq, "insert", NULL, result);
    default: return result;
    }
    if (count > 0) editings_typed(rq->api->editings, e, request_instant());
    bool now = json_flag(rq->body, "save") || typing_waiting(e->typing) >= EDITING_BYTES_MAX;
    return now ? editings_write(rq->api->editings, e) : VL_OK;
}

static vl_result answer_edits(struct request *rq, const struct circle *circle, struct editing *e)
{
    struct typing_changes changes;
    VL_TRY(typing_pull(e->typing, &changes));
    e->version++;
    json_open(&rq->out, '{');
    put_version(&rq->out, e);
    vl_result result = put_changes(&rq->out, &changes);
    if (result == VL_OK) result = put_writers(rq, circle, e);
    json_close(&rq->out, '}');
    typing_changes_finish(&changes);
    return result;
}

/* What was typed is taken; "saved" says whether it is durable yet. "changes" is what others wrote
 * since. When it could not be written it waits on, and is tried again: the answer is no error, for
 * the screen goes on from the new version. */
vl_result handle_minutes_edit(struct request *rq)
{
    struct typing_edit *edits = calloc(OPERATIONS_MAX, sizeof *edits);
    struct circle *circle;
    struct vl_record_id id;
    struct editing *e = NULL;
    size_t count = 0;
    if (edits == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = request_meeting(rq, &circle, &id);
    if (result == VL_OK) result = check_members(rq);
    if (result == VL_OK) result = read_operations(rq, edits, &count);
    if (result == VL_OK) result = find_editing(rq, circle, &id, &e);
    if (result == VL_OK) result = do_edits(rq, e, edits, count);
    free(edits);
    bool is_refused = rq->problem.field != NULL;
    if (e == NULL || is_refused) return result;
    if (result == VL_OK) say_cursor(rq, circle, e);
    if (result == VL_OK || (result != VL_ERR_NO_MEMORY && typing_waiting(e->typing) > 0))
        result = answer_edits(rq, circle, e);
    if (result != VL_OK) editings_let_go(rq->api->editings, e);
    return result;
}
