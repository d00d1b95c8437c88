/* Tables of ELF and PE, and what they have in common; Mach-O is in object_mach_o.c; see the
 * header. */
#include "inspect/programs/object_file.h"

#include <string.h>

#include "inspect/programs/object_mach_o-private.h"

#define ELF_PROGRAM        2u
#define ELF_LIBRARY        3u
#define ELF_LOAD           1u
#define ELF_SYMBOLS        2u
#define ELF_EXPORTED       11u
#define ELF_NOTE           7u
#define ELF_NO_BYTES       8u
#define SEGMENT_NOTE       4u
#define FLAG_EXECUTABLE    1u
#define FLAG_WRITABLE      2u
#define SECTION_WRITABLE   1u
#define SECTION_EXECUTABLE 4u
#define NAME_MAX_BYTES     64u

ObjectFormat
object_format(Slice head)
{
  if (slice_has_prefix(head, SLICE_LITERAL("\x7f"
                                           "ELF")) &&
      head.size > 20) {
    uint64_t type = program_number(head, 16, 2, head.data[5] == 2);
    bool known =
        (head.data[4] == 1 || head.data[4] == 2) && (head.data[5] == 1 || head.data[5] == 2);
    return known && (type == ELF_PROGRAM || type == ELF_LIBRARY) ? OBJECT_ELF : OBJECT_NONE;
  }
  if (slice_has_prefix(head, SLICE_LITERAL("MZ")) && head.size >= 64)
    return OBJECT_PE;
  return object_is_mach_o(head) ? OBJECT_MACH_O : OBJECT_NONE;
}

/* --- ELF --- */

/* Where the fields of a header are, of 32 and of 64 bits. */
typedef struct {
  size_t word, header;
  size_t segments, sections, segment_size, names;                 /* of the file's header */
  size_t segment_flags, segment_offset, segment_address, in_file; /* of a segment's */
  size_t flags, address, offset, size, link;                      /* of a section's */
  size_t segment_bytes, section_bytes;
} ElfLayout;

static const ElfLayout elf_layouts[] = {
    {4, 52, 28, 32, 42, 50, 24, 4, 8, 16, 8, 12, 16, 20, 24, 32, 40},
    {8, 64, 32, 40, 54, 62, 4, 8, 16, 32, 8, 16, 24, 32, 40, 56, 64},
};

static void
read_elf_segments(ObjectFile *object, const ProgramBytes *bytes, Slice header,
                  const ElfLayout *layout)
{
  bool big = object->big_endian;
  uint64_t at = program_number(header, layout->segments, layout->word, big);
  uint64_t each = program_number(header, layout->segment_size, 2, big);
  uint64_t count = program_number(header, layout->segment_size + 2, 2, big);
  for (uint64_t i = 0; i < MIN(count, OBJECT_SEGMENTS_MAX) && each > 0; i++) {
    Slice row;
    if (!program_bytes_get(bytes, at + i * each, layout->segment_bytes, &row))
      return;
    uint64_t type = program_number(row, 0, 4, big);
    uint64_t flags = program_number(row, layout->segment_flags, 4, big);
    ObjectPart part = {.address = program_number(row, layout->segment_address, layout->word, big),
                       .offset = program_number(row, layout->segment_offset, layout->word, big),
                       .size = program_number(row, layout->in_file, layout->word, big),
                       .writable = (flags & FLAG_WRITABLE) != 0,
                       .executable = (flags & FLAG_EXECUTABLE) != 0,
                       .is_note = type == SEGMENT_NOTE};
    if (type == ELF_LOAD || type == SEGMENT_NOTE)
      g_array_append_val(object->segments, part);
  }
}

/* Up to its NUL. */
static Slice
name_at(const ProgramBytes *bytes, uint64_t names, uint64_t size, uint64_t at)
{
  if (at >= size)
    return SLICE_EMPTY;
  Slice name = program_bytes_from(bytes, names + at, MIN(size - at, NAME_MAX_BYTES));
  gssize end = slice_find(name, 0);
  return end < 0 ? SLICE_EMPTY : slice_sub(name, 0, (size_t)end);
}

static void
read_elf_sections(ObjectFile *object, const ProgramBytes *bytes, Slice header,
                  const ElfLayout *layout)
{
  bool big = object->big_endian;
  uint64_t at = program_number(header, layout->sections, layout->word, big);
  uint64_t each = program_number(header, layout->segment_size + 4, 2, big);
  uint64_t count = program_number(header, layout->segment_size + 6, 2, big);
  uint64_t names = program_number(header, layout->names, 2, big);
  if (at == 0 || each < layout->section_bytes)
    return;
  object->table = at;
  object->table_size = each * count;
  Slice row;
  uint64_t names_at = 0, names_size = 0;
  if (program_bytes_get(bytes, at + names * each, layout->section_bytes, &row)) {
    names_at = program_number(row, layout->offset, layout->word, big);
    names_size = program_number(row, layout->size, layout->word, big);
  }
  for (uint64_t i = 0; i < MIN(count, OBJECT_SECTIONS_MAX); i++) {
    if (!program_bytes_get(bytes, at + i * each, layout->section_bytes, &row))
      return;
    uint64_t type = program_number(row, 4, 4, big);
    uint64_t flags = program_number(row, layout->flags, layout->word, big);
    ObjectPart part = {
        .name = name_at(bytes, names_at, names_size, program_number(row, 0, 4, big)),
        .address = program_number(row, layout->address, layout->word, big),
        .offset = program_number(row, layout->offset, layout->word, big),
        .size = type == ELF_NO_BYTES ? 0 : program_number(row, layout->size, layout->word, big),
        .writable = (flags & SECTION_WRITABLE) != 0,
        .executable = (flags & SECTION_EXECUTABLE) != 0,
        .is_symbols = type == ELF_SYMBOLS || type == ELF_EXPORTED,
        .is_note = type == ELF_NOTE,
        .link = (unsigned)program_number(row, layout->link, 4, big)};
    g_array_append_val(object->sections, part);
  }
}

