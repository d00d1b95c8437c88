/* Files that tell a distribution without os-release(5): "CentOS release 6.10 (Final)" and the like.
 * What they give is what an os-release of that distribution would say. */
#include <string.h>

#include "inspect/packages/old_release-private.h"
#include "inspect/packages/packages.h"

#define TEXT_MAX ((size_t)64 * 1024)

Slice
release_text(Slice text)
{
  static const Slice mark = SLICE_LITERAL("\xef\xbb\xbf");
  if (slice_has_prefix(text, mark))
    text = slice_sub(text, mark.size, SIZE_MAX);
  return slice_sub(text, 0, TEXT_MAX);
}

OsRelease *
release_named(OsRelease *os)
{
  if (os->id == NULL || *os->id == '\0') {
    os_release_free(os);
    return NULL;
  }
  g_autofree char *id = os->id;
  os->id = g_ascii_strdown(id, -1);
  return os;
}

static OsRelease *
release_of(const char *id, const char *version)
{
  OsRelease *os = g_new0(OsRelease, 1);
  os->id = g_strdup(id);
  os->version_id = version == NULL || *version == '\0' ? NULL : g_strdup(version);
  return os;
}

/* The first line that is not empty, or "". (transfer full) */
static char *
first_line(Slice text)
{
  Slice line;
  while (slice_next_line(&text, &line))
    if (slice_strip(line).size > 0)
      return slice_to_printable(slice_strip(line), RELEASE_VALUE_MAX);
  return g_strdup("");
}

/* --- "NAME release VERSION (CODENAME)" --- */

static const struct {
  const char *name, *id;
  unsigned parts; /* so many of the version are VERSION_ID; 0: all */
} named[] = {
    {"CentOS", "centos", 0},
    {"Red Hat Enterprise Linux", "rhel", 0},
    {"Oracle Linux", "ol", 0},
    {"Enterprise Linux Enterprise Linux", "ol", 0}, /* Oracle's 5 */
    {"Rocky Linux", "rocky", 0},
    {"AlmaLinux", "almalinux", 0},
    {"Fedora", "fedora", 0},
    {"Amazon Linux AMI", "amzn", 0},
    {"Amazon Linux", "amzn", 1},
    {"Scientific Linux", "scientific", 0},
    {"VMware Photon", "photon", 2},
    {"CBL-Mariner", "mariner", 2},
    {"Microsoft Azure Linux", "azurelinux", 2},
    {"Azure Linux", "azurelinux", 2},
    {"openEuler", "openeuler", 0},
    {"Mageia", "mageia", 0},
    {"Anolis OS", "anolis", 0},
    {"Alibaba Cloud Linux", "alinux", 0},
    {"Kylin Linux", "kylin", 0},
    {"SUSE Linux Enterprise Server", "sles", 0},
    {"SUSE Linux Enterprise Desktop", "sled", 0},
    {"openSUSE", "opensuse", 0},
    {"Gentoo", "gentoo", 0},
    {"Slackware", "slackware", 0},
};

/* The first word of @text that begins with a digit, or "". */
static const char *
find_version(const char *text)
{
  for (; *text != '\0'; text++) {
    if (g_ascii_isdigit(*text))
      return text;
    text += strcspn(text, " ");
    if (*text == '\0')
      break;
  }
  return "";
}

/* How many bytes of @version its first @parts numbers take; 0: all that belongs to it. */
static size_t
version_size(const char *version, unsigned parts)
{
  size_t size = strspn(version, "0123456789");
  while (version[size] == '.' && g_ascii_isdigit(version[size + 1]) && (parts == 0 || --parts > 0))
    size += 1 + strspn(version + size + 1, "0123456789");
  return size;
}

static OsRelease *
parse_named(Slice text)
{
  g_autofree char *line = first_line(text);
  for (size_t i = 0; i < G_N_ELEMENTS(named); i++) {
    if (!g_str_has_prefix(line, named[i].name))
      continue;
    const char *version = find_version(line + strlen(named[i].name));
    g_autofree char *id = g_strndup(version, version_size(version, named[i].parts));
    OsRelease *os = release_of(named[i].id, id);
    os->version = *version == '\0' ? NULL : g_strdup(version);
    os->pretty_name = g_steal_pointer(&line);
    return os;
  }
  return NULL;
}

/* --- "KEY = value" --- */

