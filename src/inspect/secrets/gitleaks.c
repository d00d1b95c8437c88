/* gitleaks' configuration, as rules that a team brings; see the header. */
#include "inspect/secrets/gitleaks.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "inspect/secrets/brought.h"
#include "inspect/secrets/gitleaks_file-private.h"

#define EXTENDS_MOST 2u /* files, one by another */

typedef struct {
  const char *folder;  /* or NULL */
  GPtrArray *warnings; /* or NULL */
} Reading;

/* @one: a rule, or what aims at one. */
G_GNUC_PRINTF(4, 5)
static bool
refuse(const json_t *one, const char *id, GError **error, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *why = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  return error_set(error, ASSAY_ERROR_INVALID, "%s: %s: %s", json_get_string(one, GITLEAKS_WHERE),
                   id, why);
}

static void
warn(const Reading *reading, const json_t *rule, const char *what)
{
  if (reading->warnings != NULL)
    g_ptr_array_add(reading->warnings,
                    g_strdup_printf("%s: %s: %s", json_get_string(rule, GITLEAKS_WHERE),
                                    json_get_string(rule, "id"), what));
}

static bool
is_ours(const char *id)
{
  for (size_t set = 0; secret_rule_sets[set] != NULL; set++)
    for (size_t i = 0; i < secret_rule_sets[set]->count; i++)
      if (strcmp(secret_rule_sets[set]->rules[i].id, id) == 0)
        return true;
  return false;
}

static bool
has_text(const json_t *texts, const char *text)
{
  size_t i;
  json_t *each;
  json_array_foreach(texts, i, each)
    if (strcmp(json_string_value(each), text) == 0)
      return true;
  return false;
}

/* Before @until. (transfer none) */
static json_t *
rule_of(const json_t *rules, const char *id, size_t until)
{
  size_t i;
  json_t *each;
  json_array_foreach(rules, i, each)
    if (i < until && strcmp(json_get_string(each, "id"), id) == 0)
      return each;
  return NULL;
}

/* --- one file --- */

/* Of two with one id the last counts. */
static void
drop_doubles(const Reading *reading, json_t *rules)
{
  for (size_t i = json_array_size(rules); i-- > 0;) {
    json_t *rule = json_array_get(rules, i);
    json_t *before;
    while ((before = rule_of(rules, json_get_string(rule, "id"), i)) != NULL) {
      warn(reading, before, "a later rule has the same id, and counts alone");
      size_t at = 0;
      while (json_array_get(rules, at) != before)
        at++;
      json_array_remove(rules, at);
      i--;
    }
  }
}

static bool
check_required(const json_t *rules, GError **error)
{
  size_t i, j;
  json_t *rule, *each;
  json_array_foreach(rules, i, rule)
    json_array_foreach(json_object_get(rule, "required"), j, each) {
      const char *id = json_get_string(each, "id");
      if (rule_of(rules, id, SIZE_MAX) == NULL)
        return refuse(rule, json_get_string(rule, "id"), error,
                      "the rule \"%s\" is required, and is not in this file", id);
    }
  return true;
}

/* --- a file and what it extends --- */

/* What the rule says, and what it does not, as @base does. */
static void
overlay(json_t *rule, const json_t *base)
{
  static const char *const single[] = {"title", "entropy", "group", "regex", "path"};
  static const char *const lists[] = {"keywords", "allow"};
  for (size_t i = 0; i < G_N_ELEMENTS(single); i++)
    if (json_object_get(rule, single[i]) == NULL && json_object_get(base, single[i]) != NULL)
      json_object_set(rule, single[i], json_object_get(base, single[i]));
  for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
    g_autoptr(json_t) all = json_array();
    json_array_extend(all, json_object_get(base, lists[i]));
    json_array_extend(all, json_object_get(rule, lists[i]));
    json_object_set(rule, lists[i], all);
  }
  if (json_array_size(json_object_get(rule, "required")) == 0)
    json_object_set(rule, "required", json_object_get(base, "required"));
  json_object_set_new(rule, "helps", json_boolean(json_get_boolean(base, "helps", false)));
}

