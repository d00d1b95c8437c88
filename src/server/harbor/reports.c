/* Writing Harbor's reports; see the header. */
#include "server/harbor/reports.h"

#include <string.h>

#include "assay-version.h"
#include "base/calendar.h"
#include "base/json.h"
#include "inventory/program_life.h"
#include "report/report.h"
#include "report/writer.h"
#include "verdict/completeness.h"

/* Harbor has it in an index; what is longer is whole in the description. */
#define PACKAGE_BYTES_MAX ((gsize)400)
#define LINKS_MAX         50u

static const char *const severities[] = {
    [SEVERITY_UNKNOWN] = "Unknown", [SEVERITY_NEGLIGIBLE] = "Negligible",
    [SEVERITY_LOW] = "Low",         [SEVERITY_MEDIUM] = "Medium",
    [SEVERITY_HIGH] = "High",       [SEVERITY_CRITICAL] = "Critical"};

/* In the words that Harbor knows from its own scanner. */
static const char *const states[] = {
    [STATE_FIXED] = "fixed",
    [STATE_AFFECTED] = "affected",
    [STATE_WILL_NOT_FIX] = "will_not_fix",
    [STATE_END_OF_LIFE] = "end_of_life",
    [STATE_UNIMPORTANT] = "affected",
    [STATE_NOT_AFFECTED] = "not_affected",
    [STATE_UNDER_REVIEW] = "under_investigation",
};

json_t *
harbor_scanner_to_json(void)
{
  return json_pack("{s:s,s:s,s:s}", "name", "Assay", "vendor", "Assay", "version", ASSAY_VERSION);
}

/* What both have in front. */
static json_t *
report_new(const HarborScanned *scanned)
{
  const ScanRequest *request = scanned->request;
  g_autofree char *generated = calendar_moment(scanned->now / G_USEC_PER_SEC);
  json_t *report = json_object(), *artifact = json_object();
  json_set_string(artifact, "repository", request->repository);
  json_set_string(artifact, "digest", request->digest.text);
  json_set_string(artifact, "tag", request->tag);
  json_set_string(artifact, "mime_type", request->mime_type);
  json_set_string(report, "generated_at", generated);
  json_object_set_new(report, "artifact", artifact);
  json_object_set_new(report, "scanner", harbor_scanner_to_json());
  return report;
}

/* --- an entry of a finding --- */

typedef enum { CVSS_OTHER, CVSS_V2, CVSS_V3 } CvssVersion;

static CvssVersion
version_of(const char *vector)
{
  return vector == NULL                        ? CVSS_OTHER
         : g_str_has_prefix(vector, "CVSS:3.") ? CVSS_V3
         : g_str_has_prefix(vector, "AV:")     ? CVSS_V2
                                               : CVSS_OTHER;
}

static void
set_cvss(json_t *object, const char *score_name, const char *vector_name, const char *vector,
         double score)
{
  if (score >= 0 && json_object_get(object, vector_name) == NULL) {
    json_object_set_new(object, score_name, json_real(score));
    json_set_string(object, vector_name, vector);
  }
}

/* The finding's own vector, or else the first of another source; Harbor has no place for CVSS 4. */
static json_t *
preferred_cvss(const Finding *finding)
{
  json_t *cvss = json_object();
  guint count = finding->ratings == NULL ? 0 : finding->ratings->len;
  for (guint i = 0; i <= count; i++) {
    const AdvisoryRating *rating = i == 0 ? NULL : g_ptr_array_index(finding->ratings, i - 1);
    const char *vector = rating == NULL ? finding->cvss_vector : rating->cvss_vector;
    double score = rating == NULL ? finding->cvss_score : rating->cvss_score;
    if (version_of(vector) == CVSS_V3)
      set_cvss(cvss, "score_v3", "vector_v3", vector, score);
    else if (version_of(vector) == CVSS_V2)
      set_cvss(cvss, "score_v2", "vector_v2", vector, score);
  }
  return cvss;
}

