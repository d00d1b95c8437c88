/* Loading libraries late; see the header. */
#include "base/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* What is in the program itself: who packs it names the packages that this is of. */
PROGRAM_NOTE(".note.static", "ASY", "1", STATIC_LIBRARIES);

static GMutex lock; /* guards the filling of `functions` */

static bool
fill(Library *library, GError **error)
{
  void *handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL)
    return error_set(error, ASSAY_ERROR_FAILED,
                     "%s cannot be loaded: %s; install the package that has it", library->soname,
                     dlerror());
  for (size_t i = 0; library->names[i] != NULL; i++) {
    void *symbol = dlsym(handle, library->names[i]);
    if (symbol == NULL)
      return error_set(error, ASSAY_ERROR_FAILED, "%s is another than was built with: %s",
                       library->soname, dlerror());
    /* POSIX has a function's address fit into a void *; ISO C has no such cast. */
    memcpy((char *)library->functions + i * sizeof(symbol), &symbol, sizeof(symbol));
  }
  return true;
}

bool
library_load(Library *library, GError **error)
{
  if (g_atomic_int_get(&library->loaded))
    return true;
  g_mutex_lock(&lock);
  bool loaded = library->loaded || fill(library, error);
  g_atomic_int_set(&library->loaded, loaded);
  g_mutex_unlock(&lock);
  return loaded;
}

void
library_need(Library *library)
{
  g_autoptr(GError) error = NULL;
  if (library_load(library, &error))
    return;
  fprintf(stderr, "assay: %s\n", error->message);
  exit(2);
}
