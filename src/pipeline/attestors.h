/* The attestors of the server (signing/signing.h) as signatures are verified by, within the room.
 */
#pragma once

#include "pipeline/pipeline.h"
#include "sign/attestor.h"

/* They may be others now: everything is judged again. From the start, and until the end. */
void attestors_watch(Pipeline *pipeline);
void attestors_forget(Pipeline *pipeline);

/* Attestor; made once for all who ask. *generation: another as soon as one of them is. (transfer
 * full) */
GPtrArray *attestors_of_server(Pipeline *pipeline, uint64_t *generation);
bool attestors_have(const GPtrArray *attestors, const char *name);
/* Names of attestors that @policy speaks of and nobody knows, neither the file nor the server, so
 * that no signature is theirs. (transfer full): char * */
GPtrArray *attestors_unknown(Pipeline *pipeline, const PolicySet *policy);
