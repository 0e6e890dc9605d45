/* A founded circle of n persons, each with one device, a replica and a memory storage, for tests.
 * Keys follow from the seed; the rest of the randomness is libsodium's (the simulator replaces
 * it). Everything here aborts with a sentence when it fails, so tests need not look. */
#ifndef TESTS_SUPPORT_CIRCLE_FIXTURE_H
#define TESTS_SUPPORT_CIRCLE_FIXTURE_H

#include "tests/support/memory_storage.h"
#include <veillee/replica.h>

struct fixture_node {
    uint8_t seed[32]; /* of its keys */
    struct vl_device_keys *keys;
    struct vl_id person;
    struct memory_storage *memory;
    struct vl_storage storage;
    struct vl_replica *replica; /* NULL while closed */
};

struct circle_fixture {
    struct vl_id id;
    uint8_t random[32];
    size_t count;
    struct fixture_node *nodes;
    vl_wall now;            /* written into entries; a test may set it */
    vl_may_write may_write; /* of the copies that are opened from now on; NULL */
};

/* Persons 0 and 1 found the circle, 0 adds the others; all are in sync. One person: a private
 * space. */
struct circle_fixture *circle_fixture_create(size_t persons, uint64_t seed);
void circle_fixture_destroy(struct circle_fixture *f); /* accepts NULL */

/* One more person, whom nobody has added: an empty replica of the circle. Returns her number. */
size_t circle_fixture_stranger(struct circle_fixture *f);
/* Node `by` adds that person. */
void circle_fixture_add(struct circle_fixture *f, size_t by, size_t person);
struct vl_enrolment circle_fixture_enrolment(const struct circle_fixture *f, size_t person);

/* Everything `from` has that `to` lacks, by direct calls, in chunks, until nothing more arrives.
 * Returns how many entries went over. */
size_t circle_fixture_pull(struct circle_fixture *f, size_t to, size_t from);
void circle_fixture_sync_all(struct circle_fixture *f);

/* Closes and opens a node's replica on its storage; after memory_storage_crash too. */
void circle_fixture_reopen(struct circle_fixture *f, size_t node);

/* Every node opens its copy again, with what is whose by this rule. Before anything was written. */
void circle_fixture_rule(struct circle_fixture *f, vl_may_write may_write);

/* One register, one element or one run of text at the end, written by a node. */
struct vl_id circle_fixture_set(struct circle_fixture *f, size_t node, uint32_t type,
                                const struct vl_record_id *record, uint32_t field,
                                const char *text);
struct vl_id circle_fixture_add_element(struct circle_fixture *f, size_t node, uint32_t type,
                                        const struct vl_record_id *record, uint32_t field,
                                        const char *text);

struct vl_id circle_fixture_digest(struct circle_fixture *f, size_t node);
/* Whether all nodes have the same heads and the same digest. */
bool circle_fixture_agree(struct circle_fixture *f);
struct vl_record_id fixture_record(uint64_t number);

/* A copy of a run of entries of one log. */
struct entry_run {
    struct vl_entry *items;
    size_t count;
    void **blocks;
};
struct entry_run circle_fixture_run(struct circle_fixture *f, size_t node, const struct vl_id *log,
                                    uint64_t from, size_t max);
/* Appends copies of one entry, with other bytes if a test wants so. */
void entry_run_add(struct entry_run *run, const struct vl_entry *entry);
/* Appends an entry made from a header as it is, signed by `keys`; the hash and size of the blob are
 * set. What a hostile member's program could send. */
void entry_run_forge(struct entry_run *run, struct vl_entry_header *header, struct vl_bytes blob,
                     const struct vl_device_keys *keys, struct vl_id *id);
void entry_run_finish(struct entry_run *run);

#endif
