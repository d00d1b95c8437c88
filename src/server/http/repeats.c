/* Requests that are not to be done twice; see the header. */
#include "server/http/repeats.h"

#include <string.h>

#include "access/idempotency.h"
#include "access/keys/sealed.h"
#include "base/error.h"
#include "base/log.h"
#include "server/http/http-private.h"
#include "server/http/microhttpd_library-private.h"
#include "server/http/problem.h"

#define KEY_BYTES_MAX 255u
/* Of an answer; a longer one is not kept. */
#define ANSWER_BYTES_MAX ((size_t)64 * 1024)

struct Repeat {
  char *who, *key, *fingerprint, *attempt;
  char *place; /* in `running` */
};

/* What is at work now, in this process: who and key. */
static GMutex running_lock;
static GHashTable *running;

static void
repeat_free(Repeat *repeat)
{
  g_free(repeat->who);
  g_free(repeat->key);
  g_free(repeat->fingerprint);
  g_free(repeat->attempt);
  g_free(repeat->place);
  g_free(repeat);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Repeat, repeat_free)

static SqlPool *
sql_of(const Request *request)
{
  return access_sql(request->server->access);
}

static KeyedRequest
keyed(const Repeat *repeat)
{
  return (KeyedRequest){repeat->who, repeat->key, repeat->fingerprint, repeat->attempt};
}

/* --- the key --- */

/* A string of RFC 8941 in its quotes, or the same without: 1 to 255 printable characters, and no
 * quote or backslash. (transfer full), NULL: it is none */
static char *
key_of(const char *header)
{
  Slice key = slice_strip(slice_from_string(header));
  if (key.size >= 2 && key.data[0] == '"' && key.data[key.size - 1] == '"')
    key = slice_sub(key, 1, key.size - 2);
  bool plain = key.size >= 1 && key.size <= KEY_BYTES_MAX;
  for (size_t i = 0; i < key.size && plain; i++)
    plain = key.data[i] >= 0x20 && key.data[i] < 0x7f && key.data[i] != '"' && key.data[i] != '\\';
  return plain ? slice_to_string(key) : NULL;
}

static void
add(GChecksum *hash, const void *bytes, gsize size)
{
  g_autofree char *length = g_strdup_printf("%" G_GSIZE_FORMAT ":", size);
  g_checksum_update(hash, (const guchar *)length, -1);
  if (size > 0)
    g_checksum_update(hash, bytes, (gssize)size);
}

static enum MHD_Result
add_argument(void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
  add(data, name, strlen(name));
  add(data, value, value == NULL ? 0 : strlen(value));
  return MHD_YES;
}

/* Of path, query and body, in which a password may be: by a key that is not in the database.
 * (transfer full) */
static char *
fingerprint_of(const Request *request)
{
  g_autoptr(GChecksum) hash = g_checksum_new(G_CHECKSUM_SHA256);
  gsize size = 0;
  const void *body = request->body == NULL ? NULL : g_bytes_get_data(request->body, &size);
  add(hash, request->path, strlen(request->path));
  add(hash, body, size);
  microhttpd()->get_connection_values(request->handle, MHD_GET_ARGUMENT_KIND, add_argument, hash);
  return sealer_mark(access_sealer(request->server->access), "idempotency",
                     slice_from_string(g_checksum_get_string(hash)));
}

static Repeat *
repeat_new(const Request *request, char *key)
{
  const Principal *who = request->principal;
  Repeat *repeat = g_new0(Repeat, 1);
  repeat->who = g_strdup_printf("%s %" G_GINT64_FORMAT " %s", principal_kind_name(who->kind),
                                who->id, who->name);
  repeat->key = key;
  repeat->fingerprint = fingerprint_of(request);
  repeat->attempt = g_uuid_string_random();
  repeat->place = g_strconcat(repeat->who, "\n", key, NULL);
  return repeat;
}

/* False: it is at work already. */
static bool
enter(const Repeat *repeat)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&running_lock);
  if (running == NULL)
    running = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return g_hash_table_add(running, g_strdup(repeat->place));
}

static void
leave(const Repeat *repeat)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&running_lock);
  g_hash_table_remove(running, repeat->place);
}

/* --- the answers --- */

