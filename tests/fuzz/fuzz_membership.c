/* Bytes as a history of control entries: no crash, and two orders of adding give one state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/steps.h"

#define STEPS_MAX 48u

struct source {
    const uint8_t *data;
    size_t size;
};

static unsigned next(struct source *from, unsigned below)
{
    if (from->size == 0) return 0;
    from->size--;
    return *from->data++ % below;
}

static const char *const devices[] = {"a.1", "b.1", "c.1", "d.1", "e.1", "a.2",
                                      "b.2", "c.2", "d.2", "e.2", "a.3", "b.3"};
static const char *const persons[] = {"a", "b", "c", "d", "e", "f"};

struct names { /* what the steps' strings point to */
    char id[8], links[40], keys[48];
};

static void make_step(struct source *from, size_t at, struct step *step, struct names *names)
{
    enum vl_control_kind kind =
        at == 0 ? VL_CONTROL_FOUND : (enum vl_control_kind)next(from, VL_CONTROL_KIND_COUNT);
    snprintf(names[at].id, sizeof names[at].id, "%c%zu", 'a' + (int)next(from, 26), at);
    *step = (struct step){.id = names[at].id, .kind = vl_control_kind_text(kind)};
    step->by = at == 0 ? "a.1" : devices[next(from, 12)];
    if (at == 0) {
        step->target = next(from, 8) == 0 ? NULL : "b";
        return;
    }
    /* Mostly the newest entries, so that histories grow long; at times any. */
    unsigned first = next(from, 4) > 0 ? (unsigned)at - 1 : next(from, (unsigned)at);
    unsigned second = next(from, 3) > 0 ? first : next(from, (unsigned)at);
    snprintf(names[at].links, sizeof names[at].links, "%s %s", names[first].id, names[second].id);
    step->links = names[at].links;
    bool by_entry = kind == VL_CONTROL_ENDORSE || kind == VL_CONTROL_SEAL;
    step->target = by_entry                           ? names[next(from, (unsigned)at)].id
                   : kind == VL_CONTROL_REMOVE_DEVICE ? devices[next(from, 12)]
                                                      : persons[next(from, 6)];
    if (kind == VL_CONTROL_ADD || kind == VL_CONTROL_RESTORE || kind == VL_CONTROL_ADD_DEVICE)
        step->keys = devices[next(from, 12)];
    if (kind != VL_CONTROL_EPOCH && kind != VL_CONTROL_SEAL) return;
    unsigned count = next(from, 5);
    for (unsigned i = 0; i < count; i++) {
        if (i > 0) strcat(names[at].keys, " ");
        strcat(names[at].keys, devices[next(from, 12)]);
    }
    step->keys = names[at].keys;
}

static void check(bool holds)
{
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    struct source from = {data, size};
    struct step steps[STEPS_MAX];
    struct names names[STEPS_MAX] = {{{0}, {0}, {0}}};
    size_t order[STEPS_MAX], count = 0;
    for (; count < STEPS_MAX && (count == 0 || from.size > 0); count++) {
        make_step(&from, count, &steps[count], names);
        order[count] = count;
    }
    for (size_t i = count; i-- > 1;) { /* another order, as the bytes say */
        size_t j = (data[i % size] + i) % (i + 1), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    struct vl_membership *first = NULL, *second = NULL;
    struct vl_buffer one = {0}, two = {0};
    check(steps_build(steps, count, NULL, &first) == VL_OK);
    check(steps_build(steps, count, order, &second) == VL_OK);
    check(steps_dump(first, steps, count, &one) == VL_OK);
    for (size_t i = 0; i < count; i++) { /* asking changes nothing */
        struct step_entry made;
        enum vl_standing standing;
        steps_entry(&steps[i], &made);
        made.entry.id = vl_bytes_text("asked");
        vl_result result = vl_membership_would(second, &made.entry, &standing);
        check(result == VL_OK || (i == 0 && result == VL_ERR_INVALID));
    }
    check(steps_dump(second, steps, count, &two) == VL_OK);
    check(vl_bytes_equal(vl_buffer_view(&one), vl_buffer_view(&two)));
    vl_buffer_finish(&one);
    vl_buffer_finish(&two);
    vl_membership_destroy(first);
    vl_membership_destroy(second);
    return 0;
}
