/* The programs and libraries of a whole image beside what its databases say: what is there in the
 * end for whoever unpacks it, and the database that is. Where unpackers differ, each counts. As for
 * dpkg and rpm, something else in the place of a file is not that file, a link to an equal one
 * neither. A file that is of some package that has the path is right. */
#include <string.h>

#include "inspect/finds.h"
#include "inspect/integrity/present-private.h"
#include "inventory/weights.h"

/* That are told one by one: of an image that has all files of another, nobody reads on. */
#define TOLD_MAX 300u
#define LIST     4u /* texts of one in LayerInventory.sums */
/* Of the path that a link leads to. */
#define TARGET_MAX 200u
/* Of all layers, that are looked up. */
#define FOLDERS_MAX 1000000u

typedef struct {
  unsigned layer;
  const char *location, *package, *text;
  SumKind kind;
} List;

typedef struct {
  const List *list;
  char *path; /* as the database has it */
  Slice digits;
  UnpackedPlace place;
} Wrong;

typedef struct {
  ImageInventory *image;
  GArray *lists;        /* List, that count */
  GHashTable *versions; /* package -> version */
  PresentLayers *present;
  GHashTable *told; /* set: paths */
  char *unknown;    /* a file that could not be compared, or NULL */
  /* Of the present kind of unpackers: */
  UnpackedTree *tree;
  GHashTable *diverted, *right; /* sets of UnpackedPlace.node */
  GArray *wrong;                /* Wrong */
} Comparison;

static void
wrong_clear(void *wrong)
{
  g_free(((Wrong *)wrong)->path);
}

/* --- what should be --- */

/* Of each database the one that is there in the end. @seen: set of the locations that upper layers
 * have. */
static void
add_lists(Comparison *comparison, GHashTable *gone, GHashTable *seen, unsigned number)
{
  const LayerInventory *layer = g_ptr_array_index(comparison->image->layers, number);
  g_autoptr(GString) part = g_string_new(NULL);
  for (guint i = 0; i + LIST <= layer->sums->len; i += LIST) {
    char **list = (char **)layer->sums->pdata + i;
    List one = {number, list[0], list[1], list[3], sum_kind_of(list[2])};
    if (one.kind < SUM_KINDS && !g_hash_table_contains(seen, one.location) &&
        !finds_is_gone(gone, one.location, part) &&
        g_hash_table_contains(comparison->versions, one.package))
      g_array_append_val(comparison->lists, one);
  }
  for (guint i = 0; i + LIST <= layer->sums->len; i += LIST)
    g_hash_table_add(seen, g_ptr_array_index(layer->sums, i));
}

static void
add_versions(Comparison *comparison)
{
  const GArray *packages = comparison->image->packages;
  for (guint i = 0; i < packages->len; i++) {
    const Package *package = g_array_index(packages, ImagePackage, i).package;
    if (!package_is_of_application(package))
      g_hash_table_insert(comparison->versions, package->name, package->version);
  }
}

static void
add_all_lists(Comparison *comparison)
{
  const GPtrArray *layers = comparison->image->layers;
  g_autoptr(GHashTable) gone = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = layers->len; i > 0; i--) {
    const LayerInventory *layer = g_ptr_array_index(layers, i - 1);
    add_lists(comparison, gone, seen, i - 1);
    for (guint j = 0; j < layer->removed->len; j++)
      g_hash_table_add(gone, g_ptr_array_index(layer->removed, j));
  }
}

/* What is at these paths is meant to be another's. */
static void
add_diversions(Comparison *comparison)
{
  const GPtrArray *observations = comparison->image->observations;
  for (guint i = 0; i < observations->len; i++) {
    const Observation *fact = ((ImageObservation *)g_ptr_array_index(observations, i))->observation;
    if (fact->kind != OBSERVED_FACT || strcmp(fact->rule, INTEGRITY_DIVERSION) != 0)
      continue;
    UnpackedPlace place = unpacked_tree_look(comparison->tree, fact->shown);
    if (place.node != NULL)
      g_hash_table_add(comparison->diverted, (void *)(uintptr_t)place.node);
  }
}

/* --- the comparison --- */

static bool
has_added_set_id(const Present *present, char set_id)
{
  unsigned has = g_ascii_digit_value(present->set_id) < 0 ? 0 : (unsigned)(present->set_id - '0');
  unsigned should = g_ascii_digit_value(set_id) < 0 ? 7 : (unsigned)(set_id - '0');
  return (has & 6 & ~should) != 0;
}

/* A file that is not there is none that was changed; but links may lead to where nobody looked. */
static void
miss(Comparison *comparison, const char *path)
{
  g_autofree char *resolved = unpacked_tree_resolve(comparison->tree, path);
  if (comparison->unknown == NULL && (resolved == NULL || !integrity_looks_at(resolved)))
    comparison->unknown = g_strdup(path);
}

