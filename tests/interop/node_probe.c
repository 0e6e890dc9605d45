/* A whole node without the local API, for the network tests: a vault, its circles and the node,
 * driven by lines on standard input. `node_probe FOLDER [INTERFACE]`. Commands:
 *   draft NAME PSEUDONYM | invite SECONDS | join SECONDS PSEUDONYM CODE... | decide yes|no
 *   gather SECONDS | away | cancel | write TEXT | epoch | state | peers
 * Each answers with one line of JSON; so does every change ({"changed":...}). The circle meant is
 * always the last one. Names without quotes or backslashes. */
#include "circle/circles.h"
#include "node/clock.h"
#include "node/node.h"
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct probe {
    struct event_base *base;
    struct store *store;
    struct circles circles;
    struct node *node;
    char line[1024];
    size_t line_size;
};

static const char *const pairing_names[] = {"none",    "searching", "listening",
                                            "proving", "deciding",  "waiting",
                                            "syncing", "done",      "failed"};
static const char *const state_names[] = {"away", "gathering", "inviting", "joining"};

static void must(vl_result result, const char *what)
{
    if (result == VL_OK) return;
    fprintf(stderr, "%s: %s\n", what, vl_result_name(result));
    exit(1);
}

static struct circle *last(struct probe *p)
{
    return p->circles.count > 0 ? p->circles.items[p->circles.count - 1] : NULL;
}

static void answer(vl_result result)
{
    printf("{\"result\":\"%s\"}\n", vl_result_name(result));
}

static void print_state(struct probe *p, const char *kind)
{
    struct node_view view;
    struct circle *circle = last(p);
    char digest[VL_ID_TEXT_SIZE] = "", epochs = 0;
    size_t heads = 0;
    struct vl_id id;
    node_view(p->node, &view);
    if (circle && circle->replica && vl_replica_digest(circle->replica, &id) == VL_OK) {
        vl_id_text(&id, digest);
        if (vl_replica_heads(circle->replica, NULL, 0, &heads) != VL_OK) heads = 0;
        epochs = (char)vl_replica_epochs(circle->replica, NULL, 0);
    }
    printf("{\"%s\":true,\"state\":\"%s\",\"connections\":%zu,\"heard\":%s,\"daemon\":%s,"
           "\"left\":%llu,\"pairing\":\"%s\",\"why\":\"%s\",\"tries\":%u,\"name\":\"%s\","
           "\"other\":\"%s\",\"circles\":%zu,\"draft\":%s,\"heads\":%zu,\"epochs\":%d,"
           "\"digest\":\"%s\"}\n",
           kind, state_names[view.state], view.connections, view.multicast_seen ? "true" : "false",
           view.daemon_announces ? "true" : "false", (unsigned long long)view.left.ms,
           pairing_names[view.pairing.state], vl_result_name(view.pairing.result),
           view.pairing.tries_left, view.pairing.name, view.pairing.pseudonym, p->circles.count,
           circle && circle->is_draft ? "true" : "false", heads, epochs, digest);
}

static void changed(void *context)
{
    struct probe *p = context;
    if (p->node) print_state(p, "changed");
}

/* ---- the vault ---- */

static vl_result load_circle(void *context, const struct store_circle *row)
{
    struct probe *p = context;
    struct circle circle = {.id = row->id,
                            .is_draft = row->is_draft,
                            .purpose = row->purpose,
                            .agreement = row->agreement};
    struct circle *added;
    memcpy(circle.random, row->random, sizeof circle.random);
    memcpy(circle.name, row->name, sizeof circle.name);
    memcpy(circle.pseudonym, row->pseudonym, sizeof circle.pseudonym);
    VL_TRY(vl_device_keys_from_seed(row->seed, &circle.keys));
    store_storage(p->store, &row->id, &circle.storage);
    return circles_add(&p->circles, &circle, &added);
}

