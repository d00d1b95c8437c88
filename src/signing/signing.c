/* Keys, attestors and rules in the database and in memory; see the header. */
#include "signing/signing.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "jobs/event.h"
#include "signing/apart.h"
#include "signing/chains.h"
#include "signing/checks.h"
#include "signing/signing-private.h"

#define KIND_KEY      "key"
#define KIND_ATTESTOR "attestor"
#define KIND_RULE     "rule"

struct Signing {
  SqlPool *sql;
  GMutex loading; /* held while it is read */
  GMutex lock;
  SigningSet *set; /* of `lock`; a reference */
  bool stale;      /* of `lock`: what is committed could not be read */
  uint64_t generation;
  void (*changed)(void *data);
  void *data;
  SigningRemoved removed;
};

/* --- reading --- */

static void *
new_key(void)
{
  return signing_key_row_new();
}

static void *
new_attestor(void)
{
  return attestor_row_new();
}

static void *
new_rule(void)
{
  return g_new0(SigningRule, 1);
}

typedef struct {
  const char *kind, *noun;
  const JsonTable *table;
  size_t offset;     /* of its array in a SigningSet */
  size_t created_at; /* of its time in a row */
  void *(*make)(void);
  const char *created, *removed, *changed; /* events */
} Kind;
static const Kind kinds[] = {
    {KIND_KEY, "signing key", &signing_key_table, offsetof(SigningSet, keys),
     offsetof(SigningKey, created), new_key, "signing-key.created", "signing-key.removed",
     "signing-key.changed"},
    {KIND_ATTESTOR, "attestor", &attestor_row_table, offsetof(SigningSet, attestors),
     offsetof(AttestorRow, created), new_attestor, "attestor.created", "attestor.removed",
     "attestor.changed"},
    {KIND_RULE, "signing rule", &signing_rule_table, offsetof(SigningSet, rules),
     offsetof(SigningRule, created), new_rule, "signing-rule.created", "signing-rule.removed",
     "signing-rule.changed"},
};
enum { KEYS, ATTESTORS, RULES };

static GPtrArray *
rows_of(const SigningSet *set, const Kind *kind)
{
  return *(GPtrArray *const *)((const char *)set + kind->offset);
}

static const Kind *
find_kind(const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (strcmp(kinds[i].kind, name) == 0)
      return &kinds[i];
  return NULL;
}

static bool
take_row(SigningSet *set, SqlRows *rows, GError **error)
{
  const Kind *kind = find_kind(sql_rows_text(rows, 0));
  if (kind == NULL)
    return true; /* a newer program's */
  g_autoptr(json_t) json = json_parse(slice_from_string(sql_rows_text(rows, 2)), error);
  void *row = kind->make();
  g_ptr_array_add(rows_of(set, kind), row);
  if (json != NULL && json_table_read(kind->table, json, row, error))
    return true;
  g_prefix_error(error, "%s %s: ", kind->noun, sql_rows_text(rows, 1));
  return false;
}

/* (transfer full) */
static SigningSet *
load(SqlConnection *db, GError **error)
{
  Found found;
  g_autoptr(SigningSet) set = signing_set_new();
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT kind, name, content FROM signing ORDER BY kind, name", SQL_END);
  while ((found = sql_next(rows, error)) == FOUND)
    if (!take_row(set, rows, error))
      return NULL;
  return found == FAILED ? NULL : g_steal_pointer(&set);
}

/* One at a time: what was read first is not to take the place of what was read later. */
static bool
install(Signing *signing, GError **error)
{
  g_autoptr(GMutexLocker) loading = g_mutex_locker_new(&signing->loading);
  g_autoptr(SqlConnection) db = sql_acquire(signing->sql, error);
  SigningSet *set = db == NULL ? NULL : load(db, error);
  if (set == NULL)
    return false;
  g_mutex_lock(&signing->lock);
  SigningSet *old = signing->set;
  signing->set = set;
  __atomic_add_fetch(&signing->generation, 1, __ATOMIC_ACQ_REL);
  signing->stale = false;
  g_mutex_unlock(&signing->lock);
  signing_set_unref(old);
  return true;
}

/* Whoever is told may ask for the rows. */
static bool
reload(Signing *signing, GError **error)
{
  if (!install(signing, error))
    return false;
  if (signing->changed != NULL)
    signing->changed(signing->data);
  return true;
}

Signing *
signing_new(SqlPool *sql, GError **error)
{
  g_autoptr(Signing) signing = g_new0(Signing, 1);
  g_mutex_init(&signing->lock);
  g_mutex_init(&signing->loading);
  signing->sql = sql;
  return reload(signing, error) ? g_steal_pointer(&signing) : NULL;
}

