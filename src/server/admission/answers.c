/* Answers on images, and which of an index count; see the header. */
#include "server/admission/answers.h"

#include "base/error.h"

/* An image in an index that nothing can run: what was said of how the others were built. */
#define NO_PLATFORM "unknown"

/* --- answers --- */

ImageAnswer *
image_answer_of_error(const GError *error)
{
  bool refused = error->domain == REGISTRY_ERROR;
  bool busy = g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_BUSY);
  ImageAnswer *answer = image_answer_new(refused ? IMAGE_REFUSED
                                         : busy  ? IMAGE_PENDING
                                                 : IMAGE_UNKNOWN);
  answer->reason = g_strdup(error->message);
  return answer;
}

ImageAnswer *
image_answer_of_verdict(const Verdict *verdict, ScanState scan)
{
  ImageAnswer *answer = image_answer_new(scan == SCAN_PENDING ? IMAGE_PENDING
                                         : verdict->allowed   ? IMAGE_ADMITTED
                                                              : IMAGE_REFUSED);
  answer->reason = g_strdup(verdict->message);
  answer->policy = g_strdup(verdict->policy);
  answer->expires = verdict->expires;
  for (guint i = 0; i < verdict->warnings->len; i++)
    g_ptr_array_add(answer->warnings, g_strdup(g_ptr_array_index(verdict->warnings, i)));
  return answer;
}

bool
image_answer_is_stricter(const ImageAnswer *answer, const ImageAnswer *than)
{
  static const unsigned strictness[] = {
      [IMAGE_ADMITTED] = 0, [IMAGE_PENDING] = 1, [IMAGE_UNKNOWN] = 2, [IMAGE_REFUSED] = 3};
  return strictness[answer->state] > strictness[than->state] ||
         (answer->state == than->state && answer->reason != NULL && than->reason == NULL);
}

/* --- platforms --- */

/* As container runtimes write it, whatever the image does. */
static const char *
usual_architecture(const char *name)
{
  static const char *const others[][2] = {{"x86_64", "amd64"},  {"x86-64", "amd64"},
                                          {"aarch64", "arm64"}, {"i386", "386"},
                                          {"armhf", "arm"},     {"armel", "arm"}};
  for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
    if (g_ascii_strcasecmp(name, others[i][0]) == 0)
      return others[i][1];
  return name;
}

/* A processor of 64 bits runs what is for its 32 bits, too. */
static bool
runs_also(const char *node, const char *image)
{
  return (g_ascii_strcasecmp(node, "amd64") == 0 && g_ascii_strcasecmp(image, "386") == 0) ||
         (g_ascii_strcasecmp(node, "arm64") == 0 && g_ascii_strcasecmp(image, "arm") == 0);
}

static bool
is_open(const char *text)
{
  return text == NULL || *text == '\0';
}

bool
image_may_run(const ImageQuestion *question, const char *os, const char *architecture)
{
  if (g_strcmp0(os, NO_PLATFORM) == 0)
    return false;
  if (!is_open(question->os) && !is_open(os) && g_ascii_strcasecmp(question->os, os) != 0)
    return false;
  if (is_open(question->architecture) || is_open(architecture))
    return true;
  const char *node = usual_architecture(question->architecture),
             *image = usual_architecture(architecture);
  return g_ascii_strcasecmp(node, image) == 0 || runs_also(node, image);
}
