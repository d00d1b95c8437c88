/* An endpoint: a named way into the registry, which admits some addresses and serves some verbs on
 * some repositories. It takes away only: what it serves needs the same rights as anywhere.
 *
 * - Nobody is admitted whom `allow` does not name: an empty list means closed. `deny` beats it.
 * - What is of no repository (people, endpoints, the audit) is served where all repositories are.
 * - What needs no right (VERB_NONE: is it there, is it alive, tokens) is served by each.
 *
 * Immutable and counted, so that all threads share it. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "access/endpoint/endpoint_settings.h"
#include "access/rights/verb.h"
#include "base/address.h"

typedef struct {
  gatomicrefcount references;
  EndpointSettings *settings;
  bool configured; /* of the configuration, which the API does not change */
  GArray *allow, *deny, *proxy_protocol, *trusted_proxies; /* AddressBlock */
  VerbSet verbs;
} Endpoint;

/* Takes over @settings. (transfer full) */
Endpoint *endpoint_new(EndpointSettings *settings, bool configured);
/* The one of the addresses of `listen`: admits whoever reaches it, and serves all. @listen is taken
 * over. (transfer full) */
Endpoint *endpoint_new_default(GStrv listen, const char *const *trusted_proxies);
Endpoint *endpoint_ref(Endpoint *endpoint);
void endpoint_unref(Endpoint *endpoint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Endpoint, endpoint_unref)

const char *endpoint_name(const Endpoint *endpoint);

typedef enum {
  ADMITTED,
  ADMITTED_BY_NONE, /* no block of `allow` has it */
  ADMITTED_NOBODY,  /* `allow` is empty */
  ADMITTED_DENIED,  /* a block of `deny` has it */
} Admission;

/* @rule: the block that decided, or NULL (transfer none); may be NULL. */
Admission endpoint_admits(const Endpoint *endpoint, const Address *address, const char **rule);
/* "10.1.2.3 is allowed by 10.0.0.0/8" (transfer full) */
char *admission_text(const Endpoint *endpoint, const Address *address);

/* Whether @peer is one of the hops whose headers say who asks, and how. */
bool endpoint_trusts(const Endpoint *endpoint, const Address *peer);

/* Whether it serves @verb on @repository; NULL: on what is of no repository. */
bool endpoint_serves(const Endpoint *endpoint, Verb verb, const char *repository);
/* Whether there may be a repository on which it serves @verb: for lists, whose entries are asked
 * for one by one. */
bool endpoint_serves_some(const Endpoint *endpoint, Verb verb);
/* Whether it serves @verb on all repositories, or on all of the namespace @space. */
bool endpoint_serves_all(const Endpoint *endpoint, Verb verb, const char *space);
/* What it serves, for who asked for something else: "pull on prod" + "/" + "*" (transfer full) */
char *endpoint_services_text(const Endpoint *endpoint);
/* Why it does not serve that: "endpoint pro serves pull on all, and this is push on team/app"
 * (transfer full) */
char *endpoint_refusal_text(const Endpoint *endpoint, Verb verb, const char *repository);
/* Whether it is meant by a TLS client that asks for @server_name (NULL: for none). */
bool endpoint_is_called(const Endpoint *endpoint, const char *server_name);
