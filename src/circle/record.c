#include "circle/record.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void value_finish(struct record_value *value)
{
    union {
        const uint8_t *view;
        void *owned;
    } bytes = {.view = value->value.bytes.data};
    free(bytes.owned);
}

static void field_finish(struct record_field *field)
{
    for (size_t i = 0; i < field->count; i++)
        value_finish(&field->values[i]);
    free(field->values);
    free(field->text);
}

void record_finish(struct record *record)
{
    if (record == NULL) return;
    for (size_t i = 0; i < record->field_count; i++)
        field_finish(&record->fields[i]);
    free(record->fields);
    *record = (struct record){0};
}

void record_list_finish(struct record_list *list)
{
    if (list == NULL) return;
    for (size_t i = 0; i < list->count; i++)
        record_finish(&list->items[i]);
    free(list->items);
    *list = (struct record_list){0};
}

static vl_result record_begin(struct record *record, const struct schema_record *schema,
                              const struct vl_cell_key *key)
{
    *record =
        (struct record){.schema = schema, .id = key->record, .sealed = key->type >= VL_TYPE_SEALED};
    record->fields = calloc(schema->field_count, sizeof *record->fields);
    if (record->fields == NULL) return VL_ERR_NO_MEMORY;
    record->field_count = schema->field_count;
    for (size_t i = 0; i < schema->field_count; i++) {
        record->fields[i].schema = &schema->fields[i];
        if (schema->fields[i].kind != VL_FIELD_TEXT) continue;
        record->fields[i].text = calloc(1, 1);
        if (record->fields[i].text == NULL) return VL_ERR_NO_MEMORY;
    }
    return VL_OK;
}

/* ---- cells into fields ---- */

static vl_result copy_value(const struct vl_cell_value *from, const struct vl_value *value,
                            struct record_value *to)
{
    uint8_t *bytes = malloc(value->bytes.size + 1);
    if (bytes == NULL) return VL_ERR_NO_MEMORY;
    if (value->bytes.size > 0) memcpy(bytes, value->bytes.data, value->bytes.size);
    bytes[value->bytes.size] = '\0';
    *to = (struct record_value){.stamp = from->stamp, .value = *value};
    to->value.bytes.data = bytes;
    return VL_OK;
}

static bool is_told(const struct record_field *field, const struct vl_cell_value *values,
                    const size_t *kept, struct vl_bytes value)
{
    if (field->schema->kind != VL_FIELD_REGISTER) return false;
    for (size_t i = 0; i < field->count; i++)
        if (vl_bytes_equal(values[kept[i]].value, value)) return true;
    return false;
}

/* Values that are not what the schema asks for (another program's, or hostile) are left out. */
static vl_result take_values(struct record_field *field, const struct vl_cell_value *values,
                             size_t count)
{
    size_t most = field->schema->kind == VL_FIELD_REGISTER ? VL_CONFLICTS_MAX : field->schema->most;
    size_t *kept = calloc(count + 1, sizeof *kept);
    vl_result result = VL_OK;
    field->values = calloc(count + 1, sizeof *field->values);
    if (kept == NULL || field->values == NULL) result = VL_ERR_NO_MEMORY;
    for (size_t i = 0; i < count && field->count < most && result == VL_OK; i++) {
        struct vl_value value;
        vl_result fits = vl_value_decode(values[i].value, &value);
        if (fits == VL_OK) fits = schema_check(field->schema, &value, NULL);
        if (fits == VL_ERR_NO_MEMORY) result = fits; /* nobody's fault: it is not left out */
        if (fits != VL_OK || is_told(field, values, kept, values[i].value)) continue;
        result = copy_value(&values[i], &value, &field->values[field->count]);
        if (result == VL_OK) kept[field->count++] = i;
    }
    free(kept);
    return result;
}

