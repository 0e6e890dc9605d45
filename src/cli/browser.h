/* The page in a browser. */
#ifndef CLI_BROWSER_H
#define CLI_BROWSER_H

#include <stdbool.h>
#include <stddef.h>

/* "file:///…" of an absolute path, escaped. false: too long, or not absolute. */
bool browser_address(const char *path, char *out, size_t size);
/* With a desktop: hands the file to the browser that is set up there. false: no desktop. */
bool browser_open(const char *path);

#endif
