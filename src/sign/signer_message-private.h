/* What passes between us and the process that signs: for each request a socket of its own, which
 * carries the request to its end, and then the answer to its end. */
#pragma once

#include "sign/signer.h"

/* Of a request and of an answer, over what is signed. */
#define SIGNER_HEAD_MAX    ((size_t)64 * 1024)
#define SIGNER_REQUEST_MAX (SIGNER_MESSAGE_MAX + SIGNER_HEAD_MAX)
/* A request that gets no answer in its time and this is given up: what the signer itself bounds
 * ends before. */
#define SIGNER_GRACE_SECONDS 3u
#define SIGNER_SECONDS       10u
#define SIGNER_SECONDS_MAX   300u

typedef enum { SIGNER_OPEN, SIGNER_SIGN, SIGNER_MAKE, SIGNER_VERBS } SignerVerb;

/* The texts of a request, each NULL or not empty. */
typedef enum {
  SIGNER_URI,
  SIGNER_MADE, /* the algorithm of a key that is made */
  SIGNER_PASSWORD_FILE,
  SIGNER_PIN_FILE,
  SIGNER_TOKEN_FILE,
  SIGNER_CA_FILE,
  SIGNER_TEXTS
} SignerText;

typedef struct {
  SignerVerb verb;
  SignatureAlgorithm algorithm;
  unsigned seconds;
  const char *texts[SIGNER_TEXTS];
  Slice message;
} SignerRequest;

/* (transfer full) */
GByteArray *signer_request_write(const SignerRequest *request);
/* What it points to is in @bytes or in @texts, whose elements are the caller's to free. False: it
 * is no request. */
bool signer_request_read(Slice bytes, SignerRequest *request, GPtrArray *texts);
KeyOptions signer_request_options(const SignerRequest *request);

/* @failure, or what was asked for and the key's version. (transfer full) */
GByteArray *signer_answer_write(const GError *failure, Slice result, const char *version);
/* False with *error: it failed, or is no answer. *version: (transfer full) */
bool signer_answer_read(Slice bytes, GBytes **result, char **version, GError **error);
