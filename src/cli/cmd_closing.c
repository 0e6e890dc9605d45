/* Closing a meeting, what is due for erasure, and whose devices have confirmed it. */
#include "api/message.h"
#include "cli/commands.h"

#include <stdlib.h>
#include <string.h>

static int meeting_path(const struct call *call, const char *rest, char *path, size_t size)
{
    struct json *meeting;
    int end = find_record(call, schema_record(SCHEMA_MEETING), call->args[0], path, size, &meeting);
    if (end != CLI_OK) return end;
    json_destroy(meeting);
    strncat(path, rest, size - strlen(path) - 1);
    return CLI_OK;
}

static int circle_route(const struct call *call, const char *rest, char *path, size_t size)
{
    char id[VL_ID_TEXT_SIZE];
    int end = which_circle(call, NULL, id);
    if (end == CLI_OK) snprintf(path, size, "circles/%s/%s", id, rest);
    return end;
}

/* ---- what there is ---- */

static void print_item(const struct call *call, const struct json *item)
{
    char what[64];
    message_label(call->language, json_text(item, "what"), what, sizeof what);
    printf("  %.8s  %s  ", json_text(item, "id"), what);
    print_text(json_text(item, "title"));
    printf("  (%s", json_flag(item, "mine") ? _("yours") : "");
    if (!json_flag(item, "mine")) print_text(json_text(item, "by"));
    if (json_integer(item, "keep_months") > 0) {
        printf(_(", %lld months"), (long long)json_integer(item, "keep_months"));
    }
    puts(")");
}

static size_t print_items(const struct call *call, const struct json *layer, const char *records)
{
    const struct json *list = json_member(layer, records);
    long long moments = json_integer(layer, "moments"), signals = json_integer(layer, "signals");
    for (size_t i = 0; i < json_count(list); i++) {
        print_item(call, json_item(list, i));
    }
    if (moments > 0) printf(_("  %lld moments: who spoke when\n"), moments);
    if (signals > 0) printf(_("  %lld quiet signals\n"), signals);
    return json_count(list) + (size_t)moments + (size_t)signals;
}

static const struct {
    const char *name, *heading;
} layers[] = {
    {"closing", N_("Erased when the meeting is closed:")},
    {"months", N_("Kept for some months:")},
    {"kept", N_("Kept:")},
};

int cmd_meeting_closing(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    int end = meeting_path(call, "/closing", path, sizeof path);
    if (end != CLI_OK) return end;
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        puts(_(layers[i].heading));
        const struct json *layer = json_member(json_member(answer, "layers"), layers[i].name);
        if (print_items(call, layer, "records") == 0) puts(_("  nothing"));
    }
    puts(_("What is yours you can move: `veillee share edit ID --keep closing|months|kept`, and "
           "in the same way decision and meeting."));
    if (!json_flag(answer, "may_close")) puts(_("Who facilitates closes the meeting."));
    json_destroy(answer);
    return CLI_OK;
}

/* ---- erasing ---- */

static vl_result ask_body(struct vl_buffer *out, bool ask_only, const char *after)
{
    struct json_out o = json_out(out);
    json_open(&o, '{');
    if (ask_only) json_put_flag(&o, "ask", true);
    if (after != NULL) json_put_text(&o, "after", after);
    json_close(&o, '}');
    return o.result;
}

struct erased {
    long long records, entries, others, mixed;
};

static int post(const struct call *call, const char *path, bool ask_only, const char *after,
                struct json **answer)
{
    struct vl_buffer body = {0};
    vl_result made = ask_body(&body, ask_only, after);
    int end =
        made == VL_OK ? ask(call, "POST", path, &body, answer) : complain(call, made, NULL, NULL);
    vl_buffer_finish(&body);
    return end;
}

/* All pages, one after the other. */
static int post_all(const struct call *call, const char *path, bool ask_only, struct erased *done)
{
    char after[128] = "";
    *done = (struct erased){0};
    do {
        struct json *answer;
        int end = post(call, path, ask_only, after[0] == 0 ? NULL : after, &answer);
        if (end != CLI_OK) return end;
        done->records += json_integer(answer, "records");
        done->entries += json_integer(answer, "entries");
        done->others += json_integer(answer, "others");
        done->mixed += json_integer(answer, "mixed");
        snprintf(after, sizeof after, "%s", json_text(answer, "next"));
        json_destroy(answer);
    } while (after[0] != 0);
    return CLI_OK;
}

