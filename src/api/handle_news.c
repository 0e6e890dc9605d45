/* What is new for me since the circle's last meeting: for the screen that one comes home to. Read
 * by the lists' own indices, a bounded number of records of each type, so it does not grow with the
 * past. */
#include "api/people.h"
#include "circle/date.h"
#include "circle/listing.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NEWS_MAX      30u /* that are told */
#define NEWS_DUE      64u /* commitments that are looked at by their date, the latest first */
#define NEWS_LAST     4u  /* meetings whose commitments are looked at: the closed one, and after */
#define NEWS_MEETINGS 32u /* by date, the latest first: one of them is the last that was closed */

enum news_kind {
    NEWS_SHARE,
    NEWS_REPLY,
    NEWS_DECISION,
    NEWS_COMMITMENT,
    NEWS_AGREEMENT,
    NEWS_MEMBER
};
static const struct news_type {
    const char *name;
    uint32_t type;
    bool backward; /* against the list's order, so that the newest come first */
} types[] = {
    [NEWS_SHARE] = {"share", SCHEMA_SHARE, false},
    [NEWS_REPLY] = {"reply", SCHEMA_REPLY, true},
    [NEWS_DECISION] = {"decision", SCHEMA_DECISION, true},
    [NEWS_COMMITMENT] = {"commitment", SCHEMA_COMMITMENT, false},
    [NEWS_AGREEMENT] = {"agreement", SCHEMA_AGREEMENT, false},
    [NEWS_MEMBER] = {"member", SCHEMA_PROFILE, true},
};
#define KINDS (sizeof types / sizeof types[0])

struct item {
    enum news_kind kind;
    const struct record *record; /* a view */
    struct vl_stamp stamp;
    struct vl_id person;
    bool due;
};
struct news {
    struct request *rq;
    const struct circle *circle;
    struct vl_id me;
    struct blocked blocked;
    uint64_t since; /* lamport number of the last closing; 0: there was none */
    struct vl_record_id last[NEWS_LAST];
    size_t last_count;
    char today[DATE_TEXT_SIZE], tomorrow[DATE_TEXT_SIZE]; /* "": not known */
    struct listing lists[KINDS], of_last[NEWS_LAST];
    struct item items[KINDS * (NEWS_MAX + 1) + NEWS_DUE + NEWS_LAST * (NEWS_MAX + 1)];
    size_t count;
    struct vl_record_id meeting; /* the one that was looked at last, and whether it is to come */
    bool has_meeting, is_to_come;
};

static int64_t number_of(const struct record *record, uint32_t field, int64_t otherwise)
{
    const struct record_field *found = record_field(record, field);
    return found == NULL || found->count == 0 ? otherwise : found->values[0].value.integer;
}

/* ---- since when ---- */

/* The latest meeting by date that was closed; its closing is what `since` says. */
static vl_result find_since(struct news *n)
{
    const struct listing_query query = {
        .schema = schema_record(SCHEMA_MEETING), .backward = true, .max = NEWS_MEETINGS};
    struct listing meetings;
    VL_TRY(listing_read(n->circle->replica, &query, &meetings));
    for (size_t i = 0; i < meetings.list.count && n->since == 0; i++) {
        const struct record *meeting = &meetings.list.items[i];
        n->last[n->last_count++ % NEWS_LAST] = meeting->id;
        if (number_of(meeting, MEETING_STATE, MEETING_PLANNED) != MEETING_CLOSED) continue;
        n->since = record_field(meeting, MEETING_STATE)->values[0].stamp.lamport;
    }
    listing_finish(&meetings);
    return VL_OK;
}

/* ---- which ---- */

/* Whether the meeting that a reply answers is still to come, or goes on. */
static vl_result is_to_come(struct news *n, const struct record *reply, bool *is)
{
    const struct record_field *field = record_field(reply, REPLY_MEETING);
    struct record meeting;
    *is = false;
    if (field == NULL || field->count == 0) return VL_OK;
    const struct vl_record_id *id = &field->values[0].value.record;
    if (!n->has_meeting || memcmp(&n->meeting, id, sizeof *id) != 0) {
        vl_result read = record_read(n->circle->replica, SCHEMA_MEETING, id, &meeting);
        if (read == VL_ERR_NOT_FOUND) return VL_OK;
        VL_TRY(read);
        int64_t state = number_of(&meeting, MEETING_STATE, MEETING_PLANNED);
        n->is_to_come = state == MEETING_PLANNED || state == MEETING_OPEN;
        n->meeting = *id;
        n->has_meeting = true;
        record_finish(&meeting);
    }
    *is = n->is_to_come;
    return VL_OK;
}

