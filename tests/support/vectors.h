/* Published test vectors: JSON files that lie beside the repository and may be absent. */
#ifndef SUPPORT_VECTORS_H
#define SUPPORT_VECTORS_H

#include <cjson/cJSON.h>
#include <veillee/bytes.h>

/* The parsed file, or NULL when it is not there (the test skips then) or is no JSON. */
cJSON *vectors_load(const char *path);
/* The bytes of a hexadecimal string, at most `max`; SIZE_MAX when it is not one. */
size_t vectors_hex(const char *text, uint8_t *out, size_t max);
/* Of the member `name` of `object`; SIZE_MAX also when it is not there. */
size_t vectors_member(const cJSON *object, const char *name, uint8_t *out, size_t max);

#endif
