#include "api/web.h"

#include <string.h>

extern const struct embedded_file web_files[];
extern const size_t web_files_count;

const struct embedded_file *web_find(const char *path)
{
    if (path[0] != '/') return NULL;
    const char *name = path[1] == 0 ? "index.html" : path + 1;
    for (size_t i = 0; i < web_files_count; i++) {
        if (strcmp(web_files[i].name, name) == 0) return &web_files[i];
    }
    return NULL;
}

const char *web_type(const struct embedded_file *file)
{
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".md", "text/plain; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".json", "application/json; charset=utf-8"},
                                           {".svg", "image/svg+xml"},
                                           {".png", "image/png"},
                                           {".woff2", "font/woff2"}};
    const char *dot = strrchr(file->name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i][0], dot) == 0) return types[i][1];
    }
    return "application/octet-stream";
}
