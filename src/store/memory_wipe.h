/* Wiping what SQLite frees. */
#ifndef STORE_MEMORY_WIPE_H
#define STORE_MEMORY_WIPE_H

/* Once, before anything else of SQLite is used in this process; without effect after. */
void memory_wipe_install(void);

#endif
