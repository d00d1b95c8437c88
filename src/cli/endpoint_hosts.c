/* How hosts find endpoints by name; see the header. */
#include "cli/endpoint_hosts.h"

#include <glib.h>
#include <string.h>

#include "base/address.h"
#include "base/json.h"

/* The host of "https://10.0.1.5:443" or "10.0.1.5:443", without brackets. (transfer full) */
static char *
host_of(const char *place)
{
  const char *scheme = strstr(place, "://");
  const char *host = scheme == NULL ? place : scheme + strlen("://");
  const char *colon = strrchr(host, ':');
  size_t size = colon == NULL ? strlen(host) : (size_t)(colon - host);
  if (size >= 2 && host[0] == '[' && host[size - 1] == ']')
    return g_strndup(host + 1, size - 2);
  return g_strndup(host, size);
}

typedef struct {
  const char *everywhere; /* the address of the server, or NULL */
  GString *hosts, *zone;
  bool unknown;
} Lines;

static void
add_line(Lines *lines, const char *host, const char *name)
{
  Address address;
  if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
    host = lines->everywhere;
  if (host == NULL) {
    lines->unknown = true;
    return;
  }
  bool known = address_parse(slice_from_string(host), &address);
  if (!known)
    return;
  bool dotted = strchr(name, '.') != NULL;
  g_string_append_printf(lines->hosts, "%s %s\n", host, name);
  g_string_append_printf(lines->zone, "%s%s 300 IN %s %s\n", name, dotted ? "." : "",
                         address_is_ipv4(&address) ? "A" : "AAAA", host);
}

static void
add_endpoint(Lines *lines, const json_t *endpoint)
{
  g_auto(GStrv) names = json_get_strings(endpoint, "server_names");
  const char *own[] = {json_get_string(endpoint, "name"), NULL};
  const char *const *called = names != NULL && *names != NULL ? (const char *const *)names : own;
  size_t index;
  json_t *place;
  json_array_foreach(json_get_array(endpoint, "urls"), index, place) {
    g_autofree char *host = host_of(json_string_value(place));
    for (const char *const *name = called; *name != NULL; name++)
      add_line(lines, host, *name);
  }
}

char *
endpoint_hosts_text(const json_t *endpoints, const char *address)
{
  g_autoptr(GString) hosts = g_string_new("# /etc/hosts\n");
  g_autoptr(GString) zone = g_string_new("; DNS zone; names without a dot are within it\n");
  Lines lines = {address, hosts, zone, false};
  size_t index;
  json_t *endpoint;
  json_array_foreach(endpoints, index, endpoint) {
    if (g_strcmp0(json_get_string(endpoint, "name"), "default") != 0)
      add_endpoint(&lines, endpoint);
  }
  return g_strconcat(hosts->str, "\n", zone->str,
                     lines.unknown ? "\n; an endpoint listens at all addresses of the server: "
                                     "--address names the one to be found by\n"
                                   : "",
                     NULL);
}
