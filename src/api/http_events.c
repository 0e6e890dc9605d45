/* An answer that goes on: events, as they come. A stream that has nothing to say is suspended, so
 * that libmicrohttpd does not ask for it again and again; then libmicrohttpd looks at it no more,
 * and we look whether the other side closes it. */
#include "api/http_internal.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SEND_BUFFER_BYTES 16384 /* the kernel's; who reads slowly gets no more of ours */
#define BLOCK_BYTES       4096

static void resume(struct stream *stream)
{
    if (!stream->is_suspended) return;
    stream->is_suspended = false;
    MHD_resume_connection(stream->connection);
    event_active(stream->door->readable, EV_READ, 0); /* runs the daemon, which looks at it */
}

/* Who watches has nothing more to say: it was closed, or broken off. */
static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct stream *stream = context;
    (void)fd, (void)what;
    stream->is_gone = true;
    resume(stream);
}

static ssize_t on_read(void *context, uint64_t at, char *out, size_t max)
{
    struct stream *stream = context;
    const struct api *api = stream->door->http->api;
    (void)at;
    if (stream->is_gone) return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t size = events_read(&stream->reader, api->events, out, max);
    if (size > 0) return (ssize_t)size;
    if (stream->session != 0 && !sessions_has(api->sessions, stream->session)) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    MHD_suspend_connection(stream->connection);
    stream->is_suspended = true;
    return 0;
}

static void stream_destroy(struct stream *stream)
{
    if (stream == NULL) return;
    if (stream->readable != NULL) event_free(stream->readable);
    events_reader_finish(&stream->reader);
    free(stream);
}

static void on_end(void *context)
{
    struct stream *stream = context;
    struct http *http = stream->door->http;
    if (stream->next != NULL) stream->next->prev = stream->prev;
    if (stream->prev != NULL) stream->prev->next = stream->next;
    if (http->streams == stream) http->streams = stream->next;
    http->stream_count--;
    stream_destroy(stream);
}

static struct stream *stream_create(struct MHD_Connection *connection, uint64_t session,
                                    const char *last)
{
    const int buffer = SEND_BUFFER_BYTES;
    struct wire *wire = wire_of(connection);
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) return NULL;
    *stream = (struct stream){.door = wire->door, .connection = connection, .session = session};
    stream->readable =
        event_new(event_get_base(wire->door->timeout), wire->fd, EV_READ, on_readable, stream);
    if (events_reader_begin(&stream->reader, wire->door->http->api->events, last) != VL_OK ||
        stream->readable == NULL || event_add(stream->readable, NULL) != 0) {
        stream_destroy(stream);
        return NULL;
    }
    (void)setsockopt(wire->fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    return stream;
}

struct MHD_Response *stream_begin(struct http *http, struct MHD_Connection *connection,
                                  uint64_t session, const char *last)
{
    struct stream *stream = stream_create(connection, session, last);
    if (stream == NULL) return NULL;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_read, stream, on_end);
    if (response == NULL) {
        stream_destroy(stream);
        return NULL;
    }
    stream->next = http->streams;
    if (stream->next != NULL) stream->next->prev = stream;
    http->streams = stream;
    http->stream_count++;
    http_beat_later(http);
    return response;
}

void streams_wake(struct http *http, bool beat)
{
    for (struct stream *stream = http->streams; stream != NULL; stream = stream->next) {
        if (beat) events_reader_beat(&stream->reader);
        resume(stream);
    }
}
