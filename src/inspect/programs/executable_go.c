/* The build info in Go's programs: the version of Go, the main module and the modules that it was
 * built of. After debug/buildinfo and runtime/debug of Go's own library; programs of before Go 1.18
 * have two pointers to strings there, later ones the strings themselves. */
#include <string.h>

#include "inspect/programs/executable-private.h"
#include "inspect/programs/go_functions.h"
#include "inspect/programs/go_version.h"

#define MAGIC        SLICE_LITERAL("\xff Go buildinf:")
#define MAGIC_SIZE   14u
#define HEADER_BYTES 32u
#define ALIGNMENT    16u
#define INLINE       2u
#define SEARCH_BYTES ((uint64_t)16 * 1024 * 1024)
#define INFO_MAX     ((uint64_t)16 * 1024 * 1024)
#define MODULES_MAX  10000u
/* The sixteen bytes before and after the text of modules. */
#define FRAME 16u

typedef struct {
  Slice toolchain, modules;
} BuildInfo;

/* --- where it is --- */

/* From the magic bytes on; empty: there is none in @data. */
static Slice
find_info(Slice data)
{
  size_t at = 0;
  while (at < data.size) {
    const uint8_t *found = memmem(data.data + at, data.size - at, MAGIC.data, MAGIC_SIZE);
    if (found == NULL)
      break;
    at = (size_t)(found - data.data);
    if (at % ALIGNMENT == 0)
      return slice_sub(data, at, data.size);
    at++;
  }
  return SLICE_EMPTY;
}

/* Go's linker names a section for it. */
static const ObjectPart *
info_section(const ObjectFile *object)
{
  const ObjectPart *part = object_file_section(object, ".go.buildinfo");
  return part != NULL ? part : object_file_section(object, "__go_buildinfo");
}

static const ObjectPart *
info_part(const ObjectFile *object)
{
  const ObjectPart *part = info_section(object);
  for (guint i = 0; part == NULL && i < object->segments->len; i++) {
    const ObjectPart *segment = &g_array_index(object->segments, ObjectPart, i);
    if (segment->writable && !segment->executable && segment->size > 0 && !segment->is_note)
      part = segment;
  }
  return part;
}

/* --- its strings --- */

/* A string of Go: a pointer and a length, at @address. */
static Slice
pointed_string(const Program *program, uint64_t address, size_t word, bool big)
{
  Slice header = object_file_memory(program->object, program->bytes, address, 2 * word);
  if (header.size < 2 * word)
    return SLICE_EMPTY;
  uint64_t size = program_number(header, word, word, big);
  if (size > INFO_MAX)
    return SLICE_EMPTY;
  Slice text = object_file_memory(program->object, program->bytes,
                                  program_number(header, 0, word, big), size);
  return text.size == size ? text : SLICE_EMPTY;
}

/* Of the text between its frames. */
static Slice
unframed(Slice modules)
{
  if (modules.size < 2 * FRAME + 1 || modules.data[modules.size - FRAME - 1] != '\n')
    return SLICE_EMPTY;
  return slice_sub(modules, FRAME, modules.size - 2 * FRAME);
}

static BuildInfo
read_strings(const Program *program, Slice info)
{
  BuildInfo build = {.toolchain = SLICE_EMPTY};
  uint8_t flags = info.data[MAGIC_SIZE + 1];
  if ((flags & INLINE) != 0) {
    Slice rest = slice_sub(info, HEADER_BYTES, info.size);
    if (slice_take_prefixed(&rest, &build.toolchain))
      slice_take_prefixed(&rest, &build.modules);
  } else {
    size_t word = info.data[MAGIC_SIZE] == 4 ? 4 : 8;
    bool big = flags != 0;
    build.toolchain = pointed_string(program, program_number(info, 16, word, big), word, big);
    build.modules = pointed_string(program, program_number(info, 16 + word, word, big), word, big);
  }
  build.modules = unframed(build.modules);
  return build;
}

/* --- modules --- */

typedef struct {
  Slice path, version;
  Slice import; /* what its packages are imported by: the path of the module that it replaces */
} Module;

typedef struct {
  Module main;
  bool has_main;
  char *flags;        /* of the linker; or NULL */
  GArray *modules;    /* Module */
  GoTarget target;    /* what it was built of, and for */
  GoLinked *linked;   /* the standard library, the main module, the modules; or NULL */
  size_t linked_size; /* of it */
} ModuleList;

/* A module that is replaced by a folder, or is of the same workspace, has no version. */
static bool
has_version(const Module *module)
{
  return go_version_kind(module->version) != GO_VERSION_NONE;
}

