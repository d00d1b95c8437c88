/* Structured log lines; see the header. */
#include "base/log.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"

/* Bytes: of a request. */
#define LINE_USUAL    512
#define NUMBER_DIGITS 18

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

/* --- the line --- */

/* As JSON has numbers, as far as those of lines go, and programs can hold them. */
static bool
is_number(const char *value)
{
  static const char digits[] = "0123456789";
  size_t whole = strspn(value, digits);
  const char *rest = value + whole;
  if (*rest == '.' && strspn(rest + 1, digits) > 0)
    rest += 1 + strspn(rest + 1, digits);
  return whole > 0 && whole <= NUMBER_DIGITS && *rest == '\0' && (*value != '0' || whole == 1);
}

static void
append_string(GString *line, const char *value)
{
  size_t size = strlen(value);
  if (g_utf8_validate(value, (gssize)size, NULL)) {
    json_append_string(line, value, size);
    return;
  }
  g_autofree char *valid = g_utf8_make_valid(value, (gssize)size);
  json_append_string(line, valid, strlen(valid));
}

/* Who sorts lines by these wants numbers; the rest are words, also a tag that looks like one. */
static void
append_json_value(GString *line, const char *key, const char *value)
{
  static const char *const numbers[] = {"status", "seconds", "images", "received", "sent", NULL};
  if (is_number(value) && g_strv_contains(numbers, key))
    g_string_append(line, value);
  else
    append_string(line, value);
}

static void
append_json_member(GString *line, const char *key, const char *value)
{
  g_string_append(line, ",\"");
  g_string_append(line, key);
  g_string_append(line, "\":");
  append_json_value(line, key, value);
}

/* The second as text is kept: a busy server writes thousands of lines in it. */
static void
append_time(GString *line, bool whole)
{
  static _Thread_local int64_t second_of_text = -1;
  static _Thread_local char text[sizeof "2026-01-01T00:00:00"];
  int64_t now = g_get_real_time(), second = now / G_USEC_PER_SEC;
  if (second != second_of_text) {
    struct tm parts;
    time_t time = (time_t)second;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", gmtime_r(&time, &parts));
    second_of_text = second;
  }
  char fraction[] = ".000000";
  for (int64_t i = 6, rest = now % G_USEC_PER_SEC; i > 0; i--, rest /= 10)
    fraction[i] = (char)('0' + rest % 10);
  g_string_append(line, text);
  if (!whole)
    g_string_append(line, fraction);
  g_string_append_c(line, 'Z');
}

static void
append_json(GString *line, LogLevel level, const char *message, const char *const *fields,
            size_t field_count)
{
  g_string_append(line, "{\"time\":\"");
  append_time(line, false);
  g_string_append_c(line, '"');
  append_json_member(line, "level", log_level_names[level]);
  append_json_member(line, "message", message);
  for (size_t i = 0; i + 1 < field_count; i += 2)
    append_json_member(line, fields[i], fields[i + 1]);
  g_string_append_c(line, '}');
}

static void
append_text(GString *line, LogLevel level, const char *message, const char *const *fields,
            size_t field_count)
{
  append_time(line, true);
  g_string_append_printf(line, " %-7s ", log_level_names[level]);
  append_text_message(line, message);
  for (size_t i = 0; i + 1 < field_count; i += 2) {
    g_string_append_printf(line, " %s=", fields[i]);
    append_text_value(line, fields[i + 1]);
  }
}

static void
write_event(LogLevel level, const char *message, const char *const *fields, size_t field_count)
{
  g_autoptr(GString) line = g_string_sized_new(LINE_USUAL);
  (as_json ? append_json : append_text)(line, level, message, fields, field_count);
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
