/* The HTTP listener: libmicrohttpd without threads, in a libevent loop. Inside src/api only. */
#ifndef API_HTTP_H
#define API_HTTP_H

#include "api/request.h"

struct http;
VL_MUST_USE vl_result http_create(struct http **out, struct api *api, struct event_base *base,
                                  const char *socket_path);
void http_destroy(struct http *http); /* accepts NULL */

#endif
