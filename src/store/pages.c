#include "store/pages.h"
#include "store/memory_wipe.h"
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <veillee/codec.h>

#define NONCE_BYTES  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES    crypto_aead_xchacha20poly1305_ietf_ABYTES
#define LOG_HEADER   32u
#define FRAME_HEADER 24u
#define FRAME        (FRAME_HEADER + PAGES_SIZE)                  /* logical */
#define FRAME_SEALED (FRAME_HEADER + PAGES_OVERHEAD + PAGES_SLOT) /* physical */
#define LOG_START    (LOG_HEADER + PAGES_OVERHEAD)                /* physical, of frame 0 */
#define PLACE_MAX    64u
#define SLOT_MAGIC   "VEILLEE"

static_assert(NONCE_BYTES + TAG_BYTES == PAGES_OVERHEAD, "overhead of a unit");

enum part { /* in the associated data: final */
            PART_SLOT = 0,
            PART_PAGE = 1,
            PART_LOG_HEADER = 2,
            PART_FRAME_HEADER = 3,
            PART_FRAME_PAGE = 4
};

struct pages {
    sqlite3_vfs vfs, *base;
    char name[48];
    const struct vault_keys *keys;
    vl_result refusal;
    bool is_torn, salvages;
    uint8_t place[PLACE_MAX]; /* domain, 0, file id; part and number follow */
    size_t place_size;
    uint8_t *sealed, *plain; /* scratch of one unit: one connection, one thread */
};

struct sealed_file {
    sqlite3_file methods; /* first: SQLite sees this */
    struct pages *pages;
    bool is_log;
    sqlite3_file *inner; /* right behind this struct */
};

struct unit {
    enum part part;
    uint64_t number;
    sqlite3_int64 logical, physical;
    size_t size; /* logical */
};

/* ---- layout ---- */

static struct unit unit_at(bool is_log, sqlite3_int64 offset)
{
    struct unit unit = {PART_LOG_HEADER, 0, 0, 0, LOG_HEADER};
    if (!is_log) {
        sqlite3_int64 page = offset / PAGES_SIZE;
        return (struct unit){PART_PAGE, (uint64_t)page + 1, page * PAGES_SIZE,
                             (page + 1) * PAGES_SLOT, PAGES_SIZE};
    }
    if (offset < LOG_HEADER) return unit;
    sqlite3_int64 frame = (offset - LOG_HEADER) / FRAME;
    unit.number = (uint64_t)frame;
    unit.logical = LOG_HEADER + frame * FRAME;
    unit.physical = LOG_START + frame * FRAME_SEALED;
    if (offset - unit.logical < FRAME_HEADER) {
        unit.part = PART_FRAME_HEADER;
        unit.size = FRAME_HEADER;
        return unit;
    }
    unit.part = PART_FRAME_PAGE;
    unit.logical += FRAME_HEADER;
    unit.physical += FRAME_HEADER + PAGES_OVERHEAD;
    unit.size = PAGES_SIZE;
    return unit;
}

static sqlite3_int64 logical_size(bool is_log, sqlite3_int64 physical)
{
    if (!is_log) return physical < PAGES_SLOT ? 0 : (physical / PAGES_SLOT - 1) * PAGES_SIZE;
    if (physical < LOG_START) return 0;
    sqlite3_int64 frames = (physical - LOG_START) / FRAME_SEALED;
    sqlite3_int64 rest = (physical - LOG_START) % FRAME_SEALED;
    return LOG_HEADER + frames * FRAME + (rest >= FRAME_HEADER + PAGES_OVERHEAD ? FRAME_HEADER : 0);
}

/* Of a file cut to `logical`: a unit that is cut through stays whole. */
static sqlite3_int64 physical_size(bool is_log, sqlite3_int64 logical)
{
    if (logical == 0) return is_log ? 0 : PAGES_SLOT;
    struct unit last = unit_at(is_log, logical - 1);
    return last.physical + (sqlite3_int64)last.size + PAGES_OVERHEAD;
}

/* ---- sealing ---- */

static size_t place_of(struct pages *pages, enum part part, uint64_t number)
{
    uint8_t *at = pages->place + pages->place_size;
    *at++ = (uint8_t)part;
    for (unsigned shift = 0; shift < 64; shift += 8)
        *at++ = (uint8_t)(number >> shift);
    return (size_t)(at - pages->place);
}

static void seal_unit(struct pages *pages, const struct unit *unit, const uint8_t *plain)
{
    size_t place = place_of(pages, unit->part, unit->number);
    randombytes_buf(pages->sealed, NONCE_BYTES);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(pages->sealed + NONCE_BYTES, NULL, plain,
                                                     unit->size, pages->place, place, NULL,
                                                     pages->sealed, pages->keys->page);
}

