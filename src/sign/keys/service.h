/* What is the same for keys of services over the network: their URIs, what they are asked with, and
 * their answers.
 *
 *   KIND://PART/PART?endpoint=https://...&version=...
 *
 * Requests go over HTTPS, or to this machine; redirects are not followed, and an exchange takes at
 * most the options' seconds. Any thread; asking blocks. */
#pragma once

#include <jansson.h>

#include "sign/keys/key_kind.h"

typedef struct {
  char **parts;   /* of the path, NULL-terminated; none is empty */
  char *endpoint; /* without a last "/", or NULL */
  char *version, *mount;
} ServicePlace;

/* @shape: for the message; it has from @least to @most parts. ASSAY_ERROR_INVALID. */
bool service_place_read(const char *rest, const char *shape, unsigned least, unsigned most,
                        ServicePlace *place, GError **error);
void service_place_clear(ServicePlace *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ServicePlace, service_place_clear)

typedef struct Service Service;

/* @endpoint: "https://HOST". ASSAY_ERROR_INVALID: another scheme. (transfer full) */
Service *service_new(const char *endpoint, const KeyOptions *options, GError **error);
void service_free(Service *service);
/* As a request's Host has it. */
const char *service_host(const Service *service);

/* One request: @body NULL is a GET, and @headers are lines. What is not an object of JSON with a
 * status 2xx is an error of key.h. (transfer full) */
json_t *service_ask(Service *service, const char *path, const char *const *headers,
                    const char *body, Cancellable *cancellable, GError **error);
/* Sets *error by what a service calls a failure; @status: of HTTP, or 0. Returns false. */
bool service_failed(GError **error, long status, const char *code, const char *message);

/* --- credentials --- */

/* Where a service's credentials are: the members of the section "default" in the options' file, or
 * else variables of the environment. */
typedef struct {
  const char *names[3]; /* id, secret, session */
  const char *variables[3];
} CredentialNames;
typedef struct {
  char *id, *secret, *session; /* the last may be NULL */
} Credentials;
/* ASSAY_ERROR_DENIED: there are none. */
bool service_credentials(const Service *service, const CredentialNames *names,
                         Credentials *credentials, GError **error);
void service_credentials_clear(Credentials *credentials);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Credentials, service_credentials_clear)
/* One line of the options' file, or of the first of @variables. (transfer full) NULL:
 * ASSAY_ERROR_DENIED. */
char *service_token(const Service *service, const char *const *variables, GError **error);

/* --- signing --- */

/* What a service calls an algorithm. */
typedef struct {
  SignatureAlgorithm algorithm;
  const char *name;
} ServiceAlgorithm;
/* Of @count rows. NULL: ASSAY_ERROR_UNSUPPORTED. */
const char *service_algorithm(const ServiceAlgorithm *rows, size_t count,
                              SignatureAlgorithm algorithm, GError **error);
/* The digest that @algorithm signs, of @message. (transfer full) */
GBytes *service_digest(SignatureAlgorithm algorithm, Slice message);
/* In base64; of ALGORITHM_SM2_SM3, @message is the digest already (key_kind.h). (transfer full) */
char *service_digest_text(SignatureAlgorithm algorithm, Slice message);
/* A member of an answer as a signature: base64 of what GnuTLS has. (transfer full) NULL with
 * *error.
 */
GBytes *service_signature(SignatureAlgorithm algorithm, const char *base64, GError **error);
