/* One text, several who type: what each has in front of her, what is written, what comes in. */
#include "circle/meeting.h"
#include "tests/support/seeded_random.h"
#include "tests/support/test_scale.h"
#include "tests/support/typing_room.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_text(const struct room *room, size_t who, const char *text)
{
    struct vl_buffer there = {0};
    const struct vl_bytes wanted = vl_bytes_text(text);
    room_written(room, who, &there);
    assert_true(vl_bytes_equal(vl_buffer_view(&there), wanted));
    assert_true(vl_bytes_equal(vl_buffer_view(&room->writers[who].text), wanted));
    vl_buffer_finish(&there);
}

/* ---- */

static void what_is_typed_is_one_entry(void **state)
{
    (void)state;
    struct room room = room_open(1);
    struct room_writer *w = &room.writers[0];
    size_t before = room_entries(&room, 0);
    room_type(w, 0, 0, "h");
    room_type(w, 1, 0, "ééi");
    room_type(w, 2, 1, "");
    room_type(w, 1, 1, "a");
    room_type(w, 3, 0, " toi"); /* "hai toi" */
    assert_true(typing_waiting(w->typing) > 0);
    assert_int_equal(room_entries(&room, 0), before);
    assert_int_equal(typing_write(w->typing, ROOM_NOW), VL_OK);
    assert_int_equal(typing_waiting(w->typing), 0);
    assert_int_equal(room_entries(&room, 0), before + 1);
    assert_text(&room, 0, "hai toi");
    assert_int_equal(typing_write(w->typing, ROOM_NOW), VL_OK); /* nothing waits */
    assert_int_equal(room_entries(&room, 0), before + 1);
    room_pull(w); /* nothing of her own comes back */
    assert_text(&room, 0, "hai toi");
    room_everybody_reads(&room);
    assert_text(&room, 2, "hai toi");
    room_type(w, 0, 7, ""); /* all of it, and on */
    room_type(w, 0, 0, "non");
    room_type(w, 0, 3, "");
    assert_int_equal(typing_write(w->typing, ROOM_NOW), VL_OK);
    assert_text(&room, 0, "");
    room_close(&room);
}

/* What she typed and took back is in no entry: it would stay there for ever. */
static void what_was_taken_back_is_not_written(void **state)
{
    (void)state;
    struct room room = room_open(2);
    struct room_writer *w = &room.writers[0];
    room_type(w, 0, 0, "un secret long");
    room_type(w, 3, 6, "mot");
    assert_int_equal(typing_write(w->typing, ROOM_NOW), VL_OK);
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
    struct room_writer *a = &room.writers[0], *b = &room.writers[1];
    room_type(a, 0, 0, "un trois cinq");
    assert_int_equal(typing_write(a->typing, ROOM_NOW), VL_OK);
    room_everybody_reads(&room);
    room_type(a, 3, 0, "deux ");   /* in front of what b does */
    room_type(b, 9, 0, "quatre "); /* by b's own text */
    room_type(b, 0, 2, "1");       /* and in front of it */
    assert_int_equal(typing_write(a->typing, ROOM_NOW), VL_OK);
    circle_fixture_sync_all(room.f); /* a's comes while b's waits */
    room_pull(b);
    room_type(b, b->text.size, 0, " six");
    assert_int_equal(typing_write(b->typing, ROOM_NOW), VL_OK);
    room_everybody_reads(&room);
    for (size_t i = 0; i < ROOM_WRITERS; i++)
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
            room_type(&room.writers[who], i, 0, letter);
            assert_int_equal(typing_write(room.writers[who].typing, ROOM_NOW), VL_OK);
        }
    room_everybody_reads(&room);
    struct vl_buffer text = {0};
    room_written(&room, 2, &text);
    assert_int_equal(text.size, 8);
    assert_true(memcmp(text.data, "aaaabbbb", 8) == 0 || memcmp(text.data, "bbbbaaaa", 8) == 0);
    vl_buffer_finish(&text);
    room_close(&room);
}

