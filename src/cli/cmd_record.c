/* Records of every type: add, list, show, edit, erase. */
#include "cli/commands.h"
#include "cli/record_options.h"
#include "cli/record_print.h"

#include <string.h>

#define PAGE      "500"
#define PATH_BASE 160u

static const struct schema_record *schema_of(const struct call *call)
{
    return command_schema(call->command);
}

/* Members of the circle in which the record is, for their names; NULL: they cannot be had. */
static struct json *members_of(const struct call *call, const char *circle)
{
    char path[CLI_PATH_MAX];
    struct json *members = NULL;
    struct refusal refusal;
    snprintf(path, sizeof path, "circles/%s/members?gone=show", circle);
    return ask_quietly(call, "GET", path, NULL, &members, &refusal) == CLI_OK ? members : NULL;
}

/* ---- which ---- */

/* "circles/ID/PLURAL" of the circle that is meant. */
static int list_path(const struct call *call, const struct schema_record *schema, char *path,
                     size_t size)
{
    char id[VL_ID_TEXT_SIZE];
    int end = which_circle(call, NULL, id);
    if (end == CLI_OK) snprintf(path, size, "circles/%s/%s", id, schema->plural);
    return end;
}

/* The record in one circle after the other. NULL and VL_OK in *why: it was told what is wrong. */
static struct json *seek(const struct call *call, const struct schema_record *schema,
                         const char *name, const struct json *circles, char *path, size_t size,
                         int *end, vl_result *why)
{
    struct refusal refusal = {.why = VL_ERR_NOT_FOUND};
    struct json *record;
    for (size_t i = 0; refusal.why == VL_ERR_NOT_FOUND && i < json_count(circles); i++) {
        if (json_flag(json_item(circles, i), "draft")) continue;
        snprintf(path, size, "circles/%s/%s/", json_text(json_item(circles, i), "id"),
                 schema->plural);
        if (!path_add(path, size, name)) break;
        *end = ask_quietly(call, "GET", path, NULL, &record, &refusal);
        if (*end == CLI_OK) return record;
    }
    *why = refusal.why;
    return NULL;
}

int find_record(const struct call *call, const struct schema_record *schema, const char *name,
                char *path, size_t size, struct json **record)
{
    struct json *circles;
    vl_result why = VL_ERR_NOT_FOUND;
    bool is_one = schema->id == SCHEMA_ID_ONE;
    int end;
    if (is_one || call_option(call, "circle") != NULL) {
        end = list_path(call, schema, path, size);
        if (end != CLI_OK) return end;
        strncat(path, is_one ? "" : "/", size - strlen(path) - 1);
        if (!is_one && !path_add(path, size, name)) {
            return complain(call, VL_ERR_TOO_LARGE, NULL, NULL);
        }
        return ask(call, "GET", path, NULL, record);
    }
    end = ask(call, "GET", "circles?digest=no", NULL, &circles);
    if (end != CLI_OK) return end;
    *record = seek(call, schema, name, json_member(circles, "circles"), path, size, &end, &why);
    json_destroy(circles);
    if (*record != NULL) return CLI_OK;
    return why == VL_OK ? end : complain(call, why, NULL, NULL);
}

/* ---- writing ---- */

static int send_fields(const struct call *call, const char *method, const char *path, bool is_edit,
                       const char *done)
{
    struct vl_buffer body = {0};
    struct json *answer;
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    put_fields(call, schema_of(call), is_edit, &o);
    json_close(&o, '}');
    int end = CLI_OK;
    if (o.result != VL_OK) {
        end = complain(call, o.result, NULL, NULL);
    } else if (call->json) {
        end = ask_and_print(call, method, path, &body);
    } else {
        end = ask(call, method, path, &body, &answer);
        if (end == CLI_OK) {
            printf("%s  %.8s\n", done, json_text(answer, "id"));
            json_destroy(answer);
        }
    }
    vl_buffer_finish(&body);
    return end;
}

int cmd_record_add(struct call *call)
{
    char path[CLI_PATH_MAX];
    int end = list_path(call, schema_of(call), path, sizeof path);
    return end != CLI_OK ? end : send_fields(call, "POST", path, false, _("Saved."));
}

int cmd_record_edit(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *record;
    int end = find_record(call, schema_of(call), call->args[0], path, sizeof path, &record);
    if (end != CLI_OK) return end;
    json_destroy(record);
    return send_fields(call, "PATCH", path, true, _("Changed."));
}

int cmd_record_erase(struct call *call)
{
    char path[CLI_PATH_MAX], circle[VL_ID_TEXT_SIZE], id[64];
    struct json *record;
    int end = find_record(call, schema_of(call), call->args[0], path, sizeof path, &record);
    if (end != CLI_OK) return end;
    snprintf(circle, sizeof circle, "%s", json_text(record, "circle"));
    snprintf(id, sizeof id, "%s", json_text(record, "id"));
    json_destroy(record);
    call->args[0] = id; /* of that type, and no other's */
    return erase_in(call, circle);
}

/* ---- reading ---- */

