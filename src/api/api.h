/* The local API: HTTP/1.1 on a 0600 Unix socket, for the command line, and on 127.0.0.1 for the
 * page in a browser. The one user of libmicrohttpd, whose epoll descriptors and timeouts sit in the
 * caller's libevent loop.
 *
 * On the socket only processes of our own account are answered (SO_PEERCRED); others see the
 * connection close. On 127.0.0.1 everybody else gets 401 (gate.h). docs/api.md tells all of it.
 * The routes are in routes.c; errors are {"error":NAME,"field":...,"message":...} with NAME of
 * veillee/result.h. */
#ifndef API_API_H
#define API_API_H

#include "api/network.h"
#include "circle/circles.h"
#include "store/store.h"

#define API_BODY_BYTES_MAX  1048576u /* of a request; refused on its head */
#define API_HEAD_BYTES_MAX  32768u   /* of a request, with what is kept for it; 431 */
#define API_CONNECTIONS     64u      /* of each listener */
#define API_WATCHERS_MAX    16u
#define API_BEAT_SECONDS    15u /* between comments to who watches */
#define API_IDLE_SECONDS    20u
#define API_REQUEST_SECONDS 60u  /* until the whole of a request is there */
#define API_ANSWER_SECONDS  300u /* until the whole of its answer is taken */

struct event_base;
struct api;

struct api_page {            /* all of it outlives the API */
    uint16_t port;           /* on 127.0.0.1; 0: any free one */
    const char *launch_path; /* of the file that opens the page */
    const char *label;       /* of its button; no markup */
};
struct api_config {
    struct event_base *base;
    const char *socket_path;
    const struct api_page *page; /* NULL: the socket alone */
    struct api_keeper keeper;
};

/* Listens. IN_USE: another process answers there. INVALID: the path is too long for a socket.
 * STORAGE: it cannot be made. NETWORK: the page's port is taken. A socket left over by a dead
 * process is replaced. */
VL_MUST_USE vl_result api_create(struct api **out, const struct api_config *config);
void api_destroy(struct api *api); /* closes the connections, removes the socket; accepts NULL */

/* From now on the vault is unlocked: what requests work on. All outlive api_close. */
void api_open(struct api *api, struct store *store, struct circles *circles,
              const struct api_network *network);
void api_close(struct api *api); /* ends the page's sessions */
/* Something of the network, or of the list of circles, may have changed: who watches is told. */
void api_perhaps_changed(struct api *api);

/* Somebody who is connected writes there just now: who watches is told. */
void api_cursor_came(struct api *api, const struct vl_id *circle,
                     const struct vl_device_info *device, const struct vl_cursor *cursor);

uint16_t api_port(const struct api *api); /* of the page; 0: there is none */
/* Makes page.launch_path anew: good once, for SESSION_LAUNCH_SECONDS. STATE: no page; STORAGE. */
VL_MUST_USE vl_result api_launch(struct api *api);

#endif
