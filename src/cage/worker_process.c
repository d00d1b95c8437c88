/* Starting the worker; see the header. */
#include "cage/worker_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cage/nursery.h"
#include "cage/sanitised.h"

#define CHUNK       ((size_t)32 * 1024)
#define TROUBLE_MAX ((size_t)64 * 1024)
#define MESSAGE_MAX ((size_t)1024)
/* An inventory has a dozen for each of its packages at most, a list of members five for each. */
#define ANSWER_VALUES_MAX  ((size_t)1500 * 1000)
#define CHECK_CANCELLED_MS 200
/* What a worker's address space holds besides what it allocates: program, stacks, reserves. */
#define PROGRAM_BYTES ((uint64_t)256 * 1024 * 1024)

void
worker_set_program(const char *path)
{
  nursery_set_program(path);
}

/* The ends of a worker that stay with us. */
typedef struct {
  NurseryWorker process;
  int answer;  /* what it writes to its standard output */
  int trouble; /* to its standard error: what a library says before it aborts */
} Worker;

/* The job as a file of memory, which no other worker sees. -1 with *error. */
static int
job_file(const json_t *job, GError **error)
{
  g_autofree char *text = json_to_text(job);
  auto_fd int file = memory_file_new("job", error);
  return file >= 0 && fd_write_all(file, slice_from_string(text), error) ? fd_steal(&file) : -1;
}

json_t *
worker_read_job(int file, GError **error)
{
  auto_fd int job = file;
  off_t size = lseek(job, 0, SEEK_END);
  g_autofree char *text = size < 0 ? NULL : g_malloc((size_t)size);
  if (text == NULL || pread(job, text, (size_t)size, 0) != size) {
    error_set_errno(error, errno, "the job of the worker");
    return NULL;
  }
  return json_parse(slice_new(text, (size_t)size), error);
}

bool
worker_growth_init(WorkerGrowth *growth, uint32_t patience, GError **error)
{
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0) {
    error_set_errno(error, errno, "a pipe to an inspection worker");
    fd_clear(&ends[0]);
    fd_clear(&ends[1]);
    return false;
  }
  *growth = (WorkerGrowth){ends[0], ends[1], patience, g_get_monotonic_time()};
  return true;
}

/* Messages of this size are written whole, or not at all. */
static bool
growth_write(const WorkerGrowth *growth, uint64_t message)
{
  return write(growth->tells, &message, sizeof message) == (ssize_t)sizeof message;
}

void
worker_growth_tell(WorkerGrowth *growth, uint64_t bytes)
{
  /* Without room the next message says it as well. */
  growth_write(growth, bytes);
  __atomic_store_n(&growth->grown, g_get_monotonic_time(), __ATOMIC_RELAXED);
}

bool
worker_growth_end(WorkerGrowth *growth, uint64_t bytes)
{
  bool told = growth_write(growth, bytes | WORKER_GROWTH_END);
  __atomic_store_n(&growth->grown, 0, __ATOMIC_RELAXED);
  return told;
}

void
worker_growth_clear(WorkerGrowth *growth)
{
  fd_clear(&growth->listens);
  fd_clear(&growth->tells);
}