void
signing_free(Signing *signing)
{
  if (signing == NULL)
    return;
  signing_set_unref(signing->set);
  g_mutex_clear(&signing->lock);
  g_mutex_clear(&signing->loading);
  g_free(signing);
}

SigningSet *
signing_get(Signing *signing)
{
  g_mutex_lock(&signing->lock);
  bool stale = signing->stale;
  g_mutex_unlock(&signing->lock);
  if (stale)
    reload(signing, NULL);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&signing->lock);
  return signing_set_ref(signing->set);
}

uint64_t
signing_generation(const Signing *signing)
{
  return __atomic_load_n(&signing->generation, __ATOMIC_ACQUIRE);
}

void
signing_on_change(Signing *signing, void (*changed)(void *data), void *data)
{
  signing->data = data;
  signing->changed = changed;
}

void
signing_on_remove(Signing *signing, SigningRemoved removed)
{
  signing->removed = removed;
}

/* --- changes --- */

static bool
check_name(const Kind *kind, const char *name, GError **error)
{
  size_t length = name == NULL ? 0 : strlen(name);
  bool good = length > 0 && length <= SIGNING_NAME_MOST && g_ascii_isalnum(name[0]);
  for (size_t i = 0; good && i < length; i++)
    good = g_ascii_isalnum(name[i]) || strchr("-_.", name[i]) != NULL;
  return good || error_set(error, ASSAY_ERROR_INVALID,
                           "%s %s: a name has letters, digits, \"-\", \"_\" and \".\", at most %u",
                           kind->noun, name == NULL ? "without a name" : name, SIGNING_NAME_MOST);
}

/* What one of them needs of the others. */
static bool
check_row(const SigningSet *set, const Kind *kind, const void *row, GError **error)
{
  if (kind == &kinds[ATTESTORS])
    return signing_check_attestor(set, row, error);
  return kind == &kinds[RULES] ? signing_check_rule(set, row, error)
                               : signing_key_check_chain((void *)(uintptr_t)row, error);
}

/* Who else needs it: "attestor release"; NULL: nobody. (transfer full) */
static char *
needed_by(const SigningSet *set, const Kind *kind, const char *name)
{
  for (guint i = 0; kind == &kinds[KEYS] && i < set->attestors->len; i++) {
    const AttestorRow *attestor = g_ptr_array_index(set->attestors, i);
    if (g_strcmp0(attestor->key, name) == 0)
      return g_strconcat("attestor ", attestor->name, NULL);
  }
  for (guint i = 0; kind == &kinds[ATTESTORS] && i < set->rules->len; i++) {
    const SigningRule *rule = g_ptr_array_index(set->rules, i);
    if (g_strcmp0(rule->attestor, name) == 0)
      return g_strconcat("signing rule ", rule->name, NULL);
  }
  return NULL;
}

typedef struct {
  const Kind *kind;
  const void *row; /* NULL: it is removed */
  const char *name, *event;
  bool there;             /* it must be there already */
  const void *before;     /* as this says; NULL: whatever it says */
  int64_t read;           /* as it was changed then; 0: whenever */
  SigningRemoved removed; /* or NULL */
} Change;

/* Whoever changed it since @before was read did not know of this change. */
static bool
is_as_before(const SigningSet *set, const Change *change)
{
  const Kind *kind = change->kind;
  const void *row = signing_row_find(rows_of(set, kind), change->name);
  if (row == NULL)
    return true;
  /* The rows have whole seconds. */
  int64_t created = *(const int64_t *)((const char *)row + kind->created_at);
  if (change->read != 0 && change->read / G_USEC_PER_SEC != created / G_USEC_PER_SEC)
    return false;
  if (change->before == NULL)
    return true;
  g_autoptr(json_t) now = json_table_write(kind->table, row);
  g_autoptr(json_t) before = json_table_write(kind->table, change->before);
  return json_equal(now, before);
}

static bool
check_change(const SigningSet *set, const Change *change, GError **error)
{
  const Kind *kind = change->kind;
  bool is_there = signing_row_find(rows_of(set, kind), change->name) != NULL;
  if (!is_as_before(set, change))
    return error_set(error, ASSAY_ERROR_CHANGED,
                     "somebody else changed the %s %s meanwhile: look at it, and try again",
                     kind->noun, change->name);
  if (change->there && !is_there)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no %s %s", kind->noun, change->name);
  if (!change->there && is_there)
    return error_set(error, ASSAY_ERROR_EXISTS, "there is a %s %s already", kind->noun,
                     change->name);
  if (!change->there && rows_of(set, kind)->len >= SIGNING_MOST)
    return error_set(error, ASSAY_ERROR_LIMIT, "there are %u of this kind already", SIGNING_MOST);
  g_autofree char *user = change->row == NULL ? needed_by(set, kind, change->name) : NULL;
  if (user != NULL)
    return error_set(error, ASSAY_ERROR_EXISTS, "the %s needs the %s %s", user, kind->noun,
                     change->name);
  return change->row == NULL ||
         (check_name(kind, change->name, error) && check_row(set, kind, change->row, error));
}

