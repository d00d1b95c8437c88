/* Client certificates as identities; see the header. */
#include "access/directory/certificate_identity.h"

#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>
#include <string.h>

#include "access/credentials/certificate_names.h"
#include "base/error.h"
#include "base/gnutls_library.h"

#define NAMES_MAX 64u

typedef struct {
  Access *access;
  CertificateName *name; /* the first that is known */
} LookUp;

/* False: it is another's than the one of before, or cannot be looked up. */
static bool
look_up(LookUp *look, CertificateNameKind kind, const gnutls_datum_t *text, GError **error)
{
  g_autofree char *value = g_strndup((const char *)text->data, text->size);
  g_autoptr(CertificateName) name = NULL;
  if (strlen(value) != text->size || text->size > CERTIFICATE_NAME_MAX)
    return true;
  g_autofree char *plain = kind == CERTIFICATE_DNS ? g_ascii_strdown(value, -1) : g_strdup(value);
  Found found = certificate_names_find(access_sql(look->access), kind, plain, &name, error);
  if (found != FOUND)
    return found == ABSENT;
  if (look->name != NULL && look->name->principal_id != name->principal_id)
    return error_set(error, ASSAY_ERROR_MISMATCH,
                     "the client certificate names both %s and %s, so that it is nobody's",
                     look->name->principal, name->principal);
  if (look->name == NULL)
    look->name = g_steal_pointer(&name);
  return true;
}

static bool
look_up_alternative(LookUp *look, gnutls_subject_alt_names_t names, unsigned index, bool *last,
                    GError **error)
{
  unsigned type = 0;
  gnutls_datum_t text = {NULL, 0};
  *last = gnutls()->subject_alt_names_get(names, index, &type, &text, NULL) < 0;
  if (*last)
    return true;
  switch (type) {
  case GNUTLS_SAN_URI:
    return look_up(look, CERTIFICATE_URI, &text, error);
  case GNUTLS_SAN_DNSNAME:
    return look_up(look, CERTIFICATE_DNS, &text, error);
  case GNUTLS_SAN_RFC822NAME:
    return look_up(look, CERTIFICATE_EMAIL, &text, error);
  default:
    return true;
  }
}

static bool
look_up_alternatives(LookUp *look, gnutls_x509_crt_t certificate, GError **error)
{
  gnutls_datum_t extension = {NULL, 0};
  gnutls_subject_alt_names_t names = NULL;
  bool fine = true, last = false;
  /* 2.5.29.17: subjectAltName (RFC 5280, section 4.2.1.6). */
  if (gnutls()->x509_crt_get_extension_by_oid2(certificate, "2.5.29.17", 0, &extension, NULL) < 0)
    return true;
  gnutls()->subject_alt_names_init(&names);
  if (gnutls()->x509_ext_import_subject_alt_names(&extension, names, 0) >= 0)
    for (unsigned i = 0; i < NAMES_MAX && fine && !last; i++)
      fine = look_up_alternative(look, names, i, &last, error);
  gnutls()->subject_alt_names_deinit(names);
  (*gnutls()->free)(extension.data);
  return fine;
}

static bool
look_up_subject(LookUp *look, gnutls_x509_crt_t certificate, GError **error)
{
  gnutls_datum_t subject = {NULL, 0};
  if (gnutls()->x509_crt_get_dn3(certificate, &subject, 0) < 0 || subject.size == 0)
    return true;
  bool fine = look_up(look, CERTIFICATE_SUBJECT, &subject, error);
  (*gnutls()->free)(subject.data);
  return fine;
}

/* --- who it is --- */

static Found
become(Access *access, const CertificateName *name, int64_t until, Principal **who, GError **error)
{
  g_auto(Account) account = {0};
  g_autoptr(Principal) found = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(access_sql(access), error);
  Found there = db == NULL ? FAILED : account_find_by_id(db, name->principal_id, &account, error);
  if (there != FOUND ||
      account_identified(db, &account, certificate_identity.how, &found, error) != FOUND)
    return FAILED;
  g_clear_pointer(&db, sql_release);
  if (found->expires == 0 || until < found->expires)
    found->expires = until;
  found->proof = certificate_proof(name);
  account_note_use(access_sql(access), account.id, account.last_used, g_get_real_time());
  *who = g_steal_pointer(&found);
  return FOUND;
}

static Found
identify_read(Access *access, gnutls_x509_crt_t certificate, Principal **who, GError **error)
{
  LookUp look = {.access = access};
  int64_t until = (int64_t)gnutls()->x509_crt_get_expiration_time(certificate) * G_USEC_PER_SEC;
  bool fine =
      look_up_alternatives(&look, certificate, error) && look_up_subject(&look, certificate, error);
  if (fine && look.name == NULL)
    error_set(error, ASSAY_ERROR_MISMATCH,
              "no name in the client certificate is anybody's here: assay certificate add");
  Found found = fine && look.name != NULL ? become(access, look.name, until, who, error) : FAILED;
  certificate_name_free(look.name);
  return found;
}

static Found
identify(Access *access, const Shown *shown, Principal **who, GError **error)
{
  if (g_strcmp0(shown->scheme, "Certificate") != 0 || shown->secret == NULL)
    return ABSENT;
  gsize size = 0;
  g_autofree guchar *bytes = g_base64_decode(shown->secret, &size);
  const gnutls_datum_t der = {bytes, (unsigned)size};
  gnutls_x509_crt_t certificate = NULL;
  gnutls()->x509_crt_init(&certificate);
  Found found = FAILED;
  if (gnutls()->x509_crt_import(certificate, &der, GNUTLS_X509_FMT_DER) < 0)
    error_set(error, ASSAY_ERROR_DENIED, "the client certificate cannot be read");
  else
    found = identify_read(access, certificate, who, error);
  gnutls()->x509_crt_deinit(certificate);
  return found;
}

const IdentityKind certificate_identity = {"certificate", identify};
