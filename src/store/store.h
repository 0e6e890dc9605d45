/* The store: an unlocked vault. One SQLite file of sealed pages holds the logs, the cells, the
 * search index and this device's secrets of every circle. The one user of SQLite.
 *
 * folder/keys        salt, marker, eight equal key slots, always filled
 * folder/vault-0, -1 one is the vault (with its -wal), the other random bytes of the same making
 * folder/lock        held (flock) while a process has the vault open */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <veillee/storage.h>

struct store;

/* Makes a new vault; the folder is made (0700) when absent. EXISTS: a vault is there already.
 * The passphrase is brought to NFC; INVALID: empty or not UTF-8. */
VL_MUST_USE vl_result store_create(const char *folder, struct vl_bytes passphrase);
bool store_exists(const char *folder);
/* The folder alone, closed to other accounts: what is there before a vault is made. STORAGE. */
VL_MUST_USE vl_result store_prepare(const char *folder);
/* PASSPHRASE; BACKOFF (*wait_ms until the next try); IN_USE; DAMAGED; NOT_FOUND. */
VL_MUST_USE vl_result store_open(struct store **out, const char *folder, struct vl_bytes passphrase,
                                 uint64_t *wait_ms);
/* Whether this is the passphrase of the vault that is open, for what is asked of a person once
 * more. As store_open: wrong ones are counted, and cost the same waits. A passphrase of the
 * folder's other vault is a wrong one. */
VL_MUST_USE vl_result store_passphrase_check(struct store *s, struct vl_bytes passphrase,
                                             uint64_t *wait_ms);
void store_close(struct store *s); /* checkpoints, wipes every key; accepts NULL */

/* Whether the vault's file is not the one that was made here: copied or restored. Then every
 * circle goes on in a new incarnation of its log; store_accept_copy ends the state, durably. */
bool store_is_copy(const struct store *s);
VL_MUST_USE vl_result store_accept_copy(struct store *s);

/* What this device knows of a circle beside its records. Texts are UTF-8 with a final zero. */
struct store_circle {
    struct vl_id id; /* of a draft: a random local id, replaced when it is founded */
    bool is_draft;
    uint8_t seed[32];   /* of the device's keys, see vl_device_keys_from_seed; wipe after use */
    uint8_t random[32]; /* for the founding entry; drafts only */
    char name[256], pseudonym[256];
    char *purpose, *agreement; /* drafts and invitations; owned; may be NULL */
};
void store_circle_finish(struct store_circle *circle); /* frees and wipes */

typedef vl_result (*store_circle_visit)(void *context, const struct store_circle *circle);
VL_MUST_USE vl_result store_circle_add(struct store *s, const struct store_circle *circle);
/* The row of `id` is replaced (a draft that is founded changes its id). NOT_FOUND. */
VL_MUST_USE vl_result store_circle_replace(struct store *s, const struct vl_id *id,
                                           const struct store_circle *circle);
/* Forgets the circle: its row, its entries, cells and notes (a joining that was refused). Durable
 * when it returns. NOT_FOUND. */
VL_MUST_USE vl_result store_circle_remove(struct store *s, const struct vl_id *id);
VL_MUST_USE vl_result store_circle_scan(struct store *s, store_circle_visit visit, void *context);

/* The engine's port for one circle; valid until store_close. */
void store_storage(struct store *s, const struct vl_id *circle, struct vl_storage *out);

/* Small values beside the circles (beacon counter, settings). `circle` NULL: the vault's own.
 * Durable when it returns. get: NOT_FOUND. */
VL_MUST_USE vl_result store_note_put(struct store *s, const struct vl_id *circle, const char *name,
                                     struct vl_bytes value);
VL_MUST_USE vl_result store_note_get(struct store *s, const struct vl_id *circle, const char *name,
                                     struct vl_buffer *value);

/* Other devices of this person that she knows of, as she said on this one: each is named by the
 * control entry that enrolled it, so one that comes back is new again. */
VL_MUST_USE vl_result store_device_acknowledge(struct store *s, const struct vl_id *circle,
                                               const struct vl_id *enrolled_by);
VL_MUST_USE vl_result store_device_acknowledged(struct store *s, const struct vl_id *circle,
                                                const struct vl_id *enrolled_by, bool *is);

/* What others' devices showed last, see docs/discovery.md. A vault that was copied or restored
 * forgets it (an empty note): it dials whomever it recognises, and so is never left alone. */
#define STORE_NOTE_BEACONS_SEEN "beacon counters seen"

/* What one commit of a circle changed: told right after it, so that nobody has to look for it. */
#define STORE_CHANGED_MAX 64u
struct store_changed {
    uint32_t type; /* with VL_TYPE_SEALED added or not */
    struct vl_record_id record;
};
struct store_change {
    struct vl_id circle;
    bool membership; /* a control entry came */
    bool many;       /* records beyond those that are listed, or all */
    size_t count;
    struct store_changed records[STORE_CHANGED_MAX]; /* each once */
};
/* `told` may not call the store. One watch at a time; NULL: none any more. */
typedef void (*store_watch)(void *context, const struct store_change *change);
void store_watch_set(struct store *s, store_watch told, void *context);

/* Search. Changed records queue up in the same transaction; a step indexes up to `max` of them. */
VL_MUST_USE vl_result store_index_step(struct store *s, size_t max, size_t *left);
struct store_hit {
    struct vl_id circle;
    uint32_t type;
    struct vl_record_id record;
    const char *excerpt; /* with U+2068 and U+2069 around what matched */
};
typedef vl_result (*store_hit_visit)(void *context, const struct store_hit *hit);
#define STORE_QUERY_BYTES_MAX 1024u
#define STORE_QUERY_WORDS_MAX 16u
/* All words, as prefixes, accents and case ignored; best first. `circle` NULL: all circles. No
 * word at all finds nothing. TOO_LARGE, UTF8. */
VL_MUST_USE vl_result store_search(struct store *s, const struct vl_id *circle,
                                   struct vl_bytes words, size_t max, store_hit_visit visit,
                                   void *context);

/* integrity_check and every page's seal. DAMAGED. */
VL_MUST_USE vl_result store_check(struct store *s);
/* English sentence about the last STORAGE, FULL or DAMAGED, for logs; static or owned by s. */
const char *store_error(const struct store *s);

#endif
