/* What an own entry links to: the heads of other logs that its past does not have yet. */
#include "sync/replica_internal.h"
#include <stdlib.h>
#include <string.h>

struct candidate { /* a head of another log that our own past does not have */
    struct past *past;
    unsigned rank, turn, width; /* lower first when there are more than fit */
};

struct candidates {
    struct candidate *items;
    size_t count;
};

static void candidates_finish(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        past_unref(candidates->items[i].past);
    free(candidates->items);
}

static int candidate_order(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    if (x->turn != y->turn) return x->turn < y->turn ? -1 : 1;
    if (x->width != y->width) return x->width < y->width ? -1 : 1;
    if (x->past->lamport != y->past->lamport) return x->past->lamport < y->past->lamport ? -1 : 1;
    return vl_id_compare(&x->past->id, &y->past->id);
}

/* The control entry is in the past, or it is that one. NULL: nothing is. */
static bool has_control(const struct vl_replica *r, const struct past *past, struct vl_bytes entry)
{
    for (size_t i = 0; past != NULL && i < past->control_count; i++) {
        const struct vl_id *id = &past->controls[i];
        if (vl_membership_reaches(r->membership, vl_bytes(id->bytes, sizeof id->bytes), entry))
            return true;
    }
    return false;
}

static bool news_of_control(const struct vl_replica *r, const struct past *own,
                            const struct past *head)
{
    for (size_t i = 0; i < head->control_count; i++)
        if (!has_control(r, own, vl_bytes(head->controls[i].bytes, sizeof head->controls[i].bytes)))
            return true;
    return false;
}

/* When there are more heads than VL_LINKS_MAX, or with more control entries than an auth has room
 * for: first what this device itself wrote before, then what is needed (prefer_needed), then, for a
 * new log, those that enrolled it with authority (without one it is nobody's), then those with
 * control entries that are new to it. Of these first what takes little room: who has many in her
 * past must not keep others out. */
enum rank { RANK_OWN, RANK_NEEDED, RANK_ENROLS, RANK_NEWS, RANK_REST };

static enum rank rank_of(const struct vl_replica *r, const struct past *own,
                         const struct past *head)
{
    struct vl_id person;
    if (memcmp(r->chains[head->chain].row.sign_key, r->keys->card.sign, 32) == 0) return RANK_OWN;
    if (own == NULL &&
        member_person(r, r->keys->card.sign, head->controls, head->control_count, &person) &&
        !vl_id_is_zero(&person))
        return RANK_ENROLS;
    return news_of_control(r, own, head) ? RANK_NEWS : RANK_REST;
}

/* One that has the entry in its past goes before others, unless one does already. */
static void prefer(const struct vl_replica *r, struct vl_bytes entry, unsigned *turn,
                   struct candidates *candidates)
{
    struct candidate *best = NULL;
    for (size_t i = 0; i < candidates->count; i++) {
        struct candidate *one = &candidates->items[i];
        if (!has_control(r, one->past, entry)) continue;
        if (one->rank <= RANK_NEEDED) return;
        if (best == NULL || candidate_order(one, best) < 0) best = one;
    }
    if (best == NULL) return;
    best->rank = RANK_NEEDED;
    best->turn = (*turn)++;
}

/* Many heads can have the same news, and one alone what makes that whole: that somebody was added
 * again, or who endorsed a proposal. Without it a control entry would have no effect; so it is not
 * written, and no next one would ever have the rest in its past. */
static vl_result prefer_needed(struct vl_replica *r, const struct past *own,
                               const struct vl_id *target, struct candidates *candidates)
{
    const struct vl_bytes me = vl_bytes(r->keys->card.sign, sizeof r->keys->card.sign);
    struct vl_bytes entry;
    size_t at = 0;
    unsigned turn = 0;
    VL_TRY(vl_membership_settle(r->membership));
    if (target != NULL &&
        vl_membership_rests(r->membership, vl_bytes(target->bytes, sizeof target->bytes), &entry) &&
        !has_control(r, own, entry))
        prefer(r, entry, &turn, candidates);
    while (turn < VL_LINKS_MAX && vl_membership_needed(r->membership, me, &at, &entry))
        if (!has_control(r, own, entry)) prefer(r, entry, &turn, candidates);
    return VL_OK;
}

static vl_result rank_candidates(struct vl_replica *r, const struct past *own,
                                 const struct vl_id *target, struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++) {
        struct candidate *one = &candidates->items[i];
        one->rank = rank_of(r, own, one->past);
        one->width = (unsigned)one->past->control_count;
    }
    VL_TRY(prefer_needed(r, own, target, candidates));
    qsort(candidates->items, candidates->count, sizeof *candidates->items, candidate_order);
    return VL_OK;
}

static bool implied(const struct candidates *candidates, size_t at)
{
    const struct past *past = candidates->items[at].past;
    for (size_t i = 0; i < candidates->count; i++)
        if (i != at && past_covers(candidates->items[i].past, past->chain, past->seq)) return true;
    return false;
}

