/* Another passphrase, and the end of a vault, each broken off at every step: the calls that change
 * files are counted, and the process ends, or the call fails, at the n-th. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/folder.h"
#include "store/store_internal.h"
#include "tests/support/failing_calls.h"
#include "tests/support/store_fixture.h"

#define OLD STORE_FIXTURE_PASSPHRASE
#define NOW "une autre phrase"

/* ---- what is there ---- */

static bool opens(const struct store_fixture *s, const char *passphrase)
{
    struct store *store = NULL;
    int folder = -1;
    uint64_t wait = 0;
    assert_int_equal(folder_open(s->folder.path, &folder), VL_OK);
    assert_int_equal(unlinkat(folder, "tries", 0), 0); /* wrong ones are waited for elsewhere */
    close(folder);
    vl_result result = store_open(&store, s->folder.path, vl_bytes_text(passphrase), &wait);
    if (result != VL_OK && result != VL_ERR_PASSPHRASE) fail_msg("%s", vl_result_name(result));
    store_close(store);
    return result == VL_OK;
}

static bool has(const struct store_fixture *s, const char *name)
{
    struct stat status;
    char path[512];
    snprintf(path, sizeof path, "%s/%s", s->folder.path, name);
    return stat(path, &status) == 0;
}

/* A vault of its own, with one record in it; open. */
static struct store_fixture *begin(void)
{
    void *state;
    assert_int_equal(store_fixture_set_up(&state), 0);
    assert_int_equal(store_fixture_put(state, 0), VL_OK);
    return state;
}

static void end(struct store_fixture *s)
{
    assert_int_equal(store_fixture_tear_down((void *[]){s}), 0);
}

/* ---- the passphrase ---- */

static vl_result change(void *context)
{
    const struct store_fixture *s = context;
    uint64_t wait = 0;
    return store_passphrase_change(s->store, vl_bytes_text(OLD), vl_bytes_text(NOW), &wait);
}

static void test_change(void **state)
{
    struct store_fixture *s = begin();
    uint64_t wait = 0;
    (void)state;
    assert_int_equal(change(s), VL_OK);
    assert_int_equal(store_fixture_put(s, 1), VL_OK); /* it stays open */
    assert_int_equal(store_passphrase_check(s->store, vl_bytes_text(NOW), &wait), VL_OK);
    store_fixture_close(s);
    assert_true(opens(s, NOW));
    assert_false(opens(s, OLD));
    struct store *store = NULL;
    int folder = -1;
    assert_int_equal(folder_open(s->folder.path, &folder), VL_OK);
    assert_int_equal(unlinkat(folder, "tries", 0), 0);
    close(folder);
    assert_int_equal(store_open(&store, s->folder.path, vl_bytes_text(NOW), &wait), VL_OK);
    assert_false(store_is_copy(store)); /* it is the same vault */
    s->store = store;
    store_storage(s->store, &s->circle, &s->port);
    assert_int_equal(store_fixture_count(s), 2);
    end(s);
}

/* Nothing but the head, the markers, the check and one slot: the other slots stay as they were. */
static void test_change_touches_one_slot(void **state)
{
    struct store_fixture *s = begin();
    struct vault_file before, after;
    unsigned changed = 0;
    (void)state;
    assert_int_equal(store_keys_read(s->store->folder, &before), VL_OK);
    assert_int_equal(change(s), VL_OK);
    assert_int_equal(store_keys_read(s->store->folder, &after), VL_OK);
    for (unsigned i = 0; i < VAULT_SLOTS; i++) {
        changed += memcmp(before.slots[i], after.slots[i], sizeof before.slots[i]) != 0;
    }
    assert_int_equal(changed, 1);
    assert_memory_equal(before.markers, after.markers, sizeof before.markers);
    assert_memory_equal(before.salt, after.salt, sizeof before.salt);
    end(s);
}

