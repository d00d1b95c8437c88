/* Asking the caged worker, and reading what it writes; see the header. */
#include "advisory/feeds/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cage/worker_process.h"

static struct {
  WorkerLimits limits;
  bool allow_uncaged;
  bool set;
} settings;

static const JsonMember members[] = {
    {JSON_MEMBER(UnpackJob, kind), .kind = &json_text, .required = true},
    {JSON_MEMBER(UnpackJob, pattern), .kind = &json_text},
    {JSON_MEMBER(UnpackJob, limit), .kind = &json_number},
    {JSON_MEMBER(UnpackJob, members), .kind = &json_number},
};
const JsonTable unpack_job_table = JSON_TABLE(UnpackJob, members);

static bool
unpack_in_cage(const UnpackJob *unpack, int from, int to, Cancellable *cancellable, GError **error)
{
  struct stat status;
  if (fstat(from, &status) < 0)
    return error_set_errno(error, errno, "the archive");
  WorkerJob about = worker_job("feed", &settings.limits, 1, settings.allow_uncaged);
  about.size = (uint64_t)status.st_size;
  g_autoptr(json_t) job = json_table_write(&worker_job_table, &about);
  json_table_add(&unpack_job_table, unpack, job);
  const WorkerFiles files = {.input = from, .extra = to};
  g_autoptr(json_t) answer = worker_run(job, &files, settings.limits.seconds, cancellable, error);
  return answer != NULL;
}

void
unpack_set_limits(const WorkerLimits *limits, bool allow_uncaged)
{
  settings.limits = *limits;
  settings.allow_uncaged = allow_uncaged;
  settings.set = true;
}

/* --- the worker, on a thread of its own --- */

typedef struct {
  const UnpackJob *job;
  int from, to;
  Cancellable *cancellable;
  GError *error;
  bool done;
} Run;

/* The end of the pipe is open until the worker has gone: its closing is the end of the answer. */
static void *
run_worker(void *data)
{
  Run *run = data;
  run->done = unpack_in_cage(run->job, run->from, run->to, run->cancellable, &run->error);
  fd_clear(&run->to);
  return NULL;
}

/* --- its answer --- */

typedef struct {
  int fd;
  uint64_t limit;
  GByteArray *content; /* of the member that is being read; NULL between two */
  char *name;
  UnpackVisitor visit;
  void *data;
  GByteArray **keep; /* or: takes the one member */
  const int *file;   /* or: gets the one member's bytes as they come */
  uint64_t written;  /* there */
} Answer;

typedef enum { ANSWER_MORE, ANSWER_END, ANSWER_FAILED } AnswerStep;

static bool
set_nonsense(GError **error)
{
  return error_set(error, ASSAY_ERROR_INVALID,
                   "cannot be unpacked: the worker that did so wrote what makes no sense");
}

static bool
end_member(Answer *answer, GError **error)
{
  g_autoptr(GByteArray) content = g_steal_pointer(&answer->content);
  g_autofree char *name = g_steal_pointer(&answer->name);
  if (answer->file != NULL)
    return true;
  if (answer->keep != NULL) {
    if (*answer->keep != NULL) /* it was asked for one */
      return set_nonsense(error);
    *answer->keep = g_steal_pointer(&content);
    return true;
  }
  if (answer->visit(name, slice_new(content->data, content->len), answer->data, error))
    return true;
  g_prefix_error(error, "%s: ", name);
  return false;
}

static bool
write_piece(Answer *answer, Slice bytes, GError **error)
{
  if (bytes.size > answer->limit - answer->written)
    return error_set(error, ASSAY_ERROR_LIMIT, "unpacks to more than %" G_GUINT64_FORMAT " bytes",
                     answer->limit);
  answer->written += bytes.size;
  return fd_write_all(*answer->file, bytes, error);
}

static bool
take_frame(Answer *answer, uint8_t kind, Slice bytes, GError **error)
{
  if (kind == UNPACK_NAME && answer->content == NULL) {
    answer->name = slice_to_printable(bytes, UNPACK_FRAME_MAX);
    answer->content = g_byte_array_new();
    return true;
  }
  if (answer->content == NULL)
    return set_nonsense(error);
  if (kind == UNPACK_END && bytes.size == 0)
    return end_member(answer, error);
  if (kind != UNPACK_PIECE)
    return set_nonsense(error);
  if (answer->file != NULL)
    return write_piece(answer, bytes, error);
  if (bytes.size > MIN(answer->limit, G_MAXINT) - answer->content->len)
    return error_set(error, ASSAY_ERROR_LIMIT, "unpacks to more than %" G_GUINT64_FORMAT " bytes",
                     answer->limit);
  g_byte_array_append(answer->content, bytes.data, (guint)bytes.size);
  return true;
}

static AnswerStep
read_frame(Answer *answer, uint8_t *buffer, GError **error)
{
  uint8_t header[UNPACK_FRAME_HEADER];
  if (!fd_read_exactly(answer->fd, header, sizeof header))
    return ANSWER_END;
  uint32_t size;
  memcpy(&size, header + 1, sizeof size);
  size = GUINT32_FROM_LE(size);
  if (size > UNPACK_FRAME_MAX) {
    set_nonsense(error);
    return ANSWER_FAILED;
  }
  if (!fd_read_exactly(answer->fd, buffer, size))
    return ANSWER_END;
  return take_frame(answer, header[0], slice_new(buffer, size), error) ? ANSWER_MORE
                                                                       : ANSWER_FAILED;
}

