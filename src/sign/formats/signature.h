/* A signature of an image, whatever form it came in: what it says, the bytes that were signed, and
 * by what they shall be verified. Reading one (its format's file, or read.h for all that an image
 * has) says only that it is well-formed; whether it is a key's and about an image is asked here.
 * Nothing blocks. */
#pragma once

#include <jansson.h>

#include "oci/digest.h"
#include "sign/keys/public_key.h"

typedef enum {
  SIGNATURE_COSIGN,      /* simple signing, in the tag sha256-HEX.sig */
  SIGNATURE_BUNDLE,      /* of an image, in a sigstore bundle, which is a referrer */
  SIGNATURE_NOTATION,    /* Notary Project: JWS or COSE, which is a referrer */
  SIGNATURE_ATTESTATION, /* in-toto in DSSE: in the tag sha256-HEX.att, or in a bundle */
  SIGNATURE_FORMAT_COUNT
} SignatureFormat;
extern const char *const signature_format_names[]; /* by value; NULL-terminated */

/* What cosign's bundles call the signature of an image, among all that an in-toto statement says.
 */
#define PREDICATE_IMAGE_SIGNATURE "https://sigstore.dev/cosign/sign/v1"

typedef struct {
  SignatureFormat format;
  Digest manifest;      /* in which it was found */
  unsigned index;       /* of its layer there */
  char *reference;      /* of SIGNATURE_COSIGN: "HOST/REPOSITORY", maybe with a tag */
  GPtrArray *subjects;  /* char *: digests of what it says that it is about; one at least */
  char *predicate_type; /* of a statement, or NULL */
  json_t *annotations;  /* what its maker claims beside: an object, or NULL */
  char *key_hint;       /* what a bundle says of its key, or NULL */
  GPtrArray *chain;     /* GBytes in DER, leaf first; NULL: it is by a key alone */
  int64_t signed_at;    /* seconds since 1970, as it claims; 0: it does not say */
  int64_t expires_at;   /* from when on its maker does not want it to count; 0: never */
  GBytes *timestamp;    /* an RFC 3161 token about `stamped`, or NULL */
  GBytes *stamped;      /* NULL: `bytes` */
  /* LogEntry (transparency.h): what logs say of it; NULL: nothing that could be read... */
  GPtrArray *log_entries;
  char *log_problem; /* ... and why, or NULL */
  /* ALGORITHM_COUNT: the one by which cosign signs with such a key. */
  SignatureAlgorithm algorithm;
  GBytes *message; /* that was signed */
  GBytes *bytes;   /* the signature */
} Signature;

/* With an empty list of subjects. (transfer full) */
Signature *signature_new(SignatureFormat format);
void signature_free(Signature *signature);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Signature, signature_free)

/* "a cosign signature", "a signature of the Notary Project". */
const char *signature_format_in_words(SignatureFormat format);

/* What a signature shall be about. */
typedef struct {
  Digest digest;          /* of the manifest or index */
  const char *repository; /* without a host; NULL: any will do */
  /* "HOST" or "HOST:PORT": a reference in a signature has one of these. NULL: any will do. */
  const char *const *hosts;
} SignatureClaim;

/* Whether @key made it. */
bool signature_is_by(const Signature *signature, const PublicKey *key);
/* Whether what it says is the @claim, as strict as containers/image is: ASSAY_ERROR_MISMATCH in
 * words. Says nothing of who made it. */
bool signature_check_claim(const Signature *signature, const SignatureClaim *claim, GError **error);
/* Both; ASSAY_ERROR_MISMATCH. */
bool signature_verify(const Signature *signature, const PublicKey *key, const SignatureClaim *claim,
                      GError **error);
