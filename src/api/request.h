/* One request on its way through a route. Inside src/api only. */
#ifndef API_REQUEST_H
#define API_REQUEST_H

#include "api/api.h"
#include "api/json.h"
#include "api/preferences.h"
#include "api/present.h"
#include "api/session.h"
#include "circle/record.h"

#define REQUEST_PARAMS_MAX 3u

struct autolock;
struct changes;
struct cursors;
struct digest_cache;
struct editings;
struct events;
struct http;
struct live_cache;
struct transfer;

struct api {
    struct http *http;
    struct sessions *sessions;
    struct events *events;
    struct changes *changes;
    struct editings *editings;
    struct autolock *autolock;
    struct cursors *cursors;
    struct api_page page;
    struct event *launch_end;
    uint64_t kept_session; /* stays when the vault is locked now; 0: none */
    struct api_keeper keeper;
    bool is_open;
    struct store *store; /* NULL when locked, like the next two */
    struct circles *circles;
    struct api_network network;
    struct preferences preferences; /* as they are in the vault */
    struct met met;
    struct digest_cache *digests;
    struct live_cache *live;   /* meetings that go on */
    struct transfer *transfer; /* the bundle being read or written (handle_bundle.c) */
};

typedef const char *(*request_query)(void *context, const char *name); /* NULL: not given */

struct answer_file {         /* static */
    const char *name, *type; /* "calendar.ics", "text/calendar; charset=utf-8" */
};

struct caller { /* who asks, and what of the request's head a handler may look at */
    request_query query, header;
    void *context;
    uint64_t session; /* of the page; 0: the command line, over the socket */
    /* For a handler to set; may be NULL. */
    bool *watches;                   /* the answer is events, as they come */
    const struct answer_file **file; /* the answer is a file */
};

struct request {
    struct api *api;
    char *params[REQUEST_PARAMS_MAX]; /* what stood for {...} in the pattern; owned */
    struct json *body;                /* NULL: none */
    request_query query;
    void *query_context;
    const struct caller *caller;
    struct json_out out; /* the answer */
    struct json_problem problem;
    uint64_t wait_ms; /* BACKOFF */
};

struct route {
    const char *method, *pattern; /* "circles/{circle}/meetings" under /api/v1/ */
    vl_result (*handle)(struct request *rq);
    bool needs_unlocked;
    const char *summary;
};
extern const struct route routes[];
extern const size_t route_count;

/* Finds the route, runs it, and leaves a whole JSON document in `answer` in every case but one:
 * status 200 and a file. `path` begins with a slash. Returns the HTTP status. */
unsigned routes_answer(struct api *api, const char *method, const char *path, struct vl_bytes body,
                       const struct caller *caller, struct vl_buffer *answer);
/* Before the body is read: 0, or the status of its refusal. */
unsigned routes_known(const char *method, const char *path);

vl_wall request_now(void);
vl_instant request_instant(void);
/* The body into a struct; see json_decode. */
VL_MUST_USE vl_result request_decode(struct request *rq, const struct json_field *fields,
                                     size_t count, void *out);
VL_MUST_USE vl_result request_refuse(struct request *rq, const char *field, const char *message,
                                     vl_result why);
/* What the domain refused. */
VL_MUST_USE vl_result request_problem(struct request *rq, vl_result result,
                                      const struct schema_problem *problem);
/* The language of the answer: ?lang=, else Accept-Language. INVALID: ?lang= is none of ours. */
VL_MUST_USE vl_result request_language(struct request *rq, const char **out);
/* The circle that params[0] names. */
VL_MUST_USE vl_result request_circle(struct request *rq, struct circle **out);
/* ... which must be founded: STATE. */
VL_MUST_USE vl_result request_replica(struct request *rq, struct circle **out);
/* The record that circles/{circle}/{records}/{id} says; of a type of which a circle has one,
 * without the id. */
VL_MUST_USE vl_result request_record(struct request *rq, struct circle **circle,
                                     const struct schema_record **schema, struct vl_record_id *id);
/* The meeting that circles/{circle}/meetings/{id}/... says. */
VL_MUST_USE vl_result request_meeting(struct request *rq, struct circle **circle,
                                      struct vl_record_id *id);
/* The person says her passphrase once more. INVALID: she did not; PASSPHRASE, BACKOFF. */
VL_MUST_USE vl_result request_passphrase(struct request *rq, const char *passphrase);
/* The body of a request that takes something out of the vault, {"passphrase"}: as above. Who
 * watches is told; `what` is "bundle" or "calendar". */
VL_MUST_USE vl_result request_export(struct request *rq, const struct circle *circle,
                                     const char *what);
/* Answers with a spoken code that holds for so long. */
void request_answer_code(struct request *rq, const struct vl_code *code, int64_t seconds,
                         enum vl_pairing_as as);
/* Something was written in it: push and index. */
void request_wrote(struct request *rq, const struct circle *circle);

/* ---- views (view.c) ---- */

/* Members of an object that is open. `whole`: also long texts. */
void view_record(struct json_out *o, const struct circle *circle, const struct record *record,
                 bool whole);
