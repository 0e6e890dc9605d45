/* Meetings, shares, importing, searching. */
#include "cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_BYTES_MAX 1048576u

static void put_option(const struct call *call, struct json_out *o, const char *option,
                       const char *field)
{
    const char *value = call_option(call, option);
    if (value != NULL) json_put_text(o, field, value);
}

/* Sends a body to circles/ID/REST, prints the answer: its JSON, or `done` and the record's id. */
static int send_body(const struct call *call, const char *method, const char *path,
                     const struct json_out *o, const char *done)
{
    struct json *answer;
    if (o->result != VL_OK) return complain(call, o->result, NULL, NULL);
    if (call->json) return ask_and_print(call, method, path, o->out);
    int end = ask(call, method, path, o->out, &answer);
    if (end != CLI_OK) return end;
    printf("%s  %.8s\n", done, json_text(answer, "id"));
    json_destroy(answer);
    return CLI_OK;
}

/* Finds the record of that sort: in --circle, else in whichever circle has it. */
static int record_path(const struct call *call, const char *sort, char *path, size_t size)
{
    struct json *answer, *record;
    struct refusal refusal = {.why = VL_ERR_NOT_FOUND};
    const char *wanted = call_option(call, "circle");
    char id[VL_ID_TEXT_SIZE];
    if (wanted != NULL) {
        int end = which_circle(call, wanted, id);
        if (end != CLI_OK) return end;
        snprintf(path, size, "circles/%s/%s/", id, sort);
        return path_add(path, size, call->args[0]) ? CLI_OK
                                                   : complain(call, VL_ERR_TOO_LARGE, NULL, NULL);
    }
    int end = ask(call, "GET", "circles", NULL, &answer);
    if (end != CLI_OK) return end;
    const struct json *circles = json_member(answer, "circles");
    bool found = false;
    for (size_t i = 0; !found && refusal.why == VL_ERR_NOT_FOUND && i < json_count(circles); i++) {
        if (json_flag(json_item(circles, i), "draft")) continue;
        snprintf(path, size, "circles/%s/%s/", json_text(json_item(circles, i), "id"), sort);
        if (!path_add(path, size, call->args[0])) break;
        end = ask_quietly(call, "GET", path, NULL, &record, &refusal);
        found = end == CLI_OK;
        if (found) json_destroy(record);
        if (!found && refusal.why == VL_OK) refusal.why = VL_ERR_INTERNAL; /* was told already */
    }
    json_destroy(answer);
    if (found) return CLI_OK;
    if (refusal.why == VL_ERR_INTERNAL && end != CLI_OK) return end;
    return complain(call, refusal.why, NULL, NULL);
}

static void print_block(const char *name, const char *text)
{
    if (text[0] == 0) return;
    printf("%s: ", name);
    print_text(text);
    putchar('\n');
}

static void print_conflicts(const struct json *record)
{
    const struct json *conflicts = json_member(record, "conflicts");
    for (size_t i = 0; i < json_count(conflicts); i++) {
        const struct json *values = json_item(conflicts, i);
        printf(_("Written at the same time (%s); the first one is shown above:\n"),
               json_item_name(conflicts, i));
        for (size_t k = 0; k < json_count(values); k++) {
            fputs("  - ", stdout);
            print_text(json_text(json_item(values, k), "value"));
            fputs("  (", stdout);
            print_text(json_text(json_item(values, k), "by"));
            fputs(")\n", stdout);
        }
    }
}

/* ---- meetings ---- */

/* A blank between date and time is as good as the T. */
static void put_start(const struct call *call, struct json_out *o)
{
    char text[64];
    const char *at = call_option(call, "at");
    if (at == NULL) return;
    snprintf(text, sizeof text, "%s", at);
    if (strlen(text) > 10 && text[10] == ' ') text[10] = 'T';
    json_put_text(o, "starts", strlen(at) < sizeof text ? text : at);
}

int cmd_meeting_add(struct call *call)
{
    char id[VL_ID_TEXT_SIZE], path[CLI_PATH_MAX];
    struct vl_buffer body = {0};
    int end = which_circle(call, NULL, id);
    if (end != CLI_OK) return end;
    snprintf(path, sizeof path, "circles/%s/meetings", id);
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    put_option(call, &o, "title", "title");
    put_start(call, &o);
    put_option(call, &o, "place", "place");
    put_option(call, &o, "note", "minutes");
    json_close(&o, '}');
    end = send_body(call, "POST", path, &o, _("Planned."));
    vl_buffer_finish(&body);
    return end;
}

