#include "support/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t split(const char *text, struct vl_bytes *out)
{
    size_t count = 0;
    while (text != NULL && *text != 0) {
        size_t size = strcspn(text, " ");
        if (count == STEP_NAMES_MAX) abort();
        out[count++] = vl_bytes(text, size);
        text += size + (text[size] == ' ');
    }
    return count;
}

static struct vl_member_key key_of(struct vl_bytes device)
{
    const uint8_t *dot = memchr(device.data, '.', device.size);
    size_t size = dot == NULL ? device.size : (size_t)(dot - device.data);
    struct vl_bytes rest = vl_bytes(device.data + size, device.size - size);
    return (struct vl_member_key){device, vl_bytes(device.data, size),
                                  vl_bytes_equal(rest, vl_bytes_text(".1"))};
}

static enum vl_control_kind kind_of(const char *text)
{
    for (int i = 0; i < VL_CONTROL_KIND_COUNT; i++)
        if (strcmp(text, vl_control_kind_text((enum vl_control_kind)i)) == 0)
            return (enum vl_control_kind)i;
    fprintf(stderr, "no kind %s\n", text);
    abort();
}

void steps_entry(const struct step *step, struct step_entry *out)
{
    struct vl_bytes keys[STEP_NAMES_MAX];
    memset(out, 0, sizeof *out);
    struct vl_member_entry *entry = &out->entry;
    entry->id = vl_bytes_text(step->id);
    entry->kind = kind_of(step->kind);
    entry->by = key_of(vl_bytes_text(step->by));
    entry->link_count = split(step->links, out->links);
    entry->cite_count = split(step->cites, out->cites);
    entry->key_count = split(step->keys, keys);
    for (size_t i = 0; i < entry->key_count; i++)
        out->keys[i] = key_of(keys[i]);
    if (step->target != NULL) entry->target = vl_bytes_text(step->target);
    entry->links = out->links;
    entry->cites = out->cites;
    entry->keys = out->keys;
    if (entry->kind != VL_CONTROL_FOUND) return;
    out->keys[0] = entry->by;
    entry->key_count = 1;
    entry->is_private = step->target == NULL;
    if (entry->is_private) return;
    snprintf(out->second, sizeof out->second, "%s.1", step->target);
    out->keys[entry->key_count++] = key_of(vl_bytes_text(out->second));
}

vl_result steps_add(struct vl_membership *m, const struct step *step)
{
    struct step_entry made;
    steps_entry(step, &made);
    return vl_membership_add(m, &made.entry);
}

vl_result steps_build(const struct step *steps, size_t count, const size_t *order,
                      struct vl_membership **out)
{
    struct vl_membership *m = NULL;
    bool *added = calloc(count + 1, sizeof *added);
    vl_result result = added == NULL ? VL_ERR_NO_MEMORY : vl_membership_create(&m);
    for (bool moved = true; moved && result == VL_OK;) {
        moved = false;
        for (size_t i = 0; i < count && result == VL_OK; i++) {
            size_t at = order == NULL ? i : order[i];
            if (added[at]) continue;
            result = steps_add(m, &steps[at]);
            if (result == VL_OK) added[at] = moved = true;
            if (result == VL_ERR_MISSING) result = VL_OK;
        }
    }
    free(added);
    if (result == VL_OK) result = vl_membership_settle(m);
    if (result == VL_OK)
        *out = m;
    else
        vl_membership_destroy(m);
    return result;
}

static vl_result put(struct vl_buffer *out, const char *label, struct vl_bytes text)
{
    VL_TRY(vl_buffer_append(out, label, strlen(label)));
    VL_TRY(vl_buffer_append(out, text.data, text.size));
    return vl_buffer_append(out, "\n", 1);
}

vl_result steps_dump(const struct vl_membership *m, const struct step *steps, size_t count,
                     struct vl_buffer *out)
{
    static const char *const roles[] = {"gone ", "member ", "facilitator "};
    static const char *const standings[] = {"unknown ", "unauthorised ", "void ", "living "};
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state person;
        vl_membership_person(m, i, &person);
        VL_TRY(put(out, roles[person.role], person.name));
        if (person.confirmed) VL_TRY(put(out, "confirmed ", person.name));
    }
    for (size_t i = 0; i < vl_membership_device_count(m); i++) {
        struct vl_device_state device;
        vl_membership_device(m, i, &device);
        VL_TRY(put(out, device.current ? "device " : "no device ", device.device));
        VL_TRY(put(out, "of ", device.person));
        VL_TRY(put(out, "epoch ", device.write_epoch));
    }
    for (size_t i = 0; i < count; i++) {
        bool is_end;
        struct vl_bytes id = vl_bytes_text(steps[i].id);
        enum vl_standing standing = vl_membership_standing(m, id, &is_end);
        VL_TRY(put(out, standings[standing], id));
        if (is_end) VL_TRY(put(out, "end ", id));
    }
    return VL_OK;
}
