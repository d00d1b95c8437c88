/* What the HTTP side reads of a request before anything else: the target (decoded, then routed),
 * and the headers Range and Accept. The input is these, and other headers, a line each. */
#include <string.h>

#include "server/head.h"
#include "server/http-private.h"
#include "server/ranges.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const Route routes[] = {
    {.method = "GET", .pattern = "/v2/", .label = "v2"},
    {.method = "GET", .pattern = "/v2/<name>/tags/list", .label = "tags"},
    {.method = "GET", .pattern = "/v2/<name>/manifests/<reference>", .label = "manifest"},
    {.method = "PUT", .pattern = "/v2/<name>/blobs/uploads/<id>", .label = "upload"},
    {NULL},
};

static void
fuzz_target(const char *line)
{
  g_autofree char *target = g_strdup(line);
  size_t size = percent_decode(target);
  g_assert_cmpuint(size, ==, strlen(target));
  g_assert_cmpuint(size, <=, strlen(line));
  g_autoptr(GHashTable) parameters = NULL;
  g_autofree char *allowed = NULL;
  const Route *route = route_find(routes, "GET", target, &parameters, &allowed);
  g_assert_true(route == NULL || allowed == NULL);
  const char *name = parameters == NULL ? NULL : g_hash_table_lookup(parameters, "name");
  g_assert_true(name == NULL || (*name != '\0' && strstr(target, name) != NULL));
}

static void
fuzz_ranges(const char *line)
{
  const uint64_t file_size = 1000;
  g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(Range));
  if (ranges_parse(line, file_size, ranges) != RANGES_SOME)
    return;
  g_assert_cmpuint(ranges->len, >, 0);
  for (guint i = 0; i < ranges->len; i++) {
    const Range *range = &g_array_index(ranges, Range, i);
    g_assert_true(range->size > 0 && range->first < file_size &&
                  range->size <= file_size - range->first);
  }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Slice rest = slice_new(data, size), line;
  Head head = {0};
  for (unsigned number = 0; slice_next_line(&rest, &line); number++) {
    g_autofree char *text = slice_to_string(line);
    if (number == 0)
      fuzz_target(text);
    else if (number == 1)
      fuzz_ranges(text);
    else if (number == 2)
      accept_takes(text, "application/vnd.oci.image.manifest.v1+json");
    gssize colon = slice_find(line, ':');
    if (number > 2 && colon >= 0)
      head_add(&head, slice_sub(line, 0, (size_t)colon), slice_sub(line, (size_t)colon + 1, size));
  }
  head_problem(&head, false);
  return 0;
}
