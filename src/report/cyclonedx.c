/* CycloneDX 1.6 (ECMA-424) as JSON: what is in the image, and its findings as vulnerabilities. */
#include <string.h>

#include "assay-version.h"
#include "base/json.h"
#include "inventory/cpe.h"
#include "inventory/ecosystem.h"
#include "inventory/purl.h"
#include "report/bill.h"
#include "report/cyclonedx-private.h"
#include "report/licence.h"
#include "report/writer.h"

#define ROOT_REF "image"
#define OS_REF   "os"

/* --- components --- */

static void
add_named(json_t *properties, const char *prefix, const char *name, const char *value)
{
  json_t *property = json_object();
  g_autofree char *full = g_strconcat(prefix, name, NULL);
  json_set_string(property, "name", full);
  json_set_string(property, "value", value);
  json_array_append_new(properties, property);
}

static void
add_property(const char *name, const char *value, void *properties)
{
  add_named(properties, BILL_PREFIX, name, value);
}

/* Trivy reads of its own properties alone what a package was built from, and finds little without
 * it. */
static void
add_source_for_trivy(json_t *properties, const Package *package)
{
  if (!purl_has_upstream(package))
    return;
  add_named(properties, "aquasecurity:trivy:", "SrcName", package->source_name);
  add_named(properties, "aquasecurity:trivy:", "SrcVersion", package->source_version);
}

/* An empty list is left out; takes @list. */
static void
set_list(json_t *object, const char *key, json_t *list)
{
  if (json_array_size(list) > 0)
    json_object_set_new(object, key, list);
  else
    json_decref(list);
}

static void
set_licences(json_t *component, const char *licenses)
{
  if (licenses == NULL || *licenses == '\0')
    return;
  json_t *list = json_array(), *choice = json_object();
  if (licence_is_identifier(licenses) || !licence_is_expression(licenses)) {
    json_t *license = json_object();
    json_set_string(license, licence_is_identifier(licenses) ? "id" : "name", licenses);
    json_set_string(license, "acknowledgement", "declared");
    json_object_set_new(choice, "license", license);
  } else
    json_set_string(choice, "expression", licenses);
  json_array_append_new(list, choice);
  json_object_set_new(component, "licenses", list);
}

/* The part of the name that CycloneDX calls the group. */
static void
set_name(json_t *component, const Package *package)
{
  static const struct {
    const char *type;
    char separator;
  } grouped[] = {{"maven", ':'}, {"npm", '/'}, {"composer", '/'}};
  const char *end = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(grouped); i++)
    if (strcmp(grouped[i].type, package->type) == 0)
      end = strrchr(package->name, grouped[i].separator);
  if (end != NULL && end > package->name && end[1] != '\0') {
    g_autofree char *group = g_strndup(package->name, (size_t)(end - package->name));
    json_set_string(component, "group", group);
    json_set_string(component, "name", end + 1);
  } else
    json_set_string(component, "name", package->name);
}

static void
set_evidence(json_t *component, const char *location)
{
  if (location == NULL || *location == '\0')
    return;
  json_t *evidence = json_object(), *occurrences = json_array(), *occurrence = json_object();
  json_set_string(occurrence, "location", location);
  json_array_append_new(occurrences, occurrence);
  json_object_set_new(evidence, "occurrences", occurrences);
  json_object_set_new(component, "evidence", evidence);
}

/* Takes no @hex that is not known. */
static void
set_hash(json_t *component, const char *algorithm, const char *hex)
{
  if (hex == NULL || *hex == '\0')
    return;
  json_t *hashes = json_array(), *hash = json_object();
  json_set_string(hash, "alg", algorithm);
  json_set_string(hash, "content", hex);
  json_array_append_new(hashes, hash);
  json_object_set_new(component, "hashes", hashes);
}

static json_t *
component_of(const ImageInventory *inventory, const ImagePackage *image_package, const char *ref)
{
  const Package *package = image_package->package;
  json_t *component = json_object(), *properties = json_array();
  g_autofree char *purl = purl_text_of_package(package, inventory->os);
  g_autofree char *cpe = cpe_of_package(package);
  json_set_string(component, "type",
                  strcmp(package->type, "generic") == 0 ? "application" : "library");
  json_set_string(component, "bom-ref", ref);
  if (package->vendor != NULL) {
    json_t *supplier = json_object();
    json_set_string(supplier, "name", package->vendor);
    json_object_set_new(component, "supplier", supplier);
  }
  set_name(component, package);
  json_set_string(component, "version", package->version);
  set_hash(component, "SHA-1", package->sha1);
  set_licences(component, package->licenses);
  json_set_string(component, "cpe", cpe);
  json_set_string(component, "purl", purl);
  set_evidence(component, package->location);
  bill_package_facts(inventory, image_package, add_property, properties);
  add_source_for_trivy(properties, package);
  set_list(component, "properties", properties);
  return component;
}

static json_t *
component_of_os(const OsRelease *os)
{
  json_t *component = json_object(), *properties = json_array();
  g_autofree char *cpe = cpe_of_os(os);
  json_set_string(component, "type", "operating-system");
  json_set_string(component, "bom-ref", OS_REF);
  json_set_string(component, "name", os->id);
  json_set_string(component, "version", os->version_id);
  json_set_string(component, "description", os->pretty_name);
  json_set_string(component, "cpe", cpe);
  bill_os_facts(os, add_property, properties);
  set_list(component, "properties", properties);
  return component;
}

