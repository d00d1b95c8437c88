/* Sources and Packages of a suite, joined by source package. */
#include "advisory/feeds/debian_source.h"

#include <string.h>

#include "advisory/feeds/deb822.h"
#include "advisory/feeds/debian_release.h"
#include "version/version.h"

void
debian_source_free(DebianSource *source)
{
  g_free(source->name);
  g_free(source->version);
  g_free(source->directory);
  g_free(source->file);
  g_free(source->sha256);
  g_free(source->installable);
  g_free(source);
}

static void
free_source(gpointer source)
{
  debian_source_free(source);
}

GHashTable *
debian_sources_new(void)
{
  return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_source);
}

/* A name or version becomes part of a file's name. */
static bool
is_plain_word(const char *word)
{
  return word != NULL && strchr(word, '/') == NULL && debian_path_is_safe(word);
}

static bool
is_tar(const char *name, const char *stem)
{
  g_autofree char *pattern = g_strconcat(stem, ".", NULL);
  const char *found = g_strrstr(name, pattern);
  return found != NULL && strchr(found, '/') == NULL;
}

/* Which file of the source has debian/changelog: NAME.debian.tar.* (3.0 quilt), NAME.diff.gz (1.0),
 * or the one NAME.tar.* of a native source. */
static void
find_changelog_file(DebianSource *source, Slice stanza)
{
  Slice list, hash, name;
  uint64_t size;
  if (!deb822_get(stanza, "Checksums-Sha256", &list))
    return;
  while (deb822_next_file(&list, &hash, &size, &name)) {
    g_autofree char *file = slice_to_string(name);
    bool signature = g_str_has_suffix(file, ".asc") || g_str_has_suffix(file, ".dsc");
    bool upstream = is_tar(file, ".orig.tar") || strstr(file, ".orig-") != NULL;
    bool diff = g_str_has_suffix(file, ".diff.gz");
    if (hash.size != 64 || signature || upstream || !is_plain_word(file) ||
        (!diff && !is_tar(file, ".tar")))
      continue;
    g_free(source->file);
    g_free(source->sha256);
    source->file = g_steal_pointer(&file);
    source->sha256 = slice_to_string(hash);
    source->size = size;
    source->place = diff ? CHANGELOG_IN_DIFF : CHANGELOG_IN_TAR;
  }
}

static bool
add_source(GHashTable *sources, Slice stanza)
{
  g_autofree char *name = deb822_get_text(stanza, "Package");
  g_autofree char *version = deb822_get_text(stanza, "Version");
  g_autofree char *directory = deb822_get_text(stanza, "Directory");
  if (!is_plain_word(name) || !is_plain_word(version) || directory == NULL ||
      !debian_path_is_safe(directory))
    return false;
  DebianSource *known = g_hash_table_lookup(sources, name);
  if (known != NULL && version_compare_strings(VERSION_DEBIAN, known->version, version) >= 0)
    return true;
  DebianSource *source = g_new0(DebianSource, 1);
  source->name = g_steal_pointer(&name);
  source->version = g_steal_pointer(&version);
  source->directory = g_steal_pointer(&directory);
  find_changelog_file(source, stanza);
  g_hash_table_replace(sources, source->name, source);
  return true;
}

void
debian_sources_add(GHashTable *sources, Slice text, uint64_t *skipped)
{
  Slice stanza;
  while (deb822_next_stanza(&text, &stanza))
    if (!add_source(sources, stanza))
      (*skipped)++;
}

void
debian_sources_note_packages(GHashTable *sources, Slice text)
{
  Slice stanza;
  while (deb822_next_stanza(&text, &stanza)) {
    /* "Source: name (version)", where the version is there only when it is not the binary's. */
    g_autofree char *package = deb822_get_text(stanza, "Package");
    g_autofree char *version = deb822_get_text(stanza, "Version");
    g_autofree char *origin = deb822_get_text(stanza, "Source");
    char *name = origin != NULL ? origin : package;
    if (name == NULL || version == NULL)
      continue;
    char *open = strchr(name, '('), *close = open != NULL ? strchr(open, ')') : NULL;
    const char *built = version;
    if (close != NULL) {
      *open = *close = '\0';
      built = open + 1;
    }
    DebianSource *source = g_hash_table_lookup(sources, g_strchomp(name));
    if (source == NULL ||
        (source->installable != NULL &&
         version_compare_strings(VERSION_DEBIAN, source->installable, built) >= 0))
      continue;
    g_free(source->installable);
    source->installable = g_strdup(built);
  }
}
