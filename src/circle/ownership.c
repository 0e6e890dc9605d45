#include "circle/ownership.h"
#include "circle/record.h"

/* Whether this field of such a record is one person's alone. */
static bool is_owned(const struct schema_record *schema, uint32_t id)
{
    const struct schema_field *field;
    switch (schema->writer) {
    case SCHEMA_WRITER_SUBJECT:
    case SCHEMA_WRITER_AUTHOR:
    case SCHEMA_WRITER_ONCE: return true;
    case SCHEMA_WRITER_ANY:
    case SCHEMA_WRITER_FACILITATOR: break;
    }
    field = schema_field(schema->type, id);
    return field != NULL && schema_is_makers(schema, field);
}

bool ownership_may_write(const struct vl_id *circle, const struct vl_operation *operation,
                         const struct vl_id *person)
{
    const struct schema_record *schema = schema_record(operation->type);
    if (schema == NULL || !is_owned(schema, operation->field)) return true;
    return !vl_id_is_zero(person) && record_id_is_hers(circle, schema, &operation->record, person);
}
