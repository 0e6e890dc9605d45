/* open: the page of the running node. */
#include "cli/browser.h"
#include "cli/cli.h"

int cmd_open(struct call *call)
{
    char address[3 * CLI_PATH_MAX];
    struct json *answer;
    if (call->json) return ask_and_print(call, "POST", "launch", NULL);
    int end = ask(call, "POST", "launch", NULL, &answer);
    if (end != CLI_OK) return end;
    const char *file = json_text(answer, "file");
    if (!browser_address(file, address, sizeof address)) {
        end = complain(call, VL_ERR_TOO_LARGE, NULL, NULL);
    } else {
        printf("%s\n", address);
        if (!browser_open(file)) {
            puts(_("Open this address in a browser here, within a minute; it works once."));
        }
    }
    json_destroy(answer);
    return end;
}
