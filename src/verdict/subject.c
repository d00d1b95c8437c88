/* Which statements concern a package, and whether its version is affected; see the header. */
#include "verdict/subject-private.h"

#include <string.h>

#include "inventory/ecosystem.h"
#include "inventory/go_symbols.h"
#include "inventory/maker.h"

typedef struct {
  const Package *package;
  const Ecosystem *row; /* NULL: an ecosystem that has none */
  GArray *symbols;      /* of a program of Go; NULL: not known */
  const char *version;  /* the one that the statements speak of */
  bool without_epoch;   /* it has none, whatever the statements' versions have */
  bool of_source;       /* the statements are about the source of an RPM */
  bool kernel_only;     /* the version tells the kernel's interface and nothing more: 5.15.0-91 */
  bool maker_known;
  Maker maker;
  SubjectVisitor visit;
  RuleVisitor explain; /* in the place of `visit`; or NULL */
  void *data;
  SubjectRest *rest;
} Subject;

/* --- versions --- */

static const char *
skip_epoch(const char *version)
{
  size_t digits = strspn(version, "0123456789");
  return digits > 0 && version[digits] == ':' ? version + digits + 1 : version;
}

/* Up to the number after the dash, "5.15.0-91" of "5.15.0-91.101"; Ubuntu's packages that lead to
 * the newest kernel call this "5.15.0.91.88". (transfer full) */
static char *
kernel_interface(const char *version)
{
  static const char digits[] = "0123456789";
  size_t size = strcspn(version, "-");
  if (version[size] == '-')
    return g_strndup(version, size + 1 + strspn(version + size + 1, digits));
  size = 0;
  for (int part = 0; part < 3; part++)
    size += strcspn(version + size, ".") + (part < 2 && strchr(version + size, '.') != NULL);
  if (version[size] != '.')
    return g_strdup(version);
  return g_strdup_printf("%.*s-%.*s", (int)size, version, (int)strspn(version + size + 1, digits),
                         version + size + 1);
}

/* A revision without what others than Debian add to it: "1.2-3" of "1.2-3+local1", and
 * "1.2-3+deb12u1" of "1.2-3+rpi1+deb12u1". (transfer full) NULL: there is nothing of that kind. */
static char *
without_rebuild(const char *version)
{
  const char *dash = strrchr(version, '-');
  const char *plus = dash == NULL ? NULL : strchr(dash, '+');
  if (plus == NULL)
    return NULL;
  g_autoptr(GString) base = g_string_new_len(version, plus - version);
  bool dropped = false;
  while (*plus != '\0') {
    size_t size = 1 + strcspn(plus + 1, "+");
    bool own = g_str_has_prefix(plus, "+deb") || g_str_has_prefix(plus, "+nmu") ||
               !g_ascii_isalpha(plus[1]);
    dropped |= !own;
    if (own)
      g_string_append_len(base, plus, (gssize)size);
    plus += size;
  }
  return dropped ? g_strdup(base->str) : NULL;
}

/* Security updates of Debian are 1.2-3+deb12u1. To dpkg 1.2-3+local1, the release's 1.2-3 built
 * again, is newer than that, without having its fix. */
static int
compare_with_debian(const char *version, const char *bound)
{
  int order = version_compare_strings(VERSION_DEBIAN, version, bound);
  if (order < 0 || strstr(bound, "+deb") == NULL)
    return order;
  g_autofree char *base = without_rebuild(version);
  return base == NULL ? order : version_compare_strings(VERSION_DEBIAN, base, bound);
}

/* openEuler and others take the versions of sources from the names of their files, which tell no
 * epoch: such a bound has any. */
static int
compare_with(const Subject *subject, VersionScheme scheme, const char *bound)
{
  const char *bare = skip_epoch(bound);
  if (subject->kernel_only) {
    g_autofree char *interface = kernel_interface(bound);
    return version_compare_strings(scheme, subject->version, interface);
  }
  if (subject->without_epoch || (subject->of_source && bare == bound))
    return version_compare_strings(scheme, skip_epoch(subject->version), bare);
  return scheme == VERSION_DEBIAN ? compare_with_debian(subject->version, bound)
                                  : version_compare_strings(scheme, subject->version, bound);
}

/* Of an application. */
static VersionPlace
place_of_application(const Subject *subject, const AdvisoryRange *range)
{
  VersionPlace place = version_place(range->scheme, subject->version, range->introduced,
                                     range->fixed_version, range->last_affected);
  /* One of a list is that version, and what is not ordered is another. */
  bool listed =
      range->introduced != NULL && g_strcmp0(range->introduced, range->last_affected) == 0;
  return place == VERSION_UNDECIDED && listed ? VERSION_OUTSIDE : place;
}

