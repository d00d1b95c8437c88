/* An artifact about an image: a referrer of its manifest (distribution-spec, "Pushing Manifests
 * with Subject"). Blocks on the network. */
#pragma once

#include "artifact/artifact.h"

/* Pushes @artifact, whose subject is set here, as a referrer of the manifest @subject in the
 * repository of @remote (made with `push`). A registry that keeps no lists of referrers gets one in
 * the tag that is for it ("Referrers Tag Schema"). *digest: of the artifact's manifest. The same
 * artifact attached again changes nothing. ASSAY_ERROR_NOT_FOUND: the manifest is not there. */
bool artifact_attach(Remote *remote, Artifact *artifact, const Digest *subject, Digest *digest,
                     const Progress *progress, Cancellable *cancellable, GError **error);

/* An entry of a list that clients keep. */
typedef struct {
  const Digest *digest; /* of its manifest */
  uint64_t size;
  const char *type;    /* artifactType; or NULL */
  json_t *annotations; /* or NULL */
} ListedReferrer;
/* Lists @referrer in the tag that is for those of @subject, for a registry that said that it does
 * not itself. What is listed already stays. */
bool referrer_list(Remote *remote, const Digest *subject, const ListedReferrer *referrer,
                   Cancellable *cancellable, GError **error);
