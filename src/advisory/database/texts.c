/* Texts that wait in a file; see the header. */
#include "advisory/database/texts-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define BUFFER_BYTES ((guint)256 * 1024)

struct DetailTexts {
  int fd;
  GByteArray *buffer; /* what is not written yet */
  uint64_t written;
  GByteArray *scratch;
};

static int
open_nameless(const char *folder)
{
  int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 || errno == EACCES || errno == ENOENT)
    return fd;
  /* A file system without such files. */
  g_autofree char *name = g_build_filename(folder, ".texts.XXXXXX", NULL);
  fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0)
    unlink(name);
  return fd;
}

DetailTexts *
detail_texts_new(const char *folder, GError **error)
{
  int fd = open_nameless(folder);
  if (fd < 0) {
    error_set_errno(error, errno, "%s", folder);
    return NULL;
  }
  DetailTexts *texts = g_new0(DetailTexts, 1);
  texts->fd = fd;
  texts->buffer = g_byte_array_sized_new(BUFFER_BYTES);
  texts->scratch = g_byte_array_new();
  return texts;
}

void
detail_texts_free(DetailTexts *texts)
{
  if (texts == NULL)
    return;
  fd_clear(&texts->fd);
  g_byte_array_unref(texts->buffer);
  g_byte_array_unref(texts->scratch);
  g_free(texts);
}

bool
detail_texts_flush(DetailTexts *texts, GError **error)
{
  Slice bytes = slice_new(texts->buffer->data, texts->buffer->len);
  if (bytes.size > 0 && !fd_write_all(texts->fd, bytes, error))
    return false;
  texts->written += bytes.size;
  g_byte_array_set_size(texts->buffer, 0);
  return true;
}

void
detail_texts_drop(AdvisoryDetails *details)
{
  g_free((gpointer)(uintptr_t)details->description);
  details->description = NULL;
  g_clear_pointer(&details->references, g_strfreev);
}

bool
detail_texts_put(DetailTexts *texts, AdvisoryDetails *details, TextPlace *place, GError **error)
{
  GByteArray *bytes = texts->scratch;
  if (details->description == NULL && details->references == NULL)
    return true;
  g_byte_array_set_size(bytes, 0);
  byte_array_add_prefixed(
      bytes, slice_from_string(details->description != NULL ? details->description : ""));
  for (guint i = 0; details->references != NULL && details->references[i] != NULL; i++)
    byte_array_add_prefixed(bytes, slice_from_string(details->references[i]));
  if (texts->buffer->len + bytes->len > BUFFER_BYTES && !detail_texts_flush(texts, error))
    return false;
  *place = (TextPlace){texts->written + texts->buffer->len, bytes->len};
  g_byte_array_append(texts->buffer, bytes->data, bytes->len);
  detail_texts_drop(details);
  return true;
}

/* The bytes of @place, in @scratch or in what is not written yet. */
static bool
read_place(const DetailTexts *texts, const TextPlace *place, GByteArray *scratch, Slice *bytes,
           GError **error)
{
  if (place->offset >= texts->written) {
    Slice waiting = slice_new(texts->buffer->data, texts->buffer->len);
    *bytes = slice_sub(waiting, place->offset - texts->written, place->size);
    return true;
  }
  g_byte_array_set_size(scratch, place->size);
  gssize got = fd_read_at(texts->fd, scratch->data, place->size, place->offset);
  if (got != (gssize)place->size)
    return error_set(error, ASSAY_ERROR_IO, "the texts of the build: %s",
                     got < 0 ? g_strerror(errno) : "the file was cut");
  *bytes = slice_new(scratch->data, scratch->len);
  return true;
}

bool
detail_texts_get(const DetailTexts *texts, AdvisoryDetails *details, const TextPlace *place,
                 GByteArray *scratch, GError **error)
{
  Slice bytes = SLICE_EMPTY, text = SLICE_EMPTY;
  if (place->size == 0)
    return true;
  if (!read_place(texts, place, scratch, &bytes, error))
    return false;
  detail_texts_drop(details);
  g_autoptr(GPtrArray) references = g_ptr_array_new();
  if (slice_take_prefixed(&bytes, &text) && text.size > 0)
    details->description = slice_to_string(text);
  while (slice_take_prefixed(&bytes, &text))
    g_ptr_array_add(references, slice_to_string(text));
  if (references->len > 0) {
    g_ptr_array_add(references, NULL);
    details->references = (char **)g_ptr_array_free(g_steal_pointer(&references), FALSE);
  }
  return true;
}