static bool
delete_row(SqlConnection *db, const Change *change, GError **error)
{
  const char *rule = change->kind == &kinds[RULES] ? change->name : NULL;
  const char *key = change->kind == &kinds[KEYS] ? change->name : NULL;
  return sql_run(db, NULL, error, "DELETE FROM signing WHERE kind = $1 AND name = $2",
                 SQL_TEXT(change->kind->kind), SQL_TEXT(change->name), SQL_END) &&
         (change->removed == NULL || (rule == NULL && key == NULL) ||
          change->removed(db, rule, key, error));
}

/* A SqlWork: compared with the rows as they are, whoever else changes them. */
static bool
make_change(SqlConnection *db, void *data, GError **error)
{
  const Change *change = data;
  g_autoptr(SigningSet) set = load(db, error);
  if (set == NULL || !check_change(set, change, error))
    return false;
  g_autoptr(json_t) json =
      change->row == NULL ? NULL : json_table_write(change->kind->table, change->row);
  g_autofree char *text = json == NULL ? NULL : json_to_text(json);
  bool done =
      text == NULL
          ? delete_row(db, change, error)
          : sql_run(db, NULL, error,
                    "INSERT INTO signing (kind, name, content) VALUES ($1, $2, $3) "
                    "ON CONFLICT (kind, name) DO UPDATE SET content = excluded.content",
                    SQL_TEXT(change->kind->kind), SQL_TEXT(change->name), SQL_TEXT(text), SQL_END);
  g_autoptr(SigningSet) after = done ? load(db, error) : NULL;
  return after != NULL && signing_check_apart(after, error) &&
         event_tell(db, change->event, change->name, json, error);
}

static bool
apply(Signing *signing, const Change *wanted, GError **error)
{
  Change change = *wanted;
  change.removed = signing->removed;
  if (!sql_transact(signing->sql, make_change, &change, error))
    return false;
  if (!reload(signing, NULL)) {
    g_mutex_lock(&signing->lock);
    signing->stale = true;
    g_mutex_unlock(&signing->lock);
  }
  return true;
}

bool
signing_add_key(Signing *signing, const SigningKey *key, GError **error)
{
  const Change change = {&kinds[KEYS], key, key->name, kinds[KEYS].created, false};
  return apply(signing, &change, error);
}

bool
signing_add_attestor(Signing *signing, const AttestorRow *row, GError **error)
{
  const Change change = {&kinds[ATTESTORS], row, row->name, kinds[ATTESTORS].created, false};
  return apply(signing, &change, error);
}

bool
signing_add_rule(Signing *signing, const SigningRule *rule, GError **error)
{
  const Change change = {&kinds[RULES], rule, rule->name, kinds[RULES].created, false};
  return apply(signing, &change, error);
}

bool
signing_change_key(Signing *signing, const SigningKey *key, const SigningKey *before,
                   const char *event, GError **error)
{
  const Change change = {&kinds[KEYS], key, key->name, event, true, before};
  return apply(signing, &change, error);
}

bool
signing_change_attestor(Signing *signing, const AttestorRow *attestor, int64_t read, GError **error)
{
  const Change change = {&kinds[ATTESTORS],        attestor, attestor->name,
                         kinds[ATTESTORS].changed, true,     .read = read};
  return apply(signing, &change, error);
}

bool
signing_change_rule(Signing *signing, const SigningRule *rule, int64_t read, GError **error)
{
  const Change change = {&kinds[RULES], rule, rule->name, kinds[RULES].changed, true, .read = read};
  return apply(signing, &change, error);
}

bool
signing_remove_key(Signing *signing, const char *name, GError **error)
{
  const Change change = {&kinds[KEYS], NULL, name, kinds[KEYS].removed, true};
  return apply(signing, &change, error);
}

bool
signing_remove_attestor(Signing *signing, const char *name, GError **error)
{
  const Change change = {&kinds[ATTESTORS], NULL, name, kinds[ATTESTORS].removed, true};
  return apply(signing, &change, error);
}

bool
signing_remove_rule(Signing *signing, const char *name, GError **error)
{
  const Change change = {&kinds[RULES], NULL, name, kinds[RULES].removed, true};
  return apply(signing, &change, error);
}
