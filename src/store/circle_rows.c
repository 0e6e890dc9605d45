/* What this device knows of its circles beside their records. Seed and random are sealed once more
 * by a key of their own, so that they lie open only in the struct that a caller asked for:
 *   nonce(24) || XChaCha20-Poly1305(32 seed, 32 random), associated data VAULT_SECRET, 0, 32 id */
#include "store/store_internal.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_BYTES  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SECRET_BYTES 64u
#define SEALED_BYTES (NONCE_BYTES + SECRET_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES)
#define PLACE_BYTES  96u

void store_circle_finish(struct store_circle *circle)
{
    free(circle->purpose);
    free(circle->agreement);
    sodium_memzero(circle, sizeof *circle);
}

static size_t place_of(const struct vl_id *id, uint8_t out[static PLACE_BYTES])
{
    const char *domain = vl_domain_text(VL_DOMAIN_VAULT_SECRET);
    size_t size = strlen(domain) + 1;
    memcpy(out, domain, size);
    memcpy(out + size, id->bytes, sizeof id->bytes);
    return size + sizeof id->bytes;
}

static vl_result seal_secrets(const struct store *s, const struct store_circle *circle,
                              uint8_t out[static SEALED_BYTES])
{
    uint8_t place[PLACE_BYTES];
    size_t size = place_of(&circle->id, place);
    uint8_t *plain = sodium_malloc(SECRET_BYTES);
    if (plain == NULL) return VL_ERR_NO_MEMORY;
    memcpy(plain, circle->seed, sizeof circle->seed);
    memcpy(plain + 32, circle->random, sizeof circle->random);
    randombytes_buf(out, NONCE_BYTES);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_BYTES, NULL, plain, SECRET_BYTES,
                                                     place, size, NULL, out, s->keys->secret);
    sodium_free(plain);
    return VL_OK;
}

static vl_result open_secrets(const struct store *s, struct vl_bytes sealed,
                              struct store_circle *circle)
{
    uint8_t place[PLACE_BYTES];
    size_t size = place_of(&circle->id, place);
    if (sealed.size != SEALED_BYTES) return VL_ERR_DAMAGED;
    uint8_t *plain = sodium_malloc(SECRET_BYTES);
    if (plain == NULL) return VL_ERR_NO_MEMORY;
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, NULL, NULL, sealed.data + NONCE_BYTES, sealed.size - NONCE_BYTES, place, size,
        sealed.data, s->keys->secret);
    if (failed == 0) {
        memcpy(circle->seed, plain, sizeof circle->seed);
        memcpy(circle->random, plain + 32, sizeof circle->random);
    }
    sodium_free(plain);
    return failed == 0 ? VL_OK : VL_ERR_DAMAGED;
}

static bool has_end(const char text[static 256])
{
    return memchr(text, '\0', 256) != NULL;
}

/* The texts are bound as they are: `circle` and `sealed` must live until the step. */
static vl_result bind_circle(const struct store *s, sqlite3_stmt *statement,
                             const struct store_circle *circle, uint8_t sealed[static SEALED_BYTES])
{
    if (!has_end(circle->name) || !has_end(circle->pseudonym)) return VL_ERR_INVALID;
    VL_TRY(seal_secrets(s, circle, sealed));
    bind_bytes(statement, 1, vl_bytes(circle->id.bytes, sizeof circle->id.bytes));
    bind_number(statement, 2, circle->is_draft);
    bind_bytes(statement, 3, vl_bytes(sealed, SEALED_BYTES));
    bind_text(statement, 4, circle->name);
    bind_text(statement, 5, circle->pseudonym);
    bind_text(statement, 6, circle->purpose);
    bind_text(statement, 7, circle->agreement);
    return VL_OK;
}

static vl_result find_circle(struct store *s, const struct vl_id *id, int64_t *n)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, SQL_CIRCLE_FIND, &statement));
    bind_bytes(statement, 1, vl_bytes(id->bytes, sizeof id->bytes));
    vl_result result = database_step(&s->db, statement);
    if (result == VL_OK) *n = sqlite3_column_int64(statement, 0);
    database_done(statement);
    return result;
}

vl_result store_circle_add(struct store *s, const struct store_circle *circle)
{
    sqlite3_stmt *statement = NULL;
    uint8_t sealed[SEALED_BYTES];
    int64_t n = 0;
    vl_result found = find_circle(s, &circle->id, &n);
    if (found != VL_ERR_NOT_FOUND) return found == VL_OK ? VL_ERR_EXISTS : found;
    VL_TRY(database_statement(&s->db, SQL_CIRCLE_ADD, &statement));
    VL_TRY(bind_circle(s, statement, circle, sealed));
    return store_run_alone(s, statement);
}

/* Notes and rows of the old id become the new one's; if the new one has rows already, they stay. */
static vl_result move_rows(struct store *s, const struct vl_id *from, const struct vl_id *to)
{
    static const enum database_statement moves[] = {SQL_NOTES_MOVE, SQL_SPACE_MOVE};
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        sqlite3_stmt *statement = NULL;
        VL_TRY(database_statement(&s->db, moves[i], &statement));
        bind_bytes(statement, 1, vl_bytes(from->bytes, sizeof from->bytes));
        bind_bytes(statement, 2, vl_bytes(to->bytes, sizeof to->bytes));
        VL_TRY(store_run(s, statement));
    }
    for (struct port *p = s->ports; p != NULL; p = p->next)
        p->space = 0;
    return VL_OK;
}

