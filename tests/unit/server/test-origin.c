/* Which Host headers may become a part of a URL in an answer. */
#include "server/http/origin.h"

#include <glib.h>

static const struct {
  const char *host;
  bool plain;
} cases[] = {
    {"registry.example.com", true},
    {"registry.example.com:5000", true},
    {"127.0.0.1:5000", true},
    {"[::1]:5000", true},
    {"[fe80::1]", true},
    {"my_host", true},
    {"", false},
    {":5000", false},
    {"host:", false},
    {"host:123456", false},
    {"host:5000x", false},
    {"host:50:00", false},
    {"host/path", false},
    {"user@host", false},
    {"a\"b", false},
    {"a b", false},
    {"a,b", false},
    {"a\r\nX: y", false},
    {"[]", false},
    {"[::1", false},
    {"[::1]x", false},
    {"h\xc3\xb6st", false},
};

static void
test_hosts(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
    if (host_is_plain(cases[i].host) != cases[i].plain)
      g_error("host \"%s\"", cases[i].host);
  g_autofree char *host = g_strnfill(261, 'a');
  g_assert_false(host_is_plain(host));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/origin/hosts", test_hosts);
  return g_test_run();
}
