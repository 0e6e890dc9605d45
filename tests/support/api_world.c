#include "tests/support/api_world.h"
#include "api/cursors.h"
#include "api/editings.h"
#include "api/live_cache.h"
#include "circle/ownership.h"
#include "circle/profile.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[API_WORLD_PERSONS] = {"Ines", "Nadia", "Lou", "Max"};

static void on_poke(void *self, const struct vl_id *circle)
{
    (void)self, (void)circle;
}

static void on_wrote(void *self)
{
    ((struct api_world *)self)->wrote++;
}

static void add_person(struct api_world *w, size_t at)
{
    struct fixture_node *node = &w->fixture->nodes[at];
    const struct profile_change profile = {.pseudonym = names[at]};
    w->circles[at] = (struct circle){.id = w->fixture->id,
                                     .name = "Jeudi",
                                     .keys = node->keys,
                                     .storage = node->storage,
                                     .replica = node->replica};
    w->lists[at] = &w->circles[at];
    w->sets[at] = (struct circles){&w->lists[at], 1};
    w->apis[at] = (struct api){.is_open = true,
                               .store = w->store.store,
                               .circles = &w->sets[at],
                               .keeper = {.self = w, .wrote = on_wrote},
                               .network = {.poke = on_poke}};
    assert_int_equal(live_cache_create(&w->apis[at].live), VL_OK);
    assert_int_equal(editings_create(&w->apis[at].editings, &w->apis[at], NULL), VL_OK);
    assert_int_equal(cursors_create(&w->apis[at].cursors, &w->apis[at], NULL), VL_OK);
    assert_int_equal(profile_write(node->replica, &profile, w->fixture->now, NULL), VL_OK);
}

struct api_world *api_world_create(uint64_t seed)
{
    struct api_world *w = calloc(1, sizeof *w);
    uint64_t wait = 0;
    assert_non_null(w);
    scratch_make(&w->store.folder);
    assert_int_equal(store_create_at_cost(w->store.folder.path,
                                          vl_bytes_text(STORE_FIXTURE_PASSPHRASE),
                                          vault_cost_floor()),
                     VL_OK);
    assert_int_equal(store_open(&w->store.store, w->store.folder.path,
                                vl_bytes_text(STORE_FIXTURE_PASSPHRASE), &wait),
                     VL_OK);
    w->fixture = circle_fixture_create(API_WORLD_PERSONS, seed);
    circle_fixture_rule(w->fixture, ownership_may_write);
    for (size_t i = 0; i < API_WORLD_PERSONS; i++)
        add_person(w, i);
    circle_fixture_sync_all(w->fixture);
    return w;
}

void api_world_destroy(struct api_world *w)
{
    for (size_t i = 0; i < API_WORLD_PERSONS; i++) {
        editings_destroy(w->apis[i].editings);
        cursors_destroy(w->apis[i].cursors);
        view_forget(&w->apis[i]);
        live_cache_destroy(w->apis[i].live);
    }
    circle_fixture_destroy(w->fixture);
    store_close(w->store.store);
    scratch_remove(&w->store.folder);
    free(w);
}

struct asking {
    const char *query, *language;
};

/* What follows "name=" in a query, in memory of its own until the next call. */
static const char *query_of(void *context, const char *name)
{
    static char values[4][256];
    static unsigned at;
    const struct asking *asking = context;
    size_t size = strlen(name);
    for (const char *query = asking->query; query != NULL && *query != 0;) {
        const char *end = strchrnul(query, '&');
        if (strncmp(query, name, size) == 0 && query[size] == '=') {
            char *value = values[at++ % 4];
            snprintf(value, sizeof values[0], "%.*s", (int)(end - query - (long)size - 1),
                     query + size + 1);
            return value;
        }
        query = *end == 0 ? end : end + 1;
    }
    return NULL;
}

static const char *header_of(void *context, const char *name)
{
    const struct asking *asking = context;
    return strcmp(name, "Accept-Language") == 0 ? asking->language : NULL;
}

