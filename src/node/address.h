/* Addresses of peers and of this machine, between the beacon's form and the socket's. */
#ifndef NODE_ADDRESS_H
#define NODE_ADDRESS_H

#include <sys/socket.h>
#include <veillee/beacon.h>

/* Where somebody can be dialled, or where we listen. */
struct endpoint {
    struct vl_address address;
    unsigned interface; /* its index: the scope of a link-local address */
    uint16_t port;
};

socklen_t endpoint_to_socket(const struct endpoint *from, struct sockaddr_storage *out);
/* INVALID: neither IPv4 nor IPv6. An IPv4 address mapped into IPv6 becomes IPv4. */
VL_MUST_USE vl_result endpoint_from_socket(const struct sockaddr *from, struct endpoint *out);
bool address_is_link_local(const struct vl_address *address); /* fe80::/10 */
/* One host's own address. Whoever announces himself could name any: none of many, of nobody, of
 * this machine (`loopback`: these too), nor IPv4 in the clothes of IPv6. */
bool address_can_be_dialled(const struct vl_address *address, bool loopback);
/* What is sent on this socket passes no router, so that nobody's announcement can make this
 * machine speak to a place outside. */
void address_keep_on_link(int fd);

#endif
