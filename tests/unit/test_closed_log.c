/* A log that was forked stays marked so, whatever comes together with what showed it; branches do
 * not hold each other up; the blobs that are lacking beneath them are asked for; and what was read
 * by it can be read on. */
#include "sync/replica_internal.h"
#include "tests/support/liar_circle.h"
#include "tests/support/session_hand.h"
#include "tests/support/test_scale.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ---- the mark of a fork ---- */

/* Two branches of the liar's log, which part after what all have. ME has the first entry of one. */
struct parted {
    struct circle_fixture *f;
    struct vl_id log;
    struct entry_run one, other; /* three entries; two */
    struct entry_run upon;       /* what FRIEND wrote upon all of one */
};

/* `links`: the other branch begins with a link to what FRIEND wrote upon the one. */
static struct parted parted_make(uint64_t seed, bool links)
{
    struct parted p = {.f = liar_circle_create(seed)};
    const struct vl_head tip = hand_tip_of(p.f, LIAR, LIAR);
    struct vl_entry_header header, linked;
    struct vl_id id;
    p.log = tip.log;
    for (uint64_t i = 0; i < 3; i++)
        hand_write_one(p.f, LIAR, 50 + i);
    p.one = liar_circle_run(p.f, LIAR, tip.seq + 1, 3);
    struct entry_run begin = liar_circle_run(p.f, LIAR, tip.seq + 1, 1);
    liar_circle_give(p.f, ME, &begin);
    (void)circle_fixture_pull(p.f, FRIEND, LIAR);
    hand_write_one(p.f, FRIEND, 60);
    p.upon = liar_circle_last(p.f, FRIEND);
    assert_int_equal(vl_entry_header_decode(begin.items[0].header, &header), VL_OK);
    assert_int_equal(vl_entry_header_decode(p.upon.items[0].header, &linked), VL_OK);
    header.wall.ms++;
    if (links) {
        vl_entry_id(p.upon.items[0].header, &header.links[0]);
        header.link_count = 1;
        header.lamport = linked.lamport + 1;
    }
    for (size_t i = 0; i < 2; i++) {
        entry_run_forge(&p.other, &header, begin.items[0].blob, p.f->nodes[LIAR].keys, &id);
        header.prev = id;
        header.seq++;
        header.lamport++;
        header.link_count = 0;
    }
    entry_run_finish(&begin);
    return p;
}

static void parted_end(struct parted *p)
{
    entry_run_finish(&p->one);
    entry_run_finish(&p->other);
    entry_run_finish(&p->upon);
    circle_fixture_destroy(p->f);
}

struct marks { /* of the chains of a log, as they are stored */
    struct vl_id log;
    size_t chains, forked, first;
};

static vl_result see_marks(void *context, const struct vl_log_row *row)
{
    struct marks *marks = context;
    if ((row->flags & VL_LOG_EMPTY) != 0 || !vl_id_equal(&row->log, &marks->log)) return VL_OK;
    marks->chains++;
    marks->forked += (row->flags & VL_LOG_FORKED) != 0;
    marks->first += (row->flags & VL_LOG_FIRST) != 0;
    return VL_OK;
}

struct told {
    struct vl_id log;
    size_t count, branches;
    struct vl_buffer proof;
};

static vl_result see_fork(void *context, const struct vl_fork *fork)
{
    struct told *told = context;
    told->count++;
    told->log = fork->log;
    told->branches = fork->branches;
    vl_buffer_clear(&told->proof);
    return vl_buffer_append(&told->proof, fork->proof.data, fork->proof.size);
}

/* Each of the log's chains says that it was forked, and it is told, with a proof. */
static void assert_forked_now(struct parted *p, size_t node, size_t chains, size_t branches)
{
    struct marks marks = {.log = p->log};
    struct told told = {.count = 0};
    const struct vl_storage *storage = &p->f->nodes[node].storage;
    assert_int_equal(storage->log_scan(storage->self, see_marks, &marks), VL_OK);
    assert_int_equal(marks.chains, chains);
    assert_int_equal(marks.forked, chains);
    assert_int_equal(marks.first, 1);
    assert_int_equal(vl_replica_fork_count(replica_of(p->f, node)), 1);
    assert_int_equal(vl_replica_forks(replica_of(p->f, node), see_fork, &told), VL_OK);
    assert_int_equal(told.count, 1);
    assert_true(vl_id_equal(&told.log, &p->log));
    assert_int_equal(told.branches, branches);
    assert_true(told.proof.size > 0);
    vl_buffer_finish(&told.proof);
}

