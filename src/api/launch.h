/* How a browser gets in: a page in a 0600 file of this account sends the launch token to the node,
 * in the body of a POST. So the token is in no argument, no address, no history. */
#ifndef API_LAUNCH_H
#define API_LAUNCH_H

#include <stdint.h>
#include <veillee/result.h>

/* Makes the file, in place of one that is there. `label`: of the button, for a browser that runs no
 * script in files; plain text without markup. STORAGE. */
VL_MUST_USE vl_result launch_write(const char *path, uint16_t port, const char *label,
                                   const char *token);
void launch_remove(const char *path);

#endif
