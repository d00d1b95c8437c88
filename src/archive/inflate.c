/* Unpacking by ISA-L and libzstd; see the header. */
#include "archive/inflate.h"

#include <isa-l/igzip_lib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/error.h"

#define INPUT_SIZE ((size_t)256 * 1024)
/* Frames that ask for a larger window than 128 MiB are refused: it is what decoders support at
 * least, and memory. */
#define ZSTD_WINDOW_LOG 27
/* RFC 8878, 3.1.1: magic, descriptor, window, dictionary, size. */
#define ZSTD_HEAD_MOST ((size_t)18)

typedef enum { PACKING_UNKNOWN, PACKING_NONE, PACKING_GZIP, PACKING_ZSTD, PACKING_ENDED } Packing;

struct Inflater {
  LayerRead read;
  void *read_data;
  Packing packing;
  uint8_t *input;
  size_t input_at, input_end;
  bool input_ended;
  uint64_t consumed;
  struct inflate_state gzip;
  struct isal_gzip_header gzip_header;
  bool in_gzip_header;
  ZSTD_DStream *zstd;
  bool in_frame;
  uint64_t frame_said, frame_bytes; /* what the frame's head says that it unpacks to; so far */
};

gssize
inflater_read_slice(void *data, void *buffer, size_t size, GError **error)
{
  Slice *rest = data, part = slice_sub(*rest, 0, size);
  if (part.size > 0)
    memcpy(buffer, part.data, part.size);
  *rest = slice_sub(*rest, part.size, SIZE_MAX);
  return (gssize)part.size;
}

Inflater *
inflater_new(LayerRead read, void *read_data)
{
  Inflater *inflater = g_new0(Inflater, 1);
  inflater->read = read;
  inflater->read_data = read_data;
  inflater->input = g_malloc(INPUT_SIZE);
  return inflater;
}

void
inflater_free(Inflater *inflater)
{
  if (inflater == NULL)
    return;
  ZSTD_freeDStream(inflater->zstd);
  g_free(inflater->input);
  g_free(inflater);
}

uint64_t
inflater_consumed(const Inflater *inflater)
{
  return inflater->consumed;
}

static size_t
input_left(const Inflater *inflater)
{
  return inflater->input_end - inflater->input_at;
}

static void
input_skip(Inflater *inflater, size_t size)
{
  inflater->input_at += size;
  inflater->consumed += size;
}

/* Reads until @least bytes are at hand or the input ends. */
static bool
input_fill(Inflater *inflater, size_t least, GError **error)
{
  if (inflater->input_at > 0 && input_left(inflater) < least) {
    memmove(inflater->input, inflater->input + inflater->input_at, input_left(inflater));
    inflater->input_end -= inflater->input_at;
    inflater->input_at = 0;
  }
  while (input_left(inflater) < least && !inflater->input_ended) {
    gssize got = inflater->read(inflater->read_data, inflater->input + inflater->input_end,
                                INPUT_SIZE - inflater->input_end, error);
    if (got < 0)
      return false;
    inflater->input_ended = got == 0;
    inflater->input_end += (size_t)got;
  }
  return true;
}

static Packing
packing_of(const Inflater *inflater)
{
  static const uint8_t gzip_magic[] = {0x1f, 0x8b}, zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};
  Slice head = slice_new(inflater->input + inflater->input_at, input_left(inflater));
  if (slice_has_prefix(head, slice_new(gzip_magic, sizeof gzip_magic)))
    return PACKING_GZIP;
  /* Skippable frames (0x184D2A5?) may come before the first that holds data. */
  bool skippable = head.size >= 4 && (head.data[0] & 0xf0) == 0x50 && head.data[1] == 0x2a &&
                   head.data[2] == 0x4d && head.data[3] == 0x18;
  if (slice_has_prefix(head, slice_new(zstd_magic, sizeof zstd_magic)) || skippable)
    return PACKING_ZSTD;
  return PACKING_NONE;
}

/* The header is read by a call of its own, which keeps its place between pieces of input;
 * isal_inflate() forgets how long an extra field is. */
