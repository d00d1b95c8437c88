/* Failures that may pass; see the header. */
#include "pipeline/signing_failure.h"

#include "base/error.h"

bool
signing_failure_may_pass(const GError *error, bool by_key)
{
  static const AssayErrorCode of_key[] = {ASSAY_ERROR_NOT_FOUND, ASSAY_ERROR_DENIED,
                                          ASSAY_ERROR_MISMATCH};
  static const AssayErrorCode passing[] = {
      ASSAY_ERROR_IO,      ASSAY_ERROR_FULL, ASSAY_ERROR_READ_ONLY, ASSAY_ERROR_NETWORK,
      ASSAY_ERROR_TIMEOUT, ASSAY_ERROR_BUSY, ASSAY_ERROR_CANCELLED, ASSAY_ERROR_CHANGED};
  for (size_t i = 0; i < G_N_ELEMENTS(passing); i++)
    if (g_error_matches(error, ASSAY_ERROR, passing[i]))
      return true;
  for (size_t i = 0; by_key && i < G_N_ELEMENTS(of_key); i++)
    if (g_error_matches(error, ASSAY_ERROR, of_key[i]))
      return true;
  return false;
}