static void
extend(json_t *file, const json_t *base, const json_t *disabled)
{
  json_t *rules = json_object_get(file, "rules"), *each;
  size_t i;
  json_array_foreach(json_object_get(base, "rules"), i, each) {
    const char *id = json_get_string(each, "id");
    json_t *rule = rule_of(rules, id, SIZE_MAX);
    if (has_text(disabled, id))
      continue;
    if (rule == NULL)
      json_array_append(rules, each);
    else
      overlay(rule, each);
  }
  static const char *const lists[] = {"allow", "targets", "disabled"};
  for (i = 0; i < G_N_ELEMENTS(lists); i++)
    json_array_extend(json_object_get(file, lists[i]), json_object_get(base, lists[i]));
  if (json_get_boolean(base, "ours", false))
    json_object_set_new(file, "ours", json_true());
}

/* (transfer full) */
static json_t *
read_file(Slice text, const char *name, const Reading *reading, unsigned depth, GError **error)
{
  g_autoptr(json_t) file = gitleaks_file_read(text, name, reading->warnings, error);
  if (file == NULL)
    return NULL;
  const json_t *said = json_object_get(file, "extend");
  json_t *disabled = json_object_get(said, "disabled");
  const char *path = json_get_string(said, "path");
  drop_doubles(reading, json_object_get(file, "rules"));
  if (!check_required(json_object_get(file, "rules"), error))
    return NULL;
  bool ours = json_get_boolean(said, "default", false);
  json_object_set_new(file, "ours", json_boolean(ours));
  json_object_set_new(file, "disabled", json_array());
  if (ours)
    json_array_extend(json_object_get(file, "disabled"), disabled);
  if (path == NULL)
    return g_steal_pointer(&file);
  if (reading->folder == NULL || depth == EXTENDS_MOST) {
    error_set(error, ASSAY_ERROR_INVALID, "[extend]: \"%s\": %s", path,
              reading->folder == NULL ? "no other file is read here"
                                      : "a file that is extended by two others extends none");
    return NULL;
  }
  g_autofree char *at =
      g_path_is_absolute(path) ? g_strdup(path) : g_build_filename(reading->folder, path, NULL);
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, at, GITLEAKS_BYTES_MAX, error);
  g_autoptr(json_t) base =
      bytes == NULL ? NULL : read_file(slice_from_bytes(bytes), path, reading, depth + 1, error);
  if (base == NULL) {
    g_prefix_error(error, "[extend]: \"%s\": ", path);
    return NULL;
  }
  extend(file, base, disabled);
  return g_steal_pointer(&file);
}

/* --- all of it --- */

/* A rule without a regex adds to one of ours, or is for the files of a path. */
static bool
check_rule(const Reading *reading, const json_t *all, json_t *rule, GError **error)
{
  const char *id = json_get_string(rule, "id");
  bool adds = json_get_boolean(all, "ours", false) && is_ours(id) &&
              !has_text(json_object_get(all, "disabled"), id);
  if (json_object_get(rule, "regex") != NULL)
    return true;
  if (!adds && json_object_get(rule, "path") == NULL)
    return refuse(rule, id, error,
                  "it has no regex and no path, and no rule is extended that has this id");
  if (json_object_get(rule, "group") != NULL)
    return refuse(rule, id, error, "\"secretGroup\" needs a regex of its own");
  if (json_array_size(json_object_get(rule, "required")) > 0)
    return refuse(rule, id, error, "what requires other rules needs a regex of its own");
  if (json_array_size(json_object_get(rule, "keywords")) > 0)
    warn(reading, rule, "keywords have no effect without a regex");
  json_object_del(rule, "keywords");
  json_object_set_new(rule, "extends", json_boolean(adds));
  if (!adds || !json_get_boolean(rule, "helps", false))
    return true;
  warn(reading, rule, "\"skipReport\" has no effect on a rule that is extended");
  return json_object_del(rule, "helps") == 0;
}

