/* Signing what is stored, by the rules of signing/signing.h.
 *
 * A rule's trigger is an event: an image was pushed, or scanned, or its verdict changed. Its taker
 * asks for a kept job in the outbox's order, and so nothing is forgotten in a stop or a crash. The
 * job asks all anew: whether the rule is still there, its key grant (access/rights/key_grants.h),
 * and, of a rule for what passed, the verdict. It stores blobs first and then the manifest, so
 * that there is a whole signature or none; one that is there already is not made again. What may
 * pass (a token that is away, a service that does not answer) is tried again.
 *
 * The verdict that a rule for what passed goes by is that of all checks but signatures: an image
 * which must be signed could never pass otherwise. Any thread. */
#pragma once

#include "access/access.h"
#include "jobs/outbox.h"
#include "pipeline/pipeline.h"
#include "sign/signer.h"
#include "sign/timestamp_authority.h"
#include "signing/signing.h"
#include "signing/signing_settings.h"

typedef struct {
  const SigningSettings *settings;
  Pipeline *pipeline;
  Registry *registry;
  Access *access;
  Signing *signing;
  Signer *signer;
  const TimestampAuthority *times; /* who stamps what is signed; or NULL */
  SqlPool *sql;
} SigningRooms;

typedef struct SigningJobs SigningJobs;
/* Copies @rooms, adds its kind to @jobs and its taker to @outbox, before the start. (transfer full)
 */
SigningJobs *signing_jobs_new(const SigningRooms *rooms, Jobs *jobs, Outbox *outbox);
/* After the end of the jobs. */
void signing_jobs_free(SigningJobs *jobs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SigningJobs, signing_jobs_free)
/* What is said where the settings say nothing: "127.0.0.1:5000". Before the start. */
void signing_jobs_set_host(SigningJobs *jobs, const char *host);

/* What became of it. */
typedef struct {
  Digest image;
  unsigned made, present; /* signatures; those that were there already */
  bool by_key;            /* it may sign; what failed was of the key, or came after it */
} SigningOutcome;

/* Signs @reference, a tag or digest, of @repository by @rule, whatever its trigger is. Blocks on
 * the key. ASSAY_ERROR_NOT_FOUND; _DENIED: no key grant, a revoked key, or the rule is for what
 * passed and the policy refuses the image; and as key_sign(). */
bool signing_jobs_sign(SigningJobs *jobs, const char *rule, const char *repository,
                       const char *reference, SigningOutcome *outcome, Cancellable *cancellable,
                       GError **error);

/* Runs of a rule over all images (pipeline/signing_run.h). (transfer none) */
typedef struct SigningRunner SigningRunner;
SigningRunner *signing_jobs_runner(SigningJobs *jobs);
/* For pipeline/signing_state.h. (transfer none) */
typedef struct ImageSigner ImageSigner;
const SigningRooms *signing_jobs_rooms(const SigningJobs *jobs);
const ImageSigner *signing_jobs_signer(const SigningJobs *jobs);
