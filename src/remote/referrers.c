/* Lists of referrers of other registries; see the header. */
#include "remote/referrers.h"

#include "base/error.h"
#include "base/json.h"
#include "oci/reference.h"

/* Of a list: some thousand referrers. */
#define VALUES_MAX ((size_t)100000)

json_t *
remote_referrers(Remote *remote, const Digest *subject, uint64_t limit, const Progress *progress,
                 Cancellable *cancellable, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autofree char *tag = tag_of_referrers(subject);
  const RemoteRequest lists[] = {{.kind = "referrers", .name = subject->text, .limit = limit},
                                 {.kind = "manifests", .name = tag, .limit = limit}};
  for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
    g_clear_error(&failure);
    g_autoptr(HttpResponse) response =
        remote_get(remote, &lists[i], progress, cancellable, &failure);
    g_autoptr(json_t) list = response == NULL ? NULL
                                              : json_parse_bounded(slice_from_bytes(response->body),
                                                                   VALUES_MAX, &failure);
    if (list != NULL) {
      json_t *manifests = json_get_array(list, "manifests");
      if (manifests == NULL)
        error_set(error, ASSAY_ERROR_NETWORK, "%s: its list of referrers is none",
                  remote_name(remote));
      return json_incref(manifests);
    }
    if (!g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return NULL;
    }
  }
  return json_array();
}
