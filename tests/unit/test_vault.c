/* Key slots, passphrases, the wait after wrong ones, and the folder of a vault. */
#include "store/marker.h"
#include "store/store.h"
#include "store/tries.h"
#include "store/vault.h"
#include "tests/support/scratch_folder.h"
#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PASSPHRASE "un secret bien garde"

static struct vl_bytes text(const char *string)
{
    return vl_bytes_text(string);
}

static void make_file(const char *passphrase, struct vault_keys **keys, struct vault_file *file)
{
    uint8_t marker[32] = {1};
    assert_int_equal(vault_keys_create(keys), VL_OK);
    assert_int_equal(vault_file_make(*keys, text(passphrase), vault_cost_floor(), marker, file),
                     VL_OK);
}

/* ---- slots ---- */

static void test_unlock(void **state)
{
    struct vault_keys *keys = NULL, *opened = NULL;
    struct vault_file file, decoded;
    struct vl_buffer bytes = {0}, again = {0};
    (void)state;
    make_file(PASSPHRASE, &keys, &file);
    assert_int_equal(vault_file_encode(&file, &bytes), VL_OK);
    assert_int_equal(bytes.size, VAULT_KEYS_BYTES);
    assert_int_equal(vault_file_decode(vl_buffer_view(&bytes), &decoded), VL_OK);
    assert_int_equal(vault_file_encode(&decoded, &again), VL_OK);
    assert_true(vl_bytes_equal(vl_buffer_view(&bytes), vl_buffer_view(&again)));
    assert_int_equal(vault_unlock(&decoded, text("un secret mal garde"), &opened),
                     VL_ERR_PASSPHRASE);
    assert_null(opened);
    assert_int_equal(vault_unlock(&decoded, text(PASSPHRASE), &opened), VL_OK);
    assert_true(opened->slot < VAULT_SLOTS && keys->slot == VAULT_SLOTS);
    keys->slot = opened->slot;
    assert_memory_equal(opened, keys, sizeof *keys);
    vault_keys_destroy(keys);
    vault_keys_destroy(opened);
    vl_buffer_finish(&bytes);
    vl_buffer_finish(&again);
}

/* The slot opens by libsodium alone with what vault.h says. */
static void test_slot_is_as_documented(void **state)
{
    struct vault_keys *keys = NULL;
    struct vault_file file;
    struct vl_buffer bytes = {0};
    uint8_t stretched[32], key[32], plain[64], data[128];
    unsigned opened = 0;
    (void)state;
    make_file(PASSPHRASE, &keys, &file);
    assert_int_equal(vault_file_encode(&file, &bytes), VL_OK);
    assert_int_equal(crypto_pwhash(stretched, 32, PASSPHRASE, strlen(PASSPHRASE), bytes.data + 18,
                                   VAULT_PASSES_FLOOR, VAULT_MEMORY_KIB_FLOOR * 1024ul,
                                   crypto_pwhash_ALG_ARGON2ID13),
                     0);
    static const char domain[] = "veillee/1 vault slot";
    crypto_generichash(key, 32, (const uint8_t *)domain, sizeof domain, stretched, 32);
    memcpy(data, domain, sizeof domain);
    memcpy(data + sizeof domain, bytes.data, 34);
    for (uint8_t slot = 0; slot < 8; slot++) {
        const uint8_t *at = bytes.data + 34 + 64 + (size_t)slot * 104;
        data[sizeof domain + 34] = slot;
        if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, at + 24, 80, data,
                                                       sizeof domain + 35, at, key) != 0) {
            continue;
        }
        opened++;
        assert_int_equal(plain[0], keys->number);
        assert_memory_equal(plain + 1, keys->root, 32);
        assert_memory_equal(plain + 33, keys->file_id, 16);
        assert_true(sodium_is_zero(plain + 49, 15));
    }
    assert_int_equal(opened, 1);
    vault_keys_destroy(keys);
    vl_buffer_finish(&bytes);
}

/* Any change of any byte is seen before a passphrase is tried. */
static void test_damaged_keys_file(void **state)
{
    struct vault_keys *keys = NULL;
    struct vault_file file;
    struct vl_buffer bytes = {0};
    (void)state;
    make_file(PASSPHRASE, &keys, &file);
    assert_int_equal(vault_file_encode(&file, &bytes), VL_OK);
    for (size_t i = 0; i < bytes.size; i++) {
        bytes.data[i] ^= 1;
        vl_result expected = i == 8 || i == 9 ? VL_ERR_VERSION : VL_ERR_DAMAGED;
        assert_int_equal(vault_file_decode(vl_buffer_view(&bytes), &file), expected);
        bytes.data[i] ^= 1;
    }
    for (size_t size = 0; size < bytes.size; size++) {
        assert_int_equal(vault_file_decode(vl_bytes(bytes.data, size), &file), VL_ERR_DAMAGED);
    }
    assert_int_equal(vl_buffer_append(&bytes, "", 1), VL_OK);
    assert_int_equal(vault_file_decode(vl_buffer_view(&bytes), &file), VL_ERR_DAMAGED);
    vault_keys_destroy(keys);
    vl_buffer_finish(&bytes);
}

