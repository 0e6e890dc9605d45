/* Meetings by the calendar: files, the next one, here and now, who comes. */
#include "api/message.h"
#include "cli/commands.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES_MAX 1048576u

/* "circles/ID/REST" of the circle that --circle says, or the only one. */
static int path_of(const struct call *call, const char *rest, char *path, size_t size)
{
    char id[VL_ID_TEXT_SIZE];
    int end = which_circle(call, NULL, id);
    if (end == CLI_OK) snprintf(path, size, "circles/%s/%s", id, rest);
    return end;
}

/* "circles/ID/meetings/ID" of the meeting that `name` says. */
static int meeting_path(const struct call *call, const char *name, char *path, size_t size)
{
    struct json *meeting;
    int end = find_record(call, schema_record(SCHEMA_MEETING), name, path, size, &meeting);
    if (end == CLI_OK) json_destroy(meeting);
    return end;
}

static void put_option(const struct call *call, struct json_out *o, const char *name)
{
    const char *value = call_option(call, name);
    if (value != NULL) json_put_text(o, name, value);
}

/* Sends the body; prints the answer's JSON, or gives it to be printed. */
static int send(const struct call *call, const char *path, const struct json_out *body,
                struct json **answer)
{
    *answer = NULL;
    if (body->result != VL_OK) return complain(call, body->result, NULL, NULL);
    return call->json ? ask_and_print(call, "POST", path, body->out)
                      : ask(call, "POST", path, body->out, answer);
}

/* ---- files ---- */

/* The path of the file's route. */
static int ics_path(const struct call *call, char *path, size_t size)
{
    const char *meeting = call_option(call, "meeting");
    if (meeting == NULL) return path_of(call, "calendar.ics", path, size);
    int end = meeting_path(call, meeting, path, size);
    if (end == CLI_OK) strncat(path, "/calendar.ics", size - strlen(path) - 1);
    return end;
}

static int refuse_existing(const struct call *call)
{
    return complain(call, VL_ERR_EXISTS, NULL,
                    N_("This file exists; give another name, or --replace."));
}

int cmd_meeting_ics(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct vl_buffer file = {0}, body;
    const char *name = call->arg_count > 0 ? call->args[0] : NULL;
    const bool replace = call_option(call, "replace") != NULL;
    if (name != NULL && !replace && access(name, F_OK) == 0) return refuse_existing(call);
    int end = ics_path(call, path, sizeof path);
    if (end != CLI_OK) return end;
    end = passphrase_body(call, &body);
    if (end == CLI_OK) end = ask_file(call, path, &body, &file);
    vl_buffer_wipe(&body);
    if (end != CLI_OK) return end;
    if (name == NULL) {
        (void)fwrite(file.data, 1, file.size, stdout);
        vl_buffer_finish(&file);
        return CLI_OK;
    }
    vl_result result = file_write(name, replace, vl_buffer_view(&file));
    vl_buffer_finish(&file);
    if (result == VL_ERR_EXISTS) return refuse_existing(call);
    if (result != VL_OK) return complain(call, result, NULL, N_("The file cannot be written."));
    if (!call->json) printf(_("Written: %s\n"), name);
    return CLI_OK;
}

struct import {
    long long imported, existed;
};

/* The node takes a long file in portions: the same request until nothing is left. */
static int import_all(const struct call *call, const char *path, const struct vl_buffer *body,
                      struct import *done)
{
    for (;;) {
        struct json *answer;
        int end = ask(call, "POST", path, body, &answer);
        if (end != CLI_OK) return end;
        int64_t imported = json_integer(answer, "imported"), left = json_integer(answer, "left");
        done->imported += imported;
        done->existed = json_integer(answer, "existed") + imported - done->imported;
        json_destroy(answer);
        if (left == 0 || imported == 0) return CLI_OK;
    }
}

static void tell_import(const struct call *call, const struct import *done)
{
    struct vl_buffer text = {0};
    struct json_out o = json_out(&text);
    if (!call->json) {
        printf(_("%lld meetings imported, %lld were here already.\n"), done->imported,
               done->existed);
        return;
    }
    json_open(&o, '{');
    json_put_integer(&o, "imported", done->imported);
    json_put_integer(&o, "existed", done->existed);
    json_close(&o, '}');
    if (o.result == VL_OK) printf("%.*s\n", (int)text.size, (const char *)text.data);
    vl_buffer_finish(&text);
}

