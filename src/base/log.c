/* Structured log lines; see the header. */
#include "base/log.h"

#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"

const char *const log_level_names[] = {"debug", "info", "warning", "error", NULL};
const char *const log_format_names[] = {"auto", "text", "json", NULL};

/* Set once by log_start() before threads exist; read-only after. */
static LogLevel lowest_level = LOG_INFO_LEVEL;
static bool as_json;

/* Empty: the thread works for no request. Set often, so it is not allocated. */
static _Thread_local char request_id_of_thread[REQUEST_ID_MAX + 1];

void
log_set_request_id(const char *request_id)
{
  g_strlcpy(request_id_of_thread, request_id != NULL ? request_id : "",
            sizeof request_id_of_thread);
}

const char *
log_get_request_id(void)
{
  return *request_id_of_thread != '\0' ? request_id_of_thread : NULL;
}

/* Untrusted values may hold what forges lines, drives a terminal (also the C1 controls), or turns
 * the direction of writing. */
static bool
is_harmless(char *valid)
{
  for (char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
    gunichar character = g_utf8_get_char(p);
    GUnicodeType type = g_unichar_type(character);
    if (g_unichar_iscntrl(character) || type == G_UNICODE_FORMAT ||
        type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR)
      return false;
  }
  return true;
}

static void
append_text_value(GString *line, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid(value, -1);
  if (*valid != '\0' && strpbrk(valid, " \"=\\") == NULL && is_harmless(valid)) {
    g_string_append(line, valid);
    return;
  }
  g_autofree char *escaped = g_strescape(valid, NULL);
  g_string_append_printf(line, "\"%s\"", escaped);
}

/* Ours are plain; GLib's and libraries' may quote what came from outside. */
static void
append_text_message(GString *line, const char *message)
{
  g_autofree char *valid = g_utf8_make_valid(message, -1);
  g_autofree char *escaped = is_harmless(valid) ? NULL : g_strescape(valid, NULL);
  g_string_append(line, escaped != NULL ? escaped : valid);
}

static void
write_line(GString *line)
{
  g_string_append_c(line, '\n');
  fd_write_all(STDERR_FILENO, slice_new(line->str, line->len), NULL);
}

/* Who sorts lines by these wants numbers; the rest are words, also a tag that looks like one. */
static json_t *
value_to_json(const char *key, const char *value)
{
  static const char *const numbers[] = {"status", "seconds", "images", "received", "sent", NULL};
  g_autofree char *valid = g_utf8_make_valid(value, -1);
  char *end = NULL;
  double number = g_ascii_strtod(valid, &end);
  if (!g_strv_contains(numbers, key) || end == valid || *end != '\0')
    return json_string(valid);
  return strchr(valid, '.') != NULL ? json_real(number) : json_integer((json_int_t)number);
}

static void
write_event(LogLevel level, const char *message, const char *const *fields, size_t field_count)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *time = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S.%fZ");
  g_autoptr(GString) line = g_string_new(NULL);

  if (as_json) {
    g_autoptr(json_t) event = json_object();
    json_set_string(event, "time", time);
    json_set_string(event, "level", log_level_names[level]);
    g_autofree char *valid = g_utf8_make_valid(message, -1);
    json_set_string(event, "message", valid);
    for (size_t i = 0; i + 1 < field_count; i += 2)
      json_object_set_new(event, fields[i], value_to_json(fields[i], fields[i + 1]));
    g_autofree char *text = json_to_text(event);
    g_string_append(line, text);
  } else {
    g_string_append_printf(line, "%.19sZ %-7s ", time, log_level_names[level]);
    append_text_message(line, message);
    for (size_t i = 0; i + 1 < field_count; i += 2) {
      g_string_append_printf(line, " %s=", fields[i]);
      append_text_value(line, fields[i + 1]);
    }
  }
  write_line(line);
}

bool
log_is_on(LogLevel level)
{
  return level >= lowest_level;
}

void
log_event(LogLevel level, const char *message, ...)
{
  if (level < lowest_level)
    return;
  const char *fields[2 * 16];
  size_t count = 0;
  if (log_get_request_id() != NULL) {
    fields[count++] = "request_id";
    fields[count++] = log_get_request_id();
  }
  va_list args;
  va_start(args, message);
  for (const char *key = va_arg(args, const char *); key != NULL;
       key = va_arg(args, const char *)) {
    const char *value = va_arg(args, const char *);
    if (value != NULL && count + 2 <= G_N_ELEMENTS(fields)) {
      fields[count++] = key;
      fields[count++] = value;
    }
  }
  va_end(args);
  write_event(level, message, fields, count);
}

static GLogWriterOutput
write_glib_message(GLogLevelFlags flags, const GLogField *fields, gsize field_count, gpointer data)
{
  LogLevel level = flags & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL) ? LOG_ERROR_LEVEL
                   : flags & G_LOG_LEVEL_WARNING                      ? LOG_WARNING_LEVEL
                   : flags & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO) ? LOG_INFO_LEVEL
                                                                      : LOG_DEBUG_LEVEL;
  if (level < lowest_level)
    return G_LOG_WRITER_HANDLED;
  for (gsize i = 0; i < field_count; i++) {
    if (strcmp(fields[i].key, "MESSAGE") == 0) {
      g_autofree char *message = fields[i].length < 0
                                     ? g_strdup(fields[i].value)
                                     : g_strndup(fields[i].value, (gsize)fields[i].length);
      write_event(level, message, NULL, 0);
    }
  }
  return G_LOG_WRITER_HANDLED;
}

void
log_start(LogLevel lowest, LogFormat format)
{
  lowest_level = lowest;
  as_json = format == LOG_FORMAT_JSON || (format == LOG_FORMAT_AUTO && !isatty(STDERR_FILENO));
  g_log_set_writer_func(write_glib_message, NULL, NULL);
}