int cmd_record_show(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct json *record;
    int end = find_record(call, schema_of(call), call->args[0], path, sizeof path, &record);
    if (end != CLI_OK) return end;
    if (call->json) {
        struct vl_buffer text = {0};
        struct json_out o = json_out(&text);
        json_write_value(&o, record);
        if (o.result == VL_OK) printf("%.*s\n", (int)text.size, (const char *)text.data);
        vl_buffer_finish(&text);
    } else {
        struct json *members = members_of(call, json_text(record, "circle"));
        print_record(call, schema_of(call), record, members);
        json_destroy(members);
    }
    json_destroy(record);
    return CLI_OK;
}

struct pages { /* a list that comes in pages, told as one */
    const struct call *call;
    struct json *members;
    struct json_out *all; /* --json; else NULL */
    size_t count;
    int64_t hidden;
};

static void take_page(struct pages *pages, const struct json *answer)
{
    const struct schema_record *schema = schema_of(pages->call);
    const struct json *list = json_member(answer, schema->plural);
    pages->hidden += json_integer(answer, "hidden");
    for (size_t i = 0; i < json_count(list); i++) {
        if (pages->all != NULL) {
            json_write_value(pages->all, json_item(list, i));
        } else {
            print_record_line(pages->call, schema, json_item(list, i), pages->members);
        }
        pages->count++;
    }
}

/* The path of a page with the filters; false: too long. */
static bool page_path(const struct call *call, const char base[static PATH_BASE], const char *after,
                      char *path, size_t size)
{
    const struct schema_record *schema = schema_of(call);
    const char *max = call_option(call, "max");
    bool fits = true;
    snprintf(path, size, "%.150s?max=", base);
    fits = path_add(path, size, max == NULL ? PAGE : max);
    if (after != NULL) {
        strncat(path, "&after=", size - strlen(path) - 1);
        fits = fits && path_add(path, size, after);
    }
    if (call_option(call, "backward")) strncat(path, "&backward=yes", size - strlen(path) - 1);
    for (size_t i = 0; i < schema->field_count; i++) {
        const struct schema_field *field = &schema->fields[i];
        char option[64];
        field_option(field, option, sizeof option);
        const char *value = schema_is_filter(field) ? call_option(call, option) : NULL;
        if (value == NULL) continue;
        if (field->form == SCHEMA_FLAG && strcmp(value, "yes") == 0) value = "true";
        if (field->form == SCHEMA_FLAG && strcmp(value, "no") == 0) value = "false";
        strncat(path, "&", size - strlen(path) - 1);
        strncat(path, field->name, size - strlen(path) - 1);
        strncat(path, "=", size - strlen(path) - 1);
        fits = fits && path_add(path, size, value);
    }
    return fits && strlen(path) + 1 < size;
}

/* All pages, or with --max just one. `next` becomes where the list goes on; "": it has ended. */
static int take_pages(struct pages *pages, const char base[static PATH_BASE], char *next,
                      size_t size)
{
    const struct call *call = pages->call;
    char path[CLI_PATH_MAX];
    struct json *answer;
    const char *after = call_option(call, "after");
    for (;;) {
        if (!page_path(call, base, after, path, sizeof path)) {
            return complain(call, VL_ERR_TOO_LARGE, NULL, NULL);
        }
        int end = ask(call, "GET", path, NULL, &answer);
        if (end != CLI_OK) return end;
        take_page(pages, answer);
        snprintf(next, size, "%s", json_text(answer, "next"));
        json_destroy(answer);
        if (next[0] == 0 || call_option(call, "max") != NULL) return CLI_OK;
        after = next;
    }
}

static void tell_end(const struct pages *pages, const char *next)
{
    if (pages->count == 0) puts(_("None yet."));
    if (pages->hidden > 0) {
        printf(_("%lld more are hidden: by persons whom you have blocked.\n"),
               (long long)pages->hidden);
    }
    if (next[0] != 0) printf(_("There are more: --after %s\n"), next);
}

int cmd_record_list(struct call *call)
{
    char circle[VL_ID_TEXT_SIZE], base[PATH_BASE], next[80] = "";
    struct vl_buffer text = {0};
    struct json_out o = json_out(&text);
    struct pages pages = {.call = call, .all = call->json ? &o : NULL};
    int end = which_circle(call, NULL, circle);
    if (end != CLI_OK) return end;
    snprintf(base, sizeof base, "circles/%s/%s", circle, schema_of(call)->plural);
    json_open(&o, '{');
    json_key(&o, schema_of(call)->plural);
    json_open(&o, '[');
    if (!call->json) pages.members = members_of(call, circle);
    end = take_pages(&pages, base, next, sizeof next);
    json_close(&o, ']');
    json_put_integer(&o, "hidden", pages.hidden);
    json_put_text(&o, "next", next[0] == 0 ? NULL : next);
    json_close(&o, '}');
    if (end == CLI_OK && call->json && o.result == VL_OK) {
        printf("%.*s\n", (int)text.size, (const char *)text.data);
    } else if (end == CLI_OK && !call->json) {
        tell_end(&pages, next);
    }
    json_destroy(pages.members);
    vl_buffer_finish(&text);
    return end;
}
