/* Pull secrets of Pods, as the API server of their cluster has them (clusters.kubernetes): those
 * that the Pod names, or, where it names none, those of its service account. They are read by
 * threads of our own and kept for a minute; of a cluster that has no such settings nobody is asked.
 */
#pragma once

#include "admission/pull_secrets.h"
#include "base/found.h"
#include "server/server-private.h"

typedef struct PodSecrets PodSecrets;

/* (transfer full) */
PodSecrets *pod_secrets_new(ServerContext *context);
/* Ends what is being read; nothing is read any more. */
void pod_secrets_stop(PodSecrets *secrets);
void pod_secrets_free(PodSecrets *secrets);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PodSecrets, pod_secrets_free)

/* FOUND: *found (transfer full; NULL: there are none), and *warning where some could not be read
 * (transfer full; or NULL). ABSENT: they are being read; requests are woken then. Never blocks on
 * the network. */
Found pod_secrets_look(PodSecrets *secrets, const ClusterSettings *cluster, const Review *review,
                       PullSecrets **found, char **warning);