static bool
is_affected(const Subject *subject, const AdvisoryRange *range)
{
  VersionScheme scheme = range->scheme;
  if (range->introduced != NULL && compare_with(subject, scheme, range->introduced) < 0)
    return false;
  if (range->fixed_version != NULL)
    return compare_with(subject, scheme, range->fixed_version) < 0;
  if (range->last_affected != NULL)
    return compare_with(subject, scheme, range->last_affected) <= 0;
  return true;
}

/* --- what concerns the package --- */

/* A statement about "name:stream" concerns packages of that stream only, and one that is about none
 * those that are of no module: the streams have versions of their own. */
static bool
module_fits(const AdvisoryRange *range, const Package *package)
{
  bool modular = package->module != NULL || strstr(package->version, ".module") != NULL;
  if (range->module == NULL)
    return !modular;
  if (strcmp(range->module, ADVISORY_ANY_MODULE) == 0)
    return modular;
  return package->module != NULL && g_str_has_prefix(package->module, range->module) &&
         strchr(":", package->module[strlen(range->module)]) != NULL;
}

static bool
is_any_architecture(const char *architecture)
{
  return architecture == NULL || strcmp(architecture, ADVISORY_NO_ARCHITECTURE) == 0;
}

/* Builds for one architecture have versions of their own at times. */
static bool
architecture_fits(const AdvisoryRange *range, const Package *package)
{
  if (range->architectures == NULL)
    return true;
  const char *wanted = advisory_architecture(package->architecture);
  Slice rest = slice_from_string(range->architectures), each;
  if (is_any_architecture(wanted))
    return true;
  while (slice_next_field(&rest, ',', &each))
    if (slice_equal_string(each, wanted) || slice_equal_string(each, ADVISORY_NO_ARCHITECTURE))
      return true;
  return false;
}

/* Of what a version names. */
typedef enum { BUILD_KSPLICE = 1, BUILD_FIPS = 2 } SpecialBuild;

/* In one pass, for it is asked of each statement. */
static unsigned
special_builds(const char *version)
{
  unsigned builds = 0;
  for (const char *p = version; *p != '\0'; p++) {
    if ((*p == 'f' || *p == 'F') && g_ascii_strncasecmp(p, "fips", strlen("fips")) == 0)
      builds |= BUILD_FIPS;
    else if ((*p == 'k' || *p == 'K') && p > version && p[-1] == '.' &&
             g_ascii_strncasecmp(p, "ksplice", strlen("ksplice")) == 0)
      builds |= BUILD_KSPLICE;
  }
  return builds;
}

/* Some packages are built besides for Ksplice and for FIPS 140, with versions of their own: a fix
 * in such a build says nothing of the others. Oracle's builds for FIPS have all fixes of theirs in
 * advisories, so that no other one speaks of them either. */
static bool
build_fits(const Ecosystem *row, const AdvisoryRange *range, const Package *package)
{
  if (range->fixed_version == NULL)
    return true;
  unsigned of_fix = special_builds(range->fixed_version);
  bool both_ways = row != NULL && row->builds_apart;
  if (of_fix == 0 && !both_ways)
    return true;
  unsigned of_package = special_builds(package->version);
  return both_ways ? of_fix == of_package : (of_fix & ~of_package) == 0;
}

/* Whether @version, compared without epoch and revision, is newer than @other. */
static bool
is_newer_upstream(VersionScheme scheme, const char *version, const char *other)
{
  Slice parts[2];
  const char *const texts[] = {skip_epoch(version), skip_epoch(other)};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    const char *dash = strrchr(texts[i], '-');
    parts[i] =
        dash == NULL ? slice_from_string(texts[i]) : slice_new(texts[i], (size_t)(dash - texts[i]));
  }
  return version_compare(scheme, parts[0], parts[1]) > 0;
}

/* What a third party made, the distribution's statements do not speak of. Where it is only not
 * known who made it, it may be the distribution's package built again: then its version tells
 * whether it is affected. A statement without a bound is about the version that the release had,
 * and not about a newer one from elsewhere. */
static bool
maker_fits(Subject *subject, const AdvisoryRange *range)
{
  if (!subject->maker_known)
    subject->maker = package_maker(subject->row, subject->package);
  subject->maker_known = true;
  if (subject->maker == MADE_BY_DISTRIBUTION)
    return true;
  if (subject->maker == MADE_BY_THIRD_PARTY)
    return false;
  if (range->fixed_version != NULL || range->last_affected != NULL)
    return true;
  return range->release_version == NULL
             ? subject->row->looked_up != BY_NAME_AND_SOURCE
             : !is_newer_upstream(range->scheme, subject->version, range->release_version);
}

