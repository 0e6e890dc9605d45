#include "api/view_live.h"
#include "api/people.h"
#include "api/view_meeting.h"
#include "circle/agreement.h"
#include "circle/meeting.h"
#include "circle/persons.h"

#include <stdlib.h>
#include <string.h>

struct view { /* what every part of the answer needs */
    struct json_out *o;
    const struct circle *circle;
    const struct live_state *state;
    int64_t now;
    struct vl_id me; /* zeros: no member */
};

/* ---- who ---- */

/* Members of an object that is open. */
static void put_who(const struct view *v, size_t speaker)
{
    const struct live_who *who = &v->state->speakers[speaker].who;
    if (who->seat != NULL) {
        json_put_text(v->o, "seat", who->seat);
        return;
    }
    json_put_id(v->o, "person", &who->person);
    view_person(v->o, "name", v->circle, &who->person);
}

static void put_one(const struct view *v, const char *key, size_t speaker)
{
    json_key(v->o, key);
    if (speaker == LIVE_NOBODY) {
        json_write_null(v->o);
        return;
    }
    json_open(v->o, '{');
    put_who(v, speaker);
    json_close(v->o, '}');
}

static size_t find_me(const struct view *v)
{
    const struct live_who me = {.person = v->me};
    return live_find(v->state, &me);
}

/* ---- parts ---- */

vl_result live_parts(const struct circle *circle, const struct vl_record_id *meeting,
                     struct record_list *out)
{
    struct record record;
    *out = (struct record_list){0};
    VL_TRY(meeting_read(circle->replica, meeting, &record));
    const struct record_field *parts = record_field(&record, MEETING_PARTS);
    out->items = calloc(parts->count + 1, sizeof *out->items);
    vl_result result = out->items == NULL ? VL_ERR_NO_MEMORY : VL_OK;
    for (size_t i = 0; result == VL_OK && i < parts->count; i++) {
        result = record_get(circle->replica, schema_record(SCHEMA_PART),
                            &parts->values[i].value.record, &out->items[out->count]);
        if (result == VL_OK) out->count++;
        if (result == VL_ERR_NOT_FOUND) result = VL_OK; /* erased, or not here yet */
    }
    record_finish(&record);
    if (result != VL_OK) record_list_finish(out);
    return result;
}

/* Members of an object that is open. */
static void put_part(struct json_out *o, const struct record *part)
{
    const struct record_field *minutes = record_field(part, PART_MINUTES);
    const struct record_field *kind = record_field(part, PART_KIND);
    char id[RECORD_ID_TEXT_SIZE];
    record_id_text(&part->id, id);
    json_put_text(o, "id", id);
    json_put_text(o, "title", record_text(part, PART_TITLE));
    json_key(o, "minutes");
    if (minutes->count > 0 && minutes->values[0].value.tag == VL_VALUE_INTEGER)
        json_write_integer(o, minutes->values[0].value.integer);
    else
        json_write_null(o);
    json_put_text(o, "kind",
                  kind->count > 0 ? schema_choice(kind->schema, kind->values[0].value.integer)
                                  : NULL);
}

static void put_span(struct json_out *o, const struct live_span *span, int64_t now)
{
    json_put_integer(o, "elapsed_ms", live_span_ms(span, now));
    json_put_flag(o, "runs", span->runs);
    json_put_flag(o, "approximate", span->approximate);
}

/* The current part, with its number among those of the meeting. */
static vl_result put_current_part(const struct view *v, const struct record_list *parts)
{
    const struct live_state *s = v->state;
    struct record part;
    json_key(v->o, "part");
    if (!s->has_part) {
        json_write_null(v->o);
        return VL_OK;
    }
    vl_result found = record_get(v->circle->replica, schema_record(SCHEMA_PART), &s->part, &part);
    if (found != VL_OK && found != VL_ERR_NOT_FOUND) return found;
    json_open(v->o, '{');
    if (found == VL_OK) {
        put_part(v->o, &part);
        json_put_text(v->o, "script", record_text(&part, PART_SCRIPT));
        record_finish(&part);
    } else {
        char id[RECORD_ID_TEXT_SIZE];
        record_id_text(&s->part, id);
        json_put_text(v->o, "id", id);
    }
    for (size_t i = 0; i < parts->count; i++)
        if (memcmp(&parts->items[i].id, &s->part, sizeof s->part) == 0)
            json_put_integer(v->o, "number", (int64_t)i + 1);
    put_span(v->o, &s->part_time, v->now);
    json_close(v->o, '}');
    return VL_OK;
}