static json_t *
components_of(const Report *report, const GPtrArray *names)
{
  const ImageInventory *inventory = report->inventory;
  json_t *components = json_array();
  if (inventory->os != NULL)
    json_array_append_new(components, component_of_os(inventory->os));
  for (guint i = 0; i < inventory->packages->len; i++)
    json_array_append_new(
        components, component_of(inventory, &g_array_index(inventory->packages, ImagePackage, i),
                                 g_ptr_array_index(names, i)));
  return components;
}

/* --- what is around them --- */

static json_t *
root_of(const Report *report)
{
  json_t *component = json_object(), *properties = json_array();
  json_set_string(component, "type", bill_is_of_image(report) ? "container" : "application");
  json_set_string(component, "bom-ref", ROOT_REF);
  json_set_string(component, "name", report->target != NULL ? report->target : report->digest);
  json_set_string(component, "version", report->digest);
  if (report->digest != NULL && g_str_has_prefix(report->digest, "sha256:"))
    set_hash(component, "SHA-256", report->digest + strlen("sha256:"));
  bill_image_facts(report, add_property, properties);
  for (guint i = 0; i < report->inventory->layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(report->inventory->layers, i);
    if (*layer->layer.text != '\0')
      add_property("image:layer", layer->layer.text, properties);
  }
  set_list(component, "properties", properties);
  return component;
}

static json_t *
metadata_of(const Report *report)
{
  json_t *metadata = json_object(), *tools = json_object(), *list = json_array();
  json_t *tool = json_object();
  g_autofree char *timestamp = bill_timestamp(report);
  json_set_string(metadata, "timestamp", timestamp);
  json_set_string(tool, "type", "application");
  json_set_string(tool, "name", "assay");
  json_set_string(tool, "version", ASSAY_VERSION);
  json_array_append_new(list, tool);
  json_object_set_new(tools, "components", list);
  json_object_set_new(metadata, "tools", tools);
  json_object_set_new(metadata, "component", root_of(report));
  return metadata;
}

static json_t *
dependency(const char *ref, json_t *on)
{
  json_t *object = json_object();
  json_set_string(object, "ref", ref);
  set_list(object, "dependsOn", on);
  return object;
}

/* The image holds the distribution and what applications bring; the distribution its packages. */
static json_t *
dependencies_of(const ImageInventory *inventory, const GPtrArray *names)
{
  json_t *dependencies = json_array(), *of_image = json_array(), *of_os = json_array();
  if (inventory->os != NULL)
    json_array_append_new(of_image, json_string(OS_REF));
  for (guint i = 0; i < inventory->packages->len; i++) {
    const ImagePackage *package = &g_array_index(inventory->packages, ImagePackage, i);
    g_autofree char *ecosystem = ecosystem_of_image(inventory->os, package->package->type);
    json_array_append_new(ecosystem != NULL ? of_os : of_image,
                          json_string(g_ptr_array_index(names, i)));
  }
  json_array_append_new(dependencies, dependency(ROOT_REF, of_image));
  if (inventory->os != NULL)
    json_array_append_new(dependencies, dependency(OS_REF, of_os));
  else
    json_decref(of_os);
  return dependencies;
}

/* What could not be read whole is said as the format says it, too. */
static json_t *
compositions_of(const Report *report)
{
  const ImageInventory *inventory = report->inventory;
  json_t *compositions = json_array();
  bool missing =
      inventory->unread->len > 0 || (inventory->gaps != NULL && inventory->gaps->len > 0);
  if (!missing)
    return compositions;
  json_t *composition = json_object(), *assemblies = json_array();
  json_set_string(composition, "aggregate", "incomplete");
  json_array_append_new(assemblies, json_string(ROOT_REF));
  json_object_set_new(composition, "assemblies", assemblies);
  json_array_append_new(compositions, composition);
  return compositions;
}

static char *
write_cyclonedx(const Report *report, const ReportStyle *style)
{
  g_autoptr(GPtrArray) names = bill_names(report->inventory);
  g_autoptr(json_t) bill = json_object();
  json_set_string(bill, "$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
  json_set_string(bill, "bomFormat", "CycloneDX");
  json_set_string(bill, "specVersion", "1.6");
  json_set_string(bill, "serialNumber", "");
  json_object_set_new(bill, "version", json_integer(1));
  json_object_set_new(bill, "metadata", metadata_of(report));
  json_object_set_new(bill, "components", components_of(report, names));
  json_object_set_new(bill, "dependencies", dependencies_of(report->inventory, names));
  set_list(bill, "compositions", compositions_of(report));
  set_list(bill, "vulnerabilities", cyclonedx_vulnerabilities(report, names));
  g_autofree char *content = json_to_text(bill), *uuid = bill_uuid(content);
  g_autofree char *serial = g_strconcat("urn:uuid:", uuid, NULL);
  json_set_string(bill, "serialNumber", serial);
  return json_to_pretty_text(bill);
}

const ReportWriter cyclonedx_report_writer = {.name = "cyclonedx",
                                              .media_type = "application/vnd.cyclonedx+json",
                                              .of_inventory = true,
                                              .write = write_cyclonedx};