static void refused_edits_change_nothing(void **state)
{
    (void)state;
    struct room room = room_open(5);
    struct room_writer *w = &room.writers[0];
    room_type(w, 0, 0, "abc");
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
    assert_int_equal(typing_write(w->typing, ROOM_NOW), VL_OK); /* many entries */
    struct vl_buffer text = {0};
    room_written(&room, 0, &text);
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
    struct room_writer *w = &room.writers[0];
    struct vl_buffer text = {0};
    for (int i = 0; i < 9000; i++) {
        char line[16];
        snprintf(line, sizeof line, "é%d\n", i);
        assert_int_equal(vl_buffer_append(&text, line, strlen(line)), VL_OK);
    }
    size_t before = room_entries(&room, 0);
    assert_int_equal(vl_buffer_append(&text, "", 1), VL_OK);
    room_type(w, 0, 0, "()");
    room_type(w, 1, 0, (const char *)text.data);
    assert_int_equal(typing_write(w->typing, ROOM_NOW), VL_OK);
    assert_in_range(room_entries(&room, 0) - before, 2, 5);
    room_everybody_reads(&room);
    assert_true(vl_bytes_equal(vl_buffer_view(&room.writers[2].text), vl_buffer_view(&w->text)));
    room_type(w, 5000, 30000, "-");
    assert_int_equal(typing_write(w->typing, ROOM_NOW), VL_OK);
    room_everybody_reads(&room);
    assert_true(vl_bytes_equal(vl_buffer_view(&room.writers[1].text), vl_buffer_view(&w->text)));
    vl_buffer_finish(&text);
    room_close(&room);
}

/* What was erased while she wrote behind it is no place any more: hers stays. */
static void erased_while_typing(void **state)
{
    (void)state;
    struct room room = room_open(7);
    struct room_writer *a = &room.writers[0], *b = &room.writers[1];
    room_type(a, 0, 0, "parti");
    assert_int_equal(typing_write(a->typing, ROOM_NOW), VL_OK);
    room_everybody_reads(&room);
    struct vl_head heads[8];
    size_t count;
    struct vl_id tombstone;
    struct vl_device_info device;
    assert_int_equal(vl_replica_heads(room.f->nodes[0].replica, heads, 8, &count), VL_OK);
    room_type(b, 5, 0, " reste");
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(vl_replica_author(room.f->nodes[0].replica, &heads[i].id, &device), VL_OK);
        if (!vl_id_equal(&device.person, &room.f->nodes[0].person)) continue;
        assert_int_equal(
            vl_replica_erase(room.f->nodes[0].replica, &heads[i].id, 1, ROOM_NOW, &tombstone),
            VL_OK);
    }
    circle_fixture_sync_all(room.f);
    assert_int_equal(typing_write(b->typing, ROOM_NOW), VL_OK);
    room_everybody_reads(&room);
    for (size_t i = 0; i < ROOM_WRITERS; i++)
        assert_text(&room, i, " reste");
    room_close(&room);
}

static struct vl_id last_of(const struct room *room, size_t who)
{
    struct vl_head heads[8];
    struct vl_device_info device;
    size_t count;
    assert_int_equal(vl_replica_heads(room->f->nodes[who].replica, heads, 8, &count), VL_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(vl_replica_author(room->f->nodes[who].replica, &heads[i].id, &device),
                         VL_OK);
        if (vl_id_equal(&device.person, &room->f->nodes[who].person)) return heads[i].id;
    }
    fail();
    return (struct vl_id){0};
}

static void writes(struct room *room, size_t who, size_t at, const char *text)
{
    room_type(&room->writers[who], at, 0, text);
    assert_int_equal(typing_write(room->writers[who].typing, ROOM_NOW), VL_OK);
    room_everybody_reads(room);
}

/* What stood in an erased text gets another place: on the screen too, beside what is typed there
 * and not written yet. */