static bool is_mine_and_due(const struct news *n, const struct record *record, bool is_new,
                            bool *is_due)
{
    const struct record_field *person = record_field(record, COMMITMENT_PERSON);
    const char *until = record_text(record, COMMITMENT_UNTIL);
    if (person == NULL || person->count == 0) return false;
    if (!vl_id_equal(&person->values[0].value.person, &n->me)) return false;
    if (number_of(record, COMMITMENT_STATE, COMMITMENT_OPEN) != COMMITMENT_OPEN) return false;
    *is_due = until[0] != 0 && strncmp(until, n->today, strlen("2026-03-12")) <= 0;
    return is_new || *is_due;
}

static bool has_my_assent(const struct news *n, const struct record *version)
{
    const struct record_field *assents = record_field(version, AGREEMENT_ASSENTS);
    for (size_t i = 0; assents != NULL && i < assents->count; i++) {
        if (vl_id_equal(&assents->values[i].value.person, &n->me)) return true;
    }
    return false;
}

static vl_result is_news(struct news *n, struct item *item, bool *is)
{
    struct vl_person_state state;
    bool is_new = item->stamp.lamport > n->since, is_mine = vl_id_equal(&item->person, &n->me);
    *is = false;
    if (blocked_has(&n->blocked, &item->person) && item->kind == NEWS_SHARE) return VL_OK;
    switch (item->kind) {
    case NEWS_COMMITMENT: *is = is_mine_and_due(n, item->record, is_new, &item->due); return VL_OK;
    case NEWS_AGREEMENT: *is = is_new && !has_my_assent(n, item->record); return VL_OK;
    case NEWS_REPLY:
        if (!is_new || is_mine) return VL_OK;
        return is_to_come(n, item->record, is);
    case NEWS_MEMBER:
        if (!is_new || is_mine) return VL_OK;
        vl_result found = people_state(n->circle->replica, &item->person, &state);
        *is = found == VL_OK && state.role != VL_ROLE_NONE;
        return found == VL_ERR_NOT_FOUND ? VL_OK : found;
    case NEWS_SHARE:
    case NEWS_DECISION: *is = is_new && !is_mine; return VL_OK;
    }
    return VL_OK;
}

static bool has_item(const struct news *n, const struct item *item)
{
    for (size_t i = 0; i < n->count; i++) {
        if (n->items[i].kind == item->kind &&
            memcmp(&n->items[i].record->id, &item->record->id, sizeof item->record->id) == 0) {
            return true;
        }
    }
    return false;
}

static vl_result take_list(struct news *n, enum news_kind kind, const struct listing_query *query,
                           struct listing *out)
{
    VL_TRY(listing_read(n->circle->replica, query, out));
    const struct record_list *list = &out->list;
    for (size_t i = 0; i < list->count; i++) {
        const struct record_value *made = record_made(&list->items[i]);
        bool is = false;
        if (made == NULL) continue;
        struct item item = {
            .kind = kind, .record = &list->items[i], .stamp = made->stamp, .person = made->author};
        VL_TRY(is_news(n, &item, &is));
        if (is && !has_item(n, &item)) n->items[n->count++] = item;
    }
    return VL_OK;
}

/* What is due, by its date; and what was taken on in the last meetings. All that is somebody's
 * would have to be looked for among all commitments there ever were. */
