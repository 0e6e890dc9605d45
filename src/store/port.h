/* What the two halves of the engine's port share: port.c (transactions, logs, entries) and
 * port_cells.c (cells, records, writes). The contracts are vl_storage's. */
#ifndef STORE_PORT_H
#define STORE_PORT_H

#include "store/store_internal.h"

/* The number of the circle's rows; 0: it has none, and nothing is found there. `add`: it gets one,
 * in the open transaction. STATE: none is open. */
VL_MUST_USE vl_result port_space(struct port *p, bool add, int64_t *space);
/* LIMIT: no entry has such a number. */
VL_MUST_USE vl_result port_row_key(int64_t space, uint32_t chain, uint64_t seq, int64_t *k);
int64_t port_limit(size_t max); /* for LIMIT; 0: all */

struct entry_scan {
    vl_entry_visit visit;
    void *context;
};
/* A database_visit with a struct entry_scan, of rows with the columns of SQL_ENTRY_GET. */
VL_MUST_USE vl_result port_show_entry(void *context, sqlite3_stmt *statement);

vl_result port_cell_get(void *self, const struct vl_cell_key *key, struct vl_buffer *out);
vl_result port_cell_put(void *self, const struct vl_cell_key *key, struct vl_bytes state);
vl_result port_cell_scan(void *self, bool type_filter, uint32_t type, vl_cell_visit visit,
                         void *context);
vl_result port_cell_record(void *self, uint32_t type, const struct vl_record_id *record,
                           vl_cell_visit visit, void *context);
vl_result port_record_clear(void *self, uint32_t type, const struct vl_record_id *record);
vl_result port_cells_clear(void *self);
vl_result port_write_put(void *self, const struct vl_write *write);
vl_result port_write_drop(void *self, const struct vl_write *write);
vl_result port_write_scan(void *self, const struct vl_write *from, size_t max, vl_entry_visit visit,
                          void *context);
vl_result port_record_scan(void *self, const struct vl_record_scan *scan, vl_record_visit visit,
                           void *context);

#endif
