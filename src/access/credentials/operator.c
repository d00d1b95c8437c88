/* The secret of who can read the data folder; see the header. */
#include "access/credentials/operator.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "access/access.h"
#include "base/address.h"
#include "base/error.h"
#include "base/fd.h"

#define SECRET_BYTES 32
#define FILE_MAX     256

/* --- the file --- */

char *
operator_key_write(int data_fd, GError **error)
{
  uint8_t random[SECRET_BYTES];
  if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
    error_set_errno(error, errno, "random bytes");
    return NULL;
  }
  g_autoptr(GString) secret = g_string_new(OPERATOR_PREFIX);
  for (size_t i = 0; i < sizeof random; i++)
    g_string_append_printf(secret, "%02x", random[i]);
  g_autofree char *line = g_strconcat(secret->str, "\n", NULL);
  file_remove_remains(data_fd, ".", OPERATOR_KEY_FILE);
  if (!file_replace(data_fd, OPERATOR_KEY_FILE, slice_from_string(line), 0600, error))
    return NULL;
  return g_strdup(secret->str);
}

void
operator_key_remove(int data_fd)
{
  unlinkat(data_fd, OPERATOR_KEY_FILE, 0);
}

/* --- for clients --- */

/* The first line of a file of the folder; NULL: it cannot be read. (transfer full) */
static char *
read_line(const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, FILE_MAX, NULL);
  return bytes == NULL ? NULL : slice_to_string(slice_strip(slice_from_bytes(bytes)));
}

/* Whether who asks at @authority reaches what listens at @listening. */
static bool
leads_to(const char *authority, const char *listening)
{
  static const struct {
    const char *any, *loopback;
  } families[] = {{"0.0.0.0:", "127.0.0.1:"}, {"[::]:", "[::1]:"}, {"[::]:", "127.0.0.1:"}};
  for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
    if (g_str_has_prefix(listening, families[i].any) &&
        g_str_has_prefix(authority, families[i].loopback))
      return strcmp(strrchr(authority, ':'), strrchr(listening, ':')) == 0;
  }
  return strcmp(authority, listening) == 0 &&
         (g_str_has_prefix(authority, "127.") || g_str_has_prefix(authority, "[::1]:"));
}

char *
operator_key_for(const char *data_folder, const char *authority)
{
  g_autofree char *listening = read_line(data_folder, "address");
  if (listening == NULL || !leads_to(authority, listening))
    return NULL;
  g_autofree char *secret = read_line(data_folder, OPERATOR_KEY_FILE);
  return secret != NULL && g_str_has_prefix(secret, OPERATOR_PREFIX) ? g_steal_pointer(&secret)
                                                                     : NULL;
}

/* --- for the server --- */

/* Takes the same time wherever the first difference is. */
static bool
same_secret(const char *shown, const char *right)
{
  size_t size = strlen(right);
  if (strlen(shown) != size)
    return false;
  volatile uint8_t difference = 0;
  for (size_t i = 0; i < size; i++)
    difference |= (uint8_t)(shown[i] ^ right[i]);
  return difference == 0;
}

static bool
is_loopback(const char *address)
{
  Address parsed;
  return address_parse(slice_from_string(address), &parsed) && address_is_loopback(&parsed);
}

static Found
identify(Access *access, const Shown *shown, Principal **who, GError **error)
{
  if (g_strcmp0(shown->scheme, "Bearer") != 0 || shown->secret == NULL ||
      !g_str_has_prefix(shown->secret, OPERATOR_PREFIX))
    return ABSENT;
  const char *secret = access_operator_secret(access);
  if (secret == NULL || !same_secret(shown->secret, secret)) {
    error_set(error, ASSAY_ERROR_DENIED,
              "the operator's key is another; the server makes a new one "
              "at each start");
    return FAILED;
  }
  if (shown->address == NULL || !is_loopback(shown->address)) {
    error_set(error, ASSAY_ERROR_DENIED,
              "the operator's key counts on loopback addresses alone, and this came from %s",
              shown->address != NULL ? shown->address : "nowhere");
    return FAILED;
  }
  *who = principal_new(PRINCIPAL_OPERATOR, 0, "operator", operator_identity.how);
  return FOUND;
}

const IdentityKind operator_identity = {.how = "operator-key", .identify = identify};

bool
operator_shows(Access *access, const char *authorization, const char *address)
{
  static const char scheme[] = "Bearer ";
  if (authorization == NULL || !g_str_has_prefix(authorization, scheme))
    return false;
  g_autofree char *secret = g_strdup(authorization + strlen(scheme));
  const Shown shown = {.scheme = "Bearer", .secret = secret, .address = address};
  g_autoptr(Principal) who = NULL;
  return identify(access, &shown, &who, NULL) == FOUND;
}
