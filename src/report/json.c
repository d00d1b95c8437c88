/* A report as one JSON document; docs/reports.md describes it. */
#include "base/json.h"
#include "inventory/end_of_life.h"
#include "inventory/image.h"
#include "report/report-private.h"
#include "report/writer.h"

static json_t *
os_to_json(const OsRelease *os)
{
  json_t *object = json_object();
  const EndOfLife *life = end_of_life_of(os);
  json_set_string(object, "id", os->id);
  json_set_string(object, "version_id", os->version_id);
  json_set_string(object, "pretty_name", os->pretty_name);
  json_set_string(object, "end_of_life", life != NULL ? life->end : NULL);
  return object;
}

/* Ruled out by the source: only what names it. */
static json_t *
not_affected_to_json(const GPtrArray *findings)
{
  json_t *array = json_array();
  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    json_t *object = json_object();
    json_set_string(object, "id", finding->id);
    json_set_string(object, "package", finding->package);
    json_set_string(object, "installed_version", finding->installed_version);
    json_set_string(object, "reason", finding->reason);
    json_set_string(object, "feed", finding->feed);
    json_array_append_new(array, object);
  }
  return array;
}

json_t *
report_package_to_json(const ImageInventory *inventory, const ImagePackage *package)
{
  const LayerInventory *layer = g_ptr_array_index(inventory->layers, package->layer);
  json_t *one = json_object();
  json_set_string(one, "type", package->package->type);
  json_set_string(one, "name", package->package->name);
  json_set_string(one, "version", package->package->version);
  json_set_string(one, "architecture", package->package->architecture);
  json_set_string(one, "source_name", package->package->source_name);
  json_set_string(one, "source_version", package->package->source_version);
  json_set_string(one, "module", package->package->module);
  json_set_string(one, "vendor", package->package->vendor);
  json_set_string(one, "location", package->package->location);
  json_set_string(one, "layer", *layer->layer.text != '\0' ? layer->layer.text : NULL);
  return one;
}

/* What the layers hold, beside how many packages there are. */
static void
set_inventory(json_t *object, const Report *report, const ReportStyle *style)
{
  const ImageInventory *inventory = report->inventory;
  if (inventory == NULL)
    return;
  if (inventory->os != NULL)
    json_object_set_new(object, "os", os_to_json(inventory->os));
  json_object_set_new(object, "unread", json_from_texts(inventory->unread));
  if (!style->list_packages)
    return;
  json_t *packages = json_array();
  for (guint i = 0; i < inventory->packages->len; i++)
    json_array_append_new(
        packages,
        report_package_to_json(inventory, &g_array_index(inventory->packages, ImagePackage, i)));
  json_object_set_new(object, "package_list", packages);
}

static json_t *
ignored_to_json(const GPtrArray *ignored)
{
  json_t *array = json_array();
  for (guint i = 0; ignored != NULL && i < ignored->len; i++) {
    const IgnoredFinding *each = g_ptr_array_index(ignored, i);
    json_t *object = finding_to_json(each->finding);
    json_set_string(object, "ignored_by", each->file);
    json_array_append_new(array, object);
  }
  return array;
}

static char *
write_json(const Report *report, const ReportStyle *style)
{
  unsigned counts[SEVERITY_CRITICAL + 1];
  report_count(report->findings, counts);
  g_autoptr(json_t) object = json_object();
  json_object_set_new(object, "schema_version", json_integer(1));
  json_set_string(object, "target", report->target);
  json_set_string(object, "digest", report->digest);
  json_set_string(object, "advisories", report->database);
  set_inventory(object, report, style);
  json_object_set_new(object, "packages", json_integer(report->packages));
  json_t *summary = json_object(), *findings = json_array();
  for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_UNKNOWN; severity--)
    json_object_set_new(summary, severity_name((Severity)severity), json_integer(counts[severity]));
  for (guint i = 0; i < report->findings->len; i++)
    json_array_append_new(findings, finding_to_json(g_ptr_array_index(report->findings, i)));
  json_object_set_new(object, "summary", summary);
  json_object_set_new(object, "kinds", report_kinds_to_json(report->findings));
  if (report->third_party != NULL)
    json_object_set_new(object, "third_party", json_from_texts(report->third_party));
  json_object_set_new(object, "incomplete", json_from_texts(report->gaps));
  json_t *notes = json_from_texts(report->notes), *of_layers = json_from_texts(report->layer_notes);
  json_array_extend(notes, of_layers);
  json_decref(of_layers);
  json_object_set_new(object, "notes", notes);
  json_object_set_new(object, "findings", findings);
  if (report->ignored != NULL)
    json_object_set_new(object, "ignored", ignored_to_json(report->ignored));
  if (report->not_affected != NULL)
    json_object_set_new(object, "not_affected", not_affected_to_json(report->not_affected));
  if (report->verdict != NULL)
    json_object_set_new(object, "verdict", verdict_to_json(report->verdict));
  return json_to_pretty_text(object);
}

const ReportWriter json_report_writer = {
    .name = "json", .media_type = "application/json", .lists_packages = true, .write = write_json};
