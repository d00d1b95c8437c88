/* libcurl, loaded when the first HTTP client is made. It brings thirty libraries (LDAP, Kerberos,
 * SSH), whose loading takes longer than the scan of a known image, and an inspection worker, which
 * is started for each layer, needs none of them. */
#pragma once

#include <curl/curl.h>

#include "base/library.h"

#define CURL_FUNCTIONS(X)                                                                          \
  X(curl_, easy_init)                                                                              \
  X(curl_, easy_cleanup)                                                                           \
  X(curl_, easy_reset)                                                                             \
  X(curl_, easy_perform)                                                                           \
  X(curl_, easy_strerror)                                                                          \
  X(curl_, easy_setopt)                                                                            \
  X(curl_, easy_getinfo)                                                                           \
  X(curl_, global_init)                                                                            \
  X(curl_, slist_append)                                                                           \
  X(curl_, slist_free_all)

typedef struct {
  CURL_FUNCTIONS(LIBRARY_MEMBER)
} CurlLibrary;

/* Thread-safe. Ends the program with a message when the library is not there: it is one that the
 * program was built with. */
const CurlLibrary *curl_library(void);