static void open_vault(struct probe *p, const char *folder)
{
    const struct vl_bytes passphrase = vl_bytes_text("phrase de passe");
    uint64_t wait;
    if (!store_exists(folder)) must(store_create(folder, passphrase), "create");
    must(store_open(&p->store, folder, passphrase, &wait), "open");
    must(store_circle_scan(p->store, load_circle, p), "circles");
}

static vl_result draft(struct probe *p, const char *name, const char *pseudonym)
{
    struct store_circle row = {.is_draft = true};
    char agreement[] = "Ce qui se dit ici reste ici.";
    row.agreement = agreement;
    randombytes_buf(row.id.bytes, sizeof row.id.bytes);
    randombytes_buf(row.seed, sizeof row.seed);
    randombytes_buf(row.random, sizeof row.random);
    (void)snprintf(row.name, sizeof row.name, "%s", name);
    (void)snprintf(row.pseudonym, sizeof row.pseudonym, "%s", pseudonym);
    VL_TRY(store_circle_add(p->store, &row));
    return load_circle(p, &row);
}

static vl_result write_text(struct probe *p, const char *text)
{
    struct circle *circle = last(p);
    struct vl_id id;
    if (!circle || !circle->replica) return VL_ERR_STATE;
    struct vl_operation operation = {
        .type = 60000, .field = 1, .opcode = VL_OP_SET_ADD, .value = vl_bytes_text(text)};
    VL_TRY(vl_replica_write(circle->replica, &operation, 1, clock_wall(), &id));
    node_poke(p->node, &circle->id);
    return VL_OK;
}

/* A new epoch for every current device, as after a removal. */
static vl_result make_epoch(struct probe *p)
{
    struct circle *circle = last(p);
    struct vl_control control = {.kind = VL_CONTROL_EPOCH};
    struct vl_seal seals[16];
    struct vl_device_info device;
    uint8_t secret[32];
    struct vl_id id;
    if (!circle || !circle->replica) return VL_ERR_STATE;
    randombytes_buf(secret, sizeof secret);
    vl_epoch_key_id(&circle->id, secret, &control.key_id);
    for (size_t k = 0; vl_replica_device_at(circle->replica, k, &device) == VL_OK; k++) {
        struct vl_seal seal;
        if (!device.current || control.seal_count == sizeof seals / sizeof seals[0]) continue;
        memcpy(seal.recipient, device.card.sign, sizeof seal.recipient);
        VL_TRY(vl_key_box_seal(secret, &circle->id, &control.key_id, &device.card,
                               circle->keys->card.sign, seal.box));
        size_t at = control.seal_count++;
        for (; at > 0 && memcmp(seals[at - 1].recipient, seal.recipient, 32) > 0; at--)
            seals[at] = seals[at - 1];
        seals[at] = seal;
    }
    control.seals = seals;
    VL_TRY(vl_replica_control(circle->replica, &control, clock_wall(), &id));
    node_poke(p->node, &circle->id);
    return VL_OK;
}

/* ---- commands ---- */

static vl_duration seconds(const char *text)
{
    return VL_MILLISECONDS(strtod(text ? text : "0", NULL) * 1000.0);
}

static vl_result invite(struct probe *p, const char *length)
{
    struct vl_code code;
    char text[64];
    if (!last(p)) return VL_ERR_NOT_FOUND;
    VL_TRY(node_invite(p->node, &last(p)->id, seconds(length), &code));
    vl_code_text(&code, VL_LANGUAGE_FR, text, sizeof text);
    printf("{\"code\":\"%s\"}\n", text);
    return VL_OK;
}

static vl_result join(struct probe *p, const char *length, const char *pseudonym, const char *text)
{
    struct vl_code code;
    VL_TRY(vl_code_parse(vl_bytes_text(text ? text : ""), &code));
    return node_join(p->node, &code, pseudonym, seconds(length));
}

