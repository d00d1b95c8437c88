/* MD5 in the lanes of vectors; see the header.
 *
 * What was not digested yet lies in chunks of one pool. Where the pool is full, the eight texts of
 * which most waits go first: so a large one is digested beside others all the time, and none is
 * left alone at the end that is much longer than the rest. */
#include "inspect/integrity/md5_lanes.h"

#include <nettle/md5.h>
#include <string.h>

#define LANES 8u
#define BLOCK 64u
/* With fewer texts at hand than this, one after the other is as fast. */
#define WORTH_IT    2u
#define CHUNK_BYTES ((size_t)32 << 10) /* whole blocks */
#define CHUNKS      (MD5_POOL_BYTES / CHUNK_BYTES)
/* So many are made free at once, as choosing texts takes a while. */
#define CHUNKS_FREED 32u

typedef uint32_t Vector __attribute__((vector_size(LANES * sizeof(uint32_t))));
enum { A, B, C, D, STATES };

typedef struct Chunk {
  struct Chunk *next;
  uint8_t bytes[CHUNK_BYTES];
} Chunk;

typedef struct {
  Chunk *first, *last; /* what waits; each but the last is full */
  size_t begin, end;   /* in the first, in the last */
  size_t waiting;      /* bytes */
  uint64_t size;       /* of the text, as far as it came */
  uint32_t state[STATES], number;
  bool ended; /* and padded to whole blocks */
} Text;

struct Md5Lanes {
  GPtrArray *texts; /* Text, of which something waits, or that are open */
  Text *open;
  Chunk *free;
  size_t used;     /* chunks that texts have */
  GArray *digests; /* MD5_BYTES each, by number */
};

static void
chunks_free(Chunk *chunk)
{
  while (chunk != NULL) {
    Chunk *next = chunk->next;
    g_free(chunk);
    chunk = next;
  }
}

static void
text_free(Text *text)
{
  chunks_free(text->first);
  g_free(text);
}

Md5Lanes *
md5_lanes_new(void)
{
  Md5Lanes *lanes = g_new0(Md5Lanes, 1);
  lanes->texts = g_ptr_array_new_with_free_func((GDestroyNotify)text_free);
  lanes->digests = g_array_new(FALSE, TRUE, MD5_BYTES);
  return lanes;
}

void
md5_lanes_free(Md5Lanes *lanes)
{
  if (lanes == NULL)
    return;
  g_ptr_array_unref(lanes->texts);
  chunks_free(lanes->free);
  g_array_unref(lanes->digests);
  g_free(lanes);
}

/* --- blocks --- */

#define F(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define G(x, y, z) ((y) ^ ((z) & ((x) ^ (y))))
#define H(x, y, z) ((x) ^ (y) ^ (z))
#define I(x, y, z) ((y) ^ ((x) | ~(z)))
#define STEP(f, a, b, c, d, word, shift, sine)                                                     \
  a += f(b, c, d) + words[word] + (uint32_t)(sine);                                                \
  a = (a << (shift)) | (a >> (32 - (shift)));                                                      \
  a += b;
/* Four steps, after which each variable has been written once. */
#define TURN(f, w0, w1, w2, w3, s0, s1, s2, s3, t0, t1, t2, t3)                                    \
  STEP(f, a, b, c, d, w0, s0, t0)                                                                  \
  STEP(f, d, a, b, c, w1, s1, t1)                                                                  \
  STEP(f, c, d, a, b, w2, s2, t2)                                                                  \
  STEP(f, b, c, d, a, w3, s3, t3)

