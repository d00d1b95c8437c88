/* Signatures on their way into the registry; see the header. */
#include "pipeline/sign_store.h"

#include "base/error.h"
#include "registry/signatures.h"
#include "sign/formats/cosign.h"
#include "signing/journal.h"

SignedSubject
sign_subject(const SignTask *task)
{
  return (SignedSubject){task->stored->media_type, task->stored->digest,
                         g_bytes_get_size(task->stored->bytes)};
}

SigningMeans
sign_means(const SignTask *task)
{
  return (SigningMeans){task->key, task->rooms->times, task->cancellable};
}

bool
sign_existing(const SignTask *task, const char *suffix, StoredManifest **existing, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autofree char *tag = cosign_tag(&task->stored->digest, suffix);
  *existing = registry_manifest_get(task->rooms->registry, task->repository, tag, &failure);
  if (*existing != NULL || g_error_matches(failure, REGISTRY_ERROR, REGISTRY_MANIFEST_UNKNOWN))
    return true;
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

bool
sign_store(const SignTask *task, const SignedArtifact *artifact, const StoredManifest *existing,
           GError **error)
{
  const Digest nothing = {{0}};
  return registry_signature_put(task->rooms->registry, task->repository,
                                artifact->tag != NULL ? artifact->tag : artifact->digest.text,
                                artifact->blobs, artifact->manifest,
                                existing == NULL ? &nothing : &existing->digest, error);
}

bool
sign_note(const SignTask *task, const char *format, const char *attests, const char *content,
          const Digest *manifest, int64_t made, bool anew, GError **error)
{
  const MadeSignature one = {.repository = (char *)(uintptr_t)task->repository,
                             .image = task->stored->digest,
                             .manifest = *manifest,
                             .format = (char *)(uintptr_t)format,
                             .attests = (char *)(uintptr_t)attests,
                             .content = (char *)(uintptr_t)content,
                             .rule = task->rule->name,
                             .attestor = task->rule->attestor,
                             .key = task->row->name,
                             .version = task->row->version,
                             .fingerprint = task->row->fingerprint,
                             .made = made != 0 ? made : g_get_real_time()};
  return journal_add(task->rooms->sql, &one, made != 0, anew, error);
}
