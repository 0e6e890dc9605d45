/* A meeting's moments and what they say together: each kind's effect, and for random, concurrent
 * and hostile moments that the order in which they come makes no difference. */
#include "circle/live.h"
#include "tests/support/live_checks.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOMENTS 12000u

static struct live_moment moments[MOMENTS];
static size_t count;
static int64_t clock_ms;
static struct live_state state;

/* Persons are capital letters, seats words. */
static struct live_who who(const char *name)
{
    struct live_who out = {.seat = NULL};
    if (name[1] != 0)
        out.seat = name;
    else
        out.person.bytes[0] = (uint8_t)name[0];
    return out;
}

static int begin(void **unused)
{
    (void)unused;
    count = 0;
    clock_ms = 0;
    return 0;
}

/* One more moment, a second after the last. */
static struct live_moment *add(enum moment_kind kind, const char *author, const char *about)
{
    struct live_moment *m = &moments[count++];
    clock_ms += 1000;
    *m = (struct live_moment){.author = who(author).person,
                              .kind = kind,
                              .who = who(about[0] == 0 ? author : about),
                              .at = clock_ms};
    m->stamp.lamport = count;
    m->stamp.dot.entry.bytes[0] = (uint8_t)count;
    return m;
}

static void part(const char *author, unsigned number)
{
    struct live_moment *m = add(MOMENT_AT_PART, author, "");
    m->has_part = true;
    m->part.bytes[0] = (uint8_t)number;
}

static void put(char **at, const char *what, size_t index)
{
    const struct live_who *one = index == LIVE_NOBODY ? NULL : &state.speakers[index].who;
    if (one == NULL)
        *at += sprintf(*at, "%s- ", what);
    else if (one->seat != NULL)
        *at += sprintf(*at, "%s%s ", what, one->seat);
    else
        *at += sprintf(*at, "%s%c ", what, one->person.bytes[0]);
}

/* The state in words: phase, part, who is here, the word, the round, hands. */
static const char *told(void)
{
    static const char *const phases[] = {"before", "open", "paused", "closed"};
    static const char *const marks[] = {"", "+", "/"};
    static char text[65536];
    char *at = text;
    live_fold(moments, count, &state);
    at += sprintf(at, "%s ", phases[state.phase]);
    if (state.has_part) at += sprintf(at, "part%u ", state.part.bytes[0]);
    at += sprintf(at, "| ");
    for (size_t i = 0; i < state.count; i++)
        if (state.speakers[i].here) put(&at, state.speakers[i].heard ? "*" : "", i);
    at += sprintf(at, "| ");
    put(&at, "", state.holder);
    put(&at, "", state.next);
    if (state.round != LIVE_NO_ROUND) {
        at += sprintf(at, "| %s", state.round == LIVE_ROUND_OVER ? "over: " : "");
        for (size_t i = 0; i < state.order_count; i++)
            put(&at, marks[state.speakers[state.order[i]].mark], state.order[i]);
    }
    if (state.hand_count > 0) at += sprintf(at, "| ");
    for (size_t i = 0; i < state.hand_count; i++)
        put(&at, "!", state.hands[i]);
    at[-1] = 0;
    return text;
}

#define assert_told(text) assert_string_equal(told(), text)

/* ---- each kind ---- */

