/* Bundles: this side holds the file, the node makes and takes its bytes. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES 393216u

/* What can be wrong with a file that somebody brought. */
static const struct {
    vl_result result;
    int status;
    const char *sentence;
} refusals[] = {
    {VL_ERR_NO_KEY, CLI_REFUSED,
     N_("This is no bundle for you: none of your circles' devices can open it.")},
    {VL_ERR_AUTHORITY, CLI_REFUSED,
     N_("Whoever wrote this bundle is no member of the circle; nothing was taken from it.")},
    {VL_ERR_MISSING, CLI_INVALID,
     N_("It was read, but some entries need an earlier bundle or a meeting with a member.")},
    {VL_ERR_TRUNCATED, CLI_INVALID,
     N_("The file ends too early; what was whole in it is kept. Copy it again.")},
};
#define DAMAGED_SENTENCE N_("The file is damaged; what came before that is kept. Copy it again.")

static int refuse_file(const struct call *call, vl_result why, int status)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].result != why) continue;
        (void)complain(call, why, NULL, refusals[i].sentence);
        return refusals[i].status;
    }
    if (status != CLI_FAILED) return complain(call, why, NULL, NULL);
    (void)complain(call, why, NULL, DAMAGED_SENTENCE);
    return CLI_INVALID;
}

static void show_progress(const struct call *call, const struct json *answer, bool over)
{
    static bool shown;
    if (call->json || !isatty(STDERR_FILENO)) return;
    if (!over) {
        fprintf(stderr, _("\r%lld entries, %lld KiB"), (long long)json_integer(answer, "entries"),
                (long long)json_integer(answer, "bytes") / 1024);
        shown = true;
    } else if (shown) {
        fputc('\n', stderr);
        shown = false;
    }
    fflush(stderr);
}

/* ---- writing ---- */

struct target { /* written beside its place, then moved there */
    const char *path;
    char part[CLI_PATH_MAX];
    int fd;
};

static vl_result target_open(struct target *t, const char *path)
{
    t->path = path;
    int size = snprintf(t->part, sizeof t->part, "%s.XXXXXX", path);
    if (size < 0 || (size_t)size >= sizeof t->part) return VL_ERR_TOO_LARGE;
    t->fd = mkostemp(t->part, O_CLOEXEC); /* 0600 */
    return t->fd < 0 ? VL_ERR_STORAGE : VL_OK;
}

static vl_result target_write(struct target *t, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(t->fd, data, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return errno == ENOSPC ? VL_ERR_FULL : VL_ERR_STORAGE;
        data += written;
        size -= (size_t)written;
    }
    return VL_OK;
}

