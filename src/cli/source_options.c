/* Opening what is scanned; see the header. */
#include "cli/source_options.h"

#include "inspect/java_table.h"

char *source_option_platform, *source_option_authfile, *source_option_credentials,
    *source_option_certificates;
gboolean source_option_insecure, source_option_uncaged;

ImageSource *
source_options_open(const char *target, const Config *config, const Progress *progress,
                    GError **error)
{
  ImageSourceOptions how = {.platform = source_option_platform,
                            .insecure = source_option_insecure,
                            .authfile = source_option_authfile,
                            .credentials = source_option_credentials,
                            .ca_file = config->advisories.ca_file,
                            .cert_dir = source_option_certificates,
                            .manifest_bytes = config->limits.registry.manifest_bytes,
                            .allow_uncaged = source_option_uncaged || config->allow_uncaged};
  if (!java_table_use(config->java_archives, error))
    return NULL;
  return image_source_open(target, &how, &config->limits.inspection, progress, NULL, error);
}

Remote *
source_options_remote(const char *reference, const Config *config, bool push, GError **error)
{
  const char *name = g_str_has_prefix(reference, "docker://") ? reference + 9 : reference;
  Reference *place = reference_parse(name, error);
  if (place == NULL)
    return NULL;
  const RemoteOptions options = {.name = name,
                                 .credentials = source_option_credentials,
                                 .authfile = source_option_authfile,
                                 .ca_file = config->advisories.ca_file,
                                 .cert_dir = source_option_certificates,
                                 .insecure = source_option_insecure,
                                 .push = push};
  return remote_new(place, &options, NULL, error);
}

int64_t
source_options_created(const ImageSource *source)
{
  const char *epoch = g_getenv("SOURCE_DATE_EPOCH");
  uint64_t seconds = 0;
  if (epoch != NULL && slice_to_uint64(slice_from_string(epoch), &seconds) && seconds < INT32_MAX)
    return (int64_t)seconds;
  const ImageConfig *config = image_source_config(source);
  /* Of an image that does not say, the same each time, as builders that can be repeated write it.
   */
  return config != NULL ? image_config_time(config) : g_get_real_time() / G_USEC_PER_SEC;
}

Report
source_options_report(const ImageSource *source, const ImageInventory *inventory)
{
  const Digest *digest = image_source_manifest_digest(source);
  return (Report){.target = image_source_target(source),
                  .digest = digest != NULL ? digest->text : NULL,
                  .inventory = inventory,
                  .packages = inventory->packages->len,
                  .created = source_options_created(source)};
}
