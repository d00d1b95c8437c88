/* Grouping findings; see the header. */
#include "report/groups.h"

#include <string.h>

#include "inventory/ecosystem.h"

static void
group_free(void *data)
{
  FindingGroup *group = data;
  g_ptr_array_unref(group->findings);
  g_ptr_array_unref(group->packages);
  g_ptr_array_unref(group->versions);
  g_ptr_array_unref(group->vulnerabilities);
  g_free(group);
}

static const char *
source_of(const Finding *finding)
{
  const char *source = finding->source_package;
  return source != NULL && *source != '\0' ? source : finding->package;
}

/* --- packages of several architectures --- */

/* Package names, and "" for those that are there with more than one architecture. (transfer full)
 */
static GHashTable *
architectures_of(const GPtrArray *findings)
{
  GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    char *architecture = finding->architecture;
    const char *before = g_hash_table_lookup(seen, finding->package);
    if (architecture == NULL)
      continue;
    if (before == NULL)
      g_hash_table_insert(seen, finding->package, architecture);
    else if (strcmp(before, architecture) != 0)
      g_hash_table_insert(seen, finding->package, (char *)(uintptr_t) "");
  }
  return seen;
}

bool
findings_differ_in_architecture(const GPtrArray *findings)
{
  g_autoptr(GHashTable) architectures = architectures_of(findings);
  GHashTableIter iter;
  void *architecture;
  g_hash_table_iter_init(&iter, architectures);
  while (g_hash_table_iter_next(&iter, NULL, &architecture))
    if (*(const char *)architecture == '\0')
      return true;
  return false;
}

/* (transfer full) */
static char *
name_of(const Finding *finding, GHashTable *architectures)
{
  const char *architecture = g_hash_table_lookup(architectures, finding->package);
  return g_strconcat(finding->package, architecture != NULL && *architecture == '\0' ? ":" : NULL,
                     finding->architecture, NULL);
}

/* --- the version that mends a package --- */

/* (transfer full) */
static char *
package_key(const Finding *finding)
{
  const char *architecture = finding->architecture != NULL ? finding->architecture : "";
  return g_strjoin("\n", finding->package_type, finding->package, architecture,
                   finding->installed_version, NULL);
}

/* The highest fixed version of each package, by package_key(). Where versions of a type have no
 * order that we know, each is an upgrade of its own, and the package is not listed. (transfer full)
 */
static GHashTable *
targets_of(const GPtrArray *findings)
{
  GHashTable *targets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    VersionScheme scheme;
    if (finding->fixed_version == NULL || !ecosystem_scheme_of_type(finding->package_type, &scheme))
      continue;
    g_autofree char *key = package_key(finding);
    const char *before = g_hash_table_lookup(targets, key);
    if (before == NULL || version_compare_strings(scheme, before, finding->fixed_version) < 0)
      g_hash_table_insert(targets, g_steal_pointer(&key), finding->fixed_version);
  }
  return targets;
}

static const char *
target_of(const Finding *finding, GHashTable *targets)
{
  if (finding->fixed_version == NULL)
    return NULL;
  g_autofree char *key = package_key(finding);
  const char *target = g_hash_table_lookup(targets, key);
  return target != NULL ? target : finding->fixed_version;
}

/* --- groups --- */

static void
add_once(GPtrArray *list, const char *text)
{
  if (!g_ptr_array_find_with_equal_func(list, text, g_str_equal, NULL))
    g_ptr_array_add(list, (char *)(uintptr_t)text);
}

static gboolean
has_same_id(gconstpointer a, gconstpointer b)
{
  return strcmp(((const Finding *)a)->id, ((const Finding *)b)->id) == 0;
}

