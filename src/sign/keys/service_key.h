/* Keys of services over the network: what is the same for all, opening them, and asking with the
 * credentials of the moment. What is not, is a ServiceVendor. Credentials that a service refuses
 * are got anew, and it is asked once more. */
#pragma once

#include "sign/keys/credentials/key_credentials.h"
#include "sign/keys/key_kind.h"
#include "sign/keys/service.h"
#include "sign/keys/service_place.h"
#include "sign/keys/service_sign.h"

typedef struct ServiceVendor ServiceVendor;

/* As a vendor sees it. */
typedef struct {
  const ServiceVendor *vendor;
  Service *service;
  ServicePlace place;
  char *version; /* or NULL: there are none, or it is not known yet */
  char *token_file, *ca_file;
  unsigned seconds;
} ServiceKey;

/* A request that is being written. */
typedef struct {
  char *path;         /* (transfer full); NULL: "/" */
  char *body;         /* (transfer full); NULL: a GET */
  GPtrArray *headers; /* char *; wiped */
} ServiceMessage;
/* @value: NULL: nothing is added. */
void service_message_add(ServiceMessage *message, const char *name, const char *value);

struct ServiceVendor {
  const char *scheme, *shape;
  unsigned least, most; /* parts of the URI */
  /* Where it is, if the URI does not say so: "https://HOST". (transfer full) NULL with *error. */
  char *(*endpoint)(const ServicePlace *place, GError **error);
  /* What a key needs to know before it is asked, or NULL. */
  bool (*prepare)(ServiceKey *key, GError **error);
  /* The request of @action with @body, which may be NULL, by @mine. */
  void (*write)(const ServiceKey *key, const char *action, json_t *body, const KeyCredentials *mine,
                ServiceMessage *message);
  /* What an answer has, of which it takes the reference over; NULL: all of it. */
  json_t *(*read)(json_t *answer, GError **error);
  /* Sets opened->public, and key->version where there are versions. */
  bool (*fill)(ServiceKey *key, OpenedKey *opened, Cancellable *cancellable, GError **error);
};

/* (transfer full) NULL with *error. Asks nothing yet. */
ServiceKey *service_key_new(const ServiceVendor *vendor, const char *rest,
                            const KeyOptions *options, GError **error);
/* For KeyKind.free. */
void service_key_free(void *key);
/* For KeyKind.open. */
bool service_key_open(const ServiceVendor *vendor, const char *rest, const KeyOptions *options,
                      OpenedKey *opened, Cancellable *cancellable, GError **error);
/* What @vendor answers @action. (transfer full) NULL with *error. */
json_t *service_key_ask(const ServiceKey *key, const char *action, json_t *body,
                        Cancellable *cancellable, GError **error);
