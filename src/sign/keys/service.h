/* A service over the network that is asked on behalf of a key: one that keeps it, or one that gives
 * what opens it. Requests go over HTTPS, or to this machine; redirects are not followed, and an
 * exchange takes at most the options' seconds, and no longer than its Cancellable has time. A
 * service that asks us to wait (Retry-After) is not asked before: who has the time waits, and the
 * others are ASSAY_ERROR_BUSY. Any thread; asking blocks. The errors are key.h's. */
#pragma once

#include <jansson.h>

#include "base/cancellable.h"
#include "sign/keys/key.h"

typedef struct Service Service;

/* @endpoint: "https://HOST". ASSAY_ERROR_INVALID: another scheme. (transfer full) */
Service *service_new(const char *endpoint, const KeyOptions *options, GError **error);
/* What a machine is told about itself, at an address that only the program itself and the
 * operator's environment name: over HTTP as well, and by no proxy. (transfer full) */
Service *service_new_metadata(const char *endpoint, const KeyOptions *options, GError **error);
void service_free(Service *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Service, service_free)
/* As a request's Host has it. */
const char *service_host(const Service *service);

typedef struct {
  const char *method; /* NULL: GET, or with a body POST */
  const char *path;
  const char *const *headers; /* lines, NULL-terminated; or NULL */
  const char *body;           /* or NULL */
} ServiceRequest;

/* The body of an answer with a status 2xx. (transfer full) NULL with *error. */
GBytes *service_fetch(Service *service, const ServiceRequest *request, Cancellable *cancellable,
                      GError **error);
/* The same, which must be an object of JSON. (transfer full) */
json_t *service_ask(Service *service, const ServiceRequest *request, Cancellable *cancellable,
                    GError **error);
/* Sets *error by what a service calls a failure; @status: of HTTP, or 0. Returns false. */
bool service_failed(GError **error, long status, const char *code, const char *message);
