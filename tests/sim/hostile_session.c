/* A session's messages made by hand, over a channel that has her key: the victim ends it with a
 * named error where a rule is broken, bears it where none is, and keeps what it may at most. */
#include "sync/session_internal.h"
#include "tests/sim/hostile.h"
#include "tests/support/circle_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAITING_LOGS 24u
#define HEADS        64u

struct script {
    struct world *w;
    struct node *hostile, *victim;
    struct connection *c;
};

static void say(struct script *s, struct vl_buffer *message)
{
    network_ghost_says(s->w, s->c, message->data, message->size);
    vl_buffer_finish(message);
}

static void must(vl_result result)
{
    if (result == VL_OK) return;
    fprintf(stderr, "veillee-sim: a message by hand: %s\n", vl_result_name(result));
    abort();
}

static void say_heads(struct script *s, const struct vl_head *heads, size_t count)
{
    struct vl_buffer out = {0};
    size_t at = 0;
    must(message_heads_write(heads, count, &at, &out));
    say(s, &out);
}

static void say_drained(struct script *s)
{
    struct vl_buffer out = {0};
    size_t at = 0;
    must(message_have_write(NULL, 0, &at, true, &out));
    say(s, &out);
}

static void say_entries(struct script *s, const struct vl_entry *entries, size_t count,
                        const struct vl_entry_header *first, bool ends)
{
    struct chunk *c = NULL;
    must(chunk_create(&c, &first->log, first->seq, &first->prev));
    for (size_t i = 0; i < count; i++)
        must(chunk_append(c, &entries[i]));
    while (c->done < c->count) {
        struct vl_buffer out = {0};
        must(message_entries_write(c, false, &out));
        if (!ends) out.data[1] &= (uint8_t)~ENTRIES_LAST;
        say(s, &out);
    }
    chunk_destroy(c);
}

/* One for each log, also of one that was forked. */
static size_t heads_of(const struct node *n, struct vl_head *heads)
{
    size_t count = 0;
    size_t kept = 0;
    if (vl_replica_heads(n->replica, heads, HEADS, &count) != VL_OK) return 0;
    for (size_t i = 0; i < count && i < HEADS; i++)
        if (kept == 0 || !vl_id_equal(&heads[kept - 1].log, &heads[i].log))
            heads[kept++] = heads[i];
    return kept;
}

/* ---- what she says after HELLO: the error that must end it, VL_OK: none ---- */

static vl_result waits_for_ever(struct script *s)
{
    say_heads(s, NULL, 0);
    for (size_t i = 0; i < WAITING_LOGS; i++) {
        struct forgery f;
        struct entry_run run = {0};
        struct vl_id id;
        forgery_begin(&f, s->w, s->hostile, s->victim);
        hostile_bytes(s->w, &f.header.links[0], sizeof f.header.links[0]);
        f.header.link_count = 1;
        f.header.lamport = 2;
        entry_run_forge(&run, &f.header, vl_bytes("rubbish", 7), s->hostile->keys, &id);
        say_entries(s, run.items, run.count, &f.header, true);
        entry_run_finish(&run);
    }
    return VL_OK;
}

static vl_result lies_about_heads(struct script *s)
{
    struct vl_head heads[HEADS];
    size_t count = heads_of(s->victim, heads);
    for (size_t i = 0; i < count; i++) {
        if (seeded_chance(&s->w->life, 400)) continue;
        heads[i].seq += seeded_below(&s->w->life, 9);
        hostile_bytes(s->w, &heads[i].id, sizeof heads[i].id);
    }
    say_heads(s, heads, count);
    say_drained(s);
    return VL_OK;
}

static vl_result has_nothing(struct script *s)
{
    say_heads(s, NULL, 0);
    say_drained(s);
    return VL_OK;
}

static vl_result has_everything(struct script *s)
{
    struct vl_head heads[HEADS];
    struct vl_buffer out = {0};
    size_t at = 0;
    size_t count = heads_of(s->victim, heads);
    say_heads(s, NULL, 0);
    for (size_t i = 0; i < count; i++)
        heads[i].seq += 1000000;
    if (count == 0) return VL_OK;
    must(message_have_write(heads, count, &at, false, &out));
    say(s, &out);
    return VL_OK;
}

