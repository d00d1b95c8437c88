/* The policy language: reading it, and choosing which policy of a set holds; judge.c applies it. */
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/yaml.h"
#include "verdict/policy-private.h"

typedef struct {
  char *id, *package, *reason, *expires;
} RawAllow;

typedef struct {
  char **block;
  unsigned block_count;
  bool *only_fixed;
  char *unknown_as, *grace;
} RawVulnerabilities;

typedef struct {
  char *name, *mode, *unscanned, *failed_scan, *malware, *secrets, *baseline;
  char **namespaces;
  unsigned namespaces_count;
  RawVulnerabilities *vulnerabilities;
  RawAllow *allowlist;
  unsigned allowlist_count;
} RawPolicy;

typedef struct {
  RawPolicy *policies;
  unsigned policies_count;
} RawSet;

#define TEXT(structure, member, flags)                                                             \
  CYAML_FIELD_STRING_PTR(#member, CYAML_FLAG_POINTER | (flags), structure, member, 1,              \
                         CYAML_UNLIMITED)
#define REQUIRED 0
#define OPTIONAL CYAML_FLAG_OPTIONAL

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, CYAML_UNLIMITED)};

static const cyaml_schema_field_t allow_fields[] = {
    TEXT(RawAllow, id, REQUIRED), TEXT(RawAllow, package, OPTIONAL),
    TEXT(RawAllow, reason, REQUIRED), TEXT(RawAllow, expires, OPTIONAL), CYAML_FIELD_END};
static const cyaml_schema_value_t allow_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, RawAllow, allow_fields)};

static const cyaml_schema_field_t vulnerabilities_fields[] = {
    CYAML_FIELD_SEQUENCE("block", CYAML_FLAG_POINTER | OPTIONAL, RawVulnerabilities, block,
                         &text_entry, 0, 16),
    CYAML_FIELD_BOOL_PTR("only_fixed", CYAML_FLAG_POINTER | OPTIONAL, RawVulnerabilities,
                         only_fixed),
    TEXT(RawVulnerabilities, unknown_as, OPTIONAL), TEXT(RawVulnerabilities, grace, OPTIONAL),
    CYAML_FIELD_END};

static const cyaml_schema_field_t policy_fields[] = {
    TEXT(RawPolicy, name, REQUIRED),
    CYAML_FIELD_SEQUENCE("namespaces", CYAML_FLAG_POINTER, RawPolicy, namespaces, &text_entry, 1,
                         1000),
    TEXT(RawPolicy, mode, OPTIONAL),
    TEXT(RawPolicy, unscanned, OPTIONAL),
    TEXT(RawPolicy, failed_scan, OPTIONAL),
    TEXT(RawPolicy, malware, OPTIONAL),
    TEXT(RawPolicy, secrets, OPTIONAL),
    TEXT(RawPolicy, baseline, OPTIONAL),
    CYAML_FIELD_MAPPING_PTR("vulnerabilities", CYAML_FLAG_POINTER | OPTIONAL, RawPolicy,
                            vulnerabilities, vulnerabilities_fields),
    CYAML_FIELD_SEQUENCE("allowlist", CYAML_FLAG_POINTER | OPTIONAL, RawPolicy, allowlist,
                         &allow_entry, 0, 10000),
    CYAML_FIELD_END};
static const cyaml_schema_value_t policy_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, RawPolicy, policy_fields)};

static const cyaml_schema_field_t set_fields[] = {
    CYAML_FIELD_SEQUENCE("policies", CYAML_FLAG_POINTER, RawSet, policies, &policy_entry, 0, 1000),
    CYAML_FIELD_END};
static const cyaml_schema_value_t set_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, RawSet, set_fields)};

/* Unknown counts as critical here: what a security suite repairs without a severity of its own
 * would otherwise never be refused by a policy that blocks only critical. */
