/* How hosts find endpoints by name. Pure. */
#pragma once

#include <jansson.h>

/* Lines for /etc/hosts and for a DNS zone, of endpoints as the API lists them. @address: of the
 * server, where one listens at all addresses; NULL: not known. (transfer full) */
char *endpoint_hosts_text(const json_t *endpoints, const char *address);