static void test_change_refused(void **state)
{
    struct store_fixture *s = begin();
    char text[VAULT_PASSPHRASE_MAX + 1];
    uint64_t wait = 0;
    (void)state;
    memset(text, 'a', sizeof text);
    struct vl_bytes old = vl_bytes_text(OLD), now = vl_bytes_text(NOW);
    struct vl_bytes longest = vl_bytes((const uint8_t *)text, VAULT_PASSPHRASE_MAX);
    struct vl_bytes longer = vl_bytes((const uint8_t *)text, VAULT_PASSPHRASE_MAX + 1);
    assert_int_equal(store_passphrase_change(s->store, old, vl_bytes_text(""), &wait),
                     VL_ERR_INVALID);
    assert_int_equal(store_passphrase_change(s->store, old, vl_bytes_text("\xff"), &wait),
                     VL_ERR_INVALID);
    assert_int_equal(store_passphrase_change(s->store, old, longer, &wait), VL_ERR_INVALID);
    assert_int_equal(store_passphrase_change(s->store, vl_bytes_text("pas elle"), now, &wait),
                     VL_ERR_PASSPHRASE);
    assert_int_equal(wait, 1000);
    assert_int_equal(store_passphrase_change(s->store, old, now, &wait), VL_ERR_BACKOFF);
    store_fixture_close(s);
    assert_true(opens(s, OLD));
    assert_false(opens(s, NOW));
    int folder = -1;
    assert_int_equal(folder_open(s->folder.path, &folder), VL_OK);
    assert_int_equal(unlinkat(folder, "tries", 0), 0);
    close(folder);
    store_fixture_open(s);
    assert_int_equal(store_passphrase_change(s->store, old, longest, &wait), VL_OK);
    end(s);
}

/* The passphrase of another vault in this folder would open that one from then on. */
static void test_change_to_anothers(void **state)
{
    struct store_fixture *s = begin();
    struct vault_keys *mine = NULL, *other = NULL;
    struct vault_file file;
    uint64_t wait = 0;
    (void)state;
    assert_int_equal(store_keys_read(s->store->folder, &file), VL_OK);
    assert_int_equal(vault_unlock(&file, vl_bytes_text(OLD), &mine), VL_OK);
    assert_int_equal(vault_keys_create(&other), VL_OK);
    /* It lies before ours, or else behind: then ours comes first, which is no loss. */
    other->slot = mine->slot == 0 ? 1 : 0;
    assert_int_equal(vault_slot_replace(&file, other, vl_bytes_text("autre")), VL_OK);
    assert_int_equal(store_keys_write(s->store->folder, &file), VL_OK);
    vl_result result =
        store_passphrase_change(s->store, vl_bytes_text(OLD), vl_bytes_text("autre"), &wait);
    assert_int_equal(result, other->slot < mine->slot ? VL_ERR_INVALID : VL_OK);
    const char *opener = result == VL_OK ? "autre" : OLD;
    vault_keys_destroy(mine);
    vault_keys_destroy(other);
    store_fixture_close(s);
    assert_true(opens(s, opener));
    end(s);
}

/* Wrong ones, and tries that were broken off, are waited for elsewhere. */
static void forget_tries(const struct store_fixture *s)
{
    (void)syscall(SYS_unlinkat, s->store->folder, "tries", 0);
}

static void read_keys(const struct store_fixture *s, struct vl_buffer *out)
{
    vl_buffer_clear(out);
    assert_int_equal(folder_read(s->store->folder, "keys", VAULT_KEYS_BYTES, out), VL_OK);
}

/* Broken off anywhere, or failing anywhere: the file of the keys is the one from before, byte by
 * byte, or one that the new passphrase opens and the old one does not. */
