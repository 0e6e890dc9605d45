/* One text, several who type: what each has in front of her, what is written, what comes in. */
#include "circle/meeting.h"
#include "circle/typing.h"
#include "tests/support/circle_fixture.h"
#include "tests/support/seeded_random.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WRITERS 3u
static const vl_wall now = {1767225600000};

struct writer {
    struct typing *typing;
    struct vl_buffer text; /* what her screen shows, done by the changes alone */
};
struct room {
    struct circle_fixture *f;
    struct vl_record_id meeting;
    struct writer writers[WRITERS];
};

static void do_change(struct vl_buffer *text, size_t at, size_t gone, struct vl_bytes put)
{
    struct vl_buffer after = {0};
    size_t from = 0, to, units = 0;
    for (; from < text->size && units < at; from++)
        units += from + 1 == text->size || (text->data[from + 1] & 0xc0) != 0x80;
    assert_int_equal(units, at);
    for (to = from, units = 0; to < text->size && units < gone; to++)
        units += to + 1 == text->size || (text->data[to + 1] & 0xc0) != 0x80;
    assert_int_equal(units, gone);
    assert_int_equal(vl_buffer_append(&after, text->data, from), VL_OK);
    assert_int_equal(vl_buffer_append(&after, put.data, put.size), VL_OK);
    if (to < text->size)
        assert_int_equal(vl_buffer_append(&after, text->data + to, text->size - to), VL_OK);
    vl_buffer_finish(text);
    *text = after;
}

static void pull(struct writer *w)
{
    struct typing_changes changes;
    assert_int_equal(typing_pull(w->typing, &changes), VL_OK);
    for (size_t i = 0; i < changes.count; i++) {
        const struct typing_change *c = &changes.items[i];
        do_change(&w->text, c->at, c->gone, typing_change_text(&changes, i));
    }
    typing_changes_finish(&changes);
}

static void enter(struct room *room, size_t who)
{
    struct writer *w = &room->writers[who];
    assert_int_equal(typing_open(&w->typing, room->f->nodes[who].replica, SCHEMA_MEETING,
                                 &room->meeting, MEETING_MINUTES),
                     VL_OK);
    vl_buffer_clear(&w->text);
    pull(w);
}

static struct room room_open(uint64_t seed)
{
    struct room room = {.f = circle_fixture_create(WRITERS, seed)};
    struct meeting_change change = {.title = "x"};
    assert_int_equal(meeting_create(room.f->nodes[0].replica, &change, now, &room.meeting, NULL),
                     VL_OK);
    circle_fixture_sync_all(room.f);
    for (size_t i = 0; i < WRITERS; i++)
        enter(&room, i);
    return room;
}

static void room_close(struct room *room)
{
    for (size_t i = 0; i < WRITERS; i++) {
        typing_close(room->writers[i].typing);
        vl_buffer_finish(&room->writers[i].text);
    }
    circle_fixture_destroy(room->f);
}

static void type(struct writer *w, size_t at, size_t gone, const char *text)
{
    const struct typing_edit edit = {at, gone, vl_bytes_text(text)};
    assert_int_equal(typing_edit(w->typing, &edit, 1), VL_OK);
    do_change(&w->text, at, gone, edit.typed);
}

static size_t entries(const struct room *room, size_t node)
{
    struct vl_head heads[8];
    size_t count, total = 0;
    assert_int_equal(vl_replica_heads(room->f->nodes[node].replica, heads, 8, &count), VL_OK);
    for (size_t i = 0; i < count; i++)
        total += heads[i].seq + 1;
    return total;
}

static void written(const struct room *room, size_t node, struct vl_buffer *out)
{
    const struct vl_cell_key key = {SCHEMA_MEETING, room->meeting, MEETING_MINUTES, VL_FIELD_TEXT};
    struct vl_buffer state = {0};
    vl_buffer_clear(out);
    vl_result result = vl_replica_cell(room->f->nodes[node].replica, &key, &state);
    if (result == VL_OK)
        result = vl_cell_text(vl_buffer_view(&state), out);
    else if (result == VL_ERR_NOT_FOUND)
        result = VL_OK;
    assert_int_equal(result, VL_OK);
    vl_buffer_finish(&state);
}

