/* What inspection found in a layer, as a value; layer_json.c has its JSON form. */
#include "inventory/layer.h"

#include <string.h>

#include "base/error.h"
#include "inventory/go_symbols.h"
#include "inventory/layer-private.h"

/* Of a name, a version, a path or a sentence. */
#define TEXT_MAX ((size_t)1024)

void
package_clear(Package *package)
{
  json_table_clear(&package_table, package);
}

void
package_free(Package *package)
{
  if (package == NULL)
    return;
  package_clear(package);
  g_free(package);
}

Package *
package_copy(const Package *package)
{
  Package *copy = g_new0(Package, 1);
  *copy = (Package){.type = g_strdup(package->type),
                    .name = g_strdup(package->name),
                    .version = g_strdup(package->version),
                    .architecture = g_strdup(package->architecture),
                    .source_name = g_strdup(package->source_name),
                    .source_version = g_strdup(package->source_version),
                    .module = g_strdup(package->module),
                    .vendor = g_strdup(package->vendor),
                    .location = g_strdup(package->location),
                    .licenses = g_strdup(package->licenses),
                    .owner = g_strdup(package->owner),
                    .sha1 = g_strdup(package->sha1),
                    .symbols = g_strdup(package->symbols),
                    .declared = package->declared,
                    .foreign_owner = package->foreign_owner,
                    .development = package->development,
                    .installed_bytes = package->installed_bytes,
                    .read = package->read};
  return copy;
}

void
layer_note_free(void *note)
{
  json_table_clear(&layer_note_table, note);
  g_free(note);
}

static void
change_free(void *change)
{
  json_table_clear(&layer_change_table, change);
  g_free(change);
}

static void
read_free(void *read)
{
  json_table_clear(&layer_file_table, read);
  g_free(read);
}

static void
program_sums_free(void *program)
{
  g_free(((ProgramSums *)program)->path);
  g_free(program);
}

int
package_compare(const Package *left, const Package *right)
{
  const char *const lefts[] = {left->type,         left->name,        left->version,
                               left->architecture, left->source_name, left->source_version,
                               left->module,       left->vendor};
  const char *const rights[] = {right->type,         right->name,        right->version,
                                right->architecture, right->source_name, right->source_version,
                                right->module,       right->vendor};
  int order = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(lefts) && order == 0; i++)
    order = g_strcmp0(lefts[i], rights[i]);
  return order;
}

LayerInventory *
layer_inventory_new(void)
{
  LayerInventory *inventory = g_new0(LayerInventory, 1);
  inventory->packages = g_ptr_array_new_with_free_func((GDestroyNotify)package_free);
  inventory->releases = g_ptr_array_new_with_free_func((GDestroyNotify)os_release_free);
  inventory->observations = g_ptr_array_new_with_free_func((GDestroyNotify)observation_free);
  inventory->changes = g_ptr_array_new_with_free_func(change_free);
  inventory->reads = g_ptr_array_new_with_free_func(read_free);
  inventory->removed = g_ptr_array_new_with_free_func(g_free);
  inventory->links = g_ptr_array_new_with_free_func(g_free);
  inventory->unread = g_ptr_array_new_with_free_func(g_free);
  inventory->tables = g_ptr_array_new_with_free_func(g_free);
  inventory->notes = g_ptr_array_new_with_free_func(layer_note_free);
  inventory->sums = g_ptr_array_new_with_free_func(g_free);
  inventory->programs = g_ptr_array_new_with_free_func(g_free);
  inventory->named = g_ptr_array_new_with_free_func(g_free);
  inventory->hashed = g_ptr_array_new_with_free_func(program_sums_free);
  inventory->owned = g_ptr_array_new_with_free_func(g_free);
  inventory->licences = g_ptr_array_new_with_free_func(g_free);
  return inventory;
}

void
layer_inventory_free(LayerInventory *inventory)
{
  if (inventory == NULL)
    return;
  g_clear_pointer(&inventory->malicious, g_hash_table_unref);
  g_ptr_array_unref(inventory->hashed);
  g_ptr_array_unref(inventory->owned);
  g_ptr_array_unref(inventory->licences);
  g_free(inventory->clamav_judged_by);
  json_table_clear(&layer_inventory_table, inventory);
  g_free(inventory);
}

/* --- what detectors add --- */

bool
layer_text_is_sound(const char *text)
{
  Slice slice = slice_from_string(text);
  return slice.size <= TEXT_MAX && slice_is_printable(slice);
}