static vl_result take_text(struct record_field *field, struct vl_bytes state)
{
    struct vl_buffer text = {0};
    vl_result result = vl_cell_text(state, &text);
    if (result == VL_OK) result = vl_buffer_append(&text, "", 1);
    if (result != VL_OK) {
        vl_buffer_finish(&text);
        return result;
    }
    free(field->text);
    field->text = (char *)text.data;
    field->text_size = text.size - 1;
    return VL_OK;
}

static vl_result take_cell(struct record_field *field, struct vl_bytes state)
{
    struct vl_cell_value *values;
    vl_result result;
    size_t count;
    if (field->schema->kind == VL_FIELD_TEXT) return take_text(field, state);
    VL_TRY(vl_cell_values(field->schema->kind, state, NULL, 0, &count));
    field->living = count;
    if (count == 0) return VL_OK;
    values = calloc(count, sizeof *values);
    if (values == NULL) return VL_ERR_NO_MEMORY;
    result = vl_cell_values(field->schema->kind, state, values, count, &count);
    if (result == VL_OK) result = take_values(field, values, count);
    free(values);
    return result;
}

struct reading {
    const struct schema_record *schema;
    struct record_list list;
};

static struct record_field *field_of(struct record *record, const struct vl_cell_key *key)
{
    for (size_t i = 0; i < record->field_count; i++)
        if (record->fields[i].schema->id == key->field &&
            record->fields[i].schema->kind == key->kind)
            return &record->fields[i];
    return NULL;
}

/* Cells come in the order of their records. */
static vl_result visit_cell(void *context, const struct vl_cell_key *key, struct vl_bytes state)
{
    struct reading *reading = context;
    struct record_list *list = &reading->list;
    const struct schema_field *field = schema_field(key->type % VL_TYPE_SEALED, key->field);
    struct record *last = list->count > 0 ? &list->items[list->count - 1] : NULL;
    struct record *grown;
    vl_result result;
    if (field == NULL || field->kind != key->kind) return VL_OK;
    if (last == NULL || memcmp(&last->id, &key->record, sizeof last->id) != 0) {
        grown = realloc(list->items, (list->count + 1) * sizeof *grown);
        if (grown == NULL) return VL_ERR_NO_MEMORY;
        list->items = grown;
        last = &grown[list->count++];
        VL_TRY(record_begin(last, reading->schema, key));
    }
    result = take_cell(field_of(last, key), state);
    return result;
}

/* ---- authors, looked up after the scan because nothing may be asked from inside it ---- */

struct authors {
    struct vl_replica *replica;
    struct vl_id entry, person; /* the last one that was asked for */
    bool has_entry;
};

static vl_result find_author(struct authors *a, struct record_value *value)
{
    struct vl_device_info device;
    vl_result result = VL_OK;
    if (!a->has_entry || !vl_id_equal(&a->entry, &value->stamp.dot.entry)) {
        result = vl_replica_author(a->replica, &value->stamp.dot.entry, &device);
        if (result != VL_OK && result != VL_ERR_NOT_FOUND) return result;
        a->entry = value->stamp.dot.entry;
        a->person = result == VL_OK ? device.person : (struct vl_id){{0}};
        a->has_entry = true;
    }
    value->author = a->person;
    return VL_OK;
}

/* ---- whose values are read: the schema's rule, by nothing but the values and their authors ----
 */

const struct record_value *record_made(const struct record *record)
{
    const struct record_value *oldest = NULL;
    for (size_t f = 0; f < record->field_count; f++)
        for (size_t v = 0; v < record->fields[f].count; v++) {
            const struct record_value *value = &record->fields[f].values[v];
            if (record->has_maker && !vl_id_equal(&value->author, &record->maker)) continue;
            if (oldest == NULL || vl_stamp_compare(&value->stamp, &oldest->stamp) < 0)
                oldest = value;
        }
    return oldest;
}

/* Whether the record is the author's own by its id. She has to say herself of which meeting it is:
 * no other meeting gives this id. (That value is kept, so it is there while others go.) */
