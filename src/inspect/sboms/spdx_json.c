/* SPDX 2 as JSON: packages. */
#include <string.h>

#include "base/json.h"
#include "inspect/sboms/sboms-private.h"

/* The texts of licences that are none of SPDX's, by their references. (transfer full) */
static GHashTable *
licence_texts(const json_t *document)
{
  GHashTable *texts = g_hash_table_new(g_str_hash, g_str_equal);
  size_t index;
  json_t *licence;
  json_array_foreach(json_get_array(document, "hasExtractedLicensingInfos"), index, licence) {
    const char *id = sbom_text(licence, "licenseId"), *text = sbom_text(licence, "name");
    if (text == NULL || strcmp(text, "NOASSERTION") == 0)
      text = sbom_text(licence, "extractedText");
    if (id != NULL && text != NULL)
      g_hash_table_insert(texts, (gpointer)(uintptr_t)id, (gpointer)(uintptr_t)text);
  }
  return texts;
}

static void
read_references(SbomPart *part, const json_t *list)
{
  size_t index;
  json_t *reference;
  json_array_foreach(list, index, reference) {
    const char *type = sbom_text(reference, "referenceType");
    const char *locator = sbom_text(reference, "referenceLocator");
    if (type == NULL)
      continue;
    /* "http://spdx.org/rdf/references/purl" is the same. */
    const char *slash = strrchr(type, '/');
    const char *kind = slash != NULL ? slash + 1 : type;
    if (strcmp(kind, "purl") == 0)
      sbom_set(&part->purl, locator);
    else if (strcmp(kind, "cpe23Type") == 0 || strcmp(kind, "cpe22Type") == 0)
      sbom_set(&part->cpe, locator);
  }
}

/* Older lists of Trivy say it by the id alone. */
static bool
is_os(const char *purpose, const char *id)
{
  if (id != NULL && g_str_has_prefix(id, "SPDXRef-OperatingSystem"))
    return true;
  return purpose != NULL &&
         (strcmp(purpose, "OPERATING_SYSTEM") == 0 || strcmp(purpose, "OPERATING-SYSTEM") == 0);
}

static void
read_package(SbomPart *part, const json_t *package, GHashTable *texts)
{
  const char *licence = sbom_text(package, "licenseDeclared");
  const char *text = licence == NULL ? NULL : g_hash_table_lookup(texts, licence);
  const char *purpose = sbom_text(package, "primaryPackagePurpose");
  size_t index;
  json_t *annotation;
  sbom_set(&part->name, sbom_text(package, "name"));
  sbom_set(&part->version, sbom_text(package, "versionInfo"));
  sbom_part_supplier(part, sbom_text(package, "supplier"));
  sbom_part_licence(part, text != NULL ? text : licence);
  sbom_part_source(part, sbom_text(package, "sourceInfo"));
  part->os = is_os(purpose, sbom_text(package, "SPDXID"));
  read_references(part, json_get_array(package, "externalRefs"));
  json_array_foreach(json_get_array(package, "annotations"), index, annotation) {
    const char *comment = sbom_text(annotation, "comment");
    if (comment != NULL)
      sbom_part_annotation(part, comment);
  }
}

void
sbom_read_spdx(SbomReading *reading, const json_t *document)
{
  g_autoptr(GHashTable) texts = licence_texts(document);
  size_t index;
  json_t *package;
  json_array_foreach(json_get_array(document, "packages"), index, package) {
    g_auto(SbomPart) part = {.name = NULL};
    read_package(&part, package, texts);
    sbom_add_whole(reading, &part);
    sbom_add(reading, &part);
  }
}
