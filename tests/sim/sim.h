/* A deterministic world of real engines: virtual time, a virtual network, storage in memory. One
 * number decides everything that happens in it, libsodium's randomness included, so a seed is a
 * whole story that can be told again.
 *
 *   world.c     the clock, the queue of events, the trace
 *   node.c      one device: storage, replica, what it writes
 *   day.c       when people sit together, and when they sleep
 *   members.c   who comes, goes, and is removed
 *   network.c   connections: slow, stalling, breaking; sessions at their ends
 *   faults.c    what can go wrong, a table by name
 *   hostile*.c  members who mean harm; hostile.h
 *   checks.c    what must hold
 *   verify_once.c   signatures that were checked before
 *   main.c      options */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "tests/support/memory_storage.h"
#include "tests/support/seeded_random.h"
#include <sodium.h>
#include <veillee/session.h>

#define NODES_MIN       3u
#define HONEST_MAX      12u
#define HOSTILE_MAX     3u
#define PEOPLE_MAX      (HONEST_MAX + HOSTILE_MAX)
#define NODES_MAX       20u /* with copies and second devices */
#define CONNECTIONS_MAX 240u
#define RECORDS         6u
#define MINUTE          UINT64_C(60000)
#define HOUR            (60u * MINUTE)

/* ---- the world ---- */

enum event_kind {
    EVENT_WRITE,   /* a: node */
    EVENT_DIAL,    /* a: node */
    EVENT_GROW,    /* somebody is added */
    EVENT_MEMBER,  /* somebody vouches or promotes */
    EVENT_FAULT,   /* something goes wrong */
    EVENT_SIT,     /* a sitting begins */
    EVENT_RISE,    /* it has ended */
    EVENT_STIR,    /* a: node; b: 1 it wakes for a moment, 0 it sleeps again */
    EVENT_HOSTILE, /* somebody does harm */
    EVENT_REPLAY,  /* what was recorded of a connection that is over is sent again */
    EVENT_RESTART, /* a: node; tag: its life */
    EVENT_HEAL,    /* a partition ends; tag: its number */
    EVENT_REPAIR,  /* a: node, whose disk has room again; tag: its life */
    EVENT_DELIVER, /* a: connection, b: to which end; tag: the connection's number */
    EVENT_WAKE     /* a: connection, b: end; tag: the connection's number */
};

struct event {
    uint64_t at, order;
    enum event_kind kind;
    uint32_t a, b;
    uint64_t tag;
};

struct node {
    unsigned index;
    char name[16];
    uint8_t seed[32]; /* of her keys */
    struct vl_device_keys *keys;
    struct vl_id person;
    struct memory_storage *memory;
    struct vl_storage storage;
    struct vl_replica *replica; /* NULL while down */
    bool up;
    bool added, joined; /* somebody added her; she has a copy */
    unsigned adder;
    struct memory_storage *backup; /* NULL: none was made */
    bool rolled_back;              /* went back to a backup: what only she had is lost */
    bool is_moved;              /* the copy knows that it is not where it was written: a new log */
    bool power_cut;             /* the next failing call of the storage is one */
    bool crash_catching_up;     /* a power cut comes as soon as it is catching up */
    bool asleep;                /* closed: no connections, no writing */
    bool is_second;             /* a second device of somebody */
    bool hostile;               /* means harm: nothing is asked of it */
    bool misused;               /* somebody else made entries with its keys */
    bool stolen;                /* in the hands of a thief: its person has put it out */
    uint64_t frozen_until;      /* stands still, connections and all */
    uint64_t mute_until;        /* what it sends goes nowhere until then */
    uint64_t away_until;        /* does not wake before */
    uint64_t life;              /* counts restarts */
    int64_t wall_offset;        /* of her wall clock, ms */
    unsigned group;             /* side of a partition */
    struct vl_id *acknowledged; /* what vl_replica_write said is saved */
    size_t acknowledged_count, acknowledged_capacity;
};

struct message {
    uint64_t at;
    uint8_t *data;
    size_t size;
};

struct stream { /* one direction: to one end */
    struct message *items;
    size_t count, capacity, bytes;
    uint64_t last_at;
};

struct connection {
    bool open;
    uint64_t number;
    unsigned ends[2];               /* nodes */
    struct vl_session *sessions[2]; /* NULL: nobody is there, an attacker holds the wire */
    struct stream to[2];
    uint64_t wake_at[2];
    uint64_t stalled_until, delay; /* delay: more for each message, ms */
    unsigned loss;                 /* per mille of its packets, beside the network's */
    bool mangled;                  /* bytes were changed: any error is right */
    unsigned mangled_end;          /* for whom */
    bool is_scripted;   /* end 0 says what was made by hand; the last message ends it so: */
    vl_result must_end; /* VL_OK: not at all */
    bool stranger;      /* end 0 is nobody's device: it may get one message */
    size_t sent[2];
    struct stream recorded; /* what end 0 sent */
};

