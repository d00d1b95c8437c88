/* Templates: whatever is one is filled, within its bounds. */
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "report/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ReportTemplate) template = report_template_parse(slice_new(data, size), "t", &error);
  g_assert((template == NULL) == (error != NULL));
  if (template == NULL)
    return 0;
  g_autoptr(json_t) values = json_parse(
      SLICE_LITERAL("{\"a\":[{\"b\":1},{\"b\":\"<\"}],\"c\":{\"d\":[\"x\"]},\"e\":false}"), NULL);
  g_autofree char *text = report_template_fill(template, values);
  g_assert(strlen(text) <= TEMPLATE_OUTPUT_MAX + size + 1000);
  return 0;
}