/* @linked: what of it is there is added. */
static RuleOutcome
outcome_of_application(const Subject *subject, const AdvisoryRange *range, GPtrArray *linked)
{
  switch (place_of_application(subject, range)) {
  case VERSION_OUTSIDE:
    return RULE_OUTSIDE;
  case VERSION_UNDECIDED:
    return RULE_UNDECIDED;
  case VERSION_INSIDE:
    break;
  }
  return go_symbols_ask(subject->symbols, range->symbols, linked) == GO_SYMBOLS_ABSENT
             ? RULE_NOT_LINKED
             : RULE_AFFECTED;
}

static bool
visit_range_of_application(const AdvisoryRange *range, void *data)
{
  Subject *subject = data;
  g_autoptr(GPtrArray) linked = g_ptr_array_new_with_free_func(g_free);
  RuleOutcome outcome = outcome_of_application(subject, range, linked);
  if (subject->explain != NULL) {
    subject->explain(range, subject->version, outcome, subject->data);
    return true;
  }
  if (outcome != RULE_UNDECIDED)
    return subject->visit(range, outcome, linked->len > 0 ? linked : NULL, subject->data);
  subject->rest->undecided |= range->state != STATE_NOT_AFFECTED;
  return true;
}

static RuleOutcome
outcome_of(Subject *subject, const AdvisoryRange *range)
{
  const Package *package = subject->package;
  if (!module_fits(range, package))
    return RULE_OTHER_MODULE;
  if (!build_fits(subject->row, range, package))
    return RULE_OTHER_BUILD;
  if (!architecture_fits(range, package))
    return RULE_OTHER_ARCHITECTURE;
  if (!maker_fits(subject, range))
    return RULE_THIRD_PARTY;
  return is_affected(subject, range) ? RULE_AFFECTED : RULE_OUTSIDE;
}

static bool
visit_range(const AdvisoryRange *range, void *data)
{
  Subject *subject = data;
  RuleOutcome outcome = outcome_of(subject, range);
  if (subject->explain != NULL)
    subject->explain(range, subject->version, outcome, subject->data);
  else if (outcome == RULE_AFFECTED || outcome == RULE_OUTSIDE)
    return subject->visit(range, outcome, NULL, subject->data);
  else
    subject->rest->withheld |= outcome == RULE_THIRD_PARTY;
  return true;
}

/* --- names --- */

/* Debian and Ubuntu build what is signed for secure boot from sources of their own, whose names and
 * versions tell the source of the program. */
static const struct {
  const char *start, *end; /* of the signed source's name, an architecture between them */
  const char *source;
  bool counted; /* its version begins with a number of its own and a plus */
} signed_sources[] = {
    {"grub-efi-", "-signed", "grub2", true},
    {"fwupd-efi-", "-signed", "fwupd-efi", false},
    {"fwupd-", "-signed", "fwupd", false},
    {"systemd-boot-efi-", "-signed", "systemd", false},
};

/* "2.06-13+deb12u1" of "1+2.06+13+deb12u1", which is counted, and "1.5.7-4" of "1:1.5.7+4": the
 * dash has become a plus. (transfer full) */
static char *
version_before_signing(const char *version, bool counted)
{
  const char *bare = skip_epoch(version);
  const char *end = counted ? strchr(bare, '+') : NULL;
  if (end != NULL)
    bare = end + 1;
  char *plain = g_strdup(bare);
  char *plus = strchr(plain, '+');
  if (plus != NULL)
    *plus = '-';
  return plain;
}

/* "linux-signed-5.10-amd64" is of linux-5.10, "linux-meta-hwe-6.8" of linux-hwe-6.8. (transfer
 * full), NULL for what is no such thing. */
static char *
kernel_source(const char *source, const char *kind)
{
  static const char *const architectures[] = {"-amd64", "-arm64", "-i386"};
  if (!g_str_has_prefix(source, kind))
    return NULL;
  char *kernel = g_strconcat("linux", source + strlen(kind), NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(architectures); i++)
    if (g_str_has_suffix(kernel, architectures[i]))
      kernel[strlen(kernel) - strlen(architectures[i])] = '\0';
  return kernel;
}

/* The source and version whose statements are meant when they speak of what a deb has signed.
 * *@version: NULL when it is the package's own. (transfer full), NULL: none. */
