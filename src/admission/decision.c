/* What becomes of an object; see the header. */
#include "admission/decision.h"

#include <string.h>

#include "admission/image_name.h"
#include "base/error.h"
#include "base/json.h"

/* Of a refusal, for people: more images of one object are only counted. */
#define REFUSALS_SHOWN 5u

const char *const admission_by_names[] = {[ADMISSION_BY_IMAGES] = "images",
                                          [ADMISSION_BY_OPERATION] = "operation",
                                          [ADMISSION_BY_KIND] = "kind",
                                          [ADMISSION_BY_NAMESPACE] = "exempt-namespace",
                                          [ADMISSION_BY_NO_CHANGE] = "images-unchanged",
                                          [ADMISSION_BY_MIRROR] = "mirror",
                                          [ADMISSION_BY_MODE] = "mode-warn",
                                          [ADMISSION_BY_UNREADABLE] = "unreadable",
                                          [ADMISSION_BY_GLASS] = "break-glass",
                                          NULL};

/* --- answers on images --- */

ImageAnswer *
image_answer_new(ImageState state)
{
  ImageAnswer *answer = g_atomic_rc_box_new0(ImageAnswer);
  answer->state = state;
  answer->warnings = g_ptr_array_new_with_free_func(g_free);
  return answer;
}

ImageAnswer *
image_answer_ref(ImageAnswer *answer)
{
  return g_atomic_rc_box_acquire(answer);
}

static void
image_answer_clear(void *data)
{
  ImageAnswer *answer = data;
  g_free(answer->reason);
  g_free(answer->policy);
  g_free(answer->digest);
  g_free(answer->repository);
  g_ptr_array_unref(answer->warnings);
}

void
image_answer_unref(ImageAnswer *answer)
{
  if (answer != NULL)
    g_atomic_rc_box_release_full(answer, image_answer_clear);
}

/* --- the decision --- */

static void
judged_free(void *data)
{
  JudgedImage *judged = data;
  image_answer_unref(judged->answer);
  g_free(judged);
}

static AdmissionDecision *
decision_new(void)
{
  AdmissionDecision *decision = g_new0(AdmissionDecision, 1);
  decision->allowed = true;
  decision->warnings = g_ptr_array_new_with_free_func(g_free);
  decision->judged = g_ptr_array_new_with_free_func(judged_free);
  return decision;
}

void
admission_decision_free(AdmissionDecision *decision)
{
  if (decision == NULL)
    return;
  g_free(decision->message);
  g_ptr_array_unref(decision->warnings);
  g_ptr_array_unref(decision->judged);
  if (decision->images != NULL)
    g_ptr_array_unref(decision->images);
  g_free(decision);
}

/* The selector of nodes of a Pod, or what it says of its system. */
static const char *
selected(const json_t *spec, const char *label)
{
  return json_get_string(json_object_get(spec, "nodeSelector"), label);
}

static ImageAnswer *
judge_name(const AdmissionInput *input, const json_t *spec, const WorkloadImage *image)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Reference) name = image_name_parse(image->image, &error);
  if (name == NULL) {
    ImageAnswer *wrong = image_answer_new(IMAGE_REFUSED);
    wrong->reason = g_strdup(*image->image == '\0' ? "it names no image" : error->message);
    return wrong;
  }
  g_autofree char *text = image_name_text(name);
  if (image_name_is_among(text, (const char *const *)input->settings->exempt_images))
    return image_answer_new(IMAGE_ADMITTED);
  const char *os = selected(spec, "kubernetes.io/os");
  const ImageQuestion question = {
      .name = name,
      .text = text,
      .architecture = selected(spec, "kubernetes.io/arch"),
      .os = os != NULL ? os : json_get_string(json_object_get(spec, "os"), "name")};
  /* The answer holds nothing of the question. */
  /* cppcheck-suppress returnDanglingLifetime */
  return input->judge(input->data, &question);
}

/* Whether the stored object has that image: by its digest in whichever container, by a tag in the
 * same one, for a container that is new is pulled now, and the tag may have moved. */
static bool
is_stored(const GPtrArray *stored, const WorkloadImage *image)
{
  for (guint i = 0; stored != NULL && i < stored->len; i++) {
    const WorkloadImage *one = g_ptr_array_index(stored, i);
    if (strcmp(one->image, image->image) == 0 &&
        (strchr(image->image, '@') != NULL || strcmp(one->container, image->container) == 0))
      return true;
  }
  return false;
}

