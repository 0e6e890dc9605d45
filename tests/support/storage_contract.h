/* What every struct vl_storage must do (include/veillee/storage.h), as checks that are run against
 * each implementation. Each check wants a storage without rows; it asserts by cmocka. */
#ifndef TESTS_SUPPORT_STORAGE_CONTRACT_H
#define TESTS_SUPPORT_STORAGE_CONTRACT_H

#include <veillee/storage.h>

struct storage_check {
    const char *name;
    void (*run)(const struct vl_storage *empty);
};

void storage_check_records(const struct vl_storage *empty); /* of them: storage_records.c */
void storage_check_writes(const struct vl_storage *empty);  /* and storage_writes.c */
void storage_check_clearing(const struct vl_storage *empty);
extern const struct storage_check storage_checks[];
extern const size_t storage_check_count;

/* Rows with content that depends on their numbers alone; views into static memory. */
void storage_sample_log(uint32_t index, struct vl_log_row *row);
void storage_sample_entry(uint32_t chain, uint64_t seq, uint64_t lamport, struct vl_entry_row *row);
/* Equal in everything, the views' bytes included. */
bool storage_same_entry(const struct vl_entry_row *a, const struct vl_entry_row *b);

#endif
