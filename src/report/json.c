/* A report as one JSON document; docs/reports.md describes it. */
#include "base/json.h"
#include "inventory/end_of_life.h"
#include "inventory/image.h"
#include "report/report-private.h"
#include "report/writer.h"

/* --- the objects in it --- */

typedef struct {
  OsRelease os;
  const char *end_of_life;
} ReportedOs;
static const JsonMember os_members[] = {
    {JSON_MEMBER_AS("id", ReportedOs, os.id), .kind = &json_text},
    {JSON_MEMBER_AS("version_id", ReportedOs, os.version_id), .kind = &json_text},
    {JSON_MEMBER_AS("pretty_name", ReportedOs, os.pretty_name), .kind = &json_text},
    {JSON_MEMBER(ReportedOs, end_of_life), .kind = &json_text},
};
static const JsonTable os_table = JSON_TABLE(ReportedOs, os_members);

/* Ruled out by the source: only what names it. */
static const JsonMember not_affected_members[] = {
    {JSON_MEMBER(Finding, id), .kind = &json_text},
    {JSON_MEMBER(Finding, package), .kind = &json_text},
    {JSON_MEMBER(Finding, installed_version), .kind = &json_text},
    {JSON_MEMBER(Finding, reason), .kind = &json_text},
    {JSON_MEMBER(Finding, feed), .kind = &json_text},
};
static const JsonTable not_affected_table = JSON_TABLE(Finding, not_affected_members);

typedef struct {
  Package package;
  GPtrArray *places;
  const char *layer;
} ReportedPackage;
#define PACKAGE_MEMBER(member) JSON_MEMBER_AS(#member, ReportedPackage, package.member)
static const JsonMember package_members[] = {
    {PACKAGE_MEMBER(type), .kind = &json_text, .required = true},
    {PACKAGE_MEMBER(name), .kind = &json_text, .required = true},
    {PACKAGE_MEMBER(version), .kind = &json_text, .required = true},
    {PACKAGE_MEMBER(architecture), .kind = &json_text},
    {PACKAGE_MEMBER(source_name), .kind = &json_text},
    {PACKAGE_MEMBER(source_version), .kind = &json_text},
    {PACKAGE_MEMBER(module), .kind = &json_text},
    {PACKAGE_MEMBER(vendor), .kind = &json_text},
    {PACKAGE_MEMBER(location), .kind = &json_text},
    {JSON_MEMBER(ReportedPackage, places), .kind = &json_lines, .omitted = true},
    {PACKAGE_MEMBER(licenses), .kind = &json_text},
    {PACKAGE_MEMBER(sha1), .kind = &json_text},
    {PACKAGE_MEMBER(owner), .kind = &json_text},
    {PACKAGE_MEMBER(declared), .kind = &json_flag, .omitted = true},
    {PACKAGE_MEMBER(development), .kind = &json_flag, .omitted = true},
    /* Not known of a folder that is scanned; what is pushed has it always. */
    {JSON_MEMBER(ReportedPackage, layer), .kind = &json_text, .required = true},
};
const JsonTable report_package_table = JSON_TABLE(ReportedPackage, package_members);

json_t *
report_package_to_json(const ImageInventory *inventory, const ImagePackage *package)
{
  const LayerInventory *layer = g_ptr_array_index(inventory->layers, package->layer);
  g_autoptr(GPtrArray) places = image_package_places(inventory, package);
  const ReportedPackage reported = {.package = *package->package,
                                    .places = places,
                                    .layer = *layer->layer.text != '\0' ? layer->layer.text : NULL};
  return json_table_write(&report_package_table, &reported);
}

/* --- the document --- */

void
report_set_system(json_t *object, const ImageInventory *inventory)
{
  if (inventory == NULL)
    return;
  if (inventory->os != NULL) {
    const EndOfLife *life = end_of_life_of(inventory->os);
    const ReportedOs os = {*inventory->os, life != NULL ? life->end : NULL};
    json_object_set_new(object, "os", json_table_write(&os_table, &os));
  }
  json_object_set_new(object, "unread", json_from_texts(inventory->unread));
}

/* What the layers hold, beside how many packages there are. */
static void
set_inventory(json_t *object, const Report *report, const ReportStyle *style)
{
  const ImageInventory *inventory = report->inventory;
  report_set_system(object, inventory);
  if (inventory == NULL || !style->list_packages)
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

json_t *
report_to_json(const Report *report, const ReportStyle *style)
{
  unsigned counts[SEVERITY_CRITICAL + 1];
  report_count(report->findings, counts);
  json_t *object = json_object();
  json_object_set_new(object, "schema_version", json_integer(1));
  json_set_string(object, "target", report->target);
  json_set_string(object, "digest", report->digest);
  json_set_string(object, "advisories", report->database);
  set_inventory(object, report, style);
  if (report->base != NULL)
    json_object_set_new(object, "base", json_table_write(&report_base_table, report->base));
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
  if (report->ended != NULL)
    json_object_set_new(object, "ended_programs", report_ended_to_json(report->ended));
  json_object_set_new(object, "incomplete", json_from_texts(report->gaps));
  json_t *notes = json_from_texts(report->notes), *of_layers = json_from_texts(report->layer_notes);
  json_array_extend(notes, of_layers);
  json_decref(of_layers);
  json_object_set_new(object, "notes", notes);
  json_object_set_new(object, "findings", findings);
  if (report->ignored != NULL)
    json_object_set_new(object, "ignored", ignored_to_json(report->ignored));
  if (report->not_affected != NULL) {
    json_t *ruled_out = json_array();
    for (guint i = 0; i < report->not_affected->len; i++)
      json_array_append_new(
          ruled_out,
          json_table_write(&not_affected_table, g_ptr_array_index(report->not_affected, i)));
    json_object_set_new(object, "not_affected", ruled_out);
  }
  if (report->verdict != NULL)
    json_object_set_new(object, "verdict", verdict_to_json(report->verdict));
  return object;
}

static char *
write_json(const Report *report, const ReportStyle *style)
{
  g_autoptr(json_t) object = report_to_json(report, style);
  return json_to_pretty_text(object);
}

const ReportWriter json_report_writer = {
    .name = "json", .media_type = "application/json", .lists_packages = true, .write = write_json};
