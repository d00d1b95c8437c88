/* The rules in force and who asks; see the header.
 *
 * The generation that counts is the row of `access_generation`, for other processes may change it.
 * A change by this process is known at once (access_forget()); the row is looked at again after a
 * second. */
#include "access/access.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "access/directory/ldap_library-private.h"
#include "access/rights/roles.h"
#include "base/cache.h"
#include "base/error.h"

/* A row that another process changed is seen after so long. */
#define LOOK_AGAIN_US G_USEC_PER_SEC
/* What an identity was is asked again after so long. */
#define REMEMBERED_US   ((int64_t)60 * G_USEC_PER_SEC)
#define REMEMBERED_MOST 10000u
/* Names and addresses of wrong passwords: some 200 bytes each. */
#define LOCKOUT_MOST 20000u

struct Access {
  SqlPool *sql;
  const AccessSettings *settings;
  const Sealer *sealer;
  TokenKeys *keys;
  GMutex lock; /* guards rules, generation and looked */
  AccessRules *rules;
  int64_t generation, looked; /* of the rules; when the row was read */
  atomic_uint_fast64_t forgets;
  char *operator_secret; /* or NULL */
  Cache *identities;     /* Principal, by a hash of what was shown */
  Lockout *lockout;
  Issuers *issuers;
};

static void *
ref_principal(void *principal)
{
  return principal_ref(principal);
}

static void
unref_principal(void *principal)
{
  principal_unref(principal);
}

Access *
access_new(SqlPool *sql, const AccessSettings *settings, GError **error)
{
  g_autoptr(Access) access = g_new0(Access, 1);
  access->settings = settings;
  g_mutex_init(&access->lock);
  if (sodium_init() < 0) {
    error_set(error, ASSAY_ERROR_IO, "the system gives no random numbers");
    return NULL;
  }
  if (settings != NULL && settings->ldap_count > 0 && !openldap_is_there(error)) {
    g_prefix_error(error, "access.ldap: ");
    return NULL;
  }
  access->sql = sql;
  access->lockout = lockout_new(LOCKOUT_MOST);
  access->issuers = issuers_new();
  access->identities = cache_new(REMEMBERED_MOST, REMEMBERED_MOST, ref_principal, unref_principal);
  g_autoptr(AccessRules) rules = access_rules(access, error);
  return rules != NULL ? g_steal_pointer(&access) : NULL;
}

void
access_free(Access *access)
{
  if (access == NULL)
    return;
  access_rules_unref(access->rules);
  cache_free(access->identities);
  g_free(access->operator_secret);
  lockout_free(access->lockout);
  issuers_free(access->issuers);
  g_mutex_clear(&access->lock);
  g_free(access);
}

SqlPool *
access_sql(const Access *access)
{
  return access->sql;
}

void
access_set_operator_secret(Access *access, const char *secret)
{
  g_free(access->operator_secret);
  access->operator_secret = g_strdup(secret);
}

const char *
access_operator_secret(const Access *access)
{
  return access->operator_secret;
}

void
access_set_keys(Access *access, const Sealer *sealer, TokenKeys *keys)
{
  access->sealer = sealer;
  access->keys = keys;
}

const Sealer *
access_sealer(const Access *access)
{
  return access->sealer;
}

TokenKeys *
access_keys(const Access *access)
{
  return access->keys;
}

Lockout *
access_lockout(const Access *access)
{
  return access->lockout;
}

Issuers *
access_issuers(const Access *access)
{
  return access->issuers;
}

const AccessSettings *
access_settings(const Access *access)
{
  return access->settings;
}

bool
access_is_open(const Access *access)
{
  return access->settings != NULL && access->settings->mode == ACCESS_OPEN;
}

bool
access_changed(SqlConnection *db, GError **error)
{
  return sql_run(db, NULL, error, "UPDATE access_generation SET value = value + 1 WHERE id = 1",
                 SQL_END);
}

bool
access_next_id(SqlConnection *db, int64_t *id, GError **error)
{
  if (!access_changed(db, error))
    return false;
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT value FROM access_generation WHERE id = 1", SQL_END);
  return sql_number(rows, id, error);
}

void
access_forget(Access *access)
{
  g_mutex_lock(&access->lock);
  access->looked = 0;
  g_mutex_unlock(&access->lock);
  atomic_fetch_add(&access->forgets, 1);
}

/* --- the rules --- */

static bool
subject_kind(const char *word, SubjectKind *kind)
{
  static const char *const words[] = {[SUBJECT_PRINCIPAL] = "principal",
                                      [SUBJECT_TEAM] = "team",
                                      [SUBJECT_EVERYONE] = "everyone",
                                      [SUBJECT_ANONYMOUS] = "anonymous"};
  for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
    if (g_strcmp0(word, words[i]) == 0) {
      *kind = (SubjectKind)i;
      return true;
    }
  }
  return false;
}

/* A role that is gone gives nothing; one that denies then denies nothing, so who removes a role
 * removes its bindings. */
