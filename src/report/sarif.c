/* SARIF 2.1.0 (OASIS), as code scanning services read it: a rule a vulnerability, a result a
 * package. */
#include <string.h>

#include "assay-version.h"
#include "base/json.h"
#include "report/report-private.h"

/* The bounds of a severity's scores as code scanning services draw them, and what stands for one
 * without a score. Without a severity none is claimed. */
static const struct {
  const char *level;
  double least, most, usual;
} levels[] = {
    [SEVERITY_UNKNOWN] = {"note", -1, -1, -1},  [SEVERITY_NEGLIGIBLE] = {"note", 0.1, 0.9, 0.5},
    [SEVERITY_LOW] = {"note", 0.1, 3.9, 2.0},   [SEVERITY_MEDIUM] = {"warning", 4.0, 6.9, 5.5},
    [SEVERITY_HIGH] = {"error", 7.0, 8.9, 8.0}, [SEVERITY_CRITICAL] = {"error", 9.0, 10.0, 9.5},
};

/* What the services show of a description. */
#define DESCRIPTION_MAX 1000
/* As GitHub's own queries name the kinds of weakness: of three digits at least. */
#define CWE_TAG "external/cwe/cwe-%03d"

static json_t *
text_object(const char *text)
{
  json_t *object = json_object();
  json_set_string(object, "text", text);
  return object;
}

/* In a message "[x](y)" is a link (SARIF 3.11.6): names and words of others are none. */
static json_t *
message_object(const char *text)
{
  if (strstr(text, "](") == NULL)
    return text_object(text);
  g_autoptr(GString) plain = g_string_new(NULL);
  for (const char *p = text; *p != '\0'; p++) {
    if (strchr("\\[]", *p) != NULL)
      g_string_append_c(plain, '\\');
    g_string_append_c(plain, *p);
  }
  return text_object(plain->str);
}

static json_t *
short_text_object(const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  if (g_utf8_strlen(valid, -1) <= DESCRIPTION_MAX)
    return text_object(valid);
  g_autofree char *head = g_utf8_substring(valid, 0, DESCRIPTION_MAX);
  g_autofree char *cut = g_strconcat(head, " ...", NULL);
  return text_object(cut);
}

/* A fix is something to do, whatever the severity. */
static const char *
level_of(const Finding *finding)
{
  bool fixed = finding->fixed_version != NULL;
  return finding->severity == SEVERITY_UNKNOWN && fixed ? "warning"
                                                        : levels[finding->severity].level;
}

/* The score, where it says the same as the severity: the distribution's word goes before it. */
static void
set_score(json_t *properties, const Finding *finding)
{
  double least = levels[finding->severity].least, most = levels[finding->severity].most;
  if (least < 0)
    return;
  bool agrees = finding->cvss_score >= least && finding->cvss_score <= most;
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd(text, sizeof text, "%.1f",
                  agrees ? finding->cvss_score : levels[finding->severity].usual);
  json_set_string(properties, "security-severity", text);
}

static json_t *
help_of(const Finding *finding)
{
  g_autoptr(GString) text = g_string_new(finding->remedy);
  for (char **url = finding->references; url != NULL && *url != NULL; url++)
    g_string_append_printf(text, "\n%s", *url);
  return text_object(text->str);
}

/* The first reference that is an address, or NULL: the schema takes nothing else. */
static const char *
help_address(const Finding *finding)
{
  for (char **url = finding->references; url != NULL && *url != NULL; url++)
    if (g_uri_is_valid(*url, G_URI_FLAGS_NONE, NULL))
      return *url;
  return NULL;
}

static const char *
rule_name_of(const Finding *finding)
{
  static const char *const names[FINDING_KINDS] = {[FINDING_VULNERABILITY] = "VulnerablePackage",
                                                   [FINDING_MALWARE] = "MaliciousFile",
                                                   [FINDING_SECRET] = "Secret",
                                                   [FINDING_BASELINE] = "WeakSetting",
                                                   [FINDING_CONFIGURATION] = "WeakConfiguration"};
  bool package = finding->kind == FINDING_MALWARE && finding_is_of_package(finding);
  return package ? "MaliciousPackage" : names[finding->kind];
}