static vl_result never_ends_a_chunk(struct script *s)
{
    struct forgery f;
    struct entry_run run = {0};
    struct vl_id id;
    forgery_begin(&f, s->w, s->hostile, s->victim);
    entry_run_forge(&run, &f.header, vl_bytes("rubbish", 7), s->hostile->keys, &id);
    say_heads(s, NULL, 0);
    say_entries(s, run.items, run.count, &f.header, false);
    entry_run_finish(&run);
    return VL_OK;
}

static vl_result drains_twice(struct script *s)
{
    say_heads(s, NULL, 0);
    say_drained(s);
    say_drained(s);
    return VL_ERR_STATE;
}

static vl_result proves_unasked(struct script *s)
{
    struct vl_buffer out = {0};
    must(message_proof_write(NULL, 0, true, &out));
    say(s, &out);
    return VL_ERR_STATE;
}

static vl_result speaks_nonsense(struct script *s)
{
    uint8_t nonsense[40];
    hostile_bytes(s->w, nonsense, sizeof nonsense);
    nonsense[0] = MESSAGE_TYPE_COUNT;
    network_ghost_says(s->w, s->c, nonsense, sizeof nonsense);
    return VL_ERR_KIND;
}

static vl_result keep_row(void *context, const struct vl_entry_row *row)
{
    entry_run_add(context, &row->entry);
    return VL_OK;
}

/* Two honest entries that follow each other, shown as a fork; or the second one changed. */
static vl_result frames_somebody(struct script *s)
{
    struct vl_head heads[HEADS];
    struct entry_run run = {0};
    struct vl_buffer out = {0};
    struct vl_buffer proof = {0};
    struct vl_entry_header zero;
    size_t count = heads_of(s->victim, heads);
    if (count == 0) return VL_OK;
    const struct vl_id *log = &heads[seeded_below(&s->w->life, count)].log;
    for (uint64_t seq = 0; seq < 2; seq++)
        if (vl_replica_read_chunk(s->victim->replica, log, seq, 1, VL_CHUNK_BYTES_MAX, keep_row,
                                  &run) != VL_OK)
            break;
    bool changed = seeded_chance(&s->w->life, 500);
    if (run.count == 2 && !s->w->forked) {
        must(vl_entry_header_decode(run.items[0].header, &zero));
        struct vl_writer writer = vl_writer(&proof, VL_FORK_PROOF_BYTES_MAX);
        vl_write_exact(&writer, zero.sign_key, sizeof zero.sign_key);
        vl_write_exact(&writer, zero.incarnation, sizeof zero.incarnation);
        for (size_t i = 0; i < 2; i++) {
            vl_write_string(&writer, run.items[i].header);
            if (i == 1 && changed) proof.data[proof.size - 9] ^= 1; /* in the hash of its blob */
            vl_write_exact(&writer, run.items[i].signature, sizeof run.items[i].signature);
        }
        must(vl_writer_result(&writer));
        say_heads(s, NULL, 0);
        must(message_fork_write(vl_buffer_view(&proof), &out));
        say(s, &out);
    }
    vl_result expected = run.count != 2 || s->w->forked ? VL_OK
                         : changed                      ? VL_ERR_SIGNATURE
                                                        : VL_ERR_INVALID;
    entry_run_finish(&run);
    vl_buffer_finish(&proof);
    return expected;
}

