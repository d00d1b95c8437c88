/* Gemfile.lock of Bundler: sections whose "specs:" have "    name (version)", and below, deeper,
 * what each needs. */
#include "inspect/lockfiles/lockfiles-private.h"

/* "nokogiri (1.13.3-x86_64-linux)": gems' versions have no "-", what is after it is a platform. */
static void
add_spec(Slice text, Lock *lock)
{
  gssize open = slice_find(text, '(');
  if (open <= 0)
    return;
  Slice version = lock_before(slice_sub(text, (size_t)open + 1, SIZE_MAX), ')');
  lock_add_slices(lock, slice_strip(slice_sub(text, 0, (size_t)open)), lock_before(version, '-'));
}

void
gemfile_lock_read(Slice bytes, Lock *lock)
{
  Slice line;
  bool in_specs = false;
  while (slice_next_line(&bytes, &line)) {
    if (slice_equal_string(line, "  specs:"))
      in_specs = true;
    else if (line.size > 0 && line.data[0] != ' ')
      in_specs = false;
    else if (in_specs && slice_has_prefix(line, SLICE_LITERAL("    ")) && line.size > 4 &&
             line.data[4] != ' ')
      add_spec(slice_sub(line, 4, SIZE_MAX), lock);
  }
}
