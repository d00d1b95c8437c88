/* Whom trusted proxies name as their client. */
#include "server/http/client.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <string.h>

struct ProxyList {
  GPtrArray *masks; /* GInetAddressMask */
};

/* The config was checked: what is no address or block is not in it. */
ProxyList *
proxy_list_new(const char *const *texts)
{
  ProxyList *list = g_new0(ProxyList, 1);
  list->masks = g_ptr_array_new_with_free_func(g_object_unref);
  for (; texts != NULL && *texts != NULL; texts++) {
    GInetAddressMask *mask = g_inet_address_mask_new_from_string(*texts, NULL);
    if (mask != NULL)
      g_ptr_array_add(list->masks, mask);
  }
  return list;
}

void
proxy_list_free(ProxyList *list)
{
  if (list == NULL)
    return;
  g_ptr_array_unref(list->masks);
  g_free(list);
}

bool
proxy_list_has(const ProxyList *list, const char *address)
{
  if (list->masks->len == 0)
    return false;
  g_autoptr(GInetAddress) parsed = g_inet_address_new_from_string(address);
  for (guint i = 0; parsed != NULL && i < list->masks->len; i++)
    if (g_inet_address_mask_matches(g_ptr_array_index(list->masks, i), parsed))
      return true;
  return false;
}

/* Each proxy adds at the end whom it got the request from: the last that is no proxy of ours is the
 * client. What is before it may have been written by the client. */
char *
forwarded_client(const ProxyList *proxies, const char *peer, const char *forwarded)
{
  if (forwarded == NULL || !proxy_list_has(proxies, peer))
    return g_strdup(peer);
  g_auto(GStrv) hops = g_strsplit(forwarded, ",", -1);
  const char *client = peer;
  for (guint i = g_strv_length(hops); i > 0; i--) {
    const char *hop = g_strstrip(hops[i - 1]);
    if (!g_hostname_is_ip_address(hop))
      break;
    client = hop;
    if (!proxy_list_has(proxies, client))
      break;
  }
  return g_strdup(client);
}

char *
client_network(const char *client)
{
  struct in6_addr address;
  char text[INET6_ADDRSTRLEN];
  if (inet_pton(AF_INET6, client, &address) != 1 || IN6_IS_ADDR_V4MAPPED(&address))
    return g_strdup(client);
  memset(&address.s6_addr[8], 0, 8);
  return g_strdup(inet_ntop(AF_INET6, &address, text, sizeof text));
}
