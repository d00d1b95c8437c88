/* Two images beside each other; see the header. */
#include "report/compare.h"

#include <string.h>

const char *const difference_names[] = {
    [DIFFERENCE_NEW] = "new",   [DIFFERENCE_CHANGED] = "changed", [DIFFERENCE_UNKNOWN] = "unknown",
    [DIFFERENCE_GONE] = "gone", [DIFFERENCE_STILL] = "still",     NULL};

typedef struct {
  const ComparedImage *image;
  GHashTable *packages; /* key -> GPtrArray of ImagePackage */
  GHashTable *findings; /* key -> Finding: the worst */
  GHashTable *ignored;  /* the same of those that are ignored */
} Side;

typedef struct {
  AdvisoryDatabase *database;
  bool by_architecture; /* it is part of what a package is */
  Side before, after;
  Comparison *result;
} Compare;

/* --- what there is --- */

static void
versions_free(void *versions)
{
  g_ptr_array_unref(versions);
}

static void
package_difference_free(void *data)
{
  PackageDifference *difference = data;
  g_clear_pointer(&difference->before, g_ptr_array_unref);
  g_clear_pointer(&difference->after, g_ptr_array_unref);
  g_free(difference->reason);
  g_free(difference);
}

static void
finding_difference_free(void *data)
{
  FindingDifference *difference = data;
  g_free(difference->versions_before);
  g_free(difference->versions_after);
  g_free(difference->reason);
  g_free(difference);
}

void
comparison_free(Comparison *comparison)
{
  if (comparison == NULL)
    return;
  g_ptr_array_unref(comparison->packages);
  g_ptr_array_unref(comparison->findings);
  g_free(comparison);
}

static const ImageInventory *
inventory_of(const ComparedImage *image)
{
  return image->report->inventory;
}

/* (transfer full): no part has a tabulator in it. */
static char *
package_key(const Compare *compare, const char *type, const char *name, const char *architecture)
{
  const char *counted = compare->by_architecture && architecture != NULL ? architecture : "";
  return g_strjoin("\t", type, name, counted, NULL);
}

static char *
finding_key(const Compare *compare, const Finding *finding)
{
  if (!finding_is_of_package(finding))
    return g_strjoin("\t", finding_kind_name(finding->kind), finding->id, finding->location,
                     finding->same != NULL ? finding->same : finding->evidence, NULL);
  g_autofree char *package =
      package_key(compare, finding->package_type, finding->package, finding->architecture);
  return g_strjoin("\t", package, finding->id, NULL);
}

static GHashTable *
architectures_of(const ComparedImage *image)
{
  GHashTable *architectures = g_hash_table_new(g_str_hash, g_str_equal);
  const GArray *packages = inventory_of(image)->packages;
  for (guint i = 0; i < packages->len; i++) {
    char *each = g_array_index(packages, ImagePackage, i).package->architecture;
    if (each != NULL && strcmp(each, "all") != 0 && strcmp(each, "noarch") != 0)
      g_hash_table_add(architectures, each);
  }
  return architectures;
}

static bool
have_one_in_common(const ComparedImage *before, const ComparedImage *after)
{
  g_autoptr(GHashTable) first = architectures_of(before), second = architectures_of(after);
  GHashTableIter iter;
  void *architecture;
  g_hash_table_iter_init(&iter, first);
  while (g_hash_table_iter_next(&iter, &architecture, NULL))
    if (g_hash_table_contains(second, architecture))
      return true;
  return false;
}

/* Findings are sorted, the worst first. */
static void
add_finding(const Compare *compare, GHashTable *findings, const Finding *finding)
{
  g_autofree char *key = finding_key(compare, finding);
  if (!g_hash_table_contains(findings, key))
    g_hash_table_insert(findings, g_steal_pointer(&key), (void *)(uintptr_t)finding);
}

static void
fill_side(const Compare *compare, Side *side, const ComparedImage *image)
{
  side->image = image;
  side->packages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, versions_free);
  side->findings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  side->ignored = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  const GArray *packages = inventory_of(image)->packages;
  for (guint i = 0; i < packages->len; i++) {
    ImagePackage *each = &g_array_index(packages, ImagePackage, i);
    const Package *package = each->package;
    g_autofree char *key =
        package_key(compare, package->type, package->name, package->architecture);
    GPtrArray *same = g_hash_table_lookup(side->packages, key);
    if (same == NULL) {
      same = g_ptr_array_new();
      g_hash_table_insert(side->packages, g_steal_pointer(&key), same);
    }
    g_ptr_array_add(same, each);
  }
  const GPtrArray *findings = image->report->findings, *ignored = image->report->ignored;
  for (guint i = 0; i < findings->len; i++)
    add_finding(compare, side->findings, g_ptr_array_index(findings, i));
  for (guint i = 0; ignored != NULL && i < ignored->len; i++)
    add_finding(compare, side->ignored,
                ((const IgnoredFinding *)g_ptr_array_index(ignored, i))->finding);
}

