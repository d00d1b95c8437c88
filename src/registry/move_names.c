/* Old names that answer pulls: in memory, so that a request that names none of them pays an atomic
 * load. */
#include "registry/move-private.h"
#include "registry/registry-private.h"

typedef struct {
  char *to;
  int64_t until; /* microseconds since 1970 */
} Alias;

struct MovedNames {
  GMutex lock; /* guards the table */
  GHashTable *aliases;
  bool some; /* atomic */
  RegistryMoved hook;
};

static void
alias_free(void *data)
{
  Alias *alias = data;
  g_free(alias->to);
  g_free(alias);
}

static GHashTable *
table_new(void)
{
  return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, alias_free);
}

MovedNames *
moved_names_new(void)
{
  MovedNames *names = g_new0(MovedNames, 1);
  g_mutex_init(&names->lock);
  names->aliases = table_new();
  return names;
}

void
moved_names_free(MovedNames *names)
{
  g_hash_table_unref(names->aliases);
  g_mutex_clear(&names->lock);
  g_free(names);
}

void
registry_on_move(Registry *registry, RegistryMoved moved)
{
  registry->moved->hook = moved;
}

RegistryMoved
moved_names_hook(MovedNames *names)
{
  return names->hook;
}

char *
registry_moved_to(Registry *registry, const char *name)
{
  MovedNames *names = registry->moved;
  if (!__atomic_load_n(&names->some, __ATOMIC_ACQUIRE))
    return NULL;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&names->lock);
  const Alias *alias = g_hash_table_lookup(names->aliases, name);
  return alias == NULL || alias->until <= g_get_real_time() ? NULL : g_strdup(alias->to);
}

/* (transfer full) */
static GHashTable *
load(SqlConnection *db, GError **error)
{
  Found found;
  g_autoptr(GHashTable) table = table_new();
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT name, target, until FROM moved_names WHERE until > $1",
                SQL_INTEGER(g_get_real_time()), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    Alias *alias = g_new0(Alias, 1);
    alias->to = g_strdup(sql_rows_text(rows, 1));
    alias->until = sql_rows_integer(rows, 2);
    g_hash_table_insert(table, g_strdup(sql_rows_text(rows, 0)), alias);
  }
  return found == FAILED ? NULL : g_steal_pointer(&table);
}

bool
registry_read_moved(Registry *registry, GError **error)
{
  MovedNames *names = registry->moved;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  GHashTable *table = db == NULL ? NULL : load(db, error);
  if (table == NULL)
    return false;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&names->lock);
  g_hash_table_unref(names->aliases);
  names->aliases = table;
  __atomic_store_n(&names->some, g_hash_table_size(table) > 0, __ATOMIC_RELEASE);
  return true;
}

static bool
refuse(const char *name, const char *target, GError **error)
{
  return registry_error_set(error, REGISTRY_DENIED, "repository %s was moved to %s: push there",
                            name, target);
}

bool
moved_refuse_known(Registry *registry, const char *name, GError **error)
{
  g_autofree char *target = registry_moved_to(registry, name);
  return target == NULL || refuse(name, target, error);
}

bool
moved_refuse(SqlConnection *db, const char *name, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, error, "SELECT target FROM moved_names WHERE name = $1 AND until > $2",
                SQL_TEXT(name), SQL_INTEGER(g_get_real_time()), SQL_END);
  if (found == FOUND)
    return refuse(name, sql_rows_text(rows, 0), error);
  return found == ABSENT;
}

bool
registry_moved_meanwhile(Registry *registry, const char *name)
{
  g_autofree char *known = registry_moved_to(registry, name);
  Found found = ABSENT;
  if (known == NULL) {
    g_autoptr(SqlConnection) db = sql_acquire(registry->sql, NULL);
    g_autoptr(SqlRows) rows = NULL;
    found = db == NULL ? FAILED
                       : sql_first(db, &rows, NULL,
                                   "SELECT 1 FROM moved_names WHERE name = $1 AND until > $2",
                                   SQL_TEXT(name), SQL_INTEGER(g_get_real_time()), SQL_END);
  }
  return known != NULL || (found == FOUND && registry_read_moved(registry, NULL));
}
