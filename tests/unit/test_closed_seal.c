/* What a device can read must not depend on what came first: content is read only with its epoch in
 * its past, and a seal opens only an epoch in its past. Both may stand in a log that was closed. */
#include "tests/support/forged_entry.h"
#include "tests/support/liar_circle.h"
#include "tests/support/session_hand.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SAID            60u
#define ORDERS          6u
#define UPON_FIRST      3u /* of the orders, those where 0 comes before 2 */
#define BOTH_UPON_FIRST 2u /* and before 1 */

static const size_t orders[ORDERS][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

/* ---- epochs of a hostile member's ---- */

struct hostile_epoch {
    uint8_t secret[32];
    struct vl_id key_id, entry;
};

static struct hostile_epoch epoch_new(struct circle_fixture *f)
{
    struct hostile_epoch epoch = {.entry = {{0}}};
    randombytes_buf(epoch.secret, sizeof epoch.secret);
    vl_epoch_key_id(&f->id, epoch.secret, &epoch.key_id);
    return epoch;
}

static int seal_order(const void *a, const void *b)
{
    const struct vl_seal *x = a, *y = b;
    return memcmp(x->recipient, y->recipient, sizeof x->recipient);
}

static void seal_for(struct circle_fixture *f, const struct hostile_epoch *epoch, size_t by,
                     const size_t *to, size_t count, struct vl_seal *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct vl_device_card *card = &f->nodes[to[i]].keys->card;
        memcpy(out[i].recipient, card->sign, sizeof out[i].recipient);
        assert_int_equal(vl_key_box_seal(epoch->secret, &f->id, &epoch->key_id, card,
                                         f->nodes[by].keys->card.sign, out[i].box),
                         VL_OK);
    }
    qsort(out, count, sizeof *out, seal_order);
}

static struct vl_operation said_operation(void)
{
    return (struct vl_operation){.type = 1,
                                 .record = fixture_record(SAID),
                                 .field = 3,
                                 .opcode = VL_OP_SET_ADD,
                                 .value = vl_bytes_text("ligne")};
}

/* The next entry of a node's log: content under that key, after all that the node has. */
static struct entry_run say(struct circle_fixture *f, size_t by, const struct hostile_epoch *epoch)
{
    struct vl_entry_header header = forged_next(f, by);
    const struct vl_operation operation = said_operation();
    struct vl_buffer body = {0}, blob = {0};
    struct entry_run run = {0};
    struct vl_id id;
    header.kind = VL_ENTRY_CONTENT;
    header.epoch_key = epoch->key_id;
    assert_int_equal(vl_body_encode(&operation, 1, &body), VL_OK);
    assert_int_equal(vl_blob_seal(vl_buffer_view(&body), epoch->secret, &header, &blob), VL_OK);
    entry_run_forge(&run, &header, vl_buffer_view(&blob), f->nodes[by].keys, &id);
    vl_buffer_finish(&body);
    vl_buffer_finish(&blob);
    return run;
}

/* The copy says the same of it when it is opened again, and verifies before and after. */
static void assert_hears(struct circle_fixture *f, size_t node, bool hears)
{
    for (size_t times = 0; times < 2; times++) {
        assert_int_equal(liar_circle_hears(f, node, SAID), hears);
        assert_true(liar_circle_is_sound(f, node));
        circle_fixture_reopen(f, node);
    }
}

/* ---- an epoch in a log that is closed ---- */

/* LIAR makes an epoch for ME and FRIEND in one of two branches, and OUT writes under it. */
struct branched {
    struct circle_fixture *f;
    struct entry_run runs[3]; /* the branch with the epoch, the other one, what OUT says */
};

