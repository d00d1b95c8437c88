/* An issuer of tokens; see the header.
 *
 * `lock` guards what is at hand, and is held for moments. Who must ask holds `asking` for as long
 * as that takes, so that one thread asks and the others find what it has got. */
#include "access/directory/issuer.h"

#include <fcntl.h>
#include <string.h>

#include "access/keys/jwt.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "sign/keys/jwks.h"

/* Seconds. */
#define FRESH   3600
#define AT_HAND (24 * 3600)

typedef struct {
  IssuerDocument *document;
  GPtrArray *keys; /* PublicKey */
  int64_t read;    /* when (g_get_monotonic_time()); 0: never */
  int64_t asked;   /* when it was last tried */
  int64_t again; /* when it was last asked because of a token, although what is at hand is fresh */
  GError *failure; /* of the last try; NULL: it went well */
} AtHand;

struct Issuer {
  const IssuerSettings *settings;
  Issuers *all;
  int inside; /* threads that ask it, or wait for one that does; atomic */
  GMutex asking, lock;
  AtHand at_hand;
};

struct Issuers {
  GMutex lock;      /* guards `list` */
  GHashTable *list; /* Issuer, by what is said of it */
  int inside;       /* the sum of theirs; atomic */
};

static int64_t
seconds(int64_t count)
{
  return count * G_USEC_PER_SEC;
}

/* --- the list --- */

static void
issuer_free(void *data)
{
  Issuer *issuer = data;
  g_mutex_clear(&issuer->asking);
  g_mutex_clear(&issuer->lock);
  issuer_document_unref(issuer->at_hand.document);
  g_clear_pointer(&issuer->at_hand.keys, g_ptr_array_unref);
  g_clear_error(&issuer->at_hand.failure);
  g_free(issuer);
}

Issuers *
issuers_new(void)
{
  Issuers *issuers = g_new0(Issuers, 1);
  g_mutex_init(&issuers->lock);
  issuers->list = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, issuer_free);
  return issuers;
}

void
issuers_free(Issuers *issuers)
{
  if (issuers == NULL)
    return;
  g_hash_table_unref(issuers->list);
  g_mutex_clear(&issuers->lock);
  g_free(issuers);
}

/* Two that are not reached in the same way are not the same. */
static char *
key_of(const IssuerSettings *settings)
{
  return g_strjoin("\n", settings->issuer, settings->ca_file != NULL ? settings->ca_file : "",
                   settings->keys_file != NULL ? settings->keys_file : "",
                   settings->plain_http ? "http" : "", NULL);
}

Issuer *
issuers_find(Issuers *issuers, const IssuerSettings *settings)
{
  g_autofree char *key = key_of(settings);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&issuers->lock);
  Issuer *issuer = g_hash_table_lookup(issuers->list, key);
  if (issuer != NULL)
    return issuer;
  issuer = g_new0(Issuer, 1);
  issuer->settings = settings;
  issuer->all = issuers;
  g_mutex_init(&issuer->asking);
  g_mutex_init(&issuer->lock);
  g_hash_table_insert(issuers->list, g_steal_pointer(&key), issuer);
  return issuer;
}

/* --- asking it --- */

static void
leave(Issuer *issuer)
{
  g_atomic_int_add(&issuer->inside, -1);
  g_atomic_int_add(&issuer->all->inside, -1);
}

static bool
enter(Issuer *issuer, GError **error)
{
  bool few = g_atomic_int_add(&issuer->inside, 1) < ISSUER_AT_ONCE;
  if (g_atomic_int_add(&issuer->all->inside, 1) < ISSUERS_AT_ONCE && few)
    return true;
  leave(issuer);
  if (few)
    return error_set(error, ASSAY_ERROR_BUSY, "issuers are asked by %d at once already",
                     ISSUERS_AT_ONCE);
  return error_set(error, ASSAY_ERROR_BUSY, "%s is asked by %d at once already",
                   issuer->settings->issuer, ISSUER_AT_ONCE);
}

