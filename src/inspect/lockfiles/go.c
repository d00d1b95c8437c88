/* Go's go.mod, go.sum and vendor/modules.txt (https://go.dev/ref/mod). */
#include <string.h>

#include "inspect/lockfiles/lockfiles-private.h"

#define WORDS_MAX 6u

typedef struct {
  Slice words[WORDS_MAX];
  unsigned count;
} Words;

static Words
split(Slice line)
{
  Words words = {.count = 0};
  Slice field;
  while (words.count < WORDS_MAX && slice_next_field(&line, ' ', &field)) {
    field = lock_unquote(field);
    if (field.size > 0)
      words.words[words.count++] = field;
  }
  return words;
}

static Slice
without_comment(Slice line)
{
  for (size_t i = 0; i + 1 < line.size; i++)
    if (line.data[i] == '/' && line.data[i + 1] == '/' && (i == 0 || line.data[i - 1] <= ' '))
      return slice_sub(line, 0, i);
  return line;
}

/* Keys are "path" or "path version"; values what is in their place, or "" for a folder. */
typedef struct {
  GHashTable *replaced, *excluded;
  GPtrArray *required; /* char *: path, version, in turn */
} GoMod;

static char *
joined(Slice path, Slice version)
{
  g_autofree char *path_text = slice_to_utf8(path), *version_text = slice_to_utf8(version);
  return version.size == 0 ? g_strdup(path_text) : g_strconcat(path_text, " ", version_text, NULL);
}

/* "path [version] => path [version]". */
static void
take_replace(GoMod *mod, const Words *words)
{
  unsigned arrow = 0;
  while (arrow < words->count && !slice_equal_string(words->words[arrow], "=>"))
    arrow++;
  if (arrow == 0 || arrow > 2 || arrow + 1 >= words->count)
    return;
  char *key = joined(words->words[0], arrow == 2 ? words->words[1] : SLICE_EMPTY);
  char *value = arrow + 2 < words->count ? joined(words->words[arrow + 1], words->words[arrow + 2])
                                         : g_strdup("");
  g_hash_table_replace(mod->replaced, key, value);
}

static void
take_directive(GoMod *mod, Slice verb, const Words *words)
{
  if (slice_equal_string(verb, "require") && words->count >= 2) {
    g_ptr_array_add(mod->required, slice_to_utf8(words->words[0]));
    g_ptr_array_add(mod->required, slice_to_utf8(words->words[1]));
  } else if (slice_equal_string(verb, "replace")) {
    take_replace(mod, words);
  } else if (slice_equal_string(verb, "exclude") && words->count >= 2) {
    g_hash_table_add(mod->excluded, joined(words->words[0], words->words[1]));
  }
}

/* "require (", "require(" and "require\t(" are the same. */
static size_t
verb_size(Slice line)
{
  size_t size = 0;
  while (size < line.size && g_ascii_isalpha(line.data[size]))
    size++;
  return size;
}

static void
take_lines(GoMod *mod, Slice text)
{
  Slice line, verb = SLICE_EMPTY;
  bool in_block = false;
  while (slice_next_line(&text, &line)) {
    for (line = slice_strip(without_comment(line)); line.size > 0; line = SLICE_EMPTY) {
      g_autofree char *plain = slice_to_string(line);
      g_strdelimit(plain, "\t", ' ');
      Words words = split(slice_from_string(plain));
      if (in_block && slice_equal_string(words.words[0], ")")) {
        in_block = false;
      } else if (in_block) {
        take_directive(mod, verb, &words);
      } else if (words.count > 0) {
        verb = slice_sub(line, 0, verb_size(line));
        in_block = line.data[line.size - 1] == '(';
        memmove(words.words, words.words + 1, (WORDS_MAX - 1) * sizeof(Slice));
        words.count--;
        take_directive(mod, verb, &words);
      }
    }
  }
}

/* What is in the place of @path counts; nothing, where that is a folder. */
static void
add_required(const GoMod *mod, const char *path, const char *version, Lock *lock)
{
  g_autofree char *both = g_strconcat(path, " ", version, NULL);
  const char *other = g_hash_table_lookup(mod->replaced, both);
  if (other == NULL)
    other = g_hash_table_lookup(mod->replaced, path);
  if (other == NULL && !g_hash_table_contains(mod->excluded, both))
    lock_add(lock, path, version);
  const char *space = other == NULL ? NULL : strchr(other, ' ');
  if (space != NULL)
    lock_add_slices(lock, slice_new(other, (size_t)(space - other)), slice_from_string(space + 1));
}

void
go_mod_read(Slice bytes, Lock *lock)
{
  g_autoptr(GHashTable) replaced = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GHashTable) excluded = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GPtrArray) required = g_ptr_array_new_with_free_func(g_free);
  GoMod mod = {replaced, excluded, required};
  take_lines(&mod, bytes);
  for (guint i = 0; i + 1 < required->len; i += 2)
    add_required(&mod, g_ptr_array_index(required, i), g_ptr_array_index(required, i + 1), lock);
}

/* Lines are sorted, and have all versions that were looked at. The last one whose content is there,
 * not its go.mod alone, is the one that is built with. */
void
go_sum_read(Slice bytes, Lock *lock)
{
  Slice line, name = SLICE_EMPTY, version = SLICE_EMPTY;
  while (slice_next_line(&bytes, &line)) {
    Words words = split(line);
    if (words.count < 3 || lock_find_last(words.words[1], '/') >= 0)
      continue;
    if (!slice_equal(words.words[0], name) && name.size > 0)
      lock_add_slices(lock, name, version);
    name = words.words[0];
    version = words.words[1];
  }
  if (name.size > 0)
    lock_add_slices(lock, name, version);
}

/* The module of "# path version", or of what is in its place: "... => path version"; none, where
 * that is a folder. */
static bool
vendored_module(Slice line, Slice *path, Slice *version)
{
  Words words = split(slice_sub(line, 2, SIZE_MAX));
  for (unsigned i = 1; i + 1 < words.count; i++)
    if (slice_equal_string(words.words[i], "=>")) {
      memmove(words.words, words.words + i + 1, (WORDS_MAX - i - 1) * sizeof(Slice));
      words.count -= i + 1;
    }
  *path = words.words[0];
  *version = words.words[1];
  return words.count == 2;
}

/* A module, and then its packages that are there; a module without any is none of the build. */
void
go_vendor_read(Slice bytes, Lock *lock)
{
  Slice line, path = SLICE_EMPTY, version = SLICE_EMPTY;
  bool is_known = false;
  while (slice_next_line(&bytes, &line)) {
    if (slice_has_prefix(line, SLICE_LITERAL("# "))) {
      is_known = vendored_module(line, &path, &version);
    } else if (is_known && line.size > 0 && line.data[0] != '#') {
      lock_add_slices(lock, path, version);
      is_known = false;
    }
  }
}
