/* Control entries: what the replica itself has to know of them. Who may do what is judged by
 * membership; here is which device belongs to whom, and where a log may begin. */
#include "sync/replica_internal.h"
#include <stdlib.h>
#include <string.h>

static struct vl_bytes id_view(const struct vl_id *id)
{
    return vl_bytes(id->bytes, sizeof id->bytes);
}

static struct vl_bytes key_view(const uint8_t key[static 32])
{
    return vl_bytes(key, 32);
}

/* ---- enrolments ---- */

static bool in_past(const struct vl_replica *r, const struct vl_id *entry, const struct vl_id *auth,
                    size_t auth_count)
{
    for (size_t i = 0; i < auth_count; i++)
        if (vl_membership_reaches(r->membership, id_view(&auth[i]), id_view(entry))) return true;
    return false;
}

/* Anybody can claim a key for somebody in an entry without authority: what it signs is on nobody's
 * account, or she could be crowded by logs that are not hers. */
bool member_person(const struct vl_replica *r, const uint8_t sign[static 32],
                   const struct vl_id *auth, size_t auth_count, struct vl_id *person)
{
    const struct enrolled *best = NULL;
    bool is_claimed = false;
    for (size_t i = 0; i < r->enrolled_count; i++) {
        const struct enrolled *one = &r->enrolled[i];
        if (memcmp(one->card.sign, sign, sizeof one->card.sign) != 0) continue;
        if (!in_past(r, &one->entry, auth, auth_count)) continue;
        is_claimed = true;
        if (!one->has_authority) continue;
        if (best == NULL || one->lamport < best->lamport ||
            (one->lamport == best->lamport && vl_id_compare(&one->entry, &best->entry) < 0))
            best = one;
    }
    *person = best != NULL ? best->person : (struct vl_id){{0}};
    return is_claimed;
}

static vl_result remember(struct vl_replica *r, const struct control_entry *entry,
                          const struct vl_device_card *card, const struct vl_id *person)
{
    VL_TRY(replica_grow((void **)&r->enrolled, sizeof *r->enrolled, r->enrolled_count,
                        &r->enrolled_capacity));
    r->enrolled[r->enrolled_count++] = (struct enrolled){
        .card = *card,
        .person = *person,
        .entry = *entry->id,
        .lamport = entry->header->lamport,
        .is_outside = entry->is_outside,
        .has_authority = vl_membership_is_authorised(r->membership, id_view(entry->id))};
    return VL_OK;
}

/* Whose keys the enrolments of a body are, one after the other. */
static void enrolment_person(const struct vl_replica *r, const struct control_entry *entry,
                             size_t at, struct vl_id *person)
{
    const struct vl_control *control = entry->control;
    const struct vl_entry_header *header = entry->header;
    if (control->kind == VL_CONTROL_FOUND) {
        vl_person_id(control->enrolments[at].card.sign, person);
    } else if (control->kind == VL_CONTROL_ADD_DEVICE) {
        if (!member_person(r, entry->author, header->auth, header->auth_count, person))
            *person = (struct vl_id){0};
    } else {
        *person = control->target;
    }
}

/* ---- checks of a received entry ---- */

vl_result member_may_begin(const struct vl_replica *r, const struct vl_entry_header *header,
                           const struct vl_control *control, struct vl_id *person)
{
    if (member_person(r, header->sign_key, header->auth, header->auth_count, person)) return VL_OK;
    /* member_check has found, or will, that a founding entry is the one of this circle */
    if (control == NULL || control->kind != VL_CONTROL_FOUND || header->auth_count != 0)
        return VL_ERR_AUTHORITY;
    vl_person_id(header->sign_key, person);
    return VL_OK;
}

vl_result member_check(const struct vl_replica *r, const struct control_entry *entry)
{
    struct vl_control control = *entry->control;
    if (control.kind == VL_CONTROL_FOUND) {
        /* The one place of a founding entry: number 0 of the log that the circle's random bytes
         * name. Another one there is a fork, anywhere else it is refused. */
        if (entry->header->seq != 0 || entry->header->link_count != 0 ||
            memcmp(entry->header->incarnation, control.random, sizeof entry->header->incarnation) !=
                0)
            return VL_ERR_AUTHORITY;
    }
    if (control.kind == VL_CONTROL_ADD_DEVICE) {
        enrolment_person(r, entry, 0, &control.target); /* it is not in the body */
        if (vl_id_is_zero(&control.target)) return VL_ERR_AUTHORITY;
    }
    return vl_control_verify(&control, &r->circle, entry->author);
}

