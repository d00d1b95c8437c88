/* JSON helpers over jansson; see the header. */
#include "base/json.h"

#include "base/error.h"
#include "base/fd.h"

static json_t *
parse(Slice text, size_t flags, GError **error)
{
  json_error_t detail;
  json_t *value = json_loadb(text.size == 0 ? "" : (const char *)text.data, text.size,
                             flags | JSON_DECODE_ANY, &detail);
  if (value == NULL)
    error_set(error, ASSAY_ERROR_INVALID, "not valid JSON: line %d, column %d: %s", detail.line,
              detail.column, detail.text);
  return value;
}

json_t *
json_parse(Slice text, GError **error)
{
  return parse(text, JSON_REJECT_DUPLICATES, error);
}

/* Of values, at least: what opens one, or comes between two. */
size_t
json_count_values(Slice text)
{
  size_t count = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size; i++) {
    uint8_t byte = text.data[i];
    if (byte == '"')
      in_string = !in_string;
    else if (in_string && byte == '\\')
      i++;
    else if (!in_string && (byte == '{' || byte == '[' || byte == ','))
      count++;
  }
  return count;
}

static bool
has_at_most(Slice text, size_t most, GError **error)
{
  return json_count_values(text) <= most ||
         error_set(error, ASSAY_ERROR_LIMIT, "JSON of more than %zu values", most);
}

json_t *
json_parse_bounded(Slice text, size_t most, GError **error)
{
  return has_at_most(text, most, error) ? json_parse(text, error) : NULL;
}

json_t *
json_parse_lenient(Slice text, size_t most, GError **error)
{
  static const Slice mark = {(const uint8_t *)"\xef\xbb\xbf", 3};
  if (slice_has_prefix(text, mark))
    text = slice_sub(text, mark.size, text.size);
  if (!has_at_most(text, most, error))
    return NULL;
  if (text.size == 0 || g_utf8_validate_len((const char *)text.data, text.size, NULL))
    return parse(text, JSON_ALLOW_NUL, error);
  g_autofree char *valid = g_utf8_make_valid((const char *)text.data, (gssize)text.size);
  return parse(slice_from_string(valid), JSON_ALLOW_NUL, error);
}

json_t *
json_read_file(int directory_fd, const char *path, size_t limit, GError **error)
{
  g_autoptr(GBytes) bytes = file_read(directory_fd, path, limit, error);
  if (bytes == NULL)
    return NULL;
  json_t *value = json_parse(slice_from_bytes(bytes), error);
  if (value == NULL)
    g_prefix_error(error, "%s: ", path);
  return value;
}

char *
json_to_pretty_text(const json_t *value)
{
  /* Seventeen digits, jansson's own choice, make 9.8000000000000007 of 9.8. jansson allocates with
   * malloc(), as g_free() expects since GLib 2.46. */
  g_autofree char *text =
      json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
  g_assert(text != NULL);
  return g_strconcat(text, "\n", NULL);
}

const char *
json_get_string(const json_t *object, const char *key)
{
  return json_string_value(json_object_get(object, key));
}

json_int_t
json_get_integer(const json_t *object, const char *key, json_int_t fallback)
{
  const json_t *member = json_object_get(object, key);
  return json_is_integer(member) ? json_integer_value(member) : fallback;
}

bool
json_get_boolean(const json_t *object, const char *key, bool fallback)
{
  const json_t *member = json_object_get(object, key);
  return json_is_boolean(member) ? json_is_true(member) : fallback;
}

json_t *
json_get_object(const json_t *object, const char *key)
{
  json_t *member = json_object_get(object, key);
  return json_is_object(member) ? member : NULL;
}

json_t *
json_get_array(const json_t *object, const char *key)
{
  json_t *member = json_object_get(object, key);
  return json_is_array(member) ? member : NULL;
}

const char *
json_require_string(const json_t *object, const char *key, GError **error)
{
  const char *value = json_get_string(object, key);
  if (value == NULL)
    error_set(error, ASSAY_ERROR_INVALID, "\"%s\" is missing or not a string", key);
  return value;
}

bool
json_refuse_aliases(const json_t *object, const char *const *names, GError **error)
{
  const char *key;
  json_t *value;
  /* The macro wants an object that it could change. */
  json_object_foreach((json_t *)(uintptr_t)object, key, value) {
    if (g_strv_contains(names, key))
      continue;
    /* Folded, "\u017f" is an "s" and "\u212a" a "k", for Go as well. */
    g_autofree char *folded = g_utf8_casefold(key, -1);
    for (size_t i = 0; names[i] != NULL; i++)
      if (g_ascii_strcasecmp(folded, names[i]) == 0)
        return error_set(error, ASSAY_ERROR_INVALID,
                         "\"%.200s\": some clients read it as \"%s\" and others not at all; write "
                         "\"%s\", once",
                         key, names[i], names[i]);
  }
  return true;
}

GStrv
json_get_strings(const json_t *object, const char *key)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  size_t count = 0, index;
  json_t *item;
  json_array_foreach(json_get_array(object, key), index, item) {
    if (json_is_string(item)) {
      g_strv_builder_add(builder, json_string_value(item));
      count++;
    }
  }
  return count == 0 ? NULL : g_strv_builder_end(builder);
}

void
json_set_string(json_t *object, const char *key, const char *value)
{
  if (value != NULL)
    json_object_set_new(object, key, json_string(value));
}

void
json_set_number(json_t *object, const char *key, uint64_t value)
{
  json_object_set_new(object, key, json_integer((json_int_t)MIN(value, (uint64_t)INT64_MAX)));
}

void
json_set_strings(json_t *object, const char *key, const char *const *values)
{
  if (values == NULL)
    return;
  json_t *array = json_array();
  for (; *values != NULL; values++)
    json_array_append_new(array, json_string(*values));
  json_object_set_new(object, key, array);
}

json_t *
json_from_texts(const GPtrArray *texts)
{
  json_t *array = json_array();
  for (guint i = 0; texts != NULL && i < texts->len; i++)
    json_array_append_new(array, json_string(g_ptr_array_index(texts, i)));
  return array;
}
