/* One file in gitleaks' form. It is stricter than gitleaks: what that passes over without a word
 * (a wrong type, a table by another name) would have a team believe that it is looked for. */
#include "inspect/secrets/gitleaks_file-private.h"

#include <string.h>

#include "base/error.h"
#include "inspect/secrets/go_pattern.h"
#include "text/toml.h"

#define VALUES_MAX 100000u
#define GROUP_MOST 99

typedef struct {
  TomlLines *lines;
  const char *name;
  GPtrArray *warnings;
} File;

/* A table of the file, and what messages call it: a rule's id, or its name. */
typedef struct {
  const File *file;
  json_t *json;
  const char *of;
} Table;

/* --- messages --- */

static unsigned
line_of(const Table *table, const char *key)
{
  unsigned line = toml_line_of(table->file->lines, table->json, key);
  return line != 0 ? line : toml_line_of(table->file->lines, table->json, NULL);
}

static char *
place_of(const Table *table, const char *key)
{
  const char *name = table->file->name;
  return g_strdup_printf("%s%sline %u", name == NULL ? "" : name, name == NULL ? "" : ": ",
                         line_of(table, key));
}

G_GNUC_PRINTF(4, 5)
static bool
refuse(const Table *table, const char *key, GError **error, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *why = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  return error_set(error, ASSAY_ERROR_INVALID, "line %u: %s: %s", line_of(table, key), table->of,
                   why);
}

G_GNUC_PRINTF(3, 4)
static void
warn(const Table *table, const char *key, const char *format, ...)
{
  if (table->file->warnings == NULL)
    return;
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *why = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_autofree char *place = place_of(table, key);
  g_ptr_array_add(table->file->warnings, g_strdup_printf("%s: %s: %s", place, table->of, why));
}

/* --- members, whose names may have either case --- */

/* *@as: the name as it is written. */
static json_t *
member(const Table *table, const char *name, const char **as)
{
  const char *key;
  json_t *value;
  json_object_foreach(table->json, key, value)
    if (g_ascii_strcasecmp(key, name) == 0) {
      *as = key;
      return value;
    }
  *as = NULL;
  return NULL;
}

static bool
is_known(const char *key, const char *const *names)
{
  for (size_t i = 0; names[i] != NULL; i++)
    if (g_ascii_strcasecmp(key, names[i]) == 0)
      return true;
  return false;
}

/* @may: another name is only told. */
static bool
check_names(const Table *table, const char *const *names, bool may, GError **error)
{
  const char *key, *first;
  json_t *value;
  json_object_foreach(table->json, key, value) {
    member(table, key, &first);
    if (first != NULL && first != key && strcmp(first, key) != 0)
      return refuse(table, key, error, "\"%s\" is there twice", key);
    if (is_known(key, names))
      continue;
    if (!may)
      return refuse(table, key, error, "\"%s\" means nothing here", key);
    warn(table, key, "\"%s\" means nothing here, and is passed over", key);
  }
  return true;
}

static bool
take_text(const Table *table, const char *name, json_t *to, const char *as, GError **error)
{
  const char *key;
  json_t *value = member(table, name, &key);
  if (value != NULL && !json_is_string(value))
    return refuse(table, key, error, "\"%s\" must be a text", name);
  if (value != NULL && json_string_length(value) > 0)
    json_object_set(to, as, value);
  return true;
}

static bool
take_texts(const Table *table, const char *name, json_t *to, const char *as, GError **error)
{
  const char *key;
  json_t *value = member(table, name, &key), *each;
  size_t i;
  if (value != NULL && !json_is_array(value))
    return refuse(table, key, error, "\"%s\" must be a list of texts", name);
  json_array_foreach(value, i, each)
    if (!json_is_string(each) || json_string_length(each) == 0)
      return refuse(table, key, error, "\"%s\" must be a list of texts", name);
  if (json_array_size(value) > 0)
    json_object_set(to, as, value);
  return true;
}

static bool
take_switch(const Table *table, const char *name, json_t *to, const char *as, GError **error)
{
  const char *key;
  json_t *value = member(table, name, &key);
  if (value != NULL && !json_is_boolean(value))
    return refuse(table, key, error, "\"%s\" must be true or false", name);
  if (json_is_true(value))
    json_object_set(to, as, value);
  return true;
}

