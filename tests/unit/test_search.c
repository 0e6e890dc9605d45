/* Search over what the cells say: by prefix, whatever the accents and the case; what was replaced,
 * removed or cleared is found no more. */
#include "store/store_internal.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/test_scale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <veillee/value.h>

#include <cmocka.h>

#define PASSPHRASE "un secret bien garde"
#define TYPE       4u

struct scene {
    struct scratch folder;
    struct store *store;
    struct vl_id circle;
    struct vl_storage port;
    uint64_t lamport;
};

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    uint64_t wait = 0;
    assert_non_null(s);
    scratch_make(&s->folder);
    memset(s->circle.bytes, 0xc1, sizeof s->circle.bytes);
    assert_int_equal(
        store_create_at_cost(s->folder.path, vl_bytes_text(PASSPHRASE), vault_cost_floor()), VL_OK);
    assert_int_equal(store_open(&s->store, s->folder.path, vl_bytes_text(PASSPHRASE), &wait),
                     VL_OK);
    store_storage(s->store, &s->circle, &s->port);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    store_close(s->store);
    scratch_remove(&s->folder);
    free(s);
    return 0;
}

/* ---- writing records ---- */

static struct vl_cell_key key_of(unsigned record, uint32_t field, enum vl_field_kind kind)
{
    struct vl_cell_key key = {.type = TYPE, .field = field, .kind = kind};
    key.record.bytes[0] = (uint8_t)record;
    key.record.bytes[1] = (uint8_t)(record >> 8);
    return key;
}

static struct vl_stamp next_stamp(struct scene *s)
{
    struct vl_stamp stamp = {.lamport = ++s->lamport};
    memcpy(stamp.dot.entry.bytes, &s->lamport, sizeof s->lamport);
    stamp.dot.entry.bytes[31] = 1;
    return stamp;
}

/* Merges one operation into the cell and stores it; gives the operation's name. */
static struct vl_dot merge(struct scene *s, const struct vl_cell_key *key,
                           struct vl_operation *operation)
{
    struct vl_buffer state = {0};
    struct vl_stamp stamp = next_stamp(s);
    operation->type = key->type;
    operation->record = key->record;
    operation->field = key->field;
    vl_result found = s->port.cell_get(s->port.self, key, &state);
    assert_true(found == VL_OK || found == VL_ERR_NOT_FOUND);
    assert_int_equal(vl_cell_apply(key->kind, &state, operation, &stamp), VL_OK);
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    assert_int_equal(s->port.cell_put(s->port.self, key, vl_buffer_view(&state)), VL_OK);
    assert_int_equal(s->port.commit(s->port.self), VL_OK);
    vl_buffer_finish(&state);
    return stamp.dot;
}

static struct vl_dot put_value(struct scene *s, unsigned record, uint32_t field,
                               enum vl_opcode opcode, const char *text, const struct vl_dot *dots,
                               size_t count)
{
    struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = vl_bytes_text(text)};
    struct vl_cell_key key = key_of(record, field, vl_opcode_field_kind(opcode));
    struct vl_buffer bytes = {0};
    assert_int_equal(vl_value_encode(&value, &bytes), VL_OK);
    struct vl_operation operation = {.opcode = opcode,
                                     .dots = dots,
                                     .dot_count = count,
                                     .left = {.is_end = true},
                                     .right = {.is_end = true},
                                     .value = vl_buffer_view(&bytes)};
    struct vl_dot dot = merge(s, &key, &operation);
    vl_buffer_finish(&bytes);
    return dot;
}

static struct vl_dot put_text(struct scene *s, unsigned record, const char *text)
{
    return put_value(s, record, 1, VL_OP_REGISTER_SET, text, NULL, 0);
}

static void index_all(struct scene *s)
{
    size_t left = 1;
    while (left > 0)
        assert_int_equal(store_index_step(s->store, 10, &left), VL_OK);
}

/* ---- searching ---- */

struct found {
    size_t count;
    unsigned records[64];
    char excerpt[512];
};

static vl_result keep(void *context, const struct store_hit *hit)
{
    struct found *found = context;
    assert_int_equal(hit->type, TYPE);
    if (found->count < 64) {
        found->records[found->count] = hit->record.bytes[0] + 256u * hit->record.bytes[1];
    }
    if (found->count == 0) {
        (void)snprintf(found->excerpt, sizeof found->excerpt, "%s", hit->excerpt);
    }
    found->count++;
    return VL_OK;
}

