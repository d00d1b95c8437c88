/* Homebrew, snap, flatpak, portage, COS, SWI-Prolog's packs. */
#include <string.h>

#include "base/json.h"
#include "base/yaml.h"
#include "inspect/languages/found-private.h"
#include "inspect/programs/lists-private.h"

/* --- Homebrew: the folders say what is installed --- */

/* The two folders after @folder: its name and its version. */
static void
add_folders(const char *path, const char *folder, LayerInventory *into)
{
  const char *at = strstr(path, folder);
  g_auto(GStrv) parts = g_strsplit(at == NULL ? "" : at + strlen(folder), "/", 3);
  if (g_strv_length(parts) == 3)
    layer_inventory_add_application(into, "brew", parts[0], parts[1], path);
}

void
lists_read_homebrew_keg(Slice bytes, const char *location, LayerInventory *into)
{
  add_folders(location, "Cellar/", into);
}

void
lists_read_homebrew_cask(Slice bytes, const char *location, LayerInventory *into)
{
  add_folders(location, "Caskroom/", into);
}

void
lists_read_homebrew_formula(Slice bytes, const char *location, LayerInventory *into)
{
  g_auto(GStrv) parts = g_strsplit(location, "/", -1);
  guint count = g_strv_length(parts);
  if (count < 3 || strcmp(parts[count - 2], ".brew") != 0)
    return;
  g_autofree char *name = g_strndup(parts[count - 1], strlen(parts[count - 1]) - strlen(".rb"));
  layer_inventory_add_application(into, "brew", name, parts[count - 3], location);
}

/* --- snap --- */

static YamlTree *
read_yaml(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(GError) error = NULL;
  YamlTree *tree = yaml_tree_new(bytes, location, &error);
  if (tree == NULL)
    layer_inventory_add_note(into, "broken-package", location, error->message);
  return tree;
}

/* "gcc-10-base:amd64=10.5.0-1ubuntu1" */
static void
add_staged(const char *text, const char *location, LayerInventory *into)
{
  const char *equals = strchr(text, '=');
  if (equals == NULL)
    return;
  g_autofree char *name = g_strndup(text, (gsize)(equals - text));
  char *colon = strchr(name, ':');
  if (colon != NULL)
    *colon = '\0';
  layer_inventory_add_application(into, "snap", name, equals + 1, location);
}

void
lists_read_snap_stage(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(YamlTree) tree = read_yaml(bytes, location, into);
  static const char *const keys[] = {"primed-stage-packages", "packages"};
  for (size_t i = 0; tree != NULL && i < G_N_ELEMENTS(keys); i++) {
    const YamlNode *list = yaml_member(yaml_tree_root(tree), keys[i]);
    for (guint k = 0; list != NULL && list->kind == YAML_LIST && k < list->entries->len; k++) {
      const YamlNode *word = g_ptr_array_index(list->entries, k);
      if (word->kind == YAML_WORD)
        add_staged(word->text, location, into);
    }
  }
}

static const char *
yaml_text(const YamlNode *node, const char *key)
{
  const YamlNode *word = yaml_member(node, key);
  return word != NULL && word->kind == YAML_WORD ? word->text : NULL;
}

void
lists_read_snap(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(YamlTree) tree = read_yaml(bytes, location, into);
  const YamlNode *root = tree == NULL ? NULL : yaml_tree_root(tree);
  const char *name = yaml_text(root, "name"), *version = yaml_text(root, "version");
  if (name != NULL && version != NULL)
    layer_inventory_add_application(into, "snap", name, version, location);
}

/* --- flatpak --- */

typedef struct {
  GString *id;
  char *version; /* of the first release, which is the newest */
  bool in_id;
} Metainfo;

static void
start_element(GMarkupParseContext *context, const char *name, const char **names,
              const char **values, gpointer data, GError **error)
{
  Metainfo *info = data;
  const GSList *above = g_markup_parse_context_get_element_stack(context)->next;
  info->in_id =
      strcmp(name, "id") == 0 && above != NULL && above->next == NULL && info->id->len == 0;
  for (size_t i = 0; strcmp(name, "release") == 0 && names[i] != NULL; i++)
    if (strcmp(names[i], "version") == 0 && info->version == NULL)
      info->version = g_strdup(values[i]);
}

