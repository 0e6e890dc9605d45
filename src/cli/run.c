/* `run`: joins vault, circles, node and API on one event loop. */
#include "cli/run.h"

#include "api/circle_load.h"
#include "api/circle_rescue.h"
#include "cli/browser.h"

#include <event2/event.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INDEX_STEP     64u /* records; a step must not be felt */
#define INDEX_PAUSE_MS 5
#define INDEX_DELAY_MS 300 /* after a change: several come together */

static void index_later(struct runtime *rt, long ms)
{
    struct timeval wait = {.tv_usec = ms * 1000};
    if (rt->store != NULL && !evtimer_pending(rt->index, NULL)) (void)evtimer_add(rt->index, &wait);
}

/* What waits since the vault was rebuilt goes in behind what others have brought. */
static bool rescue(struct runtime *rt)
{
    bool any = false;
    for (size_t i = 0; i < rt->circles.count; i++) {
        bool more = false;
        if (circle_rescue_step(rt->store, rt->circles.items[i], &more) == VL_OK) any |= more;
    }
    return any;
}

static void on_index(evutil_socket_t fd, short what, void *context)
{
    struct runtime *rt = context;
    size_t left = 0;
    (void)fd, (void)what;
    if (rt->store == NULL) return;
    bool more = rescue(rt);
    /* A failure here loses nothing: the queue is in the vault, the next change tries again. */
    if (store_index_step(rt->store, INDEX_STEP, &left) == VL_OK && left > 0) more = true;
    if (more) index_later(rt, INDEX_PAUSE_MS);
}

static void on_wrote(void *context)
{
    index_later(context, INDEX_DELAY_MS);
}

static void on_changed(void *context)
{
    const struct runtime *rt = context;
    on_wrote(context);
    api_perhaps_changed(rt->api);
}

static void on_cursor(void *context, const struct vl_id *circle,
                      const struct vl_device_info *device, const struct vl_cursor *cursor)
{
    api_cursor_came(((const struct runtime *)context)->api, circle, device, cursor);
}

/* ---- the vault ---- */

static void lock(void *context)
{
    struct runtime *rt = context;
    api_close(rt->api);
    node_destroy(rt->node);
    rt->node = NULL;
    circles_finish(&rt->circles);
    rt->circles = (struct circles){0};
    rt->is_damaged = rt->is_damaged || (rt->store != NULL && store_is_damaged(rt->store));
    store_close(rt->store);
    rt->store = NULL;
    (void)evtimer_del(rt->index);
}

/* The store is open: the circles, the node, the API. */
static vl_result go_on(struct runtime *rt)
{
    struct api_network network;
    vl_result result = circle_load_all(rt->store, &rt->circles);
    if (result == VL_OK) {
        struct node_config config = {.base = rt->base,
                                     .store = rt->store,
                                     .circles = &rt->circles,
                                     .interface = call_option(rt->call, "interface"),
                                     .allow_loopback = call_option(rt->call, "loopback") != NULL,
                                     .changed = on_changed,
                                     .cursor = on_cursor,
                                     .context = rt};
        result = node_create(&rt->node, &config);
    }
    if (result != VL_OK) {
        lock(rt);
        return result;
    }
    run_network(rt, &network);
    api_open(rt->api, rt->store, &rt->circles, &network);
    index_later(rt, INDEX_DELAY_MS);
    return VL_OK;
}

/* Damage that was met on a page which is not read at opening is remembered, so that the next
 * opening says it and the vault can be rebuilt. */
static vl_result unlock(void *context, struct vl_bytes passphrase, uint64_t *wait_ms)
{
    struct runtime *rt = context;
    VL_TRY(store_open(&rt->store, rt->call->vault, passphrase, wait_ms));
    if (!rt->is_damaged) return go_on(rt);
    lock(rt);
    return VL_ERR_DAMAGED;
}

static vl_result rebuild(void *context, struct vl_bytes passphrase, uint64_t *wait_ms,
                         struct store_rebuilt *told)
{
    struct runtime *rt = context;
    VL_TRY(store_rebuild(&rt->store, rt->call->vault, passphrase, told, wait_ms));
    rt->is_damaged = false;
    return go_on(rt);
}

static bool exists(void *context)
{
    return store_exists(((const struct runtime *)context)->call->vault);
}