/* Of the worst finding of the vulnerability. */
static json_t *
rule_of(const Finding *finding)
{
  json_t *rule = json_object(), *properties = json_object(), *tags = json_array();
  json_t *configuration = json_object();
  json_set_string(rule, "id", finding->id);
  json_set_string(rule, "name", rule_name_of(finding));
  json_object_set_new(rule, "shortDescription",
                      short_text_object(finding->title != NULL ? finding->title : finding->id));
  json_object_set_new(
      rule, "fullDescription",
      short_text_object(finding->description != NULL ? finding->description : finding->remedy));
  json_object_set_new(rule, "help", help_of(finding));
  json_set_string(rule, "helpUri", help_address(finding));
  json_set_string(configuration, "level", level_of(finding));
  json_object_set_new(rule, "defaultConfiguration", configuration);
  set_score(properties, finding);
  json_set_string(properties, "precision", "very-high");
  json_array_append_new(tags, json_string(finding_kind_name(finding->kind)));
  json_array_append_new(tags, json_string("security"));
  json_array_append_new(tags, json_string(severity_name(finding->severity)));
  for (char **cwe = finding->cwe_ids; cwe != NULL && *cwe != NULL; cwe++)
    json_array_append_new(tags, json_sprintf(CWE_TAG, (int)cwe_number(*cwe)));
  json_object_set_new(properties, "tags", tags);
  json_object_set_new(rule, "properties", properties);
  return rule;
}

static json_t *
artifact_of(const Finding *finding, bool of_build)
{
  json_t *artifact = json_object();
  /* Viewers show no result without a file. */
  bool known =
      finding->location != NULL && finding->location[strspn(finding->location, "/")] != '\0';
  const char *path = known ? finding->location : finding->package;
  /* A Dockerfile is a file of the sources, where it is not named from the root on. */
  bool of_root = of_build && *path == '/';
  g_autofree char *escaped = g_uri_escape_string(path + strspn(path, "/"), "/", FALSE);
  g_autofree char *uri = g_strconcat(of_root ? "file:///" : "", escaped, NULL);
  json_set_string(artifact, "uri", uri);
  if (!of_root)
    json_set_string(artifact, "uriBaseId", of_build ? "%SRCROOT%" : "ROOTPATH");
  return artifact;
}

static json_t *
location_of(const Finding *finding, bool of_build)
{
  json_t *location = json_object(), *physical = json_object(), *region = json_object();
  json_object_set_new(region, "startLine", json_integer(MAX(finding->line, 1)));
  json_object_set_new(physical, "artifactLocation", artifact_of(finding, of_build));
  json_object_set_new(physical, "region", region);
  json_object_set_new(location, "physicalLocation", physical);
  if (!finding_is_of_package(finding))
    return location;
  json_t *logical = json_object(), *all = json_array();
  g_autofree char *name = g_strdup_printf("%s/%s", finding->package_type, finding->package);
  json_set_string(logical, "fullyQualifiedName", name);
  json_set_string(logical, "kind", "package");
  json_array_append_new(all, logical);
  json_object_set_new(location, "logicalLocations", all);
  return location;
}

/* The same finding in the next report, whatever the versions: services tell by this what is new. */
static json_t *
fingerprints_of(const Finding *finding)
{
  json_t *fingerprints = json_object();
  bool package = finding_is_of_package(finding);
  /* A secret that moves within its file is the same. */
  g_autofree char *identity =
      package ? g_strdup_printf("%s/%s/%s/%s", finding->id, finding->package_type, finding->package,
                                finding->architecture != NULL ? finding->architecture : "")
              : g_strdup_printf("%s/%s/%s", finding->id, finding->location,
                                finding->same != NULL       ? finding->same
                                : finding->evidence != NULL ? finding->evidence
                                                            : "");
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, identity, -1);
  hash[16] = '\0';
  g_autofree char *line = g_strconcat(hash, ":1", NULL);
  json_set_string(fingerprints, "primaryLocationLineHash", line);
  json_set_string(fingerprints, package ? "package/v1" : "observation/v1", identity);
  return fingerprints;
}

/* What an exemption of the policy, or an ignore file takes out. */
static void
set_suppression(json_t *result, const Finding *finding)
{
  if (finding->exempt_reason == NULL)
    return;
  json_t *suppressions = json_array(), *suppression = json_object();
  g_autofree char *why =
      finding->exempt_until == NULL
          ? g_strdup(finding->exempt_reason)
          : g_strdup_printf("%s (until %s)", finding->exempt_reason, finding->exempt_until);
  json_set_string(suppression, "kind", "external");
  json_set_string(suppression, "status", "accepted");
  json_set_string(suppression, "justification", why);
  json_array_append_new(suppressions, suppression);
  json_object_set_new(result, "suppressions", suppressions);
}

