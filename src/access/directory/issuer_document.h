/* What a provider of OpenID Connect publishes of itself: its discovery document (OpenID Connect
 * Discovery 1.0, sections 3 and 4; RFC 8414; for devices RFC 8628, section 4). Hostile: bounded,
 * and no address in it is taken that passwords, codes or tokens should not be sent to. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/slice.h"

#define ISSUER_DOCUMENT_BYTES_MAX ((size_t)128 * 1024)
#define ISSUER_URL_MAX            2048u

/* Shared and immutable. */
typedef struct {
  char *issuer, *jwks_uri;
  /* NULL: it has none. */
  char *authorization_endpoint, *token_endpoint, *userinfo_endpoint, *device_endpoint;
  bool names_itself;   /* each answer to a browser has `iss` (RFC 9207) */
  bool secret_in_body; /* the client's secret is a parameter (client_secret_post), for it takes no
                          Basic */
} IssuerDocument;
IssuerDocument *issuer_document_ref(IssuerDocument *document);
void issuer_document_unref(IssuerDocument *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IssuerDocument, issuer_document_unref)

/* @issuer: who it must be, to the letter. @plain_http: also http://, of loopback alone.
 * ASSAY_ERROR_INVALID, _LIMIT; _MISMATCH: it is another's. (transfer full) */
IssuerDocument *issuer_document_read(Slice text, const char *issuer, bool plain_http,
                                     GError **error);

/* An address that secrets may be sent to: https://HOST..., or http:// of loopback with @plain_http;
 * no user, no fragment. ASSAY_ERROR_INVALID. @what names it in the message. */
bool issuer_url_check(const char *what, const char *url, bool plain_http, GError **error);
