/* Starting the worker; see the header. */
#include "cage/worker_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cage/sanitised.h"

#define DESCRIPTORS 4 /* input, answer, trouble, and one for the job's output */
#define CHUNK       ((size_t)32 * 1024)
#define TROUBLE_MAX ((size_t)64 * 1024)
#define MESSAGE_MAX ((size_t)1024)
/* An inventory has a dozen for each of its packages at most, a list of members five for each. */
#define ANSWER_VALUES_MAX  ((size_t)1500 * 1000)
#define CHECK_CANCELLED_MS 200
/* What a worker's address space holds besides what it allocates: program, stacks, reserves. */
#define PROGRAM_BYTES ((uint64_t)256 * 1024 * 1024)
#define NAP_LEAST_US  100ul
#define NAP_MOST_US   10000ul

static const char *program = "/proc/self/exe";

void
worker_set_program(const char *path)
{
  program = path;
}

/* The ends of a worker that stay with us. */
typedef struct {
  pid_t pid;
  int answer;  /* what it writes to its standard output */
  int trouble; /* to its standard error: what a library says before it aborts */
} Worker;

/* Everything but the descriptors of the job is closed; a dup2() clears close-on-exec. */
static bool
spawn(const json_t *job, const int descriptors[DESCRIPTORS], pid_t *pid, GError **error)
{
  g_autofree char *text = json_to_text(job);
  g_autofree char *variable = g_strconcat(WORKER_JOB_VARIABLE "=", text, NULL);
  char name[] = "assay", command[] = "worker", locale[] = "LC_ALL=C.UTF-8";
  char sanitiser[] = "ASAN_OPTIONS=detect_leaks=0";
  char *arguments[] = {name, command, NULL};
  char *environment[] = {locale, sanitiser, variable, NULL};

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
  int count = 0;
  for (; count < DESCRIPTORS && descriptors[count] >= 0; count++)
    posix_spawn_file_actions_adddup2(&actions, descriptors[count], count);
  posix_spawn_file_actions_addclosefrom_np(&actions, count);
  int code = posix_spawn(pid, program, &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return code == 0 ||
         error_set(error, ASSAY_ERROR_IO, "start the inspection worker: %s", g_strerror(code));
}

static bool
start(const json_t *job, int input, int extra, Worker *worker, GError **error)
{
  int answer[2] = {-1, -1}, trouble[2] = {-1, -1}, descriptors[DESCRIPTORS] = {-1, -1, -1, -1};
  bool started = pipe2(answer, O_CLOEXEC) == 0 && pipe2(trouble, O_CLOEXEC) == 0;
  int sources[DESCRIPTORS] = {input, answer[1], trouble[1], extra};
  /* 10 and up: no source of a dup2() is overwritten by the one before it. */
  for (int i = 0; started && i < DESCRIPTORS && sources[i] >= 0; i++) {
    descriptors[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, 10);
    started = descriptors[i] >= 0;
  }
  if (!started)
    error_set_errno(error, errno, "start the inspection worker");
  else
    started = spawn(job, descriptors, &worker->pid, error);
  fd_clear(&answer[1]);
  fd_clear(&trouble[1]);
  for (int i = 0; i < DESCRIPTORS; i++)
    fd_clear(&descriptors[i]);
  worker->answer = answer[0];
  worker->trouble = trouble[0];
  return started;
}

/* --- what it says --- */

/* False with *error when the answer is too long. What it says of trouble is cut off in silence. */
static bool
take_output(struct pollfd *end, GByteArray *into, size_t most, bool cut, GError **error)
{
  uint8_t chunk[CHUNK];
  if (end->fd < 0 || end->revents == 0)
    return true;
  ssize_t got = read(end->fd, chunk, sizeof chunk);
  if (got < 0 && errno == EINTR)
    return true;
  if (got <= 0) {
    end->fd = -1;
    return true;
  }
  size_t room = most - into->len;
  if ((size_t)got > room && !cut)
    return error_set(error, ASSAY_ERROR_LIMIT, "the inspection found more than can be kept");
  g_byte_array_append(into, chunk, (guint)MIN((size_t)got, room));
  return true;
}

typedef struct {
  uint32_t seconds;
  int64_t end; /* monotonic time */
  GCancellable *cancellable;
} Patience;

static bool
still_patient(const Patience *patience, GError **error)
{
  if (g_cancellable_is_cancelled(patience->cancellable))
    return error_set(error, ASSAY_ERROR_CANCELLED, "the inspection was cancelled");
  if (g_get_monotonic_time() > patience->end)
    return error_set(error, ASSAY_ERROR_TIMEOUT,
                     "the inspection took longer than %u seconds (limits.layer_seconds)",
                     patience->seconds);
  return true;
}

/* Until the worker has closed both. */
static bool
read_outputs(const Worker *worker, const Patience *patience, GByteArray *answer,
             GByteArray *trouble, GError **error)
{
  struct pollfd ends[] = {{worker->answer, POLLIN, 0}, {worker->trouble, POLLIN, 0}};
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    int ready = poll(ends, G_N_ELEMENTS(ends), CHECK_CANCELLED_MS);
    if (!still_patient(patience, error))
      return false;
    if (ready > 0 && (!take_output(&ends[0], answer, WORKER_ANSWER_MAX, false, error) ||
                      !take_output(&ends[1], trouble, TROUBLE_MAX, true, error)))
      return false;
  }
  return true;
}

