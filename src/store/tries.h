/* Wrong passphrases: how many in a row, and how long until the next may be tried.
 *
 * folder/tries, 40 bytes, written in place (a full disk must not keep people out):
 *   u8 version = 1 | 3 zeros | u32 count | 16 boot id | u64 ms of the boot's clock | 8 first bytes
 *   of BLAKE2b(VAULT_KEYS, all before)
 *
 * A try is counted before the passphrase is looked at, so ending the process wins nothing. Time is
 * the boot's monotonic clock: no wall clock is read. Another boot cannot compare its clock, so
 * there the whole wait begins again. A file that cannot be read counts as one wrong try just now.
 */
#ifndef STORE_TRIES_H
#define STORE_TRIES_H

#include <veillee/instant.h>
#include <veillee/result.h>

#define TRIES_WAIT_FIRST_MS 1000u
#define TRIES_WAIT_MAX_MS   300000u

/* The wait after `count` wrong passphrases in a row: 0, 1 s, 2 s, 4 s ... 5 min. */
vl_duration tries_wait(uint32_t count);

struct tries_clock { /* where and when: tests give their own */
    uint8_t boot[16];
    vl_instant now;
};
void tries_clock_read(struct tries_clock *clock);

/* Counts a try that begins. BACKOFF: too early; *wait says how long still. */
VL_MUST_USE vl_result tries_begin(int folder, const struct tries_clock *clock, vl_duration *wait);
/* The passphrase was wrong: the wait begins now, when that is known. */
VL_MUST_USE vl_result tries_touch(int folder, const struct tries_clock *clock, vl_duration *wait);
/* The passphrase was right: the count is zero again. Also makes the file. */
VL_MUST_USE vl_result tries_clear(int folder);
/* The try came to no answer (no memory): takes it back. */
VL_MUST_USE vl_result tries_cancel(int folder, const struct tries_clock *clock);

#endif
