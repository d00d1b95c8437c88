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
/* Seconds: microseconds must not overflow. */
#define GRACE_MAX ((uint64_t)3653 * 86400)
#define OPTIONAL  CYAML_FLAG_OPTIONAL

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
    YAML_OPTIONAL_BOOLEAN(RawVulnerabilities, only_fixed),
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
 * would otherwise never be refused by a policy that blocks only critical; docs/policy.md. */
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
  g_ptr_array_unref(policy->unchecked);
  g_free(policy);
}

/* Where in the file we are, for messages. */
typedef struct {
  Slice text;
  const char *file;
  unsigned index;   /* of the policy */
  const char *name; /* of the policy */
  char key[128];    /* of the value being read, below the policy: "allowlist[3].expires" */
} Place;

static void place_set(Place *place, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void
place_set(Place *place, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_vsnprintf(place->key, sizeof place->key, format, args);
  va_end(args);
}

/* Puts file, line and policy before the message, which names the key; always false. */
static bool
place_failed(const Place *place, GError **error)
{
  char path[160];
  g_snprintf(path, sizeof path, "policies[%u].%s", place->index, place->key);
  g_prefix_error(error, "%s:%u: policy \"%s\": ", place->file, yaml_line_of(place->text, path),
                 place->name);
  return false;
}

static bool
read_choice(Place *place, const char *text, const char *key, const char *no, const char *yes,
            bool fallback, bool *value, GError **error)
{
  *value = text == NULL ? fallback : strcmp(text, yes) == 0;
  if (text == NULL || *value || strcmp(text, no) == 0)
    return true;
  place_set(place, "%s", key);
  error_set(error, ASSAY_ERROR_INVALID, "%s: \"%s\" is neither %s nor %s", key, text, no, yes);
  return place_failed(place, error);
}

/* A day, to its end in UTC; or a moment with its time zone. */
static bool
read_expiry(Place *place, const char *text, int64_t *expires, GError **error)
{
  *expires = 0;
  if (text == NULL)
    return true;
  bool is_day = strlen(text) == strlen("2027-01-31");
  g_autofree char *full = is_day ? g_strconcat(text, "T00:00:00Z", NULL) : g_strdup(text);
  /* Without a time zone no moment is meant, and none is guessed. */
  g_autoptr(GDateTime) moment = g_date_time_new_from_iso8601(full, NULL);
  if (moment == NULL) {
    error_set(error, ASSAY_ERROR_INVALID,
              "%s: \"%s\" is no date; write 2027-01-31 or 2027-01-31T12:00:00Z", place->key, text);
    return place_failed(place, error);
  }
  *expires = (g_date_time_to_unix(moment) + (is_day ? 86400 : 0)) * G_USEC_PER_SEC +
             g_date_time_get_microsecond(moment);
  return true;
}

static bool
read_allowlist(Place *place, Policy *policy, const RawPolicy *raw, GError **error)
{
  for (unsigned i = 0; i < raw->allowlist_count; i++) {
    Allow *allow = g_new0(Allow, 1);
    g_ptr_array_add(policy->allowlist, allow);
    allow->id = g_strdup(raw->allowlist[i].id);
    allow->package = g_strdup(raw->allowlist[i].package);
    allow->reason = g_strdup(raw->allowlist[i].reason);
    place_set(place, "allowlist[%u].expires", i);
    if (!read_expiry(place, raw->allowlist[i].expires, &allow->expires, error))
      return false;
  }
  return true;
}

static bool
read_severity(Place *place, const char *word, Severity *severity, GError **error)
{
  if (severity_parse(word, severity))
    return true;
  error_set(error, ASSAY_ERROR_INVALID,
            "%s: \"%s\" is none of critical, high, medium, low, negligible, unknown", place->key,
            word);
  return place_failed(place, error);
}

static bool
read_vulnerabilities(Place *place, Policy *policy, const RawVulnerabilities *raw, GError **error)
{
  policy->unknown_as = SEVERITY_HIGH;
  if (raw == NULL)
    return true;
  for (unsigned i = 0; i < raw->block_count; i++) {
    Severity severity = SEVERITY_UNKNOWN;
    place_set(place, "vulnerabilities.block[%u]", i);
    if (!read_severity(place, raw->block[i], &severity, error))
      return false;
    policy->block[severity] = true;
  }
  policy->only_fixed = raw->only_fixed != NULL && *raw->only_fixed;
  place_set(place, "vulnerabilities.unknown_as");
  if (raw->unknown_as != NULL && !read_severity(place, raw->unknown_as, &policy->unknown_as, error))
    return false;
  place_set(place, "vulnerabilities.grace");
  if (raw->grace == NULL)
    return true;
  if (!duration_parse(raw->grace, place->key, &policy->grace, error))
    return place_failed(place, error);
  if (policy->grace <= GRACE_MAX)
    return true;
  error_set(error, ASSAY_ERROR_INVALID, "%s: \"%s\" is longer than ten years", place->key,
            raw->grace);
  return place_failed(place, error);
}

/* Slots for checks to come. Taken silently, "block" would promise what nobody does: it is accepted,
 * so that a file can serve several versions, and each verdict says so. */
static bool
read_reserved(Place *place, Policy *policy, const RawPolicy *raw, GError **error)
{
  const struct {
    const char *key, *value;
  } slots[] = {{"malware", raw->malware}, {"secrets", raw->secrets}, {"baseline", raw->baseline}};
  for (size_t i = 0; i < G_N_ELEMENTS(slots); i++) {
    bool block = false;
    if (!read_choice(place, slots[i].value, slots[i].key, "allow", "block", false, &block, error))
      return false;
    if (block)
      g_ptr_array_add(policy->unchecked, (gpointer)(uintptr_t)slots[i].key);
  }
  return true;
}

static Policy *
policy_read(Place *place, const RawPolicy *raw, GError **error)
{
  Policy *policy = g_new0(Policy, 1);
  policy->name = g_strdup(raw->name);
  policy->allowlist = g_ptr_array_new_with_free_func(allow_free);
  policy->unchecked = g_ptr_array_new();
  g_autoptr(GStrvBuilder) namespaces = g_strv_builder_new();
  for (unsigned i = 0; i < raw->namespaces_count; i++)
    g_strv_builder_add(namespaces, raw->namespaces[i]);
  policy->namespaces = g_strv_builder_end(namespaces);
  if (read_choice(place, raw->mode, "mode", "enforce", "dry-run", false, &policy->dry_run, error) &&
      read_choice(place, raw->unscanned, "unscanned", "allow", "block", false,
                  &policy->block_unscanned, error) &&
      read_choice(place, raw->failed_scan, "failed_scan", "allow", "block", policy->block_unscanned,
                  &policy->block_failed, error) &&
      read_reserved(place, policy, raw, error) &&
      read_vulnerabilities(place, policy, raw->vulnerabilities, error) &&
      read_allowlist(place, policy, raw, error))
    return policy;
  policy_free(policy);
  return NULL;
}

/* The name is how a message tells which policy refused. */
static bool
check_name(Place *place, const PolicySet *set, const char *name, GError **error)
{
  for (guint i = 0; i < set->policies->len; i++) {
    const Policy *other = g_ptr_array_index(set->policies, i);
    if (strcmp(other->name, name) != 0)
      continue;
    place_set(place, "name");
    error_set(error, ASSAY_ERROR_INVALID, "name: another policy has it already");
    return place_failed(place, error);
  }
  return true;
}

static bool
read_set(PolicySet *set, const RawSet *raw, Slice text, const char *name, GError **error)
{
  for (unsigned i = 0; raw != NULL && i < raw->policies_count; i++) {
    Place place = {.text = text, .file = name, .index = i, .name = raw->policies[i].name};
    if (!check_name(&place, set, raw->policies[i].name, error))
      return false;
    Policy *policy = policy_read(&place, &raw->policies[i], error);
    if (policy == NULL)
      return false;
    g_ptr_array_add(set->policies, policy);
  }
  return true;
}

PolicySet *
policy_set_parse(Slice text, const char *name, GError **error)
{
  void *raw = NULL;
  if (!yaml_data_load(text, name, &set_schema, &raw, error))
    return NULL;
  g_autoptr(PolicySet) set = g_new0(PolicySet, 1);
  g_atomic_ref_count_init(&set->references);
  set->policies = g_ptr_array_new_with_free_func(policy_free);
  bool read = read_set(set, raw, text, name, error);
  yaml_data_free(&set_schema, raw);
  return read ? g_steal_pointer(&set) : NULL;
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
  g_atomic_ref_count_inc(&set->references);
  return set;
}

void
policy_set_unref(PolicySet *set)
{
  if (set == NULL || !g_atomic_ref_count_dec(&set->references))
    return;
  g_ptr_array_unref(set->policies);
  g_free(set);
}

GPtrArray *
policy_set_warnings(const PolicySet *set)
{
  GPtrArray *warnings = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < set->policies->len; i++) {
    const Policy *policy = g_ptr_array_index(set->policies, i);
    for (guint j = 0; j < policy->unchecked->len; j++)
      g_ptr_array_add(warnings, policy_unchecked_in_words(policy, j));
  }
  return warnings;
}

/* "*" stands for any characters but a slash, "**" for any. Bounded by the product of the lengths:
 * @reached holds which beginnings of the text the pattern so far can stand for. */
static bool
glob_matches(const char *pattern, const char *text)
{
  size_t size = strlen(text) + 1;
  g_autofree bool *reached = g_new0(bool, size);
  reached[0] = true;
  while (*pattern != '\0') {
    bool star = *pattern == '*', any = star && pattern[1] == '*';
    if (star) {
      for (size_t i = 1; i < size; i++)
        reached[i] = reached[i] || (reached[i - 1] && (any || text[i - 1] != '/'));
    } else {
      for (size_t i = size - 1; i > 0; i--)
        reached[i] = reached[i - 1] && text[i - 1] == *pattern;
      reached[0] = false;
    }
    pattern += any ? 2 : 1;
  }
  return reached[size - 1];
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
