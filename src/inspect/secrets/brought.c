/* Rules and allowlists that a team brings; see the header. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "inspect/secrets/brought.h"

#include <pcre2.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "base/found.h"
#include "inspect/secrets/keywords.h"
#include "inspect/secrets/words.h"

#define RULES_MEMBER "secret_rules"
#define MATCH_LIMIT  20000u /* from each place where one may begin */
#define HEAP_LIMIT   4096u
#define GROUPS       32u
#define LOOKS_MOST   2000u /* matches of one rule in one window */

/* The members of an allowlist, each a list of patterns. */
typedef struct {
  GPtrArray *paths, *regexes; /* pcre2_code */
  GPtrArray *stopwords;       /* char *, in lower case */
  enum { TARGET_SECRET, TARGET_MATCH, TARGET_LINE } target;
  bool all; /* each member must say so, and not one */
} Allowlist;

typedef struct {
  SecretRule row;
  pcre2_code *regex, *path; /* or NULL */
  uint32_t group;
  GArray *keywords; /* unsigned: numbers in `keywords`; empty: it is always looked for */
  GPtrArray *allow; /* Allowlist */
} Rule;

typedef struct {
  bool ours; /* rules of ours count, too */
  GHashTable *disabled;
  GPtrArray *rules, *allow; /* Rule, Allowlist */
  GPtrArray *words;         /* char *, of `keywords` */
  Keywords *keywords;
  bool *seen; /* by word */
  pcre2_match_context *limits;
  pcre2_match_data *data;
} Brought;

static json_t *brought_json; /* or NULL */
static Brought *brought;     /* made of it */

/* --- making them ready --- */

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
  g_free(rule);
}

static void
brought_free(Brought *all)
{
  if (all == NULL)
    return;
  g_hash_table_unref(all->disabled);
  g_ptr_array_unref(all->rules);
  g_ptr_array_unref(all->allow);
  g_ptr_array_unref(all->words);
  keywords_free(all->keywords);
  g_free(all->seen);
  pcre2_match_context_free(all->limits);
  pcre2_match_data_free(all->data);
  g_free(all);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Brought, brought_free)

/* *@code: NULL where there is no pattern. */
static bool
compile(const json_t *pattern, const char *of, pcre2_code **code, GError **error)
{
  int wrong;
  PCRE2_SIZE where;
  *code = NULL;
  if (!json_is_string(pattern))
    return true;
  *code = pcre2_compile((PCRE2_SPTR)json_string_value(pattern), PCRE2_ZERO_TERMINATED,
                        PCRE2_NEVER_UTF, &wrong, &where, NULL);
  if (*code != NULL)
    return true;
  PCRE2_UCHAR why[200];
  pcre2_get_error_message(wrong, why, sizeof why);
  return error_set(error, ASSAY_ERROR_INVALID, "%s: the pattern \"%s\" is none, at %zu: %s", of,
                   json_string_value(pattern), (size_t)where, (const char *)why);
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
    const char *target = json_string_value(json_object_get(each, "regexTarget"));
    list->target = g_strcmp0(target, "match") == 0  ? TARGET_MATCH
                   : g_strcmp0(target, "line") == 0 ? TARGET_LINE
                                                    : TARGET_SECRET;
    list->all = json_is_true(json_object_get(each, "all"));
    json_array_foreach(json_object_get(each, "stopwords"), j, word)
      if (json_is_string(word))
        g_ptr_array_add(list->stopwords, g_ascii_strdown(json_string_value(word), -1));
    if (!compile_all(json_object_get(each, "paths"), of, list->paths, error) ||
        !compile_all(json_object_get(each, "regexes"), of, list->regexes, error))
      return false;
  }
  return true;
}

