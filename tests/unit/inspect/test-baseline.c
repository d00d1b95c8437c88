/* Each rule of the baseline in a table: what it finds, what it does not, and what it must not fall
 * for. The tables are tests/unit/inspect/baseline/SUBJECT.cases:
 *
 *   + RULE words            a case: the rule finds something; "-": nothing; "!": nothing, though it
 *                           looks so; "!+": something, though it does not look so
 *   has NAME...             packages that are installed
 *   layer                   what follows is in the next layer
 *   file PATH [MODE [CAPS]] a file, whose lines follow, each after "|"; CAPS: the hex digits of its
 *                           capabilities
 *   accounts PATH           a table of MariaDB's accounts: lines of "HOST USER JSON" follow
 *   folder PATH MODE
 *   link PATH TARGET        a symbolic link
 *   remove PATH             a whiteout
 *   at PATH[:LINE]          where it is found
 *   shows TEXT              what the evidence contains
 *
 * "s3cr3t" is planted: it is in no fact, for these are stored.
 *
 * Files go to the detectors as the worker gives them, and their layers are laid over each other. */
#include <string.h>

#include "aria_pages.h"
#include "inspect/anywhere.h"
#include "inspect/baseline/entries.h"
#include "inspect/fixed_places.h"
#include "inspect/overlay.h"
#include "inventory/rule.h"

#define SIGNS 3
static const char *const signs[SIGNS] = {"+", "-", "!"};

typedef struct {
  char *sign, *rule, *name;
  GPtrArray *layers; /* LayerInventory */
  GPtrArray *packages;
  char *at, *shows;
} Case;

/* --- files into layers --- */

typedef struct {
  LayerEntry entry;
  GString *text;
  bool accounts;
} Entry;

static LayerInventory *
top_layer(Case *one)
{
  return g_ptr_array_index(one->layers, one->layers->len - 1);
}

/* What @from observed, of a read that is new. */
static void
join(LayerInventory *layer, const LayerInventory *from, unsigned change, const char *location)
{
  if (from->observations->len == 0 && change == LAYER_ANYWHERE)
    return;
  unsigned read = layer_inventory_add_read(layer, change, location, from->unread->len > 0, NULL);
  for (guint i = 0; i < from->observations->len; i++) {
    Observation *fact = observation_copy(g_ptr_array_index(from->observations, i));
    fact->read = read;
    if (strstr(fact->shown, "s3cr3t") != NULL ||
        (fact->scope != NULL && strstr(fact->scope, "s3cr3t") != NULL))
      g_error("%s of %s tells a secret: %s", fact->rule, location, fact->shown);
    g_ptr_array_add(layer->observations, fact);
  }
}

static void
give(const Detector *detector, const Entry *entry, const char *location, unsigned change,
     LayerInventory *layer)
{
  Slice bytes = slice_new(entry->text->str, entry->text->len);
  FileView file = {entry->entry.path, bytes.size, entry->entry.mode,
                   slice_sub(bytes, 0, DETECTOR_HEAD_BYTES)};
  g_autoptr(LayerInventory) found = layer_inventory_new();
  if (!detector->observes || (detector->wants != NULL && !detector->wants(&file)))
    return;
  detector->read(bytes, location, found);
  join(layer, found, change, location);
}

static void
add_file(Case *one, const Entry *entry)
{
  LayerInventory *layer = top_layer(one);
  const char *path = entry->entry.path;
  const Detector *fixed = fixed_places_detector_of(path);
  uint64_t anywhere = anywhere_by_path(path);
  unsigned change = layer->changes->len;
  layer_inventory_add_change(layer, CHANGE_FILE, path, NULL);
  if (fixed != NULL) {
    g_autofree char *location =
        fixed_places_location(path, (unsigned)fixed_places_find_reading(path));
    give(fixed, entry, location, change, layer);
  }
  for (unsigned i = 0; anywhere != 0; i++, anywhere >>= 1)
    if ((anywhere & 1) != 0)
      give(anywhere_detector(i), entry, path, LAYER_ANYWHERE, layer);
}

static void
add_entry(Case *one, Entry *entry)
{
  LayerInventory *layer = top_layer(one);
  entry->entry.size = entry->text->len;
  uint32_t set = entry_facts_of(&entry->entry);
  g_autofree char *location = entry_facts_location(&entry->entry);
  g_autoptr(LayerInventory) facts = layer_inventory_new();
  if (set != 0) {
    entry_facts_add(&entry->entry, set, location, facts);
    join(layer, facts, LAYER_ANYWHERE, location);
  } else if (entry_facts_may_replace(&entry->entry) || (entry->entry.mode & 0111) != 0) {
    layer_inventory_add_removed(layer, location, false);
  }
  if (entry->entry.kind == LAYER_ENTRY_FILE)
    add_file(one, entry);
  else
    layer_inventory_add_change(
        layer, entry->entry.kind == LAYER_ENTRY_FOLDER ? CHANGE_FOLDER : CHANGE_SYMLINK,
        entry->entry.path, entry->entry.target);
}

