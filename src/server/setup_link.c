/* The link to the first administrator; see the header. */
#include "server/setup_link.h"

#include "access/credentials/secrets.h"
#include "access/people/people.h"
#include "base/error.h"

#define SETUP_SECRET_PREFIX "assay_setup_"

struct SetupLink {
  Access *access;
  GMutex lock; /* guards the rest, and is held while an administrator is made: so one is */
  SecretHash hash;
  int64_t ends; /* 0: there is none */
};

SetupLink *
setup_link_new(Access *access)
{
  SetupLink *link = g_new0(SetupLink, 1);
  link->access = access;
  g_mutex_init(&link->lock);
  return link;
}

void
setup_link_free(SetupLink *link)
{
  if (link == NULL)
    return;
  g_mutex_clear(&link->lock);
  g_free(link);
}

char *
setup_link_make(SetupLink *link, int64_t now)
{
  char *secret = secret_new(SETUP_SECRET_PREFIX);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&link->lock);
  link->hash = secret_hash(secret);
  link->ends = now + SETUP_LINK_LIFE;
  return secret;
}

/* Under the lock. */
static bool
check(SetupLink *link, const char *secret, int64_t now, GError **error)
{
  const SecretHash shown = secret_hash(secret);
  bool right = secret_matches(slice_new(link->hash.bytes, sizeof link->hash.bytes), &shown);
  g_autoptr(AccessRules) rules = access_rules(link->access, error);
  if (rules == NULL)
    return false;
  if (right && link->ends > now && !access_rules_have_administrator(rules))
    return true;
  return error_set(error, ASSAY_ERROR_NOT_FOUND,
                   "this link is of no use: it was used, is older than an hour, or there is an "
                   "administrator; while there is none, each start of the server makes another");
}

bool
setup_link_check(SetupLink *link, const char *secret, int64_t now, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&link->lock);
  return check(link, secret, now, error);
}

bool
setup_link_use(SetupLink *link, const char *secret, const char *name, const char *password,
               int64_t now, GError **error)
{
  const NewPerson person = {.name = name, .password = password, .administrator = true};
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&link->lock);
  if (!check(link, secret, now, error) ||
      !people_create(link->access, &person, "first start", error))
    return false;
  link->ends = 0;
  return true;
}
