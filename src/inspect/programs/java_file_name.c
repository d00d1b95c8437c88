/* Where a name ends and a version begins; see the header. */
#include "inspect/programs/java_file_name.h"

#include <stdbool.h>
#include <string.h>

void
java_file_name_clear(JavaFileName *name)
{
  g_clear_pointer(&name->artifact, g_free);
  g_clear_pointer(&name->version, g_free);
}

/* "1.2", "build7", "r07", "rc1". */
static bool
begins_version(const char *text)
{
  if (g_ascii_isdigit(*text))
    return true;
  static const char *const words[] = {"build", "rc", "r"};
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    size_t size = strlen(words[i]);
    if (strncmp(text, words[i], size) != 0 || !g_ascii_isdigit(text[size]))
      continue;
    const char *end = text + size;
    while (g_ascii_isdigit(*end))
      end++;
    return i == 0 || !g_ascii_isalpha(*end);
  }
  return false;
}

/* Of a version: "1.0-beta-2"; others belong to a name: "log4j-1.2-api-2.17.1". */
static bool
is_qualifier(const char *word, size_t size)
{
  static const char *const qualifiers[] = {
      "alpha", "beta",   "b",   "m",  "milestone", "rc",     "cr",      "ga",  "final",
      "sp",    "build",  "rev", "r",  "pre",       "jre",    "android", "dev", "incubating",
      "patch", "redhat", "v",   "ea", "preview",   "update", "SNAPSHOT"};
  for (size_t i = 0; i < G_N_ELEMENTS(qualifiers); i++)
    if (strlen(qualifiers[i]) == size && g_ascii_strncasecmp(word, qualifiers[i], size) == 0)
      return true;
  return false;
}

/* Whether what comes before @dash is a word that no version has in it. */
static bool
follows_name(const char *start, const char *dash)
{
  const char *word = dash;
  while (word > start && word[-1] != '-')
    word--;
  for (const char *at = word; at < dash; at++)
    if (!g_ascii_isalpha(*at))
      return false;
  return !is_qualifier(word, (size_t)(dash - word));
}

/* Where the version begins, or NULL. */
static const char *
find_version(const char *stem)
{
  const char *version = NULL;
  for (const char *dash = strchr(stem, '-'); dash != NULL; dash = strchr(dash + 1, '-'))
    if (dash > stem && begins_version(dash + 1) &&
        (version == NULL || (follows_name(version, dash) && strchr(dash, '.') != NULL)))
      version = dash + 1;
  static const char separators[] = "_.";
  for (size_t i = 0; version == NULL && separators[i] != '\0'; i++) {
    const char *at = strchr(stem, separators[i]);
    if (at != NULL && at > stem && begins_version(at + 1))
      version = at + 1;
  }
  return version;
}

/* What kind of archive it is of the artifact is no part of its version. */
static void
cut_classifier(char *version)
{
  static const char *const classifiers[] = {
      "-sources", "-javadoc", "-tests", "-shaded", "-jar-with-dependencies", "-all"};
  for (size_t i = 0; i < G_N_ELEMENTS(classifiers); i++)
    if (g_str_has_suffix(version, classifiers[i])) {
      version[strlen(version) - strlen(classifiers[i])] = '\0';
      return;
    }
}

void
java_file_name_read(JavaFileName *name, const char *file_name)
{
  *name = (JavaFileName){.artifact = NULL};
  const char *dot = strrchr(file_name, '.');
  g_autofree char *stem =
      dot == NULL ? g_strdup(file_name) : g_strndup(file_name, (gsize)(dot - file_name));
  const char *version = *stem == '-' ? NULL : find_version(stem);
  if (version == NULL)
    return;
  name->artifact = g_strndup(stem, (gsize)(version - 1 - stem));
  name->version = g_strdup(version);
  cut_classifier(name->version);
}