static const char strict_text[] = "policies:\n"
                                  "  - name: strict\n"
                                  "    namespaces: ['**']\n"
                                  "    unscanned: block\n"
                                  "    failed_scan: block\n"
                                  "    vulnerabilities:\n"
                                  "      block: [critical]\n"
                                  "      only_fixed: true\n"
                                  "      unknown_as: critical\n";

static void
allow_free(void *data)
{
  Allow *allow = data;
  g_free(allow->id);
  g_free(allow->package);
  g_free(allow->reason);
  g_free(allow);
}

static void
policy_free(void *data)
{
  Policy *policy = data;
  g_free(policy->name);
  g_strfreev(policy->namespaces);
  g_ptr_array_unref(policy->allowlist);
  g_free(policy);
}

static bool
read_choice(const char *text, const char *key, const char *no, const char *yes, bool fallback,
            bool *value, GError **error)
{
  *value = text == NULL ? fallback : strcmp(text, yes) == 0;
  return text == NULL || *value || strcmp(text, no) == 0 ||
         error_set(error, ASSAY_ERROR_INVALID, "%s: \"%s\" is neither %s nor %s", key, text, no,
                   yes);
}

/* The end of the day, UTC. */
static bool
read_expiry(const char *text, int64_t *expires, GError **error)
{
  *expires = 0;
  if (text == NULL)
    return true;
  g_autofree char *full = g_strconcat(text, "T00:00:00Z", NULL);
  g_autoptr(GDateTime) day =
      strlen(text) == strlen("2027-01-31") ? g_date_time_new_from_iso8601(full, NULL) : NULL;
  if (day == NULL)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "allowlist.expires: \"%s\" is no date; write 2027-01-31", text);
  *expires = (g_date_time_to_unix(day) + 86400) * G_USEC_PER_SEC;
  return true;
}

static bool
read_allowlist(Policy *policy, const RawPolicy *raw, GError **error)
{
  for (unsigned i = 0; i < raw->allowlist_count; i++) {
    Allow *allow = g_new0(Allow, 1);
    g_ptr_array_add(policy->allowlist, allow);
    allow->id = g_strdup(raw->allowlist[i].id);
    allow->package = g_strdup(raw->allowlist[i].package);
    allow->reason = g_strdup(raw->allowlist[i].reason);
    if (!read_expiry(raw->allowlist[i].expires, &allow->expires, error))
      return false;
  }
  return true;
}

static bool
read_vulnerabilities(Policy *policy, const RawVulnerabilities *raw, GError **error)
{
  policy->unknown_as = SEVERITY_HIGH;
  if (raw == NULL)
    return true;
  for (unsigned i = 0; i < raw->block_count; i++) {
    Severity severity;
    if (!severity_parse(raw->block[i], &severity))
      return error_set(error, ASSAY_ERROR_INVALID,
                       "vulnerabilities.block: \"%s\" is none of critical, high, medium, low, "
                       "negligible, unknown",
                       raw->block[i]);
    policy->block[severity] = true;
  }
  policy->only_fixed = raw->only_fixed != NULL && *raw->only_fixed;
  if (raw->unknown_as != NULL && !severity_parse(raw->unknown_as, &policy->unknown_as))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "vulnerabilities.unknown_as: \"%s\" is no severity", raw->unknown_as);
  return raw->grace == NULL ||
         duration_parse(raw->grace, "vulnerabilities.grace", &policy->grace, error);
}

/* Accepted silently they would promise a check that nobody makes. */
static bool
refuse_unsupported(const RawPolicy *raw, GError **error)
{
  const char *key = raw->malware != NULL    ? "malware"
                    : raw->secrets != NULL  ? "secrets"
                    : raw->baseline != NULL ? "baseline"
                                            : NULL;
  return key == NULL || error_set(error, ASSAY_ERROR_UNSUPPORTED,
                                  "%s: this check is not supported yet; remove the key", key);
}

