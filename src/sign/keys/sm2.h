/* SM2 with SM3 (GB/T 32918.2, GB/T 32905): the one algorithm that GnuTLS has none of, so OpenSSL's
 * libcrypto does it, loaded when such a key is first met, and called by this file alone.
 *
 * What is signed is SM3 (Z_A || message): Z_A is a digest of who signs (by the name that all tools
 * take where none is agreed on, "1234567812345678"), of the curve, and of the public key. A
 * signature is ASN.1's DER of two numbers, as that of ECDSA is, and no other tool of containers
 * knows it. Any thread; nothing blocks. All that has an error may fail for want of the library
 * (ASSAY_ERROR_FAILED). */
#pragma once

#include "base/slice.h"

/* A public key is a SubjectPublicKeyInfo in DER, whose point is not compressed: all are as long. */
#define SM2_PUBLIC_SIZE 91u
/* A private one is PKCS#8 in DER, with its public half in it. */
#define SM2_PRIVATE_SIZE 138u
#define SM2_DIGEST_SIZE  32u

/* Whether @der, PKCS#8 or SubjectPublicKeyInfo, names the curve of SM2. */
bool sm2_is(Slice der);
/* The SubjectPublicKeyInfo of a certificate in DER, of whichever kind; empty: it is damaged. */
Slice sm2_in_certificate(Slice der);

/* ASSAY_ERROR_INVALID: it is damaged, or its point is not on the curve; _UNSUPPORTED: it is written
 * in another way. */
bool sm2_public_check(Slice der, GError **error);
/* False: also where the library is not there, or @public is no key. */
bool sm2_verify(Slice public, Slice message, Slice signature);
/* SM3 (Z_A || @message): what services sign. */
bool sm2_digest(Slice public, Slice message, uint8_t digest[SM2_DIGEST_SIZE], GError **error);

/* The PKCS#8 of a PEM file: of "PRIVATE KEY", or of "ENCRYPTED PRIVATE KEY" by @password, whatever
 * kind of key that is. (transfer full); its memory is locked, and wiped when it is freed.
 * ASSAY_ERROR_DENIED: the password does not open it; _NOT_FOUND: there is neither. */
GBytes *sm2_unseal(Slice pem, const char *password, GError **error);
/* Fills @private, which is to be in memory that is locked, with what @pkcs8 holds, or with a new
 * key. ASSAY_ERROR_INVALID, _UNSUPPORTED. */
bool sm2_private_read(Slice pkcs8, uint8_t private[SM2_PRIVATE_SIZE], GError **error);
bool sm2_private_make(uint8_t private[SM2_PRIVATE_SIZE], GError **error);
/* As this file writes them: */
void sm2_public_half(const uint8_t private[SM2_PRIVATE_SIZE], uint8_t public[SM2_PUBLIC_SIZE]);
/* (transfer full) */
GBytes *sm2_sign(const uint8_t private[SM2_PRIVATE_SIZE], Slice message, GError **error);