static bool is_subject(const struct vl_replica *r, const struct record *record,
                       const struct vl_id *author)
{
    const struct record_field *meeting = &record->fields[0];
    const struct vl_id *circle = vl_replica_circle(r);
    struct vl_record_id hers;
    if (record->schema->id != SCHEMA_ID_BOTH)
        return record_id_of(circle, record->schema, NULL, author, &hers) &&
               memcmp(&hers, &record->id, sizeof hers) == 0;
    for (size_t v = 0; v < meeting->count; v++) {
        const struct record_value *value = &meeting->values[v];
        if (value->value.tag == VL_VALUE_REFERENCE && vl_id_equal(&value->author, author) &&
            record_id_of(circle, record->schema, &value->value.record, author, &hers) &&
            memcmp(&hers, &record->id, sizeof hers) == 0)
            return true;
    }
    return false;
}

/* Whether the words are those that the record's id comes from. */
static vl_result are_its_words(const struct vl_replica *r, const struct record *record,
                               const struct vl_value *words, bool *are)
{
    struct vl_record_id id;
    *are = false;
    if (words->tag != VL_VALUE_TEXT) return VL_OK;
    vl_result result = record_id_of_words(vl_replica_circle(r), record->schema, words->bytes, &id);
    *are = result == VL_OK && memcmp(&id, &record->id, sizeof id) == 0;
    return result == VL_ERR_NO_MEMORY ? result : VL_OK;
}

/* Whose record it is by its id, when she wrote any of the values. By their age nothing can be told:
 * whoever knows the id can date a value back. */
static void find_maker(const struct vl_replica *r, struct record *record)
{
    const struct vl_id *circle = vl_replica_circle(r), *last = NULL;
    if (record->schema->id != SCHEMA_ID_MAKER) return;
    for (size_t f = 0; f < record->field_count && !record->has_maker; f++)
        for (size_t v = 0; v < record->fields[f].count && !record->has_maker; v++) {
            const struct vl_id *author = &record->fields[f].values[v].author;
            if (last != NULL && vl_id_equal(author, last)) continue;
            last = author;
            record->has_maker = record_id_is_made_by(circle, record->schema, &record->id, author);
            if (record->has_maker) record->maker = *author;
        }
}

static bool is_makers(const struct record *record, const struct vl_id *author)
{
    return record->has_maker && vl_id_equal(author, &record->maker);
}

/* Of any field but words that an id comes from. */
static bool is_read(const struct vl_replica *r, const struct record *record,
                    const struct record_field *field, const struct record_value *value)
{
    const struct vl_id *author = &value->author;
    if (field->schema->form == SCHEMA_SELF && !vl_id_equal(author, &value->value.person))
        return false;
    switch (record->schema->writer) {
    case SCHEMA_WRITER_SUBJECT: return is_subject(r, record, author);
    case SCHEMA_WRITER_AUTHOR:
    case SCHEMA_WRITER_ONCE: return is_makers(record, author);
    case SCHEMA_WRITER_ANY:
    case SCHEMA_WRITER_FACILITATOR: break;
    }
    if (schema_is_makers(record->schema, field->schema)) return is_makers(record, author);
    return true;
}

static vl_result keep_read(const struct vl_replica *r, struct record *record)
{
    vl_result result = VL_OK;
    find_maker(r, record);
    for (size_t f = 0; f < record->field_count; f++) {
        struct record_field *field = &record->fields[f];
        size_t kept = 0;
        for (size_t v = 0; v < field->count; v++) {
            struct record_value value = field->values[v];
            bool read = result != VL_OK || is_read(r, record, field, &value);
            if (result == VL_OK && f == 0 && record->schema->id == SCHEMA_ID_WORDS)
                result = are_its_words(r, record, &value.value, &read);
            if (read || result != VL_OK)
                field->values[kept++] = value;
            else
                value_finish(&value);
        }
        field->count = kept;
    }
    return result;
}

