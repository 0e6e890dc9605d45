/* What a running node consists of. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "api/api.h"
#include "cli/cli.h"
#include "node/node.h"

struct runtime {
    const struct call *call;
    struct event_base *base;
    struct event *index, *stop[3];
    struct api *api;
    char launch_path[CLI_PATH_MAX];
    struct store *store; /* NULL when locked */
    bool is_damaged;     /* something was, since the vault was last rebuilt */
    struct circles circles;
    struct node *node;
    struct node_view view; /* what the API's view points into */
};

/* The node as the API sees it. */
void run_network(struct runtime *rt, struct api_network *out);

#endif
