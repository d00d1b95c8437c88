/* By which names an image is known: the repositories that hold it, the tags that name it or an
 * index that it is a member of, and the tags that did before and name another now. Which manifests
 * a tag named before is remembered of its last 20, while the tag is there.
 *
 * Calls block on the database; any thread. */
#pragma once

#include "registry/registry.h"

typedef struct {
  char *repository;
  char *tag;     /* NULL: none there names it, nor did */
  char *named;   /* the manifest that the tag names, or named: the image, or an index; or NULL */
  char *now;     /* what the tag names now; NULL: still that */
  int64_t until; /* when it was moved, microseconds since 1970; 0: it was not */
} KnownName;

/* Negative where @left is the better: tags that name it come first, then tags that did, what was
 * moved last before the others, then repositories without either; then by repository and tag, in
 * the order of bytes. */
int known_name_compare(const KnownName *left, const KnownName *right);

/* The best come first. At most 10,000. (transfer full): KnownName */
GPtrArray *registry_known_names(Registry *registry, const Digest *manifest, GError **error);