static bool candidates_cover(const struct candidates *candidates, const struct past *past)
{
    for (size_t i = 0; i < candidates->count; i++)
        if (past_covers(candidates->items[i].past, past->chain, past->seq)) return true;
    return false;
}

/* The end of an open log that has the entry in its past. */
static vl_result end_above(struct vl_replica *r, const struct past *past, struct past **out)
{
    *out = NULL;
    for (size_t i = 0; i < r->chain_count; i++) {
        const struct vl_log_row *row = &r->chains[i].row;
        if (!live_is_source(row)) continue;
        VL_TRY(replica_past_here(r, &row->tip, out));
        if (past_covers(*out, past->chain, past->seq)) return VL_OK;
        past_unref(*out);
        *out = NULL;
    }
    return VL_ERR_NOT_FOUND;
}

/* Live control entries of who is crowded, where they cannot be linked themselves: by an end that
 * has them in its past. It may be content that does not count, so only control entries link it,
 * whose links carry none. */
static vl_result collect_ends(struct vl_replica *r, const struct past *own, uint32_t chain,
                              struct candidates *out)
{
    vl_result result = VL_OK;
    for (size_t i = 0; result == VL_OK && r->closed_count > 0 && i < r->chain_count; i++) {
        struct past *control = NULL, *end = NULL;
        if ((r->chains[i].row.flags & VL_LOG_CROWDED) == 0 || i == chain) continue;
        result = count_live_control(r, &r->chains[i], &control);
        if (result == VL_OK && (own == NULL || !past_covers(own, control->chain, control->seq)) &&
            !candidates_cover(out, control)) {
            result = end_above(r, control, &end);
            if (result == VL_OK) out->items[out->count++].past = end;
        }
        past_unref(control);
        if (result == VL_ERR_NOT_FOUND) result = VL_OK;
    }
    return result;
}

/* Heads of other chains that neither our own past nor another of them implies; no content that
 * does not count here is cited (R10). `spares`: of who is crowded none, but for control entries
 * what has her control entries in its past. */
static vl_result collect_heads(struct vl_replica *r, const struct past *own, uint32_t chain,
                               enum vl_entry_kind kind, bool spares, struct candidates *out)
{
    *out = (struct candidates){.items = calloc(2 * r->chain_count + 1, sizeof *out->items)};
    if (out->items == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < r->chain_count; i++) {
        const struct vl_log_row *row = &r->chains[i].row;
        if (row->index == chain || row_is_empty(row)) continue;
        if (own != NULL && past_covers(own, row->index, row->tip_seq)) continue;
        if (spares && (row->flags & VL_LOG_CROWDED) != 0 && !live_is_source(row)) continue;
        struct past *head;
        vl_result result = count_link(r, &r->chains[i], &head);
        if (result == VL_ERR_NOT_FOUND) continue;
        VL_TRY(result);
        if (own != NULL && past_covers(own, head->chain, head->seq))
            past_unref(head);
        else
            out->items[out->count++].past = head;
    }
    if (spares && kind == VL_ENTRY_CONTROL) VL_TRY(collect_ends(r, own, chain, out));
    size_t kept = 0;
    bool *drop = calloc(out->count + 1, sizeof *drop);
    if (drop == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < out->count; i++)
        drop[i] = implied(out, i);
    for (size_t i = 0; i < out->count; i++) {
        if (drop[i])
            past_unref(out->items[i].past);
        else
            out->items[kept++] = out->items[i];
    }
    out->count = kept;
    free(drop);
    return VL_OK;
}

/* Parents so far, with room for what is to be linked; and their auth. */
struct chosen {
    struct parents *parents;
    struct vl_id auth[VL_AUTH_MAX];
    size_t auth_count, most;
};

/* LIMIT, and as before: with it there are too many control entries for an auth. */
static vl_result add_parent(struct vl_replica *r, struct chosen *c, struct past *past)
{
    struct vl_bytes names[2 * VL_AUTH_MAX];
    struct vl_id auth[VL_AUTH_MAX];
    vl_result result = VL_OK;
    size_t count = 0;
    for (size_t i = 0; i < c->auth_count; i++)
        names[count++] = vl_bytes(c->auth[i].bytes, sizeof c->auth[i].bytes);
    for (size_t i = 0; i < past->control_count; i++)
        names[count++] = vl_bytes(past->controls[i].bytes, sizeof past->controls[i].bytes);
    count = vl_membership_maximal(r->membership, names, count, &result);
    if (result != VL_OK) return result == VL_ERR_MISSING ? VL_ERR_DAMAGED : result;
    if (count > VL_AUTH_MAX) return VL_ERR_LIMIT;
    for (size_t i = 0; i < count; i++)
        memcpy(auth[i].bytes, names[i].data, sizeof auth[i].bytes);
    memcpy(c->auth, auth, count * sizeof auth[0]);
    c->auth_count = count;
    c->parents->items[c->parents->count++] = past_ref(past);
    return VL_OK;
}

static bool parents_cover(const struct parents *parents, const struct past *past)
{
    for (size_t i = 0; i < parents->count; i++)
        if (past_covers(parents->items[i], past->chain, past->seq)) return true;
    return false;
}

