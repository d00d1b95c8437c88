/* What admission keeps while the server runs: the keys of clusters, and what was said of images. */
#pragma once

#include "admission/decision.h"
#include "base/cache.h"
#include "server/server-private.h"

typedef struct Elsewhere Elsewhere;
typedef struct PodSecrets PodSecrets;

struct AdmissionDesk {
  ServerContext *context;
  GHashTable *keys; /* name of a cluster -> SecretHash of its key */
  GStrv hosts;      /* own_image_hosts() */
  Cache *answers;   /* ImageAnswer, by the question; of the registry's generation */
  Elsewhere *elsewhere;
  PodSecrets *pod_secrets;
};

/* Reads the keys of the clusters. (transfer full), or NULL with *error. */
AdmissionDesk *admission_desk_new(ServerContext *context, GError **error);
/* Ends what is asked of others, which would wake requests; before the HTTP server goes. NULL: does
 * nothing. */
void admission_desk_stop(AdmissionDesk *desk);
void admission_desk_free(AdmissionDesk *desk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AdmissionDesk, admission_desk_free)

/* Whether @key is that of @cluster; one without a key has none. Takes the same time whatever
 * differs. */
bool admission_desk_knows(const AdmissionDesk *desk, const char *cluster, const char *key);
