/* The job "configuration": what is weak in how an image is built, and the secrets that are told
 * there, of its config or a Dockerfile. */
#include "base/error.h"
#include "inspect/configuration/configuration.h"
#include "inspect/configuration_inspection.h"
#include "inspect/secrets/scan.h"
#include "inspect/secrets/secrets.h"
#include "inspect/worker-private.h"

/* A Dockerfile has its own, lower bound. */
#define BYTES_MAX ((uint64_t)4 << 20)
/* Of a history: what is more is looked at as one text, without its layers. */
#define ENTRIES_MAX 1000u

/* --- values that are not shown --- */

static void
keep_value(const FoundSecret *secret, void *values)
{
  g_ptr_array_add(values, slice_to_string(secret->secret));
}

/* Nothing is to be shown of @text that looks like a secret; of what has more than are looked at,
 * nothing at all. */
static void
add_values(const char *text, GPtrArray *values)
{
  SecretEngine *engine = text == NULL ? NULL : secret_engine_default();
  if (engine == NULL)
    return;
  Slice bytes = slice_from_string(text);
  SecretScan *scan = secret_scan_new(engine, SECRET_CONTEXT_OWN, keep_value, values);
  secret_scan_add(scan, bytes);
  if (!secret_scan_finish(scan))
    g_ptr_array_add(values, g_strdup(text));
}

static void
add_values_of_list(char **texts, GPtrArray *values)
{
  g_autofree char *all = texts == NULL ? NULL : g_strjoinv("\n", texts);
  add_values(all, values);
}

/* (transfer full): char * */
static GPtrArray *
values_of_config(const ImageConfig *config)
{
  GPtrArray *values = g_ptr_array_new_with_free_func(g_free);
  add_values_of_list(config->env, values);
  g_ptr_array_add(config->history, NULL);
  add_values_of_list((char **)config->history->pdata, values);
  g_ptr_array_set_size(config->history, (int)config->history->len - 1);
  return values;
}

/* --- secrets --- */

static bool
begins_with_any(const char *rule, const char *const *names)
{
  for (; *names != NULL; names++)
    if (g_str_has_prefix(rule, *names))
      return true;
  return false;
}

/* What is known by the name of its variable alone, and was observed as that. */
static bool
is_told(const Observation *secret, uint32_t layer, const GPtrArray *observations)
{
  static const char *const by_name[] = {"environment-secret", "generic-", "configuration-password",
                                        "url-password", NULL};
  static const char *const by_check[] = {"secret-in-", "credentials-in-", "password-set", NULL};
  if (!begins_with_any(secret->rule, by_name))
    return false;
  for (guint i = 0; i < observations->len; i++) {
    const ImageObservation *one = g_ptr_array_index(observations, i);
    const Observation *other = one->observation;
    if (one->layer == layer && other->line == secret->line &&
        g_str_equal(other->path, secret->path) && begins_with_any(other->rule, by_check))
      return true;
  }
  return false;
}

static void
take_secrets(Slice text, const char *path, uint32_t line, uint32_t layer,
             const ConfigurationAnswer *into)
{
  g_autoptr(LayerInventory) found = layer_inventory_new();
  secrets_scan_text(text, path, line, found);
  for (guint i = 0; i < found->observations->len; i++) {
    const Observation *one = g_ptr_array_index(found->observations, i);
    if (is_told(one, layer, into->observations))
      continue;
    g_ptr_array_add(into->observations, image_observation_new(observation_copy(one), layer, false));
  }
  if (found->unread->len > 0)
    g_ptr_array_add(into->unread, g_strdup_printf("secrets in %s", path));
}

static void
take_secrets_of_list(char **texts, const char *path, const ConfigurationAnswer *into)
{
  g_autofree char *all = texts == NULL ? NULL : g_strjoinv("\n", texts);
  if (all != NULL)
    take_secrets(slice_from_string(all), path, 0, OBSERVED_IN_IMAGE, into);
}

static void
take_secrets_of_labels(GHashTable *labels, const ConfigurationAnswer *into)
{
  g_autoptr(GString) all = g_string_new(NULL);
  GHashTableIter iter;
  void *name, *value;
  if (labels == NULL)
    return;
  g_hash_table_iter_init(&iter, labels);
  while (g_hash_table_iter_next(&iter, &name, &value))
    g_string_append_printf(all, "%s=%s\n", (char *)name, (char *)value);
  take_secrets(slice_from_string(all->str), "config:Labels", 0, OBSERVED_IN_IMAGE, into);
}

static void
take_secrets_of_history(const ImageConfig *config, const ConfigurationAnswer *into)
{
  g_autoptr(GString) rest = g_string_new(NULL);
  uint32_t layer = 0;
  for (guint i = 0; i < config->history->len; i++) {
    const char *entry = g_ptr_array_index(config->history, i);
    bool makes_layer = !g_array_index(config->history_empty, bool, i);
    bool known = makes_layer && layer < config->diff_ids->len;
    if (i < ENTRIES_MAX)
      take_secrets(slice_from_string(entry), "history", 0, known ? layer : OBSERVED_IN_IMAGE, into);
    else
      g_string_append_printf(rest, "%s\n", entry);
    layer += makes_layer;
  }
  if (rest->len > 0)
    take_secrets(slice_from_string(rest->str), "history", 0, OBSERVED_IN_IMAGE, into);
}

/* --- the job --- */

static bool
observe_config(Slice bytes, ConfigurationAnswer *into, GError **error)
{
  g_autoptr(ImageConfig) config = image_config_parse(bytes, error);
  if (config == NULL)
    return false;
  g_autoptr(GPtrArray) values = values_of_config(config);
  into->observations = configuration_of_image(config, values, error);
  if (into->observations == NULL)
    return false;
  take_secrets_of_list(config->env, "config:Env", into);
  take_secrets_of_list(config->entrypoint, "config:Entrypoint", into);
  take_secrets_of_list(config->cmd, "config:Cmd", into);
  take_secrets_of_list(config->health_check, "config:Healthcheck", into);
  take_secrets_of_labels(config->labels, into);
  take_secrets_of_history(config, into);
  return true;
}

static bool
observe_dockerfile(Slice bytes, const char *name, ConfigurationAnswer *into, GError **error)
{
  g_autofree char *text = slice_to_string(bytes);
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
  add_values(text, values);
  into->observations = configuration_of_dockerfile(bytes, name, values, error);
  if (into->observations != NULL)
    take_secrets(bytes, name, 1, OBSERVED_IN_IMAGE, into);
  return into->observations != NULL;
}

static json_t *
answer(Slice bytes, const char *name, GError **error)
{
  g_autoptr(GPtrArray) unread = g_ptr_array_new_with_free_func(g_free);
  ConfigurationAnswer found = {.unread = unread};
  bool observed = name != NULL ? observe_dockerfile(bytes, name, &found, error)
                               : observe_config(bytes, &found, error);
  g_autoptr(GPtrArray) observations = found.observations;
  return observed ? json_table_write(&configuration_answer_table, &found) : NULL;
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
  json_t *document = answer(slice_new(bytes, there), asked.name, error);
  json_table_clear(&configuration_input_table, &asked);
  return document;
}
