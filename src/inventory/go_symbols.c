/* The set is sorted 32-bit hashes (FNV-1a), of which each is written as its distance from the one
 * before: three bytes or so. */
#include "inventory/go_symbols.h"

#include <string.h>

#define VERSION_MARK '1'
#define HASH_START   2166136261u
#define HASH_FACTOR  16777619u
#define PARTS_MAX    8u
#define NAMES_SHOWN  3u
/* No import path has a question mark. */
#define SYSTEM    SLICE_LITERAL("?system")
#define PROCESSOR SLICE_LITERAL("?processor")

GArray *
go_symbols_new(void)
{
  return g_array_new(FALSE, FALSE, sizeof(uint32_t));
}

/* --- names --- */

static uint32_t
hash_on(uint32_t hash, Slice bytes)
{
  for (size_t i = 0; i < bytes.size; i++)
    hash = (hash ^ bytes.data[i]) * HASH_FACTOR;
  return hash;
}

static uint32_t
hash_of_package(Slice package)
{
  return hash_on(hash_on(HASH_START, package), SLICE_LITERAL("."));
}

/* A function in another one: "func1", "gowrap2", "deferwrap1", "2", "1-range1". */
static bool
is_nested(Slice part)
{
  static const char *const words[] = {"func", "gowrap", "deferwrap", "range", ""};
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    size_t size = strlen(words[i]);
    if (part.size > size && memcmp(part.data, words[i], size) == 0 &&
        g_ascii_isdigit((char)part.data[size]))
      return true;
  }
  return false;
}

/* Without what a pointer and type arguments add: "T.M" of "(*T[...]).M-fm". */
static Slice
bare_name(Slice function, char *room, size_t size)
{
  size_t used = 0;
  unsigned depth = 0;
  for (size_t i = 0; i < function.size && used < size; i++) {
    char c = (char)function.data[i];
    depth += c == '[';
    if (depth == 0 && c == '-')
      break;
    if (depth == 0 && strchr("(*)", c) == NULL)
      room[used++] = c;
    depth -= c == ']' && depth > 0;
  }
  return slice_new((const uint8_t *)room, used);
}

/* Of the package, and of "T", "T.M" of "T.M.func1". Returns how many. */
static size_t
hashes_of(Slice package, Slice function, uint32_t hashes[PARTS_MAX])
{
  char room[512];
  Slice rest = bare_name(function, room, sizeof room), part;
  size_t count = 0;
  uint32_t hash = hash_of_package(package);
  hashes[count++] = hash;
  while (count < PARTS_MAX && slice_next_field(&rest, '.', &part)) {
    if (part.size == 0 || (count > 1 && is_nested(part)))
      break;
    hash = hash_on(count > 1 ? hash_on(hash, SLICE_LITERAL(".")) : hash, part);
    hashes[count++] = hash;
  }
  return count;
}

void
go_symbols_add(GArray *symbols, Slice package, Slice function)
{
  uint32_t hashes[PARTS_MAX];
  g_array_append_vals(symbols, hashes, (guint)hashes_of(package, function, hashes));
}

void
go_symbols_add_platform(GArray *symbols, Slice os, Slice architecture)
{
  if (os.size > 0)
    go_symbols_add(symbols, SYSTEM, os);
  if (architecture.size > 0)
    go_symbols_add(symbols, PROCESSOR, architecture);
}

/* --- the text --- */

static int
compare_hashes(gconstpointer a, gconstpointer b)
{
  uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
  return (left > right) - (left < right);
}

char *
go_symbols_to_text(GArray *symbols)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  uint32_t last = 0;
  g_array_sort(symbols, compare_hashes);
  for (guint i = 0; i < symbols->len; i++) {
    uint32_t hash = g_array_index(symbols, uint32_t, i);
    if (i == 0 || hash != last)
      byte_array_add_varint(bytes, hash - last);
    last = hash;
  }
  g_autofree char *packed = g_base64_encode(bytes->data, bytes->len);
  return strlen(packed) < GO_SYMBOLS_TEXT_MAX ? g_strdup_printf("%c%s", VERSION_MARK, packed)
                                              : NULL;
}

GArray *
go_symbols_from_text(const char *text)
{
  if (text == NULL || text[0] != VERSION_MARK || strlen(text) > GO_SYMBOLS_TEXT_MAX)
    return NULL;
  gsize size = 0;
  g_autofree guchar *bytes = g_base64_decode(text + 1, &size);
  g_autoptr(GArray) symbols = go_symbols_new();
  Slice rest = slice_new(bytes, size);
  uint64_t step, hash = 0;
  while (rest.size > 0) {
    if (!slice_take_varint(&rest, &step) || step > G_MAXUINT32 || hash + step > G_MAXUINT32)
      return NULL;
    hash += step;
    uint32_t value = (uint32_t)hash;
    g_array_append_val(symbols, value);
  }
  return g_steal_pointer(&symbols);
}

