/* Version order: our own table, the public vectors where they are at hand, and the laws of an
 * order. */
#include <stdlib.h>
#include <string.h>

#include "version/version.h"

typedef struct {
  const char *name;
  VersionScheme scheme;
  const char *vectors; /* names of files of public vectors, with blanks between them */
  bool transitive;     /* a total order over any bytes */
} SchemeCase;

static const SchemeCase schemes[] = {
    {"debian", VERSION_DEBIAN, "debian debian-generated", true},
    {"alpine", VERSION_APK, "alpine alpine-generated", false},
    {"redhat", VERSION_RPM, "redhat", false},
    {"arch", VERSION_ALPM, "pacman", false},
    {"semver", VERSION_SEMVER, "semver cargo hex", true},
    {"npm", VERSION_NPM, "npm npm-nodesemver", true},
    {"pub", VERSION_PUB, "pub", true},
    {"go", VERSION_GO, "go", true},
    {"pypi", VERSION_PYPI, "pypi pypi-depsdev pypi-generated", true},
    {"maven", VERSION_MAVEN, "maven maven-depsdev maven-generated", false},
    {"rubygems", VERSION_RUBYGEMS, "rubygems rubygems-depsdev rubygems-generated", true},
    {"nuget", VERSION_NUGET, "nuget nuget-depsdev", true},
    {"composer", VERSION_COMPOSER, "packagist packagist-generated", false},
    {"numbers", VERSION_NUMBERS, "cran cran-generated hackage", true},
    {"bitnami", VERSION_BITNAMI, "", true},
    {"jvm", VERSION_JVM, "", true},
    {"portage", VERSION_PORTAGE, "", false},
    {"opam", VERSION_OPAM, "", true},
    {"kb", VERSION_KB, "", false},
    {"fuzzy", VERSION_FUZZY, "", true},
};

/* Lines of public vectors that are wrong, and why. */
static const struct {
  const char *line, *reason;
} wrong[] = {
    {"1.0.0alpha > 1.0.0", "vercmp(8): 1.0a < 1.0alpha < 1.0 (a rule of Grype's own)"},
};

static bool
is_wrong(const char *path, const char *line)
{
  if (!g_str_has_suffix(path, "pacman.txt"))
    return false;
  for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
    if (strcmp(line, wrong[i].line) == 0)
      return true;
  return false;
}

static int
sign(int order)
{
  return (order > 0) - (order < 0);
}

/* Lines "A < B", "A = B", "A > B"; "#" starts a comment. Returns the number of cases. */
static unsigned
check_file(const char *path, VersionScheme scheme)
{
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  unsigned count = 0;
  if (!g_file_get_contents(path, &text, NULL, &error))
    g_error("%s", error->message);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (unsigned i = 0; lines[i] != NULL; i++) {
    const char *line = g_strstrip(lines[i]);
    if (*line == '\0' || *line == '#' || g_str_has_prefix(line, "//") || is_wrong(path, line))
      continue;
    g_auto(GStrv) words = g_strsplit(line, " ", 3);
    if (g_strv_length(words) != 3)
      g_error("%s:%u: not a case: %s", path, i + 1, line);
    int expected = *words[1] == '<' ? -1 : *words[1] == '>' ? 1 : 0;
    int forward = sign(version_compare_strings(scheme, words[0], words[2]));
    int backward = sign(version_compare_strings(scheme, words[2], words[0]));
    if (forward != expected || backward != -expected) {
      g_test_message("%s:%u: %s (got %d and %d)", path, i + 1, line, forward, backward);
      g_test_fail();
    }
    count++;
  }
  return count;
}

static void
test_own_table(gconstpointer data)
{
  const SchemeCase *scheme = data;
  g_autofree char *file = g_strconcat(scheme->name, ".txt", NULL);
  g_autofree char *path = g_build_filename(g_getenv("CASES"), file, NULL);
  g_assert_cmpuint(check_file(path, scheme->scheme), >, 10);
}

