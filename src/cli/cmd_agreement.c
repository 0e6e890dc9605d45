/* The circle's agreement, and whose turn it is to facilitate. */
#include "circle/texts.h"
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

/* ---- showing ---- */

static void print_version(const struct json *version)
{
    print_wrapped(json_text(version, "text"), 2);
    putchar('\n');
    printf(_("Version %.8s, written down by "), json_text(version, "id"));
    print_text(json_text(version, "by"));
    putchar('\n');
    print_names(_("Have assented:"), json_member(version, "assents"));
    print_names(_("Not yet:"), json_member(version, "missing"));
}

static void print_current(const struct json *answer)
{
    const struct json *current = json_member(answer, "current");
    if (json_text(current, "id")[0] == 0) {
        puts(_("No agreement holds yet: `veillee agreement propose`."));
        return;
    }
    print_version(current);
    if (!json_flag(current, "mine")) {
        puts(_("If these words are yours too: `veillee agreement assent`."));
    }
}

int cmd_agreement_show(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    int end = circle_path(call, "/agreement", path, sizeof path);
    if (end != CLI_OK) return end;
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    print_current(answer);
    json_destroy(answer);
    return CLI_OK;
}

int cmd_agreement_history(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    int end = circle_path(call, "/agreement", path, sizeof path);
    if (end != CLI_OK) return end;
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    const struct json *versions = json_member(answer, "versions");
    if (json_count(versions) == 0) puts(_("No version yet: `veillee agreement propose`."));
    for (size_t i = 0; i < json_count(versions); i++) {
        if (i > 0) putchar('\n');
        if (json_flag(json_item(versions, i), "holds")) puts(_("This one holds:"));
        print_version(json_item(versions, i));
    }
    json_destroy(answer);
    return CLI_OK;
}

/* ---- writing ---- */

/* POST or PATCH circles/ID/REST with the body, which is finished; *answer NULL: printed as JSON. */
static int send(const struct call *call, const char *method, const char *rest,
                struct json_out *body, struct json **answer)
{
    char id[VL_ID_TEXT_SIZE], path[CLI_PATH_MAX];
    *answer = NULL;
    int end = body->result == VL_OK ? which_circle(call, NULL, id)
                                    : complain(call, body->result, NULL, NULL);
    if (end == CLI_OK) {
        snprintf(path, sizeof path, "circles/%s/%s", id, rest);
        end = call->json ? ask_and_print(call, method, path, body->out)
                         : ask(call, method, path, body->out, answer);
    }
    vl_buffer_finish(body->out);
    return end;
}

int cmd_agreement_propose(struct call *call)
{
    struct vl_buffer body = {0};
    struct json_out o = json_out(&body);
    struct text example = {0};
    struct json *answer;
    bool is_example = call_option(call, "example") != NULL;
    if (is_example == (call->arg_count > 0)) {
        return complain(call, VL_ERR_INVALID, NULL,
                        N_("Say the words of the agreement, or --example for those of this "
                           "program."));
    }
    if (is_example) {
        vl_result read = texts_read(call->language, "agreement", &example);
        if (read != VL_OK) return complain(call, read, NULL, NULL);
    }
    json_open(&o, '{');
    json_put_text(&o, "text", is_example ? example.sections[0].body : call->args[0]);
    json_close(&o, '}');
    text_finish(&example);
    int end = send(call, "POST", "agreement", &o, &answer);
    if (end != CLI_OK || answer == NULL) return end;
    printf(_("Proposed: version %.8s. A facilitator makes it hold: `veillee agreement adopt`.\n"),
           json_text(answer, "proposed"));
    json_destroy(answer);
    return CLI_OK;
}

static int send_version(const struct call *call, const char *rest, const char *done)
{
    struct vl_buffer body = {0};
    struct json_out o = json_out(&body);
    struct json *answer;
    json_open(&o, '{');
    if (call->arg_count > 0) json_put_text(&o, "id", call->args[0]);
    json_close(&o, '}');
    int end = send(call, "POST", rest, &o, &answer);
    if (end != CLI_OK || answer == NULL) return end;
    puts(done);
    json_destroy(answer);
    return CLI_OK;
}

int cmd_agreement_assent(struct call *call)
{
    return send_version(call, "agreement/assent", _("You have assented; the circle sees it."));
}

int cmd_agreement_adopt(struct call *call)
{
    return send_version(call, "agreement/adopt",
                        _("It holds now. Everybody assents for herself: `veillee agreement "
                          "assent`."));
}

/* ---- whose turn it is ---- */

static void print_order(const struct json *answer)
{
    const struct json *order = json_member(answer, "order");
    if (json_count(order) == 0) {
        puts(_("No order yet: `veillee circle rotation --order Name,Name,...`."));
        return;
    }
    for (size_t i = 0; i < json_count(order); i++) {
        printf("%2zu. ", i + 1);
        print_text(json_text(json_item(order, i), "name"));
        puts(i == 0 ? _("  (next)") : "");
    }
}

/* Names with commas between them. */
static void put_order(struct json_out *o, const char *names)
{
    char *copy = strdup(names), *rest = copy, *name;
    if (copy == NULL) {
        o->result = VL_ERR_NO_MEMORY;
        return;
    }
    json_key(o, "order");
    json_open(o, '[');
    while ((name = strsep(&rest, ",")) != NULL) {
        name += strspn(name, " ");
        if (name[0] != 0) json_write_text(o, name);
    }
    json_close(o, ']');
    free(copy);
}

int cmd_circle_rotation(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct vl_buffer body = {0};
    struct json_out o = json_out(&body);
    struct json *answer;
    const char *order = call_option(call, "order");
    bool is_next = call_option(call, "next") != NULL, is_change = is_next || order != NULL;
    int end = circle_path(call, "/rotation", path, sizeof path);
    if (end != CLI_OK) return end;
    json_open(&o, '{');
    if (order != NULL) put_order(&o, order);
    if (is_next) json_put_flag(&o, "next", true);
    json_close(&o, '}');
    const char *method = is_change ? "PATCH" : "GET";
    const struct vl_buffer *sent = is_change ? &body : NULL;
    if (o.result != VL_OK) {
        end = complain(call, o.result, NULL, NULL);
    } else if (call->json) {
        end = ask_and_print(call, method, path, sent);
    } else if ((end = ask(call, method, path, sent, &answer)) == CLI_OK) {
        print_order(answer);
        json_destroy(answer);
    }
    vl_buffer_finish(&body);
    return end;
}