static void assert_text(const struct room *room, size_t who, const char *text)
{
    struct vl_buffer there = {0};
    const struct vl_bytes wanted = vl_bytes_text(text);
    written(room, who, &there);
    assert_true(vl_bytes_equal(vl_buffer_view(&there), wanted));
    assert_true(vl_bytes_equal(vl_buffer_view(&room->writers[who].text), wanted));
    vl_buffer_finish(&there);
}

static void everybody_reads(struct room *room)
{
    circle_fixture_sync_all(room->f);
    for (size_t i = 0; i < WRITERS; i++)
        pull(&room->writers[i]);
}

/* ---- */

static void what_is_typed_is_one_entry(void **state)
{
    (void)state;
    struct room room = room_open(1);
    struct writer *w = &room.writers[0];
    size_t before = entries(&room, 0);
    type(w, 0, 0, "h");
    type(w, 1, 0, "ééi");
    type(w, 2, 1, "");
    type(w, 1, 1, "a");
    type(w, 3, 0, " toi"); /* "hai toi" */
    assert_true(typing_waiting(w->typing) > 0);
    assert_int_equal(entries(&room, 0), before);
    assert_int_equal(typing_write(w->typing, now), VL_OK);
    assert_int_equal(typing_waiting(w->typing), 0);
    assert_int_equal(entries(&room, 0), before + 1);
    assert_text(&room, 0, "hai toi");
    assert_int_equal(typing_write(w->typing, now), VL_OK); /* nothing waits */
    assert_int_equal(entries(&room, 0), before + 1);
    pull(w); /* nothing of her own comes back */
    assert_text(&room, 0, "hai toi");
    everybody_reads(&room);
    assert_text(&room, 2, "hai toi");
    type(w, 0, 7, ""); /* all of it, and on */
    type(w, 0, 0, "non");
    type(w, 0, 3, "");
    assert_int_equal(typing_write(w->typing, now), VL_OK);
    assert_text(&room, 0, "");
    room_close(&room);
}

/* What she typed and took back is in no entry: it would stay there for ever. */
static void what_was_taken_back_is_not_written(void **state)
{
    (void)state;
    struct room room = room_open(2);
    struct writer *w = &room.writers[0];
    type(w, 0, 0, "un secret long");
    type(w, 3, 6, "mot");
    assert_int_equal(typing_write(w->typing, now), VL_OK);
    struct vl_head heads[8];
    size_t count;
    struct vl_buffer body = {0};
    assert_int_equal(vl_replica_heads(room.f->nodes[0].replica, heads, 8, &count), VL_OK);
    for (size_t i = 0; i < count; i++) {
        vl_buffer_clear(&body);
        if (vl_replica_entry_body(room.f->nodes[0].replica, &heads[i].id, &body) != VL_OK) continue;
        assert_null(memmem(body.data, body.size, "secret", 6));
    }
    vl_buffer_finish(&body);
    assert_text(&room, 0, "un mot long");
    room_close(&room);
}

static void others_do_not_shift_what_she_does(void **state)
{
    (void)state;
    struct room room = room_open(3);
    struct writer *a = &room.writers[0], *b = &room.writers[1];
    type(a, 0, 0, "un trois cinq");
    assert_int_equal(typing_write(a->typing, now), VL_OK);
    everybody_reads(&room);
    type(a, 3, 0, "deux ");   /* in front of what b does */
    type(b, 9, 0, "quatre "); /* by b's own text */
    type(b, 0, 2, "1");       /* and in front of it */
    assert_int_equal(typing_write(a->typing, now), VL_OK);
    circle_fixture_sync_all(room.f); /* a's comes while b's waits */
    pull(b);
    type(b, b->text.size, 0, " six");
    assert_int_equal(typing_write(b->typing, now), VL_OK);
    everybody_reads(&room);
    for (size_t i = 0; i < WRITERS; i++)
        assert_text(&room, i, "1 deux trois quatre cinq six");
    room_close(&room);
}

