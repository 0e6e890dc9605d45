/* Ten years of a circle: 30 persons, 500 meetings with all that is written in an evening, shares in
 * between, from one seed; and a newcomer's vault that takes all of it in. Aborts with a sentence
 * when something fails, so that nobody has to look. */
#ifndef TESTS_SUPPORT_TEN_YEARS_H
#define TESTS_SUPPORT_TEN_YEARS_H

#include "api/request.h"
#include "tests/support/circle_fixture.h"
#include "tests/support/seeded_random.h"

#define TEN_YEARS_PERSONS    30u
#define TEN_YEARS_MEETINGS   500u
#define TEN_YEARS_LOGS       64u
#define TEN_YEARS_PASSPHRASE "dix ans de jeudis"

struct ten_years {
    struct circle_fixture *f;
    struct seeded random;
    struct vl_record_id meetings[TEN_YEARS_MEETINGS], parts[8];
    size_t meeting_count, records;
    size_t next; /* who writes */
    struct vl_head heads[TEN_YEARS_LOGS];
    uint64_t loaded[TEN_YEARS_LOGS];
    size_t head_count;
    /* The newcomer's vault: */
    struct store *store;
    struct circle circle;
    struct circle *list;
    struct circles circles;
    struct api api;
};

/* So many records (at least 40 a meeting), of which six in ten are moments. A tenth of both is a
 * year. */
struct ten_years *ten_years_create(uint64_t seed, size_t meetings, size_t records);
void ten_years_destroy(struct ten_years *y);

/* Opens the vault in `folder`, which store_create made, and adds the circle to it. */
void ten_years_open(struct ten_years *y, const char *folder);
/* One transaction; how many entries went in (0: all are there), and the time that it took beside
 * the reading. */
size_t ten_years_load_step(struct ten_years *y, double *seconds);
void ten_years_close(struct ten_years *y);

/* GET, with a query; destroy it. */
struct json *ten_years_ask(struct ten_years *y, const char *path);
/* What is sent with a body; destroy it. */
struct json *ten_years_send(struct ten_years *y, const char *method, const char *path,
                            const char *body);

#endif
