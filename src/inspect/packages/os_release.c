/* os-release(5). */
#include <string.h>

#include "inspect/packages/packages.h"

/* What is longer is cut off: the file is a page of short lines. */
#define TEXT_MAX  ((size_t)64 * 1024)
#define VALUE_MAX ((size_t)256)

/* Shell-like quoting: single or double quotes around the whole, backslashes in double ones. */
static char *
unquote(Slice value)
{
  if (value.size >= 2 && (value.data[0] == '"' || value.data[0] == '\'') &&
      value.data[value.size - 1] == value.data[0]) {
    bool escapes = value.data[0] == '"';
    g_autofree char *inner = slice_to_utf8(slice_sub(value, 1, value.size - 2));
    GString *plain = g_string_new(NULL);
    for (const char *p = inner; *p != '\0'; p++) {
      if (escapes && *p == '\\' && p[1] != '\0')
        p++;
      g_string_append_c(plain, *p);
    }
    return g_string_free(plain, FALSE);
  }
  return slice_to_utf8(value);
}

static void
take(char **field, Slice value)
{
  g_autofree char *plain = unquote(value);
  g_free(*field);
  *field = slice_to_printable(slice_from_string(plain), VALUE_MAX);
}

OsRelease *
os_release_parse(Slice text)
{
  OsRelease *os = g_new0(OsRelease, 1);
  Slice line;
  text = slice_sub(text, 0, TEXT_MAX);
  while (slice_next_line(&text, &line)) {
    line = slice_strip(line);
    gssize equals = slice_find(line, '=');
    if (equals <= 0 || line.data[0] == '#')
      continue;
    Slice key = slice_sub(line, 0, (size_t)equals);
    Slice value = slice_sub(line, (size_t)equals + 1, line.size);
    if (slice_equal_string(key, "ID"))
      take(&os->id, value);
    else if (slice_equal_string(key, "VERSION_ID"))
      take(&os->version_id, value);
    else if (slice_equal_string(key, "VERSION"))
      take(&os->version, value);
    else if (slice_equal_string(key, "VERSION_CODENAME"))
      take(&os->codename, value);
    else if (slice_equal_string(key, "UBUNTU_CODENAME") ||
             slice_equal_string(key, "DEBIAN_CODENAME"))
      take(&os->parent_codename, value);
    else if (slice_equal_string(key, "PRETTY_NAME"))
      take(&os->pretty_name, value);
    else if (slice_equal_string(key, "ID_LIKE")) {
      g_autofree char *like = NULL;
      take(&like, value);
      g_strfreev(os->id_like);
      os->id_like = g_strsplit(like, " ", 16);
    }
  }
  if (os->id == NULL || *os->id == '\0') {
    os_release_free(os);
    return NULL;
  }
  g_autofree char *id = os->id;
  os->id = g_ascii_strdown(id, -1);
  return os;
}

static void
read_os_release(Slice bytes, const char *location, LayerInventory *into)
{
  OsRelease *os = os_release_parse(bytes);
  if (os == NULL)
    return;
  os->location = g_strdup(location);
  g_ptr_array_add(into->releases, os);
}

const Detector os_release_detector = {
    .name = "os-release",
    .places = (const char *const[]){"etc/os-release", "usr/lib/os-release", NULL},
    .read = read_os_release,
};
