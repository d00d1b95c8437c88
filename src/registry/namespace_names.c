/* What belongs to a namespace, by the names of repositories. */
#include <string.h>

#include "registry/namespaces.h"
#include "registry/registry-private.h"

char *
namespace_of(const char *repository)
{
  return g_strndup(repository, strcspn(repository, "/"));
}

/* What follows "NAME/" in byte order: no repository of the namespace is after it, or at it. */
char *
namespace_end(const char *name)
{
  return g_strdup_printf("%s%c", name, '/' + 1);
}
