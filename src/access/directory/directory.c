/* People of directories; see the header. */
#include "access/directory/directory.h"

#include <string.h>

#include "access/directory/ldap.h"
#include "access/directory/oidc_standing.h"
#include "access/people/accounts.h"
#include "access/people/names.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "jobs/outbox.h"

/* What is the same as a moment ago is not written again. */
#define CONFIRMED_ENOUGH_US ((int64_t)30 * G_USEC_PER_SEC)

typedef struct {
  const char *source;
  const DirectoryPerson *person;
  int64_t now, id;
  char *called; /* here, which the first log-in has decided */
  bool changed;
} Admission;

/* --- the row --- */

static bool
make_row(SqlConnection *db, Admission *admission, GError **error)
{
  const DirectoryPerson *person = admission->person;
  g_autoptr(GError) taken = NULL;
  const Account account = {.kind = PRINCIPAL_PERSON,
                           .name = person->name,
                           .display = person->display,
                           .mail = person->mail,
                           .source = (char *)(uintptr_t)admission->source,
                           .external = person->id,
                           .created_by = (char *)(uintptr_t)admission->source};
  if (!account_name_check("a user", person->name, error)) {
    g_prefix_error(error, "%s: ", admission->source);
    return false;
  }
  if (!account_insert(db, &account, &admission->id, &taken)) {
    if (g_error_matches(taken, ASSAY_ERROR, ASSAY_ERROR_EXISTS))
      return error_set(
          error, ASSAY_ERROR_DENIED,
          "%s: the name %s belongs to another user or robot here; an administrator can "
          "delete that one (`assay user delete %s`), or have names taken from another "
          "attribute or claim",
          admission->source, person->name, person->name);
    g_propagate_error(error, g_steal_pointer(&taken));
    return false;
  }
  g_autoptr(json_t) told = json_object();
  json_set_string(told, "source", admission->source);
  admission->changed = true;
  return event_tell(db, "user.created", person->name, told, error);
}

/* FOUND: its row. */
static Found
find_row(SqlConnection *db, Admission *admission, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT id, disabled, name FROM principals "
                          "WHERE source = $1 AND external = $2",
                          SQL_TEXT(admission->source), SQL_TEXT(admission->person->id), SQL_END);
  if (found != FOUND)
    return found;
  admission->id = sql_rows_integer(rows, 0);
  g_free(admission->called);
  admission->called = g_strdup(sql_rows_text(rows, 2));
  if (sql_rows_is_null(rows, 1))
    return FOUND;
  error_set(error, ASSAY_ERROR_DENIED, "%s was disabled here", admission->called);
  return FAILED;
}

/* --- teams --- */

/* Of each team that groups of this source bring: whether one of the person's does. */
static GHashTable *
read_wanted(SqlConnection *db, const Admission *admission, GError **error)
{
  g_autoptr(GHashTable) wanted = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT name, team FROM team_groups WHERE source = $1",
                SQL_TEXT(admission->source), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND) {
    int64_t team = sql_rows_integer(rows, 1);
    if (g_ptr_array_find_with_equal_func(admission->person->groups, sql_rows_text(rows, 0),
                                         g_str_equal, NULL))
      g_hash_table_add(wanted, g_memdup2(&team, sizeof team));
  }
  return found == FAILED ? NULL : g_steal_pointer(&wanted);
}

/* Leaves in @wanted what is to be added, and gives those that are to go. */
static GArray *
compare_teams(SqlConnection *db, const Admission *admission, GHashTable *wanted, GError **error)
{
  g_autoptr(GArray) gone = g_array_new(FALSE, FALSE, sizeof(int64_t));
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT team FROM team_members WHERE principal = $1 AND source = $2",
                SQL_INTEGER(admission->id), SQL_TEXT(admission->source), SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND) {
    int64_t team = sql_rows_integer(rows, 0);
    if (!g_hash_table_remove(wanted, &team))
      g_array_append_val(gone, team);
  }
  return found == FAILED ? NULL : g_steal_pointer(&gone);
}

static bool
set_teams(SqlConnection *db, Admission *admission, GError **error)
{
  g_autoptr(GHashTable) wanted = read_wanted(db, admission, error);
  g_autoptr(GArray) gone = wanted == NULL ? NULL : compare_teams(db, admission, wanted, error);
  if (gone == NULL)
    return false;
  for (guint i = 0; i < gone->len; i++)
    if (!sql_run(db, NULL, error,
                 "DELETE FROM team_members WHERE principal = $1 AND source = $2 AND team = $3",
                 SQL_INTEGER(admission->id), SQL_TEXT(admission->source),
                 SQL_INTEGER(g_array_index(gone, int64_t, i)), SQL_END))
      return false;
  GHashTableIter iter;
  void *team;
  g_hash_table_iter_init(&iter, wanted);
  while (g_hash_table_iter_next(&iter, &team, NULL))
    if (!sql_run(db, NULL, error,
                 "INSERT INTO team_members (team, principal, source) VALUES ($1, $2, $3)",
                 SQL_INTEGER(*(int64_t *)team), SQL_INTEGER(admission->id),
                 SQL_TEXT(admission->source), SQL_END))
      return false;
  if (gone->len == 0 && g_hash_table_size(wanted) == 0)
    return true;
  admission->changed = true;
  g_autoptr(json_t) told = json_object();
  json_set_string(told, "source", admission->source);
  json_set_number(told, "added", g_hash_table_size(wanted));
  json_set_number(told, "removed", gone->len);
  const char *called = admission->called != NULL ? admission->called : admission->person->name;
  return event_tell(db, "user.teams-changed", called, told, error);
}

