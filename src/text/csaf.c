/* The product tree of a CSAF document; see the header. */
#include "text/csaf.h"

#include "base/json.h"

#define DEPTH_MAX 60u

struct CsafTree {
  GHashTable *products; /* id -> CsafProduct */
};

/* What is said first of an id counts. */
static CsafProduct *
add_product(const CsafTree *tree, const json_t *product)
{
  const char *id = json_get_string(product, "product_id");
  if (id == NULL || g_hash_table_contains(tree->products, id))
    return NULL;
  const json_t *helper = json_get_object(product, "product_identification_helper");
  CsafProduct *added = g_new0(CsafProduct, 1);
  *added = (CsafProduct){.id = id,
                         .name = json_get_string(product, "name"),
                         .purl = json_get_string(helper, "purl"),
                         .cpe = json_get_string(helper, "cpe")};
  g_hash_table_insert(tree->products, (gpointer)(uintptr_t)id, added);
  return added;
}

static void
add_branches(const CsafTree *tree, const json_t *branches, unsigned depth)
{
  size_t index;
  json_t *branch;
  if (depth > DEPTH_MAX)
    return;
  json_array_foreach(branches, index, branch) {
    add_product(tree, json_get_object(branch, "product"));
    add_branches(tree, json_get_array(branch, "branches"), depth + 1);
  }
}

static void
add_relationship(const CsafTree *tree, const json_t *relationship)
{
  const char *component = json_get_string(relationship, "product_reference");
  const char *whole = json_get_string(relationship, "relates_to_product_reference");
  if (component == NULL || whole == NULL)
    return;
  CsafProduct *both = add_product(tree, json_get_object(relationship, "full_product_name"));
  if (both == NULL)
    return;
  both->component = component;
  both->whole = whole;
}

CsafTree *
csaf_tree_new(const json_t *json)
{
  size_t index;
  json_t *item;
  CsafTree *tree = g_new0(CsafTree, 1);
  tree->products = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  add_branches(tree, json_get_array(json, "branches"), 0);
  json_array_foreach(json_get_array(json, "full_product_names"), index, item)
    add_product(tree, item);
  json_array_foreach(json_get_array(json, "relationships"), index, item)
    add_relationship(tree, item);
  return tree;
}

void
csaf_tree_free(CsafTree *tree)
{
  if (tree == NULL)
    return;
  g_hash_table_unref(tree->products);
  g_free(tree);
}

const CsafProduct *
csaf_tree_find(const CsafTree *tree, const char *id)
{
  return g_hash_table_lookup(tree->products, id);
}
