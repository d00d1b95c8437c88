/* An authority that says when a signature was made (RFC 3161, over HTTP): asked after it was made,
 * and its answer goes with it. Any thread; asking blocks on the network. */
#pragma once

#include "base/cancellable.h"
#include "base/slice.h"

/* That an answer may take. */
#define TIMESTAMP_SECONDS 10u

typedef struct TimestampAuthority TimestampAuthority;

/* @url: "http://..." or "https://...": its answers are signed. @ca_file: authorities of its
 * server's certificate beside the system's (PEM), or NULL. @roots: a file with certificates (PEM),
 * to which whoever signs its answers must lead; NULL: anybody. @required: false: where it gives
 * none, the signature goes without. ASSAY_ERROR_INVALID and what reading the file gives. (transfer
 * full) */
TimestampAuthority *timestamp_authority_new(const char *url, const char *ca_file, const char *roots,
                                            bool required, GError **error);
void timestamp_authority_free(TimestampAuthority *authority);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TimestampAuthority, timestamp_authority_free)

/* *answer: its answer about @stamped, which was checked (formats/timestamp_request.h); NULL: there
 * is no @authority, or it is not required and gave none. (transfer full) ASSAY_ERROR_NETWORK: it is
 * away, or answered otherwise; _TIMEOUT, _CANCELLED. */
bool timestamp_authority_ask(const TimestampAuthority *authority, Slice stamped, GBytes **answer,
                             Cancellable *cancellable, GError **error);
