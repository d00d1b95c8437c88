/* What is known of the signatures of stored images, within the room: read from the registry's own
 * store, verified once, and kept in memory until something comes or goes beside the image, or until
 * who is trusted, or the time, makes another answer of it. */
#pragma once

#include "base/cache.h"
#include "pipeline/pipeline.h"
#include "sign/verify.h"

/* Of what one image is judged by. */
typedef struct {
  ImageSignatures *own;
  GPtrArray *of_indexes; /* ImageSignatures, of those that hold it */
  bool more;             /* ... and others that were not looked at */
  int64_t turns;         /* when some may begin or end to count by itself; 0: never */
  char *key;             /* another as soon as any of it is another */
} SignatureFacts;
void signature_facts_clear(SignatureFacts *facts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SignatureFacts, signature_facts_clear)

/* Who is trusted. */
typedef struct {
  GPtrArray *server;    /* keeps those that are the server's */
  GPtrArray *attestors; /* const Attestor * */
  uint64_t stamp;       /* another as soon as one of them is */
  int64_t turns;        /* when a key begins or ends to count by itself; 0: none does */
} Trusted;
void trusted_clear(Trusted *trusted);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Trusted, trusted_clear)
/* The attestors of the policy file, and those of the server that it does not call likewise. @now:
 * microseconds since 1970. */
Trusted beside_trusted_by(Pipeline *pipeline, const PolicySet *policy, int64_t now);

/* What is kept of manifests that were looked at. */
Cache *beside_cache_new(void);

/* As far as @policy asks for it; of an image that needs no signatures *facts stays empty. False:
 * the database cannot be asked. What else cannot be read is incomplete. */
bool beside_look(Pipeline *pipeline, const PolicySet *policy, const char *repository,
                 const Digest *manifest, SignatureFacts *facts, GError **error);

/* A BesideChanged (registry/beside.h) for a Pipeline: the image, and those of an index, stand
 * otherwise now. */
void beside_changed(const char *repository, const char *manifest, void *pipeline);
