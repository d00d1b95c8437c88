/* The process that has the keys: a thread a connection, and the keys that were opened. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cage/sanitised.h"
#include "sign/signer-private.h"
#include "sign/signer.h"

/* Key by what names it: its URI and its files. */
static GMutex lock;
static GHashTable *keys;

static void
release(void *key)
{
  key_free(key);
}

static const char *
text_of(const json_t *object, const char *name)
{
  return json_string_value(json_object_get(object, name));
}

static KeyOptions
options_of(const json_t *request)
{
  return (KeyOptions){.password_file = text_of(request, "password_file"),
                      .pin_file = text_of(request, "pin_file"),
                      .token_file = text_of(request, "token_file"),
                      .ca_file = text_of(request, "ca_file"),
                      .seconds = (unsigned)json_integer_value(json_object_get(request, "seconds"))};
}

static char *
name_of(const json_t *request)
{
  GString *name = g_string_new(NULL);
  static const char *const parts[] = {"uri",        "password_file", "pin_file",
                                      "token_file", "ca_file",       NULL};
  for (size_t i = 0; parts[i] != NULL; i++) {
    const char *text = text_of(request, parts[i]);
    g_string_append_printf(name, "%zu:%s\n", text == NULL ? 0 : strlen(text),
                           text == NULL ? "" : text);
  }
  return g_string_free(name, FALSE);
}

/* (transfer full) */
static Key *
open_key(const json_t *request, GError **error)
{
  KeyOptions options = options_of(request);
  const char *uri = text_of(request, "uri");
  if (uri == NULL) {
    error_set(error, ASSAY_ERROR_INVALID, "no key is named");
    return NULL;
  }
  Key *key = key_open(uri, &options, NULL, error);
  if (key == NULL)
    return NULL;
  g_mutex_lock(&lock);
  g_hash_table_replace(keys, name_of(request), key_ref(key));
  g_mutex_unlock(&lock);
  return key;
}

/* One that is open, or is opened now. (transfer full) */
static Key *
find_key(const json_t *request, GError **error)
{
  g_autofree char *name = name_of(request);
  g_mutex_lock(&lock);
  Key *key = g_hash_table_lookup(keys, name);
  if (key != NULL)
    key_ref(key);
  g_mutex_unlock(&lock);
  return key != NULL ? key : open_key(request, error);
}

/* It is opened anew the next time: a token that was away is another session. */
static void
forget_key(const json_t *request)
{
  g_autofree char *name = name_of(request);
  g_mutex_lock(&lock);
  g_hash_table_remove(keys, name);
  g_mutex_unlock(&lock);
}

/* (transfer full) */
static GBytes *
sign(const json_t *request, Slice message, GError **error)
{
  g_autoptr(Key) key = find_key(request, error);
  json_int_t algorithm = json_integer_value(json_object_get(request, "algorithm"));
  if (key == NULL)
    return NULL;
  if (algorithm < 0 || algorithm >= ALGORITHM_COUNT) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED, "there is no such algorithm");
    return NULL;
  }
  GBytes *signature = key_sign(key, (SignatureAlgorithm)algorithm, message, NULL, error);
  if (signature == NULL)
    forget_key(request);
  return signature;
}

static void
tell_error(json_t *answer, const GError *error)
{
  json_set_number(answer, "code",
                  error->domain == ASSAY_ERROR ? (uint64_t)error->code : ASSAY_ERROR_FAILED);
  json_set_string(answer, "error", error->message);
}

static bool
answer_one(int socket)
{
  g_autoptr(json_t) request = NULL;
  g_autoptr(GBytes) message = NULL, signature = NULL;
  g_autoptr(GError) error = NULL;
  if (!signer_receive(socket, &request, &message))
    return false;
  g_autoptr(json_t) answer = json_object();
  if (g_strcmp0(text_of(request, "do"), "open") == 0) {
    g_autoptr(Key) key = open_key(request, &error);
    g_autofree char *pem = key == NULL ? NULL : public_key_to_pem(key_public(key));
    if (pem != NULL) {
      json_set_string(answer, "public", pem);
      json_set_string(answer, "version", key_version(key));
    }
  } else {
    signature = sign(request, slice_from_bytes(message), &error);
  }
  if (error != NULL)
    tell_error(answer, error);
  return signer_send(socket, answer, signature == NULL ? SLICE_EMPTY : slice_from_bytes(signature));
}

static void *
serve_connection(void *data)
{
  auto_fd int socket = GPOINTER_TO_INT(data);
  while (answer_one(socket))
    continue;
  return NULL;
}

/* Nobody reads our memory: not a core file, not another process of the same user, not the swap
 * where there is leave to lock it. */
static void
close_up(void)
{
  const struct rlimit none = {0, 0};
  struct rlimit locked;
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
  if (!SANITISED && getrlimit(RLIMIT_MEMLOCK, &locked) == 0 &&
      (locked.rlim_cur == RLIM_INFINITY || geteuid() == 0))
    mlockall(MCL_CURRENT | MCL_FUTURE);
}

bool
signer_serve(void)
{
  int type;
  socklen_t size = sizeof type;
  if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
    return false;
  close_up();
  signal(SIGPIPE, SIG_IGN);
  /* Not what its terminal sends to all: the server has work to end first. */
  signal(SIGINT, SIG_IGN);
  keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, release);
  for (int socket; (socket = signer_receive_socket(STDIN_FILENO)) >= 0;) {
    GThread *thread = g_thread_try_new("signing", serve_connection, GINT_TO_POINTER(socket), NULL);
    if (thread == NULL)
      close(socket);
    else
      g_thread_unref(thread);
  }
  /* Threads may be within a call to a token or a service; there is nobody to answer. */
  _exit(0);
}
