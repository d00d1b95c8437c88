/* Which proxies are trusted to say who their client is (trusted_proxies). */
#pragma once

#include <stdbool.h>

typedef struct ProxyList ProxyList;

/* (transfer full) */
ProxyList *proxy_list_new(const char *const *texts);
void proxy_list_free(ProxyList *list);
bool proxy_list_has(const ProxyList *list, const char *address);
/* Whom @forwarded (X-Forwarded-For, or NULL) names, as far as trusted proxies wrote it; else @peer.
 * (transfer full) */
char *forwarded_client(const ProxyList *proxies, const char *peer, const char *forwarded);
/* What counts as one client: an IPv4 address, or the first half of an IPv6 address. (transfer full)
 */
char *client_network(const char *client);
