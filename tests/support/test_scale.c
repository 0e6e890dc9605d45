#include "tests/support/test_scale.h"
#include <stdlib.h>
#include <string.h>

size_t test_scale(size_t full, size_t small)
{
    const char *scale = getenv("VEILLEE_TEST_SCALE");
    return scale != NULL && strcmp(scale, "small") == 0 ? small : full;
}

uint64_t test_first_seed(uint64_t usual)
{
    const char *seed = getenv("VEILLEE_TEST_SEED");
    return seed != NULL ? strtoull(seed, NULL, 10) : usual;
}
