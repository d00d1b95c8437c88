/* What an image says of its distribution: ownership, and the JSON form. */
#include "inventory/os_release.h"

#include "base/json.h"

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

json_t *
os_release_to_json(const OsRelease *os)
{
  json_t *object = json_object();
  json_set_string(object, "location", os->location);
  json_object_set_new(object, "read", json_integer(os->read));
  json_set_string(object, "id", os->id);
  json_set_string(object, "version_id", os->version_id);
  json_set_string(object, "version", os->version);
  json_set_string(object, "codename", os->codename);
  json_set_string(object, "parent_codename", os->parent_codename);
  json_set_string(object, "pretty_name", os->pretty_name);
  json_set_strings(object, "id_like", (const char *const *)os->id_like);
  return object;
}

OsRelease *
os_release_from_json(const json_t *object)
{
  if (json_get_string(object, "location") == NULL || json_get_string(object, "id") == NULL)
    return NULL;
  OsRelease *os = g_new0(OsRelease, 1);
  os->location = g_strdup(json_get_string(object, "location"));
  os->read = (unsigned)CLAMP(json_get_integer(object, "read", 0), 0, (json_int_t)UINT_MAX);
  os->id = g_strdup(json_get_string(object, "id"));
  os->version_id = g_strdup(json_get_string(object, "version_id"));
  os->version = g_strdup(json_get_string(object, "version"));
  os->codename = g_strdup(json_get_string(object, "codename"));
  os->parent_codename = g_strdup(json_get_string(object, "parent_codename"));
  os->pretty_name = g_strdup(json_get_string(object, "pretty_name"));
  os->id_like = json_get_strings(object, "id_like");
  return os;
}