vl_result store_circle_replace(struct store *s, const struct vl_id *id,
                               const struct store_circle *circle)
{
    sqlite3_stmt *statement = NULL;
    uint8_t sealed[SEALED_BYTES];
    int64_t n = 0, other = 0;
    VL_TRY(find_circle(s, id, &n));
    vl_result found = find_circle(s, &circle->id, &other);
    if (found == VL_OK && other != n) return VL_ERR_EXISTS;
    if (found != VL_OK && found != VL_ERR_NOT_FOUND) return found;
    VL_TRY(store_begin(s, NULL));
    vl_result result = database_statement(&s->db, SQL_CIRCLE_PUT, &statement);
    if (result == VL_OK) result = bind_circle(s, statement, circle, sealed);
    if (result == VL_OK) {
        bind_number(statement, 8, n);
        result = store_run(s, statement);
    }
    if (result == VL_OK && !vl_id_equal(id, &circle->id)) result = move_rows(s, id, &circle->id);
    if (result == VL_OK) return store_commit(s);
    store_rollback(s);
    return result;
}

/* ---- forgetting ---- */

static vl_result forget_rows(struct store *s, int64_t space)
{
    static const enum database_statement rows[] = {
        SQL_LOGS_FORGET,   SQL_ENTRIES_FORGET, SQL_CELLS_CLEAR,  SQL_WRITES_CLEAR,
        SQL_SEARCH_FORGET, SQL_ITEMS_FORGET,   SQL_SPACE_FORGET,
    };
    sqlite3_stmt *statement = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        VL_TRY(database_statement(&s->db, rows[i], &statement));
        bind_number(statement, 1, space);
        VL_TRY(store_run(s, statement));
    }
    /* Words of deleted rows stay in the index's segments until these are merged into one. */
    VL_TRY(database_statement(&s->db, SQL_SEARCH_OPTIMIZE, &statement));
    return store_run(s, statement);
}

static vl_result forget(struct store *s, const struct vl_id *id, int64_t n)
{
    sqlite3_stmt *statement = NULL;
    int64_t space = 0;
    VL_TRY(database_statement(&s->db, SQL_CIRCLE_FORGET, &statement));
    bind_number(statement, 1, n);
    VL_TRY(store_run(s, statement));
    static const enum database_statement named[] = {SQL_NOTES_FORGET, SQL_RESCUED_FORGET};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        VL_TRY(database_statement(&s->db, named[i], &statement));
        bind_bytes(statement, 1, vl_bytes(id->bytes, sizeof id->bytes));
        VL_TRY(store_run(s, statement));
    }
    vl_result result = store_space(s, id, false, &space);
    if (result == VL_ERR_NOT_FOUND) return VL_OK;
    return result == VL_OK ? forget_rows(s, space) : result;
}

vl_result store_circle_remove(struct store *s, const struct vl_id *id)
{
    int64_t n = 0;
    VL_TRY(find_circle(s, id, &n));
    VL_TRY(store_begin(s, NULL));
    vl_result result = forget(s, id, n);
    if (result == VL_OK) result = store_commit(s);
    if (s->writing) store_rollback(s);
    for (struct port *p = s->ports; p != NULL; p = p->next)
        p->space = 0;
    return result;
}

/* ---- reading ---- */

struct circle_list {
    const struct store *store;
    struct store_circle *items; /* guarded memory: they hold seeds */
    size_t count, capacity;
};

static vl_result copy_text(sqlite3_stmt *statement, int at, char **out)
{
    const unsigned char *text = sqlite3_column_text(statement, at);
    *out = NULL;
    if (text == NULL) return VL_OK;
    *out = strdup((const char *)text);
    return *out != NULL ? VL_OK : VL_ERR_NO_MEMORY;
}

static vl_result copy_name(sqlite3_stmt *statement, int at, char out[static 256])
{
    const unsigned char *text = sqlite3_column_text(statement, at);
    size_t size = text != NULL ? strlen((const char *)text) : 0;
    if (text == NULL || size >= 256) return VL_ERR_DAMAGED;
    memcpy(out, text, size + 1);
    return VL_OK;
}

static vl_result read_circle(const struct store *s, sqlite3_stmt *statement,
                             struct store_circle *circle)
{
    VL_TRY(column_exact(statement, 0, circle->id.bytes, sizeof circle->id.bytes));
    circle->is_draft = sqlite3_column_int(statement, 1) != 0;
    VL_TRY(open_secrets(s, column_bytes(statement, 2), circle));
    VL_TRY(copy_name(statement, 3, circle->name));
    VL_TRY(copy_name(statement, 4, circle->pseudonym));
    VL_TRY(copy_text(statement, 5, &circle->purpose));
    return copy_text(statement, 6, &circle->agreement);
}

static vl_result keep_circle(void *context, sqlite3_stmt *statement)
{
    struct circle_list *list = context;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 4 : 2 * list->capacity;
        struct store_circle *items = sodium_allocarray(capacity, sizeof *items);
        if (items == NULL) return VL_ERR_NO_MEMORY;
        sodium_memzero(items, capacity * sizeof *items);
        if (list->count > 0) memcpy(items, list->items, list->count * sizeof *items);
        sodium_free(list->items);
        list->items = items;
        list->capacity = capacity;
    }
    return read_circle(list->store, statement, &list->items[list->count++]);
}

/* Reads all before the first is shown: the visitor may use the store. */
vl_result store_circle_scan(struct store *s, store_circle_visit visit, void *context)
{
    struct circle_list list = {s, NULL, 0, 0};
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, SQL_CIRCLE_SCAN, &statement));
    vl_result result = database_each(&s->db, statement, keep_circle, &list);
    for (size_t i = 0; i < list.count && result == VL_OK; i++) {
        result = visit(context, &list.items[i]);
    }
    for (size_t i = 0; i < list.count; i++)
        store_circle_finish(&list.items[i]);
    sodium_free(list.items);
    return result;
}