static void
end_element(GMarkupParseContext *context, const char *name, gpointer data, GError **error)
{
  ((Metainfo *)data)->in_id = false;
}

static void
add_text(GMarkupParseContext *context, const char *text, gsize size, gpointer data, GError **error)
{
  Metainfo *info = data;
  if (info->in_id && info->id->len + size <= 1024)
    g_string_append_len(info->id, text, (gssize)size);
}

void
lists_read_flatpak(Slice bytes, const char *location, LayerInventory *into)
{
  static const GMarkupParser parser = {
      .start_element = start_element, .end_element = end_element, .text = add_text};
  g_autoptr(GString) id = g_string_new(NULL);
  Metainfo info = {.id = id};
  g_autoptr(GError) error = NULL;
  g_autoptr(GMarkupParseContext) context =
      g_markup_parse_context_new(&parser, G_MARKUP_IGNORE_QUALIFIED, &info, NULL);
  if (!g_markup_parse_context_parse(context, (const char *)bytes.data, (gssize)bytes.size, &error))
    layer_inventory_add_note(into, "broken-package", location, error->message);
  else if (id->len > 0 && info.version != NULL)
    layer_inventory_add_application(into, "flatpak", g_strstrip(id->str), info.version, location);
  g_free(info.version);
}

/* --- portage --- */

static const char *
skip_digits(const char *text)
{
  return text + strspn(text, "0123456789");
}

/* A version by the Package Manager Specification, 3.2: "1.2.3b_p4-r5". */
static bool
is_ebuild_version(const char *text)
{
  static const char *const suffixes[] = {"alpha", "beta", "pre", "rc", "p"};
  if (!g_ascii_isdigit(*text))
    return false;
  text = skip_digits(text);
  while (*text == '.' && g_ascii_isdigit(text[1]))
    text = skip_digits(text + 1);
  if (g_ascii_islower(*text))
    text++;
  for (size_t i = 0; *text == '_' && i < G_N_ELEMENTS(suffixes); i++)
    if (g_str_has_prefix(text + 1, suffixes[i])) {
      text = skip_digits(text + 1 + strlen(suffixes[i]));
      i = SIZE_MAX; /* and from the first again */
    }
  if (g_str_has_prefix(text, "-r") && g_ascii_isdigit(text[2]))
    text = skip_digits(text + 2);
  return *text == '\0';
}

void
lists_read_portage(Slice bytes, const char *location, LayerInventory *into)
{
  g_autofree char *text = slice_to_utf8(slice_strip(slice_sub(bytes, 0, 4096)));
  for (char *dash = strchr(text, '-'); dash != NULL; dash = strchr(dash + 1, '-'))
    if (dash != text && is_ebuild_version(dash + 1)) {
      *dash = '\0';
      layer_inventory_add_application(into, "portage", text, dash + 1, location);
      return;
    }
}

/* --- COS and SWI-Prolog --- */

void
lists_read_cos(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(json_t) document = found_json(bytes, location, into);
  size_t index;
  json_t *package;
  json_array_foreach(json_object_get(document, "installedPackages"), index, package) {
    layer_inventory_add_application(into, "cos", found_text(package, "name"),
                                    found_text(package, "version"), location);
  }
}

/* "name(hdt)." and "version('0.5.2')." */
static char *
fact(Slice text, const char *name)
{
  Slice line;
  while (slice_next_line(&text, &line)) {
    Slice inside = slice_strip(line);
    size_t size = strlen(name);
    if (!slice_has_prefix(inside, slice_from_string(name)) || inside.size <= size ||
        inside.data[size] != '(')
      continue;
    inside = slice_sub(inside, size + 1, inside.size);
    gssize end = slice_find(inside, ')');
    inside = slice_strip(slice_sub(inside, 0, end < 0 ? 0 : (size_t)end));
    if (inside.size >= 2 && strchr("'\"", inside.data[0]) != NULL)
      inside = slice_sub(inside, 1, inside.size - 2);
    return slice_to_utf8(inside);
  }
  return NULL;
}

void
lists_read_prolog_pack(Slice bytes, const char *location, LayerInventory *into)
{
  g_autofree char *name = fact(bytes, "name"), *version = fact(bytes, "version");
  if (name != NULL && version != NULL)
    layer_inventory_add_application(into, "swiplpack", name, version, location);
}
