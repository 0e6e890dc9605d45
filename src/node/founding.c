#include "node/founding.h"

#include "circle/circle_info.h"
#include "circle/profile.h"
#include "node/clock.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A copied row, owned by the caller. */
struct row_search {
    const struct vl_id *id;
    struct store_circle *out;
    bool found;
};

static char *copy_text(const char *text)
{
    return text ? strdup(text) : NULL;
}

static vl_result copy_row(const struct store_circle *from, struct store_circle *to)
{
    *to = *from;
    to->purpose = copy_text(from->purpose);
    to->agreement = copy_text(from->agreement);
    if ((from->purpose && !to->purpose) || (from->agreement && !to->agreement)) {
        store_circle_finish(to);
        return VL_ERR_NO_MEMORY;
    }
    return VL_OK;
}

static vl_result match_row(void *context, const struct store_circle *row)
{
    struct row_search *search = context;
    if (search->found || !vl_id_equal(&row->id, search->id)) return VL_OK;
    VL_TRY(copy_row(row, search->out));
    search->found = true;
    return VL_OK;
}

static vl_result find_row(struct store *store, const struct vl_id *id, struct store_circle *out)
{
    struct row_search search = {.id = id, .out = out};
    vl_result result = store_circle_scan(store, match_row, &search);
    if (result != VL_OK && search.found) store_circle_finish(out);
    if (result != VL_OK) return result;
    return search.found ? VL_OK : VL_ERR_NOT_FOUND;
}

/* The circle in memory, of a row that says everything. */
static vl_result add_circle(struct store *store, struct circles *all,
                            const struct store_circle *row, struct circle **out)
{
    struct circle circle = {.id = row->id, .purpose = row->purpose, .agreement = row->agreement};
    memcpy(circle.name, row->name, sizeof circle.name);
    memcpy(circle.pseudonym, row->pseudonym, sizeof circle.pseudonym);
    store_storage(store, &row->id, &circle.storage);
    VL_TRY(vl_device_keys_from_seed(row->seed, &circle.keys));
    return circles_add(all, &circle, out); /* takes the keys */
}

static vl_result first_entries(struct circle *circle, const struct circle *draft,
                               const struct vl_pairing_answer *answer)
{
    const struct profile_change profile = {.pseudonym = draft->pseudonym};
    const vl_wall now = clock_wall();
    struct schema_problem problem;
    struct vl_id id;
    VL_TRY(vl_replica_found(circle->replica, draft->random, &answer->enrolment,
                            answer->founding_signature, now, &id));
    VL_TRY(circle_info_write(circle->replica, draft->name, draft->purpose, draft->agreement, now,
                             &problem));
    return profile_write(circle->replica, &profile, now, &problem);
}

vl_result founding_by_two(struct store *store, struct circles *all, const struct circle *draft,
                          const struct vl_pairing_answer *answer, struct circle **out)
{
    struct store_circle row;
    struct circle *circle = NULL;
    VL_TRY(find_row(store, &draft->id, &row));
    row.id = answer->circle;
    row.is_draft = false;
    sodium_memzero(row.random, sizeof row.random);
    vl_result result = add_circle(store, all, &row, &circle);
    if (result == VL_OK) result = first_entries(circle, draft, answer);
    /* The row last: a draft whose entries are half there is a draft still. */
    if (result == VL_OK) result = store_circle_replace(store, &draft->id, &row);
    store_circle_finish(&row);
    if (result != VL_OK) {
        if (circle) circles_remove(all, circle);
        return result;
    }
    *out = circle;
    return VL_OK;
}

/* A text of the offer with a final zero; NULL when there is none. */
static vl_result text_of(struct vl_bytes bytes, char **out)
{
    *out = NULL;
    if (bytes.size == 0) return VL_OK;
    *out = malloc(bytes.size + 1);
    if (!*out) return VL_ERR_NO_MEMORY;
    memcpy(*out, bytes.data, bytes.size);
    (*out)[bytes.size] = 0;
    return VL_OK;
}

/* An earlier joining of the same circle that broke off before any key came: of no use to anybody.
 */
static vl_result clear_the_way(struct store *store, struct circles *all, const struct vl_id *id)
{
    struct circle *circle = circles_find(all, id);
    if (!circle) return VL_OK;
    if (!circle->replica || vl_replica_epochs(circle->replica, NULL, 0) > 0) return VL_ERR_EXISTS;
    circles_remove(all, circle);
    return store_circle_remove(store, id);
}

vl_result founding_joined(struct store *store, struct circles *all, const uint8_t seed[static 32],
                          const struct vl_pairing_offer *offer, const char *pseudonym,
                          struct circle **out)
{
    struct store_circle row = {.id = offer->circle};
    if (offer->name.size >= sizeof row.name || strlen(pseudonym) >= sizeof row.pseudonym)
        return VL_ERR_TOO_LARGE;
    VL_TRY(clear_the_way(store, all, &offer->circle));
    memcpy(row.seed, seed, sizeof row.seed);
    memcpy(row.name, offer->name.data, offer->name.size);
    memcpy(row.pseudonym, pseudonym, strlen(pseudonym));
    vl_result result = text_of(offer->purpose, &row.purpose);
    if (result == VL_OK) result = text_of(offer->agreement, &row.agreement);
    if (result == VL_OK) result = store_circle_add(store, &row);
    if (result == VL_OK) result = add_circle(store, all, &row, out);
    store_circle_finish(&row);
    return result;
}
