#include "store/store_internal.h"
#include <stdio.h>

/* The vault's own notes stand under the empty id. */
static struct vl_bytes owner(const struct vl_id *circle)
{
    return circle != NULL ? vl_bytes(circle->bytes, sizeof circle->bytes) : vl_bytes("", 0);
}

vl_result store_note_put(struct store *s, const struct vl_id *circle, const char *name,
                         struct vl_bytes value)
{
    sqlite3_stmt *statement = NULL;
    VL_TRY(database_statement(&s->db, SQL_NOTE_PUT, &statement));
    bind_bytes(statement, 1, owner(circle));
    bind_text(statement, 2, name);
    bind_bytes(statement, 3, value.data != NULL ? value : vl_bytes("", 0));
    return store_run_alone(s, statement);
}

vl_result store_note_get(struct store *s, const struct vl_id *circle, const char *name,
                         struct vl_buffer *value)
{
    sqlite3_stmt *statement = NULL;
    vl_buffer_clear(value);
    VL_TRY(database_statement(&s->db, SQL_NOTE_GET, &statement));
    bind_bytes(statement, 1, owner(circle));
    bind_text(statement, 2, name);
    vl_result result = database_step(&s->db, statement);
    if (result == VL_OK) {
        struct vl_bytes bytes = column_bytes(statement, 0);
        result = vl_buffer_append(value, bytes.data, bytes.size);
    }
    database_done(statement);
    return result;
}

#define ACKNOWLEDGED_SIZE (VL_ID_TEXT_SIZE + 32u)

static void acknowledged_name(const struct vl_id *enrolled_by, char out[static ACKNOWLEDGED_SIZE])
{
    char id[VL_ID_TEXT_SIZE];
    vl_id_text(enrolled_by, id);
    (void)snprintf(out, ACKNOWLEDGED_SIZE, "device acknowledged %s", id);
}

vl_result store_device_acknowledge(struct store *s, const struct vl_id *circle,
                                   const struct vl_id *enrolled_by)
{
    char name[ACKNOWLEDGED_SIZE];
    acknowledged_name(enrolled_by, name);
    return store_note_put(s, circle, name, vl_bytes("", 0));
}

vl_result store_device_acknowledged(struct store *s, const struct vl_id *circle,
                                    const struct vl_id *enrolled_by, bool *is)
{
    char name[ACKNOWLEDGED_SIZE];
    struct vl_buffer value = {0};
    acknowledged_name(enrolled_by, name);
    vl_result result = store_note_get(s, circle, name, &value);
    vl_buffer_finish(&value);
    *is = result == VL_OK;
    return result == VL_ERR_NOT_FOUND ? VL_OK : result;
}
