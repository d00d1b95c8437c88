/* Trying passwords on hashes by libcrypt; see the header. The costs were measured on one core of a
 * small server. A hash names its own cost, and is hostile: what is not read here as one of the
 * usual forms, with a bounded cost, is never given to libcrypt. */
#include "inspect/baseline/weak_passwords.h"

#include <crypt.h>
#include <glib.h>
#include <nettle/sha1.h>
#include <string.h>

#include "base/slice.h"

/* The first of each public list, and what images use; the likeliest first. */
static const char *const common[] = {
    "root",         "password", "123456",       "admin",      "toor",         "12345678",
    "changeme",     "test",     "1234",         "docker",     "passw0rd",     "qwerty",
    "12345",        "secret",   "default",      "user",       "guest",        "P@ssw0rd",
    "letmein",      "ubuntu",   "debian",       "pass",       "abc123",       "123456789",
    "password1",    "admin123", "root123",      "vagrant",    "mysql",        "postgres",
    "oracle",       "tomcat",   "redis",        "Password1",  "welcome",      "111111",
    "123123",       "1q2w3e4r", "dragon",       "iloveyou",   "monkey",       "000000",
    "qwerty123",    "1qaz2wsx", "P@ssw0rd1",    "admin@123",  "test123",      "pa55word",
    "alpine",       "centos",   "raspberry",    "service",    "support",      "system",
    "manager",      "ftp",      "testpassword", "mypassword", "rootpassword", "dbpassword",
    "userpassword",
};

/* Of one try, in microseconds; 0: it is not tried. */
typedef struct {
  const char *prefix;
  uint64_t (*cost)(const char *after);
} Kind;

static uint64_t
rounds_cost(const char *after, uint64_t each)
{
  uint64_t rounds = 5000;
  if (g_str_has_prefix(after, "rounds=")) {
    const char *digits = after + strlen("rounds="), *end = strchr(digits, '$');
    if (end == NULL || !slice_to_uint64(slice_new(digits, (size_t)(end - digits)), &rounds))
      return 0;
  }
  return rounds > 1000000 ? 0 : MAX(1, each * MAX(rounds, 1000) / 5000);
}

static uint64_t
sha512_cost(const char *after)
{
  return rounds_cost(after, 2700);
}

static uint64_t
sha256_cost(const char *after)
{
  return rounds_cost(after, 2300);
}

static uint64_t
md5_cost(const char *after)
{
  return 180;
}

/* "10$SALT...": two digits, the logarithm of the rounds. */
static uint64_t
bcrypt_cost(const char *after)
{
  uint64_t rounds;
  if (strlen(after) < 4 || after[2] != '$' || !slice_to_uint64(slice_new(after, 2), &rounds))
    return 0;
  return rounds < 4 || rounds > 12 ? 0 : (uint64_t)65 << rounds;
}

static int
digit64(char digit)
{
  static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const char *at = digit == '\0' ? NULL : strchr(digits, digit);
  return at == NULL ? -1 : (int)(at - digits);
}

/* "j9T$SALT": flags that are usual, the logarithm of N, r; forms with more than that are rare. */
static uint64_t
yescrypt_cost(const char *after)
{
  int log = strlen(after) < 4 || after[0] != 'j' || after[3] != '$' ? -1 : digit64(after[1]) + 1;
  int r = log < 1 ? 0 : digit64(after[2]) + 1;
  if (log < 1 || log > 13 || r < 1 || r > 32)
    return 0;
  return MAX(1, (uint64_t)32000 * ((uint64_t)r << log) / (32u << 12));
}

static const Kind kinds[] = {
    {"$6$", sha512_cost},  {"$5$", sha256_cost},  {"$1$", md5_cost},     {"$y$", yescrypt_cost},
    {"$2a$", bcrypt_cost}, {"$2b$", bcrypt_cost}, {"$2y$", bcrypt_cost},
};

static bool
is_des(const char *hash)
{
  return strlen(hash) == 13 && strspn(hash, "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "abcdefghijklmnopqrstuvwxyz") == 13;
}

const char *
password_weak_kind(const char *hash)
{
  if (g_str_has_prefix(hash, "$1$"))
    return "md5";
  return is_des(hash) || *hash == '_' ? "des" : NULL;
}

static uint64_t
cost_of(const char *hash)
{
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (g_str_has_prefix(hash, kinds[i].prefix))
      return kinds[i].cost(hash + strlen(kinds[i].prefix));
  return is_des(hash) ? 10 : 0;
}

/* Takes the cost from the budget; false: it is spent. */
static bool
try_one(const char *word, const char *hash, uint64_t cost, uint64_t *budget, bool *spent)
{
  *spent = *spent || cost > *budget;
  if (*spent)
    return false;
  *budget -= cost;
  g_autofree struct crypt_data *data = g_new0(struct crypt_data, 1);
  /* Not crypt_r(), which sanitisers have a version of their own of. */
  const char *made = crypt_rn(word, hash, data, sizeof *data);
  return made != NULL && strcmp(made, hash) == 0;
}

PasswordStrength
password_try(const char *name, const char *hash, uint64_t *budget)
{
  uint64_t cost = strlen(hash) > 200 ? 0 : cost_of(hash);
  bool spent = false;
  if (cost == 0 || cost > *budget)
    return PASSWORD_NOT_TRIED;
  if (try_one(name, hash, cost, budget, &spent))
    return PASSWORD_IS_NAME;
  if (try_one("", hash, cost, budget, &spent))
    return PASSWORD_EMPTY;
  for (size_t i = 0; i < G_N_ELEMENTS(common); i++)
    if (try_one(common[i], hash, cost, budget, &spent))
      return PASSWORD_IS_COMMON;
  return PASSWORD_HOLDS;
}

#define MYSQL_HASH_CHARS 40u
/* Of one try, in microseconds. */
#define MYSQL_COST 1u

/* SHA-1 twice, without a salt. */
static bool
is_mysql_hash_of(const char *word, const char *hash)
{
  uint8_t digest[SHA1_DIGEST_SIZE];
  struct sha1_ctx sha1;
  char made[MYSQL_HASH_CHARS + 1];
  sha1_init(&sha1);
  sha1_update(&sha1, strlen(word), (const uint8_t *)word);
  sha1_digest(&sha1, sizeof digest, digest);
  sha1_update(&sha1, sizeof digest, digest);
  sha1_digest(&sha1, sizeof digest, digest);
  for (size_t i = 0; i < sizeof digest; i++)
    g_snprintf(made + 2 * i, 3, "%02x", digest[i]);
  return g_ascii_strcasecmp(made, hash) == 0;
}

PasswordStrength
password_try_mysql(const char *name, const char *hash, uint64_t *budget)
{
  uint64_t cost = (G_N_ELEMENTS(common) + 1) * MYSQL_COST;
  if (*hash == '\0')
    return PASSWORD_EMPTY;
  if (*hash != '*' || strlen(hash) != MYSQL_HASH_CHARS + 1 || cost > *budget)
    return PASSWORD_NOT_TRIED;
  *budget -= cost;
  if (is_mysql_hash_of(name, hash + 1))
    return PASSWORD_IS_NAME;
  for (size_t i = 0; i < G_N_ELEMENTS(common); i++)
    if (is_mysql_hash_of(common[i], hash + 1))
      return PASSWORD_IS_COMMON;
  return PASSWORD_HOLDS;
}

bool
password_is_common(const char *password)
{
  for (size_t i = 0; i < G_N_ELEMENTS(common); i++)
    if (g_ascii_strcasecmp(password, common[i]) == 0)
      return true;
  return false;
}
