/* The load commands of Mach-O: segments and the sections in them. A file of several architectures
 * is none: nobody's Linux image has them. */
#include "inspect/programs/object_mach_o-private.h"

#include <string.h>

#define PROGRAM      2u
#define LIBRARY      6u
#define BUNDLE       8u
#define SEGMENT      1u
#define SEGMENT_WIDE 0x19u
#define COMMANDS_MAX 1024u
#define COMMAND      8u
#define MAY_WRITE    2u
#define MAY_EXECUTE  4u

/* -1: it is none. */
static int
big_endian_of(Slice head)
{
  if (head.size < 32)
    return -1;
  static const uint8_t magics[][4] = {{0xce, 0xfa, 0xed, 0xfe},
                                      {0xcf, 0xfa, 0xed, 0xfe},
                                      {0xfe, 0xed, 0xfa, 0xce},
                                      {0xfe, 0xed, 0xfa, 0xcf}};
  for (int i = 0; i < 4; i++)
    if (memcmp(head.data, magics[i], 4) == 0)
      return i / 2;
  return -1;
}

bool
object_is_mach_o(Slice head)
{
  int big = big_endian_of(head);
  uint64_t type = program_number(head, 12, 4, big == 1);
  return big >= 0 && (type == PROGRAM || type == LIBRARY || type == BUNDLE);
}

/* Of sixteen bytes, filled with NULs. */
static Slice
fixed_name(Slice name)
{
  gssize end = slice_find(name, 0);
  return end < 0 ? name : slice_sub(name, 0, (size_t)end);
}

static void
read_segment(ObjectFile *object, Slice command)
{
  bool big = object->big_endian;
  size_t word = object->wide ? 8 : 4, header = object->wide ? 72 : 56;
  size_t each = object->wide ? 80 : 68, after = 24 + 4 * word;
  ObjectPart segment = {.address = program_number(command, 24, word, big),
                        .offset = program_number(command, 24 + 2 * word, word, big),
                        .size = program_number(command, 24 + 3 * word, word, big)};
  uint64_t may = program_number(command, after + 4, 4, big);
  segment.writable = (may & MAY_WRITE) != 0;
  segment.executable = (may & MAY_EXECUTE) != 0;
  if (segment.size > 0)
    g_array_append_val(object->segments, segment);
  uint64_t count = program_number(command, after + 8, 4, big);
  for (uint64_t i = 0; i < count && object->sections->len < OBJECT_SECTIONS_MAX; i++) {
    Slice row = slice_sub(command, header + (size_t)i * each, each);
    if (row.size < each)
      return;
    ObjectPart section = {.name = fixed_name(slice_sub(row, 0, 16)),
                          .address = program_number(row, 32, word, big),
                          .size = program_number(row, 32 + word, word, big),
                          .offset = program_number(row, 32 + 2 * word, 4, big),
                          .writable = segment.writable,
                          .executable = segment.executable};
    g_array_append_val(object->sections, section);
  }
}

bool
object_read_mach_o(ObjectFile *object, const ProgramBytes *bytes)
{
  Slice header = program_bytes_from(bytes, 0, 32), start, command;
  object->big_endian = big_endian_of(header) == 1;
  bool big = object->big_endian;
  object->wide = header.data[big ? 3 : 0] == 0xcf;
  uint64_t count = program_number(header, 16, 4, big), at = object->wide ? 32 : 28;
  for (uint64_t i = 0; i < MIN(count, COMMANDS_MAX); i++) {
    if (!program_bytes_get(bytes, at, COMMAND, &start))
      break;
    uint64_t kind = program_number(start, 0, 4, big), size = program_number(start, 4, 4, big);
    if (size < COMMAND)
      break;
    if ((kind == SEGMENT || kind == SEGMENT_WIDE) && object->segments->len < OBJECT_SEGMENTS_MAX &&
        program_bytes_get(bytes, at, size, &command))
      read_segment(object, command);
    at += size;
  }
  return true;
}
