/* The programs and libraries of a whole image beside what its databases say. From the top layer
 * down, the first that has a path says what is there in the end, and the first that has a database
 * says what should be. A file that is of some package that has the path is right. */
#include <string.h>

#include "inspect/finds.h"
#include "inspect/integrity/integrity.h"

/* That are told one by one: of an image that has all files of another, nobody reads on. */
#define TOLD_MAX 300u
#define LIST     4u /* texts of one in LayerInventory.sums */
/* "6 DIGITS DIGITS DIGITS path" of LayerInventory.programs; digits may be missing. */
#define PROGRAM_FIELDS (1 + SUM_KINDS)

typedef struct {
  unsigned layer;
  const char *location, *package, *text;
  SumKind kind;
} List;

/* A file that is there in the end. */
typedef struct {
  unsigned layer;
  char set_id;             /* '-': no more bits than its package gives */
  Slice digits[SUM_KINDS]; /* empty: not known */
  bool right;
} Present;

typedef struct {
  const List *list;
  char *path; /* as the database has it */
  Slice digits;
  char set_id;
} Wrong;

typedef struct {
  ImageInventory *image;
  GArray *lists;        /* List, that count */
  GHashTable *present;  /* path after the merge -> Present */
  GHashTable *diverted; /* set: paths after the merge */
  GHashTable *versions; /* package -> version */
  GArray *wrong;        /* Wrong */
  guint told;
  char *unknown; /* a file that has no digest of the kind that is compared, or NULL */
} Comparison;

static void
wrong_clear(void *wrong)
{
  g_free(((Wrong *)wrong)->path);
}

/* --- what is there --- */

static void
add_gone(GHashTable *gone, const LayerInventory *layer)
{
  for (guint i = 0; i < layer->removed->len; i++)
    g_hash_table_add(gone, g_ptr_array_index(layer->removed, i));
}

/* The first of a path counts, however it is written. */
static void
add_present(Comparison *comparison, GHashTable *gone, const char *path, const Present *present)
{
  g_autoptr(GString) part = g_string_new(NULL);
  if (finds_is_gone(gone, path, part))
    return;
  g_autofree char *merged = integrity_merged_path(path);
  if (!g_hash_table_contains(comparison->present, merged))
    g_hash_table_insert(comparison->present, g_steal_pointer(&merged),
                        g_memdup2(present, sizeof *present));
}

static void
add_matched(Comparison *comparison, GHashTable *gone, unsigned number, char **list)
{
  g_autoptr(GString) path = g_string_new(NULL);
  SumKind kind = sum_kind_of(list[2]);
  Slice rest = slice_from_string(list[3]);
  Sum sum;
  while (kind < SUM_KINDS && sum_list_next(&rest, path, &sum)) {
    Present present = {.layer = number, .set_id = '-'};
    present.digits[kind] = sum.digits;
    if (sum.mark == SUM_MATCHED)
      add_present(comparison, gone, sum.path, &present);
  }
}

static void
add_program(Comparison *comparison, GHashTable *gone, unsigned number, const char *text)
{
  Slice rest = slice_from_string(text), field;
  Present present = {.layer = number};
  for (unsigned i = 0; i < PROGRAM_FIELDS; i++) {
    if (!slice_next_field(&rest, ' ', &field))
      return;
    if (i == 0)
      present.set_id = field.size == 0 ? '0' : (char)field.data[0];
    else
      present.digits[i - 1] = field;
  }
  g_autofree char *path = slice_to_string(rest);
  add_present(comparison, gone, path, &present);
}

/* Those that a database of their layer agrees with first: on a system whose /usr is not merged,
 * "bin/x" is such a one, and "usr/bin/x" another. */
