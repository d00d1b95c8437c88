/* The rules of retention: as JSON, in words, and as they are stored. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "jobs/event.h"
#include "registry/registry-private.h"
#include "registry/retention-private.h"
#include "text/glob.h"

#define SECONDS_MOST ((uint64_t)3650 * 86400)
#define NEWEST_MOST  ((uint64_t)1000000)
#define DAY          ((uint64_t)86400)

/* --- tables --- */

#define SAME_MEMBERS                                                                               \
  {JSON_MEMBER(RetentionRule, repositories), .kind = &json_lines, .most = RETENTION_PATTERNS_MAX,  \
   .omitted = true},                                                                               \
      {JSON_MEMBER(RetentionRule, tags), .kind = &json_lines, .most = RETENTION_PATTERNS_MAX,      \
       .omitted = true},                                                                           \
  {                                                                                                \
    JSON_MEMBER(RetentionRule, untagged), .kind = &json_flag, .omitted = true                      \
  }

static const JsonMember keep_members[] = {
    SAME_MEMBERS,
    {JSON_MEMBER(RetentionRule, newest), .kind = &json_number, .most = NEWEST_MOST,
     .omitted = true},
    {JSON_MEMBER_AS("pushed_within", RetentionRule, pushed), .kind = &json_number,
     .most = SECONDS_MOST, .omitted = true},
    {JSON_MEMBER_AS("pulled_within", RetentionRule, pulled), .kind = &json_number,
     .most = SECONDS_MOST, .omitted = true},
};
const JsonTable retention_keep_table = JSON_TABLE(RetentionRule, keep_members);

static const JsonMember delete_members[] = {
    SAME_MEMBERS,
    {JSON_MEMBER(RetentionRule, all), .kind = &json_flag, .omitted = true},
    {JSON_MEMBER_AS("beyond_newest", RetentionRule, newest), .kind = &json_number,
     .most = NEWEST_MOST, .omitted = true},
    {JSON_MEMBER_AS("pushed_before", RetentionRule, pushed), .kind = &json_number,
     .most = SECONDS_MOST, .omitted = true},
    {JSON_MEMBER_AS("pulled_before", RetentionRule, pulled), .kind = &json_number,
     .most = SECONDS_MOST, .omitted = true},
};
const JsonTable retention_delete_table = JSON_TABLE(RetentionRule, delete_members);

static const JsonMember members[] = {
    {JSON_MEMBER(Retention, keep), .kind = &json_list, .table = &retention_keep_table,
     .most = RETENTION_RULES_MAX},
    {JSON_MEMBER(Retention, delete), .kind = &json_list, .table = &retention_delete_table,
     .most = RETENTION_RULES_MAX},
    {JSON_MEMBER(Retention, grace), .kind = &json_number, .most = SECONDS_MOST},
    {JSON_MEMBER(Retention, version), .kind = &json_number},
    {JSON_MEMBER(Retention, changed), .kind = &json_moment},
    {JSON_MEMBER(Retention, runs), .kind = &json_number},
    {JSON_MEMBER(Retention, ran), .kind = &json_moment},
    {JSON_MEMBER(Retention, deleted), .kind = &json_number},
    {JSON_MEMBER(Retention, error), .kind = &json_text},
};
const JsonTable retention_table = JSON_TABLE(Retention, members);
/* What of it can be set. */
static const char *const set_members[] = {"keep", "delete", "grace", NULL};

const char *const retention_by_names[] = {"no-rule", "keep",      "delete",    "index",
                                          "grace",   "immutable", "signature", "quarantine",
                                          "need",    "subject",   "running",   NULL};

static const JsonMember answer_members[] = {
    {JSON_MEMBER(RetentionAnswer, repository), .kind = &json_text, .required = true},
    {JSON_MEMBER(RetentionAnswer, digest), .kind = &json_digest},
    {JSON_MEMBER(RetentionAnswer, tags), .kind = &json_texts, .required = true},
    {JSON_MEMBER(RetentionAnswer, pushed), .kind = &json_moment, .required = true},
    {JSON_MEMBER(RetentionAnswer, pulled), .kind = &json_moment},
    {JSON_MEMBER(RetentionAnswer, deletes), .kind = &json_flag},
    {JSON_MEMBER(RetentionAnswer, by), .kind = &json_word, .words = retention_by_names},
    {JSON_MEMBER(RetentionAnswer, reason), .kind = &json_text, .required = true},
};
const JsonTable retention_answer_table = JSON_TABLE(RetentionAnswer, answer_members);

void
retention_answer_free(RetentionAnswer *answer)
{
  json_table_clear(&retention_answer_table, answer);
  g_free(answer);
}

void
retention_rule_free(RetentionRule *rule)
{
  json_table_clear(&retention_keep_table, rule);
  g_free(rule);
}

