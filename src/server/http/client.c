/* Whom trusted proxies name as their client. */
#include "server/http/client.h"

#include <arpa/inet.h>
#include <string.h>

static Slice
last_field(Slice *rest)
{
  size_t start = rest->size;
  while (start > 0 && rest->data[start - 1] != ',')
    start--;
  Slice field = slice_strip(slice_sub(*rest, start, rest->size));
  *rest = slice_sub(*rest, 0, start == 0 ? 0 : start - 1);
  return field;
}

/* Each proxy adds at the end whom it got the request from: the last that is no proxy of ours is the
 * client. What is before it may have been written by the client. */
Address
forwarded_client(const Endpoint *endpoint, const Address *peer, const char *forwarded)
{
  Address client = *peer, hop;
  Slice rest = slice_from_string(forwarded);
  while (rest.size > 0 && endpoint_trusts(endpoint, &client) &&
         address_parse_with_port(last_field(&rest), &hop))
    client = hop;
  return client;
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
