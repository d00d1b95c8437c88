/* Names of images as nodes read them, what they become, and certificates of webhooks. */
#include <string.h>

#include "admission/certificates.h"
#include "admission/image_name.h"

static const struct {
  const char *text, *whole; /* NULL: it is none */
} names[] = {
    {"nginx", "docker.io/library/nginx:latest"},
    {"nginx:1.27", "docker.io/library/nginx:1.27"},
    {"team/app", "docker.io/team/app:latest"},
    {"docker.io/nginx", "docker.io/library/nginx:latest"},
    {"index.docker.io/nginx", "docker.io/library/nginx:latest"},
    {"index.docker.io/team/app:1", "docker.io/team/app:1"},
    {"registry-1.docker.io/library/nginx:1", "docker.io/library/nginx:1"},
    {"localhost/app", "localhost/app:latest"},
    {"localhost:5000/app", "localhost:5000/app:latest"},
    {"Registry.Example.COM/app:V1", "registry.example.com/app:V1"},
    {"registry.example.com:443/app", "registry.example.com/app:latest"},
    {"registry.example.com:5000/a/b/c:1", "registry.example.com:5000/a/b/c:1"},
    {"a.b/c@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "a.b/c@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"a.b/c:v1@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "a.b/c:v1@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"", NULL},
    {"a.b/", NULL},
    {"a.b/C", NULL},
    {"a.b/c:", NULL},
    {"a.b/c@sha256:0", NULL},
    {" nginx", NULL},
    {"nginx ", NULL},
    {"https://a.b/c", NULL},
};

static void
test_names(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autoptr(Reference) name = image_name_parse(names[i].text, NULL);
    g_autofree char *whole = name == NULL ? NULL : image_name_text(name);
    if (g_strcmp0(whole, names[i].whole) != 0)
      g_error("\"%s\" is %s, not %s", names[i].text, whole, names[i].whole);
  }
}

static void
test_pinned(void)
{
  static const char *const pairs[][2] = {
      {"nginx", "nginx:latest@sha256:0"},          {"a.b:5000/c", "a.b:5000/c:latest@sha256:0"},
      {"a.b:5000/c:v1", "a.b:5000/c:v1@sha256:0"}, {"a.b/c@sha256:1", "a.b/c@sha256:1"},
      {"a.b/c:v1@sha256:1", "a.b/c:v1@sha256:1"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
    g_autofree char *pinned = image_name_pinned(pairs[i][0], "sha256:0");
    g_assert_cmpstr(pinned, ==, pairs[i][1]);
  }
}

static void
test_certificates(void)
{
  static const char *const given[] = {"assay.assay-system.svc", "10.0.0.5", "fd00::1", NULL},
                           *const other[] = {"assay.other.svc", NULL};
  g_auto(CertificatePair) authority = {NULL}, server = {NULL}, stranger = {NULL};
  g_autofree char *name_why = NULL, *time_why = NULL, *authority_why = NULL, *broken_why = NULL;
  g_assert_true(certificate_make_authority("one", 100, &authority, NULL));
  g_assert_true(certificate_make_authority("one", 100, &stranger, NULL));
  g_assert_true(certificate_make_server(&authority, given, 365, &server, NULL));
  /* It does not outlive the authority. */
  g_assert_true(certificate_is_fresh(server.certificate, authority.certificate, given, 90, NULL));
  g_assert_false(
      certificate_is_fresh(server.certificate, authority.certificate, given, 101, &time_why));
  g_assert_false(
      certificate_is_fresh(server.certificate, authority.certificate, other, 1, &name_why));
  g_assert_nonnull(strstr(name_why, "assay.other.svc"));
  g_assert_false(
      certificate_is_fresh(server.certificate, stranger.certificate, given, 1, &authority_why));
  g_assert_false(certificate_is_fresh("x", authority.certificate, given, 1, &broken_why));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/admission/names", test_names);
  g_test_add_func("/admission/pinned", test_pinned);
  g_test_add_func("/admission/certificates", test_certificates);
  return g_test_run();
}
