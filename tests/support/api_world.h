/* A circle whose members each have an API of their own, asked through its routes without a socket.
 * Everything here aborts with a sentence when it fails, so tests need not look. */
#ifndef TESTS_SUPPORT_API_WORLD_H
#define TESTS_SUPPORT_API_WORLD_H

#include "api/request.h"
#include "tests/support/circle_fixture.h"
#include "tests/support/store_fixture.h"

#define API_WORLD_PERSONS 4u

struct api_world {
    struct circle_fixture *fixture;
    struct store_fixture store; /* one vault for what is local */
    struct circle circles[API_WORLD_PERSONS];
    struct circle *lists[API_WORLD_PERSONS];
    struct circles sets[API_WORLD_PERSONS];
    struct api apis[API_WORLD_PERSONS];
    int wrote;            /* how often something was said to be written */
    const char *language; /* that is asked in; NULL: none is said */
};

/* Person 0 is facilitator; they are called "Ines", "Nadia", "Lou", "Max" in the circle "Jeudi". */
struct api_world *api_world_create(uint64_t seed);
void api_world_destroy(struct api_world *w);

/* `path` under circles/Jeudi/, with a query; empty: the circle itself. Returns the status; *out is
 * to be destroyed. */
unsigned api_world_send(struct api_world *w, size_t as, const char *method, const char *path,
                        const char *body, struct json **out);
/* A file, after the passphrase, as text; free it. */
char *api_world_file(struct api_world *w, size_t as, const char *path);
/* What has to succeed. */
struct json *api_world_ask(struct api_world *w, size_t as, const char *method, const char *path,
                           const char *body);

/* A value of the field as JSON, for a list or set its elements; `meeting` and `part` are records
 * that exist. */
void api_world_sample(struct api_world *w, const struct schema_field *field, const char *meeting,
                      const char *part, char *out, size_t size);

#endif
