/* Names in filters and distinguished names of LDAP: whatever is typed stays a value. */
#include "access/directory/ldap_text.h"

#include <glib.h>

static const struct {
  const char *template, *name, *dn, *filled;
} filters[] = {
    {"(uid={name})", "alice", NULL, "(uid=alice)"},
    {"(uid={name})", "*", NULL, "(uid=\\2a)"},
    {"(uid={name})", "a)(uid=*", NULL, "(uid=a\\29\\28uid=\\2a)"},
    {"(uid={name})", "a\\2a", NULL, "(uid=a\\5c2a)"},
    {"(uid={name})", "{dn}", "x", "(uid={dn})"},
    {"(uid={name})", "\xc3\xa9", NULL, "(uid=\\c3\\a9)"},
    {"(|(member={dn})(memberUid={name}))", "a", "uid=a,dc=b",
     "(|(member=uid=a,dc=b)(memberUid=a))"},
    {"(|(member={dn})(memberUid={name}))", NULL, "cn=(x)", "(|(member=cn=\\28x\\29)(memberUid=))"},
};

static const struct {
  const char *template, *name, *filled;
} dns[] = {
    {"uid={name},dc=b", "alice", "uid=alice,dc=b"},
    {"uid={name},dc=b", "alice,ou=x", "uid=alice\\2cou\\3dx,dc=b"},
    {"uid={name},dc=b", "a+b=c\"d\\", "uid=a\\2bb\\3dc\\22d\\5c,dc=b"},
    {"uid={name},dc=b", " #a ", "uid=\\20#a\\20,dc=b"},
    {"uid={name},dc=b", "#a", "uid=\\23a,dc=b"},
    {"{name}@example.com", "alice", "alice@example.com"},
};

static void
test_filters(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
    g_autofree char *filled = ldap_fill_filter(filters[i].template, filters[i].name, filters[i].dn);
    g_assert_cmpstr(filled, ==, filters[i].filled);
  }
}

static void
test_names(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(dns); i++) {
    g_autofree char *filled = ldap_fill_dn(dns[i].template, dns[i].name);
    g_assert_cmpstr(filled, ==, dns[i].filled);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ldap-text/filters", test_filters);
  g_test_add_func("/ldap-text/names", test_names);
  return g_test_run();
}
