/* Perl's distributions: MYMETA.json that cpanm keeps of what it installed (.meta/), and
 * perllocal.pod, in which others note each module that they install. META.json and META.yml are
 * parts of a source, which is not installed by being there: those are declared. */
#include <string.h>

#include "base/json.h"
#include "inspect/languages/found-private.h"
#include "inspect/languages/languages.h"

/* Of an installation that perllocal.pod tells. */
#define MODULE  "C<Module> L<"
#define VERSION "C<VERSION: "

static bool
is_kept_by_cpanm(const char *location)
{
  return strstr(location, "/.meta/") != NULL;
}

static void
add(LayerInventory *into, const char *name, const char *version, const char *location,
    GString *licenses)
{
  Package *package = layer_inventory_add_application(into, "cpan", name, version, location);
  if (package != NULL)
    package->declared = !is_kept_by_cpanm(location);
  found_licenses_give(licenses, package);
}

/* A version may be a number, of which Perl compares the value. (transfer full) */
static char *
version_of(const json_t *meta)
{
  const json_t *version = json_object_get(meta, "version");
  if (json_is_integer(version))
    return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(version));
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  if (json_is_real(version))
    return g_strdup(g_ascii_formatd(digits, sizeof digits, "%.15g", json_real_value(version)));
  return g_strdup(found_text(meta, "version"));
}

/* PGXN's extensions of PostgreSQL have such files, too. */
static bool
is_of_perl(const json_t *meta)
{
  const json_t *spec = json_object_get(meta, "meta-spec");
  const char *url = found_text(spec, "url");
  bool foreign = url != NULL && strstr(url, "pgxn") != NULL;
  return !foreign && (spec != NULL || found_text(meta, "generated_by") != NULL);
}

static void
read_json(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(json_t) meta = found_json(bytes, location, into);
  const char *name = found_text(meta, "name");
  g_autofree char *version = version_of(meta);
  if (meta == NULL || name == NULL || version == NULL || !is_of_perl(meta))
    return;
  GString *licenses = g_string_new(NULL);
  found_licenses_add_json(licenses, " OR ", json_object_get(meta, "license"));
  add(into, name, version, location, licenses);
}

/* A member of the outermost mapping that has one plain value, in its line: NULL: none. (transfer
 * full) */
static char *
yaml_member(Slice text, const char *key)
{
  size_t size = strlen(key);
  Slice line;
  while (slice_next_line(&text, &line)) {
    if (!slice_has_prefix(line, slice_from_string(key)) || line.size <= size ||
        line.data[size] != ':')
      continue;
    Slice value = slice_strip(slice_sub(line, size + 1, line.size));
    if (value.size >= 2 && (value.data[0] == '\'' || value.data[0] == '"'))
      value = slice_sub(value, 1,
                        (size_t)MAX(slice_find(slice_sub(value, 1, value.size), value.data[0]), 0));
    else if (slice_find(value, '#') >= 0)
      value = slice_strip(slice_sub(value, 0, (size_t)slice_find(value, '#')));
    return value.size == 0 ? NULL : slice_to_utf8(value);
  }
  return NULL;
}

static void
read_yaml(Slice bytes, const char *location, LayerInventory *into)
{
  g_autofree char *name = yaml_member(bytes, "name"), *version = yaml_member(bytes, "version");
  g_autofree char *license = yaml_member(bytes, "license");
  if (name == NULL || version == NULL)
    return;
  GString *licenses = g_string_new(NULL);
  found_licenses_add(licenses, "", slice_from_string(license));
  add(into, name, version, location, licenses);
}

/* "=head2 DATE: C<Module> L<JSON::XS|JSON::XS>" and below it "C<VERSION: 4.03>". Of a module that
 * was installed again the last counts. */
static void
read_pod(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(GHashTable) versions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *module = NULL;
  Slice line;
  while (slice_next_line(&bytes, &line) && g_hash_table_size(versions) < LAYER_PACKAGES_MAX) {
    g_autofree char *text = slice_to_utf8(slice_sub(line, 0, 2048));
    const char *named = strstr(text, MODULE), *numbered = strstr(text, VERSION);
    if (g_str_has_prefix(text, "=head2 ")) {
      g_free(module);
      module = named == NULL
                   ? NULL
                   : g_strndup(named + strlen(MODULE), strcspn(named + strlen(MODULE), "|>"));
    } else if (numbered != NULL && module != NULL) {
      numbered += strlen(VERSION);
      g_hash_table_insert(versions, g_steal_pointer(&module),
                          g_strndup(numbered, strcspn(numbered, ">")));
    }
  }
  GHashTableIter iter;
  gpointer name, version;
  g_hash_table_iter_init(&iter, versions);
  while (g_hash_table_iter_next(&iter, &name, &version)) {
    g_auto(GStrv) parts = g_strsplit(name, "::", -1);
    g_autofree char *distribution = g_strjoinv("-", parts);
    layer_inventory_add_application(into, "cpan", distribution, version, location);
  }
}

static void
read_meta(Slice bytes, const char *location, LayerInventory *into)
{
  if (g_str_has_suffix(location, ".json"))
    read_json(bytes, location, into);
  else if (g_str_has_suffix(location, ".yml"))
    read_yaml(bytes, location, into);
  else
    read_pod(bytes, location, into);
}

const Detector perl_detector = {
    .name = "perl",
    .version = 1,
    .places = (const char *const[]){"*/META.json", "*/MYMETA.json", "*/META.yml", "*/MYMETA.yml",
                                    "*/perllocal.pod", NULL},
    .most = FOUND_BYTES_MAX,
    .read = read_meta,
};
