/* Persons of a circle: who they are, and what one may do about them. An action that is only asked
 * about ("ask": true) answers what it would mean and changes nothing. */
#include "api/people.h"
#include "api/proposals.h"

#include <stdlib.h>
#include <string.h>

/* ---- who is there ---- */

struct members {
    struct circle *circle;
    struct vl_id me;
    struct blocked blocked;
    struct proposals proposals;
};

static vl_result members_read(struct request *rq, struct members **out)
{
    struct members *all = calloc(1, sizeof *all);
    if (all == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = request_replica(rq, &all->circle);
    if (result == VL_OK) result = blocked_read(rq->api->store, all->circle, &all->blocked);
    if (result == VL_OK) {
        result = vl_replica_me(all->circle->replica, &all->me);
        if (result == VL_ERR_NOT_FOUND) result = VL_OK; /* zeros: not enrolled yet */
    }
    if (result == VL_OK) result = proposals_read(all->circle->replica, &all->proposals);
    if (result != VL_OK) {
        free(all);
        return result;
    }
    *out = all;
    return VL_OK;
}

static vl_result put_member(struct json_out *o, const struct members *all, const struct vl_id *id,
                            const struct vl_person_state *state, bool whole)
{
    json_put_id(o, "person", id);
    view_person(o, "name", all->circle, id);
    json_put_text(o, "role", people_role_text(state->role));
    json_put_flag(o, "confirmed", state->confirmed);
    json_put_integer(o, "devices", (int64_t)state->device_count);
    json_put_flag(o, "me", vl_id_equal(id, &all->me));
    json_put_flag(o, "blocked", blocked_has(&all->blocked, id));
    return view_logs(o, all->circle, id, whole);
}

static void put_proposal(struct json_out *o, const struct members *all, const struct proposal *one)
{
    bool is_vote = one->kind == VL_CONTROL_VOTE;
    json_open(o, '{');
    json_put_id(o, "proposal", &one->entry);
    json_put_text(o, "kind", vl_control_kind_text(one->kind));
    json_put_id(o, "person", &one->target);
    view_person(o, "name", all->circle, &one->target);
    json_put_id(o, "by_person", &one->by);
    view_person(o, "by", all->circle, &one->by);
    json_put_text(o, "needs", is_vote ? "votes" : "endorsement");
    if (is_vote) {
        json_put_integer(o, "votes", (int64_t)one->votes);
        json_put_integer(o, "votes_needed", (int64_t)one->needed);
    }
    json_close(o, '}');
}

static void put_proposals(struct json_out *o, const struct members *all, const struct vl_id *about)
{
    json_key(o, "proposals");
    json_open(o, '[');
    for (size_t i = 0; i < all->proposals.count; i++) {
        const struct proposal *one = &all->proposals.items[i];
        if (about == NULL || vl_id_equal(about, &one->target)) put_proposal(o, all, one);
    }
    json_close(o, ']');
}

static vl_result put_members(struct json_out *o, const struct members *all, bool also_gone)
{
    struct vl_membership *m = vl_replica_membership(all->circle->replica);
    if (m == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state state;
        struct vl_id id;
        VL_TRY(people_at(m, i, &state, &id));
        if (state.role == VL_ROLE_NONE && !also_gone) continue;
        json_open(o, '{');
        VL_TRY(put_member(o, all, &id, &state, false));
        json_close(o, '}');
    }
    return VL_OK;
}

vl_result handle_members(struct request *rq)
{
    struct members *all;
    const char *gone = rq->query(rq->query_context, "gone");
    VL_TRY(members_read(rq, &all));
    json_open(&rq->out, '{');
    json_key(&rq->out, "members");
    json_open(&rq->out, '[');
    vl_result result = put_members(&rq->out, all, gone != NULL);
    json_close(&rq->out, ']');
    put_proposals(&rq->out, all, NULL);
    json_close(&rq->out, '}');
    free(all);
    return result;
}

vl_result handle_member_show(struct request *rq)
{
    struct vl_person_state state;
    struct members *all;
    struct vl_id id;
    VL_TRY(members_read(rq, &all));
    vl_result result = people_find(rq, all->circle, rq->params[1], &id);
    if (result == VL_OK) result = people_state(all->circle->replica, &id, &state);
    if (result == VL_OK) {
        json_open(&rq->out, '{');
        result = put_member(&rq->out, all, &id, &state, true);
        put_proposals(&rq->out, all, &id);
        if (result == VL_OK) result = view_devices(&rq->out, rq->api, all->circle, &id);
        json_close(&rq->out, '}');
    }
    free(all);
    return result;
}

/* ---- what one may do ---- */

enum action_target { TARGET_PERSON, TARGET_PROPOSAL, TARGET_ME };

struct action {
    const char *name;
    enum vl_control_kind kind; /* KIND_COUNT: nothing is written in the circle */
    enum action_target target;
    bool for_facilitators;
};
static const struct action actions[] = {
    {"vouch", VL_CONTROL_VOUCH, TARGET_PERSON, false},
    {"remove", VL_CONTROL_REMOVE, TARGET_PERSON, true},
    {"promote", VL_CONTROL_PROMOTE, TARGET_PERSON, true},
    {"demote", VL_CONTROL_DEMOTE, TARGET_PERSON, true},
    {"endorse", VL_CONTROL_ENDORSE, TARGET_PROPOSAL, false},
    {"vote", VL_CONTROL_VOTE, TARGET_PERSON, false},
    {"leave", VL_CONTROL_LEAVE, TARGET_ME, false},
    {"stepdown", VL_CONTROL_STEPDOWN, TARGET_ME, true},
    {"block", VL_CONTROL_KIND_COUNT, TARGET_PERSON, false},
    {"unblock", VL_CONTROL_KIND_COUNT, TARGET_PERSON, false},
};

struct deed { /* one action on one person */
    const struct action *action;
    struct members *all;
    struct vl_id person; /* whom it is about */
    struct proposal proposal;
    struct vl_person_state before, me;
    struct vl_control control;
};

struct action_body {
    const char *person, *proposal;
    bool ask;
};
static const struct json_field action_fields[] = {
    {"person", JSON_KIND_TEXT, offsetof(struct action_body, person), false, 255},
    {"proposal", JSON_KIND_TEXT, offsetof(struct action_body, proposal), false, 255},
    {"ask", JSON_KIND_FLAG, offsetof(struct action_body, ask), false, 0},
};

static const struct action *action_named(const char *name)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i].name, name) == 0) return &actions[i];
    }
    return NULL;
}

