/* Matching an image: what is stated of its packages becomes findings. */
#include "verdict/match.h"
#include "inventory/image.h"

#include <string.h>

#include "base/error.h"
#include "inventory/ecosystem.h"
#include "inventory/end_of_life.h"
#include "inventory/maker.h"
#include "inventory/program_life.h"
#include "verdict/completeness.h"
#include "verdict/match_statements-private.h"
#include "verdict/observed.h"

#define PLACES_SHOWN      20u
#define MAKER_SHOWN       ((size_t)80)
#define THIRD_PARTY_SHOWN 10u

static char *
affected_in_words(const Candidate *candidate)
{
  const char *end = candidate->fixed_version != NULL ? candidate->fixed_version : candidate->bound;
  const char *last = end != NULL ? NULL : candidate->last_affected;
  if (last != NULL && g_strcmp0(candidate->introduced, last) == 0)
    return g_strdup_printf("= %s", last);
  if (end == NULL && last == NULL)
    return candidate->introduced == NULL ? g_strdup("all versions")
                                         : g_strdup_printf(">= %s", candidate->introduced);
  return g_strdup_printf("%s%s%s%s %s", candidate->introduced != NULL ? ">= " : "",
                         candidate->introduced != NULL ? candidate->introduced : "",
                         candidate->introduced != NULL ? ", " : "", last != NULL ? "<=" : "<",
                         last != NULL ? last : end);
}

/* What there is to do; the distribution's reason for doing nothing in its own words. */
static char *
remedy_in_words(const Package *package, const Candidate *candidate)
{
  const char *reason = candidate->note;
  if (advisory_is_malware(candidate->id))
    return g_strdup_printf("%s is malicious: remove it, and treat what ran it as compromised",
                           package->name);
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
    return g_strdup_printf(
        "will not be fixed in this release%s%s: remove %s if it is not needed, or "
        "move to a newer release",
        reason == NULL ? "" : ", says the distribution: ", reason == NULL ? "" : reason,
        package->name);
  case STATE_UNIMPORTANT:
    return g_strdup("the distribution holds this for unimportant: no action is needed");
  case STATE_UNDER_REVIEW:
    return g_strdup("the distribution is looking into this: wait for its word");
  case STATE_NOT_AFFECTED:
    return g_strdup("not affected: no action is needed");
  case STATE_FIXED:
  case STATE_AFFECTED:
    break;
  }
  if (candidate->bound != NULL && candidate->paid_for != NULL)
    return g_strdup_printf("fixed in %s for those with %s alone: subscribe to it, move to a newer "
                           "release, or remove %s if it is not needed",
                           candidate->bound, candidate->paid_for, package->name);
  if (candidate->bound != NULL)
    return g_strdup_printf("no fixed version published yet (%s is in preparation): remove %s if it "
                           "is not needed",
                           candidate->bound, package->name);
  return g_strdup_printf("no fixed version published yet: remove %s if it is not needed",
                         package->name);
}

static void
take_ratings(Finding *finding, const GPtrArray *ratings)
{
  for (guint i = 0; ratings != NULL && i < ratings->len; i++)
    advisory_ratings_add(finding->ratings, g_ptr_array_index(ratings, i));
}

static void
take_details(Finding *finding, const AdvisoryDetails *details)
{
  take_ratings(finding, details->ratings);
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
  finding->cwe_ids = cwes_to_ids(&details->cwes);
  finding->published = g_strdup(details->published);
  finding->modified = g_strdup(details->modified);
  if (finding->severity == SEVERITY_UNKNOWN && details->severity != SEVERITY_UNKNOWN) {
    finding->severity = details->severity;
    finding->severity_source = g_strdup(details->severity_source);
  }
}

/* What is known from the package and the statements alone. */
static Finding *
finding_begin(const ImagePackage *image_package, const Candidate *candidate,
              const LayerInventory *layer)
{
  const Package *package = image_package->package;
  Finding *finding = finding_new();
  finding->id = g_strdup(candidate->id);
  if (advisory_is_malware(candidate->id))
    finding->kind = FINDING_MALWARE;
  finding->severity = SEVERITY_UNKNOWN;
  finding->cvss_score = finding->epss_score = finding->epss_percentile = -1;
  finding->package_type = g_strdup(package->type);
  finding->package = g_strdup(package->name);
  finding->architecture = g_strdup(package->architecture);
  finding->source_package = g_strdup(package->source_name);
  finding->installed_version = g_strdup(package->version);
  finding->layer = layer->layer.text[0] == '\0' ? NULL : g_strdup(layer->layer.text);
  finding->location = g_strdup(package->location);
  finding->owner = g_strdup(package->owner);
  finding->declared = package->declared;
  finding->development = package->development;
  return finding;
}

