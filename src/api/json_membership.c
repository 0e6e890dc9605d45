#include "api/json_membership.h"
#include "api/json.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <veillee/counting.h>

struct names { /* views into the JSON tree */
    struct vl_bytes *at;
    size_t count;
};

struct operation {
    struct vl_member_entry entry; /* its lists point to the following */
    struct names links, cites;
    struct vl_member_key *keys;
    bool added;
};

struct history {
    cJSON *root;
    struct operation *operations;
    size_t operation_count;
    struct vl_content_node *content;
    struct names *content_links;
    size_t content_count;
    struct vl_membership *membership;
};

/* ---- reading ---- */

static bool is_utf8(struct vl_bytes text)
{
    utf8proc_int32_t point;
    for (size_t at = 0; at < text.size;) {
        utf8proc_ssize_t used =
            utf8proc_iterate(text.data + at, (utf8proc_ssize_t)(text.size - at), &point);
        if (used <= 0) return false;
        at += (size_t)used;
    }
    return true;
}

static vl_result read_text(const cJSON *item, struct vl_bytes *out)
{
    *out = (struct vl_bytes){0};
    if (item == NULL || cJSON_IsNull(item)) return VL_OK;
    if (!cJSON_IsString(item)) return VL_ERR_INVALID;
    *out = vl_bytes_text(item->valuestring);
    return out->size <= VL_MEMBER_NAME_MAX && is_utf8(*out) ? VL_OK : VL_ERR_INVALID;
}

static vl_result read_name(const cJSON *item, struct vl_bytes *out)
{
    VL_TRY(read_text(item, out));
    return out->size > 0 ? VL_OK : VL_ERR_INVALID;
}

/* An array's length; absent or null is empty. */
static vl_result array_size(const cJSON *item, size_t *size)
{
    *size = 0;
    if (item == NULL || cJSON_IsNull(item)) return VL_OK;
    if (!cJSON_IsArray(item)) return VL_ERR_INVALID;
    *size = (size_t)cJSON_GetArraySize(item);
    return VL_OK;
}

static vl_result read_names(const cJSON *item, struct names *out)
{
    size_t size;
    VL_TRY(array_size(item, &size));
    out->at = calloc(size + 1, sizeof *out->at);
    if (out->at == NULL) return VL_ERR_NO_MEMORY;
    for (const cJSON *each = size > 0 ? item->child : NULL; each != NULL; each = each->next)
        VL_TRY(read_name(each, &out->at[out->count++]));
    return VL_OK;
}

static struct vl_bytes person_of(struct vl_bytes device)
{
    const uint8_t *dot = device.size == 0 ? NULL : memchr(device.data, '.', device.size);
    return dot == NULL ? device : vl_bytes(device.data, (size_t)(dot - device.data));
}

static struct vl_member_key key_of(struct vl_bytes device)
{
    struct vl_member_key key = {.device = device, .person = person_of(device)};
    struct vl_bytes number = vl_bytes(device.data + key.person.size, device.size - key.person.size);
    key.first = vl_bytes_equal(number, vl_bytes_text(".1"));
    return key;
}

static vl_result read_kind(const cJSON *item, enum vl_control_kind *kind)
{
    if (!cJSON_IsString(item)) return VL_ERR_INVALID;
    for (int i = 0; i < VL_CONTROL_TOMBSTONE; i++) {
        *kind = (enum vl_control_kind)i;
        if (strcmp(item->valuestring, vl_control_kind_text(*kind)) == 0) return VL_OK;
    }
    return VL_ERR_INVALID;
}

static vl_result read_keys(const cJSON *item, struct operation *op)
{
    size_t size;
    VL_TRY(array_size(item, &size));
    op->keys = calloc(size + 2, sizeof *op->keys); /* found: two that the array does not hold */
    if (op->keys == NULL) return VL_ERR_NO_MEMORY;
    op->entry.keys = op->keys;
    for (const cJSON *each = size > 0 ? item->child : NULL; each != NULL; each = each->next) {
        struct vl_bytes device;
        VL_TRY(read_name(each, &device));
        op->keys[op->entry.key_count++] = key_of(device);
    }
    return VL_OK;
}

