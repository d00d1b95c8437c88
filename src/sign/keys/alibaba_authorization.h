/* Requests to Alibaba Cloud's RPC services: parameters, signed by HMAC-SHA1 ("Request syntax and
 * signature method V2 for RPC APIs"). Pure. */
#pragma once

#include <glib.h>

/* The body of a POST / with @parameters (name -> value, both char *) and their Signature. (transfer
 * full) */
char *alibaba_authorization(const char *method, GHashTable *parameters, const char *secret);
/* The signature alone, in base64. (transfer full) */
char *alibaba_signature(const char *method, GHashTable *parameters, const char *secret);
