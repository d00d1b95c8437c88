/* Archives made byte by byte, for tests: tars that no tool would write, packed in every way, and
 * read in pieces of any size. */
#pragma once

#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "archive/layer.h"
#include "pieces.h"

/* --- reading them: pieces.h --- */

static const LayerLimits limits = {.unpacked_bytes = 64 << 20,
                                   .ratio = 1000,
                                   .entries = 100,
                                   .path_bytes = 200,
                                   .path_depth = 10,
                                   .file_bytes = 1 << 20};

static inline Slice
slice_of(const GByteArray *bytes)
{
  return slice_new(bytes->data, bytes->len);
}

static inline GByteArray *
joined(const GByteArray *first, const GByteArray *second)
{
  GByteArray *both = g_byte_array_new();
  g_byte_array_append(both, first->data, first->len);
  return g_byte_array_append(both, second->data, second->len);
}

/* --- packing --- */

static inline GByteArray *
gzip_with(Slice plain, gz_header *header)
{
  GByteArray *packed = g_byte_array_new();
  g_byte_array_set_size(packed, (guint)(plain.size + plain.size / 100 + 4096));
  z_stream stream = {.next_in = (Bytef *)(uintptr_t)plain.data,
                     .avail_in = (uInt)plain.size,
                     .next_out = packed->data,
                     .avail_out = packed->len};
  g_assert_cmpint(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
  if (header != NULL)
    g_assert_cmpint(deflateSetHeader(&stream, header), ==, Z_OK);
  g_assert_cmpint(deflate(&stream, Z_FINISH), ==, Z_STREAM_END);
  g_byte_array_set_size(packed, (guint)stream.total_out);
  deflateEnd(&stream);
  return packed;
}

static inline GByteArray *
gzip_of(Slice plain)
{
  return gzip_with(plain, NULL);
}

/* @window_log 0: what the library chooses. Streamed, so that the window is written in the frame. */
static inline GByteArray *
zstd_of(Slice plain, int window_log)
{
  GByteArray *packed = g_byte_array_new();
  g_byte_array_set_size(packed, (guint)ZSTD_compressBound(plain.size) + 1024);
  ZSTD_CCtx *context = ZSTD_createCCtx();
  if (window_log != 0)
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  ZSTD_outBuffer out = {packed->data, packed->len, 0};
  ZSTD_inBuffer in = {plain.data, plain.size, 0}, none = {NULL, 0, 0};
  g_assert_false(ZSTD_isError(ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue)));
  g_assert_cmpuint(ZSTD_compressStream2(context, &out, &none, ZSTD_e_end), ==, 0);
  ZSTD_freeCCtx(context);
  return g_byte_array_set_size(packed, (guint)out.pos);
}

/* --- tars --- */

typedef struct {
  const char *name;
  char type; /* '0' file, '1' hard link, '2' symbolic link, '3' device, '5' folder, '6' FIFO, ... */
  const char *target, *content;
  const char *size; /* the field as it is written; NULL: the content's, in octal digits */
} TarEntry;

static inline void
tar_add(GByteArray *tar, const TarEntry *entry)
{
  char block[512] = {0};
  size_t size = entry->content == NULL ? 0 : strlen(entry->content);
  g_autofree char *octal = g_strdup_printf("%011zo", size);
  g_strlcpy(block, entry->name, 101);
  memcpy(block + 100, "0004755", 7);
  memcpy(block + 108, "0000000", 7);
  memcpy(block + 116, "0000000", 7);
  memcpy(block + 124, entry->size != NULL ? entry->size : octal, 11);
  memcpy(block + 136, "00000000000", 11);
  memset(block + 148, ' ', 8);
  block[156] = entry->type;
  if (entry->target != NULL)
    g_strlcpy(block + 157, entry->target, 101);
  memcpy(block + 257, "ustar\00000", 8);
  unsigned sum = 0;
  for (size_t i = 0; i < sizeof block; i++)
    sum += (unsigned char)block[i];
  g_snprintf(block + 148, 8, "%06o", sum);
  g_byte_array_append(tar, (const guint8 *)block, sizeof block);
  if (size == 0)
    return;
  static const guint8 zeros[512];
  g_byte_array_append(tar, (const guint8 *)entry->content, (guint)size);
  g_byte_array_append(tar, zeros, (guint)(-size % 512));
}

static inline GByteArray *
tar_of(const TarEntry *entries)
{
  static const guint8 end[1024];
  GByteArray *tar = g_byte_array_new();
  for (; entries->name != NULL; entries++)
    tar_add(tar, entries);
  return g_byte_array_append(tar, end, sizeof end);
}
