#include "api/view_meeting.h"
#include "api/catalog.h"
#include "api/people.h"
#include "circle/listing.h"
#include "circle/reply.h"

#include <stdio.h>

/* A word of a rule in words, by its language. */
static const char *translate(void *language, const char *english)
{
    return catalog_text(language, english);
}

void view_repeats(struct request *rq, const struct series *series)
{
    char words[512], language[8];
    const char *wanted;
    if (!series->repeats || request_language(rq, &wanted) != VL_OK) {
        json_put_text(&rq->out, "repeats", NULL);
        return;
    }
    snprintf(language, sizeof language, "%s", wanted);
    recurrence_describe(&series->rule, series->start, translate, language, words, sizeof words);
    json_put_text(&rq->out, "repeats", words);
}

static void put_reply(struct json_out *o, const struct circle *circle, const struct reply *reply)
{
    json_open(o, '{');
    json_put_id(o, "person", &reply->person);
    view_person(o, "name", circle, &reply->person);
    if (reply->has_answer) {
        json_put_text(o, "brings", record_text(&reply->record, REPLY_BRINGS));
        json_put_text(o, "note", record_text(&reply->record, REPLY_NOTE));
    }
    json_close(o, '}');
}

static void put_replies(struct json_out *o, const struct circle *circle, const char *name,
                        const struct replies *replies, bool has_answer, enum answer answer)
{
    json_key(o, name);
    json_open(o, '[');
    for (size_t i = 0; i < replies->count; i++) {
        const struct reply *reply = &replies->items[i];
        if (reply->has_answer != has_answer || (has_answer && reply->answer != answer)) continue;
        put_reply(o, circle, reply);
    }
    json_close(o, ']');
}

static vl_result view_replies(struct json_out *o, const struct circle *circle,
                              const struct vl_record_id *meeting)
{
    struct replies replies;
    VL_TRY(replies_read(circle->replica, meeting, &replies));
    json_key(o, "replies");
    json_open(o, '{');
    put_replies(o, circle, "coming", &replies, true, ANSWER_COMING);
    put_replies(o, circle, "perhaps", &replies, true, ANSWER_PERHAPS);
    put_replies(o, circle, "not", &replies, true, ANSWER_NOT);
    put_replies(o, circle, "silent", &replies, false, ANSWER_NOT);
    json_close(o, '}');
    replies_finish(&replies);
    return VL_OK;
}

/* ---- what came of it ---- */

/* Somebody's commitment names her, so that a screen needs no list of members to show it. */
static void put_outcome(struct json_out *o, const struct circle *circle,
                        const struct blocked *blocked, const struct record *record)
{
    json_open(o, '{');
    view_record(o, circle, record, false);
    if (record->schema->type == SCHEMA_COMMITMENT) {
        const struct record_field *person = record_field(record, COMMITMENT_PERSON);
        const bool is_hers = person->count > 0 && person->values[0].value.tag == VL_VALUE_PERSON;
        if (is_hers) view_person(o, "name", circle, &person->values[0].value.person);
    }
    if (blocked_made(blocked, record)) json_put_flag(o, "blocked", true);
    json_close(o, '}');
}

static vl_result put_outcomes(struct request *rq, const struct circle *circle,
                              enum schema_type type, const struct vl_record_id *meeting, bool *more)
{
    struct listing_query query = {
        .schema = schema_record(type), .filter_count = 1, .max = OUTCOMES_MAX};
    struct listing listing;
    struct blocked blocked;
    query.filters[0] = (struct listing_filter){
        schema_field_named(type, "meeting"),
        {.tag = VL_VALUE_REFERENCE, .type = SCHEMA_MEETING, .record = *meeting}};
    VL_TRY(blocked_read(rq->api->store, circle, &blocked));
    VL_TRY(listing_read(circle->replica, &query, &listing));
    json_key(&rq->out, query.schema->plural);
    json_open(&rq->out, '[');
    for (size_t i = 0; i < listing.list.count; i++)
        put_outcome(&rq->out, circle, &blocked, &listing.list.items[i]);
    json_close(&rq->out, ']');
    *more = *more || listing.next[0] != 0;
    listing_finish(&listing);
    return VL_OK;
}

vl_result view_outcomes(struct request *rq, const struct circle *circle,
                        const struct vl_record_id *meeting)
{
    bool more = false;
    VL_TRY(put_outcomes(rq, circle, SCHEMA_DECISION, meeting, &more));
    VL_TRY(put_outcomes(rq, circle, SCHEMA_COMMITMENT, meeting, &more));
    json_put_flag(&rq->out, "more_outcomes", more);
    return VL_OK;
}

vl_result view_meeting(struct request *rq, const struct circle *circle,
                       const struct record *meeting)
{
    struct series series;
    (void)series_of(meeting, &series); /* without a start it does not come again */
    view_repeats(rq, &series);
    VL_TRY(view_replies(&rq->out, circle, &meeting->id));
    return view_outcomes(rq, circle, &meeting->id);
}
