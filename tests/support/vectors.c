#include "support/vectors.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

cJSON *vectors_load(const char *path)
{
    struct vl_buffer text = {0};
    uint8_t block[4096];
    size_t got;
    cJSON *json = NULL;

    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s is not there\n", path);
        return NULL;
    }
    while ((got = fread(block, 1, sizeof block, file)) > 0)
        if (vl_buffer_append(&text, block, got) != VL_OK) goto out;
    json = cJSON_ParseWithLength((const char *)text.data, text.size);
out:
    vl_buffer_finish(&text);
    (void)fclose(file);
    return json;
}

size_t vectors_hex(const char *text, uint8_t *out, size_t max)
{
    size_t size = 0;
    const char *end = NULL;

    if (sodium_hex2bin(out, max, text, strlen(text), NULL, &size, &end) != 0 || *end != '\0')
        return SIZE_MAX;
    return size;
}

size_t vectors_member(const cJSON *object, const char *name, uint8_t *out, size_t max)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return text == NULL ? SIZE_MAX : vectors_hex(text, out, max);
}
