/* The advisory database in a registry: an artifact of type MEDIA_TYPE_ADVISORIES, whose layer is
 * the file in one zstd frame, and whose annotations say what it is before anybody fetches it. So
 * closed sites and build machines share the one that some machine has built. Everything blocks on
 * the network. */
#pragma once

#include "advisory/update.h"
#include "oci/digest.h"
#include "remote/client.h"

/* The annotations of the manifest. */
#define ADVISORIES_CREATED    "org.opencontainers.image.created" /* when its newest feed was taken */
#define ADVISORIES_FORMAT     "vnd.assay.advisories.format"
#define ADVISORIES_GENERATION "vnd.assay.advisories.generation"
#define ADVISORIES_SIZE       "vnd.assay.advisories.size"  /* unpacked, bytes */
#define ADVISORIES_FEED       "vnd.assay.advisories.feed." /* and its name: when it was taken */

/* Of the file, packed and unpacked. */
#define ADVISORIES_SIZE_MAX ((uint64_t)2 << 30)

/* What was pushed, or is offered. Free with published_advisories_clear(). */
typedef struct {
  Digest digest;         /* of the manifest */
  char *generation;      /* of the database */
  char *created;         /* RFC 3339; NULL: it does not say */
  uint64_t size, packed; /* of the file; of the layer */
} PublishedAdvisories;
void published_advisories_clear(PublishedAdvisories *published);

/* Publishes the database of @data_folder where @remote says (made with `push`), after checking
 * every byte of it. The same database gives the same artifact. */
bool advisories_push(Remote *remote, const char *data_folder, PublishedAdvisories *published,
                     const Progress *progress, Cancellable *cancellable, GError **error);

/* Takes the database that @remote names: what is no such artifact, too large, or of a format that
 * this program does not read, is ASSAY_ERROR_INVALID, _LIMIT, _UNSUPPORTED; the rest is as
 * advisory_take_database() has it. (transfer full outcome) */
bool advisories_pull(Remote *remote, const AdvisorySettings *settings, const char *data_folder,
                     bool force, PublishedAdvisories *published, const Progress *progress,
                     Cancellable *cancellable, UpdateOutcome **outcome, GError **error);

/* advisory_update(), after taking the database of the registry that the settings name; where that
 * fails, what is there stays, and the outcome says why. */
bool advisories_update(const AdvisorySettings *settings, const char *data_folder,
                       const char *const *only, const Progress *progress, Cancellable *cancellable,
                       UpdateOutcome **outcome, GError **error);
/* The same where there is no database yet: as advisory_update_missing(). */
bool advisories_update_missing(const AdvisorySettings *settings, const char *data_folder,
                               const Progress *progress, Cancellable *cancellable,
                               UpdateOutcome **outcome, GError **error);
