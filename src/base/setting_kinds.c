/* What a word of a setting means: texts, choices, numbers with units; see the header. */
#include "base/setting_kinds.h"

#include <string.h>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/settings.h"

/* --- texts --- */

static bool
read_text(const Setting *setting, const char *text, void *value, GError **error)
{
  *(char **)value = g_strdup(text);
  return true;
}

static void
clear_text(void *value)
{
  g_clear_pointer((char **)value, g_free);
}

const SettingKind setting_text = {.read = read_text, .clear = clear_text};

void
setting_texts_begin(void *value)
{
  *(GStrv *)value = g_new0(char *, 1);
}

bool
setting_texts_read(const Setting *setting, const char *text, void *value, GError **error)
{
  GStrv *texts = value;
  guint count = g_strv_length(*texts);
  *texts = g_renew(char *, *texts, count + 2);
  (*texts)[count] = g_strdup(text);
  (*texts)[count + 1] = NULL;
  return true;
}

void
setting_texts_clear(void *value)
{
  g_clear_pointer((GStrv *)value, g_strfreev);
}

const SettingKind setting_texts = {.begin = setting_texts_begin,
                                   .read = setting_texts_read,
                                   .clear = setting_texts_clear,
                                   .many = true};

/* As a word, for who writes only one: "team=payments". */
static bool
read_pair(const Setting *setting, const char *text, void *value, GError **error)
{
  const char *equals = strchr(text, '=');
  return equals != NULL && equals != text
             ? setting_texts_read(setting, text, value, error)
             : error_set(error, ASSAY_ERROR_INVALID, "must be KEY: VALUE, or KEY=VALUE");
}
const SettingKind setting_pairs = {.begin = setting_texts_begin,
                                   .read = read_pair,
                                   .clear = setting_texts_clear,
                                   .many = true,
                                   .pairs = true};

/* --- choices --- */

/* As wide as the member is. */
static void
store_number(const Setting *setting, uint64_t number, void *value)
{
  G_STATIC_ASSERT(G_BYTE_ORDER == G_LITTLE_ENDIAN);
  memcpy(value, &number, setting->width);
}

static bool
read_choice(const Setting *setting, const char *text, void *value, GError **error)
{
  unsigned choice;
  if (!enum_parse(setting->words, text, &choice, error))
    return false;
  store_number(setting, choice, value);
  return true;
}

const SettingKind setting_choice = {.read = read_choice};

static bool
read_boolean(const Setting *setting, const char *text, void *value, GError **error)
{
  static const char *const words[] = {"false", "true", "no", "yes", "off", "on", NULL};
  for (unsigned i = 0; words[i] != NULL; i++) {
    if (g_ascii_strcasecmp(words[i], text) != 0)
      continue;
    *(bool *)value = i % 2 == 1;
    return true;
  }
  return error_set(error, ASSAY_ERROR_INVALID, "must be true or false");
}

const SettingKind setting_boolean = {.read = read_boolean};

/* --- numbers --- */

typedef struct {
  const char *suffix;
  uint64_t factor;
} Unit;

static const Unit size_units[] = {
    {"", 1},          {"B", 1},         {"KiB", 1 << 10},
    {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1ULL << 40},
    {"kB", 1000},     {"MB", 1000000},  {"GB", 1000000000},
    {"K", 1 << 10},   {"M", 1 << 20},   {"G", 1 << 30},
};
static const Unit duration_units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};

static bool
parse_with_units(const char *text, const Unit *units, size_t unit_count, uint64_t *value)
{
  size_t digits = strspn(text, "0123456789");
  uint64_t number;
  if (!slice_to_uint64(slice_new(text, digits), &number))
    return false;
  const char *suffix = text + digits + strspn(text + digits, " ");
  for (size_t i = 0; i < unit_count; i++)
    if (g_ascii_strcasecmp(suffix, units[i].suffix) == 0)
      return !__builtin_mul_overflow(number, units[i].factor, value);
  return false;
}

bool
size_parse(const char *text, uint64_t *bytes)
{
  return parse_with_units(text, size_units, G_N_ELEMENTS(size_units), bytes);
}

bool
duration_parse(const char *text, uint64_t *seconds)
{
  return parse_with_units(text, duration_units, G_N_ELEMENTS(duration_units), seconds);
}

/* In the largest unit of which it is a whole number. (transfer full) */
static char *
number_in_words(uint64_t number, const Unit *units, size_t unit_count)
{
  const Unit *best = NULL;
  for (size_t i = 0; i < unit_count; i++)
    if (number != 0 && number % units[i].factor == 0 &&
        (best == NULL || units[i].factor > best->factor))
      best = &units[i];
  return g_strdup_printf("%" G_GUINT64_FORMAT "%s", best == NULL ? number : number / best->factor,
                         best == NULL ? "" : best->suffix);
}

static bool
read_number(const Setting *setting, const char *text, const char *kind, const Unit *units,
            size_t unit_count, void *value, GError **error)
{
  uint64_t width_most = setting->width >= 8 ? UINT64_MAX : (1ULL << (8 * setting->width)) - 1;
  uint64_t most = setting->most != 0 ? MIN(setting->most, width_most) : width_most, number;
  if (!parse_with_units(text, units, unit_count, &number))
    return error_set(error, ASSAY_ERROR_INVALID, "must be %s", kind);
  if (number >= setting->least && number <= most) {
    store_number(setting, number, value);
    return true;
  }
  g_autofree char *low = number_in_words(setting->least, units, unit_count);
  g_autofree char *high = number_in_words(most, units, unit_count);
  return error_set(error, ASSAY_ERROR_INVALID, "must be between %s and %s", low, high);
}

static bool
read_count(const Setting *setting, const char *text, void *value, GError **error)
{
  return read_number(setting, text, "a whole number", size_units, 1, value, error);
}

static bool
read_size(const Setting *setting, const char *text, void *value, GError **error)
{
  return read_number(setting, text, "a size: " SIZE_IN_WORDS, size_units, G_N_ELEMENTS(size_units),
                     value, error);
}

static bool
read_duration(const Setting *setting, const char *text, void *value, GError **error)
{
  return read_number(setting, text, "a time: " DURATION_IN_WORDS, duration_units,
                     G_N_ELEMENTS(duration_units), value, error);
}

const SettingKind setting_count = {.read = read_count};
const SettingKind setting_size = {.read = read_size};
const SettingKind setting_duration = {.read = read_duration};
