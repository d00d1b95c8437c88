/* What a service over the network is shown, so that it does what is asked: a pair of keys that sign
 * each request, or a token. Where it comes from is a source: a file or the environment, or with
 * ?credentials= in the key's URI one of the sources of its kind, each a file here and a line of the
 * list in key_credentials.c:
 *
 *   aws-kms      profile, metadata, container, web-identity
 *   gcp-kms      metadata; a file or $GOOGLE_APPLICATION_CREDENTIALS may be of a service account
 *   azure-kms    client, metadata, web-identity
 *   alibaba-kms  metadata, web-identity
 *   tencent-kms  metadata
 *   vault        approle, kubernetes
 *
 * What files and the environment have is read for each request, for an agent may renew it. What
 * another service gave is kept until shortly before its end, for all keys that name the same
 * source; one thread gets the next for all. It is wiped when it is let go of, and never written.
 *
 * Addresses that give credentials are the program's own, or the environment's, which is the
 * operator's: a URI has none. Any thread; blocks. */
#pragma once

#include "sign/keys/service.h"
#include "sign/keys/service_place.h"

typedef struct {
  char *id, *secret, *session; /* a pair; the last may be NULL */
  char *token;                 /* or what is shown as it is */
  int64_t seconds;             /* how long from now it holds; 0: not known, and not kept */
  bool renewable;              /* the service that gave the token prolongs it */
} KeyCredentials;
void key_credentials_clear(KeyCredentials *mine);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KeyCredentials, key_credentials_clear)

/* Who needs them. */
typedef struct {
  const char *kind; /* the scheme of the key's URI */
  const ServicePlace *place;
  const KeyOptions *options;
  Service *service; /* that keeps the key */
} CredentialUse;

/* ASSAY_ERROR_INVALID: the kind has no source that is called as the URI says. */
bool key_credentials_check(const CredentialUse *use, GError **error);
/* *kept: they were got for an earlier request. ASSAY_ERROR_DENIED: there are none. */
bool key_credentials_get(const CredentialUse *use, KeyCredentials *mine, bool *kept,
                         Cancellable *cancellable, GError **error);
/* The service took @mine no more: they are not given again. False: they are so new that others
 * would be no better. */
bool key_credentials_refused(const CredentialUse *use, const KeyCredentials *mine);
