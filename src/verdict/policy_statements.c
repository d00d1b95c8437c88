/* The VEX documents that a file of policies names, while the set is made and freed. */
#include "verdict/policy_statements-private.h"

#include "base/error.h"
#include "verdict/language-private.h"
#include "verdict/policy_attestors-private.h"

static bool
load(GStrv paths, const char *folder, VexSet **statements, GChecksum *checksum, GError **error)
{
  if (*paths == NULL)
    return true;
  *statements = vex_set_load(paths, folder, error);
  if (*statements == NULL)
    return false;
  g_checksum_update(checksum, (const guchar *)vex_set_sha256(*statements), -1);
  return true;
}

static bool
load_all(PolicySet *set, const char *folder, GChecksum *checksum, GError **error)
{
  if (!load(set->vex, folder, &set->statements, checksum, error))
    return false;
  for (unsigned i = 0; i < set->policies_count; i++) {
    Policy *policy = (Policy *)(uintptr_t)policy_at(set, i);
    if (!load(policy->vex, folder, &policy->statements, checksum, error)) {
      g_prefix_error(error, "policy \"%s\": ", policy->name);
      return false;
    }
  }
  return true;
}

char *
policy_set_look(const PolicySet *set)
{
  g_autofree char *folder = g_path_get_dirname(set->file);
  g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
  vex_files_look(set->vex, folder, checksum);
  for (unsigned i = 0; i < set->policies_count; i++)
    vex_files_look(policy_at(set, i)->vex, folder, checksum);
  g_autofree char **keys = policy_attestors_files(set);
  vex_files_look(keys, folder, checksum);
  return g_strdup(g_checksum_get_string(checksum));
}

const char *
policy_set_looked(const PolicySet *set)
{
  return set->looked;
}

bool
policy_statements_load(PolicySet *set, const char *path, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autofree char *folder = g_path_get_dirname(path);
  g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(checksum, (const guchar *)set->sha256, -1);
  policy_attestors_sum(set, checksum);
  if (!load_all(set, folder, checksum, &failure))
    return error_set(error, ASSAY_ERROR_INVALID, "%s: vex: %s", path, failure->message);
  if (policy_statements_count(set) > 0 || g_hash_table_size(set->key_files) > 0)
    set->identity = g_strdup(g_checksum_get_string(checksum));
  return true;
}

static VexSet *
find_same(const PolicySet *from, GStrv paths)
{
  const char *const *wanted = (const char *const *)paths;
  if (*paths == NULL)
    return NULL;
  if (from->statements != NULL && g_strv_equal((const char *const *)from->vex, wanted))
    return vex_set_ref(from->statements);
  for (unsigned i = 0; i < from->policies_count; i++) {
    const Policy *policy = policy_at(from, i);
    if (policy->statements != NULL && g_strv_equal((const char *const *)policy->vex, wanted))
      return vex_set_ref(policy->statements);
  }
  return NULL;
}

void
policy_statements_borrow(PolicySet *set, const PolicySet *from)
{
  set->statements = find_same(from, set->vex);
  for (unsigned i = 0; i < set->policies_count; i++) {
    Policy *policy = (Policy *)(uintptr_t)policy_at(set, i);
    policy->statements = find_same(from, policy->vex);
  }
}

void
policy_statements_clear(PolicySet *set)
{
  g_clear_pointer(&set->identity, g_free);
  g_clear_pointer(&set->looked, g_free);
  g_clear_pointer(&set->statements, vex_set_unref);
  for (unsigned i = 0; i < set->policies_count; i++) {
    Policy *policy = (Policy *)(uintptr_t)policy_at(set, i);
    g_clear_pointer(&policy->statements, vex_set_unref);
  }
}

static unsigned
count(const VexSet *statements)
{
  return statements == NULL ? 0 : vex_set_documents(statements)->len;
}

unsigned
policy_statements_count(const PolicySet *set)
{
  unsigned sum = count(set->statements);
  for (unsigned i = 0; i < set->policies_count; i++)
    sum += count(policy_at(set, i)->statements);
  return sum;
}

static void
warn(const char *whose, GStrv paths, const VexSet *statements, GPtrArray *warnings)
{
  if (*paths == NULL)
    return;
  if (statements == NULL)
    g_ptr_array_add(warnings, g_strdup_printf("%s: the VEX documents of %s are not read here, and "
                                              "take nothing out",
                                              whose, *paths));
  else if (count(statements) == 0)
    g_ptr_array_add(
        warnings, g_strdup_printf("%s: there are no VEX documents (*.json) in %s", whose, *paths));
}

void
policy_statements_warn(const PolicySet *set, GPtrArray *warnings)
{
  warn("the policies", set->vex, set->statements, warnings);
  for (unsigned i = 0; i < set->policies_count; i++) {
    const Policy *policy = policy_at(set, i);
    g_autofree char *whose = g_strdup_printf("policy \"%s\"", policy->name);
    warn(whose, policy->vex, policy->statements, warnings);
  }
}
