/* yarn.lock: blocks whose head is a list of "name@range". The first version has a format of its
 * own; since Yarn 2 it is YAML, always written in the same way, so that one reader by lines does
 * for both (https://classic.yarnpkg.com/lang/en/docs/yarn-lock/). */
#include <string.h>

#include "inspect/lockfiles/lockfiles-private.h"

typedef struct {
  Slice head, version, resolved, resolution;
} Block;

/* An address of a registry says whose archive it is: ".../@scope/name/-/name-1.0.0.tgz". */
static bool
name_of_address(Slice address, Slice *name)
{
  const uint8_t *end =
      address.size < 3 ? NULL : memmem(address.data, address.size, "/-/", strlen("/-/"));
  if (end == NULL)
    return false;
  Slice before = slice_sub(address, 0, (size_t)(end - address.data));
  gssize slash = lock_find_last(before, '/');
  if (slash < 0)
    return false;
  gssize scope = lock_find_last(slice_sub(before, 0, (size_t)slash), '/');
  bool has_scope = scope >= 0 && before.data[scope + 1] == '@';
  *name = slice_sub(before, (size_t)(has_scope ? scope : slash) + 1, SIZE_MAX);
  return name->size > 0;
}

static void
add_first(const Block *block, Lock *lock)
{
  Slice name, range, real = SLICE_EMPTY;
  Slice first = lock_unquote(lock_before(lock_unquote(block->head), ','));
  if (!lock_split_name(first, &name, &range))
    return;
  if (slice_has_prefix(range, SLICE_LITERAL("npm:")) &&
      lock_split_name(slice_sub(range, strlen("npm:"), SIZE_MAX), &real, &range))
    name = real;
  else if (name_of_address(block->resolved, &real))
    name = real;
  lock_add_slices(lock, name, block->version);
}

/* "name@npm:1.0.0" is what the block is, whatever alias its head has. A workspace is the project's
 * own, what is linked has no version, and what is patched has a block of its own as well. */
static void
add_second(const Block *block, Lock *lock)
{
  Slice name, range;
  if (!lock_split_name(block->resolution, &name, &range) ||
      slice_has_prefix(range, SLICE_LITERAL("workspace:")) ||
      slice_has_prefix(range, SLICE_LITERAL("link:")) ||
      slice_has_prefix(range, SLICE_LITERAL("patch:")) ||
      slice_has_prefix(range, SLICE_LITERAL("portal:")))
    return;
  lock_add_slices(lock, name, block->version);
}

static void
add_block(const Block *block, Lock *lock)
{
  if (block->version.size == 0)
    return;
  if (block->resolution.size > 0)
    add_second(block, lock);
  else
    add_first(block, lock);
}

/* `  version "1.0.0"`, `  version: 1.0.0`; other blocks of the block lie deeper. */
static void
take_field(Block *block, Slice line)
{
  Slice value = slice_strip(line), word = lock_before(value, ' ');
  value = lock_unquote(slice_sub(value, word.size, SIZE_MAX));
  if (word.size > 0 && word.data[word.size - 1] == ':')
    word.size--;
  word = lock_unquote(word);
  if (slice_equal_string(word, "version"))
    block->version = value;
  else if (slice_equal_string(word, "resolved"))
    block->resolved = value;
  else if (slice_equal_string(word, "resolution"))
    block->resolution = value;
}

void
yarn_lock_read(Slice bytes, Lock *lock)
{
  Block block = {.head = SLICE_EMPTY};
  Slice line;
  while (slice_next_line(&bytes, &line)) {
    bool is_deep = slice_has_prefix(line, SLICE_LITERAL("   "));
    if (slice_strip(line).size == 0 || line.data[0] == '#' || is_deep)
      continue;
    if (line.data[0] == ' ') {
      take_field(&block, line);
      continue;
    }
    add_block(&block, lock);
    line = slice_strip(line);
    if (line.data[line.size - 1] == ':')
      line.size--;
    block = (Block){.head = line};
  }
  add_block(&block, lock);
}
