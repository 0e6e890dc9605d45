#include "circle/handbook.h"
#include <string.h>

#define FOLDER "handbook"

static vl_result read_item(const struct texts_item *item, const char *language, struct chapter *out)
{
    VL_TRY(texts_read(language, item->name, &out->text));
    out->title = out->text.sections[0].heading;
    out->summary = text_key(&out->text.sections[0], "summary");
    if (out->title[0] == '\0' || out->summary == NULL) {
        chapter_finish(out);
        return VL_ERR_INVALID;
    }
    memcpy(out->id, item->id, sizeof out->id);
    return VL_OK;
}

vl_result chapter_at(size_t at, const char *language, struct chapter *out)
{
    struct texts_item item;
    *out = (struct chapter){0};
    if (!texts_item_at(FOLDER, at, &item)) return VL_ERR_NOT_FOUND;
    return read_item(&item, language, out);
}

vl_result chapter_find(const char *id, const char *language, struct chapter *out)
{
    struct texts_item item;
    *out = (struct chapter){0};
    if (!texts_item_named(FOLDER, id, &item)) return VL_ERR_NOT_FOUND;
    return read_item(&item, language, out);
}

void chapter_finish(struct chapter *chapter)
{
    if (chapter == NULL) return;
    text_finish(&chapter->text);
    *chapter = (struct chapter){0};
}
