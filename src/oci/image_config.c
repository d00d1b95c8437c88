/* The image config (image-spec config.md); see the header. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "oci/image_config.h"

/* As many as a manifest may have layers. */
#define DIFF_IDS_MAX 10000
/* Of JSON: room for a history and labels besides. */
#define VALUES_MAX ((size_t)100 * 1000)

bool
image_config_is_bare(const ImageConfig *config)
{
  return config->user == NULL && config->env == NULL && config->entrypoint == NULL &&
         config->cmd == NULL && config->exposed_ports == NULL && config->labels == NULL &&
         config->working_dir == NULL && config->volumes == NULL && config->health_check == NULL &&
         config->on_build == NULL && config->history->len == 0;
}

void
image_config_free(ImageConfig *config)
{
  if (config == NULL)
    return;
  g_free(config->architecture);
  g_free(config->os);
  g_free(config->variant);
  g_free(config->created);
  g_free(config->user);
  g_strfreev(config->env);
  g_strfreev(config->entrypoint);
  g_strfreev(config->cmd);
  g_strfreev(config->exposed_ports);
  g_free(config->working_dir);
  g_free(config->stop_signal);
  g_strfreev(config->volumes);
  g_strfreev(config->health_check);
  g_strfreev(config->on_build);
  g_clear_pointer(&config->labels, g_hash_table_unref);
  g_clear_pointer(&config->diff_ids, g_ptr_array_unref);
  g_clear_pointer(&config->history, g_ptr_array_unref);
  g_clear_pointer(&config->history_comments, g_ptr_array_unref);
  g_clear_pointer(&config->history_empty, g_array_unref);
  g_free(config);
}

int64_t
image_config_time(const ImageConfig *config)
{
  g_autoptr(GDateTime) moment =
      config->created == NULL ? NULL : g_date_time_new_from_iso8601(config->created, NULL);
  return moment == NULL ? 0 : MAX(0, g_date_time_to_unix(moment));
}

/* The list of diff_ids, or NULL; false when a client may see another. */
static bool
find_diff_ids(const json_t *object, const json_t **list, GError **error)
{
  static const char *const names[] = {"rootfs", NULL}, *const inner[] = {"diff_ids", NULL};
  const json_t *rootfs = json_get_object(object, "rootfs");
  *list = json_get_array(rootfs, "diff_ids");
  return json_refuse_aliases(object, names, error) && json_refuse_aliases(rootfs, inner, error);
}

static bool
read_diff_ids(const json_t *object, ImageConfig *config, GError **error)
{
  const json_t *list = NULL;
  if (!find_diff_ids(object, &list, error))
    return false;
  /* Go writes null for the diff_ids of an image from nothing. */
  const json_t *rootfs = json_get_object(object, "rootfs");
  const json_t *written = json_object_get(rootfs, "diff_ids");
  if (rootfs == NULL || (list == NULL && written != NULL && !json_is_null(written)))
    return error_set(error, ASSAY_ERROR_INVALID, "rootfs.diff_ids: is missing or not an array");
  if (json_array_size(list) > DIFF_IDS_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "rootfs.diff_ids: more than %d entries",
                     DIFF_IDS_MAX);
  size_t index;
  json_t *item;
  json_array_foreach(list, index, item) {
    g_autofree Digest *diff_id = g_new0(Digest, 1);
    if (!json_is_string(item) || !digest_parse(json_string_value(item), diff_id, error)) {
      if (!json_is_string(item))
        error_set(error, ASSAY_ERROR_INVALID, "must be a string");
      g_prefix_error(error, "rootfs.diff_ids[%zu]: ", index);
      return false;
    }
    g_ptr_array_add(config->diff_ids, g_steal_pointer(&diff_id));
  }
  return true;
}

