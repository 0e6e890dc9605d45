#include "api/language.h"
#include "circle/texts.h"

#include <string.h>
#include <strings.h>

#define LANGUAGE_OTHERWISE "en"

/* The first `size` bytes as a tag. */
static const char *named(const char *tag, size_t size)
{
    const char *ours;
    for (size_t i = 0; (ours = texts_language_at(i)) != NULL; i++) {
        size_t length = strlen(ours);
        if (size < length || strncasecmp(tag, ours, length) != 0) continue;
        if (size == length || tag[length] == '-') return ours;
    }
    return NULL;
}

const char *language_named(const char *tag)
{
    return named(tag, strlen(tag));
}

/* "q=0.75" in thousandths; 1000 when there is none, 0 when it is no number. */
static unsigned weight_of(const char *parameters, size_t size)
{
    static const char key[] = "q=";
    const char *at = memchr(parameters, key[0], size), *end = parameters + size;
    unsigned weight = 0, unit = 1000;
    if (at == NULL || end - at < 3 || at[1] != key[1]) return 1000;
    for (at += 2; at < end && unit > 0; at++) {
        if (*at == '.' && unit == 100) continue;
        if (*at < '0' || *at > '9') break;
        weight += unit * (unsigned)(*at - '0');
        unit /= 10;
    }
    return weight > 1000 ? 0 : weight;
}

const char *language_accepted(const char *header)
{
    const char *best = LANGUAGE_OTHERWISE;
    unsigned best_weight = 0;
    for (const char *at = header; at != NULL && *at != '\0';) {
        at += strspn(at, ", \t");
        size_t whole = strcspn(at, ","), tag = strcspn(at, ",; \t");
        unsigned weight = weight_of(at + tag, whole - tag);
        const char *ours = named(at, tag);
        if (ours != NULL && weight > best_weight) {
            best = ours;
            best_weight = weight;
        }
        at += whole;
    }
    return best;
}