static void test_opening(void **unused)
{
    (void)unused;
    assert_told("before | | - -");
    add(MOMENT_ARRIVE, "N", "");
    add(MOMENT_ARRIVE, "N", "Awa");
    assert_told("before | N Awa | - -");
    add(MOMENT_HAND, "N", ""); /* not yet */
    add(MOMENT_TURN, "N", "N");
    add(MOMENT_PAUSE, "N", "");
    assert_told("before | N Awa | - -");
    add(MOMENT_OPEN, "I", "");
    assert_told("open | N Awa I | - -");
    add(MOMENT_OPEN, "L", ""); /* at the same time: she arrives */
    add(MOMENT_OPEN, "L", "");
    assert_told("open | N Awa I L | - -");
    assert_int_equal(live_span_ms(&state.open, clock_ms), 2000);
    add(MOMENT_DEPART, "I", "Awa");
    add(MOMENT_CLOSE, "N", "");
    add(MOMENT_ARRIVE, "M", "");
    assert_told("closed | N I L | - -");
    assert_int_equal(live_span_ms(&state.open, clock_ms + 5000), 4000);
    add(MOMENT_OPEN, "M", ""); /* closed too early */
    add(MOMENT_ARRIVE, "M", "Awa");
    assert_told("open | N Awa I L M | - -");
}

static void open_with(const char *names)
{
    add(MOMENT_OPEN, (char[2]){names[0], 0}, "");
    for (size_t i = 1; names[i] != 0; i++)
        add(MOMENT_ARRIVE, (char[2]){names[i], 0}, "");
}

static void test_round(void **unused)
{
    (void)unused;
    open_with("INL");
    add(MOMENT_ARRIVE, "I", "Awa");
    add(MOMENT_ROUND, "I", "");
    assert_told("open | I N L Awa | I N | I N L Awa");
    add(MOMENT_DONE, "I", "");
    assert_told("open | *I N L Awa | N L | +I N L Awa");
    add(MOMENT_DONE, "L", "I"); /* late: N must not lose her turn */
    add(MOMENT_DONE, "L", "");
    add(MOMENT_PASS, "L", ""); /* before it comes to her */
    assert_told("open | *I N L Awa | N Awa | +I N /L Awa");
    add(MOMENT_ARRIVE, "M", "");
    add(MOMENT_PASS, "N", "");
    assert_told("open | *I N L Awa M | Awa M | +I /N /L Awa M");
    add(MOMENT_DEPART, "I", "M");
    add(MOMENT_DONE, "I", "Awa");
    assert_told("open | *I N L *Awa | - - | over: +I /N /L +Awa M");
    add(MOMENT_PASS, "N", "");
    add(MOMENT_DONE, "I", "");
    assert_told("open | *I N L *Awa | - - | over: +I /N /L +Awa M");
}

static void test_order(void **unused)
{
    const struct live_who order[] = {who("L"), who("X"), who("I"), who("L"), who("Awa")};
    const struct live_who absent[] = {who("X"), who("Awa")};
    (void)unused;
    open_with("INL");
    struct live_moment *m = add(MOMENT_ROUND, "N", "");
    m->order = order;
    m->order_count = 5;
    assert_told("open | I N L | L I | L I");
    m = add(MOMENT_ROUND, "N", ""); /* nobody of it is here */
    m->order = absent;
    m->order_count = 2;
    assert_told("open | I N L | L I | L I");
    assert_int_equal(live_refuses(&state, m), LIVE_NOBODY_WAITS);
    add(MOMENT_TURN, "N", "N"); /* in between */
    assert_told("open | I N *L | N I | +L I");
    add(MOMENT_DONE, "N", "");
    assert_told("open | I *N *L | I - | +L I");
    add(MOMENT_DEPART, "I", "");
    assert_told("open | *N *L | - - | over: +L +I");
}

static void test_hands(void **unused)
{
    (void)unused;
    open_with("INLM");
    add(MOMENT_TURN, "I", "N");
    add(MOMENT_HAND, "N", ""); /* has the word */
    add(MOMENT_DONE, "N", "");
    add(MOMENT_HAND, "N", "");
    add(MOMENT_HAND, "L", "");
    add(MOMENT_HAND, "I", "M");
    add(MOMENT_HAND, "N", "");
    add(MOMENT_HAND, "X", "");
    assert_told("open | I *N L M | - L | !L !M !N"); /* who was not heard yet first */
    add(MOMENT_LOWER, "L", "");
    add(MOMENT_LOWER, "L", "");
    assert_told("open | I *N L M | - M | !M !N");
    add(MOMENT_TURN, "I", "M");
    assert_told("open | I *N L M | M N | !N");
    add(MOMENT_HAND_OVER, "L", "L"); /* not hers to give */
    assert_told("open | I *N L M | M N | !N");
    add(MOMENT_HAND_OVER, "M", "N");
    assert_told("open | I *N L *M | N -");
    add(MOMENT_HAND_OVER, "N", "X"); /* not here */
    add(MOMENT_HAND, "L", "");
    add(MOMENT_CLOSE, "I", "");
    assert_told("closed | I *N L *M | - -");
}