/* The format names the second person of a found, the engine her first key. */
static vl_result adapt_found(const cJSON *json, struct operation *op)
{
    op->keys[0] = op->entry.by;
    op->entry.key_count = 1;
    op->entry.is_private = op->entry.target.data == NULL;
    if (op->entry.is_private) return VL_OK;
    size_t size = op->entry.target.size; /* of a person's name, which has no dot */
    if (size == 0 || size + 2 > VL_MEMBER_NAME_MAX) return VL_ERR_INVALID;
    if (memchr(op->entry.target.data, '.', size) != NULL) return VL_ERR_INVALID;
    char first[VL_MEMBER_NAME_MAX + 1];
    memcpy(first, op->entry.target.data, size);
    memcpy(first + size, ".1", 3);
    cJSON *kept = cJSON_AddStringToObject((cJSON *)(uintptr_t)json, "second", first);
    if (kept == NULL) return VL_ERR_NO_MEMORY;
    op->keys[1] = (struct vl_member_key){vl_bytes_text(kept->valuestring), op->entry.target, true};
    op->entry.key_count = 2;
    return VL_OK;
}

/* ... and the device that goes as a key; keys are a set. */
static void adapt_remove_device(struct operation *op)
{
    bool is_one = op->entry.key_count > 0;
    for (size_t i = 1; i < op->entry.key_count; i++)
        is_one = is_one && vl_bytes_equal(op->keys[i].device, op->keys[0].device);
    op->entry.target = is_one ? op->keys[0].device : (struct vl_bytes){0};
    op->entry.key_count = 0;
}

#define OBJECT_MEMBERS_MAX 64

/* An object; of two members of one name a reader takes the first, another the last: neither. Each
 * is held against each, so they are few. */
static bool is_plain_object(const cJSON *json)
{
    if (!cJSON_IsObject(json) || cJSON_GetArraySize(json) > OBJECT_MEMBERS_MAX) return false;
    for (const cJSON *one = json->child; one != NULL; one = one->next) {
        for (const cJSON *other = one->next; other != NULL; other = other->next)
            if (strcmp(one->string, other->string) == 0) return false;
    }
    return true;
}

static vl_result read_operation(const cJSON *json, struct operation *op)
{
    if (!is_plain_object(json)) return VL_ERR_INVALID;
    struct vl_bytes by;
    VL_TRY(read_name(cJSON_GetObjectItemCaseSensitive(json, "id"), &op->entry.id));
    VL_TRY(read_kind(cJSON_GetObjectItemCaseSensitive(json, "kind"), &op->entry.kind));
    VL_TRY(read_name(cJSON_GetObjectItemCaseSensitive(json, "by"), &by));
    op->entry.by = key_of(by);
    VL_TRY(read_text(cJSON_GetObjectItemCaseSensitive(json, "target"), &op->entry.target));
    VL_TRY(read_names(cJSON_GetObjectItemCaseSensitive(json, "links"), &op->links));
    VL_TRY(read_names(cJSON_GetObjectItemCaseSensitive(json, "cites"), &op->cites));
    VL_TRY(read_keys(cJSON_GetObjectItemCaseSensitive(json, "keys"), op));
    op->entry.links = op->links.at;
    op->entry.link_count = op->links.count;
    op->entry.cites = op->cites.at;
    op->entry.cite_count = op->cites.count;
    if (op->entry.kind == VL_CONTROL_FOUND) return adapt_found(json, op);
    if (op->entry.kind == VL_CONTROL_REMOVE_DEVICE) adapt_remove_device(op);
    return VL_OK;
}

static vl_result read_content(const cJSON *json, struct vl_content_node *node, struct names *links)
{
    if (!is_plain_object(json)) return VL_ERR_INVALID;
    VL_TRY(read_name(cJSON_GetObjectItemCaseSensitive(json, "id"), &node->id));
    VL_TRY(read_name(cJSON_GetObjectItemCaseSensitive(json, "by"), &node->device));
    VL_TRY(read_names(cJSON_GetObjectItemCaseSensitive(json, "links"), links));
    node->links = links->at;
    node->link_count = links->count;
    return VL_OK;
}

