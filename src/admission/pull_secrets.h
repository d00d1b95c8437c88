/* Pull secrets of Pods: which ones a Pod names, what is in them, and which of their credentials are
 * for an image, as a kubelet has it (pkg/credentialprovider/keyring.go of Kubernetes). Pure; what
 * is in a Secret, its authors chose. Nothing of it is in any message. */
#pragma once

#include "admission/review.h"
#include "oci/reference.h"

/* Of one Pod; more are left out. */
#define PULL_SECRETS_MAX 20u
/* In one Secret. */
#define PULL_SECRET_ENTRIES_MAX 1000u

/* Whose secrets are looked at. All of it is fit for a path of the API. */
typedef struct {
  char *namespace, *service_account;
  GStrv names; /* imagePullSecrets of the Pod, or of its template */
} PullSecretsAsked;
void pull_secrets_asked_clear(PullSecretsAsked *asked);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PullSecretsAsked, pull_secrets_asked_clear)

/* What the review's Pod names. False: it has no namespace, or its names are none. */
bool pull_secrets_asked(const Review *review, PullSecretsAsked *asked);
/* The names in the member imagePullSecrets of @object, as an API server stores it. (transfer full)
 */
GStrv pull_secrets_names(const json_t *object);

typedef struct PullSecrets PullSecrets;
/* Immutable once it is shared; counted. (transfer full) */
PullSecrets *pull_secrets_new(void);
PullSecrets *pull_secrets_ref(PullSecrets *secrets);
void pull_secrets_unref(PullSecrets *secrets);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PullSecrets, pull_secrets_unref)

/* Adds those of a Secret, of the types kubernetes.io/dockerconfigjson and dockercfg.
 * ASSAY_ERROR_UNSUPPORTED: it is of another; _INVALID: it holds none. */
bool pull_secrets_add(PullSecrets *secrets, const json_t *secret, GError **error);

/* "USER:PASSWORD" each, in the order in which they are to be tried: of keys that are for the image,
 * the last by their bytes comes first, so that the longer path comes before the shorter. In the
 * host of a key "*" stands for any characters of a part, and the rest for itself. (transfer full),
 * to be freed by logins_free() */
GStrv pull_secrets_match(const PullSecrets *secrets, const Reference *name);
/* Wipes them, too. NULL: does nothing. */
void logins_free(GStrv logins);
