/* Namespaces and their settings, a JSON text each; see the header. */
#include "registry/namespaces.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "jobs/event.h"
#include "registry/registry-private.h"
#include "registry/scan_time.h"

/* What of the table is no setting. */
static const char *const fixed[] = {"name", "used", "version", "changed", "inherited", NULL};

static bool
check_name(const char *name, GError **error)
{
  return (strchr(name, '/') == NULL && registry_check_name(name, NULL)) ||
         registry_error_set(error, REGISTRY_NAME_INVALID,
                            "namespace \"%.300s\": it is the first part of repositories' names: "
                            "lower-case letters, digits and . _ - between them",
                            name);
}

static bool
check_scan(const Namespace *space, GError **error)
{
  int64_t when;
  return scan_time_parse(space->scan, 0, &when) ||
         error_set(error, ASSAY_ERROR_INVALID,
                   "scan: must be " SCAN_TIME_IN_WORDS ", is \"%.100s\"", space->scan);
}

/* The same with what it holds. */
static Namespace *
load_whole(const Registry *registry, SqlConnection *db, const char *name, GError **error)
{
  NamespaceUsage usage;
  g_autoptr(Namespace) space = namespace_load(db, name, error);
  Found found = space == NULL ? FAILED : quota_usage(db, name, &usage, error);
  if (found == FAILED)
    return NULL;
  namespace_inherit(space, &registry->settings.namespaces);
  if (found == FOUND)
    space->used = g_memdup2(&usage, sizeof usage);
  return g_steal_pointer(&space);
}

static Found
has_repositories(SqlConnection *db, const char *name, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  g_autofree char *first = g_strconcat(name, "/", NULL), *end = namespace_end(name);
  return sql_first(db, &rows, error,
                   "SELECT 1 FROM repositories WHERE name = $1 OR (name > $2 AND name < $3) "
                   "LIMIT 1",
                   SQL_TEXT(name), SQL_TEXT(first), SQL_TEXT(end), SQL_END);
}

Namespace *
registry_namespace_or_none(Registry *registry, const char *name, GError **error)
{
  if (!check_name(name, error))
    return NULL;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  return db == NULL ? NULL : load_whole(registry, db, name, error);
}

Namespace *
registry_namespace(Registry *registry, const char *name, GError **error)
{
  if (!check_name(name, error))
    return NULL;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  g_autoptr(Namespace) space = db == NULL ? NULL : load_whole(registry, db, name, error);
  if (space == NULL || space->version > 0)
    return g_steal_pointer(&space);
  Found found = has_repositories(db, name, error);
  if (found == ABSENT)
    registry_error_set(error, REGISTRY_NAME_UNKNOWN,
                       "namespace %s: nothing was pushed to it, and nothing is set for it", name);
  return found == FOUND ? g_steal_pointer(&space) : NULL;
}

static Namespace *
settings_of(Registry *registry, const char *repository, GError **error)
{
  g_autofree char *name = namespace_of(repository);
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  Namespace *space = db == NULL ? NULL : namespace_load(db, name, error);
  if (space != NULL)
    namespace_inherit(space, &registry->settings.namespaces);
  return space;
}

bool
registry_scan_time(Registry *registry, const char *repository, int64_t now, int64_t *when,
                   GError **error)
{
  g_autoptr(Namespace) space = settings_of(registry, repository, error);
  *when = 0;
  return space != NULL && (scan_time_parse(space->scan, now, when) || check_scan(space, error));
}

bool
registry_kinds_without(Registry *registry, const char *repository, FindingKinds *without,
                       GError **error)
{
  g_autoptr(Namespace) space = settings_of(registry, repository, error);
  *without = space == NULL ? 0 : space->without;
  return space != NULL;
}

FindingKinds
registry_default_without(const Registry *registry)
{
  return registry->settings.namespaces.without;
}

/* The namespace of the first repository whose name is above @above, and begins above @above's
 * namespace: of "team-b", "team.c" and "team/app", which are in this order, each comes once.
 * (transfer full), or NULL with *found not FOUND */
