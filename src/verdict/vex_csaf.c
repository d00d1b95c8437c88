/* CSAF 2.0 (OASIS), documents of the profile VEX. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "text/csaf.h"
#include "verdict/vex-private.h"

typedef struct {
  VexDocument *document;
  const CsafTree *tree;
  int64_t time;
} Reading;

/* What a statement calls @product: its package URL, or else its name, or else its id. */
static const char *
name_of(const CsafTree *tree, const char *id)
{
  const CsafProduct *product = csaf_tree_find(tree, id);
  const char *name = product != NULL && product->purl != NULL ? product->purl
                     : product != NULL                        ? product->name
                                                              : NULL;
  return name != NULL ? name : id;
}

/* The CPE of @id, where it has no package URL; or NULL. */
static const char *
platform_of(const CsafTree *tree, const char *id)
{
  const CsafProduct *product = csaf_tree_find(tree, id);
  return product != NULL && product->purl == NULL ? product->cpe : NULL;
}

/* --- statements --- */

/* Whether the strings of @list have @id; a missing list is of all. */
static bool
names_product(const json_t *list, const char *id)
{
  size_t index;
  json_t *item;
  json_array_foreach(list, index, item) {
    if (json_is_string(item) && strcmp(json_string_value(item), id) == 0)
      return true;
  }
  return list == NULL;
}

/* Of the members @list of a vulnerability the text of the first that is about @product. */
static const char *
text_about(const json_t *vulnerability, const char *list, const char *category, const char *member,
           const char *product)
{
  size_t index;
  json_t *item;
  json_array_foreach(json_get_array(vulnerability, list), index, item) {
    bool meant = category == NULL || g_strcmp0(json_get_string(item, "category"), category) == 0;
    if (meant && names_product(json_get_array(item, "product_ids"), product))
      return json_get_string(item, member);
  }
  return NULL;
}

static bool
add_statement(Reading *reading, const json_t *vulnerability, VexSaid *said, const char *id,
              GError **error)
{
  const CsafProduct *both = csaf_tree_find(reading->tree, id);
  bool has_two = both != NULL && both->component != NULL;
  said->justification = NULL;
  said->detail = NULL;
  said->platform = has_two ? platform_of(reading->tree, both->whole) : NULL;
  if (said->status == VEX_NOT_AFFECTED) {
    said->justification = text_about(vulnerability, "flags", NULL, "label", id);
    said->detail = text_about(vulnerability, "threats", "impact", "details", id);
  }
  return vex_add(reading->document, said, name_of(reading->tree, has_two ? both->whole : id),
                 has_two ? name_of(reading->tree, both->component) : NULL, error);
}

static bool
read_vulnerability(Reading *reading, const json_t *vulnerability, GError **error)
{
  static const struct {
    const char *written;
    VexStatus status;
  } statuses[] = {{"known_not_affected", VEX_NOT_AFFECTED},
                  {"fixed", VEX_FIXED},
                  {"first_fixed", VEX_FIXED},
                  {"known_affected", VEX_AFFECTED},
                  {"under_investigation", VEX_UNDER_INVESTIGATION}};
  const json_t *said_of = json_get_object(vulnerability, "product_status");
  const json_t *other = json_array_get(json_get_array(vulnerability, "ids"), 0);
  const char *cve = json_get_string(vulnerability, "cve");
  VexSaid said = {.id = cve != NULL ? cve : json_get_string(other, "text"), .time = reading->time};
  for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++) {
    size_t index;
    json_t *id;
    said.written = statuses[i].written;
    said.status = statuses[i].status;
    json_array_foreach(json_get_array(said_of, said.written), index, id) {
      if (json_is_string(id) &&
          !add_statement(reading, vulnerability, &said, json_string_value(id), error))
        return false;
    }
  }
  return true;
}

bool
vex_read_csaf(VexDocument *document, const json_t *json, GError **error)
{
  const json_t *about = json_get_object(json, "document");
  const json_t *tracking = json_get_object(about, "tracking");
  g_autoptr(CsafTree) tree = csaf_tree_new(json_get_object(json, "product_tree"));
  Reading reading = {.document = document,
                     .tree = tree,
                     .time = vex_time(json_get_string(tracking, "current_release_date"))};
  document->author = g_strdup(json_get_string(json_get_object(about, "publisher"), "name"));
  size_t index;
  json_t *vulnerability;
  json_array_foreach(json_get_array(json, "vulnerabilities"), index, vulnerability) {
    if (!read_vulnerability(&reading, vulnerability, error))
      return false;
  }
  return true;
}