static void test_cost_limits(void **state)
{
    struct vault_cost floor = vault_cost_floor();
    struct vault_keys *keys = NULL;
    struct vault_file file;
    struct vl_buffer bytes = {0};
    uint8_t marker[32] = {0};
    (void)state;
    const struct vault_cost bad[] = {{floor.memory_kib - 1, floor.passes},
                                     {floor.memory_kib, floor.passes - 1},
                                     {VAULT_MEMORY_KIB_MAX + 1, floor.passes},
                                     {floor.memory_kib, VAULT_PASSES_MAX + 1}};
    make_file(PASSPHRASE, &keys, &file);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct vault_file other;
        assert_int_equal(vault_file_make(keys, text("x"), bad[i], marker, &other), VL_ERR_INVALID);
        file.cost = bad[i];
        vl_buffer_clear(&bytes);
        assert_int_equal(vault_file_encode(&file, &bytes), VL_OK);
        assert_int_equal(vault_file_decode(vl_buffer_view(&bytes), &other), VL_ERR_DAMAGED);
    }
    file.cost = (struct vault_cost){VAULT_MEMORY_KIB_MAX, VAULT_PASSES_MAX};
    vl_buffer_clear(&bytes);
    assert_int_equal(vault_file_encode(&file, &bytes), VL_OK);
    assert_int_equal(vault_file_decode(vl_buffer_view(&bytes), &file), VL_OK);
    vault_keys_destroy(keys);
    vl_buffer_finish(&bytes);
}

/* e with an acute accent, as one code point and as two, is the same passphrase. */
static void test_passphrase_forms(void **state)
{
    struct vault_keys *keys = NULL, *opened = NULL;
    struct vault_file file;
    char longest[VAULT_PASSPHRASE_MAX + 1];
    (void)state;
    make_file("caf\xc3\xa9", &keys, &file);
    assert_int_equal(vault_unlock(&file, text("cafe\xcc\x81"), &opened), VL_OK);
    vault_keys_destroy(opened);
    opened = NULL;
    assert_int_equal(vault_unlock(&file, text("cafe"), &opened), VL_ERR_PASSPHRASE);
    assert_int_equal(vault_passphrase_check(text("")), VL_ERR_INVALID);
    assert_int_equal(vault_passphrase_check(text("\xff\xfe")), VL_ERR_INVALID);
    assert_int_equal(vault_passphrase_check(text("\xc3")), VL_ERR_INVALID);
    memset(longest, 'a', sizeof longest);
    assert_int_equal(vault_passphrase_check(vl_bytes(longest, VAULT_PASSPHRASE_MAX)), VL_OK);
    assert_int_equal(vault_passphrase_check(vl_bytes(longest, sizeof longest)), VL_ERR_INVALID);
    vault_keys_destroy(keys);
}

/* Which vault and which slot are drawn: over many draws each comes. */
static void test_choices_are_random(void **state)
{
    unsigned numbers[2] = {0};
    (void)state;
    for (int i = 0; i < 60; i++) {
        struct vault_keys *keys = NULL;
        assert_int_equal(vault_keys_create(&keys), VL_OK);
        numbers[keys->number]++;
        vault_keys_destroy(keys);
    }
    assert_true(numbers[0] > 5 && numbers[1] > 5);
}

/* ---- the wait ---- */

