/* A rule that is read has one text, which is read as the same rule; what it gives is in order. */
#include "circle/recurrence.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *english(void *context, const char *text)
{
    (void)context;
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct recurrence rule;
    struct recurrence_list list;
    char text[RECURRENCE_TEXT_SIZE], again[RECURRENCE_TEXT_SIZE], words[512];
    const char *reason;
    if (size < 4) return 0;
    struct date start = {.day = (data[0] | data[1] << 8 | data[2] << 16) % DATE_DAY_MAX,
                         .minute = (int16_t)(data[3] - 1)};
    char *copy = strndup((const char *)data + 4, size - 4);
    if (copy == NULL) return 0;
    vl_result result = recurrence_parse(copy, &rule, &reason);
    free(copy);
    if (result != VL_OK) {
        if (reason == NULL) abort();
        return 0;
    }
    recurrence_text(&rule, text);
    if (recurrence_parse(text, &rule, NULL) != VL_OK) abort();
    recurrence_text(&rule, again);
    if (strcmp(text, again) != 0) abort();
    recurrence_describe(&rule, start, english, NULL, words, sizeof words);
    struct recurrence_query query = {.rule = &rule, .start = start, .from = start, .max = 20};
    recurrence_list(&query, &list);
    if (list.count == 0 || date_compare(list.items[0], start) != 0) abort();
    for (size_t i = 1; i < list.count; i++) {
        if (date_compare(list.items[i - 1], list.items[i]) >= 0) abort();
        if (!recurrence_has(&rule, start, list.items[i])) abort();
    }
    return 0;
}
