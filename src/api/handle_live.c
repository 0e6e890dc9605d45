/* A meeting while it goes on: its state, and what people do in it. */
#include "api/autolock.h"
#include "api/record_body.h"
#include "api/view_live.h"
#include "circle/attendance.h"
#include "circle/meeting.h"
#include "circle/moment.h"

#include <stdlib.h>
#include <string.h>

static vl_result read_now(struct request *rq, const struct circle *circle,
                          const struct vl_record_id *meeting, struct live_now *out)
{
    return live_cache_read(rq->api->live, &rq->api->network, circle, meeting, request_now(),
                           request_instant(), out);
}

static vl_result answer(struct request *rq, const struct circle *circle,
                        const struct vl_record_id *meeting)
{
    struct live_now now;
    VL_TRY(read_now(rq, circle, meeting, &now));
    return view_live(rq, circle, meeting, &now);
}

vl_result handle_live(struct request *rq)
{
    struct circle *circle;
    struct vl_record_id meeting;
    VL_TRY(request_meeting(rq, &circle, &meeting));
    return answer(rq, circle, &meeting);
}

/* ---- what the body says ---- */

struct doing { /* one request */
    struct request *rq;
    const struct circle *circle;
    const struct vl_record_id *meeting;
    struct live_now now;
    struct live_moment moment;
    bool has_who;
    struct live_who order[100]; /* the most of MOMENT_ORDER */
    struct vl_buffer *names;    /* of seats, in NFC as they will be read */
    size_t name_count;
};

/* A person, or the name of a seat as all devices will have it. */
static vl_result take_who(struct doing *d, uint32_t field, const struct vl_value *value,
                          struct live_who *out)
{
    struct schema_problem problem = {0};
    struct vl_value normal;
    vl_result checked = schema_check(schema_field(SCHEMA_MOMENT, field), value, &problem);
    VL_TRY(request_problem(d->rq, checked, &problem));
    *out = (struct live_who){.person = value->person};
    if (value->tag == VL_VALUE_PERSON) return VL_OK;
    struct vl_buffer *grown = realloc(d->names, (d->name_count + 1) * sizeof *grown);
    if (grown == NULL) return VL_ERR_NO_MEMORY;
    d->names = grown;
    struct vl_buffer *name = &grown[d->name_count++];
    *name = (struct vl_buffer){0};
    VL_TRY(vl_value_encode(value, name));
    VL_TRY(vl_buffer_append(name, "", 1));
    VL_TRY(vl_value_decode(vl_bytes(name->data, name->size - 1), &normal));
    out->seat = (const char *)normal.bytes.data;
    return VL_OK;
}

static const struct vl_value *value_of(const struct record_body *body, uint32_t field)
{
    const struct body_change *change = record_body_change(body, field);
    return change != NULL && body_change_gives(change) ? change->values : NULL;
}

static vl_result take_body(struct doing *d, const struct record_body *body)
{
    const struct vl_value *person = value_of(body, MOMENT_PERSON);
    const struct vl_value *seat = value_of(body, MOMENT_SEAT);
    const struct vl_value *part = value_of(body, MOMENT_PART);
    const struct body_change *order = record_body_change(body, MOMENT_ORDER);
    if (person != NULL && seat != NULL) {
        return request_refuse(d->rq, "seat", "either a person or a seat", VL_ERR_INVALID);
    }
    d->has_who = person != NULL || seat != NULL;
    if (person != NULL) VL_TRY(take_who(d, MOMENT_PERSON, person, &d->moment.who));
    if (seat != NULL) VL_TRY(take_who(d, MOMENT_SEAT, seat, &d->moment.who));
    d->moment.has_part = part != NULL;
    if (part != NULL) d->moment.part = part->record;
    if (order == NULL) return VL_OK;
    if (order->count > sizeof d->order / sizeof d->order[0]) {
        return request_refuse(d->rq, "order", "more than its limit", VL_ERR_LIMIT);
    }
    for (size_t i = 0; i < order->count; i++)
        VL_TRY(take_who(d, MOMENT_ORDER, &order->values[i], &d->order[i]));
    d->moment.order = d->order;
    d->moment.order_count = order->count;
    return VL_OK;
}

/* ---- what it does not say ---- */

static vl_result refuse(struct request *rq, const char *why)
{
    return request_refuse(rq, NULL, why, VL_ERR_STATE);
}

static vl_result default_to(struct doing *d, size_t speaker, const char *nobody)
{
    if (d->has_who) return VL_OK;
    if (speaker == LIVE_NOBODY) return refuse(d->rq, nobody);
    d->moment.who = d->now.state->speakers[speaker].who;
    return VL_OK;
}

