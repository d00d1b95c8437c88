/* Fixed places as lookups; see the header. */
#include "inspect/fixed_places.h"

#include <string.h>

/* All of them as lookups, made once. */
typedef struct {
  PlaceReading readings[READINGS_MAX];
  unsigned reading_count;
  GHashTable *files;   /* path, which may have "*" for a folder -> its PlaceReading */
  GHashTable *folders; /* path of a folder whose files are wanted -> its PlaceReading */
  GHashTable *homes;   /* set: folders that package databases are in */
  GPtrArray *places;   /* as detectors spell them */
} Places;

/* "status.d/" of "var/lib/dpkg/status.d/". */
static const char *
last_name(const char *place)
{
  const char *at = place + strlen(place);
  while (at > place && (at[-1] != '/' || at[0] == '\0'))
    at--;
  return at;
}

bool
fixed_places_split_pattern(const char *place, size_t *above)
{
  const char *star = strstr(place, "/*/");
  *above = star == NULL ? 0 : (size_t)(star - place);
  return star != NULL;
}

/* @path, whose folder is any; NULL: it is not so far down. (transfer full) */
static char *
any_folder(const char *path)
{
  const char *file = strrchr(path, '/');
  const char *folder = file == NULL ? NULL : memrchr(path, '/', (size_t)(file - path));
  return folder == NULL || file == folder + 1
             ? NULL
             : g_strdup_printf("%.*s/*%s", (int)(folder - path), path, file);
}

static PlaceReading *
reading_of_place(Places *places, const Detector *detector, const char *place)
{
  for (unsigned i = 0; i < places->reading_count; i++) {
    PlaceReading *reading = &places->readings[i];
    if (reading->detector == detector &&
        (detector->alike || strcmp(last_name(reading->place), last_name(place)) == 0))
      return reading;
  }
  g_assert(places->reading_count < READINGS_MAX);
  PlaceReading *reading = &places->readings[places->reading_count++];
  *reading = (PlaceReading){detector, place};
  return reading;
}

/* The folders that packages are in: that of the file; of a file in any folder, that of those
 * folders and the one above it. */
static void
add_homes(Places *places, const char *place, const char *path)
{
  size_t above;
  if (g_str_has_suffix(place, "/")) {
    g_hash_table_add(places->homes, g_strdup(path));
  } else if (fixed_places_split_pattern(place, &above)) {
    g_autofree char *folders = g_strndup(place, above);
    g_hash_table_add(places->homes, g_path_get_dirname(folders));
    g_hash_table_add(places->homes, g_steal_pointer(&folders));
  } else {
    g_hash_table_add(places->homes, g_path_get_dirname(path));
  }
}

static void
add_place(Places *places, const Detector *detector, const char *place)
{
  bool folder = g_str_has_suffix(place, "/");
  g_autofree char *path = g_strndup(place, strlen(place) - folder);
  g_ptr_array_add(places->places, (char *)(uintptr_t)place);
  bool added = g_hash_table_insert(folder ? places->folders : places->files, g_strdup(path),
                                   reading_of_place(places, detector, place));
  g_assert(added); /* no two detectors name the same place */
  if (detector->lists_packages)
    add_homes(places, place, path);
}

static void *
compile_places(void *unused)
{
  Places *places = g_new0(Places, 1);
  places->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  places->folders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  places->homes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  places->places = g_ptr_array_new();
  for (size_t i = 0; detectors[i] != NULL; i++)
    for (size_t j = 0; detectors[i]->places != NULL && detectors[i]->places[j] != NULL; j++)
      if (*detectors[i]->places[j] != '*')
        add_place(places, detectors[i], detectors[i]->places[j]);
  return places;
}

static const Places *
all_places(void)
{
  static GOnce once = G_ONCE_INIT;
  return g_once(&once, compile_places, NULL);
}

unsigned
fixed_places_reading_count(void)
{
  return all_places()->reading_count;
}

const PlaceReading *
fixed_places_reading(unsigned index)
{
  return &all_places()->readings[index];
}

static const PlaceReading *
find_reading(const char *path)
{
  const Places *places = all_places();
  const PlaceReading *reading = g_hash_table_lookup(places->files, path);
  g_autofree char *anywhere = reading == NULL ? any_folder(path) : NULL;
  if (anywhere != NULL)
    reading = g_hash_table_lookup(places->files, anywhere);
  const char *slash = reading == NULL ? strrchr(path, '/') : NULL;
  if (slash == NULL)
    return reading;
  g_autofree char *folder = g_strndup(path, (size_t)(slash - path));
  reading = g_hash_table_lookup(places->folders, folder);
  if (reading == NULL || slash[1] == '\0')
    return reading;
  const Detector *detector = reading->detector;
  return detector->wants_name == NULL || detector->wants_name(slash + 1) ? reading : NULL;
}

int
fixed_places_find_reading(const char *path)
{
  const PlaceReading *reading = find_reading(path);
  return reading == NULL ? -1 : (int)(reading - all_places()->readings);
}

/* A place whose folder is any, with the name of the folder that @path is in, or @path's own. */
static char *
in_folder_of(const char *place, size_t above, const char *path)
{
  g_auto(GStrv) names = g_strsplit(path, "/", -1);
  guint count = g_strv_length(names);
  return g_strdup_printf("%.*s/%s/%s", (int)above, place, names[count - (count > 1 ? 2 : 1)],
                         last_name(place));
}

char *
fixed_places_location(const char *path, unsigned index)
{
  if (fixed_places_find_reading(path) == (int)index)
    return g_strdup(path);
  const char *place = fixed_places_reading(index)->place, *slash = strrchr(path, '/');
  size_t above;
  if (fixed_places_split_pattern(place, &above))
    return in_folder_of(place, above, path);
  bool folder = g_str_has_suffix(place, "/");
  return g_strconcat(place, folder ? (slash == NULL ? path : slash + 1) : "", NULL);
}

const Detector *
fixed_places_detector_of(const char *path)
{
  const PlaceReading *reading = g_str_has_suffix(path, "/") ? NULL : find_reading(path);
  return reading == NULL ? NULL : reading->detector;
}

bool
fixed_places_is_database(const char *path)
{
  const Detector *detector = fixed_places_detector_of(path);
  return (detector != NULL && detector->lists_packages) ||
         g_hash_table_contains(all_places()->homes, path);
}

const char *
fixed_places_get(unsigned index)
{
  const GPtrArray *places = all_places()->places;
  return index < places->len ? g_ptr_array_index(places, index) : NULL;
}
