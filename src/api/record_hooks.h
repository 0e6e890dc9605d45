/* What is special about the records of a type when a request writes one. Inside src/api only. */
#ifndef API_RECORD_HOOKS_H
#define API_RECORD_HOOKS_H

#include "api/record_body.h"
#include "circle/audience.h"

/* What a hook sees of the request. */
struct record_writing {
    struct request *rq;
    const struct circle *circle;
    const struct record *there;       /* NULL: a new record */
    const struct record_body *body;   /* without the hook's own members */
    struct edit *edit;                /* the body goes into it after the hook */
    struct audience audience;         /* for edit_seal; lives until the edit is written */
    const struct schema_field *given; /* what the hook put in that the body lacks; NULL: nothing */
};

struct record_hook {
    uint32_t type;
    const char *members; /* of the body, which the hook reads itself; with blanks between */
    /* Refuses, or adds to the edit; what is refused is told in the request's problem. */
    vl_result (*write)(struct record_writing *w);
    /* More members of the whole view; NULL: none. */
    vl_result (*view)(struct request *rq, const struct circle *circle, const struct record *record);
};
/* NULL: nothing is special. */
const struct record_hook *record_hook(uint32_t type);

#endif
