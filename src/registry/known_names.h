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

/* Whether who asks may know of images of @repository. Does not ask the database. */
typedef bool (*NameSeen)(const char *repository, void *data);

/* Those that @seen lets through, the best first. At most 10,000, of at most 100,000 of each of the
 * kinds that are looked at. (transfer full): KnownName */
GPtrArray *registry_known_names(Registry *registry, const Digest *manifest, NameSeen seen,
                                void *data, GError **error);

/* Whether @repository (NULL: any) has @manifest, or had it and remembers it: it can be brought
 * back, or a tag named it before. */
Found registry_knows_manifest(Registry *registry, const char *repository, const Digest *manifest,
                              GError **error);
/* Whether @tag of @repository names a manifest other than @manifest, or did. */
Found registry_knows_tag(Registry *registry, const char *repository, const char *tag,
                         const Digest *manifest, GError **error);
