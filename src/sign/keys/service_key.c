/* Keys of services over the network; see the header. */
#include "sign/keys/service_key.h"

#include "base/error.h"
#include "base/json.h"
#include "sign/keys/secret.h"

ServiceKey *
service_key_new(const ServiceVendor *vendor, const char *rest, const KeyOptions *options,
                GError **error)
{
  ServiceKey *key = g_new0(ServiceKey, 1);
  key->vendor = vendor;
  key->token_file = g_strdup(options->token_file);
  key->ca_file = g_strdup(options->ca_file);
  key->seconds = options->seconds;
  g_autofree char *endpoint = NULL;
  if (service_place_read(rest, vendor->shape, vendor->least, vendor->most, &key->place, error))
    endpoint = key->place.endpoint != NULL ? g_strdup(key->place.endpoint)
                                           : vendor->endpoint(&key->place, error);
  if (endpoint != NULL)
    key->service = service_new(endpoint, options, error);
  const CredentialUse use = {vendor->scheme, &key->place, options, key->service};
  if (key->service != NULL && key_credentials_check(&use, error) &&
      (vendor->prepare == NULL || vendor->prepare(key, error)))
    return key;
  service_key_free(key);
  return NULL;
}

void
service_key_free(void *state)
{
  ServiceKey *key = state;
  service_free(key->service);
  service_place_clear(&key->place);
  g_free(key->version);
  g_free(key->token_file);
  g_free(key->ca_file);
  g_free(key);
}

bool
service_key_open(const ServiceVendor *vendor, const char *rest, const KeyOptions *options,
                 OpenedKey *opened, Cancellable *cancellable, GError **error)
{
  ServiceKey *key = service_key_new(vendor, rest, options, error);
  if (key == NULL)
    return false;
  if (!vendor->fill(key, opened, cancellable, error)) {
    service_key_free(key);
    return false;
  }
  opened->state = key;
  opened->version = g_strdup(key->version);
  return true;
}

/* --- asking --- */

void
service_message_add(ServiceMessage *message, const char *name, const char *value)
{
  if (value != NULL)
    g_ptr_array_add(message->headers, g_strconcat(name, ": ", value, NULL));
}

static void
wipe_header(gpointer data)
{
  char *header = data;
  secret_text_wipe(&header);
}

/* (transfer full) */
static json_t *
ask_with(const ServiceKey *key, const char *action, json_t *body, const KeyCredentials *mine,
         Cancellable *cancellable, GError **error)
{
  g_autoptr(GPtrArray) headers = g_ptr_array_new_with_free_func(wipe_header);
  ServiceMessage message = {NULL, NULL, headers};
  key->vendor->write(key, action, body, mine, &message);
  g_ptr_array_add(headers, NULL);
  const ServiceRequest request = {NULL, message.path == NULL ? "/" : message.path,
                                  (const char *const *)headers->pdata, message.body};
  json_t *answer = service_ask(key->service, &request, cancellable, error);
  g_free(message.path);
  secret_text_wipe(&message.body);
  return answer == NULL || key->vendor->read == NULL ? answer : key->vendor->read(answer, error);
}

json_t *
service_key_ask(const ServiceKey *key, const char *action, json_t *body, Cancellable *cancellable,
                GError **error)
{
  const KeyOptions options = {
      .token_file = key->token_file, .ca_file = key->ca_file, .seconds = key->seconds};
  const CredentialUse use = {key->vendor->scheme, &key->place, &options, key->service};
  for (bool first = true;; first = false) {
    g_auto(KeyCredentials) mine = {NULL, NULL, NULL, NULL, 0, false};
    g_autoptr(GError) failure = NULL;
    bool kept;
    if (!key_credentials_get(&use, &mine, &kept, cancellable, error))
      return NULL;
    json_t *answer = ask_with(key, action, body, &mine, cancellable, &failure);
    if (answer != NULL)
      return answer;
    bool others = first && kept && g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_DENIED) &&
                  key_credentials_refused(&use, &mine);
    if (!others) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return NULL;
    }
  }
}
