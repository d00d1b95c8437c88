/* Who a request comes from, where proxies pass it on. Pure. */
#pragma once

#include <stdbool.h>

#include "access/endpoint/endpoint.h"

/* The client of a connection from @peer: whom @forwarded names (all lines of the endpoint's
 * `forwarded_by` header, joined by commas; or NULL), as far as trusted proxies wrote it; else the
 * peer. */
Address forwarded_client(const Endpoint *endpoint, const Address *peer, const char *forwarded);
/* What counts as one client: an IPv4 address, or the first half of an IPv6 address. (transfer full)
 */
char *client_network(const char *client);
