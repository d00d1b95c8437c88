/* CycloneDX VEX: the analyses of the vulnerabilities of a document, which is an SBOM as well or
 * points at one by BOM-Links (urn:cdx:SERIAL/VERSION#REFERENCE). */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "inventory/purl.h"
#include "verdict/vex-private.h"

#define DEPTH_MAX 60u

typedef struct {
  VexDocument *document;
  GHashTable *purls; /* bom-ref -> package URL of a component, borrowed */
  int64_t time;
} Reading;

static void
read_components(Reading *reading, const json_t *list, unsigned depth)
{
  size_t index;
  json_t *component;
  if (depth > DEPTH_MAX)
    return;
  json_array_foreach(list, index, component) {
    const char *ref = json_get_string(component, "bom-ref");
    const char *purl = json_get_string(component, "purl");
    if (ref != NULL && purl != NULL)
      g_hash_table_insert(reading->purls, (gpointer)(uintptr_t)ref, (gpointer)(uintptr_t)purl);
    read_components(reading, json_get_array(component, "components"), depth + 1);
  }
}

static bool
read_state(const char *text, VexStatus *status)
{
  static const struct {
    const char *text;
    VexStatus status;
  } words[] = {{"not_affected", VEX_NOT_AFFECTED},
               {"false_positive", VEX_NOT_AFFECTED},
               {"resolved", VEX_FIXED},
               {"resolved_with_pedigree", VEX_FIXED},
               {"exploitable", VEX_AFFECTED},
               {"in_triage", VEX_UNDER_INVESTIGATION}};
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (strcmp(words[i].text, text) == 0) {
      *status = words[i].status;
      return true;
    }
  return false;
}

/* A package URL in a link may be encoded as a whole, or be as it is. (transfer full) */
static char *
product_of(const Reading *reading, const char *ref)
{
  const char *hash = g_str_has_prefix(ref, "urn:cdx:") ? strchr(ref, '#') : NULL;
  const char *local = hash != NULL ? hash + 1 : ref;
  const char *purl = g_hash_table_lookup(reading->purls, local);
  g_autofree char *decoded =
      g_str_has_prefix(local, "pkg%3A") ? g_uri_unescape_string(local, NULL) : NULL;
  if (purl == NULL && decoded != NULL)
    return g_steal_pointer(&decoded);
  return g_strdup(purl != NULL ? purl : local);
}

/* @product in one version; NULL: it has none that could be told. An image is told by its digest.
 * (transfer full) */
static char *
in_version(const char *product, const char *version)
{
  g_autoptr(Purl) purl = purl_parse(product, NULL);
  if (purl == NULL)
    return NULL;
  if (strcmp(purl->type, "oci") == 0)
    return purl->version == NULL ? NULL : g_strdup(product);
  g_free(purl->version);
  purl->version = g_strdup(version);
  g_hash_table_remove(purl->qualifier, "epoch"); /* the version has it */
  return purl_to_text(purl);
}

/* What is said holds for the versions that are listed, where some are. A range (`vers:`) is not
 * followed: what it says is not taken for more than it says. */
static bool
add_affected(Reading *reading, const VexSaid *said, const json_t *affected, GError **error)
{
  const char *ref = json_get_string(affected, "ref");
  const json_t *versions = json_get_array(affected, "versions");
  g_autofree char *product = ref == NULL ? NULL : product_of(reading, ref);
  size_t index;
  json_t *entry;
  if (product == NULL)
    return true;
  if (json_array_size(versions) == 0)
    return vex_add(reading->document, said, product, NULL, error);
  json_array_foreach(versions, index, entry) {
    const char *version = json_get_string(entry, "version");
    g_autofree char *one = version == NULL ? NULL : in_version(product, version);
    if (one != NULL && !vex_add(reading->document, said, one, NULL, error))
      return false;
  }
  return true;
}

static bool
read_vulnerability(Reading *reading, const json_t *vulnerability, GError **error)
{
  const json_t *analysis = json_get_object(vulnerability, "analysis");
  int64_t updated = vex_time(json_get_string(analysis, "lastUpdated"));
  VexSaid said = {.id = json_get_string(vulnerability, "id"),
                  .written = json_get_string(analysis, "state"),
                  .justification = json_get_string(analysis, "justification"),
                  .detail = json_get_string(analysis, "detail"),
                  .time = updated != 0 ? updated : reading->time};
  if (said.written == NULL || !read_state(said.written, &said.status))
    return true;
  size_t index;
  json_t *affected;
  json_array_foreach(json_get_array(vulnerability, "affects"), index, affected) {
    if (!add_affected(reading, &said, affected, error))
      return false;
  }
  return true;
}

bool
vex_read_cyclonedx(VexDocument *document, const json_t *json, GError **error)
{
  const json_t *metadata = json_get_object(json, "metadata");
  const json_t *root = json_get_object(metadata, "component");
  g_autoptr(GHashTable) purls = g_hash_table_new(g_str_hash, g_str_equal);
  Reading reading = {.document = document,
                     .purls = purls,
                     .time = vex_time(json_get_string(metadata, "timestamp"))};
  document->author = g_strdup(json_get_string(json_get_object(metadata, "supplier"), "name"));
  const char *purl = json_get_string(root, "purl"), *ref = json_get_string(root, "bom-ref");
  if (ref != NULL && purl != NULL)
    g_hash_table_insert(purls, (gpointer)(uintptr_t)ref, (gpointer)(uintptr_t)purl);
  read_components(&reading, json_get_array(json, "components"), 0);
  size_t index;
  json_t *vulnerability;
  json_array_foreach(json_get_array(json, "vulnerabilities"), index, vulnerability) {
    if (!read_vulnerability(&reading, vulnerability, error))
      return false;
  }
  return true;
}
