/* What an entry must be to be stored. Entries are made as a hostile member's program could make
 * them, signed by the right device, with one thing wrong; each is refused by its name and nothing
 * of it is kept. */
#include "tests/support/circle_fixture.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TYPE  7u
#define FIELD 3u

/* Node 1 has written something that node 0 lacks; node 2 as well, which node 1 has seen. */
struct scene {
    struct circle_fixture *f;
    struct entry_run run;          /* node 1's new entries */
    struct vl_entry_header header; /* of the first */
    struct vl_id log, id;
    struct vl_id heads; /* node 0's, before */
    size_t entries;
};

static struct vl_id heads_digest(struct circle_fixture *f, size_t node)
{
    struct vl_id digest;
    vl_replica_heads_digest(f->nodes[node].replica, &digest);
    return digest;
}

static struct scene scene_make(uint64_t seed, size_t writes)
{
    struct scene s = {.f = circle_fixture_create(3, seed)};
    struct vl_record_id record = fixture_record(1);
    (void)circle_fixture_set(s.f, 1, TYPE, &record, FIELD, "before");
    circle_fixture_sync_all(s.f);
    (void)circle_fixture_set(s.f, 2, TYPE, &record, FIELD, "beside");
    circle_fixture_pull(s.f, 0, 2);
    circle_fixture_pull(s.f, 1, 2);
    for (size_t i = 0; i < writes; i++) {
        struct vl_id id = circle_fixture_set(s.f, 1, TYPE, &record, FIELD, "new");
        if (i == 0) s.id = id;
    }
    struct vl_head heads[8];
    size_t count;
    assert_int_equal(vl_replica_heads(s.f->nodes[1].replica, heads, 8, &count), VL_OK);
    for (size_t i = 0; i < count; i++) {
        if (heads[i].seq < writes) continue;
        struct entry_run run =
            circle_fixture_run(s.f, 1, &heads[i].log, heads[i].seq + 1 - writes, writes);
        struct vl_id id;
        vl_entry_id(run.items[0].header, &id);
        if (vl_id_equal(&id, &s.id)) {
            s.log = heads[i].log;
            s.run = run;
        } else {
            entry_run_finish(&run);
        }
    }
    assert_int_equal(s.run.count, writes);
    assert_int_equal(vl_entry_header_decode(s.run.items[0].header, &s.header), VL_OK);
    s.heads = heads_digest(s.f, 0);
    s.entries = memory_storage_entry_count(s.f->nodes[0].memory);
    return s;
}

static void scene_finish(struct scene *s)
{
    entry_run_finish(&s->run);
    circle_fixture_destroy(s->f);
}

static void assert_nothing_kept(struct scene *s)
{
    struct vl_id heads = heads_digest(s->f, 0);
    assert_true(vl_id_equal(&heads, &s->heads));
    assert_int_equal(memory_storage_entry_count(s->f->nodes[0].memory), s->entries);
}

static void assert_refused(struct scene *s, const struct entry_run *run, vl_result expected)
{
    size_t stored = 99;
    vl_result result = vl_replica_receive(s->f->nodes[0].replica, run->items, run->count, &stored);
    assert_string_equal(vl_result_name(result), vl_result_name(expected));
    assert_int_equal(stored, 0);
    assert_nothing_kept(s);
}

/* Then the right entry is still taken. */
static void assert_right_one_taken(struct scene *s)
{
    size_t stored;
    assert_int_equal(
        vl_replica_receive(s->f->nodes[0].replica, s->run.items, s->run.count, &stored), VL_OK);
    assert_int_equal(stored, s->run.count);
}

static void refuse_header(struct scene *s, const struct vl_entry_header *changed,
                          vl_result expected)
{
    struct vl_entry_header header = *changed;
    struct entry_run run = {0};
    struct vl_id id;
    entry_run_forge(&run, &header, s->run.items[0].blob, s->f->nodes[1].keys, &id);
    assert_refused(s, &run, expected);
    entry_run_finish(&run);
}

