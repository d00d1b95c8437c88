/* Loading libcurl; see the header. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/curl-private.h"

#include <glib.h>

static void *
find_symbol(void *library, const char *name)
{
  void *symbol = library == NULL ? NULL : dlsym(library, name);
  if (symbol == NULL) {
    fprintf(stderr, "assay: %s\n", dlerror());
    exit(2);
  }
  return symbol;
}

const CurlLibrary *
curl_library(void)
{
  static CurlLibrary curl;
  static gsize loaded;
  if (g_once_init_enter(&loaded)) {
    void *library = dlopen(CURL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    /* POSIX has a function's address fit into a void *; ISO C has no such cast. */
    *(void **)&curl.global_init = find_symbol(library, "curl_global_init");
    *(void **)&curl.easy_init = find_symbol(library, "curl_easy_init");
    *(void **)&curl.easy_cleanup = find_symbol(library, "curl_easy_cleanup");
    *(void **)&curl.easy_reset = find_symbol(library, "curl_easy_reset");
    *(void **)&curl.easy_perform = find_symbol(library, "curl_easy_perform");
    *(void **)&curl.easy_strerror = find_symbol(library, "curl_easy_strerror");
    *(void **)&curl.slist_append = find_symbol(library, "curl_slist_append");
    *(void **)&curl.slist_free_all = find_symbol(library, "curl_slist_free_all");
    *(void **)&curl.easy_setopt = find_symbol(library, "curl_easy_setopt");
    *(void **)&curl.easy_getinfo = find_symbol(library, "curl_easy_getinfo");
    curl.global_init(CURL_GLOBAL_DEFAULT);
    g_once_init_leave(&loaded, 1);
  }
  return &curl;
}