static HttpResponse *
ask_for(const Issuer *issuer, const char *url, const char *const *headers, const char *form,
        GError **error)
{
  g_autoptr(HttpClient) client = http_client_new(issuer->settings->ca_file);
  g_autoptr(GPtrArray) all = g_ptr_array_new();
  http_client_set_strict(client, issuer->settings->timeout);
  for (size_t i = 0; headers != NULL && headers[i] != NULL; i++)
    g_ptr_array_add(all, (char *)(uintptr_t)headers[i]);
  g_ptr_array_add(all, (char *)(uintptr_t) "Accept: application/json");
  if (form != NULL)
    g_ptr_array_add(all, (char *)(uintptr_t) "Content-Type: application/x-www-form-urlencoded");
  g_ptr_array_add(all, NULL);
  return http_client_request(
      client, form != NULL ? "POST" : "GET", url, (const char *const *)all->pdata,
      form != NULL ? slice_from_string(form) : SLICE_EMPTY, ISSUER_ANSWER_MAX, NULL, error);
}

HttpResponse *
issuer_ask(Issuer *issuer, const char *url, const char *const *headers, const char *form,
           GError **error)
{
  if (!enter(issuer, error))
    return NULL;
  HttpResponse *response = ask_for(issuer, url, headers, form, error);
  leave(issuer);
  return response;
}

static GBytes *
get(const Issuer *issuer, const char *url, GError **error)
{
  g_autoptr(HttpResponse) response = ask_for(issuer, url, NULL, NULL, error);
  if (response == NULL)
    return NULL;
  if (response->status == 200 && response->body != NULL)
    return g_bytes_ref(response->body);
  error_set(error, ASSAY_ERROR_NETWORK, "%s: HTTP status %ld", url, response->status);
  return NULL;
}

static IssuerDocument *
ask_document(const Issuer *issuer, GError **error)
{
  const IssuerSettings *settings = issuer->settings;
  size_t size = strlen(settings->issuer);
  bool slash = size > 0 && settings->issuer[size - 1] == '/';
  g_autofree char *url =
      g_strconcat(settings->issuer, slash ? "" : "/", ".well-known/openid-configuration", NULL);
  g_autoptr(GBytes) text = get(issuer, url, error);
  if (text == NULL)
    return NULL;
  IssuerDocument *document =
      issuer_document_read(slice_from_bytes(text), settings->issuer, settings->plain_http, error);
  if (document == NULL)
    g_prefix_error(error, "%s: ", url);
  return document;
}

static GPtrArray *
read_keys(GBytes *text, const char *where, GError **error)
{
  g_autoptr(GPtrArray) keys = text == NULL ? NULL : jwks_read(slice_from_bytes(text), error);
  if (text != NULL && keys == NULL)
    g_prefix_error(error, "%s: ", where);
  if (keys == NULL || keys->len > 0)
    return g_steal_pointer(&keys);
  error_set(error, ASSAY_ERROR_INVALID, "%s: there is no key that tokens could be verified by",
            where);
  return NULL;
}

/* Both, or what is missing of them is an error. */
static bool
ask(const Issuer *issuer, IssuerDocument **document, GPtrArray **keys, GError **error)
{
  const char *file = issuer->settings->keys_file;
  if (file != NULL) {
    g_autoptr(GBytes) text = file_read(AT_FDCWD, file, JWKS_BYTES_MAX, error);
    *keys = read_keys(text, file, error);
    *document = *keys == NULL ? NULL : ask_document(issuer, NULL);
    return *keys != NULL;
  }
  *document = ask_document(issuer, error);
  if (*document == NULL)
    return false;
  g_autoptr(GBytes) text = get(issuer, (*document)->jwks_uri, error);
  *keys = read_keys(text, (*document)->jwks_uri, error);
  return *keys != NULL;
}

/* --- what is at hand --- */

