/* Commands for comparing implementations, and for docs/; not in the help. */
#include "api/documentation.h"
#include "api/json_membership.h"
#include "cli/cli.h"

#include <string.h>

int cmd_debug_membership(struct call *call)
{
    bool lines = strcmp(call->args[0], "-") == 0;
    FILE *in = lines ? stdin : fopen(call->args[0], "rb");
    if (in == NULL)
        return complain(call, VL_ERR_NOT_FOUND, NULL, N_("The file could not be read."));
    vl_result result = membership_json_print(in, lines, stdout);
    if (!lines) (void)fclose(in);
    if (result == VL_OK || lines) return exit_of(result);
    const char *why =
        result == VL_ERR_INVALID ? N_("This file is no history of a circle's members.") : NULL;
    return complain(call, result, NULL, why);
}

static int print_page(const struct call *call, vl_result (*make)(struct vl_buffer *out))
{
    struct vl_buffer page = {0};
    vl_result result = make(&page);
    if (result == VL_OK) (void)fwrite(page.data, 1, page.size, stdout);
    vl_buffer_finish(&page);
    return result == VL_OK ? CLI_OK : complain(call, result, NULL, NULL);
}

int cmd_debug_record_doc(struct call *call)
{
    return print_page(call, documentation_types);
}

int cmd_debug_api_doc(struct call *call)
{
    return print_page(call, documentation_api);
}
