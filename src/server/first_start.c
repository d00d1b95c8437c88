/* The first administrator; see the header. */
#include "server/first_start.h"

#include <fcntl.h>
#include <string.h>

#include "access/credentials/secrets.h"
#include "access/people/people.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"

#define PASSWORD_FILE_MAX ((size_t)4096)

/* (transfer full) */
static char *
read_password(const char *path, GError **error)
{
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, PASSWORD_FILE_MAX, error);
  if (bytes == NULL)
    return NULL;
  char *text = slice_to_string(slice_from_bytes(bytes));
  text[strcspn(text, "\r\n")] = '\0';
  return text;
}

static bool
make_administrator(Access *access, const char *path, GError **error)
{
  const char *named = g_getenv("ASSAY_ADMIN_NAME");
  const char *name = named != NULL && *named != '\0' ? named : "admin";
  g_autoptr(SecretText) password = read_password(path, error);
  const NewPerson person = {.name = name, .password = password, .administrator = true};
  bool made = password != NULL && people_create(access, &person, "first start", error);
  if (made)
    log_info("the first administrator was made", "name", name, NULL);
  else
    g_prefix_error(error, "ASSAY_ADMIN_PASSWORD_FILE: ");
  return made;
}

bool
first_start(Access *access, GError **error)
{
  const char *path = g_getenv("ASSAY_ADMIN_PASSWORD_FILE");
  g_autoptr(AccessRules) rules = access_rules(access, error);
  if (rules == NULL)
    return false;
  if (access_is_open(access))
    log_warning(
        "access.mode is open: there are no log-ins, and everybody who reaches this registry "
        "may do all",
        NULL);
  if (access_rules_have_administrator(rules) || sql_pool_is_read_only(access_sql(access)))
    return true;
  return path == NULL || *path == '\0' || make_administrator(access, path, error);
}

/* What listens on every address is also on this machine's own. (transfer full) */
static char *
own_address(const char *url)
{
  const char *place = strstr(url, "://") + strlen("://"), *port = strrchr(place, ':');
  bool every = g_str_has_prefix(place, "0.0.0.0:") || g_str_has_prefix(place, "[::]:");
  return every ? g_strdup_printf("%.*s127.0.0.1%s", (int)(place - url), url, port) : g_strdup(url);
}

void
first_start_tell(Access *access, SetupLink *link, const char *url)
{
  g_autoptr(AccessRules) rules = access_rules(access, NULL);
  if (rules == NULL || access_is_open(access) || access_rules_have_administrator(rules) ||
      sql_pool_is_read_only(access_sql(access)))
    return;
  g_autoptr(SecretText) secret = setup_link_make(link, g_get_monotonic_time());
  g_autofree char *own = own_address(url);
  g_autoptr(SecretText) text = g_strdup_printf("%s/setup/%s", own, secret);
  log_warning("nobody administers this registry yet, so it serves this machine alone; make an "
              "administrator here, by the command or, within an hour, by the link",
              "command", "assay user create --admin NAME", "link", text, NULL);
}