/* gcc 12's analyser takes a vector's number of lanes for the size of what is shifted. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wanalyzer-shift-count-overflow"
#endif
/* One block of each lane. Sines are those of RFC 1321, section 3.4. */
static inline __attribute__((always_inline)) void
take_block(Vector state[STATES], const Vector words[BLOCK / sizeof(uint32_t)])
{
  Vector a = state[A], b = state[B], c = state[C], d = state[D];
  TURN(F, 0, 1, 2, 3, 7, 12, 17, 22, 0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee)
  TURN(F, 4, 5, 6, 7, 7, 12, 17, 22, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501)
  TURN(F, 8, 9, 10, 11, 7, 12, 17, 22, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be)
  TURN(F, 12, 13, 14, 15, 7, 12, 17, 22, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821)
  TURN(G, 1, 6, 11, 0, 5, 9, 14, 20, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa)
  TURN(G, 5, 10, 15, 4, 5, 9, 14, 20, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8)
  TURN(G, 9, 14, 3, 8, 5, 9, 14, 20, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed)
  TURN(G, 13, 2, 7, 12, 5, 9, 14, 20, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a)
  TURN(H, 5, 8, 11, 14, 4, 11, 16, 23, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c)
  TURN(H, 1, 4, 7, 10, 4, 11, 16, 23, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70)
  TURN(H, 13, 0, 3, 6, 4, 11, 16, 23, 0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05)
  TURN(H, 9, 12, 15, 2, 4, 11, 16, 23, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665)
  TURN(I, 0, 7, 14, 5, 6, 10, 15, 21, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039)
  TURN(I, 12, 3, 10, 1, 6, 10, 15, 21, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1)
  TURN(I, 8, 15, 6, 13, 6, 10, 15, 21, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1)
  TURN(I, 4, 11, 2, 9, 6, 10, 15, 21, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391)
  state[A] += a;
  state[B] += b;
  state[C] += c;
  state[D] += d;
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#define MIXED(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)

/* LANES words of each text from @at on: a vector for each word in the place of one for each text.
 */
static inline __attribute__((always_inline)) void
load_words(const uint8_t *const texts[LANES], size_t at, Vector words[LANES])
{
  Vector rows[LANES] = {0}, pairs[LANES] = {0};
  for (size_t i = 0; i < LANES; i++)
    memcpy(&rows[i], texts[i] + at, sizeof rows[i]);
  for (size_t i = 0; i < LANES; i += 2) {
    pairs[i] = MIXED(rows[i], rows[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    pairs[i + 1] = MIXED(rows[i], rows[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (size_t i = 0; i < LANES; i += 4)
    for (size_t j = 0; j < 2; j++) {
      rows[i + 2 * j] = MIXED(pairs[i + j], pairs[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      rows[i + 2 * j + 1] = MIXED(pairs[i + j], pairs[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (size_t i = 0; i < LANES / 2; i++) {
    words[i] = MIXED(rows[i], rows[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    words[i + 4] = MIXED(rows[i], rows[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

static inline __attribute__((always_inline)) void
take_blocks(Vector state[STATES], const uint8_t *const texts[LANES], size_t count)
{
  for (size_t at = 0; at < count * BLOCK; at += BLOCK) {
    Vector words[BLOCK / sizeof(uint32_t)];
    load_words(texts, at, words);
    load_words(texts, at + sizeof(Vector), words + LANES);
    take_block(state, words);
  }
}

static void
take_blocks_anywhere(Vector state[STATES], const uint8_t *const texts[LANES], size_t count)
{
  take_blocks(state, texts, count);
}

#ifdef __x86_64__
__attribute__((target("avx2"))) static void
take_blocks_by_avx2(Vector state[STATES], const uint8_t *const texts[LANES], size_t count)
{
  take_blocks(state, texts, count);
}

/* It has rotations, and logic of three operands. */
__attribute__((target("avx512f,avx512vl"))) static void
take_blocks_by_avx512(Vector state[STATES], const uint8_t *const texts[LANES], size_t count)
{
  take_blocks(state, texts, count);
}
#endif

/* @count blocks of each of @texts. */
static void
take(Vector state[STATES], const uint8_t *const texts[LANES], size_t count)
{
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) {
    take_blocks_by_avx512(state, texts, count);
    return;
  }
  if (__builtin_cpu_supports("avx2")) {
    take_blocks_by_avx2(state, texts, count);
    return;
  }
#endif
  take_blocks_anywhere(state, texts, count);
}

/* --- texts --- */

static size_t
blocks_of(const Text *text)
{
  return text->waiting / BLOCK;
}

/* That lie in one piece. */
static size_t
blocks_at_hand(const Text *text)
{
  return ((text->first == text->last ? text->end : CHUNK_BYTES) - text->begin) / BLOCK;
}

static void
write_digest(Md5Lanes *lanes, const Text *text)
{
  uint8_t *digest = (uint8_t *)lanes->digests->data + (size_t)text->number * MD5_BYTES;
  for (size_t i = 0; i < STATES; i++) {
    uint32_t value = GUINT32_TO_LE(text->state[i]);
    memcpy(digest + i * sizeof value, &value, sizeof value);
  }
}

/* Blocks were taken, which lay in one piece. A chunk that is done with is free. */
static void
pass(Md5Lanes *lanes, Text *text, size_t count)
{
  text->begin += count * BLOCK;
  text->waiting -= count * BLOCK;
  if (text->begin < (text->first == text->last ? text->end : CHUNK_BYTES))
    return;
  Chunk *done = text->first;
  text->first = done->next;
  if (text->first == NULL)
    text->last = NULL;
  text->begin = 0;
  done->next = lanes->free;
  lanes->free = done;
  lanes->used--;
}

/* As many blocks of each of @count texts as the one has at hand that has fewest. Lanes without a
 * text go along with another's. */
static void
take_together(Md5Lanes *lanes, Text *const chosen[LANES], size_t count, size_t blocks)
{
  Vector state[STATES] = {0};
  const uint8_t *bytes[LANES] = {NULL};
  for (size_t i = 0; i < LANES; i++) {
    const Text *text = chosen[i < count ? i : 0];
    bytes[i] = text->first->bytes + text->begin;
    for (size_t part = 0; part < STATES; part++)
      state[part][i] = text->state[part];
  }
  take(state, bytes, blocks);
  for (size_t i = 0; i < count; i++) {
    for (size_t part = 0; part < STATES; part++)
      chosen[i]->state[part] = state[part][i];
    pass(lanes, chosen[i], blocks);
  }
}

static void
take_alone(Md5Lanes *lanes, Text *text, size_t blocks)
{
  for (size_t i = 0; i < blocks; i++)
    nettle_md5_compress(text->state, text->first->bytes + text->begin + i * BLOCK);
  pass(lanes, text, blocks);
}

/* Those of which most waits, the most first. How many: those that have a block. */
static size_t
choose(const Md5Lanes *lanes, Text *chosen[LANES])
{
  size_t count = 0;
  for (guint i = 0; i < lanes->texts->len; i++) {
    Text *text = lanes->texts->pdata[i];
    if (blocks_of(text) == 0 || (count == LANES && text->waiting <= chosen[LANES - 1]->waiting))
      continue;
    size_t at = count < LANES ? count++ : LANES - 1;
    for (; at > 0 && chosen[at - 1]->waiting < text->waiting; at--)
      chosen[at] = chosen[at - 1];
    chosen[at] = text;
  }
  return count;
}

/* Texts that have ended, and of which nothing waits. */
static void
forget_done(Md5Lanes *lanes)
{
  for (guint i = lanes->texts->len; i-- > 0;) {
    Text *text = lanes->texts->pdata[i];
    if (!text->ended || text->waiting > 0)
      continue;
    write_digest(lanes, text);
    g_ptr_array_remove_index_fast(lanes->texts, i);
  }
}

/* Until no more than @most chunks are used, or no text has a whole block. */
static void
digest_until(Md5Lanes *lanes, size_t most)
{
  while (lanes->used > most) {
    Text *chosen[LANES] = {NULL};
    size_t count = choose(lanes, chosen), blocks = SIZE_MAX;
    if (count == 0)
      return;
    while (lanes->used > most && blocks > 0) {
      blocks = SIZE_MAX;
      for (size_t i = 0; i < count; i++)
        blocks = MIN(blocks, chosen[i]->first != NULL ? blocks_at_hand(chosen[i]) : 0);
      if (blocks > 0 && count >= WORTH_IT)
        take_together(lanes, chosen, count, blocks);
      else if (blocks > 0)
        for (size_t i = 0; i < count; i++)
          take_alone(lanes, chosen[i], blocks);
    }
    forget_done(lanes);
  }
}

static Chunk *
free_chunk(Md5Lanes *lanes)
{
  if (lanes->used == CHUNKS)
    digest_until(lanes, CHUNKS - CHUNKS_FREED);
  Chunk *chunk = lanes->free;
  if (chunk == NULL)
    chunk = g_new(Chunk, 1);
  else
    lanes->free = chunk->next;
  chunk->next = NULL;
  lanes->used++;
  return chunk;
}

static void
put(Md5Lanes *lanes, Text *text, Slice bytes)
{
  while (bytes.size > 0) {
    if (text->last == NULL || text->end == CHUNK_BYTES) {
      Chunk *chunk = free_chunk(lanes); /* which may take the last */
      if (text->last == NULL)
        text->first = chunk;
      else
        text->last->next = chunk;
      text->last = chunk;
      text->end = 0;
    }
    size_t size = MIN(bytes.size, CHUNK_BYTES - text->end);
    memcpy(text->last->bytes + text->end, bytes.data, size);
    text->end += size;
    text->waiting += size;
    bytes = slice_sub(bytes, size, bytes.size - size);
  }
}

void
md5_lanes_begin(Md5Lanes *lanes)
{
  static const uint32_t start[STATES] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  Text *text = g_new0(Text, 1);
  memcpy(text->state, start, sizeof start);
  text->number = lanes->digests->len;
  g_array_set_size(lanes->digests, lanes->digests->len + 1);
  g_ptr_array_add(lanes->texts, text);
  lanes->open = text;
}

void
md5_lanes_add(Md5Lanes *lanes, Slice bytes)
{
  lanes->open->size += bytes.size;
  put(lanes, lanes->open, bytes);
}

uint32_t
md5_lanes_end(Md5Lanes *lanes)
{
  Text *text = g_steal_pointer(&lanes->open);
  uint8_t padding[2 * BLOCK] = {0x80};
  uint64_t bits = GUINT64_TO_LE(text->size * 8);
  size_t size = BLOCK - (text->size + sizeof bits) % BLOCK;
  memcpy(padding + size, &bits, sizeof bits);
  put(lanes, text, slice_new(padding, size + sizeof bits));
  text->ended = true;
  return text->number;
}

const uint8_t *
md5_lanes_digest(Md5Lanes *lanes, uint32_t number)
{
  digest_until(lanes, 0);
  return (const uint8_t *)lanes->digests->data + (size_t)number * MD5_BYTES;
}
