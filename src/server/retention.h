/* The job of retention: by its schedule (registry.retention), and when somebody asks. What it is:
 * registry/retention.h. */
#pragma once

#include "server/server-private.h"

/* `kind` of the job; its key is the namespace, "" of the schedule. */
#define RETENTION_JOB "retention"

/* Adds its kind to the context's jobs, unless nothing can be written. */
void retention_add(ServerContext *context);
/* Asks for a run of a namespace. */
void retention_run_soon(ServerContext *context, const char *space);