static vl_result find_authors(struct vl_replica *r, struct record_list *list)
{
    struct authors authors = {.replica = r};
    for (size_t i = 0; i < list->count; i++) {
        for (size_t f = 0; f < list->items[i].field_count; f++) {
            struct record_field *field = &list->items[i].fields[f];
            for (size_t v = 0; v < field->count; v++)
                VL_TRY(find_author(&authors, &field->values[v]));
        }
        VL_TRY(keep_read(r, &list->items[i]));
    }
    return VL_OK;
}

vl_result record_read(struct vl_replica *r, uint32_t type, const struct vl_record_id *id,
                      struct record *out)
{
    struct reading reading = {.schema = schema_record(type % VL_TYPE_SEALED)};
    vl_result result;
    *out = (struct record){0};
    if (reading.schema == NULL) return VL_ERR_KIND;
    result = vl_replica_record(r, type, id, visit_cell, &reading);
    if (result == VL_OK && reading.list.count == 0) result = VL_ERR_NOT_FOUND;
    if (result == VL_OK) result = find_authors(r, &reading.list);
    if (result == VL_OK) {
        *out = reading.list.items[0];
        reading.list.count = 0;
    }
    record_list_finish(&reading.list);
    return result;
}

vl_result record_get(struct vl_replica *r, const struct schema_record *schema,
                     const struct vl_record_id *id, struct record *out)
{
    const uint32_t sealed = schema->type + VL_TYPE_SEALED;
    vl_result result = VL_ERR_NOT_FOUND;
    if (schema->audience != SCHEMA_FOR_CIRCLE) result = record_read(r, sealed, id, out);
    if (result == VL_ERR_NOT_FOUND && schema->audience != SCHEMA_FOR_FACILITATORS)
        result = record_read(r, schema->type, id, out);
    if (result != VL_OK || !record_is_empty(out)) return result;
    record_finish(out);
    return VL_ERR_NOT_FOUND;
}

vl_result record_list_read(struct vl_replica *r, uint32_t type, struct record_list *out)
{
    struct reading reading = {.schema = schema_record(type % VL_TYPE_SEALED)};
    vl_result result;
    *out = (struct record_list){0};
    if (reading.schema == NULL) return VL_ERR_KIND;
    result = vl_replica_records(r, type, visit_cell, &reading);
    if (result == VL_OK) result = find_authors(r, &reading.list);
    if (result != VL_OK) {
        record_list_finish(&reading.list);
        return result;
    }
    *out = reading.list;
    return VL_OK;
}

/* ---- looking at one ---- */

const struct record_field *record_field(const struct record *record, uint32_t field)
{
    for (size_t i = 0; i < record->field_count; i++)
        if (record->fields[i].schema->id == field) return &record->fields[i];
    return NULL;
}

const char *record_text(const struct record *record, uint32_t id)
{
    const struct record_field *field = record_field(record, id);
    if (field == NULL) return "";
    if (field->text != NULL) return field->text;
    if (field->count == 0 || field->values[0].value.tag != VL_VALUE_TEXT) return "";
    return (const char *)field->values[0].value.bytes.data;
}

bool record_has_conflict(const struct record *record)
{
    for (size_t i = 0; i < record->field_count; i++)
        if (record->fields[i].schema->kind == VL_FIELD_REGISTER && record->fields[i].count > 1)
            return true;
    return false;
}

bool record_is_empty(const struct record *record)
{
    for (size_t i = 0; i < record->field_count; i++)
        if (record->fields[i].count > 0 || record->fields[i].text_size > 0) return false;
    return true;
}

/* ---- ids ---- */

void record_id_text(const struct vl_record_id *id, char out[static RECORD_ID_TEXT_SIZE])
{
    sodium_bin2hex(out, RECORD_ID_TEXT_SIZE, id->bytes, sizeof id->bytes);
}

static bool is_digits(const char *text, size_t size)
{
    return strspn(text, "0123456789abcdef") == size;
}

vl_result record_id_parse(const char *text, struct vl_record_id *out)
{
    size_t size = strnlen(text, RECORD_ID_TEXT_SIZE);
    if (size != RECORD_ID_TEXT_SIZE - 1 || !is_digits(text, size)) return VL_ERR_INVALID;
    if (sodium_hex2bin(out->bytes, sizeof out->bytes, text, size, NULL, NULL, NULL) != 0)
        return VL_ERR_INVALID;
    return VL_OK;
}

