#include "api/sockets.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- listening ---- */

static bool somebody_answers(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    int status = connect(fd, (const struct sockaddr *)address, sizeof *address);
    close(fd);
    return status == 0;
}

vl_result sockets_listen_path(const char *path, int backlog, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return VL_ERR_INVALID;
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (somebody_answers(&address)) return VL_ERR_IN_USE;

    struct stat status;
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) (void)unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return VL_ERR_STORAGE;
    mode_t before = umask(077);
    int bound = bind(fd, (const struct sockaddr *)&address, sizeof address);
    (void)umask(before);
    if (bound != 0 || chmod(path, 0600) != 0 || listen(fd, backlog) != 0) {
        if (bound == 0) (void)unlink(path);
        close(fd);
        return VL_ERR_STORAGE;
    }
    *out = fd;
    return VL_OK;
}

vl_result sockets_listen_loopback(uint16_t *port, int backlog, int *out)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t size = sizeof address;
    int yes = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return VL_ERR_NETWORK;
    /* A port that was asked for is had again at once after a restart. */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (const struct sockaddr *)&address, size) != 0 || listen(fd, backlog) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        close(fd);
        return VL_ERR_NETWORK;
    }
    *port = ntohs(address.sin_port);
    *out = fd;
    return VL_OK;
}

/* ---- whose ---- */

bool sockets_peer_is_ours(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

/* "  12: 0100007F:A112 0100007F:C3F0 01 00000000:00000000 00:00000000 00000000  1000        0 5521
 * …": a socket that its owner has closed has no inode any more, and then belongs to nobody. */
static bool line_is_ours(const char *line, const struct sockaddr_in *from,
                         const struct sockaddr_in *to)
{
    uint32_t from_address, to_address;
    unsigned from_port, to_port, uid;
    unsigned long long inode;
    if (sscanf(line, " %*u: %" SCNx32 ":%x %" SCNx32 ":%x %*x %*x:%*x %*x:%*x %*x %u %*u %llu",
               &from_address, &from_port, &to_address, &to_port, &uid, &inode) != 6) {
        return false;
    }
    return from_address == from->sin_addr.s_addr && from_port == ntohs(from->sin_port) &&
           to_address == to->sin_addr.s_addr && to_port == ntohs(to->sin_port) &&
           uid == geteuid() && inode != 0;
}

bool sockets_loopback_peer_is_ours(int fd)
{
    struct sockaddr_in peer, own;
    socklen_t peer_size = sizeof peer, own_size = sizeof own;
    char line[256];
    bool found = false;
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_size) != 0 ||
        getsockname(fd, (struct sockaddr *)&own, &own_size) != 0 || peer.sin_family != AF_INET) {
        return false;
    }
    FILE *table = fopen("/proc/self/net/tcp", "re");
    if (table == NULL) return false;
    while (!found && fgets(line, sizeof line, table) != NULL) {
        found = line_is_ours(line, &peer, &own);
    }
    (void)fclose(table);
    return found;
}