/* `knows`: OUT has the epoch. Else she has its key from LIAR in some other way. */
static struct branched branched_make(uint64_t seed, bool knows)
{
    struct branched b = {.f = liar_circle_create(seed)};
    struct circle_fixture *f = b.f;
    struct hostile_epoch epoch = epoch_new(f);
    static const size_t to[] = {ME, FRIEND};
    struct vl_seal seals[2];
    const uint64_t from = hand_tip_of(f, LIAR, LIAR).seq + 1;
    struct memory_storage *before = memory_storage_clone(f->nodes[LIAR].memory);
    seal_for(f, &epoch, LIAR, to, 2, seals);
    struct vl_control control = {
        .kind = VL_CONTROL_EPOCH, .key_id = epoch.key_id, .seals = seals, .seal_count = 2};
    assert_int_equal(forged_control(f, LIAR, &control, &epoch.entry), VL_OK);
    b.runs[0] = liar_circle_run(f, LIAR, from, 10);
    liar_circle_turn_back(f, before);
    memory_storage_destroy(before);
    hand_write_one(f, LIAR, 51);
    b.runs[1] = liar_circle_last(f, LIAR);
    if (knows) liar_circle_give(f, OUT, &b.runs[0]);
    b.runs[2] = say(f, OUT, &epoch);
    return b;
}

static void branched_end(struct branched *b)
{
    for (size_t i = 0; i < 3; i++)
        entry_run_finish(&b->runs[i]);
    circle_fixture_destroy(b->f);
}

/* In another log, which both have. */
static void liar_leaves(struct circle_fixture *f)
{
    struct vl_entry_header header = forged_log(f, LIAR, 5);
    const struct vl_control leave = {.kind = VL_CONTROL_LEAVE};
    struct vl_buffer body = {0};
    struct vl_id id;
    header.kind = VL_ENTRY_CONTROL;
    assert_int_equal(vl_control_encode(&leave, &body), VL_OK);
    assert_int_equal(forged_give(f, LIAR, &header, vl_buffer_view(&body), ME, &id), VL_OK);
    assert_int_equal(forged_give(f, LIAR, &header, vl_buffer_view(&body), FRIEND, &id), VL_OK);
    vl_buffer_finish(&body);
}

/* Nor is the entry opened when it is asked for by itself. */
static void assert_opens_nothing(struct circle_fixture *f, size_t node,
                                 const struct vl_entry *entry)
{
    struct vl_buffer body = {0};
    struct vl_id id;
    vl_entry_id(entry->header, &id);
    assert_int_equal(vl_replica_entry_body(replica_of(f, node), &id, &body), VL_ERR_NO_KEY);
    assert_int_equal(body.size, 0);
    vl_buffer_finish(&body);
}

/* FRIEND hears of the same in the opposite order. */
static void assert_never_heard(uint64_t seed, const size_t *order, bool leaves)
{
    struct branched b = branched_make(seed, false);
    struct circle_fixture *f = b.f;
    bool has_it = false;
    if (leaves) liar_leaves(f);
    for (size_t i = 0; i < 3; i++) {
        has_it |= order[i] == 2;
        liar_circle_give(f, ME, &b.runs[order[i]]);
        liar_circle_give(f, FRIEND, &b.runs[order[2 - i]]);
        assert_false(liar_circle_hears(f, ME, SAID) || liar_circle_hears(f, FRIEND, SAID));
        if (has_it) assert_opens_nothing(f, ME, &b.runs[2].items[0]);
    }
    assert_int_equal(vl_replica_fork_count(replica_of(f, ME)), 1);
    assert_hears(f, ME, false);
    assert_hears(f, FRIEND, false);
    if (leaves) {
        assert_int_equal(liar_circle_write(f, ME, 70), VL_OK);
        assert_int_equal(liar_circle_write(f, FRIEND, 71), VL_OK);
    }
    assert_true(liar_circle_meet(f, ME, FRIEND));
    assert_true(liar_circle_same(f, ME, FRIEND));
    assert_hears(f, ME, false);
    assert_hears(f, FRIEND, false);
    assert_true(liar_circle_same(f, ME, FRIEND));
    branched_end(&b);
}

/* Whoever had the branch first has opened the epoch, the other one never does. */
static void content_without_its_epoch_in_its_past_is_never_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < ORDERS; i++)
        assert_never_heard(920 + i, orders[i], false);
}

