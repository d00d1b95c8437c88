/* Policy files, and judging by what they say. */
#include "verdict/policy-private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(PolicySet) set = policy_set_parse(slice_new(data, size), "fuzz", NULL);
  if (set == NULL)
    return 0;
  char id[] = "CVE-1", package[] = "p", version[] = "1", published[] = "2027-01-01T00:00:00Z";
  Finding finding = {.id = id,
                     .severity = SEVERITY_HIGH,
                     .package = package,
                     .installed_version = version,
                     .fixed_version = version,
                     .published = published};
  g_autoptr(GPtrArray) findings = g_ptr_array_new();
  g_ptr_array_add(findings, &finding);
  for (ScanState state = SCAN_NONE; state <= SCAN_NOT_APPLICABLE; state++) {
    PolicyInput input = {.repository = "team/app",
                         .reference = "v1",
                         .scan_state = state,
                         .findings = findings,
                         .now = (int64_t)1800000000 * G_USEC_PER_SEC};
    g_autoptr(Verdict) verdict = policy_judge(set, &input);
    g_autoptr(Verdict) again = policy_judge(set, &input);
    if (verdict->allowed != again->allowed || verdict->expires != again->expires ||
        (!verdict->allowed && verdict->message == NULL))
      g_error("a verdict that is none");
  }
  return 0;
}
