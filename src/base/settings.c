/* Walking a tree of YAML by tables of settings; see the header.
 * Long because: one walk, whose parts know each other, and all that it can find wrong. */
#include "base/settings.h"

#include <string.h>

#include "base/error.h"
#include "base/suggest.h"
#include "base/yaml.h"

/* More of them help nobody. */
#define COMPLAINTS_SHOWN 20u
/* ... and are not even collected. */
#define COMPLAINTS_KEPT 200u
#define QUOTED_MAX      64

typedef struct {
  unsigned line, column;
  char *text;
} Complaint;

typedef struct {
  const char *file;
  const Section *top;
  GArray *complaints;
  unsigned more; /* that were not kept */
} Reading;

struct SettingsPlace {
  Reading *reading;
  const Section *section;
  const YamlNode *mapping; /* NULL: the file holds nothing */
  const char *subject;     /* the nearest entry around it that has a name: policy "a"; or NULL */
  const char *path;        /* from there: "limits", "feeds[2]", "" */
};

static void
complaint_clear(void *data)
{
  g_free(((Complaint *)data)->text);
}

static void complain_at(const SettingsPlace *place, const YamlNode *node, const char *key,
                        const char *format, ...) G_GNUC_PRINTF(4, 5);

static void
complain(const SettingsPlace *place, const YamlNode *node, const char *key, const char *message)
{
  Reading *reading = place->reading;
  if (reading->complaints->len >= COMPLAINTS_KEPT) {
    reading->more++;
    return;
  }
  g_autoptr(GString) text = g_string_new(NULL);
  if (place->subject != NULL)
    g_string_append_printf(text, "%s: ", place->subject);
  g_string_append(text, place->path);
  if (key != NULL)
    g_string_append_printf(text, "%s%s", *place->path == '\0' ? "" : ".", key);
  if (key != NULL || *place->path != '\0')
    g_string_append(text, ": ");
  g_string_append(text, message);
  Complaint complaint = {node != NULL ? node->line : 1, node != NULL ? node->column : 1,
                         g_string_free(g_steal_pointer(&text), FALSE)};
  g_array_append_val(reading->complaints, complaint);
}

static void
complain_at(const SettingsPlace *place, const YamlNode *node, const char *key, const char *format,
            ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *message = g_strdup_vprintf(format, args);
  va_end(args);
  complain(place, node, key, message);
}

bool
settings_given(const SettingsPlace *place, const char *key)
{
  return yaml_member(place->mapping, key) != NULL;
}

void
settings_complain(const SettingsPlace *place, const char *key, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *message = g_strdup_vprintf(format, args);
  va_end(args);
  const YamlNode *value = key == NULL ? NULL : yaml_member(place->mapping, key);
  complain(place, value != NULL ? value : place->mapping, key, message);
}

/* What is there, for messages. (transfer full) */
static char *
quote(const YamlNode *node)
{
  return slice_to_printable(slice_new(node->text, node->size), QUOTED_MAX);
}

/* --- keys --- */

static const Setting *
find_setting(const Section *section, const char *key)
{
  const Setting *found = NULL;
  for (size_t i = 0; found == NULL && i < section->count; i++) {
    const Setting *each = &section->settings[i];
    if (each->part)
      found = find_setting(each->section, key);
    else if (strcmp(each->key, key) == 0)
      found = each;
  }
  return found;
}

static void
add_names(const Section *section, GPtrArray *names)
{
  for (size_t i = 0; i < section->count; i++)
    if (section->settings[i].part)
      add_names(section->settings[i].section, names);
    else
      g_ptr_array_add(names, g_strdup(section->settings[i].key));
}

/* NULL-terminated. (transfer full) */
static GStrv
names_of(const Section *section)
{
  GPtrArray *names = g_ptr_array_new();
  add_names(section, names);
  g_ptr_array_add(names, NULL);
  return (GStrv)g_ptr_array_free(names, FALSE);
}

/* The path of the section that has @key: "limits", "" for @section itself; NULL: none has it.
 * (transfer full) */
static char *
find_elsewhere(const Section *section, const char *key)
{
  if (find_setting(section, key) != NULL)
    return g_strdup("");
  for (size_t i = 0; i < section->count; i++) {
    const Setting *each = &section->settings[i];
    g_autofree char *below = each->section == NULL || each->count_offset != 0
                                 ? NULL
                                 : find_elsewhere(each->section, key);
    if (below != NULL && each->part)
      return g_steal_pointer(&below);
    if (below != NULL)
      return g_strconcat(each->key, *below == '\0' ? "" : ".", below, NULL);
  }
  return NULL;
}

