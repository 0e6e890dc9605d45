/* What docs/ says of records and routes, made from the tables that the program runs on: `veillee
 * debug record-doc` and `veillee debug api-doc` print it, a test compares it with the files. */
#ifndef API_DOCUMENTATION_H
#define API_DOCUMENTATION_H

#include <veillee/bytes.h>

/* The types and their fields, as at the end of docs/records.md. Appended. */
VL_MUST_USE vl_result documentation_types(struct vl_buffer *out);
/* The routes, and what a record of each type is as JSON, as at the end of docs/api.md. */
VL_MUST_USE vl_result documentation_api(struct vl_buffer *out);

#endif
