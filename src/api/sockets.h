/* The API's two listening sockets, and whose a connection is. Inside src/api only. */
#ifndef API_SOCKETS_H
#define API_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>
#include <veillee/result.h>

/* A 0600 Unix socket; one that a dead process left is replaced. IN_USE: somebody answers there.
 * INVALID: too long for a socket. STORAGE. */
VL_MUST_USE vl_result sockets_listen_path(const char *path, int backlog, int *fd);
/* On 127.0.0.1; *port 0: any free one, and then says which. NETWORK: it is taken,
 * or there is no loopback. */
VL_MUST_USE vl_result sockets_listen_loopback(uint16_t *port, int backlog, int *fd);

/* Whether the other end of a Unix connection belongs to our account. */
bool sockets_peer_is_ours(int fd);
/* The same for a connection over 127.0.0.1. The kernel's table of connections is read for it, which
 * takes some ms: only for who has shown a secret already. */
bool sockets_loopback_peer_is_ours(int fd);

#endif
