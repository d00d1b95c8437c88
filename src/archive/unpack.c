/* Steps of five libraries, under one loop; see the header. */
#include "archive/unpack.h"

#include <bzlib.h>
#include <isa-l/igzip_lib.h>
#include <lzma.h>
#include <stddef.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/error.h"

#define INPUT_SIZE ((size_t)16 * 1024)
/* Of most streams only the beginning is asked for, and ISA-L unpacks ahead what it is given. */
#define FIRST_INPUT     ((size_t)1024)
#define ZSTD_WINDOW_LOG 27
/* `xz -9` needs 65 MiB. */
#define XZ_MEMORY  ((uint64_t)192 * 1024 * 1024)
#define MAGIC_MOST 6u
/* What zstd.h calls ZSTD_d_forceIgnoreChecksum where it is linked in. */
#define ZSTD_IGNORES_CHECKSUMS ZSTD_d_experimentalParam3

typedef enum { STEP_ON, STEP_MEMBER_ENDS, STEP_BROKEN, STEP_NO_MEMORY } Step;

struct Unpacker {
  UnpackKind kind;
  LayerRead read;
  void *read_data;
  size_t at, end;
  bool input_ended, ended;
  uint64_t consumed;
  GError *failure; /* told when all that came before it was given */
  union {
    struct {
      struct inflate_state state;
      struct isal_gzip_header header;
      bool in_header;
    } gzip;
    lzma_stream xz;
    bz_stream bzip2;
    ZSTD_DStream *zstd;
  } of;
  uint8_t input[INPUT_SIZE];
};

/* --- members --- */

/* What is packed, or of gzip the header before it. */
static void
begin_inflate(Unpacker *unpacker, bool in_header)
{
  isal_inflate_init(&unpacker->of.gzip.state);
  unpacker->of.gzip.in_header = in_header;
  unpacker->of.gzip.state.crc_flag =
      unpacker->kind == UNPACK_GZIP ? ISAL_GZIP_NO_HDR_VER : ISAL_DEFLATE;
}

static bool
begin_member(Unpacker *unpacker)
{
  switch (unpacker->kind) {
  case UNPACK_GZIP:
  case UNPACK_DEFLATE:
    isal_gzip_header_init(&unpacker->of.gzip.header);
    begin_inflate(unpacker, unpacker->kind == UNPACK_GZIP);
    return true;
  case UNPACK_ZSTD:
    if (unpacker->of.zstd == NULL)
      unpacker->of.zstd = ZSTD_createDStream();
    return unpacker->of.zstd != NULL &&
           !ZSTD_isError(
               ZSTD_DCtx_setParameter(unpacker->of.zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG)) &&
           !ZSTD_isError(ZSTD_DCtx_setParameter(unpacker->of.zstd, ZSTD_IGNORES_CHECKSUMS, 1));
  case UNPACK_XZ:
    return lzma_stream_decoder(&unpacker->of.xz, XZ_MEMORY, LZMA_IGNORE_CHECK) == LZMA_OK;
  case UNPACK_LZMA:
    return lzma_alone_decoder(&unpacker->of.xz, XZ_MEMORY) == LZMA_OK;
  case UNPACK_BZIP2:
    return BZ2_bzDecompressInit(&unpacker->of.bzip2, 0, 0) == BZ_OK;
  }
  return false;
}

static void
end_member(Unpacker *unpacker)
{
  if (unpacker->kind == UNPACK_XZ || unpacker->kind == UNPACK_LZMA)
    lzma_end(&unpacker->of.xz);
  if (unpacker->kind == UNPACK_BZIP2) {
    BZ2_bzDecompressEnd(&unpacker->of.bzip2);
    memset(&unpacker->of.bzip2, 0, sizeof unpacker->of.bzip2);
  }
}

Unpacker *
unpacker_new(UnpackKind kind, LayerRead read, void *read_data)
{
  Unpacker *unpacker = g_malloc(sizeof *unpacker);
  /* ISA-L's state is large, and initialised by its own functions. */
  memset(unpacker, 0, offsetof(Unpacker, of));
  if (kind != UNPACK_GZIP && kind != UNPACK_DEFLATE)
    memset(&unpacker->of, 0, sizeof unpacker->of);
  unpacker->kind = kind;
  unpacker->read = read;
  unpacker->read_data = read_data;
  if (begin_member(unpacker))
    return unpacker;
  unpacker_free(unpacker);
  return NULL;
}

void
unpacker_free(Unpacker *unpacker)
{
  if (unpacker == NULL)
    return;
  end_member(unpacker);
  if (unpacker->kind == UNPACK_ZSTD)
    ZSTD_freeDStream(unpacker->of.zstd);
  g_clear_error(&unpacker->failure);
  g_free(unpacker);
}

