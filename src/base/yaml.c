/* libyaml's events into a tree; see the header. */
#include "base/yaml.h"

#include <string.h>
#include <yaml.h>

#include "base/error.h"

struct YamlTree {
  GPtrArray *nodes;    /* all of them, owned */
  GPtrArray *open;     /* lists and mappings that have not ended, outermost first */
  GPtrArray *names;    /* their anchors, or NULL */
  GHashTable *anchors; /* name -> the node, once it has ended */
  YamlNode *root;
  const char *file;
};

static void
node_free(void *data)
{
  YamlNode *node = data;
  g_free(node->text);
  if (node->entries != NULL)
    g_ptr_array_unref(node->entries);
  g_free(node);
}

void
yaml_tree_free(YamlTree *tree)
{
  if (tree == NULL)
    return;
  g_ptr_array_unref(tree->nodes);
  g_ptr_array_unref(tree->open);
  g_ptr_array_unref(tree->names);
  g_hash_table_unref(tree->anchors);
  g_free(tree);
}

static bool fail(const YamlTree *tree, const yaml_mark_t *mark, AssayErrorCode code, GError **error,
                 const char *format, ...) G_GNUC_PRINTF(5, 6);
static bool
fail(const YamlTree *tree, const yaml_mark_t *mark, AssayErrorCode code, GError **error,
     const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  return error_set(error, code, "%s:%zu:%zu: %s", tree->file, mark->line + 1, mark->column + 1,
                   what);
}

static YamlNode *
node_new(YamlTree *tree, YamlKind kind, const yaml_event_t *event)
{
  YamlNode *node = g_new0(YamlNode, 1);
  node->kind = kind;
  node->line = (unsigned)event->start_mark.line + 1;
  node->column = (unsigned)event->start_mark.column + 1;
  node->weight = 1;
  if (kind != YAML_WORD)
    node->entries = g_ptr_array_new();
  g_ptr_array_add(tree->nodes, node);
  return node;
}

/* Puts a node that has ended, or an alias of one, into what is open around it. */
static bool
place_node(YamlTree *tree, YamlNode *node, const yaml_event_t *event, GError **error)
{
  if (tree->open->len == 0) {
    tree->root = node;
    return true;
  }
  YamlNode *parent = g_ptr_array_index(tree->open, tree->open->len - 1);
  g_ptr_array_add(parent->entries, node);
  parent->weight += node->weight;
  return parent->weight <= YAML_VALUES_MAX ||
         fail(tree, &event->start_mark, ASSAY_ERROR_LIMIT, error,
              "the file holds more than %u values, each alias counted as what it stands for",
              YAML_VALUES_MAX);
}

static void
name_node(YamlTree *tree, const char *anchor, YamlNode *node)
{
  if (anchor != NULL)
    g_hash_table_replace(tree->anchors, g_strdup(anchor), node);
}

static bool
check_tag(const YamlTree *tree, const yaml_char_t *tag, const yaml_event_t *event, GError **error)
{
  return tag == NULL || g_str_has_prefix((const char *)tag, "tag:yaml.org,2002:") ||
         fail(tree, &event->start_mark, ASSAY_ERROR_INVALID, error,
              "the tag \"%s\" means nothing here; write the value itself", (const char *)tag);
}

static bool
take_word(YamlTree *tree, const yaml_event_t *event, GError **error)
{
  if (!check_tag(tree, event->data.scalar.tag, event, error))
    return false;
  YamlNode *node = node_new(tree, YAML_WORD, event);
  node->size = event->data.scalar.length;
  node->text = g_malloc(node->size + 1);
  memcpy(node->text, event->data.scalar.value, node->size);
  node->text[node->size] = '\0';
  node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
  name_node(tree, (const char *)event->data.scalar.anchor, node);
  return place_node(tree, node, event, error);
}

static bool
open_node(YamlTree *tree, YamlKind kind, const yaml_char_t *anchor, const yaml_char_t *tag,
          const yaml_event_t *event, GError **error)
{
  if (!check_tag(tree, tag, event, error))
    return false;
  if (tree->open->len >= YAML_DEPTH_MAX)
    return fail(tree, &event->start_mark, ASSAY_ERROR_LIMIT, error,
                "lists and mappings lie more than %u deep in each other", YAML_DEPTH_MAX);
  g_ptr_array_add(tree->open, node_new(tree, kind, event));
  g_ptr_array_add(tree->names, g_strdup((const char *)anchor));
  return true;
}

static bool
close_node(YamlTree *tree, const yaml_event_t *event, GError **error)
{
  guint last = tree->open->len - 1;
  YamlNode *node = g_ptr_array_steal_index(tree->open, last);
  g_autofree char *anchor = g_ptr_array_steal_index(tree->names, last);
  name_node(tree, anchor, node);
  return place_node(tree, node, event, error);
}

static bool
take_alias(YamlTree *tree, const yaml_event_t *event, GError **error)
{
  const char *name = (const char *)event->data.alias.anchor;
  YamlNode *node = g_hash_table_lookup(tree->anchors, name);
  if (node == NULL)
    return fail(tree, &event->start_mark, ASSAY_ERROR_INVALID, error,
                "*%s: nothing that ends before it is named &%s", name, name);
  return place_node(tree, node, event, error);
}

