/* What is erased is nowhere: a replica over the sealed store, then the database is read with its
 * key, every page of it, the free ones and its log, the search index, and this process's memory. */
#include "tests/support/store_fixture.h"
#include "tests/support/test_scale.h"
#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <veillee/replica.h>
#include <veillee/value.h>

#include <cmocka.h>

#define TYPE 7u

/* The words are never in memory but where the program has put them: here they are masked. */
#define WORD_SIZE 18u
#define MASK      0x5au
static uint8_t masked[WORD_SIZE];

static void unmask(uint8_t out[static WORD_SIZE])
{
    for (size_t i = 0; i < WORD_SIZE; i++)
        out[i] = masked[i] ^ MASK;
}

static void choose_word(void)
{
    for (size_t i = 0; i < WORD_SIZE; i++)
        masked[i] = (uint8_t)(('a' + randombytes_uniform(26)) ^ MASK);
}

/* A distinctive part of the word is enough: an index may cut it. */
#define NEEDLE_FROM 4u
#define NEEDLE_SIZE 12u

static size_t occurrences(const uint8_t *bytes, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i + NEEDLE_SIZE <= size; i++) {
        size_t k = 0;
        while (k < NEEDLE_SIZE && (bytes[i + k] ^ MASK) == masked[NEEDLE_FROM + k])
            k++;
        count += k == NEEDLE_SIZE;
    }
    return count;
}

/* ---- where it could be ---- */

static size_t in_file(struct store_fixture *s, int which)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    size_t count = 0;
    uint8_t *page = malloc(PAGES_SIZE);
    assert_non_null(page);
    assert_int_equal(sqlite3_file_control(s->store->db.connection, "main", which, &file),
                     SQLITE_OK);
    if (file->pMethods != NULL) assert_int_equal(file->pMethods->xFileSize(file, &size), SQLITE_OK);
    if (which == SQLITE_FCNTL_JOURNAL_POINTER) {
        free(page);
        return (size_t)size; /* the log is to be empty, whatever is in it */
    }
    for (sqlite3_int64 at = 0; at < size; at += (sqlite3_int64)PAGES_SIZE) {
        assert_int_equal(file->pMethods->xRead(file, page, (int)PAGES_SIZE, at), SQLITE_OK);
        count += occurrences(page, PAGES_SIZE);
    }
    sodium_memzero(page, PAGES_SIZE);
    free(page);
    return count;
}

static size_t in_memory(void)
{
    static uint8_t piece[1 << 16];
    size_t count = 0;
    unsigned long from, to;
    char line[512], mode[5];
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY);
    assert_non_null(maps);
    assert_true(memory >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3) continue;
        if (mode[0] != 'r' || mode[1] != 'w') continue;
        for (unsigned long at = from; at < to; at += sizeof piece - NEEDLE_SIZE) {
            if (at <= (unsigned long)piece && (unsigned long)piece < at + sizeof piece) continue;
            size_t wanted = to - at < sizeof piece ? to - at : sizeof piece;
            ssize_t got = pread(memory, piece, wanted, (off_t)at);
            if (got > 0) count += occurrences(piece, (size_t)got);
            sodium_memzero(piece, sizeof piece);
        }
    }
    close(memory);
    (void)fclose(maps);
    return count;
}

static vl_result count_hit(void *context, const struct store_hit *hit)
{
    (void)hit;
    (*(size_t *)context)++;
    return VL_OK;
}

static size_t in_search(struct store_fixture *s)
{
    uint8_t word[WORD_SIZE];
    size_t count = 0, left = 1;
    while (left > 0)
        assert_int_equal(store_index_step(s->store, 64, &left), VL_OK);
    unmask(word);
    assert_int_equal(store_search(s->store, NULL, vl_bytes(word, WORD_SIZE), 10, count_hit, &count),
                     VL_OK);
    sodium_memzero(word, sizeof word);
    return count;
}

/* ---- a private circle over the store ---- */

struct scene {
    struct store_fixture *s;
    struct vl_device_keys *keys;
    struct vl_replica *replica;
    struct vl_id erased, kept;
};

static struct vl_id write_text(struct scene *scene, uint8_t record, const uint8_t *text,
                               size_t size)
{
    struct vl_buffer value = {0};
    struct vl_id id;
    struct vl_value text_value = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes(text, size)};
    assert_int_equal(vl_value_encode(&text_value, &value), VL_OK);
    struct vl_operation operation = {.type = TYPE,
                                     .record = {{record}},
                                     .field = 1,
                                     .opcode = VL_OP_REGISTER_SET,
                                     .value = vl_buffer_view(&value)};
    assert_int_equal(vl_replica_write(scene->replica, &operation, 1, (vl_wall){1}, &id), VL_OK);
    vl_buffer_wipe(&value);
    vl_buffer_finish(&value);
    return id;
}

