/* argon2id; see the header. */
#include "access/credentials/passwords.h"

#include <sodium.h>
#include <string.h>

#include "access/credentials/secrets.h"
#include "base/error.h"
#include "text/base64url.h"

/* So many at once, 64 MiB each; and so long others wait for their turn. */
#define AT_ONCE 4u
#define WAIT_US ((int64_t)20 * G_USEC_PER_SEC)
/* Of a hash: enough to tell a password from the next. */
#define PROOF_BYTES 12u

/* Of the process, as its memory is. `lock` guards `working` and `dummy`. */
static GMutex lock;
static GCond turned;
static unsigned working;
static char dummy[crypto_pwhash_STRBYTES];

static bool
take_turn(GError **error)
{
  int64_t end = g_get_monotonic_time() + WAIT_US;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
  while (working >= AT_ONCE)
    if (!g_cond_wait_until(&turned, &lock, end))
      return error_set(error, ASSAY_ERROR_BUSY,
                       "too many log-ins by password at once; try again in a moment");
  working++;
  return true;
}

static void
give_turn(void)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
  working--;
  g_cond_signal(&turned);
}

bool
password_check_strength(const char *password, GError **error)
{
  size_t size = password == NULL ? 0 : strlen(password);
  if (size >= PASSWORD_LEAST && size <= PASSWORD_MOST)
    return true;
  return error_set(error, ASSAY_ERROR_INVALID, "a password must have %d to %d bytes, this has %zu",
                   PASSWORD_LEAST, PASSWORD_MOST, size);
}

static bool
hash_to(char *to, const char *password)
{
  return crypto_pwhash_str_alg(to, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                               crypto_pwhash_MEMLIMIT_INTERACTIVE,
                               crypto_pwhash_ALG_ARGON2ID13) == 0;
}

char *
password_hash(const char *password, GError **error)
{
  g_autofree char *hash = g_malloc0(crypto_pwhash_STRBYTES);
  if (!take_turn(error))
    return NULL;
  bool hashed = hash_to(hash, password);
  give_turn();
  if (!hashed) {
    error_set(error, ASSAY_ERROR_IO, "there is no memory to hash a password: it takes 64 MiB");
    return NULL;
  }
  return g_steal_pointer(&hash);
}

/* Of a password that nobody has; made once. NULL: there is no memory. */
static const char *
dummy_hash(void)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
  if (*dummy == '\0') {
    g_autofree char *nobodys = g_uuid_string_random();
    if (!hash_to(dummy, nobodys))
      return NULL;
  }
  return dummy;
}

Found
password_verify(const char *stored, const char *password, GError **error)
{
  const char *against = stored != NULL ? stored : dummy_hash();
  if (against == NULL) {
    error_set(error, ASSAY_ERROR_IO, "there is no memory to check a password: it takes 64 MiB");
    return FAILED;
  }
  if (!take_turn(error))
    return FAILED;
  bool right = crypto_pwhash_str_verify(against, password, strlen(password)) == 0;
  give_turn();
  return right && stored != NULL ? FOUND : ABSENT;
}

char *
password_proof(const char *stored)
{
  const SecretHash hash = secret_hash(stored);
  g_autofree char *text = base64url_encode(slice_new(hash.bytes, PROOF_BYTES));
  return g_strconcat("password.", text, NULL);
}