/* One that several containers have is judged once. */
static ImageAnswer *
judged_before(const AdmissionDecision *decision, const char *image)
{
  for (guint i = 0; i < decision->judged->len; i++) {
    const JudgedImage *judged = g_ptr_array_index(decision->judged, i);
    if (strcmp(judged->image->image, image) == 0)
      return image_answer_ref(judged->answer);
  }
  return NULL;
}

static void
judge_images(const AdmissionInput *input, const Review *review, const GPtrArray *stored,
             AdmissionDecision *decision)
{
  const json_t *spec = workload_pod_spec(review, review->object);
  for (guint i = 0; i < decision->images->len; i++) {
    WorkloadImage *image = g_ptr_array_index(decision->images, i);
    if (is_stored(stored, image))
      continue;
    JudgedImage *judged = g_new0(JudgedImage, 1);
    judged->image = image;
    judged->answer = judged_before(decision, image->image);
    if (judged->answer == NULL)
      judged->answer = judge_name(input, spec, image);
    decision->pending |= judged->answer->state == IMAGE_PENDING;
    g_ptr_array_add(decision->judged, judged);
  }
}

static bool
refuses(const AdmissionInput *input, const ImageAnswer *answer)
{
  return answer->state == IMAGE_REFUSED ||
         (answer->state != IMAGE_ADMITTED && !input->settings->on_error);
}

static char *
in_words(const JudgedImage *judged, const char *what)
{
  return g_strdup_printf("%s: image %.300s%s%s%s", judged->image->container, judged->image->image,
                         what, judged->answer->reason != NULL ? ": " : "",
                         judged->answer->reason != NULL ? judged->answer->reason : "");
}

static void
warn_of_image(const JudgedImage *judged, AdmissionDecision *decision)
{
  const ImageAnswer *answer = judged->answer;
  if (answer->state == IMAGE_UNKNOWN || answer->state == IMAGE_PENDING)
    g_ptr_array_add(decision->warnings, in_words(judged, " is not judged"));
  else if (answer->reason != NULL)
    g_ptr_array_add(decision->warnings, in_words(judged, ""));
  for (guint i = 0; i < answer->warnings->len; i++)
    g_ptr_array_add(decision->warnings,
                    g_strdup_printf("image %.300s: %s", judged->image->image,
                                    (const char *)g_ptr_array_index(answer->warnings, i)));
}

/* What refuses, as a sentence a line of which an image is; NULL: nothing does. */
static char *
refusal(const AdmissionInput *input, AdmissionDecision *decision)
{
  g_autoptr(GString) message = g_string_new(NULL);
  guint refused = 0;
  for (guint i = 0; i < decision->judged->len; i++) {
    const JudgedImage *judged = g_ptr_array_index(decision->judged, i);
    if (!refuses(input, judged->answer)) {
      warn_of_image(judged, decision);
      continue;
    }
    if (refused++ >= REFUSALS_SHOWN)
      continue;
    bool known = judged->answer->state == IMAGE_REFUSED;
    g_autofree char *line = in_words(judged, known ? " is refused" : " cannot be judged now");
    g_string_append_printf(message, "%s%s", message->len > 0 ? "; " : "", line);
  }
  if (refused > REFUSALS_SHOWN)
    g_string_append_printf(message, "; and %u more images", refused - REFUSALS_SHOWN);
  return refused == 0 ? NULL : g_string_free(g_steal_pointer(&message), FALSE);
}

static AdmissionDecision *
refuse_unreadable(AdmissionDecision *decision, const Review *review, const GError *error)
{
  g_autofree char *object = review_object_in_words(review);
  decision->allowed = false;
  decision->by = ADMISSION_BY_UNREADABLE;
  decision->message =
      g_strdup_printf("the images of %s cannot be read: %s", object, error->message);
  return decision;
}

/* Whether it is admitted for what it is, whatever images it has. */
static bool
needs_no_judgement(const AdmissionInput *input, const Review *review, AdmissionBy *by)
{
  bool judged_operation = review->operation == REVIEW_CREATE || review->operation == REVIEW_UPDATE;
  bool judged_part =
      *review->subresource == '\0' || strcmp(review->subresource, "ephemeralcontainers") == 0;
  if (!judged_operation || !judged_part || review->object == NULL)
    *by = ADMISSION_BY_OPERATION;
  else if (!workload_kind_is_known(review))
    *by = ADMISSION_BY_KIND;
  else if (*review->namespace != '\0' &&
           image_name_is_among(review->namespace,
                               (const char *const *)input->settings->exempt_namespaces))
    *by = ADMISSION_BY_NAMESPACE;
  else
    return false;
  return true;
}

