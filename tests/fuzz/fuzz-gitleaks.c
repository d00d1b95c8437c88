/* gitleaks' configuration, and what its rules find: the file, a line of "%%", and a text. */
#include <string.h>

#include "inspect/secrets/brought.h"
#include "inspect/secrets/gitleaks.h"

static void
check(const BroughtMatch *match, void *data)
{
  const Slice *text = data;
  g_assert_true(match->start <= match->end && match->end <= text->size);
  g_assert_true(match->size > 0 && match->secret + match->size <= text->size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const char *cut = g_strstr_len((const char *)data, (gssize)size, "\n%%\n");
  size_t end = cut == NULL ? size : (size_t)((const uint8_t *)cut - data);
  g_autoptr(json_t) rules = gitleaks_read(slice_new(data, end), NULL, NULL, NULL);
  if (rules == NULL || !brought_rules_set(rules, NULL))
    return 0;
  Slice text = cut == NULL ? SLICE_EMPTY : slice_sub(slice_new(data, size), end + 4, size);
  for (unsigned edges = 0; edges < 4; edges++) {
    const BroughtWindow window = {"app/file", text, (edges & 1) != 0, (edges & 2) != 0};
    brought_rules_find(&window, check, &text);
  }
  brought_rules_name("app/file", NULL, NULL);
  brought_rules_set(NULL, NULL);
  return 0;
}