static void
group_add(FindingGroup *group, const Finding *finding, GHashTable *architectures)
{
  g_ptr_array_add(group->findings, (Finding *)(uintptr_t)finding);
  g_autofree char *name = name_of(finding, architectures);
  if (!g_ptr_array_find_with_equal_func(group->packages, name, g_str_equal, NULL))
    g_ptr_array_add(group->packages, g_steal_pointer(&name));
  add_once(group->versions, finding->installed_version);
  guint known;
  if (!g_ptr_array_find_with_equal_func(group->vulnerabilities, finding, has_same_id, &known)) {
    g_ptr_array_add(group->vulnerabilities, (Finding *)(uintptr_t)finding);
    return;
  }
  /* A number is exempt when it is so in each package. */
  const Finding *before = g_ptr_array_index(group->vulnerabilities, known);
  if (before->exempt_reason != NULL && finding->exempt_reason == NULL)
    g_ptr_array_index(group->vulnerabilities, known) = (Finding *)(uintptr_t)finding;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Once all findings are in it. */
static void
group_finish(FindingGroup *group)
{
  g_autoptr(GPtrArray) exempt = g_ptr_array_new();
  GPtrArray *ordered = g_ptr_array_new();
  for (guint i = 0; i < group->vulnerabilities->len; i++) {
    Finding *finding = g_ptr_array_index(group->vulnerabilities, i);
    bool counts = finding->exempt_reason == NULL;
    group->known_exploited += counts && finding->known_exploited;
    g_ptr_array_add(counts ? ordered : exempt, finding);
  }
  group->exempt = exempt->len;
  g_ptr_array_extend(ordered, exempt, NULL, NULL);
  g_ptr_array_unref(group->vulnerabilities);
  group->vulnerabilities = ordered;
  g_ptr_array_sort(group->packages, compare_names);
}

bool
finding_group_is_exempt(const FindingGroup *group)
{
  return group->exempt == group->vulnerabilities->len;
}

static FindingGroup *
group_new(const Finding *finding, const char *target)
{
  FindingGroup *group = g_new0(FindingGroup, 1);
  group->source = source_of(finding);
  group->target = target;
  group->findings = g_ptr_array_new();
  group->packages = g_ptr_array_new_with_free_func(g_free);
  group->versions = g_ptr_array_new();
  group->vulnerabilities = g_ptr_array_new();
  return group;
}

/* Higher is more urgent; a fix of unknown severity comes right after what its severity counts as.
 */
static int
urgency(const FindingGroup *group)
{
  int most = 0;
  for (guint i = 0; i < group->findings->len; i++) {
    const Finding *finding = g_ptr_array_index(group->findings, i);
    if (finding->exempt_reason != NULL && !finding_group_is_exempt(group))
      continue;
    int severity = (int)finding_counted_as(finding, SEVERITY_OF_UNKNOWN_FIX);
    most = MAX(most, 2 * severity + (finding->severity != SEVERITY_UNKNOWN));
  }
  return most;
}

/* What an upgrade would fix of what counts. */
static unsigned
counted(const FindingGroup *group)
{
  return group->vulnerabilities->len - group->exempt;
}

static int
compare_groups(gconstpointer a, gconstpointer b)
{
  const FindingGroup *left = *(const FindingGroup *const *)a;
  const FindingGroup *right = *(const FindingGroup *const *)b;
  int order = finding_group_is_exempt(left) - finding_group_is_exempt(right);
  if (order == 0)
    order = (right->target != NULL) - (left->target != NULL);
  if (order == 0)
    order = urgency(right) - urgency(left);
  if (order == 0)
    order = (int)right->known_exploited - (int)left->known_exploited;
  if (order == 0)
    order = (int)counted(right) - (int)counted(left);
  return order != 0 ? order : strcmp(left->source, right->source);
}

GPtrArray *
finding_groups_new(const GPtrArray *findings)
{
  GPtrArray *groups = g_ptr_array_new_with_free_func(group_free);
  g_autoptr(GHashTable) targets = targets_of(findings);
  g_autoptr(GHashTable) architectures = architectures_of(findings);
  g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    const char *target = target_of(finding, targets);
    g_autofree char *key = g_strjoin("\n", finding->package_type, source_of(finding),
                                     target != NULL ? target : "", NULL);
    FindingGroup *group = g_hash_table_lookup(known, key);
    if (group == NULL) {
      group = group_new(finding, target);
      g_ptr_array_add(groups, group);
      g_hash_table_insert(known, g_steal_pointer(&key), group);
    }
    group_add(group, finding, architectures);
  }
  for (guint i = 0; i < groups->len; i++)
    group_finish(g_ptr_array_index(groups, i));
  g_ptr_array_sort(groups, compare_groups);
  return groups;
}
