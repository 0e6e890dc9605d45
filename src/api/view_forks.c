/* What people are told of logs that were closed: that two different versions of what somebody wrote
 * exist, and that somebody has begun more logs than one person may. */
#include "api/people.h"
#include <veillee/limits.h>

#include <stdlib.h>

struct forked { /* logs of a person of which there are two versions */
    struct vl_id person;
    size_t logs;
};

struct forked_list {
    struct forked *items;
    size_t count;
};

static vl_result count_fork(void *context, const struct vl_fork *fork)
{
    struct forked_list *list = context;
    size_t at = 0;
    while (at < list->count && !vl_id_equal(&list->items[at].person, &fork->person)) {
        at++;
    }
    if (at == list->count) {
        struct forked *items = realloc(list->items, (at + 1) * sizeof *items);
        if (items == NULL) return VL_ERR_NO_MEMORY;
        list->items = items;
        list->items[list->count++] = (struct forked){.person = fork->person};
    }
    list->items[at].logs++;
    return VL_OK;
}

static vl_result put_crowded(struct json_out *o, const struct circle *circle)
{
    struct vl_membership *m = vl_replica_membership(circle->replica);
    if (m == NULL) return VL_ERR_NO_MEMORY;
    json_key(o, "crowded");
    json_open(o, '[');
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state state;
        struct vl_id id;
        VL_TRY(people_at(m, i, &state, &id));
        if (vl_replica_is_crowded(circle->replica, &id)) people_put(o, circle, &id);
    }
    json_close(o, ']');
    return VL_OK;
}

vl_result view_closed(struct json_out *o, const struct circle *circle)
{
    struct forked_list list = {0};
    vl_result result = vl_replica_forks(circle->replica, count_fork, &list);
    json_key(o, "forked");
    json_open(o, '[');
    for (size_t i = 0; result == VL_OK && i < list.count; i++) {
        json_open(o, '{');
        json_put_id(o, "person", &list.items[i].person);
        view_person(o, "name", circle, &list.items[i].person);
        json_put_integer(o, "logs", (int64_t)list.items[i].logs);
        json_close(o, '}');
    }
    json_close(o, ']');
    free(list.items);
    VL_TRY(result);
    return put_crowded(o, circle);
}

/* ---- one person ---- */

struct shown {
    struct json_out *o; /* NULL: only counted */
    const struct vl_id *person;
    size_t count;
};

static vl_result show_fork(void *context, const struct vl_fork *fork)
{
    struct shown *shown = context;
    struct json_out *o = shown->o;
    if (!vl_id_equal(shown->person, &fork->person)) return VL_OK;
    shown->count++;
    if (o == NULL) return VL_OK;
    json_open(o, '{');
    json_put_id(o, "log", &fork->log);
    json_put_integer(o, "versions", (int64_t)fork->branches);
    json_key(o, "proof");
    json_open(o, '[');
    for (size_t i = 0; fork->proof.size > 0 && i < 2; i++) {
        json_open(o, '{');
        json_put_id(o, "entry", &fork->ids[i]);
        json_put_integer(o, "seq", (int64_t)fork->seqs[i]);
        json_put_time(o, "at", fork->walls[i].ms);
        json_close(o, '}');
    }
    json_close(o, ']');
    json_close(o, '}');
    return VL_OK;
}

vl_result view_logs(struct json_out *o, const struct circle *circle, const struct vl_id *person,
                    bool whole)
{
    struct shown shown = {.o = whole ? o : NULL, .person = person};
    if (whole) {
        json_key(o, "forks");
        json_open(o, '[');
    }
    vl_result result = vl_replica_forks(circle->replica, show_fork, &shown);
    if (whole) json_close(o, ']');
    json_put_integer(o, "forked", (int64_t)shown.count);
    json_put_flag(o, "crowded", vl_replica_is_crowded(circle->replica, person));
    json_put_integer(o, "logs", (int64_t)vl_replica_share(circle->replica, person));
    json_put_integer(o, "logs_max", VL_PERSON_CHAINS_MAX);
    return result;
}