typedef struct {
  IssuerDocument *document;
  GPtrArray *keys;
  int64_t read;
} Copy;

static void
copy_clear(Copy *copy)
{
  g_clear_pointer(&copy->document, issuer_document_unref);
  g_clear_pointer(&copy->keys, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Copy, copy_clear)

/* With the lock. */
static bool
copy_if_newer(const AtHand *at_hand, int64_t oldest, Copy *copy)
{
  if (at_hand->read == 0 || at_hand->read <= oldest)
    return false;
  copy->document = at_hand->document != NULL ? issuer_document_ref(at_hand->document) : NULL;
  copy->keys = g_ptr_array_ref(at_hand->keys);
  copy->read = at_hand->read;
  return true;
}

static bool
take_if_newer(Issuer *issuer, int64_t oldest, Copy *copy)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&issuer->lock);
  return copy_if_newer(&issuer->at_hand, oldest, copy);
}

/* Keeps what an issuer said, or why it said nothing. */
static void
keep(Issuer *issuer, IssuerDocument *document, GPtrArray *keys, GError *failure)
{
  AtHand *at_hand = &issuer->at_hand;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&issuer->lock);
  at_hand->asked = g_get_monotonic_time();
  g_clear_error(&at_hand->failure);
  at_hand->failure = failure;
  if (failure != NULL)
    return;
  /* With keys of a file, the document is a help that may be missing: the former one goes on. */
  if (document != NULL) {
    issuer_document_unref(at_hand->document);
    at_hand->document = document;
  }
  g_clear_pointer(&at_hand->keys, g_ptr_array_unref);
  at_hand->keys = keys;
  at_hand->read = at_hand->asked;
}

/* Neither is who fails asked again at once, nor who is asked because of tokens that anybody can
 * make up. */
static bool
may_ask(Issuer *issuer, bool again)
{
  int64_t now = g_get_monotonic_time(), pause = seconds(ISSUER_AGAIN);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&issuer->lock);
  AtHand *at_hand = &issuer->at_hand;
  if ((at_hand->failure != NULL && now < at_hand->asked + pause) ||
      (again && at_hand->again != 0 && now < at_hand->again + pause))
    return false;
  if (again)
    at_hand->again = now;
  return true;
}

static bool
report_failure(Issuer *issuer, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&issuer->lock);
  const GError *failure = issuer->at_hand.failure;
  if (failure == NULL)
    return error_set(error, ASSAY_ERROR_NETWORK, "%s: nothing is known of it yet",
                     issuer->settings->issuer);
  if (error != NULL)
    *error = g_error_copy(failure);
  return false;
}

static void
ask_and_keep(Issuer *issuer)
{
  IssuerDocument *document = NULL;
  GPtrArray *keys = NULL;
  GError *failure = NULL;
  if (!ask(issuer, &document, &keys, &failure)) {
    log_warning("an issuer of tokens does not say what it must; what it said before counts for a "
                "day",
                "issuer", issuer->settings->issuer, "error", failure->message, NULL);
    issuer_document_unref(document);
    document = NULL;
  }
  keep(issuer, document, keys, failure);
}

/* One thread asks; those that have waited for it find what it has got. */
static bool
ask_or_wait(Issuer *issuer, int64_t seen, Copy *copy, GError **error)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&issuer->asking);
  int64_t now = g_get_monotonic_time();
  if (take_if_newer(issuer, MAX(seen, now - seconds(FRESH)), copy))
    return true;
  if (may_ask(issuer, seen != 0))
    ask_and_keep(issuer);
  return take_if_newer(issuer, now - seconds(AT_HAND), copy) || report_failure(issuer, error);
}

/* What is at hand and fresh, and was read after @seen (0: whenever); what is older only while
 * nothing better can be had. */
