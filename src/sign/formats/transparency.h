/* Entries of transparency logs: the word of a log (Rekor) that it has seen a signature, and maybe
 * when. It is a promise, which the log signed together with the time (protobuf-specs,
 * sigstore_rekor.proto; cosign, specs/SIGNATURE_SPEC.md), or a proof that the entry is in the tree
 * whose head the log signed (RFC 6962), or both. No log is asked. Nothing blocks. */
#pragma once

#include "sign/formats/signature.h"
#include "sign/formats/transparency_proof.h"

#define LOG_ENTRIES_MAX  10u /* of a signature */
#define LOG_ENTRY_MAX    ((size_t)512 * 1024)
#define COSIGN_LOG_ENTRY "dev.sigstore.cosign/bundle"

typedef struct {
  GBytes *log;          /* its id */
  int64_t index, time;  /* time: when the log took it, seconds since 1970; 0: it does not say */
  char *kind, *version; /* of the body, as is said beside it; NULL: nothing is said */
  GBytes *body, *promise;
  InclusionProof *proof; /* or NULL, and so may be the promise */
} LogEntry;

/* One of "tlogEntries" of a bundle. ASSAY_ERROR_INVALID, _LIMIT. (transfer full) */
LogEntry *log_entry_read(const json_t *json, GError **error);
/* What cosign writes as the annotation COSIGN_LOG_ENTRY. The same. */
LogEntry *log_entry_read_annotation(Slice text, GError **error);
void log_entry_free(LogEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LogEntry, log_entry_free)

/* Whether one of @logs (TransparencyLog) has @signature, by @verifier (a certificate or a
 * SubjectPublicKeyInfo in DER), for what was signed. *time: when at the latest, as the log
 * promised; 0: it says that it has it, and not since when. ASSAY_ERROR_MISMATCH, _UNSUPPORTED,
 * _INVALID in words that go on from "its entry in a log". */
bool log_entry_verify(const LogEntry *entry, const Signature *signature, Slice verifier,
                      const GPtrArray *logs, int64_t *time, GError **error);