static vl_result default_next(struct doing *d)
{
    return default_to(d, d->now.state->next, N_("nobody waits for the word"));
}

static vl_result default_holder(struct doing *d)
{
    return default_to(d, d->now.state->holder, N_("nobody has the word"));
}

/* The part after the current one. */
static vl_result default_part(struct doing *d)
{
    const struct live_state *s = d->now.state;
    struct record_list parts;
    size_t at = 0;
    if (d->moment.has_part) return VL_OK;
    VL_TRY(live_parts(d->circle, d->meeting, &parts));
    for (size_t i = 0; s->has_part && i < parts.count; i++)
        if (memcmp(&parts.items[i].id, &s->part, sizeof s->part) == 0) at = i + 1;
    d->moment.has_part = at < parts.count;
    if (d->moment.has_part) d->moment.part = parts.items[at].id;
    record_list_finish(&parts);
    return VL_OK;
}

/* All who are here, by their places, said one by one: who arrives at the same time somewhere else
 * comes after them. More than a moment can name: the fold takes all. */
static vl_result default_order(struct doing *d)
{
    const struct live_state *s = d->now.state;
    size_t count = 0;
    if (d->moment.order_count > 0) return VL_OK;
    for (size_t i = 0; i < s->count; i++) {
        if (!s->speakers[i].here) continue;
        if (count == sizeof d->order / sizeof d->order[0]) return VL_OK;
        d->order[count++] = s->speakers[i].who;
    }
    d->moment.order = d->order;
    d->moment.order_count = count;
    return VL_OK;
}

/* What an action takes of the body, and what it assumes else. */
static const struct action {
    enum moment_kind kind;
    bool who, part, order;
    vl_result (*assume)(struct doing *d); /* NULL: it is about oneself */
    const char *sets;                     /* what the meeting's own record then says; or NULL */
} actions[] = {
    {MOMENT_OPEN, false, false, false, NULL, "open"},
    {MOMENT_AT_PART, false, true, false, default_part, NULL},
    {MOMENT_ROUND, false, false, true, default_order, NULL},
    {MOMENT_TURN, true, false, false, default_next, NULL},
    {MOMENT_DONE, true, false, false, default_holder, NULL},
    {MOMENT_PASS, true, false, false, NULL, NULL},
    {MOMENT_HAND, true, false, false, NULL, NULL},
    {MOMENT_LOWER, true, false, false, NULL, NULL},
    {MOMENT_HAND_OVER, true, false, false, default_next, NULL},
    {MOMENT_PAUSE, false, false, false, NULL, NULL},
    {MOMENT_RESUME, false, false, false, NULL, NULL},
    {MOMENT_ARRIVE, true, false, false, NULL, NULL},
    {MOMENT_DEPART, true, false, false, NULL, NULL},
    {MOMENT_CLOSE, false, false, false, NULL, "closed"},
};

static const struct action *find_action(const char *name)
{
    int64_t kind;
    const struct schema_field *field = schema_field(SCHEMA_MOMENT, MOMENT_KIND);
    if (name == NULL || !schema_choice_named(field, name, &kind)) return NULL;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (actions[i].kind == (enum moment_kind)kind) return &actions[i];
    return NULL;
}

/* A member that means nothing here would be a misunderstanding. */
static vl_result check_members(struct request *rq, const struct action *action)
{
    const struct {
        const char *name;
        bool allowed;
    } members[] = {{"person", action->who},  {"seat", action->who}, {"part", action->part},
                   {"order", action->order}, {"meeting", false},    {"kind", false}};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (!members[i].allowed && json_member(rq->body, members[i].name) != NULL)
            return request_refuse(rq, members[i].name, "it is not said here", VL_ERR_INVALID);
    return VL_OK;
}

/* ---- doing it ---- */