static void test_closing_alone(void **unused)
{
    (void)unused;
    add(MOMENT_CLOSE, "N", ""); /* what is left when the rest was erased */
    assert_told("closed | | - -");
    assert_int_equal(live_span_ms(&state.open, clock_ms + 1000), 0);
}

static void test_seat_hands_over(void **unused)
{
    (void)unused;
    open_with("IN");
    add(MOMENT_ARRIVE, "I", "Awa");
    add(MOMENT_TURN, "I", "Awa");
    add(MOMENT_HAND_OVER, "I", "N"); /* said aloud by Awa */
    assert_told("open | I N *Awa | N -");
    assert_int_equal(live_spoke_ms(&state, 2, clock_ms), 1000);
}

static void test_parts(void **unused)
{
    (void)unused;
    open_with("IN");
    add(MOMENT_AT_PART, "I", ""); /* which? */
    assert_told("open | I N | - -");
    part("I", 1);
    add(MOMENT_ROUND, "I", "");
    part("N", 1); /* the same one, pressed by two */
    assert_told("open part1 | I N | I N | I N");
    assert_int_equal(live_span_ms(&state.part_time, clock_ms), 2000);
    part("N", 2);
    assert_told("open part2 | *I N | - -");
    assert_int_equal(live_span_ms(&state.part_time, clock_ms), 0);
}

static void test_pause(void **unused)
{
    (void)unused;
    open_with("IN");
    part("I", 1);
    add(MOMENT_TURN, "I", "N"); /* 4000 */
    add(MOMENT_RESUME, "I", "");
    add(MOMENT_PAUSE, "I", ""); /* 6000 */
    add(MOMENT_PAUSE, "I", "");
    add(MOMENT_HAND, "I", "");
    assert_told("paused part1 | I N | N I | !I");
    assert_int_equal(live_span_ms(&state.turn_time, clock_ms + 60000), 2000);
    assert_int_equal(live_span_ms(&state.part_time, clock_ms + 60000), 3000);
    add(MOMENT_RESUME, "I", ""); /* 9000 */
    assert_told("open part1 | I N | N I | !I");
    assert_int_equal(live_span_ms(&state.turn_time, clock_ms + 500), 2500);
    add(MOMENT_PAUSE, "I", "");
    add(MOMENT_TURN, "I", "I"); /* begins when it goes on */
    assert_told("paused part1 | I *N | I -");
    assert_int_equal(live_spoke_ms(&state, 1, clock_ms), 3000);
    assert_int_equal(live_span_ms(&state.turn_time, clock_ms + 500), 0);
    add(MOMENT_RESUME, "I", "");
    assert_told("open part1 | I *N | I -");
    assert_int_equal(live_span_ms(&state.turn_time, clock_ms + 500), 500);
}

static void test_times_of_speech(void **unused)
{
    (void)unused;
    open_with("IN");
    add(MOMENT_TURN, "I", "N");
    clock_ms += 9000;
    add(MOMENT_TURN, "I", "I"); /* N: 10000 */
    add(MOMENT_PASS, "I", "");  /* not used */
    add(MOMENT_TURN, "I", "N");
    assert_told("open | I *N | N -");
    assert_int_equal(live_spoke_ms(&state, 0, clock_ms + 5000), 0);
    assert_int_equal(live_spoke_ms(&state, 1, clock_ms + 5000), 15000);
    clock_ms -= 60000; /* a clock that ran back counts as nothing */
    add(MOMENT_DONE, "N", "");
    assert_told("open | I *N | - -");
    assert_int_equal(live_spoke_ms(&state, 1, clock_ms), 10000);
    assert_int_equal(live_span_ms(&state.open, INT64_MIN), 0);
    assert_int_equal(live_span_ms(&state.open, INT64_MAX), INT64_MAX - 1000);
}

