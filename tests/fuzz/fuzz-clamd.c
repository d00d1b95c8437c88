/* Answers of a daemon that claims to be clamd. */
#include "inspect/malware/clamd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(const char *text)
{
  g_assert_true(text == NULL || *text == '\0' || slice_is_printable(slice_from_string(text)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_auto(ClamdAnswer) answer = {0};
  g_auto(ClamdVersion) version = {0};
  if (clamd_read_answer(slice_new(data, size), &answer))
    check_text(answer.text);
  if (clamd_read_version(slice_new(data, size), &version)) {
    check_text(version.program);
    g_assert_cmpint(version.built, >=, 0);
  }
  return 0;
}
