/* Files of few words: cabal's freeze, opam's, packs of SWI-Prolog. */
#include <string.h>

#include "inspect/lockfiles/lockfiles-private.h"

/* "constraints: any.name ==1.0, name +flag": a constraint without "any." is no choice of the
 * solver. */
void
cabal_freeze_read(Slice bytes, Lock *lock)
{
  Slice line, field;
  while (slice_next_line(&bytes, &line)) {
    line = slice_strip(line);
    if (slice_has_prefix(line, SLICE_LITERAL("--")))
      continue;
    if (slice_has_prefix(line, SLICE_LITERAL("constraints:")))
      line = slice_sub(line, strlen("constraints:"), SIZE_MAX);
    while (slice_next_field(&line, ',', &field)) {
      field = slice_strip(field);
      gssize sign = slice_find(field, '=');
      if (!slice_has_prefix(field, SLICE_LITERAL("any.")) || sign < 4)
        continue;
      Slice version = slice_sub(field, (size_t)sign, SIZE_MAX);
      if (!slice_has_prefix(version, SLICE_LITERAL("==")))
        continue;
      lock_add_slices(lock, slice_strip(slice_sub(field, 4, (size_t)sign - 4)),
                      slice_strip(slice_sub(version, 2, SIZE_MAX)));
    }
  }
}

/* `"name" {= "1.0"}` lines of "depends:". */
void
opam_locked_read(Slice bytes, Lock *lock)
{
  Slice line;
  bool is_meant = false;
  while (slice_next_line(&bytes, &line)) {
    line = slice_strip(line);
    if (slice_has_prefix(line, SLICE_LITERAL("depends:")))
      is_meant = true;
    else if (slice_has_prefix(line, SLICE_LITERAL("]")))
      is_meant = false;
    gssize open = slice_find(line, '{'), end = slice_find(line, '}');
    if (!is_meant || line.size == 0 || line.data[0] != '"' || open < 0 || end < open)
      continue;
    Slice version = slice_strip(slice_sub(line, (size_t)open + 1, (size_t)(end - open) - 1));
    if (slice_has_prefix(version, SLICE_LITERAL("=")))
      lock_add_slices(lock, lock_unquote(slice_sub(line, 0, (size_t)open)),
                      lock_unquote(lock_before(slice_sub(version, 1, SIZE_MAX), '&')));
  }
}

/* The argument of `@word(argument).`. */
static Slice
argument_of(Slice line, const char *word)
{
  size_t size = strlen(word);
  line = slice_strip(line);
  if (!slice_has_prefix(line, slice_from_string(word)) || slice_find(line, '(') != (gssize)size)
    return SLICE_EMPTY;
  return lock_unquote(lock_before(slice_sub(line, size + 1, SIZE_MAX), ')'));
}

void
prolog_pack_read(Slice bytes, Lock *lock)
{
  Slice line, name = SLICE_EMPTY, version = SLICE_EMPTY;
  while (slice_next_line(&bytes, &line)) {
    Slice found_name = argument_of(line, "name"), found_version = argument_of(line, "version");
    name = found_name.size > 0 ? found_name : name;
    version = found_version.size > 0 ? found_version : version;
  }
  lock_add_slices(lock, name, version);
}