static void test_refusals(void **unused)
{
    static const struct {
        enum moment_kind kind;
        const char *about;
        enum live_refusal before, open, closed;
    } rows[] = {
        {MOMENT_OPEN, "I", LIVE_HAS_EFFECT, LIVE_IS_OPEN, LIVE_HAS_EFFECT},
        {MOMENT_AT_PART, "I", LIVE_NOT_OPEN, LIVE_NO_PART, LIVE_IS_CLOSED},
        {MOMENT_ROUND, "I", LIVE_NOT_OPEN, LIVE_HAS_EFFECT, LIVE_IS_CLOSED},
        {MOMENT_TURN, "N", LIVE_NOT_OPEN, LIVE_HAS_THE_WORD, LIVE_IS_CLOSED},
        {MOMENT_TURN, "X", LIVE_NOT_OPEN, LIVE_NOT_HERE, LIVE_IS_CLOSED},
        {MOMENT_DONE, "I", LIVE_NOT_OPEN, LIVE_LACKS_THE_WORD, LIVE_IS_CLOSED},
        {MOMENT_PASS, "I", LIVE_NOT_OPEN, LIVE_NOTHING_TO_PASS, LIVE_IS_CLOSED},
        {MOMENT_HAND, "I", LIVE_NOT_OPEN, LIVE_HAND_IS_UP, LIVE_IS_CLOSED},
        {MOMENT_HAND, "N", LIVE_NOT_OPEN, LIVE_HAS_THE_WORD, LIVE_IS_CLOSED},
        {MOMENT_LOWER, "N", LIVE_NOT_OPEN, LIVE_HAND_IS_DOWN, LIVE_IS_CLOSED},
        {MOMENT_HAND_OVER, "I", LIVE_NOT_OPEN, LIVE_AUTHOR_LACKS_THE_WORD, LIVE_IS_CLOSED},
        {MOMENT_PAUSE, "I", LIVE_NOT_OPEN, LIVE_HAS_EFFECT, LIVE_IS_CLOSED},
        {MOMENT_RESUME, "I", LIVE_NOT_OPEN, LIVE_NOT_PAUSED, LIVE_IS_CLOSED},
        {MOMENT_ARRIVE, "I", LIVE_IS_HERE, LIVE_IS_HERE, LIVE_IS_CLOSED},
        {MOMENT_DEPART, "X", LIVE_NOT_HERE, LIVE_NOT_HERE, LIVE_IS_CLOSED},
        {MOMENT_CLOSE, "I", LIVE_HAS_EFFECT, LIVE_HAS_EFFECT, LIVE_IS_CLOSED},
    };
    static struct live_state before, open, closed;
    (void)unused;
    add(MOMENT_ARRIVE, "I", "");
    live_fold(moments, count, &before);
    open_with("IN");
    add(MOMENT_TURN, "I", "N");
    add(MOMENT_HAND, "I", "");
    live_fold(moments, count, &open);
    add(MOMENT_CLOSE, "I", "");
    live_fold(moments, count, &closed);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct live_moment m = {
            .kind = rows[i].kind, .author = who("I").person, .who = who(rows[i].about)};
        assert_int_equal(live_refuses(&before, &m), rows[i].before);
        assert_int_equal(live_refuses(&open, &m), rows[i].open);
        assert_int_equal(live_refuses(&closed, &m), rows[i].closed);
    }
}

/* ---- any order of arrival ---- */

