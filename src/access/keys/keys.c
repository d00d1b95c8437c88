/* The keys by which tokens are signed; see the header.
 *
 * The rows are held as an immutable list, oldest first, that is replaced as a whole. Which of them
 * signs follows from the time: the last that has begun to. */
#include "access/keys/keys.h"

#include <string.h>

#include "access/keys/signing_key.h"
#include "base/error.h"
#include "jobs/event.h"
#include "sign/keys/jwks.h"

static const Setting settings[] = {
    {SETTING(TokenSettings, service), .kind = &setting_text, .fallback = "assay"},
    {SETTING_AS("token_services", TokenSettings, services), .kind = &setting_texts, .most = 100},
    {SETTING(TokenSettings, realm), .kind = &setting_text},
    {SETTING(TokenSettings, token_life), .kind = &setting_duration, .fallback = "5m", .least = 60,
     .most = 3600},
    {SETTING_AS("token_key_age", TokenSettings, key_age), .kind = &setting_duration,
     .fallback = "90d", .least = 3600, .most = 3650ul * 86400},
};

/* They are words of a challenge, in quotes. */
static void
check(void *values, const SettingsPlace *place)
{
  const TokenSettings *tokens = values;
  if (tokens->service != NULL && strpbrk(tokens->service, "\"\\, ") != NULL)
    settings_complain(place, "service", "must be a word without quotes, commas and spaces");
  if (tokens->realm != NULL &&
      (!g_str_has_prefix(tokens->realm, "http") || strpbrk(tokens->realm, "\"\\, ?#") != NULL))
    settings_complain(place, "realm", "must be an http or https URL without a query");
}
const Section token_settings_section = {.settings = settings,
                                        .count = G_N_ELEMENTS(settings),
                                        .size = sizeof(TokenSettings),
                                        .check = check};

/* The next key is there so long before it signs, at most. */
#define AHEAD_MOST_US ((int64_t)7 * 24 * 60 * 60 * G_USEC_PER_SEC)
/* Rows are read again for a key that is not known after so long. */
#define LOOK_AGAIN_US G_USEC_PER_SEC

struct TokenKeys {
  SqlPool *sql;
  const Sealer *sealer;
  const TokenSettings *settings;
  GMutex lock;     /* guards list and looked */
  GPtrArray *list; /* SigningKey, oldest first, at least one */
  int64_t looked;
};

static GPtrArray *
list_new(void)
{
  return g_ptr_array_new_with_free_func((GDestroyNotify)signing_key_free);
}

static GPtrArray *
list_of(TokenKeys *keys)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&keys->lock);
  return g_ptr_array_ref(keys->list);
}

static void
take_list(TokenKeys *keys, GPtrArray *list)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&keys->lock);
  g_clear_pointer(&keys->list, g_ptr_array_unref);
  keys->list = list;
}

/* --- rows --- */