uint64_t
unpacker_consumed(const Unpacker *unpacker)
{
  return unpacker->consumed;
}

/* --- input --- */

static size_t
input_left(const Unpacker *unpacker)
{
  return unpacker->end - unpacker->at;
}

static void
input_take(Unpacker *unpacker, size_t size)
{
  unpacker->at += size;
  unpacker->consumed += size;
}

/* Until @least bytes are there or the input ends. False: `failure`. */
static bool
input_fill(Unpacker *unpacker, size_t least)
{
  if (input_left(unpacker) >= least)
    return true;
  memmove(unpacker->input, unpacker->input + unpacker->at, input_left(unpacker));
  unpacker->end -= unpacker->at;
  unpacker->at = 0;
  size_t room = unpacker->consumed == 0 ? FIRST_INPUT : INPUT_SIZE;
  while (unpacker->end < least && !unpacker->input_ended) {
    gssize got = unpacker->read(unpacker->read_data, unpacker->input + unpacker->end,
                                room - unpacker->end, &unpacker->failure);
    if (got < 0)
      return false;
    unpacker->input_ended = got == 0;
    unpacker->end += (size_t)got;
  }
  return true;
}

static bool
has_magic(const Unpacker *unpacker)
{
  static const struct {
    const char *bytes;
    size_t size;
  } magics[] = {[UNPACK_GZIP] = {"\x1f\x8b", 2},
                [UNPACK_ZSTD] = {"\x28\xb5\x2f\xfd", 4},
                [UNPACK_XZ] = {"\xfd"
                               "7zXZ\0",
                               6},
                [UNPACK_BZIP2] = {"BZh", 3}};
  const uint8_t *at = unpacker->input + unpacker->at;
  size_t left = input_left(unpacker);
  if (unpacker->kind == UNPACK_DEFLATE || unpacker->kind == UNPACK_LZMA)
    return false;
  /* Frames that hold nothing (RFC 8878, 3.1.2). */
  if (unpacker->kind == UNPACK_ZSTD && left >= 4 && (at[0] & 0xf0) == 0x50 && at[1] == 0x2a &&
      at[2] == 0x4d && at[3] == 0x18)
    return true;
  return left >= magics[unpacker->kind].size &&
         memcmp(at, magics[unpacker->kind].bytes, magics[unpacker->kind].size) == 0;
}

/* Past zeros that fill a block up: another member, or the end. */
static void
next_member(Unpacker *unpacker)
{
  end_member(unpacker);
  while (input_fill(unpacker, 1) && input_left(unpacker) > 0 && unpacker->input[unpacker->at] == 0)
    input_take(unpacker, 1);
  bool more = unpacker->failure == NULL && input_fill(unpacker, MAGIC_MOST) && has_magic(unpacker);
  unpacker->ended = !more || !begin_member(unpacker);
}

/* --- steps --- */

/* After an error ISA-L's counts may mean nothing. */
static Step
step_gzip(Unpacker *unpacker, uint8_t *out, size_t room, size_t *made)
{
  struct inflate_state *state = &unpacker->of.gzip.state;
  uint32_t left = (uint32_t)input_left(unpacker), space = (uint32_t)MIN(room, (size_t)G_MAXINT32);
  bool in_header = unpacker->of.gzip.in_header;
  state->next_in = unpacker->input + unpacker->at;
  state->avail_in = left;
  state->next_out = out;
  state->avail_out = space;
  int code =
      in_header ? isal_read_gzip_header(state, &unpacker->of.gzip.header) : isal_inflate(state);
  if (in_header)
    unpacker->of.gzip.in_header = code != ISAL_DECOMP_OK;
  if (state->avail_in <= left)
    input_take(unpacker, left - state->avail_in);
  if (!in_header && state->avail_out <= space)
    *made = space - state->avail_out;
  if (code == ISAL_INCORRECT_CHECKSUM && !in_header)
    return STEP_MEMBER_ENDS;
  if (code == ISAL_INCORRECT_CHECKSUM) {
    begin_inflate(unpacker, false); /* the checksum is the header's end, and is taken */
    return STEP_ON;
  }
  if (code < 0)
    return STEP_BROKEN;
  return !in_header && state->block_state == ISAL_BLOCK_FINISH ? STEP_MEMBER_ENDS : STEP_ON;
}

