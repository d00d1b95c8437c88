/* Zip archives made for tests. */
#pragma once

#include <string.h>
#include <zlib.h>

#include "program_files.h"

typedef struct {
  GByteArray *bytes, *directory;
  unsigned count;
} ZipWriter;

static inline ZipWriter
zip_writer(void)
{
  return (ZipWriter){g_byte_array_new(), g_byte_array_new(), 0};
}

/* By raw deflate. (transfer full) */
static inline GByteArray *
deflated(Slice content)
{
  z_stream stream = {.next_in = (Bytef *)(uintptr_t)content.data, .avail_in = (uInt)content.size};
  g_assert_cmpint(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
  GByteArray *out = g_byte_array_new();
  g_byte_array_set_size(out, (guint)deflateBound(&stream, (uLong)content.size));
  stream.next_out = out->data;
  stream.avail_out = out->len;
  g_assert_cmpint(deflate(&stream, Z_FINISH), ==, Z_STREAM_END);
  g_byte_array_set_size(out, (guint)stream.total_out);
  deflateEnd(&stream);
  return out;
}

/* @size: what it says to have. */
static inline void
zip_put(ZipWriter *zip, const char *name, Slice content, bool deflate_it, uint64_t size,
        unsigned flags)
{
  g_autoptr(GByteArray) packed = deflate_it ? deflated(content) : g_byte_array_new();
  if (!deflate_it)
    put_slice(packed, content);
  size_t at = zip->bytes->len;
  for (unsigned i = 0; i < 2; i++) {
    GByteArray *out = i == 0 ? zip->bytes : zip->directory;
    put_slice(out, i == 0 ? SLICE_LITERAL("PK\3\4") : SLICE_LITERAL("PK\1\2"));
    if (i == 1)
      put_number(out, 20, 2, false);
    put_number(out, 20, 2, false);
    put_number(out, flags, 2, false);
    put_number(out, deflate_it ? 8 : 0, 2, false);
    put_zeros(out, 8);
    put_number(out, packed->len, 4, false);
    put_number(out, size, 4, false);
    put_number(out, strlen(name), 2, false);
    put_zeros(out, i == 0 ? 2 : 12);
    if (i == 1)
      put_number(out, at, 4, false);
    put_slice(out, slice_from_string(name));
  }
  put_slice(zip->bytes, slice_of_array(packed));
  zip->count++;
}

static inline void
zip_add(ZipWriter *zip, const char *name, Slice content)
{
  zip_put(zip, name, content, content.size > 64, content.size, 0);
}

static inline void
zip_add_text(ZipWriter *zip, const char *name, const char *text)
{
  zip_add(zip, name, slice_from_string(text));
}

/* (transfer full); @zip is empty then. */
static inline GByteArray *
zip_end(ZipWriter *zip)
{
  GByteArray *bytes = zip->bytes;
  size_t at = bytes->len;
  put_slice(bytes, slice_of_array(zip->directory));
  put_slice(bytes, SLICE_LITERAL("PK\5\6"));
  put_zeros(bytes, 4);
  put_number(bytes, zip->count, 2, false);
  put_number(bytes, zip->count, 2, false);
  put_number(bytes, zip->directory->len, 4, false);
  put_number(bytes, at, 4, false);
  put_zeros(bytes, 2);
  g_byte_array_unref(zip->directory);
  return bytes;
}