static void
gzip_start(Inflater *inflater)
{
  isal_inflate_init(&inflater->gzip);
  isal_gzip_header_init(&inflater->gzip_header);
  inflater->gzip.crc_flag = ISAL_GZIP_NO_HDR_VER;
  inflater->in_gzip_header = true;
}

static bool
start(Inflater *inflater, GError **error)
{
  if (!input_fill(inflater, 4, error))
    return false;
  inflater->packing = packing_of(inflater);
  if (inflater->packing == PACKING_GZIP)
    gzip_start(inflater);
  if (inflater->packing == PACKING_ZSTD) {
    inflater->zstd = ZSTD_createDStream();
    if (inflater->zstd == NULL)
      return error_set(error, ASSAY_ERROR_FAILED, "there is no memory to unpack zstd data");
    ZSTD_DCtx_setParameter(inflater->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
  }
  return true;
}

/* Between members: another one, padding, or the end. */
static bool
next_member(Inflater *inflater, Packing same, GError **error)
{
  if (!input_fill(inflater, 4, error))
    return false;
  while (input_left(inflater) > 0 && inflater->input[inflater->input_at] == 0) {
    input_skip(inflater, 1);
    if (!input_fill(inflater, 4, error))
      return false;
  }
  if (input_left(inflater) == 0) {
    inflater->packing = PACKING_ENDED;
    return true;
  }
  if (packing_of(inflater) != same)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "there is something else behind the end of the compressed data");
  if (same == PACKING_GZIP)
    gzip_start(inflater);
  return true;
}

static gssize
read_plain(Inflater *inflater, uint8_t *buffer, size_t size, GError **error)
{
  if (input_left(inflater) == 0 && !input_fill(inflater, 1, error))
    return -1;
  size_t part = MIN(size, input_left(inflater));
  memcpy(buffer, inflater->input + inflater->input_at, part);
  input_skip(inflater, part);
  return (gssize)part;
}

static bool
truncated(GError **error)
{
  return error_set(error, ASSAY_ERROR_INVALID,
                   "the compressed data ends in the middle: the layer is truncated");
}

/* One step, of the header or of the content; ISA-L's code. */
static int
step_gzip(Inflater *inflater)
{
  if (!inflater->in_gzip_header)
    return isal_inflate(&inflater->gzip);
  int code = isal_read_gzip_header(&inflater->gzip, &inflater->gzip_header);
  inflater->in_gzip_header = code != ISAL_DECOMP_OK;
  return code;
}

static gssize
read_gzip(Inflater *inflater, uint8_t *buffer, size_t size, GError **error)
{
  struct inflate_state *state = &inflater->gzip;
  state->next_out = buffer;
  state->avail_out = (uint32_t)MIN(size, (size_t)G_MAXINT32);
  while (state->avail_out > 0 && inflater->packing == PACKING_GZIP) {
    if (input_left(inflater) == 0 && !input_fill(inflater, 1, error))
      return -1;
    size_t before = input_left(inflater);
    uint32_t room = state->avail_out;
    state->next_in = inflater->input + inflater->input_at;
    state->avail_in = (uint32_t)before;
    int code = step_gzip(inflater);
    /* Behind an error ISA-L leaves counts that mean nothing. */
    if (code < 0 || state->avail_in > before) {
      error_set(error, ASSAY_ERROR_INVALID, "the gzip data is broken (ISA-L code %d)", code);
      return -1;
    }
    input_skip(inflater, before - state->avail_in);
    if (!inflater->in_gzip_header && state->block_state == ISAL_BLOCK_FINISH) {
      uint8_t *next_out = state->next_out;
      uint32_t left = state->avail_out;
      if (!next_member(inflater, PACKING_GZIP, error))
        return -1;
      state->next_out = next_out;
      state->avail_out = left;
    } else if (before == state->avail_in && room == state->avail_out &&
               (before > 0 || inflater->input_ended)) {
      truncated(error);
      return -1;
    }
  }
  return (gssize)(state->next_out - buffer);
}

/* libzstd compares what came with what the head said only where it has the frame whole, or a block
 * that is not empty is the last. */
