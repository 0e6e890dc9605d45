/* A meeting while it goes on: what its moments say together.
 *
 * live_fold is a pure function of the set of a meeting's moments. They are taken in the order of
 * their stamps (lamport, entry, number), each once, so whoever has the same moments has the same
 * state, in whatever order they came. What a moment cannot do in the state that it meets has no
 * effect (the table in live.c says what each kind needs); nothing is an error. docs/live.md has the
 * rules, precise enough to write them again.
 *
 *            arrive, depart                       part, round, turn, done, pass, hand, lower,
 *               (BEFORE)                          hand_over, arrive, depart  (OPEN and PAUSED)
 *
 *   BEFORE --open--> OPEN --pause--> PAUSED          the word (OPEN, PAUSED)
 *                     | <--resume-----  |              NOBODY --turn, round--> X
 *                     |                 |              X --done, pass, depart--> who is next in
 *      |            close             close                 the round, else NOBODY
 *    close            v                 v              X --turn, hand_over--> Y
 *      +----------> CLOSED <------------+              X --part, close--> NOBODY
 *                     |
 *                     +--open--> OPEN (again, with those who were here)
 *
 * (BEFORE to CLOSED: of a meeting whose moments were erased only its closing is left.)
 *
 * Invariants
 *  L1  Who holds the word, has raised a hand or is next is here.
 *  L2  A round's order names nobody twice. Each of it waits, speaks, has spoken or has passed.
 * While it runs somebody waits or holds the word; when nobody does it is over. L3  Places are given
 * in the order in which people first arrived, and kept. L4  Times are differences of the moments'
 * `at`; a pair that runs backwards counts as nothing. No rule looks at a time, so clocks decide
 * nothing. L5  Bounded: LIVE_SPEAKERS_MAX places, LIVE_MOMENTS_MAX moments, LIVE_AUTHOR_MOMENTS_MAX
 * of one author, so that no member alone can use up the others'. */
#ifndef CIRCLE_LIVE_H
#define CIRCLE_LIVE_H

#include "circle/choices.h"
#include <veillee/cell.h>

#define LIVE_SPEAKERS_MAX       256u   /* persons and seats that ever arrived */
#define LIVE_MOMENTS_MAX        10000u /* of a meeting; the first ones count */
#define LIVE_AUTHOR_MOMENTS_MAX 2000u  /* of one person; the first ones count */
#define LIVE_NOBODY             SIZE_MAX

struct live_who {     /* a person, or a seat of somebody who came without a device */
    const char *seat; /* its name; NULL: a person. A view */
    struct vl_id person;
};
bool live_who_equal(const struct live_who *a, const struct live_who *b);

struct live_moment {
    struct vl_stamp stamp;
    struct vl_id author;
    enum moment_kind kind;
    struct live_who who; /* whom it is about; the author herself when she named nobody */
    bool has_part;
    struct vl_record_id part;
    const struct live_who *order; /* a view */
    size_t order_count;
    int64_t at;       /* ms, all on one time line of the caller's */
    bool approximate; /* `at` is a guess */
};

enum live_phase { LIVE_BEFORE, LIVE_OPEN, LIVE_PAUSED, LIVE_CLOSED };
enum live_round { LIVE_NO_ROUND, LIVE_ROUND_RUNS, LIVE_ROUND_OVER };
enum live_mark { LIVE_WAITS, LIVE_SPOKE, LIVE_PASSED }; /* in the round */

struct live_span { /* time that passes while the meeting is not paused */
    int64_t ms;    /* until `since` */
    int64_t since;
    bool runs;
    bool approximate;
};
/* How long it is at `now`, on the time line of the moments. */
int64_t live_span_ms(const struct live_span *span, int64_t now);

struct live_speaker {
    struct live_who who;
    bool here;
    bool heard; /* had the word and did not pass it on unused; she who has it now, not yet */
    enum live_mark mark;
    unsigned hand;    /* 0: down; else raised, the lower the earlier */
    int64_t spoke_ms; /* turns that ended; without those that she passed */
};

struct live_state {
    enum live_phase phase;
    struct live_span open; /* since it was opened */
    bool has_part;
    struct vl_record_id part;
    struct live_span part_time;
    struct live_speaker speakers[LIVE_SPEAKERS_MAX]; /* by their places */
    size_t count;
    /* The rest names speakers by their index. */
    size_t holder; /* of the word; or LIVE_NOBODY */
    struct live_span turn_time;
    size_t next; /* in the round, else the first hand; or LIVE_NOBODY */
    enum live_round round;
    size_t order[LIVE_SPEAKERS_MAX];
    size_t order_count;
    size_t hands[LIVE_SPEAKERS_MAX]; /* who was not heard yet first, then as they were raised */
    size_t hand_count;
    size_t moments; /* that were taken */
    bool cut;       /* there were more than the limits let */
    unsigned hands_raised;
};

/* Why a moment has no effect. */
enum live_refusal {
    LIVE_HAS_EFFECT,
    LIVE_NOT_OPEN,
    LIVE_IS_CLOSED,
    LIVE_IS_PAUSED,
    LIVE_NOT_PAUSED,
    LIVE_IS_OPEN,
    LIVE_NOT_HERE,
    LIVE_IS_HERE,
    LIVE_NO_PART,
    LIVE_SAME_PART,
    LIVE_HAS_THE_WORD,
    LIVE_LACKS_THE_WORD,
    LIVE_AUTHOR_LACKS_THE_WORD,
    LIVE_NOTHING_TO_PASS,
    LIVE_HAND_IS_UP,
    LIVE_HAND_IS_DOWN,
    LIVE_NOBODY_WAITS,
    LIVE_NO_ROOM
};

/* Sorts by stamp and takes out repetitions; returns how many are left. */
size_t live_sort(struct live_moment *moments, size_t count);
/* Of sorted moments. The state points into their seats' names. */
void live_fold(const struct live_moment *moments, size_t count, struct live_state *out);
/* What one more moment, after all that are in the state, would come to. */
enum live_refusal live_refuses(const struct live_state *state, const struct live_moment *moment);
/* LIVE_NOBODY: she never arrived. */
size_t live_find(const struct live_state *state, const struct live_who *who);
/* Her time of speech at `now`, with the turn that she has. */
int64_t live_spoke_ms(const struct live_state *state, size_t speaker, int64_t now);

#endif
