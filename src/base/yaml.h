/* YAML as a tree whose nodes know where they are written: libyaml's events, put together. For what
 * operators write (configuration, policies); settings.h reads values out of it.
 *
 * An anchor (&name) and its aliases (*name) are one node. A tree is bounded, each alias counted as
 * all that it stands for, so that nobody who walks it meets a bomb; an alias inside of what it
 * names, and tags of an application (!include), are errors. Pure: no log, no files. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/slice.h"

#define YAML_TEXT_MAX   ((size_t)1024 * 1024)
#define YAML_VALUES_MAX 200000u
#define YAML_DEPTH_MAX  32u

typedef enum { YAML_WORD, YAML_LIST, YAML_MAPPING } YamlKind;

typedef struct {
  YamlKind kind;
  unsigned line, column; /* from 1; columns are characters */
  char *text;            /* YAML_WORD: NUL-terminated; never NULL */
  size_t size;           /* ... and its size, for there may be a NUL in it */
  bool quoted;           /* ... written in quotes or as a block */
  GPtrArray *entries;    /* YAML_LIST: const YamlNode *; YAML_MAPPING: keys and values in turn */
  size_t weight;         /* values in it and below, with itself */
} YamlNode;

typedef struct YamlTree YamlTree;

/* Texts over YAML_TEXT_MAX, broken YAML and several documents are ASSAY_ERROR_INVALID, or _LIMIT,
 * with "FILE:LINE:COLUMN: " in front. (transfer full) */
YamlTree *yaml_tree_new(Slice text, const char *file, GError **error);
void yaml_tree_free(YamlTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(YamlTree, yaml_tree_free)

/* NULL: the text holds nothing but comments. Lives as long as the tree. */
const YamlNode *yaml_tree_root(const YamlTree *tree);

/* The value of @key in a mapping, the first when there are several; NULL: none, or @node is no
 * mapping. */
const YamlNode *yaml_member(const YamlNode *node, const char *key);

/* A word without quotes that stands for no value: nothing at all, `~`, `null`. */
bool yaml_is_nothing(const YamlNode *node);