/* The proposal by its own id, or the only one about a person. */
static vl_result aim_at_proposal(struct request *rq, const struct action_body *body,
                                 struct deed *deed)
{
    const struct proposals *open = &deed->all->proposals;
    const char *text = body->proposal != NULL ? body->proposal : body->person;
    struct vl_id person;
    if (text == NULL) {
        return request_refuse(rq, "proposal", "say which proposal", VL_ERR_INVALID);
    }
    vl_result result = proposals_find(rq, open, text, &deed->proposal);
    if (result == VL_ERR_NOT_FOUND && body->proposal == NULL &&
        people_find(rq, deed->all->circle, text, &person) == VL_OK) {
        result = proposals_about(rq, open, &person, &deed->proposal);
    }
    VL_TRY(result);
    deed->person = deed->proposal.target;
    deed->control.target = deed->proposal.entry;
    return VL_OK;
}

static vl_result aim(struct request *rq, const struct action_body *body, struct deed *deed)
{
    deed->control.kind = deed->action->kind;
    switch (deed->action->target) {
    case TARGET_PROPOSAL: return aim_at_proposal(rq, body, deed);
    case TARGET_ME: deed->person = deed->all->me; return VL_OK;
    case TARGET_PERSON: break;
    }
    VL_TRY(people_find(rq, deed->all->circle, body->person, &deed->person));
    deed->control.target = deed->person;
    return VL_OK;
}

