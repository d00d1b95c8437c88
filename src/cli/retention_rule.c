/* Rules of retention as they are typed; see the header. */
#include "cli/retention_rule.h"

#include <string.h>

#include "base/json.h"
#include "base/setting_kinds.h"
#include "cli/command.h"

typedef enum { WORD_PATTERN, WORD_FLAG, WORD_COUNT, WORD_TIME } WordKind;
typedef struct {
  const char *typed, *keep, *delete; /* the member, of a rule that keeps or deletes */
  WordKind kind;
} Word;

static const Word words[] = {
    {"repository", "repositories", "repositories", WORD_PATTERN},
    {"tag", "tags", "tags", WORD_PATTERN},
    {"untagged", "untagged", "untagged", WORD_FLAG},
    {"all", NULL, "all", WORD_FLAG},
    {"newest", "newest", "beyond_newest", WORD_COUNT},
    {"pushed", "pushed_within", "pushed_before", WORD_TIME},
    {"pulled", "pulled_within", "pulled_before", WORD_TIME},
};

static const char *
member_of(const Word *word, bool keeps)
{
  return keeps ? word->keep : word->delete;
}

static const Word *
find_word(const char *typed, size_t length, bool keeps)
{
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (strlen(words[i].typed) == length && strncmp(words[i].typed, typed, length) == 0 &&
        member_of(&words[i], keeps) != NULL)
      return &words[i];
  return NULL;
}

static void
add_pattern(json_t *rule, const char *member, const char *pattern)
{
  json_t *list = json_object_get(rule, member);
  if (list == NULL) {
    list = json_array();
    json_object_set_new(rule, member, list);
  }
  json_array_append_new(list, json_string(pattern));
}

static bool
add_word(json_t *rule, const char *text, bool keeps)
{
  size_t length = strcspn(text, "=");
  const char *value = text[length] == '=' ? text + length + 1 : NULL;
  const Word *word = find_word(text, length, keeps);
  const char *member = word == NULL ? NULL : member_of(word, keeps);
  uint64_t number = 0;
  if (word == NULL || (value == NULL) != (word->kind == WORD_FLAG))
    return false;
  if (word->kind == WORD_FLAG)
    json_object_set_new(rule, member, json_true());
  else if (word->kind == WORD_PATTERN)
    add_pattern(rule, member, value);
  else if (word->kind == WORD_COUNT ? slice_to_uint64(slice_from_string(value), &number)
                                    : duration_parse(value, &number))
    json_set_number(rule, member, number);
  else
    return false;
  return true;
}

json_t *
retention_rule_parse(const char *text, bool keeps)
{
  g_auto(GStrv) parts = g_strsplit(text, ",", -1);
  g_autoptr(json_t) rule = json_object();
  for (char **part = parts; *part != NULL; part++)
    if (!add_word(rule, *part, keeps)) {
      command_tell("--%s %s: \"%s\" must be repository=PATTERN, tag=PATTERN, untagged, %snewest=N, "
                   "pushed=TIME or pulled=TIME, with commas between them",
                   keeps ? "keep" : "delete", text, *part, keeps ? "" : "all, ");
      return NULL;
    }
  return g_steal_pointer(&rule);
}

/* "30d" (transfer full) */
static char *
time_text(json_int_t seconds)
{
  static const struct {
    json_int_t seconds;
    char unit;
  } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
  size_t i = 0;
  while (i + 1 < G_N_ELEMENTS(units) && seconds % units[i].seconds != 0)
    i++;
  return g_strdup_printf("%" JSON_INTEGER_FORMAT "%c", seconds / units[i].seconds, units[i].unit);
}

static void
append_word(GString *text, const Word *word, const json_t *value)
{
  size_t index;
  json_t *one;
  const char *comma = text->len > 0 ? "," : "";
  g_autofree char *time = word->kind == WORD_TIME ? time_text(json_integer_value(value)) : NULL;
  if (word->kind == WORD_FLAG && json_is_true(value))
    g_string_append_printf(text, "%s%s", comma, word->typed);
  else if (word->kind == WORD_COUNT)
    g_string_append_printf(text, "%s%s=%" JSON_INTEGER_FORMAT, comma, word->typed,
                           json_integer_value(value));
  else if (word->kind == WORD_TIME)
    g_string_append_printf(text, "%s%s=%s", comma, word->typed, time);
  else if (word->kind == WORD_PATTERN)
    json_array_foreach(value, index, one) {
      g_string_append_printf(text, "%s%s=%s", text->len > 0 ? "," : "", word->typed,
                             json_string_value(one));
    }
}

char *
retention_rule_text(const json_t *rule, bool keeps)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    const char *member = member_of(&words[i], keeps);
    const json_t *value = member == NULL ? NULL : json_object_get(rule, member);
    if (value != NULL)
      append_word(text, &words[i], value);
  }
  return g_strdup(text->len > 0 ? text->str : "all");
}