/* What others wrote and the victim lacks, without the words. */
static vl_result withholds_blobs(struct script *s)
{
    struct vl_head heads[HEADS];
    const struct node *source = node_random_up(s->w);
    say_heads(s, NULL, 0);
    if (source == NULL || source == s->victim) return VL_OK;
    size_t count = heads_of(source, heads);
    for (size_t i = 0; i < count; i++) {
        struct entry_run run = {0};
        struct vl_entry_header first;
        uint64_t from = heads[i].seq - seeded_below(&s->w->life, heads[i].seq + 1) / 8;
        if (vl_replica_read_chunk(source->replica, &heads[i].log, from, VL_CHUNK_ENTRIES_MAX,
                                  VL_CHUNK_BYTES_MAX, keep_row, &run) == VL_OK) {
            for (size_t k = 0; k < run.count; k++) {
                must(vl_entry_header_decode(run.items[k].header, &first));
                if (first.kind != VL_ENTRY_CONTROL) run.items[k].blob = vl_bytes(NULL, 0);
            }
            must(vl_entry_header_decode(run.items[0].header, &first));
            say_entries(s, run.items, run.count, &first, true);
        }
        entry_run_finish(&run);
    }
    return VL_OK;
}

static void say_cursor(struct script *s, const struct vl_cursor *cursor, size_t cut)
{
    struct vl_buffer out = {0};
    must(message_cursor_write(cursor, &out));
    out.size -= cut < out.size ? cut : 0;
    say(s, &out);
}

/* More than anybody writes, about what the victim may never have heard of. */
static vl_result floods_with_cursors(struct script *s)
{
    say_heads(s, NULL, 0);
    for (size_t i = 0; i < 20 * VL_CURSOR_BURST; i++) {
        struct vl_cursor cursor = {.type = (uint32_t)seeded_below(&s->w->life, VL_TYPE_MAX + 1)};
        hostile_bytes(s->w, &cursor.record, sizeof cursor.record);
        hostile_bytes(s->w, &cursor.unit.dot.entry, sizeof cursor.unit.dot.entry);
        cursor.unit.offset = (uint32_t)seeded_u64(&s->w->life);
        cursor.is_gone = seeded_chance(&s->w->life, 300);
        say_cursor(s, &cursor, 0);
    }
    return VL_OK;
}

static vl_result breaks_a_cursor_off(struct script *s)
{
    const struct vl_cursor cursor = {.type = 4, .field = 11, .unit = {.offset = 7}};
    say_heads(s, NULL, 0);
    say_cursor(s, &cursor, seeded_between(&s->w->life, 1, 34));
    return VL_ERR_TRUNCATED;
}

static const struct {
    const char *what;
    vl_result (*go_on)(struct script *s);
    bool any_end; /* whether it may end, and with what, depends on what came meanwhile */
} scripts[] = {
    {"sends entries that wait for ever", waits_for_ever, false},
    {"lies about what she has", lies_about_heads, true},
    {"says that she has nothing", has_nothing, false},
    {"says that she has everything", has_everything, false},
    {"never ends a chunk", never_ends_a_chunk, false},
    {"answers what was not asked", drains_twice, false},
    {"proves what was not asked", proves_unasked, false},
    {"speaks nonsense", speaks_nonsense, false},
    {"shows a false proof of a fork", frames_somebody, false},
    {"withholds what others wrote", withholds_blobs, true},
    {"floods with cursors", floods_with_cursors, false},
    {"breaks a cursor off", breaks_a_cursor_off, false},
};

const size_t hostile_session_kinds = sizeof scripts / sizeof *scripts;

size_t hostile_session(struct world *w, struct node *hostile, struct node *victim)
{
    struct script s = {.w = w, .hostile = hostile, .victim = victim};
    struct message_hello hello = {.prove = false};
    struct vl_buffer out = {0};
    size_t which = seeded_below(&w->life, hostile_session_kinds);
    if (!members_sees(victim, hostile)) return which;
    s.c = network_ghost(w, hostile, victim);
    if (s.c == NULL) return which;
    tell(w, "%s %s to %s", hostile->name, scripts[which].what, victim->name);
    hostile_bytes(w, &hello.digest, sizeof hello.digest);
    must(message_hello_write(&hello, &out));
    say(&s, &out);
    s.c->must_end = scripts[which].go_on(&s);
    s.c->is_scripted = !scripts[which].any_end;
    network_ghost_begins(w, s.c);
    return which;
}
