/* struct vl_storage in memory, for tests and the simulator: transactions, faults at the Nth call,
 * power cuts, copies. Everything about it is deterministic. */
#ifndef TESTS_SUPPORT_MEMORY_STORAGE_H
#define TESTS_SUPPORT_MEMORY_STORAGE_H

#include <veillee/storage.h>

struct memory_storage;

struct memory_storage *memory_storage_create(void); /* aborts when there is no memory */
void memory_storage_destroy(struct memory_storage *m);
/* Valid until destroyed; all ports of one storage are the same. */
struct vl_storage memory_storage_port(struct memory_storage *m);

/* The nth call from now (1: the next) returns `result` and does nothing else; `lasting`: so does
 * every call after it. A commit that fails rolls back. rollback never fails and is not counted.
 * 0 takes the fault away. */
void memory_storage_fail(struct memory_storage *m, uint64_t nth, vl_result result, bool lasting);
/* The next commit is durable and returns `result` all the same, and so does every call after it:
 * the power went before anybody was told. What follows can only be memory_storage_crash. */
void memory_storage_fail_after_commit(struct memory_storage *m, vl_result result);
/* Whether a fault was hit since memory_storage_fail. */
bool memory_storage_failed(const struct memory_storage *m);
/* Calls so far, rollbacks apart. */
uint64_t memory_storage_calls(const struct memory_storage *m);
/* Durable commits so far. */
uint64_t memory_storage_commits(const struct memory_storage *m);

/* Power cut: what was not committed is lost. Close the replica on it without another call. */
void memory_storage_crash(struct memory_storage *m);
/* A copy of what is committed. `from` may be in a transaction. */
struct memory_storage *memory_storage_clone(const struct memory_storage *from);
/* Goes back to what `snapshot` holds; ports stay valid. Not in a transaction. */
void memory_storage_restore(struct memory_storage *m, const struct memory_storage *snapshot);

/* For tests of damage: the stored entry itself, to be changed in place; NULL if absent. */
struct vl_entry_row *memory_storage_entry(struct memory_storage *m, const struct vl_id *id);
/* By place in (lamport, id), below memory_storage_entry_count. */
const struct vl_entry_row *memory_storage_entry_at(const struct memory_storage *m, size_t at);
/* The bytes of a view of such a row, to be changed. */
uint8_t *memory_storage_bytes(struct vl_bytes view);
size_t memory_storage_entry_count(const struct memory_storage *m);
size_t memory_storage_cell_count(const struct memory_storage *m);

#endif
