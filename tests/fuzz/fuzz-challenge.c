/* WWW-Authenticate headers: what a registry asks for. */
#include <string.h>

#include "remote/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const names[] = {"realm", "service", "scope", ""};
  g_autofree char *challenge = slice_to_string(slice_new(data, size));
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *value = token_challenge_parameter(challenge, names[i]);
    g_assert_true(value == NULL || strlen(value) <= size);
  }
  return 0;
}