static void test_wait_doubles(void **state)
{
    (void)state;
    static const uint64_t seconds[] = {0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
    for (uint32_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        assert_int_equal(tries_wait(i).ms, seconds[i] * 1000);
    }
    assert_int_equal(tries_wait(UINT32_MAX).ms, 300000);
}

static void test_tries(void **state)
{
    struct scratch folder;
    struct tries_clock clock = {.boot = {1}, .now = {50000}};
    vl_duration wait;
    (void)state;
    scratch_make(&folder);
    int fd = open(folder.path, O_RDONLY | O_DIRECTORY);
    for (uint32_t wrong = 0; wrong < 12; wrong++) {
        uint64_t full = tries_wait(wrong).ms;
        if (wrong > 0) { /* too early by a millisecond */
            clock.now.ms += full - 1;
            assert_int_equal(tries_begin(fd, &clock, &wait), VL_ERR_BACKOFF);
            assert_int_equal(wait.ms, 1);
            clock.now.ms += 1;
        }
        assert_int_equal(tries_begin(fd, &clock, &wait), VL_OK);
        clock.now.ms += 700; /* Argon2id takes its time */
        assert_int_equal(tries_touch(fd, &clock, &wait), VL_OK);
        assert_int_equal(wait.ms, tries_wait(wrong + 1).ms);
    }
    /* Another boot: its clock says nothing about the old one's, the whole wait begins again. */
    clock = (struct tries_clock){.boot = {2}, .now = {90000000000}};
    assert_int_equal(tries_begin(fd, &clock, &wait), VL_ERR_BACKOFF);
    assert_int_equal(wait.ms, 300000);
    clock.now.ms += 300000;
    assert_int_equal(tries_begin(fd, &clock, &wait), VL_OK);
    /* A process that ends before the passphrase is judged has used its try. */
    assert_int_equal(tries_begin(fd, &clock, &wait), VL_ERR_BACKOFF);
    /* A clock that runs backwards shortens nothing. */
    clock.now.ms -= 1000000;
    assert_int_equal(tries_begin(fd, &clock, &wait), VL_ERR_BACKOFF);
    assert_int_equal(wait.ms, 300000);
    assert_int_equal(tries_clear(fd), VL_OK);
    assert_int_equal(tries_begin(fd, &clock, &wait), VL_OK);
    assert_int_equal(tries_cancel(fd, &clock), VL_OK);
    assert_int_equal(tries_begin(fd, &clock, &wait), VL_OK);
    close(fd);
    scratch_remove(&folder);
}

static void test_damaged_tries(void **state)
{
    struct scratch folder;
    struct tries_clock clock = {.boot = {1}, .now = {50000}};
    vl_duration wait;
    (void)state;
    scratch_make(&folder);
    int fd = open(folder.path, O_RDONLY | O_DIRECTORY);
    for (size_t at = 0; at < 40; at++) {
        assert_int_equal(tries_clear(fd), VL_OK);
        assert_int_equal(scratch_size(&folder, "tries"), 40);
        scratch_flip(&folder, "tries", at);
        assert_int_equal(tries_begin(fd, &clock, &wait), VL_ERR_BACKOFF);
        assert_int_equal(wait.ms, 1000);
    }
    scratch_truncate(&folder, "tries", 10);
    assert_int_equal(tries_begin(fd, &clock, &wait), VL_ERR_BACKOFF);
    close(fd);
    scratch_remove(&folder);
}

/* ---- the folder ---- */

static mode_t mode_of(const struct scratch *folder, const char *name)
{
    struct stat status;
    assert_int_equal(stat(scratch_path(folder, name), &status), 0);
    return status.st_mode & 0777;
}

static void make_vault(struct scratch *folder)
{
    scratch_make(folder);
    assert_int_equal(store_create_at_cost(folder->path, text(PASSPHRASE), vault_cost_floor()),
                     VL_OK);
}

static vl_result try_open(const struct scratch *folder, const char *passphrase, uint64_t *wait)
{
    struct store *s = NULL;
    vl_result result = store_open(&s, folder->path, text(passphrase), wait);
    store_close(s);
    return result;
}

static void test_folder(void **state)
{
    struct scratch folder, outer;
    uint64_t wait = 0;
    (void)state;
    mode_t mask = umask(0);
    make_vault(&folder);
    assert_true(store_exists(folder.path));
    static const char *const names[] = {"keys", "vault-0", "vault-1", "tries", "lock"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(mode_of(&folder, names[i]), 0600);
    }
    assert_int_equal(scratch_size(&folder, "vault-0"), scratch_size(&folder, "vault-1"));
    assert_int_equal(store_create(folder.path, text("autre")), VL_ERR_EXISTS);
    assert_int_equal(store_create(folder.path, text("")), VL_ERR_INVALID);
    struct store *s = NULL, *second = NULL;
    assert_int_equal(store_open(&s, folder.path, text(PASSPHRASE), &wait), VL_OK);
    assert_int_equal(store_open(&second, folder.path, text(PASSPHRASE), &wait), VL_ERR_IN_USE);
    assert_int_equal(
        mode_of(&folder, scratch_has(&folder, "vault-0-wal") ? "vault-0-wal" : "vault-1-wal"),
        0600);
    store_close(s);
    scratch_make(&outer);
    char deep[sizeof outer.path + 8];
    (void)snprintf(deep, sizeof deep, "%s/a/b", outer.path);
    assert_false(store_exists(deep));
    assert_int_equal(store_open(&second, deep, text("x"), &wait), VL_ERR_NOT_FOUND);
    assert_int_equal(store_create_at_cost(deep, text("x"), vault_cost_floor()), VL_OK);
    assert_int_equal(mode_of(&outer, "a/b"), 0700);
    struct scratch wide;
    (void)snprintf(wide.path, sizeof wide.path, "%.*s/wide", 100, outer.path);
    assert_int_equal(mkdir(wide.path, 0777), 0); /* made by hand, open to all */
    assert_int_equal(store_create_at_cost(wide.path, text("x"), vault_cost_floor()), VL_OK);
    assert_int_equal(mode_of(&outer, "wide"), 0700);
    (void)umask(mask);
    struct scratch inner;
    (void)snprintf(inner.path, sizeof inner.path, "%.*s", 100, deep);
    scratch_remove(&inner);
    scratch_remove(&wide);
    assert_int_equal(rmdir(scratch_path(&outer, "a")), 0);
    scratch_remove(&outer);
    scratch_remove(&folder);
}

static void test_wrong_passphrase(void **state)
{
    struct scratch folder;
    uint64_t wait = 0;
    (void)state;
    make_vault(&folder);
    assert_int_equal(try_open(&folder, "faux", &wait), VL_ERR_PASSPHRASE);
    assert_int_equal(wait, 1000);
    assert_int_equal(try_open(&folder, PASSPHRASE, &wait), VL_ERR_BACKOFF);
    assert_true(wait > 0 && wait <= 1000);
    assert_int_equal(try_open(&folder, "", &wait), VL_ERR_INVALID); /* no try */
    struct timespec second = {1, 50000000};
    nanosleep(&second, NULL);
    assert_int_equal(try_open(&folder, PASSPHRASE, &wait), VL_OK);
    assert_int_equal(try_open(&folder, PASSPHRASE, &wait), VL_OK); /* no wait after a right one */
    scratch_remove(&folder);
}

static const char *used_vault(const struct scratch *folder)
{
    struct store *s = NULL;
    uint64_t wait = 0;
    assert_int_equal(store_open(&s, folder->path, text(PASSPHRASE), &wait), VL_OK);
    const char *name = scratch_has(folder, "vault-0-wal") ? "vault-0" : "vault-1";
    store_close(s);
    return name;
}

static void test_damaged_vault(void **state)
{
    struct scratch folder, copy;
    uint64_t wait = 0;
    (void)state;
    make_vault(&folder);
    scratch_make(&copy);
    const char *name = used_vault(&folder);
    size_t size = scratch_size(&folder, name);
    const size_t cuts[] = {0, 1, 4135, 4136, 8271, 8272, size / 2, size - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        scratch_copy(&folder, &copy);
        scratch_truncate(&copy, name, cuts[i]);
        assert_int_equal(try_open(&copy, PASSPHRASE, &wait), VL_ERR_DAMAGED);
        assert_int_equal(scratch_size(&copy, name), cuts[i]); /* left as it is */
    }
    scratch_copy(&folder, &copy);
    scratch_flip(&copy, name, 4136 + 500); /* page 1 */
    assert_int_equal(try_open(&copy, PASSPHRASE, &wait), VL_ERR_DAMAGED);
    scratch_copy(&folder, &copy);
    scratch_flip(&copy, "keys", 500);
    assert_int_equal(try_open(&copy, PASSPHRASE, &wait), VL_ERR_DAMAGED);
    scratch_copy(&folder, &copy);
    assert_int_equal(unlink(scratch_path(&copy, name)), 0);
    assert_int_equal(try_open(&copy, PASSPHRASE, &wait), VL_ERR_DAMAGED);
    scratch_copy(&folder, &copy); /* the other vault does not matter */
    scratch_flip(&copy, strcmp(name, "vault-0") == 0 ? "vault-1" : "vault-0", 77);
    assert_int_equal(try_open(&copy, PASSPHRASE, &wait), VL_OK);
    scratch_remove(&copy);
    scratch_remove(&folder);
}

static void test_copy_is_noticed(void **state)
{
    struct scratch folder, copy;
    struct store *s = NULL;
    uint64_t wait = 0;
    (void)state;
    make_vault(&folder);
    scratch_make(&copy);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_open(&s, folder.path, text(PASSPHRASE), &wait), VL_OK);
        assert_false(store_is_copy(s));
        store_close(s);
    }
    scratch_copy(&folder, &copy);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_open(&s, copy.path, text(PASSPHRASE), &wait), VL_OK);
        assert_int_equal(store_is_copy(s), i == 0);
        assert_int_equal(store_accept_copy(s), VL_OK);
        assert_false(store_is_copy(s));
        store_close(s);
    }
    scratch_remove(&copy);
    scratch_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unlock),
        cmocka_unit_test(test_slot_is_as_documented),
        cmocka_unit_test(test_damaged_keys_file),
        cmocka_unit_test(test_cost_limits),
        cmocka_unit_test(test_passphrase_forms),
        cmocka_unit_test(test_choices_are_random),
        cmocka_unit_test(test_wait_doubles),
        cmocka_unit_test(test_tries),
        cmocka_unit_test(test_damaged_tries),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_wrong_passphrase),
        cmocka_unit_test(test_damaged_vault),
        cmocka_unit_test(test_copy_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
