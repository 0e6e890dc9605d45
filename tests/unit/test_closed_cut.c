/* Of a chain that a peer served and nobody cites a part may be dropped, for what that part has in
 * its past goes. What is left ends after a well signed entry: else nobody could be shown it, and
 * the copy would be one that does not verify or does not open. */
#include "tests/support/forged_entry.h"
#include "tests/support/liar_circle.h"
#include "tests/support/session_hand.h"
#include <veillee/limits.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BEFORE_LINK 2u

/* ME was served a branch of LIAR's whose third entry links to a branch of OUT's, and after that so
 * much that the one of OUT's, which came first, was dropped. */
struct dropped {
    struct circle_fixture *f;
    struct entry_run branch;
    size_t left; /* so many of its first entries are well signed; the rest up to the link are not */
};

static void serve_one(struct circle_fixture *f, size_t author, const struct entry_run *like,
                      unsigned number)
{
    struct entry_run one = forged_branch(f, author, &like->items[0], number, 1, NULL);
    liar_circle_give(f, ME, &one);
    entry_run_finish(&one);
}

static struct dropped dropped_make(uint64_t seed, size_t left)
{
    static const size_t authors[] = {LIAR, OUT};
    struct dropped d = {.f = liar_circle_create(seed), .left = left};
    struct entry_run like[2];
    for (size_t i = 0; i < 2; i++) {
        hand_write_one(d.f, authors[i], 50 + i);
        like[i] = liar_circle_last(d.f, authors[i]);
        liar_circle_give(d.f, ME, &like[i]);
        serve_one(d.f, authors[i], &like[i], 1);
    }
    struct entry_run linked = forged_branch(d.f, OUT, &like[1].items[0], 2, 1, NULL);
    liar_circle_give(d.f, ME, &linked);
    d.branch = forged_branch(d.f, LIAR, &like[0].items[0], 2, BEFORE_LINK + 1, &linked.items[0]);
    for (size_t i = left; i < BEFORE_LINK; i++)
        d.branch.items[i].signature[0] ^= 1;
    liar_circle_give(d.f, ME, &d.branch);
    assert_true(liar_circle_is_sound(d.f, ME));
    for (unsigned i = 0; i < VL_SERVED_CHAINS_MAX - 1; i++)
        serve_one(d.f, authors[i % 2], &like[i % 2], 10 + i);
    entry_run_finish(&like[0]);
    entry_run_finish(&like[1]);
    entry_run_finish(&linked);
    return d;
}

static void dropped_end(struct dropped *d)
{
    entry_run_finish(&d->branch);
    circle_fixture_destroy(d->f);
}

static bool has(struct dropped *d, size_t at)
{
    struct vl_id id;
    vl_entry_id(d->branch.items[at].header, &id);
    return memory_storage_entry(d->f->nodes[ME].memory, &id) != NULL;
}

/* Of entries that lost what they have in their past those before them stay, up to the last one that
 * is well signed; none of them when none is. */
static void what_is_left_of_a_served_chain_ends_after_a_well_signed_entry(void **state)
{
    (void)state;
    for (size_t left = 0; left <= BEFORE_LINK; left++) {
        struct dropped d = dropped_make(910 + left, left);
        for (size_t i = 0; i < d.branch.count; i++)
            assert_int_equal(has(&d, i), i < left);
        assert_true(liar_circle_is_sound(d.f, ME));
        dropped_end(&d);
    }
}

/* What OTHER wrote next, with a link to that entry of the branch, as ME takes it. */
static vl_result cite(struct dropped *d, size_t at)
{
    struct vl_entry_header header = forged_next(d->f, OTHER);
    struct vl_id id;
    header.kind = VL_ENTRY_CONTENT;
    header.lamport = memory_storage_entry(d->f->nodes[OTHER].memory, &header.prev)->lamport + 1;
    forged_link(&header, &d->branch.items[at]);
    return forged_give(d->f, OTHER, &header, vl_bytes_text("x"), ME, &id);
}

static void assert_goes_on(struct dropped *d, uint64_t number)
{
    assert_true(liar_circle_is_sound(d->f, ME));
    assert_int_equal(liar_circle_write(d->f, ME, number), VL_OK);
    assert_true(liar_circle_hears(d->f, ME, number));
    assert_true(liar_circle_is_sound(d->f, ME));
    circle_fixture_reopen(d->f, ME);
    assert_true(liar_circle_hears(d->f, ME, number));
    assert_true(liar_circle_is_sound(d->f, ME));
}

/* An entry that was dropped is one that is not here: who cites it is asked for it first. What is
 * left can be cited, and stays for it. */
static void what_cites_a_dropped_entry_waits_for_it(void **state)
{
    (void)state;
    for (size_t left = 0; left <= BEFORE_LINK; left++) {
        struct dropped d = dropped_make(920 + left, left);
        for (size_t i = left; i < d.branch.count; i++)
            assert_int_equal(cite(&d, i), VL_ERR_MISSING);
        assert_goes_on(&d, 98);
        dropped_end(&d);
    }
    for (size_t left = 1; left <= BEFORE_LINK; left++) {
        struct dropped d = dropped_make(930 + left, left);
        assert_int_equal(cite(&d, left - 1), VL_OK);
        assert_goes_on(&d, 99);
        for (size_t i = 0; i < d.branch.count; i++)
            assert_int_equal(has(&d, i), i < left);
        dropped_end(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_of_a_served_chain_ends_after_a_well_signed_entry),
        cmocka_unit_test(what_cites_a_dropped_entry_waits_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
