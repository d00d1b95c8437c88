/* Sources and Packages of a suite, joined by source package. */
#include "advisory/feeds/debian_source.h"

#include <string.h>

#include "advisory/feeds/debian_release.h"
#include "text/deb822.h"
#include "version/version.h"

static void
clear_file(ChangelogFile *file)
{
  g_free(file->path);
  g_free(file->sha256);
  *file = (ChangelogFile){0};
}

void
debian_source_free(DebianSource *source)
{
  g_free(source->name);
  g_free(source->version);
  g_free(source->installable);
  clear_file(&source->source);
  for (size_t i = 0; i < CHANGELOG_DEBS_MAX; i++)
    clear_file(&source->debs[i]);
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
find_changelog_file(DebianSource *source, const char *directory, Slice stanza)
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
    clear_file(&source->source);
    source->source = (ChangelogFile){g_strconcat(directory, "/", file, NULL), slice_to_string(hash),
                                     size, diff ? CHANGELOG_IN_DIFF : CHANGELOG_IN_TAR};
  }
}

static bool
add_source(GHashTable *sources, Slice stanza)
{
  g_autofree char *name = deb822_get_text(stanza, "Package");
  g_autofree char *version = deb822_get_text(stanza, "Version");
  g_autofree char *directory = deb822_get_text(stanza, "Directory");
  /* Kept for its licence alone, because something was built with it: no update. */
  g_autofree char *extra = deb822_get_text(stanza, "Extra-Source-Only");
  if (g_strcmp0(extra, "yes") == 0)
    return true;
  if (!is_plain_word(name) || !is_plain_word(version) || directory == NULL ||
      !debian_path_is_safe(directory))
    return false;
  DebianSource *known = g_hash_table_lookup(sources, name);
  if (known != NULL && version_compare_strings(VERSION_DEBIAN, known->version, version) >= 0)
    return true;
  DebianSource *source = g_new0(DebianSource, 1);
  source->name = g_steal_pointer(&name);
  source->version = g_steal_pointer(&version);
  find_changelog_file(source, directory, stanza);
  g_hash_table_replace(sources, source->name, source);
  return true;
}

void
debian_sources_add(GHashTable *sources, Slice text, const FeedSink *sink, uint64_t *skipped)
{
  Slice stanza;
  while (deb822_next_stanza(&text, &stanza))
    if (!add_source(sources, stanza))
      feed_skip(sink, skipped, "a source package without a name, a version or a sound folder");
}

/* Keeps the package's file when it is one of the smallest of its source. */
static void
note_deb(DebianSource *source, Slice stanza)
{
  g_autofree char *path = deb822_get_text(stanza, "Filename");
  g_autofree char *sha256 = deb822_get_text(stanza, "SHA256");
  Slice text;
  uint64_t size;
  if (path == NULL || !debian_path_is_safe(path) || sha256 == NULL || strlen(sha256) != 64 ||
      !deb822_get(stanza, "Size", &text) || !slice_to_uint64(text, &size))
    return;
  size_t at = 0;
  while (at < CHANGELOG_DEBS_MAX && source->debs[at].path != NULL && source->debs[at].size <= size)
    at++;
  if (at == CHANGELOG_DEBS_MAX)
    return;
  clear_file(&source->debs[CHANGELOG_DEBS_MAX - 1]);
  memmove(&source->debs[at + 1], &source->debs[at],
          (CHANGELOG_DEBS_MAX - 1 - at) * sizeof source->debs[0]);
  source->debs[at] =
      (ChangelogFile){g_steal_pointer(&path), g_steal_pointer(&sha256), size, CHANGELOG_IN_DEB};
}

/* @version of @name has a binary package, @stanza. */
static void
note_package(GHashTable *sources, const char *name, const char *version, Slice stanza)
{
  DebianSource *source = g_hash_table_lookup(sources, name);
  int order = source == NULL ? -1
              : source->installable == NULL
                  ? 1
                  : version_compare_strings(VERSION_DEBIAN, version, source->installable);
  if (order < 0)
    return;
  if (order > 0) {
    g_free(source->installable);
    source->installable = g_strdup(version);
    for (size_t i = 0; i < CHANGELOG_DEBS_MAX; i++)
      clear_file(&source->debs[i]);
  }
  note_deb(source, stanza);
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
    if (close != NULL)
      *open = *close = '\0';
    note_package(sources, g_strchomp(name), close != NULL ? open + 1 : version, stanza);
  }
}
