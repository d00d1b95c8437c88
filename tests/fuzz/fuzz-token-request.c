/* What is asked of the token endpoint: forms, and the scopes in them. */
#include "server/token/form.h"
#include "server/token/scopes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_auto(GStrv) values = form_values(slice_new(data, size), "scope");
  g_autoptr(GPtrArray) scopes = token_scopes_new();
  for (char **value = values; *value != NULL; value++)
    token_scopes_parse(*value, scopes);
  g_assert_cmpuint(scopes->len, <=, SCOPES_MAX);
  return 0;
}
