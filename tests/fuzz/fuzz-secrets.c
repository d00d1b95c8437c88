/* The search for secrets, as the worker does it: one byte for the kind of file, one for the size of
 * pieces, and the text. What is found lies in the text, and its mask tells at most a quarter. */
#include <string.h>

#include "inspect/secrets/mask.h"
#include "inspect/secrets/scan.h"

static void
check(const FoundSecret *secret, void *data)
{
  g_autofree char *shown = secret_masked(secret->secret, secret->rule->prefix);
  g_assert_true(secret->line >= 1 && secret->secret.size > 0);
  g_assert_true(strspn(shown, "*") > 0 || strcspn(shown, "*") <= SECRET_SHOWN_MOST);
  ++*(unsigned *)data;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 2 || secret_engine_default() == NULL)
    return 0;
  unsigned found = 0;
  SecretContext context = (SecretContext)(data[0] % (SECRET_CONTEXT_MANUAL + 1));
  size_t step = data[1] == 0 ? size : data[1];
  SecretScan *scan = secret_scan_new(secret_engine_default(), context, check, &found);
  for (size_t at = 2; at < size; at += step)
    secret_scan_add(scan, slice_sub(slice_new(data, size), at, step));
  secret_scan_finish(scan);
  g_assert_true(found <= SECRETS_FILE_MAX);
  return 0;
}
