/* What detectors of languages share; see the header. */
#include "inspect/languages/found-private.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"

/* Far more than any package's own description has. */
#define VALUES_MAX   400000u
#define LICENSES_MAX 512u

json_t *
found_json_value(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(GError) error = NULL;
  json_t *value = json_parse_lenient(bytes, VALUES_MAX, &error);
  if (value == NULL && g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT))
    layer_inventory_add_unread(into, "too-large", location,
                               "The file has more JSON values than are read of one.");
  else if (value == NULL)
    layer_inventory_add_note(into, "broken-package", location, error->message);
  return value;
}

json_t *
found_json(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(json_t) value = found_json_value(bytes, location, into);
  if (json_is_object(value))
    return g_steal_pointer(&value);
  if (value != NULL)
    layer_inventory_add_note(into, "broken-package", location, "It is no JSON object.");
  return NULL;
}

const char *
found_text(const json_t *object, const char *key)
{
  const json_t *member = json_object_get(object, key);
  const char *text = json_string_value(member);
  size_t size = text == NULL ? 0 : strlen(text);
  return size > 0 && size == json_string_length(member) ? text : NULL;
}

void
found_licenses_add(GString *licenses, const char *separator, Slice text)
{
  g_autofree char *one = slice_to_printable(slice_strip(text), LICENSES_MAX);
  if (*one == '\0' || licenses->len + strlen(one) > LICENSES_MAX)
    return;
  if (licenses->len > 0)
    g_string_append(licenses, separator);
  g_string_append(licenses, one);
}

void
found_licenses_add_json(GString *licenses, const char *separator, const json_t *value)
{
  size_t index;
  json_t *item;
  if (json_is_string(value))
    found_licenses_add(licenses, separator, slice_from_string(json_string_value(value)));
  json_array_foreach(value, index, item) {
    if (json_is_string(item))
      found_licenses_add(licenses, separator, slice_from_string(json_string_value(item)));
  }
}

void
found_licenses_give(GString *licenses, Package *package)
{
  bool any = package != NULL && licenses->len > 0;
  char *text = g_string_free(licenses, !any);
  if (any)
    package->licenses = text;
}

Package *
found_add(LayerInventory *into, const char *type, Slice name, Slice version, const char *location,
          GString *licenses)
{
  g_autofree char *name_text = slice_to_utf8(name), *version_text = slice_to_utf8(version);
  Package *package = layer_inventory_add_application(into, type, name_text, version_text, location);
  if (licenses != NULL)
    found_licenses_give(licenses, package);
  return package;
}
