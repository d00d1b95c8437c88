/* What the media types mean; see the header. */
#include "oci/media_type.h"

#include <glib.h>
#include <string.h>

bool
media_type_is_manifest(const char *type)
{
  return g_strcmp0(type, MEDIA_TYPE_OCI_MANIFEST) == 0 ||
         g_strcmp0(type, MEDIA_TYPE_DOCKER_MANIFEST) == 0;
}

bool
media_type_is_index(const char *type)
{
  return g_strcmp0(type, MEDIA_TYPE_OCI_INDEX) == 0 || g_strcmp0(type, MEDIA_TYPE_DOCKER_LIST) == 0;
}

bool
media_type_is_schema1(const char *type)
{
  return g_strcmp0(type, MEDIA_TYPE_DOCKER_SCHEMA1) == 0 ||
         g_strcmp0(type, MEDIA_TYPE_DOCKER_SCHEMA1_SIGNED) == 0;
}

bool
media_type_is_layer(const char *type)
{
  static const char *const prefixes[] = {
      MEDIA_TYPE_OCI_LAYER,
      "application/vnd.oci.image.layer.nondistributable.v1.tar",
      "application/vnd.docker.image.rootfs.diff.tar",
      "application/vnd.docker.image.rootfs.foreign.diff.tar",
  };
  for (size_t i = 0; type != NULL && i < G_N_ELEMENTS(prefixes); i++) {
    size_t length = strlen(prefixes[i]);
    if (strncmp(type, prefixes[i], length) == 0 &&
        (type[length] == '\0' || type[length] == '+' || type[length] == '.'))
      return true;
  }
  return false;
}

bool
media_type_is_foreign_layer(const char *type)
{
  return media_type_is_layer(type) &&
         (strstr(type, ".nondistributable.") != NULL || strstr(type, ".foreign.") != NULL);
}

bool
media_type_is_image_config(const char *type)
{
  return g_strcmp0(type, MEDIA_TYPE_OCI_CONFIG) == 0 ||
         g_strcmp0(type, MEDIA_TYPE_DOCKER_CONFIG) == 0;
}