int cmd_import_ics(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct vl_buffer text = {0}, body = {0};
    struct import done = {0};
    int end = path_of(call, "import/ics", path, sizeof path);
    if (end != CLI_OK) return end;
    vl_result result = file_read(call->args[0], FILE_BYTES_MAX, &text);
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    json_put_text(&o, "text", result == VL_OK ? (const char *)text.data : "");
    json_close(&o, '}');
    if (result == VL_OK) result = o.result;
    if (result == VL_ERR_NOT_FOUND) {
        end = complain(call, result, NULL, N_("This file cannot be read."));
    } else if (result != VL_OK) {
        end = complain(call, result, NULL, NULL);
    } else {
        end = import_all(call, path, &body, &done);
    }
    if (end == CLI_OK) tell_import(call, &done);
    vl_buffer_finish(&text);
    vl_buffer_finish(&body);
    return end;
}

/* ---- series ---- */

int cmd_meeting_dates(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    const char *from = call_option(call, "from"), *max = call_option(call, "max");
    int end = meeting_path(call, call->args[0], path, sizeof path);
    if (end != CLI_OK) return end;
    strncat(path, "/occurrences?max=", sizeof path - strlen(path) - 1);
    bool fits = path_add(path, sizeof path, max == NULL ? "10" : max);
    if (from != NULL) {
        strncat(path, "&from=", sizeof path - strlen(path) - 1);
        fits = fits && path_add(path, sizeof path, from);
    }
    if (!fits) return complain(call, VL_ERR_TOO_LARGE, NULL, NULL);
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    const struct json *list = json_member(answer, "occurrences");
    if (json_text(answer, "repeats")[0] != 0) printf("%s\n", json_text(answer, "repeats"));
    for (size_t i = 0; i < json_count(list); i++) {
        printf("  %s\n", json_text(json_item(list, i), "starts"));
    }
    if (json_count(list) == 0) puts(_("It does not meet any more."));
    json_destroy(answer);
    return CLI_OK;
}

/* Takes the date of the series at `path`; *answer is the meeting. */
static int take(const struct call *call, char *path, size_t size, const char *starts,
                struct json **answer)
{
    struct vl_buffer body = {0};
    char date[17];
    snprintf(date, sizeof date, "%.16s", starts);
    if (strlen(date) > 10 && date[10] == ' ') date[10] = 'T';
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    json_put_text(&o, "starts", strlen(starts) == strlen(date) ? date : starts);
    json_close(&o, '}');
    strncat(path, "/occurrences", size - strlen(path) - 1);
    int end = ask(call, "POST", path, &body, answer);
    vl_buffer_finish(&body);
    return end;
}

static void print_answer(const struct call *call, const struct json *answer, const char *done)
{
    if (!call->json) {
        printf("%s  %.8s\n", done, json_text(answer, "id"));
        return;
    }
    struct vl_buffer text = {0};
    struct json_out o = json_out(&text);
    json_write_value(&o, answer);
    if (o.result == VL_OK) printf("%.*s\n", (int)text.size, (const char *)text.data);
    vl_buffer_finish(&text);
}

int cmd_meeting_take(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    int end = meeting_path(call, call->args[0], path, sizeof path);
    if (end == CLI_OK) end = take(call, path, sizeof path, call->args[1], &answer);
    if (end != CLI_OK) return end;
    print_answer(call, answer, _("Saved."));
    json_destroy(answer);
    return CLI_OK;
}

/* ---- the next one, and here ---- */

static void print_line(const struct call *call, const char *label, const char *text)
{
    char name[64];
    if (text[0] == 0) return;
    message_label(call->language, label, name, sizeof name);
    printf("%s%s", name, _(": "));
    print_text(text);
    putchar('\n');
}

int ask_next_meeting(const struct call *call, struct json **answer)
{
    char path[CLI_PATH_MAX];
    int end = path_of(call, "next-meeting", path, sizeof path);
    if (end == CLI_OK) end = ask(call, "GET", path, NULL, answer);
    if (end != CLI_OK || json_text(*answer, "meeting")[0] != 0) return end;
    json_destroy(*answer);
    return complain(call, VL_ERR_NOT_FOUND, NULL, N_("No meeting is planned."));
}

