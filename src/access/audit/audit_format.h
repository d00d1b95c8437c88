/* A record of the audit as other programs read it. Pure. */
#pragma once

#include <glib.h>
#include <jansson.h>

/* A line of the Common Event Format (ArcSight, revision 25), without its end. (transfer full) */
char *audit_cef(const json_t *record);
/* A message by RFC 5424, facility "log audit", whose text is the record as ASCII JSON. @host: who
 * sends. (transfer full) */
char *audit_syslog_message(const json_t *record, const char *host);
