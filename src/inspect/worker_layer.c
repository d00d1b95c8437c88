/* The job "layer": walks a layer's entries and gives what the detectors want of it.
 *
 * Databases are sought at the places of detectors.c. Where one of those is a link (or a folder
 * above it is), the layer is read again for the file that the link leads to: a tar may bring that
 * before the link, and keeping every file in case would be keeping the layer. Links are followed
 * within the layer; the usual ones (/lib, /var/lib/rpm) lead from one known place to another and
 * cost nothing.
 */
#include <string.h>

#include "archive/path.h"
#include "base/error.h"
#include "base/json.h"
#include "inspect/detector.h"
#include "inspect/inspection.h"
#include "inspect/worker-private.h"

/* A chain of more links is a loop, or meant to be one. */
#define PASSES_MAX 8u
/* Places that links led to, in one pass. */
#define SOUGHT_MAX 100u

/* Where to look: @path, or when @folder each file in it. What is found counts as @location, or as a
 * file in that. @link: the first link that led there, or NULL. */
typedef struct {
  char *path, *location, *link;
  bool folder;
} Sought;

typedef struct {
  WorkerInput input;
  const LayerLimits *limits;
  LayerInventory *inventory;
  bool first; /* the pass that takes notes and the digest */
  GPtrArray *sought, *next;
  GHashTable *seen;      /* "path location" that were sought already */
  GHashTable *links;     /* the links that were followed -> whether a file was found */
  GHashTable *databases; /* location -> LayerInventory: each as it was read last */
  GHashTable *removed;   /* set: what stands in inventory->removed */
  guint packages;        /* of all databases */
} Reading;

static void
sought_free(void *data)
{
  Sought *sought = data;
  g_free(sought->path);
  g_free(sought->location);
  g_free(sought->link);
  g_free(sought);
}

static void
inventory_free(void *data)
{
  layer_inventory_free(data);
}

static void
seek(Reading *reading, GPtrArray *list, const Sought *what)
{
  g_autofree char *key = g_strdup_printf("%s %s", what->path, what->location);
  if (list->len >= SOUGHT_MAX || !g_hash_table_add(reading->seen, g_strdup(key))) {
    layer_inventory_add_note(reading->inventory, "symlink-loop", what->location,
                             "Links lead around, or there are too many of them.");
    return;
  }
  Sought *sought = g_new0(Sought, 1);
  sought->path = g_strdup(what->path);
  sought->location = g_strdup(what->location);
  sought->link = g_strdup(what->link);
  sought->folder = what->folder;
  g_ptr_array_add(list, sought);
  if (what->link != NULL && !g_hash_table_contains(reading->links, what->link))
    g_hash_table_insert(reading->links, g_strdup(what->link), GINT_TO_POINTER(FALSE));
}

static void
seek_wanted(Reading *reading)
{
  for (unsigned i = 0; inspection_wanted_path(i) != NULL; i++) {
    const char *wanted = inspection_wanted_path(i);
    bool folder = g_str_has_suffix(wanted, "/");
    g_autofree char *path = g_strndup(wanted, strlen(wanted) - folder);
    seek(reading, reading->sought, &(Sought){path, path, NULL, folder});
  }
}

/* The location that a file at @path is sought for, or NULL; *found is which search it ends.
 * (transfer full) */
static char *
location_of(const Reading *reading, const char *path, const Sought **found)
{
  for (guint i = 0; i < reading->sought->len; i++) {
    const Sought *sought = g_ptr_array_index(reading->sought, i);
    const char *rest = path_below(path, sought->path);
    if (rest == NULL)
      continue;
    *found = sought;
    if (!sought->folder && *rest == '\0')
      return g_strdup(sought->location);
    if (sought->folder && *rest != '\0' && strchr(rest, '/') == NULL)
      return g_strconcat(sought->location, "/", rest, NULL);
  }
  return NULL;
}

/* --- databases --- */

static bool
too_many(const char *of_what, unsigned most, GError **error)
{
  return error_set(error, ASSAY_ERROR_LIMIT, "the layer has more than %u %s", most, of_what);
}

static bool
take_database(Reading *reading, const char *location, const Detector *detector, Slice bytes,
              GError **error)
{
  g_autoptr(LayerInventory) database = layer_inventory_new();
  detector->read(bytes, location, database);
  const LayerInventory *former = g_hash_table_lookup(reading->databases, location);
  reading->packages -= former == NULL ? 0 : former->packages->len;
  reading->packages += database->packages->len;
  if (database->overfull || reading->packages > LAYER_PACKAGES_MAX)
    return too_many("packages", LAYER_PACKAGES_MAX, error);
  g_hash_table_replace(reading->databases, g_strdup(location), g_steal_pointer(&database));
  return g_hash_table_size(reading->databases) <= LAYER_LOCATIONS_MAX ||
         too_many("package databases", LAYER_LOCATIONS_MAX, error);
}