#define SITTINGS_MAX  4u
#define PROPOSALS_MAX 32u
#define ERASED_MAX    32u
#define NOTES_MAX     512u

struct epoch_note { /* somebody wrote under this epoch */
    struct vl_id key_id;
    uint32_t barred; /* nodes that she knew to be out: they never get its secret */
};

struct profile {              /* drawn from the seed */
    unsigned nodes, hostiles; /* nodes: all */
    bool forks;               /* hostile ones fork their logs too */
    uint64_t duration, write_mean, dial_mean, fault_mean, member_mean, hostile_mean;
    uint64_t latency;
    size_t pending;  /* how many entries may wait in a session */
    unsigned loss;   /* per mille of packets */
    unsigned replay; /* per mille of connections that are sent again when they are over */
    unsigned large;  /* per mille of writes that are large */
    bool endings;    /* people are removed, leave, step down, come back */
    uint64_t faults; /* bits: which are possible */
    struct {
        uint64_t begin, end;
    } sittings[SITTINGS_MAX]; /* sorted */
    size_t sitting_count;
};

struct world {
    uint64_t seed;
    bool tells;
    struct seeded random, life; /* life: what becomes of members */
    struct profile profile;
    uint64_t now;
    struct event *heap;
    size_t heap_count, heap_capacity;
    uint64_t orders;

    struct vl_id circle;
    struct node nodes[NODES_MAX];
    struct connection connections[CONNECTIONS_MAX];
    size_t slots; /* of these were used at most */
    uint64_t connection_numbers, partition_number;
    struct {
        uint64_t not_before;
        unsigned count;
    } refusals[NODES_MAX][NODES_MAX]; /* by who dials, whom */
    struct stream transcript;         /* what end 0 of an old connection sent */
    unsigned transcript_from, transcript_to;

    struct vl_id proposals[PROPOSALS_MAX]; /* removals and demotions */
    size_t proposal_count, ends;
    struct epoch_note notes[NOTES_MAX];
    size_t note_count;
    struct vl_id erased[ERASED_MAX]; /* and who said that they are: */
    unsigned erasers[ERASED_MAX];
    size_t erased_count;
    size_t erasures; /* that were begun: a power cut may come before one is said to be done */
    bool forked;     /* somebody hostile has said one thing to one and another to another */
    bool many_logs;  /* somebody hostile has begun many */
    bool cut_chunk;  /* the next connection in the middle of a chunk breaks */

    uint64_t happened, attacked; /* bits: which faults, which kinds of attack */
    bool calm;                   /* healing: nothing goes wrong any more */
    crypto_generichash_state trace;
    bool failed;
    char failure[256];
    uint64_t events, messages, writes, faults, attacks, breaks;
};

struct outcome {
    bool failed;
    char failure[256];
    uint8_t trace[32];
    uint64_t events, messages, writes, faults, attacks, minutes;
    uint64_t happened, attacked;
};

/* nodes 0: drawn from the seed. */
struct outcome world_run(uint64_t seed, unsigned nodes, bool tells);

/* world.c */
void world_schedule(struct world *w, uint64_t after, enum event_kind kind, uint32_t a, uint32_t b,
                    uint64_t tag);