static bool
read_list(TokenKeys *keys, GPtrArray *list, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(keys->sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows = sql_query(
      db, error, "SELECT kid, sealed, certificate, signs_from FROM token_keys ORDER BY signs_from",
      SQL_END);
  Found found;
  while ((found = sql_next(rows, error)) == FOUND) {
    SigningKey *key =
        signing_key_unseal(keys->sealer, sql_rows_text(rows, 0), sql_rows_bytes(rows, 1),
                           sql_rows_text(rows, 2), sql_rows_integer(rows, 3), error);
    if (key == NULL)
      return false;
    g_ptr_array_add(list, key);
  }
  return found != FAILED;
}

static bool
look_again(TokenKeys *keys, GError **error)
{
  g_autoptr(GPtrArray) list = list_new();
  if (!read_list(keys, list, error))
    return false;
  if (list->len > 0)
    take_list(keys, g_steal_pointer(&list));
  return true;
}

typedef struct {
  const SigningKey *key; /* NULL: none is made */
  GBytes *sealed;
  int64_t now, ended; /* those that began before it go, 0: none */
} Turn;

static bool
write_turn(SqlConnection *db, void *data, GError **error)
{
  const Turn *turn = data;
  if (turn->ended != 0 && !sql_run(db, NULL, error, "DELETE FROM token_keys WHERE signs_from < $1",
                                   SQL_INTEGER(turn->ended), SQL_END))
    return false;
  if (turn->key == NULL)
    return true;
  const char *kid = public_key_id(turn->key->public);
  return sql_run(db, NULL, error,
                 "INSERT INTO token_keys (kid, sealed, certificate, created, signs_from) "
                 "VALUES ($1, $2, $3, $4, $5)",
                 SQL_TEXT(kid), SQL_BYTES(slice_from_bytes(turn->sealed)),
                 SQL_TEXT(turn->key->certificate), SQL_INTEGER(turn->now),
                 SQL_INTEGER(turn->key->from), SQL_END) &&
         event_tell(db, "token-key.created", kid, NULL, error);
}

/* --- turning over --- */

static int64_t
age_of(const TokenKeys *keys)
{
  return (int64_t)keys->settings->key_age * G_USEC_PER_SEC;
}

/* So long after its last token was made a key is needed. */
static int64_t
life_of(const TokenKeys *keys)
{
  return ((int64_t)keys->settings->token_life + 2 * JWT_LEEWAY) * G_USEC_PER_SEC;
}

/* When the key begins that is to be made now; 0: none is. */
static int64_t
next_begin(const TokenKeys *keys, const GPtrArray *list, int64_t now)
{
  if (list->len == 0)
    return now;
  const SigningKey *last = g_ptr_array_index(list, list->len - 1);
  int64_t age = age_of(keys), begin = last->from + age;
  if (begin - MIN(age / 4, AHEAD_MOST_US) > now)
    return 0;
  return MAX(begin, now);
}

/* Keys that began before it sign no more, and no token by them lives; 0: there is none. */
static int64_t
end_of_old(const TokenKeys *keys, const GPtrArray *list, int64_t now)
{
  int64_t end = 0;
  for (guint i = 1; i < list->len; i++) {
    const SigningKey *key = g_ptr_array_index(list, i);
    if (key->from + life_of(keys) < now)
      end = key->from;
  }
  return end;
}

static SigningKey *
make_key(const TokenKeys *keys, int64_t from, GError **error)
{
  return signing_key_make(keys->settings->service, from, from + 2 * age_of(keys) + life_of(keys),
                          error);
}

bool
token_keys_turn(TokenKeys *keys, int64_t now, GError **error)
{
  g_autoptr(GPtrArray) list = list_new();
  if (!read_list(keys, list, error))
    return false;
  Turn turn = {.now = now, .ended = end_of_old(keys, list, now)};
  int64_t begin = next_begin(keys, list, now);
  g_autoptr(SigningKey) key = begin == 0 ? NULL : make_key(keys, begin, error);
  if (begin != 0 && key == NULL)
    return false;
  g_autoptr(GBytes) sealed = key == NULL ? NULL : signing_key_seal(key, keys->sealer, error);
  if (key != NULL && sealed == NULL)
    return false;
  turn.key = key;
  turn.sealed = sealed;
  g_autoptr(GError) late = NULL;
  /* Another node may have made the same one first. */
  if ((key != NULL || turn.ended != 0) && !sql_transact(keys->sql, write_turn, &turn, &late) &&
      !g_error_matches(late, ASSAY_ERROR, ASSAY_ERROR_EXISTS)) {
    g_propagate_error(error, g_steal_pointer(&late));
    return false;
  }
  return look_again(keys, error);
}

static uint32_t
every_hour(const void *room)
{
  const TokenKeys *keys = room;
  return sql_pool_is_read_only(keys->sql) ? 0 : 3600;
}

static JobOutcome
run_turn(Job *job, void *room, GError **error)
{
  return token_keys_turn(room, g_get_real_time(), error) ? JOB_DONE : JOB_AGAIN;
}

const JobKind token_keys_job = {.kind = "token-keys",
                                .attempts = 5,
                                .back_off = 60,
                                .first = 3600,
                                .every = every_hour,
                                .run = run_turn};

/* --- the object --- */

static bool
start_read_only(TokenKeys *keys, GError **error)
{
  if (!look_again(keys, error))
    return false;
  if (keys->list->len > 0)
    return true;
  SigningKey *key = make_key(keys, g_get_real_time(), error);
  if (key != NULL)
    g_ptr_array_add(keys->list, key);
  return key != NULL;
}

TokenKeys *
token_keys_new(SqlPool *sql, const Sealer *sealer, const TokenSettings *token_settings,
               GError **error)
{
  g_autoptr(TokenKeys) keys = g_new0(TokenKeys, 1);
  keys->sql = sql;
  keys->sealer = sealer;
  keys->settings = token_settings;
  keys->list = list_new();
  g_mutex_init(&keys->lock);
  bool right = sql_pool_is_read_only(sql) ? start_read_only(keys, error)
                                          : token_keys_turn(keys, g_get_real_time(), error);
  return right ? g_steal_pointer(&keys) : NULL;
}

void
token_keys_free(TokenKeys *keys)
{
  if (keys == NULL)
    return;
  g_ptr_array_unref(keys->list);
  g_mutex_clear(&keys->lock);
  g_free(keys);
}

const TokenSettings *
token_keys_settings(const TokenKeys *keys)
{
  return keys->settings;
}

/* --- use --- */

char *
token_keys_sign(TokenKeys *keys, const json_t *claims, GError **error)
{
  g_autoptr(GPtrArray) list = list_of(keys);
  int64_t now = g_get_real_time();
  const SigningKey *signs = g_ptr_array_index(list, 0);
  for (guint i = 1; i < list->len; i++) {
    const SigningKey *key = g_ptr_array_index(list, i);
    if (key->from <= now)
      signs = key;
  }
  return jwt_sign(signs->header, claims, signs->private, error);
}

/* As long as @list is. */
static GPtrArray *
public_list(const GPtrArray *list)
{
  GPtrArray *public = g_ptr_array_new();
  for (guint i = 0; i < list->len; i++)
    g_ptr_array_add(public, ((SigningKey *)g_ptr_array_index(list, i))->public);
  return public;
}

static json_t *
claims_by(TokenKeys *keys, const Jwt *jwt, GError **error)
{
  g_autoptr(GPtrArray) list = list_of(keys);
  g_autoptr(GPtrArray) public = public_list(list);
  return jwt_claims(jwt, public, error);
}

static bool
may_look_again(TokenKeys *keys)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&keys->lock);
  int64_t now = g_get_monotonic_time();
  bool may = keys->looked == 0 || keys->looked + LOOK_AGAIN_US < now;
  if (may)
    keys->looked = now;
  return may;
}

json_t *
token_keys_claims(TokenKeys *keys, const Jwt *jwt, GError **error)
{
  g_autoptr(GError) unknown = NULL;
  json_t *claims = claims_by(keys, jwt, &unknown);
  if (claims != NULL)
    return claims;
  if (g_error_matches(unknown, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND) && may_look_again(keys))
    return look_again(keys, error) ? claims_by(keys, jwt, error) : NULL;
  g_propagate_error(error, g_steal_pointer(&unknown));
  return NULL;
}

json_t *
token_keys_jwks(TokenKeys *keys)
{
  g_autoptr(GPtrArray) list = list_of(keys);
  g_autoptr(GPtrArray) public = public_list(list);
  return jwks_write(public);
}

char *
token_keys_certificates(TokenKeys *keys)
{
  g_autoptr(GPtrArray) list = list_of(keys);
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < list->len; i++)
    g_string_append(text, ((SigningKey *)g_ptr_array_index(list, i))->certificate);
  return g_string_free(text, FALSE);
}
