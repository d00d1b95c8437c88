/* Requests to the process that signs, and its answers, as bytes; see the header. */
#include <string.h>

#include "base/error.h"
#include "sign/signer_message-private.h"

GByteArray *
signer_request_write(const SignerRequest *request)
{
  GByteArray *out = g_byte_array_new();
  const uint8_t head[] = {(uint8_t)request->verb, (uint8_t)request->algorithm};
  g_byte_array_append(out, head, sizeof head);
  byte_array_add_varint(out, request->seconds);
  for (unsigned i = 0; i < SIGNER_TEXTS; i++)
    byte_array_add_prefixed(out, slice_from_string(request->texts[i]));
  byte_array_add_prefixed(out, request->message);
  return out;
}

bool
signer_request_read(Slice bytes, SignerRequest *request, GPtrArray *texts)
{
  uint8_t verb, algorithm;
  uint64_t seconds;
  if (!slice_take_uint8(&bytes, &verb) || verb >= SIGNER_VERBS ||
      !slice_take_uint8(&bytes, &algorithm) || algorithm >= ALGORITHM_COUNT ||
      !slice_take_varint(&bytes, &seconds) || seconds < 1 || seconds > SIGNER_SECONDS_MAX)
    return false;
  *request = (SignerRequest){
      .verb = verb, .algorithm = (SignatureAlgorithm)algorithm, .seconds = (unsigned)seconds};
  for (unsigned i = 0; i < SIGNER_TEXTS; i++) {
    Slice text;
    if (!slice_take_prefixed(&bytes, &text) || slice_find(text, 0) >= 0)
      return false;
    if (text.size == 0)
      continue;
    g_ptr_array_add(texts, slice_to_string(text));
    request->texts[i] = texts->pdata[texts->len - 1];
  }
  return slice_take_prefixed(&bytes, &request->message) && bytes.size == 0 &&
         request->texts[SIGNER_URI] != NULL &&
         (request->verb == SIGNER_MAKE) == (request->texts[SIGNER_MADE] != NULL);
}

KeyOptions
signer_request_options(const SignerRequest *request)
{
  return (KeyOptions){.password_file = request->texts[SIGNER_PASSWORD_FILE],
                      .pin_file = request->texts[SIGNER_PIN_FILE],
                      .token_file = request->texts[SIGNER_TOKEN_FILE],
                      .ca_file = request->texts[SIGNER_CA_FILE],
                      .seconds = request->seconds};
}

/* After the first byte, an error has its code and its message; a result itself and a version. */
GByteArray *
signer_answer_write(const GError *failure, Slice result, const char *version)
{
  GByteArray *out = g_byte_array_new();
  const uint8_t done = failure == NULL;
  g_byte_array_append(out, &done, 1);
  if (failure != NULL) {
    bool known = failure->domain == ASSAY_ERROR;
    byte_array_add_varint(out, (uint64_t)(known ? failure->code : ASSAY_ERROR_FAILED));
    byte_array_add_prefixed(out, slice_from_string(failure->message));
    return out;
  }
  byte_array_add_prefixed(out, result);
  byte_array_add_prefixed(out, slice_from_string(version));
  return out;
}

bool
signer_answer_read(Slice bytes, GBytes **result, char **version, GError **error)
{
  uint8_t done = 0;
  uint64_t code = 0;
  Slice first, second = SLICE_EMPTY;
  bool whole = slice_take_uint8(&bytes, &done) && done <= 1 &&
               (done || (slice_take_varint(&bytes, &code) && code <= ASSAY_ERROR_CHANGED)) &&
               slice_take_prefixed(&bytes, &first) &&
               (!done || slice_take_prefixed(&bytes, &second)) && bytes.size == 0;
  if (!whole)
    return error_set(error, ASSAY_ERROR_IO, "the process that signs gave no answer");
  if (!done) {
    g_autofree char *message = slice_to_utf8(first);
    return error_set(error, (AssayErrorCode)code, "%s", message);
  }
  *result = g_bytes_new(first.data, first.size);
  *version = slice_to_utf8(second);
  return true;
}
