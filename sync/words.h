/* The word lists of spoken codes: 4 to 7 unaccented lower-case letters, sorted, no two of a list
 * alike by ear or by their first four letters, no word in both. Private to the engine. */
#ifndef SYNC_WORDS_H
#define SYNC_WORDS_H

#include <veillee/pairing.h>

extern const char *const words_fr[VL_WORD_COUNT];
extern const char *const words_en[VL_WORD_COUNT];

#endif
