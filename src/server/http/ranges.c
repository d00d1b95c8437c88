/* Files as responses, whole or in parts: Range and multipart/byteranges of RFC 9110, section 14.
 * In plain, whole files and single ranges leave by sendfile. */
#include "server/http/ranges.h"

#include <string.h>

#include "base/fd.h"
#include "server/http/file_body.h"
#include "server/http/http-private.h"
#include "server/http/microhttpd_library-private.h"
#include "server/http/sendfile.h"

/* More parts than anybody needs are answered with the whole file, which is allowed and cheaper. */
#define RANGES_MAX 32

/* One "first-last", "first-" or "-suffix". False: not of the grammar. *fits: some of it is there,
 * which of a range that ends before it begins is nothing (the RFC lets us refuse it). */
static bool
parse_range(Slice text, uint64_t file_size, Range *range, bool *fits)
{
  gssize dash = slice_find(text, '-');
  if (dash < 0)
    return false;
  Slice before = slice_sub(text, 0, (size_t)dash),
        after = slice_sub(text, (size_t)dash + 1, text.size);
  uint64_t first, last = UINT64_MAX;
  if (before.size == 0) {
    uint64_t suffix;
    if (!slice_to_uint64(after, &suffix))
      return false;
    *fits = suffix > 0 && file_size > 0;
    range->size = MIN(suffix, file_size);
    range->first = file_size - range->size;
    return true;
  }
  if (!slice_to_uint64(before, &first) || (after.size > 0 && !slice_to_uint64(after, &last)))
    return false;
  *fits = first < file_size && first <= last;
  range->first = first;
  if (*fits)
    range->size = MIN(last, file_size - 1) - first + 1;
  return true;
}

static bool
ask_for_more_than(const GArray *ranges, uint64_t file_size)
{
  uint64_t total = 0;
  for (guint i = 0; i < ranges->len; i++)
    total += g_array_index(ranges, Range, i).size;
  return total > file_size;
}

RangesResult
ranges_parse(const char *header, uint64_t file_size, GArray *ranges)
{
  static const char unit[] = "bytes=";
  if (header == NULL || g_ascii_strncasecmp(header, unit, strlen(unit)) != 0)
    return RANGES_IGNORE;
  Slice rest = slice_from_string(header + strlen(unit)), field;
  unsigned count = 0;
  while (slice_next_field(&rest, ',', &field)) {
    Range range = {0, 0};
    bool fits = false;
    field = slice_strip(field);
    if (field.size == 0)
      continue;
    if (++count > RANGES_MAX || !parse_range(field, file_size, &range, &fits))
      return RANGES_IGNORE;
    if (fits)
      g_array_append_val(ranges, range);
  }
  if (count == 0 || ask_for_more_than(ranges, file_size))
    return RANGES_IGNORE;
  return ranges->len == 0 ? RANGES_UNSATISFIABLE : RANGES_SOME;
}

static void
respond_multipart(Request *request, const char *content_type, int fd, uint64_t file_size,
                  const GArray *ranges)
{
  FileBody *body = file_body_new(fd);
  g_autofree char *boundary = g_uuid_string_random();
  for (guint i = 0; i < ranges->len; i++) {
    const Range *range = &g_array_index(ranges, Range, i);
    g_autofree char *text = g_strdup_printf(
        "\r\n--%s\r\nContent-Type: %s\r\nContent-Range: bytes %" G_GUINT64_FORMAT
        "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "\r\n\r\n",
        boundary, content_type, range->first, range->first + range->size - 1, file_size);
    file_body_add(body, text, range);
  }
  g_autofree char *last = g_strdup_printf("\r\n--%s--\r\n", boundary);
  uint64_t total;
  struct MHD_Response *response = file_body_response(body, last, request->handle, &total);
  request_take_response(request, MHD_HTTP_PARTIAL_CONTENT, response, total);
  response_header_format(request, "Content-Type", "multipart/byteranges; boundary=%s", boundary);
}

/* The library would read 4 KiB at a time of a file that it has to encrypt. */
static struct MHD_Response *
part_over_tls(const Request *request, int fd, uint64_t first, uint64_t size)
{
  FileBody *body = file_body_new(fd);
  file_body_add(body, "", &(Range){first, size});
  return file_body_response(body, "", request->handle, &size);
}

static void
respond_part(Request *request, const char *content_type, int fd, uint64_t first, uint64_t size,
             unsigned status)
{
  struct MHD_Response *response;
  if (microhttpd()->get_connection_info(request->handle, MHD_CONNECTION_INFO_GNUTLS_SESSION) !=
      NULL) {
    response = part_over_tls(request, fd, first, size);
  } else {
    sendfile_mark_end(fd, first + size);
    response = microhttpd()->create_response_from_fd_at_offset64(size, fd, first);
  }
  request_take_response(request, status, response, size);
  response_header(request, "Content-Type", content_type);
}

/* RFC 9110, section 13.1.5: a range of something else than the client thinks is of no use. */
static const char *
wanted_ranges(const Request *request)
{
  const char *condition = request_header(request, "If-Range");
  if (strcmp(request->method, "GET") != 0)
    return NULL;
  bool same =
      condition == NULL || g_strcmp0(request_answered_header(request, "ETag"), condition) == 0;
  return same ? request_header(request, "Range") : NULL;
}

void
respond_file(Request *request, const char *content_type, int fd, uint64_t size)
{
  g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(Range));
  RangesResult result = ranges_parse(wanted_ranges(request), size, ranges);
  response_header(request, "Accept-Ranges", "bytes");
  if (result == RANGES_UNSATISFIABLE) {
    fd_clear(&fd);
    respond_oci_error(request, MHD_HTTP_RANGE_NOT_SATISFIABLE, "SIZE_INVALID",
                      "the range begins after the end of the blob", NULL);
    response_header_format(request, "Content-Range", "bytes */%" G_GUINT64_FORMAT, size);
  } else if (result == RANGES_IGNORE) {
    respond_part(request, content_type, fd, 0, size, MHD_HTTP_OK);
  } else if (ranges->len == 1) {
    const Range *range = &g_array_index(ranges, Range, 0);
    respond_part(request, content_type, fd, range->first, range->size, MHD_HTTP_PARTIAL_CONTENT);
    response_header_format(request, "Content-Range",
                           "bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                           range->first, range->first + range->size - 1, size);
  } else {
    respond_multipart(request, content_type, fd, size, ranges);
  }
}
