/* Loading libcurl; see the header. */
#include "base/curl-private.h"

#include <glib.h>

LIBRARY_NOTE(CURL_LIBRARY);

const CurlLibrary *
curl_library(void)
{
  static const char *const names[] = {CURL_FUNCTIONS(LIBRARY_NAME) NULL};
  static CurlLibrary curl;
  static Library library = {.soname = CURL_LIBRARY, .names = names, .functions = &curl};
  static gsize begun;
  library_need(&library);
  if (g_once_init_enter(&begun)) {
    curl.global_init(CURL_GLOBAL_DEFAULT);
    g_once_init_leave(&begun, 1);
  }
  return &curl;
}