static bool open_unit(struct pages *pages, const struct unit *unit, uint8_t *plain)
{
    size_t place = place_of(pages, unit->part, unit->number);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
               plain, NULL, NULL, pages->sealed + NONCE_BYTES, unit->size + TAG_BYTES, pages->place,
               place, pages->sealed, pages->keys->page) == 0;
}

/* ---- methods of a file ---- */

static struct sealed_file *sealed(sqlite3_file *file)
{
    return (struct sealed_file *)(void *)file;
}

static int file_close(sqlite3_file *file)
{
    struct sealed_file *f = sealed(file);
    sodium_memzero(f->pages->plain, PAGES_SIZE);
    return f->inner->pMethods->xClose(f->inner);
}

/* Reads one unit into `plain`; all zeros when it does not open, and when that is no error. */
static int read_unit(struct sealed_file *f, const struct unit *unit, bool lenient, uint8_t *plain)
{
    int rc = f->inner->pMethods->xRead(f->inner, f->pages->sealed,
                                       (int)(unit->size + PAGES_OVERHEAD), unit->physical);
    if (rc != SQLITE_OK) {
        memset(plain, 0, unit->size);
        return rc;
    }
    if (open_unit(f->pages, unit, plain)) return SQLITE_OK;
    memset(plain, 0, unit->size);
    if (f->is_log) f->pages->is_torn = true;
    return lenient ? SQLITE_OK : SQLITE_IOERR_DATA;
}

/* P5, P6: only a page by itself was known to be good before. */
static bool read_is_lenient(const struct sealed_file *f, int amount)
{
    return f->is_log ? amount != (int)PAGES_SIZE : amount < (int)PAGES_SIZE;
}

static int file_read(sqlite3_file *file, void *buffer, int amount, sqlite3_int64 offset)
{
    struct sealed_file *f = sealed(file);
    uint8_t *out = buffer;
    bool lenient = read_is_lenient(f, amount);
    while (amount > 0) {
        struct unit unit = unit_at(f->is_log, offset);
        size_t skip = (size_t)(offset - unit.logical);
        size_t part = unit.size - skip;
        if (part > (size_t)amount) part = (size_t)amount;
        uint8_t *plain = part == unit.size ? out : f->pages->plain;
        int rc = read_unit(f, &unit, lenient, plain);
        if (rc != SQLITE_OK) {
            memset(out, 0, (size_t)amount); /* SQLite's contract for a short read */
            return rc;
        }
        if (plain != out) memcpy(out, plain + skip, part);
        out += part;
        offset += (sqlite3_int64)part;
        amount -= (int)part;
    }
    return SQLITE_OK;
}

static int file_write(sqlite3_file *file, const void *buffer, int amount, sqlite3_int64 offset)
{
    struct sealed_file *f = sealed(file);
    const uint8_t *plain = buffer;
    while (amount > 0) {
        struct unit unit = unit_at(f->is_log, offset);
        if (unit.logical != offset || unit.size > (size_t)amount)
            return SQLITE_IOERR_WRITE; /* P2 */
        seal_unit(f->pages, &unit, plain);
        int rc = f->inner->pMethods->xWrite(f->inner, f->pages->sealed,
                                            (int)(unit.size + PAGES_OVERHEAD), unit.physical);
        if (rc != SQLITE_OK) return rc;
        plain += unit.size;
        offset += (sqlite3_int64)unit.size;
        amount -= (int)unit.size;
    }
    return SQLITE_OK;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct sealed_file *f = sealed(file);
    return f->inner->pMethods->xTruncate(f->inner, physical_size(f->is_log, size));
}

