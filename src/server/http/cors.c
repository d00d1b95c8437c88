/* OPTIONS, and what lets pages of other origins read answers in a browser (the Fetch standard,
 * "CORS protocol"): nothing does unless `cors_origins` names the origin. */
#include <string.h>

#include "server/http/cors.h"
#include "server/http/http-private.h"

/* What a page may send and read beyond what browsers always let it. */
#define REQUEST_HEADERS                                                                            \
  "Authorization, Accept, Content-Type, Content-Range, Range, If-Match, If-None-Match, "           \
  "Idempotency-Key, X-CSRF-Token, X-Request-Id"
#define RESPONSE_HEADERS                                                                           \
  "Content-Range, Docker-Content-Digest, Docker-Distribution-Api-Version, Docker-Upload-UUID, "    \
  "ETag, Idempotency-Replayed, Link, Location, OCI-Filters-Applied, OCI-Subject, OCI-Tag, Range, " \
  "Retry-After, Warning, "                                                                         \
  "WWW-Authenticate, X-Request-Id"
#define PREFLIGHT_SECONDS "600"

/* What Access-Control-Allow-Origin says to this request; NULL: nothing. */
static const char *
allowed_origin(const Request *request)
{
  const char *origin = request_header(request, "Origin");
  const char *const *allowed = (const char *const *)request->server->config->http.cors_origins;
  if (origin == NULL)
    return NULL;
  if (g_strv_contains(allowed, "*"))
    return "*";
  return g_strv_contains(allowed, origin) ? origin : NULL;
}

void
cors_add_headers(Request *request)
{
  if (request->server->config->http.cors_origins[0] == NULL)
    return;
  const char *origin = allowed_origin(request);
  /* Also where this origin gets nothing: a cache must not give its answer to another. */
  response_header(request, "Vary", "Origin");
  if (origin == NULL)
    return;
  response_header(request, "Access-Control-Allow-Origin", origin);
  response_header(request, "Access-Control-Expose-Headers", RESPONSE_HEADERS);
}

static bool
is_of_host(const char *origin, const char *host)
{
  const char *named = strstr(origin, "://");
  return named != NULL && host != NULL && g_ascii_strcasecmp(named + strlen("://"), host) == 0;
}

/* A proxy may have taken the TLS off, so the scheme says nothing. */
bool
cors_is_foreign(const Request *request)
{
  const char *site = request_header(request, "Sec-Fetch-Site"),
             *origin = request_header(request, "Origin");
  const char *const *allowed = (const char *const *)request->server->config->http.cors_origins;
  if (site != NULL ? strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0
                   : origin == NULL || is_of_host(origin, request_header(request, "Host")))
    return false;
  return origin == NULL || !g_strv_contains(allowed, origin);
}

void
cors_respond_options(Request *request, const char *methods)
{
  respond_empty(request, MHD_HTTP_NO_CONTENT);
  response_header_format(request, "Allow", "%s, OPTIONS", methods);
  if (allowed_origin(request) == NULL ||
      request_header(request, "Access-Control-Request-Method") == NULL)
    return;
  response_header(request, "Access-Control-Allow-Methods", methods);
  response_header(request, "Access-Control-Allow-Headers", REQUEST_HEADERS);
  response_header(request, "Access-Control-Max-Age", PREFLIGHT_SECONDS);
}
