/* Files of what is ignored: Trivy's list and our own, what they fit and what is wrong with them. */
#include <string.h>

#include "verdict/ignore_file.h"

#define DAY ((int64_t)86400 * G_USEC_PER_SEC)
/* 2027-01-15, some time of that day. */
#define NOW ((int64_t)20833 * DAY + DAY / 2)

typedef struct {
  const char *name, *file, *text;
  const char *id;     /* of the finding that is looked up */
  const char *reason; /* NULL: it is not ignored */
  bool ended;
} Case;

static const Case cases[] = {
    {"a number", ".trivyignore", "CVE-1\nCVE-2", "CVE-2", "no reason is given", false},
    {"another number", ".trivyignore", "CVE-1\nCVE-22", "CVE-2", NULL, false},
    {"an alias", ".trivyignore", "GHSA-1\n", "CVE-2", "no reason is given", false},
    {"comments above", ".trivyignore", "# Not reachable,\n#\n#  see the review\nCVE-2\n", "CVE-2",
     "Not reachable, see the review", false},
    {"a comment of others", ".trivyignore", "# Accepted\nCVE-1\n\nCVE-2\n", "CVE-2",
     "no reason is given", false},
    {"a comment for several", ".trivyignore", "# Accepted\nCVE-1\nCVE-2\n", "CVE-2", "Accepted",
     false},
    {"a comment beside", ".trivyignore", "# other\n \tCVE-2  # Not used\r\n", "CVE-2", "Not used",
     false},
    {"what is commented out", ".trivyignore", "#CVE-2\n", "CVE-2", NULL, false},
    {"an end to come", ".trivyignore", "CVE-2 exp:2027-01-16\n", "CVE-2", "no reason is given",
     false},
    {"the day of its end has begun", ".trivyignore", "CVE-2 exp:2027-01-15\n", "CVE-2",
     "no reason is given", true},
    {"an end at the beginning of time", ".trivyignore", "CVE-2 exp:1970-01-01\n", "CVE-2",
     "no reason is given", true},
    {"ours at the beginning of time", "x.yml",
     "exemptions: [{ids: CVE-2, reason: r, expires: 1969-12-31}]", "CVE-2", "r", true},
    {"ours at its first moment", "x.yml",
     "exemptions: [{ids: CVE-2, reason: r, expires: '1970-01-01T01:00:00+01:00'}]", "CVE-2", "r",
     true},
    {"blanks between", ".trivyignore", "CVE-2 \t exp:2027-02-01 \t# r\n", "CVE-2", "r", false},
    {"no line", ".trivyignore", "", "CVE-2", NULL, false},
    {"of another name", "ignored.txt", "CVE-2", "CVE-2", "no reason is given", false},
    {"ours", ".assayignore.yaml", "exemptions: [{ids: CVE-2, reason: not used}]", "CVE-2",
     "not used", false},
    {"ours to the end of a day", "x.yml",
     "exemptions:\n  - {ids: [CVE-1, CVE-2], reason: r, expires: 2027-01-15}", "CVE-2", "r", false},
    {"ours has ended", "x.yml", "exemptions: [{ids: CVE-2, reason: r, expires: 2027-01-14}]",
     "CVE-2", "r", true},
    {"a package", "x.yaml", "exemptions: [{packages: 'libss*', reason: r}]", "CVE-2", "r", false},
    {"a source package", "x.yaml", "exemptions: [{packages: openssl, reason: r}]", "CVE-2", "r",
     false},
    {"another package", "x.yaml", "exemptions: [{packages: openssh, reason: r}]", "CVE-2", NULL,
     false},
    {"a path", "x.yaml", "exemptions: [{paths: 'var/lib/dpkg/**', reason: r}]", "CVE-2", "r",
     false},
    {"another path", "x.yaml", "exemptions: [{paths: 'opt/**', reason: r}]", "CVE-2", NULL, false},
    {"a repository", "x.yaml", "exemptions: [{ids: CVE-2, repositories: 'team/*', reason: r}]",
     "CVE-2", "r", false},
    {"another repository", "x.yaml",
     "exemptions: [{ids: CVE-2, repositories: 'prod/*', reason: r}]", "CVE-2", NULL, false},
};

static void
test_fits(gconstpointer data)
{
  const Case *each = data;
  g_autoptr(GError) error = NULL;
  char package[] = "libssl3", source[] = "openssl", version[] = "1", alias[] = "ghsa-1";
  char location[] = "/var/lib/dpkg/status", *aliases[] = {alias, NULL};
  Finding finding = {.id = (char *)(uintptr_t)each->id,
                     .aliases = aliases,
                     .package = package,
                     .source_package = source,
                     .installed_version = version,
                     .location = location};
  g_autoptr(IgnoreFile) file = ignore_file_parse(slice_from_string(each->text), each->file, &error);
  g_assert_no_error(error);
  const Exemption *entry = ignore_file_find(file, "team/app", &finding, NOW);
  g_assert_cmpstr(entry == NULL ? NULL : entry->reason, ==, each->reason);
  g_assert_true(entry == NULL || exemption_ended(entry, NOW) == each->ended);
}

static void
test_empty(void)
{
  g_autoptr(IgnoreFile) file = ignore_file_parse(SLICE_EMPTY, ".trivyignore", NULL);
  g_assert_cmpuint(file->exemptions_count, ==, 0);
}

static const struct {
  const char *name, *file, *text, *says;
} broken[] = {
    {"no day", ".trivyignore", "\nCVE-1 exp:soon\n", ".trivyignore:2: exp: must be a day"},
    {"no such day", ".trivyignore", "CVE-1 exp:2027-02-30\n", ".trivyignore:1: exp: must be a day"},
    {"a moment", ".trivyignore", "CVE-1 exp:2027-02-01T10:00:00Z", "exp: must be a day"},
    {"an end in other words", ".trivyignore", "CVE-1 exp:2027-02-01\nCVE-2 until tomorrow\n",
     ".trivyignore:2: after an id only exp:2027-01-31 and a # comment have a meaning, is "
     "\"until\""},
    {"a second id", ".trivyignore", "CVE-1 CVE-2\n", "is \"CVE-2\""},
    {"an end with a blank", ".trivyignore", "CVE-1 exp: 2027-02-01\n", "exp: must be a day"},
    {"any, as a pattern", ".trivyignore", "CVE-1\n* # all\n", ".trivyignore:2: a list names each"},
    {"no id any more", "x.yaml", "exemptions: [{ids: [], packages: a, reason: r}]",
     "exemptions[0].ids: must have at least 1 entry"},
    {"no reason", "x.yaml", "exemptions: [{ids: CVE-1}]", "reason"},
    {"whatever there is", "x.yaml", "exemptions: [{reason: r}]", "every finding"},
    {"a key that is none", "x.yaml", "exemptions: [{id: CVE-1, reason: r}]",
     "did you mean \"ids\"?"},
    {"nothing", "x.yaml", "", "exemptions"},
};

static void
test_broken(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(IgnoreFile) file =
        ignore_file_parse(slice_from_string(broken[i].text), broken[i].file, &error);
    if (file != NULL || strstr(error->message, broken[i].says) == NULL)
      g_error("%s: \"%s\"", broken[i].name, file != NULL ? "is taken" : error->message);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *name = g_strconcat("/ignore-file/", cases[i].name, NULL);
    g_test_add_data_func(name, &cases[i], test_fits);
  }
  g_test_add_func("/ignore-file/empty", test_empty);
  g_test_add_func("/ignore-file/broken", test_broken);
  return g_test_run();
}
