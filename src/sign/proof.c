/* Proofs of when a signature was made; see the header. */
#include "sign/proof.h"

#include "base/error.h"
#include "sign/formats/certificate_log.h"
#include "sign/formats/certificates.h"
#include "sign/formats/timestamp.h"
#include "sign/formats/transparency.h"

static void
add_time(Proof *proof, int64_t time)
{
  if (time > 0 && proof->count < PROOF_TIMES_MAX)
    proof->times[proof->count++] = time;
}

int64_t
proof_first(const Proof *proof)
{
  int64_t first = 0;
  for (unsigned i = 0; i < proof->count; i++)
    if (first == 0 || proof->times[i] < first)
      first = proof->times[i];
  return first;
}

/* --- time stamps --- */

/* By an authority of a trusted root: the last of its chain is the root, and nobody else below it
 * may stamp where it names who does. */
static int64_t
stamped_by(const TrustedAuthority *authority, Slice token, Slice stamped)
{
  g_autoptr(GPtrArray) roots = g_ptr_array_new();
  g_ptr_array_add(roots, g_ptr_array_index(authority->chain, authority->chain->len - 1));
  int64_t time = timestamp_verify(token, stamped, authority->chain, roots, NULL);
  return time > 0 && validity_holds(&authority->validity, time) ? time : 0;
}

static void
find_stamps(const Attestor *attestor, const Signature *signature, Proof *proof)
{
  const GPtrArray *authorities = attestor->sigstore->time_authorities;
  if (signature->timestamp == NULL)
    return;
  Slice token = slice_from_bytes(signature->timestamp);
  Slice stamped =
      slice_from_bytes(signature->stamped != NULL ? signature->stamped : signature->bytes);
  int64_t time = attestor->time_roots->len == 0
                     ? 0
                     : timestamp_verify(token, stamped, NULL, attestor->time_roots, NULL);
  for (guint i = 0; i < authorities->len && time == 0; i++)
    time = stamped_by(g_ptr_array_index(authorities, i), token, stamped);
  add_time(proof, time);
}

/* --- logs --- */

static bool
find_entry(const Attestor *attestor, const Signature *signature, Slice verifier, Proof *proof,
           GError **error)
{
  bool found = false;
  GError *why = NULL;
  for (guint i = 0; signature->log_entries != NULL && i < signature->log_entries->len; i++) {
    int64_t time = 0;
    g_clear_error(&why);
    if (!log_entry_verify(g_ptr_array_index(signature->log_entries, i), signature, verifier,
                          attestor->sigstore->logs, &time, &why))
      continue;
    found = true;
    add_time(proof, time);
  }
  if (!found && why != NULL)
    error_set(error, ASSAY_ERROR_MISMATCH, "its entry in a log %s", why->message);
  else if (!found && signature->log_problem != NULL)
    error_set(error, ASSAY_ERROR_MISMATCH, "its entry in a log cannot be read: %s",
              signature->log_problem);
  else if (!found)
    error_set(error, ASSAY_ERROR_MISMATCH, "it comes with no entry in a log (Rekor)");
  g_clear_error(&why);
  return found;
}

bool
proof_find(const Attestor *attestor, const Signature *signature, Slice verifier, Proof *proof,
           GError **error)
{
  *proof = (Proof){.count = 0};
  find_stamps(attestor, signature, proof);
  return attestor->sigstore->logs->len == 0 ||
         find_entry(attestor, signature, verifier, proof, error);
}

/* --- certificates --- */

/* By an authority of a trusted root, whose chain counts, and not what came with the signature. */
static bool
is_by_authority(const TrustedAuthority *authority, GBytes *leaf, int64_t at, GError **error)
{
  g_autoptr(GPtrArray) links = g_ptr_array_new(), roots = g_ptr_array_new();
  g_ptr_array_add(links, leaf);
  for (guint i = 0; i < authority->chain->len; i++)
    g_ptr_array_add(links, g_ptr_array_index(authority->chain, i));
  g_ptr_array_add(roots, g_ptr_array_index(authority->chain, authority->chain->len - 1));
  if (!validity_holds(&authority->validity, at))
    return error_set(error, ASSAY_ERROR_MISMATCH,
                     "it leads to no authority that was trusted when it was made");
  return certificates_verify(links, roots, CERTIFICATE_SIGNS_CODE, at, error);
}

/* The last authority says why not. */
static bool
was_good(const Attestor *attestor, const Signature *signature, int64_t at, GError **error)
{
  const GPtrArray *authorities = attestor->sigstore->authorities;
  GBytes *leaf = g_ptr_array_index(signature->chain, 0);
  GError *why = NULL;
  if (attestor->roots->len > 0 &&
      certificates_verify(signature->chain, attestor->roots, CERTIFICATE_SIGNS_CODE, at, &why))
    return true;
  for (guint i = 0; i < authorities->len; i++) {
    g_clear_error(&why);
    if (is_by_authority(g_ptr_array_index(authorities, i), leaf, at, &why))
      return true;
  }
  g_propagate_error(error, why);
  return false;
}

/* Whoever may have issued it: the log signed who did. (transfer container) */
static GPtrArray *
issuers_of(const Attestor *attestor, const Signature *signature)
{
  const GPtrArray *authorities = attestor->sigstore->authorities;
  GPtrArray *issuers = g_ptr_array_new();
  for (guint i = 1; i < signature->chain->len; i++)
    g_ptr_array_add(issuers, g_ptr_array_index(signature->chain, i));
  for (guint i = 0; i < attestor->roots->len; i++)
    g_ptr_array_add(issuers, g_ptr_array_index(attestor->roots, i));
  for (guint i = 0; i < authorities->len; i++) {
    const TrustedAuthority *authority = g_ptr_array_index(authorities, i);
    g_ptr_array_add(issuers, g_ptr_array_index(authority->chain, 0));
  }
  return issuers;
}

static bool
is_in_certificate_log(const Attestor *attestor, const Signature *signature, GError **error)
{
  if (attestor->sigstore->certificate_logs->len == 0)
    return true;
  g_autoptr(GPtrArray) issuers = issuers_of(attestor, signature);
  return certificate_log_verify(slice_from_bytes(g_ptr_array_index(signature->chain, 0)), issuers,
                                attestor->sigstore->certificate_logs, error);
}

bool
proof_check_certificate(const Attestor *attestor, const Signature *signature, const Proof *proof,
                        int64_t otherwise, GError **error)
{
  if (proof->count == 0 && attestor_is_keyless(attestor))
    return error_set(error, ASSAY_ERROR_MISMATCH,
                     "nothing proves when it was made: neither a log's promise, nor a time stamp "
                     "by whom he trusts");
  for (unsigned i = 0; i < proof->count; i++)
    if (!was_good(attestor, signature, proof->times[i], error))
      return false;
  return (proof->count > 0 || was_good(attestor, signature, otherwise, error)) &&
         is_in_certificate_log(attestor, signature, error);
}
