/* The job "rules": a team's rules of YARA are compiled (malware/team_rules.h). */
#include "base/error.h"
#include "base/fd.h"
#include "cage/worker_process.h"
#include "inspect/malware/team_compile.h"
#include "inspect/worker-private.h"

/* (transfer full) */
static GByteArray *
read_all(WorkerInput *input, GError **error)
{
  uint64_t size = input->end - input->at;
  if (size > TEAM_RULES_BYTES_MAX) {
    error_set(error, ASSAY_ERROR_LIMIT, "the rules have more than 128 MiB");
    return NULL;
  }
  g_autoptr(GByteArray) bytes = g_byte_array_sized_new((guint)size);
  uint8_t chunk[16384];
  gssize got;
  while ((got = worker_input_read(input, chunk, sizeof chunk, error)) > 0)
    g_byte_array_append(bytes, chunk, (guint)got);
  return got < 0 ? NULL : g_steal_pointer(&bytes);
}

json_t *
worker_rules(WorkerInput input, const json_t *job, GError **error)
{
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func((GDestroyNotify)team_file_free);
  g_autoptr(GPtrArray) complaints = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GByteArray) compiled = g_byte_array_new();
  TeamInput asked = {files};
  TeamAnswer answer = {.complaints = complaints};
  g_autoptr(GByteArray) bytes = read_all(&input, error);
  if (bytes == NULL || !json_table_read(&team_input_table, job, &asked, error))
    return NULL;
  team_rules_compile(files, slice_new(bytes->data, bytes->len), compiled, &answer);
  if (!fd_write_all(WORKER_EXTRA_FD, slice_new(compiled->data, compiled->len), error))
    return NULL;
  return json_table_write(&team_answer_table, &answer);
}
