#include "circle/live.h"

#include <stdlib.h>
#include <string.h>

/* ---- who ---- */

bool live_who_equal(const struct live_who *a, const struct live_who *b)
{
    if ((a->seat == NULL) != (b->seat == NULL)) return false;
    return a->seat == NULL ? vl_id_equal(&a->person, &b->person) : strcmp(a->seat, b->seat) == 0;
}

size_t live_find(const struct live_state *state, const struct live_who *who)
{
    for (size_t i = 0; i < state->count; i++)
        if (live_who_equal(&state->speakers[i].who, who)) return i;
    return LIVE_NOBODY;
}

static bool is_here(const struct live_state *s, size_t who)
{
    return who != LIVE_NOBODY && s->speakers[who].here;
}

/* ---- times ---- */

/* Authors' clocks are hostile numbers. */
static int64_t passed(int64_t from, int64_t until)
{
    int64_t ms;
    if (until <= from) return 0;
    return __builtin_sub_overflow(until, from, &ms) ? INT64_MAX : ms;
}

static int64_t sum(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b; /* neither is negative */
}

int64_t live_span_ms(const struct live_span *span, int64_t now)
{
    return span->runs ? sum(span->ms, passed(span->since, now)) : span->ms;
}

int64_t live_spoke_ms(const struct live_state *state, size_t speaker, int64_t now)
{
    const int64_t before = state->speakers[speaker].spoke_ms;
    return state->holder != speaker ? before : sum(before, live_span_ms(&state->turn_time, now));
}

static void stop(struct live_span *span, const struct live_moment *m)
{
    if (!span->runs) return;
    span->ms = live_span_ms(span, m->at);
    span->runs = false;
    span->approximate = span->approximate || m->approximate;
}

static void go_on(struct live_span *span, const struct live_moment *m)
{
    span->since = m->at;
    span->runs = true;
    span->approximate = span->approximate || m->approximate;
}

static struct live_span begin(const struct live_state *s, const struct live_moment *m)
{
    return (struct live_span){
        .since = m->at, .runs = s->phase == LIVE_OPEN, .approximate = m->approximate};
}

/* ---- the word ---- */

static void give(struct live_state *s, size_t who, const struct live_moment *m)
{
    s->holder = who;
    s->speakers[who].hand = 0;
    s->turn_time = begin(s, m);
}

static void end_turn(struct live_state *s, enum live_mark mark, const struct live_moment *m)
{
    if (s->holder == LIVE_NOBODY) return;
    struct live_speaker *speaker = &s->speakers[s->holder];
    stop(&s->turn_time, m);
    speaker->mark = mark;
    if (mark == LIVE_SPOKE) {
        speaker->heard = true;
        speaker->spoke_ms = sum(speaker->spoke_ms, s->turn_time.ms);
    }
    s->holder = LIVE_NOBODY;
    s->turn_time = (struct live_span){0};
}

/* The first of the round who is here, waits, and does not have the word. */
static size_t first_waiting(const struct live_state *s)
{
    for (size_t i = 0; i < s->order_count; i++) {
        const size_t who = s->order[i];
        if (s->speakers[who].here && s->speakers[who].mark == LIVE_WAITS && who != s->holder)
            return who;
    }
    return LIVE_NOBODY;
}

/* Nobody has the word: in a round it goes on to the next. */
static void advance(struct live_state *s, const struct live_moment *m)
{
    if (s->round != LIVE_ROUND_RUNS) return;
    const size_t who = first_waiting(s);
    if (who != LIVE_NOBODY)
        give(s, who, m);
    else
        s->round = LIVE_ROUND_OVER;
}

static void end_round(struct live_state *s)
{
    s->round = LIVE_NO_ROUND;
    s->order_count = 0;
}

/* ---- the round ---- */

static void add_to_order(struct live_state *s, size_t who)
{
    for (size_t i = 0; i < s->order_count; i++)
        if (s->order[i] == who) return;
    s->order[s->order_count++] = who; /* nobody twice, so there is room */
}

/* Whether somebody would speak in the round of that moment. */
static bool has_speakers(const struct live_state *s, const struct live_moment *m)
{
    for (size_t i = 0; i < s->count; i++)
        if (m->order_count == 0 && s->speakers[i].here) return true;
    for (size_t i = 0; i < m->order_count; i++)
        if (is_here(s, live_find(s, &m->order[i]))) return true;
    return false;
}