static void
read_history(const json_t *object, ImageConfig *config)
{
  size_t index;
  json_t *item;
  json_array_foreach(json_get_array(object, "history"), index, item) {
    const char *created_by = json_get_string(item, "created_by");
    const char *comment = json_get_string(item, "comment");
    bool empty = json_get_boolean(item, "empty_layer", false);
    g_ptr_array_add(config->history, g_strdup(created_by != NULL ? created_by : ""));
    g_ptr_array_add(config->history_comments, g_strdup(comment != NULL ? comment : ""));
    g_array_append_val(config->history_empty, empty);
  }
}

static GStrv
read_keys(json_t *object)
{
  if (object == NULL)
    return NULL;
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value) {
    g_strv_builder_add(builder, key);
  }
  return g_strv_builder_end(builder);
}

/* By whatever letter case, as encoding/json reads them: Copacetic adds "labels" beside "Labels". */
static void
read_labels(json_t *execution, ImageConfig *config)
{
  const char *name, *key;
  json_t *labels, *value;
  json_object_foreach(execution, name, labels) {
    if (g_ascii_strcasecmp(name, "Labels") != 0 || !json_is_object(labels))
      continue;
    if (config->labels == NULL)
      config->labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    json_object_foreach(labels, key, value) {
      if (json_is_string(value))
        g_hash_table_insert(config->labels, g_strdup(key), g_strdup(json_string_value(value)));
    }
  }
}

/* Not by a table: what is of a wrong type here is as if it were missing. It is only shown, and an
 * image that runs elsewhere is not refused for it. */
static void
read_execution(json_t *execution, ImageConfig *config)
{
  config->user = g_strdup(json_get_string(execution, "User"));
  config->env = json_get_strings(execution, "Env");
  config->entrypoint = json_get_strings(execution, "Entrypoint");
  config->cmd = json_get_strings(execution, "Cmd");
  config->exposed_ports = read_keys(json_get_object(execution, "ExposedPorts"));
  config->working_dir = g_strdup(json_get_string(execution, "WorkingDir"));
  config->stop_signal = g_strdup(json_get_string(execution, "StopSignal"));
  config->on_build = json_get_strings(execution, "OnBuild");
  config->volumes = read_keys(json_get_object(execution, "Volumes"));
  config->health_check = json_get_strings(json_get_object(execution, "Healthcheck"), "Test");
  read_labels(execution, config);
}

ImageConfig *
image_config_parse(Slice text, GError **error)
{
  g_autoptr(json_t) object = json_parse_bounded(text, VALUES_MAX, error);
  if (object == NULL)
    return NULL;
  if (!json_is_object(object)) {
    error_set(error, ASSAY_ERROR_INVALID, "an image config must be a JSON object");
    return NULL;
  }
  g_autoptr(ImageConfig) config = g_new0(ImageConfig, 1);
  config->architecture = g_strdup(json_get_string(object, "architecture"));
  config->os = g_strdup(json_get_string(object, "os"));
  config->variant = g_strdup(json_get_string(object, "variant"));
  config->created = g_strdup(json_get_string(object, "created"));
  config->diff_ids = g_ptr_array_new_with_free_func(g_free);
  config->history = g_ptr_array_new_with_free_func(g_free);
  config->history_comments = g_ptr_array_new_with_free_func(g_free);
  config->history_empty = g_array_new(FALSE, FALSE, sizeof(bool));
  if (!read_diff_ids(object, config, error))
    return NULL;
  read_history(object, config);
  read_execution(json_get_object(object, "config"), config);
  return g_steal_pointer(&config);
}

bool
image_config_may_name_layers(Slice text)
{
  while (text.size > 0 && memchr(" \t\r\n", text.data[0], 4) != NULL)
    text = slice_sub(text, 1, text.size);
  if (!slice_has_prefix(text, SLICE_LITERAL("{")))
    return false;
  const json_t *list = NULL;
  g_autoptr(json_t) object = json_parse_bounded(text, VALUES_MAX, NULL);
  return object == NULL || !find_diff_ids(object, &list, NULL) || json_array_size(list) > 0;
}
