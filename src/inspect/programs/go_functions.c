/* The table of functions ("pclntab"): its head says where the names are, each with a NUL after it,
 * those of inlined functions among them. After runtime/symtab.go and cmd/link/internal/ld/pcln.go
 * of Go: the head is of 1.16, 1.18 or 1.20. */
#include "inspect/programs/go_functions.h"

#include <string.h>

#include "inventory/go_symbols.h"

#define NAMES_MAX      ((uint64_t)32 * 1024 * 1024)
#define FUNCTIONS_MAX  2000000u
#define SEARCH_MAX     ((uint64_t)32 * 1024 * 1024)
#define PATH_PARTS_MAX 64u /* no module has as many */
#define HEAD_BYTES     64u
#define PATH_MAX_SIZE  1024u

/* --- where the names are --- */

typedef struct {
  Slice names;
  uint64_t functions;
} NameTable;

/* Where in the words of the head the offset of the names is; 0: it is no head. */
static size_t
names_word(Slice head, bool big)
{
  if (head.size < HEAD_BYTES || head.data[4] != 0 || head.data[5] != 0 ||
      (head.data[6] != 1 && head.data[6] != 2 && head.data[6] != 4) ||
      (head.data[7] != 4 && head.data[7] != 8))
    return 0;
  switch (program_number(head, 0, 4, big)) {
  case 0xfffffff1:
  case 0xfffffff0:
    return 3;
  case 0xfffffffa:
    return 2;
  default:
    return 0;
  }
}

/* Of the table at @offset; its next part begins where the names end. */
static bool
read_table(const Program *program, uint64_t offset, NameTable *table)
{
  bool big = program->object->big_endian;
  Slice head = program_bytes_from(program->bytes, offset, HEAD_BYTES);
  size_t word = names_word(head, big), width = word == 0 ? 0 : head.data[7];
  if (word == 0)
    return false;
  uint64_t from = program_number(head, 8 + word * width, width, big), start;
  uint64_t to = program_number(head, 8 + (word + 1) * width, width, big);
  table->functions = program_number(head, 8, width, big);
  return from >= HEAD_BYTES / 2 && to > from && to - from <= NAMES_MAX &&
         !__builtin_add_overflow(offset, from, &start) && table->functions > 0 &&
         table->functions <= FUNCTIONS_MAX &&
         program_bytes_get(program->bytes, start, to - from, &table->names);
}

/* Where no section is named after it, as in PE: at an even place of what the loader maps. How many
 * there are; *table is the last. */
static unsigned
count_tables(const Program *program, const ObjectPart *part, Slice bytes, NameTable *table)
{
  static const uint8_t tail[] = {0xff, 0xff, 0xff, 0, 0};
  unsigned count = 0;
  for (size_t at = 0; at + HEAD_BYTES <= bytes.size;) {
    const uint8_t *found = memmem(bytes.data + at, bytes.size - at, tail, sizeof tail);
    if (found == NULL)
      break;
    size_t place = (size_t)(found - bytes.data);
    count +=
        place > 0 && (place - 1) % 4 == 0 && read_table(program, part->offset + place - 1, table);
    at = place + 1;
  }
  return count;
}

/* The only one. A program may bring another in its data: which of two is its own is not known, nor
 * where not all of its data is there. */
static bool
search_tables(const Program *program, NameTable *table)
{
  uint64_t left = SEARCH_MAX;
  unsigned count = 0;
  for (guint i = 0; i < program->object->sections->len && count < 2; i++) {
    const ObjectPart *part = &g_array_index(program->object->sections, ObjectPart, i);
    Slice bytes = SLICE_EMPTY;
    if (part->executable || part->size == 0)
      continue;
    if (part->size > left || !program_bytes_get(program->bytes, part->offset, part->size, &bytes))
      return false;
    left -= part->size;
    count += count_tables(program, part, bytes, table);
  }
  return count == 1;
}

static bool
find_table(const Program *program, NameTable *table)
{
  static const char *const names[] = {".gopclntab", ".data.rel.ro.gopclntab", "__gopclntab"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    const ObjectPart *part = object_file_section(program->object, names[i]);
    if (part != NULL)
      return read_table(program, part->offset, table);
  }
  return program->object->format == OBJECT_PE && search_tables(program, table);
}

/* --- which module a function is of --- */

typedef struct {
  const GoTarget *target;
  GoLinked *modules;
  size_t count;
  GHashTable *by_import; /* text -> index + 1 */
  GArray **sets;         /* by module; NULL: nothing yet */
  char *last_path;       /* the package of the function before, and its module's index + 1 */
  size_t last;
  bool has_runtime, has_main;
} Sorting;

static void
sorting_clear(Sorting *sorting)
{
  for (size_t i = 0; i < sorting->count; i++)
    if (sorting->sets[i] != NULL)
      g_array_unref(sorting->sets[i]);
  g_free(sorting->sets);
  g_free(sorting->last_path);
  g_hash_table_unref(sorting->by_import);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sorting, sorting_clear)

/* The module with the longest path that @path begins with, or what has no dot in front of its first
 * slash: the standard library. Index + 1; 0: none that is wanted. */
