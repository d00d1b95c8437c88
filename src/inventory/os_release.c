/* Ownership of what an image says of its distribution. */
#include "inventory/os_release.h"

void
os_release_free(OsRelease *os)
{
  if (os == NULL)
    return;
  g_free(os->location);
  g_free(os->id);
  g_free(os->version_id);
  g_free(os->version);
  g_free(os->codename);
  g_free(os->parent_codename);
  g_free(os->pretty_name);
  g_strfreev(os->id_like);
  g_free(os);
}

OsRelease *
os_release_copy(const OsRelease *os)
{
  if (os == NULL)
    return NULL;
  OsRelease *copy = g_new0(OsRelease, 1);
  copy->location = g_strdup(os->location);
  copy->read = os->read;
  copy->id = g_strdup(os->id);
  copy->version_id = g_strdup(os->version_id);
  copy->version = g_strdup(os->version);
  copy->codename = g_strdup(os->codename);
  copy->parent_codename = g_strdup(os->parent_codename);
  copy->pretty_name = g_strdup(os->pretty_name);
  copy->id_like = g_strdupv(os->id_like);
  return copy;
}