static uint64_t chance;

static uint32_t pick(uint32_t below) /* splitmix64 */
{
    uint64_t z = (chance += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ (z >> 31)) % below);
}

static const struct live_who cast[] = {
    {.person.bytes = {'A'}}, {.person.bytes = {'B'}}, {.person.bytes = {'C'}},
    {.person.bytes = {'D'}}, {.person.bytes = {'E'}}, {.seat = "Awa"},
    {.seat = "Zoé"},         {.person.bytes = {'X'}},
};
#define CAST (sizeof cast / sizeof cast[0])

/* Concurrent moments have equal lamport numbers; some are of one entry. */
static void make_random(size_t wanted)
{
    static struct live_who orders[64][12];
    uint64_t lamport = 1;
    count = 0;
    for (size_t i = 0; i < wanted; i++) {
        struct live_moment *m = &moments[count++];
        const bool wild = pick(20) == 0;
        lamport += pick(3) > 0;
        *m = (struct live_moment){.author = cast[pick(5)].person,
                                  .kind = (enum moment_kind)pick(wild ? 40 : MOMENT_CLOSE),
                                  .who = cast[pick(CAST)],
                                  .has_part = pick(4) > 0,
                                  .at = (int64_t)i * 1000 - (int64_t)pick(3000)};
        if (i > 3 && m->kind == MOMENT_OPEN) m->kind = MOMENT_ARRIVE;
        if (wild) m->at = pick(2) == 0 ? INT64_MIN : INT64_MAX;
        if (pick(150) == 0) m->kind = MOMENT_CLOSE;
        if (i == 0 || pick(150) == 0) m->kind = MOMENT_OPEN;
        m->part.bytes[0] = (uint8_t)pick(4);
        m->stamp.lamport = lamport;
        m->stamp.dot.entry.bytes[0] = (uint8_t)pick(6);
        m->stamp.dot.entry.bytes[1] = (uint8_t)i;
        m->stamp.dot.entry.bytes[2] = (uint8_t)(i >> 8);
        m->stamp.dot.operation = pick(5);
        if (m->kind != MOMENT_ROUND) continue;
        m->order = orders[i % 64];
        m->order_count = pick(12);
        for (size_t k = 0; i < 64 && k < 12; k++)
            orders[i][k] = cast[pick(CAST)];
    }
}

static void shuffle(void)
{
    for (size_t i = count; i > 1; i--) {
        const size_t j = pick((uint32_t)i);
        const struct live_moment other = moments[i - 1];
        moments[i - 1] = moments[j];
        moments[j] = other;
    }
}

static void check_invariants(const struct live_state *s)
{
    const char *broken = live_checks_broken(s);
    if (broken != NULL) fail_msg("%s", broken);
}

/* What a moment has an effect on says live_refuses, and a state never changes otherwise. */
static void check_prefixes(void)
{
    static struct live_state before;
    for (size_t n = 0; n < count; n++) {
        live_fold(moments, n, &before);
        live_fold(moments, n + 1, &state);
        check_invariants(&state);
        if ((size_t)moments[n].kind > MOMENT_CLOSE) continue;
        if (live_refuses(&before, &moments[n]) == LIVE_HAS_EFFECT) {
            assert_false(live_checks_same(&before, &state));
        } else {
            assert_true(live_checks_same(&before, &state));
        }
    }
}

static void test_any_order(void **unused)
{
    static struct live_state first;
    const uint64_t histories = test_scale(400, 40);
    (void)unused;
    for (uint64_t seed = 1; seed <= histories; seed++) {
        chance = seed;
        make_random(1 + pick(120));
        const size_t real = count;
        count = live_sort(moments, count);
        assert_int_equal(count, real);
        if (seed % 8 == 0) check_prefixes();
        live_fold(moments, count, &first);
        check_invariants(&first);
        for (int round = 0; round < 4; round++) {
            for (uint32_t again = pick(20); again > 0; again--) { /* some twice */
                moments[count] = moments[pick((uint32_t)count)];
                count++;
            }
            shuffle();
            count = live_sort(moments, count);
            assert_int_equal(count, real);
            live_fold(moments, count, &state);
            assert_true(live_checks_same(&first, &state));
            assert_int_equal(first.moments, state.moments);
        }
    }
}

