/* AdmissionReviews: what is read of one, what is decided, and that the answer is one. */
#include "admission/answer.h"
#include "admission/image_name.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* By the length of its name: each state comes. */
static ImageAnswer *
judge(void *data, const ImageQuestion *question)
{
  ImageAnswer *answer = image_answer_new((ImageState)(strlen(question->text) % 4));
  answer->reason = g_strdup("a reason");
  answer->digest = g_strdup("sha256:0");
  return answer;
}

static void
check(json_t *answer, const Review *review)
{
  g_autoptr(json_t) owned = answer;
  g_autofree char *text = json_to_text(owned);
  const json_t *response = json_get_object(owned, "response");
  g_assert_nonnull(text);
  g_assert_cmpstr(json_get_string(response, "uid"), ==, review->uid);
  g_assert_true(json_is_boolean(json_object_get(response, "allowed")));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static char system[] = "kube-system", *namespaces[] = {system, NULL}, *none[] = {NULL};
  const AdmissionSettings settings = {
      .exempt_namespaces = namespaces, .exempt_images = none, .registries = none};
  const AdmissionInput input = {.settings = &settings, .judge = judge};
  g_auto(Review) review = {0};
  if (review_read(slice_new(data, size), &review, NULL)) {
    g_autoptr(AdmissionDecision) decision = admission_decide(&input, &review);
    g_assert_true(decision->allowed == (decision->message == NULL));
    check(answer_validate(&review, decision), &review);
    check(answer_mutate(&review, decision), &review);
  }
  g_autofree char *text = g_strndup((const char *)data, size);
  g_autoptr(Reference) name = image_name_parse(text, NULL);
  if (name != NULL) {
    /* What it is called in full is the same image. */
    g_autofree char *whole = image_name_text(name);
    g_autoptr(Reference) again = image_name_parse(whole, NULL);
    g_assert_nonnull(again);
    g_autofree char *twice = image_name_text(again);
    g_assert_cmpstr(whole, ==, twice);
  }
  return 0;
}