unsigned api_world_send(struct api_world *w, size_t as, const char *method, const char *path,
                        const char *body, struct json **out)
{
    struct vl_buffer answer = {0};
    char whole[512];
    snprintf(whole, sizeof whole, "/api/v1/circles/Jeudi%s%s", path[0] == 0 ? "" : "/", path);
    char *query = strchr(whole, '?');
    if (query != NULL) *query++ = 0;
    struct asking asking = {.query = query, .language = w->language};
    const struct caller caller = {.query = query_of, .header = header_of, .context = &asking};
    unsigned status = routes_answer(&w->apis[as], method, whole,
                                    vl_bytes_text(body == NULL ? "" : body), &caller, &answer);
    assert_int_equal(json_parse(vl_buffer_view(&answer), out), VL_OK);
    vl_buffer_finish(&answer);
    return status;
}

char *api_world_file(struct api_world *w, size_t as, const char *path)
{
    struct vl_buffer answer = {0};
    const struct answer_file *file = NULL;
    char whole[512];
    snprintf(whole, sizeof whole, "/api/v1/circles/Jeudi/%s", path);
    struct asking asking = {.language = w->language};
    const struct caller caller = {
        .query = query_of, .header = header_of, .context = &asking, .file = &file};
    const struct vl_bytes body = vl_bytes_text("{\"passphrase\":\"" STORE_FIXTURE_PASSPHRASE "\"}");
    assert_int_equal(routes_answer(&w->apis[as], "POST", whole, body, &caller, &answer), 200);
    assert_non_null(file);
    assert_int_equal(vl_buffer_append(&answer, "", 1), VL_OK);
    return (char *)answer.data;
}

struct json *api_world_ask(struct api_world *w, size_t as, const char *method, const char *path,
                           const char *body)
{
    struct json *answer;
    unsigned status = api_world_send(w, as, method, path, body, &answer);
    if (status != 200)
        fail_msg("%s %s %s: %u %s %s: %s", method, path, body == NULL ? "" : body, status,
                 json_text(answer, "error"), json_text(answer, "field"),
                 json_text(answer, "message"));
    return answer;
}

void api_world_sample(struct api_world *w, const struct schema_field *field, const char *meeting,
                      const char *part, char *out, size_t size)
{
    char person[VL_ID_TEXT_SIZE], me[VL_ID_TEXT_SIZE];
    vl_id_text(&w->fixture->nodes[2].person, person);
    vl_id_text(&w->fixture->nodes[0].person, me);
    if (strcmp(field->name, "format") == 0) {
        snprintf(out, size, "\"check-in\"");
        return;
    }
    const char *record = field->limit == SCHEMA_PART ? part : meeting;
    switch (field->form) {
    case SCHEMA_LINE:
    case SCHEMA_ITEM: snprintf(out, size, "\"%s é\"", field->name); return;
    case SCHEMA_BLOCK: snprintf(out, size, "\"%s\\n\\té\"", field->name); return;
    case SCHEMA_RULE: snprintf(out, size, "\"FREQ=WEEKLY\""); return;
    case SCHEMA_DATE: snprintf(out, size, "\"2026-03-12T19:30\""); return;
    case SCHEMA_PERSON: snprintf(out, size, "\"%s\"", person); return;
    case SCHEMA_SELF: snprintf(out, size, "\"%s\"", me); return;
    case SCHEMA_REFERENCE: snprintf(out, size, "\"%s\"", record); return;
    case SCHEMA_INTEGER: snprintf(out, size, "7"); return;
    case SCHEMA_FLAG: snprintf(out, size, "true"); return;
    case SCHEMA_ENUM: snprintf(out, size, "\"%s\"", schema_choice(field, 1)); return;
    case SCHEMA_SPEAKER: snprintf(out, size, "{\"seat\":\"Awa\"},\"%s\"", person); return;
    }
}
