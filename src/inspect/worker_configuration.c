/* The job "configuration": what is weak in how an image is built, and the secrets that are told
 * there, of its config or a Dockerfile. */
#include "base/error.h"
#include "base/json.h"
#include "inspect/configuration/configuration.h"
#include "inspect/configuration_inspection.h"
#include "inspect/secrets/scan.h"
#include "inspect/secrets/secrets.h"
#include "inspect/worker-private.h"

/* A Dockerfile has its own, lower bound. */
#define BYTES_MAX ((uint64_t)4 << 20)
/* Of a history: what is more is looked at as one text, without its layers. */
#define ENTRIES_MAX 1000u
/* That are looked for in each text that is shown; of more, no text is. */
#define VALUES_MAX 400u

/* --- values that are not shown --- */

typedef struct {
  GPtrArray *values; /* char * */
  bool all;
} Hiding;

static void
keep_value(const FoundSecret *secret, void *values)
{
  g_ptr_array_add(values, slice_to_string(secret->secret));
}

/* Nothing is to be shown of @text that looks like a secret; where it is not known what does,
 * nothing at all. */
static void
hide(const char *text, Hiding *hiding)
{
  SecretEngine *engine = secret_engine_default();
  if (engine == NULL) {
    hiding->all = true;
    return;
  }
  SecretScan *scan = secret_scan_new(engine, SECRET_CONTEXT_OWN, keep_value, hiding->values);
  secret_scan_set_masks(scan);
  secret_scan_add(scan, slice_from_string(text));
  if (!secret_scan_finish(scan))
    hiding->all = true;
}

/* --- the texts of a config --- */

typedef struct {
  char *path;
  uint32_t layer; /* or OBSERVED_IN_IMAGE */
  char *text;
} Text;

static void
text_clear(void *data)
{
  Text *text = data;
  g_free(text->path);
  g_free(text->text);
}

/* Takes @text over. */
static void
add_text(GArray *texts, const char *path, uint32_t layer, char *text)
{
  const Text made = {g_strdup(path), layer, text};
  g_array_append_val(texts, made);
}

static void
add_list(GArray *texts, const char *path, char **list)
{
  if (list != NULL)
    add_text(texts, path, OBSERVED_IN_IMAGE, g_strjoinv("\n", list));
}

static void
add_labels(GArray *texts, GHashTable *labels)
{
  GString *all = g_string_new(NULL);
  GHashTableIter iter;
  void *name, *value;
  if (labels != NULL)
    g_hash_table_iter_init(&iter, labels);
  while (labels != NULL && g_hash_table_iter_next(&iter, &name, &value))
    g_string_append_printf(all, "%s=%s\n", (char *)name, (char *)value);
  add_text(texts, "config:Labels", OBSERVED_IN_IMAGE, g_string_free(all, FALSE));
}

static bool
is_one_of(const char *key, const char *const *known)
{
  return known != NULL && g_strv_contains(known, key);
}

/* All strings in @value, a line each, with the names that they have; without the members @known,
 * which are looked at by themselves. */
static void
append_strings(GString *into, const json_t *value, const char *const *known)
{
  const char *key;
  size_t i;
  json_t *each;
  json_object_foreach((json_t *)(uintptr_t)value, key, each) {
    if (is_one_of(key, known))
      continue;
    g_string_append_printf(into, "%s%s", key, json_is_string(each) ? "=" : "\n");
    append_strings(into, each, NULL);
  }
  json_array_foreach(value, i, each)
    append_strings(into, each, NULL);
  if (json_is_string(value))
    g_string_append_printf(into, "%s\n", json_string_value(value));
}

/* What @object has beside the members @known: whoever has the image has all of its config. */
static void
add_others(GArray *texts, const json_t *object, const char *const *known)
{
  const char *key;
  json_t *each;
  json_object_foreach((json_t *)(uintptr_t)object, key, each) {
    if (is_one_of(key, known))
      continue;
    GString *strings = g_string_new(NULL);
    g_autofree char *path = g_strdup_printf("config:%.40s", key);
    g_string_append_printf(strings, "%s=", key);
    append_strings(strings, each, NULL);
    add_text(texts, g_str_is_ascii(path) ? path : "config", OBSERVED_IN_IMAGE,
             g_string_free(strings, FALSE));
  }
}

