/* Weights as a value and as text: varints, and hashes of five bytes; see the header. */
#include "inventory/weights.h"

#include <string.h>

#define HASH_BITS  40u
#define HASH_BYTES (HASH_BITS / 8u)

/* The first byte of an entry. */
#define KIND_BITS  0x0fu
#define TYPE_SHIFT 4u
#define TYPE_BITS  0x07u
/* In the place of a type. */
#define SET_ID_FILE        (WEIGHS_OPAQUE + 1u)
#define LINKED_FILE        (WEIGHS_OPAQUE + 2u)
#define LINKED_SET_ID_FILE (WEIGHS_OPAQUE + 3u)
/* In the place of an entry, after the last: of files how far on the entry is, and the hash of the
 * content, as many as are counted first; at the end. */
#define CONTENTS    0x7eu
#define LEFT_OUT    0x7fu
#define NEXT_FOLDER 0x80u /* the number of its folder comes next; else it is the one before's */

G_STATIC_ASSERT(WEIGHT_KINDS < KIND_BITS - 1);

const char *const weight_kind_names[] = {
    [WEIGHT_OTHER] = "other",
    [WEIGHT_CACHE] = "package-cache",
    [WEIGHT_TEMPORARY] = "temporary",
    [WEIGHT_DOCUMENTATION] = "documentation",
    [WEIGHT_LOCALE] = "locale",
    [WEIGHT_BUILD] = "build-tool",
    [WEIGHT_MANAGER] = "package-manager",
    [WEIGHT_SHELL] = "shell",
    [WEIGHT_TOOL] = "tool",
    NULL,
};

Weights *
weights_new(void)
{
  Weights *weights = g_new0(Weights, 1);
  const WeightFolder root = {weight_hash("", 0), 0};
  weights->folders = g_array_new(FALSE, FALSE, sizeof(WeightFolder));
  weights->entries = g_array_new(FALSE, FALSE, sizeof(Weight));
  weights->contents = g_array_new(FALSE, FALSE, sizeof(WeightContent));
  g_array_append_val(weights->folders, root);
  return weights;
}

void
weights_free(Weights *weights)
{
  if (weights == NULL)
    return;
  g_array_unref(weights->folders);
  g_array_unref(weights->entries);
  g_array_unref(weights->contents);
  g_free(weights);
}

/* FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), whose upper bits say more of the last bytes
 * after one more multiplication. */
uint64_t
weight_hash(const char *path, size_t size)
{
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < size; i++)
    hash = (hash ^ (uint8_t)path[i]) * 0x100000001b3u;
  hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15u;
  return hash >> (64 - HASH_BITS);
}

uint64_t
weight_hash_of(const char *path)
{
  return weight_hash(path, strlen(path));
}

uint64_t
weight_content_hash(uint64_t checksum)
{
  uint64_t hash = checksum & (((uint64_t)1 << HASH_BITS) - 1);
  return checksum != 0 && hash == 0 ? 1 : hash;
}

/* --- text --- */

static void
add_hash(GByteArray *out, uint64_t hash)
{
  uint8_t bytes[HASH_BYTES];
  for (size_t i = 0; i < HASH_BYTES; i++)
    bytes[i] = (uint8_t)(hash >> 8 * i);
  g_byte_array_append(out, bytes, sizeof bytes);
}

static bool
take_hash(Slice *rest, uint64_t *hash)
{
  Slice bytes;
  if (!slice_take(rest, HASH_BYTES, &bytes))
    return false;
  *hash = 0;
  for (size_t i = 0; i < HASH_BYTES; i++)
    *hash |= (uint64_t)bytes.data[i] << 8 * i;
  return true;
}

static void
add_contents(GByteArray *out, const Weights *weights)
{
  const uint8_t mark = CONTENTS;
  uint32_t last = 0;
  if (weights->contents->len == 0)
    return;
  g_byte_array_append(out, &mark, 1);
  byte_array_add_varint(out, weights->contents->len);
  for (guint i = 0; i < weights->contents->len; i++) {
    const WeightContent *content = &g_array_index(weights->contents, WeightContent, i);
    byte_array_add_varint(out, content->entry - last);
    add_hash(out, content->hash);
    last = content->entry;
  }
}

char *
weights_to_text(const Weights *weights)
{
  g_autoptr(GByteArray) out = g_byte_array_new();
  byte_array_add_varint(out, weights->folders->len - 1);
  for (guint i = 1; i < weights->folders->len; i++) {
    const WeightFolder *folder = &g_array_index(weights->folders, WeightFolder, i);
    add_hash(out, folder->hash);
    byte_array_add_varint(out, folder->parent);
  }
  for (size_t i = 0; i < WEIGHT_KINDS; i++) {
    byte_array_add_varint(out, weights->rest[i].files);
    byte_array_add_varint(out, weights->rest[i].bytes);
  }
  uint32_t folder = 0;
  for (guint i = 0; i < weights->entries->len; i++) {
    const Weight *entry = &g_array_index(weights->entries, Weight, i);
    bool next = entry->folder != folder;
    unsigned type = entry->linked   ? entry->set_id ? LINKED_SET_ID_FILE : LINKED_FILE
                    : entry->set_id ? SET_ID_FILE
                                    : entry->type;
    uint8_t first = (uint8_t)(entry->kind | type << TYPE_SHIFT | (next ? NEXT_FOLDER : 0));
    g_byte_array_append(out, &first, 1);
    if (next)
      byte_array_add_varint(out, entry->folder);
    folder = entry->folder;
    add_hash(out, entry->hash);
    byte_array_add_varint(out, entry->size);
  }
  add_contents(out, weights);
  const uint8_t end = LEFT_OUT;
  if (weights->left_out)
    g_byte_array_append(out, &end, 1);
  return g_base64_encode(out->data, out->len);
}

