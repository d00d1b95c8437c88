/* What of the asked is given; see the header. */
#include "server/token/grant.h"

#include <string.h>

#include "access/credentials/bearer.h"
#include "base/json.h"
#include "oci/reference.h"
#include "server/token/scopes.h"

static bool
may(const Grantor *grantor, Verb verb, const char *repository)
{
  if (grantor->rules == NULL)
    return true;
  const Resource on = {repository, NULL};
  return access_decide(grantor->rules, grantor->who, verb, on, grantor->now).allowed;
}

/* Our own list shows only what one may see. Another registry's shows all. */
static bool
may_list(const Grantor *grantor)
{
  if (grantor->rules == NULL || !grantor->own)
    return may(grantor, VERB_LIST, NULL);
  return access_may_anywhere(grantor->rules, grantor->who, VERB_LIST, grantor->now);
}

static bool
has_action(const json_t *actions, const char *action)
{
  for (size_t i = 0; i < json_array_size(actions); i++)
    if (g_strcmp0(json_string_value(json_array_get(actions, i)), action) == 0)
      return true;
  return false;
}

static void
add_action(json_t *actions, const char *action)
{
  if (!has_action(actions, action))
    json_array_append_new(actions, json_string(action));
}

static void
grant_on_repository(const Grantor *grantor, const TokenScope *scope, json_t *actions)
{
  static const struct {
    const char *action;
    Verb verb;
  } each[] = {{"pull", VERB_PULL}, {"push", VERB_PUSH}, {"delete", VERB_DELETE}};
  if (!repository_name_is_valid(scope->name))
    return;
  VerbSet asked = 0;
  for (char **action = scope->actions; *action != NULL; action++)
    asked |= bearer_verbs(*action);
  unsigned given = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(each); i++) {
    if ((asked & VERB_BIT(each[i].verb)) == 0 || !may(grantor, each[i].verb, scope->name))
      continue;
    add_action(actions, each[i].action);
    given++;
  }
  if (given == G_N_ELEMENTS(each) && g_strv_contains((const char *const *)scope->actions, "*"))
    add_action(actions, "*");
}

static void
grant_on_registry(const Grantor *grantor, const TokenScope *scope, json_t *actions)
{
  if (strcmp(scope->name, "catalog") == 0 &&
      g_strv_contains((const char *const *)scope->actions, "*") && may_list(grantor))
    add_action(actions, "*");
}

/* The entry of that name, which is made where there is none. */
static json_t *
entry_of(json_t *granted, const TokenScope *scope)
{
  for (size_t i = 0; i < json_array_size(granted); i++) {
    json_t *entry = json_array_get(granted, i);
    if (g_strcmp0(json_get_string(entry, "type"), scope->type) == 0 &&
        g_strcmp0(json_get_string(entry, "name"), scope->name) == 0)
      return entry;
  }
  json_t *entry = json_object();
  json_set_string(entry, "type", scope->type);
  json_set_string(entry, "name", scope->name);
  json_object_set_new(entry, "actions", json_array());
  json_array_append_new(granted, entry);
  return entry;
}

json_t *
grant(const Grantor *grantor, const GPtrArray *scopes)
{
  json_t *granted = json_array();
  for (guint i = 0; i < scopes->len; i++) {
    const TokenScope *scope = g_ptr_array_index(scopes, i);
    g_autoptr(json_t) actions = json_array();
    if (strcmp(scope->type, "repository") == 0)
      grant_on_repository(grantor, scope, actions);
    else if (strcmp(scope->type, "registry") == 0)
      grant_on_registry(grantor, scope, actions);
    if (json_array_size(actions) == 0)
      continue;
    json_t *entry = json_get_array(entry_of(granted, scope), "actions");
    for (size_t at = 0; at < json_array_size(actions); at++)
      add_action(entry, json_string_value(json_array_get(actions, at)));
  }
  return granted;
}

char *
granted_text(const json_t *granted)
{
  GString *text = g_string_new(NULL);
  for (size_t i = 0; i < json_array_size(granted); i++) {
    const json_t *entry = json_array_get(granted, i);
    g_auto(GStrv) actions = json_get_strings(entry, "actions");
    g_autofree char *joined = g_strjoinv(",", actions);
    g_string_append_printf(text, "%s%s:%s:%s", i == 0 ? "" : " ", json_get_string(entry, "type"),
                           json_get_string(entry, "name"), joined);
  }
  return g_string_free(text, FALSE);
}