static struct found search(struct scene *s, const char *words)
{
    struct found found = {0};
    assert_int_equal(store_search(s->store, NULL, vl_bytes_text(words), 64, keep, &found), VL_OK);
    return found;
}

static void assert_finds(struct scene *s, const char *words, unsigned record)
{
    struct found found = search(s, words);
    if (found.count != 1 || found.records[0] != record) {
        fail_msg("\"%s\" finds %zu records, first %u", words, found.count, found.records[0]);
    }
}

static void assert_finds_nothing(struct scene *s, const char *words)
{
    struct found found = search(s, words);
    if (found.count != 0) fail_msg("\"%s\" finds %zu records", words, found.count);
}

/* ---- what is found ---- */

static void test_accents_case_prefix(void **state)
{
    struct scene *s = *state;
    put_text(s, 1, "La soirée d'été à l'Hôtel-Dieu");
    put_text(s, 2, "Un goûter chez Zoë, rue de Brasília");
    assert_finds_nothing(s, "soiree"); /* not indexed yet */
    index_all(s);
    static const char *const first[] = {"soirée", "SOIREE", "soi",  "été",       "ete",
                                        "hotel",  "dieu",   "d'ét", "soir hôte", "Hotel-dieu"};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        assert_finds(s, first[i], 1);
    assert_finds(s, "zoe", 2);
    assert_finds(s, "gouter brasilia", 2);
    assert_finds(s, "go\xc3\xbbter", 2);
    assert_finds(s, "gou\xcc\x82ter", 2);     /* the accent as its own code point */
    assert_finds_nothing(s, "soiree gouter"); /* all words */
    assert_finds_nothing(s, "oiree");         /* prefixes, not parts */
    assert_true(search(s, "l").count == 1);   /* one letter will do */
}

static void test_excerpt(void **state)
{
    struct scene *s = *state;
    put_text(s, 1,
             "avant \xe2\x81\xa8"
             "faux\xe2\x81\xa9 puis le mot exact et la suite");
    index_all(s);
    struct found found = search(s, "exa");
    assert_int_equal(found.count, 1);
    assert_non_null(strstr(found.excerpt, "\xe2\x81\xa8"
                                          "exact\xe2\x81\xa9"));
    assert_null(strstr(found.excerpt, "\xe2\x81\xa8"
                                      "faux")); /* marks are ours alone */
    assert_finds(s, "faux", 1);
}

