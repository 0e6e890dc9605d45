/* Who of a circle is connected, and who has been since the vault was opened. Nothing that `peers`
 * does not tell; kept in memory only. Inside src/api only. */
#ifndef API_PRESENT_H
#define API_PRESENT_H

#include "api/network.h"

#define PRESENT_MET_MAX 256u /* persons; beyond that the oldest is forgotten */

struct met { /* {0}: nobody */
    struct vl_id persons[PRESENT_MET_MAX];
    size_t count, oldest;
};
/* Takes whoever is connected now. */
void present_look(struct met *met, const struct api_network *network);
bool present_has_met(const struct met *met, const struct vl_id *person);

#endif