/* ---- membership ---- */

struct member_view { /* a control entry in the terms of membership */
    struct vl_member_entry entry;
    struct vl_bytes links[VL_AUTH_MAX];
    struct vl_id persons[VL_ENROLMENTS_MAX];
    struct vl_member_key *keys;
    struct vl_bytes *cites;
};

static void view_finish(struct member_view *view)
{
    free(view->keys);
    free(view->cites);
}

static void view_keys(const struct vl_replica *r, const struct control_entry *from,
                      struct member_view *view)
{
    const struct vl_control *control = from->control;
    size_t count = 0;
    for (size_t i = 0; i < control->enrolment_count; i++) {
        const uint8_t *sign = control->enrolments[i].card.sign;
        struct vl_id first;
        enrolment_person(r, from, i, &view->persons[i]);
        vl_person_id(sign, &first);
        view->keys[count++] =
            (struct vl_member_key){.device = key_view(sign),
                                   .person = id_view(&view->persons[i]),
                                   .first = vl_id_equal(&first, &view->persons[i])};
    }
    for (size_t i = 0; i < control->seal_count; i++)
        view->keys[count++] =
            (struct vl_member_key){.device = key_view(control->seals[i].recipient)};
    if (control->kind == VL_CONTROL_REMOVE_DEVICE)
        view->keys[count++] = (struct vl_member_key){.device = id_view(&control->target)};
    view->entry.keys = view->keys;
    view->entry.key_count = count;
}

static vl_result view_init(const struct vl_replica *r, const struct control_entry *from,
                           struct member_view *view)
{
    const struct vl_control *control = from->control;
    *view = (struct member_view){0};
    view->keys = calloc(control->enrolment_count + control->seal_count + 1, sizeof *view->keys);
    view->cites = calloc(control->cite_count + 1, sizeof *view->cites);
    if (view->keys == NULL || view->cites == NULL || control->enrolment_count > VL_ENROLMENTS_MAX) {
        view_finish(view);
        return VL_ERR_NO_MEMORY;
    }
    view->entry = (struct vl_member_entry){.id = id_view(from->id),
                                           .kind = control->kind,
                                           .by = {.device = key_view(from->author)},
                                           .links = view->links,
                                           .link_count = from->header->auth_count,
                                           .is_private = control->is_private,
                                           .cites = view->cites,
                                           .cite_count = control->cite_count,
                                           .lamport = from->header->lamport,
                                           .is_outside = from->is_outside};
    for (size_t i = 0; i < from->header->auth_count; i++)
        view->links[i] = id_view(&from->header->auth[i]);
    for (size_t i = 0; i < control->cite_count; i++)
        view->cites[i] = id_view(&control->cites[i]);
    if (!vl_id_is_zero(&control->target)) view->entry.target = id_view(&control->target);
    view_keys(r, from, view);
    return VL_OK;
}

static void devices_forget(struct vl_replica *r)
{
    free(r->devices);
    r->devices = NULL;
    r->device_count = 0;
}

vl_result member_learn(struct vl_replica *r, const struct control_entry *entry)
{
    struct member_view view;
    devices_forget(r);
    VL_TRY(view_init(r, entry, &view));
    vl_result result = vl_membership_add(r->membership, &view.entry);
    for (size_t i = 0; result == VL_OK && i < entry->control->enrolment_count; i++)
        result = remember(r, entry, &entry->control->enrolments[i].card, &view.persons[i]);
    view_finish(&view);
    if (result == VL_OK && entry->is_outside && entry->was_live)
        result = epoch_learn_once(r, entry);
    if (entry->is_outside) return result;
    r->owes = true;
    if (result == VL_OK &&
        (entry->control->kind == VL_CONTROL_EPOCH || entry->control->kind == VL_CONTROL_SEAL))
        result = epoch_learn(r, entry);
    if (result == VL_OK && entry->control->kind == VL_CONTROL_TOMBSTONE)
        result = erase_learn(r, entry);
    return result;
}