/* With its digest, unless the request says digest=no: counting it reads every record. */
void view_circle(struct request *rq, const struct circle *circle);
/* A space of one person's. */
bool view_is_private(const struct circle *circle);
/* What the network does; the vault is open. */
void view_network(struct json_out *o, const struct api *api);
const char *view_pairing_state(enum api_pairing_state state);
void view_person(struct json_out *o, const char *key, const struct circle *circle,
                 const struct vl_id *person);
void view_forget(struct api *api);
/* Role, facilitators, who is not confirmed, how the key stands; nothing for a draft. */
VL_MUST_USE vl_result view_state(struct json_out *o, const struct circle *circle);
/* "devices" of everybody, or "device_list" of one person. */
VL_MUST_USE vl_result view_devices(struct json_out *o, const struct api *api,
                                   const struct circle *circle, const struct vl_id *person);

/* Ends the bundle being read or written. */
void bundle_forget(struct api *api);

/* The launch token was used, or is too old. */
void api_launch_forget(struct api *api);

/* ---- handlers ---- */
vl_result handle_session(struct request *rq);
vl_result handle_launch(struct request *rq);
vl_result handle_events(struct request *rq);
vl_result handle_bundle_write(struct request *rq);
vl_result handle_bundle_next(struct request *rq);
vl_result handle_bundle_read(struct request *rq);
vl_result handle_bundle_data(struct request *rq);
vl_result handle_status(struct request *rq);
vl_result handle_unlock(struct request *rq);
vl_result handle_vault_new(struct request *rq);
vl_result handle_lock(struct request *rq);
vl_result handle_passphrase(struct request *rq);
vl_result handle_wipe(struct request *rq);
vl_result handle_active(struct request *rq);
vl_result handle_preferences(struct request *rq);
vl_result handle_preferences_set(struct request *rq);
vl_result handle_circle_list(struct request *rq);
vl_result handle_circle_new(struct request *rq);
vl_result handle_circle_find(struct request *rq);
vl_result handle_circle_show(struct request *rq);
vl_result handle_members(struct request *rq);
vl_result handle_member_show(struct request *rq);
vl_result handle_member_action(struct request *rq);
vl_result handle_device_list(struct request *rq);
vl_result handle_device_add(struct request *rq);
vl_result handle_device_acknowledge(struct request *rq);
vl_result handle_device_remove(struct request *rq);
vl_result handle_device_restore(struct request *rq);
vl_result handle_erase(struct request *rq);
vl_result handle_rules(struct request *rq);
vl_result handle_rules_set(struct request *rq);
vl_result handle_log(struct request *rq);
vl_result handle_verify(struct request *rq);
vl_result handle_gather(struct request *rq);
vl_result handle_away(struct request *rq);
vl_result handle_present(struct request *rq);
vl_result handle_news(struct request *rq);
vl_result handle_peers(struct request *rq);
vl_result handle_invite(struct request *rq);
vl_result handle_join(struct request *rq);
vl_result handle_pairing(struct request *rq);
vl_result handle_decide(struct request *rq);
vl_result handle_cancel(struct request *rq);
vl_result handle_record_list(struct request *rq);
vl_result handle_record_add(struct request *rq);
vl_result handle_record_show(struct request *rq);
vl_result handle_record_edit(struct request *rq);
vl_result handle_record_erase(struct request *rq);
vl_result handle_import(struct request *rq);
vl_result handle_calendar(struct request *rq);
vl_result handle_meeting_calendar(struct request *rq);
vl_result handle_import_calendar(struct request *rq);
vl_result handle_occurrences(struct request *rq);
vl_result handle_occurrence_take(struct request *rq);
vl_result handle_next_meeting(struct request *rq);
vl_result handle_coming(struct request *rq);
vl_result handle_here(struct request *rq);
vl_result handle_minutes_load(struct request *rq);
vl_result handle_minutes_edit(struct request *rq);
vl_result handle_closing(struct request *rq);
vl_result handle_close(struct request *rq);
vl_result handle_due(struct request *rq);
vl_result handle_due_erase(struct request *rq);
vl_result handle_erasure(struct request *rq);
vl_result handle_live(struct request *rq);
vl_result handle_live_action(struct request *rq);
vl_result handle_signal(struct request *rq);
vl_result handle_signal_seen(struct request *rq);
vl_result handle_search(struct request *rq);
vl_result handle_agreement(struct request *rq);
vl_result handle_agreement_propose(struct request *rq);
vl_result handle_agreement_assent(struct request *rq);
vl_result handle_agreement_adopt(struct request *rq);
vl_result handle_rotation(struct request *rq);
vl_result handle_rotation_set(struct request *rq);
vl_result handle_formats(struct request *rq);
vl_result handle_format_show(struct request *rq);
vl_result handle_handbook(struct request *rq);
vl_result handle_chapter(struct request *rq);
vl_result handle_numbers(struct request *rq);
vl_result handle_proposed_agreement(struct request *rq);

#endif
