/* OCI digests over Nettle; see the header. */
#include "oci/digest.h"

#include <nettle/sha2.h>
#include <string.h>

#include "base/error.h"

static const struct {
  const char *prefix;
  size_t hex_digits;
} algorithms[] = {
    [DIGEST_SHA256] = {"sha256:", 64},
    [DIGEST_SHA512] = {"sha512:", 128},
};

struct DigestStream {
  DigestAlgorithm algorithm;
  union {
    struct sha256_ctx sha256;
    struct sha512_ctx sha512;
  } hash;
};

static bool
is_lower_hex(const char *text, size_t digits)
{
  return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

/* image-spec: algorithm is [a-z0-9]+ with [+._-] between, encoded is [a-zA-Z0-9=_-]+. */
static bool
has_digest_grammar(const char *text)
{
  const char *colon = strchr(text, ':');
  return colon != NULL && colon != text && colon[1] != '\0' &&
         strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+._-") == (size_t)(colon - text) &&
         strspn(colon + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=_-") ==
             strlen(colon + 1);
}

bool
digest_parse(const char *text, Digest *digest, GError **error)
{
  for (size_t i = 0; i < G_N_ELEMENTS(algorithms); i++) {
    size_t prefix = strlen(algorithms[i].prefix);
    if (strncmp(text, algorithms[i].prefix, prefix) != 0)
      continue;
    if (!is_lower_hex(text + prefix, algorithms[i].hex_digits))
      return error_set(error, ASSAY_ERROR_INVALID,
                       "digest \"%.150s\": needs %zu lower-case hex digits after \"%s\"", text,
                       algorithms[i].hex_digits, algorithms[i].prefix);
    g_strlcpy(digest->text, text, sizeof digest->text);
    return true;
  }
  if (has_digest_grammar(text))
    return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "digest \"%.150s\": this algorithm is not supported; use sha256 or sha512",
                     text);
  return error_set(error, ASSAY_ERROR_INVALID,
                   "digest \"%.150s\": must be sha256: or sha512: and hex digits", text);
}

bool
digest_is_valid(const char *text)
{
  Digest digest;
  return digest_parse(text, &digest, NULL);
}

static json_t *
write_digest(const JsonMember *member, const void *value)
{
  return json_string(((const Digest *)value)->text);
}

static bool
read_digest(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  const char *text = json_string_value(json);
  if (json != NULL && text == NULL)
    return json_member_refuse(member, error);
  if (text == NULL || (*text == '\0' && member->otherwise != NULL) ||
      digest_parse(text, value, error))
    return true;
  g_prefix_error(error, "\"%s\": ", member->name);
  return false;
}

const JsonKind json_digest = {"string", "a string", .always = true, .write = write_digest,
                              .read = read_digest};

DigestAlgorithm
digest_algorithm(const Digest *digest)
{
  return g_str_has_prefix(digest->text, algorithms[DIGEST_SHA512].prefix) ? DIGEST_SHA512
                                                                          : DIGEST_SHA256;
}

const char *
digest_hex(const Digest *digest)
{
  const char *colon = strchr(digest->text, ':');
  return colon == NULL ? digest->text : colon + 1;
}

int64_t
digest_number(const Digest *digest)
{
  g_autofree char *head = g_strndup(digest_hex(digest), 16);
  return (int64_t)(g_ascii_strtoull(head, NULL, 16) >> 1);
}

bool
digest_equal(const Digest *a, const Digest *b)
{
  return strcmp(a->text, b->text) == 0;
}

DigestStream *
digest_stream_new(DigestAlgorithm algorithm)
{
  DigestStream *stream = g_new0(DigestStream, 1);
  stream->algorithm = algorithm;
  if (algorithm == DIGEST_SHA512)
    sha512_init(&stream->hash.sha512);
  else
    sha256_init(&stream->hash.sha256);
  return stream;
}

void
digest_stream_update(DigestStream *stream, Slice bytes)
{
  if (bytes.size == 0)
    return;
  if (stream->algorithm == DIGEST_SHA512)
    sha512_update(&stream->hash.sha512, bytes.size, bytes.data);
  else
    sha256_update(&stream->hash.sha256, bytes.size, bytes.data);
}

static Digest
digest_from_raw(DigestAlgorithm algorithm, const uint8_t *raw)
{
  static const char hex[] = "0123456789abcdef";
  Digest digest = {{0}};
  size_t at = g_strlcpy(digest.text, algorithms[algorithm].prefix, sizeof digest.text);
  for (size_t i = 0; i < algorithms[algorithm].hex_digits / 2; i++) {
    digest.text[at++] = hex[raw[i] >> 4];
    digest.text[at++] = hex[raw[i] & 15];
  }
  return digest;
}

Digest
digest_stream_current(const DigestStream *stream)
{
  uint8_t raw[64];
  /* The answer resets what it is taken from. */
  DigestStream copy = *stream;
  if (copy.algorithm == DIGEST_SHA512)
    sha512_digest(&copy.hash.sha512, SHA512_DIGEST_SIZE, raw);
  else
    sha256_digest(&copy.hash.sha256, SHA256_DIGEST_SIZE, raw);
  return digest_from_raw(stream->algorithm, raw);
}

void
digest_stream_free(DigestStream *stream)
{
  g_free(stream);
}

Digest
digest_of(DigestAlgorithm algorithm, Slice bytes)
{
  g_autoptr(DigestStream) stream = digest_stream_new(algorithm);
  digest_stream_update(stream, bytes);
  return digest_stream_current(stream);
}
