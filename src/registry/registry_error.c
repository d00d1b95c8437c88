/* The errors of the registry, whose callers must tell OCI codes apart. */
#include "registry/registry-private.h"

G_DEFINE_QUARK(registry - error - quark, registry_error)

bool
registry_error_set(GError **error, RegistryErrorCode code, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  if (error != NULL)
    *error = g_error_new_valist(REGISTRY_ERROR, (int)code, format, args);
  va_end(args);
  return false;
}
