/* A meeting's minutes that several write at once, each on her own copy: for tests and fuzzing. What
 * a writer's screen shows is made by the changes alone that typing_pull tells of. Everything aborts
 * with a sentence when it fails. */
#ifndef TESTS_SUPPORT_TYPING_ROOM_H
#define TESTS_SUPPORT_TYPING_ROOM_H

#include "circle/typing.h"
#include "tests/support/circle_fixture.h"

#define ROOM_WRITERS 3u
#define ROOM_NOW     ((vl_wall){1767225600000})

struct room_writer {
    struct typing *typing;
    struct vl_buffer text; /* her screen */
};
struct room {
    struct circle_fixture *f;
    struct vl_record_id meeting;
    struct room_writer writers[ROOM_WRITERS];
};

/* A circle with an empty meeting; all have opened its minutes. */
struct room room_open(uint64_t seed);
void room_close(struct room *room);
/* Opens the minutes (again) on a writer's copy as it is now. */
void room_enter(struct room *room, size_t who);

/* What an edit or a change does to a text. Positions in code points; aborts past the end. */
void room_change(struct vl_buffer *text, size_t at, size_t gone, struct vl_bytes put);
size_t room_units(const struct vl_buffer *text);

void room_type(struct room_writer *w, size_t at, size_t gone, const char *text);
void room_pull(struct room_writer *w);
void room_everybody_reads(struct room *room);
/* The minutes as they are written on a writer's copy. */
void room_written(const struct room *room, size_t who, struct vl_buffer *out);
size_t room_entries(const struct room *room, size_t who);

#endif
