/* Assemblies of .NET, by their version resource: "ProductVersion" is the version of the package
 * that brought it where it has the form of one ("13.0.3+0a2e291c"); "FileVersion" is no package's.
 * What belongs to .NET itself ("Microsoft® .NET") comes with the runtime, whose version counts. */
#include <string.h>

#include "inspect/programs/executable-private.h"

#define RESOURCES_MAX ((uint64_t)4 * 1024 * 1024)
#define INFO_MAX      ((size_t)64 * 1024)
#define VALUE_MAX     256u

/* (transfer full): in UTF-16, as it is in the resource. */
static GByteArray *
wide_text(const char *text)
{
  GByteArray *wide = g_byte_array_new();
  for (; *text != '\0'; text++)
    g_byte_array_append(wide, (const uint8_t[]){(uint8_t)*text, 0}, 2);
  return wide;
}

static Slice
find_wide(Slice bytes, const char *text, bool whole)
{
  g_autoptr(GByteArray) wide = wide_text(text);
  if (whole)
    g_byte_array_append(wide, (const uint8_t[]){0, 0}, 2);
  const uint8_t *found =
      bytes.size == 0 ? NULL : memmem(bytes.data, bytes.size, wide->data, wide->len);
  if (found == NULL)
    return SLICE_EMPTY;
  return slice_sub(bytes, (size_t)(found - bytes.data) + wide->len, bytes.size);
}

/* (transfer full), or NULL. */
static char *
value_of(Slice info, const char *key)
{
  Slice rest = find_wide(info, key, true);
  gunichar2 text[VALUE_MAX];
  glong size = 0;
  while (rest.size >= 2 && program_number(rest, 0, 2, false) == 0)
    rest = slice_sub(rest, 2, rest.size);
  while (rest.size >= 2 && size < (glong)VALUE_MAX && program_number(rest, 0, 2, false) != 0) {
    text[size++] = (gunichar2)program_number(rest, 0, 2, false);
    rest = slice_sub(rest, 2, rest.size);
  }
  return size == 0 ? NULL : g_utf16_to_utf8(text, size, NULL, NULL, NULL);
}

/* Three numbers and what semver allows after them, without its build; else NULL. (transfer full) */
static char *
package_version(const char *product)
{
  size_t size = strcspn(product, "+");
  unsigned dots = 0;
  size_t at = 0;
  for (; at < size && (g_ascii_isdigit(product[at]) || product[at] == '.'); at++)
    dots += product[at] == '.';
  bool sound = dots == 2 && at > 0 && product[0] != '.' && product[at - 1] != '.' &&
               (at == size || product[at] == '-');
  for (; sound && at < size; at++)
    sound = g_ascii_isalnum(product[at]) || product[at] == '-' || product[at] == '.';
  return sound ? g_strndup(product, size) : NULL;
}

void
executable_read_dotnet(const Program *program)
{
  const ObjectFile *object = program->object;
  if (!object->managed || object->resources == 0)
    return;
  Slice resources = object_file_memory(object, program->bytes, object->resources,
                                       MIN(object->resources_size, RESOURCES_MAX));
  Slice info = slice_sub(find_wide(resources, "VS_VERSION_INFO", false), 0, INFO_MAX);
  g_autofree char *product = value_of(info, "ProductVersion");
  g_autofree char *brand = value_of(info, "ProductName");
  g_autofree char *file = value_of(info, "InternalName");
  g_autofree char *version = product == NULL ? NULL : package_version(product);
  if (version == NULL || file == NULL || !g_str_has_suffix(file, ".dll") ||
      (brand != NULL && g_str_has_prefix(brand, "Microsoft\302\256 .NET")))
    return;
  g_autofree char *name = g_strndup(file, strlen(file) - strlen(".dll"));
  layer_inventory_add_application(program->into, "nuget", name, version, program->location);
}