static vl_result not_yours(struct request *rq, const char *message)
{
    return request_refuse(rq, NULL, message, VL_ERR_AUTHORITY);
}

/* Of an endorsement: whose word counts for that proposal. */
static vl_result check_endorsement(struct request *rq, const struct deed *deed)
{
    const struct vl_id *me = &deed->all->me;
    if (vl_id_equal(&deed->proposal.by, me))
        return not_yours(rq, "this proposal is yours: another confirmed member endorses it");
    if (vl_id_equal(&deed->proposal.target, me))
        return not_yours(rq, "this proposal is about you: another confirmed member endorses it");
    return VL_OK;
}

/* Who asks: what the membership rules would refuse, in words, as far as it can be said before. */
static vl_result check_author(struct request *rq, const struct deed *deed)
{
    const struct action *action = deed->action;
    if (deed->me.role == VL_ROLE_NONE) return not_yours(rq, "you are no member of this circle");
    if (action->for_facilitators && deed->me.role != VL_ROLE_FACILITATOR)
        return not_yours(rq, "only a facilitator may do that");
    switch (action->kind) {
    case VL_CONTROL_STEPDOWN:
        if (deed->all->proposals.facilitators == 1)
            return not_yours(rq, "you are the only facilitator: make somebody else one first");
        return VL_OK;
    case VL_CONTROL_VOTE:
        if (deed->all->proposals.facilitators > 0)
            return not_yours(rq, "there is a facilitator: votes are for when there is none");
        return VL_OK;
    case VL_CONTROL_ENDORSE: VL_TRY(check_endorsement(rq, deed)); break;
    case VL_CONTROL_VOUCH: break;
    default: return VL_OK;
    }
    return deed->me.confirmed ? VL_OK : not_yours(rq, "only a confirmed member may do that");
}

/* Whether it waits for an endorsement already, proposed by who asks. */
static bool is_proposed(const struct deed *deed)
{
    const struct proposals *open = &deed->all->proposals;
    for (size_t i = 0; i < open->count; i++) {
        if (open->items[i].kind == deed->action->kind && open->items[i].kind != VL_CONTROL_VOTE &&
            vl_id_equal(&open->items[i].target, &deed->person) &&
            vl_id_equal(&open->items[i].by, &deed->all->me))
            return true;
    }
    return false;
}

/* Whom it is about. */
static vl_result check(struct request *rq, const struct deed *deed)
{
    const struct action *action = deed->action;
    bool about_me = vl_id_equal(&deed->person, &deed->all->me);
    if (action->kind == VL_CONTROL_KIND_COUNT) {
        if (!about_me) return VL_OK;
        return request_refuse(rq, "person", "that is you", VL_ERR_INVALID);
    }
    VL_TRY(check_author(rq, deed));
    if (about_me && action->target == TARGET_PERSON && action->kind != VL_CONTROL_VOTE) {
        return request_refuse(rq, "person", "that is you", VL_ERR_INVALID);
    }
    if (action->kind == VL_CONTROL_DEMOTE && deed->before.role != VL_ROLE_FACILITATOR) {
        return request_refuse(rq, "person", "this person is no facilitator", VL_ERR_STATE);
    }
    if (action->kind == VL_CONTROL_PROMOTE && deed->before.role == VL_ROLE_FACILITATOR) {
        return request_refuse(rq, "person", "this person is a facilitator already", VL_ERR_STATE);
    }
    if (action->target == TARGET_PERSON && deed->before.role == VL_ROLE_NONE) {
        return request_refuse(rq, "person", "this person is no member any more", VL_ERR_STATE);
    }
    if (is_proposed(deed)) {
        return request_refuse(rq, "person",
                              "you have proposed that: another confirmed member endorses it",
                              VL_ERR_STATE);
    }
    return VL_OK;
}

