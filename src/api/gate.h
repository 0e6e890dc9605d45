/* The gate before everything that a browser asks for: it decides on a request's head alone, before
 * a byte of the body is read. A pure function of the head and of the sessions there are.
 *
 *   Host             exactly 127.0.0.1:PORT, once. No other name of this machine: a page of another
 *                    site whose name suddenly means 127.0.0.1 still names itself here
 *   Sec-Fetch-Site   same-origin, once. "none" (typed, a bookmark) only for a GET of a page's file
 *                    as the top document
 *   Origin           exactly http://127.0.0.1:PORT on every change; on a GET that or absent
 *   Cookie           that of a session, once, under this port's name
 *   X-Veillee-Token  the session's, on every change
 *
 * One request needs no session: the POST that trades the launch token for a cookie. It comes from a
 * file, thus from another site, and its body has one exact size. */
#ifndef API_GATE_H
#define API_GATE_H

#include "api/session.h"

#define GATE_LAUNCH_PATH   "/launch"
#define GATE_LAUNCH_FIELD  "token=" /* the body: this and the token */
#define GATE_LAUNCH_BYTES  (sizeof GATE_LAUNCH_FIELD - 1 + SESSION_TOKEN_CHARS)
#define GATE_API_PREFIX    "/api/"
#define GATE_COOKIE_PREFIX "session-" /* and the port: cookies of a host go to all of its ports */

struct gate_field { /* of a head, by its name */
    struct vl_bytes value;
    unsigned count; /* how often it is there; 0: value is empty */
};
struct gate_head {
    const char *method, *path; /* the path without its query */
    struct gate_field host, origin, fetch_site, fetch_mode, fetch_dest, cookie, token;
    struct gate_field content_type, content_length;
};

enum gate_verdict {
    GATE_REFUSED, /* 401, and nothing about why */
    GATE_LAUNCH,  /* read the token from the body */
    GATE_FILE,    /* one of the page's files */
    GATE_API
};
/* *session: of FILE and API; else 0. */
enum gate_verdict gate_check(uint16_t port, const struct sessions *sessions,
                             const struct gate_head *head, uint64_t *session);

#endif
