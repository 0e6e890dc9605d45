/* The commands that the schema makes: their names and options, and the bodies that options become.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/commands.h"
#include "cli/record_options.h"

static int do_nothing(struct call *call)
{
    (void)call;
    return CLI_OK;
}

const struct command cli_commands[] = {
    {"status", "", "", 0, 0, do_nothing, ""},
    {"help", "[COMMAND]", "", 0, 2, do_nothing, ""},
};
const size_t cli_command_count = sizeof cli_commands / sizeof cli_commands[0];

/* Words split at blanks; ~ is a blank. */
static int parse(const char *line, struct call *call)
{
    static char copy[1024];
    char *words[64] = {(char *)(uintptr_t) "veillee"};
    int count = 1;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        for (char *at = word; *at != 0; at++)
            if (*at == '~') *at = ' ';
        words[count++] = word;
    }
    return call_parse(call, count, words);
}

static const struct command *command_named(const char *name)
{
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++)
        if (strcmp(command->name, name) == 0) return command;
    return NULL;
}

static void test_every_type_has_its_commands(void **state)
{
    static const char *const verbs[] = {"add", "list", "show", "edit", "erase"};
    (void)state;
    for (size_t i = 0; schema_record_at(i) != NULL; i++) {
        const struct schema_record *schema = schema_record_at(i);
        for (size_t v = 0; v < 5; v++) {
            char name[64];
            bool is_one = schema->id == SCHEMA_ID_ONE;
            bool is_there =
                is_one ? v == 2 || v == 3 : v != 3 || schema->writer != SCHEMA_WRITER_ONCE;
            snprintf(name, sizeof name, "%s %s", command_word(schema), verbs[v]);
            const struct command *command = command_named(name);
            assert_int_equal(command != NULL, is_there);
            if (command != NULL) assert_ptr_equal(command_schema(command), schema);
        }
        assert_true(strlen(command_purpose(schema)) > 5);
    }
    assert_null(command_schema(&cli_commands[0]));
}

static void makes(const char *line, const char *body)
{
    struct call call;
    struct vl_buffer text = {0};
    struct json_out o = json_out(&text);
    assert_int_equal(parse(line, &call), CLI_OK);
    json_open(&o, '{');
    put_fields(&call, command_schema(call.command), strstr(call.command->name, "edit") != NULL, &o);
    json_close(&o, '}');
    assert_int_equal(o.result, VL_OK);
    assert_int_equal(vl_buffer_append(&text, "", 1), VL_OK);
    assert_string_equal((const char *)text.data, body);
    vl_buffer_finish(&text);
}

static void test_options_become_a_body(void **state)
{
    (void)state;
    makes("meeting add --title Mars --at 2026-03-12~19:30 --place Ici --note Un.",
          "{\"title\":\"Mars\",\"starts\":\"2026-03-12T19:30\",\"place\":\"Ici\","
          "\"minutes\":\"Un.\"}");
    makes("meeting edit 0123 --note Deux. --no-place --place-kind home",
          "{\"place\":null,\"minutes\":{\"append\":\"\\nDeux.\"},\"place_kind\":\"home\"}");
    makes("meeting edit 0123 --minutes Tout --no-agenda", "{\"agenda\":[],\"minutes\":\"Tout\"}");
    makes("meeting add --seats Awa,~Bea --seats Zoe --facilitators Lou,Max",
          "{\"facilitators\":[\"Lou\",\"Max\"],\"seats\":[\"Awa, Bea\",\"Zoe\"]}");
    makes("meeting edit 0123 --seats Awa --no-seats Zoe",
          "{\"seats\":{\"add\":[\"Awa\"],\"remove\":[\"Zoe\"]}}");
    makes("share add --text x --note y --to facilitators --sort question",
          "{\"text\":\"x\",\"sort\":\"question\",\"content_note\":\"y\","
          "\"to\":[\"facilitators\"]}");
    makes("settings edit --voice-shown yes --keep-months 24 --rotation Lou,Ines",
          "{\"keep_months\":24,\"voice_shown\":true,\"rotation\":[\"Lou\",\"Ines\"]}");
    makes("settings edit --voice-shown perhaps --keep-months many",
          "{\"keep_months\":\"many\",\"voice_shown\":\"perhaps\"}"); /* the node refuses them */
    makes("moment add --kind round --order Lou,seat:Awa",
          "{\"kind\":\"round\",\"order\":[\"Lou\",{\"seat\":\"Awa\"}]}");
    /* One name, a flag here and not there: what comes after it is the command's to say. */
    makes("settings edit --no-attendance --invite nobody",
          "{\"invite\":\"nobody\",\"attendance\":null}");
    makes("meeting edit 0123 --no-attendance Lou",
          "{\"attendance\":{\"add\":[],\"remove\":[\"Lou\"]}}");
    makes("reply edit 0123 --no-brings --no-answer", "{\"answer\":null,\"brings\":null}");
}

static void test_what_is_refused(void **state)
{
    struct call call;
    (void)state;
    assert_int_equal(parse("moment edit 0123", &call), CLI_USAGE);
    assert_int_equal(parse("settings add", &call), CLI_USAGE);
    assert_int_equal(parse("decision show", &call), CLI_USAGE);
    assert_int_equal(parse("decision add --place x", &call), CLI_USAGE);
    assert_int_equal(parse("decision list --text x", &call), CLI_USAGE);
    assert_int_equal(parse("decision list --state taken --backward", &call), CLI_OK);
}

static int set_home(void **state)
{
    (void)state;
    return setenv("HOME", "/nowhere", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type_has_its_commands),
        cmocka_unit_test(test_options_become_a_body),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, set_home, NULL);
}
