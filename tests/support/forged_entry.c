#include "tests/support/forged_entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define must(held) must_hold((held), #held)

static void must_hold(bool held, const char *what)
{
    if (held) return;
    (void)fprintf(stderr, "forged_entry: %s\n", what);
    abort();
}

static vl_result keep_header(void *context, const struct vl_entry_row *row)
{
    return vl_entry_header_decode(row->entry.header, context);
}

/* Something harmless is written for its header, and then it was not. */
static struct vl_entry_header try_next(struct circle_fixture *f, size_t node, bool new_log)
{
    struct fixture_node *n = &f->nodes[node];
    struct memory_storage *before = memory_storage_clone(n->memory);
    struct vl_entry_header header;
    struct vl_id target = {{7}}, id;
    struct vl_control harmless = {.kind = VL_CONTROL_TOMBSTONE, .ids = &target, .id_count = 1};
    if (new_log) must(vl_replica_new_incarnation(n->replica) == VL_OK);
    must(vl_replica_control(n->replica, &harmless, f->now, &id) == VL_OK);
    must(n->storage.entry_get(n->storage.self, &id, keep_header, &header) == VL_OK);
    vl_replica_close(n->replica);
    n->replica = NULL;
    memory_storage_restore(n->memory, before);
    memory_storage_destroy(before);
    circle_fixture_reopen(f, node);
    return header;
}

struct vl_entry_header forged_next(struct circle_fixture *f, size_t node)
{
    return try_next(f, node, false);
}

struct vl_entry_header forged_first(struct circle_fixture *f, size_t node, uint32_t incarnation)
{
    struct vl_entry_header header = try_next(f, node, true);
    must(header.seq == 0);
    memcpy(header.incarnation, &incarnation, sizeof incarnation);
    vl_log_id(header.sign_key, header.incarnation, &header.log);
    return header;
}

struct vl_entry_header forged_log(struct circle_fixture *f, size_t member, uint32_t incarnation)
{
    struct vl_bytes frontier[VL_AUTH_MAX];
    struct vl_membership *membership = vl_replica_membership(f->nodes[0].replica);
    struct vl_entry_header header = {.circle = f->id, .kind = VL_ENTRY_CONTENT, .link_count = 1};
    header.auth_count = vl_membership_frontier(membership, frontier, VL_AUTH_MAX);
    must(header.auth_count == 1);
    memcpy(header.auth[0].bytes, frontier[0].data, sizeof header.auth[0].bytes);
    header.links[0] = header.auth[0];
    header.lamport = memory_storage_entry(f->nodes[0].memory, &header.auth[0])->lamport + 1;
    memcpy(header.sign_key, f->nodes[member].keys->card.sign, sizeof header.sign_key);
    memcpy(header.incarnation, &incarnation, sizeof incarnation);
    vl_log_id(header.sign_key, header.incarnation, &header.log);
    return header;
}

vl_result forged_give(struct circle_fixture *f, size_t node, struct vl_entry_header *header,
                      struct vl_bytes blob, size_t to, struct vl_id *id)
{
    struct entry_run run = {0};
    size_t stored;
    entry_run_forge(&run, header, blob, f->nodes[node].keys, id);
    vl_result result = vl_replica_receive(f->nodes[to].replica, run.items, 1, &stored);
    entry_run_finish(&run);
    return result;
}

vl_result forged_control(struct circle_fixture *f, size_t node, const struct vl_control *control,
                         struct vl_id *id)
{
    struct vl_buffer body = {0};
    struct vl_entry_header header = forged_next(f, node);
    must(vl_control_encode(control, &body) == VL_OK);
    vl_result result = forged_give(f, node, &header, vl_buffer_view(&body), node, id);
    vl_buffer_finish(&body);
    return result;
}

static int id_order(const void *a, const void *b)
{
    return vl_id_compare(a, b);
}

void forged_link(struct vl_entry_header *header, const struct vl_entry *link)
{
    struct vl_entry_header linked;
    must(vl_entry_header_decode(link->header, &linked) == VL_OK);
    vl_entry_id(link->header, &header->links[0]);
    header->link_count = 1;
    if (header->lamport <= linked.lamport) header->lamport = linked.lamport + 1;
    must(linked.kind == VL_ENTRY_CONTROL || linked.auth_count == 1);
    header->auth[0] = linked.kind == VL_ENTRY_CONTROL ? header->links[0] : linked.auth[0];
    header->auth_count = 1;
}

/* The entry links to that one; each has one newest control entry in its past. */
static void link_to(struct vl_entry_header *header, const struct vl_entry *entry)
{
    const struct vl_id before = header->auth[0];
    must(header->auth_count == 1);
    forged_link(header, entry);
    if (vl_id_equal(&header->auth[0], &before)) return;
    header->auth[header->auth_count++] = before;
    qsort(header->auth, header->auth_count, sizeof *header->auth, id_order);
}

struct entry_run forged_branch(struct circle_fixture *f, size_t author, const struct vl_entry *like,
                               unsigned number, size_t length, const struct vl_entry *link)
{
    struct entry_run run = {0};
    struct vl_entry_header header;
    must(vl_entry_header_decode(like->header, &header) == VL_OK);
    header.wall.ms += 1 + (int64_t)number;
    for (size_t i = 1; i <= length; i++) {
        struct vl_id id;
        if (i == 3 && link != NULL) link_to(&header, link);
        entry_run_forge(&run, &header, like->blob, f->nodes[author].keys, &id);
        header.prev = id;
        header.seq++;
        header.lamport++;
        header.link_count = 0;
    }
    return run;
}

struct entry_run forged_upon(struct circle_fixture *f, size_t author, const struct vl_entry *after,
                             const struct vl_entry *link, int64_t later)
{
    struct entry_run run = {0};
    struct vl_entry_header header;
    struct vl_id id;
    must(vl_entry_header_decode(after->header, &header) == VL_OK);
    must(header.kind == VL_ENTRY_CONTENT);
    memset(header.sign_key, 0, sizeof header.sign_key);
    memset(header.incarnation, 0, sizeof header.incarnation);
    vl_entry_id(after->header, &header.prev);
    header.seq++;
    header.lamport++;
    header.wall.ms += later;
    forged_link(&header, link);
    entry_run_forge(&run, &header, after->blob, f->nodes[author].keys, &id);
    return run;
}
