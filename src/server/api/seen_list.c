/* Pages of what who asks may see a part of. Others are passed over: the cursor is of one that is
 * shown, and of the others not even the name is told. */
#include "base/json.h"
#include "server/api/api-private.h"

/* Read at once at least, for of many few may be shown. */
#define READ_LEAST PAGE_DEFAULT

/* Adds those of @rows that are seen; *looked_at: how many there were until the page was full, and
 * *last: the cursor of the last of them. */
static bool
add_seen(Request *request, const ApiSeenList *list, const GPtrArray *rows, uint64_t limit,
         json_t *shown, guint *looked_at, char **last, GError **error)
{
  for (*looked_at = 0; *looked_at < rows->len && json_array_size(shown) < limit; ++*looked_at) {
    const void *row = g_ptr_array_index(rows, *looked_at);
    g_free(*last);
    *last = list->cursor_of(row);
    if (!list->sees(request, row))
      continue;
    json_t *one = list->write(request, row, error);
    if (one == NULL)
      return false;
    json_array_append_new(shown, one);
  }
  return true;
}

void
api_respond_seen(Request *request, const ApiSeenList *list)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit = PAGE_DEFAULT;
  bool more = true;
  guint looked_at = 0;
  if (!api_number_of(request, "limit", 1, PAGE_MAX, &limit))
    return;
  g_autofree char *last = g_strdup(request_query(request, "last"));
  g_autoptr(json_t) body = json_object();
  json_t *shown = json_array();
  json_set_number(body, "limit", limit);
  json_object_set_new(body, list->key, shown);
  while (more && json_array_size(shown) < limit) {
    g_autoptr(GPtrArray) rows =
        list->load(request, last, (unsigned)MAX(limit, READ_LEAST), &more, &error);
    if (rows == NULL || !add_seen(request, list, rows, limit, shown, &looked_at, &last, &error)) {
      respond_error(request, error);
      return;
    }
    more = more || looked_at < rows->len;
  }
  if (more)
    json_set_string(body, "next", last);
  respond_json(request, MHD_HTTP_OK, body);
}
