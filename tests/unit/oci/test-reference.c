/* Names, tags and references by their grammars. */
#include <string.h>

#include "base/error.h"
#include "oci/reference.h"

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void
test_names(void)
{
  static const struct {
    const char *name;
    bool valid;
  } cases[] = {
      {"a", true},       {"library/debian", true},
      {"a/b/c/d", true}, {"a.b_c__d-e---f", true},
      {"0", true},       {"", false},
      {"/a", false},     {"a/", false},
      {"a//b", false},   {"A", false},
      {"a..b", false},   {"a___b", false},
      {"-a", false},     {"a-", false},
      {"a/../b", false}, {"a b", false},
      {"a._b", false},   {"\xc3\xa9", false},
      {"a/.b", false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case \"%s\"", cases[i].name);
    g_assert_cmpint(repository_name_is_valid(cases[i].name), ==, cases[i].valid);
  }
  g_autofree char *longest = g_strnfill(REPOSITORY_NAME_MAX, 'a');
  g_autofree char *too_long = g_strnfill(REPOSITORY_NAME_MAX + 1, 'a');
  g_assert_true(repository_name_is_valid(longest));
  g_assert_false(repository_name_is_valid(too_long));
}

static void
test_tags(void)
{
  static const struct {
    const char *tag;
    bool valid;
  } cases[] = {
      {"latest", true}, {"1.0", true}, {"_x", true},   {"A-b.C", true}, {"", false},
      {".x", false},    {"-x", false}, {"a/b", false}, {"a:b", false},  {"a b", false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case \"%s\"", cases[i].tag);
    g_assert_cmpint(tag_is_valid(cases[i].tag), ==, cases[i].valid);
  }
  g_autofree char *too_long = g_strnfill(TAG_MAX + 1, 'a');
  g_assert_false(tag_is_valid(too_long));

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
  g_assert_true(tag_is_of_referrers("sha256-" HEX));
  g_assert_true(tag_is_of_referrers("sha512-" HEX));
  static const char *const others[] = {"latest",    "sha256-",         "sha256-" HEX ".sig",
                                       "sha1-" HEX, "sha256-" HEX "0", "sha256-xyz"};
  for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
    g_assert_false(tag_is_of_referrers(others[i]));
}

/* Whatever only looks like one is a tag like others. */
static void
test_tags_of_what_is_beside(void)
{
  static const struct {
    const char *tag, *suffix, *subject;
  } cases[] = {
      {"sha256-" HEX, "", "sha256:" HEX},
      {"sha256-" HEX ".sig", ".sig", "sha256:" HEX},
      {"sha256-" HEX ".att", ".att", "sha256:" HEX},
      {"sha256-" HEX ".sbom", ".sbom", "sha256:" HEX},
      {"sha512-" HEX, "", NULL},
      {"sha512-" HEX ".sig", ".sig", NULL},
      {"sha256-" HEX "-sig", NULL, NULL},
      {"sha256-" HEX "0", NULL, NULL},
      {"sha256-" HEX "0.sig", NULL, NULL},
      {"sha256-release", NULL, NULL},
      {"sha256-", NULL, NULL},
      {"sha1-" HEX ".sig", NULL, NULL},
      {"v1.sig", NULL, NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *subject = tag_subject(cases[i].tag);
    g_assert_cmpstr(tag_suffix_beside(cases[i].tag), ==, cases[i].suffix);
    g_assert_cmpstr(subject, ==, cases[i].subject);
  }
}

static void
test_references(void)
{
  static const struct {
    const char *text, *host, *repository, *tag, *digest;
  } cases[] = {
      {"debian", "registry-1.docker.io", "library/debian", "latest", NULL},
      {"grafana/loki:3", "registry-1.docker.io", "grafana/loki", "3", NULL},
      {"localhost/a", "localhost", "a", "latest", NULL},
      {"127.0.0.1:5000/a/b:1", "127.0.0.1:5000", "a/b", "1", NULL},
      {"[::1]:5000/a", "[::1]:5000", "a", "latest", NULL},
      {"ghcr.io/a/b@" DIGEST, "ghcr.io", "a/b", NULL, DIGEST},
      {"ghcr.io/a/b:t@" DIGEST, "ghcr.io", "a/b", "t", DIGEST},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Reference) reference = reference_parse(cases[i].text, &error);
    g_test_message("case \"%s\"", cases[i].text);
    g_assert_no_error(error);
    g_assert_cmpstr(reference->host, ==, cases[i].host);
    g_assert_cmpstr(reference->repository, ==, cases[i].repository);
    g_assert_cmpstr(reference->tag, ==, cases[i].tag);
    g_assert_cmpstr(reference->digest, ==, cases[i].digest);
  }
  static const char *const refused[] = {
      "",         "UPPER",   "a:",      "a:b:c",   "host:port/a",   "h.io/",      "a@sha256:1",
      "h.io/a b", ":5000/a", "[::1/a",  "h.io./a", "h..io/a",       ".h.io/a",    "-h.io/a",
      "h-.io/a",  "h.-io/a", "h_i.o/a", "h.io:/a", "h.io:5000:1/a", "[::1]x:1/a", "[]:1/a"};
  for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autoptr(GError) error = NULL;
    g_test_message("refused \"%s\"", refused[i]);
    g_assert_null(reference_parse(refused[i], &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/reference/names", test_names);
  g_test_add_func("/reference/tags", test_tags);
  g_test_add_func("/reference/tags-beside", test_tags_of_what_is_beside);
  g_test_add_func("/reference/references", test_references);
  return g_test_run();
}