static void
side_clear(Side *side)
{
  g_clear_pointer(&side->packages, g_hash_table_unref);
  g_clear_pointer(&side->findings, g_hash_table_unref);
  g_clear_pointer(&side->ignored, g_hash_table_unref);
}

/* --- what is not known --- */

/* Why a package may be in @image although it was not found; NULL: it is not. (transfer full) */
static char *
why_unseen(const ComparedImage *image)
{
  const GPtrArray *gaps = image->report->gaps;
  bool unread = inventory_of(image)->unread->len > 0;
  bool nothing = inventory_of(image)->packages->len == 0;
  return (unread || nothing) && gaps != NULL && gaps->len > 0 ? g_strdup(g_ptr_array_index(gaps, 0))
                                                              : NULL;
}

/* Whether one of @told is of the package: "name version", or with more after a blank. */
static bool
tells_of(const GPtrArray *told, const Package *package)
{
  g_autofree char *start = g_strdup_printf("%s %s", package->name, package->version);
  size_t length = strlen(start);
  for (guint i = 0; i < told->len; i++) {
    const char *each = g_ptr_array_index(told, i);
    if (strncmp(each, start, length) == 0 && (each[length] == '\0' || each[length] == ' '))
      return true;
  }
  return false;
}

/* Why a vulnerability may be in @package although it was not found; NULL: it is not. (transfer
 * full) */
static char *
why_unjudged(AdvisoryDatabase *database, const ComparedImage *image, const ImagePackage *package)
{
  const Package *of = package->package;
  g_autofree char *ecosystem = match_ecosystem(inventory_of(image)->os, package);
  if (ecosystem == NULL || !match_covers(database, ecosystem, of->architecture))
    return g_strdup_printf("there are no advisories for %s %s", of->name, of->version);
  if (tells_of(image->matched->undecided, of))
    return g_strdup_printf("the version of %s, %s, does not tell whether advisories apply",
                           of->name, of->version);
  if (tells_of(image->matched->third_party, of))
    return g_strdup_printf("%s %s is not the distribution's, whose advisories do not speak of it",
                           of->name, of->version);
  return NULL;
}

/* @packages: of the finding's name in @image; or NULL. */
static char *
why_unknown(AdvisoryDatabase *database, const ComparedImage *image, const GPtrArray *packages)
{
  if (packages == NULL)
    return why_unseen(image);
  char *reason = NULL;
  for (guint i = 0; reason == NULL && i < packages->len; i++)
    reason = why_unjudged(database, image, g_ptr_array_index(packages, i));
  return reason;
}

/* --- packages --- */

static bool
has_version(const GPtrArray *packages, const char *version)
{
  for (guint i = 0; packages != NULL && i < packages->len; i++)
    if (strcmp(((const ImagePackage *)g_ptr_array_index(packages, i))->package->version, version) ==
        0)
      return true;
  return false;
}

/* Those of @packages that @other has not, each once. (transfer full) */
static GPtrArray *
versions_without(const GPtrArray *packages, const GPtrArray *other)
{
  GPtrArray *versions = g_ptr_array_new();
  for (guint i = 0; packages != NULL && i < packages->len; i++) {
    char *version = ((const ImagePackage *)g_ptr_array_index(packages, i))->package->version;
    if (!has_version(other, version) &&
        !g_ptr_array_find_with_equal_func(versions, version, g_str_equal, NULL))
      g_ptr_array_add(versions, version);
  }
  return versions;
}

static char *
versions_in_words(const GPtrArray *packages)
{
  g_autoptr(GPtrArray) versions = versions_without(packages, NULL);
  if (versions->len == 0)
    return NULL;
  g_ptr_array_add(versions, NULL);
  return g_strjoinv(", ", (char **)versions->pdata);
}

static void
compare_package(Compare *compare, const GPtrArray *before, const GPtrArray *after)
{
  g_autoptr(GPtrArray) old = versions_without(before, after), new = versions_without(after, before);
  if (old->len == 0 && new->len == 0)
    return;
  const ImagePackage *one = g_ptr_array_index(before != NULL ? before : after, 0);
  PackageDifference *difference = g_new0(PackageDifference, 1);
  *difference = (PackageDifference){
      .type = one->package->type,
      .name = one->package->name,
      .architecture = compare->by_architecture ? one->package->architecture : NULL,
      .before = g_steal_pointer(&old),
      .after = g_steal_pointer(&new)};
  if (after == NULL)
    difference->reason = why_unseen(compare->after.image);
  difference->kind = before == NULL               ? DIFFERENCE_NEW
                     : difference->reason != NULL ? DIFFERENCE_UNKNOWN
                     : after == NULL              ? DIFFERENCE_GONE
                                                  : DIFFERENCE_CHANGED;
  g_ptr_array_add(compare->result->packages, difference);
}

