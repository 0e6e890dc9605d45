#include "api/autolock.h"
#include "api/changes.h"
#include "api/language.h"
#include "api/message.h"
#include "api/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PREFIX "/api/v1/"

const struct route routes[] = {
    {"GET", "status", handle_status, false, "what the node is doing"},
    {"GET", "formats", handle_formats, false, "formats of a meeting; ?lang= here and below"},
    {"GET", "formats/{id}", handle_format_show, false, "one, with what is read aloud"},
    {"GET", "handbook", handle_handbook, false, "chapters for who facilitates"},
    {"GET", "handbook/{chapter}", handle_chapter, false, "one of them"},
    {"GET", "numbers", handle_numbers, false, "numbers to call"},
    {"GET", "agreement", handle_proposed_agreement, false, "what a new circle may agree on"},
    {"POST", "vault", handle_vault_new, false, "make the vault, when there is none, and open it"},
    {"POST", "unlock", handle_unlock, false, "open the vault"},
    {"POST", "lock", handle_lock, false, "close and wipe"},
    {"POST", "active", handle_active, true, "the person does something: the vault stays open"},
    {"GET", "session", handle_session, false, "the page's header token"},
    {"GET", "events", handle_events, false, "what changes, as it does; ?last="},
    {"POST", "launch", handle_launch, false, "a file that opens the page, once"},
    {"POST", "passphrase", handle_passphrase, true, "another one"},
    {"POST", "wipe", handle_wipe, true, "the end of the vault; the passphrase again"},
    {"GET", "preferences", handle_preferences, true, "what the person on this device prefers"},
    {"PATCH", "preferences", handle_preferences_set, true, "change some of it"},
    {"GET", "circles", handle_circle_list, true, "every circle and draft"},
    {"POST", "circles", handle_circle_new, true, "draft a circle"},
    {"GET", "find", handle_circle_find, true, "the circle that ?name= says"},
    {"GET", "circles/{circle}", handle_circle_show, true, "one circle"},
    {"POST", "circles/{circle}/gather", handle_gather, true, "show this circle for a time"},
    {"POST", "away", handle_away, true, "go silent"},
    {"GET", "peers", handle_peers, true, "whom this node sees"},
    {"GET", "circles/{circle}/present", handle_present, true,
     "who is connected, and who has received what is here"},
    {"GET", "circles/{circle}/news", handle_news, true, "what is new since the last meeting"},
    {"POST", "circles/{circle}/invite", handle_invite, true, "a spoken code"},
    {"POST", "join", handle_join, true, "join by a spoken code"},
    {"GET", "pairing", handle_pairing, true, "how the pairing stands"},
    {"POST", "pairing/decide", handle_decide, true, "accept or refuse"},
    {"POST", "pairing/cancel", handle_cancel, true, "end it"},
    {"GET", "circles/{circle}/members", handle_members, true, "persons of the circle"},
    {"GET", "circles/{circle}/members/{person}", handle_member_show, true, "one person"},
    {"POST", "circles/{circle}/members/{action}", handle_member_action, true,
     "vouch, remove, promote, demote, endorse, vote, leave, stepdown, block, unblock"},
    {"GET", "circles/{circle}/devices", handle_device_list, true, "devices of the persons"},
    {"POST", "circles/{circle}/devices/add", handle_device_add, true,
     "a spoken code for another one of mine; the passphrase again"},
    {"POST", "circles/{circle}/devices/acknowledge", handle_device_acknowledge, true,
     "a new one of mine is known to me, on this device"},
    {"POST", "circles/{circle}/devices/remove", handle_device_remove, true, "one of my own"},
    {"POST", "circles/{circle}/devices/restore", handle_device_restore, true,
     "a lost one again; for one of mine the passphrase"},
    {"POST", "circles/{circle}/erase", handle_erase, true,
     "a record's or an entry's text, everywhere"},
    {"GET", "circles/{circle}/rules", handle_rules, true, "what the circle agreed on"},
    {"PATCH", "circles/{circle}/rules", handle_rules_set, true, "change some of it"},
    {"GET", "circles/{circle}/agreement", handle_agreement, true,
     "the agreement that holds, its versions, and who has assented"},
    {"POST", "circles/{circle}/agreement", handle_agreement_propose, true, "propose words"},
    {"POST", "circles/{circle}/agreement/assent", handle_agreement_assent, true,
     "assent for oneself"},
    {"POST", "circles/{circle}/agreement/adopt", handle_agreement_adopt, true,
     "make a version hold"},
    {"GET", "circles/{circle}/rotation", handle_rotation, true, "whose turn it is to facilitate"},
    {"PATCH", "circles/{circle}/rotation", handle_rotation_set, true,
     "another order, or the next one"},
    {"POST", "circles/{circle}/import/minutes", handle_import, true, "one file of minutes"},
    {"POST", "circles/{circle}/import/ics", handle_import_calendar, true, "a calendar file"},
    {"POST", "circles/{circle}/calendar.ics", handle_calendar, true,
     "all meetings, as a file; the passphrase again"},
    {"POST", "circles/{circle}/meetings/{id}/calendar.ics", handle_meeting_calendar, true,
     "one of them"},
    {"GET", "circles/{circle}/meetings/{id}/occurrences", handle_occurrences, true,
     "when a series meets; ?from=, &max="},
    {"POST", "circles/{circle}/meetings/{id}/occurrences", handle_occurrence_take, true,
     "make one of them a meeting of its own"},
    {"GET", "circles/{circle}/next-meeting", handle_next_meeting, true, "the circle's next one"},
    {"GET", "circles/{circle}/coming", handle_coming, true, "the next ones; ?from=, &max="},
    {"POST", "circles/{circle}/here", handle_here, true,
     "we are here now: open today's meeting, or a new one"},
    {"GET", "circles/{circle}/meetings/{id}/minutes", handle_minutes_load, true,
     "the text, to be written together, and its version"},
    {"POST", "circles/{circle}/meetings/{id}/minutes/edits", handle_minutes_edit, true,
     "what was typed in a version; what others wrote since"},
    {"GET", "circles/{circle}/meetings/{id}/closing", handle_closing, true,
     "what was written in it, by how long it is kept"},
    {"POST", "circles/{circle}/meetings/{id}/close", handle_close, true,
     "close it, and erase what goes at closing"},
    {"GET", "circles/{circle}/due", handle_due, true, "what may be erased now; ?after="},
    {"POST", "circles/{circle}/due/erase", handle_due_erase, true, "erase it"},
    {"GET", "circles/{circle}/erasure", handle_erasure, true,
     "what was erased, and whose devices have confirmed it; ?max="},
    {"GET", "circles/{circle}/meetings/{id}/live", handle_live, true,
     "a meeting as it stands: who has the word, the round, hands"},
    {"POST", "circles/{circle}/meetings/{id}/live/{action}", handle_live_action, true,
     "open, part, round, turn, done, pass, hand, lower, hand_over, pause, resume, arrive, depart, "
     "close"},
    {"POST", "circles/{circle}/meetings/{id}/signal", handle_signal, true,
     "a quiet signal, sealed to the facilitators"},
    {"POST", "circles/{circle}/meetings/{id}/signal/seen", handle_signal_seen, true,
     "note here that it was read"},
    {"GET", "search", handle_search, true, "?words=, &circle="},
    {"GET", "circles/{circle}/log", handle_log, true, "entries; ?after=, &max="},
    {"GET", "circles/{circle}/verify", handle_verify, true, "every hash and signature"},
    {"POST", "circles/{circle}/bundle", handle_bundle_write, true,
     "begin a bundle; the passphrase again"},
    {"POST", "bundle/next", handle_bundle_next, true, "its next bytes, base64"},
    {"POST", "bundle/read", handle_bundle_read, true, "begin reading one"},
    {"POST", "bundle/data", handle_bundle_data, true, "its next bytes, base64"},
    {"GET", "circles/{circle}/{records}", handle_record_list, true,
     "records of a type; ?after=, &max=, &backward=yes, and by field"},
    {"POST", "circles/{circle}/{records}", handle_record_add, true, "a new record"},
    {"PATCH", "circles/{circle}/{records}", handle_record_edit, true,
     "change the only one of its type"},
    {"GET", "circles/{circle}/{records}/{id}", handle_record_show, true, "one record"},
    {"PATCH", "circles/{circle}/{records}/{id}", handle_record_edit, true, "change it"},
    {"DELETE", "circles/{circle}/{records}/{id}", handle_record_erase, true,
     "erase it everywhere; ?ask=yes only tells how much"},
};
const size_t route_count = sizeof routes / sizeof routes[0];

