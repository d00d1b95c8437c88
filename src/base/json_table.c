/* Members of JSON objects by tables; see the header. */
#include "base/json_table.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"

bool
json_member_refuse(const JsonMember *member, GError **error)
{
  return error_set(error, ASSAY_ERROR_INVALID, "\"%s\" is %snot %s", member->name,
                   member->required ? "missing or " : "", member->kind->noun);
}

bool
json_member_is_always_there(const JsonMember *member)
{
  return (member->kind->always && !member->omitted) || member->required ||
         (member->otherwise != NULL && member->kind != &json_text_unless);
}

bool
json_member_check_list(const JsonMember *member, const json_t *json, GError **error)
{
  if (json != NULL && !json_is_array(json))
    return json_member_refuse(member, error);
  if (member->most == 0 || json_array_size(json) <= member->most)
    return true;
  return error_set(error, ASSAY_ERROR_LIMIT, "\"%s\" has more than %" G_GUINT64_FORMAT " entries",
                   member->name, member->most);
}

/* --- tables --- */

/* NULL: the member is left out. */
static json_t *
write_member(const JsonMember *member, const void *values)
{
  return member->kind->write == NULL
             ? NULL
             : member->kind->write(member, (const char *)values + member->offset);
}

void
json_table_add(const JsonTable *table, const void *values, json_t *object)
{
  for (size_t i = 0; i < table->count; i++) {
    json_t *value = write_member(&table->members[i], values);
    if (value != NULL)
      json_object_set_new_nocheck(object, table->members[i].name, value);
  }
}

/* As far as there are values. */
static json_t *
write_tuple(const JsonTable *table, const void *values)
{
  json_t *array = json_array(), *value = NULL;
  for (size_t i = 0; i < table->count && (i == 0 || value != NULL); i++) {
    value = write_member(&table->members[i], values);
    if (value != NULL)
      json_array_append_new(array, value);
  }
  return array;
}

json_t *
json_table_write(const JsonTable *table, const void *values)
{
  if (table->tuple)
    return write_tuple(table, values);
  json_t *object = json_object();
  json_table_add(table, values, object);
  return object;
}

static bool
read_member(const JsonMember *member, const json_t *json, void *values, GError **error)
{
  if (json_is_null(json))
    json = NULL;
  if (member->kind->read == NULL)
    return true;
  if (json == NULL && member->required)
    return json_member_refuse(member, error);
  return member->kind->read(member, json, (char *)values + member->offset, error);
}

static bool
refuse_aliases(const JsonTable *table, const json_t *object, GError **error)
{
  g_autofree const char **names = g_new0(const char *, table->count + 1);
  for (size_t i = 0; i < table->count; i++)
    names[i] = table->members[i].name;
  return json_refuse_aliases(object, names, error);
}

bool
json_table_read(const JsonTable *table, const json_t *object, void *values, GError **error)
{
  bool fits = table->tuple ? json_is_array(object) : json_is_object(object);
  if (!fits)
    return error_set(error, ASSAY_ERROR_INVALID, "must be %s",
                     table->tuple ? "a list" : "an object");
  if (table->strange && !refuse_aliases(table, object, error))
    return false;
  for (size_t i = 0; i < table->count; i++) {
    const JsonMember *member = &table->members[i];
    const json_t *json =
        table->tuple ? json_array_get(object, i) : json_object_get(object, member->name);
    if (!read_member(member, json, values, error))
      return false;
  }
  return true;
}

static void
clear_members(const JsonTable *table, void *values)
{
  for (size_t i = 0; i < table->count; i++) {
    const JsonMember *member = &table->members[i];
    if (member->kind->clear != NULL)
      member->kind->clear(member, (char *)values + member->offset);
  }
}

void
json_table_clear(const JsonTable *table, void *values)
{
  clear_members(table, values);
  memset(values, 0, table->size);
}

/* --- structures --- */

/* Most have none of an optional part: nothing is made for these. */
static json_t *
write_part(const JsonMember *member, const void *value)
{
  json_t *object = NULL;
  for (size_t i = 0; i < member->table->count; i++) {
    const JsonMember *inner = &member->table->members[i];
    json_t *written = write_member(inner, value);
    if (written == NULL)
      continue;
    if (object == NULL)
      object = json_object();
    json_object_set_new_nocheck(object, inner->name, written);
  }
  return object;
}

/* What a structure is that is not there at all. */
static bool
read_nothing(const JsonTable *table, void *values, GError **error)
{
  for (size_t i = 0; i < table->count; i++)
    if (!table->members[i].required && !read_member(&table->members[i], NULL, values, error))
      return false;
  return true;
}

static bool
read_part(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  if (json == NULL)
    return read_nothing(member->table, value, error);
  if (json_table_read(member->table, json, value, error))
    return true;
  g_prefix_error(error, "%s: ", member->name);
  return false;
}

static void
clear_part(const JsonMember *member, void *value)
{
  clear_members(member->table, value);
}

const JsonKind json_part = {"object", "an object", .write = write_part, .read = read_part,
                            .clear = clear_part};

static json_t *
write_child(const JsonMember *member, const void *value)
{
  const void *child = *(void *const *)value;
  return child == NULL ? NULL : json_table_write(member->table, child);
}

static bool
read_child(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  if (json == NULL)
    return true;
  void *child = *(void **)value = g_malloc0(member->table->size);
  if (json_table_read(member->table, json, child, error))
    return true;
  g_prefix_error(error, "%s: ", member->name);
  return false;
}

static void
clear_child(const JsonMember *member, void *value)
{
  void *child = *(void **)value;
  if (child != NULL)
    json_table_clear(member->table, child);
  g_free(child);
}

const JsonKind json_child = {"object", "an object", .write = write_child, .read = read_child,
                             .clear = clear_child};

static json_t *
write_list(const JsonMember *member, const void *value)
{
  const GPtrArray *list = *(GPtrArray *const *)value;
  guint count = list == NULL ? 0 : list->len;
  if (member->omitted && count == 0)
    return NULL;
  json_t *array = json_array();
  for (guint i = 0; i < count; i++)
    json_array_append_new(array, json_table_write(member->table, g_ptr_array_index(list, i)));
  return array;
}

static bool
read_list(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  GPtrArray *list = *(GPtrArray **)value;
  size_t index;
  json_t *item;
  if (!json_member_check_list(member, json, error))
    return false;
  json_array_foreach(json, index, item) {
    void *entry = g_malloc0(member->table->size);
    g_ptr_array_add(list, entry);
    if (!json_table_read(member->table, item, entry, error)) {
      g_prefix_error(error, "%s[%zu]: ", member->name, index);
      return false;
    }
  }
  return true;
}

static void
clear_list(const JsonMember *member, void *value)
{
  g_clear_pointer((GPtrArray **)value, g_ptr_array_unref);
}

const JsonKind json_list = {
    "array", "a list", .always = true, .write = write_list, .read = read_list, .clear = clear_list};