static bool
start(const json_t *job, const WorkerFiles *files, Worker *worker, GError **error)
{
  int growth = files->growth == NULL ? -1 : files->growth->listens;
  int stream = files->stream == NULL ? -1 : files->stream->descriptor;
  int rules = files->rules > 0 ? files->rules : -1;
  /* The first -1 ends them: where a later one is there, it stands in for those before. */
  int last = rules >= 0 ? rules : stream >= 0 ? stream : growth;
  int answer[2] = {-1, -1}, trouble[2] = {-1, -1};
  auto_fd int file = job_file(job, error);
  bool started = file >= 0;
  if (started && (pipe2(answer, O_CLOEXEC) < 0 || pipe2(trouble, O_CLOEXEC) < 0))
    started = error_set_errno(error, errno, "start the inspection worker");
  worker->answer = answer[0];
  worker->trouble = trouble[0];
  const int descriptors[NURSERY_DESCRIPTORS] = {files->input,
                                                answer[1],
                                                trouble[1],
                                                files->extra >= 0 ? files->extra : last,
                                                growth >= 0 ? growth : last,
                                                stream >= 0 ? stream : rules,
                                                rules};
  started = started && nursery_fork(file, files->light, descriptors, &worker->process, error);
  fd_clear(&answer[1]);
  fd_clear(&trouble[1]);
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

/* False with *error where it will tell no more, and has not told the end. */
static bool
take_news(const struct pollfd *end, Worker *worker, NurseryEnd *told, GError **error)
{
  return end->fd < 0 || end->revents == 0 ||
         nursery_listen(&worker->process, told, error) != NURSERY_FAILED;
}

typedef struct {
  uint32_t seconds;
  int64_t end;          /* monotonic time */
  WorkerGrowth *growth; /* or NULL */
  WorkerStream *stream; /* or NULL */
  Cancellable *cancellable;
} Patience;

static bool
still_grows(WorkerGrowth *growth)
{
  int64_t grown = growth == NULL ? 0 : __atomic_load_n(&growth->grown, __ATOMIC_RELAXED);
  return grown == 0 || g_get_monotonic_time() - grown <= growth->patience * (int64_t)G_USEC_PER_SEC;
}

static int64_t
held_up(const WorkerStream *stream)
{
  return stream == NULL ? 0 : __atomic_load_n(&stream->held, __ATOMIC_RELAXED);
}

static bool
still_patient(const Patience *patience, GError **error)
{
  if (cancellable_is_cancelled(patience->cancellable))
    return error_set(error, ASSAY_ERROR_CANCELLED, "the inspection was cancelled");
  if (g_get_monotonic_time() > patience->end + held_up(patience->stream))
    return error_set(error, ASSAY_ERROR_TIMEOUT,
                     "the inspection took longer than %u seconds (limits.layer_seconds)",
                     patience->seconds);
  if (!still_grows(patience->growth))
    return error_set(error, ASSAY_ERROR_BUSY, "no byte of the layer came for %u seconds",
                     patience->growth->patience);
  return true;
}

/* Until the worker has ended and both of its ends are closed. One that has been taken over may keep
 * them open, or not end, and has the rest of its time. */
static bool
read_outputs(Worker *worker, const Patience *patience, GByteArray *answer, GByteArray *trouble,
             NurseryEnd *end, GError **error)
{
  struct pollfd ends[] = {
      {worker->answer, POLLIN, 0}, {worker->trouble, POLLIN, 0}, {-1, POLLIN, 0}};
  while (ends[0].fd >= 0 || ends[1].fd >= 0 || worker->process.news >= 0) {
    ends[2].fd = worker->process.news;
    int ready = poll(ends, G_N_ELEMENTS(ends), CHECK_CANCELLED_MS);
    if (!still_patient(patience, error))
      return false;
    if (ready > 0 && (!take_output(&ends[0], answer, WORKER_ANSWER_MAX, false, error) ||
                      !take_output(&ends[1], trouble, TROUBLE_MAX, true, error) ||
                      !take_news(&ends[2], worker, end, error)))
      return false;
  }
  return true;
}

/* Ends a worker that nobody waits for any more. One that ran out of time without having had the
 * processor for half of it was kept from its work: by a busy machine, a slow disk, a person. */
static void
give_up(Worker *worker, uint32_t seconds, GError **error)
{
  double used = nursery_kill(&worker->process);
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

/* *proper: it ended as a worker does, with an answer. */
static json_t *
read_document(const json_t *job, const GByteArray *answer, const char *trouble, int status,
              bool *proper, GError **error)
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
  *proper = ok != NULL || failure != NULL;
  if (ok == NULL && failure == NULL)
    error_set(&failure, ASSAY_ERROR_FAILED,
              "the inspection worker ended with status %d and no answer%s%s", WEXITSTATUS(status),
              *trouble == '\0' ? "" : ": ", trouble);
  if (ok == NULL)
    g_propagate_error(error, g_steal_pointer(&failure));
  return ok;
}

json_t *
worker_run(const json_t *job, const WorkerFiles *files, uint32_t seconds, Cancellable *cancellable,
           GError **error)
{
  Worker worker = {{NULL, -1, -1}, -1, -1};
  g_autoptr(GByteArray) answer = g_byte_array_new(), trouble = g_byte_array_new();
  Patience patience = {.seconds = seconds,
                       .end = g_get_monotonic_time() + (int64_t)seconds * G_USEC_PER_SEC,
                       .growth = files->growth,
                       .stream = files->stream,
                       .cancellable = cancellable};
  NurseryEnd end = {0};
  bool started = start(job, files, &worker, error);
  auto_fd int from_answer = worker.answer;
  auto_fd int from_trouble = worker.trouble;
  bool ended = started && read_outputs(&worker, &patience, answer, trouble, &end, error);
  if (started && !ended)
    give_up(&worker, seconds, error);
  if (SANITISED && trouble->len > 0)
    fd_write_all(STDERR_FILENO, slice_new(trouble->data, trouble->len), NULL);
  g_autofree char *line =
      slice_to_printable(slice_strip(slice_new(trouble->data, trouble->len)), MESSAGE_MAX);
  bool proper = false;
  json_t *ok = ended ? read_document(job, answer, line, end.status, &proper, error) : NULL;
  /* Who guessed wrong where things are in its memory finds them elsewhere the next time. Nobody may
   * guess and cancel; of a layer that still arrives, its client can. */
  bool cancelled = !ended && files->growth == NULL && cancellable_is_cancelled(cancellable);
  nursery_clear(&worker.process, !proper && !cancelled);
  return ok;
}