Retention *
retention_new(void)
{
  Retention *retention = g_new0(Retention, 1);
  retention->keep = g_ptr_array_new_with_free_func((GDestroyNotify)retention_rule_free);
  retention->delete = g_ptr_array_new_with_free_func((GDestroyNotify)retention_rule_free);
  retention->grace = RETENTION_GRACE;
  return retention;
}

void
retention_free(Retention *retention)
{
  if (retention == NULL)
    return;
  g_ptr_array_unref(retention->keep);
  g_ptr_array_unref(retention->delete);
  g_free(retention->error);
  g_free(retention);
}

/* --- in words --- */

bool
retention_patterns_match(const GPtrArray *patterns, const char *name)
{
  bool matched = false, takes_in = false;
  for (guint i = 0; i < patterns->len; i++) {
    const char *pattern = g_ptr_array_index(patterns, i);
    bool takes_out = pattern[0] == '!';
    takes_in |= !takes_out;
    if (!glob_matches_across(pattern + takes_out, name))
      continue;
    if (takes_out)
      return false;
    matched = true;
  }
  return matched || !takes_in;
}

static void append(GString *words, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void
append(GString *words, const char *format, ...)
{
  va_list args;
  if (words->len > 0)
    g_string_append(words, ", ");
  va_start(args, format);
  g_string_append_vprintf(words, format, args);
  va_end(args);
}

/* "30 days", "90 seconds" (transfer full) */
static char *
time_in_words(uint64_t seconds)
{
  static const struct {
    uint64_t seconds;
    const char *name;
  } units[] = {{DAY, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
  size_t i = 0;
  while (i + 1 < G_N_ELEMENTS(units) && seconds % units[i].seconds != 0)
    i++;
  uint64_t count = seconds / units[i].seconds;
  return g_strdup_printf("%" G_GUINT64_FORMAT " %s%s", count, units[i].name, count == 1 ? "" : "s");
}

static void
append_patterns(GString *words, const char *what, GPtrArray *patterns)
{
  if (patterns->len == 0)
    return;
  append(words, "%s", what);
  for (guint i = 0; i < patterns->len; i++)
    g_string_append_printf(words, " %s", (const char *)g_ptr_array_index(patterns, i));
}

char *
retention_rule_words(const RetentionRule *rule, bool keeps)
{
  g_autoptr(GString) words = g_string_new(NULL);
  g_autofree char *pushed = time_in_words(rule->pushed), *pulled = time_in_words(rule->pulled);
  append_patterns(words, "repositories", rule->repositories);
  append_patterns(words, "tags", rule->tags);
  if (rule->untagged)
    append(words, "untagged");
  if (rule->newest > 0)
    append(words, "%s the %" G_GUINT64_FORMAT " newest", keeps ? "among" : "not among",
           rule->newest);
  if (rule->pushed > 0)
    append(words, "pushed %s %s%s", keeps ? "within" : "more than", pushed, keeps ? "" : " ago");
  if (rule->pulled > 0)
    append(words, keeps ? "pulled within %s" : "not pulled for %s", pulled);
  if (rule->all || words->len == 0)
    append(words, "all");
  return g_strdup(words->str);
}

/* --- as they are stored --- */

static bool
check_patterns(const GPtrArray *patterns, GError **error)
{
  for (guint i = 0; i < patterns->len; i++) {
    const char *pattern = g_ptr_array_index(patterns, i);
    if (pattern[pattern[0] == '!'] == '\0' || strlen(pattern) > NAMESPACE_PATTERN_BYTES_MAX)
      return error_set(error, ASSAY_ERROR_INVALID,
                       "\"%.100s\" is no pattern; write a name, with * for any characters, at most "
                       "%u of them",
                       pattern, NAMESPACE_PATTERN_BYTES_MAX);
  }
  return true;
}

static bool
check_rule(const RetentionRule *rule, bool keeps, GError **error)
{
  bool asks = rule->tags->len > 0 || rule->untagged || rule->newest > 0 || rule->pushed > 0 ||
              rule->pulled > 0;
  if (!check_patterns(rule->repositories, error) || !check_patterns(rule->tags, error))
    return false;
  if (rule->untagged && rule->tags->len > 0)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "a rule of retention asks for tags and for none; write two rules");
  if (rule->all && asks)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "a rule of retention deletes all, and yet asks for more; leave one out");
  if (!keeps && !asks && !rule->all)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "a rule that deletes must say which images: tags, untagged, beyond_newest, "
                     "pushed_before or pulled_before; or all");
  return true;
}

static bool
check_rules(const Retention *retention, GError **error)
{
  for (guint i = 0; i < retention->keep->len; i++)
    if (!check_rule(g_ptr_array_index(retention->keep, i), true, error))
      return false;
  for (guint i = 0; i < retention->delete->len; i++)
    if (!check_rule(g_ptr_array_index(retention->delete, i), false, error))
      return false;
  return true;
}

