/* What commands share that make, list and delete by name; see the header. */
#include "cli/account_commands.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"

static json_t *
ask(const char *method, const char *path, const json_t *body, GError **error)
{
  g_autoptr(ServerClient) client = server_client_new(NULL, error);
  return client == NULL ? NULL : server_send(client, method, path, body, error);
}

int
account_send(const char *format, const char *method, const char *path, const json_t *body,
             const char *done)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format, "text", &json))
    return EXIT_ERROR;
  g_autoptr(json_t) answer = ask(method, path, body, &error);
  if (answer == NULL)
    return command_fail(error);
  if (json && !json_is_null(answer))
    command_print_json(answer);
  else if (!json)
    puts(done);
  return command_end_output(EXIT_FINE);
}

int
account_send_for_secret(const char *format, const char *path, const json_t *body, const char *key,
                        const char *told)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format, "text", &json))
    return EXIT_ERROR;
  g_autoptr(json_t) answer = ask("POST", path, body, &error);
  if (answer == NULL)
    return command_fail(error);
  const char *secret = json_get_string(answer, key);
  if (json)
    command_print_json(answer);
  else
    puts(secret != NULL ? secret : "");
  command_tell("%s; it is shown this once", told);
  return command_end_output(EXIT_FINE);
}

int
account_list(const char *format, const char *path, const AccountTable *shown)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format, "table", &json))
    return EXIT_ERROR;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) all =
      client == NULL ? NULL : server_get_all(client, path, shown->key, NULL, &error);
  if (all == NULL)
    return command_fail(error);
  g_autoptr(Columns) table = columns_new(shown->columns, shown->count);
  size_t index;
  json_t *one;
  json_array_foreach(all, index, one) {
    shown->add_row(table, one);
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  if (json)
    command_print_json(all);
  else
    fputs(*text != '\0' ? text : shown->none, stdout);
  return command_end_output(EXIT_FINE);
}

char *
account_path(const char *folder, const char *name)
{
  g_autofree char *escaped = g_uri_escape_string(name, "@", FALSE);
  return g_strconcat(folder, "/", escaped, NULL);
}

char *
account_end_time(const char *text, GError **error)
{
  char *rest = NULL;
  guint64 count = g_ascii_isdigit(*text) ? g_ascii_strtoull(text, &rest, 10) : 0;
  const gint64 unit = rest == NULL                ? 0
                      : g_strcmp0(rest, "d") == 0 ? 24 * 60 * 60
                      : g_strcmp0(rest, "h") == 0 ? 60 * 60
                                                  : 0;
  g_autofree char *moment =
      strlen(text) == strlen("2027-01-31") ? g_strconcat(text, "T00:00:00Z", NULL) : g_strdup(text);
  g_autoptr(GTimeZone) zone = g_time_zone_new_utc();
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autoptr(GDateTime) then = unit != 0 && count > 0 && count < 100000
                                  ? g_date_time_add_seconds(now, (gdouble)count * (gdouble)unit)
                                  : g_date_time_new_from_iso8601(moment, zone);
  g_autoptr(GDateTime) utc = then == NULL ? NULL : g_date_time_to_utc(then);
  if (utc == NULL) {
    error_set(error, ASSAY_ERROR_INVALID,
              "\"%s\" is no end: write 90d, 12h, a day such as 2027-01-31, or a time such as "
              "2027-01-31T12:00:00Z",
              text);
    return NULL;
  }
  return g_date_time_format(utc, "%Y-%m-%dT%H:%M:%SZ");
}

char *
account_short_time(const json_t *object, const char *key, gsize size)
{
  const char *text = json_get_string(object, key);
  return text == NULL ? NULL : g_strndup(text, size);
}