static vl_result read_history(struct vl_bytes text, struct history *h)
{
    struct json *document = NULL;
    VL_TRY(json_parse(text, &document));
    h->root = (cJSON *)(void *)document;
    if (!is_plain_object(h->root)) return VL_ERR_INVALID;
    const cJSON *operations = cJSON_GetObjectItemCaseSensitive(h->root, "ops");
    const cJSON *content = cJSON_GetObjectItemCaseSensitive(h->root, "content");
    size_t operation_count, content_count;
    VL_TRY(array_size(operations, &operation_count));
    VL_TRY(array_size(content, &content_count));
    h->operations = calloc(operation_count + 1, sizeof *h->operations);
    h->content = calloc(content_count + 1, sizeof *h->content);
    h->content_links = calloc(content_count + 1, sizeof *h->content_links);
    if (h->operations == NULL || h->content == NULL || h->content_links == NULL)
        return VL_ERR_NO_MEMORY;
    for (const cJSON *each = operation_count > 0 ? operations->child : NULL; each != NULL;
         each = each->next)
        VL_TRY(read_operation(each, &h->operations[h->operation_count++]));
    for (const cJSON *each = content_count > 0 ? content->child : NULL; each != NULL;
         each = each->next) {
        size_t at = h->content_count++;
        VL_TRY(read_content(each, &h->content[at], &h->content_links[at]));
    }
    return VL_OK;
}

static void finish_history(struct history *h)
{
    for (size_t i = 0; i < h->operation_count; i++) {
        free(h->operations[i].links.at);
        free(h->operations[i].cites.at);
        free(h->operations[i].keys);
    }
    for (size_t i = 0; i < h->content_count; i++)
        free(h->content_links[i].at);
    free(h->operations);
    free(h->content);
    free(h->content_links);
    cJSON_Delete(h->root);
    vl_membership_destroy(h->membership);
}

/* ---- checking and feeding ---- */

static int compare_views(const void *a, const void *b)
{
    return vl_bytes_compare(*(const struct vl_bytes *)a, *(const struct vl_bytes *)b);
}

static vl_result check_history(const struct history *h)
{
    size_t count = h->operation_count + h->content_count, roots = 0;
    struct vl_bytes *ids = calloc(count + 1, sizeof *ids);
    if (ids == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < h->operation_count; i++) {
        ids[i] = h->operations[i].entry.id;
        if (h->operations[i].entry.kind == VL_CONTROL_FOUND && h->operations[i].links.count == 0)
            roots++;
    }
    for (size_t i = 0; i < h->content_count; i++)
        ids[h->operation_count + i] = h->content[i].id;
    qsort(ids, count, sizeof *ids, compare_views);
    bool doubled = false;
    for (size_t i = 1; i < count; i++)
        doubled = doubled || vl_bytes_equal(ids[i - 1], ids[i]);
    free(ids);
    return doubled || roots != 1 ? VL_ERR_INVALID : VL_OK;
}

/* Adds what can be added, in the list's order, again and again: what is left lacks a link. */
static vl_result feed(struct history *h)
{
    VL_TRY(vl_membership_create(&h->membership));
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < h->operation_count; i++) {
            if (h->operations[i].added) continue;
            vl_result result = vl_membership_add(h->membership, &h->operations[i].entry);
            if (result == VL_ERR_MISSING) continue;
            VL_TRY(result);
            h->operations[i].added = moved = true;
        }
    }
    return vl_membership_settle(h->membership);
}

/* ---- printing ---- */

static vl_result put(struct vl_buffer *line, const char *text)
{
    return vl_buffer_append(line, text, strlen(text));
}

