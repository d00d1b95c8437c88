/* The list of detectors, and which of them reads a path. */
#include <string.h>

#include "inspect/detector.h"
#include "inspect/inspection.h"
#include "inspect/packages/packages.h"

const Detector *const detectors[] = {
    &os_release_detector,   &dpkg_detector,
    &dpkg_journal_detector, &apk_detector,
    &rpm_detector,          &rpm_journal_detector,
    &rpm_manifest_detector, &chisel_detector,
    &foreign_detector,      NULL,
};

/* All places as lookups, made once. */
typedef struct {
  GHashTable *files;   /* path -> Detector */
  GHashTable *folders; /* path of a folder whose files are wanted -> Detector */
  GHashTable *above;   /* set: what is wanted, and every folder above that */
  GHashTable *homes;   /* set: folders that package databases are in */
  GPtrArray *places;   /* as detectors spell them */
} Places;

static void
add_place(Places *places, const Detector *detector, const char *place)
{
  bool folder = g_str_has_suffix(place, "/");
  g_autofree char *path = g_strndup(place, strlen(place) - folder);
  g_ptr_array_add(places->places, (char *)(uintptr_t)place);
  g_hash_table_insert(folder ? places->folders : places->files, g_strdup(path),
                      (void *)(uintptr_t)detector);
  if (detector->lists_packages)
    g_hash_table_add(places->homes, folder ? g_strdup(path) : g_path_get_dirname(path));
  for (char *slash = path + strlen(path); slash != NULL; slash = strrchr(path, '/')) {
    *slash = '\0';
    g_hash_table_add(places->above, g_strdup(path));
  }
}

static void *
compile_places(void *unused)
{
  Places *places = g_new0(Places, 1);
  places->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  places->folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  places->above = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  places->homes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  places->places = g_ptr_array_new();
  for (size_t i = 0; detectors[i] != NULL; i++)
    for (const char *const *place = detectors[i]->places; *place != NULL; place++)
      add_place(places, detectors[i], *place);
  return places;
}

static const Places *
all_places(void)
{
  static GOnce once = G_ONCE_INIT;
  return g_once(&once, compile_places, NULL);
}

const Detector *
detector_of(const char *path)
{
  const Places *places = all_places();
  const Detector *detector = g_hash_table_lookup(places->files, path);
  const char *slash = detector == NULL ? strrchr(path, '/') : NULL;
  if (slash == NULL || slash[1] == '\0')
    return detector;
  g_autofree char *folder = g_strndup(path, (size_t)(slash - path));
  detector = g_hash_table_lookup(places->folders, folder);
  return detector == NULL || detector->wants == NULL || detector->wants(slash + 1) ? detector
                                                                                   : NULL;
}

bool
detectors_path_is_database(const char *path)
{
  const Detector *detector = detector_of(path);
  return (detector != NULL && detector->lists_packages) ||
         g_hash_table_contains(all_places()->homes, path);
}

bool
detectors_want_below(const char *path)
{
  return *path == '\0' || g_hash_table_contains(all_places()->above, path) ||
         detector_of(path) != NULL;
}

const char *
inspection_wanted_path(unsigned index)
{
  const GPtrArray *places = all_places()->places;
  return index < places->len ? g_ptr_array_index(places, index) : NULL;
}
