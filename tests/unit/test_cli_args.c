/* Command lines: words and options anywhere, values, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "cli/cli.h"

static int do_nothing(struct call *call)
{
    (void)call;
    return CLI_OK;
}

const struct command cli_commands[] = {
    {"status", "", "", 0, 0, do_nothing, ""},
    {"circle new", "NAME", "as=PSEUDONYM yes", 1, 1, do_nothing, ""},
    {"search", "WORDS", "circle=CIRCLE", 1, CLI_ARGS_MAX, do_nothing, ""},
    {"help", "[COMMAND]", "", 0, 2, do_nothing, ""},
};
const size_t cli_command_count = sizeof cli_commands / sizeof cli_commands[0];

/* Words of one line, split at blanks. */
static int parse(const char *line, struct call *call)
{
    static char copy[512];
    char *words[80] = {(char *)(uintptr_t) "veillee"};
    int count = 1;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        words[count++] = word;
    }
    return call_parse(call, count, words);
}

static void test_words_and_options_mix(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "--vault /v circle new Jeudi --as Un --json --yes",
        "circle --as Un new --yes --vault=/v Jeudi --json",
        "circle new --as=Un --vault /v --json --yes -- Jeudi",
    };
    for (size_t i = 0; i < 3; i++) {
        struct call call;
        assert_int_equal(parse(lines[i], &call), CLI_OK);
        assert_string_equal(call.command->name, "circle new");
        assert_int_equal(call.arg_count, 1);
        assert_string_equal(call.args[0], "Jeudi");
        assert_string_equal(call_option(&call, "as"), "Un");
        assert_string_equal(call_option(&call, "yes"), "");
        assert_null(call_option(&call, "circle"));
        assert_string_equal(call.vault, "/v");
        assert_true(call.json);
        assert_int_equal(call.passphrase_fd, -1);
    }
}

static void test_what_follows_two_dashes_is_no_option(void **state)
{
    (void)state;
    struct call call;
    assert_int_equal(parse("search -- --json --circle", &call), CLI_OK);
    assert_int_equal(call.arg_count, 2);
    assert_string_equal(call.args[0], "--json");
    assert_false(call.json);
}

static void test_usage_errors(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "no-such-command",
        "circle",
        "circle new",
        "circle new a b",
        "status too many",
        "status --as x",        /* an option of another command */
        "status --no-such",     /* of none */
        "circle new a --as",    /* a value is missing */
        "circle new a --yes=1", /* a flag with one */
        "status --lang de",
        "status --passphrase-fd x",
        "status --passphrase-fd -1",
        "search a b c d e f g h i j k l m n o p q r s t",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct call call;
        assert_int_equal(parse(lines[i], &call), CLI_USAGE);
    }
}

static void test_nothing_asks_for_help(void **state)
{
    (void)state;
    struct call call;
    assert_int_equal(parse("", &call), CLI_OK);
    assert_string_equal(call.command->name, "help");
    assert_int_equal(parse("circle new --help", &call), CLI_OK);
    assert_string_equal(call.command->name, "help");
    assert_string_equal(call.args[0], "circle");
}

static void test_arguments_at_their_limit(void **state)
{
    (void)state;
    struct call call;
    assert_int_equal(parse("search 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", &call), CLI_OK);
    assert_int_equal(call.arg_count, CLI_ARGS_MAX);
    assert_int_equal(parse("search 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", &call), CLI_USAGE);
    for (int count = CLI_OPTIONS_MAX; count <= CLI_OPTIONS_MAX + 1; count++) {
        char line[512] = "status";
        for (int i = 0; i < count; i++)
            strcat(line, " --json");
        assert_int_equal(parse(line, &call), count > CLI_OPTIONS_MAX ? CLI_USAGE : CLI_OK);
    }
}

static void test_lengths_of_time(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds; /* 0: refused */
    } cases[] = {
        {"3h", 10800},   {"10m", 600},  {"90s", 90},
        {"1h30m", 5400}, {"0h5m", 300}, {"", 0},
        {"h", 0},        {"10", 0},     {"0m", 0},
        {"-5m", 0},      {"1.5h", 0},   {" 5m", 0},
        {"5m ", 0},      {"5 m", 0},    {"5d", 0},
        {"1000001s", 0}, {"+5m", 0},    {"99999999999999999999h", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t seconds = 0;
        assert_int_equal(parse_length(cases[i].text, &seconds), cases[i].seconds != 0);
        assert_true(seconds == cases[i].seconds);
    }
}

static void test_paths_are_escaped(void **state)
{
    (void)state;
    char path[32] = "a?b=";
    assert_true(path_add(path, sizeof path, "\xc3\xa9 /&%x"));
    assert_string_equal(path, "a?b=%C3%A9%20%2F%26%25x");
    assert_true(path_add(path, sizeof path, "12345678"));
    assert_false(path_add(path, sizeof path, "1"));
}

static void test_every_result_has_an_exit_status(void **state)
{
    (void)state;
    static const struct {
        vl_result result;
        int status;
    } cases[] = {
        {VL_OK, CLI_OK},
        {VL_ERR_LOCKED, CLI_LOCKED},
        {VL_ERR_PASSPHRASE, CLI_PASSPHRASE},
        {VL_ERR_BACKOFF, CLI_PASSPHRASE},
        {VL_ERR_NOT_FOUND, CLI_NOT_FOUND},
        {VL_ERR_TOO_LARGE, CLI_INVALID},
        {VL_ERR_EXISTS, CLI_INVALID},
        {VL_ERR_CODE, CLI_REFUSED},
        {VL_ERR_REFUSED, CLI_REFUSED},
        {VL_ERR_IN_USE, CLI_STORAGE},
        {VL_ERR_FULL, CLI_STORAGE},
        {VL_ERR_DAMAGED, CLI_STORAGE},
        {VL_ERR_TIMEOUT, CLI_NETWORK},
        {VL_ERR_INTERNAL, CLI_FAILED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(exit_of(cases[i].result), cases[i].status);
    }
    for (unsigned i = 1; i < VL_RESULT_COUNT; i++) {
        int status = exit_of((vl_result)i);
        assert_true(status > CLI_OK && status <= CLI_NETWORK && status != CLI_USAGE);
    }
}

static void test_command_line_is_wiped(void **state)
{
    (void)state;
    char name[] = "veillee", command[] = "join", word[] = "cabane", empty[] = "";
    char *argv[] = {name, command, word, empty, NULL};
    struct rlimit limit;
    assert_true(protect_process(4, argv));
    assert_string_equal(argv[0], "veillee");
    assert_string_equal(argv[1], "join");
    assert_string_equal(argv[2], "cabane");
    assert_string_equal(argv[3], "");
    assert_null(argv[4]);
    static const char zeros[sizeof word];
    assert_memory_equal(word, zeros, sizeof word);
    assert_memory_equal(command, zeros, sizeof command);
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 0);
    assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
    for (size_t i = 1; i < 4; i++)
        free(argv[i]);
}

static int set_home(void **state)
{
    (void)state;
    return setenv("HOME", "/nowhere", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_and_options_mix),
        cmocka_unit_test(test_what_follows_two_dashes_is_no_option),
        cmocka_unit_test(test_usage_errors),
        cmocka_unit_test(test_nothing_asks_for_help),
        cmocka_unit_test(test_arguments_at_their_limit),
        cmocka_unit_test(test_lengths_of_time),
        cmocka_unit_test(test_paths_are_escaped),
        cmocka_unit_test(test_every_result_has_an_exit_status),
        cmocka_unit_test(test_command_line_is_wiped),
    };
    return cmocka_run_group_tests(tests, set_home, NULL);
}