static void assert_forked(struct parted *p, size_t node, size_t chains, size_t branches)
{
    assert_forked_now(p, node, chains, branches);
    assert_true(liar_circle_is_sound(p->f, node));
    circle_fixture_reopen(p->f, node);
    assert_forked_now(p, node, chains, branches);
}

static void give_chunk(struct vl_session *s, const struct entry_run *run, size_t from, size_t to)
{
    struct vl_entry_header header;
    struct chunk *c = NULL;
    assert_int_equal(vl_entry_header_decode(run->items[from].header, &header), VL_OK);
    assert_int_equal(chunk_create(&c, &header.log, header.seq, &header.prev), VL_OK);
    for (size_t i = from; i < to; i++)
        assert_int_equal(chunk_append(c, &run->items[i]), VL_OK);
    assert_int_equal(hand_give_chunk(s, c, false), VL_OK);
    chunk_destroy(c);
}

/* What shows the fork links to what follows the branch that is here, and all of that stands behind
 * it in its log: it is looked at before it can be stored. */
static void a_fork_hidden_behind_its_own_entries_is_seen(void **state)
{
    (void)state;
    struct parted p = parted_make(720, true);
    struct vl_session *s = hand_opened(p.f, ME, OTHER);
    size_t before = hand_entries_of(p.f, ME);
    give_chunk(s, &p.upon, 0, 1);
    assert_int_equal(vl_session_counts_of(s).waiting, 1);
    give_chunk(s, &p.other, 0, 2);
    assert_int_equal(vl_session_counts_of(s).waiting, 3);
    assert_int_equal(vl_replica_fork_count(replica_of(p.f, ME)), 1);
    give_chunk(s, &p.one, 1, 3);
    assert_int_equal(vl_session_counts_of(s).waiting, 0);
    assert_int_equal(hand_entries_of(p.f, ME), before + 5);
    assert_int_equal(hand_give_drained(s), VL_OK);
    assert_int_equal(vl_session_error(s), VL_OK);
    vl_session_destroy(s);
    assert_forked(&p, ME, 2, 2);
    assert_true(liar_circle_hears(p.f, ME, 60) && liar_circle_hears(p.f, ME, 52));
    parted_end(&p);
}

/* In one call, in either order: the log is closed by one run while the other goes on in it. */
static void what_shows_a_fork_comes_together_with_what_goes_on(void **state)
{
    (void)state;
    for (size_t order = 0; order < 2; order++) {
        struct parted p = parted_make(721 + order, false);
        struct vl_run runs[2];
        size_t before = hand_entries_of(p.f, ME);
        runs[order] = (struct vl_run){.entries = p.one.items + 1, .count = 2};
        runs[1 - order] = (struct vl_run){.entries = p.other.items, .count = 2};
        assert_int_equal(vl_replica_receive_runs(replica_of(p.f, ME), runs, 2), VL_OK);
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(runs[i].result, VL_OK);
            assert_int_equal(runs[i].stored, 2);
        }
        assert_int_equal(hand_entries_of(p.f, ME), before + 4);
        assert_forked(&p, ME, 2, 2);
        parted_end(&p);
    }
}

/* As a run is stored, at a place that was looked at before. */
static void store_there(struct vl_replica *r, struct place *place, const struct vl_entry *entry)
{
    struct vl_entry_header header;
    struct vl_id id;
    struct past *prev = NULL, *past = NULL;
    const uint32_t flags = VL_ENTRY_VERIFIED | VL_ENTRY_QUARANTINED;
    vl_entry_id(entry->header, &id);
    assert_int_equal(vl_entry_header_decode(entry->header, &header), VL_OK);
    assert_int_equal(replica_begin(r), VL_OK);
    assert_int_equal(replica_past_here(r, &header.prev, &prev), VL_OK);
    assert_int_equal(replica_judge(r, &header, &id, &place->row, prev, &past), VL_OK);
    assert_int_equal(put_entry(r, entry, header.kind, past, flags), VL_OK);
    assert_int_equal(chain_advance(r, place, past, &header, entry->header.size), VL_OK);
    live_stored(r, past);
    count_stored(r, past, flags);
    past_unref(prev);
    past_unref(past);
    assert_int_equal(replica_commit(r), VL_OK);
}

