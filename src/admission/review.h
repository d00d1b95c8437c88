/* What a Kubernetes API server asks before it stores an object: AdmissionReview of
 * admission.k8s.io/v1 (k8s.io/api/admission/v1/types.go). Only what a decision on images needs is
 * taken out of it. The object in it is whatever a user of the cluster sent. Pure. */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "base/slice.h"

#define REVIEW_API_VERSION "admission.k8s.io/v1"
#define REVIEW_KIND        "AdmissionReview"
/* An object has at most 1.5 MiB or so (etcd's limit), and an UPDATE carries two. */
#define REVIEW_BYTES_MAX ((size_t)8 * 1024 * 1024)

typedef enum {
  REVIEW_CREATE,
  REVIEW_UPDATE,
  REVIEW_DELETE,
  REVIEW_CONNECT,
} ReviewOperation;
extern const char *const review_operation_names[];

/* Texts are "" where they are missing; they belong to `json`. */
typedef struct {
  json_t *json; /* the whole review */
  const char *uid;
  ReviewOperation operation;
  const char *group, *kind; /* of the object: "apps", "Deployment" */
  const char *resource, *subresource;
  const char *name, *namespace;
  const char *user;         /* who asks the API server */
  const json_t *groups;     /* of the user: a list, or NULL */
  bool dry_run;             /* nothing may be remembered of it */
  const json_t *object;     /* what would be stored; NULL: nothing (DELETE, CONNECT) */
  const json_t *old_object; /* what is stored; NULL: nothing */
} Review;

/* False, with a message for the operator of the cluster: it is no AdmissionReview of v1, and so
 * nobody can answer it. ASSAY_ERROR_INVALID, _LIMIT. *review is then to be cleared as well. */
bool review_read(Slice text, Review *review, GError **error);
void review_clear(Review *review);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Review, review_clear)

/* Whether the user, or one of the user's groups, is in a list (NULL-terminated). */
bool review_user_is_among(const Review *review, const char *const *users,
                          const char *const *groups);
/* An annotation of the object; NULL: it has none of that name, or one that is no text. (transfer
 * none) */
const char *review_annotation(const Review *review, const char *name);
/* "Deployment shop/web", as messages and lists call the object. (transfer full) */
char *review_object_in_words(const Review *review);
/* The name of the object; where the API server has yet to make one of a prefix, "PREFIX*".
 * (transfer full) */
char *review_object_name(const Review *review);
