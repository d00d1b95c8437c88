/* Conditional requests of the API (RFC 9110, section 13), for all its routes: no handler knows of
 * them. What shows an object has an ETag, and answers If-None-Match with 304. What changes one and
 * says If-Match is refused with 412 when GET of the same path would not show that ETag: before the
 * change is begun, and again in its transaction (sql_guard_transactions()), so that nobody else can
 * come in between. */
#pragma once

#include "server/http/http.h"
#include "storage/sql.h"

/* Whether @request says If-Match of what it changes. */
bool conditions_are_made(const Request *request);
/* Whether what @request wants to change is what it takes it for, or it says nothing of that;
 * ASSAY_ERROR_CHANGED. */
bool conditions_hold(Request *request, GError **error);
