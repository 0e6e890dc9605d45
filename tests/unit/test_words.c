/* Spoken codes: the two word lists are fit to be said and heard, and codes print and parse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include <veillee/pairing.h>

#define KEY_SIZE 32

static void test_letters_length_order(void **state)
{
    (void)state;
    for (unsigned language = 0; language < VL_LANGUAGE_COUNT; language++) {
        for (unsigned i = 0; i < VL_WORD_COUNT; i++) {
            const char *word = vl_word((enum vl_language)language, i);
            const size_t size = strlen(word);
            assert_in_range(size, 4, 7);
            assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz"), size);
            /* Sorted, and told apart by four letters: so unique too. */
            if (i > 0)
                assert_true(strncmp(vl_word((enum vl_language)language, i - 1), word, 4) < 0);
        }
    }
}

static void test_no_word_in_both_lists(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VL_WORD_COUNT; i++)
        for (unsigned j = 0; j < VL_WORD_COUNT; j++)
            if (i != j)
                assert_string_not_equal(vl_word(VL_LANGUAGE_FR, i), vl_word(VL_LANGUAGE_EN, j));
}

/* Whether one letter changed, added or left out makes one of the other. */
static bool within_one_edit(const char *a, const char *b)
{
    const size_t size_a = strlen(a), size_b = strlen(b);
    size_t same = 0;

    if (size_a > size_b) return within_one_edit(b, a);
    if (size_b - size_a > 1) return false;
    while (same < size_a && a[same] == b[same])
        same++;
    return strcmp(a + same + (size_a == size_b && same < size_a ? 1 : 0),
                  b + same + (same < size_b ? 1 : 0)) == 0;
}

static void test_edit_distance_is_two_at_least(void **state)
{
    (void)state;
    assert_true(within_one_edit("chat", "chat") && within_one_edit("chat", "chats"));
    assert_true(within_one_edit("chat", "char") && within_one_edit("chat", "hat"));
    assert_false(within_one_edit("chat", "hast") || within_one_edit("chat", "chrut"));
    for (unsigned language = 0; language < VL_LANGUAGE_COUNT; language++) {
        for (unsigned i = 0; i < VL_WORD_COUNT; i++) {
            for (unsigned j = 0; j < i; j++) {
                const char *one = vl_word((enum vl_language)language, i);
                const char *two = vl_word((enum vl_language)language, j);
                if (within_one_edit(one, two)) fail_msg("%s and %s", one, two);
            }
        }
    }
}

/* ---- phonetic keys: rewriting by sound, voiced and voiceless consonants made one ---- */

struct rewriting {
    const char *from, *to;
};

static void rewrite(char key[static KEY_SIZE], const struct rewriting *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t from = strlen(rules[i].from), to = strlen(rules[i].to);
        char *at = key;
        while ((at = strstr(at, rules[i].from)) != NULL) {
            assert_true(strlen(key) + to < KEY_SIZE);
            memmove(at + to, at + from, strlen(at + from) + 1);
            memcpy(at, rules[i].to, to);
            at += to;
        }
    }
}

static void merge_consonants(char key[static KEY_SIZE])
{
    static const char voiced[] = "bdgGvzjm", voiceless[] = "ptkkfsSn";
    size_t out = 0;

    for (size_t i = 0; key[i] != '\0'; i++)
        if (i == 0 || key[i] != key[i - 1]) key[out++] = key[i];
    key[out] = '\0';
    for (char *at = key; *at != '\0'; at++) {
        const char *found = strchr(voiced, *at);
        if (found != NULL) *at = voiceless[found - voiced];
    }
}