static vl_result take_commitments(struct news *n)
{
    struct listing_query query = {.schema = schema_record(SCHEMA_COMMITMENT),
                                  .backward = true,
                                  .after = n->tomorrow[0] == 0 ? NULL : n->tomorrow,
                                  .max = NEWS_DUE};
    VL_TRY(take_list(n, NEWS_COMMITMENT, &query, &n->lists[NEWS_COMMITMENT]));
    query = (struct listing_query){.schema = query.schema, .filter_count = 1, .max = NEWS_MAX + 1};
    for (size_t i = 0; i < n->last_count && i < NEWS_LAST; i++) {
        query.filters[0] = (struct listing_filter){
            schema_field(SCHEMA_COMMITMENT, COMMITMENT_MEETING),
            {.tag = VL_VALUE_REFERENCE, .type = SCHEMA_MEETING, .record = n->last[i]}};
        VL_TRY(take_list(n, NEWS_COMMITMENT, &query, &n->of_last[i]));
    }
    return VL_OK;
}

static vl_result take(struct news *n, enum news_kind kind)
{
    const struct listing_query query = {.schema = schema_record(types[kind].type),
                                        .backward = types[kind].backward,
                                        .max = NEWS_MAX + 1}; /* one more: there is more */
    if (kind == NEWS_COMMITMENT) return take_commitments(n);
    return take_list(n, kind, &query, &n->lists[kind]);
}

/* ---- telling ---- */

static int newer_first(const void *one, const void *two)
{
    const struct item *a = one, *b = two;
    if (a->stamp.lamport != b->stamp.lamport) return a->stamp.lamport < b->stamp.lamport ? 1 : -1;
    return memcmp(a->stamp.dot.entry.bytes, b->stamp.dot.entry.bytes,
                  sizeof a->stamp.dot.entry.bytes);
}

static void put_item(struct json_out *o, const struct news *n, const struct item *item)
{
    char id[RECORD_ID_TEXT_SIZE];
    json_open(o, '{');
    json_put_text(o, "kind", types[item->kind].name);
    record_id_text(&item->record->id, id);
    json_put_text(o, "id", id);
    json_put_id(o, "person", &item->person);
    view_person(o, "name", n->circle, &item->person);
    if (item->kind == NEWS_COMMITMENT) json_put_flag(o, "due", item->due);
    json_key(o, "record");
    json_open(o, '{');
    view_record(o, n->circle, item->record, false);
    json_close(o, '}');
    json_close(o, '}');
}

static vl_result answer(struct news *n)
{
    struct json_out *o = &n->rq->out;
    qsort(n->items, n->count, sizeof n->items[0], newer_first);
    json_open(o, '{');
    json_put_id(o, "circle", &n->circle->id);
    json_put_flag(o, "more", n->count > NEWS_MAX);
    json_key(o, "news");
    json_open(o, '[');
    for (size_t i = 0; i < n->count && i < NEWS_MAX; i++) {
        put_item(o, n, &n->items[i]);
    }
    json_close(o, ']');
    json_close(o, '}');
    return VL_OK;
}

/* What day it is here: only for saying what is due. */
static void take_today(struct news *n)
{
    struct tm parts;
    time_t now = (time_t)(request_now().ms / 1000);
    if (localtime_r(&now, &parts) == NULL) return; /* nothing is due */
    struct date day = {.day = date_day(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday),
                       .minute = -1};
    date_text(day, n->today);
    day.day++;
    date_text(day, n->tomorrow);
}

vl_result handle_news(struct request *rq)
{
    struct circle *circle;
    VL_TRY(request_replica(rq, &circle));
    struct news *n = calloc(1, sizeof *n);
    if (n == NULL) return VL_ERR_NO_MEMORY;
    n->rq = rq;
    n->circle = circle;
    take_today(n);
    vl_result result = vl_replica_me(circle->replica, &n->me);
    if (result == VL_ERR_NOT_FOUND) result = VL_OK; /* nobody: nothing is mine */
    if (result == VL_OK) result = blocked_read(rq->api->store, circle, &n->blocked);
    if (result == VL_OK) result = find_since(n);
    for (size_t i = 0; i < KINDS && result == VL_OK; i++) {
        result = take(n, (enum news_kind)i);
    }
    if (result == VL_OK) result = answer(n);
    for (size_t i = 0; i < KINDS; i++) {
        listing_finish(&n->lists[i]);
    }
    for (size_t i = 0; i < NEWS_LAST; i++) {
        listing_finish(&n->of_last[i]);
    }
    free(n);
    return result;
}
