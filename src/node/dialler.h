/* The dialler: whom of those seen to dial, and when.
 *
 * Each device that was recognised is a target:
 *
 *   WAITING --due, wanted, a slot is free--> DIALLING --dialler_opened--> UP
 *      ^  \--due, but connected already: looks again later              /
 *      |______a newer beacon of hers: dialled where she is now          /
 *      |_____________________dialler_ended (back-off, doubling)_________/
 *
 * Of two devices that see each other, the one with the lower signing key dials at once, the other
 * only after a while, in case it was not seen. A stale member, whom nobody but us can dial, and who
 * cannot dial, is dialled at once. Random delays keep a roomful of devices from dialling in step.
 */
#ifndef NODE_DIALLER_H
#define NODE_DIALLER_H

#include "node/address.h"
#include "node/clock.h"
#include <event2/event.h>

#define DIALLER_SLOTS         4u /* own handshakes at one time, beside those of strangers */
#define DIALLER_ENDPOINTS_MAX 8u /* ways to one device */
#define DIALLER_FIRST_MS      300u
#define DIALLER_SECOND_MS     2500u /* the higher key waits this long for the other */
#define DIALLER_LOOK_MS       4000u
#define DIALLER_BACKOFF_MS    1000u /* doubles with each failure */
#define DIALLER_BACKOFF_MAX   60000u

struct dialler;
struct dialler_config {
    struct event_base *base;
    uint8_t self[32]; /* own signing key */
    /* Whether one more connection is wanted, to this device. */
    bool (*wanted)(void *context, const struct vl_device_card *device);
    /* Begins to dial; later says dialler_opened or dialler_ended. */
    vl_result (*dial)(void *context, const struct vl_sighting *whom, const struct endpoint *where);
    /* Drops the dial to that device, if it is not open: where it goes nobody is any more. */
    void (*give_up)(void *context, const uint8_t sign_key[static 32]);
    void *context;
};

VL_MUST_USE vl_result dialler_create(struct dialler **out, const struct dialler_config *config);
void dialler_destroy(struct dialler *d); /* accepts NULL */
/* A recognised beacon, its counter checked, at an address that it signed. NO_MEMORY. */
VL_MUST_USE vl_result dialler_see(struct dialler *d, const struct vl_sighting *whom,
                                  const struct endpoint *where);
void dialler_opened(struct dialler *d, const uint8_t noise_key[static 32]);
/* An own dial, or the connection that it led to, is over. `good`: it had been open. */
void dialler_ended(struct dialler *d, const uint8_t sign_key[static 32], bool good);
/* Whether this device was seen by its beacon. */
bool dialler_has_seen(const struct dialler *d, const uint8_t sign_key[static 32]);

#endif