/* The place where an entry goes is a copy of the log's row, which knows nothing of what closed the
 * log since. */
static void a_log_that_is_closed_while_it_is_stored_stays_closed(void **state)
{
    (void)state;
    struct parted p = parted_make(723, false);
    struct vl_replica *r = replica_of(p.f, ME);
    struct told told = {.count = 0};
    liar_circle_give(p.f, FRIEND, &p.other);
    assert_int_equal(vl_replica_forks(replica_of(p.f, FRIEND), see_fork, &told), VL_OK);
    assert_int_equal(told.count, 1);
    struct place place = {.row = chain_find(r, &p.log)->row};
    assert_int_equal(vl_replica_fork_learn(r, vl_buffer_view(&told.proof)), VL_OK);
    const uint64_t kept = chain_find(r, &p.log)->row.kept;
    store_there(r, &place, &p.one.items[1]);
    assert_int_equal(chain_find(r, &p.log)->row.kept, kept);
    assert_forked(&p, ME, 1, 1);
    liar_circle_give(p.f, ME, &p.other);
    assert_forked(&p, ME, 2, 2);
    vl_buffer_finish(&told.proof);
    parted_end(&p);
}

/* ---- branches that come together ---- */

struct together {
    struct circle_fixture *f;
    struct entry_run late, early; /* branches; the second entry of early links to `upon` */
    struct entry_run before;      /* what OTHER wrote, to which late begins with a link */
    struct entry_run upon;        /* what OTHER wrote upon late */
};

static void link_to(struct vl_entry_header *header, const struct vl_entry *entry)
{
    struct vl_entry_header linked;
    assert_int_equal(vl_entry_header_decode(entry->header, &linked), VL_OK);
    vl_entry_id(entry->header, &header->links[0]);
    header->link_count = 1;
    if (header->lamport <= linked.lamport) header->lamport = linked.lamport + 1;
}

/* Only its last entry is well signed. */
static void forge_next(struct together *t, struct entry_run *run, struct vl_entry_header *header,
                       struct vl_bytes blob, bool is_last)
{
    struct vl_id id;
    entry_run_forge(run, header, blob, t->f->nodes[LIAR].keys, &id);
    if (!is_last) run->items[run->count - 1].signature[0] ^= 1;
    header->prev = id;
    header->seq++;
    header->lamport++;
    header->link_count = 0;
}

/* FRIEND has both branches, of which no two well signed entries contradict each other, and what was
 * written upon them. The late one begins with the higher lamport number. */
static struct together together_make(uint64_t seed)
{
    struct together t = {.f = liar_circle_create(seed)};
    struct circle_fixture *f = t.f;
    struct vl_entry_header first, header;
    hand_write_one(f, OTHER, 100);
    hand_write_one(f, OTHER, 101);
    struct vl_head tip = hand_tip_of(f, OTHER, OTHER);
    t.before = circle_fixture_run(f, OTHER, &tip.log, tip.seq - 1, 2);
    (void)circle_fixture_pull(f, FRIEND, OTHER);
    hand_write_one(f, LIAR, 102);
    struct entry_run like = liar_circle_last(f, LIAR);
    assert_int_equal(vl_entry_header_decode(like.items[0].header, &first), VL_OK);
    header = first;
    link_to(&header, &t.before.items[1]);
    for (size_t i = 0; i < 4; i++)
        forge_next(&t, &t.late, &header, like.items[0].blob, i == 3);
    liar_circle_give(f, OTHER, &t.late);
    hand_write_one(f, OTHER, 103);
    t.upon = liar_circle_last(f, OTHER);
    header = first;
    forge_next(&t, &t.early, &header, like.items[0].blob, false);
    link_to(&header, &t.upon.items[0]);
    forge_next(&t, &t.early, &header, like.items[0].blob, true);
    liar_circle_give(f, FRIEND, &t.late);
    liar_circle_give(f, FRIEND, &t.upon);
    liar_circle_give(f, FRIEND, &t.early);
    hand_write_one(f, FRIEND, 104);
    entry_run_finish(&like);
    return t;
}