/* {SOURCE: {V3Score, V3Vector}}, by which Harbor sorts. (transfer full) */
static json_t *
cvss_of_sources(const Finding *finding)
{
  json_t *sources = json_object();
  for (guint i = 0; finding->ratings != NULL && i < finding->ratings->len; i++) {
    const AdvisoryRating *rating = g_ptr_array_index(finding->ratings, i);
    CvssVersion version = version_of(rating->cvss_vector);
    if (version == CVSS_OTHER)
      continue;
    json_t *source = json_object();
    bool third = version == CVSS_V3;
    set_cvss(source, third ? "V3Score" : "V2Score", third ? "V3Vector" : "V2Vector",
             rating->cvss_vector, rating->cvss_score);
    json_object_set_new(sources, rating->source, source);
  }
  return sources;
}

/* What Harbor has no member for. */
static json_t *
attributes_of(const Finding *finding)
{
  json_t *attributes = json_object();
  json_object_set_new(attributes, "CVSS", cvss_of_sources(finding));
  json_t *more = finding_to_json(finding);
  static const char *const told[] = {"id",      "title",         "description", "severity",
                                     "package", "fixed_version", "references",  "installed_version",
                                     "ratings", "cwe_ids"};
  for (size_t i = 0; i < G_N_ELEMENTS(told); i++)
    json_object_del(more, told[i]);
  json_object_set_new(attributes, "assay", more);
  return attributes;
}

static char *
description_of(const Finding *finding)
{
  const char *title = finding->title, *text = finding->description;
  g_autofree char *both = title != NULL && text != NULL && !g_str_has_prefix(text, title)
                              ? g_strconcat(title, "\n\n", text, NULL)
                              : g_strdup(text != NULL ? text : title);
  return both == NULL || *both == '\0' ? g_strdup(finding->remedy)
                                       : g_strconcat(both, "\n\n", finding->remedy, NULL);
}

static json_t *
links_of(const Finding *finding)
{
  json_t *links = json_array();
  for (char **link = finding->references;
       link != NULL && *link != NULL && json_array_size(links) < LINKS_MAX; link++)
    if (g_str_has_prefix(*link, "https://") || g_str_has_prefix(*link, "http://"))
      json_array_append_new(links, json_string(*link));
  return links;
}

/* The layer by both of its digests; NULL: it is not known. */
static json_t *
layer_of(const Finding *finding, const ImageInventory *inventory)
{
  for (guint i = 0; finding->layer != NULL && i < inventory->layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(inventory->layers, i);
    if (strcmp(layer->layer.text, finding->layer) == 0)
      return json_pack("{s:s,s:s}", "digest", layer->layer.text, "diff_id", layer->diff_id.text);
  }
  return NULL;
}

static json_t *
entry_of(const Finding *finding, const ImageInventory *inventory)
{
  json_t *entry = json_object();
  g_autofree char *description = description_of(finding);
  json_set_string(entry, "id", finding->id);
  json_set_string(entry, "package", finding->package);
  json_set_string(entry, "version", finding->installed_version);
  json_set_string(entry, "fix_version",
                  finding->fixed_version != NULL ? finding->fixed_version : "");
  json_set_string(entry, "severity", severities[finding->severity]);
  json_set_string(entry, "status", states[finding->state]);
  json_set_string(entry, "description", description);
  json_object_set_new(entry, "links", links_of(finding));
  json_object_set_new(entry, "preferred_cvss", preferred_cvss(finding));
  json_t *layer = layer_of(finding, inventory);
  if (layer != NULL)
    json_object_set_new(entry, "layer", layer);
  json_object_set_new(entry, "cwe_ids", json_array());
  json_set_strings(entry, "cwe_ids", (const char *const *)finding->cwe_ids);
  json_object_set_new(entry, "vendor_attributes", attributes_of(finding));
  return entry;
}

/* --- an entry of what is not known --- */

