/* `assay worker`; see the header. */
#include "inspect/worker.h"

#include <malloc.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "archive/inflate.h"
#include "archive/tar_index.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cage/cage.h"
#include "cage/forked_memory.h"
#include "cage/nursery.h"
#include "cage/worker_process.h"
#include "inspect/anywhere.h"
#include "inspect/detector.h"
#include "inspect/fixed_places.h"
#include "inspect/inspection.h"
#include "inspect/java_table.h"
#include "inspect/malware/clamav.h"
#include "inspect/malware/malware_settings.h"
#include "inspect/malware/team_scan.h"
#include "inspect/secrets/brought.h"
#include "inspect/secrets/mask.h"
#include "inspect/secrets/secrets.h"
#include "inspect/worker-private.h"

#define INDEX_MEMBERS_MAX 100000
#define UNPACK_CHUNK      ((size_t)1024 * 1024)

/* --- the jobs --- */

static json_t *
do_layer(WorkerInput input, const json_t *job, GError **error)
{
  LayerLimits limits;
  if (!settings_from_json(&layer_limits_section, job, &limits, error))
    return NULL;
  InspectionInput asked = {0};
  bool read = json_table_read(&inspection_input_table, job, &asked, error);
  if (read && asked.java_table > 0)
    java_table_begin(WORKER_EXTRA_FD, asked.java_table);
  if (read && asked.growing)
    worker_input_grow(&input);
  if (read && asked.clamav)
    clamav_begin();
  if (read && asked.rules)
    team_scan_begin(WORKER_RULES_FD);
  json_t *answer = read ? worker_layer(input, &limits, asked.links, error) : NULL;
  json_table_clear(&inspection_input_table, &asked);
  return answer;
}

static json_t *
do_index(WorkerInput input, const json_t *job, GError **error)
{
  LayerLimits limits;
  if (!settings_from_json(&layer_limits_section, job, &limits, error))
    return NULL;
  g_autoptr(GPtrArray) members =
      tar_index(worker_input_read, &input, INDEX_MEMBERS_MAX, limits.path_bytes, error);
  if (members == NULL)
    return NULL;
  const ArchiveIndex index = {members};
  return json_table_write(&archive_index_table, &index);
}

static json_t *
do_unpack(WorkerInput input, const json_t *job, GError **error)
{
  LayerLimits limits;
  if (!settings_from_json(&layer_limits_section, job, &limits, error))
    return NULL;
  g_autoptr(Inflater) inflater = inflater_new(worker_input_read, &input);
  g_autofree uint8_t *chunk = g_malloc(UNPACK_CHUNK);
  uint64_t written = 0;
  for (;;) {
    gssize got = inflater_read(inflater, chunk, UNPACK_CHUNK, error);
    if (got < 0)
      return NULL;
    if (got == 0)
      break;
    written += (uint64_t)got;
    if (written > limits.unpacked_bytes) {
      error_set(error, ASSAY_ERROR_LIMIT,
                "the unpacked archive passes limits.layer_unpacked_bytes");
      return NULL;
    }
    if (!fd_write_all(WORKER_EXTRA_FD, slice_new(chunk, (size_t)got), error))
      return NULL;
  }
  json_t *answer = json_object();
  json_object_set_new(answer, "size", json_integer((json_int_t)written));
  return answer;
}

/* --- the frame --- */

static const struct {
  const char *name;
  json_t *(*run)(WorkerInput input, const json_t *job, GError **error);
} jobs[] = {
    {"layer", do_layer},
    {"index", do_index},
    {"unpack", do_unpack},
    {"feed", worker_feed},
    {"configuration", worker_configuration},
    {"rules", worker_rules},
};

static CageSettings
cage_of(const WorkerJob *job)
{
  return (CageSettings){
      .memory_bytes = job->memory_bytes,
      .cpu_seconds = job->cpu_seconds,
      .output_bytes = job->output_bytes,
      .allow_uncaged = job->allow_uncaged,
  };
}

/* That there is no cage now says nothing of the bytes. */
static bool
enter(const CageSettings *cage, GError **error)
{
  g_autoptr(GError) refused = NULL;
  return cage_enter(cage, &refused) ||
         error_set(error, ASSAY_ERROR_IO, "the cage of the inspection cannot be entered: %s",
                   refused->message);
}

/* Its number, or as many as there are. */
static size_t
find_job(const WorkerJob *job)
{
  size_t i = 0;
  while (i < G_N_ELEMENTS(jobs) && g_strcmp0(job->job, jobs[i].name) != 0)
    i++;
  return i;
}

