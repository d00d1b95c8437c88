/* Asking the process that signs; see the header. */
#include "sign/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"
#include "sign/keys/key-private.h"
#include "sign/signer_message-private.h"
#include "sign/signer_process-private.h"

#define DIED "the process that signs died, and nothing was signed; ask again"

/* It may die between being asked and answering, and signing twice does no harm. */
#define ATTEMPTS 2

struct Signer {
  SignerProcesses *processes;
};

Signer *
signer_new(const char *program)
{
  Signer *signer = g_new0(Signer, 1);
  signer->processes = signer_processes_new(program);
  return signer;
}

void
signer_free(Signer *signer)
{
  if (signer == NULL)
    return;
  signer_processes_free(signer->processes);
  g_free(signer);
}

/* --- one exchange --- */

typedef struct {
  int socket;
  int64_t until; /* monotonic time */
  Cancellable *cancellable;
} Exchange;

/* Until the socket can be read from, or written to. */
static bool
wait_for(const Exchange *exchange, short events, GError **error)
{
  for (;;) {
    struct pollfd sources[] = {{exchange->socket, events, 0},
                               {cancellable_descriptor(exchange->cancellable), POLLIN, 0}};
    int64_t left = (exchange->until - g_get_monotonic_time()) / 1000;
    if (cancellable_set_error_if_cancelled(exchange->cancellable, error))
      return false;
    if (left <= 0)
      return error_set(error, ASSAY_ERROR_TIMEOUT,
                       "the process that signs gave no answer in time; what keeps the key is slow, "
                       "or stands still");
    int got = poll(sources, G_N_ELEMENTS(sources), (int)MIN(left, G_MAXINT));
    if (got < 0 && errno != EINTR)
      return error_set_errno(error, errno, "wait for the process that signs");
    if (got > 0 && sources[0].revents != 0)
      return true;
  }
}

