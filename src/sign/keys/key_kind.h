/* What a kind of keys is: one `const KeyKind` a file, and a line of the list in key.c. */
#pragma once

#include "sign/keys/key.h"

/* What a kind gives of a key that it opened. */
typedef struct {
  void *state;       /* of the kind; freed by its `free` */
  PublicKey *public; /* (transfer full) */
  char *version;     /* (transfer full), or NULL */
} OpenedKey;

typedef struct {
  const char *scheme; /* "file": what stands before the colon of a URI */
  /* @rest: the URI behind the colon. False with *error, and nothing to free. Blocks. */
  bool (*open)(const char *rest, const KeyOptions *options, OpenedKey *opened,
               Cancellable *cancellable, GError **error);
  /* The signature as the algorithm has it (public_key.h). Any thread, several at once; blocks. For
   * ALGORITHM_SM2_SM3, a kind that `signs_digests` gets sm2_digest() of the message, which needs
   * the public key. (transfer full) */
  GBytes *(*sign)(void *state, SignatureAlgorithm algorithm, Slice message,
                  Cancellable *cancellable, GError **error);
  /* NULL: the kind makes none. */
  bool (*make)(const char *rest, const char *algorithm, const KeyOptions *options,
               Cancellable *cancellable, GError **error);
  void (*free)(void *state);
  bool signs_digests;
  bool names_key; /* the errors of `sign` name the key already */
} KeyKind;

extern const KeyKind file_key_kind;
extern const KeyKind pkcs11_key_kind;
extern const KeyKind vault_key_kind;
extern const KeyKind aws_key_kind;
extern const KeyKind google_key_kind;
extern const KeyKind azure_key_kind;
extern const KeyKind alibaba_key_kind;
extern const KeyKind tencent_key_kind;
