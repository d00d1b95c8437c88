/* A finding as a value; see the header. */
#include "verdict/finding.h"

#include <string.h>

#include "base/json.h"

static const struct {
  const char *name, *rule;
} kinds[FINDING_KINDS] = {
    [FINDING_VULNERABILITY] = {"vulnerability", "vulnerabilities"},
};

const char *
finding_kind_name(FindingKind kind)
{
  return kinds[kind].name;
}

const char *
finding_kind_rule(FindingKind kind)
{
  return kinds[kind].rule;
}

bool
finding_kind_parse(const char *name, FindingKind *kind)
{
  for (int i = 0; i < FINDING_KINDS; i++) {
    if (strcmp(name, kinds[i].name) != 0)
      continue;
    *kind = (FindingKind)i;
    return true;
  }
  return false;
}

void
finding_free(Finding *finding)
{
  if (finding == NULL)
    return;
  g_free(finding->id);
  g_strfreev(finding->aliases);
  g_free(finding->vendor_id);
  g_free(finding->title);
  g_free(finding->description);
  g_free(finding->severity_source);
  g_free(finding->cvss_vector);
  g_free(finding->known_exploited_due);
  g_free(finding->reason);
  g_free(finding->package_type);
  g_free(finding->package);
  g_free(finding->architecture);
  g_free(finding->source_package);
  g_free(finding->installed_version);
  g_free(finding->affected);
  g_free(finding->fixed_version);
  g_free(finding->layer);
  g_free(finding->location);
  g_free(finding->remedy);
  g_strfreev(finding->references);
  g_free(finding->feed);
  g_free(finding->published);
  g_free(finding->modified);
  g_free(finding->exempt_reason);
  g_free(finding->exempt_until);
  g_free(finding);
}

static void
set_known_number(json_t *object, const char *key, double value)
{
  if (value >= 0)
    json_object_set_new(object, key, json_real(value));
}

void
finding_json_exempt(json_t *json, const char *reason, const char *until)
{
  json_t *object = json_object();
  json_set_string(object, "reason", reason);
  json_set_string(object, "until", until);
  json_object_set_new(json, "exemption", object);
}

json_t *
finding_to_json(const Finding *finding)
{
  json_t *object = json_object();
  json_set_string(object, "kind", finding_kind_name(finding->kind));
  json_set_string(object, "id", finding->id);
  json_set_strings(object, "aliases", (const char *const *)finding->aliases);
  json_set_string(object, "vendor_id", finding->vendor_id);
  json_set_string(object, "title", finding->title);
  json_set_string(object, "description", finding->description);
  json_set_string(object, "severity", severity_name(finding->severity));
  json_set_string(object, "severity_source", finding->severity_source);
  json_set_string(object, "cvss_vector", finding->cvss_vector);
  set_known_number(object, "cvss_score", finding->cvss_score);
  set_known_number(object, "epss_score", finding->epss_score);
  set_known_number(object, "epss_percentile", finding->epss_percentile);
  json_object_set_new(object, "known_exploited", json_boolean(finding->known_exploited));
  json_set_string(object, "known_exploited_due", finding->known_exploited_due);
  json_set_string(object, "state", advisory_state_name(finding->state));
  json_set_string(object, "reason", finding->reason);
  json_set_string(object, "package_type", finding->package_type);
  json_set_string(object, "package", finding->package);
  json_set_string(object, "architecture", finding->architecture);
  json_set_string(object, "source_package", finding->source_package);
  json_set_string(object, "installed_version", finding->installed_version);
  json_set_string(object, "affected", finding->affected);
  json_set_string(object, "fixed_version", finding->fixed_version);
  json_set_string(object, "layer", finding->layer);
  json_set_string(object, "location", finding->location);
  json_set_string(object, "remedy", finding->remedy);
  json_set_strings(object, "references", (const char *const *)finding->references);
  json_set_string(object, "feed", finding->feed);
  json_set_string(object, "published", finding->published);
  json_set_string(object, "modified", finding->modified);
  if (finding->exempt_reason != NULL)
    finding_json_exempt(object, finding->exempt_reason, finding->exempt_until);
  return object;
}

