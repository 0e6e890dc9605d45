#include "tests/support/live_checks.h"

#include <string.h>

static bool same_span(const struct live_span *a, const struct live_span *b)
{
    return a->ms == b->ms && a->runs == b->runs && a->approximate == b->approximate &&
           (!a->runs || a->since == b->since);
}

static bool same_speaker(const struct live_speaker *a, const struct live_speaker *b)
{
    return live_who_equal(&a->who, &b->who) && a->here == b->here && a->heard == b->heard &&
           a->mark == b->mark && a->hand == b->hand && a->spoke_ms == b->spoke_ms;
}

static bool same_indices(const size_t *a, const size_t *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (a[i] != b[i]) return false;
    return true;
}

bool live_checks_same(const struct live_state *a, const struct live_state *b)
{
    if (a->phase != b->phase || a->has_part != b->has_part || a->round != b->round ||
        a->holder != b->holder || a->next != b->next || a->hands_raised != b->hands_raised ||
        a->count != b->count || a->order_count != b->order_count ||
        a->hand_count != b->hand_count || memcmp(&a->part, &b->part, sizeof a->part) != 0)
        return false;
    if (!same_span(&a->open, &b->open) || !same_span(&a->part_time, &b->part_time) ||
        !same_span(&a->turn_time, &b->turn_time))
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same_speaker(&a->speakers[i], &b->speakers[i])) return false;
    return same_indices(a->order, b->order, a->order_count) &&
           same_indices(a->hands, b->hands, a->hand_count);
}

static const char *word_broken(const struct live_state *s, bool goes_on)
{
    if (s->holder != LIVE_NOBODY && !(goes_on && s->speakers[s->holder].here))
        return "who has the word is here";
    if (s->next != LIVE_NOBODY && !(s->speakers[s->next].here && s->next != s->holder))
        return "who is next is here and has not the word";
    if (s->round == LIVE_ROUND_RUNS && s->holder == LIVE_NOBODY) return "in a round one speaks";
    if (s->round != LIVE_NO_ROUND && !(goes_on && s->order_count > 0))
        return "a round has an order";
    return s->has_part && !goes_on ? "a part is of a meeting that goes on" : NULL;
}

static const char *hands_broken(const struct live_state *s, bool goes_on)
{
    for (size_t i = 0; i < s->order_count; i++)
        for (size_t k = i + 1; k < s->order_count; k++)
            if (s->order[i] == s->order[k]) return "an order names nobody twice";
    for (size_t i = 0; i < s->hand_count; i++) {
        const struct live_speaker *one = &s->speakers[s->hands[i]];
        if (!goes_on || !one->here || s->hands[i] == s->holder)
            return "who has raised a hand is here and has not the word";
        if (i > 0 && s->speakers[s->hands[i - 1]].heard > one->heard)
            return "who was not heard goes before who was";
    }
    return NULL;
}

static const char *speakers_broken(const struct live_state *s)
{
    if (s->count > LIVE_SPEAKERS_MAX) return "places are bounded";
    for (size_t i = 0; i < s->count; i++) {
        if (s->speakers[i].spoke_ms < 0) return "no time is negative";
        if (!s->speakers[i].heard && s->speakers[i].spoke_ms > 0) return "who spoke was heard";
        for (size_t k = i + 1; k < s->count; k++)
            if (live_who_equal(&s->speakers[i].who, &s->speakers[k].who))
                return "everybody has one place";
    }
    return NULL;
}

const char *live_checks_broken(const struct live_state *s)
{
    const bool goes_on = s->phase == LIVE_OPEN || s->phase == LIVE_PAUSED;
    const char *broken = speakers_broken(s);
    if (broken == NULL) broken = word_broken(s, goes_on);
    if (broken == NULL) broken = hands_broken(s, goes_on);
    if (broken != NULL) return broken;
    if (s->moments > LIVE_MOMENTS_MAX) return "moments are bounded";
    if (live_span_ms(&s->turn_time, INT64_MAX) < 0 || live_span_ms(&s->open, INT64_MIN) < 0)
        return "no time is negative";
    return NULL;
}
