/* Speed and size: a seeded circle of ten writers, brought into a real vault. Each line says what is
 * measured and against what; pairs are interleaved, medians are told. `bench [ENTRIES] [--json]`;
 * `bench years [RECORDS] [--json]`: see years.c. */
#include "circle/listing.h"
#include "store/store.h"
#include "tests/bench/measure.h"
#include "tests/support/session_pair.h"
#include "tests/support/written_record.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WRITERS     10u
#define COMMITS     50u
#define VERIFIES    2000u
#define DIFFERENCES 1000u

/* ---- the circle ---- */

static void write_share(struct vl_replica *r, uint64_t number, vl_wall now)
{
    static const char *const words[] = {"fatigue", "marche", "sommeil", "colère", "tisane"};
    char title[64], text[160];
    struct schema_problem problem = {0};
    struct vl_record_id id;
    snprintf(title, sizeof title, "Partage %llu", (unsigned long long)number);
    snprintf(text, sizeof text, "Ce soir nous avons parlé de %s, puis de %s, mot%llu.",
             words[number % 5], words[number / 5 % 5], (unsigned long long)(number % 997));
    must(written_new(r, SCHEMA_SHARE,
                     WRITTEN({SHARE_TITLE, .text = title}, {SHARE_TEXT, .text = text}), now, &id,
                     &problem),
         "write");
}

static struct circle_fixture *make_circle(size_t entries)
{
    struct circle_fixture *f = circle_fixture_create(WRITERS, SEED);
    for (size_t i = 0; i < entries; i++)
        write_share(f->nodes[i % WRITERS].replica, i, f->now);
    for (size_t i = 1; i < WRITERS; i++)
        (void)circle_fixture_pull(f, 0, i);
    return f;
}

/* ---- 1: verifying ---- */

static double verify_rate(const struct vl_device_keys *keys)
{
    uint8_t message[256], signature[64];
    memset(message, 7, sizeof message);
    crypto_sign_detached(signature, NULL, message, sizeof message, keys->sign_secret);
    double start = seconds();
    for (size_t i = 0; i < VERIFIES; i++)
        if (crypto_sign_verify_detached(signature, message, sizeof message, keys->card.sign) != 0)
            exit(1);
    return VERIFIES / (seconds() - start);
}

static void bench_ingest(struct circle_fixture *f, struct vl_replica *vault, size_t entries)
{
    double ratios[PAIRS], rates[PAIRS];
    struct feed feed;
    feed_begin(&feed, f, 1); /* one entry a log: each signature is checked */
    for (size_t pair = 0; pair < PAIRS; pair++) {
        double took = 0, bare = verify_rate(f->nodes[0].keys);
        size_t in = 0, moved = 1;
        while (moved > 0 && in < entries / 100) {
            moved = feed_step(&feed, f, vault, &took);
            in += moved;
        }
        rates[pair] = (double)in / took;
        ratios[pair] = rates[pair] / bare;
    }
    tell("1 ingest, each signature, commits of up to 10 entries", median(rates, PAIRS), "entries/s",
         "");
    tell("1 the same against libsodium's bare verify", median(ratios, PAIRS), "ratio", ">= 0.75");
    double took = 0;
    size_t in = 0, moved;
    feed.most = VL_CHUNK_ENTRIES_MAX;
    while ((moved = feed_step(&feed, f, vault, &took)) > 0)
        in += moved;
    tell("2 catch-up by chunks, merged and committed", (double)in / took, "entries/s",
         "4 x ssb-validate (not run here)");
}

/* ---- 3: one edit ---- */

static double plain_commits(const char *folder)
{
    char path[256];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/plain.db", folder);
    if (sqlite3_open(path, &db) != SQLITE_OK) exit(1);
    (void)sqlite3_exec(db,
                       "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                       "CREATE TABLE IF NOT EXISTS t (x BLOB)",
                       NULL, NULL, NULL);
    double start = seconds();
    for (size_t i = 0; i < COMMITS; i++)
        if (sqlite3_exec(db, "INSERT INTO t VALUES (zeroblob(300))", NULL, NULL, NULL) != SQLITE_OK)
            exit(1);
    double rate = COMMITS / (seconds() - start);
    sqlite3_close(db);
    return rate;
}

static void bench_edit(struct vl_replica *vault, const char *folder, vl_wall now)
{
    double ours[PAIRS], ratios[PAIRS];
    for (size_t pair = 0; pair < PAIRS; pair++) {
        double plain = plain_commits(folder), start = seconds();
        for (size_t i = 0; i < COMMITS; i++)
            write_share(vault, 1000000 + i, now);
        ours[pair] = COMMITS / (seconds() - start);
        ratios[pair] = ours[pair] / plain;
    }
    tell("3 local share: signed, sealed, durable", median(ours, PAIRS), "edits/s", "");
    tell("3 the same against one-row FULL commits, plain VFS", median(ratios, PAIRS), "ratio",
         ">= 0.8");
}

