/* Fulcio's certificates; see the header. */
#include "sign/formats/fulcio.h"

#include <string.h>

#include "text/der.h"

#define NAMES_MAX      64u
#define EXTENSIONS_MAX 64u

/* 1.3.6.1.4.1.57264.1.N */
#define FULCIO_OID(n) SLICE_LITERAL("\x2b\x06\x01\x04\x01\x83\xbf\x30\x01" n)
/* 2.5.29.17 */
#define NAMES_OID SLICE_LITERAL("\x55\x1d\x11")

/* --- the parts of a certificate --- */

bool
certificate_parts(Slice der, CertificateParts *parts)
{
  Slice certificate, fields, skipped;
  if (!der_take(&der, DER_LIST, &certificate) || !der_take(&certificate, DER_LIST, &fields))
    return false;
  const uint8_t *begin = fields.data;
  der_take(&fields, DER_CONTEXT, &skipped); /* the version */
  if (!der_take(&fields, DER_INTEGER, &skipped))
    return false;
  /* The algorithm, the issuer, from when until when, and the subject. */
  for (int i = 0; i < 4; i++)
    if (!der_take(&fields, DER_LIST, &skipped))
      return false;
  uint8_t tag = 0;
  if (!der_take_any(&fields, &tag, &skipped, &parts->key) || tag != DER_LIST)
    return false;
  parts->extensions = SLICE_EMPTY;
  parts->head = slice_new(begin, (size_t)(fields.data - begin));
  while (der_take_any(&fields, &tag, &skipped, NULL)) {
    if (tag == DER_CONTEXT + 3)
      return der_take(&skipped, DER_LIST, &parts->extensions) && fields.size == 0;
    parts->head.size = (size_t)(fields.data - begin);
  }
  return fields.size == 0;
}

bool
certificate_next_extension(Slice *rest, Slice *oid, Slice *value, Slice *whole)
{
  Slice fields, skipped;
  uint8_t tag;
  if (!der_take_any(rest, &tag, &fields, whole) || tag != DER_LIST ||
      !der_take(&fields, DER_OID, oid) || !der_take_any(&fields, &tag, &skipped, NULL))
    return false;
  /* Whether it is critical may be said before. */
  if (tag != DER_BYTES && !der_take_any(&fields, &tag, &skipped, NULL))
    return false;
  *value = skipped;
  return tag == DER_BYTES;
}

/* *there: whether it is. False: it is there twice, or the certificate cannot be read. */
static bool
find_extension(Slice der, Slice wanted, Slice *found, bool *there)
{
  CertificateParts parts;
  Slice oid, value;
  *there = false;
  if (!certificate_parts(der, &parts))
    return false;
  for (unsigned i = 0; i < EXTENSIONS_MAX && parts.extensions.size > 0; i++) {
    if (!certificate_next_extension(&parts.extensions, &oid, &value, NULL))
      return false;
    if (!slice_equal(oid, wanted))
      continue;
    if (*there)
      return false;
    *there = true;
    *found = value;
  }
  return parts.extensions.size == 0;
}

/* --- what Fulcio says --- */

/* (transfer full); NULL: it is no text */
static char *
text_of(Slice bytes)
{
  return bytes.size > 0 && g_utf8_validate((const char *)bytes.data, (gssize)bytes.size, NULL)
             ? slice_to_string(bytes)
             : NULL;
}

char *
fulcio_issuer(Slice der)
{
  Slice first = SLICE_EMPTY, second = SLICE_EMPTY, text = SLICE_EMPTY;
  bool has_first, has_second;
  if (!find_extension(der, FULCIO_OID("\x01"), &first, &has_first) ||
      !find_extension(der, FULCIO_OID("\x08"), &second, &has_second))
    return NULL;
  /* The older is the bare text. */
  if (has_second && (!der_take(&second, DER_TEXT, &text) || second.size != 0))
    return NULL;
  if (has_first && has_second && !slice_equal(first, text))
    return NULL;
  return text_of(has_second ? text : first);
}

/* "OtherName": an identifier, and a text for Fulcio's. */
static char *
user_of(Slice name)
{
  Slice oid, value, text;
  return der_take(&name, DER_OID, &oid) && slice_equal(oid, FULCIO_OID("\x07")) &&
                 der_take(&name, DER_CONTEXT, &value) && der_take(&value, DER_TEXT, &text)
             ? text_of(text)
             : NULL;
}

char *
fulcio_user(Slice der)
{
  Slice value, names, name;
  bool there;
  uint8_t tag;
  if (!find_extension(der, NAMES_OID, &value, &there) || !there ||
      !der_take(&value, DER_LIST, &names))
    return NULL;
  for (unsigned i = 0; i < NAMES_MAX && der_take_any(&names, &tag, &name, NULL); i++) {
    char *user = tag == DER_CONTEXT ? user_of(name) : NULL;
    if (user != NULL)
      return user;
  }
  return NULL;
}
