/* Conditional requests; see the header. */
#include "server/http/conditions.h"

#include "base/error.h"
#include "server/http/entity_tags.h"
#include "server/http/http-private.h"
#include "server/http/microhttpd_library-private.h"

/* What GET of the same path would answer now: its handler answers a request that nobody sees.
 * *status: its status; 0: there is no such route. (transfer full): its ETag, or NULL */
static char *
present_tag(const Request *request, unsigned *status)
{
  g_autofree char *cut = g_strdup(request->path);
  g_autoptr(GArray) headers = request_headers_new();
  Request looking = *request;
  looking.method = (char *)(uintptr_t) "GET";
  looking.match = router_find(request->server->router, "GET", request->path);
  looking.cut = cut;
  looking.headers = headers;
  looking.looked_at = true;
  looking.state = NULL;
  looking.free_state = NULL;
  looking.body = NULL;
  looking.client = NULL;
  looking.response = NULL;
  looking.waits_until = 0;
  *status = 0;
  if (looking.match.route == NULL)
    return NULL;
  request_cut_parts(&looking);
  looking.match.route->finish(&looking);
  *status = looking.response != NULL ? looking.status : 0;
  char *tag = g_strdup(request_answered_header(&looking, "ETag"));
  if (looking.state != NULL && looking.free_state != NULL)
    looking.free_state(looking.state);
  g_clear_pointer(&looking.response, microhttpd()->destroy_response);
  g_free(looking.client);
  return tag;
}

static bool
changes_an_object(const Request *request)
{
  static const char *const methods[] = {"PUT", "PATCH", "DELETE", NULL};
  return request_is_of_api(request) && g_strv_contains(methods, request->method);
}

bool
conditions_are_made(const Request *request)
{
  return changes_an_object(request) && request_header(request, "If-Match") != NULL;
}

bool
conditions_hold(Request *request, GError **error)
{
  unsigned status;
  g_autofree char *wanted =
      changes_an_object(request) ? request_header_joined(request, "If-Match") : NULL;
  if (wanted == NULL)
    return true;
  g_autofree char *tag = present_tag(request, &status);
  /* What is not there, or not to be seen, is for the handler to say (section 13.2.1). */
  if (status >= 400 || entity_tags_name(wanted, tag, TAGS_CHANGED))
    return true;
  if (tag == NULL)
    return error_set(error, ASSAY_ERROR_CHANGED, "this has no ETag: ask without If-Match");
  return error_set(error, ASSAY_ERROR_CHANGED,
                   "it has changed since: If-Match does not name its present ETag, %s", tag);
}
