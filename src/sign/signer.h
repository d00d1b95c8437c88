/* The process that signs: this program again ("assay signer"), which no byte of an image and none
 * of a client's requests reaches but what is to be signed. It opens keys, keeps them open, and
 * alone loads the modules of tokens (PKCS#11). Nobody can look into its memory, and it can start no
 * program.
 *
 * It is started by the first request, and again when it died; a request that it died of twice fails
 * with ASSAY_ERROR_IO, and nothing was signed. A request that gets no answer for longer than
 * its options have it is ASSAY_ERROR_TIMEOUT: the process answers what it has been asked, and the
 * next request starts another, for the module of a token can hold a thread for ever.
 *
 * Any thread, several at once; each call blocks. The errors are key.h's. */
#pragma once

#include "sign/keys/key.h"

/* Of what is signed at once. */
#define SIGNER_MESSAGE_MAX ((size_t)64 * 1024 * 1024)

typedef struct Signer Signer;

/* @program: the one that is started as "assay signer"; NULL is /proc/self/exe. Starts nothing. */
Signer *signer_new(const char *program);
/* Nothing may be asked of it any more; its keys do not ask after it. */
void signer_free(Signer *signer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Signer, signer_free)

/* key_open() and key_sign() there. (transfer full) */
GBytes *signer_sign(Signer *signer, const char *uri, const KeyOptions *options,
                    SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable,
                    GError **error);
/* *version: as key_version() has it; (transfer full), or NULL. (transfer full) */
PublicKey *signer_public_key(Signer *signer, const char *uri, const KeyOptions *options,
                             char **version, Cancellable *cancellable, GError **error);
/* key_make() there. */
bool signer_make(Signer *signer, const char *uri, const char *algorithm, const KeyOptions *options,
                 Cancellable *cancellable, GError **error);
/* A key whose signatures are made there: who signs needs to know only key.h. @options is copied;
 * the signer must outlive the key. (transfer full) */
Key *signer_key(Signer *signer, const char *uri, const KeyOptions *options,
                Cancellable *cancellable, GError **error);