static size_t
find_module(const Sorting *sorting, const char *path)
{
  g_autofree char *prefix = g_strdup(path);
  for (unsigned steps = 0; steps < PATH_PARTS_MAX; steps++) {
    size_t index = GPOINTER_TO_SIZE(g_hash_table_lookup(sorting->by_import, prefix));
    char *slash = strrchr(prefix, '/');
    if (index != 0 || slash == NULL)
      return index != 0 ? index
             : strchr(prefix, '.') == NULL && strcmp(path, "main") != 0
                 ? GPOINTER_TO_SIZE(g_hash_table_lookup(sorting->by_import, ""))
                 : 0;
    *slash = '\0';
  }
  return 0;
}

/* How much of @name is the package's path: up to the first dot after the last slash, in front of
 * what type arguments say. */
static size_t
package_size(Slice name)
{
  gssize bracket = slice_find(name, '[');
  size_t end = bracket < 0 ? name.size : (size_t)bracket, slash = 0;
  for (size_t i = 0; i < end; i++)
    slash = name.data[i] == '/' ? i + 1 : slash;
  gssize dot = slice_find(slice_sub(name, slash, end - slash), '.');
  return dot < 0 ? 0 : slash + (size_t)dot;
}

/* The linker writes dots of a last element, and what is not ASCII, as "%2e". (transfer full), or
 * NULL. */
static char *
package_path(const Sorting *sorting, Slice escaped)
{
  if (slice_equal_string(escaped, "main") && sorting->target->main_package.size > 0)
    return slice_to_string(sorting->target->main_package);
  return escaped.size > PATH_MAX_SIZE
             ? NULL
             : g_uri_unescape_segment((const char *)escaped.data,
                                      (const char *)escaped.data + escaped.size, NULL);
}

static void
take_package(Sorting *sorting, Slice escaped)
{
  g_autofree char *path = package_path(sorting, escaped);
  sorting->last = path == NULL ? 0 : find_module(sorting, path);
  g_free(sorting->last_path);
  sorting->last_path = g_steal_pointer(&path);
}

static void
add_function(Sorting *sorting, Slice path, Slice function)
{
  const GoLinked *module = &sorting->modules[sorting->last - 1];
  GArray **set = &sorting->sets[sorting->last - 1];
  if (*set == NULL)
    *set = go_symbols_new();
  if (slice_equal(module->import, module->name)) {
    go_symbols_add(*set, path, function);
    return;
  }
  g_autofree char *other = g_strdup_printf("%.*s%.*s", (int)module->name.size, module->name.data,
                                           (int)(path.size - MIN(path.size, module->import.size)),
                                           path.data + MIN(path.size, module->import.size));
  go_symbols_add(*set, slice_from_string(other), function);
}

static void
sort_names(Sorting *sorting, const NameTable *table)
{
  Slice rest = table->names, name, package = SLICE_EMPTY;
  while (slice_next_field(&rest, 0, &name)) {
    size_t size = package_size(name);
    if (size == 0)
      continue;
    sorting->has_runtime |= slice_equal_string(name, "runtime.main");
    sorting->has_main |= slice_equal_string(name, "main.main");
    Slice of = slice_sub(name, 0, size);
    if (sorting->last_path == NULL || !slice_equal(of, package))
      take_package(sorting, of);
    package = of;
    if (sorting->last > 0)
      add_function(sorting, slice_from_string(sorting->last_path),
                   slice_sub(name, size + 1, name.size));
  }
}

/* Build info lists only modules that have packages in the program: where most of them seem to have
 * no functions, names were changed. Those of "main" stay. */
static bool
is_trusted(const Sorting *sorting)
{
  size_t listed = 0, seen = 0;
  for (size_t i = 0; i < sorting->count; i++) {
    Slice import = sorting->modules[i].import;
    bool other = import.size > 0 && !slice_equal(import, sorting->target->main_module);
    listed += other;
    seen += other && sorting->sets[i] != NULL;
  }
  return sorting->has_runtime && sorting->has_main && 2 * seen >= listed;
}

static uint64_t
count_names(Slice names)
{
  uint64_t count = 0;
  for (size_t i = 0; i < names.size; i++)
    count += names.data[i] == 0;
  return count;
}

void
go_functions_read(const Program *program, const GoTarget *target, GoLinked *modules, size_t count)
{
  NameTable table = {.names = SLICE_EMPTY};
  if (!find_table(program, &table) || count_names(table.names) < table.functions)
    return;
  g_auto(Sorting) sorting = {.target = target, .modules = modules, .count = count};
  sorting.by_import = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  sorting.sets = g_new0(GArray *, count + 1);
  /* Of those without a path the first is the standard library. */
  for (size_t i = count; i-- > 0;)
    g_hash_table_insert(sorting.by_import, slice_to_string(modules[i].import),
                        GSIZE_TO_POINTER(i + 1));
  sort_names(&sorting, &table);
  bool trusted = is_trusted(&sorting);
  for (size_t i = 0; i < count && trusted; i++) {
    g_autoptr(GArray) none = go_symbols_new();
    GArray *set = sorting.sets[i] != NULL ? sorting.sets[i] : none;
    go_symbols_add_platform(set, target->system, target->processor);
    modules[i].symbols = go_symbols_to_text(set);
  }
}
