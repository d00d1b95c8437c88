/* Reading AdmissionReview; see the header. */
#include "admission/review.h"

#include <string.h>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/json.h"

/* Each takes a hundred bytes and more; the largest object that etcd takes has fewer. */
#define VALUES_MAX 500000u

const char *const review_operation_names[] = {[REVIEW_CREATE] = "CREATE",
                                              [REVIEW_UPDATE] = "UPDATE",
                                              [REVIEW_DELETE] = "DELETE",
                                              [REVIEW_CONNECT] = "CONNECT",
                                              NULL};

/* *text: of the member @name, "" where it is missing or null. */
static bool
take_text(const json_t *object, const char *name, const char **text, GError **error)
{
  const json_t *member = json_object_get(object, name);
  if (member != NULL && !json_is_null(member) && !json_is_string(member))
    return error_set(error, ASSAY_ERROR_INVALID, "request.%s is not a string", name);
  *text = json_is_string(member) ? json_string_value(member) : "";
  return true;
}

/* *object: NULL where it is missing or null. */
static bool
take_object(const json_t *parent, const char *name, const json_t **object, GError **error)
{
  const json_t *member = json_object_get(parent, name);
  *object = json_is_null(member) ? NULL : member;
  return *object == NULL || json_is_object(*object) ||
         error_set(error, ASSAY_ERROR_INVALID, "request.%s is not an object", name);
}

static bool
read_operation(const json_t *request, Review *review, GError **error)
{
  const char *word = "";
  if (!take_text(request, "operation", &word, error))
    return false;
  for (unsigned i = 0; review_operation_names[i] != NULL; i++) {
    if (strcmp(word, review_operation_names[i]) == 0) {
      review->operation = (ReviewOperation)i;
      return true;
    }
  }
  return error_set(error, ASSAY_ERROR_INVALID,
                   "request.operation \"%.50s\" is none of CREATE, UPDATE, DELETE, CONNECT", word);
}

static bool
read_kind(const json_t *request, Review *review, GError **error)
{
  const json_t *kind, *resource;
  return take_object(request, "kind", &kind, error) &&
         take_text(kind, "group", &review->group, error) &&
         take_text(kind, "kind", &review->kind, error) &&
         (*review->kind != '\0' ||
          error_set(error, ASSAY_ERROR_INVALID, "request.kind does not say what the object is")) &&
         take_object(request, "resource", &resource, error) &&
         take_text(resource, "resource", &review->resource, error) &&
         take_text(request, "subResource", &review->subresource, error);
}

static bool
read_user(const json_t *request, Review *review, GError **error)
{
  const json_t *user;
  if (!take_object(request, "userInfo", &user, error) ||
      !take_text(user, "username", &review->user, error))
    return false;
  review->groups = json_get_array(user, "groups");
  return true;
}

static bool
read_dry_run(const json_t *request, Review *review, GError **error)
{
  const json_t *member = json_object_get(request, "dryRun");
  if (member != NULL && !json_is_null(member) && !json_is_boolean(member))
    return error_set(error, ASSAY_ERROR_INVALID, "request.dryRun is neither true nor false");
  review->dry_run = json_is_true(member);
  return true;
}

static bool
read_request(const json_t *request, Review *review, GError **error)
{
  if (!take_text(request, "uid", &review->uid, error) || !read_operation(request, review, error) ||
      !read_kind(request, review, error) || !take_text(request, "name", &review->name, error) ||
      !take_text(request, "namespace", &review->namespace, error) ||
      !read_user(request, review, error) || !read_dry_run(request, review, error) ||
      !take_object(request, "object", &review->object, error) ||
      !take_object(request, "oldObject", &review->old_object, error))
    return false;
  bool has_object = review->operation == REVIEW_CREATE || review->operation == REVIEW_UPDATE;
  if (has_object && review->object == NULL && *review->subresource == '\0')
    return error_set(error, ASSAY_ERROR_INVALID, "request.object is missing");
  return *review->uid != '\0' || error_set(error, ASSAY_ERROR_INVALID,
                                           "request.uid is missing, by which answers are known");
}

bool
review_read(Slice text, Review *review, GError **error)
{
  *review = (Review){.uid = "",
                     .group = "",
                     .kind = "",
                     .resource = "",
                     .subresource = "",
                     .name = "",
                     .namespace = "",
                     .user = ""};
  /* A user's object may hold a NUL in some text. */
  review->json = json_parse_lenient(text, VALUES_MAX, error);
  if (review->json == NULL)
    return false;
  const char *version = json_get_string(review->json, "apiVersion");
  const char *kind = json_get_string(review->json, "kind");
  if (g_strcmp0(version, REVIEW_API_VERSION) != 0 || g_strcmp0(kind, REVIEW_KIND) != 0)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "it is no " REVIEW_KIND " of " REVIEW_API_VERSION
                     " (apiVersion \"%.50s\", kind \"%.50s\"); the webhook's configuration says "
                     "`admissionReviewVersions: [v1]`",
                     version != NULL ? version : "", kind != NULL ? kind : "");
  const json_t *request = json_get_object(review->json, "request");
  if (request == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "\"request\" is missing or not an object");
  return read_request(request, review, error);
}

void
review_clear(Review *review)
{
  g_clear_pointer(&review->json, json_decref);
}

bool
review_user_is_among(const Review *review, const char *const *users, const char *const *groups)
{
  const json_t *group;
  size_t i;
  if (*review->user != '\0' && g_strv_contains(users, review->user))
    return true;
  json_array_foreach(review->groups, i, group)
    if (json_is_string(group) && g_strv_contains(groups, json_string_value(group)))
      return true;
  return false;
}

const char *
review_annotation(const Review *review, const char *name)
{
  const json_t *metadata = json_object_get(review->object, "metadata");
  return json_get_string(json_object_get(metadata, "annotations"), name);
}

char *
review_object_name(const Review *review)
{
  const json_t *metadata =
      json_object_get(review->object != NULL ? review->object : review->old_object, "metadata");
  const char *name = *review->name != '\0' ? review->name : json_get_string(metadata, "name");
  const char *prefix = json_get_string(metadata, "generateName");
  return name != NULL ? g_strdup(name) : g_strconcat(prefix != NULL ? prefix : "", "*", NULL);
}

char *
review_object_in_words(const Review *review)
{
  g_autofree char *name = review_object_name(review);
  return *review->namespace == '\0'
             ? g_strdup_printf("%s %s", review->kind, name)
             : g_strdup_printf("%s %s/%s", review->kind, review->namespace, name);
}