/* Runs that two type at one place at once stay whole. */
static void runs_do_not_interleave(void **state)
{
    (void)state;
    struct room room = room_open(4);
    const char *const words[] = {"aaaa", "bbbb"};
    for (size_t i = 0; i < 4; i++)
        for (size_t who = 0; who < 2; who++) {
            char letter[2] = {words[who][i], '\0'};
            type(&room.writers[who], i, 0, letter);
            assert_int_equal(typing_write(room.writers[who].typing, now), VL_OK);
        }
    everybody_reads(&room);
    struct vl_buffer text = {0};
    written(&room, 2, &text);
    assert_int_equal(text.size, 8);
    assert_true(memcmp(text.data, "aaaabbbb", 8) == 0 || memcmp(text.data, "bbbbaaaa", 8) == 0);
    vl_buffer_finish(&text);
    room_close(&room);
}

static void refused_edits_change_nothing(void **state)
{
    (void)state;
    struct room room = room_open(5);
    struct writer *w = &room.writers[0];
    type(w, 0, 0, "abc");
    const struct typing_edit bad[] = {{4, 0, vl_bytes_text("x")},
                                      {2, 2, {NULL, 0}},
                                      {0, SIZE_MAX, {NULL, 0}},
                                      {SIZE_MAX, 1, {NULL, 0}}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct typing_edit edits[2] = {{0, 1, vl_bytes_text("z")}, bad[i]};
        assert_int_equal(typing_edit(w->typing, edits, 2), VL_ERR_INVALID);
    }
    const struct typing_edit bytes = {0, 0, vl_bytes_text("a\x80")};
    assert_int_equal(typing_edit(w->typing, &bytes, 1), VL_ERR_UTF8);
    const struct typing_edit control = {0, 0, vl_bytes_text("a\x01")};
    assert_int_equal(typing_edit(w->typing, &control, 1), VL_ERR_UTF8);
    const size_t limit = schema_field(SCHEMA_MEETING, MEETING_MINUTES)->limit;
    char *most = malloc(limit);
    assert_non_null(most);
    memset(most, 'm', limit);
    const struct typing_edit full = {0, 0, vl_bytes(most, limit - 3)},
                             over = {0, 0, vl_bytes(most, limit - 2)};
    assert_int_equal(typing_edit(w->typing, &over, 1), VL_ERR_TOO_LARGE);
    assert_int_equal(typing_edit(w->typing, &full, 1), VL_OK);
    assert_int_equal(typing_write(w->typing, now), VL_OK); /* many entries */
    struct vl_buffer text = {0};
    written(&room, 0, &text);
    assert_int_equal(text.size, limit);
    vl_buffer_finish(&text);
    const struct typing_edit one = {5, 0, vl_bytes_text("x")};
    assert_int_equal(typing_edit(w->typing, &one, 1), VL_ERR_TOO_LARGE);
    free(most);
    struct typing *none;
    struct vl_record_id nobody = {{1}};
    struct vl_replica *r = room.f->nodes[0].replica;
    assert_int_equal(typing_open(&none, r, SCHEMA_MEETING, &nobody, MEETING_MINUTES),
                     VL_ERR_NOT_FOUND);
    assert_int_equal(typing_open(&none, r, SCHEMA_MEETING, &room.meeting, MEETING_TITLE),
                     VL_ERR_INVALID);
    room_close(&room);
}

/* A long text goes into several entries, and is one chain all the same. */
static void long_texts_are_several_entries(void **state)
{
    (void)state;
    struct room room = room_open(6);
    struct writer *w = &room.writers[0];
    struct vl_buffer text = {0};
    for (int i = 0; i < 9000; i++) {
        char line[16];
        snprintf(line, sizeof line, "é%d\n", i);
        assert_int_equal(vl_buffer_append(&text, line, strlen(line)), VL_OK);
    }
    size_t before = entries(&room, 0);
    assert_int_equal(vl_buffer_append(&text, "", 1), VL_OK);
    type(w, 0, 0, "()");
    type(w, 1, 0, (const char *)text.data);
    assert_int_equal(typing_write(w->typing, now), VL_OK);
    assert_in_range(entries(&room, 0) - before, 2, 5);
    everybody_reads(&room);
    assert_true(vl_bytes_equal(vl_buffer_view(&room.writers[2].text), vl_buffer_view(&w->text)));
    type(w, 5000, 30000, "-");
    assert_int_equal(typing_write(w->typing, now), VL_OK);
    everybody_reads(&room);
    assert_true(vl_bytes_equal(vl_buffer_view(&room.writers[1].text), vl_buffer_view(&w->text)));
    vl_buffer_finish(&text);
    room_close(&room);
}

