/* What strangers may make much of, the baseline bounds; and what it leaves out then, it tells. */
#include <string.h>

#include "base/json.h"
#include "inspect/baseline/entries.h"
#include "inspect/fixed_places.h"
#include "inspect/overlay.h"
#include "inspect/worker_entries-private.h"

/* --- an image of facts --- */

static void
add_fact(LayerInventory *layer, const char *path, uint32_t line, const char *rule,
         const char *scope, const char *value)
{
  const Observation fact = {.kind = OBSERVED_FACT,
                            .rule = rule,
                            .path = path,
                            .line = line,
                            .shown = value,
                            .scope = scope};
  Observation *copy = observation_copy(&fact);
  copy->read = layer_inventory_add_read(layer, LAYER_ANYWHERE, path, false, NULL);
  g_ptr_array_add(layer->observations, copy);
}

/* Takes @layer. */
static ImageInventory *
image_of(LayerInventory *layer)
{
  g_autoptr(GError) error = NULL;
  GPtrArray *layers = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  g_ptr_array_add(layers, layer);
  ImageInventory *image = image_inventory_new(layers, NULL, NULL, &error);
  g_assert_no_error(error);
  return image;
}

static guint
count_of(const ImageInventory *image, const char *rule)
{
  guint count = 0;
  for (guint i = 0; i < image->observations->len; i++)
    count +=
        strcmp(((ImageObservation *)g_ptr_array_index(image->observations, i))->observation->rule,
               rule) == 0;
  return count;
}

static bool
is_unread(const ImageInventory *image, const char *start)
{
  for (guint i = 0; i < image->unread->len; i++)
    if (g_str_has_prefix(g_ptr_array_index(image->unread, i), start))
      return true;
  return false;
}

/* --- sudo --- */

/* Rules without and with a password in turn, and aliases that all name each other: it ends, and
 * says of "ALL" what a person says. */
static void
test_sudo(void)
{
  LayerInventory *layer = layer_inventory_new();
  add_fact(layer, "usr/bin/sudo", 0, "entry.program", NULL, "sudo");
  for (unsigned i = 0; i < 2900; i++) {
    g_autofree char *value = i % 3 == 0   ? g_strdup_printf("NOPASSWD A%u", i)
                             : i % 3 == 1 ? g_strdup_printf("PASSWD A%u", i)
                                          : g_strdup_printf("A%u = A%u", i % 40, (i + 3) % 40);
    add_fact(layer, "etc/sudoers", i + 1, i % 3 == 2 ? "sudo.alias" : "sudo.rule",
             i % 3 == 2 ? NULL : "git", value);
  }
  g_autoptr(ImageInventory) image = image_of(layer);
  g_assert_cmpuint(count_of(image, "sudo-no-password"), ==, 967);
  g_assert_false(is_unread(image, ""));
}

/* Aliases in each other, as deep as one likes, and in whatever order. */
static void
test_aliases(void)
{
  LayerInventory *layer = layer_inventory_new();
  add_fact(layer, "usr/bin/sudo", 0, "entry.program", NULL, "sudo");
  add_fact(layer, "etc/sudoers", 1, "sudo.rule", "git", "NOPASSWD /bin/x");
  add_fact(layer, "etc/sudoers", 2, "sudo.rule", "git", "PASSWD A0");
  add_fact(layer, "etc/sudoers", 3, "sudo.rule", "www", "NOPASSWD /bin/x");
  add_fact(layer, "etc/sudoers", 4, "sudo.rule", "www", "PASSWD B");
  add_fact(layer, "etc/sudoers", 5, "sudo.alias", NULL, "B = B");
  for (unsigned i = 0; i < 100; i++) {
    g_autofree char *value = g_strdup_printf("A%u = A%u", i, i + 1);
    add_fact(layer, "etc/sudoers", 6 + i, "sudo.alias", NULL, i == 99 ? "A99 = ALL" : value);
  }
  g_autoptr(ImageInventory) image = image_of(layer);
  g_assert_cmpuint(count_of(image, "sudo-no-password"), ==, 1);
}

/* Each of many accounts with each of many commands: it ends where the facts of a file do. */
static void
test_sudoers(void)
{
  g_autoptr(GString) text = g_string_new(NULL);
  g_autoptr(LayerInventory) layer = layer_inventory_new();
  for (unsigned line = 0; line < 100; line++) {
    for (unsigned i = 0; i < 2000; i++)
      g_string_append_printf(text, "%sa", i == 0 ? "" : ",");
    g_string_append(text, " ALL = ");
    for (unsigned i = 0; i < 1000; i++)
      g_string_append(text, line % 2 == 0 ? "!/b," : "/b,");
    g_string_append(text, "/b\n");
  }
  const Detector *detector = fixed_places_detector_of("etc/sudoers");
  detector->read(slice_new(text->str, text->len), "etc/sudoers", layer);
  g_assert_cmpuint(layer->observations->len, ==, LAYER_FILE_OBSERVATIONS_MAX);
  g_assert_cmpuint(layer->unread->len, ==, 1);
  g_assert_cmpuint(layer->notes->len, ==, 1);
}

