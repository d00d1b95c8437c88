/* Asking the signer, and starting it where there is none; see the header. */
#include "sign/signer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "sign/keys/key-private.h"
#include "sign/signer-private.h"

#define IDLE_MAX 64u
/* Beyond what the kind itself waits for: it tells better what it waited for. */
#define PATIENCE_SECONDS 5
#define SECONDS_DEFAULT  10u
/* It may die between being asked and answering. */
#define ATTEMPTS 2

extern char **environ;

struct Signer {
  char *program;
  GMutex lock;
  pid_t pid;        /* 0: none; all of this under `lock` */
  int socket;       /* over which it gets connections */
  unsigned process; /* counts those that were started */
  GArray *idle;     /* int: connections to it that nobody uses */
};

Signer *
signer_new(const char *program)
{
  Signer *signer = g_new0(Signer, 1);
  signer->program = g_strdup(program == NULL ? "/proc/self/exe" : program);
  signer->socket = -1;
  signer->idle = g_array_new(FALSE, FALSE, sizeof(int));
  g_mutex_init(&signer->lock);
  return signer;
}

/* Under the lock. */
static void
close_idle(Signer *signer)
{
  for (guint i = 0; i < signer->idle->len; i++)
    close(g_array_index(signer->idle, int, i));
  g_array_set_size(signer->idle, 0);
}

/* Under the lock. */
static void
end_process(Signer *signer)
{
  close_idle(signer);
  fd_clear(&signer->socket);
  if (signer->pid == 0)
    return;
  kill(signer->pid, SIGKILL);
  while (waitpid(signer->pid, NULL, 0) < 0 && errno == EINTR)
    continue;
  signer->pid = 0;
}

void
signer_free(Signer *signer)
{
  if (signer == NULL)
    return;
  end_process(signer);
  g_array_unref(signer->idle);
  g_mutex_clear(&signer->lock);
  g_free(signer->program);
  g_free(signer);
}

/* --- its process --- */

static int
spawn(const char *program, int socket, pid_t *pid)
{
  char name[] = "assay", command[] = "signer";
  char *arguments[] = {name, command, NULL};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  /* Passwords and settings of modules may be in the environment. */
  int code = posix_spawn(pid, program, &actions, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return code;
}

/* Under the lock. */
static bool
start(Signer *signer, GError **error)
{
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return error_set_errno(error, errno, "start the signer");
  int code = spawn(signer->program, ends[1], &signer->pid);
  close(ends[1]);
  if (code != 0) {
    close(ends[0]);
    signer->pid = 0;
    return error_set_errno(error, code, "start the signer");
  }
  signer->socket = ends[0];
  signer->process++;
  return true;
}

/* A connection that nobody else uses, to the process of the number *@process. -1 with *error. */
static int
take_connection(Signer *signer, unsigned *process, GError **error)
{
  int connection = -1, ends[2];
  g_mutex_lock(&signer->lock);
  if (signer->pid == 0 && !start(signer, error)) {
    g_mutex_unlock(&signer->lock);
    return -1;
  }
  *process = signer->process;
  if (signer->idle->len > 0) {
    connection = g_array_index(signer->idle, int, signer->idle->len - 1);
    g_array_set_size(signer->idle, signer->idle->len - 1);
  } else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
    error_set_errno(error, errno, "a connection to the signer");
  } else {
    int code = signer_send_socket(signer->socket, ends[1]);
    close(ends[1]);
    if (code == 0) {
      connection = ends[0];
    } else {
      close(ends[0]);
      end_process(signer);
      error_set(error, ASSAY_ERROR_IO, "the signer died: %s", g_strerror(code));
    }
  }
  g_mutex_unlock(&signer->lock);
  return connection;
}

static void
give_back(Signer *signer, int connection, unsigned process)
{
  g_mutex_lock(&signer->lock);
  bool kept = process == signer->process && signer->pid != 0 && signer->idle->len < IDLE_MAX;
  if (kept)
    g_array_append_val(signer->idle, connection);
  g_mutex_unlock(&signer->lock);
  if (!kept)
    close(connection);
}

/* --- one request --- */

/* Waits for an answer that is to begin. */
static bool
wait_for_answer(int connection, unsigned seconds, Cancellable *cancellable, GError **error)
{
  int64_t until = g_get_monotonic_time() + (int64_t)(seconds + PATIENCE_SECONDS) * G_USEC_PER_SEC;
  for (;;) {
    struct pollfd waits[] = {{connection, POLLIN, 0},
                             {cancellable_descriptor(cancellable), POLLIN, 0}};
    int64_t left = (until - g_get_monotonic_time()) / 1000;
    int got = left <= 0 ? 0 : poll(waits, 2, (int)left);
    if (cancellable_set_error_if_cancelled(cancellable, error))
      return false;
    if (got > 0)
      return true;
    if (got == 0)
      return error_set(error, ASSAY_ERROR_TIMEOUT, "no signature came within %u seconds",
                       seconds + PATIENCE_SECONDS);
    if (errno != EINTR)
      return error_set_errno(error, errno, "wait for the signer");
  }
}