static char *
next_of_repositories(SqlConnection *db, const char *last, Found *found, GError **error)
{
  g_autofree char *above = g_strdup(last);
  for (;;) {
    g_autoptr(SqlRows) rows = NULL;
    *found = sql_first(db, &rows, error,
                       "SELECT name FROM repositories WHERE name >= $1 ORDER BY name LIMIT 1",
                       SQL_TEXT(above), SQL_END);
    if (*found != FOUND)
      return NULL;
    g_autofree char *name = namespace_of(sql_rows_text(rows, 0));
    if (strcmp(name, last) > 0)
      return g_steal_pointer(&name);
    /* It belongs to one that was there before: go past all of that. */
    bool whole = strcmp(sql_rows_text(rows, 0), name) == 0;
    g_free(above);
    above = whole ? g_strconcat(name, "!", NULL) : namespace_end(name);
  }
}

static char *
next_of_settings(SqlConnection *db, const char *last, Found *found, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  *found = sql_first(db, &rows, error,
                     "SELECT name FROM namespaces WHERE name > $1 ORDER BY name LIMIT 1",
                     SQL_TEXT(last), SQL_END);
  return *found == FOUND ? g_strdup(sql_rows_text(rows, 0)) : NULL;
}

char *
namespace_after(SqlConnection *db, const char *last, Found *found, GError **error)
{
  Found other = ABSENT;
  g_autofree char *pushed = next_of_repositories(db, last, found, error);
  g_autofree char *set = *found == FAILED ? NULL : next_of_settings(db, last, &other, error);
  if (*found == FAILED || other == FAILED) {
    *found = FAILED;
    return NULL;
  }
  *found = pushed != NULL || set != NULL ? FOUND : ABSENT;
  bool first = set == NULL || (pushed != NULL && strcmp(pushed, set) < 0);
  return first ? g_steal_pointer(&pushed) : g_steal_pointer(&set);
}

GPtrArray *
registry_namespaces(Registry *registry, const char *last, unsigned limit, bool *more,
                    GError **error)
{
  Found found = FOUND;
  *more = false;
  g_autoptr(GPtrArray) spaces = g_ptr_array_new_with_free_func((GDestroyNotify)namespace_free);
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  g_autofree char *name = g_strdup(last != NULL ? last : "");
  if (db == NULL)
    return NULL;
  while (!*more) {
    g_autofree char *next = namespace_after(db, name, &found, error);
    if (next == NULL)
      return found == FAILED ? NULL : g_steal_pointer(&spaces);
    *more = spaces->len == limit;
    Namespace *space = *more ? NULL : load_whole(registry, db, next, error);
    if (!*more && space == NULL)
      return NULL;
    if (space != NULL)
      g_ptr_array_add(spaces, space);
    g_free(name);
    name = g_steal_pointer(&next);
  }
  return g_steal_pointer(&spaces);
}

/* --- counting --- */

static bool
count_if_unknown(SqlConnection *db, void *data, GError **error)
{
  NamespaceUsage usage;
  Found found = quota_usage(db, data, &usage, error);
  return found == FOUND || (found == ABSENT && quota_count(db, data, error));
}

bool
registry_count_namespace(Registry *registry, char **place, bool *more, GError **error)
{
  Found found = FAILED;
  NamespaceUsage usage;
  g_autofree char *name = NULL;
  {
    g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
    if (db == NULL)
      return false;
    name = namespace_after(db, *place != NULL ? *place : "", &found, error);
    Found known = name == NULL ? FOUND : quota_usage(db, name, &usage, error);
    if (found == FAILED || known == FAILED)
      return false;
    found = known;
  }
  *more = name != NULL;
  if (name != NULL && found == ABSENT &&
      !sql_transact(registry->sql, count_if_unknown, name, error))
    return false;
  g_free(*place);
  *place = g_steal_pointer(&name);
  return true;
}

/* --- setting --- */

static bool
check_patterns(const GPtrArray *patterns, GError **error)
{
  for (guint i = 0; i < patterns->len; i++) {
    const char *pattern = g_ptr_array_index(patterns, i);
    const char *text = pattern[0] == '!' ? pattern + 1 : pattern;
    if (*text == '\0' || strlen(text) > NAMESPACE_PATTERN_BYTES_MAX)
      return error_set(error, ASSAY_ERROR_INVALID,
                       "immutable: \"%.100s\" is no pattern of tags; write TAG or REPOSITORY:TAG, "
                       "with * for any characters, at most %u of them",
                       pattern, NAMESPACE_PATTERN_BYTES_MAX);
  }
  return true;
}

