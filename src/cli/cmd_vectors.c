/* Test vectors for other implementations; not in the help. */
#include "api/vectors.h"
#include "cli/cli.h"

int cmd_vectors(struct call *call)
{
    struct vl_buffer out = {0};
    vl_result result = vectors_write(&out);
    if (result == VL_OK) {
        (void)fwrite(out.data, 1, out.size, stdout);
        putchar('\n');
    }
    vl_buffer_finish(&out);
    return result == VL_OK ? CLI_OK : complain(call, result, NULL, NULL);
}