static void scene_open(struct scene *scene, struct store_fixture *s)
{
    static const uint8_t nobody[32], unsigned_by_a_second[64];
    uint8_t random[32], word[WORD_SIZE];
    struct vl_id id;
    *scene = (struct scene){.s = s};
    choose_word();
    randombytes_buf(random, sizeof random);
    assert_int_equal(vl_device_keys_create(&scene->keys), VL_OK);
    vl_circle_id(scene->keys->card.sign, nobody, random, &s->circle);
    store_storage(s->store, &s->circle, &s->port);
    assert_int_equal(vl_replica_open(&scene->replica, &s->circle, scene->keys, &s->port, NULL),
                     VL_OK);
    assert_int_equal(
        vl_replica_found(scene->replica, random, NULL, unsigned_by_a_second, (vl_wall){1}, &id),
        VL_OK);
    unmask(word);
    scene->erased = write_text(scene, 1, word, WORD_SIZE);
    sodium_memzero(word, sizeof word);
    scene->kept = write_text(scene, 2, (const uint8_t *)"what is kept", 12);
}

static void scene_close(struct scene *scene)
{
    vl_replica_close(scene->replica);
    vl_device_keys_destroy(scene->keys);
}

static void erased_text_is_in_no_page_no_log_and_no_index(void **state)
{
    struct store_fixture *s = *state;
    struct scene scene;
    struct vl_id id;
    struct vl_buffer body = {0};
    scene_open(&scene, s);
    assert_int_equal(in_search(s), 1);
    assert_int_equal(database_checkpoint(&s->store->db), VL_OK);
    assert_true(in_file(s, SQLITE_FCNTL_FILE_POINTER) > 0); /* the search would find it */

    assert_int_equal(vl_replica_erase(scene.replica, &scene.erased, 1, (vl_wall){2}, &id), VL_OK);
    assert_int_equal(in_file(s, SQLITE_FCNTL_FILE_POINTER), 0);
    assert_int_equal(in_file(s, SQLITE_FCNTL_JOURNAL_POINTER), 0);
    assert_int_equal(in_search(s), 0);
    assert_int_equal(vl_replica_entry_body(scene.replica, &scene.erased, &body), VL_ERR_NOT_FOUND);
    assert_int_equal(vl_replica_entry_body(scene.replica, &scene.kept, &body), VL_OK);
    vl_buffer_finish(&body);
    assert_int_equal(store_check(s->store), VL_OK);
    scene_close(&scene);

    store_fixture_reopen(s);
    assert_int_equal(in_file(s, SQLITE_FCNTL_FILE_POINTER), 0);
    assert_int_equal(in_search(s), 0);
}

/* Checkers keep freed memory, and map more of it than can be read. */
static bool under_a_checker(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    return true;
#endif
#endif
    return test_scale(0, 1) == 1;
}

static void erased_text_is_not_in_memory(void **state)
{
    if (under_a_checker()) skip();
    struct store_fixture *s = *state;
    struct scene scene;
    struct vl_id id;
    scene_open(&scene, s);
    assert_int_equal(in_search(s), 1);
    assert_true(in_memory() > 0);
    assert_int_equal(vl_replica_erase(scene.replica, &scene.erased, 1, (vl_wall){2}, &id), VL_OK);
    assert_int_equal(in_memory(), 0);
    scene_close(&scene);
}

static void other_records_are_found_as_before(void **state)
{
    struct store_fixture *s = *state;
    struct scene scene;
    struct vl_id id;
    size_t hits = 0;
    scene_open(&scene, s);
    assert_int_equal(in_search(s), 1);
    assert_int_equal(vl_replica_erase(scene.replica, &scene.erased, 1, (vl_wall){2}, &id), VL_OK);
    assert_int_equal(store_search(s->store, NULL, vl_bytes_text("kept"), 10, count_hit, &hits),
                     VL_OK);
    assert_int_equal(hits, 1);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(erased_text_is_in_no_page_no_log_and_no_index,
                                        store_fixture_set_up, store_fixture_tear_down),
        cmocka_unit_test_setup_teardown(erased_text_is_not_in_memory, store_fixture_set_up,
                                        store_fixture_tear_down),
        cmocka_unit_test_setup_teardown(other_records_are_found_as_before, store_fixture_set_up,
                                        store_fixture_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