/* Who left is no person any more: her branch is not cited, and what it had is gone for all. */
static void nor_is_it_when_who_made_the_epoch_has_left(void **state)
{
    (void)state;
    for (size_t i = 0; i < ORDERS; i++)
        assert_never_heard(930 + i, orders[i], true);
}

/* It brings the branch with the epoch with it. */
static void content_with_its_epoch_in_its_past_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < UPON_FIRST; i++) {
        struct branched b = branched_make(940 + i, true);
        for (size_t k = 0; k < 3; k++) {
            liar_circle_give(b.f, ME, &b.runs[orders[i][k]]);
            liar_circle_give(b.f, FRIEND, &b.runs[orders[i][k]]);
        }
        assert_hears(b.f, ME, true);
        assert_hears(b.f, FRIEND, true);
        assert_true(liar_circle_same(b.f, ME, FRIEND));
        branched_end(&b);
    }
}

/* ME has the one branch of LIAR's log, FRIEND the other one with the epoch that all write under,
 * and writes to ME alone. The epoch becomes live at ME by what stands upon it. */
static void what_is_for_one_reader_is_read_when_it_brings_its_epoch(void **state)
{
    (void)state;
    struct circle_fixture *f = liar_circle_create(946);
    (void)liar_circle_control(f, ME, VL_CONTROL_REMOVE, &f->nodes[OTHER].person);
    (void)circle_fixture_pull(f, LIAR, ME);
    (void)circle_fixture_pull(f, FRIEND, ME);
    const uint64_t from = hand_tip_of(f, LIAR, LIAR).seq + 1;
    struct memory_storage *before = memory_storage_clone(f->nodes[LIAR].memory);
    hand_write_one(f, LIAR, 51);
    struct entry_run one = liar_circle_run(f, LIAR, from, 10);
    liar_circle_turn_back(f, before);
    memory_storage_destroy(before);
    hand_write_one(f, LIAR, 52);
    struct entry_run other = liar_circle_run(f, LIAR, from, 10);
    liar_circle_give(f, FRIEND, &one);
    const struct vl_operation operation = said_operation();
    struct vl_id id;
    assert_int_equal(vl_replica_write_to(replica_of(f, FRIEND), &operation, 1, &f->nodes[ME].person,
                                         1, f->now, &id),
                     VL_OK);
    struct entry_run said = liar_circle_last(f, FRIEND);
    liar_circle_give(f, ME, &other);
    liar_circle_give(f, ME, &one);
    assert_int_equal(vl_replica_fork_count(replica_of(f, ME)), 1);
    liar_circle_give(f, ME, &said);
    const struct vl_entry_row *row = memory_storage_entry(f->nodes[ME].memory, &id);
    assert_int_equal(row->flags & (VL_ENTRY_MERGED | VL_ENTRY_REFUSED), VL_ENTRY_MERGED);
    assert_true(liar_circle_is_sound(f, ME));
    entry_run_finish(&one);
    entry_run_finish(&other);
    entry_run_finish(&said);
    circle_fixture_destroy(f);
}

/* ---- a seal beside its epoch ---- */

/* LIAR makes an epoch for nobody, OTHER seals it to ME, and OUT, who has the epoch, writes under
 * it. `low`: what LIAR writes has the higher lamport number, else what OTHER does. `knows`: OTHER
 * has the epoch. */