static bool
check_rules(const Reading *reading, const json_t *all, GError **error)
{
  const json_t *rules = json_object_get(all, "rules");
  size_t i, j;
  json_t *rule, *each;
  if (json_array_size(rules) == 0 && !json_get_boolean(all, "ours", false))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "it has no [[rules]], and extends none: nothing would be looked for");
  json_array_foreach(rules, i, rule)
    if (!check_rule(reading, all, rule, error))
      return false;
  json_array_foreach(rules, i, rule)
    json_array_foreach(json_object_get(rule, "required"), j, each) {
      const char *id = json_get_string(each, "id");
      const json_t *other = rule_of(rules, id, SIZE_MAX);
      if (other == NULL || json_get_boolean(other, "extends", false))
        return refuse(rule, json_get_string(rule, "id"), error,
                      "the rule \"%s\" is required, and has no regex and no path", id);
    }
  return true;
}

/* Lists for some rules, to them. */
static bool
place_targets(const json_t *all, GError **error)
{
  json_t *rules = json_object_get(all, "rules"), *each;
  size_t i;
  json_array_foreach(json_object_get(all, "targets"), i, each) {
    const char *id = json_get_string(each, "rule");
    json_t *list = json_object_get(each, "list"), *rule = rule_of(rules, id, SIZE_MAX);
    if (rule == NULL) {
      if (!json_get_boolean(all, "ours", false) || !is_ours(id))
        return refuse(each, "targetRules", error, "there is no rule \"%s\"", id);
      rule = json_pack("{s:s, s:b, s:[], s:O}", "id", id, "extends", 1, "allow", GITLEAKS_WHERE,
                       json_object_get(each, GITLEAKS_WHERE));
      json_array_append_new(rules, rule);
    }
    if (json_object_size(list) > 0)
      json_array_append(json_object_get(rule, "allow"), list);
  }
  return true;
}

static void
check_disabled(const Reading *reading, const json_t *all)
{
  size_t i;
  json_t *each;
  json_array_foreach(json_object_get(all, "disabled"), i, each)
    if (reading->warnings != NULL && !is_ours(json_string_value(each)))
      g_ptr_array_add(
          reading->warnings,
          g_strdup_printf("disabledRules: no built-in rule is \"%s\"", json_string_value(each)));
}

json_t *
gitleaks_read(Slice text, const char *folder, GPtrArray *warnings, GError **error)
{
  const Reading reading = {folder, warnings};
  g_autoptr(json_t) all = read_file(text, NULL, &reading, 0, error);
  if (all == NULL || !check_rules(&reading, all, error) || !place_targets(all, error))
    return NULL;
  check_disabled(&reading, all);
  size_t i;
  json_t *rule;
  json_array_foreach(json_object_get(all, "rules"), i, rule)
    json_object_del(rule, GITLEAKS_WHERE);
  json_object_del(all, "targets");
  json_object_del(all, "extend");
  return g_steal_pointer(&all);
}

/* (transfer full) */
static json_t *
read_path(const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname(path);
  g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, GITLEAKS_BYTES_MAX, error);
  json_t *rules =
      bytes == NULL ? NULL : gitleaks_read(slice_from_bytes(bytes), folder, warnings, error);
  for (guint i = 0; rules != NULL && i < warnings->len; i++)
    log_warning("a file of rules for secrets has what has no effect", "path", path, "what",
                (const char *)g_ptr_array_index(warnings, i), NULL);
  return rules;
}

bool
gitleaks_load(const char *path, bool comments, GError **error)
{
  if (path == NULL && !comments)
    return true;
  g_autoptr(json_t) rules = path == NULL ? json_pack("{s:b}", "ours", 1) : read_path(path, error);
  if (rules != NULL && comments)
    json_object_set_new(rules, "comments", json_true());
  if (rules != NULL && brought_rules_set(rules, error))
    return true;
  g_prefix_error(error, "%s: ", path);
  return false;
}
