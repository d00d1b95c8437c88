/* Log-in by a password of an LDAP directory; see the header. */
#include "access/directory/ldap_identity.h"

#include <string.h>

#include "access/access.h"
#include "access/credentials/lockout.h"
#include "access/directory/directory.h"
#include "access/directory/ldap.h"
#include "access/people/accounts.h"
#include "access/people/names.h"
#include "base/error.h"
#include "base/log.h"

/* Whether a directory may be asked for the name: nobody of our own, nor of another source, has it.
 */
static Found
is_of(Access *access, const char *name, const char *source, GError **error)
{
  g_auto(Account) account = {0};
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  Found found = db == NULL ? FAILED : account_find(db, name, &account, error);
  if (found == FAILED)
    return FAILED;
  return found == ABSENT || strcmp(account.source, source) == 0 ? FOUND : ABSENT;
}

static Found
admit(Access *access, const char *source, const DirectoryPerson *person, Principal **who,
      GError **error)
{
  int64_t id;
  g_auto(Account) account = {0};
  if (!directory_admit(access, source, person, &id, error))
    return FAILED;
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  if (db == NULL || account_find_by_id(db, id, &account, error) != FOUND)
    return FAILED;
  return account_identified(db, &account, ldap_identity.how, who, error);
}

static Found
ask(Access *access, const LdapSettings *settings, const Shown *shown, const char *name,
    Principal **who, GError **error)
{
  g_autofree char *source = g_strconcat("ldap:", settings->name, NULL);
  g_autoptr(DirectoryPerson) person = NULL;
  g_autoptr(GError) unanswered = NULL;
  Found found = is_of(access, name, source, error);
  if (found != FOUND)
    return found;
  found = ldap_log_in(settings, name, shown->secret, &person, &unanswered);
  if (found == FAILED) {
    /* Another directory, or a password of our own, may still be right. */
    log_warning("a directory cannot be asked", "error", unanswered->message, NULL);
    return ABSENT;
  }
  return found == FOUND ? admit(access, source, person, who, error) : ABSENT;
}

/* Waits like a password of our own: what is wrong everywhere is counted by the kind that is asked
 * last. */
static bool
may_try(Access *access, const char *name, const char *address, GError **error)
{
  int64_t wait = lockout_wait(access_lockout(access), name, address, g_get_monotonic_time());
  return wait == 0 || error_set(error, ASSAY_ERROR_DENIED,
                                "too many wrong passwords: none is looked at for a while");
}

static Found
identify(Access *access, const Shown *shown, Principal **who, GError **error)
{
  const AccessSettings *settings = access_settings(access);
  if (settings == NULL || settings->ldap_count == 0 || g_strcmp0(shown->scheme, "Basic") != 0 ||
      shown->name == NULL || shown->secret == NULL || *shown->secret == '\0')
    return ABSENT;
  g_autofree char *name = g_ascii_strdown(shown->name, -1);
  if (!account_name_check("a user", name, NULL))
    return ABSENT;
  if (!may_try(access, name, shown->address, error))
    return FAILED;
  for (unsigned i = 0; i < settings->ldap_count; i++) {
    Found found = ask(access, &settings->ldap[i], shown, name, who, error);
    if (found != ABSENT)
      return found;
  }
  return ABSENT;
}

const IdentityKind ldap_identity = {"password", identify};
