/* Matching: for each package the statements about it, for each vulnerability one finding. */
#include "verdict/match.h"

#include <string.h>

#include "base/error.h"

/* --- ecosystems: docs/advisories.md --- */

/* How much of VERSION_ID a distribution's advisories count by. */
typedef enum { VERSION_NONE, VERSION_MAJOR, VERSION_MAJOR_MINOR, VERSION_WHOLE } VersionPart;

static const struct {
  const char *id;
  VersionPart part;
} distributions[] = {
    {"debian", VERSION_MAJOR},
    {"alpine", VERSION_MAJOR_MINOR},
    {"wolfi", VERSION_NONE},
    {"chainguard", VERSION_NONE},
    {"almalinux", VERSION_MAJOR},
    {"rocky", VERSION_MAJOR},
    {"rhel", VERSION_MAJOR},
    {"centos", VERSION_MAJOR},
    {"ol", VERSION_MAJOR},
    {"arch", VERSION_NONE},
    {"opensuse-tumbleweed", VERSION_NONE},
    {"anolis", VERSION_MAJOR},
    {"alinux", VERSION_MAJOR},
};

/* Releases that carry no VERSION_ID yet. */
static const struct {
  const char *codename, *version;
} debian_codenames[] = {{"trixie", "13"}, {"forky", "14"}, {"duke", "15"}, {"sid", "sid"}};

static char *
version_part(const char *version, VersionPart part)
{
  size_t size = strcspn(version, ".");
  if (part == VERSION_MAJOR_MINOR && version[size] == '.')
    size += 1 + strcspn(version + size + 1, ".");
  return part == VERSION_WHOLE ? g_strdup(version) : g_strndup(version, size);
}

static const char *
debian_version(const OsRelease *os)
{
  for (size_t i = 0; os->version_id == NULL && i < G_N_ELEMENTS(debian_codenames); i++)
    if (g_strcmp0(os->codename, debian_codenames[i].codename) == 0)
      return debian_codenames[i].version;
  return os->version_id;
}

char *
match_ecosystem(const OsRelease *os, const char *package_type)
{
  static const char *const types[] = {"deb", "apk", "rpm", NULL};
  if (os == NULL || !g_strv_contains(types, package_type))
    return NULL;
  VersionPart part = VERSION_WHOLE;
  for (size_t i = 0; i < G_N_ELEMENTS(distributions); i++)
    if (strcmp(distributions[i].id, os->id) == 0)
      part = distributions[i].part;
  if (part == VERSION_NONE)
    return g_strdup(os->id);
  const char *version = strcmp(os->id, "debian") == 0 ? debian_version(os) : os->version_id;
  /* Alpine's edge calls itself 3.21_alpha20241224. */
  if (strcmp(os->id, "alpine") == 0 && version != NULL && strchr(version, '_') != NULL)
    return g_strdup("alpine:edge");
  if (version == NULL)
    return os->codename == NULL ? NULL : g_strconcat(os->id, ":", os->codename, NULL);
  g_autofree char *reduced = version_part(version, part);
  return g_strconcat(os->id, ":", reduced, NULL);
}

/* --- one package --- */

/* What statements on one vulnerability amount to for one package. */
typedef struct {
  char *id;
  AdvisoryState state;
  char *fixed_version; /* the highest of those that match */
  char *introduced, *vendor_id, *feed;
  Severity severity;
  VersionScheme scheme;
  bool derived; /* only a package suite says so, so far */
} Candidate;

static void
candidate_free(void *data)
{
  Candidate *candidate = data;
  g_free(candidate->id);
  g_free(candidate->fixed_version);
  g_free(candidate->introduced);
  g_free(candidate->vendor_id);
  g_free(candidate->feed);
  g_free(candidate);
}

typedef struct {
  const Package *package;
  const char *version;    /* the one that the ecosystem's statements speak of */
  bool without_epoch;     /* it has none, whatever the statements' versions have */
  GHashTable *candidates; /* id -> Candidate */
} PackageMatch;

static const char *
skip_epoch(const char *version)
{
  size_t digits = strspn(version, "0123456789");
  return digits > 0 && version[digits] == ':' ? version + digits + 1 : version;
}

static int
compare_with(const PackageMatch *match, VersionScheme scheme, const char *bound)
{
  return version_compare_strings(scheme, match->version,
                                 match->without_epoch ? skip_epoch(bound) : bound);
}

