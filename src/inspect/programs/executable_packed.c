/* Programs that were packed by UPX: what they were made of is packed with them. UPX leaves ELF
 * without a table of sections, with its mark after the segments; in PE the sections have its name.
 */
#include <string.h>

#include "inspect/programs/executable-private.h"

#define MARK       SLICE_LITERAL("UPX!")
#define HEAD_BYTES 1024u

static bool
is_packed(const Program *program)
{
  const ObjectFile *object = program->object;
  if (object->format == OBJECT_PE)
    return object_file_section(object, "UPX0") != NULL &&
           object_file_section(object, "UPX1") != NULL;
  Slice head = program_bytes_from(program->bytes, 0, HEAD_BYTES);
  return object->sections->len == 0 && head.size > 0 &&
         memmem(head.data, head.size, MARK.data, MARK.size) != NULL;
}

void
executable_read_packed(const Program *program)
{
  if (is_packed(program))
    layer_inventory_add_unread(program->into, "packed-program", program->location,
                               "It is packed by UPX: what it was made of is not known.");
}
