/* os-release(5). */
#include <string.h>

#include "inspect/packages/old_release-private.h"
#include "inspect/packages/packages.h"

/* The value of a line as a shell, and systemd, read it: parts in single or double quotes or in
 * none, and backslashes. One whose quotes do not end is as it is. (transfer full) */
static char *
unquote(Slice value)
{
  g_autofree char *text = slice_to_utf8(value);
  g_autoptr(GString) plain = g_string_new(NULL);
  char quote = '\0';
  for (const char *p = text; *p != '\0'; p++) {
    if (quote == '\0' ? *p == '"' || *p == '\'' : *p == quote) {
      quote = quote == '\0' ? *p : '\0';
      continue;
    }
    bool escapes = *p == '\\' && p[1] != '\0' &&
                   (quote == '\0' || (quote == '"' && strchr("\"\\`$", p[1]) != NULL));
    if (escapes)
      p++;
    g_string_append_c(plain, *p);
  }
  return quote != '\0' ? g_steal_pointer(&text) : g_strdup(plain->str);
}

static void
take(char **field, Slice value)
{
  g_autofree char *plain = unquote(value);
  g_free(*field);
  *field = slice_to_printable(slice_from_string(plain), RELEASE_VALUE_MAX);
}

OsRelease *
os_release_parse(Slice text)
{
  OsRelease *os = g_new0(OsRelease, 1);
  Slice line;
  text = release_text(text);
  while (slice_next_line(&text, &line)) {
    line = slice_strip(line);
    gssize equals = slice_find(line, '=');
    if (equals <= 0 || line.data[0] == '#' || line.data[0] == ';')
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
      os->id_like = *like == '\0' ? NULL : g_strsplit(like, " ", 16);
    }
  }
  return release_named(os);
}

/* Those who came before os-release(5) have a file of their own kind; where both are there, the
 * first place that tells counts. */
static OsRelease *
parse_release(Slice text, const char *location)
{
  return g_str_has_suffix(location, "/os-release") ? os_release_parse(text)
                                                   : old_release_parse(text, location);
}

static void
read_release(Slice bytes, const char *location, LayerInventory *into)
{
  OsRelease *os = parse_release(bytes, location);
  if (os == NULL)
    return;
  os->location = g_strdup(location);
  g_ptr_array_add(into->releases, os);
}

/* Rebuilds keep the files of what they rebuild: Oracle's redhat-release says "Red Hat". What names
 * one distribution alone comes first, and debian_version, which Ubuntu has as well, late. */
const Detector os_release_detector = {
    .name = "os-release",
    .version = 1,
    .places = (const char *const[]){"etc/os-release",         "usr/lib/os-release",
                                    "etc/alpine-release",     "etc/oracle-release",
                                    "etc/rocky-release",      "etc/almalinux-release",
                                    "etc/fedora-release",     "etc/centos-release",
                                    "etc/photon-release",     "etc/mariner-release",
                                    "etc/azurelinux-release", "etc/openEuler-release",
                                    "etc/SuSE-release",       "etc/redhat-release",
                                    "etc/system-release",     "etc/system-release-cpe",
                                    "etc/lsb-release",        "etc/debian_version",
                                    "etc/gentoo-release",     "etc/slackware-version",
                                    "etc/arch-release",       NULL},
    .read = read_release,
};
