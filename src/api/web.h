/* The page's files, which are in the program. */
#ifndef API_WEB_H
#define API_WEB_H

#include "share/embedded.h"

/* "/" is the file index.html; NULL: there is none. */
const struct embedded_file *web_find(const char *path);
const char *web_type(const struct embedded_file *file); /* for Content-Type */

#endif
