/* The public vectors of ranges, by the orders of versions. No feed has ranges in the words of a
 * package manager, so what they mean is written here: a range is alternatives of comparators. */
#include <string.h>

#include "version/version.h"

typedef enum {
  PLAIN, /* comparators as advisories have them */
  NPM,
  CARGO,
  GEM,
  PYPI,
  NUGET,
  COMPOSER,
} Language;

typedef struct {
  const char *file;
  Language language;
  VersionScheme scheme;
} RangeFile;

static const RangeFile files[] = {
    {"ranges-npm-depsdev", NPM, VERSION_NPM},
    {"ranges-npm-nodesemver", NPM, VERSION_NPM},
    {"ranges-cargo", CARGO, VERSION_SEMVER},
    {"ranges-rubygems", GEM, VERSION_RUBYGEMS},
    {"ranges-pypi", PYPI, VERSION_PYPI},
    {"ranges-nuget", NUGET, VERSION_NUGET},
    {"ranges-composer", COMPOSER, VERSION_COMPOSER},
    {"ranges-grype-apk", PLAIN, VERSION_APK},
    {"ranges-grype-bitnami", PLAIN, VERSION_BITNAMI},
    {"ranges-grype-deb", PLAIN, VERSION_DEBIAN},
    {"ranges-grype-fuzzy", PLAIN, VERSION_FUZZY},
    {"ranges-grype-gem", PLAIN, VERSION_RUBYGEMS},
    {"ranges-grype-golang", PLAIN, VERSION_GO},
    {"ranges-grype-jvm", PLAIN, VERSION_JVM},
    {"ranges-grype-kb", PLAIN, VERSION_KB},
    {"ranges-grype-maven", PLAIN, VERSION_MAVEN},
    {"ranges-grype-pep440", PLAIN, VERSION_PYPI},
    {"ranges-grype-portage", PLAIN, VERSION_PORTAGE},
    {"ranges-grype-rpm", PLAIN, VERSION_RPM},
    {"ranges-grype-semantic", PLAIN, VERSION_FUZZY},
    {"advisory-trivy-bitnami", PLAIN, VERSION_BITNAMI},
    {"advisory-trivy-maven", PLAIN, VERSION_MAVEN},
    {"advisory-trivy-npm", COMPOSER, VERSION_NPM},
    {"advisory-trivy-pep440", PLAIN, VERSION_PYPI},
    {"advisory-trivy-rubygems", GEM, VERSION_RUBYGEMS},
};

/* --- numbers --- */

/* The numbers at the front, and how many there are; "*" ends them. */
static unsigned
numbers_of(const char *version, guint64 numbers[4])
{
  unsigned count = 0;
  version += strspn(version, "vV= ");
  memset(numbers, 0, 4 * sizeof *numbers);
  while (count < 4 && g_ascii_isdigit(*version)) {
    char *end;
    numbers[count++] = g_ascii_strtoull(version, &end, 10);
    version = *end == '.' ? end + 1 : end;
    if (*end != '.')
      break;
  }
  return count;
}

static int
compare_numbers_of(const char *a, const char *b, unsigned count)
{
  guint64 left[4], right[4];
  numbers_of(a, left);
  numbers_of(b, right);
  for (unsigned i = 0; i < MIN(count, 4); i++)
    if (left[i] != right[i])
      return left[i] < right[i] ? -1 : 1;
  return 0;
}

static bool
is_wild(const char *bound)
{
  return strpbrk(bound, "*xX") != NULL && strspn(bound, "0123456789.*xXv-") == strlen(bound);
}

static bool
has_prerelease(const char *version)
{
  const char *plus = strchr(version, '+'), *dash = strchr(version, '-');
  return dash != NULL && (plus == NULL || dash < plus);
}

/* Of PyPI: 1.0a1, 1.0rc1, 1.0.dev1 */
static bool
is_early(const char *version)
{
  g_autofree char *public = g_strndup(version, strcspn(version, "+"));
  return strpbrk(public, "abcd") != NULL;
}

/* --- comparators --- */

typedef struct {
  const RangeFile *file;
  const char *version;
  bool prerelease_wanted; /* a comparator names a prerelease of the same numbers */
} Question;

static bool
orders_as(const char *operator, int order)
{
  if (strcmp(operator, "<") == 0)
    return order < 0;
  if (strcmp(operator, "<=") == 0)
    return order <= 0;
  if (strcmp(operator, ">") == 0)
    return order > 0;
  if (strcmp(operator, ">=") == 0)
    return order >= 0;
  return strcmp(operator, "!=") == 0 || strcmp(operator, "!") == 0 ? order != 0 : order == 0;
}

/* Grype leaves epochs out where one of the two has none. Assay does so of sources alone, whose
 * advisories tell none: a missing epoch is 0 to rpm. */
static int
compare_as_grype(const char *version, const char *bound)
{
  const char *colon = strchr(version, ':'), *other = strchr(bound, ':');
  if ((colon == NULL) != (other == NULL)) {
    version = colon != NULL ? colon + 1 : version;
    bound = other != NULL ? other + 1 : bound;
  }
  return version_compare_strings(VERSION_RPM, version, bound);
}

