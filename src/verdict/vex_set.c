/* Sets of VEX documents; see the header. Statements are found by the names of their vulnerability,
 * so that a finding is compared with few of them. */
#include "verdict/vex_set.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"

typedef struct {
  const VexStatement *statement;
  const VexDocument *document;
  unsigned place; /* in the order of the set */
} Indexed;

struct VexSet {
  gatomicrefcount references;
  GPtrArray *documents;
  GHashTable *by_name; /* a vulnerability's name in small letters -> GArray of Indexed */
  char *sha256;
  unsigned statements;
};

/* --- loading --- */

static void
document_free(void *document)
{
  vex_document_free(document);
}

static void
array_free(void *array)
{
  g_array_unref(array);
}

static void
index_name(VexSet *set, const char *name, const Indexed *indexed)
{
  g_autofree char *key = g_ascii_strdown(name, -1);
  GArray *list = g_hash_table_lookup(set->by_name, key);
  if (list == NULL) {
    list = g_array_new(FALSE, FALSE, sizeof(Indexed));
    g_hash_table_insert(set->by_name, g_steal_pointer(&key), list);
  }
  g_array_append_val(list, *indexed);
}

static bool
add_document(VexSet *set, VexDocument *document, GError **error)
{
  g_ptr_array_add(set->documents, document);
  for (guint i = 0; i < document->statements->len; i++) {
    const VexStatement *statement = g_ptr_array_index(document->statements, i);
    const Indexed indexed = {statement, document, set->statements};
    if (++set->statements > VEX_SET_STATEMENTS_MAX)
      return error_set(error, ASSAY_ERROR_LIMIT, "%s: more than %u statements in all documents",
                       document->name, VEX_SET_STATEMENTS_MAX);
    index_name(set, statement->id, &indexed);
    for (char **alias = statement->aliases; alias != NULL && *alias != NULL; alias++)
      index_name(set, *alias, &indexed);
  }
  return true;
}

static bool
load_file(VexSet *set, const char *path, GChecksum *checksum, GError **error)
{
  g_autoptr(GBytes) text = file_read(AT_FDCWD, path, VEX_BYTES_MAX, error);
  if (text == NULL)
    return false;
  VexDocument *document = vex_parse(slice_from_bytes(text), path, error);
  if (document == NULL)
    return false;
  g_checksum_update(checksum, (const guchar *)path, (gssize)strlen(path) + 1);
  g_checksum_update(checksum, g_bytes_get_data(text, NULL), (gssize)g_bytes_get_size(text));
  return add_document(set, document, error);
}

/* The paths of all *.json in it, in the order of their names. (transfer full) */
static GPtrArray *
list_folder(const char *path, GError **error)
{
  g_autoptr(GDir) folder = g_dir_open(path, 0, error);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  if (folder == NULL)
    return NULL;
  for (const char *name = g_dir_read_name(folder); name != NULL; name = g_dir_read_name(folder))
    if (g_str_has_suffix(name, ".json"))
      g_ptr_array_add(names, g_build_filename(path, name, NULL));
  g_ptr_array_sort(names, text_compare);
  return g_steal_pointer(&names);
}

/* Whoever opens a pipe waits for a writer. */
static bool
is_plain_file(const char *path, GError **error)
{
  return g_file_test(path, G_FILE_TEST_IS_REGULAR) ||
         error_set(error, ASSAY_ERROR_INVALID, "%s: is no file", path);
}

static bool
load_folder(VexSet *set, const char *path, GChecksum *checksum, GError **error)
{
  g_autoptr(GPtrArray) names = list_folder(path, error);
  if (names == NULL)
    return false;
  if (names->len > VEX_FILES_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "%s: more than %u files", path, VEX_FILES_MAX);
  for (guint i = 0; i < names->len; i++)
    if (!is_plain_file(names->pdata[i], error) ||
        !load_file(set, g_ptr_array_index(names, i), checksum, error))
      return false;
  return true;
}

static char *
below(const char *folder, const char *path)
{
  return folder == NULL || g_path_is_absolute(path) ? g_strdup(path)
                                                    : g_build_filename(folder, path, NULL);
}

