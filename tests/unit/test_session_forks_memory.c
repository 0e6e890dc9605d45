/* Proofs of forks that a peer shows before the log is here: kept until it is, so many and no more,
 * and nothing of them is lost or left when memory ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_memory.h"
#include "tests/support/forged_bundle.h"
#include "tests/support/forged_entry.h"
#include "tests/support/session_hand.h"
#include "tests/support/test_scale.h"
#include "tests/support/watched_storage.h"

enum { ME, PEER, HONEST, FIRST_LIAR, LIARS = 3, PERSONS = FIRST_LIAR + LIARS };

static void ok(vl_result result)
{
    if (result != VL_OK) print_error("result: %s\n", vl_result_name(result));
    assert_int_equal(result, VL_OK);
}

/* A log that somebody began twice. */
struct forked {
    struct vl_id log;
    struct entry_run begins; /* both of its first entries */
    struct vl_buffer proof;
};

/* `number` says whose log it is and which; its first entry links to `link`, unless that is NULL. */
static struct forked forked_log(struct circle_fixture *f, uint32_t number,
                                const struct vl_entry *link)
{
    const size_t liar = FIRST_LIAR + number % LIARS;
    struct vl_entry_header header = forged_log(f, liar, number);
    struct forked forked = {.log = header.log};
    struct vl_id id;
    if (link != NULL) forged_link(&header, link);
    for (int i = 0; i < 2; i++, header.wall.ms++)
        entry_run_forge(&forked.begins, &header, vl_bytes_text("x"), f->nodes[liar].keys, &id);
    struct vl_writer w = vl_writer(&forked.proof, VL_FORK_PROOF_BYTES_MAX);
    vl_write_exact(&w, header.sign_key, sizeof header.sign_key);
    vl_write_exact(&w, header.incarnation, sizeof header.incarnation);
    for (int i = 0; i < 2; i++) {
        vl_write_string(&w, forked.begins.items[i].header);
        vl_write_exact(&w, forked.begins.items[i].signature, 64);
    }
    ok(vl_writer_result(&w));
    return forked;
}

static void forked_finish(struct forked *forked)
{
    entry_run_finish(&forked->begins);
    vl_buffer_finish(&forked->proof);
}

static struct vl_buffer fork_message(const struct forked *forked)
{
    struct vl_buffer out = {0};
    ok(message_fork_write(vl_buffer_view(&forked->proof), &out));
    return out;
}

static vl_result show(struct vl_session *s, const struct forked *forked)
{
    struct vl_buffer out = fork_message(forked);
    return hand_give(s, &out);
}

static struct chunk *begin_of(const struct forked *forked, size_t which)
{
    struct chunk *c = NULL;
    const struct vl_id none = {{0}};
    ok(chunk_create(&c, &forked->log, 0, &none));
    ok(chunk_append(c, &forked->begins.items[which]));
    return c;
}

static void give_begin(struct vl_session *s, const struct forked *forked)
{
    struct chunk *c = begin_of(forked, 0);
    ok(hand_give_chunk(s, c, false));
    chunk_destroy(c);
    (void)hand_drain(s);
}

static vl_result seen(void *context, const struct vl_fork *fork)
{
    const struct forked *forked = context;
    if (!vl_id_equal(&fork->log, &forked->log)) return VL_OK;
    return vl_bytes_equal(fork->proof, vl_buffer_view(&forked->proof)) ? VL_ERR_EXISTS : VL_OK;
}

/* Whether that log is closed at me, by that proof. */
static bool is_closed(struct circle_fixture *f, struct forked *forked)
{
    vl_result result = vl_replica_forks(f->nodes[ME].replica, seen, forked);
    assert_true(result == VL_OK || result == VL_ERR_EXISTS);
    return result == VL_ERR_EXISTS;
}

static size_t closed_count(struct circle_fixture *f)
{
    return vl_replica_fork_count(f->nodes[ME].replica);
}

/* ---- what comes later ---- */

static void the_log_comes_after_its_proof(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(PERSONS, 971);
    struct forked forked = forked_log(f, 1, NULL), other = forked_log(f, 2, NULL);
    struct vl_session *s = hand_opened(f, ME, PEER);
    ok(show(s, &forked));
    (void)hand_drain(s);
    assert_int_equal(closed_count(f), 0);
    give_begin(s, &other);
    assert_int_equal(closed_count(f), 0);
    give_begin(s, &forked);
    assert_true(is_closed(f, &forked));
    assert_int_equal(closed_count(f), 1);
    ok(vl_session_error(s));
    vl_session_destroy(s);
    forked_finish(&forked);
    forked_finish(&other);
    circle_fixture_destroy(f);
}

