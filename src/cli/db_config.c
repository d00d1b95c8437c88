/* The configuration of `assay db`; see the header. */
#include "cli/db_config.h"

#include "advisory/feeds/unpack.h"

Config *
db_config_open(const char *path, char **folder, GError **error)
{
  g_autoptr(Config) config = config_open(path, error);
  if (config == NULL)
    return NULL;
  unpack_set_limits(&config->limits.inspection.worker, config->allow_uncaged);
  if (*folder == NULL)
    *folder = config->data != NULL ? g_strdup(config->data) : config_default_data_folder();
  return g_steal_pointer(&config);
}