static bool
take_folders(Slice *rest, Weights *weights)
{
  uint64_t count;
  if (!slice_take_varint(rest, &count) || count > WEIGHT_FOLDERS_MAX)
    return false;
  for (uint64_t i = 0; i < count; i++) {
    WeightFolder folder;
    uint64_t parent;
    if (!take_hash(rest, &folder.hash) || !slice_take_varint(rest, &parent) || parent > i)
      return false;
    folder.parent = (uint32_t)parent;
    g_array_append_val(weights->folders, folder);
  }
  return true;
}

/* False: the sum would be more than any layer has. */
static bool
add_bounded(uint64_t *sum, uint64_t more)
{
  if (more > WEIGHT_SUM_MAX - *sum)
    return false;
  *sum += more;
  return true;
}

/* @bytes: of the layer so far. */
static bool
take_rest(Slice *rest, Weights *weights, uint64_t *bytes)
{
  uint64_t files = 0;
  for (size_t i = 0; i < WEIGHT_KINDS; i++) {
    WeightSum *sum = &weights->rest[i];
    if (!slice_take_varint(rest, &sum->files) || !slice_take_varint(rest, &sum->bytes) ||
        !add_bounded(&files, sum->files) || !add_bounded(bytes, sum->bytes))
      return false;
  }
  return true;
}

static bool
take_entry(Slice *rest, Weights *weights, uint32_t folder, uint64_t *bytes)
{
  uint8_t first;
  uint64_t number = folder;
  Weight entry;
  if (!slice_take_uint8(rest, &first) ||
      ((first & NEXT_FOLDER) != 0 && !slice_take_varint(rest, &number)) ||
      number >= weights->folders->len || !take_hash(rest, &entry.hash) ||
      !slice_take_varint(rest, &entry.size))
    return false;
  entry.folder = (uint32_t)number;
  entry.kind = first & KIND_BITS;
  unsigned type = first >> TYPE_SHIFT & TYPE_BITS;
  entry.set_id = type == SET_ID_FILE || type == LINKED_SET_ID_FILE;
  entry.linked = type == LINKED_FILE || type == LINKED_SET_ID_FILE;
  entry.type = type >= SET_ID_FILE ? WEIGHS_FILE : (uint8_t)type;
  g_array_append_val(weights->entries, entry);
  return entry.kind < WEIGHT_KINDS && entry.type <= WEIGHS_OPAQUE &&
         (entry.type != WEIGHS_FILE || add_bounded(bytes, entry.size));
}

static bool
take_contents(Slice *rest, Weights *weights)
{
  uint64_t count, step, last = 0;
  if (!slice_take_varint(rest, &count) || count > weights->entries->len)
    return false;
  for (uint64_t i = 0; i < count; i++) {
    WeightContent content;
    if (!slice_take_varint(rest, &step) || !take_hash(rest, &content.hash) ||
        (step == 0 && i > 0) || step >= weights->entries->len - last || content.hash == 0)
      return false;
    last += step;
    content.entry = (uint32_t)last;
    if (g_array_index(weights->entries, Weight, last).type != WEIGHS_FILE)
      return false;
    g_array_append_val(weights->contents, content);
  }
  return true;
}

/* Hard links may be to entries that come after them: links of links are none. */
static bool
check_links(const Weights *weights)
{
  for (guint i = 0; i < weights->entries->len; i++) {
    const Weight *entry = &g_array_index(weights->entries, Weight, i);
    if (entry->type != WEIGHS_HARDLINK || entry->size == 0)
      continue;
    if (entry->size > weights->entries->len ||
        g_array_index(weights->entries, Weight, entry->size - 1).type != WEIGHS_FILE)
      return false;
  }
  return true;
}

Weights *
weights_from_text(const char *text)
{
  gsize size = 0;
  g_autofree guchar *bytes = g_base64_decode(text, &size);
  g_autoptr(Weights) weights = weights_new();
  Slice rest = slice_new(bytes, size);
  uint64_t sum = 0;
  bool fine = take_folders(&rest, weights) && take_rest(&rest, weights, &sum);
  for (uint32_t folder = 0; fine && rest.size > 0;) {
    if (rest.data[0] == CONTENTS && weights->contents->len == 0) {
      rest = slice_sub(rest, 1, SIZE_MAX);
      fine = take_contents(&rest, weights) && rest.size <= 1;
      continue;
    }
    if (rest.size == 1 && rest.data[0] == LEFT_OUT) {
      weights->left_out = true;
      break;
    }
    fine = weights->entries->len < WEIGHT_ENTRIES_LARGE_MAX &&
           take_entry(&rest, weights, folder, &sum);
    if (fine)
      folder = g_array_index(weights->entries, Weight, weights->entries->len - 1).folder;
  }
  return fine && check_links(weights) ? g_steal_pointer(&weights) : NULL;
}