/* A replaced letter (U+FFFD) may hide what the package manager reads up to it. */
static bool
is_sound_name(const char *text)
{
  size_t length = 0;
  while (g_ascii_isgraph(text[length]))
    length++;
  return length > 0 && length <= TEXT_MAX && text[length] == '\0';
}

static bool
is_sound_or_null(const char *text)
{
  return text == NULL || layer_text_is_sound(text);
}

void
layer_inventory_add_package(LayerInventory *inventory, Package *package)
{
  if (package->source_name == NULL)
    package->source_name = g_strdup(package->name);
  if (package->source_version == NULL)
    package->source_version = g_strdup(package->version);
  bool sound = is_sound_name(package->name) && is_sound_name(package->version) &&
               is_sound_name(package->source_name) && is_sound_name(package->source_version) &&
               is_sound_or_null(package->architecture) && is_sound_or_null(package->module) &&
               is_sound_or_null(package->vendor);
  inventory->overfull |= inventory->packages->len >= LAYER_PACKAGES_MAX;
  if (!sound)
    layer_inventory_add_unread(inventory, "broken-database", package->location,
                               "A package has a name or a version that no package can have.");
  if (!sound || inventory->overfull) {
    package_free(package);
    return;
  }
  size_t size = package->files == NULL ? 0 : strlen(package->files);
  if (size > LAYER_FILE_BYTES_MAX - inventory->file_bytes) {
    g_clear_pointer(&package->files, g_free);
    size = LAYER_FILE_BYTES_MAX - inventory->file_bytes;
  }
  inventory->file_bytes += size;
  layer_inventory_set_symbols(inventory, package, g_steal_pointer(&package->symbols));
  g_ptr_array_add(inventory->packages, package);
}

void
layer_inventory_set_symbols(LayerInventory *inventory, Package *package, char *symbols)
{
  size_t size = symbols == NULL ? 0 : strlen(symbols);
  if (size > GO_SYMBOLS_TEXT_MAX || size > LAYER_SYMBOL_BYTES_MAX - inventory->symbol_bytes) {
    g_free(symbols);
    return;
  }
  inventory->symbol_bytes += size;
  package->symbols = symbols;
}

Package *
layer_inventory_add_application(LayerInventory *inventory, const char *type, const char *name,
                                const char *version, const char *location)
{
  if (name == NULL || version == NULL || !is_sound_name(name) || !is_sound_name(version)) {
    layer_inventory_add_note(inventory, "odd-package", location,
                             "It has a name or a version that no package can have.");
    return NULL;
  }
  Package *package = g_new0(Package, 1);
  package->type = g_strdup(type);
  package->name = g_strdup(name);
  package->version = g_strdup(version);
  package->location = g_strdup(location);
  guint place = inventory->packages->len;
  layer_inventory_add_package(inventory, package);
  return inventory->packages->len > place ? g_ptr_array_index(inventory->packages, place) : NULL;
}

void
layer_inventory_add_owned(LayerInventory *inventory, const char *package, Slice paths, bool foreign)
{
  if (paths.size > LAYER_OWNED_BYTES_MAX - inventory->owned_bytes)
    return;
  inventory->owned_bytes += paths.size;
  g_ptr_array_add(inventory->owned, g_strdup(package));
  g_ptr_array_add(inventory->owned, slice_to_string(paths));
  g_ptr_array_add(inventory->owned, foreign ? g_strdup("") : NULL);
}

void
layer_inventory_add_sums(LayerInventory *inventory, const char *location, const char *package,
                         const char *kind, const char *sums)
{
  const char *const texts[] = {location, package, kind, sums};
  size_t size = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    size += strlen(texts[i]);
  if (size > LAYER_SUM_BYTES_MAX - inventory->sum_bytes) {
    layer_inventory_add_unread(inventory, "too-many-sums", location,
                               "It lists more programs and libraries than are compared.");
    return;
  }
  inventory->sum_bytes += size;
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    g_ptr_array_add(inventory->sums, g_strdup(texts[i]));
}

void
layer_inventory_add_licence(LayerInventory *inventory, const char *package, const char *licences)
{
  if (inventory->licences->len >= 2 * LAYER_LICENCES_MAX)
    return;
  g_ptr_array_add(inventory->licences, g_strdup(package));
  g_ptr_array_add(inventory->licences, g_strdup(licences));
}

