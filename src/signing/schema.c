/* The steps that made the room's tables (storage/schema.h). */
#include "signing/schema.h"

#include <glib.h>

#include "storage/sql.h"

static const char *const steps[] = {
    /* 1: keys, attestors and rules are few and read whole, so each is a text (signing/signing.h).
     */
    "CREATE TABLE signing ("
    "  kind TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  name TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  content TEXT NOT NULL,"
    "  PRIMARY KEY (kind, name));",
};

const Schema signing_schema = {"signing", steps, G_N_ELEMENTS(steps), NULL};
