/* Who may use the page: launch tokens and the sessions of browsers. Nothing here does I/O.
 *
 *   launch token   in a 0600 file of this account; once, for SESSION_LAUNCH_SECONDS
 *   cookie         given for a launch token; HttpOnly, so that no script reads it
 *   header token   the page asks for it with its cookie and puts it on every change
 *
 * All three are 32 random bytes as 43 characters (base64url), compared in constant time, and lie in
 * locked memory. A session ends when the vault is locked, and with the process. */
#ifndef API_SESSION_H
#define API_SESSION_H

#include <veillee/bytes.h>
#include <veillee/instant.h>

#define SESSION_TOKEN_CHARS    43u
#define SESSION_LAUNCH_SECONDS 60u
#define SESSIONS_MAX           8u /* one more ends the oldest */

struct sessions;

VL_MUST_USE vl_result sessions_create(struct sessions **out);
void sessions_destroy(struct sessions *all); /* wipes; accepts NULL */

/* A new launch token in place of an earlier one: a text, until it is used or replaced. */
const char *sessions_launch(struct sessions *all, vl_instant now);
bool sessions_launch_matches(const struct sessions *all, struct vl_bytes token, vl_instant now);
/* Spends the launch token: the number of a new session, never 0; 0 when the token is not it, was
 * used, or is too old. */
uint64_t sessions_redeem(struct sessions *all, struct vl_bytes token, vl_instant now);
void sessions_launch_forget(struct sessions *all);

/* The session of a cookie's value; 0: none. */
uint64_t sessions_of_cookie(const struct sessions *all, struct vl_bytes cookie);
bool sessions_token_matches(const struct sessions *all, uint64_t session, struct vl_bytes token);
bool sessions_has(const struct sessions *all, uint64_t session);
/* Texts; NULL: there is no such session. */
const char *sessions_cookie(const struct sessions *all, uint64_t session);
const char *sessions_token(const struct sessions *all, uint64_t session);
/* Ends all but `kept` (0: none is kept). */
void sessions_end(struct sessions *all, uint64_t kept);

#endif