/* As JSON.stringify does: quotes, backslash and control characters escaped, the rest as it is. */
static vl_result put_string(struct vl_buffer *line, struct vl_bytes text)
{
    static const char plain[] = "btn\0fr"; /* 8 to 13 */
    static const char digits[] = "0123456789abcdef";
    VL_TRY(put(line, "\""));
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        char escape[7] = {'\\', (char)byte, 0};
        if (byte >= 8 && byte <= 13 && byte != 11)
            escape[1] = plain[byte - 8];
        else if (byte < 32)
            memcpy(escape, (char[]){'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15], 0},
                   7);
        else if (byte != '"' && byte != '\\')
            memcpy(escape, (char[]){(char)byte, 0}, 2);
        VL_TRY(put(line, escape));
    }
    return put(line, "\"");
}

struct list { /* of strings, with commas */
    struct vl_buffer *line;
    bool started;
};

static vl_result next(struct list *list)
{
    if (list->started) return put(list->line, ",");
    list->started = true;
    return VL_OK;
}

static vl_result put_item(struct list *list, struct vl_bytes text)
{
    VL_TRY(next(list));
    return put_string(list->line, text);
}

static vl_result put_confirmed(const struct vl_membership *m, struct vl_buffer *line)
{
    struct list list = {.line = line};
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state person;
        vl_membership_person(m, i, &person);
        if (person.confirmed) VL_TRY(put_item(&list, person.name));
    }
    return VL_OK;
}

static vl_result put_content(const struct history *h, struct vl_buffer *line)
{
    struct list list = {.line = line};
    size_t counting = 0;
    bool *counts = calloc(h->content_count + 1, sizeof *counts);
    struct vl_bytes *ids = calloc(h->content_count + 1, sizeof *ids);
    vl_result result = counts == NULL || ids == NULL ? VL_ERR_NO_MEMORY : VL_OK;
    if (result == VL_OK) result = vl_counting(h->membership, h->content, h->content_count, counts);
    for (size_t i = 0; i < h->content_count && result == VL_OK; i++)
        if (counts[i]) ids[counting++] = h->content[i].id;
    if (result == VL_OK) qsort(ids, counting, sizeof *ids, compare_views);
    for (size_t i = 0; i < counting && result == VL_OK; i++)
        result = put_item(&list, ids[i]);
    free(counts);
    free(ids);
    return result;
}

static vl_result put_devices(const struct vl_membership *m, struct vl_buffer *line)
{
    struct list persons = {.line = line};
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state person;
        vl_membership_person(m, i, &person);
        if (person.role == VL_ROLE_NONE) continue;
        VL_TRY(put_item(&persons, person.name));
        VL_TRY(put(line, ":["));
        struct list devices = {.line = line};
        for (size_t j = 0; j < vl_membership_device_count(m); j++) {
            struct vl_device_state device;
            vl_membership_device(m, j, &device);
            if (device.current && vl_bytes_equal(device.person, person.name))
                VL_TRY(put_item(&devices, device.device));
        }
        VL_TRY(put(line, "]"));
    }
    return VL_OK;
}

static vl_result put_persons(const struct vl_membership *m, struct vl_buffer *line)
{
    struct list list = {.line = line};
    for (size_t i = 0; i < vl_membership_person_count(m); i++) {
        struct vl_person_state person;
        vl_membership_person(m, i, &person);
        if (person.role == VL_ROLE_NONE) continue;
        VL_TRY(put_item(&list, person.name));
        VL_TRY(put(line, person.role == VL_ROLE_FACILITATOR ? ":\"facilitator\"" : ":\"member\""));
    }
    return VL_OK;
}

static vl_result put_write_epochs(const struct vl_membership *m, struct vl_buffer *line)
{
    struct list list = {.line = line};
    for (size_t i = 0; i < vl_membership_device_count(m); i++) {
        struct vl_device_state device;
        vl_membership_device(m, i, &device);
        if (!device.current) continue;
        VL_TRY(put_item(&list, device.device));
        VL_TRY(put(line, ":"));
        if (device.write_epoch.size > 0)
            VL_TRY(put_string(line, device.write_epoch));
        else
            VL_TRY(put(line, "null"));
    }
    return VL_OK;
}