static void
complain_of_key(const SettingsPlace *place, const YamlNode *key)
{
  g_autofree char *shown = quote(key);
  g_auto(GStrv) names = names_of(place->section);
  g_autofree char *all = g_strjoinv(", ", names);
  g_autofree char *elsewhere = find_elsewhere(place->reading->top, key->text);
  const char *near = suggest_nearest(key->text, (const char *const *)names);
  if (elsewhere != NULL && *elsewhere == '\0')
    complain_at(place, key, NULL, "unknown key \"%s\"; it belongs at the top", shown);
  else if (elsewhere != NULL)
    complain_at(place, key, NULL, "unknown key \"%s\"; it belongs below \"%s\"", shown, elsewhere);
  else if (near != NULL)
    complain_at(place, key, NULL, "unknown key \"%s\"; did you mean \"%s\"?", shown, near);
  else
    complain_at(place, key, NULL, "unknown key \"%s\"; there are %s", shown, all);
}

/* Tells of what is no key of the section, or is there again. */
static void
check_keys(const SettingsPlace *place)
{
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; place->mapping != NULL && i + 1 < place->mapping->entries->len; i += 2) {
    const YamlNode *key = g_ptr_array_index(place->mapping->entries, i);
    if (key->kind != YAML_WORD || strlen(key->text) != key->size) {
      complain_at(place, key, NULL, "a key must be a word");
      continue;
    }
    const YamlNode *former = g_hash_table_lookup(seen, key->text);
    g_hash_table_insert(seen, key->text, (void *)(uintptr_t)key);
    if (former != NULL)
      complain_at(place, key, key->text, "is there twice, first in line %u", former->line);
    else if (find_setting(place->section, key->text) == NULL)
      complain_of_key(place, key);
  }
}

/* --- values --- */

static void read_setting_from(const SettingsPlace *place, const Setting *setting,
                              const YamlNode *node, void *values);

/* Lists and mappings among the fallbacks are YAML themselves; a broken one is a mistake in a table,
 * which the unit test of each table finds. */
static void
fall_back(const Setting *setting, void *values)
{
  void *value = (char *)values + setting->offset;
  if (setting->fallback == NULL && setting->section != NULL && setting->count_offset == 0)
    settings_defaults(setting->section, value);
  if (setting->fallback == NULL && setting->kind != NULL && setting->kind->begin != NULL)
    setting->kind->begin(value);
  if (setting->fallback == NULL)
    return;
  if (setting->kind != NULL && !setting->kind->many) {
    bool read = setting->kind->read(setting, setting->fallback, value, NULL);
    g_assert(read);
    return;
  }
  g_autoptr(YamlTree) tree =
      yaml_tree_new(slice_from_string(setting->fallback), setting->key, NULL);
  g_autoptr(GArray) complaints = g_array_new(FALSE, FALSE, sizeof(Complaint));
  g_array_set_clear_func(complaints, complaint_clear);
  Reading reading = {.file = setting->key, .top = setting->section, .complaints = complaints};
  SettingsPlace place = {.reading = &reading, .section = setting->section, .path = ""};
  g_assert(tree != NULL && yaml_tree_root(tree) != NULL);
  read_setting_from(&place, setting, yaml_tree_root(tree), values);
  g_assert(complaints->len == 0);
}

static const char *
kind_in_words(const YamlNode *node)
{
  return node->kind == YAML_LIST ? "a list" : node->kind == YAML_MAPPING ? "a mapping" : "a word";
}

static void
read_word(const SettingsPlace *place, const Setting *setting, const char *key, const YamlNode *node,
          void *value)
{
  g_autoptr(GError) error = NULL;
  if (node->kind != YAML_WORD) {
    complain_at(place, node, key, "must be one word, is %s", kind_in_words(node));
  } else if (yaml_is_nothing(node)) {
    complain_at(place, node, key, "has no value; without the key its default holds");
  } else if (node->size == 0 || strlen(node->text) != node->size) {
    complain_at(place, node, key, node->size == 0 ? "must not be empty" : "holds a NUL byte");
  } else if (!setting->kind->read(setting, node->text, value, &error)) {
    g_autofree char *shown = quote(node);
    bool number = strspn(shown, "0123456789") == strlen(shown);
    complain_at(place, node, key, "%s, is %s%s%s", error->message, number ? "" : "\"", shown,
                number ? "" : "\"");
  }
}

