/* Signatures of the Notary Project in COSE (RFC 9052; notaryproject/specifications,
 * signature-envelope-cose.md); see notation.h. */
#include <string.h>

#include "base/calendar.h"
#include "base/error.h"
#include "base/json.h"
#include "sign/formats/notation.h"
#include "text/cbor.h"

#define TAG_SIGN1   18u
#define TAG_EPOCH   1u
#define LABEL_ALG   1u
#define LABEL_CRIT  2u
#define LABEL_TYPE  3u
#define LABEL_CHAIN 33u
#define HEADERS_MAX 32u

static const struct {
  uint64_t number; /* -1 - number is COSE's */
  const char *name;
} algorithms[] = {{6, "ES256"},  {34, "ES384"}, {35, "ES512"},
                  {36, "PS256"}, {37, "PS384"}, {38, "PS512"}};

static bool
is_damaged(GError **error)
{
  return error_set(error, ASSAY_ERROR_INVALID, "it is no COSE as the Notary Project has it");
}

/* --- the protected header, as JSON, as that of a JWS --- */

/* What a label is called there. (transfer full), or NULL */
static char *
take_label(Slice *rest)
{
  CborItem item;
  if (!cbor_take(rest, &item))
    return NULL;
  if (item.type == CBOR_TEXT)
    return g_strndup((const char *)item.bytes.data, item.bytes.size);
  if (item.type != CBOR_NUMBER)
    return NULL;
  switch (item.number) {
  case LABEL_ALG:
    return g_strdup("alg");
  case LABEL_CRIT:
    return g_strdup("crit");
  case LABEL_TYPE:
    return g_strdup("cty");
  default:
    return g_strdup_printf("%" G_GUINT64_FORMAT, item.number);
  }
}

static json_t *
take_names(Slice *rest, uint64_t count)
{
  g_autoptr(json_t) names = json_array();
  for (uint64_t i = 0; i < count; i++) {
    g_autofree char *name = i < HEADERS_MAX ? take_label(rest) : NULL;
    if (name == NULL)
      return NULL;
    json_array_append_new(names, json_string(name));
  }
  return g_steal_pointer(&names);
}

static json_t *
algorithm_of(const CborItem *item)
{
  for (size_t i = 0; i < G_N_ELEMENTS(algorithms); i++)
    if (item->type == CBOR_NEGATIVE && algorithms[i].number == item->number)
      return json_string(algorithms[i].name);
  return json_string("?");
}

static json_t *
take_time(Slice *rest)
{
  CborItem seconds;
  if (!cbor_take_type(rest, CBOR_NUMBER, &seconds) || seconds.number > UINT32_MAX)
    return NULL;
  g_autofree char *moment = calendar_moment((int64_t)seconds.number);
  return json_string(moment);
}

/* (transfer full) NULL: it is none that a header may have. */
static json_t *
take_value(Slice *rest, const char *name)
{
  CborItem item;
  if (!cbor_take(rest, &item))
    return NULL;
  if (strcmp(name, "alg") == 0)
    return algorithm_of(&item);
  switch (item.type) {
  case CBOR_TEXT:
    return json_stringn((const char *)item.bytes.data, item.bytes.size);
  case CBOR_LIST:
    return take_names(rest, item.number);
  case CBOR_TAG:
    return item.number == TAG_EPOCH ? take_time(rest) : NULL;
  default:
    return NULL;
  }
}

/* (transfer full) */
static json_t *
read_headers(Slice bytes, GError **error)
{
  CborItem map;
  g_autoptr(json_t) headers = json_object();
  bool good = cbor_take_type(&bytes, CBOR_MAP, &map) && map.number <= HEADERS_MAX;
  for (uint64_t i = 0; good && i < map.number; i++) {
    g_autofree char *name = take_label(&bytes);
    g_autoptr(json_t) value = name == NULL ? NULL : take_value(&bytes, name);
    good = value != NULL && json_object_get(headers, name) == NULL &&
           json_object_set(headers, name, value) == 0;
  }
  if (good && bytes.size == 0)
    return g_steal_pointer(&headers);
  is_damaged(error);
  return NULL;
}

