/* Seats of those who came to a meeting without a device. */
#include "cli/commands.h"

#include <string.h>

static void print_seats(const struct json *meeting)
{
    const struct json *seats = json_member(meeting, "seats");
    if (json_count(seats) == 0) {
        puts(_("No seats."));
        return;
    }
    fputs(_("Seats:"), stdout);
    for (size_t i = 0; i < json_count(seats); i++) {
        fputs(i == 0 ? " " : ", ", stdout);
        print_text(json_item_text(seats, i));
    }
    putchar('\n');
}

int cmd_meeting_seat(struct call *call)
{
    char path[CLI_PATH_MAX];
    struct vl_buffer body = {0};
    struct json *meeting;
    int end = find_record(call, schema_record(SCHEMA_MEETING), call->args[0], path, sizeof path,
                          &meeting);
    if (end != CLI_OK) return end;
    json_destroy(meeting);
    struct json_out o = json_out(&body);
    json_open(&o, '{');
    json_key(&o, "seats");
    json_open(&o, '{');
    json_key(&o, call_option(call, "leave") != NULL ? "remove" : "add");
    json_open(&o, '[');
    json_write_text(&o, call->args[1]);
    json_close(&o, ']');
    json_close(&o, '}');
    json_close(&o, '}');
    if (o.result != VL_OK) {
        end = complain(call, o.result, NULL, NULL);
    } else if (call->json) {
        end = ask_and_print(call, "PATCH", path, &body);
    } else {
        end = ask(call, "PATCH", path, &body, &meeting);
        if (end == CLI_OK) {
            print_seats(meeting);
            json_destroy(meeting);
        }
    }
    vl_buffer_finish(&body);
    return end;
}