const char *
layer_prefix_of(ObservationKind kind)
{
  switch (kind) {
  case OBSERVED_MALWARE:
    return MALWARE_UNSCANNED;
  case OBSERVED_SECRET:
    return SECRETS_UNSCANNED;
  case OBSERVED_WEAKNESS:
  case OBSERVED_CONFIGURATION:
  case OBSERVED_FACT:
    break;
  }
  return SETTINGS_UNSCANNED;
}

/* That it is not told of is no matter of packages; once for a file. */
static void
lose(LayerInventory *inventory, const Observation *observation)
{
  const char *prefix = layer_prefix_of(observation->kind);
  for (guint i = 0; i < inventory->unread->len; i++)
    if (g_str_has_prefix(g_ptr_array_index(inventory->unread, i), prefix))
      return;
  layer_inventory_add_unscanned(inventory, prefix, observation->path, observation->path,
                                "more is observed in the file than is kept");
}

static void
add_malicious(LayerInventory *inventory, const Observation *observation)
{
  if (inventory->malicious == NULL)
    inventory->malicious = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  char *key = g_strconcat(observation->rule, "\n", observation->path, "\n",
                          observation->same == NULL ? "" : observation->same, NULL);
  if (g_hash_table_contains(inventory->malicious, key)) {
    g_free(key);
    return;
  }
  if (g_hash_table_size(inventory->malicious) >= LAYER_FILE_OBSERVATIONS_MAX) {
    lose(inventory, observation);
    g_free(key);
    return;
  }
  g_hash_table_add(inventory->malicious, key);
  g_ptr_array_add(inventory->observations, observation_copy(observation));
}

void
layer_inventory_add_observation(LayerInventory *inventory, const Observation *observation)
{
  guint malicious = inventory->malicious == NULL ? 0 : g_hash_table_size(inventory->malicious);
  if (observation->kind == OBSERVED_MALWARE)
    add_malicious(inventory, observation);
  else if (inventory->observations->len - malicious < LAYER_FILE_OBSERVATIONS_MAX)
    g_ptr_array_add(inventory->observations, observation_copy(observation));
  else
    lose(inventory, observation);
}

void
layer_inventory_add_note(LayerInventory *inventory, const char *kind, const char *path,
                         const char *detail)
{
  if (inventory->notes->len > LAYER_NOTES_MAX)
    return;
  LayerNote *note = g_new0(LayerNote, 1);
  bool last = inventory->notes->len == LAYER_NOTES_MAX;
  note->kind = g_strdup(last ? "more" : kind);
  note->path = slice_to_printable(slice_from_string(last ? "" : path), TEXT_MAX);
  note->detail = slice_to_printable(
      slice_from_string(last ? "There are more than are listed here." : detail), TEXT_MAX);
  g_ptr_array_add(inventory->notes, note);
}

bool
layer_inventory_make_room(LayerInventory *inventory)
{
  GPtrArray *all = inventory->observations;
  if (all->len < LAYER_OBSERVATIONS_MAX)
    return true;
  for (guint i = all->len; i > 0; i--) {
    const Observation *one = g_ptr_array_index(all, i - 1);
    if (one->kind == OBSERVED_MALWARE)
      continue;
    layer_inventory_add_unscanned(inventory, layer_prefix_of(one->kind), one->path, one->path,
                                  "more is observed in the layer than is kept");
    g_ptr_array_remove_index(all, i - 1);
    return true;
  }
  return false;
}

static bool
contains_text(const GPtrArray *texts, const char *text)
{
  for (guint i = 0; i < texts->len; i++)
    if (strcmp(g_ptr_array_index(texts, i), text) == 0)
      return true;
  return false;
}

void
layer_inventory_add_unread(LayerInventory *inventory, const char *kind, const char *path,
                           const char *detail)
{
  g_autofree char *unread = layer_unread_of_path(path);
  layer_inventory_add_note(inventory, kind, path, detail);
  layer_inventory_add_gap(inventory, unread);
}

/* What the notes say of each. */
static const struct {
  const char *prefix, *kind, *detail;
} unscanned_kinds[] = {
    {MALWARE_UNREAD, "malware-unscanned", "ClamAV did not judge it"},
    {MALWARE_UNSCANNED, "malware-unscanned", "Not looked through for malware"},
    {SECRETS_UNSCANNED, "secrets-unscanned", "Not looked through for secrets"},
    {SETTINGS_UNSCANNED, "settings-unscanned", "Not looked through for weak settings"},
};

