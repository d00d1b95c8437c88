/* libcyaml behind one call; see the header. */
#include "base/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/error.h"

/* libcyaml logs an error from the inside out, a line for what is wrong and one for each mapping or
 * sequence around it; the first line with a position is the one a person needs. */
static void
collect_log(cyaml_log_t level, void *context, const char *format, va_list args)
{
  if (level < CYAML_LOG_ERROR)
    return;
  GString *log = context;
  g_autofree char *line = NULL;
  /* The format comes from libcyaml, which declares no attribute for it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  line = g_strdup_vprintf(format, args);
#pragma GCC diagnostic pop
  g_strstrip(line);
  char *text = g_str_has_prefix(line, "Load: ") ? line + strlen("Load: ") : line;
  if (strstr(text, "Backtrace") != NULL || *text == '\0')
    return;
  g_string_append_printf(log, "%s%s", log->len == 0 ? "" : "; ", g_strstrip(text));
}

const cyaml_strval_t yaml_booleans[4] = {{"true", 1}, {"false", 0}, {"yes", 1}, {"no", 0}};

static bool
holds_nothing(Slice text)
{
  Slice line;
  while (slice_next_line(&text, &line)) {
    line = slice_strip(line);
    if (line.size > 0 && line.data[0] != '#' && !slice_equal_string(line, "---") &&
        !slice_equal_string(line, "{}"))
      return false;
  }
  return true;
}

static cyaml_config_t
cyaml_settings(GString *log)
{
  return (cyaml_config_t){
      .log_fn = collect_log,
      .log_ctx = log,
      .mem_fn = cyaml_mem,
      .log_level = CYAML_LOG_ERROR,
      .flags = CYAML_CFG_NO_ALIAS,
  };
}

/* --- lines: libcyaml keeps none of them --- */

typedef struct {
  yaml_document_t document;
  bool loaded;
} Document;

static void
document_clear(Document *document)
{
  if (document->loaded)
    yaml_document_delete(&document->document);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Document, document_clear)

static void
document_load(Document *document, Slice text)
{
  yaml_parser_t parser;
  document->loaded = false;
  if (text.size == 0 || yaml_parser_initialize(&parser) == 0)
    return;
  yaml_parser_set_input_string(&parser, text.data, text.size);
  document->loaded = yaml_parser_load(&parser, &document->document) != 0;
  yaml_parser_delete(&parser);
}

static bool
is_scalar(const yaml_node_t *node, Slice text)
{
  return node != NULL && node->type == YAML_SCALAR_NODE &&
         slice_equal(slice_new(node->data.scalar.value, node->data.scalar.length), text);
}

static yaml_node_t *
member_of(yaml_document_t *document, const yaml_node_t *node, Slice key)
{
  if (node == NULL || node->type != YAML_MAPPING_NODE)
    return NULL;
  for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
       pair < node->data.mapping.pairs.top; pair++)
    if (is_scalar(yaml_document_get_node(document, pair->key), key))
      return yaml_document_get_node(document, pair->value);
  return NULL;
}

static yaml_node_t *
entry_of(yaml_document_t *document, const yaml_node_t *node, uint64_t index)
{
  if (node == NULL || node->type != YAML_SEQUENCE_NODE)
    return NULL;
  const yaml_node_item_t *items = node->data.sequence.items.start;
  return index < (uint64_t)(node->data.sequence.items.top - items)
             ? yaml_document_get_node(document, items[index])
             : NULL;
}

unsigned
yaml_line_of(Slice text, const char *path)
{
  g_auto(Document) document = {.loaded = false};
  document_load(&document, text);
  if (!document.loaded)
    return 0;
  yaml_node_t *node = yaml_document_get_root_node(&document.document);
  Slice rest = slice_from_string(path), step;
  while (node != NULL && slice_next_field(&rest, '.', &step)) {
    Slice key;
    uint64_t index;
    slice_next_field(&step, '[', &key);
    node = member_of(&document.document, node, key);
    if (step.size > 0 && slice_to_uint64(slice_sub(step, 0, step.size - 1), &index))
      node = entry_of(&document.document, node, index);
  }
  return node == NULL ? 0 : (unsigned)node->start_mark.line + 1;
}

/* libcyaml tells of an unknown key only where its mapping begins. The first such key from @line on.
 */
