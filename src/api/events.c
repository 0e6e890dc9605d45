#include "api/events.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READER_BYTES (EVENT_HEAD_BYTES_MAX + EVENT_DATA_BYTES_MAX)

struct event_text {
    char *text; /* whole, as it is sent; NULL: none */
    size_t size;
};
struct events {
    uint64_t oldest, next; /* numbers; those from oldest to before next are kept */
    bool locked;
    struct event_text kept[EVENTS_KEPT]; /* by number */
    uint64_t passed;                     /* how many passed */
    struct event_text passing[EVENTS_PASSING];
};

static struct event_text *place_of(struct events *all, uint64_t number)
{
    return &all->kept[number % EVENTS_KEPT];
}

static void drop(struct event_text *event)
{
    if (event->text != NULL) sodium_memzero(event->text, event->size);
    free(event->text);
    *event = (struct event_text){0};
}

static void drop_all(struct events *all)
{
    for (size_t i = 0; i < EVENTS_KEPT; i++) {
        drop(&all->kept[i]);
    }
    for (size_t i = 0; i < EVENTS_PASSING; i++) {
        drop(&all->passing[i]);
    }
}

vl_result events_create(struct events **out)
{
    struct events *all = calloc(1, sizeof *all);
    if (all == NULL) return VL_ERR_NO_MEMORY;
    /* Below 2^52 with room above: JavaScript counts up to 2^53. */
    randombytes_buf(&all->next, sizeof all->next);
    all->next = (all->next >> 12) + 1;
    all->oldest = all->next;
    all->locked = true;
    *out = all;
    return VL_OK;
}

void events_destroy(struct events *all)
{
    if (all == NULL) return;
    drop_all(all);
    free(all);
}

static bool write_event(struct event_text *place, const char *head, size_t size,
                        struct vl_bytes data)
{
    place->text = malloc(size + data.size + 2);
    if (place->text == NULL) return false;
    memcpy(place->text, head, size);
    if (data.size > 0) memcpy(place->text + size, data.data, data.size);
    memcpy(place->text + size + data.size, "\n\n", 2);
    place->size = size + data.size + 2;
    return true;
}

void events_post(struct events *all, const char *name, struct vl_bytes data)
{
    char head[EVENT_HEAD_BYTES_MAX];
    uint64_t number = all->next++;
    struct event_text *place = place_of(all, number);
    drop(place);
    if (number - all->oldest >= EVENTS_KEPT) all->oldest = number - EVENTS_KEPT + 1;
    int size = snprintf(head, sizeof head,
                        "id: %llu\nevent: %s\ndata: ", (unsigned long long)number, name);
    bool fits = size > 0 && (size_t)size + 2 < sizeof head && data.size <= EVENT_DATA_BYTES_MAX;
    /* Where it is missing, whoever waits for it has a gap. */
    if (!fits || !write_event(place, head, (size_t)size, data)) all->oldest = all->next;
}

void events_pass(struct events *all, const char *name, struct vl_bytes data)
{
    char head[EVENT_HEAD_BYTES_MAX];
    const int size = snprintf(head, sizeof head, "event: %s\ndata: ", name);
    const bool fits =
        size > 0 && (size_t)size + 2 < sizeof head && data.size <= EVENT_DATA_BYTES_MAX;
    if (!fits) return;
    struct event_text *place = &all->passing[all->passed % EVENTS_PASSING];
    drop(place);
    if (!write_event(place, head, (size_t)size, data)) return;
    all->passed++;
}

void events_forget(struct events *all, bool locked)
{
    drop_all(all);
    all->oldest = all->next;
    all->locked = locked;
}

uint64_t events_last(const struct events *all)
{
    return all->next - 1;
}

/* ---- reading ---- */

/* The next one after the number that is said; 0: not a number of events that are here. */
static uint64_t next_after(const struct events *all, const char *last)
{
    uint64_t number = 0;
    size_t size = strlen(last);
    if (size == 0 || size > 16 || strspn(last, "0123456789") != size) return 0;
    for (size_t i = 0; i < size; i++) {
        number = number * 10 + (uint64_t)(last[i] - '0');
    }
    return number + 1 >= all->oldest && number < all->next ? number + 1 : 0;
}

vl_result events_reader_begin(struct events_reader *reader, const struct events *all,
                              const char *last)
{
    *reader = (struct events_reader){.next = all->next, .passing = all->passed, .begins = true};
    if (last != NULL) {
        uint64_t next = next_after(all, last);
        reader->gap = next == 0;
        if (next != 0) reader->next = next;
    }
    reader->text = malloc(READER_BYTES);
    return reader->text == NULL ? VL_ERR_NO_MEMORY : VL_OK;
}

void events_reader_finish(struct events_reader *reader)
{
    if (reader->text != NULL) sodium_memzero(reader->text, READER_BYTES);
    free(reader->text);
    *reader = (struct events_reader){0};
}

void events_reader_beat(struct events_reader *reader)
{
    reader->beat = true;
}

/* What passes and is still here; NULL: nothing that she has not got. */
static const struct event_text *next_passing(struct events_reader *reader, const struct events *all)
{
    if (all->passed - reader->passing > EVENTS_PASSING)
        reader->passing = all->passed - EVENTS_PASSING;
    while (reader->passing < all->passed) {
        const struct event_text *event = &all->passing[reader->passing++ % EVENTS_PASSING];
        if (event->text != NULL) return event;
    }
    return NULL;
}

/* Puts what comes next into the reader's own memory: it is sent whole, also when the ring goes on
 * meanwhile. */
static void fetch(struct events_reader *reader, const struct events *all)
{
    const struct event_text *passing;
    int size = 0;
    if (!reader->begins && reader->next < all->oldest) reader->gap = true;
    if (reader->gap) reader->next = all->next;
    if (reader->begins || reader->gap) {
        size =
            snprintf(reader->text, READER_BYTES, "%sid: %llu\nevent: %s\ndata: {\"locked\":%s}\n\n",
                     reader->begins ? "retry: 1000\n" : "", (unsigned long long)reader->next - 1,
                     reader->gap ? "resync" : "ready", all->locked ? "true" : "false");
    } else if (reader->next < all->next) {
        const struct event_text *event = &all->kept[reader->next % EVENTS_KEPT];
        memcpy(reader->text, event->text, event->size);
        size = (int)event->size;
        reader->next++;
    } else if ((passing = next_passing(reader, all)) != NULL) {
        memcpy(reader->text, passing->text, passing->size);
        size = (int)passing->size;
    } else if (reader->beat) {
        size = snprintf(reader->text, READER_BYTES, ":\n\n");
    }
    reader->begins = reader->gap = reader->beat = false;
    reader->size = (size_t)size;
    reader->sent = 0;
}

size_t events_read(struct events_reader *reader, const struct events *all, char *out, size_t max)
{
    size_t count = 0;
    while (count < max) {
        if (reader->sent == reader->size) fetch(reader, all);
        size_t part = reader->size - reader->sent;
        if (part == 0) break;
        if (part > max - count) part = max - count;
        memcpy(out + count, reader->text + reader->sent, part);
        reader->sent += part;
        count += part;
    }
    return count;
}