/* {records} stands for the plural of a type, {...} for anything. */
static bool fits(const char *pattern, const char *path, size_t size)
{
    static const char records[] = "{records}";
    char plural[32];
    if (size == 0) return false;
    if (strncmp(pattern, records, sizeof records - 1) != 0) return true;
    if (size >= sizeof plural) return false;
    memcpy(plural, path, size);
    plural[size] = 0;
    return schema_record_plural(plural) != NULL;
}

/* Whether `path` has the pattern's form; what stands for {...} goes to params (may be NULL). */
static bool matches(const char *pattern, const char *path, char **params)
{
    size_t found = 0;
    for (;;) {
        size_t want = strcspn(pattern, "/"), have = strcspn(path, "/");
        if (pattern[0] == '{') {
            if (!fits(pattern, path, have) || found == REQUEST_PARAMS_MAX) return false;
            if (params != NULL) params[found++] = strndup(path, have);
        } else if (want != have || memcmp(pattern, path, want) != 0) {
            return false;
        }
        pattern += want;
        path += have;
        if (*pattern == 0 || *path == 0) return *pattern == *path;
        pattern++;
        path++;
    }
}

static const struct route *find(const char *method, const char *path, bool *known_path)
{
    *known_path = false;
    if (strncmp(path, PREFIX, strlen(PREFIX)) != 0) return NULL;
    for (size_t i = 0; i < route_count; i++) {
        if (!matches(routes[i].pattern, path + strlen(PREFIX), NULL)) continue;
        *known_path = true;
        if (strcmp(routes[i].method, method) == 0) return &routes[i];
    }
    return NULL;
}

