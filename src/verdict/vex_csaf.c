/* CSAF 2.0 (OASIS), documents of the profile VEX: a tree names products, and relationships make
 * products of a component in another. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "verdict/vex-private.h"

#define DEPTH_MAX 60u

typedef struct {
  const char *product, *component; /* what a statement says of it */
  const char *platform;            /* CPE of the product, or NULL */
} Product;

typedef struct {
  VexDocument *document;
  GHashTable *names;    /* product_id -> its package URL or name, borrowed */
  GHashTable *cpes;     /* product_id -> its CPE, where it has no package URL, borrowed */
  GHashTable *products; /* product_id of a relationship -> Product */
  int64_t time;
} Reading;

/* --- products --- */

static void
add_product(Reading *reading, const json_t *product)
{
  const char *id = json_get_string(product, "product_id");
  const json_t *helper = json_get_object(product, "product_identification_helper");
  const char *purl = json_get_string(helper, "purl");
  const char *name = purl != NULL ? purl : json_get_string(product, "name");
  const char *cpe = purl != NULL ? NULL : json_get_string(helper, "cpe");
  if (id != NULL && cpe != NULL)
    g_hash_table_insert(reading->cpes, (gpointer)(uintptr_t)id, (gpointer)(uintptr_t)cpe);
  if (id != NULL && name != NULL)
    g_hash_table_insert(reading->names, (gpointer)(uintptr_t)id, (gpointer)(uintptr_t)name);
}

static void
read_branches(Reading *reading, const json_t *branches, unsigned depth)
{
  size_t index;
  json_t *branch;
  if (depth > DEPTH_MAX)
    return;
  json_array_foreach(branches, index, branch) {
    add_product(reading, json_get_object(branch, "product"));
    read_branches(reading, json_get_array(branch, "branches"), depth + 1);
  }
}

static void
read_relationship(Reading *reading, const json_t *relationship)
{
  const char *id =
      json_get_string(json_get_object(relationship, "full_product_name"), "product_id");
  const char *part = json_get_string(relationship, "product_reference");
  const char *whole = json_get_string(relationship, "relates_to_product_reference");
  if (id == NULL || part == NULL || whole == NULL)
    return;
  const char *component = g_hash_table_lookup(reading->names, part);
  const char *product = g_hash_table_lookup(reading->names, whole);
  Product *both = g_new(Product, 1);
  *both = (Product){product != NULL ? product : whole, component != NULL ? component : part,
                    g_hash_table_lookup(reading->cpes, whole)};
  g_hash_table_replace(reading->products, (gpointer)(uintptr_t)id, both);
}

static void
read_tree(Reading *reading, const json_t *tree)
{
  size_t index;
  json_t *item;
  read_branches(reading, json_get_array(tree, "branches"), 0);
  json_array_foreach(json_get_array(tree, "full_product_names"), index, item)
    add_product(reading, item);
  json_array_foreach(json_get_array(tree, "relationships"), index, item)
    read_relationship(reading, item);
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
  const Product *both = g_hash_table_lookup(reading->products, id);
  const char *name = g_hash_table_lookup(reading->names, id);
  said->justification = NULL;
  said->detail = NULL;
  said->platform = both != NULL ? both->platform : NULL;
  if (said->status == VEX_NOT_AFFECTED) {
    said->justification = text_about(vulnerability, "flags", NULL, "label", id);
    said->detail = text_about(vulnerability, "threats", "impact", "details", id);
  }
  return both != NULL ? vex_add(reading->document, said, both->product, both->component, error)
                      : vex_add(reading->document, said, name != NULL ? name : id, NULL, error);
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
  g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) cpes = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) products = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  Reading reading = {.document = document,
                     .names = names,
                     .cpes = cpes,
                     .products = products,
                     .time = vex_time(json_get_string(tracking, "current_release_date"))};
  document->author = g_strdup(json_get_string(json_get_object(about, "publisher"), "name"));
  read_tree(&reading, json_get_object(json, "product_tree"));
  size_t index;
  json_t *vulnerability;
  json_array_foreach(json_get_array(json, "vulnerabilities"), index, vulnerability) {
    if (!read_vulnerability(&reading, vulnerability, error))
      return false;
  }
  return true;
}
