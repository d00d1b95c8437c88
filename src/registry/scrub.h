/* Reading all blobs again, slowly and without end: what a disk has changed since it was written is
 * set aside, so that it is served to nobody, and a push of it heals. Blobs that were just served
 * come first. At most one round a day; the place in it survives a restart. A job, of one folder at
 * a time. */
#pragma once

#include "jobs/jobs.h"
#include "registry/registry.h"

typedef struct Scrub Scrub;

/* Reads so many bytes a second; 0: nothing is ever read. @data_folder: where it keeps its place.
 * Adds its kind to @jobs; the registry must outlive it, and it the jobs. (transfer full) */
Scrub *scrub_new(Registry *registry, const char *data_folder, uint64_t bytes_per_second,
                 Jobs *jobs);
void scrub_free(Scrub *scrub);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scrub, scrub_free)
/* The blob is being served: it is looked at soon, unless it was in this round. Returns at once. */
void scrub_ask(Scrub *scrub, const Digest *digest);
