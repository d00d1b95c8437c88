/* The language of templates, and the format that is written by one; see the header. */
#include "report/template.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "report/report-private.h"
#include "report/writer.h"

/* Of parts that are written, in all: lists in lists are bounded by it. */
#define STEPS_MAX 20000000u

typedef enum { NODE_TEXT, NODE_VALUE, NODE_RAW, NODE_SECTION, NODE_INVERTED } NodeKind;
typedef struct {
  NodeKind kind;
  char *text;          /* or the name */
  GPtrArray *children; /* Node, of sections; or NULL */
} Node;

struct ReportTemplate {
  GPtrArray *nodes;
};

static void
node_free(void *data)
{
  Node *node = data;
  g_free(node->text);
  g_clear_pointer(&node->children, g_ptr_array_unref);
  g_free(node);
}

void
report_template_free(ReportTemplate *template)
{
  if (template == NULL)
    return;
  g_ptr_array_unref(template->nodes);
  g_free(template);
}

/* --- parsing --- */

typedef struct {
  const char *name, *start, *at; /* of the file; its text, and how far it was read */
  GPtrArray *open;               /* Node: sections that are not closed */
  GPtrArray *nodes;              /* of the innermost */
  GPtrArray *top;
} Parsing;

static bool
refuse(const Parsing *parsing, const char *at, GError **error, const char *message)
{
  unsigned line = 1;
  for (const char *p = parsing->start; p < at; p++)
    line += *p == '\n';
  return error_set(error, ASSAY_ERROR_INVALID, "%s:%u: %s", parsing->name, line, message);
}

static Node *
add_node(Parsing *parsing, NodeKind kind, const char *text, size_t size)
{
  Node *node = g_new0(Node, 1);
  node->kind = kind;
  node->text = g_strndup(text, size);
  g_ptr_array_add(parsing->nodes, node);
  return node;
}

static bool
is_blank(const char *from, const char *to)
{
  for (; from < to; from++)
    if (*from != ' ' && *from != '\t' && *from != '\r')
      return false;
  return true;
}

/* The text before the tag from @open to @end. A tag that writes nothing and is alone on its line
 * takes the line: *@end is moved past it. */
static void
add_text(Parsing *parsing, const char *open, const char **end, bool writes)
{
  const char *line = open;
  while (line > parsing->start && line[-1] != '\n')
    line--;
  const char *next = strchrnul(*end, '\n');
  bool alone = !writes && line >= parsing->at && is_blank(line, open) && is_blank(*end, next);
  const char *until = alone ? line : open;
  if (until > parsing->at)
    add_node(parsing, NODE_TEXT, parsing->at, (size_t)(until - parsing->at));
  if (alone)
    *end = *next == '\n' ? next + 1 : next;
}

static bool
close_section(Parsing *parsing, const char *name, const char *open, GError **error)
{
  const Node *section =
      parsing->open->len == 0 ? NULL : g_ptr_array_index(parsing->open, parsing->open->len - 1);
  if (section == NULL || strcmp(section->text, name) != 0)
    return refuse(parsing, open, error, "it closes a section that is not the innermost one");
  g_ptr_array_remove_index(parsing->open, parsing->open->len - 1);
  const Node *outer =
      parsing->open->len == 0 ? NULL : g_ptr_array_index(parsing->open, parsing->open->len - 1);
  parsing->nodes = outer == NULL ? parsing->top : outer->children;
  return true;
}

static bool
open_section(Parsing *parsing, NodeKind kind, const char *name, const char *open, GError **error)
{
  if (parsing->open->len >= TEMPLATE_DEPTH_MAX)
    return refuse(parsing, open, error, "sections are nested too deep");
  Node *section = add_node(parsing, kind, name, strlen(name));
  section->children = g_ptr_array_new_with_free_func(node_free);
  g_ptr_array_add(parsing->open, section);
  parsing->nodes = section->children;
  return true;
}

/* The tag at @open, "{{". */
static bool
parse_tag(Parsing *parsing, const char *open, GError **error)
{
  bool triple = open[2] == '{';
  const char *inner = open + (triple ? 3 : 2), *close = strstr(inner, triple ? "}}}" : "}}");
  if (close == NULL)
    return refuse(parsing, open, error, "the tag is not closed");
  const char *end = close + (triple ? 3 : 2);
  char kind = triple ? '&' : *inner != '\0' && strchr("#^/!&>=", *inner) != NULL ? *inner : '\0';
  inner += !triple && kind != '\0' ? 1 : 0;
  g_autofree char *name = g_strndup(inner, (size_t)MAX(close - inner, 0));
  g_strstrip(name);
  if (kind == '>' || kind == '=')
    return refuse(parsing, open, error, "there are no partials and no other delimiters");
  if (kind != '!' && (*name == '\0' || strpbrk(name, " \t\r\n{}") != NULL))
    return refuse(parsing, open, error, "the tag has no name");
  add_text(parsing, open, &end, kind == '\0' || kind == '&');
  parsing->at = end;
  if (kind == '/')
    return close_section(parsing, name, open, error);
  if (kind == '#' || kind == '^')
    return open_section(parsing, kind == '#' ? NODE_SECTION : NODE_INVERTED, name, open, error);
  if (kind != '!')
    add_node(parsing, kind == '&' ? NODE_RAW : NODE_VALUE, name, strlen(name));
  return true;
}

