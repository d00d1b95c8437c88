/* Pull secrets: what a Pod names, what is in them, and which are for an image: cases as kubelets
 * have them (pkg/credentialprovider/keyring_test.go of Kubernetes describes the rules). */
#include <string.h>

#include "admission/image_name.h"
#include "admission/pull_secrets.h"
#include "base/json.h"

static char *
encode(const char *text)
{
  return g_base64_encode((const guchar *)text, strlen(text));
}

/* A Secret whose file has an entry for each key, with the key itself as the user. */
static PullSecrets *
secrets_for(const char *const *keys)
{
  g_autoptr(GString) auths = g_string_new("{\"auths\": {");
  for (size_t i = 0; keys[i] != NULL; i++)
    g_string_append_printf(auths, "%s\"%s\": {\"username\": \"u%zu\", \"password\": \"p:%zu\"}",
                           i > 0 ? ", " : "", keys[i], i, i);
  g_string_append(auths, "}}");
  g_autofree char *encoded = encode(auths->str);
  g_autoptr(json_t) secret = json_pack("{s:s,s:{s:s}}", "type", "kubernetes.io/dockerconfigjson",
                                       "data", ".dockerconfigjson", encoded);
  PullSecrets *secrets = pull_secrets_new();
  g_assert_true(pull_secrets_add(secrets, secret, NULL));
  return secrets;
}

static const struct {
  const char *keys[6], *image, *wanted; /* the numbers of those that fit, in their order */
} cases[] = {
    {{"quay.io"}, "quay.io/a/b:1", "0"},
    {{"https://quay.io"}, "quay.io/a/b:1", "0"},
    {{"http://quay.io/v1/"}, "quay.io/a/b:1", "0"},
    {{"https://quay.io/v2/"}, "quay.io/a", "0"},
    {{"quay.io/a/b", "quay.io", "quay.io/a"}, "quay.io/a/b:1", "021"},
    {{"quay.io/a/b", "quay.io/c"}, "quay.io/c/b:1", "1"},
    {{"quay.io/v2/a"}, "quay.io/a/b", "0"},
    {{"*.io", "quay.*"}, "quay.io/a", "10"},
    {{"*.example.org"}, "r.example.org/a", "0"},
    {{"*.example.org"}, "a.r.example.org/a", ""},
    {{"*.example.org"}, "example.org/a", ""},
    {{"*.*.example.org", "app*.r.example.org"}, "app7.r.example.org/a", "10"},
    {{"r.example.org"}, "r.example.org:5000/a", ""},
    {{"r.example.org:5000", "*.example.org:5000", "r.example.org"}, "r.example.org:5000/a", "01"},
    {{"r.example.org:443"}, "r.example.org/a", "0"},
    {{"R.Example.org"}, "r.example.org/a", "0"},
    {{"https://index.docker.io/v1/"}, "nginx", "0"},
    {{"docker.io"}, "nginx", "0"},
    {{"index.docker.io", "docker.io/team"}, "team/app", "1"},
    {{"index.docker.io", "docker.io/team"}, "nginx", "0"},
    {{"index.docker.io"}, "quay.io/nginx", ""},
    {{"evil.org/quay.io"}, "quay.io/a", ""},
    {{""}, "quay.io/a", ""},
    {{"*"}, "quay.io/a", ""},
    {{"*"}, "localhost/a", "0"},
};

static void
test_matching(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(PullSecrets) secrets = secrets_for(cases[i].keys);
    g_autoptr(Reference) name = image_name_parse(cases[i].image, NULL);
    GStrv logins = pull_secrets_match(secrets, name);
    g_autoptr(GString) got = g_string_new(NULL);
    for (size_t j = 0; logins[j] != NULL; j++) {
      g_autofree char *wanted = g_strdup_printf("u%c:p:%c", logins[j][1], logins[j][1]);
      g_assert_cmpstr(logins[j], ==, wanted);
      g_string_append_c(got, logins[j][1]);
    }
    g_test_message("%s: %s", cases[i].keys[0], cases[i].image);
    g_assert_cmpstr(got->str, ==, cases[i].wanted);
    logins_free(logins);
  }
}

static const struct {
  const char *type, *member, *text;
  bool taken;
  const char *login; /* for quay.io; NULL: none */
} files[] = {
    {"kubernetes.io/dockerconfigjson", ".dockerconfigjson",
     "{\"auths\": {\"quay.io\": {\"auth\": \"YTpiOmM=\"}}}", true, "a:b:c"},
    {"kubernetes.io/dockerconfigjson", ".dockerconfigjson",
     "{\"auths\": {\"quay.io\": {\"auth\": \"YTpi\", \"username\": \"x\"}}}", true, "a:b"},
    {"kubernetes.io/dockercfg", ".dockercfg",
     "{\"https://quay.io/v1/\": {\"username\": \"a\", \"password\": \"b\"}}", true, "a:b"},
    {"kubernetes.io/dockercfg", ".dockerconfigjson", "{}", false, NULL},
    {"kubernetes.io/dockerconfigjson", ".dockerconfigjson", "{\"auths\": []}", false, NULL},
    {"kubernetes.io/dockerconfigjson", ".dockerconfigjson", "s3cret", false, NULL},
    {"kubernetes.io/dockerconfigjson", ".dockerconfigjson",
     "{\"auths\": {\"quay.io\": 1, \"a.b\": {}, \"c.d\": {\"auth\": \"%\"}}}", true, NULL},
    {"Opaque", ".dockerconfigjson", "{\"auths\": {}}", false, NULL},
};

static void
test_files(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(PullSecrets) secrets = pull_secrets_new();
    g_autofree char *encoded = encode(files[i].text);
    g_autoptr(json_t) secret =
        json_pack("{s:s,s:{s:s}}", "type", files[i].type, "data", files[i].member, encoded);
    g_assert_true(pull_secrets_add(secrets, secret, &error) == files[i].taken);
    g_assert_true(error == NULL || strstr(error->message, "s3cret") == NULL);
    g_autoptr(Reference) name = image_name_parse("quay.io/a", NULL);
    GStrv logins = pull_secrets_match(secrets, name);
    g_assert_cmpstr(logins[0], ==, files[i].login);
    logins_free(logins);
  }
}

static void
test_asked(void)
{
  static const char text[] =
      "{\"metadata\": {}, \"spec\": {\"template\": {\"spec\": {\"serviceAccountName\": \"robot\","
      " \"imagePullSecrets\": [{\"name\": \"one\"}, {\"name\": \"../two\"}, {\"name\": 1}, {},"
      " {\"name\": \"t.wo\"}]}}}}";
  g_autoptr(json_t) object = json_parse(slice_from_string(text), NULL);
  Review review = {.group = "apps", .kind = "Deployment", .namespace = "shop", .object = object};
  g_auto(PullSecretsAsked) asked = {NULL};
  g_assert_true(pull_secrets_asked(&review, &asked));
  g_assert_cmpstr(asked.service_account, ==, "robot");
  g_autofree char *names = g_strjoinv(" ", asked.names);
  g_assert_cmpstr(names, ==, "one t.wo");
  static const char *const wrong[] = {"", "..", "a/b", "shop?", "Shop"};
  for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
    g_auto(PullSecretsAsked) none = {NULL};
    review.namespace = wrong[i];
    g_assert_false(pull_secrets_asked(&review, &none));
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/pull-secrets/matching", test_matching);
  g_test_add_func("/pull-secrets/files", test_files);
  g_test_add_func("/pull-secrets/asked", test_asked);
  return g_test_run();
}