static bool
take_number(const Table *table, const char *name, json_t *to, const char *as, GError **error)
{
  const char *key;
  json_t *value = member(table, name, &key);
  if (value != NULL && (!json_is_integer(value) || json_integer_value(value) < 0))
    return refuse(table, key, error, "\"%s\" must be a number from 0", name);
  if (value != NULL)
    json_object_set(to, as, value);
  return true;
}

/* TOML's reader gives numbers with a point as they are written. 0 is as if it were not there. */
static bool
take_entropy(const Table *table, json_t *to, GError **error)
{
  const char *key;
  const json_t *value = member(table, "entropy", &key);
  const char *text = json_string_value(value);
  char *end = NULL;
  double number = text == NULL ? json_number_value(value) : g_ascii_strtod(text, &end);
  if (value != NULL && !json_is_number(value) && (text == NULL || *text == '\0' || *end != '\0'))
    return refuse(table, key, error, "\"entropy\" must be a number");
  if (number != 0)
    json_object_set_new(to, "entropy", json_real(number));
  return true;
}

/* --- patterns --- */

static bool
check_pattern(const Table *table, const char *name, const json_t *pattern, uint32_t *groups,
              GError **error)
{
  const char *key;
  g_autoptr(GError) wrong = NULL;
  if (pattern == NULL)
    return true;
  pcre2_code *code = go_pattern_new(json_string_value(pattern), groups, &wrong);
  pcre2_code_free(code);
  member(table, name, &key);
  return code != NULL || refuse(table, key, error, "%s", wrong->message);
}

static bool
check_patterns(const Table *table, const char *name, const json_t *made, GError **error)
{
  size_t i;
  json_t *each;
  json_array_foreach(json_object_get(made, name), i, each)
    if (!check_pattern(table, name, each, NULL, error))
      return false;
  return true;
}

/* --- tables in tables --- */

typedef bool (*Take)(const Table *table, json_t *into, GError **error);

/* One table, or an array of them. */
static bool
each_table(const Table *table, const char *name, Take take, json_t *into, GError **error)
{
  const char *key;
  json_t *value = member(table, name, &key), *each;
  Table one = {table->file, value, table->of};
  size_t i;
  if (value == NULL)
    return true;
  if (json_is_object(value))
    return take(&one, into, error);
  if (!json_is_array(value))
    return refuse(table, key, error, "\"%s\" must be an array of tables", name);
  json_array_foreach(value, i, each) {
    one.json = each;
    if (!json_is_object(each))
      return refuse(table, key, error, "\"%s\" must be an array of tables", name);
    if (!take(&one, into, error))
      return false;
  }
  return true;
}

/* --- allowlists --- */

static const char *const list_names[] = {"description", "condition", "commits",   "paths",
                                         "regexTarget", "regexes",   "stopwords", NULL};
static const char *const list_names_for_all[] = {"description", "condition",   "commits",
                                                 "paths",       "regexTarget", "regexes",
                                                 "stopwords",   "targetRules", NULL};

static bool
take_condition(const Table *table, json_t *list, GError **error)
{
  static const char *const of_all[] = {"and", "&&", NULL}, *const of_any[] = {"or", "||", NULL};
  if (!take_text(table, "condition", list, "condition", error))
    return false;
  const char *condition = json_get_string(list, "condition");
  bool all = condition != NULL && is_known(condition, of_all);
  if (condition != NULL && !all && !is_known(condition, of_any))
    return refuse(table, "condition", error, "the condition \"%s\" is neither AND nor OR",
                  condition);
  json_object_del(list, "condition");
  json_object_set_new(list, "all", json_boolean(all));
  return true;
}

static bool
take_target(const Table *table, json_t *list, GError **error)
{
  static const char *const targets[] = {"secret", "match", "line", NULL};
  if (!take_text(table, "regexTarget", list, "regexTarget", error))
    return false;
  const char *target = json_get_string(list, "regexTarget");
  if (target == NULL || g_strv_contains(targets, target))
    return true;
  const char *key;
  member(table, "regexTarget", &key);
  return refuse(table, key, error, "the regexTarget \"%s\" is neither secret, nor match, nor line",
                target);
}