static Finding *
finding_of(const ImagePackage *image_package, const Candidate *candidate,
           const LayerInventory *layer)
{
  Finding *finding = finding_begin(image_package, candidate, layer);
  finding->vendor_id = g_strdup(candidate->vendor_id);
  finding->severity = candidate->severity;
  finding->severity_source = g_strdup(candidate->severity_feed);
  take_ratings(finding, candidate->ratings);
  finding->state = candidate->state;
  finding->reason = g_strdup(candidate->note);
  finding->symbols = candidate_linked_names(candidate);
  finding->affected = affected_in_words(candidate);
  finding->fixed_version = g_strdup(candidate->fixed_version);
  finding->remedy = remedy_in_words(image_package->package, candidate);
  finding->feed = g_strdup(candidate->feed);
  return finding;
}

static Finding *
finding_of_ruled_out(const ImagePackage *image_package, const Candidate *candidate,
                     const LayerInventory *layer)
{
  Finding *finding = finding_begin(image_package, candidate, layer);
  finding->state = STATE_NOT_AFFECTED;
  finding->reason = g_strdup(candidate->not_affected_note);
  finding->remedy = g_strdup("not affected: no action is needed");
  finding->feed = g_strdup(candidate->not_affected_feed);
  return finding;
}

/* The packages of one ecosystem in the image. */
typedef struct {
  char *ecosystem; /* NULL: of no distribution that we know */
  bool is_of_application;
  GHashTable *architectures; /* those looked at: their strings are the inventory's */
} Kind;

/* One call's memory of what it has looked up. */
typedef struct {
  AdvisoryDatabase *database;
  const ImageInventory *inventory;
  GHashTable *details; /* id -> AdvisoryDetails or NULL */
  MatchResult *result;
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

/* The first of them. (transfer full), or NULL. */
static GStrv
other_places(const ImageInventory *inventory, const ImagePackage *package)
{
  g_autoptr(GPtrArray) places = image_package_places(inventory, package);
  if (places == NULL)
    return NULL;
  g_ptr_array_set_size(places, (int)MIN(places->len, PLACES_SHOWN));
  g_ptr_array_add(places, NULL);
  return g_strdupv((char **)places->pdata);
}

static bool
add_finding(ImageMatch *match, const ImagePackage *image_package, const Candidate *candidate,
            const LayerInventory *layer, GError **error)
{
  const AdvisoryDetails *known, *vendor = NULL;
  if (!get_details(match, candidate->id, &known, error) ||
      (candidate->vendor_id != NULL && !get_details(match, candidate->vendor_id, &vendor, error)))
    return false;
  Finding *finding = finding_of(image_package, candidate, layer);
  finding->places = other_places(match->inventory, image_package);
  if (known != NULL)
    take_details(finding, known);
  if (vendor != NULL && vendor != known)
    fill_from_vendor(finding, vendor);
  if (finding->kind == FINDING_MALWARE)
    g_ptr_array_add(match->result->notes,
                    g_strdup_printf("malware: %s %s is malicious (%s)", finding->package,
                                    finding->installed_version, finding->id));
  g_ptr_array_add(match->result->findings, finding);
  return true;
}

/* "nginx 1.27.4-1~bookworm (NGINX Packaging)" */
static void
note_third_party(const Package *package, MatchResult *result)
{
  bool named = package->vendor != NULL && *package->vendor != '\0';
  g_autofree char *maker =
      named ? slice_to_printable(slice_from_string(package->vendor), MAKER_SHOWN) : NULL;
  g_ptr_array_add(result->third_party,
                  named ? g_strdup_printf("%s %s (%s)", package->name, package->version, maker)
                        : g_strdup_printf("%s %s", package->name, package->version));
}

static bool
match_image_package(ImageMatch *match, const Kind *kind, const ImagePackage *image_package,
                    const LayerInventory *layer, GError **error)
{
  SubjectRest rest = {false, false};
  g_autoptr(GHashTable) candidates =
      statements_match(match->database, kind->ecosystem, image_package->package, &rest, error);
  if (candidates == NULL)
    return false;
  if (rest.undecided)
    g_ptr_array_add(match->result->undecided, g_strdup_printf("%s %s", image_package->package->name,
                                                              image_package->package->version));
  if (rest.withheld || match_is_third_party(kind->ecosystem, image_package->package))
    note_third_party(image_package->package, match->result);
  GHashTableIter iter;
  void *value;
  g_hash_table_iter_init(&iter, candidates);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const Candidate *candidate = value;
    if (!candidate_is_finding(candidate)) {
      match->result->unlinked += candidate_is_unlinked(candidate);
      if (candidate->not_affected_feed != NULL)
        g_ptr_array_add(match->result->not_affected,
                        finding_of_ruled_out(image_package, candidate, layer));
    } else if (!add_finding(match, image_package, candidate, layer, error)) {
      return false;
    }
  }
  return true;
}