static void
add_layer(Comparison *comparison, GHashTable *gone, unsigned number)
{
  const LayerInventory *layer = g_ptr_array_index(comparison->image->layers, number);
  for (guint i = 0; i + LIST <= layer->sums->len; i += LIST)
    add_matched(comparison, gone, number, (char **)layer->sums->pdata + i);
  for (guint i = 0; i < layer->programs->len; i++)
    add_program(comparison, gone, number, g_ptr_array_index(layer->programs, i));
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
add_diversions(Comparison *comparison)
{
  const GPtrArray *observations = comparison->image->observations;
  for (guint i = 0; i < observations->len; i++) {
    const Observation *fact = ((ImageObservation *)g_ptr_array_index(observations, i))->observation;
    if (fact->kind == OBSERVED_FACT && strcmp(fact->rule, INTEGRITY_DIVERSION) == 0)
      g_hash_table_add(comparison->diverted, integrity_merged_path(fact->shown));
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

static void
compare_sum(Comparison *comparison, const List *list, const Sum *sum)
{
  g_autofree char *merged = integrity_merged_path(sum->path);
  Present *present = g_hash_table_lookup(comparison->present, merged);
  if (present == NULL || present->right || g_hash_table_contains(comparison->diverted, merged))
    return;
  if (present->digits[list->kind].size == 0 && comparison->unknown == NULL)
    comparison->unknown = g_strdup(sum->path);
  bool same = slice_equal(present->digits[list->kind], sum->digits);
  present->right = same && !has_added_set_id(present, sum->set_id);
  const Wrong wrong = {list, g_strdup(sum->path), sum->digits, sum->set_id};
  if (!present->right && present->digits[list->kind].size > 0)
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

static const char *
rule_of(const Present *present, const Wrong *wrong)
{
  if (slice_equal(present->digits[wrong->list->kind], wrong->digits))
    return "integrity-set-id-added";
  if (present->layer < wrong->list->layer)
    return "integrity-file-older";
  return integrity_is_program(wrong->path) ? "integrity-program-replaced"
                                           : "integrity-library-replaced";
}

static void
tell(Comparison *comparison, const Wrong *wrong)
{
  g_autofree char *merged = integrity_merged_path(wrong->path);
  Present *present = g_hash_table_lookup(comparison->present, merged);
  if (present->right)
    return;
  present->right = true; /* once */
  const List *list = wrong->list;
  bool last = comparison->told == TOLD_MAX;
  if (comparison->told++ > TOLD_MAX)
    return;
  Slice has = present->digits[list->kind];
  g_autofree char *shown = g_strdup_printf(
      "%s %s says %s %.*s..., the file has %.*s...%s", list->package,
      (const char *)g_hash_table_lookup(comparison->versions, list->package),
      sum_kind_names[list->kind], (int)wrong->digits.size, (const char *)wrong->digits.data,
      (int)has.size, (const char *)has.data, last ? "; there are more than are told" : "");
  const Observation weakness = {.kind = OBSERVED_WEAKNESS,
                                .rule = rule_of(present, wrong),
                                .path = wrong->path,
                                .shown = shown};
  g_ptr_array_add(comparison->image->observations,
                  image_observation_new(observation_copy(&weakness), present->layer, false));
}

static void
compare(Comparison *comparison)
{
  const GPtrArray *layers = comparison->image->layers;
  g_autoptr(GHashTable) gone = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  add_versions(comparison);
  add_diversions(comparison);
  for (guint i = layers->len; i > 0; i--) {
    add_lists(comparison, gone, seen, i - 1);
    add_layer(comparison, gone, i - 1);
    add_gone(gone, g_ptr_array_index(layers, i - 1));
  }
  for (guint i = 0; i < comparison->lists->len; i++)
    compare_list(comparison, &g_array_index(comparison->lists, List, i));
  for (guint i = 0; i < comparison->wrong->len; i++)
    tell(comparison, &g_array_index(comparison->wrong, Wrong, i));
  if (comparison->unknown != NULL)
    g_ptr_array_add(comparison->image->unread, comparison->unknown);
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
  g_autoptr(GHashTable) present = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GHashTable) diverted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GHashTable) versions = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GArray) wrong = g_array_new(FALSE, FALSE, sizeof(Wrong));
  g_array_set_clear_func(wrong, wrong_clear);
  Comparison comparison = {.image = image,
                           .lists = lists,
                           .present = present,
                           .diverted = diverted,
                           .versions = versions,
                           .wrong = wrong};
  compare(&comparison);
}