static void take_order(struct live_state *s, const struct live_moment *m)
{
    s->order_count = 0;
    for (size_t i = 0; i < m->order_count; i++) {
        const size_t who = live_find(s, &m->order[i]);
        if (who != LIVE_NOBODY) add_to_order(s, who);
    }
    for (size_t i = 0; i < s->count; i++) {
        s->speakers[i].mark = LIVE_WAITS;
        if (m->order_count == 0 && s->speakers[i].here) add_to_order(s, i);
    }
}

/* ---- what each kind does. `who` is the index of whom it is about ---- */

typedef enum live_refusal (*refuser)(const struct live_state *s, size_t who,
                                     const struct live_moment *m);
typedef void (*effect)(struct live_state *s, size_t who, const struct live_moment *m);

static enum live_refusal allow(const struct live_state *s, size_t who, const struct live_moment *m)
{
    (void)s, (void)who, (void)m;
    return LIVE_HAS_EFFECT;
}

static void arrive(struct live_state *s, size_t who, const struct live_moment *m)
{
    if (who == LIVE_NOBODY) {
        who = s->count++;
        s->speakers[who] = (struct live_speaker){.who = m->who};
    }
    s->speakers[who].here = true;
    if (s->round == LIVE_ROUND_RUNS) add_to_order(s, who);
}

static enum live_refusal arrive_refuses(const struct live_state *s, size_t who,
                                        const struct live_moment *m)
{
    (void)m;
    if (is_here(s, who)) return LIVE_IS_HERE;
    return who == LIVE_NOBODY && s->count == LIVE_SPEAKERS_MAX ? LIVE_NO_ROOM : LIVE_HAS_EFFECT;
}

/* Of two who open it at once the second arrives. */
static enum live_refusal open_refuses(const struct live_state *s, size_t who,
                                      const struct live_moment *m)
{
    const bool is_open = s->phase == LIVE_OPEN || s->phase == LIVE_PAUSED;
    return is_open && arrive_refuses(s, who, m) != LIVE_HAS_EFFECT ? LIVE_IS_OPEN : LIVE_HAS_EFFECT;
}

static void open_meeting(struct live_state *s, size_t who, const struct live_moment *m)
{
    if (s->phase == LIVE_BEFORE || s->phase == LIVE_CLOSED) {
        s->phase = LIVE_OPEN;
        s->open = begin(s, m);
    }
    if (arrive_refuses(s, who, m) == LIVE_HAS_EFFECT) arrive(s, who, m);
}

static enum live_refusal needs_part(const struct live_state *s, size_t who,
                                    const struct live_moment *m)
{
    (void)who;
    if (!m->has_part) return LIVE_NO_PART;
    const bool is_same = s->has_part && memcmp(&s->part, &m->part, sizeof m->part) == 0;
    return is_same ? LIVE_SAME_PART : LIVE_HAS_EFFECT;
}

static void begin_part(struct live_state *s, size_t who, const struct live_moment *m)
{
    (void)who;
    end_turn(s, LIVE_SPOKE, m);
    end_round(s);
    s->has_part = true;
    s->part = m->part;
    s->part_time = begin(s, m);
}

static enum live_refusal needs_speakers(const struct live_state *s, size_t who,
                                        const struct live_moment *m)
{
    (void)who;
    return has_speakers(s, m) ? LIVE_HAS_EFFECT : LIVE_NOBODY_WAITS;
}

static void begin_round(struct live_state *s, size_t who, const struct live_moment *m)
{
    (void)who;
    end_turn(s, LIVE_SPOKE, m);
    take_order(s, m);
    s->round = LIVE_ROUND_RUNS;
    advance(s, m);
}

static enum live_refusal turn_refuses(const struct live_state *s, size_t who,
                                      const struct live_moment *m)
{
    (void)m;
    if (!is_here(s, who)) return LIVE_NOT_HERE;
    return s->holder == who ? LIVE_HAS_THE_WORD : LIVE_HAS_EFFECT;
}

static void give_turn(struct live_state *s, size_t who, const struct live_moment *m)
{
    end_turn(s, LIVE_SPOKE, m);
    give(s, who, m);
}

/* By whoever has the word herself; of a seat, which writes nothing, by anybody. */
static enum live_refusal hand_over_refuses(const struct live_state *s, size_t who,
                                           const struct live_moment *m)
{
    const struct live_who author = {.person = m->author};
    if (s->holder == LIVE_NOBODY) return LIVE_AUTHOR_LACKS_THE_WORD;
    const struct live_who *holder = &s->speakers[s->holder].who;
    if (holder->seat == NULL && !live_who_equal(holder, &author)) return LIVE_AUTHOR_LACKS_THE_WORD;
    return turn_refuses(s, who, m);
}