static bool
is_affected(const AdvisoryRange *range, const PackageMatch *match)
{
  VersionScheme scheme = range->scheme;
  if (range->state == STATE_NOT_AFFECTED)
    return false;
  if (range->introduced != NULL && compare_with(match, scheme, range->introduced) < 0)
    return false;
  if (range->fixed_version != NULL)
    return compare_with(match, scheme, range->fixed_version) < 0;
  if (range->last_affected != NULL)
    return compare_with(match, scheme, range->last_affected) <= 0;
  return true;
}

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

static void
take_statement(Candidate *candidate, const AdvisoryRange *range)
{
  const char *fixed = range->state == STATE_FIXED ? range->fixed_version : NULL;
  bool newer = candidate->fixed_version == NULL ||
               (fixed != NULL &&
                version_compare_strings(range->scheme, fixed, candidate->fixed_version) > 0);
  if (candidate->feed != NULL && !newer)
    return;
  g_free(candidate->fixed_version);
  g_free(candidate->introduced);
  g_free(candidate->vendor_id);
  g_free(candidate->feed);
  candidate->fixed_version = g_strdup(fixed);
  candidate->introduced = g_strdup(range->introduced);
  candidate->vendor_id = g_strdup(range->vendor_id);
  candidate->feed = g_strdup(range->feed);
  candidate->state = range->state;
  candidate->scheme = range->scheme;
  candidate->severity = MAX(candidate->severity, range->severity);
}

static bool
visit_range(const AdvisoryRange *range, void *data)
{
  PackageMatch *match = data;
  if (!module_fits(range, match->package))
    return true;
  Candidate *candidate = g_hash_table_lookup(match->candidates, range->id);
  if (candidate == NULL) {
    candidate = g_new0(Candidate, 1);
    candidate->id = g_strdup(range->id);
    candidate->derived = true;
    g_hash_table_insert(match->candidates, candidate->id, candidate);
  }
  /* Who knows of the vulnerability itself overrides what a package suite lets conclude. */
  if (range->derived && !candidate->derived)
    return true;
  if (!range->derived && candidate->derived) {
    candidate->derived = false;
    g_clear_pointer(&candidate->feed, g_free);
    g_clear_pointer(&candidate->fixed_version, g_free);
  }
  if (is_affected(range, match))
    take_statement(candidate, range);
  return true;
}

/* What is stated of the source package of an RPM. Its name tells no epoch: where the package has
 * the version of its source, it has the epoch too. */
static bool
look_up_rpm_source(AdvisoryDatabase *database, const char *ecosystem, PackageMatch *match,
                   GError **error)
{
  const Package *package = match->package;
  g_autofree char *name = g_strconcat(ADVISORY_SOURCE_PREFIX, package->source_name, NULL);
  bool same = strcmp(skip_epoch(package->version), skip_epoch(package->source_version)) == 0;
  match->version = same ? package->version : package->source_version;
  match->without_epoch = !same;
  return advisory_database_lookup(database, ecosystem, name, visit_range, match, error);
}

/* Advisories of Debian speak of source packages, those of Alpine of origins; those of RPM
 * distributions of binaries, or, by a name that says so, of sources. */
static bool
look_up(AdvisoryDatabase *database, const char *ecosystem, PackageMatch *match, GError **error)
{
  const Package *package = match->package;
  bool is_rpm = strcmp(package->type, "rpm") == 0;
  match->version = is_rpm ? package->version : package->source_version;
  return advisory_database_lookup(database, ecosystem,
                                  is_rpm ? package->name : package->source_name, visit_range, match,
                                  error) &&
         (!is_rpm || look_up_rpm_source(database, ecosystem, match, error));
}

static GHashTable *
match_package(AdvisoryDatabase *database, const char *ecosystem, const Package *package,
              GError **error)
{
  PackageMatch match = {.package = package};
  g_autoptr(GHashTable) candidates =
      g_hash_table_new_full(g_str_hash, g_str_equal, NULL, candidate_free);
  match.candidates = candidates;
  if (!look_up(database, ecosystem, &match, error))
    return NULL;
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, candidates);
  while (g_hash_table_iter_next(&iter, NULL, &value))
    if (((Candidate *)value)->feed == NULL)
      g_hash_table_iter_remove(&iter);
  return g_steal_pointer(&candidates);
}

