/* The crates that `cargo auditable` leaves in a program: the section .dep-v0, JSON in a zlib
 * stream. What was needed for the build alone (`kind` "build") is not in the program. After
 * PARSING.md of cargo-auditable. */
#include "archive/inflate.h"
#include "base/json.h"
#include "inspect/programs/executable-private.h"

#define PACKED_MAX   ((uint64_t)4 * 1024 * 1024)
#define UNPACKED_MAX ((size_t)16 * 1024 * 1024)
#define VALUES_MAX   500000u

static void
add_crate(const Program *program, const json_t *crate)
{
  const char *name = json_get_string(crate, "name"), *version = json_get_string(crate, "version");
  const char *kind = json_get_string(crate, "kind");
  if (name != NULL && version != NULL && g_strcmp0(kind, "build") != 0)
    layer_inventory_add_application(program->into, "cargo", name, version, program->location);
}

void
executable_read_rust(const Program *program)
{
  Slice packed = SLICE_EMPTY;
  if (!program_section(program, ".dep-v0", PACKED_MAX, &packed))
    return;
  g_autoptr(GByteArray) text = inflate_zlib(packed, UNPACKED_MAX);
  g_autoptr(json_t) list =
      text == NULL ? NULL : json_parse_bounded(slice_new(text->data, text->len), VALUES_MAX, NULL);
  const json_t *crates = list == NULL ? NULL : json_get_array(list, "packages");
  if (crates == NULL) {
    layer_inventory_add_unread(program->into, "unread-program", program->location,
                               "It is a program of Rust, whose list of crates cannot be read.");
    return;
  }
  for (size_t i = 0; i < json_array_size(crates); i++)
    add_crate(program, json_array_get(crates, i));
}