/* --- the rest --- */

/* One certificate, or a list of them. */
static bool
take_chain(Slice *rest, GPtrArray *chain)
{
  CborItem item;
  uint64_t count = cbor_take_type(rest, CBOR_LIST, &item) ? item.number : 1;
  if (count == 0 || count > NOTATION_CHAIN_MAX || chain->len > 0)
    return false;
  for (uint64_t i = 0; i < count; i++) {
    if (!cbor_take_type(rest, CBOR_BYTES, &item) || item.bytes.size == 0)
      return false;
    g_ptr_array_add(chain, g_bytes_new(item.bytes.data, item.bytes.size));
  }
  return true;
}

static bool
is_name(const CborItem *item, const char *name)
{
  return item->type == CBOR_TEXT && slice_equal_string(item->bytes, name);
}

/* Headers that nobody signed: the certificates, and a time stamp. */
static bool
take_unprotected(Slice *rest, Signature *signature)
{
  CborItem map, label, value;
  if (!cbor_take_type(rest, CBOR_MAP, &map) || map.number > HEADERS_MAX)
    return false;
  signature->chain = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  for (uint64_t i = 0; i < map.number; i++) {
    bool good;
    if (!cbor_take(rest, &label))
      return false;
    if (label.type == CBOR_NUMBER && label.number == LABEL_CHAIN) {
      good = take_chain(rest, signature->chain);
    } else if (is_name(&label, NOTATION_TIMESTAMP) && signature->timestamp == NULL) {
      good = cbor_take_type(rest, CBOR_BYTES, &value);
      signature->timestamp = good ? g_bytes_new(value.bytes.data, value.bytes.size) : NULL;
    } else {
      good = (label.type == CBOR_TEXT || label.type == CBOR_NUMBER) && cbor_skip(rest);
    }
    if (!good)
      return false;
  }
  return signature->chain->len > 0;
}

/* What is signed (RFC 9052, section 4.4). */
static GBytes *
message_of(Slice headers, Slice payload)
{
  Slice context = SLICE_LITERAL("Signature1");
  GByteArray *message = g_byte_array_new();
  cbor_add(message, CBOR_LIST, 4, SLICE_EMPTY);
  cbor_add(message, CBOR_TEXT, context.size, context);
  cbor_add(message, CBOR_BYTES, headers.size, headers);
  cbor_add(message, CBOR_BYTES, 0, SLICE_EMPTY);
  cbor_add(message, CBOR_BYTES, payload.size, payload);
  return g_byte_array_free_to_bytes(message);
}

Signature *
notation_read_cose(Slice bytes, GError **error)
{
  CborItem tag, list, headers, payload, made;
  g_autoptr(Signature) signature = signature_new(SIGNATURE_NOTATION);
  if (!cbor_take_type(&bytes, CBOR_TAG, &tag) || tag.number != TAG_SIGN1 ||
      !cbor_take_type(&bytes, CBOR_LIST, &list) || list.number != 4 ||
      !cbor_take_type(&bytes, CBOR_BYTES, &headers) || !take_unprotected(&bytes, signature) ||
      !cbor_take_type(&bytes, CBOR_BYTES, &payload) || !cbor_take_type(&bytes, CBOR_BYTES, &made) ||
      bytes.size != 0) {
    is_damaged(error);
    return NULL;
  }
  g_autoptr(json_t) header = read_headers(headers.bytes, error);
  if (header == NULL || !notation_read_header(header, signature, error) ||
      !notation_read_payload(payload.bytes, signature, error))
    return NULL;
  signature->message = message_of(headers.bytes, payload.bytes);
  signature->bytes = g_bytes_new(made.bytes.data, made.bytes.size);
  return g_steal_pointer(&signature);
}
