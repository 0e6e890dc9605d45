/* SQLite's memory is wiped when it is freed: erased text is not to lie about in this process. */
#include "store/memory_wipe.h"
#include <sodium.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

static sqlite3_mem_methods below;

static void wipe_free(void *memory)
{
    if (memory == NULL) return;
    sodium_memzero(memory, (size_t)below.xSize(memory));
    below.xFree(memory);
}

/* Never lets the allocator below move a block: it would leave the old one as it is. */
static void *wipe_realloc(void *memory, int size)
{
    int before = below.xSize(memory);
    if (size <= before) {
        sodium_memzero((char *)memory + size, (size_t)(before - size));
        return memory;
    }
    void *larger = below.xMalloc(size);
    if (larger == NULL) return NULL;
    memcpy(larger, memory, (size_t)before);
    wipe_free(memory);
    return larger;
}

void memory_wipe_install(void)
{
    static bool tried;
    if (tried) return;
    tried = true;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &below) != SQLITE_OK) return;
    sqlite3_mem_methods methods = below;
    methods.xFree = wipe_free;
    methods.xRealloc = wipe_realloc;
    /* neither pages nor small blocks from a pool of its own, which would not be freed here */
    (void)sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
    (void)sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}
