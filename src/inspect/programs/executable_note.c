/* What package an ELF file is of, as its note says (.note.package): JSON, after systemd's "Package
 * Metadata for Executable Files". Where that is a distribution's package, its database lists it,
 * with everything that matching needs: then the note gives nothing. */
#include <string.h>

#include "base/json.h"
#include "inspect/programs/executable-private.h"

#define NOTE_MAX    ((uint64_t)64 * 1024)
#define NOTE_TYPE   0xcafe1a7eu
#define VALUES_MAX  1000u
#define HEADER_SIZE 12u

/* The text of the note in a section of notes. */
static bool
find_note(Slice notes, bool big, Slice *text)
{
  while (notes.size >= HEADER_SIZE) {
    uint64_t name_size = program_number(notes, 0, 4, big);
    uint64_t size = program_number(notes, 4, 4, big);
    uint64_t type = program_number(notes, 8, 4, big);
    uint64_t at = HEADER_SIZE + (name_size + 3) / 4 * 4, after = at + (size + 3) / 4 * 4;
    if (at > notes.size || size > notes.size - at)
      return false;
    *text = slice_sub(notes, (size_t)at, (size_t)size);
    if (type == NOTE_TYPE &&
        slice_has_prefix(slice_sub(notes, HEADER_SIZE, (size_t)name_size), SLICE_LITERAL("FDO")))
      return true;
    notes = slice_sub(notes, (size_t)after, notes.size);
  }
  return false;
}

static bool
is_of_distribution(const char *type)
{
  static const char *const types[] = {"rpm", "deb", "apk", "alpm", "pacman", NULL};
  return type != NULL && g_strv_contains(types, type);
}

void
executable_read_note(const Program *program)
{
  Slice notes = SLICE_EMPTY, text = SLICE_EMPTY;
  if (program->object->format != OBJECT_ELF ||
      !program_section(program, ".note.package", NOTE_MAX, &notes) ||
      !find_note(notes, program->object->big_endian, &text))
    return;
  gssize end = slice_find(text, 0);
  text = slice_sub(text, 0, end < 0 ? text.size : (size_t)end);
  g_autoptr(json_t) note = json_parse_bounded(text, VALUES_MAX, NULL);
  const char *type = note == NULL ? NULL : json_get_string(note, "type");
  const char *name = note == NULL ? NULL : json_get_string(note, "name");
  const char *version = note == NULL ? NULL : json_get_string(note, "version");
  if (name != NULL && version != NULL && !is_of_distribution(type))
    layer_inventory_add_application(program->into, "generic", name, version, program->location);
}