static struct branched sealed_make(uint64_t seed, bool low, bool knows)
{
    struct branched b = {.f = liar_circle_create(seed)};
    struct circle_fixture *f = b.f;
    struct hostile_epoch epoch = epoch_new(f);
    static const size_t to[] = {ME};
    struct vl_seal box;
    struct vl_control control = {.kind = VL_CONTROL_EPOCH, .key_id = epoch.key_id};
    struct vl_id id;
    const uint64_t of_liar = hand_tip_of(f, ME, LIAR).seq + 1;
    const struct vl_head had = hand_tip_of(f, ME, OTHER);
    for (uint64_t i = 0; i < 4; i++)
        hand_write_one(f, low ? LIAR : OTHER, 50 + i);
    assert_int_equal(forged_control(f, LIAR, &control, &epoch.entry), VL_OK);
    b.runs[0] = liar_circle_run(f, LIAR, of_liar, 10);
    if (knows) liar_circle_give(f, OTHER, &b.runs[0]);
    seal_for(f, &epoch, OTHER, to, 1, &box);
    struct vl_control seal = {
        .kind = VL_CONTROL_SEAL, .target = epoch.entry, .seals = &box, .seal_count = 1};
    assert_int_equal(forged_control(f, OTHER, &seal, &id), VL_OK);
    b.runs[1] = circle_fixture_run(f, OTHER, &had.log, had.seq + 1, 10);
    const uint64_t above = memory_storage_entry(f->nodes[OTHER].memory, &id)->lamport;
    const uint64_t below = memory_storage_entry(f->nodes[LIAR].memory, &epoch.entry)->lamport;
    assert_int_equal(above > below, knows || !low);
    liar_circle_give(f, OUT, &b.runs[0]);
    b.runs[2] = say(f, OUT, &epoch);
    return b;
}

static void assert_opens(struct branched *b, const size_t *order, bool opens)
{
    for (size_t k = 0; k < 3; k++)
        liar_circle_give(b->f, ME, &b->runs[order[k]]);
    assert_hears(b->f, ME, opens);
    branched_end(b);
}

/* Whether the epoch came first, here or in the order in which a copy is read again, is an accident.
 */
static void a_seal_without_its_epoch_in_its_past_opens_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < UPON_FIRST; i++) {
        for (size_t low = 0; low < 2; low++) {
            struct branched b = sealed_make(950 + 2 * i + low, low == 1, false);
            assert_opens(&b, orders[i], false);
        }
    }
}

/* Also when what is to be read was there before. */
static void a_seal_with_its_epoch_in_its_past_opens_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < BOTH_UPON_FIRST; i++) {
        struct branched b = sealed_make(960 + i, false, true);
        assert_opens(&b, orders[i], true);
    }
}

/* ---- a seal that is kept and was never live ---- */

/* ME has an epoch of OTHER's and what FRIEND says under it. It is sealed to ME in a third branch of
 * OUT's log. A third one of LIAR's begins with a badly signed entry; the next, which signs for it,
 * has the seal in its past. */
struct kept_seal {
    struct circle_fixture *f;
    struct entry_run epoch, seal, signs;
};

/* The last entry of a node's log is closed by a second one beside it. */
static struct entry_run close_at(struct circle_fixture *f, size_t author, uint64_t number)
{
    hand_write_one(f, author, number);
    struct entry_run like = liar_circle_last(f, author);
    struct entry_run two = forged_branch(f, author, &like.items[0], 1, 1, NULL);
    liar_circle_give(f, ME, &like);
    liar_circle_give(f, ME, &two);
    entry_run_finish(&two);
    return like;
}

static void forge_seal(struct kept_seal *k, const struct hostile_epoch *epoch,
                       const struct entry_run *like)
{
    static const size_t to[] = {ME};
    struct vl_seal box;
    struct vl_control seal = {
        .kind = VL_CONTROL_SEAL, .target = epoch->entry, .seals = &box, .seal_count = 1};
    struct vl_entry_header header;
    struct vl_buffer body = {0};
    struct vl_id id;
    seal_for(k->f, epoch, OUT, to, 1, &box);
    assert_int_equal(vl_control_encode(&seal, &body), VL_OK);
    assert_int_equal(vl_entry_header_decode(like->items[0].header, &header), VL_OK);
    header.kind = VL_ENTRY_CONTROL;
    header.epoch_key = (struct vl_id){{0}};
    forged_link(&header, &k->epoch.items[0]);
    entry_run_forge(&k->seal, &header, vl_buffer_view(&body), k->f->nodes[OUT].keys, &id);
    vl_buffer_finish(&body);
}

