/* The Authorization of requests to AWS (Signature Version 4) and to Tencent Cloud
 * (TC3-HMAC-SHA256), which is made the same way: a digest of the request is signed by a key that is
 * derived from the secret, the day and the service. (AWS General Reference, "Create a signed AWS
 * API request"; Tencent Cloud API 3.0, "Signature method v3".) Pure. */
#pragma once

#include "base/slice.h"

typedef struct {
  const char *scheme; /* "AWS4-HMAC-SHA256" */
  const char *prefix; /* "AWS4": what the derived key begins with */
  const char *end;    /* "aws4_request" */
  const char *when;   /* the time as the scheme has it */
  const char *day;
  const char *region; /* NULL: the scheme has none */
  const char *service;
  const char *id, *secret;
} HmacScope;

/* Of POST / with @headers ("name:value", lower-case names, in order; NULL ends them) and @body.
 * "SCHEME Credential=..., SignedHeaders=..., Signature=...". (transfer full) */
char *hmac_authorization(const HmacScope *scope, const char *const *headers, Slice body);