static vl_result sync_folder(const char *path)
{
    char copy[CLI_PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return VL_ERR_STORAGE;
    /* Some sticks' file systems cannot do it; the file itself is on the disk already. */
    int status = fsync(fd);
    close(fd);
    return status == 0 || errno == EINVAL || errno == ENOTSUP ? VL_OK : VL_ERR_STORAGE;
}

/* Without `replace` nothing that is there is overwritten. */
static vl_result target_finish(struct target *t, bool replace)
{
    vl_result result = fsync(t->fd) == 0 ? VL_OK : VL_ERR_STORAGE;
    if (close(t->fd) != 0) result = VL_ERR_STORAGE;
    t->fd = -1;
    if (result != VL_OK) return result;
    struct stat status;
    if (!replace && lstat(t->path, &status) == 0) return VL_ERR_EXISTS;
    if (rename(t->part, t->path) != 0) return VL_ERR_STORAGE;
    t->part[0] = 0;
    return sync_folder(t->path);
}

static void target_abandon(struct target *t)
{
    if (t->fd >= 0) close(t->fd);
    if (t->part[0] != 0) (void)unlink(t->part);
}

static vl_result write_piece(struct target *t, const char *text)
{
    size_t length = strlen(text), size = 0;
    uint8_t *bytes = malloc(length + 1);
    if (bytes == NULL) return VL_ERR_NO_MEMORY;
    vl_result result = sodium_base642bin(bytes, length, text, length, NULL, &size, NULL,
                                         sodium_base64_VARIANT_ORIGINAL) == 0
                           ? VL_OK
                           : VL_ERR_CLOSED;
    if (result == VL_OK) result = target_write(t, bytes, size);
    free(bytes);
    return result;
}

static int write_pieces(const struct call *call, struct target *t, int64_t bundle,
                        struct json **last)
{
    for (bool done = false; !done;) {
        struct vl_buffer body = {0};
        struct json *answer = NULL;
        struct json_out o = json_out(&body);
        json_open(&o, '{');
        json_put_integer(&o, "bundle", bundle);
        json_close(&o, '}');
        int end = o.result != VL_OK ? complain(call, o.result, NULL, NULL)
                                    : ask(call, "POST", "bundle/next", &body, &answer);
        vl_buffer_finish(&body);
        if (end != CLI_OK) return end;
        vl_result result = write_piece(t, json_text(answer, "data"));
        if (result != VL_OK) {
            json_destroy(answer);
            return complain(call, result, NULL, N_("The file could not be written."));
        }
        show_progress(call, answer, false);
        done = json_flag(answer, "done");
        json_destroy(*last);
        *last = answer;
    }
    return CLI_OK;
}

static int tell_written(const struct call *call, const struct json *answer)
{
    struct vl_buffer out = {0};
    struct json_out o = json_out(&out);
    long long entries = json_integer(answer, "entries"), bytes = json_integer(answer, "bytes");
    if (!call->json) {
        printf(_("Written: %lld entries, %lld KiB, for the circle's current devices only.\n"),
               entries, (bytes + 1023) / 1024);
        return CLI_OK;
    }
    json_open(&o, '{');
    json_put_text(&o, "file", call->args[1]);
    json_put_integer(&o, "entries", entries);
    json_put_integer(&o, "bytes", bytes);
    json_close(&o, '}');
    if (o.result == VL_OK) printf("%.*s\n", (int)out.size, (const char *)out.data);
    vl_buffer_finish(&out);
    return CLI_OK;
}

int cmd_bundle_write(struct call *call)
{
    char id[VL_ID_TEXT_SIZE], path[CLI_PATH_MAX];
    struct target target = {.fd = -1};
    struct json *answer = NULL, *last = NULL;
    struct vl_buffer body = {0};
    struct stat status;
    bool replace = call_option(call, "replace") != NULL;
    if (!replace && lstat(call->args[1], &status) == 0) {
        return complain(call, VL_ERR_EXISTS, NULL,
                        N_("There is such a file already; --replace writes over it."));
    }
    int end = which_circle(call, call->args[0], id);
    if (end != CLI_OK) return end;
    snprintf(path, sizeof path, "circles/%s/bundle", id);
    end = passphrase_body(call, &body);
    if (end == CLI_OK) end = ask(call, "POST", path, &body, &answer);
    vl_buffer_wipe(&body);
    if (end != CLI_OK) return end;
    int64_t bundle = json_integer(answer, "bundle");
    json_destroy(answer);

    vl_result result = target_open(&target, call->args[1]);
    if (result == VL_OK) {
        end = write_pieces(call, &target, bundle, &last);
        show_progress(call, last, true);
        if (end == CLI_OK) result = target_finish(&target, replace);
    }
    if (result != VL_OK) {
        end = complain(call, result, NULL,
                       result == VL_ERR_EXISTS ? NULL : N_("The file could not be written."));
    }
    target_abandon(&target);
    if (end == CLI_OK) end = tell_written(call, last);
    json_destroy(last);
    return end;
}

/* ---- reading ---- */

/* One piece to the node. *last gets its answer. */
static int send_piece(const struct call *call, int64_t bundle, const uint8_t *bytes, size_t size,
                      bool is_last, struct json **last)
{
    struct vl_buffer body = {0};
    struct json *answer = NULL;
    struct refusal refusal = {.why = VL_OK};
    size_t room = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(room);
    if (text == NULL) return complain(call, VL_ERR_NO_MEMORY, NULL, NULL);
    (void)sodium_bin2base64(text, room, bytes, size, sodium_base64_VARIANT_ORIGINAL);
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    json_put_integer(&o, "bundle", bundle);
    json_put_text(&o, "data", text);
    json_put_flag(&o, "last", is_last);
    json_close(&o, '}');
    free(text);
    int end = o.result != VL_OK
                  ? complain(call, o.result, NULL, NULL)
                  : ask_quietly(call, "POST", "bundle/data", &body, &answer, &refusal);
    vl_buffer_finish(&body);
    if (refusal.why != VL_OK) {
        show_progress(call, NULL, true);
        end = refuse_file(call, refusal.why, end);
    }
    if (end != CLI_OK) return end;
    show_progress(call, answer, is_last);
    json_destroy(*last);
    *last = answer;
    return CLI_OK;
}

static int send_pieces(const struct call *call, FILE *file, int64_t bundle, struct json **last)
{
    int end = CLI_OK;
    uint8_t *piece = malloc(PIECE_BYTES);
    if (piece == NULL) return complain(call, VL_ERR_NO_MEMORY, NULL, NULL);
    for (bool over = false; !over && end == CLI_OK;) {
        size_t size = fread(piece, 1, PIECE_BYTES, file);
        over = size < PIECE_BYTES;
        end = ferror(file) ? complain(call, VL_ERR_STORAGE, NULL, N_("The file could not be read."))
                           : send_piece(call, bundle, piece, size, over, last);
    }
    free(piece);
    return end;
}

static int tell_read(const struct call *call, const struct json *answer)
{
    struct vl_buffer out = {0};
    struct json_out o = json_out(&out);
    long long entries = json_integer(answer, "entries");
    if (!call->json) {
        print_text(json_text(answer, "name"));
        if (entries == 0) {
            printf("%s", _(": nothing new, you have all of it.\n"));
        } else {
            printf(_(": %lld new entries.\n"), entries);
        }
        if (json_integer(answer, "forks") > 0) {
            printf(_("Left out: %lld logs that were continued on two devices.\n"),
                   (long long)json_integer(answer, "forks"));
        }
        return CLI_OK;
    }
    json_open(&o, '{');
    json_put_text(&o, "circle", json_text(answer, "circle"));
    json_put_text(&o, "name", json_text(answer, "name"));
    json_put_integer(&o, "entries", entries);
    json_put_integer(&o, "total", json_integer(answer, "total"));
    json_put_integer(&o, "forks", json_integer(answer, "forks"));
    json_put_integer(&o, "bytes", json_integer(answer, "bytes"));
    json_close(&o, '}');
    if (o.result == VL_OK) printf("%.*s\n", (int)out.size, (const char *)out.data);
    vl_buffer_finish(&out);
    return CLI_OK;
}

int cmd_bundle_read(struct call *call)
{
    struct json *answer = NULL, *last = NULL;
    FILE *file = fopen(call->args[0], "rbe");
    if (file == NULL) {
        return complain(call, VL_ERR_NOT_FOUND, NULL, N_("The file could not be read."));
    }
    int end = ask(call, "POST", "bundle/read", NULL, &answer);
    if (end == CLI_OK) {
        end = send_pieces(call, file, json_integer(answer, "bundle"), &last);
        if (end == CLI_OK) end = tell_read(call, last);
    }
    json_destroy(answer);
    json_destroy(last);
    (void)fclose(file);
    return end;
}
