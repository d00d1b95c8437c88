/* The clean side of the job "configuration"; see the header. */
#include "inspect/configuration_inspection.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cage/worker_process.h"
#include "inspect/secrets/brought.h"
#include "inspect/secrets/mask.h"

static const JsonMember input_members[] = {
    {JSON_MEMBER(ConfigurationInput, name), .kind = &json_text},
};
const JsonTable configuration_input_table = JSON_TABLE(ConfigurationInput, input_members);

static const JsonMember answer_members[] = {
    {JSON_MEMBER(ConfigurationAnswer, observations), .kind = &json_list,
     .table = &image_observation_table},
    {JSON_MEMBER(ConfigurationAnswer, unread), .kind = &json_lines},
    {JSON_MEMBER(ConfigurationAnswer, commands), .kind = &json_lines},
};
const JsonTable configuration_answer_table = JSON_TABLE(ConfigurationAnswer, answer_members);

static void
add_unread(ImageInventory *image, const char *what)
{
  g_ptr_array_add(image->unread, g_strdup_printf("%s (%s)", CONFIGURATION_UNREAD, what));
  g_ptr_array_sort(image->unread, text_compare);
}

static bool
read_answer(const json_t *answer, ImageInventory *into, GError **error)
{
  g_autoptr(GPtrArray) observations =
      g_ptr_array_new_with_free_func((GDestroyNotify)image_observation_free);
  ConfigurationAnswer read = {.observations = observations};
  bool taken = json_table_read(&configuration_answer_table, answer, &read, error);
  g_autoptr(GPtrArray) unread = read.unread, commands = read.commands;
  for (guint i = 0; taken && unread != NULL && i < unread->len; i++)
    add_unread(into, g_ptr_array_index(unread, i));
  if (taken)
    g_ptr_array_extend_and_steal(into->observations, g_steal_pointer(&observations));
  if (taken && commands != NULL)
    g_ptr_array_extend_and_steal(into->commands, g_steal_pointer(&commands));
  return taken;
}

bool
inspect_configuration(const ConfigurationInput *input, const WorkerLimits *limits,
                      Cancellable *cancellable, ImageInventory *into, GError **error)
{
  WorkerJob about = worker_job("configuration", limits, 1, input->allow_uncaged);
  about.size = input->bytes.size;
  g_autoptr(json_t) job = json_table_write(&worker_job_table, &about);
  json_table_add(&configuration_input_table, input, job);
  secret_key_tell(job);
  brought_rules_tell(job);
  auto_fd int file = memory_file_new("configuration", error);
  if (file < 0 || !fd_write_all(file, input->bytes, error))
    return false;
  const WorkerFiles files = {.input = file, .extra = -1, .light = true};
  g_autoptr(json_t) answer = worker_run(job, &files, limits->seconds, cancellable, error);
  return answer != NULL && read_answer(answer, into, error);
}

/* Another run of the same bytes would end the same. */
static bool
is_of_the_bytes(const GError *error)
{
  return g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_INVALID) ||
         g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT) ||
         g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED) ||
         g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_TIMEOUT) ||
         g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_FAILED);
}

bool
inspect_config_of_image(const ConfigurationInput *input, const WorkerLimits *limits,
                        Cancellable *cancellable, ImageInventory *image, GError **error)
{
  g_autoptr(GError) failure = NULL;
  if (inspect_configuration(input, limits, cancellable, image, &failure))
    return true;
  if (is_of_the_bytes(failure)) {
    add_unread(image, failure->message);
    return true;
  }
  g_propagate_prefixed_error(error, g_steal_pointer(&failure), "the image's config: ");
  return false;
}