int cmd_meeting_edit(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct vl_buffer body = {0}, note = {0};
    int end = record_path(call, "meetings", path, sizeof path);
    if (end != CLI_OK) return end;
    const char *text = call_option(call, "note");
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    put_option(call, &o, "title", "title");
    put_start(call, &o);
    put_option(call, &o, "place", "place");
    if (text != NULL && vl_buffer_append(&note, "\n", 1) == VL_OK &&
        vl_buffer_append(&note, text, strlen(text) + 1) == VL_OK) {
        json_key(&o, "minutes");
        json_open(&o, '{');
        json_put_text(&o, "append", (const char *)note.data);
        json_close(&o, '}');
    }
    json_close(&o, '}');
    end = send_body(call, "PATCH", path, &o, _("Changed."));
    vl_buffer_finish(&note);
    vl_buffer_finish(&body);
    return end;
}

/* GET circles/ID/NAME; prints JSON, or gives *answer. */
static int list_of(const struct call *call, const char *name, struct json **answer)
{
    char id[VL_ID_TEXT_SIZE], path[CLI_PATH_MAX];
    *answer = NULL;
    int end = which_circle(call, NULL, id);
    if (end != CLI_OK) return end;
    snprintf(path, sizeof path, "circles/%s/%s?max=500", id, name);
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    return ask(call, "GET", path, NULL, answer);
}

int cmd_meeting_list(struct call *call)
{
    struct json *answer;
    int end = list_of(call, "meetings", &answer);
    if (end != CLI_OK || answer == NULL) return end;
    const struct json *meetings = json_member(answer, "meetings");
    if (json_count(meetings) == 0) puts(_("No meeting yet."));
    for (size_t i = 0; i < json_count(meetings); i++) {
        const struct json *meeting = json_item(meetings, i);
        printf("%.8s  %-16s  ", json_text(meeting, "id"), json_text(meeting, "starts"));
        print_text(json_text(meeting, "title"));
        if (json_text(meeting, "place")[0] != 0) {
            fputs("  · ", stdout);
            print_text(json_text(meeting, "place"));
        }
        printf("%s\n", json_flag(meeting, "conflict") ? "  (!)" : "");
    }
    json_destroy(answer);
    return CLI_OK;
}

static void print_list(const char *name, const struct json *items)
{
    if (json_count(items) == 0) return;
    printf("%s:\n", name);
    for (size_t i = 0; i < json_count(items); i++) {
        fputs("  - ", stdout);
        print_text(json_item_text(items, i));
        putchar('\n');
    }
}

int cmd_meeting_show(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    int end = record_path(call, "meetings", path, sizeof path);
    if (end != CLI_OK) return end;
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    print_text(json_text(answer, "title"));
    printf("  %.8s\n", json_text(answer, "id"));
    print_block(_("When"), json_text(answer, "starts"));
    print_block(_("Where"), json_text(answer, "place"));
    print_block(_("How to get there"), json_text(answer, "directions"));
    print_list(_("Present"), json_member(answer, "seats"));
    print_list(_("Agenda"), json_member(answer, "agenda"));
    print_conflicts(answer);
    if (json_text(answer, "minutes")[0] != 0) {
        printf("\n");
        print_text(json_text(answer, "minutes"));
        putchar('\n');
    }
    json_destroy(answer);
    return CLI_OK;
}

/* ---- shares ---- */

/* "facilitators", or persons with commas between them. */
static vl_result put_audience(const struct call *call, struct json_out *o)
{
    const char *to = call_option(call, "to");
    if (to == NULL) return VL_OK;
    char *copy = strdup(to), *rest = copy, *name;
    if (copy == NULL) return VL_ERR_NO_MEMORY;
    json_key(o, "to");
    json_open(o, '[');
    while ((name = strsep(&rest, ",")) != NULL) {
        name += strspn(name, " ");
        if (name[0] != 0) json_write_text(o, name);
    }
    json_close(o, ']');
    free(copy);
    return VL_OK;
}

static void print_audience(const struct json *share)
{
    const char *audience = json_text(share, "audience");
    if (strcmp(audience, "facilitators") == 0) puts(_("For the facilitators only"));
    if (strcmp(audience, "persons") == 0) puts(_("For chosen persons only"));
}