int cmd_meeting_next(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    int end = path_of(call, "next-meeting", path, sizeof path);
    if (end != CLI_OK) return end;
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    end = ask_next_meeting(call, &answer);
    if (end != CLI_OK) return end;
    print_text(json_text(answer, "title"));
    printf("%s%.8s\n", json_text(answer, "title")[0] == 0 ? "" : "  ",
           json_text(answer, "meeting"));
    print_line(call, "starts", json_text(answer, "starts"));
    print_line(call, "ends", json_text(answer, "ends"));
    print_line(call, "place", json_text(answer, "place"));
    print_line(call, "repeats", json_text(answer, "repeats"));
    if (json_flag(answer, "open")) puts(_("It is open."));
    json_destroy(answer);
    return CLI_OK;
}

int cmd_meeting_now(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct vl_buffer body = {0};
    struct json *answer;
    int end = path_of(call, "here", path, sizeof path);
    if (end != CLI_OK) return end;
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    put_option(call, &o, "title");
    put_option(call, &o, "place");
    put_option(call, &o, "format");
    if (call_option(call, "new") != NULL) json_put_flag(&o, "new", true);
    json_close(&o, '}');
    end = send(call, path, &o, &answer);
    vl_buffer_finish(&body);
    if (end != CLI_OK || answer == NULL) return end;
    print_answer(call, answer,
                 json_flag(answer, "existed") ? _("It is open already.") : _("It is open."));
    json_destroy(answer);
    return CLI_OK;
}

/* ---- who comes ---- */

/* The circle's next meeting, which is taken when it is a date of a series. */
static int next_id(const struct call *call, char *circle, size_t circle_size, char *id, size_t size)
{
    char path[CLI_PATH_MAX];
    struct json *next, *taken;
    int end = path_of(call, "", circle, circle_size);
    if (end != CLI_OK) return end;
    end = ask_next_meeting(call, &next);
    if (end != CLI_OK) return end;
    snprintf(id, size, "%s", json_text(next, "meeting"));
    if (json_flag(next, "occurrence")) {
        snprintf(path, sizeof path, "%smeetings/%s", circle, id);
        end = take(call, path, sizeof path, json_text(next, "starts"), &taken);
        if (end == CLI_OK) snprintf(id, size, "%s", json_text(taken, "id"));
        if (end == CLI_OK) json_destroy(taken);
    }
    json_destroy(next);
    return end;
}

/* `circle` becomes "circles/ID/", `id` the meeting's. */
static int which_meeting(const struct call *call, char *circle, size_t circle_size, char *id,
                         size_t size)
{
    char path[CLI_PATH_MAX];
    struct json *meeting;
    if (strcmp(call->args[0], "next") == 0) return next_id(call, circle, circle_size, id, size);
    int end = find_record(call, schema_record(SCHEMA_MEETING), call->args[0], path, sizeof path,
                          &meeting);
    if (end != CLI_OK) return end;
    snprintf(circle, circle_size, "circles/%s/", json_text(meeting, "circle"));
    snprintf(id, size, "%s", json_text(meeting, "id"));
    json_destroy(meeting);
    return CLI_OK;
}

int cmd_reply(struct call *call)
{
    char circle[VL_ID_TEXT_SIZE + 16], id[64], path[CLI_PATH_MAX];
    struct vl_buffer body = {0};
    struct json *answer;
    int end = which_meeting(call, circle, sizeof circle, id, sizeof id);
    if (end != CLI_OK) return end;
    snprintf(path, sizeof path, "%sreplies", circle);
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    json_put_text(&o, "meeting", id);
    json_put_text(&o, "answer", call->args[1]);
    put_option(call, &o, "brings");
    put_option(call, &o, "note");
    json_close(&o, '}');
    end = send(call, path, &o, &answer);
    vl_buffer_finish(&body);
    if (end != CLI_OK || answer == NULL) return end;
    puts(_("Your answer is noted."));
    json_destroy(answer);
    return CLI_OK;
}
