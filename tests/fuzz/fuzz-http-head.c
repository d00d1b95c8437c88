/* What the HTTP side reads of a request before anything else: the target (decoded, then routed),
 * and the headers Range and Accept. The input is these, a line each, and then a whole head, cut up
 * as libmicrohttpd does it: what is taken must be a head by the book. */
#include <string.h>

#include "../unit/server/cut-head.h"
#include "server/http/head.h"
#include "server/http/ranges.h"
#include "server/http/router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
nothing(Request *request)
{
}

static const Route routes[] = {
    {"GET", "/v2/", "v2", VERB_NONE, ON_NOTHING, WORK_AT_ONCE, .finish = nothing},
    {"GET", "/v2/<name>/tags/list", "tags", VERB_PULL, ON_REPOSITORY, WORK_WAITS,
     .finish = nothing},
    {"GET", "/v2/<name>/manifests/<reference>", "manifest", VERB_PULL, ON_REPOSITORY, WORK_WAITS,
     .finish = nothing},
    {"PUT", "/v2/<name>/blobs/uploads/<id>", "upload", VERB_PUSH, ON_REPOSITORY, WORK_WAITS,
     .finish = nothing},
    {"GET", "/teams/<team>/repositories/<name>", "team", VERB_LIST, ON_REPOSITORY, WORK_WAITS,
     .finish = nothing},
    {NULL},
};
static const Route *const tables[] = {routes, NULL};

static void
fuzz_target(const char *line)
{
  g_autofree char *target = g_strdup(line);
  size_t size = percent_decode(target);
  g_assert_cmpuint(size, ==, strlen(target));
  g_assert_cmpuint(size, <=, strlen(line));
  static Router *router;
  if (router == NULL)
    router = router_new(tables, NULL);
  RouteMatch match = router_find(router, "GET", target);
  g_autofree char *allowed = router_allowed(router, target);
  g_assert_true(match.route == NULL || allowed != NULL);
  g_assert_true(match.route != NULL || match.count == 0);
  g_assert_cmpuint(match.count, <=, PATH_PARTS_MAX);
  for (unsigned i = 0; i < match.count; i++) {
    Slice value = match.parts[i].value;
    const char *start = (const char *)value.data;
    g_assert_true(value.size > 0 && start > target && start + value.size <= target + size);
  }
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

/* RFC 9112: lines end with CR LF, none is folded, no other control but tabs. (NUL before LF is
 * taken for the CR: the library leaves no difference.) */
static void
check_strict(Slice head)
{
  for (size_t i = 0; i < head.size; i++) {
    uint8_t byte = head.data[i], next = i + 1 < head.size ? head.data[i + 1] : 0;
    g_assert_true(byte >= ' ' || byte == '\t' || byte == '\n' || next == '\n');
    g_assert_true(byte >= ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\0');
    g_assert_true(byte != '\n' ||
                  (i > 0 && (head.data[i - 1] == '\r' || head.data[i - 1] == '\0')));
    g_assert_true(byte != '\n' || (next != ' ' && next != '\t'));
  }
}

static void
fuzz_head(Slice sent)
{
  g_autofree char *text = g_memdup2(sent.data, sent.size + 1);
  g_autoptr(GPtrArray) copies = g_ptr_array_new_with_free_func(g_free);
  CutHead cut = {text, sent.size, copies};
  Head head = {0};
  if (sent.size > 0 && cut_and_walk(&cut, &head) && head_problem(&head, false) == NULL)
    check_strict(slice_sub(sent, 0, (size_t)(head.end - text)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Slice rest = slice_new(data, size), line;
  for (unsigned number = 0; number < 3 && slice_next_line(&rest, &line); number++) {
    g_autofree char *text = slice_to_string(line);
    if (number == 0)
      fuzz_target(text);
    else if (number == 1)
      fuzz_ranges(text);
    else if (number == 2)
      accept_takes(text, "application/vnd.oci.image.manifest.v1+json");
  }
  g_autofree char *rest_text = slice_to_string(rest);
  fuzz_head(slice_new(rest_text, rest.size));
  return 0;
}