static void every_changed_bit_is_refused(void **state)
{
    (void)state;
    struct scene s = scene_make(11, 1);
    const struct vl_entry *right = &s.run.items[0];
    size_t header = right->header.size, total = header + 64 + right->blob.size;
    for (size_t at = 0; at < total; at++) {
        struct entry_run run = {0};
        entry_run_add(&run, right);
        uint8_t bit = (uint8_t)(1u << (at % 8));
        if (at < header)
            memory_storage_bytes(run.items[0].header)[at] ^= bit;
        else if (at < header + 64)
            run.items[0].signature[at - header] ^= bit;
        else
            memory_storage_bytes(run.items[0].blob)[at - header - 64] ^= bit;
        size_t stored = 99;
        vl_result result = vl_replica_receive(s.f->nodes[0].replica, run.items, run.count, &stored);
        assert_int_not_equal(result, VL_OK);
        if (at >= header && at < header + 64) assert_int_equal(result, VL_ERR_SIGNATURE);
        if (at >= header + 64) assert_int_equal(result, VL_ERR_HASH);
        assert_int_equal(stored, 0);
        assert_nothing_kept(&s);
        entry_run_finish(&run);
    }
    assert_right_one_taken(&s);
    scene_finish(&s);
}

static void every_length_but_the_right_one_is_refused(void **state)
{
    (void)state;
    struct scene s = scene_make(12, 1);
    for (size_t size = 0; size < s.run.items[0].header.size; size++) {
        struct entry_run run = {0};
        entry_run_add(&run, &s.run.items[0]);
        run.items[0].header.size = size;
        size_t stored;
        assert_int_not_equal(vl_replica_receive(s.f->nodes[0].replica, run.items, 1, &stored),
                             VL_OK);
        assert_nothing_kept(&s);
        entry_run_finish(&run);
    }
    scene_finish(&s);
}

static void a_lamport_number_follows_from_the_parents(void **state)
{
    (void)state;
    struct scene s = scene_make(13, 1);
    const uint64_t wrong[] = {0, s.header.lamport - 1, s.header.lamport + 1, (uint64_t)1 << 63,
                              UINT64_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct vl_entry_header header = s.header;
        header.lamport = wrong[i];
        refuse_header(&s, &header, VL_ERR_LAMPORT);
    }
    assert_right_one_taken(&s);
    scene_finish(&s);
}

static void insert_link(struct vl_entry_header *header, const struct vl_id *link)
{
    size_t at = header->link_count++;
    for (; at > 0 && vl_id_compare(&header->links[at - 1], link) > 0; at--)
        header->links[at] = header->links[at - 1];
    header->links[at] = *link;
}

static void links_are_minimal(void **state)
{
    (void)state;
    struct scene s = scene_make(14, 1);
    assert_int_equal(s.header.link_count, 1);
    struct vl_entry_header header = s.header;
    insert_link(&header, &s.header.prev); /* its own log */
    refuse_header(&s, &header, VL_ERR_LINKS);
    header = s.header;
    insert_link(&header, &s.header.auth[0]); /* in the past of the entry before */
    refuse_header(&s, &header, VL_ERR_LINKS);
    header = s.header;
    header.link_count = 0; /* fewer is another past, hence another number */
    refuse_header(&s, &header, VL_ERR_LAMPORT);
    assert_right_one_taken(&s);
    scene_finish(&s);
}

static void unknown_links_wait(void **state)
{
    (void)state;
    struct scene s = scene_make(15, 1);
    struct vl_entry_header header = s.header;
    struct vl_id unknown = {{1, 2, 3}};
    insert_link(&header, &unknown);
    refuse_header(&s, &header, VL_ERR_MISSING);
    assert_right_one_taken(&s);
    scene_finish(&s);
}

static void auth_is_exactly_the_newest_control_entries(void **state)
{
    (void)state;
    struct scene s = scene_make(16, 1);
    assert_true(s.header.auth_count > 0);
    struct vl_entry_header header = s.header;
    header.auth_count = 0;
    refuse_header(&s, &header, VL_ERR_AUTH);
    header = s.header;
    header.auth[0] = s.header.prev; /* no control entry */
    refuse_header(&s, &header, VL_ERR_AUTH);
    header = s.header;
    header.auth[0] = (struct vl_id){{9}};
    refuse_header(&s, &header, VL_ERR_AUTH);
    assert_right_one_taken(&s);
    scene_finish(&s);
}

static void places_are_kept_apart(void **state)
{
    (void)state;
    struct scene s = scene_make(17, 1);
    struct vl_entry_header header = s.header;
    header.circle.bytes[0] ^= 1;
    refuse_header(&s, &header, VL_ERR_CIRCLE);
    header = s.header;
    header.seq++;
    refuse_header(&s, &header, VL_ERR_GAP);
    header = s.header;
    header.log.bytes[0] ^= 1; /* a log that nobody has begun */
    refuse_header(&s, &header, VL_ERR_GAP);
    assert_right_one_taken(&s);
    scene_finish(&s);
}