static bool
say(const Exchange *exchange, Slice request, GError **error)
{
  while (request.size > 0) {
    if (!wait_for(exchange, POLLOUT, error))
      return false;
    ssize_t sent = send(exchange->socket, request.data, request.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
      return error_set(error, ASSAY_ERROR_IO, DIED);
    request = slice_sub(request, sent < 0 ? 0 : (size_t)sent, request.size);
  }
  shutdown(exchange->socket, SHUT_WR);
  return true;
}

static bool
hear(const Exchange *exchange, GByteArray *answer, GError **error)
{
  uint8_t bytes[4096];
  for (;;) {
    if (!wait_for(exchange, POLLIN, error))
      return false;
    ssize_t got = recv(exchange->socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
      continue;
    if (got > 0 && answer->len + (size_t)got <= SIGNER_HEAD_MAX) {
      g_byte_array_append(answer, bytes, (guint)got);
      continue;
    }
    return (got == 0 && answer->len > 0) || error_set(error, ASSAY_ERROR_IO, DIED);
  }
}

/* What it answered; or false with *failure: ASSAY_ERROR_IO where it died. */
static bool
exchange(Signer *signer, const SignerRequest *request, Slice bytes, GByteArray *answer,
         Cancellable *cancellable, GError **failure)
{
  SignerProcess *process = NULL;
  auto_fd int socket = signer_process_connect(signer->processes, &process, failure);
  if (socket < 0)
    return false;
  const Exchange one = {socket,
                        g_get_monotonic_time() +
                            (int64_t)(request->seconds + SIGNER_GRACE_SECONDS) * G_USEC_PER_SEC,
                        cancellable};
  g_autoptr(GError) ended = NULL;
  g_byte_array_set_size(answer, 0);
  bool heard = say(&one, bytes, &ended) && hear(&one, answer, &ended);
  /* Whose wish ended it did not find the process wanting. */
  signer_process_release(signer->processes, process,
                         heard || g_error_matches(ended, ASSAY_ERROR, ASSAY_ERROR_CANCELLED));
  if (!heard)
    g_propagate_error(failure, g_steal_pointer(&ended));
  return heard;
}

static bool
ask(Signer *signer, const SignerRequest *request, Cancellable *cancellable, GBytes **result,
    char **version, GError **error)
{
  if (request->message.size > SIGNER_MESSAGE_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "what is signed has at most %zu bytes",
                     SIGNER_MESSAGE_MAX);
  g_autoptr(GByteArray) bytes = signer_request_write(request);
  g_autoptr(GByteArray) answer = g_byte_array_new();
  for (unsigned attempt = 1;; attempt++) {
    g_autoptr(GError) failure = NULL;
    if (exchange(signer, request, slice_new(bytes->data, bytes->len), answer, cancellable,
                 &failure))
      break;
    if (attempt < ATTEMPTS && g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_IO))
      continue;
    g_autofree char *name = key_name(request->texts[SIGNER_URI]);
    g_propagate_prefixed_error(error, g_steal_pointer(&failure), "key %s: ", name);
    return false;
  }
  return signer_answer_read(slice_new(answer->data, answer->len), result, version, error);
}

static SignerRequest
request_of(SignerVerb verb, const char *uri, const KeyOptions *options)
{
  static const KeyOptions none;
  if (options == NULL)
    options = &none;
  unsigned seconds = options->seconds == 0 ? SIGNER_SECONDS : options->seconds;
  return (SignerRequest){.verb = verb,
                         .seconds = MIN(seconds, SIGNER_SECONDS_MAX),
                         .texts = {[SIGNER_URI] = uri,
                                   [SIGNER_PASSWORD_FILE] = options->password_file,
                                   [SIGNER_PIN_FILE] = options->pin_file,
                                   [SIGNER_TOKEN_FILE] = options->token_file,
                                   [SIGNER_CA_FILE] = options->ca_file}};
}

GBytes *
signer_sign(Signer *signer, const char *uri, const KeyOptions *options,
            SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable, GError **error)
{
  SignerRequest request = request_of(SIGNER_SIGN, uri, options);
  g_autofree char *version = NULL;
  GBytes *signature = NULL;
  request.algorithm = algorithm;
  request.message = message;
  return ask(signer, &request, cancellable, &signature, &version, error) ? signature : NULL;
}

PublicKey *
signer_public_key(Signer *signer, const char *uri, const KeyOptions *options, char **version,
                  Cancellable *cancellable, GError **error)
{
  SignerRequest request = request_of(SIGNER_OPEN, uri, options);
  g_autoptr(GBytes) der = NULL;
  g_autofree char *told = NULL;
  if (!ask(signer, &request, cancellable, &der, &told, error))
    return NULL;
  PublicKey *key = public_key_read(slice_from_bytes(der), error);
  if (key != NULL && version != NULL)
    *version = g_steal_pointer(&told);
  return key;
}

bool
signer_make(Signer *signer, const char *uri, const char *algorithm, const KeyOptions *options,
            Cancellable *cancellable, GError **error)
{
  SignerRequest request = request_of(SIGNER_MAKE, uri, options);
  g_autoptr(GBytes) nothing = NULL;
  g_autofree char *version = NULL;
  request.texts[SIGNER_MADE] = algorithm;
  return ask(signer, &request, cancellable, &nothing, &version, error);
}

/* --- a key there --- */

typedef struct {
  Signer *signer;
  char *uri, *password_file, *pin_file, *token_file, *ca_file;
  unsigned seconds;
} KeyThere;

static GBytes *
sign_there(void *state, SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable,
           GError **error)
{
  const KeyThere *key = state;
  KeyOptions options = {key->password_file, key->pin_file, key->token_file, key->ca_file,
                        key->seconds};
  return signer_sign(key->signer, key->uri, &options, algorithm, message, cancellable, error);
}

static void
free_there(void *state)
{
  KeyThere *key = state;
  g_free(key->uri);
  g_free(key->password_file);
  g_free(key->pin_file);
  g_free(key->token_file);
  g_free(key->ca_file);
  g_free(key);
}

/* Of no URI: it is made by signer_key() alone. */
static const KeyKind kind_there = {.sign = sign_there, .free = free_there, .names_key = true};

Key *
signer_key(Signer *signer, const char *uri, const KeyOptions *options, Cancellable *cancellable,
           GError **error)
{
  static const KeyOptions none;
  OpenedKey opened = {NULL, NULL, NULL};
  opened.public = signer_public_key(signer, uri, options, &opened.version, cancellable, error);
  if (opened.public == NULL)
    return NULL;
  if (options == NULL)
    options = &none;
  KeyThere *key = g_new0(KeyThere, 1);
  *key = (KeyThere){signer,
                    g_strdup(uri),
                    g_strdup(options->password_file),
                    g_strdup(options->pin_file),
                    g_strdup(options->token_file),
                    g_strdup(options->ca_file),
                    options->seconds};
  opened.state = key;
  return key_new(uri, &kind_there, opened);
}
