/* Files that lie in the program itself: what is read aloud, pages. `veillee_embed` in
 * CMakeLists.txt makes a table of a folder, sorted by name. */
#ifndef SHARE_EMBEDDED_H
#define SHARE_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
    const char *name;          /* below the folder, with slashes: "fr/agreement.md" */
    const unsigned char *data; /* a zero follows, which is not counted */
    size_t size;
};

#endif