ReportTemplate *
report_template_parse(Slice text, const char *name, GError **error)
{
  g_autofree char *copy = slice_to_utf8(text);
  g_autoptr(ReportTemplate) template = g_new0(ReportTemplate, 1);
  template->nodes = g_ptr_array_new_with_free_func(node_free);
  g_autoptr(GPtrArray) open = g_ptr_array_new();
  Parsing parsing = {.name = name,
                     .start = copy,
                     .at = copy,
                     .open = open,
                     .nodes = template->nodes,
                     .top = template->nodes};
  for (const char *tag; (tag = strstr(parsing.at, "{{")) != NULL;)
    if (!parse_tag(&parsing, tag, error))
      return NULL;
  if (open->len > 0) {
    refuse(&parsing, parsing.at, error, "a section is not closed");
    return NULL;
  }
  add_node(&parsing, NODE_TEXT, parsing.at, strlen(parsing.at));
  return g_steal_pointer(&template);
}

ReportTemplate *
report_template_load(const char *path, GError **error)
{
  g_autoptr(GBytes) text = file_read(AT_FDCWD, path, TEMPLATE_BYTES_MAX, error);
  return text == NULL ? NULL : report_template_parse(slice_from_bytes(text), path, error);
}

/* --- filling --- */

typedef struct {
  const json_t *items[TEMPLATE_DEPTH_MAX + 1]; /* outermost first */
  unsigned depth;                              /* how many there are */
  GString *text;
  unsigned steps;
  json_t *number; /* of the last ".length" */
} Filling;

/* The member @name, of at most @size letters, of @value; NULL: it has none. */
static const json_t *
member_of(Filling *filling, const json_t *value, const char *name, size_t size)
{
  if (json_is_array(value) && size == strlen("length") && strncmp(name, "length", size) == 0) {
    json_integer_set(filling->number, (json_int_t)json_array_size(value));
    return filling->number;
  }
  return json_object_getn(value, name, size);
}

static const json_t *
look_up(Filling *filling, const char *name)
{
  if (strcmp(name, ".") == 0)
    return filling->items[filling->depth - 1];
  size_t size = strcspn(name, ".");
  const json_t *value = NULL;
  for (unsigned i = filling->depth; i > 0 && value == NULL; i--)
    value = member_of(filling, filling->items[i - 1], name, size);
  while (value != NULL && name[size] == '.') {
    name += size + 1;
    size = strcspn(name, ".");
    value = member_of(filling, value, name, size);
  }
  return value;
}

/* (transfer full) */
static char *
text_of(const json_t *value)
{
  if (value == NULL || json_is_null(value))
    return g_strdup("");
  return json_is_string(value) ? g_strdup(json_string_value(value)) : json_to_text(value);
}

static void
add_value(Filling *filling, const Node *node)
{
  g_autofree char *text = text_of(look_up(filling, node->text));
  if (node->kind == NODE_RAW) {
    g_string_append(filling->text, text);
    return;
  }
  g_autofree char *clean = report_clean_text(text);
  g_autofree char *escaped = g_markup_escape_text(clean, -1);
  g_string_append(filling->text, escaped);
}

static bool
is_empty(const json_t *value)
{
  return value == NULL || json_is_null(value) || json_is_false(value) ||
         (json_is_array(value) && json_array_size(value) == 0) ||
         (json_is_string(value) && *json_string_value(value) == '\0');
}

static bool
is_full(const Filling *filling)
{
  return filling->text->len > TEMPLATE_OUTPUT_MAX || filling->steps > STEPS_MAX;
}

static void fill(Filling *filling, const GPtrArray *nodes);

static void
fill_with(Filling *filling, const GPtrArray *nodes, const json_t *item)
{
  filling->items[filling->depth++] = item;
  fill(filling, nodes);
  filling->depth--;
}

static void
fill_section(Filling *filling, const Node *node)
{
  const json_t *value = look_up(filling, node->text);
  if (is_empty(value) != (node->kind == NODE_INVERTED))
    return;
  if (node->kind == NODE_INVERTED)
    fill(filling, node->children);
  else if (!json_is_array(value))
    fill_with(filling, node->children, value);
  else
    for (size_t i = 0; i < json_array_size(value) && !is_full(filling); i++)
      fill_with(filling, node->children, json_array_get(value, i));
}

static void
fill(Filling *filling, const GPtrArray *nodes)
{
  for (guint i = 0; i < nodes->len && !is_full(filling); i++) {
    const Node *node = g_ptr_array_index(nodes, i);
    filling->steps++;
    if (node->kind == NODE_TEXT)
      g_string_append(filling->text, node->text);
    else if (node->kind == NODE_VALUE || node->kind == NODE_RAW)
      add_value(filling, node);
    else
      fill_section(filling, node);
  }
}

char *
report_template_fill(const ReportTemplate *template, const json_t *values)
{
  g_autoptr(json_t) number = json_integer(0);
  Filling filling = {.items = {values}, .depth = 1, .text = g_string_new(NULL), .number = number};
  fill(&filling, template->nodes);
  if (is_full(&filling))
    g_string_append(filling.text, "\n[The report is cut: the template makes it too long.]\n");
  return g_string_free(filling.text, FALSE);
}

/* --- the format --- */

static char *
write_template(const Report *report, const ReportStyle *style)
{
  g_autoptr(json_t) values = report_to_json(report, style);
  return style->template == NULL ? g_strdup("") : report_template_fill(style->template, values);
}

const ReportWriter template_report_writer = {.name = "template",
                                             .media_type = "text/plain",
                                             .lists_packages = true,
                                             .write = write_template};