static void another_device_does_not_sign_for_it(void **state)
{
    (void)state;
    struct scene s = scene_make(18, 1);
    struct entry_run run = {0};
    struct vl_id id;
    entry_run_forge(&run, &s.header, s.run.items[0].blob, s.f->nodes[2].keys, &id);
    assert_refused(&s, &run, VL_ERR_SIGNATURE);
    entry_run_finish(&run);
    scene_finish(&s);
}

static void a_log_of_another_circle_is_refused(void **state)
{
    (void)state;
    struct scene s = scene_make(19, 1);
    struct circle_fixture *other = circle_fixture_create(2, 20);
    struct vl_head heads[4];
    size_t count;
    assert_int_equal(vl_replica_heads(other->nodes[0].replica, heads, 4, &count), VL_OK);
    for (size_t i = 0; i < count; i++) {
        struct entry_run run = circle_fixture_run(other, 0, &heads[i].log, 0, 256);
        assert_refused(&s, &run, VL_ERR_CIRCLE);
        entry_run_finish(&run);
    }
    circle_fixture_destroy(other);
    scene_finish(&s);
}

/* A log by a key that nobody enrolled, with everything else right. */
static void a_stranger_begins_no_log(void **state)
{
    (void)state;
    struct scene s = scene_make(21, 1);
    size_t stranger = circle_fixture_stranger(s.f);
    const struct vl_device_keys *keys = s.f->nodes[stranger].keys;
    struct vl_entry_header header = {.circle = s.f->id,
                                     .kind = VL_ENTRY_CONTENT,
                                     .incarnation = {5},
                                     .epoch_key = s.header.epoch_key,
                                     .auth_count = s.header.auth_count,
                                     .link_count = 1};
    memcpy(header.sign_key, keys->card.sign, sizeof header.sign_key);
    memcpy(header.auth, s.header.auth, sizeof header.auth);
    vl_log_id(header.sign_key, header.incarnation, &header.log);
    header.links[0] = s.header.links[0];
    header.lamport = s.header.lamport;
    struct entry_run run = {0};
    struct vl_id id;
    entry_run_forge(&run, &header, vl_bytes_text("x"), keys, &id);
    assert_refused(&s, &run, VL_ERR_AUTHORITY);
    entry_run_finish(&run);
    /* the same by a member is taken: the key alone made the difference */
    keys = s.f->nodes[2].keys;
    memcpy(header.sign_key, keys->card.sign, sizeof header.sign_key);
    vl_log_id(header.sign_key, header.incarnation, &header.log);
    entry_run_forge(&run, &header, vl_bytes_text("x"), keys, &id);
    size_t stored;
    assert_int_equal(vl_replica_receive(s.f->nodes[0].replica, run.items, 1, &stored), VL_OK);
    assert_int_equal(stored, 1);
    entry_run_finish(&run);
    scene_finish(&s);
}

/* The founder repeats the founding entry, with its right body, at the beginning of a new log. */
static void a_circle_is_founded_once(void **state)
{
    (void)state;
    struct scene s = scene_make(22, 1);
    struct vl_id log, id;
    vl_log_id(s.f->nodes[0].keys->card.sign, s.f->random, &log);
    struct entry_run founding = circle_fixture_run(s.f, 0, &log, 0, 1);
    struct vl_entry_header header;
    assert_int_equal(founding.count, 1);
    assert_int_equal(vl_entry_header_decode(founding.items[0].header, &header), VL_OK);
    header.incarnation[0] ^= 1;
    vl_log_id(header.sign_key, header.incarnation, &header.log);
    struct entry_run run = {0};
    entry_run_forge(&run, &header, founding.items[0].blob, s.f->nodes[0].keys, &id);
    assert_refused(&s, &run, VL_ERR_AUTHORITY);
    entry_run_finish(&run);
    /* in its own log it is a fork */
    header.incarnation[0] ^= 1;
    header.log = log;
    header.wall.ms++;
    entry_run_forge(&run, &header, founding.items[0].blob, s.f->nodes[0].keys, &id);
    size_t stored;
    assert_int_equal(vl_replica_receive(s.f->nodes[0].replica, run.items, 1, &stored), VL_ERR_FORK);
    assert_int_equal(vl_replica_fork_count(s.f->nodes[0].replica), 1);
    s.heads = heads_digest(s.f, 0); /* the log is closed; nothing of the other founding is here */
    assert_refused(&s, &run, VL_ERR_FORK);
    entry_run_finish(&run);
    entry_run_finish(&founding);
    scene_finish(&s);
}