static bool
look(Issuer *issuer, int64_t seen, Copy *copy, GError **error)
{
  int64_t now = g_get_monotonic_time();
  g_autoptr(GError) busy = NULL;
  if (take_if_newer(issuer, MAX(seen, now - seconds(FRESH)), copy))
    return true;
  if (enter(issuer, &busy)) {
    bool found = ask_or_wait(issuer, seen, copy, error);
    leave(issuer);
    return found;
  }
  if (take_if_newer(issuer, now - seconds(AT_HAND), copy))
    return true;
  g_propagate_error(error, g_steal_pointer(&busy));
  return false;
}

IssuerDocument *
issuer_document(Issuer *issuer, GError **error)
{
  g_auto(Copy) copy = {0};
  if (!look(issuer, 0, &copy, error))
    return NULL;
  if (copy.document == NULL)
    error_set(error, ASSAY_ERROR_NETWORK, "%s has published nothing of itself",
              issuer->settings->issuer);
  return g_steal_pointer(&copy.document);
}

/* --- tokens --- */

/* What is wrong with a token is never a fault of ours. */
static json_t *
deny(GError *why, GError **error)
{
  error_set(error, ASSAY_ERROR_DENIED, "%s", why->message);
  g_error_free(why);
  return NULL;
}

/* Whether newer keys could help. */
static bool
is_by_unknown(const Jwt *jwt, const GError *failure)
{
  return g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND) ||
         (jwt->kid == NULL && g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_DENIED));
}

static json_t *
signed_claims(Issuer *issuer, const Jwt *jwt, GError **error)
{
  g_auto(Copy) first = {0}, again = {0};
  g_autoptr(GError) failure = NULL;
  if (!look(issuer, 0, &first, error))
    return NULL;
  json_t *claims = jwt_claims(jwt, first.keys, &failure);
  if (claims == NULL && is_by_unknown(jwt, failure) && look(issuer, first.read, &again, NULL) &&
      again.read > first.read) {
    g_clear_error(&failure);
    claims = jwt_claims(jwt, again.keys, &failure);
  }
  return claims != NULL ? claims : deny(g_steal_pointer(&failure), error);
}

/* One that was made to be shown as this one's identity; others (logout tokens, access tokens) say
 * what they are (RFC 8725, section 3.11). */
static bool
is_of_type(const Jwt *jwt)
{
  return jwt->type == NULL || g_ascii_strcasecmp(jwt->type, "JWT") == 0 ||
         g_ascii_strcasecmp(jwt->type, "application/jwt") == 0;
}

static bool
check_claims(const Issuer *issuer, const json_t *claims, const char *audience, GError **error)
{
  const char *by = json_get_string(claims, "iss"), *subject = json_get_string(claims, "sub");
  if (g_strcmp0(by, issuer->settings->issuer) != 0)
    return error_set(error, ASSAY_ERROR_DENIED, "the token is by %.200s, not by %s",
                     by != NULL ? by : "nobody", issuer->settings->issuer);
  if (!jwt_is_for(claims, audience))
    return error_set(error, ASSAY_ERROR_DENIED, "the token is not for the audience %s", audience);
  if (subject == NULL || *subject == '\0' || strlen(subject) > ISSUER_SUBJECT_MAX)
    return error_set(error, ASSAY_ERROR_DENIED, "the token does not say whom it is about (sub)");
  return jwt_check_times(claims, g_get_real_time() / G_USEC_PER_SEC, error);
}

json_t *
issuer_verify(Issuer *issuer, const char *token, const char *audience, GError **error)
{
  g_autoptr(GError) wrong = NULL;
  g_autoptr(Jwt) jwt = jwt_parse(slice_from_string(token), &wrong);
  if (jwt == NULL)
    return deny(g_steal_pointer(&wrong), error);
  if (!is_of_type(jwt)) {
    error_set(error, ASSAY_ERROR_DENIED, "the token is of the type %.50s", jwt->type);
    return NULL;
  }
  g_autoptr(json_t) claims = signed_claims(issuer, jwt, error);
  if (claims == NULL || !check_claims(issuer, claims, audience, error))
    return NULL;
  return g_steal_pointer(&claims);
}