static bool
contains(const GArray *symbols, uint32_t hash)
{
  return g_array_binary_search((GArray *)(uintptr_t)symbols, &hash, compare_hashes, NULL);
}

/* Whether both say for what they are, or neither: of those that do not, all is to be thought. */
static bool
say_alike(const GArray *left, const GArray *right, Slice kind)
{
  uint32_t hash = hash_of_package(kind);
  return contains(left, hash) == contains(right, hash);
}

char *
go_symbols_unite(const char *left, const char *right)
{
  if (g_strcmp0(left, right) == 0)
    return g_strdup(left);
  g_autoptr(GArray) symbols = go_symbols_from_text(left);
  g_autoptr(GArray) others = go_symbols_from_text(right);
  if (symbols == NULL || others == NULL || !say_alike(symbols, others, SYSTEM) ||
      !say_alike(symbols, others, PROCESSOR))
    return NULL;
  g_array_append_vals(symbols, others->data, others->len);
  return go_symbols_to_text(symbols);
}

/* --- what an advisory names --- */

static bool
contains_function(const GArray *symbols, Slice package, Slice function)
{
  uint32_t hashes[PARTS_MAX] = {0};
  size_t count = hashes_of(package, function, hashes);
  return contains(symbols, hashes[count - 1]);
}

/* Whether the program is for one of @names; an empty list is all, as is a program that tells not.
 */
static bool
is_for(const GArray *symbols, Slice kind, Slice names)
{
  Slice name;
  if (names.size == 0 || !contains(symbols, hash_of_package(kind)))
    return true;
  while (slice_next_field(&names, '+', &name))
    if (contains_function(symbols, kind, name))
      return true;
  return false;
}

static void
tell(GPtrArray *found, Slice package, Slice function)
{
  if (found != NULL)
    g_ptr_array_add(found, g_strdup_printf("%.*s%s%.*s", (int)package.size, package.data,
                                           function.size > 0 ? "." : "", (int)function.size,
                                           function.data));
}

/* Of one import path. */
static bool
is_linked(const GArray *symbols, Slice named, GPtrArray *found)
{
  Slice path = SLICE_EMPTY, functions = SLICE_EMPTY, systems = SLICE_EMPTY, function;
  bool linked = false;
  slice_next_field(&named, ':', &path);
  slice_next_field(&named, '@', &functions);
  slice_next_field(&named, '/', &systems);
  if (!is_for(symbols, SYSTEM, systems) || !is_for(symbols, PROCESSOR, named))
    return false;
  if (functions.size == 0 && contains_function(symbols, path, SLICE_EMPTY)) {
    tell(found, path, SLICE_EMPTY);
    return true;
  }
  while (slice_next_field(&functions, ',', &function))
    if (contains_function(symbols, path, function)) {
      tell(found, path, function);
      linked = true;
    }
  return linked;
}

GoSymbolsAnswer
go_symbols_ask(const GArray *symbols, const char *named, GPtrArray *found)
{
  Slice rest = slice_from_string(named), each;
  if (symbols == NULL || rest.size == 0)
    return GO_SYMBOLS_UNKNOWN;
  bool linked = false;
  while (slice_next_field(&rest, ';', &each))
    linked |= is_linked(symbols, each, found);
  return linked ? GO_SYMBOLS_LINKED : GO_SYMBOLS_ABSENT;
}

char *
go_symbols_in_words(const char *named)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  Slice rest = slice_from_string(named), each;
  while (slice_next_field(&rest, ';', &each)) {
    Slice path = SLICE_EMPTY, functions = SLICE_EMPTY, function;
    slice_next_field(&each, ':', &path);
    slice_next_field(&each, '@', &functions);
    while (slice_next_field(&functions, ',', &function))
      tell(names, path, function);
  }
  GString *words = g_string_new(NULL);
  for (guint i = 0; i < names->len && i < NAMES_SHOWN; i++)
    g_string_append_printf(words, "%s%s", i > 0 ? ", " : "",
                           (const char *)g_ptr_array_index(names, i));
  if (names->len > NAMES_SHOWN)
    g_string_append_printf(words, " and %u more", names->len - NAMES_SHOWN);
  return g_string_free(words, FALSE);
}