/* --- the table --- */

static void
case_free(void *data)
{
  Case *one = data;
  g_free(one->sign);
  g_free(one->rule);
  g_free(one->name);
  g_free(one->at);
  g_free(one->shows);
  g_ptr_array_unref(one->layers);
  g_ptr_array_unref(one->packages);
  g_free(one);
}

static Case *
case_new(const char *sign, const char *rule, const char *name)
{
  Case *one = g_new0(Case, 1);
  *one = (Case){g_strdup(sign), g_strdup(rule), g_strdup(name)};
  one->layers = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  one->packages = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(one->layers, layer_inventory_new());
  return one;
}

/* Of hex digits; kept by the process, as the path is. */
static Slice
bytes_of(const char *digits)
{
  size_t size = strlen(digits) / 2;
  uint8_t bytes[64] = {0};
  g_assert_cmpuint(size, <, sizeof bytes);
  for (size_t i = 0; i < size; i++)
    bytes[i] = (uint8_t)(g_ascii_xdigit_value(digits[2 * i]) * 16 +
                         g_ascii_xdigit_value(digits[2 * i + 1]));
  static uint8_t kept[4][64];
  static unsigned next;
  uint8_t *keep = kept[next++ % 4];
  memcpy(keep, bytes, sizeof bytes);
  return slice_new(keep, size);
}

static uint32_t
mode_of(const char *text, uint32_t otherwise)
{
  return text == NULL ? otherwise : (uint32_t)g_ascii_strtoull(text, NULL, 8);
}

/* A file's lines follow. */
static void
begin_entry(Case *one, char **words, Entry *entry, guint count)
{
  static const struct {
    const char *word;
    LayerEntryKind kind;
  } kinds[] = {{"file", LAYER_ENTRY_FILE},
               {"accounts", LAYER_ENTRY_FILE},
               {"folder", LAYER_ENTRY_FOLDER},
               {"link", LAYER_ENTRY_SYMLINK}};
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (strcmp(words[0], kinds[i].word) == 0) {
      bool link = kinds[i].kind == LAYER_ENTRY_SYMLINK;
      entry->entry = (LayerEntry){
          .kind = kinds[i].kind,
          .path = g_intern_string(words[1]),
          .target = link ? g_intern_string(words[2]) : NULL,
          .mode = link ? 0777 : mode_of(count > 2 ? words[2] : NULL, 0644),
          .capabilities = !link && count > 3 ? bytes_of(words[3]) : SLICE_EMPTY,
      };
      entry->accounts = strcmp(words[0], "accounts") == 0;
      g_string_truncate(entry->text, 0);
      return;
    }
  g_error("%s: %s is no word of a case", one->name, words[0]);
}

static void
end_entry(Case *one, Entry *entry)
{
  if (entry->accounts) {
    GString *lines = entry->text;
    entry->text = aria_table_of(lines->str);
    g_string_free(lines, TRUE);
    entry->accounts = false;
  }
  if (entry->entry.path != NULL)
    add_entry(one, entry);
  entry->entry.path = NULL;
}

static void
take_line(Case *one, const char *line, Entry *entry)
{
  if (*line == '|') {
    g_string_append_printf(entry->text, "%s\n", line + 1 + (line[1] == ' '));
    return;
  }
  end_entry(one, entry);
  g_auto(GStrv) words = g_strsplit(line, " ", -1);
  guint count = g_strv_length(words);
  if (strcmp(words[0], "has") == 0) {
    for (guint i = 1; i < count; i++)
      g_ptr_array_add(one->packages, g_strdup(words[i]));
  } else if (strcmp(words[0], "layer") == 0) {
    g_ptr_array_add(one->layers, layer_inventory_new());
  } else if (strcmp(words[0], "remove") == 0) {
    layer_inventory_add_change(top_layer(one), CHANGE_REMOVED, words[1], NULL);
    layer_inventory_add_removed(top_layer(one), words[1], false);
  } else if (strcmp(words[0], "at") == 0) {
    one->at = g_strdup(words[1]);
  } else if (strcmp(words[0], "shows") == 0) {
    one->shows = g_strdup(line + strlen("shows "));
  } else {
    begin_entry(one, words, entry, count);
  }
}

static GPtrArray *
cases_of(const char *text)
{
  GPtrArray *cases = g_ptr_array_new_with_free_func(case_free);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  Entry entry = {.text = g_string_new(NULL)};
  Case *one = NULL;
  for (char **line = lines; *line != NULL; line++) {
    g_auto(GStrv) words = g_strsplit(*line, " ", 3);
    if (**line == '#' || **line == '\0')
      continue;
    if (strchr("+-!", **line) == NULL) {
      g_assert_nonnull(one);
      take_line(one, *line, &entry);
      continue;
    }
    if (one != NULL)
      end_entry(one, &entry);
    one = case_new(words[0], words[1], *line);
    g_ptr_array_add(cases, one);
  }
  if (one != NULL)
    end_entry(one, &entry);
  g_string_free(entry.text, TRUE);
  return cases;
}

