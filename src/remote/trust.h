/* Which certificates hold with a registry, beside the system's: containers-certs.d(5). */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/http_client.h"

typedef struct {
  int fd;            /* the authorities, one file; -1: none */
  char *ca_file;     /* its name */
  char *certificate; /* who we are, PEM; or NULL */
  char *key;
} RegistryTrust;

/* The authorities in @ca_file (or NULL) and *.crt of @cert_dir, or else of certs.d/@host in
 * ~/.config/containers, /etc/containers or /etc/docker; and the pair *.cert, *.key there. Free with
 * registry_trust_clear(). */
bool registry_trust_find(const char *ca_file, const char *cert_dir, const char *host,
                         RegistryTrust *trust, GError **error);
void registry_trust_clear(RegistryTrust *trust);

/* Why a registry that was asked by @scheme did not answer, as far as a person can do something. */
typedef enum {
  TROUBLE_OTHER,
  TROUBLE_CERTIFICATE, /* it does not hold */
  TROUBLE_PLAIN,       /* it seems to speak plain HTTP */
  TROUBLE_TLS          /* it seems to speak TLS */
} RegistryTrouble;
RegistryTrouble registry_trust_trouble(const char *scheme, const GError *error);

/* (transfer full): valid as long as @trust. */
HttpClient *registry_trust_new_client(const RegistryTrust *trust);
