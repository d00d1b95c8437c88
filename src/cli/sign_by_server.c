/* Asking the registry for a signature; see the header. */
#include "cli/sign_by_server.h"

#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/server_target.h"

static json_t *
ask(const ServerTarget *target, const char *rule, GError **error)
{
  g_autoptr(json_t) image = server_target_image(target, error);
  if (image == NULL)
    return NULL;
  g_autofree char *path =
      g_strdup_printf("/api/v1/repositories/%s/images/%s/signatures", target->reference->repository,
                      json_get_string(image, "digest"));
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "rule", rule);
  return server_send(target->client, "POST", path, body, error);
}

int
sign_by_server(const char *rule, const char *target, const char *format)
{
  g_autoptr(GError) error = NULL;
  g_auto(ServerTarget) opened = {NULL};
  bool json;
  if (!command_wants_json(format, "text", &json))
    return EXIT_ERROR;
  g_autoptr(json_t) answer =
      server_target_open(target, &opened, &error) ? ask(&opened, rule, &error) : NULL;
  if (answer == NULL)
    return command_fail(error);
  if (json)
    command_print_json(answer);
  else
    printf("%s %s\n", json_get_integer(answer, "made", 0) > 0 ? "signed" : "was signed already:",
           json_get_string(answer, "image"));
  return command_end_output(EXIT_FINE);
}