/* Empty where it can allow nothing: an image has no commits. */
static json_t *
read_allowlist(const Table *table, GError **error)
{
  g_autoptr(json_t) list = json_object();
  if (!take_condition(table, list, error) || !take_target(table, list, error) ||
      !take_texts(table, "commits", list, "commits", error) ||
      !take_texts(table, "paths", list, "paths", error) ||
      !take_texts(table, "regexes", list, "regexes", error) ||
      !take_texts(table, "stopwords", list, "stopwords", error) ||
      !check_patterns(table, "paths", list, error) ||
      !check_patterns(table, "regexes", list, error))
    return NULL;
  bool commits = json_object_get(list, "commits") != NULL;
  bool more = json_object_get(list, "paths") != NULL || json_object_get(list, "regexes") != NULL ||
              json_object_get(list, "stopwords") != NULL;
  if (!commits && !more) {
    refuse(table, NULL, error, "an allowlist needs commits, paths, regexes or stopwords");
    return NULL;
  }
  if (commits && (!more || json_get_boolean(list, "all", false)))
    json_object_clear(list);
  json_object_del(list, "commits");
  return g_steal_pointer(&list);
}

static bool
take_allowlist(const Table *table, json_t *into, GError **error)
{
  if (!check_names(table, list_names, false, error))
    return false;
  g_autoptr(json_t) list = read_allowlist(table, error);
  if (json_object_size(list) > 0)
    json_array_append(into, list);
  return list != NULL;
}

static bool
take_allowlist_for_all(const Table *table, json_t *into, GError **error)
{
  g_autoptr(json_t) targets = json_object();
  if (!check_names(table, list_names_for_all, false, error) ||
      !take_texts(table, "targetRules", targets, "rules", error))
    return false;
  g_autoptr(json_t) list = read_allowlist(table, error);
  json_t *rules = json_object_get(targets, "rules"), *each;
  size_t i;
  g_autofree char *place = place_of(table, "targetRules");
  json_array_foreach(rules, i, each)
    json_array_append_new(
        json_object_get(into, "targets"),
        json_pack("{s:O, s:O?, s:s}", "rule", each, "list", list, GITLEAKS_WHERE, place));
  if (rules == NULL && json_object_size(list) > 0)
    json_array_append(json_object_get(into, "allow"), list);
  return list != NULL;
}

/* The old form is one table, and the new one an array of them. */
static bool
take_allowlists(const Table *table, Take take, json_t *into, GError **error)
{
  const char *old, *new;
  const json_t *one = member(table, "allowlist", &old);
  if (one != NULL && !json_is_object(one))
    return refuse(table, old, error, "\"allowlist\" is one table: an array is \"allowlists\"");
  if (one != NULL && member(table, "allowlists", &new) != NULL)
    return refuse(table, old, error, "\"allowlist\" cannot be beside \"allowlists\"");
  return each_table(table, "allowlist", take, into, error) &&
         each_table(table, "allowlists", take, into, error);
}

/* --- rules --- */

static const char *const rule_names[] = {
    "id",   "description", "path",       "regex",    "secretGroup", "entropy", "keywords",
    "tags", "allowlist",   "allowlists", "required", "skipReport",  NULL};

static bool
take_required(const Table *table, json_t *into, GError **error)
{
  static const char *const names[] = {"id", "withinLines", "withinColumns", NULL};
  g_autoptr(json_t) required = json_object();
  if (!check_names(table, names, false, error) || !take_text(table, "id", required, "id", error) ||
      !take_number(table, "withinLines", required, "lines", error) ||
      !take_number(table, "withinColumns", required, "columns", error))
    return false;
  if (json_object_get(required, "id") == NULL)
    return refuse(table, NULL, error, "a rule that is required has no id");
  json_array_append(into, required);
  return true;
}