/* --- admission --- */

static bool
confirm_row(SqlConnection *db, const Admission *admission, GError **error)
{
  return sql_run(db, NULL, error,
                 "INSERT INTO directory_people (principal, confirmed, gone) VALUES ($1, $2, 0) "
                 "ON CONFLICT (principal) DO UPDATE SET confirmed = $2, gone = 0",
                 SQL_INTEGER(admission->id), SQL_INTEGER(admission->now), SQL_END);
}

static bool
admit(SqlConnection *db, void *data, GError **error)
{
  Admission *admission = data;
  admission->changed = false;
  Found found = find_row(db, admission, error);
  if (found == FAILED || (found == ABSENT && !make_row(db, admission, error)))
    return false;
  return set_teams(db, admission, error) && confirm_row(db, admission, error) &&
         (!admission->changed || access_changed(db, error));
}

bool
directory_admit(Access *access, const char *source, const DirectoryPerson *person, int64_t *id,
                GError **error)
{
  Admission admission = {.source = source, .person = person, .now = g_get_real_time()};
  bool admitted = sql_transact(access_sql(access), admit, &admission, error);
  g_free(admission.called);
  if (!admitted)
    return false;
  if (admission.changed)
    access_forget(access);
  *id = admission.id;
  return true;
}

/* --- confirmation --- */

typedef struct {
  char *source, *external, *name;
  int64_t confirmed, gone;
} Standing;

static void
standing_clear(Standing *standing)
{
  g_free(standing->source);
  g_free(standing->external);
  g_free(standing->name);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Standing, standing_clear)

/* ABSENT: no directory knows @who. */
static Found
read_standing(Access *access, const Principal *who, Standing *standing, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  g_autoptr(SqlRows) rows = NULL;
  Found found = db == NULL
                    ? FAILED
                    : sql_first(db, &rows, error,
                                "SELECT p.source, p.external, p.name, d.confirmed, d.gone "
                                "FROM directory_people d JOIN principals p ON p.id = d.principal "
                                "WHERE d.principal = $1",
                                SQL_INTEGER(who->id), SQL_END);
  if (found == FOUND) {
    standing->source = g_strdup(sql_rows_text(rows, 0));
    standing->external = g_strdup(sql_rows_text(rows, 1));
    standing->name = g_strdup(sql_rows_text(rows, 2));
    standing->confirmed = sql_rows_integer(rows, 3);
    standing->gone = sql_rows_integer(rows, 4);
  }
  return found;
}

static int64_t
microseconds(uint32_t seconds)
{
  return (int64_t)seconds * G_USEC_PER_SEC;
}

static bool
refuse_gone(const Standing *standing, GError **error)
{
  return error_set(error, ASSAY_ERROR_DENIED, "%s is not in %s any more", standing->name,
                   standing->source);
}

typedef struct {
  const Principal *who;
  const Standing *standing;
  int64_t now;
} Going;

/* Told once, however often it is seen. Who has logged in while the directory was asked is not gone:
 * the answer is older than that. */
static bool
note_going(SqlConnection *db, void *data, GError **error)
{
  const Going *going = data;
  int64_t marked = 0;
  g_autoptr(json_t) told = json_object();
  json_set_string(told, "source", going->standing->source);
  if (!sql_run(db, &marked, error,
               "UPDATE directory_people SET gone = $2 WHERE principal = $1 AND confirmed = $3",
               SQL_INTEGER(going->who->id), SQL_INTEGER(going->now),
               SQL_INTEGER(going->standing->confirmed), SQL_END))
    return false;
  return marked == 0 || going->standing->gone != 0 ||
         (access_changed(db, error) &&
          event_tell(db, "user.gone", going->standing->name, told, error));
}

/* It is not asked for who is gone at each request. */
static bool
note_gone(Access *access, const Principal *who, const Standing *standing, int64_t now,
          GError **error)
{
  Going going = {who, standing, now};
  log_info("a person is gone from its directory", "user", standing->name, "source",
           standing->source, NULL);
  if (!sql_pool_is_read_only(access_sql(access))) {
    if (!sql_transact(access_sql(access), note_going, &going, error))
      return false;
    access_forget(access);
  }
  return refuse_gone(standing, error);
}

static bool
believe(const Standing *standing, uint32_t stale, int64_t now, GError **error)
{
  return now < standing->confirmed + microseconds(stale) ||
         error_set(error, ASSAY_ERROR_DENIED, "%s: %s has not confirmed it for too long",
                   standing->name, standing->source);
}