static void a_body_nobody_can_read_is_kept_and_sent_on(void **state)
{
    (void)state;
    struct scene s = scene_make(23, 1);
    struct vl_entry_header header = s.header;
    struct entry_run run = {0};
    struct vl_id id, before = circle_fixture_digest(s.f, 0);
    size_t stored;
    entry_run_forge(&run, &header, vl_bytes_text("these are no sealed operations"),
                    s.f->nodes[1].keys, &id);
    assert_int_equal(vl_replica_receive(s.f->nodes[0].replica, run.items, 1, &stored), VL_OK);
    assert_int_equal(stored, 1);
    struct vl_id after = circle_fixture_digest(s.f, 0);
    assert_true(vl_id_equal(&before, &after));
    assert_int_equal(memory_storage_entry(s.f->nodes[0].memory, &id)->flags,
                     VL_ENTRY_VERIFIED | VL_ENTRY_REFUSED);
    assert_int_equal(circle_fixture_pull(s.f, 2, 0), 1);
    entry_run_finish(&run);
    scene_finish(&s);
}

/* ---- forks ---- */

static void a_fork_ends_the_log(void **state)
{
    (void)state;
    struct scene s = scene_make(24, 2);
    assert_right_one_taken(&s);
    s.heads = heads_digest(s.f, 0);
    s.entries = memory_storage_entry_count(s.f->nodes[0].memory);
    struct vl_entry_header header = s.header;
    struct entry_run run = {0};
    struct vl_id id;
    header.wall.ms++;
    entry_run_forge(&run, &header, s.run.items[0].blob, s.f->nodes[1].keys, &id);
    run.items[0].signature[0] ^= 1; /* not authentic: no proof against anybody */
    assert_refused(&s, &run, VL_ERR_SIGNATURE);
    (void)circle_fixture_set(s.f, 1, TYPE, &(struct vl_record_id){{1}}, FIELD, "later");
    assert_int_equal(circle_fixture_pull(s.f, 0, 1), 1);
    s.heads = heads_digest(s.f, 0);
    s.entries = memory_storage_entry_count(s.f->nodes[0].memory);
    run.items[0].signature[0] ^= 1;
    size_t stored; /* the second branch is kept, without effect */
    struct vl_id before = circle_fixture_digest(s.f, 0), after;
    assert_int_equal(vl_replica_receive(s.f->nodes[0].replica, run.items, 1, &stored), VL_OK);
    assert_int_equal(memory_storage_entry(s.f->nodes[0].memory, &id)->flags,
                     VL_ENTRY_VERIFIED | VL_ENTRY_QUARANTINED);
    after = circle_fixture_digest(s.f, 0);
    assert_false(vl_id_equal(&before, &after)); /* nor has the first, until somebody cites it */
    s.entries++, s.heads = heads_digest(s.f, 0);
    entry_run_finish(&run);
    header.wall.ms++; /* a third one is not taken */
    entry_run_forge(&run, &header, s.run.items[0].blob, s.f->nodes[1].keys, &id);
    assert_refused(&s, &run, VL_ERR_FORK);
    circle_fixture_reopen(s.f, 0); /* it is remembered */
    (void)circle_fixture_set(s.f, 1, TYPE, &(struct vl_record_id){{1}}, FIELD, "after");
    struct entry_run next = circle_fixture_run(s.f, 1, &s.log, s.header.seq + 3, 1);
    assert_int_equal(next.count, 1);
    assert_refused(&s, &next, VL_ERR_FORK);
    entry_run_finish(&next);
    entry_run_finish(&run);
    scene_finish(&s);
}