static bool one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static void french_key(const char *word, char key[static KEY_SIZE])
{
    static const struct rewriting rules[] = {
        {"ph", "f"},   {"th", "t"},  {"ch", "S"},  {"qu", "k"},  {"gn", "N"},  {"gue", "Ge"},
        {"gui", "Gi"}, {"ge", "je"}, {"gi", "ji"}, {"gy", "ji"}, {"ce", "se"}, {"ci", "si"},
        {"cy", "si"},  {"c", "k"},   {"q", "k"},   {"x", "ks"},  {"h", ""},    {"y", "i"},
        {"eau", "o"},  {"au", "o"},  {"ai", "e"},  {"ei", "e"},  {"oeu", "e"}, {"oe", "e"},
        {"eu", "e"},   {"ou", "u"},  {"oi", "wa"},
    };
    char sounds[KEY_SIZE] = {0};
    size_t out = 0;

    strcpy(sounds, word);
    rewrite(sounds, rules, sizeof rules / sizeof rules[0]);
    size_t size = strlen(sounds);
    if (size > 1 && strcmp(sounds + size - 2, "er") == 0) sounds[--size] = '\0';
    while (size > 0 && one_of(sounds[size - 1], "estdpxzg"))
        sounds[--size] = '\0';
    for (size_t i = 0; i < size; i++) { /* nasal vowels: two classes */
        size_t end = i;
        while (one_of(sounds[end], "aeiou"))
            end++;
        if (end > i && one_of(sounds[end], "nm") && !one_of(sounds[end + 1], "aeiounm")) {
            key[out++] = one_of(sounds[i], "aei") ? 'A' : 'O';
            i = end;
        } else {
            key[out++] = sounds[i];
        }
    }
    key[out] = '\0';
    merge_consonants(key);
}

static void english_key(const char *word, char key[static KEY_SIZE])
{
    static const struct rewriting starts[] = {
        {"kn", "n"}, {"wr", "r"}, {"wh", "w"}, {"ps", "s"}, {"gn", "n"}};
    static const struct rewriting rules[] = {
        {"ght", "t"}, {"gh", ""},  {"ph", "f"}, {"tch", "S"}, {"sch", "sk"}, {"ch", "S"},
        {"sh", "S"},  {"th", "0"}, {"ck", "k"}, {"qu", "kw"}, {"ce", "se"},  {"ci", "si"},
        {"cy", "sy"}, {"c", "k"},  {"q", "k"},  {"x", "ks"},  {"ge", "Se"},  {"gi", "Si"},
        {"gy", "Sy"}, {"j", "S"},  {"z", "s"},  {"h", ""},
    };
    char sounds[KEY_SIZE] = {0};
    size_t out = 0;

    strcpy(sounds, word);
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        if (strncmp(word, starts[i].from, 2) == 0) {
            sounds[0] = starts[i].to[0];
            strcpy(sounds + 1, word + 2);
            break;
        }
    }
    rewrite(sounds, rules, sizeof rules / sizeof rules[0]);
    for (size_t i = 0; sounds[i] != '\0'; i++) { /* vowels: front and back, one for a run */
        if (!one_of(sounds[i], "aeiouy")) {
            key[out++] = sounds[i];
        } else if ((out == 0 || !one_of(key[out - 1], "eo")) &&
                   !(sounds[i] == 'e' && sounds[i + 1] == '\0')) {
            key[out++] = one_of(sounds[i], "eiy") ? 'e' : 'o';
        }
    }
    key[out] = '\0';
    merge_consonants(key);
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp((const char *)a, (const char *)b);
}

static void test_no_two_alike_by_ear(void **state)
{
    (void)state;
    static char keys[VL_WORD_COUNT][KEY_SIZE];
    char one[KEY_SIZE], two[KEY_SIZE];

    french_key("verre", one);
    french_key("vert", two);
    assert_string_equal(one, two);
    french_key("poisson", one);
    french_key("boissons", two);
    assert_string_equal(one, two);
    english_key("knight", one);
    english_key("night", two);
    assert_string_equal(one, two);
    english_key("flower", one);
    english_key("cabin", two);
    assert_string_not_equal(one, two);
    for (unsigned language = 0; language < VL_LANGUAGE_COUNT; language++) {
        for (unsigned i = 0; i < VL_WORD_COUNT; i++) {
            const char *word = vl_word((enum vl_language)language, i);
            if (language == VL_LANGUAGE_FR) french_key(word, keys[i]);
            if (language == VL_LANGUAGE_EN) english_key(word, keys[i]);
        }
        qsort(keys, VL_WORD_COUNT, KEY_SIZE, compare_keys);
        for (unsigned i = 1; i < VL_WORD_COUNT; i++)
            if (strcmp(keys[i - 1], keys[i]) == 0) fail_msg("two words sound like %s", keys[i]);
    }
}

/* ---- codes ---- */

