/* What `assay admission` makes for a cluster: its webhooks' configurations, and a review of an
 * object in a file. */
#pragma once

#include <glib.h>
#include <jansson.h>

/* Members that are NULL are the defaults. */
typedef struct {
  const char *cluster;
  const char *url, *service; /* one of them: "https://HOST[:PORT]", "NAMESPACE/NAME[:PORT]" */
  const char *authority_file, *key_file;
  const char *failure_policy; /* "Fail" or "Ignore" */
  int timeout;                /* seconds */
  const char *const *exempt;  /* namespaces */
} AdmissionManifests;
/* A List of both configurations. ASSAY_ERROR_INVALID: something asked for is wrong. (transfer full)
 */
json_t *admission_manifests(const AdmissionManifests *asked, GError **error);

/* A dry run of CREATE of the object that @file (or "-") has as JSON. @namespace, @user: or NULL.
 * (transfer full) */
json_t *admission_review_of(const char *file, const char *namespace, const char *user,
                            GError **error);