static bool
begin_frame(Inflater *inflater, GError **error)
{
  if (!input_fill(inflater, ZSTD_HEAD_MOST, error))
    return false;
  inflater->in_frame = true;
  inflater->frame_bytes = 0;
  inflater->frame_said =
      ZSTD_getFrameContentSize(inflater->input + inflater->input_at, input_left(inflater));
  return true;
}

static bool
end_frame(Inflater *inflater, GError **error)
{
  bool said = inflater->frame_said != ZSTD_CONTENTSIZE_UNKNOWN &&
              inflater->frame_said != ZSTD_CONTENTSIZE_ERROR;
  inflater->in_frame = false;
  return !said || inflater->frame_said == inflater->frame_bytes ||
         error_set(error, ASSAY_ERROR_INVALID,
                   "the zstd data is broken: a frame has another size than it says");
}

static gssize
read_zstd(Inflater *inflater, uint8_t *buffer, size_t size, GError **error)
{
  ZSTD_outBuffer out = {buffer, size, 0};
  while (out.pos < size && inflater->packing == PACKING_ZSTD) {
    if (input_left(inflater) == 0 && !input_fill(inflater, 1, error))
      return -1;
    if (!inflater->in_frame && !begin_frame(inflater, error))
      return -1;
    ZSTD_inBuffer in = {inflater->input + inflater->input_at, input_left(inflater), 0};
    size_t before = out.pos;
    size_t code = ZSTD_decompressStream(inflater->zstd, &out, &in);
    input_skip(inflater, in.pos);
    if (ZSTD_isError(code)) {
      bool broken = ZSTD_getErrorCode(code) != ZSTD_error_memory_allocation;
      error_set(error, broken ? ASSAY_ERROR_INVALID : ASSAY_ERROR_FAILED, "the zstd data %s: %s",
                broken ? "is broken" : "cannot be unpacked", ZSTD_getErrorName(code));
      return -1;
    }
    inflater->frame_bytes += out.pos - before;
    if (code == 0 && (!end_frame(inflater, error) || !next_member(inflater, PACKING_ZSTD, error)))
      return -1;
    if (code != 0 && in.pos == 0 && out.pos == before && inflater->input_ended) {
      truncated(error);
      return -1;
    }
  }
  return (gssize)out.pos;
}

gssize
inflater_read(Inflater *inflater, uint8_t *buffer, size_t size, GError **error)
{
  if (inflater->packing == PACKING_UNKNOWN && !start(inflater, error))
    return -1;
  switch (inflater->packing) {
  case PACKING_GZIP:
    return read_gzip(inflater, buffer, size, error);
  case PACKING_ZSTD:
    return read_zstd(inflater, buffer, size, error);
  case PACKING_NONE:
    return read_plain(inflater, buffer, size, error);
  case PACKING_UNKNOWN:
  case PACKING_ENDED:
    break;
  }
  return 0;
}

/* --- in memory --- */

/* No byte of deflate comes to more. */
#define DEFLATE_RATIO ((size_t)1032)

static GByteArray *
inflate_whole(Slice packed, size_t most, uint32_t form)
{
  if (packed.size == 0 || packed.size > G_MAXINT32)
    return NULL;
  size_t room = MIN(MIN(most, (size_t)G_MAXINT32), packed.size * DEFLATE_RATIO);
  g_autofree struct inflate_state *state = g_new(struct inflate_state, 1);
  g_autoptr(GByteArray) out = g_byte_array_new();
  g_byte_array_set_size(out, (guint)room);
  isal_inflate_init(state);
  state->crc_flag = form;
  state->next_in = (uint8_t *)(uintptr_t)packed.data;
  state->avail_in = (uint32_t)packed.size;
  state->next_out = out->data;
  state->avail_out = (uint32_t)room;
  if (isal_inflate_stateless(state) != ISAL_DECOMP_OK)
    return NULL;
  g_byte_array_set_size(out, (guint)state->total_out);
  return g_steal_pointer(&out);
}

GByteArray *
inflate_zlib(Slice packed, size_t most)
{
  return inflate_whole(packed, most, ISAL_ZLIB);
}

GByteArray *
inflate_gzip(Slice packed, size_t most)
{
  return inflate_whole(packed, most, ISAL_GZIP);
}
