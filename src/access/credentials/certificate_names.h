/* Whose client certificates are: rows that say which name in a certificate is which person or
 * robot. Names are those of its authority's making: alternative names (a DNS name, a mail address,
 * a URI such as SPIFFE's), and the subject as RFC 4514 writes it. They must be the same, without
 * patterns. */
#pragma once

#include "access/access.h"
#include "access/people/accounts.h"

typedef enum {
  CERTIFICATE_URI,
  CERTIFICATE_DNS,
  CERTIFICATE_EMAIL,
  CERTIFICATE_SUBJECT,
} CertificateNameKind;
extern const char *const certificate_name_kinds[]; /* "uri", "dns" ...; ended by NULL */
#define CERTIFICATE_NAME_MAX 1024u

typedef struct {
  int64_t id, principal_id;
  unsigned kind; /* CertificateNameKind */
  char *value, *principal;
  int64_t created;
  char *created_by;
} CertificateName;
void certificate_name_free(CertificateName *name);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CertificateName, certificate_name_free)

/* @principal: a person or robot. ASSAY_ERROR_NOT_FOUND, _EXISTS: it is somebody's already,
 * _INVALID. @by: who does it, for the record. They block. */
bool certificate_names_add(Access *access, const char *principal, CertificateNameKind kind,
                           const char *value, const char *by, int64_t *id, GError **error);
bool certificate_names_remove(Access *access, int64_t id, const char *by, GError **error);
/* By id, those after @after, at most @limit: CertificateName. (transfer full) */
GPtrArray *certificate_names_after(SqlPool *sql, int64_t after, unsigned limit, GError **error);
/* *found (transfer full). */
Found certificate_names_find(SqlPool *sql, CertificateNameKind kind, const char *value,
                             CertificateName **found, GError **error);

/* What a bearer's token carries (proof.h), and whether it still counts. (transfer full) */
#define CERTIFICATE_PROOF "certificate."
char *certificate_proof(const CertificateName *name);
Found certificate_proof_holds(SqlPool *sql, int64_t principal, int64_t id, GError **error);
