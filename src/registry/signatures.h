/* Where the signatures and attestations of an image lie in its repository: manifests whose subject
 * it is, and the tags that cosign gives them ("sha256-HEX.sig", ".att"). What they say is for
 * others. */
#pragma once

#include "registry/registry.h"
#include "sign/formats/read.h"

/* A text that is another as soon as anything comes or goes that lies beside @manifest. (transfer
 * full) */
char *registry_look_beside(Registry *registry, const char *repository, const Digest *manifest,
                           GError **error);

/* The indexes of the repository that hold @manifest and have something beside them, the oldest
 * first; at most @most, and *more. (transfer full): char *, digests */
GPtrArray *registry_indexes_of(Registry *registry, const char *repository, const Digest *manifest,
                               unsigned most, bool *more, GError **error);

/* Stores what a key of this registry signed about an image: the blobs, and then their manifest in
 * @reference, a tag or its digest. It counts in the namespace's quota, but is never refused by it:
 * an image that nobody signs could not leave, and each rule writes a few for each image that did
 * pass the quota, and in place of those before. @expected: what the tag names so far ("": nothing);
 * ASSAY_ERROR_CHANGED: another push was faster, or the tag was deleted. Other errors as of
 * registry_manifest_put(). @blobs: GBytes */
bool registry_signature_put(Registry *registry, const char *repository, const char *reference,
                            const GPtrArray *blobs, GBytes *manifest, const Digest *expected,
                            GError **error);

/* Where signatures of a repository are read from, by sign/formats/read.h: as a client of it
 * would. @place must live as long as what is returned. */
typedef struct {
  Registry *registry;
  const char *repository;
} RegistrySignatures;
SignatureSource registry_signature_source(RegistrySignatures *place);