vl_result member_would(struct vl_replica *r, const struct control_entry *entry)
{
    struct member_view view;
    enum vl_standing standing = VL_STANDING_UNKNOWN;
    VL_TRY(view_init(r, entry, &view));
    vl_result result = vl_membership_would(r->membership, &view.entry, &standing);
    view_finish(&view);
    if (result == VL_OK && standing != VL_STANDING_LIVING) result = VL_ERR_AUTHORITY;
    return result;
}

void member_clear(struct vl_replica *r)
{
    vl_membership_destroy(r->membership);
    r->membership = NULL;
    free(r->enrolled);
    r->enrolled = NULL;
    r->enrolled_count = r->enrolled_capacity = 0;
    devices_forget(r);
    erase_clear(r);
}

/* ---- devices ---- */

/* Of several enrolments of a key, a living one before others, then the newest: its card is the one
 * in use. */
static bool enrolled_before(const struct vl_replica *r, const struct enrolled *a,
                            const struct enrolled *b)
{
    bool end;
    bool a_lives =
        vl_membership_standing(r->membership, id_view(&a->entry), &end) == VL_STANDING_LIVING;
    bool b_lives =
        vl_membership_standing(r->membership, id_view(&b->entry), &end) == VL_STANDING_LIVING;
    if (a_lives != b_lives) return a_lives;
    if (a->lamport != b->lamport) return a->lamport > b->lamport;
    return vl_id_compare(&a->entry, &b->entry) > 0;
}

const struct enrolled *member_enrolled(const struct vl_replica *r, const uint8_t sign[static 32])
{
    const struct enrolled *best = NULL;
    for (size_t i = 0; i < r->enrolled_count; i++) {
        const struct enrolled *one = &r->enrolled[i];
        if (one->is_outside || memcmp(one->card.sign, sign, sizeof one->card.sign) != 0) continue;
        if (best == NULL || enrolled_before(r, one, best)) best = one;
    }
    return best;
}

/* How many entries with authority enrol the key, void ones too. Others do not count: anybody can
 * repeat an enrolment in an entry without effect. */
static size_t enrolments_of(const struct vl_replica *r, const uint8_t sign[static 32])
{
    size_t count = 0;
    bool end;
    for (size_t i = 0; i < r->enrolled_count; i++) {
        const struct enrolled *one = &r->enrolled[i];
        if (memcmp(one->card.sign, sign, sizeof one->card.sign) != 0) continue;
        count +=
            vl_membership_standing(r->membership, id_view(&one->entry), &end) >= VL_STANDING_VOID;
    }
    return count;
}

bool member_is_current(struct vl_replica *r, const uint8_t sign[static 32])
{
    struct vl_device_state state;
    return vl_membership_settle(r->membership) == VL_OK &&
           vl_membership_find_device(r->membership, key_view(sign), &state) == VL_OK &&
           state.current;
}

static vl_result device_info(struct vl_replica *r, const struct enrolled *enrolled,
                             struct vl_device_info *out)
{
    struct vl_device_state state;
    struct vl_id first;
    *out = (struct vl_device_info){
        .card = enrolled->card, .person = enrolled->person, .enrolled_by = enrolled->entry};
    vl_person_id(enrolled->card.sign, &first);
    out->is_added =
        !vl_id_equal(&first, &enrolled->person) || enrolments_of(r, enrolled->card.sign) > 1;
    vl_result result =
        vl_membership_find_device(r->membership, key_view(enrolled->card.sign), &state);
    if (result == VL_ERR_NOT_FOUND) return VL_OK; /* enrolled without authority */
    VL_TRY(result);
    out->current = state.current;
    if (state.person.size == sizeof out->person.bytes)
        memcpy(out->person.bytes, state.person.data, sizeof out->person.bytes);
    return VL_OK;
}

static vl_result ready_and_settled(struct vl_replica *r)
{
    VL_TRY(replica_ready(r));
    return vl_membership_settle(r->membership);
}

vl_result vl_replica_device(struct vl_replica *r, const uint8_t sign[static 32],
                            struct vl_device_info *out)
{
    *out = (struct vl_device_info){0};
    VL_TRY(ready_and_settled(r));
    const struct enrolled *enrolled = member_enrolled(r, sign);
    if (enrolled == NULL) return VL_ERR_NOT_FOUND;
    return device_info(r, enrolled, out);
}

