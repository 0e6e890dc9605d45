/* What the program brings to read: formats, the handbook, numbers to call. They need no node and no
 * vault. */
#include "api/view_texts.h"
#include "cli/cli.h"

#include <string.h>
#include <time.h>

#define CHARS_OF_ID 22

static int print_json(const struct call *call, struct json_out *o, vl_result result)
{
    if (result == VL_OK) result = o->result;
    if (result == VL_OK) printf("%.*s\n", (int)o->out->size, (const char *)o->out->data);
    vl_buffer_finish(o->out);
    return result == VL_OK ? CLI_OK : complain(call, result, NULL, NULL);
}

static int list_as_json(const struct call *call, vl_result (*view)(struct json_out *, const char *))
{
    struct vl_buffer out = {0};
    struct json_out o = json_out(&out);
    json_open(&o, '{');
    vl_result result = view(&o, call->language);
    json_close(&o, '}');
    return print_json(call, &o, result);
}

int cmd_format_list(struct call *call)
{
    struct format format;
    vl_result result;
    if (call->json) return list_as_json(call, view_formats);
    for (size_t at = 0; (result = format_at(at, call->language, &format)) == VL_OK; at++) {
        printf(_("%-*s%s, %u minutes\n"), CHARS_OF_ID, format.id, format.name, format.minutes);
        print_wrapped(format.purpose, CHARS_OF_ID);
        format_finish(&format);
    }
    return result == VL_ERR_NOT_FOUND ? CLI_OK : complain(call, result, NULL, NULL);
}

static void print_format(const struct format *format)
{
    printf(_("%s, %u minutes\n"), format->name, format->minutes);
    print_wrapped(format->purpose, 0);
    printf("%s\n", format->size);
    for (size_t i = 0; i < format->part_count; i++) {
        const struct format_part *part = &format->parts[i];
        printf("\n%zu. ", i + 1);
        printf(_("%s, %u minutes\n"), part->title, part->minutes);
        putchar('\n');
        print_wrapped(part->script, 4);
    }
}

int cmd_format_show(struct call *call)
{
    struct vl_buffer out = {0};
    struct json_out o = json_out(&out);
    struct format format;
    vl_result result = format_find(call->args[0], call->language, &format);
    if (result == VL_ERR_NOT_FOUND) {
        return complain(call, result, NULL, N_("There is no such format: `veillee format list`."));
    }
    if (result != VL_OK) return complain(call, result, NULL, NULL);
    int end = CLI_OK;
    if (call->json) {
        json_open(&o, '{');
        json_put_text(&o, "language", call->language);
        view_format(&o, &format, true);
        json_close(&o, '}');
        end = print_json(call, &o, VL_OK);
    } else {
        print_format(&format);
    }
    format_finish(&format);
    return end;
}

/* ---- the handbook ---- */

static int list_chapters(const struct call *call)
{
    struct chapter chapter;
    vl_result result;
    if (call->json) return list_as_json(call, view_handbook);
    for (size_t at = 0; (result = chapter_at(at, call->language, &chapter)) == VL_OK; at++) {
        printf("%-*s%s\n", CHARS_OF_ID, chapter.id, chapter.title);
        print_wrapped(chapter.summary, CHARS_OF_ID);
        chapter_finish(&chapter);
    }
    return result == VL_ERR_NOT_FOUND ? CLI_OK : complain(call, result, NULL, NULL);
}

static void print_chapter(const struct chapter *chapter)
{
    for (size_t i = 0; i < chapter->text.count; i++) {
        const struct text_section *section = &chapter->text.sections[i];
        printf(i == 0 ? "%s\n\n" : "\n%s\n\n", section->heading);
        if (section->body[0] != 0) print_wrapped(section->body, i == 0 ? 0 : 2);
    }
}

int cmd_handbook(struct call *call)
{
    struct vl_buffer out = {0};
    struct json_out o = json_out(&out);
    struct chapter chapter;
    if (call->arg_count == 0) return list_chapters(call);
    vl_result result = chapter_find(call->args[0], call->language, &chapter);
    if (result == VL_ERR_NOT_FOUND) {
        return complain(call, result, NULL, N_("There is no such chapter: `veillee handbook`."));
    }
    if (result != VL_OK) return complain(call, result, NULL, NULL);
    int end = CLI_OK;
    if (call->json) {
        json_open(&o, '{');
        json_put_text(&o, "language", call->language);
        view_chapter(&o, &chapter, true);
        json_close(&o, '}');
        end = print_json(call, &o, VL_OK);
    } else {
        print_chapter(&chapter);
    }
    chapter_finish(&chapter);
    return end;
}

/* ---- numbers ---- */

int cmd_numbers(struct call *call)
{
    struct numbers numbers;
    char today[16] = "";
    time_t now = time(NULL);
    struct tm local;
    bool old = false;
    if (call->json) return list_as_json(call, view_numbers);
    vl_result result = numbers_read(call->language, &numbers);
    if (result != VL_OK) return complain(call, result, NULL, NULL);
    if (localtime_r(&now, &local) != NULL) (void)strftime(today, sizeof today, "%Y-%m", &local);
    puts(_("In France:"));
    for (size_t i = 0; i < numbers.count; i++) {
        const struct number *number = &numbers.items[i];
        printf("\n%-9s%s\n", number->number, number->name);
        print_wrapped(number->purpose, 9);
        printf(_("         Source: %s, verified %s\n"), number->source, number->verified);
        old = old || number_is_old(number->verified, today);
    }
    if (old) {
        putchar('\n');
        print_wrapped(_("Some of these were verified over a year ago: look them up again before "
                        "you rely on them."),
                      0);
    }
    numbers_finish(&numbers);
    return CLI_OK;
}
