/* A ring of blocks between the inflating thread and the one that reads; see the header.
 *
 * The first blocks, to THREAD_AFTER bytes, are inflated by the reader: a small layer is done before
 * a thread would have begun.
 *
 * Blocks are hashed in their order by whichever thread would wait: the inflating one while the ring
 * is full, the reader when it gives back a block that is not hashed yet. So the slower one has less
 * to do, be it an image of few large files or of many small ones. */
#include "archive/stream.h"

#include "archive/inflate.h"
#include "base/error.h"

#define BLOCK_SIZE ((size_t)512 * 1024)
#define BLOCKS     8
/* Unpacked bytes. */
#define THREAD_AFTER BLOCK_SIZE

typedef struct {
  uint8_t *bytes;
  size_t size;
} Block;

struct LayerStream {
  Inflater *inflater; /* the inflating thread's, as soon as there is one */
  LayerLimits limits;
  uint64_t inflated;
  GThread *thread;    /* or NULL */
  DigestStream *hash; /* of the thread that set `hashing` */
  uint64_t size;

  GMutex lock; /* guards the rest */
  GCond changed;
  Block blocks[BLOCKS];
  unsigned first, filled; /* blocks[first] is the oldest of those filled */
  unsigned hashed;        /* so many of the filled ones, the oldest */
  bool hashing;           /* some thread hashes the next */
  bool held;              /* the reader still looks at blocks[first] */
  bool ended, stopped;
  GError *error;
};

static bool
check_limits(LayerStream *stream, GError **error)
{
  const LayerLimits *limits = &stream->limits;
  if (stream->inflated > limits->unpacked_bytes)
    return error_set(error, ASSAY_ERROR_LIMIT,
                     "the unpacked size passes %" G_GUINT64_FORMAT
                     " bytes (limits.layer_unpacked_bytes)",
                     limits->unpacked_bytes);
  if (stream->inflated > LAYER_RATIO_AFTER &&
      stream->inflated / limits->ratio > inflater_consumed(stream->inflater))
    return error_set(
        error, ASSAY_ERROR_LIMIT,
        "the unpacked bytes are more than %u times the packed ones (limits.layer_ratio)",
        limits->ratio);
  return true;
}

/* Hashes the oldest block that is not, with the lock open meanwhile: nothing changes a block that
 * is not hashed, and only one thread hashes. */
static void
hash_next(LayerStream *stream)
{
  const Block *block = &stream->blocks[(stream->first + stream->hashed) % BLOCKS];
  stream->hashing = true;
  g_mutex_unlock(&stream->lock);
  digest_stream_update(stream->hash, slice_new(block->bytes, block->size));
  g_mutex_lock(&stream->lock);
  stream->hashing = false;
  stream->hashed++;
  g_cond_broadcast(&stream->changed);
}

/* A free block for the inflating thread; NULL when the reader went away. */
static Block *
wait_for_room(LayerStream *stream)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&stream->lock);
  while (stream->filled == BLOCKS && !stream->stopped) {
    if (!stream->hashing && stream->hashed < stream->filled)
      hash_next(stream);
    else
      g_cond_wait(&stream->changed, &stream->lock);
  }
  return stream->stopped ? NULL : &stream->blocks[(stream->first + stream->filled) % BLOCKS];
}

/* False: that was the last. */
static bool
inflate_block(LayerStream *stream, Block *block)
{
  GError *error = NULL;
  if (block->bytes == NULL)
    block->bytes = g_malloc(BLOCK_SIZE);
  gssize got = inflater_read(stream->inflater, block->bytes, BLOCK_SIZE, &error);
  stream->inflated += got > 0 ? (uint64_t)got : 0;
  if (got > 0 && !check_limits(stream, &error))
    got = -1;
  g_mutex_lock(&stream->lock);
  block->size = got > 0 ? (size_t)got : 0;
  stream->filled += got > 0;
  stream->ended = got <= 0;
  stream->error = error;
  g_cond_broadcast(&stream->changed);
  g_mutex_unlock(&stream->lock);
  return got > 0;
}

static void *
inflate_all(void *stream)
{
  Block *block = wait_for_room(stream);
  while (block != NULL && inflate_block(stream, block))
    block = wait_for_room(stream);
  return NULL;
}

LayerStream *
layer_stream_new(LayerRead read, void *read_data, const LayerLimits *limits)
{
  LayerStream *stream = g_new0(LayerStream, 1);
  stream->inflater = inflater_new(read, read_data);
  stream->limits = *limits;
  stream->hash = digest_stream_new(DIGEST_SHA256);
  g_mutex_init(&stream->lock);
  g_cond_init(&stream->changed);
  return stream;
}

/* The reader gives the block back that it looked at. */
static void
release_block(LayerStream *stream)
{
  while (stream->hashed == 0) {
    if (stream->hashing)
      g_cond_wait(&stream->changed, &stream->lock);
    else
      hash_next(stream);
  }
  stream->first = (stream->first + 1) % BLOCKS;
  stream->filled--;
  stream->hashed--;
  stream->held = false;
  g_cond_broadcast(&stream->changed);
}

/* The reader has no block left, and nobody but it. */
static void
inflate_here(LayerStream *stream)
{
  if (stream->inflated < THREAD_AFTER)
    inflate_block(stream, &stream->blocks[stream->first]);
  else
    stream->thread = g_thread_new("inflate", inflate_all, stream);
}

bool
layer_stream_next(LayerStream *stream, Slice *block, GError **error)
{
  *block = SLICE_EMPTY;
  g_mutex_lock(&stream->lock);
  if (stream->held)
    release_block(stream);
  if (stream->thread == NULL && !stream->ended) {
    g_mutex_unlock(&stream->lock);
    inflate_here(stream);
    g_mutex_lock(&stream->lock);
  }
  while (stream->filled == 0 && !stream->ended)
    g_cond_wait(&stream->changed, &stream->lock);
  if (stream->filled > 0) {
    stream->held = true;
    *block = slice_new(stream->blocks[stream->first].bytes, stream->blocks[stream->first].size);
  }
  GError *failure =
      stream->filled > 0 || stream->error == NULL ? NULL : g_error_copy(stream->error);
  g_mutex_unlock(&stream->lock);
  if (failure != NULL) {
    g_propagate_error(error, failure);
    return false;
  }
  stream->size += block->size;
  return true;
}

Digest
layer_stream_digest(const LayerStream *stream)
{
  return digest_stream_current(stream->hash);
}

uint64_t
layer_stream_size(const LayerStream *stream)
{
  return stream->size;
}

void
layer_stream_free(LayerStream *stream)
{
  if (stream == NULL)
    return;
  g_mutex_lock(&stream->lock);
  stream->stopped = true;
  g_cond_broadcast(&stream->changed);
  g_mutex_unlock(&stream->lock);
  if (stream->thread != NULL)
    g_thread_join(stream->thread);
  for (unsigned i = 0; i < BLOCKS; i++)
    g_free(stream->blocks[i].bytes);
  inflater_free(stream->inflater);
  digest_stream_free(stream->hash);
  g_clear_error(&stream->error);
  g_mutex_clear(&stream->lock);
  g_cond_clear(&stream->changed);
  g_free(stream);
}
