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
/* From then on `now` opens the vault, and `old` does not. Durable when it returns; broken off at
 * any point, one of the two opens it. As store_passphrase_check for `old`; INVALID also: `now` is
 * empty, not UTF-8, too long, or a passphrase of the folder's other vault. A copy of the folder
 * that was made before still opens with `old`. */
VL_MUST_USE vl_result store_passphrase_change(struct store *s, struct vl_bytes old,
                                              struct vl_bytes now, uint64_t *wait_ms);
void store_close(struct store *s); /* checkpoints, wipes every key; accepts NULL */

/* The end of the vault, which is closed: its keys are overwritten and taken away, then its files.
 * After that the folder is as new, and nothing in it opens for anybody. Broken off at any point the
 * vault is there wholly, or gone; then store_wipe_resume takes away what is left of its files, and
 * so does making a new vault. IN_USE, NOT_FOUND, STORAGE. docs/threat-model.md says what stays
 * possible with the disk. */
VL_MUST_USE vl_result store_wipe(const char *folder);
VL_MUST_USE vl_result store_wipe_resume(const char *folder); /* VL_OK also when nothing is left */

/* Rebuilding, for a vault that is DAMAGED, and as store_open then. What of the old file can be read
 * goes into a new one, which takes its name when it is whole and durable; nothing of the old one
 * stays.
 *
 * Invariants
 *  B1  Broken off or failing at any point there is the old file, with all that was in it, or the
 *      new one.
 *  B2  All circles' rows (names, this device's secrets) are in the new one, from either of the two
 *      tables that have them, or it is DAMAGED and the old one stays. Notes are, as far as they
 *      can be read, but for proofs of forks.
 *  B3  Of the rest the new one has entries alone, and these only wait (store_rescued_scan): what is
 *      in the logs, cells and index went through the engine's checks again.
 *  B4  The new file is another one: it is a copy (store_is_copy), so no log is gone on with.
 *  B5  An entry that is in the logs does not wait; so erasing it leaves no other copy of it. */
struct store_rebuilt {
    uint64_t entries; /* that could be read */
    uint64_t pages;   /* of 4096 bytes, that could not */
};
VL_MUST_USE vl_result store_rebuild(struct store **out, const char *folder,
                                    struct vl_bytes passphrase, struct store_rebuilt *told,
                                    uint64_t *wait_ms);

/* Entries that were read from a damaged file, and are not checked yet: the owner of the circle's
 * replica gives them to it as if a peer had sent them, and again when something has come, for they
 * may rest on what was lost and is brought by others. In the order (lamport, id), at most `max`,
 * beginning after (after, id); views die with the callback. */
struct store_rescued {
    uint64_t lamport;
    struct vl_id id;
    struct vl_entry entry;
};
typedef vl_result (*store_rescued_visit)(void *context, const struct store_rescued *entry);
VL_MUST_USE vl_result store_rescued_scan(struct store *s, const struct vl_id *circle,
                                         const struct store_rescued *after, size_t max,
                                         store_rescued_visit visit, void *context);
VL_MUST_USE vl_result store_rescued_any(struct store *s, const struct vl_id *circle, bool *any);
VL_MUST_USE vl_result store_rescued_count(struct store *s, uint64_t *count); /* of all circles */
/* They wait no more: what is in the logs goes by itself, this is for what was there before. */
VL_MUST_USE vl_result store_rescued_drop(struct store *s, const struct vl_id *circle,
                                         const struct store_rescued *entries, size_t count);
/* Counts an opening of the vault: what still waits after this many is given up, so that texts which
 * nobody sees do not stay for ever. */
#define STORE_RESCUED_OPENINGS_MAX 64u
VL_MUST_USE vl_result store_rescued_age(struct store *s);

/* Whether something was DAMAGED since it was opened. */
bool store_is_damaged(const struct store *s);

/* Whether the vault's file is not the one that was made here: copied, restored or rebuilt; or its
 * log ended in a torn or damaged write, so that entries which were sent may be gone. Then every
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
/* All words, as prefixes, accents and case ignored; newest first, by when they came here. `circle`
 * NULL: all circles. No word at all finds nothing. TOO_LARGE, UTF8. */
VL_MUST_USE vl_result store_search(struct store *s, const struct vl_id *circle,
                                   struct vl_bytes words, size_t max, store_hit_visit visit,
                                   void *context);

/* integrity_check and every page's seal. DAMAGED. */
VL_MUST_USE vl_result store_check(struct store *s);

#endif