/* What was erased while she wrote behind it is no place any more: hers stays. */
static void erased_while_typing(void **state)
{
    (void)state;
    struct room room = room_open(7);
    struct writer *a = &room.writers[0], *b = &room.writers[1];
    type(a, 0, 0, "parti");
    assert_int_equal(typing_write(a->typing, now), VL_OK);
    everybody_reads(&room);
    struct vl_head heads[8];
    size_t count;
    struct vl_id tombstone;
    struct vl_device_info device;
    assert_int_equal(vl_replica_heads(room.f->nodes[0].replica, heads, 8, &count), VL_OK);
    type(b, 5, 0, " reste");
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(vl_replica_author(room.f->nodes[0].replica, &heads[i].id, &device), VL_OK);
        if (!vl_id_equal(&device.person, &room.f->nodes[0].person)) continue;
        assert_int_equal(
            vl_replica_erase(room.f->nodes[0].replica, &heads[i].id, 1, now, &tombstone), VL_OK);
    }
    circle_fixture_sync_all(room.f);
    assert_int_equal(typing_write(b->typing, now), VL_OK);
    everybody_reads(&room);
    for (size_t i = 0; i < WRITERS; i++)
        assert_text(&room, i, " reste");
    room_close(&room);
}

/* ---- histories ---- */

static size_t units_of(const struct vl_buffer *text)
{
    size_t units = 0;
    for (size_t i = 0; i < text->size; i++)
        units += (text->data[i] & 0xc0) != 0x80;
    return units;
}

static void random_edit(struct writer *w, struct seeded *random)
{
    static const char *const typed[] = {"a", "é", "mot ", "😀", "\n", "longue phrase, ", ""};
    size_t units = units_of(&w->text);
    size_t at = (size_t)seeded_below(random, units + 1), gone = 0;
    if (seeded_below(random, 3) == 0 && units > at)
        gone = (size_t)seeded_below(random, units - at < 9 ? units - at + 1 : 9);
    type(w, at, gone, typed[seeded_below(random, sizeof typed / sizeof typed[0])]);
}

/* Of three who type, write, read and meet as chance will have it: in the end all have one text, on
 * the screen and in the circle, and what each sees is always what her copy and her own typing
 * say. */
static void random_histories_converge(void **state)
{
    (void)state;
    const uint64_t runs = test_scale(40, 4);
    for (uint64_t seed = 1; seed <= runs; seed++) {
        struct room room = room_open(100 + seed);
        struct seeded random;
        seeded_init(&random, seed, 0);
        for (int step = 0; step < 150; step++) {
            size_t who = (size_t)seeded_below(&random, WRITERS);
            struct writer *w = &room.writers[who];
            switch (seeded_below(&random, 6)) {
            case 0: assert_int_equal(typing_write(w->typing, now), VL_OK); break;
            case 1: pull(w); break;
            case 2: circle_fixture_pull(room.f, who, (size_t)seeded_below(&random, WRITERS)); break;
            default: random_edit(w, &random);
            }
        }
        for (size_t i = 0; i < WRITERS; i++)
            assert_int_equal(typing_write(room.writers[i].typing, now), VL_OK);
        everybody_reads(&room);
        struct vl_buffer text = {0};
        written(&room, 0, &text);
        for (size_t i = 0; i < WRITERS; i++)
            assert_true(
                vl_bytes_equal(vl_buffer_view(&room.writers[i].text), vl_buffer_view(&text)));
        vl_buffer_finish(&text);
        assert_true(circle_fixture_agree(room.f));
        room_close(&room);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_typed_is_one_entry),
        cmocka_unit_test(what_was_taken_back_is_not_written),
        cmocka_unit_test(others_do_not_shift_what_she_does),
        cmocka_unit_test(runs_do_not_interleave),
        cmocka_unit_test(refused_edits_change_nothing),
        cmocka_unit_test(long_texts_are_several_entries),
        cmocka_unit_test(erased_while_typing),
        cmocka_unit_test(random_histories_converge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
