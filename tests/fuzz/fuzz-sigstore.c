/* What proves a signature without a key: trusted roots, entries of logs and their proofs, and what
 * is read of certificates by us. The first byte of the input says which of them the rest is. */
#include <string.h>

#include "base/json.h"
#include "sign/formats/certificate_log.h"
#include "sign/formats/fulcio.h"
#include "sign/formats/transparency.h"
#include "sign/formats/transparency_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Who is trusted: the log whose entries are among the seeds, so that their hashes and paths are
 * looked at. */
static const char log_key[] = "-----BEGIN PUBLIC KEY-----\n"
                              "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwr\n"
                              "kBbmLSGtks4L3qX6yYY0zufBnhC8Ur/iy55GhWP/9A/bY2LhC30M9+RYtw==\n"
                              "-----END PUBLIC KEY-----\n";

static GPtrArray *
logs_of(void)
{
  static GPtrArray *logs = NULL;
  if (logs == NULL) {
    logs = g_ptr_array_new();
    g_assert_true(trusted_root_add_log(slice_from_string(log_key), logs, NULL));
  }
  return logs;
}

/* (transfer full) */
static Signature *
some_signature(void)
{
  Signature *signature = signature_new(SIGNATURE_COSIGN);
  signature->message = g_bytes_new_static("message", strlen("message"));
  signature->bytes = g_bytes_new_static("signature", strlen("signature"));
  return signature;
}

static void
check_entry(const LogEntry *entry)
{
  int64_t time = 0;
  if (entry == NULL)
    return;
  g_autoptr(Signature) signature = some_signature();
  g_assert_false(
      log_entry_verify(entry, signature, SLICE_LITERAL("verifier"), logs_of(), &time, NULL));
  if (entry->proof != NULL)
    inclusion_proof_verify(entry->proof, slice_from_bytes(entry->body),
                           g_ptr_array_index(logs_of(), 0), NULL);
}

static void
check_certificate(Slice der)
{
  g_autofree char *issuer = fulcio_issuer(der);
  g_autofree char *user = fulcio_user(der);
  g_autoptr(GPtrArray) issuers = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  g_ptr_array_add(issuers, g_bytes_new(der.data, der.size));
  certificate_log_verify(der, issuers, logs_of(), NULL);
  g_assert_true(issuer == NULL || *issuer != '\0');
  g_assert_true(user == NULL || *user != '\0');
}

static void
check_root(Slice text)
{
  TrustedRoot *root = trusted_root_new();
  if (trusted_root_read(text, root, NULL))
    g_assert_cmpuint(root->logs->len, <=, TRUSTED_ROOT_LIST_MAX);
  trusted_root_free(root);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  Slice input = slice_new(data + 1, size - 1);
  g_autoptr(LogEntry) entry = NULL;
  g_autoptr(json_t) json = NULL;
  g_autoptr(Signature) signature = some_signature();
  switch (*data) {
  case 'r':
    check_root(input);
    break;
  case 'e':
    json = json_parse_bounded(input, 1000, NULL);
    entry = json == NULL ? NULL : log_entry_read(json, NULL);
    break;
  case 'a':
    entry = log_entry_read_annotation(input, NULL);
    break;
  case 'b':
    g_assert_false(log_body_check(input, NULL, NULL, signature, SLICE_LITERAL("verifier"), NULL));
    break;
  case 'c':
    check_certificate(input);
    break;
  default:
    break;
  }
  check_entry(entry);
  return 0;
}