unsigned routes_known(const char *method, const char *path)
{
    bool known_path;
    if (find(method, path, &known_path) != NULL) return 0;
    return known_path ? 405 : 404;
}

static unsigned status_of(vl_result result)
{
    switch (result) {
    case VL_OK: return 200;
    case VL_ERR_NOT_FOUND: return 404;
    case VL_ERR_LOCKED: return 423;
    case VL_ERR_PASSPHRASE:
    case VL_ERR_AUTHORITY: return 403;
    case VL_ERR_BACKOFF: return 429;
    case VL_ERR_STATE:
    case VL_ERR_EXISTS:
    case VL_ERR_IN_USE:
    case VL_ERR_NO_KEY: return 409;
    case VL_ERR_INVALID:
    case VL_ERR_UTF8:
    case VL_ERR_TOO_LARGE:
    case VL_ERR_LIMIT:
    case VL_ERR_KIND: return 400;
    case VL_ERR_FULL: return 507;
    case VL_ERR_NETWORK:
    case VL_ERR_TIMEOUT: return 503;
    default: return 500;
    }
}

/* The language of whoever asks, by the request's head. */
static const char *request_speaks(const struct request *rq)
{
    const struct caller *caller = rq->caller;
    if (caller->header == NULL) return language_accepted(NULL);
    return language_accepted(caller->header(caller->context, "Accept-Language"));
}