bool
match_package_facts(AdvisoryDatabase *database, const char *ecosystem, const Package *package,
                    MatchFactVisitor visit, void *data, GError **error)
{
  g_autoptr(GHashTable) candidates = match_package(database, ecosystem, package, error);
  if (candidates == NULL)
    return false;
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, candidates);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const Candidate *candidate = value;
    Severity severity = candidate->severity;
    if (severity == SEVERITY_UNKNOWN) {
      g_autoptr(AdvisoryDetails) details =
          advisory_database_details(database, candidate->id, error);
      if (details != NULL)
        severity = details->severity;
    }
    visit(severity, candidate->state, candidate->fixed_version != NULL, data);
  }
  return true;
}

/* --- findings --- */

static char *
affected_in_words(const Candidate *candidate)
{
  if (candidate->introduced != NULL && candidate->fixed_version != NULL)
    return g_strdup_printf(">= %s, < %s", candidate->introduced, candidate->fixed_version);
  if (candidate->fixed_version != NULL)
    return g_strdup_printf("< %s", candidate->fixed_version);
  if (candidate->introduced != NULL)
    return g_strdup_printf(">= %s", candidate->introduced);
  return g_strdup("all versions");
}

static char *
remedy_in_words(const Package *package, const Candidate *candidate)
{
  if (candidate->fixed_version != NULL && strcmp(package->name, package->source_name) != 0)
    return g_strdup_printf("upgrade %s to a build of %s %s or later", package->name,
                           package->source_name, candidate->fixed_version);
  if (candidate->fixed_version != NULL)
    return g_strdup_printf("upgrade %s to %s or later", package->name, candidate->fixed_version);
  switch (candidate->state) {
  case STATE_END_OF_LIFE:
    return g_strdup_printf("%s is no longer supported in this release: move to a newer one",
                           package->source_name);
  case STATE_WILL_NOT_FIX:
    return g_strdup("the distribution will not fix this in this release: remove the package, or "
                    "move to a newer release");
  case STATE_UNIMPORTANT:
    return g_strdup("the distribution holds this for unimportant: no action is needed");
  case STATE_FIXED:
  case STATE_AFFECTED:
  case STATE_NOT_AFFECTED:
  case STATE_UNDER_REVIEW:
    break;
  }
  return g_strdup("no fixed version is published yet: remove the package if it is not needed");
}

static void
take_details(Finding *finding, const AdvisoryDetails *details)
{
  finding->aliases = g_strdupv(details->aliases);
  finding->title = g_strdup(details->title);
  finding->description = g_strdup(details->description);
  finding->cvss_vector = g_strdup(details->cvss_vector);
  finding->cvss_score = details->cvss_score;
  finding->epss_score = details->epss_score;
  finding->epss_percentile = details->epss_percentile;
  finding->known_exploited = details->known_exploited;
  finding->known_exploited_due = g_strdup(details->known_exploited_due);
  finding->references = g_strdupv(details->references);
  finding->published = g_strdup(details->published);
  finding->modified = g_strdup(details->modified);
  if (finding->severity == SEVERITY_UNKNOWN && details->severity != SEVERITY_UNKNOWN) {
    finding->severity = details->severity;
    g_free(finding->severity_source);
    finding->severity_source = g_strdup(details->severity_source);
  }
}

static Finding *
finding_new(const ImagePackage *image_package, const Candidate *candidate,
            const LayerInventory *layer)
{
  const Package *package = image_package->package;
  Finding *finding = g_new0(Finding, 1);
  finding->id = g_strdup(candidate->id);
  finding->vendor_id = g_strdup(candidate->vendor_id);
  finding->severity = candidate->severity;
  finding->severity_source =
      candidate->severity == SEVERITY_UNKNOWN ? NULL : g_strdup(candidate->feed);
  finding->cvss_score = finding->epss_score = finding->epss_percentile = -1;
  finding->state = candidate->state;
  finding->package_type = g_strdup(package->type);
  finding->package = g_strdup(package->name);
  finding->architecture = g_strdup(package->architecture);
  finding->source_package = g_strdup(package->source_name);
  finding->installed_version = g_strdup(package->version);
  finding->affected = affected_in_words(candidate);
  finding->fixed_version = g_strdup(candidate->fixed_version);
  finding->layer = layer->layer.text[0] == '\0' ? NULL : g_strdup(layer->layer.text);
  finding->location = g_strdup(package->location);
  finding->remedy = remedy_in_words(package, candidate);
  finding->feed = g_strdup(candidate->feed);
  return finding;
}

