/* What who asks may see; see the header. */
#include "server/visible.h"

#include "server/http/authorise.h"
#include "server/server-private.h"

/* So many names are read at a time, to be looked through. */
#define BATCH 1000

/* Adds those of @names that may be seen, as far as there is room; *full: one more was met. */
static void
add_visible(const Request *request, Verb verb, GStrv names, int64_t n, GPtrArray *seen, bool *full)
{
  for (; *names != NULL && !*full; names++) {
    if (!request_may(request, verb, *names))
      continue;
    *full = (int64_t)seen->len == n;
    if (!*full)
      g_ptr_array_add(seen, g_strdup(*names));
  }
}

GStrv
visible_repositories(Request *request, Verb verb, const char *last, int64_t n, bool *more,
                     GError **error)
{
  Registry *registry = server_context(request)->registry;
  if (request_may_all(request, verb, NULL))
    return registry_catalog(registry, last, n, more, error);
  g_autoptr(GPtrArray) seen = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *from = g_strdup(last);
  bool others = true;
  *more = false;
  while (others && !*more) {
    g_auto(GStrv) names = registry_catalog(registry, from, BATCH, &others, error);
    guint count = names == NULL ? 0 : g_strv_length(names);
    if (names == NULL)
      return NULL;
    add_visible(request, verb, names, n, seen, more);
    if (count == 0)
      break;
    g_free(from);
    from = g_strdup(names[count - 1]);
  }
  g_ptr_array_add(seen, NULL);
  return (GStrv)g_ptr_array_free(g_steal_pointer(&seen), FALSE);
}

/* Who is nobody may be somebody who may. */
static void
respond_unseen(Request *request)
{
  const Principal *who = request_principal(request);
  if (who->kind == PRINCIPAL_ANONYMOUS) {
    respond_unauthorized(request, *who->how == '\0' ? NULL : "insufficient_scope", "log in first");
    return;
  }
  respond_oci_error(request, MHD_HTTP_NOT_FOUND, "NOT_FOUND",
                    "there is no such image, or none that you may see", NULL);
}

bool
visible_image(Request *request, Verb verb, const Digest *digest)
{
  g_autoptr(GError) error = NULL;
  if (request_may_all(request, verb, NULL))
    return true;
  g_autoptr(GPtrArray) repositories =
      registry_repositories_of(server_context(request)->registry, digest, &error);
  if (repositories == NULL) {
    respond_error(request, error);
    return false;
  }
  for (guint i = 0; i < repositories->len; i++)
    if (request_may(request, verb, repositories->pdata[i]))
      return true;
  respond_unseen(request);
  return false;
}

bool
visible_repository(Request *request, Verb verb, const char *repository)
{
  if (request_may(request, verb, repository))
    return true;
  respond_unseen(request);
  return false;
}