static void tell_left(const struct erased *done)
{
    if (done->others > 0) {
        printf(_("%lld entries in it are by others: those stay.\n"), done->others);
    }
    if (done->mixed > 0) {
        printf(_("%lld entries hold something else too: those stay. `veillee log` shows them, "
                 "`veillee erase ENTRY` erases one.\n"),
               done->mixed);
    }
}

static int agree(const struct call *call, const struct erased *would)
{
    if (call_option(call, "yes") != NULL) return CLI_OK;
    if (!call->json) {
        printf(_("%lld records are erased, in %lld entries: here at once, on the other devices "
                 "when they hear of it. Nothing brings them back.\n"),
               would->records, would->entries);
        tell_left(would);
        if (confirm(_("Do it? (y/n) "))) return CLI_OK;
    }
    return complain(call, VL_ERR_REFUSED, NULL, N_("Nothing was changed (use --yes)."));
}

static void tell_erased(const struct call *call, const struct erased *done)
{
    struct vl_buffer text = {0};
    struct json_out o = json_out(&text);
    if (!call->json) {
        printf(_("%lld entries erased here; the others follow. `veillee erasure list` shows whose "
                 "devices have confirmed it.\n"),
               done->entries);
        tell_left(done);
        return;
    }
    json_open(&o, '{');
    json_put_integer(&o, "records", done->records);
    json_put_integer(&o, "entries", done->entries);
    json_put_integer(&o, "others", done->others);
    json_put_integer(&o, "mixed", done->mixed);
    json_close(&o, '}');
    if (o.result == VL_OK) printf("%.*s\n", (int)text.size, (const char *)text.data);
    vl_buffer_finish(&text);
}

static int erase_after_asking(const struct call *call, const char *path)
{
    struct erased done;
    int end = post_all(call, path, true, &done);
    if (end == CLI_OK) end = agree(call, &done);
    if (end == CLI_OK) end = post_all(call, path, false, &done);
    if (end == CLI_OK) tell_erased(call, &done);
    return end;
}

int cmd_meeting_finish(struct call *call)
{
    char path[CLI_PATH_MAX];
    int end = meeting_path(call, "/close", path, sizeof path);
    return end != CLI_OK ? end : erase_after_asking(call, path);
}

int cmd_due_erase(struct call *call)
{
    char path[CLI_PATH_MAX];
    int end = circle_route(call, "due/erase", path, sizeof path);
    return end != CLI_OK ? end : erase_after_asking(call, path);
}

/* With --json a page a line. */
int cmd_due_list(struct call *call)
{
    char path[CLI_PATH_MAX], route[CLI_PATH_MAX];
    size_t count = 0;
    int end = circle_route(call, "due", route, sizeof route);
    if (end != CLI_OK) return end;
    snprintf(path, sizeof path, "%s", route);
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    for (;;) {
        struct json *answer;
        end = ask(call, "GET", path, NULL, &answer);
        if (end != CLI_OK) return end;
        count += print_items(call, answer, "due");
        const char *next = json_text(answer, "next");
        bool is_over = next[0] == 0;
        snprintf(path, sizeof path, "%.3000s?after=", route);
        bool fits = path_add(path, sizeof path, next);
        json_destroy(answer);
        if (is_over || !fits) break;
    }
    puts(count == 0 ? _("Nothing is due.") : _("`veillee due erase` erases it."));
    return CLI_OK;
}

/* ---- who has confirmed ---- */

static void print_erasure(const struct json *one)
{
    const struct json *devices = json_member(one, "devices");
    printf("%.10s  ", json_text(one, "at"));
    print_text(json_text(one, "by"));
    printf(_("  %lld entries; confirmed by %lld of %lld devices\n"),
           (long long)json_integer(one, "entries"), (long long)json_integer(one, "confirmed"),
           (long long)json_integer(one, "current"));
    for (size_t i = 0; i < json_count(devices); i++) {
        const struct json *device = json_item(devices, i);
        if (json_flag(device, "confirmed")) continue;
        printf("    %.8s  ", json_text(device, "device"));
        print_text(json_text(device, "name"));
        puts(json_flag(device, "current") ? _("  not yet") : _("  not in the circle any more"));
    }
}

int cmd_erasure_list(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    int end = circle_route(call, "erasure", path, sizeof path);
    if (end != CLI_OK) return end;
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    const struct json *list = json_member(answer, "erasures");
    for (size_t i = 0; i < json_count(list); i++) {
        print_erasure(json_item(list, i));
    }
    if (json_count(list) == 0) puts(_("Nothing was erased."));
    json_destroy(answer);
    return CLI_OK;
}