static void
look_at(const char *path, GChecksum *checksum)
{
  struct stat status;
  bool there = stat(path, &status) == 0;
  g_autofree char *look =
      !there
          ? g_strdup_printf("%s\n-\n", path)
          : g_strdup_printf("%s\n%ju %ju %jd %jd.%09ld %jd.%09ld\n", path, (uintmax_t)status.st_dev,
                            (uintmax_t)status.st_ino, (intmax_t)status.st_size,
                            (intmax_t)status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                            (intmax_t)status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
  g_checksum_update(checksum, (const guchar *)look, -1);
}

/* What else lies in a folder, and when it was last looked into, is nothing to us. */
void
vex_files_look(char *const *paths, const char *folder, GChecksum *checksum)
{
  for (; paths != NULL && *paths != NULL; paths++) {
    g_autofree char *path = below(folder, *paths);
    bool is_folder = g_file_test(path, G_FILE_TEST_IS_DIR);
    g_autoptr(GPtrArray) names = is_folder ? list_folder(path, NULL) : NULL;
    if (!is_folder)
      look_at(path, checksum);
    for (guint i = 0; names != NULL && i < MIN(names->len, VEX_FILES_MAX + 1); i++)
      look_at(g_ptr_array_index(names, i), checksum);
  }
}

static VexSet *
new_set(void)
{
  VexSet *set = g_new0(VexSet, 1);
  g_atomic_ref_count_init(&set->references);
  set->documents = g_ptr_array_new_with_free_func(document_free);
  set->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, array_free);
  return set;
}

VexSet *
vex_set_new(GPtrArray *documents, GError **error)
{
  g_autoptr(VexSet) set = new_set();
  bool fits = true;
  while (fits && documents->len > 0)
    fits = add_document(set, g_ptr_array_steal_index(documents, 0), error);
  return fits ? g_steal_pointer(&set) : NULL;
}

VexSet *
vex_set_load(char *const *paths, const char *folder, GError **error)
{
  g_autoptr(VexSet) set = new_set();
  g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
  for (; paths != NULL && *paths != NULL; paths++) {
    g_autofree char *path = below(folder, *paths);
    bool is_folder = g_file_test(path, G_FILE_TEST_IS_DIR);
    if (!(is_folder ? load_folder(set, path, checksum, error)
                    : load_file(set, path, checksum, error)))
      return NULL;
  }
  set->sha256 = g_strdup(g_checksum_get_string(checksum));
  return g_steal_pointer(&set);
}

VexSet *
vex_set_ref(VexSet *set)
{
  g_atomic_ref_count_inc(&set->references);
  return set;
}

void
vex_set_unref(VexSet *set)
{
  if (set == NULL || !g_atomic_ref_count_dec(&set->references))
    return;
  g_hash_table_unref(set->by_name);
  g_ptr_array_unref(set->documents);
  g_free(set->sha256);
  g_free(set);
}

const GPtrArray *
vex_set_documents(const VexSet *set)
{
  return set->documents;
}

const char *
vex_set_sha256(const VexSet *set)
{
  return set->sha256;
}

/* --- finding --- */

typedef struct {
  const VexImage *image;
  const Finding *finding;
  const Indexed *newest;
} Search;

static bool
is_newer(const Indexed *one, const Indexed *than)
{
  return than == NULL || one->statement->time > than->statement->time ||
         (one->statement->time == than->statement->time && one->place > than->place);
}

static void
search_name(const VexSet *set, const char *name, Search *search)
{
  g_autofree char *key = name == NULL ? NULL : g_ascii_strdown(name, -1);
  const GArray *list = key == NULL ? NULL : g_hash_table_lookup(set->by_name, key);
  for (guint i = 0; list != NULL && i < list->len; i++) {
    const Indexed *each = &g_array_index(list, Indexed, i);
    if (is_newer(each, search->newest) && vex_fits(each->statement, search->image, search->finding))
      search->newest = each;
  }
}

const VexStatement *
vex_set_find(const VexSet *set, const VexImage *image, const Finding *finding,
             const VexDocument **document)
{
  Search search = {image, finding, NULL};
  search_name(set, finding->id, &search);
  search_name(set, finding->vendor_id, &search);
  for (char **alias = finding->aliases; alias != NULL && *alias != NULL; alias++)
    search_name(set, *alias, &search);
  if (search.newest == NULL)
    return NULL;
  *document = search.newest->document;
  return search.newest->statement;
}

const VexStatement *
vex_sets_suppress(const VexSet *const *sets, size_t count, const VexImage *image,
                  const Finding *finding, const VexDocument **document)
{
  const VexStatement *newest = NULL;
  if (finding->kind != FINDING_VULNERABILITY)
    return NULL;
  for (size_t i = 0; i < count; i++) {
    const VexDocument *whose = NULL;
    const VexStatement *found =
        sets[i] == NULL ? NULL : vex_set_find(sets[i], image, finding, &whose);
    if (found == NULL || (newest != NULL && found->time <= newest->time))
      continue;
    newest = found;
    *document = whose;
  }
  return newest != NULL && vex_suppresses(newest) ? newest : NULL;
}
