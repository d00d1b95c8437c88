/* Which entry of an auth.json or config.json is taken for an image. */
#include "base/error.h"
#include "remote/credentials.h"

#define ME   "bWU6c2VjcmV0" /* me:secret */
#define MARY "bWFyeTphOmI=" /* mary:a:b */

static const struct {
  const char *name, *text, *host, *repository;
  const char *expected; /* "user password token helper", "-" for none; NULL: an error */
} cases[] = {
    {"the host", "{\"auths\": {\"quay.io\": {\"auth\": \"" ME "\"}}}", "quay.io", "a/b",
     "me secret - -"},
    {"another host", "{\"auths\": {\"quay.io\": {\"auth\": \"" ME "\"}}}", "quay.io:443", "a/b",
     "- - - -"},
    {"a host that only begins alike", "{\"auths\": {\"quay.io\": {\"auth\": \"" ME "\"}}}",
     "quay.io.example.org", "a/b", "- - - -"},
    {"the most specific key wins",
     "{\"auths\": {\"quay.io\": {\"auth\": \"" ME "\"}, \"quay.io/a\": {\"auth\": \"" MARY "\"}}}",
     "quay.io", "a/b/c", "mary a:b - -"},
    {"a key is whole parts of the name", "{\"auths\": {\"quay.io/a\": {\"auth\": \"" MARY "\"}}}",
     "quay.io", "ab/c", "- - - -"},
    {"docker's old key", "{\"auths\": {\"https://index.docker.io/v1/\": {\"auth\": \"" ME "\"}}}",
     "registry-1.docker.io", "library/debian", "me secret - -"},
    {"docker's short key", "{\"auths\": {\"docker.io\": {\"auth\": \"" ME "\"}}}",
     "registry-1.docker.io", "library/debian", "me secret - -"},
    {"a key below docker's", "{\"auths\": {\"docker.io/team\": {\"auth\": \"" ME "\"}}}",
     "registry-1.docker.io", "library/debian", "- - - -"},
    {"a host like docker's", "{\"auths\": {\"docker.io.example.org\": {\"auth\": \"" ME "\"}}}",
     "registry-1.docker.io", "library/debian", "- - - -"},
    {"an address with a version", "{\"auths\": {\"http://r:5000/v2/\": {\"auth\": \"" ME "\"}}}",
     "r:5000", "a", "me secret - -"},
    {"user and password apart",
     "{\"auths\": {\"r:5000\": {\"username\": \"u\", \"password\": \"p\"}}}", "r:5000", "a",
     "u p - -"},
    {"padded with NUL", "{\"auths\": {\"r\": {\"auth\": \"bWU6c2VjcmV0AAA=\"}}}", "r", "a",
     "me secret - -"},
    {"an identity token", "{\"auths\": {\"r\": {\"auth\": \"bWU6\", \"identitytoken\": \"t\"}}}",
     "r", "a", "me  t -"},
    {"no pair", "{\"auths\": {\"r\": {\"auth\": \"bWU=\"}}}", "r", "a", "- - - -"},
    {"no base64", "{\"auths\": {\"r\": {\"auth\": \"!\"}}}", "r", "a", "- - - -"},
    {"a helper of the host",
     "{\"auths\": {\"r\": {\"auth\": \"" ME "\"}}, \"credHelpers\": {\"r\": \"vault\"}}", "r", "a",
     "- - - vault"},
    {"a helper of another host", "{\"credHelpers\": {\"r\": \"vault\"}}", "s", "a", "- - - -"},
    {"a store, where the entry is empty", "{\"auths\": {\"r\": {}}, \"credsStore\": \"pass\"}", "r",
     "a", "- - - pass"},
    {"an entry before the store",
     "{\"auths\": {\"r\": {\"auth\": \"" ME "\"}}, \"credsStore\": \"pass\"}", "r", "a",
     "me secret - -"},
    {"a helper that leads elsewhere", "{\"credsStore\": \"../bin/sh\"}", "r", "a", NULL},
    {"an empty file", "{}", "r", "a", "- - - -"},
    {"members of other types", "{\"auths\": [], \"credHelpers\": 1, \"credsStore\": {}}", "r", "a",
     "- - - -"},
    {"no JSON", "auths", "r", "a", NULL},
};

static const char *
shown(const char *text)
{
  return text != NULL ? text : "-";
}

static void
test_entries(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case: %s", cases[i].name);
    g_autoptr(GError) error = NULL;
    g_autofree char *helper = NULL;
    Credentials credentials = {0};
    bool found = false;
    if (!credentials_parse(slice_from_string(cases[i].text), cases[i].host, cases[i].repository,
                           &credentials, &helper, &found, &error)) {
      g_assert_null(cases[i].expected);
      g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
      continue;
    }
    g_assert_no_error(error);
    g_autofree char *actual =
        g_strdup_printf("%s %s %s %s", shown(credentials.user), shown(credentials.password),
                        shown(credentials.identity_token), shown(helper));
    g_assert_cmpstr(actual, ==, cases[i].expected);
    g_assert_cmpint(found, ==, g_strcmp0(cases[i].expected, "- - - -") != 0);
    credentials_clear(&credentials);
  }
}

static void
test_header(void)
{
  Credentials nobody = {0}, somebody = {0};
  g_assert_null(credentials_basic_header(&nobody));
  g_assert_true(credentials_take("me:se:cret", &somebody, NULL));
  g_autofree char *header = credentials_basic_header(&somebody);
  g_assert_cmpstr(header, ==, "Authorization: Basic bWU6c2U6Y3JldA==");
  credentials_clear(&somebody);
  g_assert_true(credentials_take("me", &somebody, NULL));
  g_assert_cmpstr(somebody.password, ==, "");
  credentials_clear(&somebody);
  g_assert_false(credentials_take("", &somebody, NULL));
  g_assert_false(credentials_take(":x", &somebody, NULL));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/credentials/entries", test_entries);
  g_test_add_func("/credentials/header", test_header);
  return g_test_run();
}