/* Operations of that standing, or with `ends` those that end something, sorted. */
static vl_result put_operations(const struct history *h, enum vl_standing wanted, bool ends,
                                struct vl_buffer *line)
{
    struct list list = {.line = line};
    size_t count = 0;
    struct vl_bytes *ids = calloc(h->operation_count + 1, sizeof *ids);
    if (ids == NULL) return VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < h->operation_count; i++) {
        bool is_end;
        struct vl_bytes id = h->operations[i].entry.id;
        enum vl_standing standing = vl_membership_standing(h->membership, id, &is_end);
        if (ends ? is_end : standing == wanted) ids[count++] = id;
    }
    qsort(ids, count, sizeof *ids, compare_views);
    vl_result result = VL_OK;
    for (size_t i = 0; i < count && result == VL_OK; i++)
        result = put_item(&list, ids[i]);
    free(ids);
    return result;
}

static vl_result put_state(const struct history *h, struct vl_buffer *line)
{
    VL_TRY(put(line, "{\"confirmed\":["));
    VL_TRY(put_confirmed(h->membership, line));
    VL_TRY(put(line, "],\"content\":["));
    VL_TRY(put_content(h, line));
    VL_TRY(put(line, "],\"devices\":{"));
    VL_TRY(put_devices(h->membership, line));
    VL_TRY(put(line, "},\"ends\":["));
    VL_TRY(put_operations(h, VL_STANDING_LIVING, true, line));
    VL_TRY(put(line, "],\"persons\":{"));
    VL_TRY(put_persons(h->membership, line));
    VL_TRY(put(line, "},\"unauthorised\":["));
    VL_TRY(put_operations(h, VL_STANDING_UNAUTHORISED, false, line));
    VL_TRY(put(line, "],\"void\":["));
    VL_TRY(put_operations(h, VL_STANDING_VOID, false, line));
    VL_TRY(put(line, "],\"write_epoch\":{"));
    VL_TRY(put_write_epochs(h->membership, line));
    return put(line, "}}");
}

vl_result membership_json_state(struct vl_bytes history, struct vl_buffer *line)
{
    if (history.size > MEMBERSHIP_JSON_BYTES_MAX) return VL_ERR_TOO_LARGE;
    struct history h = {0};
    vl_result result = read_history(history, &h);
    if (result == VL_OK) result = check_history(&h);
    if (result == VL_OK) result = feed(&h);
    if (result == VL_OK) result = put_state(&h, line);
    finish_history(&h);
    return result;
}

static vl_result print_one(struct vl_bytes history, FILE *out)
{
    struct vl_buffer line = {0};
    vl_result result = membership_json_state(history, &line);
    int printed = result == VL_OK ? fprintf(out, "%.*s\n", (int)line.size, (const char *)line.data)
                                  : fprintf(out, "{\"error\":\"%s\"}\n", vl_result_name(result));
    vl_buffer_finish(&line);
    return result == VL_OK && printed < 0 ? VL_ERR_STORAGE : result;
}

static vl_result print_lines(FILE *in, FILE *out)
{
    char *text = NULL;
    size_t room = 0;
    ssize_t size;
    vl_result first = VL_OK;
    while ((size = getline(&text, &room, in)) >= 0) {
        vl_result result = print_one(vl_bytes(text, (size_t)size), out);
        if (first == VL_OK) first = result;
    }
    free(text);
    return first == VL_OK && ferror(in) ? VL_ERR_STORAGE : first;
}

static vl_result read_all(FILE *in, struct vl_buffer *text)
{
    char part[16384];
    size_t size;
    while ((size = fread(part, 1, sizeof part, in)) > 0) {
        VL_TRY(vl_buffer_append(text, part, size));
        if (text->size > MEMBERSHIP_JSON_BYTES_MAX) return VL_ERR_TOO_LARGE;
    }
    return ferror(in) ? VL_ERR_STORAGE : VL_OK;
}

vl_result membership_json_print(FILE *in, bool lines, FILE *out)
{
    vl_result result;
    if (lines) {
        result = print_lines(in, out);
    } else {
        struct vl_buffer text = {0};
        result = read_all(in, &text);
        if (result == VL_OK) result = print_one(vl_buffer_view(&text), out);
        vl_buffer_finish(&text);
    }
    return result == VL_OK && fflush(out) != 0 ? VL_ERR_STORAGE : result;
}
