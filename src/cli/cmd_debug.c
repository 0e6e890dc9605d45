/* Commands for comparing implementations; not in the help. */
#include "api/json_membership.h"
#include "cli/cli.h"

#include <string.h>

int cmd_debug_membership(struct call *call)
{
    bool lines = strcmp(call->args[0], "-") == 0;
    FILE *in = lines ? stdin : fopen(call->args[0], "rb");
    if (in == NULL) return complain(call, VL_ERR_NOT_FOUND, call->args[0], NULL);
    vl_result result = membership_json_print(in, lines, stdout);
    if (!lines) (void)fclose(in);
    if (result != VL_OK && !lines) return complain(call, result, call->args[0], NULL);
    return exit_of(result);
}