const char *
layer_unread_prefix(const char *unread)
{
  for (size_t i = 0; i < G_N_ELEMENTS(unscanned_kinds); i++)
    if (g_str_has_prefix(unread, unscanned_kinds[i].prefix))
      return unscanned_kinds[i].prefix;
  return NULL;
}

bool
layer_unread_is_of_malware(const char *unread)
{
  return g_str_has_prefix(unread, MALWARE_UNREAD) || g_str_has_prefix(unread, MALWARE_UNSCANNED);
}

bool
layer_unread_stays(const char *unread)
{
  return layer_unread_is_of_malware(unread) || g_str_has_prefix(unread, SECRETS_UNSCANNED);
}

char *
layer_unread_of_path(const char *path)
{
  bool other = layer_unread_prefix(path) != NULL || g_str_has_prefix(path, CONFIGURATION_UNREAD);
  return g_strconcat(other ? "./" : "", path, NULL);
}

static bool
has_prefix_of(const GPtrArray *unread, const char *prefix)
{
  for (guint i = 0; i < unread->len; i++)
    if (layer_unread_prefix(g_ptr_array_index(unread, i)) == prefix)
      return true;
  return false;
}

/* Room in LAYER_UNREAD_MAX that only gaps of malware take, and for the first of each kind. */
#define UNREAD_OF_MALWARE 200
#define UNREAD_OF_FIRSTS  (G_N_ELEMENTS(unscanned_kinds) + 1)

void
layer_inventory_add_gap(LayerInventory *inventory, const char *unread)
{
  const GPtrArray *gaps = inventory->unread;
  size_t most = LAYER_UNREAD_MAX - UNREAD_OF_FIRSTS -
                (layer_unread_is_of_malware(unread) ? 0 : UNREAD_OF_MALWARE);
  bool room = gaps->len < most ||
              (gaps->len < LAYER_UNREAD_MAX && !has_prefix_of(gaps, layer_unread_prefix(unread)));
  if (room && !contains_text(gaps, unread))
    g_ptr_array_add(inventory->unread, g_strdup(unread));
}

void
layer_inventory_add_unscanned(LayerInventory *inventory, const char *prefix, const char *path,
                              const char *what, const char *why)
{
  size_t kind = 0;
  while (strcmp(unscanned_kinds[kind].prefix, prefix) != 0)
    kind++;
  g_autofree char *detail = g_strdup_printf("%s: %s.", unscanned_kinds[kind].detail, why);
  g_autofree char *unread = g_strdup_printf("%s%s (%s)", prefix, what, why);
  layer_inventory_add_note(inventory, unscanned_kinds[kind].kind, path, detail);
  layer_inventory_add_gap(inventory, unread);
}

bool
layer_inventory_add_change(LayerInventory *inventory, LayerChangeKind kind, const char *path,
                           const char *target)
{
  if (inventory->changes->len >= LAYER_CHANGES_MAX) {
    layer_inventory_add_unread(inventory, "too-many-changes", path,
                               "The layer does more in the folders of package databases than is "
                               "followed.");
    return false;
  }
  LayerChange *change = g_new0(LayerChange, 1);
  change->kind = kind;
  change->path = g_strdup(path);
  change->target = g_strdup(target);
  g_ptr_array_add(inventory->changes, change);
  return true;
}

void
layer_inventory_add_removed(LayerInventory *inventory, const char *path, bool only_below)
{
  if (inventory->removed->len < LAYER_REMOVED_MAX)
    g_ptr_array_add(inventory->removed, g_strconcat(path, only_below ? "/" : "", NULL));
  else
    layer_inventory_add_unread(inventory, "too-many-removals", "",
                               "The layer removes more than is followed.");
}

void
layer_inventory_add_named(LayerInventory *inventory, guint entry, const char *path)
{
  if (inventory->named->len >= LAYER_NAMED_MAX)
    return;
  g_autofree char *printable = slice_to_printable(slice_from_string(path), TEXT_MAX);
  g_ptr_array_add(inventory->named, g_strdup_printf("%u %s", entry, printable));
}

unsigned
layer_inventory_add_read(LayerInventory *inventory, unsigned change, const char *location,
                         bool broken, const char *declares)
{
  LayerFile *read = g_new0(LayerFile, 1);
  read->change = change;
  read->location = g_strdup(location);
  read->broken = broken;
  read->declares = g_strdup(declares);
  g_ptr_array_add(inventory->reads, read);
  return inventory->reads->len - 1;
}
