/* What a team brings, made ready to look by; see the header. */
#include <string.h>

#include "base/error.h"
#include "inspect/secrets/brought-private.h"

#define MATCH_LIMIT 20000u /* from each place where one may begin */
#define HEAP_LIMIT  4096u
#define GROUPS      100u

static void
free_code(void *code)
{
  pcre2_code_free(code);
}

static void
allowlist_free(void *data)
{
  Allowlist *list = data;
  g_ptr_array_unref(list->paths);
  g_ptr_array_unref(list->regexes);
  g_ptr_array_unref(list->stopwords);
  g_free(list);
}

static void
rule_free(void *data)
{
  Rule *rule = data;
  pcre2_code_free(rule->regex);
  pcre2_code_free(rule->path);
  g_array_unref(rule->keywords);
  g_ptr_array_unref(rule->allow);
  g_array_unref(rule->required);
  g_free(rule);
}

void
brought_free(Brought *all)
{
  if (all == NULL)
    return;
  g_hash_table_unref(all->without);
  g_hash_table_unref(all->extend);
  g_ptr_array_unref(all->rules);
  g_ptr_array_unref(all->allow);
  g_ptr_array_unref(all->words);
  keywords_free(all->keywords);
  g_free(all->seen);
  pcre2_match_context_free(all->limits);
  pcre2_match_data_free(all->data);
  g_free(all);
}

/* *@code: NULL where there is no pattern. */
static bool
compile(const json_t *pattern, const char *of, pcre2_code **code, GError **error)
{
  *code = NULL;
  if (!json_is_string(pattern))
    return true;
  *code = go_pattern_new(json_string_value(pattern), NULL, error);
  g_prefix_error(error, "%s: ", of);
  return *code != NULL;
}

static bool
compile_all(const json_t *patterns, const char *of, GPtrArray *codes, GError **error)
{
  size_t i;
  json_t *each;
  json_array_foreach(patterns, i, each) {
    pcre2_code *code;
    if (!compile(each, of, &code, error))
      return false;
    if (code != NULL)
      g_ptr_array_add(codes, code);
  }
  return true;
}

static bool
read_allowlists(const json_t *lists, const char *of, GPtrArray *into, GError **error)
{
  size_t i, j;
  json_t *each, *word;
  json_array_foreach(lists, i, each) {
    Allowlist *list = g_new0(Allowlist, 1);
    list->paths = g_ptr_array_new_with_free_func(free_code);
    list->regexes = g_ptr_array_new_with_free_func(free_code);
    list->stopwords = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(into, list);
    const char *target = json_get_string(each, "regexTarget");
    list->target = g_strcmp0(target, "match") == 0  ? TARGET_MATCH
                   : g_strcmp0(target, "line") == 0 ? TARGET_LINE
                                                    : TARGET_SECRET;
    list->all = json_get_boolean(each, "all", false);
    json_array_foreach(json_get_array(each, "stopwords"), j, word)
      if (json_is_string(word))
        g_ptr_array_add(list->stopwords, g_ascii_strdown(json_string_value(word), -1));
    if (!compile_all(json_get_array(each, "paths"), of, list->paths, error) ||
        !compile_all(json_get_array(each, "regexes"), of, list->regexes, error))
      return false;
  }
  return true;
}

/* Beyond ASCII's letters, whose case is passed over. */
static bool
has_cases(const char *word)
{
  g_autofree gunichar *letters = g_utf8_to_ucs4_fast(word, -1, NULL);
  for (const gunichar *at = letters; *at != 0; at++)
    if (*at >= 0x80 && (g_unichar_tolower(*at) != *at || g_unichar_toupper(*at) != *at))
      return true;
  return false;
}

/* One that may be in a text in another case lets the rule be looked for everywhere. */
static void
read_keywords(Brought *all, const json_t *json, Rule *rule)
{
  size_t i;
  json_t *word;
  json_array_foreach(json_get_array(json, "keywords"), i, word) {
    unsigned number = all->words->len;
    if (!json_is_string(word) || json_string_length(word) == 0)
      continue;
    if (has_cases(json_string_value(word))) {
      g_array_set_size(rule->keywords, 0);
      return;
    }
    g_ptr_array_add(all->words, g_strdup(json_string_value(word)));
    g_array_append_val(rule->keywords, number);
  }
}

static const SecretRule *
ours_of(const char *id)
{
  for (size_t set = 0; secret_rule_sets[set] != NULL; set++)
    for (size_t i = 0; i < secret_rule_sets[set]->count; i++)
      if (g_strcmp0(secret_rule_sets[set]->rules[i].id, id) == 0)
        return &secret_rule_sets[set]->rules[i];
  return NULL;
}

