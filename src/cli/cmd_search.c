/* Searching, and importing minutes. */
#include "cli/cli.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX 1048576u

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
    vl_result result = size > 0 && (size_t)size < sizeof path
                           ? file_read(path, FILE_BYTES_MAX, &text)
                           : VL_ERR_TOO_LARGE;
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
