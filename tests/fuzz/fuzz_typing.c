/* Three who type in one text, each whatever comes: write, read, meet, erase, open anew. What each
 * has in front of her always is what the changes made of it; an edit is done wholly or not at all;
 * in the end all have one text, on the screen and in the circle.
 *
 *   input = steps: u8 who and what, then of an edit: u8 at, u8 gone, u8 size, bytes typed */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/seeded_random.h"
#include "tests/support/typing_room.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX 64u

static struct room room;
static struct memory_storage *before[ROOM_WRITERS];
static size_t first_text[ROOM_WRITERS]; /* the entries before it made the circle and the meeting */

static void need(bool holds)
{
    if (!holds) abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    seeded_install_sodium();
    if (sodium_init() < 0) abort();
    seeded_reseed_sodium(3);
    room = room_open(3);
    for (size_t i = 0; i < ROOM_WRITERS; i++)
        first_text[i] = room_entries(&room, i);
    room_type(&room.writers[0], 0, 0, "déjà là\n");
    need(typing_write(room.writers[0].typing, ROOM_NOW) == VL_OK);
    room_everybody_reads(&room);
    for (size_t i = 0; i < ROOM_WRITERS; i++)
        before[i] = memory_storage_clone(room.f->nodes[i].memory);
    return 0;
}

static void begin(void)
{
    for (size_t i = 0; i < ROOM_WRITERS; i++) {
        typing_close(room.writers[i].typing);
        room.writers[i].typing = NULL;
        memory_storage_restore(room.f->nodes[i].memory, before[i]);
        circle_fixture_reopen(room.f, i);
        room_enter(&room, i);
    }
}

static void edit(struct room_writer *w, size_t at, size_t gone, struct vl_bytes typed)
{
    const size_t units = room_units(&w->text), waiting = typing_waiting(w->typing);
    const struct typing_edit one = {at % (units + 2), gone, typed};
    vl_result result = typing_edit(w->typing, &one, 1);
    if (result == VL_OK) {
        room_change(&w->text, one.at, one.gone, typed);
    } else {
        need(result == VL_ERR_INVALID || result == VL_ERR_UTF8);
        need((result == VL_ERR_INVALID) == (one.at > units || gone > units - one.at));
        need(typing_waiting(w->typing) == waiting);
    }
}

/* The newest entry of her own that may be erased; the meeting stays. */
static void erase(size_t who)
{
    struct fixture_node *node = &room.f->nodes[who];
    for (size_t i = memory_storage_entry_count(node->memory); i-- > first_text[who];) {
        const struct vl_entry_row *row = memory_storage_entry_at(node->memory, i);
        struct vl_id id = row->id, tombstone;
        struct vl_device_info author;
        if (row->kind != VL_ENTRY_CONTENT || row->entry.blob.data == NULL) continue;
        if (vl_replica_author(node->replica, &id, &author) != VL_OK) continue;
        if (!vl_id_equal(&author.person, &node->person)) continue;
        need(vl_replica_erase(node->replica, &id, 1, ROOM_NOW, &tombstone) == VL_OK);
        return;
    }
}

static void step(size_t who, unsigned what)
{
    switch (what) {
    case 0: need(typing_write(room.writers[who].typing, ROOM_NOW) == VL_OK); break;
    case 1: room_pull(&room.writers[who]); break;
    case 2: (void)circle_fixture_pull(room.f, who, (who + 1) % ROOM_WRITERS); break;
    case 3: (void)circle_fixture_pull(room.f, who, (who + 2) % ROOM_WRITERS); break;
    case 4: room_enter(&room, who); break;
    default: erase(who); break;
    }
}

static void assert_one_text(void)
{
    struct vl_buffer text = {0};
    for (size_t i = 0; i < ROOM_WRITERS; i++)
        need(typing_write(room.writers[i].typing, ROOM_NOW) == VL_OK);
    circle_fixture_sync_all(room.f);
    room_written(&room, 0, &text);
    for (size_t i = 0; i < ROOM_WRITERS; i++) {
        room_pull(&room.writers[i]);
        need(vl_bytes_equal(vl_buffer_view(&room.writers[i].text), vl_buffer_view(&text)));
    }
    need(circle_fixture_agree(room.f));
    vl_buffer_finish(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin();
    for (unsigned i = 0; i < STEPS_MAX && size > 0; i++) {
        size_t who = data[0] % ROOM_WRITERS;
        unsigned what = data[0] / ROOM_WRITERS % 16;
        data++, size--;
        if (what < 6) {
            step(who, what);
            continue;
        }
        if (size < 3) break;
        size_t typed = data[2] % 64 < size - 3 ? data[2] % 64 : size - 3;
        edit(&room.writers[who], data[0], data[1] % 8, vl_bytes(data + 3, typed));
        data += 3 + typed, size -= 3 + typed;
    }
    assert_one_text();
    return 0;
}
