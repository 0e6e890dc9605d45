/* `run`: joins vault, circles, node and API on one event loop. */
#include "cli/run.h"

#include "api/circle_load.h"
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

static void on_index(evutil_socket_t fd, short what, void *context)
{
    struct runtime *rt = context;
    size_t left = 0;
    (void)fd, (void)what;
    if (rt->store == NULL) return;
    /* A failure here loses nothing: the queue is in the vault, the next change tries again. */
    if (store_index_step(rt->store, INDEX_STEP, &left) == VL_OK && left > 0) {
        index_later(rt, INDEX_PAUSE_MS);
    }
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

/* ---- the vault ---- */

static void lock(void *context)
{
    struct runtime *rt = context;
    api_close(rt->api);
    node_destroy(rt->node);
    rt->node = NULL;
    circles_finish(&rt->circles);
    rt->circles = (struct circles){0};
    store_close(rt->store);
    rt->store = NULL;
    (void)evtimer_del(rt->index);
}

static vl_result unlock(void *context, struct vl_bytes passphrase, uint64_t *wait_ms)
{
    struct runtime *rt = context;
    struct api_network network;
    VL_TRY(store_open(&rt->store, rt->call->vault, passphrase, wait_ms));
    vl_result result = circle_load_all(rt->store, &rt->circles);
    if (result == VL_OK) {
        struct node_config config = {.base = rt->base,
                                     .store = rt->store,
                                     .circles = &rt->circles,
                                     .interface = call_option(rt->call, "interface"),
                                     .allow_loopback = call_option(rt->call, "loopback") != NULL,
                                     .changed = on_changed,
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

static bool exists(void *context)
{
    return store_exists(((const struct runtime *)context)->call->vault);
}

static vl_result create(void *context, struct vl_bytes passphrase)
{
    return store_create(((const struct runtime *)context)->call->vault, passphrase);
}

/* ---- start and end ---- */

static void on_signal(evutil_socket_t fd, short what, void *context)
{
    struct runtime *rt = context;
    (void)fd, (void)what;
    (void)event_base_loopexit(rt->base, NULL);
}

/* The file that opens the page lies beside the socket, under its name. */
static void set_launch_path(struct runtime *rt, const char *socket)
{
    static const char from[] = ".sock", to[] = ".html";
    static_assert(sizeof from == sizeof to, "as long");
    size_t size = strlen(socket);
    memcpy(rt->launch_path, socket, size + 1);
    memcpy(rt->launch_path + size - strlen(from), to, sizeof to);
}

static vl_result listen_somewhere(struct runtime *rt, uint16_t port)
{
    char path[CLI_PATH_MAX];
    vl_result result = VL_ERR_INVALID;
    for (unsigned at = 0; at < 2; at++) {
        if (!socket_path(rt->call->vault, at, true, path, sizeof path)) continue;
        set_launch_path(rt, path);
        struct api_page page = {.port = port, .launch_path = rt->launch_path, .label = _("Open")};
        struct api_config config = {.base = rt->base,
                                    .socket_path = path,
                                    .page = &page,
                                    .keeper = {.self = rt,
                                               .unlock = unlock,
                                               .lock = lock,
                                               .wrote = on_wrote,
                                               .exists = exists,
                                               .create = create}};
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

static int start(struct runtime *rt)
{
    char *passphrase = NULL;
    uint64_t wait_ms = 0;
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
    if (!is_new && call_option(rt->call, "locked") == NULL) {
        vl_result result = read_passphrase(rt->call, _("Passphrase: "), &passphrase);
        if (result == VL_ERR_CLOSED) {
            return complain(rt->call, VL_ERR_INVALID, NULL,
                            N_("There is no terminal to ask on: use --passphrase-fd or --locked."));
        }
        if (result == VL_OK) {
            result = unlock(rt, vl_bytes_text(passphrase), &wait_ms);
            sodium_free(passphrase);
        }
        if (result != VL_OK) return complain(rt->call, result, NULL, NULL);
    }
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
        if (is_person && !browser_open(rt->launch_path)) {
            puts(_("Open this address in a browser here, within a minute; it works once."));
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
