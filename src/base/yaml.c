/* libcyaml behind one call; see the header. */
#include "base/yaml.h"

#include <string.h>

#include "base/error.h"

/* libcyaml logs an error from the inside out, a line for what is wrong and one for each mapping or
 * sequence around it; the first line with a position is the one a person needs. */
static void
collect_log(cyaml_log_t level, void *context, const char *format, va_list args)
{
  if (level < CYAML_LOG_ERROR)
    return;
  GString *log = context;
  g_autofree char *line = NULL;
  /* The format comes from libcyaml, which declares no attribute for it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  line = g_strdup_vprintf(format, args);
#pragma GCC diagnostic pop
  g_strstrip(line);
  char *text = g_str_has_prefix(line, "Load: ") ? line + strlen("Load: ") : line;
  if (strstr(text, "Backtrace") != NULL || *text == '\0')
    return;
  g_string_append_printf(log, "%s%s", log->len == 0 ? "" : "; ", g_strstrip(text));
}

static bool
holds_nothing(Slice text)
{
  Slice line;
  while (slice_next_line(&text, &line)) {
    line = slice_strip(line);
    if (line.size > 0 && line.data[0] != '#' && !slice_equal_string(line, "---") &&
        !slice_equal_string(line, "{}"))
      return false;
  }
  return true;
}

static cyaml_config_t
cyaml_settings(GString *log)
{
  return (cyaml_config_t){
      .log_fn = collect_log,
      .log_ctx = log,
      .mem_fn = cyaml_mem,
      .log_level = CYAML_LOG_ERROR,
      .flags = CYAML_CFG_NO_ALIAS,
  };
}

bool
yaml_data_load(Slice text, const char *name, const cyaml_schema_value_t *schema, void **data,
               GError **error)
{
  *data = NULL;
  if (holds_nothing(text))
    return true;
  g_autoptr(GString) log = g_string_new(NULL);
  cyaml_config_t settings = cyaml_settings(log);
  cyaml_err_t result = cyaml_load_data(text.data, text.size, &settings, schema, data, NULL);
  if (result == CYAML_OK)
    return true;
  *data = NULL;
  return error_set(error, ASSAY_ERROR_INVALID, "%s: %s%s%s", name, cyaml_strerror(result),
                   log->len > 0 ? ": " : "", log->str);
}

void
yaml_data_free(const cyaml_schema_value_t *schema, void *data)
{
  g_autoptr(GString) log = g_string_new(NULL);
  cyaml_config_t settings = cyaml_settings(log);
  if (data != NULL)
    cyaml_free(&settings, schema, data, 0);
}

typedef struct {
  const char *suffix;
  uint64_t factor;
} Unit;

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
size_parse(const char *text, const char *key, uint64_t *bytes, GError **error)
{
  static const Unit units[] = {
      {"", 1},          {"B", 1},         {"KiB", 1 << 10},
      {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1ULL << 40},
      {"kB", 1000},     {"MB", 1000000},  {"GB", 1000000000},
      {"K", 1 << 10},   {"M", 1 << 20},   {"G", 1 << 30},
  };
  return parse_with_units(text, units, G_N_ELEMENTS(units), bytes) ||
         error_set(error, ASSAY_ERROR_INVALID,
                   "%s: \"%s\" is not a size; write bytes, or a number with KiB, MiB, GiB", key,
                   text);
}

bool
duration_parse(const char *text, const char *key, uint64_t *seconds, GError **error)
{
  static const Unit units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
  return parse_with_units(text, units, G_N_ELEMENTS(units), seconds) ||
         error_set(error, ASSAY_ERROR_INVALID,
                   "%s: \"%s\" is not a time; write seconds, or a number with s, m, h, d", key,
                   text);
}