static vl_result show_peer(void *context, const struct node_peer *peer)
{
    (void)context;
    printf("{\"peer\":true,\"connected\":%s,\"in_sync\":%s,\"dialled\":%s,\"by\":\"%s\","
           "\"sent\":%llu,\"received\":%llu}\n",
           peer->connected ? "true" : "false", peer->in_sync ? "true" : "false",
           peer->dialled ? "true" : "false", peer->discovered_by,
           (unsigned long long)peer->entries_sent, (unsigned long long)peer->entries_received);
    return VL_OK;
}

static void command(struct probe *p, char *line)
{
    char *save = NULL;
    const char *name = strtok_r(line, " ", &save);
    if (!name) return;
    if (strcmp(name, "state") == 0) {
        print_state(p, "asked");
        return;
    }
    vl_result result = VL_ERR_INVALID;
    if (strcmp(name, "draft") == 0) {
        const char *circle = strtok_r(NULL, " ", &save);
        result = draft(p, circle, strtok_r(NULL, " ", &save));
    } else if (strcmp(name, "invite") == 0)
        result = invite(p, strtok_r(NULL, " ", &save));
    else if (strcmp(name, "join") == 0) {
        const char *length = strtok_r(NULL, " ", &save);
        const char *pseudonym = strtok_r(NULL, " ", &save);
        result = join(p, length, pseudonym, strtok_r(NULL, "", &save));
    } else if (strcmp(name, "decide") == 0)
        result = node_pairing_decide(p->node, strcmp(strtok_r(NULL, " ", &save), "yes") == 0, NULL);
    else if (strcmp(name, "gather") == 0)
        result = last(p) ? node_gather(p->node, &last(p)->id, seconds(strtok_r(NULL, " ", &save)))
                         : VL_ERR_NOT_FOUND;
    else if (strcmp(name, "away") == 0) {
        node_away(p->node);
        result = VL_OK;
    } else if (strcmp(name, "cancel") == 0) {
        node_pairing_cancel(p->node);
        result = VL_OK;
    } else if (strcmp(name, "write") == 0)
        result = write_text(p, strtok_r(NULL, "", &save));
    else if (strcmp(name, "epoch") == 0)
        result = make_epoch(p);
    else if (strcmp(name, "peers") == 0)
        result = node_peers(p->node, show_peer, NULL);
    answer(result);
}

static void typed(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct probe *p = context;
    ssize_t got = read(fd, p->line + p->line_size, sizeof p->line - p->line_size - 1);
    if (got <= 0) {
        (void)event_base_loopexit(p->base, NULL);
        return;
    }
    p->line_size += (size_t)got;
    for (;;) {
        char *end = memchr(p->line, '\n', p->line_size);
        if (!end) break;
        *end = 0;
        const size_t used = (size_t)(end - p->line) + 1;
        char line[sizeof p->line];
        memcpy(line, p->line, used);
        memmove(p->line, p->line + used, p->line_size - used);
        p->line_size -= used;
        command(p, line);
    }
}

static void stop(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    (void)event_base_loopexit(context, NULL);
}

int main(int argc, char **argv)
{
    if (argc < 2 || sodium_init() < 0) return 2;
    struct probe p = {0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    (void)signal(SIGPIPE, SIG_IGN);
    p.base = event_base_new();
    if (!p.base) return 1;
    open_vault(&p, argv[1]);
    const struct node_config config = {.base = p.base,
                                       .store = p.store,
                                       .circles = &p.circles,
                                       .interface = argc > 2 ? argv[2] : NULL,
                                       .changed = changed,
                                       .context = &p};
    must(node_create(&p.node, &config), "node");
    struct event *input = event_new(p.base, STDIN_FILENO, EV_READ | EV_PERSIST, typed, &p);
    struct event *quit = evsignal_new(p.base, SIGTERM, stop, p.base);
    if (!input || !quit || event_add(input, NULL) != 0 || event_add(quit, NULL) != 0) return 1;
    printf("{\"ready\":true}\n");
    (void)event_base_dispatch(p.base);
    node_destroy(p.node);
    circles_finish(&p.circles);
    store_close(p.store);
    event_free(input);
    event_free(quit);
    event_base_free(p.base);
    return 0;
}