static bool
ask_ldap(Access *access, const LdapSettings *settings, const Principal *who,
         const Standing *standing, int64_t now, GError **error)
{
  g_autoptr(DirectoryPerson) person = NULL;
  g_autoptr(GError) unanswered = NULL;
  Found found = ldap_look_up(settings, standing->name, &person, &unanswered);
  if (found == FAILED) {
    if (!g_error_matches(unanswered, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED))
      log_warning("a directory does not answer; what it said before is believed for a time",
                  "error", unanswered->message, NULL);
    return believe(standing, settings->stale, now, error);
  }
  if (found == ABSENT || strcmp(person->id, standing->external) != 0)
    return note_gone(access, who, standing, now, error);
  int64_t id;
  return sql_pool_is_read_only(access_sql(access)) ||
         directory_admit(access, standing->source, person, &id, error);
}

static bool
confirm_ldap(Access *access, const LdapSettings *settings, const Principal *who,
             const Standing *standing, GError **error)
{
  int64_t now = g_get_real_time(), again = microseconds(settings->refresh);
  if (standing->gone != 0 && now < standing->gone + again)
    return refuse_gone(standing, error);
  if (standing->gone == 0 && now < standing->confirmed + again)
    return true;
  return ask_ldap(access, settings, who, standing, now, error);
}

static bool
confirm_by_ldap(Access *access, const Principal *who, const Standing *standing, const char *name,
                bool *known, GError **error)
{
  const AccessSettings *settings = access_settings(access);
  for (unsigned i = 0; i < settings->ldap_count; i++)
    if (strcmp(settings->ldap[i].name, name) == 0) {
      *known = true;
      return confirm_ldap(access, &settings->ldap[i], who, standing, error);
    }
  return false;
}

/* --- providers --- */

static bool
confirm_known(SqlConnection *db, void *data, GError **error)
{
  return confirm_row(db, data, error);
}

static bool
ask_oidc(Access *access, const OidcSettings *settings, const Principal *who,
         const Standing *standing, int64_t now, GError **error)
{
  g_autoptr(DirectoryPerson) person = NULL;
  g_autoptr(GError) unanswered = NULL;
  Found found = oidc_look_up(access, settings, who->id, &person, &unanswered);
  if (found == FAILED) {
    if (!g_error_matches(unanswered, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED) &&
        !g_error_matches(unanswered, ASSAY_ERROR, ASSAY_ERROR_BUSY))
      log_warning("a provider does not answer; what it said before is believed for a time", "error",
                  unanswered->message, NULL);
    return believe(standing, settings->stale, now, error);
  }
  if (found == ABSENT || (person != NULL && strcmp(person->id, standing->external) != 0))
    return note_gone(access, who, standing, now, error);
  Admission known = {.id = who->id, .now = now};
  int64_t id;
  return person == NULL ? sql_transact(access_sql(access), confirm_known, &known, error)
                        : directory_admit(access, standing->source, person, &id, error);
}

/* Who is gone is back by a new log-in alone: there is nothing to ask by any more. */
static bool
confirm_oidc(Access *access, const OidcSettings *settings, const Principal *who,
             const Standing *standing, GError **error)
{
  int64_t now = g_get_real_time();
  if (standing->gone != 0)
    return refuse_gone(standing, error);
  if (now < standing->confirmed + microseconds(settings->refresh))
    return true;
  if (sql_pool_is_read_only(access_sql(access)))
    return believe(standing, settings->stale, now, error);
  return ask_oidc(access, settings, who, standing, now, error);
}

static bool
confirm_by_oidc(Access *access, const Principal *who, const Standing *standing, const char *name,
                bool *known, GError **error)
{
  const OidcSettings *settings = oidc_find(access, name);
  *known = settings != NULL;
  return *known && confirm_oidc(access, settings, who, standing, error);
}

/* The kinds of directories, by what a source begins with. False with *known: it said no. */
static const struct {
  const char *prefix;
  bool (*confirm)(Access *access, const Principal *who, const Standing *standing, const char *name,
                  bool *known, GError **error);
} kinds[] = {{"ldap:", confirm_by_ldap}, {"oidc:", confirm_by_oidc}};

bool
directory_confirm(Access *access, const Principal *who, GError **error)
{
  g_auto(Standing) standing = {0};
  if (who->kind != PRINCIPAL_PERSON)
    return true;
  Found found = read_standing(access, who, &standing, error);
  if (found != FOUND)
    return found == ABSENT;
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    bool known = false;
    if (!g_str_has_prefix(standing.source, kinds[i].prefix))
      continue;
    const char *name = standing.source + strlen(kinds[i].prefix);
    bool stands = kinds[i].confirm(access, who, &standing, name, &known, error);
    if (known)
      return stands;
  }
  return error_set(error, ASSAY_ERROR_DENIED, "%s: %s is not in the configuration any more",
                   standing.name, standing.source);
}
