/* What is in a vault's database, read with its key below SQLite: every page, the free ones too.
 * `vault_probe FOLDER WORD...`, the passphrase as a line on standard input. Prints for each word in
 * how many places it is. A word may run over the edge of a page: one of its halves then does not,
 * so halves are counted. The log has to be empty: what is in it could not be told from here. */
#include "store/store_internal.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void must(bool holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static void logs_are_empty(const char *folder)
{
    for (int i = 0; i < 2; i++) {
        char path[4096];
        struct stat info;
        snprintf(path, sizeof path, "%s/vault-%d-wal", folder, i);
        must(stat(path, &info) != 0 || info.st_size == 0, "the log is not empty");
    }
}

static unsigned long halves(const uint8_t *page, size_t size, const char *word)
{
    const size_t half = strlen(word) / 2;
    unsigned long count = 0;
    for (size_t at = 0; at + half <= size; at++)
        count += memcmp(page + at, word, half) == 0 || memcmp(page + at, word + half, half) == 0;
    return count;
}

static unsigned long in_pages(sqlite3_file *file, const char *word)
{
    uint8_t *page = malloc(PAGES_SIZE);
    sqlite3_int64 size = 0;
    unsigned long count = 0;
    must(page != NULL && file->pMethods->xFileSize(file, &size) == SQLITE_OK, "no size");
    must(size > 0, "the vault is empty");
    for (sqlite3_int64 at = 0; at < size; at += (sqlite3_int64)PAGES_SIZE) {
        must(file->pMethods->xRead(file, page, (int)PAGES_SIZE, at) == SQLITE_OK, "a page");
        count += halves(page, PAGES_SIZE, word);
    }
    sodium_memzero(page, PAGES_SIZE);
    free(page);
    return count;
}

int main(int argc, char **argv)
{
    char passphrase[1024] = "";
    struct store *store;
    sqlite3_file *file = NULL;
    uint64_t wait = 0;
    must(argc > 2 && sodium_init() >= 0, "vault_probe FOLDER WORD...");
    must(fgets(passphrase, sizeof passphrase, stdin) != NULL, "no passphrase");
    passphrase[strcspn(passphrase, "\n")] = '\0';
    logs_are_empty(argv[1]);
    must(store_open(&store, argv[1], vl_bytes_text(passphrase), &wait) == VL_OK, "not opened");
    must(sqlite3_file_control(store->db.connection, "main", SQLITE_FCNTL_FILE_POINTER, &file) ==
             SQLITE_OK,
         "no file");
    for (int i = 2; i < argc; i++)
        printf("%lu\n", in_pages(file, argv[i]));
    store_close(store);
    return 0;
}