/* Only what can be set, and no other member. (transfer full) */
static Retention *
read_rules(const json_t *object, GError **error)
{
  const char *key;
  json_t *value;
  g_autoptr(Retention) retention = retention_new();
  g_autoptr(json_t) whole = json_object();
  if (!json_is_object(object)) {
    error_set(error, ASSAY_ERROR_INVALID, "the rules of retention are an object");
    return NULL;
  }
  json_object_set_new(whole, "grace", json_integer((json_int_t)RETENTION_GRACE));
  json_object_foreach((json_t *)(uintptr_t)object, key, value) {
    if (!g_strv_contains(set_members, key)) {
      error_set(error, ASSAY_ERROR_INVALID, "\"%.100s\" is nothing of retention that can be set",
                key);
      return NULL;
    }
    json_object_set(whole, key, value);
  }
  return json_table_read(&retention_table, whole, retention, error) && check_rules(retention, error)
             ? g_steal_pointer(&retention)
             : NULL;
}

Retention *
retention_load(SqlConnection *db, const char *space, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, error,
                "SELECT rules, version, changed, ran, deleted, error, runs FROM retention "
                "WHERE namespace = $1",
                SQL_TEXT(space), SQL_END);
  if (found != FOUND)
    return found == ABSENT ? retention_new() : NULL;
  g_autoptr(json_t) object = json_parse(slice_from_string(sql_rows_text(rows, 0)), error);
  g_autoptr(Retention) retention = object == NULL ? NULL : read_rules(object, error);
  if (retention == NULL) {
    g_prefix_error(error, "the rules of retention of namespace %s: ", space);
    return NULL;
  }
  retention->version = (uint64_t)sql_rows_integer(rows, 1);
  retention->changed = sql_rows_integer(rows, 2);
  retention->ran = sql_rows_integer(rows, 3);
  retention->deleted = (uint64_t)sql_rows_integer(rows, 4);
  retention->error = g_strdup(sql_rows_text(rows, 5));
  retention->runs = (uint64_t)sql_rows_integer(rows, 6);
  return g_steal_pointer(&retention);
}

static bool
check_space(const char *space, GError **error)
{
  return (strchr(space, '/') == NULL && registry_check_name(space, NULL)) ||
         registry_error_set(error, REGISTRY_NAME_INVALID,
                            "\"%.300s\" is no namespace: it is the first part of repositories' "
                            "names",
                            space);
}

Retention *
registry_retention(Registry *registry, const char *space, GError **error)
{
  if (!check_space(space, error))
    return NULL;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  return db == NULL ? NULL : retention_load(db, space, error);
}

typedef struct {
  const char *space;
  const Retention *wanted;
  int64_t version;
  Retention *result;
} Change;

/* As they are stored, and told. (transfer full) */
static json_t *
write_rules(const Retention *retention)
{
  g_autoptr(json_t) whole = json_table_write(&retention_table, retention);
  json_t *object = json_object();
  for (const char *const *key = set_members; *key != NULL; key++)
    json_object_set(object, *key, json_object_get(whole, *key));
  return object;
}

static bool
set_rules(SqlConnection *db, void *data, GError **error)
{
  Change *change = data;
  g_clear_pointer(&change->result, retention_free);
  g_autoptr(Retention) before = retention_load(db, change->space, error);
  if (before == NULL)
    return false;
  if (change->version >= 0 && (uint64_t)change->version != before->version)
    return error_set(error, ASSAY_ERROR_EXISTS,
                     "the retention of namespace %s was changed meanwhile: it is at version "
                     "%" G_GUINT64_FORMAT "; look at it again",
                     change->space, before->version);
  g_autoptr(json_t) rules = write_rules(change->wanted);
  g_autofree char *text = json_to_text(rules);
  if (!sql_run(db, NULL, error,
               "INSERT INTO retention (namespace, rules, version, changed, runs, ran, deleted) "
               "VALUES ($1, $2, $3, $4, 0, 0, 0) ON CONFLICT (namespace) DO UPDATE SET "
               "rules = excluded.rules, version = excluded.version, changed = excluded.changed",
               SQL_TEXT(change->space), SQL_TEXT(text), SQL_INTEGER((int64_t)before->version + 1),
               SQL_INTEGER(g_get_real_time()), SQL_END))
    return false;
  change->result = retention_load(db, change->space, error);
  return change->result != NULL && event_tell(db, "retention.changed", change->space, rules, error);
}

Retention *
registry_retention_set(Registry *registry, const char *space, const json_t *object, int64_t version,
                       GError **error)
{
  if (!check_space(space, error))
    return NULL;
  g_autoptr(Retention) wanted = read_rules(object, error);
  Change change = {space, wanted, version, NULL};
  if (wanted == NULL)
    return NULL;
  if (!sql_transact(registry->sql, set_rules, &change, error))
    g_clear_pointer(&change.result, retention_free);
  return change.result;
}
