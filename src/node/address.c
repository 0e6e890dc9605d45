#include "node/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

bool address_is_link_local(const struct vl_address *address)
{
    return address->family == 6 && address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

bool address_can_be_dialled(const struct vl_address *address, bool loopback)
{
    const uint8_t *b = address->bytes;
    if (address->family == 4) return b[0] > 0 && b[0] < 224 && (b[0] != 127 || loopback);
    struct in6_addr in6;
    memcpy(&in6, b, sizeof in6);
    return !IN6_IS_ADDR_UNSPECIFIED(&in6) && !IN6_IS_ADDR_MULTICAST(&in6) &&
           !IN6_IS_ADDR_V4MAPPED(&in6) && !IN6_IS_ADDR_V4COMPAT(&in6) &&
           (!IN6_IS_ADDR_LOOPBACK(&in6) || loopback);
}

void address_keep_on_link(int fd)
{
    const int hops = 1;
    (void)setsockopt(fd, IPPROTO_IP, IP_TTL, &hops, sizeof hops); /* one of the two is its kind */
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof hops);
}

socklen_t endpoint_to_socket(const struct endpoint *from, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (from->address.family == 4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(from->port)};
        memcpy(&in.sin_addr, from->address.bytes, 4);
        memcpy(out, &in, sizeof in);
        return sizeof in;
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(from->port)};
    memcpy(&in6.sin6_addr, from->address.bytes, 16);
    if (address_is_link_local(&from->address)) in6.sin6_scope_id = from->interface;
    memcpy(out, &in6, sizeof in6);
    return sizeof in6;
}

vl_result endpoint_from_socket(const struct sockaddr *from, struct endpoint *out)
{
    memset(out, 0, sizeof *out);
    if (from->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof in);
        out->address.family = 4;
        memcpy(out->address.bytes, &in.sin_addr, 4);
        out->port = ntohs(in.sin_port);
        return VL_OK;
    }
    if (from->sa_family != AF_INET6) return VL_ERR_INVALID;
    struct sockaddr_in6 in6;
    memcpy(&in6, from, sizeof in6);
    out->port = ntohs(in6.sin6_port);
    out->interface = in6.sin6_scope_id;
    if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
        out->address.family = 4;
        memcpy(out->address.bytes, &in6.sin6_addr.s6_addr[12], 4);
    } else {
        out->address.family = 6;
        memcpy(out->address.bytes, &in6.sin6_addr, 16);
    }
    return VL_OK;
}
