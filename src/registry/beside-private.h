/* Telling that something came or went beside a manifest (registry_tell_beside()), for what changes
 * manifests and tags. */
#pragma once

#include "registry/beside.h"
#include "registry/registry-private.h"

/* Beside which manifests @reference, a tag or a digest, lies now. (transfer full): char *, digests
 */
GPtrArray *beside_subjects(Registry *registry, const char *repository, const char *reference);
/* After the commit; @subjects: of beside_subjects(). */
void beside_tell(Registry *registry, const char *repository, const GPtrArray *subjects);
void beside_tell_pushed(Registry *registry, const char *repository, const Manifest *manifest,
                        const char *const *tags);