/* One of ours that is extended is itself, but for what is said anew. */
static SecretRule
row_of(const json_t *json, const char *id, bool extends)
{
  const SecretRule *own = extends ? ours_of(id) : NULL;
  SecretRule row = own != NULL ? *own : (SecretRule){.id = id, .severity = SEVERITY_HIGH};
  const char *title = json_get_string(json, "title");
  const json_t *entropy = json_object_get(json, "entropy");
  if (title != NULL || row.title == NULL)
    row.title = title != NULL ? title : id;
  if (entropy != NULL)
    row.entropy = json_number_value(entropy);
  return row;
}

static bool
read_rule(Brought *all, const json_t *json, GError **error)
{
  Rule *rule = g_new0(Rule, 1);
  rule->keywords = g_array_new(FALSE, FALSE, sizeof(unsigned));
  rule->allow = g_ptr_array_new_with_free_func(allowlist_free);
  rule->required = g_array_new(FALSE, FALSE, sizeof(Required));
  g_ptr_array_add(all->rules, rule);
  const char *id = json_get_string(json, "id");
  rule->extends = json_get_boolean(json, "extends", false);
  rule->helps = json_get_boolean(json, "helps", false);
  rule->row = row_of(json, id, rule->extends);
  rule->group = (uint32_t)json_get_integer(json, "group", 0);
  read_keywords(all, json, rule);
  if (id != NULL && rule->extends)
    g_hash_table_insert(all->extend, (gpointer)(uintptr_t)id, rule);
  if (id != NULL && !rule->extends)
    g_hash_table_add(all->without, (gpointer)(uintptr_t)id);
  g_autofree char *of = g_strdup_printf("rule %s", id);
  return compile(json_object_get(json, "regex"), of, &rule->regex, error) &&
         compile(json_object_get(json, "path"), of, &rule->path, error) &&
         read_allowlists(json_get_array(json, "allow"), of, rule->allow, error);
}

static bool
find_rule(const Brought *all, const char *id, guint *place)
{
  for (*place = 0; *place < all->rules->len; ++*place)
    if (g_strcmp0(((Rule *)g_ptr_array_index(all->rules, *place))->row.id, id) == 0)
      return true;
  return false;
}

/* When all rules are there. */
static bool
read_required(const Brought *all, const json_t *rules, GError **error)
{
  size_t i, j;
  json_t *json, *each;
  json_array_foreach(rules, i, json)
    json_array_foreach(json_get_array(json, "required"), j, each) {
      const Rule *rule = g_ptr_array_index(all->rules, i);
      Required required = {.lines = json_get_integer(each, "lines", ANYWHERE),
                           .columns = json_get_integer(each, "columns", ANYWHERE)};
      const char *id = json_get_string(each, "id");
      if (!find_rule(all, id, &required.rule))
        return error_set(error, ASSAY_ERROR_INVALID,
                         "rule %s: the rule %s is required, and is none", rule->row.id, id);
      g_array_append_val(rule->required, required);
    }
  return true;
}

static bool
read_rules(Brought *all, const json_t *json, GError **error)
{
  const json_t *rules = json_get_array(json, "rules");
  size_t i;
  json_t *each;
  json_array_foreach(json_get_array(json, "disabled"), i, each)
    if (json_is_string(each))
      g_hash_table_add(all->without, (gpointer)(uintptr_t)json_string_value(each));
  json_array_foreach(rules, i, each)
    if (!read_rule(all, each, error))
      return false;
  return read_required(all, rules, error) &&
         read_allowlists(json_get_array(json, "allow"), "the allowlist", all->allow, error);
}

Brought *
brought_new(const json_t *json, GError **error)
{
  g_autoptr(Brought) all = g_new0(Brought, 1);
  all->ours = json_get_boolean(json, "ours", false);
  all->comments = json_get_boolean(json, "comments", false);
  all->without = g_hash_table_new(g_str_hash, g_str_equal);
  all->extend = g_hash_table_new(g_str_hash, g_str_equal);
  all->rules = g_ptr_array_new_with_free_func(rule_free);
  all->allow = g_ptr_array_new_with_free_func(allowlist_free);
  all->words = g_ptr_array_new_with_free_func(g_free);
  all->limits = pcre2_match_context_create(NULL);
  pcre2_set_match_limit(all->limits, MATCH_LIMIT);
  pcre2_set_heap_limit(all->limits, HEAP_LIMIT);
  all->data = pcre2_match_data_create(GROUPS, NULL);
  if (!read_rules(all, json, error))
    return NULL;
  all->keywords = keywords_new(all->words);
  all->seen = g_new0(bool, all->words->len + 1);
  if (all->keywords == NULL) {
    error_set(error, ASSAY_ERROR_LIMIT, "the keywords of all rules have more than %u bytes",
              KEYWORDS_BYTES_MAX);
    return NULL;
  }
  return g_steal_pointer(&all);
}
