/* The API of a cluster: reading one object of a namespace. Blocks on the network, for some seconds
 * at most. */
#pragma once

#include <jansson.h>

#include "admission/admission_settings.h"
#include "base/cancellable.h"

/* Whether it may be asked. */
bool kubernetes_is_set(const KubernetesSettings *settings);
/* The @name of @resource ("secrets") in @namespace: both fit for a path. ASSAY_ERROR_NOT_FOUND,
 * _DENIED, _NETWORK, _TIMEOUT: in words that have nothing of the token, or of the object. (transfer
 * full) */
json_t *kubernetes_get(const KubernetesSettings *settings, const char *namespace,
                       const char *resource, const char *name, Cancellable *cancellable,
                       GError **error);