static void
respond_conflict(Request *request, const char *location, const char *message)
{
  respond_oci_error(request, MHD_HTTP_CONFLICT, "CONFLICT", message, NULL);
  if (location != NULL)
    response_header(request, "Location", location);
}

static void
respond_again(Request *request, const Repeat *repeat, const KeptRequest *kept)
{
  if (strcmp(kept->fingerprint, repeat->fingerprint) != 0) {
    respond_oci_error(request, MHD_HTTP_UNPROCESSABLE_CONTENT, "KEY_REUSED",
                      "this idempotency key belongs to another request of the last 24 hours", NULL);
  } else if (kept->status == 0 || kept->answer == NULL) {
    respond_conflict(request, kept->location,
                     kept->status == 0
                         ? "this request was done before, and what was answered then is not known"
                         : "this request was done before; its answer is not given again, for it "
                           "held a secret that is shown once, or was too long");
  } else {
    respond_text(request, (unsigned)kept->status, "application/json", kept->answer);
    if (kept->location != NULL)
      response_header(request, "Location", kept->location);
    response_header(request, "Idempotency-Replayed", "true");
  }
}

/* False: it has responded. */
static bool
is_new(Request *request, const Repeat *repeat)
{
  g_autoptr(GError) error = NULL;
  g_auto(KeptRequest) kept = {0};
  bool room = false;
  Found found = idempotency_find(sql_of(request), repeat->who, repeat->key, &kept, &error);
  if (found == FOUND) {
    respond_again(request, repeat, &kept);
    return false;
  }
  if (found == FAILED || !idempotency_has_room(sql_of(request), repeat->who, &room, &error)) {
    respond_error(request, error);
    return false;
  }
  if (room)
    return true;
  respond_oci_error(request, MHD_HTTP_TOO_MANY_REQUESTS, "TOOMANYREQUESTS",
                    "too many idempotency keys of the last 24 hours are kept for you; ask without "
                    "one",
                    NULL);
  response_header(request, "Retry-After", "3600");
  return false;
}

/* --- a request --- */

static bool
takes_keys(const Request *request)
{
  const Principal *who = request->principal;
  return request_is_of_api(request) && strcmp(request->method, "POST") == 0 && who != NULL &&
         who->kind != PRINCIPAL_ANONYMOUS;
}

Repeat *
repeat_begin(Request *request)
{
  const char *header = takes_keys(request) ? request_header(request, "Idempotency-Key") : NULL;
  char *key = header == NULL ? NULL : key_of(header);
  if (header == NULL)
    return NULL;
  if (key == NULL) {
    respond_oci_error(request, MHD_HTTP_BAD_REQUEST, "INVALID",
                      "Idempotency-Key must be a string of 1 to 255 printable characters, in "
                      "quotes",
                      NULL);
    return NULL;
  }
  g_autoptr(Repeat) repeat = repeat_new(request, key);
  if (!enter(repeat)) {
    respond_conflict(request, NULL, "a request with this idempotency key is at work; ask again");
    return NULL;
  }
  if (is_new(request, repeat))
    return g_steal_pointer(&repeat);
  leave(repeat);
  return NULL;
}

bool
repeat_claim(const Repeat *repeat, SqlConnection *db, GError **error)
{
  const KeyedRequest request = keyed(repeat);
  return idempotency_claim(db, &request, error);
}

void
repeat_end(Repeat *repeat, Request *request)
{
  g_autoptr(GError) error = NULL;
  const KeyedRequest it = keyed(repeat);
  bool done = request_has_response(request) && request->status < 300;
  const char *cache = request_answered_header(request, "Cache-Control");
  bool secret = request->shown_once || (cache != NULL && strstr(cache, "no-store") != NULL);
  const char *text = secret ? NULL : request->answer;
  bool kept =
      done
          ? idempotency_keep(sql_of(request), &it, request->status,
                             request_answered_header(request, "Location"),
                             text != NULL && strlen(text) <= ANSWER_BYTES_MAX ? text : NULL, &error)
          : idempotency_release(sql_of(request), &it, &error);
  if (!kept)
    log_warning("the answer of a request with a key cannot be kept", "error", error->message, NULL);
  leave(repeat);
  repeat_free(repeat);
}