int cmd_share_add(struct call *call)
{
    char id[VL_ID_TEXT_SIZE], path[CLI_PATH_MAX];
    struct vl_buffer body = {0};
    int end = which_circle(call, NULL, id);
    if (end != CLI_OK) return end;
    snprintf(path, sizeof path, "circles/%s/shares", id);
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    put_option(call, &o, "title", "title");
    put_option(call, &o, "text", "text");
    put_option(call, &o, "sort", "sort");
    put_option(call, &o, "note", "content_note");
    put_option(call, &o, "meeting", "meeting");
    vl_result put = put_audience(call, &o);
    json_close(&o, '}');
    if (put != VL_OK) o.result = put;
    end = send_body(call, "POST", path, &o, _("Shared."));
    vl_buffer_finish(&body);
    return end;
}

int cmd_share_list(struct call *call)
{
    struct json *answer;
    int end = list_of(call, "shares", &answer);
    if (end != CLI_OK || answer == NULL) return end;
    const struct json *shares = json_member(answer, "shares");
    if (json_count(shares) == 0) puts(_("No share yet."));
    for (size_t i = 0; i < json_count(shares); i++) {
        const struct json *share = json_item(shares, i);
        printf("%.8s  ", json_text(share, "id"));
        print_text(json_text(share, "title"));
        puts(strcmp(json_text(share, "audience"), "circle") == 0 ? "" : "  [*]");
    }
    if (json_integer(answer, "hidden") > 0) {
        printf(_("%lld more are hidden: by persons whom you have blocked.\n"),
               (long long)json_integer(answer, "hidden"));
    }
    json_destroy(answer);
    return CLI_OK;
}

int cmd_share_show(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *answer;
    int end = record_path(call, "shares", path, sizeof path);
    if (end != CLI_OK) return end;
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    print_text(json_text(answer, "title"));
    printf("  %.8s\n", json_text(answer, "id"));
    print_block(_("By"), json_text(answer, "by"));
    print_audience(answer);
    print_block(_("Content note"), json_text(answer, "content_note"));
    print_conflicts(answer);
    printf("\n");
    print_text(json_text(answer, "text"));
    putchar('\n');
    json_destroy(answer);
    return CLI_OK;
}

/* ---- searching ---- */

int cmd_search(struct call *call)
{
    char path[CLI_PATH_MAX] = "search?words=";
    struct json *answer;
    bool fits = true;
    for (int i = 0; fits && i < call->arg_count; i++) {
        fits = path_add(path, sizeof path, i > 0 ? " " : "") &&
               path_add(path, sizeof path, call->args[i]);
    }
    const char *circle = call_option(call, "circle");
    if (fits && circle != NULL) {
        size_t size = strlen(path);
        snprintf(path + size, sizeof path - size, "&circle=");
        fits = path_add(path, sizeof path, circle);
    }
    if (!fits) return complain(call, VL_ERR_TOO_LARGE, NULL, NULL);
    if (call->json) return ask_and_print(call, "GET", path, NULL);
    int end = ask(call, "GET", path, NULL, &answer);
    if (end != CLI_OK) return end;
    const struct json *hits = json_member(answer, "hits");
    if (json_count(hits) == 0) puts(_("Nothing found."));
    for (size_t i = 0; i < json_count(hits); i++) {
        const struct json *hit = json_item(hits, i);
        printf("%.8s  %-16s  ", json_text(hit, "id"), json_text(hit, "starts"));
        print_text(json_text(hit, "title"));
        fputs("\n    ", stdout);
        print_excerpt(json_text(hit, "excerpt"));
        putchar('\n');
    }
    json_destroy(answer);
    return CLI_OK;
}

/* ---- importing ---- */

struct import {
    const struct call *call;
    const char *path; /* of the API */
    struct json_out *refused;
    int imported, existed, refused_count;
};

static vl_result read_file(const char *path, struct vl_buffer *out)
{
    char part[65536];
    FILE *file = fopen(path, "rbe");
    if (file == NULL) return VL_ERR_NOT_FOUND;
    vl_result result = VL_OK;
    for (;;) {
        size_t got = fread(part, 1, sizeof part, file);
        if (got == 0) break;
        if (out->size + got > FILE_BYTES_MAX) result = VL_ERR_TOO_LARGE;
        if (result == VL_OK) result = vl_buffer_append(out, part, got);
        if (result != VL_OK) break;
    }
    if (result == VL_OK && ferror(file)) result = VL_ERR_STORAGE;
    fclose(file);
    if (result == VL_OK && memchr(out->data == NULL ? "" : (char *)out->data, 0, out->size)) {
        result = VL_ERR_UTF8;
    }
    return result == VL_OK ? vl_buffer_append(out, "", 1) : result;
}

