/* Asking for a move; see the header. */
#include "cli/moving.h"

#include <stdio.h>

#include "base/json.h"
#include "base/setting_kinds.h"
#include "cli/command.h"
#include "cli/server_client.h"
#include "report/report.h"

char *moving_redirect_option, *moving_format_option;

static void
print_moved(const json_t *moved)
{
  json_int_t redirect = json_get_integer(moved, "redirect_for", 0);
  g_autofree char *from = report_clean_text(json_get_string(moved, "from"));
  g_autofree char *to = report_clean_text(json_get_string(moved, "to"));
  g_autofree char *time = command_time_in_words(redirect);
  printf("%s is %s now; the old name ", from, to);
  if (redirect > 0)
    printf("answers pulls for %s\n", time);
  else
    printf("answers nothing\n");
  if (!json_get_boolean(moved, "grants", false))
    printf("grants that name %s still do: whoever manages access makes them anew\n", from);
}

int
moving_run(const char *path, const char *to)
{
  g_autoptr(GError) error = NULL;
  uint64_t seconds = 0;
  bool json;
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "to", to);
  if (!command_wants_json(moving_format_option, "text", &json))
    return EXIT_ERROR;
  if (moving_redirect_option != NULL) {
    if (!duration_parse(moving_redirect_option, &seconds))
      return command_usage_error("--redirect-for %s: must be " DURATION_IN_WORDS,
                                 moving_redirect_option);
    json_set_number(body, "redirect_for", seconds);
  }
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) moved = client == NULL ? NULL : server_send(client, "POST", path, body, &error);
  if (moved == NULL)
    return command_fail(error);
  if (json)
    command_print_json(moved);
  else
    print_moved(moved);
  return command_end_output(EXIT_FINE);
}