static void write_error(struct request *rq, vl_result result, struct vl_buffer *answer)
{
    vl_buffer_clear(answer);
    struct json_out o = json_out(answer);
    json_open(&o, '{');
    message_put(&o, request_speaks(rq), result, &rq->problem);
    if (result == VL_ERR_BACKOFF) json_put_integer(&o, "wait_ms", (int64_t)rq->wait_ms);
    json_close(&o, '}');
}

static vl_result run(struct request *rq, const struct route *route, struct vl_bytes body)
{
    if (route->needs_unlocked && !rq->api->is_open) return VL_ERR_LOCKED;
    if (body.size > 0) {
        vl_result parsed = json_parse(body, &rq->body);
        if (parsed != VL_OK) return request_refuse(rq, NULL, "the body is not JSON", parsed);
    }
    VL_TRY(route->handle(rq));
    return rq->out.result;
}

unsigned routes_answer(struct api *api, const char *method, const char *path, struct vl_bytes body,
                       const struct caller *caller, struct vl_buffer *answer)
{
    bool known_path;
    struct request rq = {.api = api,
                         .query = caller->query,
                         .query_context = caller->context,
                         .caller = caller,
                         .out = json_out(answer)};
    const struct route *route = find(method, path, &known_path);
    vl_result result = VL_ERR_NOT_FOUND;
    autolock_request(api->autolock, method, caller);
    if (route != NULL && matches(route->pattern, path + strlen(PREFIX), rq.params)) {
        result = run(&rq, route, body);
    }
    if (result != VL_OK) write_error(&rq, result, answer);
    if (strcmp(method, "GET") != 0) changes_perhaps(api->changes);
    json_destroy(rq.body);
    for (size_t i = 0; i < REQUEST_PARAMS_MAX; i++) {
        free(rq.params[i]);
    }
    return status_of(result);
}

/* ---- what handlers share ---- */

vl_wall request_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (vl_wall){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}

vl_instant request_instant(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now); /* goes on while the machine sleeps */
    return (vl_instant){(uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000};
}

vl_result request_refuse(struct request *rq, const char *field, const char *message, vl_result why)
{
    rq->problem = (struct json_problem){.field = field, .message = message};
    return why;
}

vl_result request_decode(struct request *rq, const struct json_field *fields, size_t count,
                         void *out)
{
    return json_decode(rq->body, fields, count, out, &rq->problem);
}

vl_result request_problem(struct request *rq, vl_result result,
                          const struct schema_problem *problem)
{
    if (result != VL_OK && problem->reason != NULL) {
        rq->problem.field = problem->field == NULL ? NULL : problem->field->name;
        rq->problem.message = problem->reason;
    }
    return result;
}

vl_result request_language(struct request *rq, const char **out)
{
    const char *wanted = rq->query(rq->query_context, "lang");
    *out = wanted == NULL ? request_speaks(rq) : language_named(wanted);
    if (*out != NULL) return VL_OK;
    return request_refuse(rq, "lang", "there is no such language", VL_ERR_INVALID);
}

vl_result request_circle(struct request *rq, struct circle **out)
{
    if (rq->params[0] == NULL) return VL_ERR_NO_MEMORY;
    vl_result found = circles_named(rq->api->circles, rq->params[0], out);
    if (found == VL_ERR_NOT_FOUND) {
        return request_refuse(rq, "circle", "there is no such circle", found);
    }
    if (found == VL_ERR_INVALID) {
        return request_refuse(rq, "circle", "several circles match", found);
    }
    return found;
}

vl_result request_replica(struct request *rq, struct circle **out)
{
    VL_TRY(request_circle(rq, out));
    if ((*out)->replica == NULL) {
        return request_refuse(rq, "circle", "still a draft: invite a second person first",
                              VL_ERR_STATE);
    }
    return VL_OK;
}

void request_wrote(struct request *rq, const struct circle *circle)
{
    changes_circle(rq->api->changes, &circle->id);
    if (circle->replica != NULL) rq->api->network.poke(rq->api->network.self, &circle->id);
    if (rq->api->keeper.wrote != NULL) rq->api->keeper.wrote(rq->api->keeper.self);
}
