/* Findings and verdicts as a server sends them to `assay findings`, and all reports of them. */
#include "base/json.h"
#include "report/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(json_t) json = json_parse(slice_new(data, size), NULL);
  if (json == NULL)
    return 0;
  g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
  const json_t *const texts[] = {json, json_get_object(json, "other")};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autoptr(GError) error = NULL;
    Finding *finding = finding_from_json(texts[i], &error);
    if (finding != NULL)
      g_ptr_array_add(findings, finding);
    else if (error == NULL)
      g_error("refused without a reason");
  }
  g_ptr_array_sort(findings, finding_compare);
  g_autoptr(Verdict) verdict = verdict_from_json(json_get_object(json, "verdict"), NULL);
  Report report = {.target = "fuzz", .findings = findings, .verdict = verdict};
  static const char *const formats[] = {"table", "json", "sarif"};
  for (size_t i = 0; i < 2 * G_N_ELEMENTS(formats); i++) {
    ReportStyle style = {.width = 80, .colour = true, .by_vulnerability = i % 2 == 1};
    g_autofree char *text = report_writer_find(formats[i / 2])->write(&report, &style);
    if (*text == '\0')
      g_error("no report");
  }
  return 0;
}