static bool
read_rule(Brought *all, const json_t *json, GError **error)
{
  Rule *rule = g_new0(Rule, 1);
  rule->keywords = g_array_new(FALSE, FALSE, sizeof(unsigned));
  rule->allow = g_ptr_array_new_with_free_func(allowlist_free);
  g_ptr_array_add(all->rules, rule);
  const char *id = json_string_value(json_object_get(json, "id"));
  rule->row = (SecretRule){.id = id,
                           .title = json_string_value(json_object_get(json, "title")),
                           .severity = SEVERITY_HIGH,
                           .entropy = json_number_value(json_object_get(json, "entropy"))};
  rule->group = (uint32_t)json_integer_value(json_object_get(json, "group"));
  size_t i;
  json_t *word;
  json_array_foreach(json_object_get(json, "keywords"), i, word) {
    unsigned number = all->words->len;
    if (!json_is_string(word) || json_string_length(word) == 0)
      continue;
    g_ptr_array_add(all->words, g_strdup(json_string_value(word)));
    g_array_append_val(rule->keywords, number);
  }
  g_autofree char *of = g_strdup_printf("rule %s", id);
  return compile(json_object_get(json, "regex"), of, &rule->regex, error) &&
         compile(json_object_get(json, "path"), of, &rule->path, error) &&
         read_allowlists(json_object_get(json, "allow"), of, rule->allow, error);
}

static Brought *
make(const json_t *json, GError **error)
{
  g_autoptr(Brought) all = g_new0(Brought, 1);
  all->ours = json_is_true(json_object_get(json, "ours"));
  all->disabled = g_hash_table_new(g_str_hash, g_str_equal);
  all->rules = g_ptr_array_new_with_free_func(rule_free);
  all->allow = g_ptr_array_new_with_free_func(allowlist_free);
  all->words = g_ptr_array_new_with_free_func(g_free);
  all->limits = pcre2_match_context_create(NULL);
  pcre2_set_match_limit(all->limits, MATCH_LIMIT);
  pcre2_set_heap_limit(all->limits, HEAP_LIMIT);
  all->data = pcre2_match_data_create(GROUPS, NULL);
  size_t i;
  json_t *each;
  json_array_foreach(json_object_get(json, "disabled"), i, each)
    if (json_is_string(each))
      g_hash_table_add(all->disabled, (gpointer)(uintptr_t)json_string_value(each));
  json_array_foreach(json_object_get(json, "rules"), i, each)
    if (!read_rule(all, each, error))
      return NULL;
  if (!read_allowlists(json_object_get(json, "allow"), "the allowlist", all->allow, error))
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

bool
brought_rules_set(json_t *rules, GError **error)
{
  g_autoptr(Brought) made = rules == NULL ? NULL : make(rules, error);
  if (rules != NULL && made == NULL)
    return false;
  g_clear_pointer(&brought, brought_free);
  json_decref(brought_json);
  brought_json = json_incref(rules);
  brought = g_steal_pointer(&made);
  return true;
}

void
brought_rules_tell(json_t *job)
{
  if (brought_json != NULL)
    json_object_set(job, RULES_MEMBER, brought_json);
}

void
brought_rules_take(const json_t *job)
{
  brought_rules_set(json_object_get(job, RULES_MEMBER), NULL);
}

uint32_t
brought_rules_fingerprint(void)
{
  if (brought_json == NULL)
    return 0;
  g_autofree char *text = json_to_text(brought_json);
  return (uint32_t)crc32(0, (const Bytef *)text, (uInt)strlen(text)) | 1;
}

/* --- looking --- */

/* As pcre2_match(): 0 is a match, too, of more groups than there is room for. */
static int
look(const pcre2_code *code, Slice text, size_t from)
{
  return pcre2_match(code, text.data, text.size, from, PCRE2_NO_UTF_CHECK, brought->data,
                     brought->limits);
}

static bool
matches(const pcre2_code *code, Slice text)
{
  return look(code, text, 0) >= 0;
}

static bool
any_matches(const GPtrArray *codes, Slice text)
{
  for (guint i = 0; i < codes->len; i++)
    if (matches(g_ptr_array_index(codes, i), text))
      return true;
  return false;
}

static bool
has_stopword(const GPtrArray *words, Slice secret)
{
  g_autofree char *lower = g_ascii_strdown((const char *)secret.data, (gssize)secret.size);
  for (guint i = 0; i < words->len; i++)
    if (g_strstr_len(lower, (gssize)secret.size, g_ptr_array_index(words, i)) != NULL)
      return true;
  return false;
}

static Slice
line_of(Slice text, size_t start, size_t end)
{
  while (start > 0 && text.data[start - 1] != '\n')
    start--;
  while (end < text.size && text.data[end] != '\n')
    end++;
  return slice_sub(text, start, end - start);
}

static bool
allows(const Allowlist *list, const char *path, Slice text, size_t start, size_t end, Slice secret)
{
  Slice target = list->target == TARGET_LINE    ? line_of(text, start, end)
                 : list->target == TARGET_MATCH ? slice_sub(text, start, end - start)
                                                : secret;
  const struct {
    const GPtrArray *list;
    bool says;
  } members[] = {
      {list->paths, any_matches(list->paths, slice_from_string(path))},
      {list->regexes, any_matches(list->regexes, target)},
      {list->stopwords, has_stopword(list->stopwords, secret)},
  };
  bool any = false, all = true;
  for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
    any |= members[i].says;
    all &= members[i].says || members[i].list->len == 0;
  }
  return list->all ? any && all : any;
}

