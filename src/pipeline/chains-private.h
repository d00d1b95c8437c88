/* What the layers of each scanned image are called together, as rows by which images are found that
 * others were built on (bases.h). */
#pragma once

#include "jobs/jobs.h"
#include "oci/digest.h"
#include "pipeline/pipeline.h"
#include "registry/known_names.h"
#include "storage/sql.h"

typedef struct {
  char *manifest, *platform;
  Digest chain; /* "": its layers do not tell */
} ImageChain;
void image_chain_clear(ImageChain *chain);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ImageChain, image_chain_clear)

/* Only where there is a row of the image. */
bool chains_note(SqlConnection *db, const ImageChain *chain, GError **error);
/* ABSENT: it is not scanned, or its layers do not tell. @chain: zero bytes. */
Found chains_load(SqlPool *sql, const Digest *manifest, ImageChain *chain, GError **error);
/* The images that have all these layers and no others, and are in a repository that @seen lets
 * through; those first that came last, at most @limit. Each counts once for each of its
 * repositories among the 100,000 that are looked at. (transfer full): char * */
GPtrArray *chains_find(SqlPool *sql, const Digest *chain, const char *platform, NameSeen seen,
                       void *data, unsigned limit, GError **error);
/* Whether it is an image of that platform that is scanned, and @repository holds it. */
Found chains_are_of(SqlPool *sql, const char *repository, const Digest *manifest,
                    const char *platform, GError **error);

/* --- chains_fill.c --- */

/* Of an image that is scanned, or is about to be; reads its config. @chain: zero bytes. */
bool chains_of(Pipeline *pipeline, const char *manifest, ImageChain *chain, GError **error);
/* Of all that were scanned by a version before. True also where the job was cancelled. */
bool chains_fill(Pipeline *pipeline, Job *job, GError **error);