static vl_result put_parts(const struct view *v, const struct vl_record_id *meeting)
{
    struct record_list parts;
    VL_TRY(live_parts(v->circle, meeting, &parts));
    vl_result result = put_current_part(v, &parts);
    json_key(v->o, "parts");
    json_open(v->o, '[');
    for (size_t i = 0; i < parts.count; i++) {
        json_open(v->o, '{');
        put_part(v->o, &parts.items[i]);
        json_close(v->o, '}');
    }
    json_close(v->o, ']');
    record_list_finish(&parts);
    return result;
}

/* ---- people, the word, the round, hands ---- */

static void put_places(const struct view *v)
{
    const struct live_state *s = v->state;
    const size_t me = find_me(v);
    json_key(v->o, "places");
    json_open(v->o, '[');
    for (size_t i = 0; i < s->count; i++) {
        json_open(v->o, '{');
        put_who(v, i);
        json_put_flag(v->o, "here", s->speakers[i].here);
        json_put_flag(v->o, "heard", s->speakers[i].heard);
        json_put_flag(v->o, "speaks", i == s->holder);
        json_put_flag(v->o, "hand", s->speakers[i].hand > 0);
        if (i == me) json_put_flag(v->o, "mine", true);
        json_close(v->o, '}');
    }
    json_close(v->o, ']');
}

static void put_turn(const struct view *v)
{
    const struct live_state *s = v->state;
    json_key(v->o, "turn");
    if (s->holder == LIVE_NOBODY) {
        json_write_null(v->o);
    } else {
        json_open(v->o, '{');
        put_who(v, s->holder);
        put_span(v->o, &s->turn_time, v->now);
        json_close(v->o, '}');
    }
    put_one(v, "next", s->next);
}

static void put_round(const struct view *v)
{
    static const char *const marks[] = {
        [LIVE_WAITS] = "waits", [LIVE_SPOKE] = "spoke", [LIVE_PASSED] = "passed"};
    const struct live_state *s = v->state;
    json_key(v->o, "round");
    if (s->round == LIVE_NO_ROUND) {
        json_write_null(v->o);
        return;
    }
    json_open(v->o, '{');
    json_put_flag(v->o, "over", s->round == LIVE_ROUND_OVER);
    json_key(v->o, "order");
    json_open(v->o, '[');
    for (size_t i = 0; i < s->order_count; i++) {
        const size_t who = s->order[i];
        json_open(v->o, '{');
        put_who(v, who);
        json_put_text(v->o, "mark", who == s->holder ? "speaks" : marks[s->speakers[who].mark]);
        json_put_flag(v->o, "here", s->speakers[who].here);
        json_close(v->o, '}');
    }
    json_close(v->o, ']');
    json_close(v->o, '}');
}

static void put_hands(const struct view *v)
{
    const struct live_state *s = v->state;
    json_key(v->o, "hands");
    json_open(v->o, '[');
    for (size_t i = 0; i < s->hand_count; i++) {
        json_open(v->o, '{');
        put_who(v, s->hands[i]);
        json_put_flag(v->o, "first", !s->speakers[s->hands[i]].heard);
        json_close(v->o, '}');
    }
    json_close(v->o, ']');
}

/* ---- voice ---- */

static void put_not_heard(const struct view *v)
{
    const struct live_state *s = v->state;
    json_key(v->o, "not_heard");
    json_open(v->o, '[');
    for (size_t i = 0; i < s->count; i++) {
        if (!s->speakers[i].here || s->speakers[i].heard || i == s->holder) continue;
        json_open(v->o, '{');
        put_who(v, i);
        json_close(v->o, '}');
    }
    json_close(v->o, ']');
}

static bool is_voice_shown(const struct circle *circle)
{
    const struct schema_record *schema = schema_record(SCHEMA_CIRCLE);
    struct vl_record_id id;
    struct record record;
    (void)record_id_of(&circle->id, schema, NULL, NULL, &id);
    if (record_get(circle->replica, schema, &id, &record) != VL_OK) return false;
    const struct record_field *shown = record_field(&record, CIRCLE_VOICE_SHOWN);
    const bool is_shown = shown->count > 0 && shown->values[0].value.tag == VL_VALUE_INTEGER &&
                          shown->values[0].value.integer == 1;
    record_finish(&record);
    return is_shown;
}

static int64_t percent(int64_t part, int64_t whole)
{
    return whole <= 0 ? 0 : (int64_t)((double)part * 100.0 / (double)whole + 0.5);
}