struct by_key { /* one enrolment, to be sorted by the key that it enrols */
    const struct enrolled *enrolled;
};

static int key_order(const void *a, const void *b)
{
    const struct by_key *x = a, *y = b;
    return memcmp(x->enrolled->card.sign, y->enrolled->card.sign, sizeof x->enrolled->card.sign);
}

static int number_order(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Looking for the enrolment in use of each one in turn would take the cube of their number, and a
 * member may enrol thousands. */
static vl_result devices_find(struct vl_replica *r)
{
    size_t count = 0;
    if (r->devices != NULL) return VL_OK;
    struct by_key *all = calloc(r->enrolled_count + 1, sizeof *all);
    uint32_t *devices = calloc(r->enrolled_count + 1, sizeof *devices);
    if (all == NULL || devices == NULL) {
        free(all);
        free(devices);
        return VL_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < r->enrolled_count; i++)
        if (!r->enrolled[i].is_outside) all[count++].enrolled = &r->enrolled[i];
    qsort(all, count, sizeof *all, key_order);
    r->device_count = 0;
    for (size_t i = 0; i < count;) {
        const struct enrolled *best = all[i].enrolled;
        size_t next = i + 1;
        for (; next < count && key_order(&all[i], &all[next]) == 0; next++)
            if (enrolled_before(r, all[next].enrolled, best)) best = all[next].enrolled;
        devices[r->device_count++] = (uint32_t)(best - r->enrolled);
        i = next;
    }
    qsort(devices, r->device_count, sizeof *devices, number_order);
    free(all);
    r->devices = devices;
    return VL_OK;
}

vl_result vl_replica_device_at(struct vl_replica *r, size_t at, struct vl_device_info *out)
{
    *out = (struct vl_device_info){0};
    VL_TRY(ready_and_settled(r));
    VL_TRY(devices_find(r));
    if (at >= r->device_count) return VL_ERR_NOT_FOUND;
    return device_info(r, &r->enrolled[r->devices[at]], out);
}

/* Two devices may claim one transport key; a current one goes first. */
vl_result vl_replica_device_by_noise(struct vl_replica *r, const uint8_t noise[static 32],
                                     struct vl_device_info *out)
{
    struct vl_device_info found = {0};
    bool any = false;
    *out = found;
    VL_TRY(ready_and_settled(r));
    for (size_t i = 0; i < r->enrolled_count && !found.current; i++) {
        const struct enrolled *one = &r->enrolled[i];
        if (memcmp(one->card.noise, noise, sizeof one->card.noise) != 0) continue;
        if (member_enrolled(r, one->card.sign) != one) continue;
        VL_TRY(device_info(r, one, &found));
        any = true;
    }
    if (!any) return VL_ERR_NOT_FOUND;
    *out = found;
    return VL_OK;
}

static vl_result author_visit(void *context, const struct vl_entry_row *row)
{
    *(uint32_t *)context = row->chain;
    return VL_OK;
}

vl_result vl_replica_author(struct vl_replica *r, const struct vl_id *entry,
                            struct vl_device_info *out)
{
    uint32_t chain = UINT32_MAX;
    *out = (struct vl_device_info){0};
    VL_TRY(ready_and_settled(r));
    VL_TRY(r->storage.entry_get(r->storage.self, entry, author_visit, &chain));
    if (chain >= r->chain_count) return VL_ERR_DAMAGED;
    const uint8_t *sign = r->chains[chain].row.sign_key;
    memcpy(out->card.sign, sign, sizeof out->card.sign);
    const struct enrolled *enrolled = member_enrolled(r, sign);
    if (enrolled == NULL) return VL_ERR_NOT_FOUND;
    VL_TRY(device_info(r, enrolled, out));
    struct vl_device_state state;
    vl_result result = vl_membership_find_device(r->membership, key_view(sign), &state);
    if (result != VL_OK || state.person.size == 0) out->person = (struct vl_id){{0}};
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}

vl_result vl_replica_me(struct vl_replica *r, struct vl_id *person)
{
    struct vl_device_info device;
    VL_TRY(vl_replica_device(r, r->keys->card.sign, &device));
    *person = device.person;
    return VL_OK;
}

struct vl_membership *vl_replica_membership(struct vl_replica *r)
{
    return ready_and_settled(r) == VL_OK ? r->membership : NULL;
}
