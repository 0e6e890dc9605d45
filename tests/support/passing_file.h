/* A file of an SQLite VFS that lies over another one and passes on whatever is asked of it: what a
 * disk of the tests does not do by itself. */
#ifndef TESTS_SUPPORT_PASSING_FILE_H
#define TESTS_SUPPORT_PASSING_FILE_H

#include <sqlite3.h>

struct passing_file {
    sqlite3_file methods; /* first: SQLite sees this */
    sqlite3_file *inner;
};

sqlite3_file *passing_inner(sqlite3_file *file);
/* All methods, of version 1, each passed on; to be copied, and some replaced. */
extern const sqlite3_io_methods passing_methods;

#endif