/* A device whose storage was copied writes on in both copies. */
static void a_copied_device_begins_a_new_log(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(2, 25);
    struct vl_record_id record = fixture_record(1);
    (void)circle_fixture_set(f, 1, TYPE, &record, FIELD, "one");
    struct memory_storage *backup = memory_storage_clone(f->nodes[1].memory);
    (void)circle_fixture_set(f, 1, TYPE, &record, FIELD, "two");
    circle_fixture_sync_all(f);
    vl_replica_close(f->nodes[1].replica);
    f->nodes[1].replica = NULL;
    memory_storage_restore(f->nodes[1].memory, backup);
    memory_storage_destroy(backup);
    circle_fixture_reopen(f, 1);
    size_t before, after;
    assert_int_equal(vl_replica_heads(f->nodes[1].replica, NULL, 0, &before), VL_OK);
    assert_int_equal(circle_fixture_pull(f, 1, 0), 1); /* its own lost entry */
    (void)circle_fixture_set(f, 1, TYPE, &record, FIELD, "three");
    assert_int_equal(vl_replica_heads(f->nodes[1].replica, NULL, 0, &after), VL_OK);
    assert_int_equal(after, before + 1);
    circle_fixture_sync_all(f);
    assert_true(circle_fixture_agree(f));
    circle_fixture_destroy(f);
}

/* ---- runs ---- */

#define RUN 6u

/* Gives node 0 the run in pieces cut at the bits of `cuts`; a piece that is not taken whole is
 * offered again together with the next. */
static size_t give_in_pieces(struct scene *s, const struct entry_run *run, unsigned cuts)
{
    size_t begin = 0;
    for (size_t end = 1; end <= run->count; end++) {
        if (end < run->count && (cuts & (1u << (end - 1))) == 0) continue;
        size_t stored;
        vl_result result =
            vl_replica_receive(s->f->nodes[0].replica, run->items + begin, end - begin, &stored);
        assert_true(result == VL_OK || stored < end - begin);
        begin += stored;
    }
    return begin;
}

static void the_cuts_of_chunks_do_not_matter(void **state)
{
    (void)state;
    struct scene s = scene_make(26, RUN);
    struct memory_storage *before = memory_storage_clone(s.f->nodes[0].memory);
    for (size_t bad = 0; bad <= RUN; bad++) {             /* RUN: none */
        for (unsigned header = 0; header < 2; header++) { /* its signature or its header */
            struct entry_run run = {0};
            for (size_t i = 0; i < RUN; i++)
                entry_run_add(&run, &s.run.items[i]);
            if (bad < RUN && header == 0) run.items[bad].signature[3] ^= 4;
            if (bad < RUN && header == 1)
                memory_storage_bytes(run.items[bad].header)[run.items[bad].header.size - 40] ^= 4;
            /* a bad signature is made good by any later one; a changed header by nothing */
            size_t expected = header == 1 || bad == RUN - 1 ? bad : RUN;
            for (unsigned cuts = 0; cuts < 1u << (RUN - 1); cuts++) {
                assert_int_equal(give_in_pieces(&s, &run, cuts), expected);
                assert_int_equal(memory_storage_entry_count(s.f->nodes[0].memory),
                                 s.entries + expected);
                vl_replica_close(s.f->nodes[0].replica);
                s.f->nodes[0].replica = NULL;
                memory_storage_restore(s.f->nodes[0].memory, before);
                circle_fixture_reopen(s.f, 0);
            }
            entry_run_finish(&run);
        }
    }
    memory_storage_destroy(before);
    scene_finish(&s);
}

/* What is served ends with a checked signature, wherever it begins. */
static void chunks_end_with_a_good_signature(void **state)
{
    (void)state;
    struct scene s = scene_make(27, RUN);
    size_t stored;
    s.run.items[1].signature[3] ^= 4;
    s.run.items[3].signature[3] ^= 4;
    assert_int_equal(vl_replica_receive(s.f->nodes[0].replica, s.run.items, RUN, &stored), VL_OK);
    for (size_t from = 0; from < RUN; from++) {
        for (size_t max = 1; max <= RUN - from; max++) {
            struct vl_id id;
            size_t end = from + max; /* entries 1 and 3 cannot be last */
            if (end == 2 || end == 4) end--;
            if (end <= from) continue;
            struct entry_run run = circle_fixture_run(s.f, 0, &s.log, s.header.seq + from, max);
            assert_int_equal(run.count, end - from);
            vl_entry_id(run.items[run.count - 1].header, &id);
            assert_int_equal(vl_entry_verify(run.items[run.count - 1].header,
                                             run.items[run.count - 1].signature,
                                             s.f->nodes[1].keys->card.sign),
                             VL_OK);
            entry_run_finish(&run);
        }
    }
    struct vl_verify_report report;
    struct vl_id bad;
    assert_int_equal(vl_replica_verify(s.f->nodes[0].replica, &report, &bad), VL_OK);
    assert_int_equal(report.signatures, report.entries - 2);
    scene_finish(&s);
}