void record_id_random(struct vl_record_id *out)
{
    randombytes_buf(out->bytes, sizeof out->bytes);
}

void record_id_derive(const struct vl_id *circle, uint32_t type, struct vl_bytes name,
                      struct vl_record_id *out)
{
    const uint8_t number[4] = {(uint8_t)type, (uint8_t)(type >> 8), (uint8_t)(type >> 16),
                               (uint8_t)(type >> 24)};
    const struct vl_bytes parts[] = {
        {circle->bytes, sizeof circle->bytes}, {number, sizeof number}, name};
    struct vl_id hash;
    vl_hash(VL_DOMAIN_RECORD_ID, parts, 3, &hash);
    memcpy(out->bytes, hash.bytes, sizeof out->bytes);
}

#define MAKER_RANDOM 6u /* bytes of an id that the maker chooses; the others say whose it is */

static void maker_tag(const struct vl_id *circle, const struct schema_record *schema,
                      const struct vl_id *person, struct vl_record_id *id)
{
    const uint8_t number[4] = {(uint8_t)schema->type, (uint8_t)(schema->type >> 8),
                               (uint8_t)(schema->type >> 16), (uint8_t)(schema->type >> 24)};
    const struct vl_bytes parts[] = {{circle->bytes, sizeof circle->bytes},
                                     {number, sizeof number},
                                     {person->bytes, sizeof person->bytes},
                                     {id->bytes, MAKER_RANDOM}};
    struct vl_id hash;
    vl_hash(VL_DOMAIN_RECORD_MAKER, parts, 4, &hash);
    memcpy(id->bytes + MAKER_RANDOM, hash.bytes, sizeof id->bytes - MAKER_RANDOM);
}

/* Of one a meeting and person the meeting stands for the random bytes. */
static void meeting_bytes(const struct vl_record_id *meeting, struct vl_record_id *id)
{
    const struct vl_bytes part = {meeting->bytes, sizeof meeting->bytes};
    struct vl_id hash;
    vl_hash(VL_DOMAIN_RECORD_MEETING, &part, 1, &hash);
    memcpy(id->bytes, hash.bytes, MAKER_RANDOM);
}

bool record_id_is_made_by(const struct vl_id *circle, const struct schema_record *schema,
                          const struct vl_record_id *id, const struct vl_id *person)
{
    struct vl_record_id hers = *id;
    maker_tag(circle, schema, person, &hers);
    return memcmp(&hers, id, sizeof hers) == 0;
}

bool record_id_of(const struct vl_id *circle, const struct schema_record *schema,
                  const struct vl_record_id *meeting, const struct vl_id *person,
                  struct vl_record_id *out)
{
    switch (schema->id) {
    case SCHEMA_ID_ONE: record_id_derive(circle, schema->type, vl_bytes(NULL, 0), out); return true;
    case SCHEMA_ID_PERSON:
        record_id_derive(circle, schema->type, vl_bytes(person->bytes, sizeof person->bytes), out);
        return true;
    case SCHEMA_ID_BOTH:
        meeting_bytes(meeting, out);
        maker_tag(circle, schema, person, out);
        return true;
    case SCHEMA_ID_RANDOM:
    case SCHEMA_ID_WORDS:
    case SCHEMA_ID_MAKER: break;
    }
    return false;
}

bool record_id_is_hers(const struct vl_id *circle, const struct schema_record *schema,
                       const struct vl_record_id *id, const struct vl_id *person)
{
    struct vl_record_id hers;
    switch (schema->id) {
    case SCHEMA_ID_PERSON:
        return record_id_of(circle, schema, NULL, person, &hers) &&
               memcmp(&hers, id, sizeof hers) == 0;
    case SCHEMA_ID_BOTH:
    case SCHEMA_ID_MAKER: return record_id_is_made_by(circle, schema, id, person);
    case SCHEMA_ID_RANDOM:
    case SCHEMA_ID_ONE:
    case SCHEMA_ID_WORDS: break;
    }
    return false;
}