static int
compare_whole(const Question *question, const char *bound)
{
  if (question->file->scheme == VERSION_RPM)
    return compare_as_grype(question->version, bound);
  Slice version = slice_from_string(question->version), other = slice_from_string(bound);
  return version_compare_bound(question->file->scheme, version, other);
}

/* Numbers that have to stay the same: "^0.2.1" two, "^0.0" two, "^1" one. */
static unsigned
kept_by_caret(const char *bound)
{
  guint64 numbers[4];
  unsigned count = numbers_of(bound, numbers), at = 0;
  while (at + 1 < count && numbers[at] == 0)
    at++;
  return at + 1;
}

static bool
holds_semver(Question *question, const char *operator, const char * bound)
{
  guint64 numbers[4];
  const char *version = question->version;
  bool composer = question->file->language == COMPOSER;
  unsigned count = numbers_of(bound, numbers);
  bool partial = count < 3 && (!composer || is_wild(bound));
  if (has_prerelease(bound) && compare_numbers_of(version, bound, 3) == 0)
    question->prerelease_wanted = true;
  if (count == 0)
    return is_wild(bound) || *bound == '\0';
  if (*operator== '^' ||(*operator== '\0' && question->file->language == CARGO && !is_wild(bound)))
    return compare_whole(question, bound) >= 0 &&
           compare_numbers_of(version, bound, kept_by_caret(bound)) == 0;
  if (*operator== '~') {
    unsigned kept = composer ? MAX(count, 2) - 1 : MIN(count, 2);
    return compare_whole(question, bound) >= 0 && compare_numbers_of(version, bound, kept) == 0;
  }
  /* Composer's ">=1.2" and "<1.2" are of 1.2-dev. */
  bool edge = composer && !has_prerelease(bound) && compare_numbers_of(version, bound, 4) == 0;
  if (edge && (strcmp(operator, "<") == 0 || strcmp(operator, ">=") == 0))
    return *operator== '>';
  int order = partial ? compare_numbers_of(version, bound, count) : compare_whole(question, bound);
  return orders_as(operator, order);
}

/* Prereleases are in a range only where it names one. */
static bool
holds_pypi(Question *question, const char *operator, const char * bound)
{
  guint64 numbers[4];
  const char *version = question->version;
  g_autofree char *release = g_strndup(bound, strcspn(bound, "*"));
  unsigned count = numbers_of(bound, numbers);
  bool wild = g_str_has_suffix(bound, ".*");
  question->prerelease_wanted |= is_early(bound);
  if (wild)
    return orders_as(operator, compare_numbers_of(version, release, count));
  if (strcmp(operator, "~=") == 0)
    return compare_whole(question, bound) >= 0 &&
           compare_numbers_of(version, bound, MAX(count, 2) - 1) == 0;
  bool same = compare_numbers_of(version, bound, 4) == 0;
  int order = compare_whole(question, bound);
  /* Neither a prerelease of what is before, nor a later build of what is after. */
  if (strcmp(operator, "<") == 0 && same && is_early(version) && !question->prerelease_wanted)
    return false;
  if (strcmp(operator, ">") == 0 && same && strstr(version, "post") != NULL &&
      strstr(bound, "post") == NULL && !is_early(bound))
    return false;
  return orders_as(operator, order);
}

static bool
holds(Question *question, const char *comparator)
{
  size_t size = strspn(comparator, "<>=!~^");
  g_autofree char *operator= g_strndup(comparator, size);
  const char *bound = comparator + size;
  if (question->file->language != PLAIN && g_str_has_prefix(bound, "v"))
    bound++;
  if (strcmp(bound, "*") == 0)
    return true;
  switch (question->file->language) {
  case NPM:
  case CARGO:
  case COMPOSER:
    return holds_semver(question, operator, bound);
  case PYPI:
    return holds_pypi(question, operator, bound);
  case GEM:
    if (strcmp(operator, "~>") == 0) {
      guint64 numbers[4];
      unsigned kept = MAX(numbers_of(bound, numbers), 2) - 1;
      return compare_whole(question, bound) >= 0 &&
             compare_numbers_of(question->version, bound, kept) == 0;
    }
    break;
  case NUGET:
  case PLAIN:
    break;
  }
  if (!version_is_decided(question->file->scheme, slice_from_string(question->version),
                          slice_from_string(bound)))
    return false;
  return orders_as(operator, compare_whole(question, bound));
}

/* "[1.2,2.0)", "(,1.2.3]", "[1.2]" */
static bool
is_in_interval(const Question *question, const char *text)
{
  g_autofree char *inner = g_strndup(text + 1, strlen(text) - 2);
  bool from = *text == '[', to = g_str_has_suffix(text, "]");
  g_auto(GStrv) ends = g_strsplit(inner, ",", 2);
  const char *low = g_strstrip(ends[0]), *high = ends[1] != NULL ? g_strstrip(ends[1]) : low;
  return (*low == '\0' || compare_whole(question, low) >= (from ? 0 : 1)) &&
         (*high == '\0' || compare_whole(question, high) <= (to ? 0 : -1));
}