/* Whether so many entries are fine. */
static bool
check_length(const SettingsPlace *place, const Setting *setting, const YamlNode *node, guint count)
{
  if (count < setting->least)
    complain_at(place, node, setting->key, "must have at least %u entr%s%s",
                (unsigned)setting->least, setting->least == 1 ? "y" : "ies",
                setting->fallback != NULL ? "; without the key it is the default" : "");
  else if (setting->most != 0 && count > setting->most)
    complain_at(place, node, setting->key, "must have at most %u entries, has %u",
                (unsigned)setting->most, count);
  else
    return true;
  return false;
}

/* A mapping as a list of words: `team: payments` is "team=payments". */
static void
read_pairs(const SettingsPlace *place, const Setting *setting, const YamlNode *node, void *value)
{
  if (!check_length(place, setting, node, node->entries->len / 2))
    return;
  for (guint i = 0; i + 1 < node->entries->len; i += 2) {
    const YamlNode *key = g_ptr_array_index(node->entries, i);
    const YamlNode *word = g_ptr_array_index(node->entries, i + 1);
    g_autofree char *shown = key->kind == YAML_WORD ? quote(key) : NULL;
    g_autofree char *path = shown == NULL ? NULL : g_strdup_printf("%s.%s", setting->key, shown);
    if (shown == NULL || strlen(key->text) != key->size || strchr(key->text, '=') != NULL) {
      complain_at(place, key, setting->key, "a key must be a word without \"=\"");
      continue;
    }
    if (yaml_member(node, key->text) != word) {
      complain_at(place, key, path, "is there twice");
      continue;
    }
    YamlNode pair = *word;
    g_autofree char *text =
        word->kind != YAML_WORD ? NULL : g_strconcat(key->text, "=", word->text, NULL);
    if (text != NULL && !yaml_is_nothing(word) && strlen(word->text) == word->size) {
      pair.text = text;
      pair.size = strlen(text);
    }
    read_word(place, setting, path, &pair, value);
  }
}

static void
read_words(const SettingsPlace *place, const Setting *setting, const YamlNode *node, void *value)
{
  if (node->kind == YAML_WORD && yaml_is_nothing(node)) {
    complain_at(place, node, setting->key,
                setting->least > 0 ? "has no value; it must have at least one"
                                   : "has no value; write [] for none");
    return;
  }
  if (setting->kind->begin != NULL)
    setting->kind->begin(value);
  if (node->kind == YAML_MAPPING && setting->kind->pairs) {
    read_pairs(place, setting, node, value);
    return;
  }
  if (node->kind != YAML_LIST) {
    read_word(place, setting, setting->key, node, value);
    return;
  }
  if (!check_length(place, setting, node, node->entries->len))
    return;
  for (guint i = 0; i < node->entries->len; i++) {
    g_autofree char *key = g_strdup_printf("%s[%u]", setting->key, i);
    read_word(place, setting, key, g_ptr_array_index(node->entries, i), value);
  }
}

static void read_section(const SettingsPlace *place, void *values);

/* (transfer full) */
static char *
path_below(const SettingsPlace *place, const char *key)
{
  return g_strconcat(place->path, *place->path == '\0' ? "" : ".", key, NULL);
}

/* The name that a mapping gives itself, if it can be told. */
static const YamlNode *
name_of(const Section *section, const YamlNode *mapping)
{
  const YamlNode *name = section->named_by == NULL ? NULL : yaml_member(mapping, section->named_by);
  return name != NULL && name->kind == YAML_WORD && name->size > 0 ? name : NULL;
}

/* Two entries of one name could not be told apart in messages. */
static void
check_name(const SettingsPlace *place, const YamlNode *name, GHashTable *names)
{
  const YamlNode *former = g_hash_table_lookup(names, name->text);
  if (former != NULL)
    complain_at(place, name, place->section->named_by, "another %s has it, in line %u",
                place->section->noun, former->line);
  else
    g_hash_table_insert(names, name->text, (void *)(uintptr_t)name);
}

/* Whether @node is what stands for a mapping of which only the one key is there: a word, or a list
 * where that key takes one. */
static bool
is_short(const Section *section, const YamlNode *node)
{
  const Setting *meant = section->word == NULL ? NULL : find_setting(section, section->word);
  return meant != NULL && ((node->kind == YAML_WORD && !yaml_is_nothing(node)) ||
                           (node->kind == YAML_LIST && meant->kind != NULL && meant->kind->many));
}

