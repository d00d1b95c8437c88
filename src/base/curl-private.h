/* libcurl, loaded when the first HTTP client is made. It brings thirty libraries (LDAP, Kerberos,
 * SSH), whose loading takes longer than the scan of a known image, and an inspection worker, which
 * is started for each layer, needs none of them. */
#pragma once

#include <curl/curl.h>

typedef struct {
  __typeof__(curl_global_init) *global_init;
  __typeof__(curl_easy_init) *easy_init;
  __typeof__(curl_easy_cleanup) *easy_cleanup;
  __typeof__(curl_easy_reset) *easy_reset;
  __typeof__(curl_easy_perform) *easy_perform;
  __typeof__(curl_easy_strerror) *easy_strerror;
  __typeof__(curl_slist_append) *slist_append;
  __typeof__(curl_slist_free_all) *slist_free_all;
  CURLcode (*easy_setopt)(CURL *curl, CURLoption option, ...);
  CURLcode (*easy_getinfo)(CURL *curl, CURLINFO info, ...);
} CurlLibrary;

/* Thread-safe. Ends the program with a message when the library is not there: it is one that the
 * program was built with. */
const CurlLibrary *curl_library(void);