static bool
read_elf(ObjectFile *object, const ProgramBytes *bytes)
{
  Slice header = program_bytes_from(bytes, 0, 64);
  object->wide = header.data[4] == 2;
  object->big_endian = header.data[5] == 2;
  const ElfLayout *layout = &elf_layouts[object->wide ? 1 : 0];
  if (header.size < layout->header)
    return false;
  read_elf_segments(object, bytes, header, layout);
  read_elf_sections(object, bytes, header, layout);
  return true;
}

/* --- PE --- */

#define PE_AT         0x3c
#define PE_HEADER     24u
#define PE_SECTION    40u
#define PE_WIDE       0x20b
#define PE_EXECUTABLE 0x20000000u
#define PE_WRITABLE   0x80000000u
#define PE_RESOURCES  2u
#define PE_MANAGED    14u

/* Two of the directories after the optional header. */
static void
read_pe_directories(ObjectFile *object, Slice optional, uint64_t base)
{
  size_t at = object->wide ? 112 : 96;
  object->resources_size = program_number(optional, at + PE_RESOURCES * 8 + 4, 4, false);
  if (object->resources_size > 0)
    object->resources = base + program_number(optional, at + PE_RESOURCES * 8, 4, false);
  object->managed = program_number(optional, at + PE_MANAGED * 8 + 4, 4, false) > 0;
}

static bool
read_pe(ObjectFile *object, const ProgramBytes *bytes)
{
  Slice header, row;
  uint64_t at = program_number(program_bytes_from(bytes, 0, 64), PE_AT, 4, false);
  if (!program_bytes_get(bytes, at, PE_HEADER, &header) ||
      !slice_has_prefix(header, slice_new("PE\0\0", 4)))
    return false;
  uint64_t count = program_number(header, 6, 2, false);
  uint64_t optional_size = program_number(header, 20, 2, false);
  Slice optional = program_bytes_from(bytes, at + PE_HEADER, optional_size);
  object->wide = program_number(optional, 0, 2, false) == PE_WIDE;
  uint64_t base = object->wide ? program_number(optional, 24, 8, false)
                               : program_number(optional, 28, 4, false);
  read_pe_directories(object, optional, base);
  for (uint64_t i = 0; i < MIN(count, OBJECT_SECTIONS_MAX); i++) {
    if (!program_bytes_get(bytes, at + PE_HEADER + optional_size + i * PE_SECTION, PE_SECTION,
                           &row))
      break;
    uint64_t flags = program_number(row, 36, 4, false);
    gssize end = slice_find(slice_sub(row, 0, 8), 0);
    ObjectPart part = {.name = slice_sub(row, 0, end < 0 ? 8 : (size_t)end),
                       .address = base + program_number(row, 12, 4, false),
                       .offset = program_number(row, 20, 4, false),
                       .size = program_number(row, 16, 4, false),
                       .writable = (flags & PE_WRITABLE) != 0,
                       .executable = (flags & PE_EXECUTABLE) != 0};
    g_array_append_val(object->sections, part);
    g_array_append_val(object->segments, part);
  }
  return true;
}

/* --- all --- */

bool
object_file_read(ObjectFile *object, const ProgramBytes *bytes)
{
  *object = (ObjectFile){.format = object_format(program_bytes_from(bytes, 0, 4096)),
                         .sections = g_array_new(FALSE, FALSE, sizeof(ObjectPart)),
                         .segments = g_array_new(FALSE, FALSE, sizeof(ObjectPart))};
  switch (object->format) {
  case OBJECT_ELF:
    return read_elf(object, bytes);
  case OBJECT_PE:
    return read_pe(object, bytes);
  case OBJECT_MACH_O:
    return object_read_mach_o(object, bytes);
  default:
    return false;
  }
}

void
object_file_clear(ObjectFile *object)
{
  g_clear_pointer(&object->sections, g_array_unref);
  g_clear_pointer(&object->segments, g_array_unref);
}

const ObjectPart *
object_file_section(const ObjectFile *object, const char *name)
{
  for (guint i = 0; i < object->sections->len; i++) {
    const ObjectPart *part = &g_array_index(object->sections, ObjectPart, i);
    if (slice_equal_string(part->name, name))
      return part;
  }
  return NULL;
}

Slice
object_file_memory(const ObjectFile *object, const ProgramBytes *bytes, uint64_t address,
                   uint64_t size)
{
  for (guint i = 0; i < object->segments->len; i++) {
    const ObjectPart *part = &g_array_index(object->segments, ObjectPart, i);
    uint64_t at;
    if (part->is_note || address < part->address || address - part->address >= part->size ||
        __builtin_add_overflow(part->offset, address - part->address, &at))
      continue;
    return program_bytes_from(bytes, at, MIN(size, part->size - (address - part->address)));
  }
  return SLICE_EMPTY;
}