static json_t *
result_of(const Finding *finding, size_t rule, bool of_build)
{
  json_t *result = json_object(), *locations = json_array(), *properties = json_object();
  bool package = finding_is_of_package(finding);
  g_autofree char *subject = report_subject(finding);
  g_autofree char *text = g_strdup_printf(
      "%s: %s (%s). %s.", subject, package || finding->title == NULL ? finding->id : finding->title,
      severity_name(finding->severity), finding->remedy);
  json_set_string(result, "ruleId", finding->id);
  json_object_set_new(result, "ruleIndex", json_integer((json_int_t)rule));
  json_set_string(result, "level", level_of(finding));
  json_object_set_new(result, "message", message_object(text));
  json_array_append_new(locations, location_of(finding, of_build));
  json_object_set_new(result, "locations", locations);
  json_object_set_new(result, "partialFingerprints", fingerprints_of(finding));
  json_set_string(properties, "severity", severity_name(finding->severity));
  if (package) {
    json_set_string(properties, "state", advisory_state_name(finding->state));
    json_set_string(properties, "installedVersion", finding->installed_version);
  }
  json_set_string(properties, "evidence", finding->evidence);
  json_set_string(properties, "fixedVersion", finding->fixed_version);
  json_set_string(properties, "layer", finding->layer);
  json_set_string(properties, "command", finding->command);
  json_set_string(properties, "origin", finding->origin);
  json_object_set_new(result, "properties", properties);
  set_suppression(result, finding);
  return result;
}

static void
add_notifications(json_t *notifications, const char *level, const GPtrArray *texts)
{
  for (guint i = 0; texts != NULL && i < texts->len; i++) {
    json_t *notification = json_object();
    json_set_string(notification, "level", level);
    json_object_set_new(notification, "message", message_object(g_ptr_array_index(texts, i)));
    json_array_append_new(notifications, notification);
  }
}

/* What makes the findings incomplete belongs to the run. */
static json_t *
invocations_of(const Report *report)
{
  json_t *all = json_array(), *invocation = json_object(), *notifications = json_array();
  add_notifications(notifications, "warning", report->gaps);
  add_notifications(notifications, "note", report->notes);
  add_notifications(notifications, "note", report->layer_notes);
  json_object_set_new(invocation, "executionSuccessful", json_true());
  json_object_set_new(invocation, "toolExecutionNotifications", notifications);
  json_array_append_new(all, invocation);
  return all;
}

/* Of the rules by their ids, whose indexes are from 0 on. */
static void
add_result(json_t *results, json_t *rules, GHashTable *indexes, const Finding *finding,
           bool of_build)
{
  void *index = NULL;
  if (!g_hash_table_lookup_extended(indexes, finding->id, NULL, &index)) {
    index = GSIZE_TO_POINTER(json_array_size(rules));
    g_hash_table_insert(indexes, finding->id, index);
    json_array_append_new(rules, rule_of(finding));
  }
  json_array_append_new(results, result_of(finding, GPOINTER_TO_SIZE(index), of_build));
}

static char *
write_sarif(const Report *report, const ReportStyle *style)
{
  g_autoptr(json_t) log = json_object();
  g_autoptr(GHashTable) indexes = g_hash_table_new(g_str_hash, g_str_equal);
  json_t *rules = json_array(), *results = json_array(), *driver = json_object();
  for (guint i = 0; i < report->findings->len; i++)
    add_result(results, rules, indexes, g_ptr_array_index(report->findings, i), report->of_build);
  for (guint i = 0; report->ignored != NULL && i < report->ignored->len; i++)
    add_result(results, rules, indexes,
               ((const IgnoredFinding *)g_ptr_array_index(report->ignored, i))->finding,
               report->of_build);
  json_set_string(driver, "name", "Assay");
  json_set_string(driver, "version", ASSAY_VERSION);
  json_set_string(driver, "semanticVersion", ASSAY_VERSION);
  json_object_set_new(driver, "rules", rules);

  json_t *run = json_object(), *tool = json_object(), *runs = json_array();
  g_autoptr(json_t) bases = json_object();
  json_t *root = json_object(), *properties = json_object();
  json_set_string(root, "uri", "file:///");
  json_object_set_new(bases, "ROOTPATH", root);
  json_set_string(properties, "target", report->target);
  json_set_string(properties, "digest", report->digest);
  json_object_set_new(tool, "driver", driver);
  json_object_set_new(run, "tool", tool);
  if (!report->of_build)
    json_object_set(run, "originalUriBaseIds", bases);
  json_object_set_new(run, "properties", properties);
  json_object_set_new(run, "invocations", invocations_of(report));
  json_object_set_new(run, "results", results);
  json_set_string(run, "columnKind", "utf16CodeUnits");
  json_array_append_new(runs, run);
  json_set_string(log, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
  json_set_string(log, "version", "2.1.0");
  json_object_set_new(log, "runs", runs);
  return json_to_pretty_text(log);
}

const ReportWriter sarif_report_writer = {
    .name = "sarif", .media_type = "application/sarif+json", .write = write_sarif};
