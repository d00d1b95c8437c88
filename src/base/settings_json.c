/* Settings for another process of this program, which has the same tables; see settings.h. */
#include <string.h>

#include "base/error.h"
#include "base/settings.h"

static bool
is_number(const Setting *setting)
{
  return setting->kind == &setting_count || setting->kind == &setting_size ||
         setting->kind == &setting_duration;
}

void
settings_to_json(const Section *section, const void *values, json_t *object)
{
  G_STATIC_ASSERT(G_BYTE_ORDER == G_LITTLE_ENDIAN);
  for (size_t i = 0; i < section->count; i++) {
    const Setting *setting = &section->settings[i];
    const char *value = (const char *)values + setting->offset;
    uint64_t number = 0;
    if (setting->part)
      settings_to_json(setting->section, value, object);
    if (setting->kind == &setting_boolean)
      json_object_set_new(object, setting->key, json_boolean(*(const bool *)value));
    if (!is_number(setting))
      continue;
    memcpy(&number, value, setting->width);
    json_object_set_new(object, setting->key,
                        json_integer((json_int_t)MIN(number, (uint64_t)INT64_MAX)));
  }
}

static bool
read_number(const Setting *setting, const json_t *object, void *value, GError **error)
{
  const json_t *member = json_object_get(object, setting->key);
  json_int_t number = json_integer_value(member);
  uint64_t most = setting->most != 0 ? setting->most : INT64_MAX;
  if (!json_is_integer(member) || number < 0 || (uint64_t)number < setting->least ||
      (uint64_t)number > most || (setting->width < 8 && number >> (8 * setting->width) != 0))
    return error_set(error, ASSAY_ERROR_INVALID, "%s is missing or out of its bounds",
                     setting->key);
  memcpy(value, &number, setting->width);
  return true;
}

static bool
read_one(const Setting *setting, const json_t *object, void *value, GError **error)
{
  if (setting->part)
    return settings_from_json(setting->section, object, value, error);
  if (is_number(setting))
    return read_number(setting, object, value, error);
  if (setting->kind != &setting_boolean)
    return true;
  const json_t *member = json_object_get(object, setting->key);
  if (!json_is_boolean(member))
    return error_set(error, ASSAY_ERROR_INVALID, "%s is missing", setting->key);
  *(bool *)value = json_is_true(member);
  return true;
}

bool
settings_from_json(const Section *section, const json_t *object, void *values, GError **error)
{
  for (size_t i = 0; i < section->count; i++)
    if (!read_one(&section->settings[i], object, (char *)values + section->settings[i].offset,
                  error))
      return false;
  return true;
}