/* Its first entry is here, and waits. */
static void the_log_waits_for_what_it_links_to(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(PERSONS, 972);
    hand_write_one(f, HONEST, 1);
    struct vl_head tip = hand_tip_of(f, HONEST, HONEST);
    struct entry_run link = circle_fixture_run(f, HONEST, &tip.log, tip.seq, 1);
    struct chunk *linked = hand_chunk_of(f, HONEST, HONEST, tip.seq, 1);
    struct forked forked = forked_log(f, 1, &link.items[0]);
    struct vl_session *s = hand_opened(f, ME, PEER);
    give_begin(s, &forked);
    assert_int_equal(vl_session_counts_of(s).waiting, 1);
    ok(show(s, &forked));
    (void)hand_drain(s);
    assert_int_equal(closed_count(f), 0);
    ok(hand_give_chunk(s, linked, false));
    (void)hand_drain(s);
    assert_int_equal(vl_session_counts_of(s).waiting, 0);
    assert_true(is_closed(f, &forked));
    vl_session_destroy(s);
    chunk_destroy(linked);
    entry_run_finish(&link);
    forked_finish(&forked);
    circle_fixture_destroy(f);
}

static void another_peer_brings_the_log(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(PERSONS, 973);
    struct forked forked = forked_log(f, 1, NULL);
    struct vl_session *s = hand_opened(f, ME, PEER);
    size_t stored;
    ok(show(s, &forked));
    ok(vl_replica_receive(f->nodes[ME].replica, forked.begins.items, 1, &stored));
    assert_int_equal(stored, 1);
    assert_int_equal(closed_count(f), 0);
    (void)hand_drain(s);
    assert_true(is_closed(f, &forked));
    vl_session_destroy(s);
    forked_finish(&forked);
    circle_fixture_destroy(f);
}

static void a_bundle_has_the_proof_first(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(PERSONS, 974);
    struct forked forked = forked_log(f, 1, NULL);
    struct vl_buffer proof = fork_message(&forked), entries = {0};
    struct chunk *c = begin_of(&forked, 1);
    struct vl_bundle_reader *r = NULL;
    ok(message_entries_write(c, false, &entries));
    struct forged bundle = forge(f, PEER);
    forge_header(f, &bundle, PEER, &f->id);
    forge_no_proof(&bundle);
    forge_message(&bundle, vl_buffer_view(&proof));
    forge_message(&bundle, vl_buffer_view(&entries));
    forge_seal(&bundle, 0);
    ok(vl_bundle_reader_create(&r, &f->nodes[ME].replica, 1));
    ok(vl_bundle_read(r, vl_buffer_view(&bundle.file)));
    ok(vl_bundle_read_end(r));
    assert_true(is_closed(f, &forked));
    assert_int_equal(vl_bundle_have_read(r).forks, 1);
    vl_bundle_reader_destroy(r);
    forge_finish(&bundle);
    chunk_destroy(c);
    vl_buffer_finish(&proof);
    vl_buffer_finish(&entries);
    forked_finish(&forked);
    circle_fixture_destroy(f);
}

/* ---- how many ---- */

/* As many as the limit says, one of each log. The proof past it is let go; its log is taken, and
 * stays open. */
static void so_many_wait_and_no_more(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(PERSONS, 975);
    struct forked forked[VL_FORKS_WAITING_MAX + 1];
    struct vl_session *s = hand_opened(f, ME, PEER);
    for (uint32_t i = 0; i <= VL_FORKS_WAITING_MAX; i++)
        forked[i] = forked_log(f, i, NULL);
    for (uint32_t i = 0; i < VL_FORKS_WAITING_MAX; i++) {
        ok(show(s, &forked[i]));
        ok(show(s, &forked[i / 2])); /* again, and takes no room */
    }
    ok(show(s, &forked[VL_FORKS_WAITING_MAX]));
    for (uint32_t i = VL_FORKS_WAITING_MAX + 1; i-- > 0;)
        give_begin(s, &forked[i]);
    for (uint32_t i = 0; i < VL_FORKS_WAITING_MAX; i++)
        assert_true(is_closed(f, &forked[i]));
    assert_false(is_closed(f, &forked[VL_FORKS_WAITING_MAX]));
    ok(show(s, &forked[VL_FORKS_WAITING_MAX])); /* in the next session it would come again */
    assert_true(is_closed(f, &forked[VL_FORKS_WAITING_MAX]));
    ok(vl_session_error(s));
    vl_session_destroy(s);
    for (uint32_t i = 0; i <= VL_FORKS_WAITING_MAX; i++)
        forked_finish(&forked[i]);
    circle_fixture_destroy(f);
}