static char *
source_before_signing(const Package *package, char **version, bool *kernel_only)
{
  const char *name = package->source_name;
  char *kernel = kernel_source(name, "linux-signed");
  if (kernel != NULL)
    return kernel;
  kernel = kernel_source(name, "linux-meta");
  if (kernel != NULL) {
    *kernel_only = true;
    *version = kernel_interface(package->version);
    return kernel;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(signed_sources); i++)
    if (g_str_has_prefix(name, signed_sources[i].start) &&
        g_str_has_suffix(name, signed_sources[i].end)) {
      *version = version_before_signing(package->source_version, signed_sources[i].counted);
      return g_strdup(signed_sources[i].source);
    }
  return NULL;
}

static bool
look_up_signed(AdvisoryDatabase *database, const char *ecosystem, Subject *subject, GError **error)
{
  g_autofree char *version = NULL;
  g_autofree char *source =
      source_before_signing(subject->package, &version, &subject->kernel_only);
  if (source == NULL)
    return true;
  subject->version = version != NULL ? version : subject->package->version;
  bool done = advisory_database_lookup(database, ecosystem, source, visit_range, subject, error);
  subject->version = NULL;
  return done;
}

/* What is stated of the source package of an RPM. Its name tells no epoch: where the package has
 * the version of its source, it has the epoch too. */
static bool
look_up_rpm_source(AdvisoryDatabase *database, const char *ecosystem, Subject *subject,
                   GError **error)
{
  const Package *package = subject->package;
  g_autofree char *name = g_strconcat(ADVISORY_SOURCE_PREFIX, package->source_name, NULL);
  bool same = strcmp(skip_epoch(package->version), skip_epoch(package->source_version)) == 0;
  subject->version = same ? package->version : package->source_version;
  subject->without_epoch = !same;
  subject->of_source = true;
  return advisory_database_lookup(database, ecosystem, name, visit_range, subject, error);
}

static bool
look_up_own_name(AdvisoryDatabase *database, const char *ecosystem, Subject *subject,
                 GError **error)
{
  subject->version = subject->package->version;
  return advisory_database_lookup(database, ecosystem, subject->package->name, visit_range, subject,
                                  error);
}

static bool
look_up_application(AdvisoryDatabase *database, const char *ecosystem, Subject *subject,
                    GError **error)
{
  g_autofree char *name = ecosystem_package_name(subject->row, subject->package->name);
  g_autoptr(GArray) symbols = go_symbols_from_text(subject->package->symbols);
  subject->version = subject->package->version;
  subject->symbols = symbols;
  return advisory_database_lookup(database, ecosystem, name, visit_range_of_application, subject,
                                  error);
}

static LookUp
look_up_of(const Subject *subject)
{
  if (subject->row != NULL)
    return subject->row->looked_up;
  return strcmp(subject->package->type, "rpm") == 0 ? BY_NAME_AND_SOURCE : BY_SOURCE;
}

static bool
look_up(AdvisoryDatabase *database, const char *ecosystem, Subject *subject, GError **error)
{
  const Package *package = subject->package;
  subject->row = ecosystem_find(ecosystem);
  if (subject->row != NULL && subject->row->application)
    return look_up_application(database, ecosystem, subject, error);
  LookUp how = look_up_of(subject);
  bool by_source = how == BY_SOURCE || how == BY_SOURCE_AND_NAME;
  const char *first = by_source ? package->source_name : package->name;
  subject->version = by_source ? package->source_version : package->version;
  if (!advisory_database_lookup(database, ecosystem, first, visit_range, subject, error))
    return false;
  if (how == BY_NAME_AND_SOURCE)
    return look_up_rpm_source(database, ecosystem, subject, error);
  if (how == BY_SOURCE_AND_NAME && strcmp(package->name, first) != 0)
    return look_up_own_name(database, ecosystem, subject, error);
  return strcmp(package->type, "deb") != 0 || look_up_signed(database, ecosystem, subject, error);
}

bool
subject_look_up(AdvisoryDatabase *database, const char *ecosystem, const Package *package,
                SubjectVisitor visit, void *data, SubjectRest *rest, GError **error)
{
  Subject subject = {.package = package, .visit = visit, .data = data, .rest = rest};
  return look_up(database, ecosystem, &subject, error);
}

bool
subject_explain(AdvisoryDatabase *database, const char *ecosystem, const Package *package,
                RuleVisitor visit, void *data, GError **error)
{
  Subject subject = {.package = package, .explain = visit, .data = data};
  return look_up(database, ecosystem, &subject, error);
}