static void
read_short(const SettingsPlace *place, const Section *section, const char *key,
           const YamlNode *node, void *values)
{
  guint before = place->reading->complaints->len;
  for (size_t i = 0; i < section->count; i++) {
    const Setting *setting = &section->settings[i];
    /* In messages it has the name of the mapping. */
    Setting meant = *setting;
    meant.key = key;
    if (strcmp(setting->key, section->word) == 0)
      read_setting_from(place, &meant, node, values);
    else
      fall_back(setting, values);
  }
  SettingsPlace below = *place;
  below.mapping = node;
  if (section->check != NULL && place->reading->complaints->len == before)
    section->check(values, &below);
}

static void
read_entry(const SettingsPlace *place, const Setting *setting, guint index, const YamlNode *node,
           GHashTable *names, void *values)
{
  const Section *section = setting->section;
  g_autofree char *key = g_strdup_printf("%s[%u]", setting->key, index);
  if (node->kind == YAML_WORD && section->word != NULL) {
    read_short(place, section, key, node, values);
    return;
  }
  if (node->kind != YAML_MAPPING) {
    complain_at(place, node, key, "must be a mapping, is %s", kind_in_words(node));
    return;
  }
  const YamlNode *name = name_of(section, node);
  g_autofree char *shown = name == NULL ? NULL : quote(name);
  g_autofree char *subject =
      name == NULL ? NULL : g_strdup_printf("%s \"%s\"", section->noun, shown);
  g_autofree char *path = subject != NULL ? g_strdup("") : path_below(place, key);
  SettingsPlace below = {.reading = place->reading,
                         .section = section,
                         .mapping = node,
                         .subject = subject != NULL ? subject : place->subject,
                         .path = path};
  read_section(&below, values);
  if (name != NULL)
    check_name(&below, name, names);
}

static void
read_entries(const SettingsPlace *place, const Setting *setting, const YamlNode *node, void *value,
             unsigned *count)
{
  if (node->kind == YAML_WORD && (setting->section->word == NULL || yaml_is_nothing(node))) {
    complain_at(place, node, setting->key, "must be a list%s",
                !yaml_is_nothing(node) ? ", is a word"
                : setting->least == 0
                    ? "; write [] for none"
                    : " of at least one entry; without the key it is the default");
    return;
  }
  guint entries = node->kind == YAML_LIST ? node->entries->len : 1;
  if (!check_length(place, setting, node, entries))
    return;
  g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
  char *array = g_malloc0_n(entries, setting->section->size);
  *(void **)value = array;
  *count = entries;
  for (guint i = 0; i < entries; i++) {
    const YamlNode *entry = node->kind == YAML_LIST ? g_ptr_array_index(node->entries, i) : node;
    read_entry(place, setting, i, entry, names, array + i * setting->section->size);
  }
}

static void
read_below(const SettingsPlace *place, const Setting *setting, const YamlNode *node, void *value)
{
  if (is_short(setting->section, node)) {
    read_short(place, setting->section, setting->key, node, value);
    return;
  }
  if (node->kind != YAML_MAPPING) {
    bool nothing = node->kind == YAML_WORD && yaml_is_nothing(node);
    complain_at(place, node, setting->key, "must be a mapping%s%s",
                nothing ? "; without the key its defaults hold" : ", is ",
                nothing ? "" : kind_in_words(node));
    return;
  }
  g_autofree char *path = path_below(place, setting->key);
  SettingsPlace below = {.reading = place->reading,
                         .section = setting->section,
                         .mapping = node,
                         .subject = place->subject,
                         .path = path};
  read_section(&below, value);
}

/* --- the whole --- */

static void read_setting(const SettingsPlace *place, const Setting *setting, void *values);

static void
read_setting_from(const SettingsPlace *place, const Setting *setting, const YamlNode *node,
                  void *values)
{
  void *value = (char *)values + setting->offset;
  /* A setting has a kind or a section. */
  bool many = setting->kind != NULL && setting->kind->many;
  if (setting->count_offset != 0)
    read_entries(place, setting, node, value,
                 (unsigned *)(void *)((char *)values + setting->count_offset));
  else if (setting->section != NULL)
    read_below(place, setting, node, value);
  else if (many)
    read_words(place, setting, node, value);
  else
    read_word(place, setting, setting->key, node, value);
}

