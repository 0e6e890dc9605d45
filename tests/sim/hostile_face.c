/* A real engine on two copies of her storage, which goes on from the same place in both: each
 * friend is shown another branch of one log. */
#include "tests/sim/hostile.h"

struct face {
    struct memory_storage *memory;
    struct vl_storage storage;
    struct vl_replica *replica;
};

static bool face_open(struct world *w, const struct node *hostile,
                      const struct memory_storage *from, struct face *face)
{
    face->memory = memory_storage_clone(from);
    face->storage = memory_storage_port(face->memory);
    return vl_replica_open(&face->replica, &w->circle, hostile->keys, &face->storage,
                           node_rule(w)) == VL_OK;
}

static void face_close(struct face *face)
{
    vl_replica_close(face->replica);
    memory_storage_destroy(face->memory);
}

/* Says something, and gives the friend all that it has. */
static bool face_speaks(struct world *w, const struct node *hostile, struct face *face,
                        struct node *friend, const char *text)
{
    struct vl_operation operation = {.type = 1,
                                     .record = {{1}},
                                     .field = 3,
                                     .opcode = VL_OP_SET_ADD,
                                     .value = vl_bytes_text(text)};
    struct vl_id id;
    for (size_t times = seeded_between(&w->life, 1, 4); times > 0; times--)
        if (vl_replica_write(face->replica, &operation, 1, node_wall(w, hostile), &id) != VL_OK)
            return false;
    struct node giver = {.replica = face->replica, .memory = face->memory};
    members_give_all(w, friend, &giver);
    return true;
}

size_t hostile_fork(struct world *w, struct node *hostile, struct node *victim)
{
    struct face faces[2] = {{0}};
    struct node *other = node_random_up(w);
    const struct memory_storage *from = hostile->memory;
    if (!w->profile.forks || node_empty(hostile) || other == NULL || other == victim ||
        other->hostile || other->power_cut)
        return 0;
    if (hostile->backup != NULL && seeded_chance(&w->life, 500)) from = hostile->backup;
    if (face_open(w, hostile, from, &faces[0]) && face_open(w, hostile, from, &faces[1]) &&
        face_speaks(w, hostile, &faces[0], victim, "one thing") &&
        face_speaks(w, hostile, &faces[1], other, "another thing")) {
        w->forked = true;
        tell(w, "%s says one thing to %s and another to %s", hostile->name, victim->name,
             other->name);
    }
    face_close(&faces[0]);
    face_close(&faces[1]);
    network_pump_node(w, victim);
    network_pump_node(w, other);
    return 0;
}
