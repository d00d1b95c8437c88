/* What Debian's packages say of their licences, in usr/share/doc/PACKAGE/copyright: the names after
 * "License:" where the file is machine-readable (DEP-5,
 * https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/), with SPDX's for those that
 * have one; in others the files of /usr/share/common-licenses that they refer to. */
#include <string.h>

#include "inspect/packages/packages.h"
#include "text/deb822.h"

#define DOC         "usr/share/doc/"
#define FILE_NAME   "/copyright"
#define COMMON      SLICE_LITERAL("/usr/share/common-licenses/")
#define BYTES_MAX   ((uint64_t)1024 * 1024)
#define TEXT_MAX    ((size_t)900)
#define NAMES_MAX   64u
#define FORMAT_MARK "copyright-format"

/* --- names --- */

/* DEP-5's names that SPDX has others for. */
static const struct {
  const char *debian, *spdx;
} names[] = {
    {"Expat", "MIT"},
    {"GPL-1", "GPL-1.0-only"},
    {"GPL-1+", "GPL-1.0-or-later"},
    {"GPL-2", "GPL-2.0-only"},
    {"GPL-2.0", "GPL-2.0-only"},
    {"GPL-2+", "GPL-2.0-or-later"},
    {"GPL-2.0+", "GPL-2.0-or-later"},
    {"GPL-3", "GPL-3.0-only"},
    {"GPL-3.0", "GPL-3.0-only"},
    {"GPL-3+", "GPL-3.0-or-later"},
    {"GPL-3.0+", "GPL-3.0-or-later"},
    {"LGPL-2", "LGPL-2.0-only"},
    {"LGPL-2+", "LGPL-2.0-or-later"},
    {"LGPL-2.0+", "LGPL-2.0-or-later"},
    {"LGPL-2.1", "LGPL-2.1-only"},
    {"LGPL-2.1+", "LGPL-2.1-or-later"},
    {"LGPL-3", "LGPL-3.0-only"},
    {"LGPL-3+", "LGPL-3.0-or-later"},
    {"LGPL-3.0+", "LGPL-3.0-or-later"},
    {"AGPL-3", "AGPL-3.0-only"},
    {"AGPL-3+", "AGPL-3.0-or-later"},
    {"Apache-2", "Apache-2.0"},
    {"BSD-2-clause", "BSD-2-Clause"},
    {"BSD-3-clause", "BSD-3-Clause"},
    {"BSD-4-clause", "BSD-4-Clause"},
    {"zlib", "Zlib"},
    {"CC0", "CC0-1.0"},
};

/* "GPL-2+ or Artistic" is "GPL-2.0-or-later OR Artistic". (transfer full) */
static char *
name_of_licence(Slice text)
{
  g_autoptr(GString) name = g_string_new(NULL);
  Slice word;
  while (slice_next_field(&text, ' ', &word)) {
    g_autofree char *plain = slice_to_printable(word, 128);
    const char *as = strcmp(plain, "or") == 0 ? "OR" : strcmp(plain, "and") == 0 ? "AND" : plain;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
      if (strcmp(plain, names[i].debian) == 0)
        as = names[i].spdx;
    if (*plain != '\0')
      g_string_append_printf(name, "%s%s", name->len > 0 ? " " : "", as);
  }
  return g_strdup(name->str);
}

typedef struct {
  GPtrArray *names; /* char *, each once, as they come */
  size_t size;
} Licences;

/* Takes @name. */
static void
add_name(Licences *licences, char *name)
{
  size_t size = strlen(name) + strlen("() AND ");
  if (*name == '\0' || licences->names->len >= NAMES_MAX || size > TEXT_MAX - licences->size ||
      g_ptr_array_find_with_equal_func(licences->names, name, g_str_equal, NULL)) {
    g_free(name);
    return;
  }
  licences->size += size;
  g_ptr_array_add(licences->names, name);
}

/* (transfer full) */
static char *
joined(const Licences *licences)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (guint i = 0; i < licences->names->len; i++) {
    const char *name = g_ptr_array_index(licences->names, i);
    bool choice = licences->names->len > 1 && strstr(name, " OR ") != NULL;
    g_string_append_printf(text, "%s%s%s%s", i > 0 ? " AND " : "", choice ? "(" : "", name,
                           choice ? ")" : "");
  }
  return g_strdup(text->str);
}

/* --- files --- */

static bool
is_machine_readable(Slice bytes)
{
  Slice head = slice_sub(bytes, 0, 1024);
  return slice_has_prefix(head, SLICE_LITERAL("Format")) && head.size > 0 &&
         memmem(head.data, head.size, FORMAT_MARK, strlen(FORMAT_MARK)) != NULL;
}

/* The first line of the field, whose text is in the lines after it, of what is said of files or of
 * all; other stanzas have the texts of licences that these name. */
static void
read_fields(Slice bytes, Licences *licences)
{
  Slice stanza, files, value, line;
  for (bool first = true; deb822_next_stanza(&bytes, &stanza); first = false)
    if ((first || deb822_get(stanza, "Files", &files)) && deb822_get(stanza, "License", &value) &&
        slice_next_field(&value, '\n', &line))
      add_name(licences, name_of_licence(slice_strip(line)));
}

static void
read_references(Slice bytes, Licences *licences)
{
  while (bytes.size > COMMON.size) {
    const uint8_t *found = memmem(bytes.data, bytes.size, COMMON.data, COMMON.size);
    if (found == NULL)
      return;
    bytes = slice_sub(bytes, (size_t)(found - bytes.data) + COMMON.size, bytes.size);
    size_t size = 0;
    while (size < bytes.size &&
           (g_ascii_isalnum((char)bytes.data[size]) ||
            strchr("-+.", (char)bytes.data[size]) != NULL) &&
           bytes.data[size] != 0)
      size++;
    while (size > 0 && bytes.data[size - 1] == '.')
      size--;
    add_name(licences, slice_to_printable(slice_sub(bytes, 0, size), 64));
  }
}

static bool
is_of_package(const char *path)
{
  const char *name = path + strlen(DOC), *slash;
  return g_str_has_prefix(path, DOC) && (slash = strchr(name, '/')) != NULL && slash > name &&
         strcmp(slash, FILE_NAME) == 0;
}

/* No such file is as large; one that is says nothing of licences, which is no gap. */
static bool
wants(const FileView *file)
{
  return is_of_package(file->path) && file->size <= BYTES_MAX;
}

static void
read_copyright(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
  Licences licences = {list, 0};
  if (!is_of_package(location))
    return;
  if (is_machine_readable(bytes))
    read_fields(bytes, &licences);
  else
    read_references(bytes, &licences);
  const char *name = location + strlen(DOC);
  g_autofree char *package = g_strndup(name, strcspn(name, "/"));
  g_autofree char *text = joined(&licences);
  if (*text != '\0')
    layer_inventory_add_licence(into, package, text);
}

const Detector dpkg_licences_detector = {
    .name = "dpkg-licences",
    .version = 1,
    .places = (const char *const[]){"*" FILE_NAME, NULL},
    .wants_path = is_of_package,
    .wants = wants,
    .lists_owners = true,
    .read = read_copyright,
};