/* A member that is never NULL, from a server that may leave it out. */
static char *
text_or_empty(const json_t *json, const char *key)
{
  const char *text = json_get_string(json, key);
  return g_strdup(text != NULL ? text : "");
}

Finding *
finding_from_json(const json_t *json)
{
  Finding *finding = g_new0(Finding, 1);
  const char *severity = json_get_string(json, "severity"), *state = json_get_string(json, "state");
  const char *kind = json_get_string(json, "kind");
  if (kind == NULL || !finding_kind_parse(kind, &finding->kind))
    finding->kind = FINDING_VULNERABILITY; /* servers without kinds tell no others */
  finding->id = text_or_empty(json, "id");
  finding->aliases = json_get_strings(json, "aliases");
  finding->vendor_id = g_strdup(json_get_string(json, "vendor_id"));
  finding->title = g_strdup(json_get_string(json, "title"));
  finding->description = g_strdup(json_get_string(json, "description"));
  if (severity == NULL || !severity_parse(severity, &finding->severity))
    finding->severity = SEVERITY_UNKNOWN;
  finding->severity_source = g_strdup(json_get_string(json, "severity_source"));
  finding->cvss_vector = g_strdup(json_get_string(json, "cvss_vector"));
  finding->cvss_score = json_get_number(json, "cvss_score", -1);
  finding->epss_score = json_get_number(json, "epss_score", -1);
  finding->epss_percentile = json_get_number(json, "epss_percentile", -1);
  finding->known_exploited = json_get_boolean(json, "known_exploited", false);
  finding->known_exploited_due = g_strdup(json_get_string(json, "known_exploited_due"));
  if (state == NULL || !advisory_state_parse(state, &finding->state))
    finding->state = STATE_AFFECTED;
  finding->reason = g_strdup(json_get_string(json, "reason"));
  finding->package_type = text_or_empty(json, "package_type");
  finding->package = text_or_empty(json, "package");
  finding->architecture = g_strdup(json_get_string(json, "architecture"));
  finding->source_package = g_strdup(json_get_string(json, "source_package"));
  finding->installed_version = text_or_empty(json, "installed_version");
  finding->affected = g_strdup(json_get_string(json, "affected"));
  finding->fixed_version = g_strdup(json_get_string(json, "fixed_version"));
  finding->layer = g_strdup(json_get_string(json, "layer"));
  finding->location = g_strdup(json_get_string(json, "location"));
  finding->remedy = text_or_empty(json, "remedy");
  finding->references = json_get_strings(json, "references");
  finding->feed = g_strdup(json_get_string(json, "feed"));
  finding->published = g_strdup(json_get_string(json, "published"));
  finding->modified = g_strdup(json_get_string(json, "modified"));
  const json_t *exemption = json_get_object(json, "exemption");
  finding->exempt_reason = g_strdup(json_get_string(exemption, "reason"));
  finding->exempt_until = g_strdup(json_get_string(exemption, "until"));
  return finding;
}

Severity
finding_counted_as(const Finding *finding, Severity unknown_as)
{
  bool fixed = finding->fixed_version != NULL;
  return finding->severity == SEVERITY_UNKNOWN && fixed ? unknown_as : finding->severity;
}

static int
compare_numbers(double a, double b)
{
  return (a > b) - (a < b);
}

int
finding_compare(gconstpointer a, gconstpointer b)
{
  const Finding *left = *(const Finding *const *)a, *right = *(const Finding *const *)b;
  int order = (int)right->severity - (int)left->severity;
  if (order == 0)
    order = right->known_exploited - left->known_exploited;
  if (order == 0)
    order = (right->fixed_version != NULL) - (left->fixed_version != NULL);
  if (order == 0)
    order = compare_numbers(right->epss_score, left->epss_score);
  if (order == 0)
    order = g_strcmp0(left->id, right->id);
  if (order == 0)
    order = g_strcmp0(left->package, right->package);
  return order != 0 ? order : g_strcmp0(left->architecture, right->architecture);
}
