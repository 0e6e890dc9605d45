/* What the files of the HTTP listeners share.
 *
 *   http.c          listeners in the loop, connections and their deadlines
 *   http_request.c  one request: the gate, its body, its answer
 *   http_events.c   an answer that goes on: events */
#ifndef API_HTTP_INTERNAL_H
#define API_HTTP_INTERNAL_H

#include "api/events.h"
#include "api/http.h"

#include <microhttpd.h>

struct door { /* a listener */
    struct http *http;
    struct MHD_Daemon *daemon;
    struct event *readable, *timeout;
    bool is_page; /* 127.0.0.1, behind the gate; else the socket */
    struct wire *wires;
    bool has_room; /* a connection ended in this run */
};

enum wire_state { WIRE_ARRIVING, WIRE_ANSWERING, WIRE_STREAMING };
struct wire { /* a connection */
    struct door *door;
    int fd;
    enum wire_state state;
    vl_instant since; /* in this state */
    bool is_admitted; /* a request of it was let in */
    bool is_ours;     /* of our account; on the page's port known from the first that is let in */
    bool is_cut;
    struct wire *prev, *next;
};

struct stream { /* somebody who watches */
    struct door *door;
    struct MHD_Connection *connection;
    struct event *readable;
    struct events_reader reader;
    uint64_t session; /* ends with it; 0: the socket's */
    bool is_suspended, is_gone;
    struct stream *prev, *next;
};

struct http {
    struct api *api;
    struct door socket, page;
    struct event *sweep, *beat;
    struct stream *streams;
    size_t stream_count;
    char path[108]; /* of the socket; "": not bound */
    uint16_t port;
};

void wire_enter(struct wire *wire, enum wire_state state);
void http_beat_later(struct http *http);                 /* somebody watches */
struct wire *wire_of(struct MHD_Connection *connection); /* NULL: there was no memory */

enum MHD_Result http_on_request(void *context, struct MHD_Connection *connection, const char *path,
                                const char *method, const char *version, const char *data,
                                size_t *size, void **state);
void http_on_completed(void *context, struct MHD_Connection *connection, void **state,
                       enum MHD_RequestTerminationCode code);

/* The response that goes on with events after `last` (a number's text, or NULL). NULL: no memory.
 */
struct MHD_Response *stream_begin(struct http *http, struct MHD_Connection *connection,
                                  uint64_t session, const char *last);
/* Something is there to be read, or sessions ended; `beat`: a comment, if nothing else. */
void streams_wake(struct http *http, bool beat);

#endif
