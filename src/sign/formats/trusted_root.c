/* Trusted roots of Sigstore; see the header. */
#include "sign/formats/trusted_root.h"

#include <string.h>

#include "base/error.h"
#include "base/gnutls_library.h"
#include "base/json.h"
#include "sign/formats/certificates.h"
#include "text/base64.h"
#include "text/der.h"

#define VALUES_MAX ((size_t)20000)
#define CHAIN_MAX  10u
#define PKCS1_KEY  "PKCS1_RSA_PKCS1V5"

static void
log_free(TransparencyLog *log)
{
  public_key_free(log->key);
  g_clear_pointer(&log->id, g_bytes_unref);
  g_free(log->origin);
  g_free(log);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TransparencyLog, log_free)

static void
authority_free(TrustedAuthority *authority)
{
  g_ptr_array_unref(authority->chain);
  g_free(authority);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrustedAuthority, authority_free)

TrustedRoot *
trusted_root_new(void)
{
  TrustedRoot *root = g_new0(TrustedRoot, 1);
  root->authorities = g_ptr_array_new_with_free_func((GDestroyNotify)authority_free);
  root->time_authorities = g_ptr_array_new_with_free_func((GDestroyNotify)authority_free);
  root->logs = g_ptr_array_new_with_free_func((GDestroyNotify)log_free);
  root->certificate_logs = g_ptr_array_new_with_free_func((GDestroyNotify)log_free);
  return root;
}

void
trusted_root_free(TrustedRoot *root)
{
  g_ptr_array_unref(root->authorities);
  g_ptr_array_unref(root->time_authorities);
  g_ptr_array_unref(root->logs);
  g_ptr_array_unref(root->certificate_logs);
  g_free(root);
}

bool
validity_holds(const Validity *validity, int64_t at)
{
  return validity->from <= at && (validity->until == 0 || at <= validity->until);
}

void
transparency_hash(Slice first, Slice second, Slice third, uint8_t hash[32])
{
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  g_byte_array_append(bytes, first.data, (guint)first.size);
  g_byte_array_append(bytes, second.data, (guint)second.size);
  g_byte_array_append(bytes, third.data, (guint)third.size);
  gnutls()->hash_fast(GNUTLS_DIG_SHA256, bytes->data, bytes->len, hash);
}

/* --- members --- */

static bool
read_moment(const json_t *range, const char *name, int64_t *seconds, GError **error)
{
  const char *text = json_get_string(range, name);
  if (text == NULL)
    return true;
  g_autoptr(GDateTime) moment = g_date_time_new_from_iso8601(text, NULL);
  if (moment == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "\"%s\" of \"validFor\" is no moment", name);
  *seconds = g_date_time_to_unix(moment);
  return *seconds > 0 ||
         error_set(error, ASSAY_ERROR_INVALID, "\"%s\" of \"validFor\" is before 1970", name);
}

static bool
read_validity(const json_t *of, Validity *validity, GError **error)
{
  const json_t *range = json_get_object(of, "validFor");
  return read_moment(range, "start", &validity->from, error) &&
         read_moment(range, "end", &validity->until, error);
}

/* (transfer full) */
static GBytes *
require_bytes(const json_t *object, const char *name, GError **error)
{
  GBytes *bytes = base64_decode(slice_from_string(json_get_string(object, name)));
  if (bytes != NULL && g_bytes_get_size(bytes) > 0)
    return bytes;
  g_clear_pointer(&bytes, g_bytes_unref);
  error_set(error, ASSAY_ERROR_INVALID, "\"%s\" is missing or no base64", name);
  return NULL;
}

/* --- logs --- */

/* A bare RSA key (RFC 8017) as SubjectPublicKeyInfo. (transfer full) */
static GBytes *
wrap_rsa(Slice bare)
{
  static const uint8_t algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                      0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
  static const uint8_t unused_bits = 0;
  g_autoptr(GByteArray) bits = g_byte_array_new(), fields = g_byte_array_new();
  g_byte_array_append(bits, &unused_bits, 1);
  g_byte_array_append(bits, bare.data, (guint)bare.size);
  g_byte_array_append(fields, algorithm, sizeof algorithm);
  der_add(fields, DER_BITS, slice_new(bits->data, bits->len));
  GByteArray *whole = g_byte_array_new();
  der_add(whole, DER_LIST, slice_new(fields->data, fields->len));
  return g_byte_array_free_to_bytes(whole);
}

static PublicKey *
read_key(const json_t *public, GError **error)
{
  g_autoptr(GBytes) bytes = require_bytes(public, "rawBytes", error);
  if (bytes == NULL)
    return NULL;
  if (g_strcmp0(json_get_string(public, "keyDetails"), PKCS1_KEY) == 0) {
    g_autoptr(GBytes) wrapped = wrap_rsa(slice_from_bytes(bytes));
    return public_key_read(slice_from_bytes(wrapped), error);
  }
  return public_key_read(slice_from_bytes(bytes), error);
}

