/* A response's body that is read from a file; see the header. */
#include "server/http/file_body.h"

#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "server/http/connections.h"
#include "server/http/microhttpd_library-private.h"
#include "server/http/records.h"

/* Each response has one in memory, so that many slow readers have many. It is four records of TLS;
 * greater ones are not faster. */
#define BLOCK_BYTES ((size_t)64 * 1024)

struct FileBody {
  int fd;
  struct MHD_Connection *handle;
  GPtrArray *texts; /* char: what is before each piece, and after the last */
  GArray *pieces;   /* Range */
  uint64_t size;
};

static void
file_body_free(void *data)
{
  FileBody *body = data;
  fd_clear(&body->fd);
  g_ptr_array_unref(body->texts);
  g_array_unref(body->pieces);
  g_free(body);
}

FileBody *
file_body_new(int fd)
{
  FileBody *body = g_new0(FileBody, 1);
  body->fd = fd;
  body->texts = g_ptr_array_new_with_free_func(g_free);
  body->pieces = g_array_new(FALSE, FALSE, sizeof(Range));
  return body;
}

static void
add_text(FileBody *body, const char *text)
{
  g_ptr_array_add(body->texts, g_strdup(text));
  body->size += strlen(text);
}

void
file_body_add(FileBody *body, const char *text, const Range *piece)
{
  add_text(body, text);
  g_array_append_vals(body->pieces, piece, 1);
  body->size += piece->size;
}

/* As much of the text or the piece at @position as there is of it, up to @size. */
static ssize_t
read_at(const FileBody *body, uint64_t position, char *buffer, size_t size)
{
  for (guint i = 0; i < body->texts->len; i++) {
    const char *text = g_ptr_array_index(body->texts, i);
    size_t length = strlen(text);
    if (position < length) {
      size_t part = MIN(size, length - position);
      memcpy(buffer, text + position, part);
      return (ssize_t)part;
    }
    position -= length;
    if (i == body->pieces->len)
      break;
    const Range *piece = &g_array_index(body->pieces, Range, i);
    if (position < piece->size)
      return pread(body->fd, buffer, MIN(size, piece->size - position),
                   (off_t)(piece->first + position));
    position -= piece->size;
  }
  return 0;
}

/* An MHD_ContentReaderCallback; on the connection's network thread. */
static ssize_t
read_block(void *data, uint64_t position, char *buffer, size_t size)
{
  const FileBody *body = data;
  ssize_t got = read_at(body, position, buffer, size);
  if (got <= 0)
    return MHD_CONTENT_READER_END_WITH_ERROR;
  const union MHD_ConnectionInfo *info =
      microhttpd()->get_connection_info(body->handle, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  Connection *connection = connection_of_handle(body->handle);
  if (info != NULL && connection != NULL)
    records_expect(connection_records(connection), body->size - position);
  return got;
}

struct MHD_Response *
file_body_response(FileBody *body, const char *last, struct MHD_Connection *handle, uint64_t *size)
{
  add_text(body, last);
  body->handle = handle;
  *size = body->size;
  return microhttpd()->create_response_from_callback(body->size, BLOCK_BYTES, read_block, body,
                                                     file_body_free);
}
