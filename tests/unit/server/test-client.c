/* Whom proxies name as the client of a request. */
#include "server/http/client.h"

#include "base/json.h"

/* Trusts 10.0.0.1, 10.0.0.2 and 2001:db8::1. (transfer full) */
static Endpoint *
make(const char *forwarded_by)
{
  g_autoptr(json_t) object =
      json_pack("{s:s, s:s, s:[s], s:[s,s,s]}", "name", "one", "forwarded_by", forwarded_by,
                "listen", "10.0.0.1:443", "trusted_proxies", "10.0.0.1", "10.0.0.2", "2001:db8::1");
  EndpointSettings *settings = endpoint_settings_parse(object, NULL);
  g_assert_nonnull(settings);
  return endpoint_new(settings, false);
}

typedef struct {
  const char *peer, *header, *client;
} Case;

static void
check(const char *forwarded_by, const Case *cases, size_t count)
{
  g_autoptr(Endpoint) endpoint = make(forwarded_by);
  for (size_t i = 0; i < count; i++) {
    char text[INET6_ADDRSTRLEN];
    Address peer;
    g_test_message("%s: %s", cases[i].peer, cases[i].header);
    g_assert_true(address_parse(slice_from_string(cases[i].peer), &peer));
    Address client = forwarded_client(endpoint, &peer, cases[i].header);
    address_text(&client, text);
    g_assert_cmpstr(text, ==, cases[i].client);
  }
}

static const Case x_forwarded_for[] = {
    {"192.0.2.1", NULL, "192.0.2.1"},
    {"192.0.2.1", "10.0.0.1", "192.0.2.1"}, /* nobody believes it */
    {"10.0.0.1", NULL, "10.0.0.1"},
    {"10.0.0.1", "", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1", "192.0.2.1"},
    {"::ffff:10.0.0.1", "192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", "127.0.0.1, 192.0.2.1", "192.0.2.1"}, /* the first is the client's own word */
    {"10.0.0.1", "192.0.2.1, 10.0.0.2", "192.0.2.1"},
    {"10.0.0.1", "192.0.2.1,10.0.0.2 ,10.0.0.1", "192.0.2.1"},
    {"10.0.0.1", "10.0.0.2", "10.0.0.2"},
    {"10.0.0.1", "192.0.2.1:5678", "192.0.2.1"},
    {"10.0.0.1", "[2001:db8::5]:80", "2001:db8::5"},
    {"2001:db8::1", "2001:db8::5", "2001:db8::5"},
    {"10.0.0.1", "127.0.0.1, unknown", "10.0.0.1"},
    {"10.0.0.1", "127.0.0.1,", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1\t", "192.0.2.1"},
    {"10.0.0.1", "localhost", "10.0.0.1"},
};

static const Case forwarded[] = {
    {"192.0.2.1", "for=10.0.0.1", "192.0.2.1"},
    {"10.0.0.1", NULL, "10.0.0.1"},
    {"10.0.0.1", "for=192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", "For=\"192.0.2.1:4711\"", "192.0.2.1"},
    {"10.0.0.1", "for=\"[2001:db8::5]:4711\";proto=https;by=10.0.0.1", "2001:db8::5"},
    {"10.0.0.1", "proto=https; for=192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", "for=127.0.0.1, for=192.0.2.1", "192.0.2.1"},
    {"10.0.0.1", "for=192.0.2.1, for=10.0.0.2", "192.0.2.1"},
    {"10.0.0.1", "for=192.0.2.1;for=127.0.0.1", "10.0.0.1"},
    {"10.0.0.1", "for=\"127.0.0.1, for=192.0.2.1", "10.0.0.1"},
    {"10.0.0.1", "for=\"127.0.0.1\\\", for=\"", "10.0.0.1"},
    {"10.0.0.1", "for=127.0.0.1, proto=https", "10.0.0.1"},
    {"10.0.0.1", "for=127.0.0.1, for=unknown", "10.0.0.1"},
    {"10.0.0.1", "for=127.0.0.1, for=_hidden", "10.0.0.1"},
    {"10.0.0.1", "for=127.0.0.1 for=192.0.2.1", "10.0.0.1"},
    {"10.0.0.1", "192.0.2.1", "10.0.0.1"},
    {"10.0.0.1", "=192.0.2.1", "10.0.0.1"},
    {"10.0.0.1", ",,,", "10.0.0.1"},
};

static void
test_forwarded_for(void)
{
  check("x-forwarded-for", x_forwarded_for, G_N_ELEMENTS(x_forwarded_for));
}

static void
test_forwarded(void)
{
  check("forwarded", forwarded, G_N_ELEMENTS(forwarded));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/client/forwarded-for", test_forwarded_for);
  g_test_add_func("/client/forwarded", test_forwarded);
  return g_test_run();
}