/* A value in build info is as Go quotes strings, where it has spaces. */
static char *
unquoted(Slice value)
{
  if (value.size < 2 || value.data[0] != '"' || value.data[value.size - 1] != '"')
    return slice_to_string(value);
  g_autofree char *inner = slice_to_string(slice_sub(value, 1, value.size - 2));
  return g_strcompress(inner);
}

static Module
read_module(Slice line)
{
  Module module = {.path = SLICE_EMPTY};
  if (slice_next_field(&line, '\t', &module.path))
    slice_next_field(&line, '\t', &module.version);
  module.import = module.path;
  return module;
}

/* "GOOS=linux" */
static void
read_setting(ModuleList *list, Slice setting)
{
  Slice value = setting, key;
  slice_next_field(&value, '=', &key);
  if (slice_equal_string(key, "-ldflags") && list->flags == NULL)
    list->flags = unquoted(value);
  else if (slice_equal_string(key, "GOOS"))
    list->target.system = value;
  else if (slice_equal_string(key, "GOARCH"))
    list->target.processor = value;
}

static void
read_line(ModuleList *list, Slice line)
{
  Slice word, rest = line;
  slice_next_field(&rest, '\t', &word);
  if (slice_equal_string(word, "mod")) {
    list->main = read_module(rest);
    list->has_main = list->main.path.size > 0;
  } else if (slice_equal_string(word, "dep") && list->modules->len < MODULES_MAX) {
    Module module = read_module(rest);
    g_array_append_val(list->modules, module);
  } else if (slice_equal_string(word, "=>") && list->modules->len > 0) {
    Module *replaced = &g_array_index(list->modules, Module, list->modules->len - 1);
    Module module = read_module(rest);
    module.import = replaced->import;
    if (!has_version(&module))
      module.path = replaced->path;
    *replaced = module;
  } else if (slice_equal_string(word, "path")) {
    list->target.main_package = rest;
  } else if (slice_equal_string(word, "build")) {
    read_setting(list, rest);
  }
}

static void
module_list_clear(ModuleList *list)
{
  for (size_t i = 0; i < list->linked_size; i++)
    g_free(list->linked[i].symbols);
  g_free(list->linked);
  g_free(list->flags);
  g_array_unref(list->modules);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ModuleList, module_list_clear)

/* --- the main module's version --- */

/* Over all tables of a program, which linkers write one of: all symbols, and those that may be set
 * by -X, of which each is looked for in the whole file. */
typedef struct {
  unsigned symbols, texts;
} SymbolBudget;
#define TEXTS_MAX 2000u

/* What -X set is in the table of symbols as well, as "main.version.str". */
static void
add_symbols(const Program *program, const ObjectPart *symbols, Slice module, SymbolBudget *budget,
            GoSetVersion *set)
{
  const ObjectFile *object = program->object;
  bool wide = object->wide, big = object->big_endian;
  size_t each = wide ? 24 : 16, word = wide ? 8 : 4;
  const ObjectPart *strings = &g_array_index(object->sections, ObjectPart, symbols->link);
  Slice names = program_bytes_from(program->bytes, strings->offset, strings->size);
  Slice table = program_bytes_from(program->bytes, symbols->offset, symbols->size), row;
  while (budget->symbols > 0 && budget->texts > 0 && slice_take(&table, each, &row)) {
    budget->symbols--;
    Slice name = slice_sub(names, (size_t)program_number(row, 0, 4, big), 1024);
    gssize end = slice_find(name, 0);
    uint64_t size = program_number(row, wide ? 16 : 8, word, big);
    if (end < 5 || size == 0 || size > 128 || memcmp(name.data + end - 4, ".str", 4) != 0)
      continue;
    budget->texts--;
    Slice value = object_file_memory(object, program->bytes,
                                     program_number(row, wide ? 8 : 4, word, big), size);
    while (value.size > 0 && value.data[value.size - 1] == 0)
      value.size--;
    go_set_version_add(set, module, slice_sub(name, 0, (size_t)end - 4), value);
  }
}

static char *
version_in_symbols(const Program *program, Slice module)
{
  GoSetVersion set = {.best = NULL};
  SymbolBudget budget = {PROGRAM_SYMBOLS_MAX, TEXTS_MAX};
  const ObjectFile *object = program->object;
  for (guint i = 0; object->format == OBJECT_ELF && i < object->sections->len; i++) {
    const ObjectPart *part = &g_array_index(object->sections, ObjectPart, i);
    if (part->is_symbols && part->link < object->sections->len)
      add_symbols(program, part, module, &budget, &set);
  }
  return go_set_version_take(&set);
}

