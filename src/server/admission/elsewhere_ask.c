/* Asking another registry for an image and its signatures; see the header. */
#include "server/admission/elsewhere_ask.h"

#include "admission/image_name.h"
#include "base/error.h"
#include "oci/manifest.h"
#include "oci/media_type.h"
#include "pipeline/elsewhere.h"
#include "source/remote_signatures.h"

/* A manifest of another registry, or a list of referrers. */
#define MANIFEST_MAX ((uint64_t)4 * 1024 * 1024)
/* Of all that lies beside one manifest. Some are read at once, and all are in memory. */
#define SIGNATURES_BYTES_MAX ((uint64_t)8 * 1024 * 1024)
/* Of indexes in indexes. */
#define DEPTH_MAX 4u
#define NOBODY    "unknown"

/* --- what is seen --- */

static void
seen_manifest_free(void *data)
{
  SeenManifest *manifest = data;
  g_free(manifest->os);
  g_free(manifest->architecture);
  image_signatures_unref(manifest->signatures);
  g_free(manifest);
}

SeenImage *
seen_image_ref(SeenImage *seen)
{
  return g_atomic_rc_box_acquire(seen);
}

static void
seen_image_clear(void *data)
{
  g_ptr_array_unref(((SeenImage *)data)->manifests);
}

void
seen_image_unref(SeenImage *seen)
{
  if (seen != NULL)
    g_atomic_rc_box_release_full(seen, seen_image_clear);
}

char *
elsewhere_repository(const Reference *name)
{
  return g_strconcat(name->host, "/", name->repository, NULL);
}

/* --- asking --- */

typedef struct {
  Pipeline *pipeline;
  Remote *remote;
  RemoteSignatures place;
  bool verifies; /* the policy asks for signatures */
  SeenImage *seen;
} Look;

static bool
verify(Look *look, SeenManifest *manifest, GError **error)
{
  if (!look->verifies)
    return true;
  int64_t turns = 0;
  const char *own[2];
  const Reference *reference = remote_reference(look->remote);
  SignatureSource source = remote_signature_source(&look->place);
  source.most = SIGNATURES_BYTES_MAX;
  const SignatureClaim claim = {.digest = manifest->digest,
                                .repository = reference->repository,
                                .hosts = remote_signature_hosts(reference, own)};
  manifest->signatures = elsewhere_verify(look->pipeline, &source, &claim, &turns, error);
  if (manifest->signatures == NULL)
    return false;
  SeenImage *seen = look->seen;
  seen->incomplete |= manifest->signatures->incomplete;
  if (turns != 0 && (seen->turns == 0 || turns < seen->turns))
    seen->turns = turns;
  return true;
}

static bool
add(Look *look, const Digest *digest, bool is_index, const Descriptor *descriptor, GError **error)
{
  SeenManifest *manifest = g_new0(SeenManifest, 1);
  manifest->digest = *digest;
  manifest->is_index = is_index;
  if (descriptor != NULL) {
    manifest->os = g_strdup(descriptor->os);
    manifest->architecture = g_strdup(descriptor->architecture);
  }
  g_ptr_array_add(look->seen->manifests, manifest);
  if (look->seen->manifests->len > SEEN_MEMBERS_MAX + 1)
    return error_set(error, ASSAY_ERROR_LIMIT, "it is an index of more than %u images",
                     SEEN_MEMBERS_MAX);
  return verify(look, manifest, error);
}

static bool add_members(Look *look, const Manifest *index, unsigned depth, GError **error);

/* An index in the index stands for its members. */
static bool
add_nested(Look *look, const Descriptor *member, unsigned depth, GError **error)
{
  const RemoteRequest request = {
      .kind = "manifests", .name = member->digest.text, .limit = MANIFEST_MAX};
  if (depth >= DEPTH_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "it is an index of indexes, too deep to be judged");
  g_autoptr(HttpResponse) response =
      remote_get(look->remote, &request, NULL, look->place.cancellable, error);
  if (response == NULL)
    return false;
  Slice bytes = slice_from_bytes(response->body);
  Digest digest = digest_of(digest_algorithm(&member->digest), bytes);
  if (!digest_equal(&digest, &member->digest))
    return error_set(error, ASSAY_ERROR_MISMATCH, "the registry sent another manifest for %s",
                     member->digest.text);
  g_autoptr(Manifest) nested = manifest_parse(bytes, member->media_type, error);
  return nested != NULL && add_members(look, nested, depth + 1, error);
}