static void forge_signing(struct kept_seal *k, const struct entry_run *like)
{
    struct vl_entry_header header;
    struct vl_id id;
    const struct vl_device_keys *keys = k->f->nodes[LIAR].keys;
    assert_int_equal(vl_entry_header_decode(like->items[0].header, &header), VL_OK);
    header.wall.ms += 7;
    entry_run_forge(&k->signs, &header, like->items[0].blob, keys, &id);
    k->signs.items[0].signature[0] ^= 1;
    header.prev = id;
    header.seq++;
    header.lamport++;
    forged_link(&header, &k->seal.items[0]);
    entry_run_forge(&k->signs, &header, like->items[0].blob, keys, &id);
}

static struct kept_seal kept_make(uint64_t seed)
{
    struct kept_seal k = {.f = liar_circle_create(seed)};
    struct circle_fixture *f = k.f;
    struct hostile_epoch epoch = epoch_new(f);
    struct vl_control control = {.kind = VL_CONTROL_EPOCH, .key_id = epoch.key_id};
    struct entry_run by_liar = close_at(f, LIAR, 50), by_out = close_at(f, OUT, 51);
    assert_int_equal(forged_control(f, OTHER, &control, &epoch.entry), VL_OK);
    k.epoch = liar_circle_last(f, OTHER);
    liar_circle_give(f, ME, &k.epoch);
    liar_circle_give(f, FRIEND, &k.epoch);
    forge_seal(&k, &epoch, &by_out);
    forge_signing(&k, &by_liar);
    struct entry_run said = say(f, FRIEND, &epoch);
    liar_circle_give(f, ME, &k.seal);
    liar_circle_give(f, ME, &k.signs);
    liar_circle_give(f, ME, &said);
    assert_false(liar_circle_hears(f, ME, SAID));
    assert_true(liar_circle_is_sound(f, ME));
    entry_run_finish(&by_liar);
    entry_run_finish(&by_out);
    entry_run_finish(&said);
    return k;
}

/* OTHER writes upon LIAR's branch up to there, so that ME has it live from now on. */
static void cite(struct kept_seal *k, size_t at)
{
    struct vl_entry_header header;
    struct vl_id id, epoch;
    assert_int_equal(vl_entry_header_decode(k->epoch.items[0].header, &header), VL_OK);
    vl_entry_id(k->epoch.items[0].header, &epoch);
    header.kind = VL_ENTRY_CONTENT;
    header.prev = epoch;
    header.seq++;
    header.lamport++;
    forged_link(&header, &k->signs.items[at]);
    if (at == 0) header.auth[0] = epoch; /* has that entry's own in its past */
    assert_int_equal(forged_give(k->f, OTHER, &header, vl_bytes_text("x"), ME, &id), VL_OK);
}

static void kept_end(struct kept_seal *k)
{
    entry_run_finish(&k->epoch);
    entry_run_finish(&k->seal);
    entry_run_finish(&k->signs);
    circle_fixture_destroy(k->f);
}

/* It is kept for the signature alone, while something cites what that stands for; what a copy could
 * once read by it, it could not read on when nothing does. */
static void a_seal_that_is_kept_by_what_signs_for_what_is_cited_opens_nothing(void **state)
{
    (void)state;
    struct kept_seal k = kept_make(970);
    cite(&k, 0);
    assert_hears(k.f, ME, false);
    kept_end(&k);
}

/* The same seal in what is live. */
static void a_seal_in_the_past_of_what_is_cited_opens_its_epoch(void **state)
{
    (void)state;
    struct kept_seal k = kept_make(971);
    cite(&k, 1);
    assert_hears(k.f, ME, true);
    kept_end(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_without_its_epoch_in_its_past_is_never_read),
        cmocka_unit_test(nor_is_it_when_who_made_the_epoch_has_left),
        cmocka_unit_test(content_with_its_epoch_in_its_past_is_read),
        cmocka_unit_test(what_is_for_one_reader_is_read_when_it_brings_its_epoch),
        cmocka_unit_test(a_seal_without_its_epoch_in_its_past_opens_nothing),
        cmocka_unit_test(a_seal_with_its_epoch_in_its_past_opens_it),
        cmocka_unit_test(a_seal_that_is_kept_by_what_signs_for_what_is_cited_opens_nothing),
        cmocka_unit_test(a_seal_in_the_past_of_what_is_cited_opens_its_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
