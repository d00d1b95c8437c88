/* A finding as a value; see the header. */
#include "verdict/finding.h"

static const JsonMember exemption_members[] = {
    {JSON_MEMBER_AS("reason", Finding, exempt_reason), .kind = &json_text, .required = true},
    {JSON_MEMBER_AS("until", Finding, exempt_until), .kind = &json_text},
};
static const JsonTable exemption_table = JSON_TABLE(Finding, exemption_members);

static const JsonMember rating_members[] = {
    {JSON_MEMBER(AdvisoryRating, source), .kind = &json_text, .otherwise = ""},
    {JSON_MEMBER(AdvisoryRating, severity), .kind = &json_word, .words = severity_names,
     .otherwise = "unknown"},
    {JSON_MEMBER(AdvisoryRating, cvss_vector), .kind = &json_text},
    {JSON_MEMBER(AdvisoryRating, cvss_score), .kind = &json_known_amount},
};
const JsonTable finding_rating_table = JSON_TABLE(AdvisoryRating, rating_members);

/* A server without kinds tells no others. */
static const JsonMember members[] = {
    {JSON_MEMBER(Finding, kind), .kind = &json_word, .words = finding_kind_names,
     .otherwise = "vulnerability"},
    {JSON_MEMBER(Finding, id), .kind = &json_text, .otherwise = ""},
    {JSON_MEMBER(Finding, aliases), .kind = &json_texts},
    {JSON_MEMBER(Finding, vendor_id), .kind = &json_text},
    {JSON_MEMBER(Finding, title), .kind = &json_text},
    {JSON_MEMBER(Finding, description), .kind = &json_text},
    {JSON_MEMBER(Finding, severity), .kind = &json_word, .words = severity_names,
     .otherwise = "unknown"},
    {JSON_MEMBER(Finding, severity_source), .kind = &json_text},
    {JSON_MEMBER(Finding, ratings), .kind = &json_list, .table = &finding_rating_table,
     .most = 2 * ADVISORY_RATINGS_MAX, .omitted = true},
    {JSON_MEMBER(Finding, cvss_vector), .kind = &json_text},
    {JSON_MEMBER(Finding, cvss_score), .kind = &json_known_amount},
    {JSON_MEMBER(Finding, epss_score), .kind = &json_known_amount},
    {JSON_MEMBER(Finding, epss_percentile), .kind = &json_known_amount},
    {JSON_MEMBER(Finding, known_exploited), .kind = &json_flag},
    {JSON_MEMBER(Finding, known_exploited_due), .kind = &json_text},
    {JSON_MEMBER(Finding, state), .kind = &json_word, .words = advisory_state_names,
     .otherwise = "affected"},
    {JSON_MEMBER(Finding, reason), .kind = &json_text},
    {JSON_MEMBER(Finding, package_type), .kind = &json_text, .otherwise = ""},
    {JSON_MEMBER(Finding, package), .kind = &json_text, .otherwise = ""},
    {JSON_MEMBER(Finding, architecture), .kind = &json_text},
    {JSON_MEMBER(Finding, source_package), .kind = &json_text},
    {JSON_MEMBER(Finding, installed_version), .kind = &json_text, .otherwise = ""},
    {JSON_MEMBER(Finding, affected), .kind = &json_text},
    {JSON_MEMBER(Finding, fixed_version), .kind = &json_text},
    {JSON_MEMBER(Finding, layer), .kind = &json_text},
    {JSON_MEMBER(Finding, command), .kind = &json_text},
    {JSON_MEMBER(Finding, location), .kind = &json_text},
    {JSON_MEMBER(Finding, line), .kind = &json_number, .omitted = true},
    {JSON_MEMBER(Finding, evidence), .kind = &json_text},
    {JSON_MEMBER(Finding, same), .kind = &json_text},
    {JSON_MEMBER(Finding, removed), .kind = &json_flag, .omitted = true},
    {JSON_MEMBER(Finding, places), .kind = &json_texts},
    {JSON_MEMBER(Finding, owner), .kind = &json_text},
    {JSON_MEMBER(Finding, declared), .kind = &json_flag, .omitted = true},
    {JSON_MEMBER(Finding, development), .kind = &json_flag, .omitted = true},
    {JSON_MEMBER(Finding, symbols), .kind = &json_texts, .omitted = true},
    {JSON_MEMBER(Finding, remedy), .kind = &json_text, .otherwise = ""},
    {JSON_MEMBER(Finding, cwe_ids), .kind = &json_texts, .omitted = true},
    {JSON_MEMBER(Finding, references), .kind = &json_texts},
    {JSON_MEMBER(Finding, feed), .kind = &json_text},
    {JSON_MEMBER(Finding, published), .kind = &json_text},
    {JSON_MEMBER(Finding, modified), .kind = &json_text},
    {JSON_MEMBER(Finding, origin), .kind = &json_text},
    {.name = "exemption", .kind = &json_part, .table = &exemption_table},
};
const JsonTable finding_table = JSON_TABLE(Finding, members);

bool
finding_is_of_package(const Finding *finding)
{
  return *finding->package != '\0';
}

/* A malicious package is known by the advisories, as a vulnerable one is. */
bool
finding_is_of(const Finding *finding, FindingKinds kinds)
{
  FindingKind kind = finding_is_of_package(finding) ? FINDING_VULNERABILITY : finding->kind;
  return (kinds & FINDING_KIND_BIT(kind)) != 0;
}

GPtrArray *
findings_without(const GPtrArray *findings, FindingKinds kinds)
{
  GPtrArray *rest = g_ptr_array_new();
  for (guint i = 0; i < findings->len; i++)
    if (!finding_is_of(g_ptr_array_index(findings, i), kinds))
      g_ptr_array_add(rest, g_ptr_array_index(findings, i));
  return rest;
}

/* A malicious package is judged as a critical vulnerability is, too. */
const char *
finding_rule(const Finding *finding)
{
  static const char *const rules[FINDING_KINDS] = {[FINDING_VULNERABILITY] = "vulnerabilities",
                                                   [FINDING_MALWARE] = "malware",
                                                   [FINDING_SECRET] = "secrets",
                                                   [FINDING_BASELINE] = "baseline",
                                                   [FINDING_CONFIGURATION] = "configuration"};
  return rules[finding_is_of_package(finding) ? FINDING_VULNERABILITY : finding->kind];
}

Finding *
finding_new(void)
{
  Finding *finding = g_new0(Finding, 1);
  finding->ratings = advisory_ratings_new();
  return finding;
}

void
finding_free(Finding *finding)
{
  if (finding == NULL)
    return;
  json_table_clear(&finding_table, finding);
  g_free(finding);
}

json_t *
finding_to_json(const Finding *finding)
{
  return json_table_write(&finding_table, finding);
}

Finding *
finding_from_json(const json_t *json, GError **error)
{
  Finding *finding = finding_new();
  if (json_table_read(&finding_table, json, finding, error))
    return finding;
  finding_free(finding);
  return NULL;
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
  if (order == 0)
    order = g_strcmp0(left->architecture, right->architecture);
  if (order == 0)
    order = g_strcmp0(left->location, right->location);
  return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}
