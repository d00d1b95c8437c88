/* Addresses that servers listen on; see the header. */
#include "inspect/baseline/addresses.h"

#include <glib.h>
#include <string.h>

bool
address_is_any(const char *address)
{
  return g_strv_contains(
      (const char *const[]){"*", "0.0.0.0", "::", "[::]", "0", "0.0.0.0/0", "::/0", "::*", NULL},
      address);
}

bool
address_is_local(const char *address)
{
  return g_str_has_prefix(address, "127.") || *address == '/' ||
         g_str_has_prefix(address, "unix:") ||
         g_strv_contains((const char *const[]){"::1", "[::1]", "localhost", "_local_", NULL},
                         address);
}

static bool
each(const char *list, bool (*is)(const char *), bool all)
{
  g_auto(GStrv) addresses = g_strsplit_set(list, " \t,", -1);
  for (char **address = addresses; *address != NULL; address++) {
    const char *one = *address + (**address == '-');
    if (*one != '\0' && is(one) != all)
      return !all;
  }
  return all;
}

bool
addresses_have_any(const char *list)
{
  return each(list, address_is_any, false);
}

bool
addresses_are_local(const char *list)
{
  return each(list, address_is_local, true);
}

bool
mysql_host_is_any(const char *host)
{
  return *host == '\0' || strcmp(host, "0.0.0.0/0.0.0.0") == 0 ||
         (strchr(host, '%') != NULL && strspn(host, "%_.:") == strlen(host));
}