/* ---- limits ---- */

static void number(struct live_moment *m, size_t at)
{
    m->stamp.dot.entry.bytes[1] = (uint8_t)at;
    m->stamp.dot.entry.bytes[2] = (uint8_t)(at >> 8);
}

static void test_author_limit(void **unused)
{
    (void)unused;
    open_with("IN");
    for (size_t i = 0; i < LIVE_AUTHOR_MOMENTS_MAX - 1; i++)
        number(add(MOMENT_HAND, "N", ""), i);
    live_fold(moments, count, &state);
    assert_int_equal(state.moments, LIVE_AUTHOR_MOMENTS_MAX + 1);
    assert_false(state.cut);
    add(MOMENT_DEPART, "N", ""); /* one too many of hers; the others go on */
    add(MOMENT_TURN, "I", "N");
    assert_told("open | I N | N -");
    assert_true(state.cut);
}

static void test_moments_limit(void **unused)
{
    (void)unused;
    open_with("I");
    while (count < LIVE_MOMENTS_MAX - 1)
        number(add(MOMENT_LOWER, (char[2]){(char)('a' + count % 20), 0}, ""), count);
    add(MOMENT_HAND, "I", "");
    live_fold(moments, count, &state);
    assert_int_equal(state.moments, LIVE_MOMENTS_MAX);
    assert_false(state.cut);
    assert_int_equal(state.hand_count, 1);
    struct live_moment *last = add(MOMENT_LOWER, "I", "");
    assert_int_equal(live_refuses(&state, last), LIVE_NO_ROOM);
    live_fold(moments, count, &state);
    assert_true(state.cut);
    assert_int_equal(state.hand_count, 1);
}

static void test_speakers_limit(void **unused)
{
    static char names[LIVE_SPEAKERS_MAX][8];
    (void)unused;
    open_with("I");
    for (size_t i = 1; i < LIVE_SPEAKERS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "seat%zu", i);
        add(MOMENT_ARRIVE, "I", names[i]);
    }
    add(MOMENT_ROUND, "I", "");
    live_fold(moments, count, &state);
    assert_int_equal(state.count, LIVE_SPEAKERS_MAX);
    assert_int_equal(state.order_count, LIVE_SPEAKERS_MAX);
    struct live_moment *last = add(MOMENT_ARRIVE, "N", "");
    assert_int_equal(live_refuses(&state, last), LIVE_NO_ROOM);
    add(MOMENT_DEPART, "I", "seat7");
    add(MOMENT_ARRIVE, "I", "seat7"); /* has her place */
    live_fold(moments, count, &state);
    assert_int_equal(state.count, LIVE_SPEAKERS_MAX);
    assert_true(state.speakers[7].here);
    check_invariants(&state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_opening, begin),
        cmocka_unit_test_setup(test_round, begin),
        cmocka_unit_test_setup(test_order, begin),
        cmocka_unit_test_setup(test_hands, begin),
        cmocka_unit_test_setup(test_seat_hands_over, begin),
        cmocka_unit_test_setup(test_closing_alone, begin),
        cmocka_unit_test_setup(test_parts, begin),
        cmocka_unit_test_setup(test_pause, begin),
        cmocka_unit_test_setup(test_times_of_speech, begin),
        cmocka_unit_test_setup(test_refusals, begin),
        cmocka_unit_test_setup(test_any_order, begin),
        cmocka_unit_test_setup(test_author_limit, begin),
        cmocka_unit_test_setup(test_moments_limit, begin),
        cmocka_unit_test_setup(test_speakers_limit, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
