/* What is remembered of admitted objects; see the header. */
#include "server/admission/notes.h"

#include <string.h>

#include "admission/broken_glass.h"
#include "admission/image_name.h"
#include "base/calendar.h"
#include "registry/running.h"
#include "server/admission/own_images.h"

/* --- what runs --- */

/* One that another object made is not noted: that one is. A template runs nothing. */
static bool
is_noted(const Review *review)
{
  const json_t *object = review->operation == REVIEW_DELETE ? review->old_object : review->object;
  return !review->dry_run && *review->subresource == '\0' && review->operation != REVIEW_CONNECT &&
         workload_kind_is_known(review) && strcmp(review->kind, "PodTemplate") != 0 &&
         !workload_has_controller(object);
}

/* (transfer full); NULL: it was not judged, for the stored object has it. */
static ImageAnswer *
answer_on(const AdmissionDecision *decision, const char *image)
{
  for (guint i = 0; i < decision->judged->len; i++) {
    const JudgedImage *judged = g_ptr_array_index(decision->judged, i);
    if (strcmp(judged->image->image, image) == 0)
      return image_answer_ref(judged->answer);
  }
  return NULL;
}

static RunningImage *
running_image_of(AdmissionDesk *desk, const AdmissionDecision *decision, const WorkloadImage *image)
{
  g_autoptr(Reference) name = image_name_parse(image->image, NULL);
  if (name == NULL)
    return NULL;
  RunningImage *running = running_image_new();
  g_autofree char *text = image_name_text(name);
  const ImageQuestion question = {.name = name, .text = text};
  bool own = own_image_is(desk, name);
  g_autoptr(ImageAnswer) answer = answer_on(decision, image->image);
  if (answer == NULL && own)
    answer = own_image_judge(desk, &question);
  const char *digest = name->digest != NULL ? name->digest : answer != NULL ? answer->digest : NULL;
  running->image = g_strdup(text);
  running->repository = g_strdup(!own                                           ? ""
                                 : answer != NULL && answer->repository != NULL ? answer->repository
                                                                                : name->repository);
  running->digest = g_strdup(digest != NULL ? digest : "");
  return running;
}

void
admission_note_running(AdmissionDesk *desk, const char *cluster, const Review *review,
                       const AdmissionDecision *decision)
{
  bool gone = review->operation == REVIEW_DELETE;
  if (!is_noted(review) || !decision->allowed || (!gone && decision->images == NULL) ||
      decision->by == ADMISSION_BY_NO_CHANGE)
    return;
  GPtrArray *images = g_ptr_array_new_with_free_func((GDestroyNotify)running_image_free);
  for (guint i = 0; !gone && i < decision->images->len; i++) {
    RunningImage *image = running_image_of(desk, decision, g_ptr_array_index(decision->images, i));
    if (image != NULL)
      g_ptr_array_add(images, image);
  }
  g_autofree char *name = review_object_name(review);
  registry_note_running(desk->context->registry, cluster, review->namespace, review->kind, name,
                        images);
}

/* --- the glass --- */

static char *
told_of(const char *user, const char *reason, int64_t until)
{
  g_autofree char *end = calendar_moment(until / G_USEC_PER_SEC);
  return g_strdup_printf("until %s by %.200s, \"%s\"", end, user, reason);
}

/* Whether all of the images may run by what somebody did before. */
static Found
broken_before(AdmissionDesk *desk, const char *cluster, const Review *review,
              const GPtrArray *images, char **told, GError **error)
{
  for (guint i = 0; i < images->len; i++) {
    BrokenGlass *glass = NULL;
    Found found = glass_is_broken(desk->context->sql, cluster, review->namespace,
                                  g_ptr_array_index(images, i), &glass, error);
    if (found != FOUND)
      return found;
    g_free(*told);
    *told = told_of(glass->user, glass->reason, glass->until);
    broken_glass_free(glass);
  }
  return FOUND;
}

Found
admission_glass(AdmissionDesk *desk, const char *cluster, const Review *review,
                const GPtrArray *images, char **told, GError **error)
{
  BreakGlass asked;
  g_autoptr(GError) refused = NULL;
  Found found = break_glass_asked(&desk->context->config->admission, review, g_get_real_time(),
                                  &asked, &refused);
  if (found == FOUND) {
    if (!review->dry_run &&
        !break_glass(desk->context->sql, cluster, review, &asked, images, error))
      return FAILED;
    *told = told_of(review->user, asked.reason, asked.until);
    return FOUND;
  }
  /* The object may keep its annotation while others, who may not break it, change the rest. */
  Found before = broken_before(desk, cluster, review, images, told, error);
  if (before == ABSENT && found == FAILED) {
    g_propagate_error(error, g_steal_pointer(&refused));
    return FAILED;
  }
  return before;
}
