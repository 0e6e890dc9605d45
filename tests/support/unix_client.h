/* A client of a Unix socket that an event loop of the same thread serves. Asserts by cmocka. */
#ifndef TESTS_SUPPORT_UNIX_CLIENT_H
#define TESTS_SUPPORT_UNIX_CLIENT_H

#include <stddef.h>

struct event_base;
/* Sends raw bytes, runs the loop, gives the whole answer (the caller frees it); NULL: none. */
char *unix_exchange(struct event_base *base, const char *path, const char *request, size_t size);

#endif
