/* SPDX 2.3 (ISO/IEC 5962) as JSON: what is in the image. The format has no findings. */
#include <string.h>

#include "assay-version.h"
#include "base/json.h"
#include "inventory/cpe.h"
#include "inventory/ecosystem.h"
#include "inventory/purl.h"
#include "report/bill.h"
#include "report/licence.h"
#include "report/writer.h"

#define DOCUMENT_ID "SPDXRef-DOCUMENT"
#define ROOT_ID     "SPDXRef-Image"
#define OS_ID       "SPDXRef-OperatingSystem"
#define NOTHING     "NOASSERTION"
#define TOOL        "Tool: assay-" ASSAY_VERSION

typedef struct {
  const Report *report;
  char *timestamp;
  json_t *relationships;
  json_t *licences;  /* hasExtractedLicensingInfos */
  GHashTable *named; /* set: the ids that are in it */
} Writing;

/* --- packages --- */

typedef struct {
  const Writing *writing;
  json_t *annotations;
} Annotating;

static void
add_annotation(const char *name, const char *value, void *data)
{
  Annotating *to = data;
  json_t *annotation = json_object();
  g_autofree char *comment = g_strconcat(BILL_PREFIX, name, "=", value, NULL);
  json_set_string(annotation, "annotationDate", to->writing->timestamp);
  json_set_string(annotation, "annotationType", "OTHER");
  json_set_string(annotation, "annotator", TOOL);
  json_set_string(annotation, "comment", comment);
  json_array_append_new(to->annotations, annotation);
}

static void
add_reference(json_t *references, const char *category, const char *type, const char *locator)
{
  if (locator == NULL)
    return;
  json_t *reference = json_object();
  json_set_string(reference, "referenceCategory", category);
  json_set_string(reference, "referenceType", type);
  json_set_string(reference, "referenceLocator", locator);
  json_array_append_new(references, reference);
}

/* A licence that is none of SPDX's is a reference to its text. */
static void
set_licence(Writing *writing, json_t *object, const char *licenses)
{
  bool known = licenses == NULL || *licenses == '\0' || licence_is_expression(licenses);
  g_autofree char *reference = known ? NULL : licence_reference(licenses);
  const char *declared = licenses == NULL || *licenses == '\0' ? NOTHING : licenses;
  json_set_string(object, "licenseConcluded", NOTHING);
  json_set_string(object, "licenseDeclared", known ? declared : reference);
  if (known || g_hash_table_contains(writing->named, reference))
    return;
  json_t *licence = json_object();
  json_set_string(licence, "licenseId", reference);
  json_set_string(licence, "extractedText", licenses);
  json_set_string(licence, "name", licenses);
  json_array_append_new(writing->licences, licence);
  g_hash_table_add(writing->named, g_steal_pointer(&reference));
}

static json_t *
package_new(const char *id, const char *name, const char *version)
{
  json_t *object = json_object();
  json_set_string(object, "SPDXID", id);
  json_set_string(object, "name", name);
  json_set_string(object, "versionInfo", version);
  json_set_string(object, "downloadLocation", NOTHING);
  json_object_set_new(object, "filesAnalyzed", json_false());
  return object;
}

static void
set_list(json_t *object, const char *key, json_t *list)
{
  if (json_array_size(list) > 0)
    json_object_set_new(object, key, list);
  else
    json_decref(list);
}

/* (transfer full) */
static char *
id_of(const Package *package, const char *name)
{
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
  g_autofree char *plain = g_strndup(package->name, 60);
  g_strcanon(plain, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ".-", '-');
  return g_strdup_printf("SPDXRef-Package-%s-%s-%.16s", package->type, plain, hash);
}

/* Trivy reads of no other member what a package was built from, and finds little without it. */
static void
set_source(json_t *object, const Package *package)
{
  bool has_location = package->location != NULL && *package->location != '\0';
  g_autofree char *text = purl_has_upstream(package)
                              ? g_strdup_printf("built package from: %s %s", package->source_name,
                                                package->source_version)
                          : has_location ? g_strdup_printf("found in %s", package->location)
                                         : NULL;
  json_set_string(object, "sourceInfo", text);
}

static void
set_checksum(json_t *object, const char *algorithm, const char *hex)
{
  if (hex == NULL || *hex == '\0')
    return;
  json_t *checksums = json_array(), *checksum = json_object();
  json_set_string(checksum, "algorithm", algorithm);
  json_set_string(checksum, "checksumValue", hex);
  json_array_append_new(checksums, checksum);
  json_object_set_new(object, "checksums", checksums);
}