vl_result record_id_new(struct vl_replica *r, enum schema_type type, struct vl_record_id *out)
{
    const struct schema_record *schema = schema_record(type);
    struct vl_id me;
    record_id_random(out);
    if (schema->id != SCHEMA_ID_MAKER) return VL_OK;
    VL_TRY(vl_replica_me(r, &me));
    maker_tag(vl_replica_circle(r), schema, &me, out);
    return VL_OK;
}

vl_result record_id_of_words(const struct vl_id *circle, const struct schema_record *schema,
                             struct vl_bytes words, struct vl_record_id *out)
{
    struct vl_value value = {.tag = VL_VALUE_TEXT, .bytes = words};
    struct vl_buffer normal = {0}; /* in NFC */
    vl_result result = vl_value_encode(&value, &normal);
    if (result == VL_OK) result = vl_value_decode(vl_buffer_view(&normal), &value);
    if (result == VL_OK) record_id_derive(circle, schema->type, value.bytes, out);
    vl_buffer_finish(&normal);
    return result;
}

struct finding {
    const char *text;
    size_t size, found;
    struct vl_record_id id;
};

/* Ids come in order: those that begin with the text first. */
static vl_result visit_find(void *context, const struct vl_record_row *row)
{
    struct finding *finding = context;
    char text[RECORD_ID_TEXT_SIZE];
    record_id_text(&row->record, text);
    if (strncmp(text, finding->text, finding->size) != 0) return VL_OK;
    finding->id = row->record;
    finding->found++;
    return VL_OK;
}

/* The place right before the first id that begins with the text. */
static bool place_before(const char *text, size_t size, struct vl_record_id *out)
{
    char digits[RECORD_ID_TEXT_SIZE] = "00000000000000000000000000000000";
    memcpy(digits, text, size);
    if (record_id_parse(digits, out) != VL_OK) return false;
    for (size_t i = sizeof out->bytes; i-- > 0;)
        if (out->bytes[i]-- != 0) return true;
    return false; /* it was zero, and there is no place before it */
}

vl_result record_find(struct vl_replica *r, uint32_t type, const char *text,
                      struct vl_record_id *out)
{
    struct finding finding = {.text = text, .size = strnlen(text, RECORD_ID_TEXT_SIZE)};
    struct vl_record_scan scan = {.type = type, .order = VL_RECORDS_BY_ID, .max = 2};
    if (finding.size < 4 || finding.size >= RECORD_ID_TEXT_SIZE || !is_digits(text, finding.size))
        return VL_ERR_NOT_FOUND;
    scan.after = place_before(text, finding.size, &scan.place.record);
    VL_TRY(vl_replica_find_records(r, &scan, visit_find, &finding));
    if (finding.found == 0) return VL_ERR_NOT_FOUND;
    if (finding.found > 1) return VL_ERR_INVALID;
    *out = finding.id;
    return VL_OK;
}

vl_result record_look_up(struct vl_replica *r, const struct schema_record *schema, const char *text,
                         struct vl_record_id *out)
{
    const uint32_t sealed = schema->type + VL_TYPE_SEALED;
    struct vl_record_id other;
    vl_result in_open = VL_ERR_NOT_FOUND, in_sealed = VL_ERR_NOT_FOUND;
    if (schema->audience != SCHEMA_FOR_FACILITATORS)
        in_open = record_find(r, schema->type, text, out);
    if (schema->audience != SCHEMA_FOR_CIRCLE) in_sealed = record_find(r, sealed, text, &other);
    if (in_sealed == VL_ERR_NOT_FOUND) return in_open;
    if (in_open == VL_OK && in_sealed == VL_OK && memcmp(out, &other, sizeof other) != 0)
        return VL_ERR_INVALID;
    *out = other;
    return in_sealed;
}
