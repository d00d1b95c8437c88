/* VEX documents beside images of registries; see the header. */
#include "cli/image_documents.h"

#include <string.h>

#include "base/json.h"
#include "oci/digest.h"
#include "oci/media_type.h"
#include "remote/referrers.h"

#define LIST_BYTES_MAX ((uint64_t)4 * 1024 * 1024)

static void
document_free(void *data)
{
  ImageDocument *document = data;
  g_free(document->name);
  g_free(document->what);
  g_free(document);
}

/* An SBOM in CycloneDX may be a VEX document, which its type does not tell. */
static bool
may_say_something(const char *words)
{
  static const char *const kinds[] = {"VEX", "CSAF", "attestation", "CycloneDX"};
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (words != NULL && strstr(words, kinds[i]) != NULL)
      return true;
  return false;
}

static void
add(GPtrArray *documents, const json_t *referrer)
{
  const char *words = NULL;
  const char *type = json_get_string(referrer, "artifactType");
  const char *digest = json_get_string(referrer, "digest");
  if (type == NULL || digest == NULL || !digest_parse(digest, &(Digest){{0}}, NULL))
    return;
  media_type_use(type, &words);
  if (!may_say_something(words))
    return;
  ImageDocument *document = g_new0(ImageDocument, 1);
  document->name = g_strconcat("referrer ", digest, NULL);
  document->what = media_type_in_words(type);
  g_ptr_array_add(documents, document);
}

GPtrArray *
image_documents_list(const ScanSetup *setup, const ImageSource *source, GError **error)
{
  g_autoptr(GPtrArray) documents = g_ptr_array_new_with_free_func(document_free);
  const char *target = image_source_target(source);
  const Digest *digest = image_source_manifest_digest(source);
  if (digest == NULL || !g_str_has_prefix(target, "docker://"))
    return g_steal_pointer(&documents);
  g_autoptr(Remote) remote = source_options_remote(target, setup->config, false, error);
  g_autoptr(HttpResponse) first =
      remote == NULL ? NULL
                     : remote_get_first(remote, LIST_BYTES_MAX, setup->progress, NULL, error);
  g_autoptr(json_t) list = first == NULL ? NULL
                                         : remote_referrers(remote, digest, LIST_BYTES_MAX,
                                                            setup->progress, NULL, error);
  size_t index;
  json_t *referrer;
  json_array_foreach(list, index, referrer) {
    add(documents, referrer);
  }
  return list == NULL ? NULL : g_steal_pointer(&documents);
}