static int file_sync(sqlite3_file *file, int flags)
{
    struct sealed_file *f = sealed(file);
    return f->inner->pMethods->xSync(f->inner, flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    struct sealed_file *f = sealed(file);
    int rc = f->inner->pMethods->xFileSize(f->inner, size);
    if (rc == SQLITE_OK) *size = logical_size(f->is_log, *size);
    return rc;
}

static int file_lock(sqlite3_file *file, int level)
{
    struct sealed_file *f = sealed(file);
    return f->inner->pMethods->xLock(f->inner, level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    struct sealed_file *f = sealed(file);
    return f->inner->pMethods->xUnlock(f->inner, level);
}

static int file_check_reserved(sqlite3_file *file, int *reserved)
{
    struct sealed_file *f = sealed(file);
    return f->inner->pMethods->xCheckReservedLock(f->inner, reserved);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    struct sealed_file *f = sealed(file);
    switch (operation) {
    case SQLITE_FCNTL_SIZE_HINT: /* in logical sizes, and no more than hints */
    case SQLITE_FCNTL_CHUNK_SIZE:
    case SQLITE_FCNTL_MMAP_SIZE: return SQLITE_NOTFOUND;
    default: return f->inner->pMethods->xFileControl(f->inner, operation, argument);
    }
}

static int file_sector_size(sqlite3_file *file)
{
    struct sealed_file *f = sealed(file);
    return f->inner->pMethods->xSectorSize(f->inner);
}

static int file_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE; /* P2 */
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 1, /* P7 */
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
};

/* ---- slot 0 ---- */

static const struct unit slot_unit = {PART_SLOT, 0, 0, 0, PAGES_SIZE};

static int write_slot(struct sealed_file *f)
{
    struct vl_buffer out = {0};
    struct vl_writer w = vl_writer(&out, PAGES_SIZE);
    vl_write_exact(&w, SLOT_MAGIC, sizeof(SLOT_MAGIC));
    vl_write_u32(&w, PAGES_VERSION);
    vl_write_exact(&w, f->pages->keys->file_id, VAULT_FILE_ID_BYTES);
    vl_write_u32(&w, PAGES_SIZE);
    memset(f->pages->plain, 0, PAGES_SIZE);
    int rc = vl_writer_result(&w) == VL_OK ? SQLITE_OK : SQLITE_NOMEM;
    if (rc == SQLITE_OK) {
        memcpy(f->pages->plain, out.data, out.size);
        seal_unit(f->pages, &slot_unit, f->pages->plain);
        rc = f->inner->pMethods->xWrite(f->inner, f->pages->sealed, (int)PAGES_SLOT, 0);
    }
    vl_buffer_finish(&out);
    return rc;
}

static vl_result judge_slot(struct pages *pages)
{
    struct vl_reader r = vl_reader(vl_bytes(pages->plain, PAGES_SIZE));
    if (!open_unit(pages, &slot_unit, pages->plain)) return VL_ERR_DAMAGED;
    struct vl_bytes magic = vl_read_view(&r, sizeof(SLOT_MAGIC));
    if (!vl_bytes_equal(magic, vl_bytes(SLOT_MAGIC, sizeof(SLOT_MAGIC)))) return VL_ERR_DAMAGED;
    if (vl_read_u32(&r) != PAGES_VERSION) return VL_ERR_VERSION;
    struct vl_bytes id = vl_read_view(&r, VAULT_FILE_ID_BYTES);
    if (!vl_bytes_equal(id, vl_bytes(pages->keys->file_id, VAULT_FILE_ID_BYTES))) {
        return VL_ERR_DAMAGED;
    }
    return vl_read_u32(&r) == PAGES_SIZE ? VL_OK : VL_ERR_DAMAGED;
}

/* A database is new only when it may be created and is empty. One without a single page has lost
 * them: SQLite would take it for new and remove its log. */
static int check_slot(struct sealed_file *f, bool may_create)
{
    sqlite3_int64 size = 0;
    int rc = f->inner->pMethods->xFileSize(f->inner, &size);
    if (rc != SQLITE_OK) return rc;
    if (size == 0 && may_create) return write_slot(f);
    if (f->pages->salvages) return SQLITE_OK;
    f->pages->refusal = VL_ERR_DAMAGED;
    if (size < 2 * PAGES_SLOT) return SQLITE_IOERR_DATA;
    rc = f->inner->pMethods->xRead(f->inner, f->pages->sealed, (int)PAGES_SLOT, 0);
    f->pages->refusal = rc == SQLITE_OK ? judge_slot(f->pages) : VL_OK;
    sodium_memzero(f->pages->plain, PAGES_SIZE);
    return f->pages->refusal != VL_OK ? SQLITE_IOERR_DATA : rc;
}

/* P9 */
static int check_log_end(struct sealed_file *f)
{
    sqlite3_int64 size = 0;
    int rc = f->inner->pMethods->xFileSize(f->inner, &size);
    if (rc != SQLITE_OK || size == 0) return rc;
    sqlite3_int64 rest = size < LOG_START ? size : (size - LOG_START) % FRAME_SEALED;
    if (rest != 0 && (size < LOG_START || rest != FRAME_HEADER + PAGES_OVERHEAD))
        f->pages->is_torn = true;
    return rc;
}

/* ---- methods of the VFS ---- */

static struct pages *pages_of(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    struct pages *pages = pages_of(vfs);
    struct sealed_file *f = sealed(file);
    bool is_log = (flags & SQLITE_OPEN_WAL) != 0, is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;

    memset(f, 0, sizeof *f);
    if (name == NULL || (!is_log && !is_database)) return SQLITE_CANTOPEN; /* P1 */
    f->pages = pages;
    f->is_log = is_log;
    f->inner = (sqlite3_file *)(void *)(f + 1);
    int rc = pages->base->xOpen(pages->base, name, f->inner, flags, out);
    if (rc == SQLITE_OK && is_database) {
        rc = check_slot(f, (flags & SQLITE_OPEN_CREATE) != 0);
    }
    if (rc == SQLITE_OK && is_log) rc = check_log_end(f);
    if (rc == SQLITE_OK) {
        f->methods.pMethods = &file_methods;
    } else if (f->inner->pMethods != NULL) {
        f->inner->pMethods->xClose(f->inner);
    }
    return rc;
}

static bool is_journal(const char *name)
{
    static const char suffix[] = "-journal";
    size_t size = strlen(name);
    return size >= sizeof suffix && strcmp(name + size - (sizeof suffix - 1), suffix) == 0;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    sqlite3_vfs *base = pages_of(vfs)->base;
    return base->xDelete(base, name, sync_folder);
}

/* A rollback journal is never ours (P1); one that somebody laid there must not be played back. */
static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    sqlite3_vfs *base = pages_of(vfs)->base;
    *out = 0;
    return is_journal(name) ? SQLITE_OK : base->xAccess(base, name, flags, out);
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
    sqlite3_vfs *base = pages_of(vfs)->base;
    return base->xFullPathname(base, name, size, out);
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *out)
{
    (void)vfs;
    randombytes_buf(out, (size_t)size);
    return size;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
    sqlite3_vfs *base = pages_of(vfs)->base;
    return base->xSleep(base, microseconds);
}

