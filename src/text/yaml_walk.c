/* libyaml's events as visits; see the header. */
#include "text/yaml_walk.h"

#include <string.h>
#include <yaml.h>

#include "base/error.h"

typedef struct {
  bool is_list[YAML_WALK_DEPTH_MAX];
  char *keys[YAML_WALK_DEPTH_MAX]; /* of a mapping: the present key, or NULL where one comes next */
  unsigned depth;                  /* lists and mappings that are open */
  YamlVisit *visit;
  void *data;
} Walk;

/* What comes next is a value, not a key. */
static bool
expects_value(const Walk *walk)
{
  return walk->depth == 0 || walk->keys[walk->depth - 1] != NULL;
}

/* A value has ended. */
static void
forget_key(Walk *walk)
{
  if (walk->depth > 0 && !walk->is_list[walk->depth - 1])
    g_clear_pointer(&walk->keys[walk->depth - 1], g_free);
}

static void
take_word(Walk *walk, const char *text)
{
  if (expects_value(walk)) {
    walk->visit((const char *const *)walk->keys, walk->depth, text, walk->data);
    forget_key(walk);
  } else {
    walk->keys[walk->depth - 1] = g_strdup(text);
  }
}

static bool
open_node(Walk *walk, bool is_list, GError **error)
{
  if (walk->depth >= YAML_WALK_DEPTH_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "YAML that is more than %u deep",
                     YAML_WALK_DEPTH_MAX);
  if (!expects_value(walk))
    return error_set(error, ASSAY_ERROR_INVALID, "YAML with a list or a mapping as a key");
  walk->is_list[walk->depth] = is_list;
  walk->keys[walk->depth++] = is_list ? g_strdup(YAML_WALK_ELEMENT) : NULL;
  return true;
}

static void
close_node(Walk *walk)
{
  if (walk->depth == 0)
    return;
  char *key = walk->keys[--walk->depth];
  walk->keys[walk->depth] = NULL;
  g_free(key);
  walk->visit((const char *const *)walk->keys, walk->depth, NULL, walk->data);
  forget_key(walk);
}

static bool
take_event(Walk *walk, const yaml_event_t *event, GError **error)
{
  switch (event->type) {
  case YAML_SCALAR_EVENT:
    take_word(walk, (const char *)event->data.scalar.value);
    return true;
  case YAML_ALIAS_EVENT:
    take_word(walk, "");
    return true;
  case YAML_SEQUENCE_START_EVENT:
    return open_node(walk, true, error);
  case YAML_MAPPING_START_EVENT:
    return open_node(walk, false, error);
  case YAML_SEQUENCE_END_EVENT:
  case YAML_MAPPING_END_EVENT:
    close_node(walk);
    return true;
  default:
    return true;
  }
}

static bool
walk_events(yaml_parser_t *parser, Walk *walk, GError **error)
{
  for (bool ended = false; !ended;) {
    yaml_event_t event;
    if (yaml_parser_parse(parser, &event) == 0)
      return error_set(error, ASSAY_ERROR_INVALID, "not valid YAML: line %zu: %s",
                       parser->problem_mark.line + 1,
                       parser->problem == NULL ? "unreadable" : parser->problem);
    ended = event.type == YAML_STREAM_END_EVENT;
    bool taken = take_event(walk, &event, error);
    yaml_event_delete(&event);
    if (!taken)
      return false;
  }
  return true;
}

bool
yaml_walk(Slice text, YamlVisit *visit, void *data, GError **error)
{
  Walk walk = {.visit = visit, .data = data};
  yaml_parser_t parser;
  if (yaml_parser_initialize(&parser) == 0)
    return error_set(error, ASSAY_ERROR_LIMIT, "no memory for a YAML parser");
  yaml_parser_set_input_string(&parser, text.size == 0 ? (const uint8_t *)"" : text.data,
                               text.size);
  bool walked = walk_events(&parser, &walk, error);
  yaml_parser_delete(&parser);
  while (walk.depth > 0)
    g_free(walk.keys[--walk.depth]);
  return walked;
}