static Step
step_zstd(Unpacker *unpacker, uint8_t *out, size_t room, size_t *made)
{
  ZSTD_inBuffer in = {unpacker->input + unpacker->at, input_left(unpacker), 0};
  ZSTD_outBuffer to = {out, room, 0};
  size_t code = ZSTD_decompressStream(unpacker->of.zstd, &to, &in);
  input_take(unpacker, in.pos);
  *made = to.pos;
  if (!ZSTD_isError(code))
    return code == 0 ? STEP_MEMBER_ENDS : STEP_ON;
  ZSTD_ErrorCode error = ZSTD_getErrorCode(code);
  bool needs_memory =
      error == ZSTD_error_frameParameter_windowTooLarge || error == ZSTD_error_memory_allocation;
  return needs_memory ? STEP_NO_MEMORY : STEP_BROKEN;
}

static Step
step_xz(Unpacker *unpacker, uint8_t *out, size_t room, size_t *made)
{
  lzma_stream *stream = &unpacker->of.xz;
  size_t left = input_left(unpacker);
  stream->next_in = unpacker->input + unpacker->at;
  stream->avail_in = left;
  stream->next_out = out;
  stream->avail_out = room;
  lzma_ret code = lzma_code(stream, LZMA_RUN);
  input_take(unpacker, left - stream->avail_in);
  *made = room - stream->avail_out;
  switch (code) {
  case LZMA_STREAM_END:
    return STEP_MEMBER_ENDS;
  case LZMA_OK:
  case LZMA_BUF_ERROR: /* no step: that is looked at for all */
    return STEP_ON;
  case LZMA_MEM_ERROR:
  case LZMA_MEMLIMIT_ERROR:
    return STEP_NO_MEMORY;
  default:
    return STEP_BROKEN;
  }
}

static Step
step_bzip2(Unpacker *unpacker, uint8_t *out, size_t room, size_t *made)
{
  bz_stream *stream = &unpacker->of.bzip2;
  unsigned left = (unsigned)input_left(unpacker), space = (unsigned)MIN(room, (size_t)G_MAXINT32);
  stream->next_in = (char *)unpacker->input + unpacker->at;
  stream->avail_in = left;
  stream->next_out = (char *)out;
  stream->avail_out = space;
  int code = BZ2_bzDecompress(stream);
  input_take(unpacker, left - stream->avail_in);
  *made = space - stream->avail_out;
  return code == BZ_STREAM_END  ? STEP_MEMBER_ENDS
         : code == BZ_OK        ? STEP_ON
         : code == BZ_MEM_ERROR ? STEP_NO_MEMORY
                                : STEP_BROKEN;
}

static Step
step(Unpacker *unpacker, uint8_t *out, size_t room, size_t *made)
{
  switch (unpacker->kind) {
  case UNPACK_GZIP:
  case UNPACK_DEFLATE:
    return step_gzip(unpacker, out, room, made);
  case UNPACK_ZSTD:
    return step_zstd(unpacker, out, room, made);
  case UNPACK_XZ:
  case UNPACK_LZMA:
    return step_xz(unpacker, out, room, made);
  case UNPACK_BZIP2:
    return step_bzip2(unpacker, out, room, made);
  }
  return STEP_BROKEN;
}

/* One step, and what follows of it. */
static size_t
go_on(Unpacker *unpacker, uint8_t *out, size_t room)
{
  size_t made = 0, left = input_left(unpacker);
  Step result = step(unpacker, out, room, &made);
  bool stuck = made == 0 && input_left(unpacker) == left;
  if (result == STEP_MEMBER_ENDS)
    next_member(unpacker);
  else if (result == STEP_NO_MEMORY)
    error_set(&unpacker->failure, ASSAY_ERROR_LIMIT, "it needs more memory to unpack than it may");
  else if (result == STEP_BROKEN || (stuck && left > 0))
    error_set(&unpacker->failure, ASSAY_ERROR_INVALID, "its packed data is broken");
  else if (stuck && unpacker->input_ended && unpacker->kind == UNPACK_LZMA)
    unpacker->ended = true;
  else if (stuck && unpacker->input_ended)
    error_set(&unpacker->failure, ASSAY_ERROR_INVALID, "it is truncated");
  return made;
}

gssize
unpacker_read(Unpacker *unpacker, void *buffer, size_t size, GError **error)
{
  size_t made = 0;
  while (made < size && !unpacker->ended && unpacker->failure == NULL)
    if (input_fill(unpacker, 1))
      made += go_on(unpacker, (uint8_t *)buffer + made, size - made);
  if (made > 0 || unpacker->failure == NULL)
    return (gssize)made;
  g_propagate_error(error, g_error_copy(unpacker->failure));
  return -1;
}
