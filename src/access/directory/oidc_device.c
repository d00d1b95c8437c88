/* The log-in of somebody at a terminal; see the header. */
#include "access/directory/oidc_device.h"

#include <string.h>

#include "access/directory/oidc_admit.h"
#include "access/directory/oidc_once.h"
#include "access/directory/oidc_sealed.h"
#include "base/error.h"

#define PURPOSE      "oidc-device"
#define GRANT        "urn:ietf:params:oauth:grant-type:device_code"
#define CODE_MAX     64u
#define LONGEST      1800 /* seconds that a code is taken for, whatever the provider says */
#define INTERVAL     5    /* RFC 8628, section 3.2 */
#define INTERVAL_MAX 60

void
oidc_device_clear(OidcDevice *device)
{
  g_free(device->handle);
  g_free(device->user_code);
  g_free(device->verification_uri);
  g_free(device->verification_uri_complete);
}

/* --- what is sealed --- */

typedef struct {
  char *provider, *code;
  int64_t ends;
} Handle;
static const JsonMember handle_members[] = {
    {JSON_MEMBER(Handle, provider), .kind = &json_text, .required = true},
    {JSON_MEMBER(Handle, code), .kind = &json_text, .required = true},
    {JSON_MEMBER(Handle, ends), .kind = &json_number},
};
static const JsonTable handle_table = JSON_TABLE(Handle, handle_members);

static void
handle_clear(Handle *handle)
{
  json_table_clear(&handle_table, handle);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Handle, handle_clear)

static bool
unseal(const Access *access, const OidcSettings *settings, const char *text, Handle *handle,
       GError **error)
{
  if (!oidc_unseal(access, PURPOSE, text, &handle_table, handle) ||
      strcmp(handle->provider, settings->name) != 0)
    return error_set(error, ASSAY_ERROR_DENIED, "that is no log-in which this registry began");
  return handle->ends > g_get_real_time() ||
         error_set(error, ASSAY_ERROR_DENIED, "the log-in took too long: begin a new one");
}

/* --- beginning --- */

/* What people type in: one line of plain letters. */
static bool
is_code(const char *text)
{
  size_t size = text == NULL ? 0 : strlen(text);
  for (size_t i = 0; i < size; i++)
    if (!g_ascii_isgraph(text[i]))
      return false;
  return size > 0 && size <= CODE_MAX;
}

static bool
read_device(const Access *access, const OidcSettings *settings, const json_t *answer,
            OidcDevice *device, GError **error)
{
  const char *code = json_require_string(answer, "device_code", error);
  const char *address =
      code == NULL ? NULL : json_require_string(answer, "verification_uri", error);
  const char *whole = json_get_string(answer, "verification_uri_complete");
  const char *typed = json_get_string(answer, "user_code");
  bool plain = settings->issuer.plain_http;
  json_int_t seconds = json_get_integer(answer, "expires_in", LONGEST);
  if (address == NULL || !issuer_url_check("\"verification_uri\"", address, plain, error) ||
      (whole != NULL && !issuer_url_check("\"verification_uri_complete\"", whole, plain, error)))
    return false;
  if (!is_code(typed))
    return error_set(error, ASSAY_ERROR_INVALID, "the provider %s gives no code to type in",
                     settings->name);
  device->expires = g_get_real_time() + CLAMP(seconds, 1, LONGEST) * G_USEC_PER_SEC;
  const Handle handle = {settings->name, (char *)(uintptr_t)code, device->expires};
  device->handle = oidc_seal(access, PURPOSE, &handle_table, &handle);
  device->user_code = g_strdup(typed);
  device->verification_uri = g_strdup(address);
  device->verification_uri_complete = g_strdup(whole);
  device->interval =
      (uint32_t)CLAMP(json_get_integer(answer, "interval", INTERVAL), 1, INTERVAL_MAX);
  return true;
}

bool
oidc_device_begin(Access *access, const OidcSettings *settings, OidcDevice *device, GError **error)
{
  g_autoptr(IssuerDocument) document = issuer_document(oidc_issuer(access, settings), error);
  if (document == NULL)
    return false;
  if (document->device_endpoint == NULL || document->token_endpoint == NULL)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "the provider %s does not log in terminals (device flow): make a token in a "
                     "browser instead",
                     settings->name);
  g_autofree char *scopes = g_strjoinv(" ", settings->scopes);
  g_autoptr(GString) form = g_string_new(NULL);
  oidc_add(form, "scope", scopes);
  g_autoptr(json_t) answer =
      oidc_ask(access, settings, document->device_endpoint, form, NULL, error);
  return answer != NULL && read_device(access, settings, answer, device, error);
}

/* --- asking --- */

static OidcDeviceState
state_of(const char *word)
{
  return g_strcmp0(word, "authorization_pending") == 0 ? OIDC_DEVICE_WAIT
         : g_strcmp0(word, "slow_down") == 0           ? OIDC_DEVICE_SLOWER
                                                       : OIDC_DEVICE_FAILED;
}

static OidcDeviceState
admit(Access *access, const OidcSettings *settings, const Handle *handle, const json_t *answer,
      int64_t *person, GError **error)
{
  g_autoptr(OidcAnswer) read = oidc_read(access, settings, answer, NULL, error);
  return read != NULL && oidc_use_once(access, handle->code, handle->ends, error) &&
                 oidc_admit(access, settings, read, person, error)
             ? OIDC_DEVICE_DONE
             : OIDC_DEVICE_FAILED;
}

OidcDeviceState
oidc_device_ask(Access *access, const OidcSettings *settings, const char *text, int64_t *person,
                GError **error)
{
  g_auto(Handle) handle = {0};
  g_autoptr(GError) refused = NULL;
  if (!unseal(access, settings, text, &handle, error))
    return OIDC_DEVICE_FAILED;
  g_autoptr(IssuerDocument) document = issuer_document(oidc_issuer(access, settings), error);
  if (document == NULL)
    return OIDC_DEVICE_FAILED;
  g_autoptr(GString) form = g_string_new(NULL);
  oidc_add(form, "grant_type", GRANT);
  oidc_add(form, "device_code", handle.code);
  g_autofree char *word = NULL;
  g_autoptr(json_t) answer =
      oidc_ask(access, settings, document->token_endpoint, form, &word, &refused);
  if (answer != NULL)
    return admit(access, settings, &handle, answer, person, error);
  OidcDeviceState state = state_of(word);
  if (state == OIDC_DEVICE_FAILED)
    g_propagate_error(error, g_steal_pointer(&refused));
  return state;
}
