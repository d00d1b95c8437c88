/* The signer: a process of this program that has the private keys, so that a server which parses
 * what clients send never has one in its memory, nor the modules of tokens.
 *
 * It is started when a key is first opened, and again after it died. It gets names of keys and what
 * is to be signed, keeps the keys that it opened, and never sees an image. It ends when the Signer
 * does. Any thread; calls block as those of key.h do. */
#pragma once

#include "sign/keys/key.h"

typedef struct Signer Signer;

/* @program: what is started as "assay signer"; NULL: this one. (transfer full) */
Signer *signer_new(const char *program);
/* After the last of its keys. */
void signer_free(Signer *signer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Signer, signer_free)

/* A key that is opened and signs in the signer; one that it has opened by the same name before is
 * opened anew. Errors: as key_open(); ASSAY_ERROR_IO: the signer died, which may pass. (transfer
 * full) */
Key *signer_key(Signer *signer, const char *uri, const KeyOptions *options,
                Cancellable *cancellable, GError **error);

/* The process: serves standard input, a socket from signer_new(), until it is closed. False: it is
 * no such socket. */
bool signer_serve(void);