char *
image_key(const WorkloadImage *image, const ImageAnswer *answer)
{
  g_autoptr(Reference) name = image_name_parse(image->image, NULL);
  if (name == NULL)
    return g_strdup(image->image);
  const char *digest = name->digest != NULL ? name->digest : answer->digest;
  return digest == NULL ? image_name_text(name)
                        : g_strconcat(name->host, "/", name->repository, "@", digest, NULL);
}

/* Asks whether what is refused may run all the same: *through. What is to be told then, in the
 * place of @refused. (transfer full) */
static char *
ask_glass(const AdmissionInput *input, const Review *review, const AdmissionDecision *decision,
          const char *refused, bool *through)
{
  g_autoptr(GError) error = NULL;
  char *told = NULL;
  g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < decision->judged->len; i++) {
    const JudgedImage *judged = g_ptr_array_index(decision->judged, i);
    if (refuses(input, judged->answer))
      g_ptr_array_add(images, image_key(judged->image, judged->answer));
  }
  Found found =
      input->glass == NULL ? ABSENT : input->glass(input->data, review, images, &told, &error);
  *through = found == FOUND;
  char *message = found == FOUND    ? g_strdup_printf("%s: %s", told, refused)
                  : found == FAILED ? g_strdup_printf("%s; %s", refused, error->message)
                                    : g_strdup(refused);
  g_free(told);
  return message;
}

/* Whether the glass is asked to be broken now: then images that are stored are judged, too. */
static bool
asks_for_glass(const Review *review)
{
  const Review before = {.object = review->old_object};
  const char *reason = review_annotation(review, BREAK_GLASS_ANNOTATION);
  return reason != NULL &&
         (g_strcmp0(reason, review_annotation(&before, BREAK_GLASS_ANNOTATION)) != 0 ||
          g_strcmp0(review_annotation(review, BREAK_GLASS_UNTIL),
                    review_annotation(&before, BREAK_GLASS_UNTIL)) != 0);
}

static void
decide_by_images(const AdmissionInput *input, const Review *review, AdmissionDecision *decision)
{
  bool mirror = workload_is_mirror(review);
  bool enforced = admission_mode(input->settings, input->cluster) == ADMISSION_ENFORCE;
  g_autofree char *refused = refusal(input, decision);
  decision->by = decision->judged->len == 0 && decision->images->len > 0 ? ADMISSION_BY_NO_CHANGE
                                                                         : ADMISSION_BY_IMAGES;
  if (refused == NULL)
    return;
  bool glass = false;
  g_autofree char *message =
      enforced && !mirror ? ask_glass(input, review, decision, refused, &glass) : g_strdup(refused);
  if (enforced && !mirror && !glass) {
    decision->allowed = false;
    decision->message = g_steal_pointer(&message);
    return;
  }
  decision->by = mirror ? ADMISSION_BY_MIRROR : glass ? ADMISSION_BY_GLASS : ADMISSION_BY_MODE;
  g_ptr_array_insert(decision->warnings, 0,
                     g_strdup_printf("%s: %s",
                                     mirror  ? "a node runs this already, from a file of its own"
                                     : glass ? "the glass is broken"
                                             : "would be refused",
                                     message));
}

AdmissionDecision *
admission_decide(const AdmissionInput *input, const Review *review)
{
  g_autoptr(GError) error = NULL;
  AdmissionDecision *decision = decision_new();
  if (needs_no_judgement(input, review, &decision->by))
    return decision;
  decision->images = workload_images(review, review->object, &error);
  if (decision->images == NULL)
    return refuse_unreadable(decision, review, error);
  /* What is stored was admitted as it is, or came before us: it is not read too closely. */
  g_autoptr(GPtrArray) stored = review->operation == REVIEW_UPDATE && !asks_for_glass(review)
                                    ? workload_images(review, review->old_object, NULL)
                                    : NULL;
  judge_images(input, review, stored, decision);
  decide_by_images(input, review, decision);
  return decision;
}