static vl_result create(void *context, struct vl_bytes passphrase)
{
    return store_create(((const struct runtime *)context)->call->vault, passphrase);
}

static vl_result wipe(void *context)
{
    struct runtime *rt = context;
    lock(rt);
    rt->is_damaged = false;
    (void)unlink(rt->launch_path); /* a file that nobody has used yet */
    return store_wipe(rt->call->vault);
}

/* ---- start and end ---- */

static void on_signal(evutil_socket_t fd, short what, void *context)
{
    struct runtime *rt = context;
    (void)fd, (void)what;
    (void)event_base_loopexit(rt->base, NULL);
}

/* The file that opens the page has the socket's name. A browser's history may keep its path, so it
 * lies above the folder that is named after the program, where there is one. */
static void set_launch_path(struct runtime *rt, const char *socket, bool in_runtime)
{
    const char *name = strrchr(socket, '/') + 1;
    size_t folder = (size_t)(name - socket), size = strlen(name) - strlen(".sock");
    if (in_runtime && folder_is_private(getenv("XDG_RUNTIME_DIR")))
        folder -= strlen(RUNTIME_FOLDER "/");
    (void)snprintf(rt->launch_path, sizeof rt->launch_path, "%.*s%.*s.html", (int)folder, socket,
                   (int)size, name);
}

static vl_result listen_somewhere(struct runtime *rt, uint16_t port)
{
    char path[CLI_PATH_MAX];
    vl_result result = VL_ERR_INVALID;
    for (unsigned at = 0; at < 2; at++) {
        if (!socket_path(rt->call->vault, at, true, path, sizeof path)) continue;
        set_launch_path(rt, path, at == 0);
        struct api_page page = {.port = port, .launch_path = rt->launch_path, .label = _("Open")};
        struct api_config config = {.base = rt->base,
                                    .socket_path = path,
                                    .page = &page,
                                    .keeper = {.self = rt,
                                               .unlock = unlock,
                                               .lock = lock,
                                               .wrote = on_wrote,
                                               .exists = exists,
                                               .create = create,
                                               .wipe = wipe,
                                               .rebuild = rebuild}};
        result = api_create(&rt->api, &config);
        if (result == VL_OK || result == VL_ERR_IN_USE || result == VL_ERR_NETWORK) break;
    }
    return result;
}

static int listen_for_all(struct runtime *rt)
{
    const char *text = call_option(rt->call, "port");
    long port = 0;
    if (text != NULL) {
        char *end;
        port = strtol(text, &end, 10);
        if (text[0] < '0' || text[0] > '9' || *end != 0 || port < 1024 || port > 65535) {
            return complain(rt->call, VL_ERR_INVALID, NULL,
                            N_("A port is a number from 1024 to 65535."));
        }
    }
    vl_result result = listen_somewhere(rt, (uint16_t)port);
    if (result == VL_OK) return CLI_OK;
    if (result == VL_ERR_INVALID) {
        return complain(rt->call, result, NULL,
                        N_("The vault folder's path is too long for a socket in it."));
    }
    if (result == VL_ERR_NETWORK) {
        return complain(rt->call, result, NULL,
                        N_("The page needs a free port on 127.0.0.1, and cannot have this one."));
    }
    return complain(rt->call, result, NULL, NULL);
}

/* A person at a terminal makes the vault there, and is asked no third time; whoever starts the node
 * otherwise, or --locked, makes it in the page. */
static int make_here(struct runtime *rt)
{
    char *passphrase = NULL;
    uint64_t wait_ms = 0;
    bool asks = rt->call->passphrase_fd < 0 && call_option(rt->call, "locked") == NULL &&
                isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
    if (!asks) return CLI_OK;
    int end = read_new_passphrase(rt->call, _("Passphrase of the new vault: "), &passphrase);
    if (end != CLI_OK) return end;
    vl_result result = create(rt, vl_bytes_text(passphrase));
    if (result == VL_OK) result = unlock(rt, vl_bytes_text(passphrase), &wait_ms);
    sodium_free(passphrase);
    return result == VL_OK ? CLI_OK : complain(rt->call, result, NULL, NULL);
}

