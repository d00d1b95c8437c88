/* Log-in at a provider, from a terminal; see the header. */
#include "cli/login_device.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "report/report.h"

#define PROVIDERS "/api/v1/session/providers"
#define SLOWER    5  /* RFC 8628, section 3.5 */
#define LONGEST   60 /* seconds between two questions */

/* The one of that name, or the only one. (transfer none) */
static const char *
choose(const json_t *providers, const char *wanted, GError **error)
{
  const json_t *list = json_get_array(providers, "providers");
  g_autoptr(GString) names = g_string_new(NULL);
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *name = json_get_string(json_array_get(list, i), "name");
    bool only = wanted == NULL && json_array_size(list) == 1;
    if (name != NULL && (only || g_strcmp0(name, wanted) == 0))
      return name;
    g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", name != NULL ? name : "?");
  }
  if (names->len == 0)
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "the registry knows no provider to log in by: name who logs in with --username");
  else if (wanted == NULL)
    error_set(error, ASSAY_ERROR_INVALID, "by which provider? --provider names one of: %s",
              names->str);
  else
    error_set(error, ASSAY_ERROR_INVALID, "the registry has no provider %s; it has: %s", wanted,
              names->str);
  return NULL;
}

static bool
tell(const json_t *device, GError **error)
{
  const char *code = json_require_string(device, "user_code", error);
  const char *address =
      code == NULL ? NULL : json_require_string(device, "verification_uri", error);
  const char *whole = json_get_string(device, "verification_uri_complete");
  if (address == NULL)
    return false;
  g_autofree char *shown = report_clean_text(code), *where = report_clean_text(address);
  g_autofree char *both = whole == NULL ? NULL : report_clean_text(whole);
  fprintf(stderr, "Open this address in a browser, on any machine, and enter the code %s:\n  %s\n",
          shown, where);
  if (both != NULL)
    fprintf(stderr, "or this one, which has the code in it:\n  %s\n", both);
  return true;
}

/* Until the person has allowed it, or the registry says that it took too long. (transfer full) */
static json_t *
wait_for_token(ServerClient *client, const char *path, const json_t *device, GError **error)
{
  const char *handle = json_require_string(device, "handle", error);
  json_int_t pause = CLAMP(json_get_integer(device, "interval", SLOWER), 1, LONGEST);
  if (handle == NULL)
    return NULL;
  g_autofree char *where = g_strconcat(path, "/token", NULL);
  g_autoptr(json_t) question = json_object();
  json_set_string(question, "handle", handle);
  for (;;) {
    g_usleep((gulong)pause * G_USEC_PER_SEC);
    g_autoptr(json_t) answer = server_send(client, "POST", where, question, error);
    if (answer == NULL || json_get_string(answer, "token") != NULL)
      return g_steal_pointer(&answer);
    if (g_strcmp0(json_get_string(answer, "state"), "slower") == 0)
      pause = MIN(pause + SLOWER, LONGEST);
  }
}

bool
login_by_device(ServerClient *client, const char *provider, char **user, char **secret,
                GError **error)
{
  g_autoptr(json_t) providers = server_get(client, PROVIDERS, error);
  const char *name = providers == NULL ? NULL : choose(providers, provider, error);
  if (name == NULL)
    return false;
  g_autofree char *path = g_strdup_printf("/api/v1/session/oidc/%s/device", name);
  g_autoptr(json_t) device = server_send(client, "POST", path, NULL, error);
  if (device == NULL || !tell(device, error))
    return false;
  g_autoptr(json_t) made = wait_for_token(client, path, device, error);
  const char *who = made == NULL ? NULL : json_require_string(made, "user", error);
  if (who == NULL)
    return false;
  *user = g_strdup(who);
  *secret = g_strdup(json_get_string(made, "token"));
  return true;
}
