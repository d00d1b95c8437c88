/* That an entry is in a log: a path of hashes to the root of its tree (RFC 6962, 2.1.1), and the
 * head of that tree, signed by the log as a note (C2SP, tlog-checkpoint.md and signed-note.md; what
 * Rekor of version 1 writes differs a little). Nothing blocks. */
#pragma once

#include <jansson.h>

#include "sign/formats/trusted_root.h"

/* No tree is higher. */
#define PROOF_HASHES_MAX 64u
#define CHECKPOINT_MAX   ((size_t)16 * 1024)

typedef struct {
  uint64_t index, size; /* of the entry, and of the tree */
  GBytes *root;
  GPtrArray *hashes; /* GBytes of 32 bytes, from the entry up */
  char *checkpoint;
} InclusionProof;

/* "inclusionProof" of a bundle. ASSAY_ERROR_INVALID, _LIMIT. (transfer full) */
InclusionProof *inclusion_proof_read(const json_t *json, GError **error);
void inclusion_proof_free(InclusionProof *proof);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InclusionProof, inclusion_proof_free)

/* A number as protobuf's JSON has it, as text or not. False: it is missing, none, or negative. */
bool json_get_count(const json_t *json, const char *name, uint64_t *number);

/* Whether @id is what @log calls itself in the checkpoint: the key together with the name. */
bool inclusion_proof_names(const InclusionProof *proof, const TransparencyLog *log, Slice id);
/* Whether its path leads from @body to @root, in a tree of @size. */
bool inclusion_proof_leads(const InclusionProof *proof, Slice body, uint64_t size, Slice root);
/* Whether @body is in the tree whose head @log signed. ASSAY_ERROR_MISMATCH in words. */
bool inclusion_proof_verify(const InclusionProof *proof, Slice body, const TransparencyLog *log,
                            GError **error);