/* Asks for the passphrase of the vault that is there. */
static int open_here(struct runtime *rt)
{
    char *passphrase = NULL;
    uint64_t wait_ms = 0;
    if (call_option(rt->call, "locked") != NULL) return CLI_OK;
    vl_result result = read_passphrase(rt->call, _("Passphrase: "), &passphrase);
    if (result == VL_ERR_CLOSED) {
        return complain(rt->call, VL_ERR_INVALID, NULL,
                        N_("There is no terminal to ask on: use --passphrase-fd or --locked."));
    }
    if (result == VL_OK) {
        result = unlock(rt, vl_bytes_text(passphrase), &wait_ms);
        sodium_free(passphrase);
    }
    if (result == VL_ERR_DAMAGED) {
        return complain(rt->call, result, NULL,
                        N_("The vault's files are damaged; they are left as they are. To make them "
                           "anew from what can be read: `veillee run --locked`, and in another "
                           "terminal `veillee unlock --rebuild`."));
    }
    return result == VL_OK ? CLI_OK : complain(rt->call, result, NULL, NULL);
}

static int start(struct runtime *rt)
{
    vl_result rest = store_wipe_resume(rt->call->vault);
    if (rest != VL_OK && rest != VL_ERR_IN_USE) return complain(rt->call, rest, NULL, NULL);
    bool is_new = !store_exists(rt->call->vault);
    if (is_new && call_option(rt->call, "new") == NULL) {
        return complain(rt->call, VL_ERR_NOT_FOUND, NULL,
                        N_("There is no vault here yet; make one with `veillee init`."));
    }
    vl_result prepared = is_new ? store_prepare(rt->call->vault) : VL_OK;
    if (prepared != VL_OK) return complain(rt->call, prepared, NULL, NULL);
    rt->base = event_base_new();
    if (rt->base == NULL) return complain(rt->call, VL_ERR_NO_MEMORY, NULL, NULL);
    rt->index = evtimer_new(rt->base, on_index, rt);
    rt->stop[0] = evsignal_new(rt->base, SIGTERM, on_signal, rt);
    rt->stop[1] = evsignal_new(rt->base, SIGINT, on_signal, rt);
    rt->stop[2] = evsignal_new(rt->base, SIGHUP, on_signal, rt); /* its terminal was closed */
    if (rt->index == NULL || !rt->stop[0] || !rt->stop[1] || !rt->stop[2]) {
        return complain(rt->call, VL_ERR_NO_MEMORY, NULL, NULL);
    }
    int end = listen_for_all(rt);
    if (end != CLI_OK) return end;
    end = is_new ? make_here(rt) : open_here(rt);
    if (end != CLI_OK) return end;
    for (size_t i = 0; i < sizeof rt->stop / sizeof rt->stop[0]; i++) {
        (void)evsignal_add(rt->stop[i], NULL);
    }
    return CLI_OK;
}

static void finish(struct runtime *rt)
{
    if (rt->api != NULL) lock(rt);
    api_destroy(rt->api);
    for (size_t i = 0; i < sizeof rt->stop / sizeof rt->stop[0]; i++) {
        if (rt->stop[i] != NULL) event_free(rt->stop[i]);
    }
    if (rt->index != NULL) event_free(rt->index);
    if (rt->base != NULL) event_base_free(rt->base);
}

/* A program waits for the first word; a person gets sentences. */
static void tell_ready(struct runtime *rt)
{
    char address[3 * CLI_PATH_MAX];
    bool is_person = isatty(STDOUT_FILENO) == 1;
    puts(exists(rt) ? rt->store == NULL ? "ready (locked)" : "ready" : "ready (new)");
    if (api_launch(rt->api) == VL_OK && browser_address(rt->launch_path, address, sizeof address)) {
        printf("page %s\n", address);
        if (is_person) {
            puts(browser_open(rt->launch_path)
                     ? _("Your browser opens this address. It is good once, for a minute; `veillee "
                         "open` gives a new one.")
                     : _("Open this address in a browser here. It is good once, for a minute; "
                         "`veillee open` gives a new one."));
        }
    }
    if (is_person) {
        puts(_("Your node runs here until Ctrl-C. In another terminal: `veillee help`."));
    }
    (void)fflush(stdout);
}

int cmd_run(struct call *call)
{
    struct runtime rt = {.call = call};
    (void)signal(SIGPIPE, SIG_IGN);
    int end = start(&rt);
    if (end == CLI_OK) {
        tell_ready(&rt);
        if (event_base_dispatch(rt.base) < 0) end = CLI_FAILED;
    }
    finish(&rt);
    return end;
}
