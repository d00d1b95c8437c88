/* Entries of transparency logs; see the header. */
#include "sign/formats/transparency.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/formats/transparency_body.h"
#include "text/base64.h"

#define VALUES_MAX    ((size_t)100)
#define LOG_ID_DIGITS 64u

void
log_entry_free(LogEntry *entry)
{
  if (entry == NULL)
    return;
  g_clear_pointer(&entry->log, g_bytes_unref);
  g_free(entry->kind);
  g_free(entry->version);
  g_clear_pointer(&entry->body, g_bytes_unref);
  g_clear_pointer(&entry->promise, g_bytes_unref);
  inclusion_proof_free(entry->proof);
  g_free(entry);
}

/* --- reading --- */

static bool
read_number(const json_t *json, const char *name, int64_t *number, GError **error)
{
  uint64_t count = 0;
  /* What is 0 may be left out. */
  if (json_object_get(json, name) != NULL && !json_get_count(json, name, &count))
    return error_set(error, ASSAY_ERROR_INVALID, "\"%s\" is no number", name);
  *number = (int64_t)count;
  return true;
}

static bool
read_bytes(const json_t *json, const char *name, GBytes **bytes, GError **error)
{
  const char *text = json_get_string(json, name);
  if (text != NULL && strlen(text) <= LOG_ENTRY_MAX)
    *bytes = base64_decode(slice_from_string(text));
  return *bytes != NULL ||
         error_set(error, ASSAY_ERROR_INVALID, "\"%s\" is missing or no base64", name);
}

static bool
read_proofs(const json_t *json, LogEntry *entry, GError **error)
{
  const json_t *promise = json_get_object(json, "inclusionPromise");
  const json_t *proof = json_get_object(json, "inclusionProof");
  if (json_object_size(promise) > 0 &&
      !read_bytes(promise, "signedEntryTimestamp", &entry->promise, error))
    return false;
  if (proof == NULL)
    return true;
  entry->proof = inclusion_proof_read(proof, error);
  return entry->proof != NULL;
}

LogEntry *
log_entry_read(const json_t *json, GError **error)
{
  g_autoptr(LogEntry) entry = g_new0(LogEntry, 1);
  const json_t *kind = json_get_object(json, "kindVersion");
  entry->kind = g_strdup(json_get_string(kind, "kind"));
  entry->version = g_strdup(json_get_string(kind, "version"));
  if (!read_number(json, "logIndex", &entry->index, error) ||
      !read_number(json, "integratedTime", &entry->time, error) ||
      !read_bytes(json_get_object(json, "logId"), "keyId", &entry->log, error) ||
      !read_bytes(json, "canonicalizedBody", &entry->body, error) ||
      !read_proofs(json, entry, error))
    return NULL;
  return g_steal_pointer(&entry);
}

/* (transfer full); NULL: it is no log's */
static GBytes *
read_log_id(const char *hex)
{
  guint8 bytes[LOG_ID_DIGITS / 2];
  if (hex == NULL || strlen(hex) != LOG_ID_DIGITS)
    return NULL;
  for (size_t i = 0; i < sizeof bytes; i++) {
    if (!g_ascii_isxdigit(hex[2 * i]) || !g_ascii_isxdigit(hex[2 * i + 1]))
      return NULL;
    bytes[i] =
        (guint8)(g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]));
  }
  return g_bytes_new(bytes, sizeof bytes);
}

LogEntry *
log_entry_read_annotation(Slice text, GError **error)
{
  static const char *const members[] = {"SignedEntryTimestamp", "Payload", NULL};
  static const char *const of_payload[] = {"body", "integratedTime", "logIndex", "logID", NULL};
  g_autoptr(LogEntry) entry = g_new0(LogEntry, 1);
  if (text.size > LOG_ENTRY_MAX) {
    error_set(error, ASSAY_ERROR_LIMIT, "it has more than %zu bytes", LOG_ENTRY_MAX);
    return NULL;
  }
  g_autoptr(json_t) json = json_parse_bounded(text, VALUES_MAX, error);
  const json_t *payload = json_get_object(json, "Payload");
  if (json == NULL || !json_refuse_aliases(json, members, error) ||
      !json_refuse_aliases(payload, of_payload, error))
    return NULL;
  entry->log = read_log_id(json_get_string(payload, "logID"));
  if (entry->log == NULL) {
    error_set(error, ASSAY_ERROR_INVALID, "\"logID\" is missing or no log's");
    return NULL;
  }
  if (!read_number(payload, "logIndex", &entry->index, error) ||
      !read_number(payload, "integratedTime", &entry->time, error) ||
      !read_bytes(payload, "body", &entry->body, error) ||
      !read_bytes(json, "SignedEntryTimestamp", &entry->promise, error))
    return NULL;
  return g_steal_pointer(&entry);
}

/* --- verifying --- */

/* What the log signs as its promise, as RFC 8785 writes it. (transfer full) */
static char *
promised(const LogEntry *entry)
{
  Slice log = slice_from_bytes(entry->log), body = slice_from_bytes(entry->body);
  g_autofree char *text = g_base64_encode(body.data, body.size);
  g_autoptr(GString) hex = g_string_new(NULL);
  for (size_t i = 0; i < log.size; i++)
    g_string_append_printf(hex, "%02x", log.data[i]);
  return g_strdup_printf("{\"body\":\"%s\",\"integratedTime\":%" G_GINT64_FORMAT
                         ",\"logID\":\"%s\",\"logIndex\":%" G_GINT64_FORMAT "}",
                         text, entry->time, hex->str, entry->index);
}

static bool
check_promise(const LogEntry *entry, const TransparencyLog *log, GError **error)
{
  g_autofree char *text = promised(entry);
  if (!public_key_verify(log->key, public_key_cosign_algorithm(log->key), slice_from_string(text),
                         slice_from_bytes(entry->promise)))
    return error_set(error, ASSAY_ERROR_MISMATCH, "has a promise that the log did not sign");
  return validity_holds(&log->validity, entry->time) ||
         error_set(error, ASSAY_ERROR_MISMATCH,
                   "is of a time at which the log's key was not trusted");
}

static bool
check_proofs(const LogEntry *entry, const TransparencyLog *log, GError **error)
{
  if (entry->promise == NULL && entry->proof == NULL)
    return error_set(error, ASSAY_ERROR_MISMATCH, "has neither a promise nor a proof");
  return (entry->promise == NULL || check_promise(entry, log, error)) &&
         (entry->proof == NULL ||
          inclusion_proof_verify(entry->proof, slice_from_bytes(entry->body), log, error));
}

/* A log that is known by its key alone may name itself by more than the key. */
static bool
is_entry_of(const LogEntry *entry, const TransparencyLog *log)
{
  return g_bytes_equal(entry->log, log->id) ||
         (log->origin == NULL && entry->proof != NULL &&
          inclusion_proof_names(entry->proof, log, slice_from_bytes(entry->log)));
}

bool
log_entry_verify(const LogEntry *entry, const Signature *signature, Slice verifier,
                 const GPtrArray *logs, int64_t *time, GError **error)
{
  if (!log_body_check(slice_from_bytes(entry->body), entry->kind, entry->version, signature,
                      verifier, error))
    return false;
  for (guint i = 0; i < logs->len; i++) {
    const TransparencyLog *log = g_ptr_array_index(logs, i);
    if (!is_entry_of(entry, log))
      continue;
    *time = entry->promise == NULL ? 0 : entry->time;
    return check_proofs(entry, log, error);
  }
  return error_set(error, ASSAY_ERROR_MISMATCH, "is of a log that is not trusted");
}