/* @about is what Harbor shows in the place of a package. */
static json_t *
entry_of_note(const char *id, const char *about)
{
  g_autofree char *valid = g_utf8_make_valid(about, (gssize)MIN(strlen(about), PACKAGE_BYTES_MAX));
  json_t *entry = json_object();
  json_set_string(entry, "id", id);
  json_set_string(entry, "package", valid);
  json_set_string(entry, "version", "");
  json_set_string(entry, "fix_version", "");
  json_set_string(entry, "severity", severities[SEVERITY_UNKNOWN]);
  json_set_string(entry, "status", strcmp(id, HARBOR_NOT_KNOWN) == 0 ? "unknown" : "end_of_life");
  json_set_string(entry, "description", about);
  json_object_set_new(entry, "links", json_array());
  json_object_set_new(entry, "preferred_cvss", json_object());
  json_object_set_new(entry, "cwe_ids", json_array());
  json_object_set_new(entry, "vendor_attributes", json_object());
  return entry;
}

/* --- the report --- */

/* Harbor's key of an entry. */
static bool
is_new(GHashTable *seen, const json_t *entry)
{
  return g_hash_table_add(seen, g_strdup_printf("%s\n%s\n%s", json_get_string(entry, "id"),
                                                json_get_string(entry, "package"),
                                                json_get_string(entry, "version")));
}

static void
add(json_t *list, GHashTable *seen, json_t *entry)
{
  if (is_new(seen, entry))
    json_array_append_new(list, entry);
  else
    json_decref(entry);
}

static void
add_notes(json_t *list, GHashTable *seen, const MatchResult *matched)
{
  for (guint i = 0; i < matched->gaps->len; i++)
    add(list, seen, entry_of_note(HARBOR_NOT_KNOWN, g_ptr_array_index(matched->gaps, i)));
  if (matched->end_of_life != NULL)
    add(list, seen, entry_of_note(HARBOR_NO_MORE_FIXES, matched->end_of_life));
  g_autoptr(GPtrArray) ended = g_ptr_array_new_with_free_func(g_free);
  if (matched->ended != NULL)
    program_life_add_texts(matched->ended, ended);
  for (guint i = 0; i < ended->len; i++)
    add(list, seen, entry_of_note(HARBOR_NO_MORE_FIXES, g_ptr_array_index(ended, i)));
}

char *
harbor_vulnerability_report(const HarborScanned *scanned)
{
  const MatchResult *matched = scanned->matched;
  g_autoptr(json_t) report = report_new(scanned);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  json_t *list = json_array();
  Severity worst = SEVERITY_UNKNOWN;
  /* Worst first: of two that are one to Harbor, the worse is shown. */
  for (guint i = 0; i < matched->findings->len; i++) {
    const Finding *finding = g_ptr_array_index(matched->findings, i);
    /* Harbor has a report of vulnerabilities, and none of what else is found. */
    if (!finding_is_of_package(finding))
      continue;
    worst = MAX(worst, finding->severity);
    add(list, seen, entry_of(finding, scanned->inventory));
  }
  add_notes(list, seen, matched);
  json_set_string(report, "severity", severities[worst]);
  json_object_set_new(report, "vulnerabilities", list);
  return json_to_text(report);
}

char *
harbor_sbom_report(const HarborScanned *scanned, HarborReport report)
{
  const bool spdx = report == HARBOR_REPORT_SPDX;
  const ScanRequest *request = scanned->request;
  const ReportWriter *writer = report_writer_find(spdx ? "spdx" : "cyclonedx");
  g_autofree char *target =
      g_strdup_printf("%s/%s@%s", request->host, request->repository, request->digest.text);
  const Report of_inventory = {.target = target,
                               .digest = request->digest.text,
                               .inventory = scanned->inventory,
                               .packages = scanned->inventory->packages->len,
                               .created = scanned->now / G_USEC_PER_SEC};
  const ReportStyle style = {.width = 0};
  g_autofree char *text = writer->write(&of_inventory, &style);
  g_autoptr(json_t) whole = report_new(scanned);
  g_autoptr(GPtrArray) gaps = completeness_gaps(scanned->inventory, NULL);
  json_object_set_new(whole, "media_type", json_string(spdx ? HARBOR_SPDX : HARBOR_CYCLONEDX));
  json_object_set_new(whole, "sbom", json_parse(slice_from_string(text), NULL));
  json_object_set_new(whole, "vendor_attributes",
                      json_pack("{s:o}", "incomplete", json_from_texts(gaps)));
  return json_to_text(whole);
}
