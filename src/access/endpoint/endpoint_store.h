/* Endpoints that were made by the API: rows. Those of the configuration are not here. Any thread;
 * all may block on the database. */
#pragma once

#include "access/endpoint/endpoint_settings.h"
#include "storage/sql.h"

typedef struct {
  EndpointSettings *settings;
  int64_t version; /* from 1; rises with each change */
} StoredEndpoint;
void stored_endpoint_free(StoredEndpoint *stored);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoredEndpoint, stored_endpoint_free)

/* By name: StoredEndpoint. (transfer full) */
GPtrArray *endpoint_store_list(SqlPool *sql, GError **error);
/* *stored is NULL when there is none. (transfer full) */
Found endpoint_store_find(SqlPool *sql, const char *name, StoredEndpoint **stored, GError **error);
/* Writes it, and tells `endpoint.created` or `endpoint.changed`. @version: that it has now; 0:
 * there is none of its name. ASSAY_ERROR_EXISTS: it is another. */
bool endpoint_store_put(SqlPool *sql, const EndpointSettings *settings, int64_t version,
                        GError **error);
/* The same of its end; tells `endpoint.deleted`. */
bool endpoint_store_delete(SqlPool *sql, const char *name, int64_t version, GError **error);