static Policy *
policy_read(const RawPolicy *raw, GError **error)
{
  Policy *policy = g_new0(Policy, 1);
  policy->name = g_strdup(raw->name);
  policy->allowlist = g_ptr_array_new_with_free_func(allow_free);
  g_autoptr(GStrvBuilder) namespaces = g_strv_builder_new();
  for (unsigned i = 0; i < raw->namespaces_count; i++)
    g_strv_builder_add(namespaces, raw->namespaces[i]);
  policy->namespaces = g_strv_builder_end(namespaces);
  if (read_choice(raw->mode, "mode", "enforce", "dry-run", false, &policy->dry_run, error) &&
      read_choice(raw->unscanned, "unscanned", "allow", "block", false, &policy->block_unscanned,
                  error) &&
      read_choice(raw->failed_scan, "failed_scan", "allow", "block", policy->block_unscanned,
                  &policy->block_failed, error) &&
      refuse_unsupported(raw, error) && read_vulnerabilities(policy, raw->vulnerabilities, error) &&
      read_allowlist(policy, raw, error))
    return policy;
  g_prefix_error(error, "policy %s: ", raw->name);
  policy_free(policy);
  return NULL;
}

static PolicySet *
policy_set_parse(Slice text, const char *name, GError **error)
{
  void *loaded = NULL;
  if (!yaml_data_load(text, name, &set_schema, &loaded, error))
    return NULL;
  const RawSet *raw = loaded;
  g_autoptr(PolicySet) set = g_new0(PolicySet, 1);
  set->references = 1;
  set->policies = g_ptr_array_new_with_free_func(policy_free);
  bool read = true;
  for (unsigned i = 0; read && raw != NULL && i < raw->policies_count; i++) {
    Policy *policy = policy_read(&raw->policies[i], error);
    read = policy != NULL;
    if (read)
      g_ptr_array_add(set->policies, policy);
  }
  yaml_data_free(&set_schema, loaded);
  if (read)
    return g_steal_pointer(&set);
  g_prefix_error(error, "%s: ", name);
  return NULL;
}

PolicySet *
policy_set_load(const char *path, GError **error)
{
  if (path == NULL)
    return policy_set_parse(SLICE_EMPTY, "built-in", error);
  if (strcmp(path, "strict") == 0)
    return policy_set_parse(slice_from_string(strict_text), "strict", error);
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, YAML_TEXT_MAX, error);
  return bytes == NULL ? NULL : policy_set_parse(slice_from_bytes(bytes), path, error);
}

PolicySet *
policy_set_ref(PolicySet *set)
{
  g_atomic_int_inc(&set->references);
  return set;
}

void
policy_set_unref(PolicySet *set)
{
  if (set == NULL || !g_atomic_int_dec_and_test(&set->references))
    return;
  g_ptr_array_unref(set->policies);
  g_free(set);
}

/* "*" stands for any characters but a slash, "**" for any. Recursion is bounded by the pattern. */
static bool
glob_matches(const char *pattern, const char *text)
{
  for (; *pattern != '\0'; pattern++, text++) {
    if (*pattern == '*') {
      bool any = pattern[1] == '*';
      const char *rest = pattern + (any ? 2 : 1);
      for (;; text++) {
        if (glob_matches(rest, text))
          return true;
        if (*text == '\0' || (!any && *text == '/'))
          return false;
      }
    }
    if (*pattern != *text)
      return false;
  }
  return *text == '\0';
}

const Policy *
policy_set_find(const PolicySet *set, const char *repository)
{
  for (guint i = 0; i < set->policies->len; i++) {
    const Policy *policy = g_ptr_array_index(set->policies, i);
    for (char **pattern = policy->namespaces; *pattern != NULL; pattern++)
      if (glob_matches(*pattern, repository))
        return policy;
  }
  return NULL;
}

bool
policy_set_applies(const PolicySet *set, const char *repository)
{
  return policy_set_find(set, repository) != NULL;
}