/* Without quotes; NULL when there is no such line. (transfer full) */
static char *
value_of(Slice text, const char *key)
{
  Slice line;
  char *value = NULL;
  while (slice_next_line(&text, &line)) {
    gssize equals = slice_find(line, '=');
    if (equals <= 0 || !slice_equal_string(slice_strip(slice_sub(line, 0, (size_t)equals)), key))
      continue;
    Slice rest = slice_strip(slice_sub(line, (size_t)equals + 1, SIZE_MAX));
    if (rest.size >= 2 && rest.data[0] == '"' && rest.data[rest.size - 1] == '"')
      rest = slice_sub(rest, 1, rest.size - 2);
    g_free(value);
    value = slice_to_printable(rest, RELEASE_VALUE_MAX);
  }
  return value;
}

/* "SUSE Linux Enterprise Server 11 (x86_64)", and the service pack on a line of its own. */
static OsRelease *
parse_suse(Slice text)
{
  OsRelease *os = parse_named(text);
  g_autofree char *level = value_of(text, "PATCHLEVEL");
  if (os == NULL || os->version_id == NULL || level == NULL ||
      strchr(os->version_id, '.') != NULL || !g_ascii_isdigit(*level) || *level == '0')
    return os;
  g_autofree char *major = os->version_id;
  os->version_id = g_strdup_printf("%s.%s", major, level);
  return os;
}

static OsRelease *
parse_lsb(Slice text)
{
  g_autofree char *id = value_of(text, "DISTRIB_ID"), *release = value_of(text, "DISTRIB_RELEASE");
  OsRelease *os = release_of(id, release);
  os->codename = value_of(text, "DISTRIB_CODENAME");
  os->pretty_name = value_of(text, "DISTRIB_DESCRIPTION");
  return release_named(os);
}

/* --- a version alone --- */

/* "10.9", or "trixie/sid" of testing and sid. */
static OsRelease *
parse_debian(Slice text)
{
  g_autofree char *version = first_line(text);
  if (*version == '\0')
    return NULL;
  OsRelease *os = release_of(
      "debian", g_ascii_isdigit(*version) || strchr(version, '/') != NULL ? version : NULL);
  os->pretty_name = g_strdup_printf("Debian GNU/Linux %s", version);
  return os;
}

static OsRelease *
parse_alpine(Slice text)
{
  g_autofree char *version = first_line(text);
  if (*version == '\0')
    return NULL;
  OsRelease *os = release_of("alpine", version);
  os->pretty_name = g_strdup_printf("Alpine Linux %s", version);
  return os;
}

static OsRelease *
parse_arch(Slice text)
{
  return release_of("arch", NULL);
}

/* "cpe:/o:centos:linux:6:GA" or "cpe:2.3:o:amazon:amazon_linux:2". */
static OsRelease *
parse_cpe(Slice text)
{
  static const struct {
    const char *vendor, *id;
  } vendors[] = {{"centos", "centos"},       {"redhat", "rhel"},         {"oracle", "ol"},
                 {"rocky", "rocky"},         {"almalinux", "almalinux"}, {"amazon", "amzn"},
                 {"fedoraproject", "fedora"}};
  g_autofree char *line = first_line(text);
  g_auto(GStrv) parts = g_strsplit(line, ":", 16);
  guint at = g_str_has_prefix(line, "cpe:/o:") ? 2 : g_str_has_prefix(line, "cpe:2.3:o:") ? 3 : 0;
  if (at == 0 || g_strv_length(parts) < at + 3)
    return NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(vendors); i++) {
    const char *version = parts[at + 2];
    g_autofree char *id = g_strndup(version, version_size(version, 0));
    if (strcmp(vendors[i].vendor, parts[at]) == 0)
      return release_of(vendors[i].id, id);
  }
  return NULL;
}

OsRelease *
old_release_parse(Slice text, const char *location)
{
  static const struct {
    const char *location;
    OsRelease *(*parse)(Slice text);
  } kinds[] = {
      {"etc/alpine-release", parse_alpine},  {"etc/SuSE-release", parse_suse},
      {"etc/system-release-cpe", parse_cpe}, {"etc/lsb-release", parse_lsb},
      {"etc/debian_version", parse_debian},  {"etc/arch-release", parse_arch},
  };
  text = release_text(text);
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (strcmp(kinds[i].location, location) == 0)
      return kinds[i].parse(text);
  return parse_named(text);
}