static bool
check_regex(const Table *table, const json_t *rule, GError **error)
{
  const json_t *regex = json_object_get(rule, "regex");
  json_int_t group = json_get_integer(rule, "group", 0);
  uint32_t groups = 0;
  const char *key;
  if (!check_pattern(table, "regex", regex, &groups, error))
    return false;
  member(table, "secretGroup", &key);
  if ((regex != NULL && group > groups) || group > GROUP_MOST)
    return refuse(table, key, error, "\"secretGroup\" is %d, and the regex has %u groups",
                  (int)group, groups);
  return check_pattern(table, "path", json_object_get(rule, "path"), NULL, error);
}

static bool
take_rule(const Table *table, json_t *rules, GError **error)
{
  const char *key;
  const char *id = json_string_value(member(table, "id", &key));
  const Table named = {table->file, table->json, id == NULL ? "[[rules]]" : id};
  if (id == NULL || *id == '\0')
    return refuse(table, key, error, "rule %zu has no id", json_array_size(rules) + 1);
  g_autoptr(json_t) rule = json_object();
  g_autofree char *place = place_of(&named, NULL);
  json_t *allow = json_array(), *required = json_array();
  json_object_set_new(rule, "allow", allow);
  json_object_set_new(rule, "required", required);
  json_object_set_new(rule, GITLEAKS_WHERE, json_string(place));
  if (!check_names(&named, rule_names, true, error) ||
      !take_text(&named, "id", rule, "id", error) ||
      !take_text(&named, "description", rule, "title", error) ||
      !take_text(&named, "regex", rule, "regex", error) ||
      !take_text(&named, "path", rule, "path", error) ||
      !take_texts(&named, "keywords", rule, "keywords", error) ||
      !take_number(&named, "secretGroup", rule, "group", error) ||
      !take_switch(&named, "skipReport", rule, "helps", error) ||
      !take_entropy(&named, rule, error) || !check_regex(&named, rule, error) ||
      !take_allowlists(&named, take_allowlist, allow, error) ||
      !each_table(&named, "required", take_required, required, error))
    return false;
  json_array_append(rules, rule);
  return true;
}

/* --- the file --- */

static bool
take_extend(const Table *table, json_t *into, GError **error)
{
  static const char *const names[] = {"useDefault", "path", "url", "disabledRules", NULL};
  const Table named = {table->file, table->json, "[extend]"};
  const char *url, *path;
  if (!check_names(&named, names, false, error) ||
      !take_switch(&named, "useDefault", into, "default", error) ||
      !take_text(&named, "path", into, "path", error) ||
      !take_texts(&named, "disabledRules", into, "disabled", error))
    return false;
  if (member(&named, "url", &url) != NULL)
    return refuse(&named, url, error,
                  "\"url\" is not read: fetch the file, and name it by \"path\"");
  member(&named, "path", &path);
  return !json_get_boolean(into, "default", false) || json_get_string(into, "path") == NULL ||
         refuse(&named, path, error, "\"path\" cannot be beside \"useDefault\"");
}

static bool
take_file(const Table *table, json_t *into, GError **error)
{
  static const char *const names[] = {"title", "description", "minVersion", "extend",
                                      "rules", "allowlist",   "allowlists", NULL};
  const Table rules = {table->file, table->json, "[[rules]]"};
  const Table lists = {table->file, table->json, "[[allowlists]]"};
  return check_names(table, names, false, error) &&
         each_table(table, "extend", take_extend, json_object_get(into, "extend"), error) &&
         each_table(&rules, "rules", take_rule, json_object_get(into, "rules"), error) &&
         take_allowlists(&lists, take_allowlist_for_all, into, error);
}

json_t *
gitleaks_file_read(Slice text, const char *name, GPtrArray *warnings, GError **error)
{
  if (text.size > GITLEAKS_BYTES_MAX) {
    error_set(error, ASSAY_ERROR_LIMIT, "larger than 1 MiB");
    return NULL;
  }
  g_autoptr(TomlLines) lines = NULL;
  g_autoptr(json_t) toml = toml_parse_lines(text, VALUES_MAX, &lines, error);
  if (toml == NULL)
    return NULL;
  const File file = {lines, name, warnings};
  const Table table = {&file, toml, "the file"};
  g_autoptr(json_t) made =
      json_pack("{s:{}, s:[], s:[], s:[]}", "extend", "rules", "allow", "targets");
  return take_file(&table, made, error) ? g_steal_pointer(&made) : NULL;
}