static int vfs_current_time(sqlite3_vfs *vfs, double *out)
{
    sqlite3_vfs *base = pages_of(vfs)->base;
    return base->xCurrentTime(base, out);
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *out)
{
    sqlite3_vfs *base = pages_of(vfs)->base;
    return base->xGetLastError(base, size, out);
}

vl_result pages_create(struct pages **out, const struct vault_keys *keys, const char *base)
{
    static unsigned made;
    const char *domain = vl_domain_text(VL_DOMAIN_VAULT_PAGE);
    memory_wipe_install();
    if (sqlite3_initialize() != SQLITE_OK) return VL_ERR_NO_MEMORY;
    struct pages *pages = calloc(1, sizeof *pages);
    if (pages == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = VL_ERR_INVALID;
    pages->keys = keys;
    pages->base = sqlite3_vfs_find(base);
    if (pages->base == NULL) goto failed;
    result = VL_ERR_NO_MEMORY;
    pages->sealed = malloc(PAGES_SLOT);
    pages->plain = sodium_malloc(PAGES_SIZE);
    if (pages->sealed == NULL || pages->plain == NULL) goto failed;
    pages->place_size = strlen(domain) + 1 + VAULT_FILE_ID_BYTES;
    memcpy(pages->place, domain, strlen(domain) + 1);
    memcpy(pages->place + strlen(domain) + 1, keys->file_id, VAULT_FILE_ID_BYTES);
    (void)snprintf(pages->name, sizeof pages->name, "veillee-%u", ++made);
    pages->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct sealed_file) + pages->base->szOsFile,
        .mxPathname = pages->base->mxPathname,
        .zName = pages->name,
        .pAppData = pages,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_pathname,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_current_time,
        .xGetLastError = vfs_last_error,
    };
    if (sqlite3_vfs_register(&pages->vfs, 0) != SQLITE_OK) goto failed;
    *out = pages;
    return VL_OK;
failed:
    sodium_free(pages->plain);
    free(pages->sealed);
    free(pages);
    return result;
}

void pages_destroy(struct pages *pages)
{
    if (pages == NULL) return;
    (void)sqlite3_vfs_unregister(&pages->vfs);
    sodium_free(pages->plain);
    free(pages->sealed);
    free(pages);
}

const char *pages_name(const struct pages *pages)
{
    return pages->name;
}

vl_result pages_refusal(const struct pages *pages)
{
    return pages->refusal;
}

bool pages_log_is_torn(const struct pages *pages)
{
    return pages->is_torn;
}

void pages_salvage(struct pages *pages)
{
    pages->salvages = true;
}