static json_t *
run_job(const json_t *json, GError **error)
{
  WorkerJob job = {0};
  bool read = json_table_read(&worker_job_table, json, &job, NULL);
  size_t number = read ? find_job(&job) : G_N_ELEMENTS(jobs);
  WorkerInput input = {job.offset, job.offset + job.size};
  CageSettings cage = cage_of(&job);
  json_table_clear(&worker_job_table, &job);
  if (number == G_N_ELEMENTS(jobs)) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED,
              "the worker is started by `assay` itself, not by hand");
    return NULL;
  }
  secret_key_take(json);
  brought_rules_take(json);
  malware_settings_take(json);
  return enter(&cage, error) ? jobs[number].run(input, json, error) : NULL;
}

static bool
write_document(json_t *answer, const GError *error)
{
  WorkerFailure failure = {0};
  WorkerDocument document = {.ok = answer};
  g_autofree char *message = error == NULL ? NULL : g_utf8_make_valid(error->message, -1);
  if (answer == NULL && error != NULL) {
    failure.code = error->domain == ASSAY_ERROR ? (AssayErrorCode)error->code : ASSAY_ERROR_FAILED;
    failure.message = message;
    document.error = &failure;
  }
  g_autoptr(json_t) json = json_table_write(&worker_document_table, &document);
  g_autofree char *text = json_to_text(json);
  return fd_write_all(STDOUT_FILENO, slice_from_string(text), NULL);
}

/* GLib's own writer asks what kind of file standard error is, which the cage forbids: what a
 * library says before it aborts would be lost. Nothing here needs memory, of which there may be
 * none. */
static GLogWriterOutput
write_trouble(GLogLevelFlags flags, const GLogField *fields, gsize count, gpointer data)
{
  char had[64];
  struct mallinfo2 memory = mallinfo2();
  g_snprintf(had, sizeof had, ", had %zu", memory.arena + memory.hblkhd);
  for (gsize i = 0; i < count; i++) {
    const char *message = strcmp(fields[i].key, "MESSAGE") == 0 ? fields[i].value : NULL;
    if (message == NULL)
      continue;
    fd_write_all(STDERR_FILENO, slice_from_string(message), NULL);
    if (strstr(message, WORKER_NO_MEMORY) != NULL)
      fd_write_all(STDERR_FILENO, slice_from_string(had), NULL);
  }
  return G_LOG_WRITER_HANDLED;
}

/* A worker, from its first step to its last. */
static void
work(int file)
{
  forked_memory_populate();
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) job = worker_read_job(file, &error);
  g_autoptr(json_t) answer = job == NULL ? NULL : run_job(job, &error);
  /* Without exit handlers: they would do what the cage forbids. */
  _exit(write_document(answer, error) ? 0 : 1);
}

/* What workers for layers need: to compile rules takes longer than all that a configuration
 * takes. */
static void
prepare_detectors(void)
{
  for (size_t detector = 0; detectors[detector] != NULL; detector++)
    if (detectors[detector]->prepare != NULL)
      detectors[detector]->prepare();
  /* The tables of what they want, which are made when something is first asked of them. */
  fixed_places_reading_count();
  anywhere_by_name("");
}

/* What all workers need, before the first. */
static void
prepare_all(void)
{
  g_log_set_writer_func(write_trouble, NULL, NULL);
  /* Before glibc gives memory of a thread's own arena back, it opens a file of /proc, which the
   * cage forbids; and each such arena takes 64 MiB of the address space. */
  mallopt(M_ARENA_MAX, 1);
  secrets_prepare(); /* also of a configuration */
  /* A zip file has local times. The zone's file is looked up once for a zone that is named, but
   * each time for the machine's own. */
  g_setenv("TZ", "UTC0", TRUE);
  tzset();
  /* Of tables in memory. Workers of one nursery share it: who could guess it has only his own
   * worker go slowly, within its limits. */
  json_object_seed(0);
  cage_prepare();
}

static void
prepare(bool heavy)
{
  if (heavy)
    prepare_detectors();
  else
    prepare_all();
  forked_memory_prepare();
}

bool
worker_serve(GError **error)
{
  return nursery_serve(prepare, work, error);
}

void
worker_self_test(const char *how)
{
  g_autoptr(GError) error = NULL;
  CageSettings cage = {.memory_bytes = (uint64_t)512 << 20, .cpu_seconds = 1};
  prepare(false);
  prepare(true);
  if (!cage_enter(&cage, &error))
    _exit(3);
  _exit(worker_break_out(how) ? 0 : 2);
}
