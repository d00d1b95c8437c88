/* Reading a Dockerfile and having it looked at; see the header. */
#include "cli/scan_dockerfile.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/source_options.h"
#include "inspect/configuration_inspection.h"
#include "text/dockerfile.h"

ImageInventory *
scan_dockerfile(const char *file, const Config *config, GError **error)
{
  bool piped = strcmp(file, "-") == 0;
  g_autoptr(GBytes) bytes = piped ? fd_read_all(STDIN_FILENO, DOCKERFILE_BYTES_MAX, error)
                                  : file_read(AT_FDCWD, file, DOCKERFILE_BYTES_MAX, error);
  if (bytes == NULL) {
    g_prefix_error(error, piped ? "standard input: " : "--dockerfile: ");
    return NULL;
  }
  g_autofree char *name = g_utf8_make_valid(piped ? "Dockerfile" : file, -1);
  const ConfigurationInput input = {.bytes = slice_from_bytes(bytes),
                                    .name = name,
                                    .allow_uncaged =
                                        config->allow_uncaged || source_option_uncaged};
  g_autoptr(ImageInventory) inventory = image_inventory_empty();
  if (inspect_configuration(&input, &config->limits.inspection.worker, NULL, inventory, error))
    return g_steal_pointer(&inventory);
  g_prefix_error(error, "%s: ", piped ? "standard input" : file);
  return NULL;
}