static void test_every_word_prints_and_parses(void **state)
{
    (void)state;
    char text[64];

    for (unsigned language = 0; language < VL_LANGUAGE_COUNT; language++) {
        for (unsigned i = 0; i < VL_WORD_COUNT; i++) {
            const struct vl_code code = {(uint8_t)(1 + i % 99),
                                         {(uint16_t)i, (uint16_t)(i * 7 % 1024), 1023}};
            struct vl_code back;
            vl_code_text(&code, (enum vl_language)language, text, sizeof text);
            assert_true(strlen(text) < sizeof text - 1);
            assert_int_equal(vl_code_parse(vl_bytes_text(text), &back), VL_OK);
            assert_int_equal(back.number, code.number);
            assert_memory_equal(back.words, code.words, sizeof code.words);
        }
    }
}

static void expect(const char *text, vl_result result)
{
    struct vl_code code;

    if (vl_code_parse(vl_bytes_text(text), &code) != result) fail_msg("%s", text);
    if (result != VL_OK) assert_int_equal(code.number, 0);
}

static void test_forms_of_a_code(void **state)
{
    (void)state;
    struct vl_code code, first;

    assert_int_equal(vl_code_parse(vl_bytes_text("27 abricot lavande sirop"), &first), VL_OK);
    static const char *const forms[] = {
        "27 Abricot LAVANDE sirop",        " 27\tabricot\n  lavande-sirop\r\n",
        "27, abricot, lavande, sirop.",    "27 abric\xc3\xb4t lavand\xc3\x89 s\xc3\xacrop",
        "27 abricot\xc2\xa0lavande sirop", "27 abri\314\201cot lavande sirop",
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (vl_code_parse(vl_bytes_text(forms[i]), &code) != VL_OK) fail_msg("%s", forms[i]);
        assert_int_equal(code.number, 27);
        assert_memory_equal(code.words, first.words, sizeof code.words);
    }
    expect("1 abricot lavande sirop", VL_OK);
    expect("01 abricot lavande sirop", VL_OK);
    expect("99 abricot abricot abricot", VL_OK);
    expect("27 abricot window sirop", VL_OK);

    expect("", VL_ERR_INVALID);
    expect("   ", VL_ERR_INVALID);
    expect("27", VL_ERR_INVALID);
    expect("0 abricot lavande sirop", VL_ERR_INVALID);
    expect("00 abricot lavande sirop", VL_ERR_INVALID);
    expect("100 abricot lavande sirop", VL_ERR_INVALID);
    expect("027 abricot lavande sirop", VL_ERR_INVALID);
    expect("-27x abricot lavande sirop", VL_ERR_INVALID);
    expect("abricot lavande sirop 27", VL_ERR_INVALID);
    expect("27 abricot lavande", VL_ERR_INVALID);
    expect("27 abricot lavande sirop sirop", VL_ERR_INVALID);
    expect("27 abricot lavande siropx", VL_ERR_INVALID);
    expect("27 abricot lavande zzzz", VL_ERR_INVALID);
    expect("27 abricot lavande sir\xff", VL_ERR_INVALID);
    assert_int_equal(vl_code_parse(vl_bytes("27 abricot lavande sirop\0", 25), &code),
                     VL_ERR_INVALID);
    char long_text[300];
    memset(long_text, ' ', sizeof long_text);
    memcpy(long_text, "27 abricot lavande sirop", 24);
    assert_int_equal(vl_code_parse(vl_bytes(long_text, 256), &code), VL_OK);
    assert_int_equal(vl_code_parse(vl_bytes(long_text, 257), &code), VL_ERR_INVALID);
}

static void test_random_codes_are_in_range(void **state)
{
    (void)state;
    bool numbers[100] = {false};
    bool low = false, high = false;

    for (unsigned i = 0; i < 4000; i++) {
        struct vl_code code;
        vl_code_random(&code);
        assert_in_range(code.number, 1, 99);
        numbers[code.number] = true;
        for (size_t w = 0; w < VL_CODE_WORDS; w++) {
            assert_true(code.words[w] < VL_WORD_COUNT);
            low |= code.words[w] < 16;
            high |= code.words[w] >= VL_WORD_COUNT - 16;
        }
    }
    for (unsigned i = 1; i < 100; i++)
        assert_true(numbers[i]);
    assert_true(low && high);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letters_length_order),
        cmocka_unit_test(test_no_word_in_both_lists),
        cmocka_unit_test(test_edit_distance_is_two_at_least),
        cmocka_unit_test(test_no_two_alike_by_ear),
        cmocka_unit_test(test_every_word_prints_and_parses),
        cmocka_unit_test(test_forms_of_a_code),
        cmocka_unit_test(test_random_codes_are_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