static void
add_history(GArray *texts, const ImageConfig *config, const json_t *entries)
{
  static const char *const told[] = {"created", "created_by", "comment", "empty_layer", NULL};
  GString *rest = g_string_new(NULL);
  uint32_t layer = 0;
  for (guint i = 0; i < config->history->len; i++) {
    const char *entry = g_ptr_array_index(config->history, i);
    const char *comment = g_ptr_array_index(config->history_comments, i);
    bool makes_layer = !g_array_index(config->history_empty, bool, i);
    bool known = makes_layer && layer < config->diff_ids->len;
    GString *text = i < ENTRIES_MAX ? g_string_new(NULL) : rest;
    g_string_append_printf(text, "%s\n%s\n", entry, comment);
    append_strings(text, json_array_get(entries, i), told);
    if (text != rest)
      add_text(texts, "history", known ? layer : OBSERVED_IN_IMAGE, g_string_free(text, FALSE));
    layer += makes_layer;
  }
  add_text(texts, "history", OBSERVED_IN_IMAGE, g_string_free(rest, FALSE));
}

/* All that may hold a secret. @json: the same config. (transfer full): Text */
static GArray *
texts_of_config(const ImageConfig *config, const json_t *json)
{
  static const char *const in_config[] = {"Env",     "Entrypoint", "Cmd", "Healthcheck",
                                          "OnBuild", "Labels",     NULL};
  static const char *const in_all[] = {"config", "history", "rootfs", NULL};
  GArray *texts = g_array_new(FALSE, FALSE, sizeof(Text));
  g_array_set_clear_func(texts, text_clear);
  add_list(texts, "config:Env", config->env);
  add_list(texts, "config:Entrypoint", config->entrypoint);
  add_list(texts, "config:Cmd", config->cmd);
  add_list(texts, "config:Healthcheck", config->health_check);
  add_list(texts, "config:OnBuild", config->on_build);
  add_labels(texts, config->labels);
  add_others(texts, json_get_object(json, "config"), in_config);
  add_others(texts, json, in_all);
  add_history(texts, config, json_get_array(json, "history"));
  return texts;
}

/* --- secrets --- */

/* One that a check of the configuration observes by its variable's name is told as both: who asks
 * for secrets is to see all. */
static void
take_secrets(Slice text, const char *path, uint32_t line, uint32_t layer,
             const ConfigurationAnswer *into)
{
  g_autoptr(LayerInventory) found = layer_inventory_new();
  secrets_scan_text(text, path, line, found);
  for (guint i = 0; i < found->observations->len; i++) {
    const Observation *one = g_ptr_array_index(found->observations, i);
    g_ptr_array_add(into->observations, image_observation_new(observation_copy(one), layer, false));
  }
  if (found->unread->len > 0)
    g_ptr_array_add(into->unread, g_strdup_printf("secrets in %s", path));
}

/* --- the job --- */

static bool
observe_config(Slice bytes, ConfigurationAnswer *into, GError **error)
{
  g_autoptr(ImageConfig) config = image_config_parse(bytes, error);
  g_autoptr(json_t) json = config == NULL ? NULL : json_parse(bytes, error);
  if (json == NULL)
    return false;
  g_autoptr(GArray) texts = texts_of_config(config, json);
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
  Hiding hiding = {.values = values};
  for (guint i = 0; i < texts->len; i++)
    hide(g_array_index(texts, Text, i).text, &hiding);
  const ConfigurationHidden hidden = {values, hiding.all || values->len > VALUES_MAX};
  into->observations = configuration_of_image(config, &hidden, error);
  into->commands = configuration_commands_of_image(config, &hidden);
  for (guint i = 0; into->observations != NULL && i < texts->len; i++) {
    const Text *text = &g_array_index(texts, Text, i);
    take_secrets(slice_from_string(text->text), text->path, 0, text->layer, into);
  }
  return into->observations != NULL;
}

static bool
observe_dockerfile(Slice bytes, const char *name, ConfigurationAnswer *into, GError **error)
{
  g_autofree char *text = slice_to_string(bytes);
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
  Hiding hiding = {.values = values};
  hide(text, &hiding);
  const ConfigurationHidden hidden = {values, hiding.all};
  into->observations = configuration_of_dockerfile(bytes, name, &hidden, error);
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
  json_t *written = observed ? json_table_write(&configuration_answer_table, &found) : NULL;
  g_clear_pointer(&found.observations, g_ptr_array_unref);
  g_clear_pointer(&found.commands, g_ptr_array_unref);
  return written;
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
