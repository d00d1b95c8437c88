/* Records as CEF and as messages of syslog; see the header. */
#include "access/audit/audit_format.h"

#include <string.h>

#include "assay-version.h"
#include "base/json.h"

/* CEF's severities: 3 low, 6 medium. */
#define CEF_SEVERITY_NORMAL  3
#define CEF_SEVERITY_REFUSED 6
/* RFC 5424, section 6.2.1: facility 13, "log audit". */
#define SYSLOG_FACILITY 13
#define SYSLOG_WARNING  4
#define SYSLOG_INFO     6
/* Section 6: the longest host name and MSGID. */
#define SYSLOG_HOST_MAX  255
#define SYSLOG_MSGID_MAX 32

static bool
is_refusal(const json_t *record)
{
  return g_strcmp0(json_get_string(record, "decision"), "refused") == 0;
}

static const char *
text_of(const json_t *object, const char *key)
{
  const char *text = json_get_string(object, key);
  return text != NULL ? text : "";
}

/* --- CEF --- */

/* With a backslash before each of @special and itself; lines end as "\n". */
static void
append_escaped(GString *out, const char *text, char special)
{
  for (; *text != '\0'; text += g_utf8_skip[(uint8_t)*text]) {
    gunichar c = g_utf8_get_char(text);
    if (c == '\n' || c == '\r') {
      g_string_append(out, c == '\n' ? "\\n" : "\\r");
      continue;
    }
    if (c == (gunichar)special || c == '\\')
      g_string_append_c(out, '\\');
    /* Others would drive the terminal of who looks at it. */
    g_string_append_unichar(out, g_unichar_iscntrl(c) ? '?' : c);
  }
}

static void
append_field(GString *out, const char *key, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  g_string_append_printf(out, "%s=", key);
  append_escaped(out, value, '=');
  g_string_append_c(out, ' ');
}

static void
append_custom(GString *out, unsigned number, const char *label, const char *value)
{
  char key[16];
  if (value == NULL || *value == '\0')
    return;
  g_snprintf(key, sizeof key, "cs%u", number);
  append_field(out, key, value);
  g_snprintf(key, sizeof key, "cs%uLabel", number);
  append_field(out, key, label);
}

char *
audit_cef(const json_t *record)
{
  const json_t *actor = json_get_object(record, "actor"), *data = json_get_object(record, "data");
  g_autofree char *number =
      g_strdup_printf("%" JSON_INTEGER_FORMAT, json_get_integer(record, "number", 0));
  g_autofree char *details = data == NULL ? NULL : json_to_text(data);
  GString *out = g_string_new("CEF:0|Assay|Assay|" ASSAY_VERSION "|");
  append_escaped(out, text_of(record, "type"), '|');
  g_string_append_c(out, '|');
  append_escaped(out, text_of(record, "type"), '|');
  g_string_append_printf(out, "|%d|",
                         is_refusal(record) ? CEF_SEVERITY_REFUSED : CEF_SEVERITY_NORMAL);
  append_field(out, "externalId", number);
  append_field(out, "rt", text_of(record, "time"));
  append_field(out, "suser", text_of(actor, "name"));
  append_field(out, "src", text_of(actor, "address"));
  append_field(out, "act", text_of(record, "verb"));
  append_field(out, "outcome", text_of(record, "decision"));
  append_field(out, "reason", text_of(record, "rule"));
  append_custom(out, 1, "object", text_of(record, "object"));
  append_custom(out, 2, "how", text_of(actor, "how"));
  append_custom(out, 3, "endpoint", text_of(actor, "endpoint"));
  append_custom(out, 4, "request", text_of(actor, "request"));
  append_custom(out, 5, "data", details);
  append_custom(out, 6, "hash", text_of(record, "hash"));
  g_string_truncate(out, out->len - 1);
  return g_string_free(out, FALSE);
}

/* --- syslog --- */

/* Printable ASCII without spaces; "-" where nothing is left. (transfer full) */
static char *
plain_word(const char *text, size_t most)
{
  GString *out = g_string_new(NULL);
  for (; *text != '\0' && out->len < most; text++)
    g_string_append_c(out, *text > ' ' && *text < 127 ? *text : '_');
  if (out->len == 0)
    g_string_append_c(out, '-');
  return g_string_free(out, FALSE);
}

char *
audit_syslog_message(const json_t *record, const char *host)
{
  g_autofree char *from = plain_word(host, SYSLOG_HOST_MAX),
                  *type = plain_word(text_of(record, "type"), SYSLOG_MSGID_MAX),
                  *time = plain_word(text_of(record, "time"), SYSLOG_MSGID_MAX);
  char *json = json_dumps(record, JSON_COMPACT | JSON_ENSURE_ASCII);
  char *message =
      g_strdup_printf("<%d>1 %s %s assay - %s - %s",
                      SYSLOG_FACILITY * 8 + (is_refusal(record) ? SYSLOG_WARNING : SYSLOG_INFO),
                      time, from, type, json != NULL ? json : "{}");
  free(json);
  return message;
}