static bool
is_setting(const char *key)
{
  for (size_t i = 0; i < namespace_table.count; i++)
    if (strcmp(namespace_table.members[i].name, key) == 0)
      return !g_strv_contains(fixed, key);
  return false;
}

static bool
merge(json_t *settings, const json_t *change, GError **error)
{
  const char *key;
  json_t *value;
  if (!json_is_object(change))
    return error_set(error, ASSAY_ERROR_INVALID, "the settings of a namespace are an object");
  json_object_foreach((json_t *)(uintptr_t)change, key, value) {
    if (!is_setting(key))
      return error_set(error, ASSAY_ERROR_INVALID, "\"%.100s\" is no setting of a namespace", key);
    if (json_is_null(value))
      json_object_del(settings, key);
    else
      json_object_set(settings, key, value);
  }
  return true;
}

typedef struct {
  const Registry *registry;
  const char *name;
  const json_t *change;
  int64_t version;
  SqlWork also;
  Namespace *result;
} Change;

/* The settings with the change, checked. (transfer full) */
static json_t *
change_settings(const Change *change, const Namespace *before, GError **error)
{
  g_autoptr(json_t) settings = json_table_write(&namespace_table, before);
  for (size_t i = 0; fixed[i] != NULL; i++)
    json_object_del(settings, fixed[i]);
  for (guint i = 0; i < before->inherited->len; i++)
    json_object_del(settings, g_ptr_array_index(before->inherited, i));
  g_autofree char *text = merge(settings, change->change, error) ? json_to_text(settings) : NULL;
  g_autoptr(Namespace) after = text == NULL ? NULL : namespace_read(change->name, text, error);
  return after != NULL && check_patterns(after->immutable, error) && check_scan(after, error)
             ? g_steal_pointer(&settings)
             : NULL;
}

static bool
set_namespace(SqlConnection *db, void *data, GError **error)
{
  Change *change = data;
  g_clear_pointer(&change->result, namespace_free);
  g_autoptr(Namespace) before = namespace_load(db, change->name, error);
  if (before == NULL)
    return false;
  if (change->version >= 0 && (uint64_t)change->version != before->version)
    return error_set(error, ASSAY_ERROR_EXISTS,
                     "namespace %s was changed meanwhile: it is at version %" G_GUINT64_FORMAT
                     "; look at it again",
                     change->name, before->version);
  g_autoptr(json_t) settings = change_settings(change, before, error);
  if (settings == NULL)
    return false;
  g_autofree char *text = json_to_text(settings);
  if (!sql_run(db, NULL, error,
               "INSERT INTO namespaces (name, settings, version, changed) VALUES ($1, $2, $3, $4) "
               "ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, "
               "version = excluded.version, changed = excluded.changed",
               SQL_TEXT(change->name), SQL_TEXT(text), SQL_INTEGER((int64_t)before->version + 1),
               SQL_INTEGER(g_get_real_time()), SQL_END))
    return false;
  /* What has a quota is counted from here on at the latest. */
  NamespaceUsage usage;
  Found counted = quota_usage(db, change->name, &usage, error);
  if (counted == FAILED || (counted == ABSENT && !quota_count(db, change->name, error)))
    return false;
  change->result = load_whole(change->registry, db, change->name, error);
  return change->result != NULL &&
         (change->also == NULL || change->also(db, (void *)(uintptr_t)change->name, error)) &&
         event_tell(db, "namespace.changed", change->name, change->change, error);
}

Namespace *
registry_namespace_set(Registry *registry, const char *name, const json_t *change, int64_t version,
                       SqlWork also, GError **error)
{
  Change work = {registry, name, change, version, also, NULL};
  if (!check_name(name, error))
    return NULL;
  if (!sql_transact(registry->sql, set_namespace, &work, error))
    g_clear_pointer(&work.result, namespace_free);
  return work.result;
}
