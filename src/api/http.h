/* The HTTP listeners: libmicrohttpd without threads, in a libevent loop. Inside src/api only. */
#ifndef API_HTTP_H
#define API_HTTP_H

#include "api/request.h"

struct http;
/* The socket, and with config->page the port on 127.0.0.1. Errors of api_create. */
VL_MUST_USE vl_result http_create(struct http **out, struct api *api,
                                  const struct api_config *config);
void http_destroy(struct http *http);        /* accepts NULL */
uint16_t http_port(const struct http *http); /* of the page; 0: there is none */
void http_wake(struct http *http);           /* there are events, or sessions ended */

#endif