static json_t *
package_of(Writing *writing, const ImagePackage *image_package, const char *id)
{
  const Package *package = image_package->package;
  const ImageInventory *inventory = writing->report->inventory;
  json_t *object = package_new(id, package->name, package->version), *references = json_array();
  Annotating annotating = {writing, json_array()};
  g_autofree char *purl = purl_text_of_package(package, inventory->os);
  g_autofree char *cpe = cpe_of_package(package);
  if (package->vendor != NULL) {
    g_autofree char *supplier = g_strconcat("Organization: ", package->vendor, NULL);
    json_set_string(object, "supplier", supplier);
  }
  set_checksum(object, "SHA1", package->sha1);
  set_source(object, package);
  set_licence(writing, object, package->licenses);
  json_set_string(object, "copyrightText", NOTHING);
  json_set_string(object, "primaryPackagePurpose",
                  strcmp(package->type, "generic") == 0 ? "APPLICATION" : "LIBRARY");
  add_reference(references, "PACKAGE-MANAGER", "purl", purl);
  add_reference(references, "SECURITY", "cpe23Type", cpe);
  json_object_set_new(object, "externalRefs", references);
  bill_package_facts(inventory, image_package, add_annotation, &annotating);
  if (package->location != NULL && *package->location != '\0')
    add_annotation("location", package->location, &annotating);
  set_list(object, "annotations", annotating.annotations);
  return object;
}

static json_t *
package_of_os(const Writing *writing, const OsRelease *os)
{
  json_t *object = package_new(OS_ID, os->id, os->version_id), *references = json_array();
  Annotating annotating = {writing, json_array()};
  g_autofree char *cpe = cpe_of_os(os);
  json_set_string(object, "description", os->pretty_name);
  json_set_string(object, "primaryPackagePurpose", "OPERATING_SYSTEM");
  add_reference(references, "SECURITY", "cpe23Type", cpe);
  set_list(object, "externalRefs", references);
  bill_os_facts(os, add_annotation, &annotating);
  set_list(object, "annotations", annotating.annotations);
  return object;
}

static json_t *
package_of_image(const Writing *writing)
{
  const Report *report = writing->report;
  const char *name = report->target != NULL ? report->target : report->digest;
  json_t *object = package_new(ROOT_ID, name, report->digest);
  Annotating annotating = {writing, json_array()};
  json_set_string(object, "primaryPackagePurpose",
                  bill_is_of_image(report) ? "CONTAINER" : "APPLICATION");
  if (report->digest != NULL && g_str_has_prefix(report->digest, "sha256:"))
    set_checksum(object, "SHA256", report->digest + strlen("sha256:"));
  bill_image_facts(report, add_annotation, &annotating);
  set_list(object, "annotations", annotating.annotations);
  return object;
}

/* --- the document --- */

static void
relate(Writing *writing, const char *element, const char *how, const char *other)
{
  json_t *relationship = json_object();
  json_set_string(relationship, "spdxElementId", element);
  json_set_string(relationship, "relationshipType", how);
  json_set_string(relationship, "relatedSpdxElement", other);
  json_array_append_new(writing->relationships, relationship);
}

static json_t *
packages_of(Writing *writing)
{
  const ImageInventory *inventory = writing->report->inventory;
  g_autoptr(GPtrArray) names = bill_names(inventory);
  json_t *packages = json_array();
  json_array_append_new(packages, package_of_image(writing));
  relate(writing, DOCUMENT_ID, "DESCRIBES", ROOT_ID);
  if (inventory->os != NULL) {
    json_array_append_new(packages, package_of_os(writing, inventory->os));
    relate(writing, ROOT_ID, "CONTAINS", OS_ID);
  }
  for (guint i = 0; i < inventory->packages->len; i++) {
    const ImagePackage *package = &g_array_index(inventory->packages, ImagePackage, i);
    g_autofree char *ecosystem = ecosystem_of_image(inventory->os, package->package->type);
    g_autofree char *id = id_of(package->package, g_ptr_array_index(names, i));
    json_array_append_new(packages, package_of(writing, package, id));
    relate(writing, ecosystem != NULL ? OS_ID : ROOT_ID, "CONTAINS", id);
  }
  return packages;
}

static json_t *
creation_of(const Writing *writing)
{
  json_t *creation = json_object(), *creators = json_array();
  json_set_string(creation, "created", writing->timestamp);
  json_array_append_new(creators, json_string(TOOL));
  json_object_set_new(creation, "creators", creators);
  return creation;
}

static char *
write_spdx(const Report *report, const ReportStyle *style)
{
  g_autoptr(GHashTable) named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *timestamp = bill_timestamp(report);
  g_autoptr(json_t) document = json_object();
  Writing writing = {.report = report,
                     .timestamp = timestamp,
                     .relationships = json_array(),
                     .licences = json_array(),
                     .named = named};
  json_set_string(document, "spdxVersion", "SPDX-2.3");
  json_set_string(document, "dataLicense", "CC0-1.0");
  json_set_string(document, "SPDXID", DOCUMENT_ID);
  json_set_string(document, "name", report->target != NULL ? report->target : report->digest);
  json_set_string(document, "documentNamespace", "");
  json_object_set_new(document, "creationInfo", creation_of(&writing));
  json_object_set_new(document, "packages", packages_of(&writing));
  set_list(document, "hasExtractedLicensingInfos", writing.licences);
  json_object_set_new(document, "relationships", writing.relationships);
  g_autofree char *content = json_to_text(document), *uuid = bill_uuid(content);
  g_autofree char *namespace = g_strconcat("urn:uuid:", uuid, NULL);
  json_set_string(document, "documentNamespace", namespace);
  return json_to_pretty_text(document);
}

const ReportWriter spdx_report_writer = {.name = "spdx",
                                         .media_type = "application/spdx+json",
                                         .of_inventory = true,
                                         .write = write_spdx};
