/* The answer to an AdmissionReview; see the header. */
#include "admission/answer.h"

#include <string.h>

#include "admission/image_name.h"
#include "base/json.h"

/* The API server cuts a warning that is longer, and all of them together at 4,096. */
#define WARNING_MAX  256u
#define WARNINGS_MAX 12u
/* Of a message; it becomes part of a line in a terminal, and of an event. */
#define MESSAGE_MAX 4000u
/* Of an audit annotation. */
#define ANNOTATION_MAX 2000u
#define FORBIDDEN      403

/* Cut between characters, with a mark that it was. (transfer full) */
static char *
cut(const char *text, size_t most)
{
  if (strlen(text) <= most)
    return g_strdup(text);
  size_t size = most - strlen("...");
  while (size > 0 && ((unsigned char)text[size] & 0xc0u) == 0x80u)
    size--;
  return g_strdup_printf("%.*s...", (int)size, text);
}

static void
set_text(json_t *object, const char *key, const char *text, size_t most)
{
  g_autofree char *shown = cut(text, most);
  json_set_string(object, key, shown);
}

static void
add_warnings(json_t *response, const GPtrArray *warnings)
{
  json_t *list = json_array();
  for (guint i = 0; i < MIN(warnings->len, WARNINGS_MAX); i++) {
    g_autofree char *text = cut(g_ptr_array_index(warnings, i), WARNING_MAX);
    g_strdelimit(text, "\n\r\t", ' ');
    json_array_append_new(list, json_string(text));
  }
  if (json_array_size(list) > 0)
    json_object_set_new(response, "warnings", list);
  else
    json_decref(list);
}

static const char *
word_of(const ImageAnswer *answer)
{
  static const char *const words[] = {[IMAGE_ADMITTED] = "admitted",
                                      [IMAGE_REFUSED] = "refused",
                                      [IMAGE_UNKNOWN] = "unknown",
                                      [IMAGE_PENDING] = "pending"};
  return words[answer->state];
}

/* What was decided, for the audit of the cluster: each key gets the webhook's name before it. */
static void
add_annotations(json_t *response, const AdmissionDecision *decision)
{
  json_t *annotations = json_object();
  g_autoptr(GString) images = g_string_new(NULL), policies = g_string_new(NULL);
  for (guint i = 0; i < decision->judged->len; i++) {
    const JudgedImage *judged = g_ptr_array_index(decision->judged, i);
    const ImageAnswer *answer = judged->answer;
    g_string_append_printf(images, "%s%s%s%s=%s", i > 0 ? ", " : "", judged->image->image,
                           answer->digest != NULL ? " " : "",
                           answer->digest != NULL ? answer->digest : "", word_of(answer));
    if (answer->policy != NULL && strstr(policies->str, answer->policy) == NULL)
      g_string_append_printf(policies, "%s%s", policies->len > 0 ? ", " : "", answer->policy);
  }
  json_set_string(annotations, "decision", decision->allowed ? "allowed" : "denied");
  json_set_string(annotations, "by", admission_by_names[decision->by]);
  if (images->len > 0)
    set_text(annotations, "images", images->str, ANNOTATION_MAX);
  if (policies->len > 0)
    set_text(annotations, "policies", policies->str, ANNOTATION_MAX);
  json_object_set_new(response, "auditAnnotations", annotations);
}

/* (transfer full) */
static json_t *
wrap(const Review *review, json_t *response)
{
  json_object_set_new(response, "uid", json_string(review->uid));
  return json_pack("{s:s,s:s,s:o}", "apiVersion", REVIEW_API_VERSION, "kind", REVIEW_KIND,
                   "response", response);
}

json_t *
answer_validate(const Review *review, const AdmissionDecision *decision)
{
  json_t *response = json_pack("{s:b}", "allowed", decision->allowed);
  if (!decision->allowed) {
    json_t *status = json_pack("{s:i,s:s}", "code", FORBIDDEN, "reason", "Forbidden");
    set_text(status, "message", decision->message, MESSAGE_MAX);
    json_object_set_new(response, "status", status);
  }
  add_warnings(response, decision->warnings);
  add_annotations(response, decision);
  return wrap(review, response);
}

/* --- the patch --- */

/* (transfer full) */
static json_t *
make_patch(const AdmissionDecision *decision)
{
  json_t *patch = json_array();
  for (guint i = 0; i < decision->judged->len; i++) {
    const JudgedImage *judged = g_ptr_array_index(decision->judged, i);
    const char *image = judged->image->image, *digest = judged->answer->digest;
    g_autofree char *pinned = digest == NULL ? NULL : image_name_pinned(image, digest);
    if (pinned != NULL && strcmp(pinned, image) != 0)
      json_array_append_new(patch, json_pack("{s:s,s:s,s:s}", "op", "replace", "path",
                                             judged->image->path, "value", pinned));
  }
  return patch;
}

json_t *
answer_mutate(const Review *review, const AdmissionDecision *decision)
{
  g_autoptr(json_t) patch = make_patch(decision);
  json_t *response = json_pack("{s:b}", "allowed", true);
  if (json_array_size(patch) > 0 && !workload_is_mirror(review)) {
    g_autofree char *text = json_to_text(patch);
    g_autofree char *encoded = g_base64_encode((const guchar *)text, strlen(text));
    json_set_string(response, "patchType", "JSONPatch");
    json_set_string(response, "patch", encoded);
  }
  return wrap(review, response);
}
