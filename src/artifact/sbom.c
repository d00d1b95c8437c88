/* Bills of materials as artifacts; see the header. */
#include "artifact/sbom.h"

#include <string.h>

#include "base/calendar.h"
#include "base/json.h"

#define CREATED_ANNOTATION "org.opencontainers.image.created"

/* What a client calls the file that it writes. */
static const char *
title_of(const char *media_type)
{
  return strstr(media_type, "spdx") != NULL ? "sbom.spdx.json" : "sbom.cdx.json";
}

void
sbom_artifact_init(Artifact *artifact, const char *media_type, Slice document, int64_t created)
{
  g_autofree char *time = calendar_moment(created);
  *artifact = (Artifact){.type = media_type,
                         .layer_type = media_type,
                         .title = title_of(media_type),
                         .annotations = json_object(),
                         .digest = digest_of(DIGEST_SHA256, document),
                         .size = document.size,
                         .fd = -1};
  json_set_string(artifact->annotations, CREATED_ANNOTATION, time);
}

void
sbom_artifact_clear(Artifact *artifact)
{
  g_clear_pointer(&artifact->annotations, json_decref);
}