static void
read_settings(const SettingsPlace *place, const Section *section, void *values)
{
  guint before = place->reading->complaints->len;
  for (size_t i = 0; i < section->count; i++)
    read_setting(place, &section->settings[i], values);
  if (section->check != NULL && place->reading->complaints->len == before)
    section->check(values, place);
}

/* A single value that is wrong has its default. */
static void
read_setting(const SettingsPlace *place, const Setting *setting, void *values)
{
  if (setting->part) {
    read_settings(place, setting->section, (char *)values + setting->offset);
    return;
  }
  const YamlNode *node = yaml_member(place->mapping, setting->key);
  guint before = place->reading->complaints->len;
  if (node != NULL)
    read_setting_from(place, setting, node, values);
  else if (setting->required)
    complain_at(place, place->mapping, NULL, "the key \"%s\" is missing", setting->key);
  else
    fall_back(setting, values);
  if (place->reading->complaints->len > before && setting->kind != NULL && !setting->kind->many)
    fall_back(setting, values);
}

static void
read_section(const SettingsPlace *place, void *values)
{
  check_keys(place);
  read_settings(place, place->section, values);
}

static int
in_order_of_the_file(gconstpointer a, gconstpointer b)
{
  const Complaint *left = a, *right = b;
  return left->line != right->line ? (left->line < right->line ? -1 : 1)
                                   : (int)left->column - (int)right->column;
}

/* A line for each; NULL: there is none. (transfer full) */
static char *
complaints_in_words(const Reading *reading)
{
  GArray *complaints = reading->complaints;
  if (complaints->len == 0)
    return NULL;
  g_array_sort(complaints, in_order_of_the_file);
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < MIN(complaints->len, COMPLAINTS_SHOWN); i++) {
    const Complaint *each = &g_array_index(complaints, Complaint, i);
    g_string_append_printf(text, "%s%s:%u:%u: %s", i == 0 ? "" : "\n", reading->file, each->line,
                           each->column, each->text);
  }
  if (complaints->len > COMPLAINTS_SHOWN)
    g_string_append_printf(text, "\n%s: %u more", reading->file,
                           complaints->len - COMPLAINTS_SHOWN + reading->more);
  return g_string_free(text, FALSE);
}

bool
settings_read_valid(const Section *section, Slice text, const char *file, void *values,
                    char **complaints, GError **error)
{
  memset(values, 0, section->size);
  *complaints = NULL;
  g_autoptr(YamlTree) tree = yaml_tree_new(text, file, error);
  if (tree == NULL)
    return false;
  g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(Complaint));
  g_array_set_clear_func(list, complaint_clear);
  Reading reading = {.file = file, .top = section, .complaints = list};
  SettingsPlace place = {.reading = &reading, .section = section, .path = ""};
  place.mapping = yaml_tree_root(tree);
  if (place.mapping != NULL && place.mapping->kind != YAML_MAPPING) {
    complain_at(&place, place.mapping, NULL, "the file must be a mapping of keys, is %s",
                kind_in_words(place.mapping));
    settings_defaults(section, values);
  } else {
    read_section(&place, values);
  }
  *complaints = complaints_in_words(&reading);
  return true;
}

bool
settings_read(const Section *section, Slice text, const char *file, void *values, GError **error)
{
  g_autofree char *complaints = NULL;
  if (!settings_read_valid(section, text, file, values, &complaints, error))
    return false;
  if (complaints == NULL)
    return true;
  settings_clear(section, values);
  return error_set(error, ASSAY_ERROR_INVALID, "%s", complaints);
}

void
settings_defaults(const Section *section, void *values)
{
  memset(values, 0, section->size);
  for (size_t i = 0; i < section->count; i++)
    fall_back(&section->settings[i], values);
}

static void
clear_entries(const Setting *setting, void *value, unsigned *count)
{
  char *array = *(char **)value;
  for (unsigned i = 0; i < *count; i++)
    settings_clear(setting->section, array + i * setting->section->size);
  g_free(array);
  *count = 0;
}

void
settings_clear(const Section *section, void *values)
{
  for (size_t i = 0; i < section->count; i++) {
    const Setting *setting = &section->settings[i];
    void *value = (char *)values + setting->offset;
    if (setting->count_offset != 0)
      clear_entries(setting, value, (unsigned *)(void *)((char *)values + setting->count_offset));
    else if (setting->section != NULL)
      settings_clear(setting->section, value);
    else if (setting->kind->clear != NULL)
      setting->kind->clear(value);
  }
  memset(values, 0, section->size);
}
