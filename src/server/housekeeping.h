/* What a server does now and then, as jobs: idle uploads are dropped and what a crash left of
 * others, memory is given back, the certificate is looked at. */
#pragma once

#include "server/server-private.h"

typedef struct {
  ServerContext *context;
  BlobStore *blobs;
  /* The certificate that was looked at last, and when: of one job. */
  CertificateTimes checked;
  int64_t checked_at;
  int64_t endpoints_checked_at; /* ... and those of endpoints */
  int64_t chains_checked_at;    /* ... and those of signing keys */
  /* How far the namespaces are counted; of another job. */
  char *counting;
  bool counted;
} Housekeeping;

/* Adds its kinds to the context's jobs. */
void housekeeping_add(Housekeeping *house, ServerContext *context, BlobStore *blobs);

/* Frees what it holds, after its jobs have ended: also what a job that was stopped half way kept.
 */
void housekeeping_clear(Housekeeping *house);