/* Whose error is told: ours when we stopped reading, else the worker's. */
static bool
read_answer(Run *run, Answer *answer, GError **error)
{
  g_autofree uint8_t *buffer = g_malloc(UNPACK_FRAME_MAX);
  GThread *thread = g_thread_new("unpack", run_worker, run);
  AnswerStep step;
  do
    step = read_frame(answer, buffer, error);
  while (step == ANSWER_MORE);
  if (step == ANSWER_FAILED)
    cancellable_cancel(run->cancellable);
  fd_clear(&answer->fd);
  g_thread_join(thread);
  bool whole = answer->content == NULL;
  g_clear_pointer(&answer->content, g_byte_array_unref);
  g_clear_pointer(&answer->name, g_free);
  if (step == ANSWER_FAILED) {
    g_clear_error(&run->error);
    return false;
  }
  if (!run->done) {
    g_propagate_error(error, g_steal_pointer(&run->error));
    return false;
  }
  return whole || set_nonsense(error);
}

static bool
unpack(const UnpackJob *job, int from, Answer *answer, GError **error)
{
  int ends[2];
  if (!settings.set)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "cannot be unpacked: this program has no caged worker to do it; unpack it "
                     "and import the file");
  if (pipe2(ends, O_CLOEXEC) < 0)
    return error_set_errno(error, errno, "a pipe to the worker that unpacks");
  g_autoptr(Cancellable) cancellable = cancellable_new();
  Run run = {.job = job, .from = from, .to = ends[1], .cancellable = cancellable};
  answer->fd = ends[0];
  answer->limit = job->limit;
  return read_answer(&run, answer, error);
}

/* The one member that @job asks for of @bytes; NULL without *error when there is none. */
static GBytes *
unpack_one(const UnpackJob *job, Slice bytes, GError **error)
{
  g_autoptr(GByteArray) found = NULL;
  Answer answer = {.keep = &found};
  auto_fd int file = memory_file_new("feed", error);
  if (file < 0 || !fd_write_all(file, bytes, error) || !unpack(job, file, &answer, error) ||
      found == NULL)
    return NULL;
  return g_byte_array_free_to_bytes(g_steal_pointer(&found));
}

/* --- the questions --- */

static bool
is_compressed(Slice bytes)
{
  static const struct {
    const char *magic;
    size_t size;
  } magics[] = {{"\x1f\x8b", 2},
                {"\xfd"
                 "7zXZ",
                 5},
                {"\x28\xb5\x2f\xfd", 4},
                {"BZh", 3}};
  for (size_t i = 0; i < G_N_ELEMENTS(magics); i++)
    if (slice_has_prefix(bytes, slice_new(magics[i].magic, magics[i].size)))
      return true;
  return false;
}

GBytes *
unpack_compressed(GBytes *packed, size_t limit, GError **error)
{
  Slice bytes = slice_from_bytes(packed);
  if (!is_compressed(bytes))
    return g_bytes_ref(packed);
  const UnpackJob job = {.kind = UNPACK_COMPRESSED, .pattern = "", .limit = limit};
  GError *failure = NULL;
  GBytes *unpacked = unpack_one(&job, bytes, &failure);
  if (unpacked == NULL && failure == NULL)
    set_nonsense(&failure);
  if (failure != NULL)
    g_propagate_error(error, failure);
  return unpacked;
}

bool
unpack_file(int from, int to, uint64_t limit, GError **error)
{
  const UnpackJob job = {.kind = UNPACK_COMPRESSED, .pattern = "", .limit = limit};
  Answer answer = {.file = &to};
  return unpack(&job, from, &answer, error);
}

GBytes *
unpack_tar_member(Slice bytes, const char *pattern, size_t limit, GError **error)
{
  const UnpackJob job = {.kind = UNPACK_TAR, .pattern = pattern, .limit = limit};
  return unpack_one(&job, bytes, error);
}

GBytes *
unpack_deb_data(Slice bytes, size_t limit, GError **error)
{
  const UnpackJob job = {.kind = UNPACK_DEB, .pattern = "data.tar*", .limit = limit};
  GBytes *data = unpack_one(&job, bytes, error);
  if (data == NULL && error != NULL && *error == NULL)
    error_set(error, ASSAY_ERROR_INVALID, "not a Debian package: no data.tar in it");
  return data;
}

bool
unpack_all(const char *kind, const char *path, const char *pattern, size_t limit,
           uint64_t entries_limit, UnpackVisitor visit, void *data, GError **error)
{
  const UnpackJob job = {
      .kind = kind, .pattern = pattern, .limit = limit, .members = entries_limit};
  Answer answer = {.visit = visit, .data = data};
  auto_fd int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (file < 0)
    return error_set_errno(error, errno, "open");
  return unpack(&job, file, &answer, error);
}
