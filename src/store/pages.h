/* Sealed pages: an SQLite VFS over another one. What SQLite believes to read and write is the
 * logical file; the physical one holds sealed units and nothing else.
 *
 *   unit     = nonce(24) || XChaCha20-Poly1305(unit's logical bytes) || tag(16)
 *   data     = VAULT_PAGE, 0, 16 file id, u8 part, u64 number       (associated data)
 *
 *   database   logical    page 1            page 2            ...        4096 bytes each
 *              physical   slot 0 | slot 1 | slot 2 | ...                 4136 bytes each
 *              slot 0 is ours: 8 magic | u32 version = 1 | 16 file id | u32 page size | zeros
 *   log (-wal) logical    header(32)  frame header(24) page(4096)  frame header(24) page(4096) ...
 *              physical   72          64               4136        64               4136       ...
 *
 * Headers of frames are sealed as well: their checksums are computed over the plain pages.
 *
 * Invariants
 *  P1  Nothing reaches the file system but sealed units. Files of any other sort (rollback
 *      journals, temporary files) are not opened: the connection keeps them in memory.
 *  P2  A write covers whole units. SQLite writes so with POWERSAFE_OVERWRITE, which we report;
 *      any other write is refused with an I/O error before it touches the file.
 *  P3  Every write of a unit has a new random nonce, and one write call of the lower VFS.
 *  P4  A unit opens only in its file, in its part, under its number. (An older version of the same
 *      unit opens too: replay is not seen.)
 *  P5  A database page that does not open is SQLITE_IOERR_DATA. Exception: less than a page (SQLite
 *      looks at the first bytes of the file before it has read the log) reads as zeros, for after a
 *      power cut in a checkpoint page 1 may be torn and whole in the log.
 *  P6  A unit of the log that does not open reads as zeros while SQLite reads headers or whole
 *      frames, which it does when it recovers: there its own checksum ends the log. A page of the
 *      log read by itself was already found good, so that it does not open is SQLITE_IOERR_DATA.
 *  P7  No shared memory and no memory map: methods of version 1. Hence the log needs
 *      locking_mode=EXCLUSIVE.
 *  P8  A part of a unit at the end of the file does not exist: sizes are rounded down to units.
 *  P9  Where the log ends at a unit that does not open, or in the middle of one, that is noted: a
 *      write was torn, or the log was damaged, and then what came after it is lost. (An end between
 *      a frame's header and its page is neither: the process was ended there.) */
#ifndef STORE_PAGES_H
#define STORE_PAGES_H

#include "store/vault.h"
#include <sqlite3.h>

#define PAGES_SIZE     4096u /* logical */
#define PAGES_OVERHEAD 40u   /* nonce and tag */
#define PAGES_SLOT     (PAGES_SIZE + PAGES_OVERHEAD)
#define PAGES_VERSION  1u

struct pages;
/* Registers a VFS of its own for one vault. `keys` must outlive it. `base` NULL: the default VFS
 * lies below. NO_MEMORY; INVALID: no such base. */
VL_MUST_USE vl_result pages_create(struct pages **out, const struct vault_keys *keys,
                                   const char *base);
/* After the connection is closed. Accepts NULL. */
void pages_destroy(struct pages *pages);
const char *pages_name(const struct pages *pages); /* for sqlite3_open_v2 */
/* Why a database was not opened: VERSION, DAMAGED (its slot 0); VL_OK: not because of that. */
vl_result pages_refusal(const struct pages *pages);
bool pages_log_is_torn(const struct pages *pages); /* P9, of a log that was read */
/* From now on slot 0 of a file is not looked at: for reading what is left of a damaged one. */
void pages_salvage(struct pages *pages);

#endif
