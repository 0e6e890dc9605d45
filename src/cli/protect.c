/* What the rest of the machine gets to see of this process. */
#include "cli/cli.h"

#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

bool protect_process(int argc, char **argv)
{
    /* Keys must not reach a core dump, nor another process of the same user. */
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
    for (int i = 1; i < argc; i++) {
        char *copy = strdup(argv[i]);
        if (copy == NULL) return false;
        sodium_memzero(argv[i], strlen(argv[i]));
        argv[i] = copy; /* for as long as the process lives */
    }
    return true;
}