static void
take_binding(SqlRows *rows, GArray *bindings)
{
  Binding binding = {.id = sql_rows_integer(rows, 0)};
  if (!subject_kind(sql_rows_text(rows, 1), &binding.kind))
    return;
  const Role *role = built_in_role(sql_rows_text(rows, 3));
  binding.subject = sql_rows_integer(rows, 2);
  binding.role = g_strdup(sql_rows_text(rows, 3));
  binding.deny = g_strcmp0(sql_rows_text(rows, 4), "deny") == 0;
  binding.pattern = g_strdup(sql_rows_text(rows, 5));
  binding.tags = g_strdup(sql_rows_text(rows, 6));
  binding.until = sql_rows_is_null(rows, 7) ? 0 : sql_rows_integer(rows, 7);
  binding.verbs = role != NULL ? role->verbs : verbs_parse(sql_rows_text(rows, 8));
  binding.who = g_strdup(sql_rows_text(rows, 9));
  g_array_append_val(bindings, binding);
}

AccessRules *
access_rules_read(SqlConnection *db, GError **error)
{
  g_autoptr(GArray) bindings = g_array_new(FALSE, FALSE, sizeof(Binding));
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT bindings.id, bindings.kind, subject, role, effect, pattern, tags, ends, roles.verbs, "
      "  COALESCE(principals.name, teams.name) "
      "FROM bindings LEFT JOIN roles ON roles.name = bindings.role "
      "LEFT JOIN principals ON bindings.kind = 'principal' AND principals.id = subject "
      "LEFT JOIN teams ON bindings.kind = 'team' AND teams.id = subject ORDER BY bindings.id",
      SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND)
    take_binding(rows, bindings);
  return found == FAILED ? NULL : access_rules_new(g_steal_pointer(&bindings));
}

/* Takes the lock for as long as it reads, so that one thread does. */
static bool
look_again(Access *access, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(access->sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows = NULL;
  if (sql_first(db, &rows, error, "SELECT value FROM access_generation WHERE id = 1", SQL_END) !=
      FOUND)
    return false;
  const int64_t generation = sql_rows_integer(rows, 0);
  g_clear_pointer(&rows, sql_rows_free);
  if (access->rules == NULL || generation != access->generation) {
    AccessRules *fresh = access_rules_read(db, error);
    if (fresh == NULL)
      return false;
    access_rules_unref(access->rules);
    access->rules = fresh;
    access->generation = generation;
    atomic_fetch_add(&access->forgets, 1);
  }
  access->looked = g_get_monotonic_time();
  return true;
}

static bool
rules_are_old(const Access *access)
{
  return access->looked == 0 || access->looked + LOOK_AGAIN_US < g_get_monotonic_time();
}

AccessRules *
access_rules(Access *access, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&access->lock);
  if (rules_are_old(access) && !look_again(access, error))
    return NULL;
  return access_rules_ref(access->rules);
}

/* While another reads them, the lock is held. */
AccessRules *
access_rules_at_hand(Access *access)
{
  if (!g_mutex_trylock(&access->lock))
    return NULL;
  AccessRules *rules = rules_are_old(access) ? NULL : access_rules_ref(access->rules);
  g_mutex_unlock(&access->lock);
  return rules;
}

/* --- who asks --- */

static char *
key_of(const Shown *shown)
{
  g_autoptr(GChecksum) hash = g_checksum_new(G_CHECKSUM_SHA256);
  const char *parts[] = {shown->scheme, shown->name, shown->secret, shown->address};
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
    const char *part = parts[i] != NULL ? parts[i] : "";
    g_checksum_update(hash, (const guchar *)part, (gssize)strlen(part) + 1);
  }
  return g_strdup(g_checksum_get_string(hash));
}

/* What is remembered counts for its minute, and for one state of the tables. */
static uint64_t
remembered_generation(Access *access)
{
  uint64_t minute = (uint64_t)(g_get_monotonic_time() / REMEMBERED_US);
  return atomic_load(&access->forgets) * 100000000u + minute;
}

Principal *
access_remembered(Access *access, const Shown *shown)
{
  g_autofree char *key = key_of(shown);
  return cache_get(access->identities, key, remembered_generation(access));
}

/* FOUND: *who, for which a directory stands where it is of one. */
static Found
ask_kinds(Access *access, const Shown *shown, Principal **who, GError **error)
{
  Found found = ABSENT;
  for (const IdentityKind *const *kind = identity_kinds; *kind != NULL && found == ABSENT; kind++)
    found = (*kind)->identify(access, shown, who, error);
  for (const IdentityCheck *check = identity_checks; *check != NULL && found == FOUND; check++)
    if (!(*check)(access, *who, error))
      found = FAILED;
  if (found != FOUND)
    g_clear_pointer(who, principal_unref);
  return found;
}

Principal *
access_identify(Access *access, const Shown *shown, GError **error)
{
  g_autoptr(Principal) who = NULL;
  uint64_t generation = remembered_generation(access);
  Found found = ask_kinds(access, shown, &who, error);
  /* A directory had something new to say of it: other teams. */
  if (found == FOUND && generation != remembered_generation(access)) {
    g_clear_pointer(&who, principal_unref);
    generation = remembered_generation(access);
    found = ask_kinds(access, shown, &who, error);
  }
  if (found == FOUND) {
    g_autofree char *key = key_of(shown);
    cache_put(access->identities, key, generation, who, 1);
  } else if (found == ABSENT) {
    error_set(error, ASSAY_ERROR_DENIED, "nothing knows these credentials");
  }
  return found == FOUND ? g_steal_pointer(&who) : NULL;
}