static void
details_free(void *data)
{
  if (data != NULL)
    advisory_details_free(data);
}

static void
kind_free(void *data)
{
  Kind *kind = data;
  g_free(kind->ecosystem);
  g_hash_table_unref(kind->architectures);
  g_free(kind);
}

/* What is known of @os's packages of a type that nobody owns: looked at once. */
static const Kind *
find_kind(GHashTable *kinds, const OsRelease *os, const Package *package)
{
  const char *type = package->type;
  Kind *kind = g_hash_table_lookup(kinds, type);
  if (kind != NULL)
    return kind;
  kind = g_new0(Kind, 1);
  kind->ecosystem = match_ecosystem(os, &(ImagePackage){.package = package});
  kind->is_of_application = package_is_of_application(package);
  kind->architectures = g_hash_table_new(g_str_hash, g_str_equal);
  g_hash_table_insert(kinds, (gpointer)(uintptr_t)type, kind);
  return kind;
}

/* Tells once for each architecture when there are no advisories. */
static void
check_coverage(AdvisoryDatabase *database, const OsRelease *os, const Kind *kind,
               const Package *package, MatchResult *result)
{
  const char *architecture = package->architecture != NULL ? package->architecture : "";
  if (!g_hash_table_add(kind->architectures, (gpointer)(uintptr_t)architecture) ||
      (kind->ecosystem != NULL && match_covers(database, kind->ecosystem, package->architecture)))
    return;
  bool for_others = kind->ecosystem != NULL && match_covers(database, kind->ecosystem, NULL);
  const char *known = kind->ecosystem != NULL                 ? kind->ecosystem
                      : os != NULL && os->pretty_name != NULL ? os->pretty_name
                                                              : "a distribution that is not named";
  g_autofree char *name =
      kind->is_of_application
          ? g_strdup_printf("%s packages", known)
          : g_strdup_printf("%s%s%s (%s packages)", known, for_others ? " on " : "",
                            for_others ? architecture : "", package->type);
  if (g_ptr_array_find_with_equal_func(result->uncovered, name, g_str_equal, NULL))
    return;
  g_ptr_array_add(result->uncovered, g_steal_pointer(&name));
  if (kind->ecosystem != NULL && !for_others)
    g_ptr_array_add(result->notes, g_strdup_printf("`assay db update` or `assay db import` adds "
                                                   "advisories for %s",
                                                   kind->ecosystem));
}

/* Who made what note_third_party() tells: "NGINX Packaging)"; neither name nor version has a blank.
 */
static const char *
told_maker(const char *told)
{
  const char *maker = strstr(told, " (");
  return maker == NULL ? "" : maker + 2;
}

/* How many packages each maker has, by its name. (transfer full) */
static GHashTable *
makers_of(const GPtrArray *third_party)
{
  GHashTable *makers = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < third_party->len; i++) {
    char *maker = (char *)(uintptr_t)told_maker(g_ptr_array_index(third_party, i));
    guint before = GPOINTER_TO_UINT(g_hash_table_lookup(makers, maker));
    g_hash_table_insert(makers, maker, GUINT_TO_POINTER(before + 1));
  }
  return makers;
}

