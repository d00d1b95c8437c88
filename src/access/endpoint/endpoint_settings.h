/* What an operator says of an endpoint: a named way into the registry with rules of its own. The
 * same words are in the configuration (`endpoints`) and in the API, and are read by one table. */
#pragma once

#include <jansson.h>

#include "base/json_table.h"
#include "base/settings.h"

#define ENDPOINTS_MAX     1000u
#define ENDPOINT_NAME_MAX 63u
/* The addresses of `listen`, which no other endpoint is called. */
#define ENDPOINT_DEFAULT "default"

/* Whether TLS clients are asked for a certificate by which they log in, where `access.client_ca`
 * says whose count. */
typedef enum {
  CLIENT_CERTIFICATE_NONE,
  CLIENT_CERTIFICATE_OPTIONAL,
  CLIENT_CERTIFICATE_REQUIRED, /* without one there is no connection */
} ClientCertificate;
extern const char *const client_certificate_names[]; /* "none" ... */

typedef enum { FORWARDED_BY_X_FORWARDED_FOR, FORWARDED_BY_FORWARDED } ForwardedBy;

/* What a client address, and who logged in, may have in a minute; 0: no limit. */
typedef struct {
  uint32_t requests_per_minute;
  uint64_t bytes_per_minute; /* of bodies, both ways */
} EndpointLimits;

typedef struct {
  char *name;
  char **listen;           /* "10.0.1.5:443"; several endpoints may share one */
  char **server_names;     /* by which TLS clients ask for this one of those that share an address;
                              none: whoever asks for no other */
  char *certificate, *key; /* PEM; NULL: those of `tls` */
  bool plain_http;
  char **allow, **deny;   /* blocks of addresses; nobody is allowed until a block is */
  char **proxy_protocol;  /* hops that begin each connection with a PROXY header */
  char **trusted_proxies; /* hops whose `forwarded_by` header names the client */
  ForwardedBy forwarded_by;
  ClientCertificate client_certificate;
  char **repositories; /* patterns of what is served: "prod" + "/" + "*" */
  char **verbs;        /* of what is served: "pull", "all" */
  EndpointLimits limits;
} EndpointSettings;

extern const Section endpoint_settings_section;
extern const char *const forwarded_by_names[]; /* "x-forwarded-for" */
extern const JsonTable endpoint_settings_table;

/* Of a JSON object, by the same rules as in the configuration. ASSAY_ERROR_INVALID: all that is
 * wrong with it. (transfer full) */
EndpointSettings *endpoint_settings_parse(const json_t *object, GError **error);
/* (transfer full) */
EndpointSettings *endpoint_settings_copy(const EndpointSettings *settings);
/* (transfer full) */
json_t *endpoint_settings_to_json(const EndpointSettings *settings);
void endpoint_settings_free(EndpointSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EndpointSettings, endpoint_settings_free)
