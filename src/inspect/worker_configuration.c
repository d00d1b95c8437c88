/* The job "configuration": what is weak in how an image is built, of its config or a Dockerfile. */
#include "base/error.h"
#include "inspect/configuration/configuration.h"
#include "inspect/configuration_inspection.h"
#include "inspect/worker-private.h"

/* A Dockerfile has its own, lower bound. */
#define BYTES_MAX ((uint64_t)4 << 20)

/* (transfer full) */
static GPtrArray *
observe(Slice bytes, const char *name, GError **error)
{
  if (name != NULL)
    return configuration_of_dockerfile(bytes, name, error);
  g_autoptr(ImageConfig) config = image_config_parse(bytes, error);
  return config == NULL ? NULL : configuration_of_image(config);
}

json_t *
worker_configuration(WorkerInput input, const json_t *job, GError **error)
{
  uint64_t size = input.end - input.at;
  if (size > BYTES_MAX) {
    error_set(error, ASSAY_ERROR_LIMIT, "larger than 4 MiB");
    return NULL;
  }
  ConfigurationInput asked = {0};
  g_autofree uint8_t *bytes = g_malloc((gsize)size + 1);
  size_t there = 0;
  gssize got;
  while ((got = worker_input_read(&input, bytes + there, (size_t)size - there, error)) > 0)
    there += (size_t)got;
  if (got < 0 || !json_table_read(&configuration_input_table, job, &asked, error))
    return NULL;
  g_autoptr(GPtrArray) observations = observe(slice_new(bytes, there), asked.name, error);
  json_table_clear(&configuration_input_table, &asked);
  const ConfigurationAnswer answer = {observations};
  return observations == NULL ? NULL : json_table_write(&configuration_answer_table, &answer);
}
