#include "api/proposals.h"

#include "api/people.h"

#include <stdlib.h>
#include <string.h>

#define BALLOTS_MAX 256u

/* What of a control entry decides whether a proposal is open. */
struct row {
    struct vl_id id, target;
    enum vl_control_kind kind;
    uint64_t lamport;
};
struct rows {
    struct row *items;
    size_t count, capacity;
};

static bool is_of_interest(enum vl_control_kind kind)
{
    switch (kind) {
    case VL_CONTROL_REMOVE:
    case VL_CONTROL_DEMOTE:
    case VL_CONTROL_VOTE:
    case VL_CONTROL_ADD:
    case VL_CONTROL_PROMOTE:
    case VL_CONTROL_LEAVE:
    case VL_CONTROL_STEPDOWN: return true;
    default: return false;
    }
}

static vl_result collect(void *context, const struct vl_entry_row *row)
{
    struct rows *rows = context;
    struct vl_control control;
    VL_TRY(vl_control_decode(row->entry.blob, &control));
    if (is_of_interest(control.kind)) {
        if (rows->count == rows->capacity) {
            size_t capacity = rows->capacity == 0 ? 64 : 2 * rows->capacity;
            struct row *items = reallocarray(rows->items, capacity, sizeof *items);
            if (items == NULL) {
                vl_control_finish(&control);
                return VL_ERR_NO_MEMORY;
            }
            rows->items = items;
            rows->capacity = capacity;
        }
        rows->items[rows->count++] = (struct row){
            .id = row->id, .target = control.target, .kind = control.kind, .lamport = row->lamport};
    }
    vl_control_finish(&control);
    return VL_OK;
}

static struct vl_bytes view(const struct vl_id *id)
{
    return vl_bytes(id->bytes, sizeof id->bytes);
}

static enum vl_role role_of(struct vl_membership *m, const struct vl_id *person)
{
    struct vl_person_state state;
    if (vl_membership_find_person(m, view(person), &state) != VL_OK) return VL_ROLE_NONE;
    return state.role;
}

/* A later grant that knows the proposal has answered it: endorsing it now changes nothing. */
static bool is_answered(struct vl_membership *m, const struct rows *rows, const struct row *row)
{
    enum vl_control_kind grant =
        row->kind == VL_CONTROL_REMOVE ? VL_CONTROL_ADD : VL_CONTROL_PROMOTE;
    bool is_end;
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *other = &rows->items[i];
        if (other->kind == grant && vl_id_equal(&other->target, &row->target) &&
            vl_membership_reaches(m, view(&other->id), view(&row->id)) &&
            vl_membership_standing(m, view(&other->id), &is_end) == VL_STANDING_LIVING) {
            return true;
        }
    }
    return false;
}

static bool is_open(struct vl_membership *m, const struct rows *rows, const struct row *row)
{
    bool is_end;
    if (vl_membership_standing(m, view(&row->id), &is_end) != VL_STANDING_LIVING || is_end) {
        return false;
    }
    enum vl_role role = role_of(m, &row->target);
    if (row->kind == VL_CONTROL_REMOVE) return role != VL_ROLE_NONE && !is_answered(m, rows, row);
    return row->kind == VL_CONTROL_DEMOTE && role == VL_ROLE_FACILITATOR &&
           !is_answered(m, rows, row);
}

/* A vote of an earlier vacancy: a facilitator came of it, who has gone since. */
static bool is_spent(struct vl_membership *m, const struct rows *rows, const struct row *vote)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *other = &rows->items[i];
        bool ends = other->kind == VL_CONTROL_LEAVE || other->kind == VL_CONTROL_STEPDOWN ||
                    other->kind == VL_CONTROL_REMOVE || other->kind == VL_CONTROL_DEMOTE;
        bool grants = other->kind == VL_CONTROL_PROMOTE;
        bool is_end = false;
        if (!ends && !grants) continue;
        if (!vl_membership_reaches(m, view(&other->id), view(&vote->id))) continue;
        if (vl_membership_standing(m, view(&other->id), &is_end) != VL_STANDING_LIVING) continue;
        if (grants ||
            (is_end && (other->kind == VL_CONTROL_STEPDOWN || other->kind == VL_CONTROL_DEMOTE))) {
            return true;
        }
    }
    return false;
}

static void add(struct proposals *out, const struct proposal *one)
{
    if (out->count == PROPOSALS_MAX) {
        memmove(out->items, out->items + 1, (PROPOSALS_MAX - 1) * sizeof out->items[0]);
        out->count--;
    }
    out->items[out->count++] = *one;
}

/* How many of the electorate win, 0 while there is a facilitator. */
static size_t votes_needed(struct vl_membership *m, size_t *facilitators)
{
    size_t electors = 0, with_device = 0;
    *facilitators = 0;
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state state;
        vl_membership_person(m, i, &state);
        if (state.role == VL_ROLE_FACILITATOR) ++*facilitators;
        if (state.role == VL_ROLE_NONE || state.device_count == 0) continue;
        with_device++;
        if (state.confirmed) electors++;
    }
    return *facilitators > 0 ? 0 : (electors > 0 ? electors : with_device) / 2 + 1;
}

struct ballots {
    struct vl_id by[BALLOTS_MAX], target[BALLOTS_MAX];
    size_t count;
};

