/* What an image says of its distribution: ownership, and the JSON form. */
#include "inventory/os_release.h"

static const JsonMember members[] = {
    {JSON_MEMBER(OsRelease, location), .kind = &json_text, .required = true},
    {JSON_MEMBER(OsRelease, read), .kind = &json_number},
    {JSON_MEMBER(OsRelease, id), .kind = &json_text, .required = true},
    {JSON_MEMBER(OsRelease, version_id), .kind = &json_text},
    {JSON_MEMBER(OsRelease, version), .kind = &json_text},
    {JSON_MEMBER(OsRelease, codename), .kind = &json_text},
    {JSON_MEMBER(OsRelease, parent_codename), .kind = &json_text},
    {JSON_MEMBER(OsRelease, pretty_name), .kind = &json_text},
    {JSON_MEMBER(OsRelease, id_like), .kind = &json_texts},
};
const JsonTable os_release_table = JSON_TABLE(OsRelease, members);

void
os_release_free(OsRelease *os)
{
  if (os == NULL)
    return;
  json_table_clear(&os_release_table, os);
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