static void a_proof_that_does_not_hold_is_not_kept(void **state)
{
    (void)state;
    struct circle_fixture *f = circle_fixture_create(PERSONS, 976);
    struct forked forked = forked_log(f, 1, NULL);
    struct vl_session *s = hand_opened(f, ME, PEER);
    forked.proof.data[forked.proof.size - 1] ^= 1;
    assert_int_equal(show(s, &forked), VL_ERR_SIGNATURE);
    assert_int_equal(vl_session_error(s), VL_ERR_SIGNATURE);
    vl_session_destroy(s);
    forked_finish(&forked);
    circle_fixture_destroy(f);
}

/* ---- when something fails ---- */

/* Two proofs, then both logs; `messages` stay. */
static vl_result closes_both(struct vl_session *s, const struct vl_buffer messages[4])
{
    for (int i = 0; i < 4; i++)
        VL_TRY(vl_session_receive(s, vl_buffer_view(&messages[i]), HAND_START));
    (void)hand_drain(s);
    return vl_session_error(s);
}

/* What fails ends the session, and the next one closes both. */
static bool fail_once(unsigned long allocation, uint64_t call)
{
    struct circle_fixture *f = circle_fixture_create(PERSONS, 977);
    struct forked forked[2] = {forked_log(f, 1, NULL), forked_log(f, 2, NULL)};
    struct vl_buffer messages[4] = {fork_message(&forked[0]), fork_message(&forked[1])};
    for (int i = 0; i < 2; i++) {
        struct chunk *c = begin_of(&forked[i], 0);
        ok(message_entries_write(c, false, &messages[2 + i]));
        chunk_destroy(c);
    }
    struct watched_storage watch = {.real = f->nodes[ME].storage, .pause = failing_memory_pause};
    f->nodes[ME].storage = watched_storage_port(&watch);
    circle_fixture_reopen(f, ME);
    struct vl_session *s = hand_opened(f, ME, PEER);
    failing_memory_arm(allocation);
    memory_storage_fail(f->nodes[ME].memory, call, VL_ERR_STORAGE, false);
    vl_result result = closes_both(s, messages);
    bool failed = failing_memory_disarm();
    failed |= memory_storage_failed(f->nodes[ME].memory);
    memory_storage_fail(f->nodes[ME].memory, 0, VL_OK, false);
    vl_session_destroy(s);
    if (failed && result != VL_OK) {
        assert_true(result == VL_ERR_NO_MEMORY || result == VL_ERR_STORAGE);
        s = hand_opened(f, ME, PEER);
        result = closes_both(s, messages);
        vl_session_destroy(s);
    }
    ok(result);
    for (int i = 0; i < 2; i++) {
        assert_true(is_closed(f, &forked[i]));
        forked_finish(&forked[i]);
    }
    for (int i = 0; i < 4; i++)
        vl_buffer_finish(&messages[i]);
    circle_fixture_destroy(f);
    return failed;
}

static void any_allocation_or_call_may_fail(void **state)
{
    (void)state;
    unsigned long points = 0;
    const size_t step = test_scale(1, 11);
    for (unsigned long n = 1; fail_once(n, 0); n += step)
        points++;
    assert_true(points > 20);
    for (uint64_t n = 1; fail_once(0, n); n += step)
        points++;
    print_message("%lu points\n", points);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_comes_after_its_proof),
        cmocka_unit_test(the_log_waits_for_what_it_links_to),
        cmocka_unit_test(another_peer_brings_the_log),
        cmocka_unit_test(a_bundle_has_the_proof_first),
        cmocka_unit_test(so_many_wait_and_no_more),
        cmocka_unit_test(a_proof_that_does_not_hold_is_not_kept),
        cmocka_unit_test(any_allocation_or_call_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