/* A worker that closed its ends has ended, or does at once. One that has been taken over may not,
 * and has the rest of its time. */
static bool
wait_for_end(const Worker *worker, const Patience *patience, int *status, GError **error)
{
  for (unsigned long nap = NAP_LEAST_US;; nap = MIN(nap * 2, NAP_MOST_US)) {
    pid_t ended = waitpid(worker->pid, status, WNOHANG);
    if (ended == worker->pid)
      return true;
    if (ended < 0 && errno != EINTR)
      return error_set_errno(error, errno, "wait for the inspection worker");
    if (!still_patient(patience, error))
      return false;
    g_usleep(nap);
  }
}

static double
seconds_of(struct timeval time)
{
  return (double)time.tv_sec + (double)time.tv_usec / G_USEC_PER_SEC;
}

/* The processor time that it took, in seconds. */
static double
kill_and_wait(pid_t pid)
{
  int status;
  struct rusage usage = {0};
  kill(pid, SIGKILL);
  while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
    continue;
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

/* Ends a worker that nobody waits for any more. One that ran out of time without having had the
 * processor for half of it was kept from its work: by a busy machine, a slow disk, a person. */
static void
give_up(pid_t pid, uint32_t seconds, GError **error)
{
  double used = kill_and_wait(pid);
  if (error == NULL || !g_error_matches(*error, ASSAY_ERROR, ASSAY_ERROR_TIMEOUT) ||
      used >= seconds / 2.0)
    return;
  g_clear_error(error);
  error_set(error, ASSAY_ERROR_BUSY,
            "the inspection had the processor for %.1f of %u seconds (limits.layer_seconds): the "
            "machine or its disk is too busy",
            used, seconds);
}

/* --- what it means --- */

/* What a program does to itself; every other signal was sent by somebody else. */
static bool
is_own_fault(int signal)
{
  static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
  for (size_t i = 0; i < G_N_ELEMENTS(faults); i++)
    if (signal == faults[i])
      return true;
  return false;
}

/* GLib ends a process that gets no memory, and the worker adds how much it had (worker.c). Well
 * below its own limit, it was the machine that had none left. */
static bool
out_of_memory(const json_t *job, const char *trouble, GError **error)
{
  uint64_t wanted = 0, used = 0, limit = (uint64_t)json_get_integer(job, "memory_bytes", 0);
  const char *text = strstr(trouble, WORKER_NO_MEMORY);
  bool told = sscanf(text, WORKER_NO_MEMORY " %" G_GUINT64_FORMAT " bytes, had %" G_GUINT64_FORMAT,
                     &wanted, &used) == 2;
  if (told && wanted < limit && used < limit && wanted + used + PROGRAM_BYTES < limit)
    return error_set(error, ASSAY_ERROR_IO, "the machine has no memory for the inspection (%s)",
                     trouble);
  return error_set(error, ASSAY_ERROR_LIMIT,
                   "the inspection needs more memory than limits.worker_memory_bytes (%s)",
                   trouble);
}

static bool
died(const json_t *job, int signal, const char *trouble, GError **error)
{
  const char *says = *trouble == '\0' ? "" : ": ";
  if (signal == SIGXCPU)
    return error_set(error, ASSAY_ERROR_TIMEOUT,
                     "the inspection took more processor time than limits.layer_seconds allows");
  if (!is_own_fault(signal))
    return error_set(error, ASSAY_ERROR_IO,
                     "the inspection worker died of signal %d (%s), which somebody sent%s", signal,
                     g_strsignal(signal),
                     signal == SIGKILL ? "; the kernel does when memory runs out" : "");
  if (strstr(trouble, WORKER_NO_MEMORY) != NULL)
    return out_of_memory(job, trouble, error);
  return error_set(error, ASSAY_ERROR_FAILED, "the inspection worker died of signal %d (%s)%s%s%s",
                   signal, g_strsignal(signal),
                   signal == SIGSYS ? ": it tried what its cage forbids" : "", says, trouble);
}

static const JsonMember failure_members[] = {
    {JSON_MEMBER(WorkerFailure, code), .kind = &json_number},
    {JSON_MEMBER(WorkerFailure, message), .kind = &json_text, .required = true},
};
static const JsonTable failure_table = JSON_TABLE(WorkerFailure, failure_members);
static const JsonMember document_members[] = {
    {JSON_MEMBER(WorkerDocument, ok), .kind = &json_any},
    {JSON_MEMBER(WorkerDocument, error), .kind = &json_child, .table = &failure_table},
};
const JsonTable worker_document_table = JSON_TABLE(WorkerDocument, document_members);

/* What a worker may say of itself; whether it is asked again depends on it. */
static AssayErrorCode
code_of(const WorkerFailure *failure)
{
  AssayErrorCode code = failure->code;
  return code == ASSAY_ERROR_INVALID || code == ASSAY_ERROR_LIMIT ||
                 code == ASSAY_ERROR_UNSUPPORTED || code == ASSAY_ERROR_IO
             ? code
             : ASSAY_ERROR_FAILED;
}

/* NULL: it is none. (transfer full) */
static json_t *
take_document(const WorkerDocument *document, GError **error)
{
  if (json_is_object(document->ok))
    return json_incref(document->ok);
  if (document->error != NULL && document->error->message != NULL) {
    Slice text = slice_from_string(document->error->message);
    g_autofree char *message = slice_to_printable(text, MESSAGE_MAX);
    error_set(error, code_of(document->error), "%s", message);
  }
  return NULL;
}

static json_t *
read_document(const json_t *job, const GByteArray *answer, const char *trouble, int status,
              GError **error)
{
  g_autoptr(GError) failure = NULL;
  WorkerDocument document = {0};
  if (WIFSIGNALED(status)) {
    died(job, WTERMSIG(status), trouble, error);
    return NULL;
  }
  g_autoptr(json_t) json =
      json_parse_bounded(slice_new(answer->data, answer->len), ANSWER_VALUES_MAX, NULL);
  bool read = json_table_read(&worker_document_table, json, &document, NULL);
  json_t *ok = read ? take_document(&document, &failure) : NULL;
  json_table_clear(&worker_document_table, &document);
  if (ok == NULL && failure == NULL)
    error_set(&failure, ASSAY_ERROR_FAILED,
              "the inspection worker ended with status %d and no answer%s%s", WEXITSTATUS(status),
              *trouble == '\0' ? "" : ": ", trouble);
  if (ok == NULL)
    g_propagate_error(error, g_steal_pointer(&failure));
  return ok;
}

json_t *
worker_run(const json_t *job, int input, int extra, uint32_t seconds, GCancellable *cancellable,
           GError **error)
{
  Worker worker = {0, -1, -1};
  bool started = start(job, input, extra, &worker, error);
  auto_fd int from_answer = worker.answer;
  auto_fd int from_trouble = worker.trouble;
  if (!started)
    return NULL;
  g_autoptr(GByteArray) answer = g_byte_array_new(), trouble = g_byte_array_new();
  Patience patience = {seconds, g_get_monotonic_time() + (int64_t)seconds * G_USEC_PER_SEC,
                       cancellable};
  int status = 0;
  bool ended = read_outputs(&worker, &patience, answer, trouble, error) &&
               wait_for_end(&worker, &patience, &status, error);
  if (!ended)
    give_up(worker.pid, seconds, error);
  if (SANITISED && trouble->len > 0)
    fd_write_all(STDERR_FILENO, slice_new(trouble->data, trouble->len), NULL);
  if (!ended)
    return NULL;
  g_autofree char *line =
      slice_to_printable(slice_strip(slice_new(trouble->data, trouble->len)), MESSAGE_MAX);
  return read_document(job, answer, line, status, error);
}