static void what_moves_moves_on_the_screen(void **state)
{
    (void)state;
    struct room room = room_open(8);
    struct vl_id tombstone;
    writes(&room, 0, 0, "abcd");
    struct vl_id erased = last_of(&room, 0);
    writes(&room, 1, 4, "behind");
    writes(&room, 1, 2, "within");
    assert_text(&room, 2, "abwithincdbehind");
    room_type(&room.writers[2], 5, 3, "TH"); /* abwitTHcdbehind */
    room_type(&room.writers[2], 15, 0, "!");
    assert_int_equal(vl_replica_erase(room.f->nodes[0].replica, &erased, 1, ROOM_NOW, &tombstone),
                     VL_OK);
    room_everybody_reads(&room);
    assert_text(&room, 1, "behindwithin");
    assert_int_equal(typing_write(room.writers[2].typing, ROOM_NOW), VL_OK);
    room_everybody_reads(&room);
    for (size_t i = 0; i < ROOM_WRITERS; i++)
        assert_text(&room, i, "behindwitTH!");
    room_close(&room);
}

/* ---- histories ---- */

static void random_edit(struct room_writer *w, struct seeded *random)
{
    static const char *const typed[] = {"a", "é", "mot ", "😀", "\n", "longue phrase, ", ""};
    size_t units = room_units(&w->text);
    size_t at = (size_t)seeded_below(random, units + 1), gone = 0;
    if (seeded_below(random, 3) == 0 && units > at)
        gone = (size_t)seeded_below(random, units - at < 9 ? units - at + 1 : 9);
    room_type(w, at, gone, typed[seeded_below(random, sizeof typed / sizeof typed[0])]);
}

/* The newest entry of her own with text; those up to `first` made the circle and the meeting. */
static void erase_newest(struct room *room, size_t who, size_t first)
{
    struct fixture_node *node = &room->f->nodes[who];
    for (size_t i = memory_storage_entry_count(node->memory); i-- > first;) {
        const struct vl_entry_row *row = memory_storage_entry_at(node->memory, i);
        struct vl_id id = row->id, tombstone;
        struct vl_device_info author;
        if (row->kind != VL_ENTRY_CONTENT || row->entry.blob.data == NULL) continue;
        assert_int_equal(vl_replica_author(node->replica, &id, &author), VL_OK);
        if (!vl_id_equal(&author.person, &node->person)) continue;
        assert_int_equal(vl_replica_erase(node->replica, &id, 1, ROOM_NOW, &tombstone), VL_OK);
        return;
    }
}

/* Of three who type, write, erase, read and meet as chance will have it: in the end all have one
 * text, on the screen and in the circle, and what each sees is always what her copy and her own
 * typing say. */
static void random_histories_converge(void **state)
{
    (void)state;
    const uint64_t runs = test_scale(40, 4);
    for (uint64_t seed = 1; seed <= runs; seed++) {
        struct room room = room_open(100 + seed);
        struct seeded random;
        seeded_init(&random, seed, 0);
        const size_t first = room_entries(&room, 0);
        for (int step = 0; step < 150; step++) {
            size_t who = (size_t)seeded_below(&random, ROOM_WRITERS);
            struct room_writer *w = &room.writers[who];
            switch (seeded_below(&random, 6)) {
            case 0: assert_int_equal(typing_write(w->typing, ROOM_NOW), VL_OK); break;
            case 1: room_pull(w); break;
            case 2:
                circle_fixture_pull(room.f, who, (size_t)seeded_below(&random, ROOM_WRITERS));
                break;
            default:
                random_edit(w, &random);
                if (seeded_below(&random, 20) == 0) erase_newest(&room, who, first);
            }
        }
        for (size_t i = 0; i < ROOM_WRITERS; i++)
            assert_int_equal(typing_write(room.writers[i].typing, ROOM_NOW), VL_OK);
        room_everybody_reads(&room);
        struct vl_buffer text = {0};
        room_written(&room, 0, &text);
        for (size_t i = 0; i < ROOM_WRITERS; i++)
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
        cmocka_unit_test(what_moves_moves_on_the_screen),
        cmocka_unit_test(random_histories_converge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
