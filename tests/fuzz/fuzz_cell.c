/* A state that loads saves as the same bytes and can be read, also as it is shown when what it
 * lacks was erased; the operations of a body merge into it, whatever they name, in either order to
 * the same bytes.
 *
 *   input = u8 kind | u16 size of the state | state | body */
#include <stdlib.h>
#include <string.h>
#include <veillee/cell.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OPERATIONS_MAX 64u

static void read_all(enum vl_field_kind kind, struct vl_bytes state)
{
    struct vl_cell_value values[8];
    struct vl_place left, right;
    struct vl_span spans[8];
    struct vl_buffer text = {0};
    struct vl_cell_lookup lookup;
    size_t count;
    if (vl_cell_look_up(kind, state, &lookup) != VL_OK) abort();
    if (kind == VL_FIELD_TEXT) {
        if (vl_cell_text(state, &text) != VL_OK) abort();
    } else if (vl_cell_values(kind, state, values, 8, &count) != VL_OK) {
        abort();
    }
    if (vl_cell_over(state)) {
        if (text.size > 0) abort();
    } else if (kind == VL_FIELD_TEXT || kind == VL_FIELD_LIST) {
        if (vl_cell_place(kind, state, 0, &left, &right) != VL_OK) abort();
        if (vl_cell_spans(kind, state, 0, 0, spans, 8, &count) != VL_OK) abort();
    }
    vl_buffer_finish(&text);
}

static bool is_erased(void *context, const struct vl_id *entry)
{
    return (entry->bytes[0] & 1) == *(const uint8_t *)context;
}

/* What is shown is a state, in which no more is to be done. */
static void show_all(enum vl_field_kind kind, struct vl_bytes state)
{
    for (uint8_t odd = 0; odd < 2; odd++) {
        struct vl_buffer shown = {0}, again = {0};
        if (vl_cell_show(kind, state, is_erased, &odd, &shown) != VL_OK) abort();
        if (shown.size > 0) {
            read_all(kind, vl_buffer_view(&shown));
            if (vl_cell_show(kind, vl_buffer_view(&shown), is_erased, &odd, &again) != VL_OK)
                abort();
            if (again.size > 0) abort();
        }
        vl_buffer_finish(&shown);
        vl_buffer_finish(&again);
    }
}

/* Those that merge, first to last or last to first. */
static bool merge_all(enum vl_field_kind kind, const struct vl_body *body, bool *merges,
                      bool backwards, struct vl_buffer *state)
{
    for (size_t i = 0; i < body->count; i++) {
        size_t at = backwards ? body->count - 1 - i : i;
        struct vl_stamp stamp = {7, {{{9}}, (uint32_t)at}};
        vl_result result;
        if (backwards && !merges[at]) continue;
        result = vl_cell_apply(kind, state, &body->operations[at], &stamp);
        if (!backwards) merges[at] = result == VL_OK;
        if (backwards && result != VL_OK) return false;
    }
    return true;
}

static void merge_both_ways(enum vl_field_kind kind, struct vl_bytes state,
                            const struct vl_body *body)
{
    struct vl_buffer one = {0}, two = {0};
    bool merges[OPERATIONS_MAX] = {false};
    if (body->count > OPERATIONS_MAX) return;
    if (vl_buffer_append(&one, state.data, state.size) != VL_OK ||
        vl_buffer_append(&two, state.data, state.size) != VL_OK)
        abort();
    merge_all(kind, body, merges, false, &one);
    if (!merge_all(kind, body, merges, true, &two)) abort();
    if (!vl_bytes_equal(vl_buffer_view(&one), vl_buffer_view(&two))) abort();
    if (one.size > 0) {
        read_all(kind, vl_buffer_view(&one));
        show_all(kind, vl_buffer_view(&one));
    }
    vl_buffer_finish(&one);
    vl_buffer_finish(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct vl_id self = {{9}};
    struct vl_buffer again = {0};
    struct vl_cell *cell;
    struct vl_bytes state;
    struct vl_body body;
    enum vl_field_kind kind;
    size_t state_size;
    if (size < 3) return 0;
    kind = (enum vl_field_kind)(data[0] % 4);
    state_size = (size_t)data[1] | (size_t)data[2] << 8;
    if (state_size > size - 3) state_size = size - 3;
    state = vl_bytes(data + 3, state_size);
    struct vl_cell_lookup lookup;
    if (vl_cell_look_up(kind, state, &lookup) != VL_OK && !lookup.is_empty) abort();
    if (vl_cell_open(kind, state, &cell) != VL_OK) return 0;
    if (vl_cell_save(cell, &again) != VL_OK) abort();
    if (state_size > 0 && !vl_bytes_equal(state, vl_buffer_view(&again))) abort();
    vl_cell_close(cell);
    read_all(kind, state);
    show_all(kind, state);
    body = (struct vl_body){0};
    /* The merged entry is a new one: an entry has one lamport number, which the caller answers for.
     */
    if (memmem(data + 3, state_size, &self, sizeof self) == NULL &&
        vl_body_decode(vl_bytes(data + 3 + state_size, size - 3 - state_size), &self, &body) ==
            VL_OK)
        merge_both_ways(kind, state, &body);
    vl_body_finish(&body);
    vl_buffer_finish(&again);
    return 0;
}