/* "1.2" is at least that; "4.0.*" the newest of those, "4.0.*-*" with prereleases. */
static bool
is_in_nuget(const Question *question, const char *text)
{
  guint64 numbers[4];
  const char *star = strchr(text, '*');
  bool early = g_str_has_suffix(text, "-*");
  if (*text == '[' || *text == '(')
    return is_in_interval(question, text);
  if (star == NULL)
    return compare_whole(question, text) >= 0;
  g_autofree char *low = g_strndup(text, strcspn(text, "*-"));
  if (has_prerelease(question->version) && !early)
    return false;
  return numbers_of(low, numbers) == 0 || compare_numbers_of(question->version, low, 4) >= 0;
}

/* All of them; "a - b" is a range of its own. */
static bool
is_in_alternative(const RangeFile *file, char *text, const char *version)
{
  Question question = {file, version, false};
  char *words = g_strstrip(text);
  if (file->language == NUGET)
    return is_in_nuget(&question, words);
  if (*words == '[' || *words == '(')
    return is_in_interval(&question, words);
  char *hyphen = strstr(words, " - ");
  if (hyphen != NULL) {
    *hyphen = '\0';
    g_autofree char *from = g_strconcat(">=", words, NULL);
    g_autofree char *to = g_strconcat("<=", hyphen + strlen(" - "), NULL);
    bool inside = holds(&question, from) && holds(&question, to);
    return inside &&
           (file->language != NPM || !has_prerelease(version) || question.prerelease_wanted);
  }
  g_autoptr(GString) comparators = g_string_new(NULL);
  for (const char *p = words; *p != '\0'; p++) {
    bool after_operator =
        comparators->len > 0 && strchr("<>=!~^", comparators->str[comparators->len - 1]) != NULL;
    if (!after_operator || (*p != ' ' && *p != '\''))
      g_string_append_c(comparators, *p == ',' || *p == '\'' ? ' ' : *p);
  }
  g_auto(GStrv) list = g_strsplit(g_strstrip(comparators->str), " ", -1);
  bool inside = true;
  for (char **each = list; *each != NULL; each++)
    if (**each != '\0')
      inside = holds(&question, *each) && inside;
  bool by_manager = file->language == NPM || file->language == CARGO;
  if (file->language == PYPI)
    return inside && (!is_early(version) || question.prerelease_wanted);
  return inside && (!by_manager || !has_prerelease(version) || question.prerelease_wanted);
}

static bool
is_in_range(const RangeFile *file, const char *range, const char *version)
{
  g_auto(GStrv) alternatives = g_strsplit(range, "||", -1);
  for (char **each = alternatives; *each != NULL; each++)
    if (is_in_alternative(file, *each, version))
      return true;
  return false;
}

/* --- the files --- */

/* range, version, yes or no; or vulnerable, patched, version, true or false. */
static bool
check_line(const RangeFile *file, const char *line)
{
  g_auto(GStrv) fields = g_strsplit(line, "\t", -1);
  if (g_str_has_prefix(file->file, "ranges-")) {
    bool expected = strcmp(fields[2], "yes") == 0;
    return is_in_range(file, fields[0], fields[1]) == expected;
  }
  const char *vulnerable = fields[0], *patched = fields[1], *version = fields[2];
  bool expected = strcmp(fields[3], "true") == 0;
  bool found = *vulnerable != '\0' || *patched != '\0';
  /* "!1.0" is no comparator: what cannot be read is not vulnerable. */
  if (*vulnerable == '!' || *patched == '!')
    found = false;
  else if (*vulnerable != '\0')
    found = is_in_range(file, vulnerable, version);
  if (found && *patched != '\0')
    found = !is_in_range(file, patched, version);
  return found == expected;
}

static void
test_file(gconstpointer data)
{
  const RangeFile *file = data;
  const char *shared = g_getenv("ASSAY_SHARED");
  g_autofree char *folder = shared != NULL ? g_build_filename(shared, "vectors", "versions", NULL)
                                           : g_strdup(g_getenv("VECTORS_BESIDE"));
  g_autofree char *name = g_strconcat(file->file, ".tsv", NULL);
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_autofree char *text = NULL;
  if (!g_file_get_contents(path, &text, NULL, NULL)) {
    g_test_skip("there are no public vectors here");
    return;
  }
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  unsigned count = 0;
  for (char **line = lines; *line != NULL; line++) {
    if (**line == '\0' || **line == '#')
      continue;
    count++;
    if (!check_line(file, *line)) {
      g_test_message("%s: %s", file->file, *line);
      g_test_fail();
    }
  }
  g_test_message("%u lines of %s", count, file->file);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *path = g_strdup_printf("/version/%s", files[i].file);
    g_test_add_data_func(path, &files[i], test_file);
  }
  return g_test_run();
}
