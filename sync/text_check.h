/* Text of others, before it is taken in: UTF-8, and no control character but line feed and tab. */
#ifndef SYNC_TEXT_CHECK_H
#define SYNC_TEXT_CHECK_H

#include <veillee/bytes.h>

bool text_is_clean(struct vl_bytes text);
/* Of clean text: how many code points; how many bytes the first `units` of them take. */
size_t text_units(struct vl_bytes text);
size_t text_bytes_of(struct vl_bytes text, size_t units);

#endif