static enum live_refusal needs_word(const struct live_state *s, size_t who,
                                    const struct live_moment *m)
{
    (void)m;
    return who != LIVE_NOBODY && s->holder == who ? LIVE_HAS_EFFECT : LIVE_LACKS_THE_WORD;
}

static void done(struct live_state *s, size_t who, const struct live_moment *m)
{
    (void)who;
    end_turn(s, LIVE_SPOKE, m);
    advance(s, m);
}

static bool waits_in_round(const struct live_state *s, size_t who)
{
    for (size_t i = 0; s->round == LIVE_ROUND_RUNS && i < s->order_count; i++)
        if (s->order[i] == who) return s->speakers[who].mark == LIVE_WAITS;
    return false;
}

static enum live_refusal pass_refuses(const struct live_state *s, size_t who,
                                      const struct live_moment *m)
{
    (void)m;
    if (!is_here(s, who)) return LIVE_NOT_HERE;
    return s->holder == who || waits_in_round(s, who) ? LIVE_HAS_EFFECT : LIVE_NOTHING_TO_PASS;
}

/* Also before her turn comes. */
static void pass(struct live_state *s, size_t who, const struct live_moment *m)
{
    s->speakers[who].mark = LIVE_PASSED;
    if (s->holder != who) return;
    end_turn(s, LIVE_PASSED, m);
    advance(s, m);
}

static enum live_refusal hand_refuses(const struct live_state *s, size_t who,
                                      const struct live_moment *m)
{
    if (is_here(s, who) && s->speakers[who].hand > 0) return LIVE_HAND_IS_UP;
    return turn_refuses(s, who, m);
}

static void raise_hand(struct live_state *s, size_t who, const struct live_moment *m)
{
    (void)m;
    s->speakers[who].hand = ++s->hands_raised;
}

static enum live_refusal lower_refuses(const struct live_state *s, size_t who,
                                       const struct live_moment *m)
{
    (void)m;
    return who != LIVE_NOBODY && s->speakers[who].hand > 0 ? LIVE_HAS_EFFECT : LIVE_HAND_IS_DOWN;
}

static void lower_hand(struct live_state *s, size_t who, const struct live_moment *m)
{
    (void)m;
    s->speakers[who].hand = 0;
}

static void rest(struct live_state *s, size_t who, const struct live_moment *m)
{
    (void)who;
    s->phase = LIVE_PAUSED;
    stop(&s->open, m);
    stop(&s->part_time, m);
    stop(&s->turn_time, m);
}

static void resume(struct live_state *s, size_t who, const struct live_moment *m)
{
    (void)who;
    s->phase = LIVE_OPEN;
    go_on(&s->open, m);
    if (s->has_part) go_on(&s->part_time, m);
    if (s->holder != LIVE_NOBODY) go_on(&s->turn_time, m);
}

static enum live_refusal needs_here(const struct live_state *s, size_t who,
                                    const struct live_moment *m)
{
    (void)m;
    return is_here(s, who) ? LIVE_HAS_EFFECT : LIVE_NOT_HERE;
}

static void depart(struct live_state *s, size_t who, const struct live_moment *m)
{
    const bool had_word = s->holder == who;
    s->speakers[who].here = false;
    s->speakers[who].hand = 0;
    if (!had_word) return;
    end_turn(s, LIVE_SPOKE, m);
    advance(s, m);
}

static void close_meeting(struct live_state *s, size_t who, const struct live_moment *m)
{
    (void)who;
    end_turn(s, LIVE_SPOKE, m);
    end_round(s);
    stop(&s->open, m);
    s->has_part = false;
    s->part_time = (struct live_span){0};
    for (size_t i = 0; i < s->count; i++)
        s->speakers[i].hand = 0;
    s->phase = LIVE_CLOSED;
}

/* ---- the table ---- */

#define IN(phase) (1u << (phase))
#define GOING_ON  (IN(LIVE_OPEN) | IN(LIVE_PAUSED))
#define NOT_OVER  (GOING_ON | IN(LIVE_BEFORE))
#define ALWAYS    (NOT_OVER | IN(LIVE_CLOSED))