static void
compare_packages(Compare *compare)
{
  GHashTableIter iter;
  void *key, *packages;
  g_hash_table_iter_init(&iter, compare->before.packages);
  while (g_hash_table_iter_next(&iter, &key, &packages))
    compare_package(compare, packages, g_hash_table_lookup(compare->after.packages, key));
  g_hash_table_iter_init(&iter, compare->after.packages);
  while (g_hash_table_iter_next(&iter, &key, &packages))
    if (!g_hash_table_contains(compare->before.packages, key))
      compare_package(compare, NULL, packages);
}

/* --- findings --- */

static DifferenceKind
kind_of(const Finding *before, const Finding *after, const char *reason)
{
  if (before == NULL)
    return DIFFERENCE_NEW;
  if (after == NULL)
    return reason != NULL ? DIFFERENCE_UNKNOWN : DIFFERENCE_GONE;
  return before->severity != after->severity || before->state != after->state ? DIFFERENCE_CHANGED
                                                                              : DIFFERENCE_STILL;
}

/* @one: of both that which is there. */
static void
compare_finding(Compare *compare, const Finding *one, const Finding *before, const Finding *after)
{
  g_autofree char *key = package_key(compare, one->package_type, one->package, one->architecture);
  const GPtrArray *old = g_hash_table_lookup(compare->before.packages, key);
  const GPtrArray *new = g_hash_table_lookup(compare->after.packages, key);
  FindingDifference *difference = g_new0(FindingDifference, 1);
  *difference = (FindingDifference){.before = before,
                                    .after = after,
                                    .versions_before = versions_in_words(old),
                                    .versions_after = versions_in_words(new)};
  if (after == NULL)
    difference->reason = why_unknown(compare->database, compare->after.image, new);
  difference->kind = kind_of(before, after, difference->reason);
  g_ptr_array_add(compare->result->findings, difference);
}

static void
compare_findings(Compare *compare)
{
  GHashTableIter iter;
  void *key, *finding;
  g_hash_table_iter_init(&iter, compare->before.findings);
  while (g_hash_table_iter_next(&iter, &key, &finding)) {
    const Finding *after = g_hash_table_lookup(compare->after.findings, key);
    if (after == NULL && g_hash_table_contains(compare->after.ignored, key))
      compare->result->suppressed++;
    else
      compare_finding(compare, finding, finding, after);
  }
  g_hash_table_iter_init(&iter, compare->after.findings);
  while (g_hash_table_iter_next(&iter, &key, &finding))
    if (!g_hash_table_contains(compare->before.findings, key))
      compare_finding(compare, finding, NULL, finding);
}

/* --- the order --- */

static int
order_of_packages(gconstpointer a, gconstpointer b)
{
  const PackageDifference *left = *(const PackageDifference *const *)a;
  const PackageDifference *right = *(const PackageDifference *const *)b;
  int order = (int)left->kind - (int)right->kind;
  if (order == 0)
    order = strcmp(left->name, right->name);
  if (order == 0)
    order = strcmp(left->type, right->type);
  return order != 0 ? order : g_strcmp0(left->architecture, right->architecture);
}

static int
order_of_findings(gconstpointer a, gconstpointer b)
{
  const FindingDifference *left = *(const FindingDifference *const *)a;
  const FindingDifference *right = *(const FindingDifference *const *)b;
  const Finding *first = left->after != NULL ? left->after : left->before;
  const Finding *second = right->after != NULL ? right->after : right->before;
  int order = (int)left->kind - (int)right->kind;
  return order != 0 ? order : finding_compare(&first, &second);
}

Comparison *
compare_images(AdvisoryDatabase *database, const ComparedImage *before, const ComparedImage *after)
{
  Comparison *result = g_new0(Comparison, 1);
  result->packages = g_ptr_array_new_with_free_func(package_difference_free);
  result->findings = g_ptr_array_new_with_free_func(finding_difference_free);
  Compare compare = {
      .database = database, .by_architecture = have_one_in_common(before, after), .result = result};
  fill_side(&compare, &compare.before, before);
  fill_side(&compare, &compare.after, after);
  compare_packages(&compare);
  compare_findings(&compare);
  g_ptr_array_sort(result->packages, order_of_packages);
  g_ptr_array_sort(result->findings, order_of_findings);
  side_clear(&compare.before);
  side_clear(&compare.after);
  return result;
}