void world_trace(struct world *w, const char *what, const void *data, size_t size);
/* A line of the story, only when it is told. */
void tell(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The seed has failed; the first reason is kept. */
void world_fail(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void *need(void *memory);

/* day.c */
void day_draw(struct world *w);
void day_begin(struct world *w);
/* How long something takes that takes `activity` while people sit together. */
uint64_t day_wait(const struct world *w, uint64_t activity);
void day_sit(struct world *w);
void day_rise(struct world *w);
void day_stir(struct world *w, struct node *n, bool wakes);
void day_sleep(struct world *w, struct node *n);

/* node.c */
void node_init(struct world *w, unsigned index);
void node_finish(struct node *n);
void node_found(struct world *w); /* 0 and 1 begin the circle */
vl_wall node_wall(const struct world *w, const struct node *n);
/* Writes something and tells the peers; the first alone returns whether it was saved. */
bool node_write_quietly(struct world *w, struct node *n);
void node_write(struct world *w, struct node *n);
/* Power cut: what was not committed is gone. Restarts after a while. */
void node_crash(struct world *w, struct node *n, const char *why);
/* A copy of the folder as it is now is put away; put back (power cut first); put to use beside. */
void node_backup(struct world *w, struct node *n);
void node_roll_back(struct world *w, struct node *n);
void node_copy(struct world *w, const struct node *n);
void node_restart(struct world *w, struct node *n);

/* What is whose, in some histories: every sixth seed, none of those that are kept in seeds.txt. */
vl_may_write node_rule(const struct world *w);

/* Her person's second device begins, empty; or NULL when there is no room. */
struct node *node_second_device(struct world *w, const struct node *n);
/* Whether something can happen on it now. */
bool node_awake(const struct world *w, const struct node *n);
bool node_empty(const struct node *n);
struct node *node_random_up(struct world *w); /* a member that is up and awake, or NULL */
/* Takes the blob of something that she wrote away for ever, everywhere. */
void node_erase(struct world *w, struct node *n);

struct vl_enrolment node_enrolment(const struct world *w, const struct node *n);
bool node_may_refuse(const struct world *w, const struct node *n, vl_result result);
/* Her person's share of logs is spent, and not by an honest program alone: in her own copy, and in
 * that of another. */
bool node_share_is_spent(const struct world *w, const struct node *n);
bool node_share_is_spent_at(const struct world *w, const struct node *n, const struct node *at);

/* members.c */
/* Whether `other` is a current device as n sees it; false too when n cannot say. */
bool members_sees(const struct node *n, const struct node *other);
void members_grow(struct world *w);
void members_act(struct world *w);
/* A person's second device; a device is stolen, and the person's other one puts it out. */
void members_add_device(struct world *w, struct node *n);
void members_lose_device(struct world *w, struct node *n);
/* Two facilitators who cannot reach each other remove somebody each. */
void members_rival_removals(struct world *w);
/* Who was added by somebody who is gone asks somebody else in. */
void members_find_host(struct world *w, struct node *newcomer);
void members_note_write(struct world *w, const struct node *n);
/* Gives n everything that `from` has, as if it had been stolen from her. */
void members_give_all(struct world *w, struct node *n, struct node *from);
/* Nobody who was out holds the secret of an epoch that was written under by who knew it. */
void members_check_secrets(struct world *w);

/* network.c */
bool network_reaches(const struct world *w, const struct node *a, const struct node *b);
void network_dial(struct world *w, struct node *a, struct node *b);
void network_dial_somebody(struct world *w, struct node *a);
/* An attacker feeds what was recorded to the node that it was for. */
void network_replay(struct world *w);
/* Somebody without membership connects and says `hello` bytes. */
void network_stranger(struct world *w, struct node *victim);
/* A connection whose end 0 is a hostile member: what she says is pushed before it begins. NULL. */
struct connection *network_ghost(struct world *w, const struct node *hostile, struct node *victim);
void network_ghost_says(struct world *w, struct connection *c, const uint8_t *data, size_t size);
void network_ghost_begins(struct world *w, struct connection *c);
void network_mangle(struct world *w);
void network_stall(struct world *w, uint64_t length);
struct connection *network_random(struct world *w); /* an open one between two nodes, or NULL */
/* Some connections of two nodes at once, each as slow as it happens to be. */
void network_flood(struct world *w, struct node *a, struct node *b, unsigned count);
void network_break(struct world *w, struct connection *c, const char *why);
void network_break_node(struct world *w, const struct node *n, const char *why);
void network_cut(struct world *w); /* breaks what crosses a partition */
void network_pump_node(struct world *w, const struct node *n);
void network_deliver(struct world *w, const struct event *event);
void network_wake(struct world *w, const struct event *event);
void network_set_clock(struct world *w, const struct node *n);
void network_finish(struct world *w);
/* Where everybody stands, for the story of a failure. */
void network_tell(struct world *w);
size_t network_waiting(const struct world *w);

/* faults.c */
struct fault {
    const char *name, *what;
    void (*happen)(struct world *w);
};
extern const struct fault faults[];
extern const size_t fault_count;

/* hostile.c */
void hostile_attack(struct world *w);
size_t hostile_kinds(void); /* how many kinds of attack there are, at most 64 */
/* Somebody who found an honest person's key makes an entry with it. */
void hostile_forge(struct world *w);

/* checks.c */
bool check_honest(const struct node *n);
/* Whether an honest node is in, as everybody sees it whom it sees. */
bool check_in_core(const struct world *w, unsigned index);
bool check_converged(struct world *w);
void check_end(struct world *w);

#endif