/* Whatever people type is words, never the index's own query language. */
static void test_hostile_words(void **state)
{
    struct scene *s = *state;
    put_text(s, 1, "pain et sel");
    put_text(s, 2, "pain ou beurre NOT near");
    index_all(s);
    static const char *const none[] = {"",      " ",  "\"", "*",       "^",      "( )", "\"\"",
                                       "\"*\"", "-",  "+",  "body:zz", "{}",     "'",   ";--",
                                       "\\",    "\n", "𝄞",  "absent*", "NEAR(a", "🎵"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_finds_nothing(s, none[i]);
    assert_finds_nothing(s, "pain OR sel"); /* OR is a word, and not there */
    assert_finds(s, "pain NOT", 2);
    assert_finds_nothing(s, "\"pain\" AND* sel NEAR");
}

/* However much of a word is typed, and whatever of it is typed again. */
static void test_every_length_and_again(void **state)
{
    static const char word[] = "constellations";
    struct scene *s = *state;
    char words[3 * sizeof word];
    put_text(s, 1, "Des constellations au jardin");
    put_text(s, 2, "Une ruche");
    index_all(s);
    for (size_t size = 1; size < sizeof word; size++) {
        snprintf(words, sizeof words, "%.*s", (int)size, word);
        assert_finds(s, words, 1);
        snprintf(words, sizeof words, "%.*s c %s", (int)size, word, word);
        assert_finds(s, words, 1);
        snprintf(words, sizeof words, "%.*sq %s", (int)size, word, word);
        assert_finds_nothing(s, words);
    }
    assert_finds_nothing(s, "constellationsx constellations");
    assert_finds_nothing(s, "co co ruche");
    put_text(s, 3, "Un \xc3\xa9t\xc3\xa9");
    index_all(s);
    assert_finds(s, "e e\xcc\x81t e\xcc\x81", 3); /* with the accent as its own code point */
}

/* Marks that are no accents, letters of newer alphabets: what is typed is split as what is found.
 */
static void test_every_code_point(void **state)
{
    static const char *const words[] = {
        "\xe0\xa4\xa8\xe0\xa4\xae\xe0\xa4\xb8\xe0\xa5\x8d\xe0\xa4"
        "\xa4\xe0\xa5\x87", /* namaste */
        "\xe0\xb8\xaa\xe0\xb8\xa7\xe0\xb8\xb1\xe0\xb8\xaa\xe0\xb8\x94"
        "\xe0\xb8\xb5"}; /* sawasdi */
    struct scene *s = *state;
    struct found found = {0};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        put_text(s, i + 1, words[i]);
    index_all(s);
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        assert_finds(s, words[i], i + 1);
    const utf8proc_int32_t step = (utf8proc_int32_t)test_scale(31, 211);
    for (utf8proc_int32_t point = 1; point < 0x110000; point += point < 0x3000 ? 1 : step) {
        uint8_t typed[8] = {'x'};
        if (!utf8proc_codepoint_valid(point)) continue;
        utf8proc_ssize_t size = utf8proc_encode_char(point, typed + 1);
        typed[size + 1] = 'y';
        assert_int_equal(
            store_search(s->store, NULL, vl_bytes(typed, (size_t)size + 2), 9, keep, &found),
            VL_OK);
    }
    assert_int_equal(found.count, 0);
}

static void test_query_limits(void **state)
{
    struct scene *s = *state;
    struct found found = {0};
    char words[STORE_QUERY_BYTES_MAX + 1];
    put_text(s, 1, "a");
    index_all(s);
    memset(words, ' ', sizeof words);
    for (size_t i = 0; i < STORE_QUERY_WORDS_MAX; i++)
        words[2 * i] = 'a';
    assert_int_equal(
        store_search(s->store, NULL, vl_bytes(words, STORE_QUERY_BYTES_MAX), 9, keep, &found),
        VL_OK);
    assert_int_equal(found.count, 1);
    assert_int_equal(store_search(s->store, NULL, vl_bytes(words, sizeof words), 9, keep, &found),
                     VL_ERR_TOO_LARGE);
    words[2 * STORE_QUERY_WORDS_MAX] = 'a';
    assert_int_equal(store_search(s->store, NULL, vl_bytes(words, 100), 9, keep, &found),
                     VL_ERR_TOO_LARGE);
    assert_int_equal(store_search(s->store, NULL, vl_bytes_text("\xff"), 9, keep, &found),
                     VL_ERR_UTF8);
    assert_int_equal(store_search(s->store, NULL, vl_bytes_text("a"), 0, keep, &found), VL_OK);
    assert_int_equal(found.count, 1);
}

/* ---- every kind of field ---- */

static void put_minutes(struct scene *s, unsigned record, const char *text)
{
    struct vl_cell_key key = key_of(record, 3, VL_FIELD_TEXT);
    struct vl_operation operation = {.opcode = VL_OP_SEQUENCE_INSERT,
                                     .left = {.is_end = true},
                                     .right = {.is_end = true},
                                     .value = vl_bytes_text(text)};
    (void)merge(s, &key, &operation);
}

static void test_kinds(void **state)
{
    struct scene *s = *state;
    struct vl_dot first = put_text(s, 1, "premier titre");
    (void)put_value(s, 1, 1, VL_OP_REGISTER_SET, "concurrent", NULL, 0); /* a conflict */
    struct vl_dot topic = put_value(s, 1, 2, VL_OP_SET_ADD, "jardinage", NULL, 0);
    (void)put_value(s, 1, 4, VL_OP_LIST_INSERT, "ordre du jour", NULL, 0);
    put_minutes(s, 1, "compte rendu");
    index_all(s);
    static const char *const words[] = {"premier", "concurrent", "jardin", "ordre", "rendu"};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        assert_finds(s, words[i], 1);
    assert_finds(s, "premier concurrent jardinage ordre compte", 1); /* one record, one document */
    (void)put_value(s, 1, 1, VL_OP_REGISTER_SET, "nouveau", &first, 1);
    (void)put_value(s, 1, 2, VL_OP_SET_REMOVE, "jardinage", &topic, 1);
    index_all(s);
    assert_finds_nothing(s, "premier");
    assert_finds_nothing(s, "jardinage");
    assert_finds(s, "nouveau concurrent ordre", 1);
}

/* Values that are no text, or of a newer version, and states that cannot be read, are passed by. */
static void test_other_values(void **state)
{
    struct scene *s = *state;
    struct vl_cell_key key = key_of(1, 9, VL_FIELD_REGISTER);
    struct vl_operation operation = {.opcode = VL_OP_REGISTER_SET, .value = vl_bytes("\x63zzz", 4)};
    (void)merge(s, &key, &operation);
    put_text(s, 1, "lisible");
    key.field = 10;
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    assert_int_equal(s->port.cell_put(s->port.self, &key, vl_bytes("\xff\xff\xff", 3)), VL_OK);
    assert_int_equal(s->port.commit(s->port.self), VL_OK);
    index_all(s);
    assert_finds(s, "lisible", 1);
    assert_finds_nothing(s, "zzz");
}

/* ---- following the records ---- */

static void test_queue(void **state)
{
    struct scene *s = *state;
    size_t left = 0;
    for (unsigned record = 0; record < 25; record++)
        put_text(s, record, "commun");
    put_text(s, 3, "commun"); /* in the queue once */
    assert_int_equal(store_index_step(s->store, 10, &left), VL_OK);
    assert_int_equal(left, 15);
    assert_int_equal(search(s, "commun").count, 10);
    assert_int_equal(store_index_step(s->store, 0, &left), VL_OK);
    assert_int_equal(left, 15);
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    assert_int_equal(store_index_step(s->store, 10, &left), VL_ERR_STATE);
    s->port.rollback(s->port.self);
    uint64_t wait = 0;
    store_close(s->store); /* the queue outlives the process */
    assert_int_equal(store_open(&s->store, s->folder.path, vl_bytes_text(PASSPHRASE), &wait),
                     VL_OK);
    store_storage(s->store, &s->circle, &s->port);
    index_all(s);
    assert_int_equal(search(s, "commun").count, 25);
}

static void test_rolled_back(void **state)
{
    struct scene *s = *state;
    struct vl_cell_key key = key_of(1, 1, VL_FIELD_REGISTER);
    size_t left = 9;
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    assert_int_equal(s->port.cell_put(s->port.self, &key, vl_bytes("x", 1)), VL_OK);
    s->port.rollback(s->port.self);
    assert_int_equal(store_index_step(s->store, 0, &left), VL_OK);
    assert_int_equal(left, 0);
    put_text(s, 1, "revenu"); /* the same record is queued in the next transaction */
    index_all(s);
    assert_finds(s, "revenu", 1);
}

static void test_clear(void **state)
{
    struct scene *s = *state;
    put_text(s, 1, "restera");
    put_text(s, 2, "disparaitra");
    index_all(s);
    assert_int_equal(s->port.begin(s->port.self), VL_OK);
    assert_int_equal(s->port.cells_clear(s->port.self), VL_OK);
    assert_int_equal(s->port.commit(s->port.self), VL_OK);
    put_text(s, 1, "restera");
    index_all(s);
    assert_finds(s, "restera", 1);
    assert_finds_nothing(s, "disparaitra");
    assert_int_equal(store_check(s->store), VL_OK);
}

static void test_circles_apart(void **state)
{
    struct scene *s = *state;
    struct vl_id first = s->circle, other = {{5}};
    struct found found = {0};
    put_text(s, 1, "partage");
    s->circle = other;
    store_storage(s->store, &other, &s->port);
    put_text(s, 2, "partage");
    index_all(s);
    assert_int_equal(search(s, "partage").count, 2);
    assert_int_equal(store_search(s->store, &first, vl_bytes_text("partage"), 9, keep, &found),
                     VL_OK);
    assert_true(found.count == 1 && found.records[0] == 1);
    struct store_circle circle = {.id = first};
    assert_int_equal(store_circle_add(s->store, &circle), VL_OK);
    assert_int_equal(store_circle_remove(s->store, &first), VL_OK);
    assert_finds(s, "partage", 2);
    assert_int_equal(store_check(s->store), VL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_accents_case_prefix),
        TEST(test_excerpt),
        TEST(test_hostile_words),
        TEST(test_every_length_and_again),
        TEST(test_every_code_point),
        TEST(test_query_limits),
        TEST(test_kinds),
        TEST(test_other_values),
        TEST(test_queue),
        TEST(test_rolled_back),
        TEST(test_clear),
        TEST(test_circles_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