/* ---- 9: reconciling ---- */

static uint64_t session_bytes(struct circle_fixture *f, size_t a, size_t b)
{
    struct session_pair pair;
    session_pair_init(&pair, f, a, b);
    session_pair_run(&pair);
    struct vl_session_counts one = vl_session_counts_of(pair.sides[0]);
    struct vl_session_counts two = vl_session_counts_of(pair.sides[1]);
    session_pair_finish(&pair);
    return one.bytes_sent + two.bytes_sent;
}

static void bench_reconcile(struct circle_fixture *f)
{
    (void)circle_fixture_pull(f, 1, 0);
    tell("9 reconcile without a difference", (double)session_bytes(f, 0, 1), "bytes",
         "<= 324, one round trip");
    struct feed before;
    feed_begin(&before, f, 1);
    for (size_t i = 0; i < DIFFERENCES; i++)
        write_share(f->nodes[2 + i % (WRITERS - 2)].replica, 2000000 + i, f->now);
    for (size_t i = 2; i < WRITERS; i++)
        (void)circle_fixture_pull(f, 0, i);
    uint64_t entries = 0;
    for (size_t i = 0; i < before.count; i++) {
        uint64_t next = before.heads[i].seq + 1;
        for (;;) {
            struct entry_run run =
                circle_fixture_run(f, 0, &before.heads[i].log, next, VL_CHUNK_ENTRIES_MAX);
            for (size_t k = 0; k < run.count; k++)
                entries += run.items[k].header.size + run.items[k].blob.size + 64;
            size_t count = run.count;
            next += count;
            entry_run_finish(&run);
            if (count == 0) break;
        }
    }
    uint64_t wire = session_bytes(f, 0, 1);
    struct vl_id one, two;
    vl_replica_heads_digest(f->nodes[0].replica, &one);
    vl_replica_heads_digest(f->nodes[1].replica, &two);
    must(vl_id_equal(&one, &two) ? VL_OK : VL_ERR_STATE, "reconcile");
    /* On the wire entries are shorter than in the log, where every one has its signature. */
    tell("9 reconcile 1,000 spread differences: the wire, all of it", (double)wire, "bytes", "");
    tell("  the same entries in the log", (double)entries, "bytes",
         "goal: wire <= 8000 beyond them");
}

/* ---- 10, 11: at home ---- */

static vl_result no_hit(void *context, const struct store_hit *hit)
{
    (void)hit;
    (*(size_t *)context)++;
    return VL_OK;
}

static void bench_home(struct store *store, struct vl_replica *vault, const struct vl_id *circle)
{
    static const char *const queries[] = {"fatigue", "colere marche", "mot12", "somm", "absent"};
    double times[5];
    size_t left = 1, hits = 0;
    double start = seconds();
    while (left > 0)
        must(store_index_step(store, 500, &left), "index");
    tell("  index of everything", seconds() - start, "s", "");
    for (size_t i = 0; i < 5; i++) {
        start = seconds();
        must(store_search(store, circle, vl_bytes_text(queries[i]), 100, no_hit, &hits), "search");
        times[i] = (seconds() - start) * 1000;
    }
    tell("11 search, median of five queries", median(times, 5), "ms", "<= 20");
    tell("11 search, slowest of five queries", times[4], "ms", "");
    struct vl_id digest, bad;
    const struct listing_query page = {.schema = schema_record(SCHEMA_SHARE), .max = 100};
    struct listing list;
    struct vl_verify_report report;
    start = seconds();
    must(vl_replica_digest(vault, &digest), "digest");
    tell("  digest (status, once a change)", (seconds() - start) * 1000, "ms", "");
    start = seconds();
    must(listing_read(vault, &page, &list), "list");
    listing_finish(&list);
    tell("  list of the newest 100 shares", (seconds() - start) * 1000, "ms", "");
    start = seconds();
    must(vl_replica_verify(vault, &report, &bad), "verify");
    tell("  verify everything", seconds() - start, "s", "");
}

