/* The SBOM that GraalVM leaves in a native image: CycloneDX in a gzip stream, which the symbols
 * that the program exports say (docs/security/SBOM.md of GraalVM): "sbom" is where it begins,
 * "sbom_length" where its size is. What it names was compiled into the program. */
#include <string.h>

#include "archive/inflate.h"
#include "inspect/programs/executable-private.h"
#include "inspect/sboms/sboms.h"

#define PACKED_MAX   ((uint64_t)4 * 1024 * 1024)
#define UNPACKED_MAX ((size_t)16 * 1024 * 1024)
#define SIZE_BYTES   8u

typedef struct {
  uint64_t start, size; /* addresses; 0: it has no such symbol */
  unsigned left;        /* symbols that are still looked at */
} SbomSymbols;

static void
take_symbol(SbomSymbols *found, Slice names, uint64_t name, uint64_t value)
{
  Slice text = slice_sub(names, (size_t)MIN(name, names.size), sizeof "sbom_length");
  if (slice_has_prefix(text, SLICE_LITERAL("sbom_length\0")))
    found->size = value;
  else if (slice_has_prefix(text, SLICE_LITERAL("sbom\0")))
    found->start = value;
}

static void
look_through(const Program *program, const ObjectPart *symbols, SbomSymbols *found)
{
  const ObjectFile *object = program->object;
  bool wide = object->wide, big = object->big_endian;
  const ObjectPart *strings = &g_array_index(object->sections, ObjectPart, symbols->link);
  Slice names = program_bytes_from(program->bytes, strings->offset, strings->size);
  Slice table = program_bytes_from(program->bytes, symbols->offset, symbols->size), row;
  for (; found->left > 0 && slice_take(&table, wide ? 24 : 16, &row); found->left--)
    take_symbol(found, names, program_number(row, 0, 4, big),
                program_number(row, wide ? 8 : 4, wide ? 8 : 4, big));
}

static SbomSymbols
find_symbols(const Program *program)
{
  SbomSymbols found = {0, 0, PROGRAM_SYMBOLS_MAX};
  const GArray *sections = program->object->sections;
  for (guint i = 0; program->object->format == OBJECT_ELF && i < sections->len; i++) {
    const ObjectPart *part = &g_array_index(sections, ObjectPart, i);
    if (part->is_symbols && part->link < sections->len && (found.start == 0 || found.size == 0))
      look_through(program, part, &found);
  }
  return found;
}

/* (transfer full), or NULL. */
static GByteArray *
unpack(const Program *program, SbomSymbols at)
{
  const ObjectFile *object = program->object;
  Slice number = object_file_memory(object, program->bytes, at.size, SIZE_BYTES);
  uint64_t size = program_number(number, 0, SIZE_BYTES, object->big_endian);
  if (size == 0 || size > PACKED_MAX)
    return NULL;
  Slice packed = object_file_memory(object, program->bytes, at.start, size);
  return packed.size == size ? inflate_gzip(packed, UNPACKED_MAX) : NULL;
}

void
executable_read_graal(const Program *program)
{
  SbomSymbols at = find_symbols(program);
  if (at.start == 0 || at.size == 0)
    return;
  g_autoptr(GByteArray) text = unpack(program, at);
  if (text == NULL) {
    layer_inventory_add_unread(program->into, "unread-program", program->location,
                               "It is a native image of GraalVM, whose SBOM cannot be read.");
    return;
  }
  guint before = program->into->packages->len;
  sbom_read(slice_new(text->data, text->len), program->location, false, program->into);
  for (guint i = before; i < program->into->packages->len; i++)
    ((Package *)g_ptr_array_index(program->into->packages, i))->declared = false;
}