static const struct rule {
    unsigned phases; /* in which it can have an effect */
    refuser refuses; /* why it has none all the same */
    effect apply;
} rules[] = {
    [MOMENT_OPEN] = {ALWAYS, open_refuses, open_meeting},
    [MOMENT_AT_PART] = {GOING_ON, needs_part, begin_part},
    [MOMENT_ROUND] = {GOING_ON, needs_speakers, begin_round},
    [MOMENT_TURN] = {GOING_ON, turn_refuses, give_turn},
    [MOMENT_DONE] = {GOING_ON, needs_word, done},
    [MOMENT_PASS] = {GOING_ON, pass_refuses, pass},
    [MOMENT_HAND] = {GOING_ON, hand_refuses, raise_hand},
    [MOMENT_LOWER] = {GOING_ON, lower_refuses, lower_hand},
    [MOMENT_HAND_OVER] = {GOING_ON, hand_over_refuses, give_turn},
    [MOMENT_PAUSE] = {IN(LIVE_OPEN), allow, rest},
    [MOMENT_RESUME] = {IN(LIVE_PAUSED), allow, resume},
    [MOMENT_ARRIVE] = {NOT_OVER, arrive_refuses, arrive},
    [MOMENT_DEPART] = {NOT_OVER, needs_here, depart},
    [MOMENT_CLOSE] = {NOT_OVER, allow, close_meeting},
};
#define RULES (sizeof rules / sizeof rules[0])

static const enum live_refusal out_of_phase[] = {[LIVE_BEFORE] = LIVE_NOT_OPEN,
                                                 [LIVE_OPEN] = LIVE_NOT_PAUSED,
                                                 [LIVE_PAUSED] = LIVE_IS_PAUSED,
                                                 [LIVE_CLOSED] = LIVE_IS_CLOSED};

enum live_refusal live_refuses(const struct live_state *state, const struct live_moment *m)
{
    const struct rule *rule = &rules[m->kind];
    if ((rule->phases & IN(state->phase)) == 0) return out_of_phase[state->phase];
    if (state->moments >= LIVE_MOMENTS_MAX) return LIVE_NO_ROOM;
    return rule->refuses(state, live_find(state, &m->who), m);
}

/* ---- the fold ---- */

static int by_stamp(const void *a, const void *b)
{
    const struct live_moment *x = a, *y = b;
    return vl_stamp_compare(&x->stamp, &y->stamp);
}

size_t live_sort(struct live_moment *moments, size_t count)
{
    size_t kept = 0;
    if (count > 1) qsort(moments, count, sizeof *moments, by_stamp);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || by_stamp(&moments[kept - 1], &moments[i]) != 0)
            moments[kept++] = moments[i];
    return kept;
}

struct authors { /* how many moments of each were taken */
    struct {
        struct vl_id id;
        unsigned moments;
    } items[LIVE_SPEAKERS_MAX];
    size_t count;
};

static bool author_may(struct authors *all, const struct vl_id *author)
{
    size_t at = 0;
    while (at < all->count && !vl_id_equal(&all->items[at].id, author))
        at++;
    if (at == LIVE_SPEAKERS_MAX) return false;
    if (at == all->count) {
        all->items[at].id = *author;
        all->items[at].moments = 0;
        all->count++;
    }
    if (all->items[at].moments == LIVE_AUTHOR_MOMENTS_MAX) return false;
    all->items[at].moments++;
    return true;
}

static bool hand_before(const struct live_speaker *a, const struct live_speaker *b)
{
    return a->heard != b->heard ? b->heard : a->hand < b->hand;
}

static void order_hands(struct live_state *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->speakers[i].hand == 0) continue;
        size_t at = s->hand_count++;
        for (; at > 0 && hand_before(&s->speakers[i], &s->speakers[s->hands[at - 1]]); at--)
            s->hands[at] = s->hands[at - 1];
        s->hands[at] = i;
    }
}

void live_fold(const struct live_moment *moments, size_t count, struct live_state *out)
{
    struct authors authors = {.count = 0};
    memset(out, 0, sizeof *out);
    out->holder = LIVE_NOBODY;
    for (size_t i = 0; i < count; i++) {
        const struct live_moment *m = &moments[i];
        if ((size_t)m->kind >= RULES) continue; /* a newer program's */
        if (out->moments == LIVE_MOMENTS_MAX || !author_may(&authors, &m->author)) {
            out->cut = true;
            continue;
        }
        if (live_refuses(out, m) == LIVE_HAS_EFFECT)
            rules[m->kind].apply(out, live_find(out, &m->who), m);
        out->moments++;
    }
    order_hands(out);
    out->next = out->round == LIVE_ROUND_RUNS ? first_waiting(out)
                : out->hand_count > 0         ? out->hands[0]
                                              : LIVE_NOBODY;
}