static bool
add_members(Look *look, const Manifest *index, unsigned depth, GError **error)
{
  for (guint i = 0; i < index->manifests->len; i++) {
    const Descriptor *member = g_ptr_array_index(index->manifests, i);
    bool added = g_strcmp0(member->os, NOBODY) == 0 ? true
                 : media_type_is_index(member->media_type)
                     ? add_nested(look, member, depth, error)
                     : add(look, &member->digest, false, member, error);
    if (!added)
      return false;
  }
  return true;
}

static bool
still_holds(const SeenImage *before, const Digest *digest, uint64_t trust, int64_t keep)
{
  if (before == NULL || before->trust != trust || before->incomplete ||
      g_get_monotonic_time() - before->read >= keep ||
      (before->turns != 0 && g_get_real_time() >= before->turns))
    return false;
  const SeenManifest *image = g_ptr_array_index(before->manifests, 0);
  return digest_equal(&image->digest, digest);
}

/* @response: the manifest. */
static bool
read_all(Look *look, const HttpResponse *response, const Digest *digest, GError **error)
{
  const char *type = g_hash_table_lookup(response->headers, "content-type");
  g_autofree char *media_type = type == NULL ? NULL : g_strndup(type, strcspn(type, "; "));
  g_autoptr(Manifest) manifest =
      manifest_parse(slice_from_bytes(response->body), media_type, error);
  if (manifest == NULL)
    return false;
  bool is_index = manifest->kind == MANIFEST_INDEX;
  return add(look, digest, is_index, NULL, error) &&
         (!is_index || add_members(look, manifest, 0, error));
}

static SeenImage *
seen_image_new(uint64_t trust)
{
  static uint64_t serials;
  SeenImage *seen = g_atomic_rc_box_new0(SeenImage);
  seen->manifests = g_ptr_array_new_with_free_func(seen_manifest_free);
  seen->trust = trust;
  seen->read = g_get_monotonic_time();
  seen->serial = __atomic_add_fetch(&serials, 1, __ATOMIC_RELAXED);
  return seen;
}

/* What the registry sends for the name: its bytes are what it is. (transfer full) */
static HttpResponse *
fetch(Remote *remote, Digest *digest, Cancellable *cancellable, GError **error)
{
  const Reference *name = remote_reference(remote);
  g_autoptr(HttpResponse) response =
      remote_get_first(remote, MANIFEST_MAX, NULL, cancellable, error);
  if (response == NULL)
    return NULL;
  bool sha512 = name->digest != NULL && g_str_has_prefix(name->digest, "sha512:");
  *digest = digest_of(sha512 ? DIGEST_SHA512 : DIGEST_SHA256, slice_from_bytes(response->body));
  if (name->digest == NULL || g_str_equal(name->digest, digest->text))
    return g_steal_pointer(&response);
  error_set(error, ASSAY_ERROR_MISMATCH, "the registry sent another manifest");
  return NULL;
}

SeenImage *
elsewhere_ask(Pipeline *pipeline, const char *text, RemoteOptions options, SeenImage *before,
              int64_t keep, Cancellable *cancellable, GError **error)
{
  Digest digest;
  g_autoptr(Reference) name = image_name_parse(text, error);
  Reference *reference = name == NULL ? NULL : reference_parse(text, error);
  if (reference == NULL)
    return NULL;
  options.name = text;
  options.seconds = ASK_SECONDS;
  options.unattended = true;
  uint64_t trust = elsewhere_trust(pipeline);
  g_autoptr(Remote) remote = remote_new(reference, &options, cancellable, error);
  g_autoptr(HttpResponse) response =
      remote == NULL ? NULL : fetch(remote, &digest, cancellable, error);
  if (response == NULL)
    return NULL;
  if (still_holds(before, &digest, trust, keep))
    return seen_image_ref(before);
  g_autofree char *repository = elsewhere_repository(name);
  g_autoptr(SeenImage) seen = seen_image_new(trust);
  Look look = {.pipeline = pipeline,
               .remote = remote,
               .place = {remote, MANIFEST_MAX, cancellable},
               .verifies = elsewhere_wants_signatures(pipeline, repository),
               .seen = seen};
  return read_all(&look, response, &digest, error) ? g_steal_pointer(&seen) : NULL;
}
