/* Texts that are being written on this node's screens: for each a struct typing, and when what was
 * typed is written. Inside src/api only.
 *
 *   opened --edit--> waits --EDITING_QUIET_MS without an edit, EDITING_LONGEST_MS after the first,
 *                           EDITING_BYTES_MAX waiting, a request, closing--> written, as one entry
 *
 * A screen holds a version; it grows with each answer, and only the newest is taken: so an edit is
 * never done twice, and never to another text than the one that was on the screen. Of more than
 * EDITINGS_MAX screens the one that was used longest ago is written and let go; it loads again. */
#ifndef API_EDITINGS_H
#define API_EDITINGS_H

#include "api/request.h"
#include "circle/typing.h"

#define EDITINGS_MAX       32u
#define EDITING_QUIET_MS   400u
#define EDITING_LONGEST_MS 2000u
#define EDITING_BYTES_MAX  4096u
#define EDITING_AGAIN_MS   2000u /* after a write that failed */

struct editing {
    uint64_t number, version; /* number 0: free */
    uint64_t session;         /* of the page; 0: the command line */
    struct vl_id circle;
    struct vl_record_id record;
    struct typing *typing;
    vl_instant used, first,
        last;              /* the last request; the first (0: none) and last edit that wait */
    vl_instant not_before; /* after a write that failed */
    vl_result error;       /* of that write; VL_OK: the last one went well */
};

struct event_base;
struct editings;
/* `base` NULL: without a timer; who holds it calls editings_tick. */
VL_MUST_USE vl_result editings_create(struct editings **out, struct api *api,
                                      struct event_base *base);
void editings_destroy(struct editings *all); /* accepts NULL */

/* A text on one more screen; errors of typing_open. */
VL_MUST_USE vl_result editings_open(struct editings *all, struct request *rq,
                                    const struct circle *circle, const struct vl_record_id *record,
                                    struct editing **out);
/* The one whose newest version this is, of that record and of who asks. NULL: there is none. */
struct editing *editings_find(struct editings *all, const struct request *rq,
                              const struct circle *circle, const struct vl_record_id *record,
                              const char *version);
#define EDITING_VERSION_SIZE 48u
void editing_version(const struct editing *e, char out[static EDITING_VERSION_SIZE]);

/* Something was typed: it is to be written soon. */
void editings_typed(struct editings *all, struct editing *e, vl_instant now);
/* Writes what waits now. */
VL_MUST_USE vl_result editings_write(struct editings *all, struct editing *e);
/* Its memory has ended, or its text is another: not to be used any more. */
void editings_let_go(struct editings *all, struct editing *e);
/* Writes what is due. */
void editings_tick(struct editings *all, vl_instant now);
/* Before the vault is closed: writes everything, and lets it go. Accepts NULL. */
void editings_close(struct editings *all);

#endif
