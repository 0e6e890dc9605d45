/* The choices of the schema's fields of form ENUM: a number in the value, a name in JSON and on the
 * command line. Numbers are final and count from 0; a new choice goes to the end. A number that is
 * not here (a newer program's) is kept, synced and not shown.
 *
 * X(constant, "name") */
#ifndef CIRCLE_CHOICES_H
#define CIRCLE_CHOICES_H

#define CHOICES_OF_INVITE(X)                                                                       \
    X(RULES_INVITE_FACILITATORS, "facilitators")                                                   \
    X(RULES_INVITE_NOBODY, "nobody")
#define CHOICES_OF_ATTENDANCE(X)                                                                   \
    X(RULES_ATTENDANCE_NAMES, "names")                                                             \
    X(RULES_ATTENDANCE_COUNT, "count")
#define CHOICES_OF_SORT(X)                                                                         \
    X(SHARE_EXPERIENCE, "experience")                                                              \
    X(SHARE_STRATEGY, "strategy")                                                                  \
    X(SHARE_QUESTION, "question")
/* Who can read a share: everybody; the facilitators at the time of writing; chosen persons. */
#define CHOICES_OF_AUDIENCE(X)                                                                     \
    X(SHARE_FOR_CIRCLE, "circle")                                                                  \
    X(SHARE_FOR_FACILITATORS, "facilitators")                                                      \
    X(SHARE_FOR_PERSONS, "persons")
/* Until when something is kept: the end of the meeting, so many months, for good. What is only
 * spoken is never written, so no record says it. */
#define CHOICES_OF_KEEP(X)                                                                         \
    X(KEEP_CLOSING, "closing")                                                                     \
    X(KEEP_MONTHS, "months")                                                                       \
    X(KEEP_KEPT, "kept")
#define CHOICES_OF_PLACE(X)                                                                        \
    X(PLACE_HOME, "home")                                                                          \
    X(PLACE_COMMUNITY, "community")                                                                \
    X(PLACE_ROOM, "room")                                                                          \
    X(PLACE_PUBLIC, "public")                                                                      \
    X(PLACE_OUTDOORS, "outdoors")
#define CHOICES_OF_MEETING(X)                                                                      \
    X(MEETING_PLANNED, "planned")                                                                  \
    X(MEETING_OPEN, "open")                                                                        \
    X(MEETING_CLOSED, "closed")                                                                    \
    X(MEETING_CANCELLED, "cancelled")
#define CHOICES_OF_ANSWER(X)                                                                       \
    X(ANSWER_COMING, "coming")                                                                     \
    X(ANSWER_PERHAPS, "perhaps")                                                                   \
    X(ANSWER_NOT, "not")
#define CHOICES_OF_PART(X)                                                                         \
    X(PART_TALK, "talk")                                                                           \
    X(PART_ROUND, "round")                                                                         \
    X(PART_SILENCE, "silence")                                                                     \
    X(PART_READING, "reading")                                                                     \
    X(PART_EXERCISE, "exercise")                                                                   \
    X(PART_BREAK, "break")                                                                         \
    X(PART_CLOSING, "closing")
#define CHOICES_OF_MOMENT(X)                                                                       \
    X(MOMENT_OPEN, "open")                                                                         \
    X(MOMENT_AT_PART, "part")                                                                      \
    X(MOMENT_ROUND, "round")                                                                       \
    X(MOMENT_TURN, "turn")                                                                         \
    X(MOMENT_DONE, "done")                                                                         \
    X(MOMENT_PASS, "pass")                                                                         \
    X(MOMENT_HAND, "hand")                                                                         \
    X(MOMENT_LOWER, "lower")                                                                       \
    X(MOMENT_HAND_OVER, "hand_over")                                                               \
    X(MOMENT_PAUSE, "pause")                                                                       \
    X(MOMENT_RESUME, "resume")                                                                     \
    X(MOMENT_ARRIVE, "arrive")                                                                     \
    X(MOMENT_DEPART, "depart")                                                                     \
    X(MOMENT_CLOSE, "close")
#define CHOICES_OF_SIGNAL(X)                                                                       \
    X(SIGNAL_BREAK, "break")                                                                       \
    X(SIGNAL_SLOWER, "slower")                                                                     \
    X(SIGNAL_UNEASY, "uneasy")                                                                     \
    X(SIGNAL_HELP, "help")
#define CHOICES_OF_DECISION(X)                                                                     \
    X(DECISION_TAKEN, "taken")                                                                     \
    X(DECISION_WITHDRAWN, "withdrawn")
#define CHOICES_OF_COMMITMENT(X)                                                                   \
    X(COMMITMENT_OPEN, "open")                                                                     \
    X(COMMITMENT_DONE, "done")                                                                     \
    X(COMMITMENT_DROPPED, "dropped")

/* X(what a field's limit says, type of C, choices) */
#define CHOICES_TABLE(X)                                                                           \
    X(CHOICES_INVITE, rules_invite, CHOICES_OF_INVITE)                                             \
    X(CHOICES_ATTENDANCE, rules_attendance, CHOICES_OF_ATTENDANCE)                                 \
    X(CHOICES_SORT, share_sort, CHOICES_OF_SORT)                                                   \
    X(CHOICES_AUDIENCE, share_audience, CHOICES_OF_AUDIENCE)                                       \
    X(CHOICES_KEEP, keep, CHOICES_OF_KEEP)                                                         \
    X(CHOICES_PLACE, place_kind, CHOICES_OF_PLACE)                                                 \
    X(CHOICES_MEETING, meeting_state, CHOICES_OF_MEETING)                                          \
    X(CHOICES_ANSWER, answer, CHOICES_OF_ANSWER)                                                   \
    X(CHOICES_PART, part_kind, CHOICES_OF_PART)                                                    \
    X(CHOICES_MOMENT, moment_kind, CHOICES_OF_MOMENT)                                              \
    X(CHOICES_SIGNAL, signal_kind, CHOICES_OF_SIGNAL)                                              \
    X(CHOICES_DECISION, decision_state, CHOICES_OF_DECISION)                                       \
    X(CHOICES_COMMITMENT, commitment_state, CHOICES_OF_COMMITMENT)

#define CHOICE_ENUM(constant, name)           constant,
#define CHOICES_ENUM(constant, type, choices) enum type { choices(CHOICE_ENUM) };
CHOICES_TABLE(CHOICES_ENUM)
#undef CHOICES_ENUM
#undef CHOICE_ENUM

enum choices {
#define CHOICES_ID(constant, type, choices) constant,
    CHOICES_TABLE(CHOICES_ID)
#undef CHOICES_ID
        CHOICES_COUNT
};

#endif
