/* gitleaks' configuration, as rules that a team brings; see the header. */
#include "inspect/secrets/gitleaks.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "inspect/secrets/brought.h"
#include "text/toml.h"

#define VALUES_MAX 100000u

/* Where @id stands in the text, for people: 0 where it cannot be told. */
static unsigned
line_of_id(Slice text, const char *id)
{
  const char *start = (const char *)text.data;
  const char *at = id == NULL ? NULL : g_strstr_len(start, (gssize)text.size, id);
  unsigned line = at == NULL ? 0 : 1;
  for (; at != NULL && start < at; start++)
    line += *start == '\n';
  return line;
}

G_GNUC_PRINTF(4, 5)
static bool
refuse(Slice text, const char *id, GError **error, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *why = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  unsigned line = line_of_id(text, id);
  return error_set(error, ASSAY_ERROR_INVALID, "line %u: %s%s%s", line, id == NULL ? "" : id,
                   id == NULL ? "" : ": ", why);
}

/* Of @json to @to, where it is there: a text, or texts. */
static bool
take(const json_t *json, const char *member, bool many, json_t *to, const char *as)
{
  json_t *value = json_object_get(json, member);
  if (value == NULL)
    return true;
  if (many ? !json_is_array(value) : !json_is_string(value))
    return false;
  size_t i;
  json_t *each;
  json_array_foreach(value, i, each)
    if (!json_is_string(each))
      return false;
  json_object_set(to, as, value);
  return true;
}

static bool
add_allowlist(Slice text, const char *id, const json_t *list, json_t *into, GError **error)
{
  g_autoptr(json_t) made = json_object();
  const char *condition = json_string_value(json_object_get(list, "condition"));
  json_object_set_new(
      made, "all",
      json_boolean(condition != NULL &&
                   (g_ascii_strcasecmp(condition, "and") == 0 || strcmp(condition, "&&") == 0)));
  static const char *const lists[] = {"paths", "regexes", "stopwords"};
  for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
    if (!take(list, lists[i], true, made, lists[i]))
      return refuse(text, id, error, "\"%s\" of an allowlist must be a list of texts", lists[i]);
  if (!take(list, "regexTarget", false, made, "regexTarget"))
    return refuse(text, id, error, "\"regexTarget\" of an allowlist must be a text");
  json_array_append(into, made);
  return true;
}

/* The old form, one table, and the new one, an array of tables. */
static bool
add_allowlists(Slice text, const char *id, const json_t *of, json_t *to, GError **error)
{
  json_t *into = json_array();
  json_object_set_new(to, "allow", into);
  static const char *const names[] = {"allowlist", "allowlists"};
  for (size_t name = 0; name < G_N_ELEMENTS(names); name++) {
    json_t *lists = json_object_get(of, names[name]), *each;
    size_t i;
    if (json_is_object(lists) && !add_allowlist(text, id, lists, into, error))
      return false;
    json_array_foreach(lists, i, each)
      if (!add_allowlist(text, id, each, into, error))
        return false;
  }
  return true;
}

/* TOML's reader gives numbers with a point as they are written. */
static bool
take_entropy(const json_t *rule, json_t *to)
{
  const json_t *value = json_object_get(rule, "entropy");
  const char *text = json_string_value(value);
  char *end = NULL;
  double number = text == NULL ? json_number_value(value) : g_ascii_strtod(text, &end);
  json_object_set_new(to, "entropy", json_real(number));
  return value == NULL || json_is_number(value) || (text != NULL && *text != '\0' && *end == '\0');
}

static bool
add_rule(Slice text, const json_t *rule, json_t *into, GError **error)
{
  const char *id = json_string_value(json_object_get(rule, "id"));
  if (id == NULL || *id == '\0')
    return refuse(text, NULL, error, "rule %zu has no id", json_array_size(into) + 1);
  g_autoptr(json_t) made = json_object();
  const json_t *group = json_object_get(rule, "secretGroup");
  bool taken = take(rule, "id", false, made, "id") &&
               take(rule, "description", false, made, "title") &&
               take(rule, "regex", false, made, "regex") && take(rule, "path", false, made, "path");
  if (!taken)
    return refuse(text, id, error, "\"description\", \"regex\" and \"path\" must be texts");
  if (json_object_get(made, "regex") == NULL)
    return refuse(text, id, error,
                  "a rule needs a \"regex\": rules for the names of files alone are not read");
  if (!take(rule, "keywords", true, made, "keywords"))
    return refuse(text, id, error, "\"keywords\" must be a list of texts");
  if (group != NULL && (!json_is_integer(group) || json_integer_value(group) < 0))
    return refuse(text, id, error, "\"secretGroup\" must be a number from 0");
  json_object_set_new(made, "group", json_integer(json_integer_value(group)));
  if (!take_entropy(rule, made))
    return refuse(text, id, error, "\"entropy\" must be a number");
  if (!add_allowlists(text, id, rule, made, error))
    return false;
  json_array_append(into, made);
  return true;
}

json_t *
gitleaks_read(Slice text, GError **error)
{
  if (text.size > GITLEAKS_BYTES_MAX) {
    error_set(error, ASSAY_ERROR_LIMIT, "larger than 1 MiB");
    return NULL;
  }
  g_autoptr(json_t) toml = toml_parse(text, VALUES_MAX, error);
  if (toml == NULL)
    return NULL;
  g_autoptr(json_t) made = json_object();
  const json_t *extend = json_object_get(toml, "extend");
  json_t *rules = json_array();
  json_object_set_new(made, "ours",
                      json_boolean(json_is_true(json_object_get(extend, "useDefault"))));
  json_object_set_new(made, "rules", rules);
  if (json_object_get(extend, "path") != NULL || json_object_get(extend, "url") != NULL) {
    refuse(text, "extend", error, "other files are not read: put their rules into this one");
    return NULL;
  }
  if (!take(extend, "disabledRules", true, made, "disabled")) {
    refuse(text, "disabledRules", error, "must be a list of texts");
    return NULL;
  }
  size_t i;
  json_t *each;
  json_array_foreach(json_object_get(toml, "rules"), i, each)
    if (!add_rule(text, each, rules, error))
      return NULL;
  return add_allowlists(text, NULL, toml, made, error) ? g_steal_pointer(&made) : NULL;
}

bool
gitleaks_load(const char *path, GError **error)
{
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, GITLEAKS_BYTES_MAX, error);
  g_autoptr(json_t) rules = bytes == NULL ? NULL : gitleaks_read(slice_from_bytes(bytes), error);
  if (rules != NULL && brought_rules_set(rules, error))
    return true;
  g_prefix_error(error, "%s: ", path);
  return false;
}
