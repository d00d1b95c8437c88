/* Names of repositories, tags, and references to images, by the grammars of the distribution-spec
 * ("Pulling manifests") and of distribution/reference. Pure functions. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "oci/digest.h"

#define REPOSITORY_NAME_MAX 255
#define TAG_MAX             128

/* [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*, at most 255 bytes. */
bool repository_name_is_valid(const char *name);
/* [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127} */
bool tag_is_valid(const char *tag);
/* Of a tag that is made of a subject's digest, what follows the digest: "" of a referrers tag,
 * ".sig",
 * ".att", ".sbom" of those that cosign gives what it keeps beside an image. NULL: it is no such
 * tag, whatever it begins with. (transfer none) */
const char *tag_suffix_beside(const char *tag);
/* The digest that such a tag has: "sha256:HEX". NULL: it is none, or has one of SHA-512, which is
 * cut, so that nobody can tell whose it is. (transfer full) */
char *tag_subject(const char *tag);
/* The referrers tag of some subject ("Referrers Tag Schema"): the index there is a list, kept by
 * clients of registries without the referrers API, and no image of several platforms. */
bool tag_is_of_referrers(const char *tag);
/* That of @subject. (transfer full) */
char *tag_of_referrers(const Digest *subject);

/* HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]. Without tag and digest, @tag is "latest". */
typedef struct {
  char
      *host; /* with port, as written; "docker.io" names become registry-1.docker.io, library/... */
  char *repository;
  char *tag;    /* NULL when only a digest is given */
  char *digest; /* NULL when only a tag is given; wins over the tag */
} Reference;

Reference *reference_parse(const char *text, GError **error);
void reference_free(Reference *reference);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reference, reference_free)
