/* The product tree of a CSAF 2.0 document (OASIS): branches and lists name products, and
 * relationships make products of a component in another. Pure; what it gives is borrowed from the
 * JSON. */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef struct {
  const char *id;
  const char *name, *purl, *cpe; /* or NULL */
  /* Of a relationship, the ids of its two sides, each of which may be one again; else NULL. */
  const char *component, *whole;
} CsafProduct;

typedef struct CsafTree CsafTree;
/* @tree: the member `product_tree`, or NULL. Branches below the sixtieth level are left out. */
CsafTree *csaf_tree_new(const json_t *tree);
void csaf_tree_free(CsafTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsafTree, csaf_tree_free)

/* The product of @id; NULL: the tree does not have it. (transfer none) */
const CsafProduct *csaf_tree_find(const CsafTree *tree, const char *id);