/* $VECTORS, below $ASSAY_SHARED, or where these lie beside the project. */
static char *
vectors_folder(void)
{
  const char *shared = g_getenv("ASSAY_SHARED");
  if (g_getenv("VECTORS") != NULL)
    return g_strdup(g_getenv("VECTORS"));
  return shared != NULL ? g_build_filename(shared, "vectors", "versions", NULL)
                        : g_strdup(g_getenv("VECTORS_BESIDE"));
}

static void
test_vectors(gconstpointer data)
{
  const SchemeCase *scheme = data;
  g_autofree char *folder = vectors_folder();
  g_auto(GStrv) names = g_strsplit(scheme->vectors, " ", -1);
  unsigned count = 0;
  for (char **name = names; *name != NULL; name++) {
    g_autofree char *file = g_strconcat(*name, ".txt", NULL);
    g_autofree char *path = g_build_filename(folder, file, NULL);
    if (g_file_test(path, G_FILE_TEST_EXISTS))
      count += check_file(path, scheme->scheme);
  }
  g_test_message("%u lines of %s", count, scheme->vectors);
  if (count == 0)
    g_test_skip("there are no public vectors here");
}

static char *
random_version(GRand *random)
{
  static const char alphabet[] = "0011223459abprz._-~^+:AZ";
  GString *text = g_string_new(NULL);
  for (int left = g_rand_int_range(random, 0, 9); left > 0; left--)
    g_string_append_c(text, alphabet[g_rand_int_range(random, 0, sizeof alphabet - 1)]);
  return g_string_free(text, FALSE);
}

/* Whatever the bytes: equal to itself, and the opposite when swapped. */
static void
test_laws(gconstpointer data)
{
  const SchemeCase *scheme = data;
  g_autoptr(GRand) random = g_rand_new_with_seed(20);
  for (int round = 0; round < 50000; round++) {
    g_autofree char *a = random_version(random);
    g_autofree char *b = random_version(random);
    int forward = sign(version_compare_strings(scheme->scheme, a, b));
    int backward = sign(version_compare_strings(scheme->scheme, b, a));
    if (version_compare_strings(scheme->scheme, a, a) != 0 || forward != -backward)
      g_error("%s: \"%s\" and \"%s\": %d and %d", scheme->name, a, b, forward, backward);
  }
}

/* Of those that are a total order over any bytes: apk's is none for what it finds invalid, nor
 * RPM's where "^" and "~" are in odd places, as rpmvercmp itself. */
static void
test_transitive(gconstpointer data)
{
  const SchemeCase *scheme = data;
  g_autoptr(GRand) random = g_rand_new_with_seed(21);
  for (int round = 0; round < 50000; round++) {
    g_autofree char *a = random_version(random);
    g_autofree char *b = random_version(random);
    g_autofree char *c = random_version(random);
    if (version_compare_strings(scheme->scheme, a, b) <= 0 &&
        version_compare_strings(scheme->scheme, b, c) <= 0 &&
        version_compare_strings(scheme->scheme, a, c) > 0)
      g_error("%s: \"%s\" <= \"%s\" <= \"%s\"", scheme->name, a, b, c);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
    const SchemeCase *scheme = &schemes[i];
    static const struct {
      const char *name;
      GTestDataFunc function;
    } tests[] = {
        {"table", test_own_table},
        {"vectors", test_vectors},
        {"laws", test_laws},
        {"transitive", test_transitive},
    };
    for (size_t j = 0; j < G_N_ELEMENTS(tests); j++) {
      if (tests[j].function == test_transitive && !scheme->transitive)
        continue;
      g_autofree char *path = g_strdup_printf("/version/%s/%s", scheme->name, tests[j].name);
      g_test_add_data_func(path, scheme, tests[j].function);
    }
  }
  return g_test_run();
}