/* By order: a tag, what the build set, a commit. (transfer full), or NULL. */
static char *
main_version(const Program *program, const ModuleList *list)
{
  Slice module = list->main.path;
  GoVersionKind kind = go_version_kind(list->main.version);
  if (kind == GO_VERSION_REAL)
    return slice_to_string(list->main.version);
  GoSetVersion set = {.best = NULL};
  go_set_version_add_flags(&set, module, slice_from_string(list->flags));
  char *version = go_set_version_take(&set);
  if (version == NULL)
    version = version_in_symbols(program, module);
  return version == NULL && kind == GO_VERSION_PSEUDO ? slice_to_string(list->main.version)
                                                      : version;
}

/* --- packages --- */

enum { LINKED_STANDARD, LINKED_MAIN, LINKED_MODULES };

static void
find_linked(const Program *program, ModuleList *list)
{
  list->linked_size = LINKED_MODULES + list->modules->len;
  list->linked = g_new0(GoLinked, list->linked_size);
  list->target.main_module = list->main.path;
  list->linked[LINKED_MAIN] = (GoLinked){list->main.path, list->main.path, NULL};
  for (guint i = 0; i < list->modules->len; i++) {
    const Module *module = &g_array_index(list->modules, Module, i);
    list->linked[LINKED_MODULES + i] = (GoLinked){module->import, module->path, NULL};
  }
  go_functions_read(program, &list->target, list->linked, list->linked_size);
}

static void
add(const Program *program, Slice path, const char *version, GoLinked *linked)
{
  g_autofree char *name = slice_to_string(path);
  Package *package =
      layer_inventory_add_application(program->into, "golang", name, version, program->location);
  if (package != NULL)
    layer_inventory_set_symbols(program->into, package, g_steal_pointer(&linked->symbols));
}

static void
add_main(const Program *program, const ModuleList *list)
{
  g_autofree char *version = main_version(program, list);
  if (version != NULL) {
    add(program, list->main.path, version, &list->linked[LINKED_MAIN]);
    return;
  }
  g_autofree char *name = slice_to_printable(list->main.path, 256);
  g_autofree char *detail = g_strdup_printf("The main module %s was built without a version, so "
                                            "that it is not compared with advisories.",
                                            name);
  layer_inventory_add_note(program->into, "no-version", program->location, detail);
}

static void
add_modules(const Program *program, const ModuleList *list)
{
  unsigned without = 0;
  for (guint i = 0; i < list->modules->len; i++) {
    const Module *module = &g_array_index(list->modules, Module, i);
    if (module->path.size == 0)
      continue;
    if (!has_version(module)) {
      without++;
      continue;
    }
    g_autofree char *version = slice_to_string(module->version);
    add(program, module->path, version, &list->linked[LINKED_MODULES + i]);
  }
  if (without == 0)
    return;
  g_autofree char *detail = g_strdup_printf("%u of its modules are there without a version, so "
                                            "that they are not compared with advisories.",
                                            without);
  layer_inventory_add_note(program->into, "no-version", program->location, detail);
}

static void
add_toolchain(const Program *program, const ModuleList *list, Slice toolchain)
{
  g_autofree char *version = go_toolchain_version(toolchain);
  if (version != NULL) {
    add(program, SLICE_LITERAL("stdlib"), version, &list->linked[LINKED_STANDARD]);
    return;
  }
  g_autofree char *name = slice_to_printable(toolchain, 128);
  g_autofree char *detail = g_strdup_printf("It was built by a Go that is no release (%s).", name);
  layer_inventory_add_note(program->into, "no-version", program->location, detail);
}

void
executable_read_go(const Program *program)
{
  const ObjectPart *part = info_part(program->object);
  if (part == NULL)
    return;
  Slice info =
      find_info(program_bytes_from(program->bytes, part->offset, MIN(part->size, SEARCH_BYTES)));
  if (info.size < HEADER_BYTES)
    return;
  BuildInfo build = read_strings(program, info);
  if (build.toolchain.size == 0) {
    /* Who looks for such marks has them among its own data: gccgo's library is no program of Go. */
    if (info_section(program->object) == NULL && program->object->sections->len > 0)
      return;
    layer_inventory_add_unread(program->into, "unread-program", program->location,
                               "It is a program of Go, whose build info cannot be read.");
    return;
  }
  g_auto(ModuleList) list = {.modules = g_array_new(FALSE, FALSE, sizeof(Module))};
  Slice line = SLICE_EMPTY;
  while (slice_next_line(&build.modules, &line))
    read_line(&list, line);
  find_linked(program, &list);
  add_toolchain(program, &list, build.toolchain);
  add_modules(program, &list);
  if (list.has_main)
    add_main(program, &list);
}