/* What is at the path, of which the database says @sum. */
static bool
is_right(Comparison *comparison, const List *list, const Sum *sum, const UnpackedPlace *place)
{
  if (place->kind != UNPACKED_FILE)
    return place->kind == UNPACKED_LINK && sum->set_id == SUM_OF_LINK;
  const Present *present = present_layers_find(comparison->present, place->file);
  if (present->digits[list->kind].size == 0 && comparison->unknown == NULL)
    comparison->unknown = g_strdup(sum->path);
  return slice_equal(present->digits[list->kind], sum->digits) &&
         !has_added_set_id(present, sum->set_id);
}

static void
compare_sum(Comparison *comparison, const List *list, const Sum *sum)
{
  UnpackedPlace place = unpacked_tree_look(comparison->tree, sum->path);
  void *node = (void *)(uintptr_t)place.node;
  if (node == NULL) {
    miss(comparison, sum->path);
    return;
  }
  if (g_hash_table_contains(comparison->diverted, node) ||
      g_hash_table_contains(comparison->right, node))
    return;
  if (is_right(comparison, list, sum, &place)) {
    g_hash_table_add(comparison->right, node);
    return;
  }
  bool known = place.kind != UNPACKED_FILE ||
               present_layers_find(comparison->present, place.file)->digits[list->kind].size > 0;
  const Wrong wrong = {list, g_strdup(sum->path), sum->digits, place};
  if (known)
    g_array_append_val(comparison->wrong, wrong);
  else
    g_free(wrong.path);
}

static void
compare_list(Comparison *comparison, const List *list)
{
  g_autoptr(GString) path = g_string_new(NULL);
  Slice rest = slice_from_string(list->text);
  Sum sum;
  while (sum_list_next(&rest, path, &sum))
    compare_sum(comparison, list, &sum);
}

/* --- what is told --- */

static Slice
digits_of(const Comparison *comparison, const Wrong *wrong)
{
  return wrong->place.kind != UNPACKED_FILE
             ? SLICE_EMPTY
             : present_layers_find(comparison->present, wrong->place.file)
                   ->digits[wrong->list->kind];
}

static const char *
rule_of(const Comparison *comparison, const Wrong *wrong)
{
  unsigned layer = present_layers_number(comparison->present, wrong->place.layer);
  if (slice_equal(digits_of(comparison, wrong), wrong->digits))
    return "integrity-set-id-added";
  if (layer < wrong->list->layer)
    return "integrity-file-older";
  return integrity_is_program(wrong->path) ? "integrity-program-replaced"
                                           : "integrity-library-replaced";
}

/* "the file has 1a2b3c..." (transfer full) */
static char *
text_of(const Comparison *comparison, const Wrong *wrong)
{
  Slice has = digits_of(comparison, wrong);
  g_autofree char *target =
      wrong->place.target == NULL
          ? NULL
          : slice_to_printable(slice_from_string(wrong->place.target), TARGET_MAX);
  switch (wrong->place.kind) {
  case UNPACKED_FILE:
    return g_strdup_printf("the file has %.*s...", (int)has.size, (const char *)has.data);
  case UNPACKED_LINK:
    return g_strdup_printf("there is a symbolic link to %s", target);
  case UNPACKED_FOLDER:
    return g_strdup("there is a folder");
  default:
    return g_strdup("there is no file");
  }
}

static void
tell(Comparison *comparison, const Wrong *wrong)
{
  void *node = (void *)(uintptr_t)wrong->place.node;
  guint told = g_hash_table_size(comparison->told);
  if (g_hash_table_contains(comparison->right, node) || told > TOLD_MAX ||
      g_hash_table_contains(comparison->told, wrong->path))
    return;
  g_hash_table_add(comparison->right, node); /* once */
  g_hash_table_add(comparison->told, g_strdup(wrong->path));
  const List *list = wrong->list;
  g_autofree char *text = text_of(comparison, wrong);
  g_autofree char *shown = g_strdup_printf(
      "%s %s says %s %.*s..., %s%s", list->package,
      (const char *)g_hash_table_lookup(comparison->versions, list->package),
      sum_kind_names[list->kind], (int)wrong->digits.size, (const char *)wrong->digits.data, text,
      told == TOLD_MAX ? "; there are more than are told" : "");
  const Observation weakness = {.kind = OBSERVED_WEAKNESS,
                                .rule = rule_of(comparison, wrong),
                                .path = wrong->path,
                                .shown = shown};
  unsigned layer = present_layers_number(comparison->present, wrong->place.layer);
  g_ptr_array_add(comparison->image->observations,
                  image_observation_new(observation_copy(&weakness), layer, false));
}

/* What nobody can say of the tree, by its path: "PATH (layer ...". */
static void
add_trouble(Comparison *comparison)
{
  const char *trouble = unpacked_tree_trouble(comparison->tree);
  const char *end = trouble == NULL ? NULL : g_strrstr(trouble, " (");
  if (end != NULL)
    g_ptr_array_add(comparison->image->unread, g_strndup(trouble, (gsize)(end - trouble)));
}