static void together_end(struct together *t)
{
    entry_run_finish(&t->late);
    entry_run_finish(&t->early);
    entry_run_finish(&t->before);
    entry_run_finish(&t->upon);
    circle_fixture_destroy(t->f);
}

/* ME has the log open and neither branch. The one that comes first waits for what was written upon
 * the other, and that one for nothing: not for its place behind the first. */
static void a_branch_does_not_wait_behind_one_that_waits_for_it(void **state)
{
    (void)state;
    struct together t = together_make(725);
    assert_true(liar_circle_meet(t.f, ME, FRIEND));
    for (uint64_t number = 100; number < 105; number++)
        assert_true(liar_circle_hears(t.f, ME, number));
    assert_int_equal(vl_replica_fork_count(replica_of(t.f, ME)), 1);
    assert_true(liar_circle_same(t.f, ME, FRIEND));
    assert_true(liar_circle_is_sound(t.f, ME));
    together_end(&t);
}

/* The same one by one, in every order in which the two branches and the entry can come. */
static void branches_and_what_is_upon_them_come_in_any_order(void **state)
{
    (void)state;
    static const size_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                       {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct together t = together_make(726);
        const struct entry_run *runs[] = {&t.late, &t.early, &t.upon};
        liar_circle_give(t.f, ME, &t.before);
        const size_t before = hand_entries_of(t.f, ME);
        struct vl_session *s = hand_opened(t.f, ME, FRIEND);
        for (size_t k = 0; k < 3; k++)
            give_chunk(s, runs[orders[i][k]], 0, runs[orders[i][k]]->count);
        assert_int_equal(vl_session_counts_of(s).waiting, 0);
        assert_int_equal(hand_entries_of(t.f, ME), before + 7);
        assert_int_equal(hand_give_drained(s), VL_OK);
        vl_session_destroy(s);
        together_end(&t);
    }
}

/* A hostile peer's: thousands of branches of an open log, which all wait for what does not come.
 * They are not all looked at again each time something comes. */
static void branches_that_wait_side_by_side_cost_little(void **state)
{
    (void)state;
    struct together t = together_make(727);
    struct vl_entry_header header;
    struct vl_id id;
    struct entry_run branches = {0};
    const size_t count = test_scale(VL_PENDING_ENTRIES_MAX - 1, 600);
    assert_int_equal(vl_entry_header_decode(t.early.items[0].header, &header), VL_OK);
    link_to(&header, &t.upon.items[0]);
    for (size_t i = 0; i < count; i++) {
        header.wall.ms++;
        entry_run_forge(&branches, &header, t.early.items[0].blob, t.f->nodes[LIAR].keys, &id);
    }
    liar_circle_give(t.f, ME, &t.before);
    struct vl_session *s = hand_opened(t.f, ME, FRIEND);
    for (size_t i = 0; i < count; i++)
        give_chunk(s, &branches, i, i + 1);
    assert_int_equal(vl_session_counts_of(s).waiting, count);
    uint64_t calls = memory_storage_calls(t.f->nodes[ME].memory);
    hand_write_one(t.f, OUT, 105);
    struct entry_run news = liar_circle_last(t.f, OUT);
    give_chunk(s, &news, 0, 1);
    calls = memory_storage_calls(t.f->nodes[ME].memory) - calls;
    assert_true(liar_circle_hears(t.f, ME, 105));
    assert_in_range(calls, 1, 1000); /* of the storage; 128 branches cost some 500 */
    assert_int_equal(vl_session_counts_of(s).waiting, count);
    vl_session_destroy(s);
    entry_run_finish(&branches);
    entry_run_finish(&news);
    together_end(&t);
}

/* ---- blobs that are lacking beneath a branch ---- */

#define COMMON 4u

/* The liar's log from number 0 on; FRIEND has all of it, and what each of the others wrote upon the
 * branch that she met. */
struct tree {
    struct circle_fixture *f;
    struct entry_run runs[3]; /* all up to the end of the first branch; the second, which goes off
                               * before number COMMON; the third, off before COMMON + 1 of that */
    struct entry_run upon[2]; /* by FRIEND upon the second, by OTHER upon the third */
};

static struct entry_run writes_upon(struct circle_fixture *f, size_t node, uint64_t number)
{
    (void)circle_fixture_pull(f, node, LIAR);
    hand_write_one(f, node, number);
    return liar_circle_last(f, node);
}