/* --- includes --- */

static LayerInventory *
layer_with_ssh(void)
{
  LayerInventory *layer = layer_inventory_new();
  add_fact(layer, "usr/sbin/sshd", 0, "entry.program", NULL, "sshd");
  return layer;
}

/* Many settings before the one that matters. */
static void
test_settings(void)
{
  LayerInventory *few = layer_with_ssh(), *many = layer_with_ssh();
  for (unsigned i = 0; i < 3000; i++)
    add_fact(many, "etc/ssh/sshd_config", i + 1, "sshd.port", NULL, "22");
  add_fact(few, "etc/ssh/sshd_config", 3001, "sshd.permitrootlogin", NULL, "yes");
  add_fact(many, "etc/ssh/sshd_config", 3001, "sshd.permitrootlogin", NULL, "yes");
  g_autoptr(ImageInventory) seen = image_of(few), hidden = image_of(many);
  g_assert_cmpuint(count_of(seen, "sshd-permit-root-login"), ==, 1);
  g_assert_false(is_unread(seen, ""));
  g_assert_true(is_unread(hidden, "settings of etc/ssh/sshd_config ("));
  g_assert_cmpuint(hidden->unread->len, ==, 1);
}

/* A file that takes itself in. */
static void
test_depth(void)
{
  LayerInventory *layer = layer_with_ssh();
  add_fact(layer, "etc/ssh/sshd_config", 1, "sshd.include", NULL, "sshd_config");
  g_autoptr(ImageInventory) image = image_of(layer);
  g_assert_true(is_unread(image, "settings of etc/ssh/sshd_config ("));
}

/* Patterns that fit nothing cost work, too: that of the baseline ends, and is told. */
static void
test_patterns(void)
{
  LayerInventory *layer = layer_with_ssh();
  for (unsigned i = 0; i < 1000; i++) {
    g_autofree char *path = g_strdup_printf("srv/%0400u/x", i);
    add_fact(layer, path, 0, "entry.setuid", NULL, "4755");
  }
  for (unsigned i = 0; i < 2900; i++)
    add_fact(layer, "etc/ssh/sshd_config", i + 1, "sshd.include", NULL, "/?*/?/.x");
  g_autoptr(ImageInventory) image = image_of(layer);
  g_assert_true(is_unread(image, "settings of all files ("));
}

/* --- entries of a layer --- */

static void
take_file(EntryNotes *notes, uint32_t mode, const char *folder, unsigned number)
{
  g_autofree char *path = g_strdup_printf("%s/%u", folder, number);
  const LayerEntry entry = {.kind = LAYER_ENTRY_FILE, .path = path, .mode = mode, .size = 1};
  entry_notes_take(notes, &entry);
}

static bool
is_removed(const LayerInventory *layer, const char *path)
{
  return g_ptr_array_find_with_equal_func(layer->removed, path, g_str_equal, NULL);
}

/* Files of a home are no news to lower layers, but those that a rule knows. */
static void
test_replaced(void)
{
  g_autoptr(LayerInventory) layer = layer_inventory_new();
  g_autoptr(EntryNotes) notes = entry_notes_new(layer);
  static const char *const known[] = {"home/a/.ssh/authorized_keys", "root/.bash_history",
                                      "srv/x/.mysql_history", "etc/shadow"};
  for (unsigned i = 0; i < 100; i++) {
    take_file(notes, 0600, "home/node/app/node_modules/x", i);
    take_file(notes, 0600, "root/.npm/_cacache/content-v2/sha512/00/11", i);
  }
  g_assert_cmpuint(layer->removed->len, ==, 0);
  for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
    const LayerEntry entry = {.kind = LAYER_ENTRY_FILE, .path = known[i], .mode = 0600};
    entry_notes_take(notes, &entry);
    g_assert_true(is_removed(layer, known[i]));
  }
}

/* So many leave room for others, and are no fault. */
static void
test_many_replaced(void)
{
  g_autoptr(LayerInventory) layer = layer_inventory_new();
  g_autoptr(EntryNotes) notes = entry_notes_new(layer);
  for (unsigned i = 0; i < LAYER_REMOVED_MAX + 1; i++)
    take_file(notes, 0600, "etc/ssl/certs", i);
  g_assert_cmpuint(layer->removed->len, >, 1000);
  g_assert_cmpuint(layer->removed->len, <, LAYER_REMOVED_MAX / 2);
  g_assert_cmpuint(layer->unread->len, ==, 0);
}