static void
compare_as(Comparison *comparison, Unpacker unpacker)
{
  g_autoptr(UnpackedTree) tree = present_layers_unpack(comparison->present, unpacker);
  g_autoptr(GHashTable) diverted = g_hash_table_new(NULL, NULL);
  g_autoptr(GHashTable) right = g_hash_table_new(NULL, NULL);
  g_autoptr(GArray) wrong = g_array_new(FALSE, FALSE, sizeof(Wrong));
  g_array_set_clear_func(wrong, wrong_clear);
  comparison->tree = tree;
  comparison->diverted = diverted;
  comparison->right = right;
  comparison->wrong = wrong;
  add_trouble(comparison);
  add_diversions(comparison);
  for (guint i = 0; i < comparison->lists->len; i++)
    compare_list(comparison, &g_array_index(comparison->lists, List, i));
  for (guint i = 0; i < wrong->len; i++)
    tell(comparison, &g_array_index(wrong, Wrong, i));
}

/* --- what is written through links elsewhere --- */

/* Of a symbolic link in no folder of programs, its path; else NULL. (transfer full) */
static char *
way_of(const char *program)
{
  if (program[0] != PROGRAM_LINK || program[1] != ' ')
    return NULL;
  char *path;
  guint64 size = g_ascii_strtoull(program + 2, &path, 10);
  g_autofree char *link = *path == ' ' && size < strlen(path) ? g_strndup(path + 1, size) : NULL;
  return link == NULL || integrity_leads(link) ? NULL : g_steal_pointer(&link);
}

static bool
has_ways(const LayerInventory *layer)
{
  for (guint i = 0; i < layer->programs->len; i++) {
    g_autofree char *way = way_of(g_ptr_array_index(layer->programs, i));
    if (way != NULL)
      return true;
  }
  return false;
}

/* Into @folders: hashes of paths. False: there are more than are looked up, or than are known. */
static bool
add_folders(const LayerInventory *layer, GHashTable *folders)
{
  g_autoptr(Weights) weights = layer->weights == NULL ? NULL : weights_from_text(layer->weights);
  for (guint i = 1; weights != NULL && i < weights->folders->len; i++)
    g_hash_table_add(folders, weight_key(g_array_index(weights->folders, WeightFolder, i).hash));
  bool known = weights != NULL ? !weights->left_out && weights->folders->len <= WEIGHT_FOLDERS_MAX
                               : layer->entries == 0;
  return known && g_hash_table_size(folders) < FOLDERS_MAX;
}

/* What upper layers have below such a link is below a folder of its name for some unpackers, and
 * among the programs for others, and nobody looked at it: which it is, is not known. */
static void
tell_ways(const Comparison *comparison)
{
  const GPtrArray *layers = comparison->image->layers;
  g_autoptr(GHashTable) folders = g_hash_table_new(NULL, NULL);
  guint lowest = 0;
  bool whole = true;
  while (lowest < layers->len && !has_ways(g_ptr_array_index(layers, lowest)))
    lowest++;
  for (guint i = layers->len; whole && i > lowest; i--) {
    const LayerInventory *layer = g_ptr_array_index(layers, i - 1);
    for (guint j = 0; j < layer->programs->len; j++) {
      char *way = way_of(g_ptr_array_index(layer->programs, j));
      if (way != NULL && g_hash_table_contains(folders, weight_key(weight_hash_of(way))))
        g_ptr_array_add(comparison->image->unread, way);
      else
        g_free(way);
    }
    whole = i - 1 == lowest || add_folders(layer, folders);
  }
  if (!whole)
    g_ptr_array_add(comparison->image->unread, g_strdup("usr (more folders than are looked up)"));
}

/* As the inventories of layers say what they bring in no order, unpackers that write one layer
 * after another into one folder do not differ. */
static void
compare(Comparison *comparison)
{
  ImageInventory *image = comparison->image;
  add_versions(comparison);
  add_all_lists(comparison);
  compare_as(comparison, UNPACKER_OVERLAY);
  if (image->layers->len > 1)
    compare_as(comparison, UNPACKER_IN_PLACE);
  if (comparison->lists->len > 0)
    tell_ways(comparison);
  if (comparison->unknown != NULL)
    g_ptr_array_add(image->unread, comparison->unknown);
  if (!present_layers_are_whole(comparison->present))
    g_ptr_array_add(image->unread, g_strdup("usr (more programs than are compared)"));
}

static bool
has_sums(const GPtrArray *layers)
{
  for (guint i = 0; i < layers->len; i++)
    if (((const LayerInventory *)g_ptr_array_index(layers, i))->sums->len > 0)
      return true;
  return false;
}

void
integrity_of_image(ImageInventory *image)
{
  if (!has_sums(image->layers))
    return;
  g_autoptr(GArray) lists = g_array_new(FALSE, FALSE, sizeof(List));
  g_autoptr(GHashTable) versions = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(PresentLayers) present = present_layers_new(image->layers);
  Comparison comparison = {
      .image = image, .lists = lists, .versions = versions, .present = present, .told = told};
  compare(&comparison);
}
