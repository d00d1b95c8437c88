/* Requests for time stamps and their answers; see the header. */
#include "sign/formats/timestamp_request.h"

#include <string.h>

#include "base/error.h"
#include "base/gnutls_library.h"
#include "sign/formats/timestamp.h"
#include "text/der.h"

#define HASH_SIZE   32u
#define STATUS_MOST 1 /* "granted", or "granted with changes", which are to be looked at */
/* How far the authority's clock may be from ours. */
#define CLOCKS_APART ((int64_t)10 * 60)

GBytes *
timestamp_request_write(Slice stamped, const uint8_t *nonce)
{
  static const uint8_t version = 1, yes = 0xff;
  static const uint8_t sha256[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
  static const uint8_t null[] = {0x05, 0x00};
  uint8_t hash[HASH_SIZE];
  if (gnutls()->hash_fast(GNUTLS_DIG_SHA256, stamped.data, stamped.size, hash) < 0)
    return NULL;
  g_autoptr(GByteArray) oid = g_byte_array_new(), imprint = g_byte_array_new(),
                        request = g_byte_array_new(), whole = g_byte_array_new();
  der_add(oid, DER_OID, slice_new(sha256, sizeof sha256));
  g_byte_array_append(oid, null, sizeof null);
  der_add(imprint, DER_LIST, slice_new(oid->data, oid->len));
  der_add(imprint, DER_BYTES, slice_new(hash, sizeof hash));
  der_add_number(request, slice_new(&version, 1));
  der_add(request, DER_LIST, slice_new(imprint->data, imprint->len));
  der_add_number(request, slice_new(nonce, TIMESTAMP_NONCE_SIZE));
  der_add(request, DER_BOOLEAN, slice_new(&yes, 1));
  der_add(whole, DER_LIST, slice_new(request->data, request->len));
  return g_byte_array_free_to_bytes(g_steal_pointer(&whole));
}

/* The first of its words; "" where there are none. (transfer full) */
static char *
words_of(Slice status)
{
  Slice texts, text;
  if (!der_take(&status, DER_LIST, &texts) || !der_take(&texts, DER_TEXT, &text))
    return g_strdup("");
  return slice_to_printable(text, 200);
}

/* *token: what follows. */
static bool
check_status(Slice answer, Slice *token, GError **error)
{
  Slice rest = answer, all, status, number, content;
  if (!der_take(&rest, DER_LIST, &all) || rest.size != 0 || !der_take(&all, DER_LIST, &status) ||
      !der_take(&status, DER_INTEGER, &number) || number.size != 1)
    return error_set(error, ASSAY_ERROR_INVALID, "it is no answer of RFC 3161");
  if (number.data[0] > STATUS_MOST) {
    g_autofree char *words = words_of(status);
    return error_set(error, ASSAY_ERROR_DENIED, "it gives no time stamp (status %u)%s%s",
                     number.data[0], *words == '\0' ? "" : ": ", words);
  }
  *token = all;
  return (der_take(&all, DER_LIST, &content) && all.size == 0) ||
         error_set(error, ASSAY_ERROR_INVALID, "it grants a time stamp and has none");
}

bool
timestamp_answer_check(Slice answer, Slice stamped, const uint8_t *nonce, const GPtrArray *roots,
                       int64_t now, GError **error)
{
  Slice token;
  if (answer.size > TIMESTAMP_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "its answer has more than %zu bytes", TIMESTAMP_MAX);
  if (!check_status(answer, &token, error))
    return false;
  int64_t time =
      timestamp_check(token, stamped, slice_new(nonce, TIMESTAMP_NONCE_SIZE), roots, error);
  return time > 0 && ((time >= now - CLOCKS_APART && time <= now + CLOCKS_APART) ||
                      error_set(error, ASSAY_ERROR_MISMATCH,
                                "its time is %" G_GINT64_FORMAT " seconds from ours", time - now));
}