/* The host of a URL, or of what has no scheme. (transfer full), or NULL */
static char *
origin_of(const char *url)
{
  if (url == NULL)
    return NULL;
  const char *scheme = strstr(url, "://");
  const char *host = scheme == NULL ? url : scheme + strlen("://");
  return g_strndup(host, strcspn(host, "/:"));
}

static bool
read_log(const json_t *json, GPtrArray *logs, GError **error)
{
  g_autoptr(TransparencyLog) log = g_new0(TransparencyLog, 1);
  const json_t *public = json_get_object(json, "publicKey");
  const char *hash = json_get_string(json, "hashAlgorithm");
  if (g_strcmp0(hash, "SHA2_256") != 0)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "its \"hashAlgorithm\" is %s, not SHA2_256",
                     hash != NULL ? hash : "missing");
  log->key = read_key(public, error);
  if (log->key == NULL || !read_validity(public, &log->validity, error))
    return false;
  if (log->validity.from == 0)
    return error_set(error, ASSAY_ERROR_INVALID, "\"validFor\" of its key has no \"start\"");
  log->id = require_bytes(json_get_object(json, "logId"), "keyId", error);
  log->origin = origin_of(json_get_string(json, "baseUrl"));
  if (log->id == NULL)
    return false;
  g_ptr_array_add(logs, g_steal_pointer(&log));
  return true;
}

bool
trusted_root_add_log(Slice file, GPtrArray *logs, GError **error)
{
  uint8_t hash[32];
  if (logs->len >= TRUSTED_ROOT_LIST_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "there are more than %u logs",
                     TRUSTED_ROOT_LIST_MAX);
  PublicKey *key = public_key_read(file, error);
  if (key == NULL)
    return false;
  g_autoptr(GBytes) der = public_key_to_der(key);
  transparency_hash(slice_from_bytes(der), SLICE_EMPTY, SLICE_EMPTY, hash);
  TransparencyLog *log = g_new0(TransparencyLog, 1);
  log->key = key;
  log->id = g_bytes_new(hash, sizeof hash);
  g_ptr_array_add(logs, log);
  return true;
}

/* --- authorities --- */

static bool
read_authority(const json_t *json, GPtrArray *authorities, GError **error)
{
  g_autoptr(TrustedAuthority) authority = g_new0(TrustedAuthority, 1);
  const json_t *list = json_get_array(json_get_object(json, "certChain"), "certificates");
  size_t count = json_array_size(list);
  authority->chain = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  if (count == 0 || count > CHAIN_MAX)
    return error_set(error, count == 0 ? ASSAY_ERROR_INVALID : ASSAY_ERROR_LIMIT,
                     "its \"certChain\" has %zu certificates, not 1 to %u", count, CHAIN_MAX);
  for (size_t i = 0; i < count; i++) {
    GBytes *der = require_bytes(json_array_get(list, i), "rawBytes", error);
    if (der == NULL)
      return false;
    g_ptr_array_add(authority->chain, der);
    g_autoptr(PublicKey) key = certificate_key(slice_from_bytes(der), error);
    if (key == NULL)
      return false;
  }
  if (!read_validity(json, &authority->validity, error))
    return false;
  g_ptr_array_add(authorities, g_steal_pointer(&authority));
  return true;
}

/* --- */

static bool
read_list(const json_t *json, const char *name, GPtrArray *list,
          bool (*read)(const json_t *, GPtrArray *, GError **), GError **error)
{
  const json_t *entries = json_get_array(json, name);
  size_t count = json_array_size(entries);
  if (count + list->len > TRUSTED_ROOT_LIST_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "\"%s\" has more than %u entries", name,
                     TRUSTED_ROOT_LIST_MAX);
  for (size_t i = 0; i < count; i++) {
    if (!read(json_array_get(entries, i), list, error)) {
      g_prefix_error(error, "%s[%zu]: ", name, i);
      return false;
    }
  }
  return true;
}

bool
trusted_root_read(Slice text, TrustedRoot *root, GError **error)
{
  static const char *const types[] = {"application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                                      "application/vnd.dev.sigstore.trustedroot.v0.1+json",
                                      "application/vnd.dev.sigstore.trustedroot.v0.2+json", NULL};
  if (text.size > TRUSTED_ROOT_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "a trusted root has at most %zu bytes",
                     TRUSTED_ROOT_MAX);
  g_autoptr(json_t) json = json_parse_bounded(text, VALUES_MAX, error);
  const char *type = json == NULL ? NULL : json_require_string(json, "mediaType", error);
  if (type == NULL)
    return false;
  if (!g_strv_contains(types, type))
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "\"%s\" is no trusted root of Sigstore", type);
  return read_list(json, "certificateAuthorities", root->authorities, read_authority, error) &&
         read_list(json, "timestampAuthorities", root->time_authorities, read_authority, error) &&
         read_list(json, "tlogs", root->logs, read_log, error) &&
         read_list(json, "ctlogs", root->certificate_logs, read_log, error);
}