/* One vote by that person for that candidate counts once. */
static bool is_double(const struct ballots *ballots, const struct vl_id *by,
                      const struct vl_id *target)
{
    for (size_t i = 0; i < ballots->count; i++) {
        if (vl_id_equal(&ballots->by[i], by) && vl_id_equal(&ballots->target[i], target)) {
            return true;
        }
    }
    return false;
}

static void count_vote(struct proposals *out, const struct proposal *vote)
{
    for (size_t i = 0; i < out->count; i++) {
        struct proposal *one = &out->items[i];
        if (one->kind != VL_CONTROL_VOTE || !vl_id_equal(&one->target, &vote->target)) continue;
        one->votes++;
        one->entry = vote->entry;
        one->by = vote->by;
        return;
    }
    add(out, vote);
}

static vl_result read_votes(struct vl_replica *r, const struct rows *rows, size_t needed,
                            struct ballots *ballots, struct proposals *out)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        struct vl_membership *m = vl_replica_membership(r);
        struct vl_device_info author;
        bool is_end;
        if (m == NULL) return VL_ERR_NO_MEMORY;
        if (row->kind != VL_CONTROL_VOTE || is_spent(m, rows, row) ||
            vl_membership_standing(m, view(&row->id), &is_end) != VL_STANDING_LIVING ||
            role_of(m, &row->target) == VL_ROLE_NONE ||
            vl_replica_author(r, &row->id, &author) != VL_OK ||
            role_of(m, &author.person) == VL_ROLE_NONE) {
            continue;
        }
        if (is_double(ballots, &author.person, &row->target)) continue;
        if (ballots->count < BALLOTS_MAX) {
            ballots->by[ballots->count] = author.person;
            ballots->target[ballots->count++] = row->target;
        }
        count_vote(out, &(struct proposal){.kind = VL_CONTROL_VOTE,
                                           .entry = row->id,
                                           .by = author.person,
                                           .target = row->target,
                                           .lamport = row->lamport,
                                           .votes = 1,
                                           .needed = needed});
    }
    return VL_OK;
}

static vl_result read_proposals(struct vl_replica *r, const struct rows *rows,
                                struct proposals *out)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        struct vl_membership *m = vl_replica_membership(r);
        struct vl_device_info author;
        if (m == NULL) return VL_ERR_NO_MEMORY;
        if (row->kind != VL_CONTROL_REMOVE && row->kind != VL_CONTROL_DEMOTE) continue;
        if (!is_open(m, rows, row)) continue;
        vl_result found = vl_replica_author(r, &row->id, &author);
        if (found != VL_OK && found != VL_ERR_NOT_FOUND) return found;
        add(out, &(struct proposal){.kind = row->kind,
                                    .entry = row->id,
                                    .by = author.person,
                                    .target = row->target,
                                    .lamport = row->lamport});
    }
    return VL_OK;
}

vl_result proposals_read(struct vl_replica *r, struct proposals *out)
{
    const struct vl_scan scan = {.kinds = 1u << VL_ENTRY_CONTROL};
    struct rows rows = {0};
    struct vl_membership *m = vl_replica_membership(r);
    out->count = 0;
    if (m == NULL) return VL_ERR_NO_MEMORY;
    size_t needed = votes_needed(m, &out->facilitators);
    vl_result result = vl_replica_entries(r, &scan, collect, &rows);
    if (result == VL_OK) result = read_proposals(r, &rows, out);
    if (result == VL_OK && needed > 0) {
        struct ballots *ballots = calloc(1, sizeof *ballots);
        result = ballots == NULL ? VL_ERR_NO_MEMORY : read_votes(r, &rows, needed, ballots, out);
        free(ballots);
    }
    free(rows.items);
    return result;
}

vl_result proposals_find(struct request *rq, const struct proposals *all, const char *text,
                         struct proposal *out)
{
    size_t found = 0;
    for (size_t i = 0; i < all->count; i++) {
        char hex[VL_ID_TEXT_SIZE];
        vl_id_text(&all->items[i].entry, hex);
        if (all->items[i].kind == VL_CONTROL_VOTE) continue;
        if (strlen(text) < 4 || strncmp(hex, text, strlen(text)) != 0) continue;
        *out = all->items[i];
        found++;
    }
    if (found == 1) return VL_OK;
    if (found == 0) {
        return request_refuse(rq, "proposal", "there is no such open proposal", VL_ERR_NOT_FOUND);
    }
    return request_refuse(rq, "proposal", "several proposals match: say more of the id",
                          VL_ERR_INVALID);
}

vl_result proposals_about(struct request *rq, const struct proposals *all,
                          const struct vl_id *person, struct proposal *out)
{
    size_t found = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i].kind == VL_CONTROL_VOTE) continue;
        if (!vl_id_equal(&all->items[i].target, person)) continue;
        *out = all->items[i];
        found++;
    }
    if (found == 1) return VL_OK;
    if (found == 0) {
        return request_refuse(rq, "proposal", "nothing about this person waits for an endorsement",
                              VL_ERR_NOT_FOUND);
    }
    return request_refuse(rq, "proposal", "there are several proposals: use the proposal's id",
                          VL_ERR_INVALID);
}
