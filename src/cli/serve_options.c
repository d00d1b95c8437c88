/* Which server is meant; see the header. */
#include "cli/serve_options.h"

char *serve_option_data, *serve_option_config, *serve_option_policy;
char **serve_option_listen;

void
serve_options_apply(Config *config)
{
  if (serve_option_policy != NULL) {
    g_free(config->policy);
    config->policy = g_strdup(serve_option_policy);
  }
  if (serve_option_data != NULL || config->data == NULL) {
    g_free(config->data);
    config->data =
        serve_option_data != NULL ? g_strdup(serve_option_data) : config_default_data_folder();
  }
  if (serve_option_listen != NULL)
    config_set_listen(config, (const char *const *)serve_option_listen);
}
