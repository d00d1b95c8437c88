/* The settings of a namespace, as they are stored: a JSON text of the members that were set. */
#include "base/json.h"
#include "registry/namespaces.h"
#include "registry/registry-private.h"

static const JsonMember usage_members[] = {
    {JSON_MEMBER(NamespaceUsage, bytes), .kind = &json_number},
    {JSON_MEMBER(NamespaceUsage, images), .kind = &json_number},
    {JSON_MEMBER(NamespaceUsage, tags), .kind = &json_number},
};
const JsonTable namespace_usage_table = JSON_TABLE(NamespaceUsage, usage_members);

const char *const sbom_format_names[] = {"none", "cyclonedx", "spdx", NULL};

#define QUOTA_MAX ((uint64_t)1 << 60)
static const JsonMember members[] = {
    {JSON_MEMBER(Namespace, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(Namespace, immutable), .kind = &json_lines, .most = NAMESPACE_PATTERNS_MAX},
    {JSON_MEMBER(Namespace, quota_bytes), .kind = &json_number, .most = QUOTA_MAX, .omitted = true},
    {JSON_MEMBER(Namespace, quota_images), .kind = &json_number, .most = QUOTA_MAX,
     .omitted = true},
    {JSON_MEMBER(Namespace, quota_tags), .kind = &json_number, .most = QUOTA_MAX, .omitted = true},
    {JSON_MEMBER(Namespace, sbom), .kind = &json_word, .words = sbom_format_names},
    {JSON_MEMBER(Namespace, used), .kind = &json_child, .table = &namespace_usage_table},
    {JSON_MEMBER(Namespace, version), .kind = &json_number},
    {JSON_MEMBER(Namespace, changed), .kind = &json_moment},
};
const JsonTable namespace_table = JSON_TABLE(Namespace, members);

void
namespace_free(Namespace *space)
{
  if (space == NULL)
    return;
  json_table_clear(&namespace_table, space);
  g_free(space);
}

/* @settings: the members that were set, or NULL. */
Namespace *
namespace_read(const char *name, const char *settings, GError **error)
{
  g_autoptr(json_t) object =
      settings == NULL ? json_object() : json_parse(slice_from_string(settings), error);
  if (object == NULL)
    return NULL;
  g_autoptr(Namespace) space = g_new0(Namespace, 1);
  json_set_string(object, "name", name);
  if (!json_table_read(&namespace_table, object, space, error)) {
    g_prefix_error(error, "the settings of namespace %s: ", name);
    return NULL;
  }
  return g_steal_pointer(&space);
}

Namespace *
namespace_load(SqlConnection *db, const char *name, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT settings, version, changed FROM namespaces WHERE name = $1",
                          SQL_TEXT(name), SQL_END);
  if (found == FAILED)
    return NULL;
  Namespace *space = namespace_read(name, found == FOUND ? sql_rows_text(rows, 0) : NULL, error);
  if (space != NULL && found == FOUND) {
    space->version = (uint64_t)sql_rows_integer(rows, 1);
    space->changed = sql_rows_integer(rows, 2);
  }
  return space;
}