static bool
is_allowed(const GPtrArray *lists, const char *path, Slice text, size_t start, size_t end,
           Slice secret)
{
  for (guint i = 0; i < lists->len; i++)
    if (allows(g_ptr_array_index(lists, i), path, text, start, end, secret))
      return true;
  return false;
}

bool
brought_rules_keep(const SecretRule *rule)
{
  return brought == NULL || (brought->ours && !g_hash_table_contains(brought->disabled, rule->id));
}

bool
brought_rules_allow(const char *path, Slice text, size_t start, size_t end, Slice secret)
{
  return brought != NULL && is_allowed(brought->allow, path, text, start, end, secret);
}

static bool
is_wanted(const Rule *rule)
{
  for (guint i = 0; i < rule->keywords->len; i++)
    if (brought->seen[g_array_index(rule->keywords, unsigned, i)])
      return true;
  return rule->keywords->len == 0;
}

/* The group that the rule names, or the first that has something, or all of it. */
static BroughtMatch
match_of(const Rule *rule, int found)
{
  const PCRE2_SIZE *at = pcre2_get_ovector_pointer(brought->data);
  int groups = found == 0 ? (int)GROUPS : found;
  uint32_t group = rule->group < (uint32_t)groups ? rule->group : 0;
  for (uint32_t i = 1; rule->group == 0 && group == 0 && i < (uint32_t)groups; i++)
    if (at[2 * i] != PCRE2_UNSET && at[2 * i + 1] > at[2 * i])
      group = i;
  if (at[2 * group] == PCRE2_UNSET)
    group = 0;
  return (BroughtMatch){&rule->row, at[0], at[1], at[2 * group], at[2 * group + 1] - at[2 * group]};
}

/* False: more would have to be looked at. */
static bool
find_rule(const Rule *rule, const char *path, Slice text, BroughtFound found, void *data)
{
  size_t from = 0;
  for (unsigned looks = 0; from <= text.size; looks++) {
    int groups = look(rule->regex, text, from);
    if (groups == PCRE2_ERROR_NOMATCH)
      return true;
    if (groups < 0 || looks == LOOKS_MOST)
      return false;
    BroughtMatch match = match_of(rule, groups);
    Slice secret = slice_sub(text, match.secret, match.size);
    from = MAX(match.end, from + 1);
    if (match.size > 0 && secret_entropy(secret) >= rule->row.entropy &&
        !is_allowed(rule->allow, path, text, match.start, match.end, secret) &&
        !brought_rules_allow(path, text, match.start, match.end, secret))
      found(&match, data);
  }
  return true;
}

/* FAILED: it cannot be told whether the rule is for such a file. */
static Found
is_for(const Rule *rule, const char *path)
{
  int found = rule->path == NULL ? 1 : look(rule->path, slice_from_string(path), 0);
  return found >= 0 ? FOUND : found == PCRE2_ERROR_NOMATCH ? ABSENT : FAILED;
}

bool
brought_rules_find(const char *path, Slice text, BroughtFound found, void *data)
{
  bool whole = true;
  if (brought == NULL || text.size == 0)
    return true;
  memset(brought->seen, 0, brought->words->len * sizeof *brought->seen);
  keywords_find(brought->keywords, text, brought->seen);
  for (guint i = 0; i < brought->rules->len; i++) {
    const Rule *rule = g_ptr_array_index(brought->rules, i);
    if (rule->regex == NULL || !is_wanted(rule))
      continue;
    Found here = is_for(rule, path);
    whole &= here == ABSENT || (here == FOUND && find_rule(rule, path, text, found, data));
  }
  return whole;
}
