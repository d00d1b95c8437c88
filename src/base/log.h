/* Structured log lines: one event a line, with fields, as text on a terminal and as JSON elsewhere.
 *
 *   log_info("blob stored", "digest", digest, "repository", name, NULL);
 *
 * The fields are pairs of strings that end with NULL; a pair whose value is NULL is left out. JSON
 * has `status`, `seconds`, `images`, `received` and `sent` as numbers. A line goes to standard
 * error in one write(), so lines of threads do not mix. The request id that the thread works for is
 * added by itself. Rooms on floors 1-2, and archive/, do not log.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum { LOG_DEBUG_LEVEL, LOG_INFO_LEVEL, LOG_WARNING_LEVEL, LOG_ERROR_LEVEL } LogLevel;
typedef enum { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_JSON } LogFormat;
extern const char *const log_level_names[], *const log_format_names[]; /* enum_names.h */

/* Called once at start, before any thread. GLib's own messages go through here as well.
 * LOG_FORMAT_AUTO: text when standard error is a terminal, else JSON. */
void log_start(LogLevel lowest, LogFormat format);

/* The request that this thread works for; NULL ends it. Copied, at most so many bytes. */
#define REQUEST_ID_MAX 63
void log_set_request_id(const char *request_id);
const char *log_get_request_id(void);

/* Whether lines of the level are written at all. */
bool log_is_on(LogLevel level);
void log_event(LogLevel level, const char *message, ...) G_GNUC_NULL_TERMINATED;

#define log_debug(...)   log_event(LOG_DEBUG_LEVEL, __VA_ARGS__)
#define log_info(...)    log_event(LOG_INFO_LEVEL, __VA_ARGS__)
#define log_warning(...) log_event(LOG_WARNING_LEVEL, __VA_ARGS__)
#define log_error(...)   log_event(LOG_ERROR_LEVEL, __VA_ARGS__)