static void refuse_file(struct import *import, const char *name, const struct refusal *refusal)
{
    json_open(import->refused, '{');
    json_put_text(import->refused, "file", name);
    json_put_text(import->refused, "error", vl_result_name(refusal->why));
    json_put_text(import->refused, "message", refusal->message);
    json_close(import->refused, '}');
    import->refused_count++;
    if (!import->call->json) {
        printf(_("  refused: %s (%s)\n"), name, refusal->message);
    }
}

/* CLI_OK also when this file is refused; else what ends the import. */
static int import_file(struct import *import, const char *folder, const char *name)
{
    char path[CLI_PATH_MAX];
    struct vl_buffer text = {0}, body = {0};
    struct json *answer = NULL;
    struct refusal refusal = {.why = VL_OK};
    int end = CLI_OK;
    int size = snprintf(path, sizeof path, "%s/%s", folder, name);
    vl_result result =
        size > 0 && (size_t)size < sizeof path ? read_file(path, &text) : VL_ERR_TOO_LARGE;
    if (result != VL_OK) {
        refusal.why = result;
        message_write(import->call->language, result, NULL, NULL, refusal.message,
                      sizeof refusal.message);
        refuse_file(import, name, &refusal);
        goto done;
    }
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    json_put_text(&o, "name", name);
    json_put_text(&o, "text", (const char *)text.data);
    json_close(&o, '}');
    end = ask_quietly(import->call, "POST", import->path, &body, &answer, &refusal);
    if (end == CLI_OK) {
        if (json_flag(answer, "existed")) {
            import->existed++;
        } else {
            import->imported++;
        }
        json_destroy(answer);
    } else if (end == CLI_INVALID) {
        refuse_file(import, name, &refusal);
        end = CLI_OK;
    } else if (refusal.why != VL_OK) {
        end = complain_as_told(import->call, refusal.why, NULL, refusal.message);
    }
done:
    vl_buffer_finish(&text);
    vl_buffer_finish(&body);
    return end;
}

static int is_minutes(const struct dirent *file)
{
    size_t size = strlen(file->d_name);
    return file->d_name[0] != '.' && size > 3 && strcmp(file->d_name + size - 3, ".md") == 0;
}

static int import_all(struct import *import, const char *folder)
{
    struct dirent **files = NULL;
    int end = CLI_OK;
    int count = scandir(folder, &files, is_minutes, alphasort);
    if (count <= 0) {
        free(files);
        return complain(import->call, VL_ERR_NOT_FOUND, NULL,
                        count < 0 ? N_("This folder cannot be read.")
                                  : N_("There are no minutes (.md files) in this folder."));
    }
    for (int i = 0; i < count; i++) {
        if (end == CLI_OK) end = import_file(import, folder, files[i]->d_name);
        free(files[i]);
    }
    free(files);
    return end;
}

int cmd_import_minutes(struct call *call)
{
    char id[VL_ID_TEXT_SIZE], path[CLI_PATH_MAX];
    struct vl_buffer text = {0};
    struct json_out o = json_out(&text);
    struct import import = {.call = call, .path = path, .refused = &o};
    int end = which_circle(call, NULL, id);
    if (end != CLI_OK) return end;
    snprintf(path, sizeof path, "circles/%s/import/minutes", id);
    json_open(&o, '{');
    json_key(&o, "refused");
    json_open(&o, '[');
    end = import_all(&import, call->args[0]);
    json_close(&o, ']');
    json_put_integer(&o, "imported", import.imported);
    json_put_integer(&o, "existed", import.existed);
    json_close(&o, '}');
    if (end == CLI_OK && import.imported + import.existed == 0) {
        end = complain(call, VL_ERR_INVALID, NULL,
                       N_("None of these files could be read as minutes."));
    } else if (end == CLI_OK && call->json && o.result == VL_OK) {
        printf("%.*s\n", (int)text.size, (const char *)text.data);
    } else if (end == CLI_OK) {
        printf(_("%d meetings imported, %d were here already, %d files refused.\n"),
               import.imported, import.existed, import.refused_count);
    }
    vl_buffer_finish(&text);
    return end;
}
