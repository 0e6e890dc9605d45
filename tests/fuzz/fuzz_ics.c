/* A calendar file that is read is written again; reading and writing that changes nothing more. */
#include "circle/calendar.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_all(const struct calendar *calendar, struct vl_buffer *out)
{
    if (calendar_write(calendar->events, calendar->count, (vl_wall){0}, out) != VL_OK) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct calendar_problem problem;
    struct calendar read, again = {0};
    struct vl_buffer once = {0}, twice = {0};
    setenv("TZ", "Europe/Paris", 1);
    vl_result result = calendar_read(vl_bytes(data, size), &read, &problem);
    if (result != VL_OK && problem.reason == NULL) abort();
    if (result == VL_OK) {
        write_all(&read, &once);
        result = calendar_read(vl_buffer_view(&once), &again, &problem);
        /* What was within the limits may not be any more with every comma escaped. */
        if (result != VL_OK && result != VL_ERR_TOO_LARGE) abort();
    }
    if (result == VL_OK) {
        if (again.count != read.count) abort();
        write_all(&again, &twice);
        if (!vl_bytes_equal(vl_buffer_view(&once), vl_buffer_view(&twice))) abort();
    }
    calendar_finish(&read);
    calendar_finish(&again);
    vl_buffer_finish(&once);
    vl_buffer_finish(&twice);
    return 0;
}
