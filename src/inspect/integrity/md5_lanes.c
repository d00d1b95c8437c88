/* MD5 in the lanes of vectors; see the header. */
#include "inspect/integrity/md5_lanes.h"

#include <nettle/md5.h>
#include <string.h>

#define LANES 8u
#define BLOCK 64u
/* With fewer texts at hand than this, one after the other is as fast. */
#define WORTH_IT 3u

typedef uint32_t Vector __attribute__((vector_size(LANES * sizeof(uint32_t))));
enum { A, B, C, D, STATES };

typedef struct {
  uint8_t *bytes; /* MD5_LANE_BYTES and what a text is padded to, from the first use on */
  size_t begin, end;
  uint64_t size; /* of the text, as far as it came */
  uint32_t state[STATES], number;
  enum { LANE_FREE, LANE_OPEN, LANE_ENDED } use;
} Lane;

struct Md5Lanes {
  Lane lanes[LANES];
  Lane *open;
  GArray *digests; /* MD5_BYTES each, by number */
};

Md5Lanes *
md5_lanes_new(void)
{
  Md5Lanes *lanes = g_new0(Md5Lanes, 1);
  lanes->digests = g_array_new(FALSE, TRUE, MD5_BYTES);
  return lanes;
}

void
md5_lanes_free(Md5Lanes *lanes)
{
  if (lanes == NULL)
    return;
  for (size_t i = 0; i < LANES; i++)
    g_free(lanes->lanes[i].bytes);
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
#endif

/* @count blocks of each of @texts. */
static void
take(Vector state[STATES], const uint8_t *const texts[LANES], size_t count)
{
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) {
    take_blocks_by_avx2(state, texts, count);
    return;
  }
#endif
  take_blocks_anywhere(state, texts, count);
}

/* --- lanes --- */

static size_t
blocks_of(const Lane *lane)
{
  return lane->use == LANE_FREE ? 0 : (lane->end - lane->begin) / BLOCK;
}

/* Blocks were taken. A text that has ended is padded to whole blocks, so that nothing remains. */
static void
pass(Md5Lanes *lanes, Lane *lane, size_t count)
{
  lane->begin += count * BLOCK;
  if (lane->use != LANE_ENDED || lane->begin < lane->end)
    return;
  uint8_t *digest = (uint8_t *)lanes->digests->data + (size_t)lane->number * MD5_BYTES;
  for (size_t i = 0; i < STATES; i++) {
    uint32_t value = GUINT32_TO_LE(lane->state[i]);
    memcpy(digest + i * sizeof value, &value, sizeof value);
  }
  lane->use = LANE_FREE;
}

/* As many blocks of all lanes that have some as the shortest has. Lanes that have none go along
 * with another's text. */
static void
take_together(Md5Lanes *lanes)
{
  size_t count = SIZE_MAX, some = 0;
  for (size_t i = 0; i < LANES; i++)
    if (blocks_of(&lanes->lanes[i]) > 0 && blocks_of(&lanes->lanes[i]) < count) {
      count = blocks_of(&lanes->lanes[i]);
      some = i;
    }
  Vector state[STATES] = {0};
  const uint8_t *texts[LANES] = {NULL};
  bool taken[LANES] = {false};
  for (size_t i = 0; i < LANES; i++) {
    taken[i] = blocks_of(&lanes->lanes[i]) > 0;
    const Lane *lane = &lanes->lanes[taken[i] ? i : some];
    texts[i] = lane->bytes + lane->begin;
    for (size_t part = 0; part < STATES; part++)
      state[part][i] = lane->state[part];
  }
  take(state, texts, count);
  for (size_t i = 0; i < LANES; i++) {
    if (!taken[i])
      continue;
    for (size_t part = 0; part < STATES; part++)
      lanes->lanes[i].state[part] = state[part][i];
    pass(lanes, &lanes->lanes[i], count);
  }
}

static void
take_alone(Md5Lanes *lanes, Lane *lane)
{
  size_t count = blocks_of(lane);
  for (size_t i = 0; i < count; i++)
    nettle_md5_compress(lane->state, lane->bytes + lane->begin + i * BLOCK);
  pass(lanes, lane, count);
}

static size_t
count_of_full(const Md5Lanes *lanes)
{
  size_t count = 0;
  for (size_t i = 0; i < LANES; i++)
    count += blocks_of(&lanes->lanes[i]) > 0;
  return count;
}

/* Until @lane has less than a block. */
static void
empty(Md5Lanes *lanes, Lane *lane)
{
  while (blocks_of(lane) > 0)
    if (count_of_full(lanes) < WORTH_IT)
      take_alone(lanes, lane);
    else
      take_together(lanes);
}

/* One that no text has. Each of the others has a whole block, as its text has ended. */
static Lane *
free_lane(Md5Lanes *lanes)
{
  for (;;) {
    for (size_t i = 0; i < LANES; i++)
      if (lanes->lanes[i].use == LANE_FREE)
        return &lanes->lanes[i];
    take_together(lanes);
  }
}

void
md5_lanes_begin(Md5Lanes *lanes)
{
  static const uint32_t start[STATES] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  Lane *lane = free_lane(lanes);
  if (lane->bytes == NULL)
    lane->bytes = g_malloc0(MD5_LANE_BYTES + 2 * BLOCK);
  lane->begin = lane->end = lane->size = 0;
  memcpy(lane->state, start, sizeof start);
  lane->number = lanes->digests->len;
  lane->use = LANE_OPEN;
  g_array_set_size(lanes->digests, lanes->digests->len + 1);
  lanes->open = lane;
}

void
md5_lanes_add(Md5Lanes *lanes, Slice bytes)
{
  Lane *lane = lanes->open;
  lane->size += bytes.size;
  while (bytes.size > 0) {
    if (lane->end == MD5_LANE_BYTES) {
      empty(lanes, lane);
      lane->end -= lane->begin;
      memmove(lane->bytes, lane->bytes + lane->begin, lane->end);
      lane->begin = 0;
    }
    size_t size = MIN(bytes.size, MD5_LANE_BYTES - lane->end);
    memcpy(lane->bytes + lane->end, bytes.data, size);
    lane->end += size;
    bytes = slice_sub(bytes, size, bytes.size - size);
  }
}

uint32_t
md5_lanes_end(Md5Lanes *lanes)
{
  Lane *lane = g_steal_pointer(&lanes->open);
  uint64_t bits = GUINT64_TO_LE(lane->size * 8);
  size_t over = (lane->size + sizeof bits) % BLOCK, padding = BLOCK - over;
  memset(lane->bytes + lane->end, 0, padding);
  lane->bytes[lane->end] = 0x80;
  memcpy(lane->bytes + lane->end + padding, &bits, sizeof bits);
  lane->end += padding + sizeof bits;
  lane->use = LANE_ENDED;
  return lane->number;
}

const uint8_t *
md5_lanes_digest(Md5Lanes *lanes, uint32_t number)
{
  for (size_t i = 0; i < LANES; i++)
    if (lanes->lanes[i].use == LANE_ENDED && lanes->lanes[i].number == number)
      empty(lanes, &lanes->lanes[i]);
  return (const uint8_t *)lanes->digests->data + (size_t)number * MD5_BYTES;
}