/* --- what comes of it --- */

/* The packages of a case are those of its uppermost layer. */
static void
add_packages(Case *one)
{
  LayerInventory *layer = top_layer(one);
  unsigned change = layer->changes->len;
  layer_inventory_add_change(layer, CHANGE_FILE, "var/lib/dpkg/status", NULL);
  unsigned read = layer_inventory_add_read(layer, change, "var/lib/dpkg/status", false, NULL);
  for (guint i = 0; i < one->packages->len; i++) {
    Package *package = g_new0(Package, 1);
    package->type = g_strdup("deb");
    package->name = g_strdup(g_ptr_array_index(one->packages, i));
    package->version = g_strdup("1");
    package->location = g_strdup("var/lib/dpkg/status");
    package->read = read;
    layer_inventory_add_package(layer, package);
  }
}

static bool
is_at(const Observation *weakness, const char *at)
{
  g_autofree char *place = g_strdup_printf("%s:%u", weakness->path, weakness->line);
  return at == NULL || strcmp(at, place) == 0 ||
         (weakness->line == 0 && strcmp(at, weakness->path) == 0);
}

/* The lines of all that is found. (transfer full) */
static char *
found_lines(const ImageInventory *image, const Case *one, bool *found)
{
  GString *lines = g_string_new(NULL);
  for (guint i = 0; i < image->observations->len; i++) {
    const Observation *weakness =
        ((ImageObservation *)g_ptr_array_index(image->observations, i))->observation;
    g_assert_cmpint(weakness->kind, ==, OBSERVED_WEAKNESS);
    if (rule_find(OBSERVED_WEAKNESS, weakness->rule) == NULL)
      g_error("%s: the rule %s has no row", one->name, weakness->rule);
    bool is_rule = strcmp(weakness->rule, one->rule) == 0;
    *found |= is_rule && (*one->sign == '-' || strcmp(one->sign, "!") == 0 ||
                          (is_at(weakness, one->at) &&
                           (one->shows == NULL || strstr(weakness->shown, one->shows) != NULL)));
    g_string_append_printf(lines, "\n  %s %s:%u (%s)", weakness->rule, weakness->path,
                           weakness->line, weakness->shown);
  }
  return g_string_free(lines, FALSE);
}

static void
check_case(Case *one)
{
  add_packages(one);
  g_autoptr(GError) error = NULL;
  g_autoptr(ImageInventory) image =
      image_inventory_new(g_steal_pointer(&one->layers), NULL, NULL, &error);
  one->layers = g_ptr_array_new();
  g_assert_no_error(error);
  bool found = false, expected = strchr(one->sign, '+') != NULL;
  g_autofree char *lines = found_lines(image, one, &found);
  if (found != expected) {
    g_test_message("%s: %s; found is:%s", one->name, expected ? "not found" : "found", lines);
    g_test_fail();
  }
}

typedef struct {
  GHashTable *seen; /* set: "+RULE" */
} Coverage;

static void
check_file(const char *path, GHashTable *seen)
{
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  g_file_get_contents(path, &text, NULL, &error);
  g_assert_no_error(error);
  g_autoptr(GPtrArray) cases = cases_of(text);
  g_assert_cmpuint(cases->len, >, 0);
  for (guint i = 0; i < cases->len; i++) {
    Case *one = g_ptr_array_index(cases, i);
    g_assert_nonnull(one->rule);
    g_hash_table_add(seen, g_strdup_printf("%.1s%s", one->sign, one->rule));
    check_case(one);
  }
}

/* Those of files beside their packages have a table of their own, of whole images. */
static bool
is_of_settings(const Rule *rule)
{
  return rule->kind == OBSERVED_WEAKNESS && !g_str_has_prefix(rule->id, "integrity-");
}

/* A case of each sign. */
static void
check_coverage(GHashTable *seen)
{
  for (size_t i = 0; rule_sets[i] != NULL; i++)
    for (size_t j = 0; j < rule_sets[i]->count; j++)
      for (size_t k = 0; k < SIGNS && is_of_settings(&rule_sets[i]->rules[j]); k++) {
        g_autofree char *key = g_strconcat(signs[k], rule_sets[i]->rules[j].id, NULL);
        if (!g_hash_table_contains(seen, key)) {
          g_test_message("no case \"%s\"", key);
          g_test_fail();
        }
      }
}

static void
test_rules(void)
{
  g_autofree char *folder = g_test_build_filename(G_TEST_DIST, "baseline", NULL);
  g_autoptr(GDir) files = g_dir_open(folder, 0, NULL);
  g_assert_nonnull(files);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (const char *name; (name = g_dir_read_name(files)) != NULL;) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if (g_str_has_suffix(name, ".cases"))
      check_file(path, seen);
  }
  check_coverage(seen);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/baseline/rules", test_rules);
  return g_test_run();
}
