/* The local API: HTTP/1.1 on a 0600 Unix socket, for the command line. The one user of
 * libmicrohttpd, whose epoll descriptor and timeout sit in the caller's libevent loop.
 *
 * Only processes of our own user are answered (SO_PEERCRED); others see the connection close.
 * The routes are in routes.c; errors are {"error":NAME,"field":...,"message":...} with NAME of
 * veillee/result.h. */
#ifndef API_API_H
#define API_API_H

#include "api/network.h"
#include "circle/circles.h"
#include "store/store.h"

#define API_BODY_BYTES_MAX 1048576u /* of a request; refused on its head */
#define API_CONNECTIONS    32u
#define API_IDLE_SECONDS   20u

struct event_base;
struct api;

struct api_config {
    struct event_base *base;
    const char *socket_path;
    struct api_keeper keeper;
};

/* Listens. IN_USE: another process answers there. INVALID: the path is too long for a socket.
 * STORAGE: it cannot be made. A socket left over by a dead process is replaced. */
VL_MUST_USE vl_result api_create(struct api **out, const struct api_config *config);
void api_destroy(struct api *api); /* closes the connections, removes the socket; accepts NULL */

/* From now on the vault is unlocked: what requests work on. All outlive api_close. */
void api_open(struct api *api, struct store *store, struct circles *circles,
              const struct api_network *network);
void api_close(struct api *api);

#endif
