/* Targets of `assay scan`, as far as they are text. */
#include <string.h>

#include "oci/reference.h"
#include "source/source-private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const char *behind;
  g_autofree char *target = slice_to_string(slice_new(data, size));
  g_autofree char *path = source_split_place(target, &behind);
  g_assert_null(strchr(path, ':'));
  g_assert_true(g_str_has_prefix(target, path));
  g_assert_true(behind == NULL || g_str_has_suffix(target, behind));
  g_autoptr(Reference) reference = reference_parse(target, NULL);
  /* A host that is one is the host that the reference has. */
  if (reference != NULL && source_names_registry(target) &&
      strcmp(reference->host, "registry-1.docker.io") != 0)
    g_assert_true(g_str_has_prefix(target, reference->host));
  return 0;
}
