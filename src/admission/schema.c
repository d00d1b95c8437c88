/* The tables of admission; see storage/schema.h. */
#include "admission/schema.h"

#include <glib.h>

#include "storage/sql.h"

static const char *const steps[] = {
    /* 1: what may run although the policy refuses it. */
    "CREATE TABLE broken_glass ("
    "  cluster TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  namespace TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  image TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  who TEXT NOT NULL,"
    "  reason TEXT NOT NULL,"
    "  since BIGINT NOT NULL,"
    "  until BIGINT NOT NULL,"
    "  PRIMARY KEY (cluster, namespace, image));",
};
const Schema admission_schema = {"admission", steps, G_N_ELEMENTS(steps), NULL};