/* Open files that many others hide behind. */
static void
test_many_odd(void)
{
  g_autoptr(LayerInventory) layer = layer_inventory_new();
  g_autoptr(EntryNotes) notes = entry_notes_new(layer);
  for (unsigned i = 0; i < 3000; i++)
    take_file(notes, 0666, "etc/x", i);
  take_file(notes, 04755, "usr/bin", 1);
  entry_notes_join(notes);
  g_assert_cmpuint(layer->unread->len, >, 0);
}

static void
fill(GPtrArray *into, guint most)
{
  const Observation fact = {.kind = OBSERVED_FACT, .rule = "sshd.port", .path = "x", .shown = "22"};
  while (into->len < most)
    g_ptr_array_add(into, observation_copy(&fact));
}

/* Where detectors observed all that a layer may hold, it stays one that can be read again. */
static void
test_full(void)
{
  for (guint room = 0; room < 2; room++) {
    g_autoptr(LayerInventory) layer = layer_inventory_new();
    g_autoptr(EntryNotes) notes = entry_notes_new(layer);
    layer_inventory_add_read(layer, LAYER_ANYWHERE, "x", false, NULL);
    fill(layer->observations, LAYER_OBSERVATIONS_MAX - room);
    take_file(notes, 04755, "usr/bin", 1);
    entry_notes_join(notes);
    g_assert_cmpuint(layer->observations->len, ==, LAYER_OBSERVATIONS_MAX);
    g_assert_cmpuint(layer->unread->len, ==, 1 - room);
  }
}

static void
test_full_reads(void)
{
  g_autoptr(LayerInventory) layer = layer_inventory_new();
  g_autoptr(EntryNotes) notes = entry_notes_new(layer);
  for (guint i = 0; i < LAYER_READS_MAX; i++)
    layer_inventory_add_read(layer, LAYER_ANYWHERE, "x", false, NULL);
  take_file(notes, 04755, "usr/bin", 1);
  entry_notes_join(notes);
  g_assert_cmpuint(layer->reads->len, ==, LAYER_READS_MAX);
  g_assert_cmpuint(layer->unread->len, ==, 1);
}

/* --- a worker that lies --- */

/* Paths of folders that are none, and facts without a block, a line or a value that makes sense. */
static void
test_odd_facts(void)
{
  static const char *const paths[] = {"", "a", "a/b", "/...", "..."};
  static const char *const rules[] = {"entry.open-folder", "entry.program",   "entry.",
                                      "passwd.empty",      "shadow.weak",     "sudo.alias",
                                      "sudo.rule",         "postgres.hba",    "x",
                                      "entry.setuid",      "entry.capability"};
  LayerInventory *layer = layer_inventory_new();
  for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
    for (size_t j = 0; j < G_N_ELEMENTS(rules); j++) {
      add_fact(layer, paths[i], 0, rules[j], NULL, "");
      add_fact(layer, "etc/passwd", 0, rules[j], NULL, "");
      add_fact(layer, "etc/sudoers", 0, rules[j], NULL, "");
    }
  g_autoptr(ImageInventory) image = image_of(layer);
  g_assert_cmpuint(count_of(image, "folder-writable-by-all"), ==, 1);
}

/* A fact has a value: without one it is refused where it is read. */
static void
test_no_value(void)
{
  for (unsigned given = 0; given < 2; given++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(LayerInventory) layer = layer_inventory_new();
    layer->diff_id = digest_of(DIGEST_SHA256, SLICE_EMPTY);
    add_fact(layer, "usr/bin/x", 0, "entry.program", NULL, given ? "" : NULL);
    g_autoptr(json_t) json = layer_inventory_to_json(layer);
    g_autoptr(LayerInventory) read = layer_inventory_from_json(json, &error);
    g_assert_cmpint(read != NULL, ==, given);
    g_assert_cmpint(error == NULL, ==, given);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/baseline-bounds/sudo", test_sudo);
  g_test_add_func("/baseline-bounds/aliases", test_aliases);
  g_test_add_func("/baseline-bounds/sudoers", test_sudoers);
  g_test_add_func("/baseline-bounds/settings", test_settings);
  g_test_add_func("/baseline-bounds/depth", test_depth);
  g_test_add_func("/baseline-bounds/patterns", test_patterns);
  g_test_add_func("/baseline-bounds/replaced", test_replaced);
  g_test_add_func("/baseline-bounds/many-replaced", test_many_replaced);
  g_test_add_func("/baseline-bounds/many-odd", test_many_odd);
  g_test_add_func("/baseline-bounds/full", test_full);
  g_test_add_func("/baseline-bounds/full-reads", test_full_reads);
  g_test_add_func("/baseline-bounds/odd-facts", test_odd_facts);
  g_test_add_func("/baseline-bounds/no-value", test_no_value);
  return g_test_run();
}
