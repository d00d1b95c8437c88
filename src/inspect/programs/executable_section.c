/* Sections of a program, whole or not at all. */
#include "inspect/programs/executable-private.h"

bool
program_section(const Program *program, const char *name, uint64_t most, Slice *bytes)
{
  const ObjectPart *section = object_file_section(program->object, name);
  if (section == NULL || section->size == 0)
    return false;
  if (section->size <= most &&
      program_bytes_get(program->bytes, section->offset, section->size, bytes))
    return true;
  g_autofree char *detail =
      g_strdup_printf("Its section %s is too large to be read, or past the end.", name);
  layer_inventory_add_unread(program->into, "unread-section", program->location, detail);
  return false;
}