static bool
take_event(YamlTree *tree, const yaml_event_t *event, GError **error)
{
  switch (event->type) {
  case YAML_DOCUMENT_START_EVENT:
    return tree->root == NULL || fail(tree, &event->start_mark, ASSAY_ERROR_INVALID, error,
                                      "a second document begins; there must be one");
  case YAML_SCALAR_EVENT:
    return take_word(tree, event, error);
  case YAML_SEQUENCE_START_EVENT:
    return open_node(tree, YAML_LIST, event->data.sequence_start.anchor,
                     event->data.sequence_start.tag, event, error);
  case YAML_MAPPING_START_EVENT:
    return open_node(tree, YAML_MAPPING, event->data.mapping_start.anchor,
                     event->data.mapping_start.tag, event, error);
  case YAML_SEQUENCE_END_EVENT:
  case YAML_MAPPING_END_EVENT:
    return close_node(tree, event, error);
  case YAML_ALIAS_EVENT:
    return take_alias(tree, event, error);
  case YAML_NO_EVENT:
  case YAML_STREAM_START_EVENT:
  case YAML_STREAM_END_EVENT:
  case YAML_DOCUMENT_END_EVENT:
    break;
  }
  return true;
}

/* What libyaml did not understand; its words, for they are those of the specification. */
static bool
set_syntax_error(const YamlTree *tree, const yaml_parser_t *parser, Slice text, GError **error)
{
  yaml_mark_t mark = parser->problem_mark;
  if (parser->error == YAML_MEMORY_ERROR)
    return error_set(error, ASSAY_ERROR_IO, "%s: no memory", tree->file);
  if (parser->error == YAML_READER_ERROR) {
    /* It keeps no mark of bytes that are no text. */
    Slice before = slice_sub(text, 0, parser->problem_offset);
    mark = (yaml_mark_t){0};
    for (size_t i = 0; i < before.size; i++) {
      mark.column = before.data[i] == '\n' ? 0 : mark.column + 1;
      mark.line += before.data[i] == '\n';
    }
    return fail(tree, &mark, ASSAY_ERROR_INVALID, error, "this is no UTF-8 text: %s",
                parser->problem);
  }
  if (mark.index < text.size && text.data[mark.index] == '\t')
    return fail(tree, &mark, ASSAY_ERROR_INVALID, error,
                "broken YAML: a tab; lines are indented with spaces");
  const char *problem = parser->problem != NULL ? parser->problem : "unknown";
  if (parser->context == NULL)
    return fail(tree, &mark, ASSAY_ERROR_INVALID, error, "broken YAML: %s", problem);
  return fail(tree, &mark, ASSAY_ERROR_INVALID, error, "broken YAML: %s, %s (from line %zu)",
              problem, parser->context, parser->context_mark.line + 1);
}

static bool
read_events(YamlTree *tree, yaml_parser_t *parser, Slice text, GError **error)
{
  for (bool ended = false; !ended;) {
    yaml_event_t event;
    if (yaml_parser_parse(parser, &event) == 0)
      return set_syntax_error(tree, parser, text, error);
    ended = event.type == YAML_STREAM_END_EVENT;
    bool taken = take_event(tree, &event, error);
    yaml_event_delete(&event);
    if (!taken)
      return false;
  }
  return true;
}

YamlTree *
yaml_tree_new(Slice text, const char *file, GError **error)
{
  yaml_parser_t parser;
  if (text.size > YAML_TEXT_MAX) {
    error_set(error, ASSAY_ERROR_LIMIT, "%s: over %zu bytes long", file, YAML_TEXT_MAX);
    return NULL;
  }
  if (yaml_parser_initialize(&parser) == 0) {
    error_set(error, ASSAY_ERROR_IO, "%s: no memory", file);
    return NULL;
  }
  g_autoptr(YamlTree) tree = g_new0(YamlTree, 1);
  tree->nodes = g_ptr_array_new_with_free_func(node_free);
  tree->open = g_ptr_array_new();
  tree->names = g_ptr_array_new_with_free_func(g_free);
  tree->anchors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  tree->file = file;
  static const uint8_t none[1];
  yaml_parser_set_input_string(&parser, text.size > 0 ? text.data : none, text.size);
  bool read = read_events(tree, &parser, text, error);
  yaml_parser_delete(&parser);
  return read ? g_steal_pointer(&tree) : NULL;
}

const YamlNode *
yaml_tree_root(const YamlTree *tree)
{
  /* `---` alone is a document of one word that is nothing. */
  return tree->root == NULL || yaml_is_nothing(tree->root) ? NULL : tree->root;
}

const YamlNode *
yaml_member(const YamlNode *node, const char *key)
{
  if (node == NULL || node->kind != YAML_MAPPING)
    return NULL;
  for (guint i = 0; i + 1 < node->entries->len; i += 2) {
    const YamlNode *name = g_ptr_array_index(node->entries, i);
    if (name->kind == YAML_WORD && name->size == strlen(key) && strcmp(name->text, key) == 0)
      return g_ptr_array_index(node->entries, i + 1);
  }
  return NULL;
}

bool
yaml_is_nothing(const YamlNode *node)
{
  static const char *const nothing[] = {"", "~", "null", "Null", "NULL", NULL};
  return node->kind == YAML_WORD && !node->quoted && g_strv_contains(nothing, node->text);
}