static void a_run_stops_where_links_are_missing(void **state)
{
    (void)state;
    struct scene s = scene_make(28, 2);
    struct vl_record_id record = fixture_record(4);
    (void)circle_fixture_set(s.f, 2, TYPE, &record, FIELD, "unseen by 0");
    circle_fixture_pull(s.f, 1, 2);
    (void)circle_fixture_set(s.f, 1, TYPE, &record, FIELD, "links to it");
    struct entry_run run = circle_fixture_run(s.f, 1, &s.log, s.header.seq, 3);
    size_t stored;
    assert_int_equal(run.count, 3);
    run.items[1].signature[0] ^= 1; /* signed by entry 2 only, which has to wait */
    assert_int_equal(vl_replica_receive(s.f->nodes[0].replica, run.items, 3, &stored),
                     VL_ERR_MISSING);
    assert_int_equal(stored, 1);
    run.items[1].signature[0] ^= 1;
    assert_int_equal(vl_replica_receive(s.f->nodes[0].replica, run.items, 3, &stored),
                     VL_ERR_MISSING);
    assert_int_equal(stored, 2);
    circle_fixture_pull(s.f, 0, 2);
    assert_int_equal(vl_replica_receive(s.f->nodes[0].replica, run.items, 3, &stored), VL_OK);
    assert_int_equal(stored, 3);
    entry_run_finish(&run);
    scene_finish(&s);
}

static void control_entries_carry_their_own_signature(void **state)
{
    (void)state;
    struct scene s = scene_make(29, 1);
    struct vl_control vouch = {.kind = VL_CONTROL_VOUCH, .target = s.f->nodes[2].person};
    struct vl_record_id record = fixture_record(4);
    struct vl_id id;
    assert_int_equal(vl_replica_control(s.f->nodes[1].replica, &vouch, s.f->now, &id), VL_OK);
    (void)circle_fixture_set(s.f, 1, TYPE, &record, FIELD, "after the vouch");
    struct entry_run run = circle_fixture_run(s.f, 1, &s.log, s.header.seq, 3);
    size_t stored;
    run.items[1].signature[0] ^= 1;
    assert_int_equal(vl_replica_receive(s.f->nodes[0].replica, run.items, 3, &stored),
                     VL_ERR_SIGNATURE);
    assert_int_equal(stored, 1);
    run.items[1].signature[0] ^= 1;
    assert_int_equal(vl_replica_receive(s.f->nodes[0].replica, run.items, 3, &stored), VL_OK);
    assert_int_equal(stored, 3);
    entry_run_finish(&run);
    scene_finish(&s);
}

static void a_run_has_a_longest_length(void **state)
{
    (void)state;
    struct scene s = scene_make(30, VL_CHUNK_ENTRIES_MAX);
    size_t stored;
    struct vl_entry more = s.run.items[0];
    entry_run_add(&s.run, &more); /* one more than may be */
    assert_int_equal(
        vl_replica_receive(s.f->nodes[0].replica, s.run.items, VL_CHUNK_ENTRIES_MAX + 1, &stored),
        VL_ERR_LIMIT);
    assert_int_equal(stored, VL_CHUNK_ENTRIES_MAX);
    scene_finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_changed_bit_is_refused),
        cmocka_unit_test(every_length_but_the_right_one_is_refused),
        cmocka_unit_test(a_lamport_number_follows_from_the_parents),
        cmocka_unit_test(links_are_minimal),
        cmocka_unit_test(unknown_links_wait),
        cmocka_unit_test(auth_is_exactly_the_newest_control_entries),
        cmocka_unit_test(places_are_kept_apart),
        cmocka_unit_test(another_device_does_not_sign_for_it),
        cmocka_unit_test(a_log_of_another_circle_is_refused),
        cmocka_unit_test(a_stranger_begins_no_log),
        cmocka_unit_test(a_circle_is_founded_once),
        cmocka_unit_test(a_body_nobody_can_read_is_kept_and_sent_on),
        cmocka_unit_test(a_fork_ends_the_log),
        cmocka_unit_test(a_copied_device_begins_a_new_log),
        cmocka_unit_test(the_cuts_of_chunks_do_not_matter),
        cmocka_unit_test(chunks_end_with_a_good_signature),
        cmocka_unit_test(a_run_stops_where_links_are_missing),
        cmocka_unit_test(control_entries_carry_their_own_signature),
        cmocka_unit_test(a_run_has_a_longest_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