static unsigned
line_of_key(Slice text, Slice key, unsigned line)
{
  g_auto(Document) document = {.loaded = false};
  document_load(&document, text);
  if (!document.loaded)
    return line;
  yaml_node_t *node;
  unsigned best = 0;
  for (int id = 1; (node = yaml_document_get_node(&document.document, id)) != NULL; id++) {
    if (node->type != YAML_MAPPING_NODE)
      continue;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
      const yaml_node_t *name = yaml_document_get_node(&document.document, pair->key);
      unsigned found = name == NULL ? 0 : (unsigned)name->start_mark.line + 1;
      if (is_scalar(name, key) && found >= line && (best == 0 || found < best))
        best = found;
    }
  }
  return best != 0 ? best : line;
}

/* "FILE:LINE: what is wrong" from libcyaml's log; the lines around it tell in which field. */
static bool
set_load_error(GError **error, const char *name, Slice text, cyaml_err_t result, const char *log)
{
  static const char unexpected[] = "Unexpected key: ";
  const char *mark = strstr(log, "(line: ");
  unsigned line = mark == NULL ? 0 : (unsigned)strtoul(mark + strlen("(line: "), NULL, 10);
  if (line == 0)
    return error_set(error, ASSAY_ERROR_INVALID, "%s: %s%s%s", name, cyaml_strerror(result),
                     *log != '\0' ? ": " : "", log);
  bool said = g_str_has_prefix(log, cyaml_strerror(result));
  if (!g_str_has_prefix(log, unexpected))
    return error_set(error, ASSAY_ERROR_INVALID, "%s:%u: %s%s%s", name, line,
                     said ? "" : cyaml_strerror(result), said ? "" : ": ", log);
  const char *key = log + strlen(unexpected);
  line = line_of_key(text, slice_new(key, strcspn(key, ";")), line);
  return error_set(error, ASSAY_ERROR_INVALID, "%s:%u: %s", name, line, log);
}

bool
yaml_data_load(Slice text, const char *name, const cyaml_schema_value_t *schema, void **data,
               GError **error)
{
  *data = NULL;
  if (holds_nothing(text))
    return true;
  g_autoptr(GString) log = g_string_new(NULL);
  cyaml_config_t settings = cyaml_settings(log);
  cyaml_err_t result = cyaml_load_data(text.data, text.size, &settings, schema, data, NULL);
  if (result == CYAML_OK)
    return true;
  *data = NULL;
  return set_load_error(error, name, text, result, log->str);
}

void
yaml_data_free(const cyaml_schema_value_t *schema, void *data)
{
  g_autoptr(GString) log = g_string_new(NULL);
  cyaml_config_t settings = cyaml_settings(log);
  if (data != NULL)
    cyaml_free(&settings, schema, data, 0);
}

typedef struct {
  const char *suffix;
  uint64_t factor;
} Unit;

static bool
parse_with_units(const char *text, const Unit *units, size_t unit_count, uint64_t *value)
{
  size_t digits = strspn(text, "0123456789");
  uint64_t number;
  if (!slice_to_uint64(slice_new(text, digits), &number))
    return false;
  const char *suffix = text + digits + strspn(text + digits, " ");
  for (size_t i = 0; i < unit_count; i++)
    if (g_ascii_strcasecmp(suffix, units[i].suffix) == 0)
      return !__builtin_mul_overflow(number, units[i].factor, value);
  return false;
}

bool
size_parse(const char *text, const char *key, uint64_t *bytes, GError **error)
{
  static const Unit units[] = {
      {"", 1},          {"B", 1},         {"KiB", 1 << 10},
      {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1ULL << 40},
      {"kB", 1000},     {"MB", 1000000},  {"GB", 1000000000},
      {"K", 1 << 10},   {"M", 1 << 20},   {"G", 1 << 30},
  };
  return parse_with_units(text, units, G_N_ELEMENTS(units), bytes) ||
         error_set(error, ASSAY_ERROR_INVALID,
                   "%s: \"%s\" is not a size; write bytes, or a number with KiB, MiB, GiB", key,
                   text);
}

bool
duration_parse(const char *text, const char *key, uint64_t *seconds, GError **error)
{
  static const Unit units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
  return parse_with_units(text, units, G_N_ELEMENTS(units), seconds) ||
         error_set(error, ASSAY_ERROR_INVALID,
                   "%s: \"%s\" is not a time; write seconds, or a number with s, m, h, d", key,
                   text);
}