static bool
take_file(Reading *reading, LayerReader *reader, const char *location, const Sought *sought,
          GError **error)
{
  const Detector *detector = detector_of(location);
  if (detector == NULL)
    return true;
  if (sought->link != NULL)
    g_hash_table_replace(reading->links, g_strdup(sought->link), GINT_TO_POINTER(TRUE));
  /* A link is followed for want of a file, not in its place. */
  if (!reading->first && g_hash_table_contains(reading->databases, location))
    return true;
  g_autoptr(GBytes) content = layer_reader_read_file(reader, error);
  return content != NULL &&
         take_database(reading, location, detector, slice_from_bytes(content), error);
}

/* --- links --- */

/* What was sought at @from or below it is sought at @to from now on. */
static void
follow(Reading *reading, const char *from, const char *to)
{
  const Sought *found = NULL;
  g_autofree char *own = location_of(reading, from, &found);
  if (own != NULL && detector_of(own) != NULL && detector_of(to) == NULL) {
    char *link = found->link != NULL ? found->link : (char *)(uintptr_t)from;
    seek(reading, reading->next, &(Sought){(char *)(uintptr_t)to, own, link, false});
  }
  for (guint i = 0; i < reading->sought->len; i++) {
    const Sought *sought = g_ptr_array_index(reading->sought, i);
    const char *rest = path_below(sought->path, from);
    if (rest == NULL || (*rest == '\0' && !sought->folder))
      continue;
    g_autofree char *path = *to == '\0'     ? g_strdup(rest)
                            : *rest == '\0' ? g_strdup(to)
                                            : g_strconcat(to, "/", rest, NULL);
    g_autofree char *file = g_strconcat(path, sought->folder ? "/x" : "", NULL);
    char *link = sought->link != NULL ? sought->link : (char *)(uintptr_t)from;
    if (detector_of(file) == NULL)
      seek(reading, reading->next, &(Sought){path, sought->location, link, sought->folder});
  }
}

static void
take_link(Reading *reading, const LayerEntry *entry)
{
  unsigned depth;
  bool escapes;
  g_autofree char *target = entry->kind == LAYER_ENTRY_HARDLINK
                                ? path_normalise(entry->target, &depth, &escapes)
                                : path_of_symlink(entry->path, entry->target);
  if (strcmp(target, entry->path) != 0)
    follow(reading, entry->path, target);
  else if (detectors_want_below(entry->path))
    layer_inventory_add_note(reading->inventory, "symlink-loop", entry->path,
                             "The link leads to itself.");
}

/* --- notes --- */

static void
note_entry(const LayerEntry *entry, LayerInventory *inventory)
{
  if (entry->escapes)
    layer_inventory_add_note(inventory, "path-escape", entry->path,
                             "The name in the archive climbs out of the root by \"..\"; it counts "
                             "from the root.");
  if (entry->kind == LAYER_ENTRY_DEVICE)
    layer_inventory_add_note(inventory, "device-node", entry->path,
                             "The layer brings a device node.");
  if (entry->kind == LAYER_ENTRY_FILE && (entry->mode & 06000) != 0)
    layer_inventory_add_note(inventory, "setuid", entry->path,
                             (entry->mode & 04000) != 0
                                 ? "Runs with the rights of its owner (setuid)."
                                 : "Runs with the rights of its group (setgid).");
}

/* A whiteout, and whatever else takes the place of a folder or file that is wanted. */
static bool
note_removal(Reading *reading, const LayerEntry *entry, GError **error)
{
  if (entry->kind == LAYER_ENTRY_FOLDER || !detectors_want_below(entry->path))
    return true;
  bool opaque = entry->kind == LAYER_ENTRY_OPAQUE && *entry->path != '\0';
  char *path = opaque ? g_strconcat(entry->path, "/", NULL) : g_strdup(entry->path);
  if (!g_hash_table_add(reading->removed, path))
    return true;
  g_ptr_array_add(reading->inventory->removed, g_strdup(path));
  return reading->inventory->removed->len <= LAYER_REMOVED_MAX ||
         too_many("whiteouts of package databases", LAYER_REMOVED_MAX, error);
}

static int
compare_text(gconstpointer a, gconstpointer b)
{
  return strcmp(a, b);
}

/* In the order of their names, so that a layer always has the same inventory. */
static GList *
sorted_keys(GHashTable *table)
{
  return g_list_sort(g_hash_table_get_keys(table), compare_text);
}

/* Where the file is in another layer, or nowhere. A link far above a database (/lib) need not mean
 * that there is one. */