/* One's own share is for oneself; those of all only if the circle chose so, and by places: there is
 * no ranking. */
static void put_voice(const struct view *v)
{
    const struct live_state *s = v->state;
    const size_t me = find_me(v);
    int64_t all = 0;
    for (size_t i = 0; i < s->count; i++)
        all += live_spoke_ms(s, i, v->now) / LIVE_SPEAKERS_MAX; /* so the sum fits */
    json_key(v->o, "mine");
    json_open(v->o, '{');
    const int64_t mine = me == LIVE_NOBODY ? 0 : live_spoke_ms(s, me, v->now);
    json_put_flag(v->o, "here", me != LIVE_NOBODY && s->speakers[me].here);
    json_put_flag(v->o, "heard", me != LIVE_NOBODY && s->speakers[me].heard);
    json_put_integer(v->o, "speech_ms", mine);
    json_put_integer(v->o, "percent", percent(mine / LIVE_SPEAKERS_MAX, all));
    json_close(v->o, '}');
    json_key(v->o, "voice");
    if (!is_voice_shown(v->circle)) {
        json_write_null(v->o);
        return;
    }
    json_open(v->o, '[');
    for (size_t i = 0; i < s->count; i++) {
        json_open(v->o, '{');
        put_who(v, i);
        json_put_integer(v->o, "speech_ms", live_spoke_ms(s, i, v->now));
        json_close(v->o, '}');
    }
    json_close(v->o, ']');
}

/* ---- the agreement ---- */

static vl_result put_missing(const struct view *v, const struct agreement *version)
{
    struct vl_membership *m;
    VL_TRY(persons_membership(v->circle->replica, &m));
    json_key(v->o, "missing");
    json_open(v->o, '[');
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state state;
        struct vl_id id;
        VL_TRY(people_at(m, i, &state, &id));
        if (state.role == VL_ROLE_NONE || agreement_has(version, &id)) continue;
        people_put(v->o, v->circle, &id);
    }
    json_close(v->o, ']');
    return VL_OK;
}

/* The version that holds, and who has not assented to it: shown when a meeting opens. */
static vl_result put_agreement(const struct view *v)
{
    struct agreements all;
    vl_result result = VL_OK;
    VL_TRY(agreements_read(v->circle->replica, &all));
    const struct agreement *holds = NULL;
    for (size_t i = 0; i < all.count; i++)
        if (all.items[i].holds) holds = &all.items[i];
    json_key(v->o, "agreement");
    if (holds == NULL) {
        json_write_null(v->o);
    } else {
        char id[RECORD_ID_TEXT_SIZE];
        record_id_text(&holds->record.id, id);
        json_open(v->o, '{');
        json_put_text(v->o, "id", id);
        json_put_flag(v->o, "mine", agreement_has(holds, &v->me));
        result = put_missing(v, holds);
        json_close(v->o, '}');
    }
    agreements_finish(&all);
    return result;
}

/* ---- all of it ---- */

vl_result view_live(struct request *rq, const struct circle *circle,
                    const struct vl_record_id *meeting, const struct live_now *now)
{
    static const char *const phases[] = {[LIVE_BEFORE] = "before",
                                         [LIVE_OPEN] = "open",
                                         [LIVE_PAUSED] = "paused",
                                         [LIVE_CLOSED] = "closed"};
    struct view v = {
        .o = &rq->out, .circle = circle, .state = now->state, .now = now->now, .me = {{0}}};
    char id[RECORD_ID_TEXT_SIZE];
    vl_result found = vl_replica_me(circle->replica, &v.me);
    if (found != VL_OK && found != VL_ERR_NOT_FOUND) return found;
    record_id_text(meeting, id);
    json_open(v.o, '{');
    json_put_id(v.o, "circle", &circle->id);
    json_put_text(v.o, "meeting", id);
    json_put_text(v.o, "state", phases[now->state->phase]);
    json_put_integer(v.o, "elapsed_ms", live_span_ms(&now->state->open, now->now));
    VL_TRY(put_parts(&v, meeting));
    put_places(&v);
    put_turn(&v);
    put_round(&v);
    put_hands(&v);
    put_not_heard(&v);
    put_voice(&v);
    VL_TRY(view_signals(rq, circle, meeting));
    VL_TRY(put_agreement(&v));
    VL_TRY(view_outcomes(rq, circle, meeting));
    json_put_integer(v.o, "moments", (int64_t)now->state->moments);
    json_put_flag(v.o, "cut", now->state->cut);
    json_close(v.o, '}');
    return VL_OK;
}
