/* pacman's database: a folder for each package, with a file "desc" of fields, "%NAME%" and the
 * value on the next line; read as local_db_read() of pacman's lib/libalpm/be_local.c reads it. */
#include <string.h>

#include "inspect/packages/packages.h"

/* The one that there is since 2013. */
#define DATABASE_VERSION "9"
#define VERSION_FILE     "ALPM_DB_VERSION"

typedef struct {
  Slice name, version, base, architecture, packager, size, other;
  Slice licenses; /* lines */
} Desc;

/* Where the value of the field that @line begins goes; NULL: it is none of one value. */
static Slice *
value_of(Desc *desc, Slice line)
{
  const struct {
    const char *field;
    Slice *value;
  } fields[] = {{"%NAME%", &desc->name},         {"%VERSION%", &desc->version},
                {"%BASE%", &desc->base},         {"%ARCH%", &desc->architecture},
                {"%PACKAGER%", &desc->packager}, {"%DESC%", &desc->other},
                {"%URL%", &desc->other},         {"%BUILDDATE%", &desc->other},
                {"%INSTALLDATE%", &desc->other}, {"%REASON%", &desc->other},
                {"%SIZE%", &desc->size}};
  for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
    if (slice_equal_string(line, fields[i].field))
      return fields[i].value;
  return NULL;
}

/* Others have several values, and then an empty line. (transfer none): the lines of the values. */
static Slice
next_values(Slice *text)
{
  Slice all = *text, line;
  size_t size = 0;
  while (slice_next_line(text, &line) && line.size > 0)
    size = all.size - text->size;
  return slice_sub(all, 0, size);
}

static bool
is_field(Slice line)
{
  return line.size > 2 && line.data[0] == '%' && line.data[line.size - 1] == '%';
}

static Desc
read_desc(Slice text)
{
  Desc desc = {.name = SLICE_EMPTY};
  Slice line;
  while (slice_next_line(&text, &line)) {
    Slice *value = value_of(&desc, line);
    if (value != NULL)
      slice_next_line(&text, value);
    else if (slice_equal_string(line, "%LICENSE%"))
      desc.licenses = next_values(&text);
    else if (is_field(line))
      next_values(&text);
  }
  return desc;
}

static char *
text_or_null(Slice text)
{
  return text.size == 0 ? NULL : slice_to_utf8(text);
}

/* All of them hold (RFC 16 of Arch Linux). (transfer full), or NULL. */
static char *
joined_licenses(Slice lines)
{
  g_autoptr(GString) text = g_string_new(NULL);
  Slice line;
  while (slice_next_line(&lines, &line) && text->len + line.size < LICENSES_MAX) {
    bool choice = line.size > 0 && memmem(line.data, line.size, " OR ", 4) != NULL;
    g_autofree char *one = slice_to_printable(line, LICENSES_MAX);
    g_string_append_printf(text, choice ? "%s(%s)" : "%s%s", text->len > 0 ? " AND " : "", one);
  }
  return text->len > 0 ? g_strdup(text->str) : NULL;
}

/* pacman lists a package by the name of its folder. */
static bool
is_in_own_folder(const Package *package)
{
  g_autofree char *folder = g_path_get_dirname(package->location);
  g_autofree char *name = g_path_get_basename(folder);
  size_t size = strlen(package->name);
  return strncmp(name, package->name, size) == 0 && name[size] == '-' &&
         strcmp(name + size + 1, package->version) == 0;
}

void
pacman_desc_parse(Slice text, const char *location, LayerInventory *inventory)
{
  Desc desc = read_desc(text);
  if (desc.name.size == 0 || desc.version.size == 0) {
    layer_inventory_add_unread(inventory, "broken-database", location,
                               "A package has no name, or no version.");
    return;
  }
  Package *package = g_new0(Package, 1);
  package->type = g_strdup("alpm");
  package->name = slice_to_utf8(desc.name);
  package->version = slice_to_utf8(desc.version);
  package->architecture = text_or_null(desc.architecture);
  package->source_name = text_or_null(desc.base);
  if (desc.packager.size > 0)
    package->vendor = slice_to_printable(desc.packager, VENDOR_MAX);
  package->licenses = joined_licenses(desc.licenses);
  if (!slice_to_uint64(desc.size, &package->installed_bytes) ||
      package->installed_bytes > INT64_MAX)
    package->installed_bytes = 0;
  package->location = g_strdup(location);
  if (!is_in_own_folder(package))
    layer_inventory_add_unread(inventory, "broken-database", location,
                               "A package has another name or version than its folder.");
  layer_inventory_add_package(inventory, package);
}

/* A database of a form that is not known. */
static void
check_version(Slice text, const char *location, LayerInventory *inventory)
{
  Slice line = SLICE_EMPTY;
  slice_next_line(&text, &line);
  if (!slice_equal_string(line, DATABASE_VERSION))
    layer_inventory_add_unread(inventory, "foreign-database", location,
                               "The database of pacman has another version than 9, which Assay "
                               "reads.");
}

static void
read_database(Slice bytes, const char *location, LayerInventory *into)
{
  if (g_str_has_suffix(location, "/" VERSION_FILE))
    check_version(bytes, location, into);
  else
    pacman_desc_parse(bytes, location, into);
}

const Detector pacman_detector = {
    .name = "pacman",
    .version = 3,
    .places = (const char *const[]){"var/lib/pacman/local/" VERSION_FILE,
                                    "var/lib/pacman/local/*/desc", NULL},
    .lists_packages = true,
    .read = read_database,
};