/* Whether one person does it alone, a second one is needed, or others count it. */
static const char *effect_of(const struct deed *deed)
{
    switch (deed->action->kind) {
    case VL_CONTROL_KIND_COUNT: return "here-only";
    case VL_CONTROL_DEMOTE: return "proposal";
    case VL_CONTROL_REMOVE:
        return deed->before.role == VL_ROLE_FACILITATOR ? "proposal" : "at-once";
    case VL_CONTROL_VOTE: return "vote";
    case VL_CONTROL_VOUCH: return "word";
    default: return "at-once";
    }
}

/* Whether what was wanted is so now. */
static bool is_so(const struct deed *deed, const struct vl_person_state *after)
{
    enum vl_control_kind kind = deed->action->kind;
    if (kind == VL_CONTROL_ENDORSE) kind = deed->proposal.kind;
    switch (kind) {
    case VL_CONTROL_REMOVE:
    case VL_CONTROL_LEAVE: return after->role == VL_ROLE_NONE;
    case VL_CONTROL_DEMOTE:
    case VL_CONTROL_STEPDOWN: return after->role != VL_ROLE_FACILITATOR;
    case VL_CONTROL_PROMOTE:
    case VL_CONTROL_VOTE: return after->role == VL_ROLE_FACILITATOR;
    case VL_CONTROL_VOUCH: return after->confirmed;
    default: return true;
    }
}

static vl_result carry_out(struct request *rq, struct deed *deed, struct vl_id *entry)
{
    struct circle *circle = deed->all->circle;
    if (deed->action->kind == VL_CONTROL_KIND_COUNT) {
        return blocked_set(rq->api->store, circle, &deed->person,
                           strcmp(deed->action->name, "block") == 0);
    }
    VL_TRY(vl_replica_control(circle->replica, &deed->control, request_now(), entry));
    request_wrote(rq, circle);
    return VL_OK;
}

static vl_result answer(struct request *rq, struct deed *deed, bool only_asked)
{
    struct json_out *o = &rq->out;
    struct vl_person_state after = deed->before;
    struct vl_id entry = {{0}};
    if (!only_asked) {
        VL_TRY(carry_out(rq, deed, &entry));
        VL_TRY(people_state(deed->all->circle->replica, &deed->person, &after));
    }
    json_open(o, '{');
    json_put_text(o, "action", deed->action->name);
    json_put_id(o, "person", &deed->person);
    view_person(o, "name", deed->all->circle, &deed->person);
    json_put_text(o, "role", people_role_text(after.role));
    json_put_text(o, "effect", effect_of(deed));
    if (deed->action->target == TARGET_PROPOSAL) {
        json_put_id(o, "proposal", &deed->proposal.entry);
        json_put_text(o, "kind", vl_control_kind_text(deed->proposal.kind));
    }
    json_put_flag(o, "done", !only_asked);
    json_put_flag(o, "in_effect", !only_asked && is_so(deed, &after));
    if (!vl_id_is_zero(&entry)) json_put_id(o, "entry", &entry);
    json_close(o, '}');
    return VL_OK;
}

vl_result handle_member_action(struct request *rq)
{
    struct action_body body = {0};
    struct deed deed = {.action = action_named(rq->params[1] == NULL ? "" : rq->params[1])};
    if (deed.action == NULL) return VL_ERR_NOT_FOUND;
    VL_TRY(request_decode(rq, action_fields, 3, &body));
    VL_TRY(members_read(rq, &deed.all));
    vl_result result = aim(rq, &body, &deed);
    if (result == VL_OK) {
        result = people_state(deed.all->circle->replica, &deed.person, &deed.before);
    }
    if (result == VL_OK) {
        result = people_state(deed.all->circle->replica, &deed.all->me, &deed.me);
        if (result == VL_ERR_NOT_FOUND) result = VL_OK; /* zeros: no role */
    }
    if (result == VL_OK) result = check(rq, &deed);
    if (result == VL_OK) result = answer(rq, &deed, body.ask);
    free(deed.all);
    return result;
}
