/* What the program brings to read. The same for everybody and readable while the vault is closed:
 * somebody may need a number to call. */
#include "api/language.h"
#include "api/request.h"
#include "api/view_texts.h"

#include <string.h>

static vl_result answer(struct request *rq, vl_result (*view)(struct json_out *, const char *))
{
    const char *language;
    VL_TRY(request_language(rq, &language));
    json_open(&rq->out, '{');
    VL_TRY(view(&rq->out, language));
    json_close(&rq->out, '}');
    return VL_OK;
}

vl_result handle_formats(struct request *rq)
{
    return answer(rq, view_formats);
}

vl_result handle_format_show(struct request *rq)
{
    const char *language;
    struct format format;
    VL_TRY(request_language(rq, &language));
    vl_result found = format_find(rq->params[0], language, &format);
    if (found == VL_ERR_NOT_FOUND) {
        return request_refuse(rq, "format", "there is no such format", found);
    }
    VL_TRY(found);
    json_open(&rq->out, '{');
    json_put_text(&rq->out, "language", language);
    view_format(&rq->out, &format, true);
    json_close(&rq->out, '}');
    format_finish(&format);
    return VL_OK;
}

vl_result handle_handbook(struct request *rq)
{
    return answer(rq, view_handbook);
}

vl_result handle_chapter(struct request *rq)
{
    const char *language;
    struct chapter chapter;
    VL_TRY(request_language(rq, &language));
    vl_result found = chapter_find(rq->params[0], language, &chapter);
    if (found == VL_ERR_NOT_FOUND) {
        return request_refuse(rq, "chapter", "there is no such chapter", found);
    }
    VL_TRY(found);
    json_open(&rq->out, '{');
    json_put_text(&rq->out, "language", language);
    view_chapter(&rq->out, &chapter, true);
    json_close(&rq->out, '}');
    chapter_finish(&chapter);
    return VL_OK;
}

vl_result handle_numbers(struct request *rq)
{
    return answer(rq, view_numbers);
}

vl_result handle_proposed_agreement(struct request *rq)
{
    return answer(rq, view_proposed_agreement);
}
