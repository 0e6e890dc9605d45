#include "api/session.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

struct secret {
    char text[SESSION_TOKEN_CHARS + 1]; /* "": none */
};
struct session {
    uint64_t number; /* 0: free */
    struct secret cookie, token;
};
struct sessions { /* in memory from sodium_malloc */
    struct secret launch;
    vl_instant launch_end;
    uint64_t count; /* of all that ever were */
    struct session items[SESSIONS_MAX];
};

static void draw(struct secret *secret)
{
    uint8_t bytes[32];
    static_assert(
        sodium_base64_ENCODED_LEN(sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING) ==
            sizeof secret->text,
        "32 bytes are 43 characters");
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(secret->text, sizeof secret->text, bytes, sizeof bytes,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof bytes);
}

static bool is(const struct secret *secret, struct vl_bytes given)
{
    return secret->text[0] != 0 && given.size == SESSION_TOKEN_CHARS &&
           sodium_memcmp(secret->text, given.data, SESSION_TOKEN_CHARS) == 0;
}

vl_result sessions_create(struct sessions **out)
{
    struct sessions *all = sodium_malloc(sizeof *all);
    if (all == NULL) return VL_ERR_NO_MEMORY;
    memset(all, 0, sizeof *all);
    *out = all;
    return VL_OK;
}

void sessions_destroy(struct sessions *all)
{
    sodium_free(all);
}

/* ---- the launch ---- */

const char *sessions_launch(struct sessions *all, vl_instant now)
{
    draw(&all->launch);
    all->launch_end = vl_instant_add(now, VL_SECONDS(SESSION_LAUNCH_SECONDS));
    return all->launch.text;
}

bool sessions_launch_matches(const struct sessions *all, struct vl_bytes token, vl_instant now)
{
    return is(&all->launch, token) && !vl_instant_reached(now, all->launch_end);
}

void sessions_launch_forget(struct sessions *all)
{
    sodium_memzero(&all->launch, sizeof all->launch);
}

uint64_t sessions_redeem(struct sessions *all, struct vl_bytes token, vl_instant now)
{
    struct session *place = &all->items[0];
    if (!sessions_launch_matches(all, token, now)) return 0;
    sessions_launch_forget(all);
    for (size_t i = 1; i < SESSIONS_MAX; i++) {
        if (all->items[i].number < place->number) place = &all->items[i];
    }
    draw(&place->cookie);
    draw(&place->token);
    place->number = ++all->count;
    return place->number;
}

/* ---- sessions ---- */

static const struct session *find(const struct sessions *all, uint64_t number)
{
    for (size_t i = 0; number != 0 && i < SESSIONS_MAX; i++) {
        if (all->items[i].number == number) return &all->items[i];
    }
    return NULL;
}

uint64_t sessions_of_cookie(const struct sessions *all, struct vl_bytes cookie)
{
    uint64_t found = 0;
    for (size_t i = 0; i < SESSIONS_MAX; i++) { /* all of them, whichever it is */
        if (is(&all->items[i].cookie, cookie)) found = all->items[i].number;
    }
    return found;
}

bool sessions_token_matches(const struct sessions *all, uint64_t session, struct vl_bytes token)
{
    const struct session *s = find(all, session);
    return s != NULL && is(&s->token, token);
}

bool sessions_has(const struct sessions *all, uint64_t session)
{
    return find(all, session) != NULL;
}

const char *sessions_cookie(const struct sessions *all, uint64_t session)
{
    const struct session *s = find(all, session);
    return s == NULL ? NULL : s->cookie.text;
}

const char *sessions_token(const struct sessions *all, uint64_t session)
{
    const struct session *s = find(all, session);
    return s == NULL ? NULL : s->token.text;
}

void sessions_end(struct sessions *all, uint64_t kept)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (kept != 0 && all->items[i].number == kept) continue;
        sodium_memzero(&all->items[i], sizeof all->items[i]);
    }
}
