/* Files as responses, whole or in parts: Range and multipart/byteranges of RFC 9110, section 14.
 * Whole files and single ranges leave by sendfile. */
#include "server/http/ranges.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "server/http/http-private.h"
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

/* A multipart body: texts and pieces of the file in turn. */
typedef struct {
  int fd;
  GPtrArray *texts; /* GString: what is before each range, and after the last */
  GArray *ranges;
} Multipart;

static void
multipart_free(void *data)
{
  Multipart *multipart = data;
  fd_clear(&multipart->fd);
  g_ptr_array_unref(multipart->texts);
  g_array_unref(multipart->ranges);
  g_free(multipart);
}

static void
text_free(void *data)
{
  g_string_free(data, TRUE);
}

static ssize_t
multipart_read(void *data, uint64_t position, char *buffer, size_t size)
{
  Multipart *multipart = data;
  for (guint i = 0; i < multipart->texts->len; i++) {
    const GString *text = g_ptr_array_index(multipart->texts, i);
    if (position < text->len) {
      size_t part = MIN(size, text->len - position);
      memcpy(buffer, text->str + position, part);
      return (ssize_t)part;
    }
    position -= text->len;
    if (i == multipart->ranges->len)
      break;
    const Range *range = &g_array_index(multipart->ranges, Range, i);
    if (position < range->size) {
      ssize_t got = pread(multipart->fd, buffer, MIN(size, range->size - position),
                          (off_t)(range->first + position));
      return got > 0 ? got : MHD_CONTENT_READER_END_WITH_ERROR;
    }
    position -= range->size;
  }
  return MHD_CONTENT_READER_END_OF_STREAM;
}

static void
respond_multipart(Request *request, const char *content_type, int fd, uint64_t file_size,
                  GArray *ranges)
{
  Multipart *multipart = g_new0(Multipart, 1);
  multipart->fd = fd;
  multipart->ranges = g_array_ref(ranges);
  multipart->texts = g_ptr_array_new_with_free_func(text_free);
  g_autofree char *boundary = g_uuid_string_random();
  uint64_t total = 0;
  for (guint i = 0; i < ranges->len; i++) {
    const Range *range = &g_array_index(ranges, Range, i);
    GString *text = g_string_new(NULL);
    g_string_printf(text,
                    "\r\n--%s\r\nContent-Type: %s\r\nContent-Range: bytes %" G_GUINT64_FORMAT
                    "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "\r\n\r\n",
                    boundary, content_type, range->first, range->first + range->size - 1,
                    file_size);
    g_ptr_array_add(multipart->texts, text);
    total += text->len + range->size;
  }
  GString *last = g_string_new(NULL);
  g_string_printf(last, "\r\n--%s--\r\n", boundary);
  g_ptr_array_add(multipart->texts, last);
  total += last->len;
  request_take_response(request, MHD_HTTP_PARTIAL_CONTENT,
                        MHD_create_response_from_callback(total, (size_t)64 * 1024, multipart_read,
                                                          multipart, multipart_free),
                        total);
  response_header(request, "Content-Type", "multipart/byteranges; boundary=%s", boundary);
}

static void
respond_part(Request *request, const char *content_type, int fd, uint64_t first, uint64_t size,
             unsigned status)
{
  sendfile_mark_end(fd, first + size);
  request_take_response(request, status, MHD_create_response_from_fd_at_offset64(size, fd, first),
                        size);
  response_header(request, "Content-Type", "%s", content_type);
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
    response_header(request, "Content-Range", "bytes */%" G_GUINT64_FORMAT, size);
  } else if (result == RANGES_IGNORE) {
    respond_part(request, content_type, fd, 0, size, MHD_HTTP_OK);
  } else if (ranges->len == 1) {
    const Range *range = &g_array_index(ranges, Range, 0);
    respond_part(request, content_type, fd, range->first, range->size, MHD_HTTP_PARTIAL_CONTENT);
    response_header(request, "Content-Range",
                    "bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                    range->first, range->first + range->size - 1, size);
  } else {
    respond_multipart(request, content_type, fd, size, ranges);
  }
}