static void change_at_every_step(bool ends, unsigned *old, unsigned *now)
{
    struct store_fixture *s = begin();
    struct vl_buffer before = {0}, after = {0};
    bool more = true;
    *old = *now = 0;
    read_keys(s, &before);
    for (unsigned nth = 1; more; nth++) {
        forget_tries(s);
        if (ends) {
            more = broken_off(s, nth, change);
        } else {
            fault.left = nth;
            fault.ends = false;
            vl_result result = change(s);
            fault.left = 0;
            more = result != VL_OK;
            if (more) assert_int_equal(result, VL_ERR_STORAGE);
        }
        read_keys(s, &after);
        if (vl_bytes_equal(vl_buffer_view(&before), vl_buffer_view(&after))) {
            assert_true(more); /* a change that was made is there */
            ++*old;
            continue;
        }
        struct vault_file file;
        struct vault_keys *keys = NULL;
        assert_int_equal(store_keys_read(s->store->folder, &file), VL_OK);
        assert_int_equal(vault_unlock(&file, vl_bytes_text(OLD), &keys), VL_ERR_PASSPHRASE);
        assert_int_equal(vault_unlock(&file, vl_bytes_text(NOW), &keys), VL_OK);
        assert_memory_equal(keys->root, s->store->keys->root, sizeof keys->root);
        vault_keys_destroy(keys);
        ++*now;
        assert_int_equal(folder_write(s->store->folder, "keys", vl_buffer_view(&before)), VL_OK);
    }
    forget_tries(s);
    vl_buffer_finish(&before);
    vl_buffer_finish(&after);
    end(s);
}

static void test_change_broken_off(void **state)
{
    unsigned old, now;
    (void)state;
    change_at_every_step(true, &old, &now);
    assert_true(old >= 5 && now >= 2); /* both were seen */
}

static void test_change_fails(void **state)
{
    unsigned old, now;
    (void)state;
    change_at_every_step(false, &old, &now);
    assert_true(old >= 5 && now >= 1);
}

/* ---- the end ---- */

static vl_result wipe(void *context)
{
    const struct store_fixture *s = context;
    return store_wipe(s->folder.path);
}

static void check_gone(struct store_fixture *s)
{
    static const char *const names[] = {"keys",        "keys.new",  "keys.wiped",
                                        "vault-0",     "vault-1",   "vault-0-wal",
                                        "vault-1-wal", "vault.new", "tries"};
    uint64_t wait = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (has(s, names[i])) fail_msg("%s", names[i]);
    }
    assert_false(store_exists(s->folder.path));
    assert_int_equal(store_open(&s->store, s->folder.path, vl_bytes_text(OLD), &wait),
                     VL_ERR_NOT_FOUND);
}

static void test_wipe(void **state)
{
    struct store_fixture *s = begin();
    (void)state;
    assert_int_equal(wipe(s), VL_ERR_IN_USE); /* it is open */
    assert_int_equal(store_fixture_count(s), 1);
    store_fixture_close(s);
    assert_int_equal(wipe(s), VL_OK);
    check_gone(s);
    assert_int_equal(wipe(s), VL_ERR_NOT_FOUND);
    assert_int_equal(store_wipe_resume(s->folder.path), VL_OK);
    assert_int_equal(store_create_at_cost(s->folder.path, vl_bytes_text(NOW), vault_cost_floor()),
                     VL_OK);
    assert_false(opens(s, OLD));
    assert_true(opens(s, NOW));
    end(s);
}

/* The keys are written over where they lie: who holds the file open sees them go. */
static void test_keys_are_overwritten(void **state)
{
    struct store_fixture *s = begin();
    uint8_t before[VAULT_KEYS_BYTES], after[VAULT_KEYS_BYTES];
    char path[512];
    (void)state;
    store_fixture_close(s);
    snprintf(path, sizeof path, "%s/keys", s->folder.path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(fd, before, sizeof before, 0), (ssize_t)sizeof before);
    assert_int_equal(wipe(s), VL_OK);
    assert_int_equal(pread(fd, after, sizeof after, 0), (ssize_t)sizeof after);
    close(fd);
    for (size_t at = 0; at + 16 <= sizeof before; at += 16) {
        assert_memory_not_equal(before + at, after + at, 16);
    }
    end(s);
}

/* The files of one vault, to be laid back as often as it was wiped. */
static const char *const kept_names[] = {"keys", "vault-0", "vault-1", "tries"};
#define KEPT (sizeof kept_names / sizeof kept_names[0])

static void read_kept(const struct store_fixture *s, struct vl_buffer files[static KEPT])
{
    int folder = -1;
    assert_int_equal(folder_open(s->folder.path, &folder), VL_OK);
    for (size_t i = 0; i < KEPT; i++) {
        vl_buffer_clear(&files[i]);
        assert_int_equal(folder_read(folder, kept_names[i], 1u << 22, &files[i]), VL_OK);
    }
    close(folder);
}