static void
note_dangling(const Reading *reading)
{
  g_autoptr(GList) links = sorted_keys(reading->links);
  for (const GList *link = links; link != NULL; link = link->next) {
    bool followed = GPOINTER_TO_INT(g_hash_table_lookup(reading->links, link->data));
    const Detector *detector = detector_of(link->data);
    if (followed || (detector != NULL && !detector->lists_packages))
      continue;
    static const char detail[] = "The place of a package database is a link to what the layer does "
                                 "not hold; it was not read.";
    if (detectors_path_is_database(link->data))
      layer_inventory_add_unread(reading->inventory, "linked-database", link->data, detail);
    else
      layer_inventory_add_note(reading->inventory, "linked-database", link->data, detail);
  }
}

/* --- the walk --- */

static bool
take_entry(Reading *reading, LayerReader *reader, const LayerEntry *entry, GError **error)
{
  if (reading->first) {
    reading->inventory->entries++;
    note_entry(entry, reading->inventory);
  }
  /* A runtime that takes a name which climbs out at all (containerd, umoci) stops it at the root.
   */
  if (entry->kind == LAYER_ENTRY_FILE) {
    const Sought *sought = NULL;
    g_autofree char *location = location_of(reading, entry->path, &sought);
    if (location != NULL)
      return take_file(reading, reader, location, sought, error);
  } else if (entry->kind == LAYER_ENTRY_SYMLINK || entry->kind == LAYER_ENTRY_HARDLINK) {
    take_link(reading, entry);
  }
  return !reading->first || note_removal(reading, entry, error);
}

static bool
read_pass(Reading *reading, GError **error)
{
  GError *failure = NULL;
  WorkerInput input = reading->input;
  g_autoptr(LayerReader) reader = layer_reader_new(worker_input_read, &input, reading->limits);
  for (const LayerEntry *entry = layer_reader_next(reader, &failure); entry != NULL;
       entry = layer_reader_next(reader, &failure)) {
    if (!take_entry(reading, reader, entry, &failure))
      break;
  }
  if (failure != NULL) {
    g_propagate_error(error, failure);
    return false;
  }
  return !reading->first || layer_reader_finish(reader, &reading->inventory->diff_id,
                                                &reading->inventory->unpacked_bytes, error);
}

static bool
read_passes(Reading *reading, GError **error)
{
  seek_wanted(reading);
  for (unsigned pass = 0; pass < PASSES_MAX && reading->sought->len > 0; pass++) {
    reading->first = pass == 0;
    if (!read_pass(reading, error))
      return false;
    GPtrArray *done = reading->sought;
    reading->sought = reading->next;
    reading->next = done;
    g_ptr_array_set_size(done, 0);
  }
  if (reading->sought->len > 0) {
    const Sought *endless = g_ptr_array_index(reading->sought, 0);
    layer_inventory_add_note(reading->inventory, "symlink-loop", endless->link,
                             "Links lead around, or there are too many of them.");
  }
  note_dangling(reading);
  return true;
}

static void
join_databases(Reading *reading)
{
  LayerInventory *inventory = reading->inventory;
  g_autoptr(GList) locations = sorted_keys(reading->databases);
  for (const GList *each = locations; each != NULL; each = each->next) {
    LayerInventory *database = g_hash_table_lookup(reading->databases, each->data);
    g_ptr_array_add(inventory->locations, g_strdup(each->data));
    g_ptr_array_set_free_func(database->packages, NULL);
    for (guint i = 0; i < database->packages->len; i++)
      layer_inventory_add_package(inventory, g_ptr_array_index(database->packages, i));
    g_ptr_array_set_free_func(database->releases, NULL);
    for (guint i = 0; i < database->releases->len; i++)
      g_ptr_array_add(inventory->releases, g_ptr_array_index(database->releases, i));
    for (guint i = 0; i < database->notes->len; i++) {
      const LayerNote *note = g_ptr_array_index(database->notes, i);
      layer_inventory_add_note(inventory, note->kind, note->path, note->detail);
    }
    if (database->unread->len > 0 && inventory->unread->len < LAYER_UNREAD_MAX)
      g_ptr_array_add(inventory->unread, g_strdup(each->data));
  }
}

json_t *
worker_layer(WorkerInput input, const LayerLimits *limits, GError **error)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  g_autoptr(GPtrArray) sought = g_ptr_array_new_with_free_func(sought_free);
  g_autoptr(GPtrArray) next = g_ptr_array_new_with_free_func(sought_free);
  g_autoptr(GHashTable) links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GHashTable) removed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GHashTable) databases =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, inventory_free);
  Reading reading = {.input = input,
                     .limits = limits,
                     .inventory = inventory,
                     .sought = sought,
                     .next = next,
                     .seen = seen,
                     .links = links,
                     .databases = databases,
                     .removed = removed};
  inventory->packed_bytes = input.end - input.at;
  bool read = read_passes(&reading, error);
  /* Which of the two is which changes with each pass; they are freed here. */
  if (!read)
    return NULL;
  join_databases(&reading);
  json_t *answer = json_object();
  json_object_set_new(answer, "inventory", layer_inventory_to_json(inventory));
  return answer;
}
