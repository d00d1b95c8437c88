/* SARIF 2.1.0 (OASIS), as code scanning services read it: a rule a vulnerability, a result a
 * package. */
#include "assay-version.h"
#include "base/json.h"
#include "report/report-private.h"

static const struct {
  const char *level, *security_severity; /* what a severity without a score counts as */
} levels[] = {
    [SEVERITY_UNKNOWN] = {"note", "0.0"}, [SEVERITY_NEGLIGIBLE] = {"note", "0.5"},
    [SEVERITY_LOW] = {"note", "2.0"},     [SEVERITY_MEDIUM] = {"warning", "5.5"},
    [SEVERITY_HIGH] = {"error", "8.0"},   [SEVERITY_CRITICAL] = {"error", "9.5"},
};

static json_t *
text_object(const char *text)
{
  json_t *object = json_object();
  json_set_string(object, "text", text);
  return object;
}

static json_t *
rule_of(const Finding *finding)
{
  json_t *rule = json_object(), *properties = json_object(), *tags = json_array();
  json_set_string(rule, "id", finding->id);
  json_set_string(rule, "name", "VulnerablePackage");
  json_object_set_new(rule, "shortDescription",
                      text_object(finding->title != NULL ? finding->title : finding->id));
  json_object_set_new(
      rule, "fullDescription",
      text_object(finding->description != NULL ? finding->description : finding->remedy));
  if (finding->references != NULL)
    json_set_string(rule, "helpUri", finding->references[0]);
  char score[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd(score, sizeof score, "%.1f", finding->cvss_score);
  json_set_string(properties, "security-severity",
                  finding->cvss_score >= 0 ? score : levels[finding->severity].security_severity);
  json_array_append_new(tags, json_string("vulnerability"));
  json_array_append_new(tags, json_string("security"));
  json_array_append_new(tags, json_string(severity_name(finding->severity)));
  json_object_set_new(properties, "tags", tags);
  json_object_set_new(rule, "properties", properties);
  return rule;
}

static json_t *
location_of(const Finding *finding)
{
  json_t *location = json_object(), *physical = json_object(), *artifact = json_object();
  json_t *region = json_object();
  g_autofree char *uri = g_uri_escape_string(finding->location, "/", FALSE);
  json_set_string(artifact, "uri", uri);
  json_set_string(artifact, "uriBaseId", "ROOTPATH");
  json_object_set_new(region, "startLine", json_integer(1));
  json_object_set_new(physical, "artifactLocation", artifact);
  json_object_set_new(physical, "region", region);
  json_object_set_new(location, "physicalLocation", physical);
  return location;
}

static json_t *
result_of(const Finding *finding, size_t rule)
{
  json_t *result = json_object(), *locations = json_array(), *fingerprints = json_object();
  g_autofree char *text =
      g_strdup_printf("%s %s: %s (%s). %s.", finding->package, finding->installed_version,
                      finding->id, severity_name(finding->severity), finding->remedy);
  g_autofree char *identity =
      g_strdup_printf("%s/%s/%s/%s", finding->id, finding->package_type, finding->package,
                      finding->architecture != NULL ? finding->architecture : "");
  json_set_string(result, "ruleId", finding->id);
  json_object_set_new(result, "ruleIndex", json_integer((json_int_t)rule));
  json_set_string(result, "level", levels[finding->severity].level);
  json_object_set_new(result, "message", text_object(text));
  json_array_append_new(locations, location_of(finding));
  json_object_set_new(result, "locations", locations);
  json_set_string(fingerprints, "package/v1", identity);
  json_object_set_new(result, "partialFingerprints", fingerprints);
  return result;
}

char *
report_write_sarif(const Report *report)
{
  g_autoptr(json_t) log = json_object();
  g_autoptr(GHashTable) indexes = g_hash_table_new(g_str_hash, g_str_equal);
  json_t *rules = json_array(), *results = json_array(), *driver = json_object();
  for (guint i = 0; i < report->findings->len; i++) {
    const Finding *finding = g_ptr_array_index(report->findings, i);
    void *index = NULL;
    if (!g_hash_table_lookup_extended(indexes, finding->id, NULL, &index)) {
      index = GSIZE_TO_POINTER(json_array_size(rules));
      g_hash_table_insert(indexes, finding->id, index);
      json_array_append_new(rules, rule_of(finding));
    }
    json_array_append_new(results, result_of(finding, GPOINTER_TO_SIZE(index)));
  }
  json_set_string(driver, "name", "Assay");
  json_set_string(driver, "version", ASSAY_VERSION);
  json_object_set_new(driver, "rules", rules);

  json_t *run = json_object(), *tool = json_object(), *runs = json_array(), *bases = json_object();
  json_t *root = json_object(), *properties = json_object();
  json_set_string(root, "uri", "file:///");
  json_object_set_new(bases, "ROOTPATH", root);
  json_set_string(properties, "target", report->target);
  json_set_string(properties, "digest", report->digest);
  json_object_set_new(tool, "driver", driver);
  json_object_set_new(run, "tool", tool);
  json_object_set_new(run, "originalUriBaseIds", bases);
  json_object_set_new(run, "properties", properties);
  json_object_set_new(run, "results", results);
  json_set_string(run, "columnKind", "utf16CodeUnits");
  json_array_append_new(runs, run);
  json_set_string(log, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
  json_set_string(log, "version", "2.1.0");
  json_object_set_new(log, "runs", runs);
  return json_to_pretty_text(log);
}
