/* The settings of a namespace, as they are stored: a JSON text of the members that were set. */
#include "base/enum_names.h"
#include "base/error.h"
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

/* --- kinds of findings, as a list of their names --- */

static json_t *
write_kinds(const JsonMember *member, const void *value)
{
  const FindingKinds *kinds = value;
  json_t *list = json_array();
  for (unsigned i = 0; member->words[i] != NULL; i++)
    if ((*kinds & FINDING_KIND_BIT(i)) != 0)
      json_array_append_new(list, json_string(member->words[i]));
  return list;
}

static bool
read_kinds(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  FindingKinds *kinds = value;
  *kinds = 0;
  if (!json_member_check_list(member, json, error))
    return false;
  for (size_t i = 0; i < json_array_size(json); i++) {
    unsigned kind;
    if (!enum_find(member->words, json_string_value(json_array_get(json, i)), &kind)) {
      g_autofree char *all = enum_list(member->words);
      return error_set(error, ASSAY_ERROR_INVALID, "\"%s\" must be a list of %s", member->name,
                       all);
    }
    *kinds |= FINDING_KIND_BIT(kind);
  }
  return true;
}

static const JsonKind kinds_kind = {"array", "a list of kinds of findings", .always = true,
                                    .write = write_kinds, .read = read_kinds};

/* --- all of them --- */

/* What has a default in the configuration. Null is what was never set. */
static const char *const inheritable[] = {"without", "scan"};

#define QUOTA_MAX ((uint64_t)1 << 60)
static const JsonMember members[] = {
    {JSON_MEMBER(Namespace, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(Namespace, immutable), .kind = &json_lines, .most = NAMESPACE_PATTERNS_MAX},
    {JSON_MEMBER(Namespace, quota_bytes), .kind = &json_number, .most = QUOTA_MAX, .omitted = true},
    {JSON_MEMBER(Namespace, quota_images), .kind = &json_number, .most = QUOTA_MAX,
     .omitted = true},
    {JSON_MEMBER(Namespace, quota_tags), .kind = &json_number, .most = QUOTA_MAX, .omitted = true},
    {JSON_MEMBER(Namespace, sbom), .kind = &json_word, .words = sbom_format_names},
    {JSON_MEMBER(Namespace, without), .kind = &kinds_kind, .words = finding_kind_names,
     .most = FINDING_KINDS},
    {JSON_MEMBER(Namespace, scan), .kind = &json_text, .otherwise = "push"},
    {JSON_MEMBER(Namespace, inherited), .kind = &json_lines, .most = G_N_ELEMENTS(inheritable)},
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
  json_t *inherited = json_array();
  for (size_t i = 0; i < G_N_ELEMENTS(inheritable); i++)
    if (!json_is_array(json_object_get(object, inheritable[i])) &&
        !json_is_string(json_object_get(object, inheritable[i]))) {
      json_object_del(object, inheritable[i]);
      json_array_append_new(inherited, json_string(inheritable[i]));
    }
  json_object_set_new(object, "inherited", inherited);
  if (!json_table_read(&namespace_table, object, space, error)) {
    g_prefix_error(error, "the settings of namespace %s: ", name);
    return NULL;
  }
  return g_steal_pointer(&space);
}

void
namespace_inherit(Namespace *space, const RegistryDefaults *defaults)
{
  if (g_ptr_array_find_with_equal_func(space->inherited, "without", g_str_equal, NULL))
    space->without = defaults->without;
  if (!g_ptr_array_find_with_equal_func(space->inherited, "scan", g_str_equal, NULL) ||
      defaults->scan == NULL)
    return;
  g_free(space->scan);
  space->scan = g_strdup(defaults->scan);
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
