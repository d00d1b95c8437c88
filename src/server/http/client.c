/* Whom trusted proxies name as their client. */
#include "server/http/client.h"

#include <arpa/inet.h>
#include <string.h>

/* A header with more is not looked at. */
#define HOPS_MAX 1000u

/* --- Forwarded: RFC 7239 --- */

/* A token or a quoted string, from the start of *@rest; without its quotes. The strings that name a
 * node hold no escapes. */
static bool
take_value(Slice *rest, Slice *value)
{
  bool quoted = rest->size > 0 && rest->data[0] == '"';
  size_t start = quoted ? 1 : 0, end = start;
  while (end < rest->size &&
         (quoted ? rest->data[end] != '"' : strchr(";, \t\"\\", rest->data[end]) == NULL)) {
    if (rest->data[end] == '\\' || rest->data[end] == '\0')
      return false;
    end++;
  }
  if (quoted && end == rest->size)
    return false;
  *value = slice_sub(*rest, start, end - start);
  *rest = slice_sub(*rest, end + start, rest->size);
  return true;
}

static Slice
skip_spaces(Slice rest)
{
  while (rest.size > 0 && (rest.data[0] == ' ' || rest.data[0] == '\t'))
    rest = slice_sub(rest, 1, rest.size);
  return rest;
}

/* The names of the elements' `for` in their order, an empty one where an element has none. NULL:
 * it is no such header. (transfer full): Slice */
static GArray *
read_forwarded(Slice rest)
{
  g_autoptr(GArray) hops = g_array_new(FALSE, FALSE, sizeof(Slice));
  Slice hop = SLICE_EMPTY, value;
  for (rest = skip_spaces(rest); rest.size > 0; rest = skip_spaces(rest)) {
    gssize equals = slice_find(rest, '=');
    if (equals <= 0 || hops->len > HOPS_MAX)
      return NULL;
    bool is_for = equals == 3 && g_ascii_strncasecmp((const char *)rest.data, "for", 3) == 0;
    rest = slice_sub(rest, (size_t)equals + 1, rest.size);
    if (!take_value(&rest, &value) || (is_for && hop.size > 0))
      return NULL;
    hop = is_for ? value : hop;
    rest = skip_spaces(rest);
    bool ends = rest.size == 0 || rest.data[0] == ',';
    if (!ends && rest.data[0] != ';')
      return NULL;
    if (ends)
      g_array_append_val(hops, hop);
    hop = ends ? SLICE_EMPTY : hop;
    rest = slice_sub(rest, 1, rest.size);
  }
  return g_steal_pointer(&hops);
}

/* (transfer full): Slice */
static GArray *
read_forwarded_for(Slice rest)
{
  GArray *hops = g_array_new(FALSE, FALSE, sizeof(Slice));
  Slice hop;
  while (slice_next_field(&rest, ',', &hop) && hops->len <= HOPS_MAX) {
    hop = slice_strip(hop);
    g_array_append_val(hops, hop);
  }
  return hops;
}

/* --- the client --- */

/* Each proxy adds at the end whom it got the request from: the last that is no proxy of ours is the
 * client. What is before it may have been written by the client. */
Address
forwarded_client(const Endpoint *endpoint, const Address *peer, const char *forwarded)
{
  Address client = *peer, hop;
  bool standard = endpoint->settings->forwarded_by == FORWARDED_BY_FORWARDED;
  Slice text = slice_from_string(forwarded);
  g_autoptr(GArray) hops = standard ? read_forwarded(text) : read_forwarded_for(text);
  for (guint i = hops == NULL || hops->len > HOPS_MAX ? 0 : hops->len; i > 0; i--) {
    if (!endpoint_trusts(endpoint, &client) ||
        !address_parse_with_port(g_array_index(hops, Slice, i - 1), &hop))
      break;
    client = hop;
  }
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