static void lay_kept(const struct store_fixture *s, const struct vl_buffer files[static KEPT])
{
    int folder = -1;
    assert_int_equal(folder_open(s->folder.path, &folder), VL_OK);
    for (size_t i = 0; i < KEPT; i++) {
        assert_int_equal(folder_write(folder, kept_names[i], vl_buffer_view(&files[i])), VL_OK);
    }
    close(folder);
}

/* Broken off or failing anywhere the vault is there wholly, or opens for nobody, and going on ends
 * it. */
static void wipe_at_every_step(bool ends, unsigned *there, unsigned *gone)
{
    struct store_fixture *s = begin();
    struct vl_buffer before[KEPT] = {{0}}, after[KEPT] = {{0}};
    bool more = true;
    *there = *gone = 0;
    store_fixture_close(s);
    read_kept(s, before);
    for (unsigned nth = 1; more; nth++) {
        if (ends) {
            more = broken_off(s, nth, wipe);
        } else {
            fault.left = nth;
            fault.ends = false;
            (void)!wipe(s);
            more = fault.left == 0; /* it came to that call */
            fault.left = 0;
        }
        bool exists = store_exists(s->folder.path);
        assert_int_equal(store_wipe_resume(s->folder.path), VL_OK);
        if (exists) { /* then that takes nothing */
            assert_true(more);
            read_kept(s, after);
            for (size_t i = 0; i < KEPT; i++) {
                assert_true(vl_bytes_equal(vl_buffer_view(&before[i]), vl_buffer_view(&after[i])));
            }
            ++*there;
        } else {
            check_gone(s);
            lay_kept(s, before);
            ++*gone;
        }
    }
    for (size_t i = 0; i < KEPT; i++) {
        vl_buffer_finish(&before[i]);
        vl_buffer_finish(&after[i]);
    }
    end(s);
}

static void test_wipe_broken_off(void **state)
{
    unsigned there, gone;
    (void)state;
    wipe_at_every_step(true, &there, &gone);
    assert_true(there >= 1 && gone >= 10);
}

static void test_wipe_fails(void **state)
{
    unsigned there, gone;
    (void)state;
    wipe_at_every_step(false, &there, &gone);
    assert_true(there >= 1 && gone >= 10);
}

/* Making another vault takes away what is left as well. */
static void test_another_after_a_broken_off_wipe(void **state)
{
    struct store_fixture *s = begin();
    (void)state;
    store_fixture_close(s);
    assert_true(broken_off(s, 3, wipe));
    assert_true(has(s, "keys.wiped"));
    assert_int_equal(store_create_at_cost(s->folder.path, vl_bytes_text(NOW), vault_cost_floor()),
                     VL_OK);
    assert_false(has(s, "keys.wiped"));
    assert_true(opens(s, NOW));
    end(s);
}

/* Never the files of a vault that is there. */
static void test_rest_beside_a_vault(void **state)
{
    struct store_fixture *s = begin();
    (void)state;
    assert_int_equal(folder_write(s->store->folder, "keys.wiped", vl_bytes_text("x")), VL_OK);
    store_fixture_close(s);
    assert_int_equal(store_wipe_resume(s->folder.path), VL_OK);
    assert_true(opens(s, OLD));
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_change),
        cmocka_unit_test(test_change_touches_one_slot),
        cmocka_unit_test(test_change_refused),
        cmocka_unit_test(test_change_to_anothers),
        cmocka_unit_test(test_change_broken_off),
        cmocka_unit_test(test_change_fails),
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_keys_are_overwritten),
        cmocka_unit_test(test_wipe_broken_off),
        cmocka_unit_test(test_wipe_fails),
        cmocka_unit_test(test_another_after_a_broken_off_wipe),
        cmocka_unit_test(test_rest_beside_a_vault),
    };
    return cmocka_run_group_tests_name("wipe", tests, NULL, NULL);
}
