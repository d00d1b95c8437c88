/* The policy that pulls are judged by, within the room: what is in force, and how it is kept so.
 * Others use pipeline_policy() and pipeline_reload_policy(). */
#pragma once

#include "jobs/jobs.h"
#include "pipeline/pipeline.h"

typedef struct {
  GMutex reading; /* one reads at a time; taken before the lock */
  char *looked;   /* how the VEX documents looked when they were last read */
  bool refused;   /* SIGHUP asked for the file, and it, or a document, could not be read */
  GMutex lock;    /* guards the rest */
  PolicySet *set;
  int64_t endings_told; /* until when the ends of its exemptions were told; 0: none yet */
  char *problem;        /* why it, or a document, could not be read again; NULL: all could */
} PolicyInForce;

/* Logs each exemption that began to end soon, or ended, since this was called last. */
void policy_tell_endings(Pipeline *pipeline);

/* Reads the VEX documents again where one came, went or was written to: every few seconds. */
extern const JobKind documents_job;