static void liar_writes(struct circle_fixture *f, uint64_t number, size_t count)
{
    for (uint64_t i = number; i < number + count; i++)
        hand_write_one(f, LIAR, i);
}

static struct tree tree_make(uint64_t seed)
{
    struct tree t = {.f = circle_fixture_create(PERSONS, seed)};
    struct circle_fixture *f = t.f;
    liar_writes(f, 70, COMMON);
    struct memory_storage *before = memory_storage_clone(f->nodes[LIAR].memory);
    liar_writes(f, 80, 2);
    t.runs[0] = liar_circle_run(f, LIAR, 0, VL_CHUNK_ENTRIES_MAX);
    liar_circle_turn_back(f, before);
    memory_storage_destroy(before);
    liar_writes(f, 82, 1);
    before = memory_storage_clone(f->nodes[LIAR].memory);
    liar_writes(f, 83, 2);
    t.runs[1] = liar_circle_run(f, LIAR, COMMON, VL_CHUNK_ENTRIES_MAX);
    t.upon[0] = writes_upon(f, FRIEND, 90);
    liar_circle_turn_back(f, before);
    memory_storage_destroy(before);
    liar_writes(f, 85, 2);
    t.runs[2] = liar_circle_run(f, LIAR, COMMON + 1, VL_CHUNK_ENTRIES_MAX);
    t.upon[1] = writes_upon(f, OTHER, 91);
    return t;
}

static void tree_end(struct tree *t)
{
    for (size_t i = 0; i < 3; i++)
        entry_run_finish(&t->runs[i]);
    for (size_t i = 0; i < 2; i++)
        entry_run_finish(&t->upon[i]);
    circle_fixture_destroy(t->f);
}

static void tree_give(struct tree *t, size_t node)
{
    for (size_t i = 0; i < 3; i++)
        liar_circle_give(t->f, node, &t->runs[i]);
    for (size_t i = 0; i < 2; i++)
        liar_circle_give(t->f, node, &t->upon[i]);
}

/* Whether a peer is told that the end of that branch is here, with all before it. */
static bool names_end(const struct tree *t, size_t node, size_t branch)
{
    struct vl_head heads[64];
    size_t count;
    struct vl_id end;
    const struct entry_run *run = &t->runs[branch];
    vl_entry_id(run->items[run->count - 1].header, &end);
    assert_int_equal(vl_replica_asked_heads(replica_of(t->f, node), heads, 64, &count), VL_OK);
    assert_in_range(count, 1, 64);
    for (size_t i = 0; i < count; i++)
        if (vl_id_equal(&heads[i].id, &end)) return true;
    return false;
}

static bool is_bare(const struct tree *t, size_t node, const struct vl_entry *entry)
{
    struct vl_id id;
    vl_entry_id(entry->header, &id);
    const struct vl_entry_row *row = memory_storage_entry(t->f->nodes[node].memory, &id);
    assert_non_null(row);
    assert_int_equal((row->flags & VL_ENTRY_BARE) != 0, row->entry.blob.data == NULL);
    return row->entry.blob.data == NULL;
}

/* Somebody left one blob out. The branches that rest on it are not named to a peer, the others are,
 * and it comes. */
static void leave_out(size_t branch, size_t at, const bool *rests)
{
    struct tree t = tree_make(730);
    struct vl_entry *entry = &t.runs[branch].items[at];
    const struct vl_bytes blob = entry->blob;
    entry->blob = vl_bytes(NULL, 0);
    tree_give(&t, ME);
    entry->blob = blob;
    tree_give(&t, FRIEND);
    assert_int_equal(liar_circle_write(t.f, ME, 92), VL_OK); /* cites the first branch */
    assert_true(is_bare(&t, ME, entry) && !is_bare(&t, FRIEND, entry));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(names_end(&t, ME, i), !rests[i]);
    assert_true(liar_circle_is_sound(t.f, ME));
    circle_fixture_reopen(t.f, ME);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(names_end(&t, ME, i), !rests[i]);
    assert_true(liar_circle_meet(t.f, ME, FRIEND));
    assert_false(is_bare(&t, ME, entry));
    for (size_t i = 0; i < 3; i++)
        assert_true(names_end(&t, ME, i));
    for (uint64_t number = 70; number < 70 + COMMON; number++)
        assert_true(liar_circle_hears(t.f, ME, number));
    for (uint64_t number = 80; number < 87; number++)
        assert_true(liar_circle_hears(t.f, ME, number));
    assert_true(liar_circle_same(t.f, ME, FRIEND));
    assert_true(liar_circle_is_sound(t.f, ME));
    tree_end(&t);
}