/* One call's memory of what it has looked up. */
typedef struct {
  AdvisoryDatabase *database;
  GHashTable *details; /* id -> AdvisoryDetails or NULL */
  GPtrArray *findings;
} ImageMatch;

/* *@details: NULL when the database has none. (transfer none) */
static bool
get_details(ImageMatch *match, const char *id, const AdvisoryDetails **details, GError **error)
{
  void *known = NULL;
  if (!g_hash_table_lookup_extended(match->details, id, NULL, &known)) {
    g_autoptr(GError) failure = NULL;
    known = advisory_database_details(match->database, id, &failure);
    if (failure != NULL) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    g_hash_table_insert(match->details, g_strdup(id), known);
  }
  *details = known;
  return true;
}

static void
fill_text(char **text, const char *other)
{
  if (*text == NULL)
    *text = g_strdup(other);
}

/* What the vendor's advisory says, where nothing is said of the vulnerability itself. Its scores
 * are those of all that it fixes, and stay with it. */
static void
fill_from_vendor(Finding *finding, const AdvisoryDetails *details)
{
  fill_text(&finding->title, details->title);
  fill_text(&finding->description, details->description);
  fill_text(&finding->published, details->published);
  fill_text(&finding->modified, details->modified);
  if (finding->references == NULL)
    finding->references = g_strdupv(details->references);
}

static bool
add_finding(ImageMatch *match, const ImagePackage *image_package, const Candidate *candidate,
            const LayerInventory *layer, GError **error)
{
  const AdvisoryDetails *known, *vendor = NULL;
  if (!get_details(match, candidate->id, &known, error) ||
      (candidate->vendor_id != NULL && !get_details(match, candidate->vendor_id, &vendor, error)))
    return false;
  Finding *finding = finding_new(image_package, candidate, layer);
  if (known != NULL)
    take_details(finding, known);
  if (vendor != NULL && vendor != known)
    fill_from_vendor(finding, vendor);
  g_ptr_array_add(match->findings, finding);
  return true;
}

static bool
match_image_package(ImageMatch *match, const char *ecosystem, const ImagePackage *image_package,
                    const LayerInventory *layer, GError **error)
{
  g_autoptr(GHashTable) candidates =
      match_package(match->database, ecosystem, image_package->package, error);
  if (candidates == NULL)
    return false;
  GHashTableIter iter;
  void *candidate;
  g_hash_table_iter_init(&iter, candidates);
  while (g_hash_table_iter_next(&iter, NULL, &candidate))
    if (!add_finding(match, image_package, candidate, layer, error))
      return false;
  return true;
}

static void
details_free(void *data)
{
  if (data != NULL)
    advisory_details_free(data);
}

static void
add_coverage_note(AdvisoryDatabase *database, const OsRelease *os, const char *type,
                  const char *ecosystem, GHashTable *told, GPtrArray *notes)
{
  if ((ecosystem != NULL && advisory_database_covers(database, ecosystem)) ||
      !g_hash_table_add(told, g_strdup(type)))
    return;
  const char *name = ecosystem != NULL                       ? ecosystem
                     : os != NULL && os->pretty_name != NULL ? os->pretty_name
                                                             : "a distribution that is not named";
  g_ptr_array_add(notes,
                  g_strdup_printf("no advisories for %s (%s packages): findings are incomplete; "
                                  "`assay db update` or `assay db import` adds them",
                                  name, type));
}

MatchResult *
match_image(AdvisoryDatabase *database, const ImageInventory *inventory, GError **error)
{
  g_autoptr(MatchResult) result = g_new0(MatchResult, 1);
  result->findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
  result->notes = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) details =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, details_free);
  g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  ImageMatch match = {database, details, result->findings};

  for (guint i = 0; i < inventory->packages->len; i++) {
    const ImagePackage *package = &g_array_index(inventory->packages, ImagePackage, i);
    g_autofree char *ecosystem = match_ecosystem(inventory->os, package->package->type);
    add_coverage_note(database, inventory->os, package->package->type, ecosystem, told,
                      result->notes);
    if (ecosystem != NULL &&
        !match_image_package(&match, ecosystem, package,
                             g_ptr_array_index(inventory->layers, package->layer), error))
      return NULL;
  }
  g_ptr_array_sort(result->findings, finding_compare);
  return g_steal_pointer(&result);
}

void
match_result_free(MatchResult *result)
{
  if (result == NULL)
    return;
  g_ptr_array_unref(result->findings);
  g_ptr_array_unref(result->notes);
  g_free(result);
}