/* A package, or all of its maker. */
static void
append_made(GString *note, const char *first, guint alike)
{
  const char *maker = told_maker(first);
  if (alike == 1)
    g_string_append(note, first);
  else
    g_string_append_printf(note, "%u packages of %.*s (%.*s ...)", alike, (int)strlen(maker) - 1,
                           maker, (int)(maker - 2 - first), first);
}

/* The first of each maker by name. */
char *
match_third_party_in_words(const GPtrArray *third_party)
{
  guint count = third_party->len;
  GString *note = g_string_new(NULL);
  g_string_printf(
      note, "%u package%s not the distribution's, whose advisories do not speak of %s: ", count,
      count == 1 ? " is" : "s are", count == 1 ? "it" : "them");
  g_autoptr(GHashTable) makers = makers_of(third_party);
  guint shown = 0, told = 0;
  for (guint i = 0; i < count && shown < THIRD_PARTY_SHOWN; i++) {
    const char *first = g_ptr_array_index(third_party, i), *maker = told_maker(first);
    guint alike = *maker == '\0' ? 1 : GPOINTER_TO_UINT(g_hash_table_lookup(makers, maker));
    if (alike == 0)
      continue; /* told with the first of its maker */
    g_string_append(note, shown++ == 0 ? "" : ", ");
    append_made(note, first, alike);
    if (*maker != '\0')
      g_hash_table_remove(makers, maker);
    told += alike;
  }
  if (count > told)
    g_string_append_printf(note, ", and %u more", count - told);
  return g_string_free(note, FALSE);
}

/* Only an application's package that has an owner is not as all of its kind. */
static bool
is_by_none(const OsRelease *os, const Kind *kind, const ImagePackage *package)
{
  if (!kind->is_of_application || (!package->by_owner && package->owner == NULL))
    return kind->is_of_application && match_is_by_none(kind->ecosystem);
  g_autofree char *ecosystem = match_ecosystem(os, package);
  return match_is_by_none(ecosystem);
}

MatchResult *
match_image(AdvisoryDatabase *database, const ImageInventory *inventory, GError **error)
{
  g_autoptr(MatchResult) result = match_result_new();
  g_autoptr(GHashTable) details =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, details_free);
  g_autoptr(GHashTable) kinds = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, kind_free);
  ImageMatch match = {database, inventory, details, result};

  for (guint i = 0; i < inventory->packages->len; i++) {
    const ImagePackage *image_package = &g_array_index(inventory->packages, ImagePackage, i);
    const Package *package = image_package->package;
    const Kind *kind = find_kind(kinds, inventory->os, package);
    if (is_by_none(inventory->os, kind, image_package))
      continue;
    check_coverage(database, inventory->os, kind, package, result);
    if (kind->ecosystem != NULL &&
        !match_image_package(&match, kind, image_package,
                             g_ptr_array_index(inventory->layers, image_package->layer), error))
      return NULL;
  }
  /* Coverage is asked without an error to set. */
  if (advisory_database_is_damaged(database)) {
    error_set(error, ASSAY_ERROR_MISMATCH,
              "the advisory database is damaged (run `assay db update`)");
    return NULL;
  }
  result->end_of_life = end_of_life_in_words(inventory->os);
  result->life_ends = end_of_life_moment(inventory->os);
  if (result->end_of_life != NULL)
    g_ptr_array_add(result->notes, g_strdup(result->end_of_life));
  result->ended = program_life_ended(inventory, &result->next_ends);
  program_life_add_texts(result->ended, result->notes);
  if (result->third_party->len > 0)
    g_ptr_array_add(result->notes, match_third_party_in_words(result->third_party));
  result->gaps = completeness_gaps(inventory, result->uncovered);
  if (result->undecided->len > 0)
    g_ptr_array_add(result->gaps, completeness_undecided(result->undecided));
  observed_add_findings(inventory, result->findings);
  observed_add_commands(inventory, result->findings);
  observed_add_commands(inventory, result->not_affected);
  g_ptr_array_sort(result->findings, finding_compare);
  g_ptr_array_sort(result->not_affected, finding_compare);
  return g_steal_pointer(&result);
}