static void a_blob_beneath_branches_is_asked_for_and_comes(void **state)
{
    (void)state;
    static const bool all[] = {true, true, true};
    for (size_t at = 0; at < COMMON; at++)
        leave_out(0, at, all);
}

/* The second branch is nobody's first chain: the third goes off it. */
static void a_blob_beneath_a_branch_of_a_branch_is_asked_for_and_comes(void **state)
{
    (void)state;
    static const bool both[] = {false, true, true};
    leave_out(1, 0, both);
}

/* What lies beyond where a branch goes off is nothing that it rests on. */
static void a_branch_beside_a_blob_that_is_lacking_is_named(void **state)
{
    (void)state;
    static const bool only[][3] = {
        {true, false, false}, {false, true, false}, {false, false, true}};
    leave_out(0, COMMON, only[0]);
    leave_out(0, COMMON + 1, only[0]);
    leave_out(1, 1, only[1]);
    leave_out(1, 2, only[1]);
    leave_out(2, 0, only[2]);
    leave_out(2, 1, only[2]);
}

/* ---- what was given in a log that is closed ---- */

/* LIAR adds somebody and gives her the past, in one branch of her log; nobody else hears of it.
 * `first`: that is the branch that the newcomer has first. */
static void add_in_a_branch(uint64_t seed, bool first)
{
    struct circle_fixture *f = liar_circle_create(seed);
    (void)liar_circle_control(f, ME, VL_CONTROL_PROMOTE, &f->nodes[LIAR].person);
    hand_write_one(f, ME, 50);
    (void)circle_fixture_pull(f, LIAR, ME);
    const uint64_t from = hand_tip_of(f, LIAR, LIAR).seq + 1;
    struct memory_storage *before = memory_storage_clone(f->nodes[LIAR].memory);
    const size_t new = circle_fixture_stranger(f);
    circle_fixture_add(f, LIAR, new);
    struct entry_run adding = liar_circle_run(f, LIAR, from, VL_CHUNK_ENTRIES_MAX);
    if (first) (void)circle_fixture_pull(f, new, LIAR);
    assert_int_equal(liar_circle_hears(f, new, 50), first);
    liar_circle_turn_back(f, before);
    hand_write_one(f, LIAR, 51);
    struct entry_run other = liar_circle_last(f, LIAR);
    if (!first) (void)circle_fixture_pull(f, new, LIAR);
    liar_circle_give(f, new, first ? &other : &adding);
    assert_int_equal(vl_replica_fork_count(replica_of(f, new)), 1);
    for (size_t times = 0; times < 2; times++) {
        assert_true(liar_circle_hears(f, new, 50));
        assert_true(liar_circle_is_sound(f, new));
        circle_fixture_reopen(f, new);
    }
    entry_run_finish(&adding);
    entry_run_finish(&other);
    memory_storage_destroy(before);
    circle_fixture_destroy(f);
}

static void what_was_read_by_seals_of_a_closed_log_can_be_read_on(void **state)
{
    (void)state;
    add_in_a_branch(770, true);
    add_in_a_branch(771, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fork_hidden_behind_its_own_entries_is_seen),
        cmocka_unit_test(what_shows_a_fork_comes_together_with_what_goes_on),
        cmocka_unit_test(a_log_that_is_closed_while_it_is_stored_stays_closed),
        cmocka_unit_test(a_branch_does_not_wait_behind_one_that_waits_for_it),
        cmocka_unit_test(branches_and_what_is_upon_them_come_in_any_order),
        cmocka_unit_test(branches_that_wait_side_by_side_cost_little),
        cmocka_unit_test(a_blob_beneath_branches_is_asked_for_and_comes),
        cmocka_unit_test(a_blob_beneath_a_branch_of_a_branch_is_asked_for_and_comes),
        cmocka_unit_test(a_branch_beside_a_blob_that_is_lacking_is_named),
        cmocka_unit_test(what_was_read_by_seals_of_a_closed_log_can_be_read_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
