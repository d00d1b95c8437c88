/* Starting the worker; see the header. */
#include "inspect/worker_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "inspect/worker.h"

#define ANSWER_CHUNK       ((size_t)64 * 1024)
#define CHECK_CANCELLED_MS 200

static const char *program = "/proc/self/exe";

void
worker_set_program(const char *path)
{
  program = path;
}

/* Everything but the three or four descriptors of the job is close-on-exec; a dup2() clears that
 * flag. */
static bool
spawn(const json_t *job, int input, int output, int extra, pid_t *pid, GError **error)
{
  g_autofree char *text = json_to_text(job);
  g_autofree char *variable = g_strconcat(WORKER_JOB_VARIABLE "=", text, NULL);
  char name[] = "assay", command[] = "worker", locale[] = "LC_ALL=C.UTF-8";
  char sanitiser[] = "ASAN_OPTIONS=detect_leaks=0";
  char *arguments[] = {name, command, NULL};
  char *environment[] = {locale, sanitiser, variable, NULL};

  /* 10 and up: no source of a dup2() is overwritten by the one before it. */
  auto_fd int high_input = fcntl(input, F_DUPFD_CLOEXEC, 10);
  auto_fd int high_output = fcntl(output, F_DUPFD_CLOEXEC, 10);
  auto_fd int high_extra = extra < 0 ? -1 : fcntl(extra, F_DUPFD_CLOEXEC, 10);
  if (high_input < 0 || high_output < 0 || (extra >= 0 && high_extra < 0))
    return error_set_errno(error, errno, "start the inspection worker");

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawn_file_actions_adddup2(&actions, high_input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, high_output, STDOUT_FILENO);
  if (extra >= 0)
    posix_spawn_file_actions_adddup2(&actions, high_extra, WORKER_EXTRA_FD);
  posix_spawn_file_actions_addclosefrom_np(&actions, extra >= 0 ? 4 : 3);
  int code = posix_spawn(pid, program, &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return code == 0 || error_set_errno(error, code, "start the inspection worker");
}

/* Until the worker closes its output, the time is over, or somebody cancels. */
static GByteArray *
read_answer(int fd, uint32_t seconds, GCancellable *cancellable, GError **error)
{
  g_autoptr(GByteArray) answer = g_byte_array_new();
  g_autofree uint8_t *chunk = g_malloc(ANSWER_CHUNK);
  int64_t end = g_get_monotonic_time() + (int64_t)seconds * G_USEC_PER_SEC;
  for (;;) {
    struct pollfd poll_fd = {fd, POLLIN, 0};
    int ready = poll(&poll_fd, 1, CHECK_CANCELLED_MS);
    if (g_cancellable_is_cancelled(cancellable)) {
      error_set(error, ASSAY_ERROR_CANCELLED, "the inspection was cancelled");
      return NULL;
    }
    if (ready == 0 && g_get_monotonic_time() > end) {
      error_set(error, ASSAY_ERROR_TIMEOUT,
                "the inspection took longer than %u seconds (limits.layer_seconds)", seconds);
      return NULL;
    }
    if (ready <= 0)
      continue;
    ssize_t got = read(fd, chunk, ANSWER_CHUNK);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return g_steal_pointer(&answer);
    if ((size_t)got > WORKER_ANSWER_MAX - answer->len) {
      error_set(error, ASSAY_ERROR_LIMIT, "the inspection found more than can be kept");
      return NULL;
    }
    g_byte_array_append(answer, chunk, (guint)got);
  }
}

static json_t *
read_document(const GByteArray *answer, int status, GError **error)
{
  if (WIFSIGNALED(status)) {
    error_set(error, ASSAY_ERROR_FAILED, "the inspection worker died of signal %d (%s)%s",
              WTERMSIG(status), g_strsignal(WTERMSIG(status)),
              WTERMSIG(status) == SIGSYS ? ": it tried what its cage forbids" : "");
    return NULL;
  }
  g_autoptr(json_t) document = json_parse(slice_new(answer->data, answer->len), error);
  if (document == NULL) {
    g_prefix_error(
        error, "the inspection worker ended with status %d and no answer: ", WEXITSTATUS(status));
    return NULL;
  }
  const json_t *failure = json_get_object(document, "error");
  if (failure != NULL) {
    const char *message = json_get_string(failure, "message");
    error_set(error, (AssayErrorCode)json_get_integer(failure, "code", ASSAY_ERROR_FAILED), "%s",
              message != NULL ? message : "the inspection failed");
    return NULL;
  }
  return json_incref(json_get_object(document, "ok"));
}

json_t *
worker_run(const json_t *job, int input, int extra, uint32_t seconds, GCancellable *cancellable,
           GError **error)
{
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) {
    error_set_errno(error, errno, "start the inspection worker");
    return NULL;
  }
  auto_fd int from_worker = ends[0];
  auto_fd int to_parent = ends[1];
  pid_t pid;
  if (!spawn(job, input, to_parent, extra, &pid, error))
    return NULL;
  fd_clear(&to_parent);
  g_autoptr(GByteArray) answer = read_answer(from_worker, seconds, cancellable, error);
  if (answer == NULL)
    kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    continue;
  return answer == NULL ? NULL : read_document(answer, status, error);
}