static const char *const refusals[] = {
    [LIVE_NOT_OPEN] = N_("the meeting is not open yet"),
    [LIVE_IS_CLOSED] = N_("the meeting is closed"),
    [LIVE_IS_PAUSED] = N_("the meeting is paused"),
    [LIVE_NOT_PAUSED] = N_("the meeting is not paused"),
    [LIVE_IS_OPEN] = N_("the meeting is open already"),
    [LIVE_NOT_HERE] = N_("that person is not here"),
    [LIVE_IS_HERE] = N_("that person is here already"),
    [LIVE_NO_PART] = N_("there is no further part"),
    [LIVE_SAME_PART] = N_("this part goes on already"),
    [LIVE_HAS_THE_WORD] = N_("that person has the word already"),
    [LIVE_LACKS_THE_WORD] = N_("that person does not have the word"),
    [LIVE_AUTHOR_LACKS_THE_WORD] = N_("only who has the word can hand it over"),
    [LIVE_NOTHING_TO_PASS] = N_("there is no turn to pass"),
    [LIVE_HAND_IS_UP] = N_("that hand is raised already"),
    [LIVE_HAND_IS_DOWN] = N_("that hand is not raised"),
    [LIVE_NOBODY_WAITS] = N_("nobody of this round is here"),
    [LIVE_NO_ROOM] = N_("this meeting has reached its limit"),
};

/* The record of the meeting says too that it is open, or closed, for lists and calendars, and when
 * it is closed who was there. */
static vl_result set_state(struct doing *d, const char *state)
{
    struct schema_problem problem = {0};
    struct vl_value value = {.tag = VL_VALUE_INTEGER};
    struct edit e;
    (void)schema_choice_named(schema_field(SCHEMA_MEETING, MEETING_STATE), state, &value.integer);
    VL_TRY(edit_begin(&e, d->circle->replica, SCHEMA_MEETING, d->meeting));
    edit_set(&e, MEETING_STATE, &value);
    vl_result result = value.integer == MEETING_CLOSED ? attendance_put(&e) : VL_OK;
    if (result == VL_OK) result = edit_write(&e, request_now(), &problem);
    edit_finish(&e);
    return request_problem(d->rq, result, &problem);
}

static vl_result act(struct doing *d, const struct action *action)
{
    struct schema_problem problem = {0};
    if (action->assume != NULL) VL_TRY(action->assume(d));
    const enum live_refusal why = live_refuses(d->now.state, &d->moment);
    if (why != LIVE_HAS_EFFECT) return refuse(d->rq, refusals[why]);
    vl_result result =
        moment_write(d->circle->replica, d->meeting, &d->moment, request_now(), &problem);
    VL_TRY(request_problem(d->rq, result, &problem));
    if (action->sets != NULL) VL_TRY(set_state(d, action->sets));
    request_wrote(d->rq, d->circle);
    return VL_OK;
}

static vl_result act_by_body(struct doing *d, const struct action *action)
{
    struct record_body body;
    VL_TRY(record_body_read(d->rq, d->circle, schema_record(SCHEMA_MOMENT), NULL, &body));
    vl_result result = take_body(d, &body);
    if (result == VL_OK) result = act(d, action);
    for (size_t i = 0; i < d->name_count; i++)
        vl_buffer_finish(&d->names[i]);
    free(d->names);
    record_body_finish(&body);
    return result;
}

/* Whoever acts, and how things stand. */
static vl_result begin(struct doing *d)
{
    vl_result me = vl_replica_me(d->circle->replica, &d->moment.author);
    if (me != VL_OK) return me == VL_ERR_NOT_FOUND ? VL_ERR_AUTHORITY : me;
    d->moment.who.person = d->moment.author;
    return read_now(d->rq, d->circle, d->meeting, &d->now);
}

vl_result live_open(struct request *rq, const struct circle *circle,
                    const struct vl_record_id *meeting)
{
    struct schema_problem problem = {0};
    struct doing d = {
        .rq = rq, .circle = circle, .meeting = meeting, .moment = {.kind = MOMENT_OPEN}};
    VL_TRY(begin(&d));
    if (live_refuses(d.now.state, &d.moment) != LIVE_HAS_EFFECT) return VL_OK;
    vl_result result = moment_write(circle->replica, meeting, &d.moment, request_now(), &problem);
    VL_TRY(request_problem(rq, result, &problem));
    request_wrote(rq, circle);
    return VL_OK;
}

vl_result handle_live_action(struct request *rq)
{
    const struct action *action = find_action(rq->params[2]);
    struct circle *circle;
    struct vl_record_id meeting;
    if (action == NULL) return VL_ERR_NOT_FOUND;
    VL_TRY(request_meeting(rq, &circle, &meeting));
    VL_TRY(check_members(rq, action));
    struct doing d = {
        .rq = rq, .circle = circle, .meeting = &meeting, .moment = {.kind = action->kind}};
    VL_TRY(begin(&d));
    VL_TRY(act_by_body(&d, action));
    autolock_takes_part(rq->api->autolock, &circle->id, &meeting);
    return answer(rq, circle, &meeting);
}