/* In the place of a head that has too many others in its past: the newest control entry of its own
 * chain, for it may be an epoch. NULL: there is none. */
static vl_result control_below(struct vl_replica *r, const struct past *head, struct past **out)
{
    *out = NULL;
    for (size_t i = 0; i < head->control_count; i++) {
        VL_TRY(replica_past_here(r, &head->controls[i], out));
        if ((*out)->chain == head->chain) return VL_OK;
        past_unref(*out);
        *out = NULL;
    }
    return VL_OK;
}

#define TRIES_MAX (8u * VL_LINKS_MAX) /* heads that one entry looks at; the next one goes on */

/* One after the other, in their order, as many as there is room for; of those that have none what
 * is below them goes into `left`. */
static vl_result add_heads(struct vl_replica *r, const struct candidates *heads, struct chosen *c,
                           struct candidates *left)
{
    vl_result result = VL_OK;
    for (size_t i = 0; i < heads->count && i < TRIES_MAX && c->parents->count < c->most; i++) {
        struct past **below = &left->items[left->count].past;
        result = add_parent(r, c, heads->items[i].past);
        if (result == VL_ERR_LIMIT) {
            result = control_below(r, heads->items[i].past, below);
            left->count += *below != NULL;
        }
        if (result != VL_OK) return result;
    }
    return VL_OK;
}

static vl_result add_what_fits(struct vl_replica *r, const struct candidates *heads,
                               struct parents *parents)
{
    struct candidates left = {.items = calloc(heads->count + 1, sizeof *left.items)};
    struct chosen c = {.parents = parents, .most = parents->count + VL_LINKS_MAX};
    if (left.items == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = parents_auth(r, parents, c.auth, &c.auth_count);
    if (result == VL_OK) result = add_heads(r, heads, &c, &left);
    for (size_t i = 0; result == VL_OK && i < left.count && parents->count < c.most; i++) {
        if (implied(&left, i) || parents_cover(parents, left.items[i].past)) continue;
        result = add_parent(r, &c, left.items[i].past);
        if (result == VL_ERR_LIMIT) result = VL_OK;
    }
    candidates_finish(&left);
    return result;
}

struct wish {
    const struct place *place;
    const struct vl_id *target; /* or NULL */
    bool spares;                /* of who is crowded nothing */
};

static vl_result choose(struct vl_replica *r, const struct wish *wish, struct parents *parents,
                        struct vl_entry_header *header)
{
    const struct place *place = wish->place;
    struct past *own = NULL;
    struct candidates heads = {0};
    if (!place->is_new) {
        VL_TRY(replica_past_here(r, &place->row.tip, &own));
        parents->items[parents->count++] = own;
    }
    const size_t first = parents->count;
    vl_result result = collect_heads(r, own, place->row.index, header->kind, wish->spares, &heads);
    if (result == VL_OK) {
        for (size_t i = 0; i < heads.count && i < VL_LINKS_MAX; i++)
            parents->items[parents->count++] = past_ref(heads.items[i].past);
        result = heads.count > VL_LINKS_MAX
                     ? VL_ERR_LIMIT
                     : parents_auth(r, parents, header->auth, &header->auth_count);
    }
    if (result == VL_ERR_LIMIT) {
        while (parents->count > first)
            past_unref(parents->items[--parents->count]);
        result = rank_candidates(r, own, wish->target, &heads);
        if (result == VL_OK) result = add_what_fits(r, &heads, parents);
        if (result == VL_OK) result = parents_auth(r, parents, header->auth, &header->auth_count);
    }
    candidates_finish(&heads);
    header->lamport = parents_lamport(parents);
    header->link_count = parents->count - first;
    for (size_t i = 0; i < header->link_count; i++)
        header->links[i] = parents->items[first + i]->id;
    return result;
}

/* Whether others would take an entry with these parents (F6). */
static vl_result shows_few(struct vl_replica *r, const struct place *place,
                           const struct parents *parents, const struct vl_entry_header *header,
                           bool *few)
{
    const struct vl_id nobody = {{0}};
    struct vl_log_row own = place->row;
    struct past *past = NULL;
    *few = true;
    if (r->log_count < VL_PERSON_CHAINS_MAX) return VL_OK;
    if (place->is_new)
        (void)member_person(r, header->sign_key, header->auth, header->auth_count, &own.person);
    VL_TRY(parents_past(parents, header, &nobody, own.index, &past));
    *few = branches_are_few(r, &own, parents, past);
    past_unref(past);
    return VL_OK;
}

vl_result links_choose(struct vl_replica *r, const struct place *place, const struct vl_id *target,
                       struct parents *parents, struct vl_entry_header *header)
{
    struct wish wish = {.place = place, .target = target};
    bool few;
    VL_TRY(choose(r, &wish, parents, header));
    VL_TRY(shows_few(r, place, parents, header, &few));
    if (few) return VL_OK;
    parents_finish(parents);
    wish.spares = true;
    VL_TRY(choose(r, &wish, parents, header));
    VL_TRY(shows_few(r, place, parents, header, &few));
    return few ? VL_OK : VL_ERR_LIMIT;
}
