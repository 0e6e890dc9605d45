#include <veillee/result.h>

static const struct {
    const char *name, *message;
} results[VL_RESULT_COUNT] = {
#define RESULT_ROW(code, text) {#code, text},
    VL_RESULT_TABLE(RESULT_ROW)
#undef RESULT_ROW
};

const char *vl_result_name(vl_result result)
{
    unsigned at = (unsigned)result;
    return at < VL_RESULT_COUNT ? results[at].name : "UNKNOWN";
}

const char *vl_result_message(vl_result result)
{
    unsigned at = (unsigned)result;
    return at < VL_RESULT_COUNT ? results[at].message : "an unknown result";
}
