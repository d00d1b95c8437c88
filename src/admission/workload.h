/* Which images an object of Kubernetes runs: those of all its containers (initial, ordinary,
 * ephemeral) and of volumes that are images, in each kind that holds a Pod or a template of one.
 * Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "admission/review.h"

/* More in one object are ASSAY_ERROR_LIMIT. */
#define WORKLOAD_IMAGES_MAX 500u

typedef struct {
  char *path;        /* where it is, a JSON pointer (RFC 6901): "/spec/containers/0/image" */
  char *container;   /* "container \"web\"", for messages */
  const char *image; /* as it is written there; "": it is missing */
} WorkloadImage;

/* Whether objects of the review's kind are known to hold Pods. */
bool workload_kind_is_known(const Review *review);
/* Of an object of the review's kind (NULL: no images), in its order. ASSAY_ERROR_INVALID where a
 * list or a text is something else. Texts belong to @object. (transfer full): WorkloadImage */
GPtrArray *workload_images(const Review *review, const json_t *object, GError **error);
/* The spec of its Pod; NULL: it has none. (transfer none) */
const json_t *workload_pod_spec(const Review *review, const json_t *object);
/* Whether another object made it and is judged itself: a ReplicaSet of a Deployment, a Pod of
 * that. */
bool workload_has_controller(const json_t *object);
/* Whether it only shows a Pod that a node runs from a file of its own: the API server can keep
 * nobody from that. Only a node may say so. */
bool workload_is_mirror(const Review *review);