typedef struct {
  json_t *json;
  GBytes *bytes;
} Answer;

/* *died: there was no answer, for the process is gone. */
static bool
ask_once(Signer *signer, const json_t *request, Slice bytes, Answer *answer, bool *died,
         Cancellable *cancellable, GError **error)
{
  unsigned process = 0, seconds = (unsigned)json_integer_value(json_object_get(request, "seconds"));
  int connection = take_connection(signer, &process, error);
  *died = true;
  if (connection < 0)
    return false;
  bool sent = signer_send(connection, request, bytes);
  *died = !sent;
  bool waited = sent && wait_for_answer(connection, seconds, cancellable, error);
  if (waited && signer_receive(connection, &answer->json, &answer->bytes)) {
    give_back(signer, connection, process);
    return true;
  }
  *died = !sent || waited;
  close(connection);
  if (*died) {
    g_mutex_lock(&signer->lock);
    if (process == signer->process)
      end_process(signer);
    g_mutex_unlock(&signer->lock);
    error_set(error, ASSAY_ERROR_IO, "the signer died");
  }
  return false;
}

/* Clears what the answer says of an error. */
static bool
check_answer(const Answer *answer, GError **error)
{
  const char *failure = json_string_value(json_object_get(answer->json, "error"));
  json_int_t code = json_integer_value(json_object_get(answer->json, "code"));
  if (failure == NULL)
    return true;
  g_set_error_literal(error, ASSAY_ERROR, (int)code, failure);
  return false;
}

static bool
ask(Signer *signer, const json_t *request, Slice bytes, Answer *answer, Cancellable *cancellable,
    GError **error)
{
  if (bytes.size > SIGNER_BYTES_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "more than %u bytes are not signed",
                     SIGNER_BYTES_MAX);
  for (unsigned i = 1;; i++) {
    g_autoptr(GError) failure = NULL;
    bool died = false;
    if (ask_once(signer, request, bytes, answer, &died, cancellable, &failure))
      return check_answer(answer, error);
    if (!died || i == ATTEMPTS) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
  }
}

static void
answer_clear(Answer *answer)
{
  json_decref(answer->json);
  g_clear_pointer(&answer->bytes, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

/* --- its keys, as others see them --- */

typedef struct {
  Signer *signer;
  json_t *request; /* what names the key */
} State;

static GBytes *
sign(void *data, SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable,
     GError **error)
{
  const State *state = data;
  g_auto(Answer) answer = {NULL, NULL};
  g_autoptr(json_t) request = json_copy(state->request);
  json_set_string(request, "do", "sign");
  json_set_number(request, "algorithm", algorithm);
  return ask(state->signer, request, message, &answer, cancellable, error)
             ? g_steal_pointer(&answer.bytes)
             : NULL;
}

static void
free_state(void *data)
{
  State *state = data;
  json_decref(state->request);
  g_free(state);
}

static const KeyKind kind = {
    .scheme = "signer", .sign = sign, .free = free_state, .names_key = true};

static void
set_text(json_t *object, const char *name, const char *text)
{
  if (text != NULL)
    json_set_string(object, name, text);
}

static json_t *
request_of(const char *uri, const KeyOptions *options)
{
  json_t *request = json_object();
  json_set_string(request, "uri", uri);
  set_text(request, "password_file", options->password_file);
  set_text(request, "pin_file", options->pin_file);
  set_text(request, "token_file", options->token_file);
  set_text(request, "ca_file", options->ca_file);
  json_set_number(request, "seconds", options->seconds == 0 ? SECONDS_DEFAULT : options->seconds);
  return request;
}

Key *
signer_key(Signer *signer, const char *uri, const KeyOptions *options, Cancellable *cancellable,
           GError **error)
{
  static const KeyOptions none;
  g_auto(Answer) answer = {NULL, NULL};
  g_autoptr(json_t) named = request_of(uri, options == NULL ? &none : options);
  g_autoptr(json_t) request = json_copy(named);
  json_set_string(request, "do", "open");
  if (!ask(signer, request, SLICE_EMPTY, &answer, cancellable, error))
    return NULL;
  const char *pem = json_string_value(json_object_get(answer.json, "public"));
  const char *version = json_string_value(json_object_get(answer.json, "version"));
  PublicKey *public = public_key_read(slice_from_string(pem), error);
  if (public == NULL)
    return NULL;
  State *state = g_new0(State, 1);
  state->signer = signer;
  state->request = g_steal_pointer(&named);
  return key_new(uri, &kind, (OpenedKey){state, public, g_strdup(version)});
}