/* In a process of its own: opens the vault and says its memory and times. */
static int idle(const char *folder, const char *circle_text, const char *seed_text)
{
    struct store *store;
    struct vl_device_keys *keys;
    struct vl_storage port;
    struct vl_replica *replica;
    struct vl_id circle, seed;
    uint64_t wait;
    long pages = 0, unused;
    double start = seconds();
    must(store_open(&store, folder, vl_bytes_text(PASSPHRASE), &wait), "open");
    double opened = seconds();
    if (circle_text[0] != 0) {
        must(vl_id_parse(circle_text, &circle), "id");
        must(vl_id_parse(seed_text, &seed), "seed");
        must(vl_device_keys_from_seed(seed.bytes, &keys), "keys");
        store_storage(store, &circle, &port);
        must(vl_replica_open(&replica, &circle, keys, &port, NULL), "replica");
    }
    double ready = seconds();
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL || fscanf(file, "%ld %ld", &unused, &pages) != 2) return 1;
    printf("%f %f %ld\n", opened - start, ready - opened, pages * sysconf(_SC_PAGESIZE) / 1024);
    return 0; /* the process ends here, with all that it opened */
}

static void run_idle(const char *program, const char *folder, const char *circle, const char *seed,
                     double *open, double *replica, double *kib)
{
    char command[1024];
    snprintf(command, sizeof command, "'%s' --idle '%s' '%s' '%s'", program, folder, circle, seed);
    FILE *out = popen(command, "re");
    if (out == NULL || fscanf(out, "%lf %lf %lf", open, replica, kib) != 3 || pclose(out) != 0) {
        fprintf(stderr, "bench: the idle process failed\n");
        exit(1);
    }
}

static void bench_idle(const char *program, const char *full, const char *empty,
                       const struct vl_id *circle, const uint8_t seed[static 32])
{
    char hex[VL_ID_TEXT_SIZE], seed_hex[VL_ID_TEXT_SIZE];
    struct vl_id seed_id;
    double open[PAIRS], bare[PAIRS], replica[PAIRS], kib[PAIRS], nothing;
    memcpy(seed_id.bytes, seed, sizeof seed_id.bytes);
    vl_id_text(circle, hex);
    vl_id_text(&seed_id, seed_hex);
    for (size_t i = 0; i < PAIRS; i++) {
        run_idle(program, empty, "", "", &bare[i], &nothing, &nothing);
        run_idle(program, full, hex, seed_hex, &open[i], &replica[i], &kib[i]);
    }
    double argon = median(bare, PAIRS);
    tell("10 idle: store and replica open, resident", median(kib, PAIRS) / 1024, "MiB", "<= 16");
    tell("10 start to ready, beside an empty vault's opening",
         (median(open, PAIRS) - argon + median(replica, PAIRS)) * 1000, "ms", "<= 150");
    tell("  opening an empty vault (Argon2id)", argon * 1000, "ms", "");
}

/* ---- all of it ---- */

static void run_all(const char *program, size_t entries, const char *folder)
{
    char full[256], empty[256];
    struct store *store;
    struct vl_storage port;
    struct vl_replica *vault;
    uint64_t wait;
    struct circle_fixture *f = make_circle(entries);
    size_t newcomer = circle_fixture_stranger(f);
    circle_fixture_add(f, 0, newcomer);
    snprintf(full, sizeof full, "%s/full", folder);
    snprintf(empty, sizeof empty, "%s/empty", folder);
    must(store_create(full, vl_bytes_text(PASSPHRASE)), "vault");
    must(store_create(empty, vl_bytes_text(PASSPHRASE)), "vault");
    must(store_open(&store, full, vl_bytes_text(PASSPHRASE), &wait), "open");
    store_storage(store, &f->id, &port);
    must(vl_replica_open(&vault, &f->id, f->nodes[newcomer].keys, &port, NULL), "replica");
    bench_ingest(f, vault, entries);
    bench_edit(vault, folder, f->now);
    bench_home(store, vault, &f->id);
    vl_replica_close(vault);
    store_close(store);
    bench_idle(program, full, empty, &f->id, f->nodes[newcomer].seed);
    bench_reconcile(f);
    circle_fixture_destroy(f);
}

int main(int argc, char **argv)
{
    char folder[] = "bench-XXXXXX", command[64], program[256];
    size_t entries = 0;
    bool json = false, years = false;
    if (sodium_init() < 0) return 1;
    if (argc == 5 && strcmp(argv[1], "--idle") == 0) return idle(argv[2], argv[3], argv[4]);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "years") == 0)
            years = true;
        else
            entries = strtoul(argv[i], NULL, 10);
    }
    if (entries == 0) entries = years ? 100000 : 20000;
    if (entries < 1000 || entries > 1000000) {
        fprintf(stderr, "bench: from 1000 to 1000000 entries\n");
        return 2;
    }
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size <= 0 || mkdtemp(folder) == NULL) return 1;
    program[size] = 0;
    if (years)
        bench_years(program, entries, folder);
    else
        run_all(program, entries, folder);
    print_results(entries, json);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : 1;
}
