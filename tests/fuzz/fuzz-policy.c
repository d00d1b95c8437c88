/* Policy files, judging by what they say, and what is told of their exemptions; ignore files. */
#include <string.h>

#include "verdict/exemption.h"
#include "verdict/ignore_file.h"
#include "verdict/judge.h"
#include "verdict/policy-private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW ((int64_t)1800000000 * G_USEC_PER_SEC)

/* An image that is let out has no more exemptions in force than the file. */
static void
check_exemptions(const PolicySet *set, const Verdict *verdict)
{
  unsigned applied = 0;
  for (guint i = 0; i < verdict->exemptions->len; i++) {
    const VerdictExemption *each = g_ptr_array_index(verdict->exemptions, i);
    g_autofree char *words = verdict_exemption_in_words(each);
    if (each->count == 0 || each->what->len == 0 || strlen(words) == 0)
      g_error("an exemption of nothing");
    applied += !each->ended;
  }
  if (applied > policy_set_count_exemptions(set, NOW).in_force)
    g_error("an exemption that the file does not have");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(IgnoreFile) list = ignore_file_parse(slice_new(data, size), ".trivyignore", NULL);
  g_autoptr(IgnoreFile) tree = ignore_file_parse(slice_new(data, size), "ignore.yaml", NULL);
  g_autoptr(PolicySet) set = policy_set_parse(slice_new(data, size), "fuzz", NULL, NULL);
  if (set == NULL)
    return 0;
  g_autoptr(GPtrArray) warnings = policy_set_warnings(set);
  g_autoptr(GPtrArray) endings = policy_set_endings(set, 0, NOW);
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
                         .end_of_life = state == SCAN_DONE ? "over" : NULL,
                         .now = NOW};
    g_autoptr(Verdict) verdict = policy_judge(set, &input);
    g_autoptr(Verdict) again = policy_judge(set, &input);
    if (verdict->allowed != again->allowed || verdict->expires != again->expires ||
        (!verdict->allowed && verdict->message == NULL))
      g_error("a verdict that is none");
    check_exemptions(set, verdict);
  }
  return 0;
}
