/* From a part of an SBOM to a package of the inventory; see the headers. */
#include <string.h>

#include "inspect/sboms/sboms-private.h"
#include "inventory/purl.h"

#define TEXT_MAX ((size_t)1000)

void
sbom_part_clear(SbomPart *part)
{
  char **const texts[] = {&part->name, &part->group,    &part->version,  &part->purl,
                          &part->cpe,  &part->supplier, &part->licenses, &part->location};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    g_clear_pointer(texts[i], g_free);
  g_clear_pointer(&part->facts, g_hash_table_unref);
}

void
sbom_set(char **member, const char *text)
{
  if (*member == NULL && text != NULL && *text != '\0')
    *member = slice_to_printable(slice_from_string(text), PURL_BYTES_MAX);
}

const char *
sbom_text(const json_t *object, const char *key)
{
  const json_t *member = json_object_get(object, key);
  const char *text = json_string_value(member);
  size_t size = text == NULL ? 0 : strlen(text);
  return size > 0 && size == json_string_length(member) ? text : NULL;
}

/* --- facts --- */

static const struct {
  const char *theirs, *ours;
} fact_names[] = {
    {"aquasecurity:trivy:SrcName", "source:name"},
    {"aquasecurity:trivy:SrcVersion", "source:version"},
    {"aquasecurity:trivy:SrcRelease", "source:release"},
    {"aquasecurity:trivy:SrcEpoch", "source:epoch"},
    {"aquasecurity:trivy:Modularitylabel", "module"},
    {"aquasecurity:trivy:FilePath", "location"},
    {"syft:metadata:source", "source:name"},
    {"syft:metadata:originPackage", "source:name"},
    {"syft:metadata:sourceVersion", "source:version"},
    {"syft:location:0:path", "location"},
    {"syft:distro:id", "os:id"},
    {"syft:distro:versionID", "os:version_id"},
    {"syft:distro:versionCodename", "os:codename"},
    {"syft:distro:prettyName", "os:pretty_name"},
};

void
sbom_part_fact(SbomPart *part, const char *name, const char *value)
{
  size_t mark = strlen("assay:");
  const char *ours = strncmp(name, "assay:", mark) == 0 ? name + mark : NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(fact_names) && ours == NULL; i++)
    if (strcmp(name, fact_names[i].theirs) == 0)
      ours = fact_names[i].ours;
  if (ours == NULL || *value == '\0')
    return;
  if (part->facts == NULL)
    part->facts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  if (g_hash_table_size(part->facts) >= SBOM_FACTS_MAX)
    return;
  char *text = slice_to_printable(slice_from_string(value), TEXT_MAX);
  /* Several things may be missing. */
  if (strcmp(ours, "unread") == 0)
    g_hash_table_replace(part->facts, g_strconcat("unread:", text, NULL), text);
  else
    g_hash_table_replace(part->facts, g_strdup(ours), text);
}

void
sbom_part_annotation(SbomPart *part, const char *text)
{
  const char *equals = strchr(text, '=');
  if (!g_str_has_prefix(text, "assay:") || equals == NULL)
    return;
  g_autofree char *name = g_strndup(text, (size_t)(equals - text));
  sbom_part_fact(part, name, equals + 1);
}

void
sbom_part_source(SbomPart *part, const char *text)
{
  static const char begin[] = "built package from: ";
  if (text == NULL || !g_str_has_prefix(text, begin))
    return;
  g_auto(GStrv) words = g_strsplit(text + strlen(begin), " ", 2);
  if (g_strv_length(words) < 2)
    return;
  sbom_part_fact(part, "assay:source:name", words[0]);
  sbom_part_fact(part, "assay:source:version", words[1]);
}

void
sbom_part_licence(SbomPart *part, const char *text)
{
  if (text == NULL || strcmp(text, "NOASSERTION") == 0 || strcmp(text, "NONE") == 0)
    return;
  if (part->licenses == NULL) {
    sbom_set(&part->licenses, text);
  } else if (strlen(part->licenses) + strlen(text) < TEXT_MAX) {
    g_autofree char *former = part->licenses;
    g_autofree char *joined = g_strconcat(former, " AND ", text, NULL);
    part->licenses = slice_to_printable(slice_from_string(joined), TEXT_MAX);
  }
}

void
sbom_part_supplier(SbomPart *part, const char *text)
{
  static const char *const kinds[] = {"Organization: ", "Person: "};
  if (text == NULL || strcmp(text, "NOASSERTION") == 0)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (g_str_has_prefix(text, kinds[i]))
      text += strlen(kinds[i]);
  sbom_set(&part->supplier, text);
}

static const char *
fact(const SbomPart *part, const char *name)
{
  return part->facts == NULL ? NULL : g_hash_table_lookup(part->facts, name);
}

/* --- the distribution --- */

static void
add_os(SbomReading *reading, const SbomPart *part)
{
  const char *id = fact(part, "os:id");
  if (id == NULL)
    id = part->name;
  if (reading->os != NULL || id == NULL)
    return;
  OsRelease *os = g_new0(OsRelease, 1);
  const char *version = fact(part, "os:version_id");
  const char *like = fact(part, "os:id_like");
  os->id = g_ascii_strdown(purl_distribution(id), -1);
  os->version_id = g_strdup(version != NULL ? version : part->version);
  os->version = g_strdup(fact(part, "os:version"));
  os->codename = g_strdup(fact(part, "os:codename"));
  os->parent_codename = g_strdup(fact(part, "os:parent_codename"));
  os->pretty_name = g_strdup(fact(part, "os:pretty_name"));
  os->id_like = like == NULL ? NULL : g_strsplit(like, " ", 8);
  reading->os = os;
}

/* --- packages --- */

/* Trivy writes the source's version in parts, without the epoch. (transfer full) */
static char *
source_version_of(const SbomPart *part)
{
  const char *version = fact(part, "source:version"), *release = fact(part, "source:release");
  const char *epoch = fact(part, "source:epoch");
  return version == NULL
             ? NULL
             : g_strconcat(epoch != NULL ? epoch : "", epoch != NULL ? ":" : "", version,
                           release != NULL ? "-" : "", release != NULL ? release : "", NULL);
}

static void
replace(char **member, char *value)
{
  if (value == NULL)
    return;
  g_free(*member);
  *member = value;
}

static void
add_of_distribution(SbomReading *reading, const SbomPart *part, Package *package)
{
  replace(&package->source_name, g_strdup(fact(part, "source:name")));
  replace(&package->source_version, source_version_of(part));
  replace(&package->module, g_strdup(fact(part, "module")));
  package->vendor = part->supplier == NULL
                        ? NULL
                        : slice_to_printable(slice_from_string(part->supplier), TEXT_MAX);
  package->licenses = g_strdup(part->licenses);
  package->location = g_strdup(part->location != NULL ? part->location : reading->location);
  layer_inventory_add_package(reading->into, package);
}

/* An SBOM's package may lie elsewhere than the SBOM. */
static void
add_of_application(SbomReading *reading, const SbomPart *part, const Package *package)
{
  const char *location =
      reading->target && part->location != NULL ? part->location : reading->location;
  Package *added = layer_inventory_add_application(reading->into, package->type, package->name,
                                                   package->version, location);
  if (added == NULL)
    return;
  added->licenses = g_strdup(part->licenses);
  added->declared = !reading->target || fact(part, "declared") != NULL;
  if (!reading->target)
    return;
  added->owner = g_strdup(fact(part, "owner"));
  added->foreign_owner = fact(part, "owner:foreign") != NULL;
}

/* How the SBOM calls it, as the inventory would. (transfer full) */
static char *
written_name(const SbomPart *part, const char *type)
{
  if (part->group == NULL || part->name == NULL)
    return g_strdup(part->name);
  return g_strconcat(part->group, strcmp(type, "maven") == 0 ? ":" : "/", part->name, NULL);
}

/* Versions of the inventory are without the "v" that some package URLs have. */
static void
drop_prefix(Package *package)
{
  bool written_so = strcmp(package->type, "composer") == 0 ||
                    (strcmp(package->type, "golang") == 0 && strcmp(package->name, "stdlib") == 0);
  const char *version = package->version;
  size_t size = g_str_has_prefix(version, "go") ? 2 : *version == 'v' ? 1 : 0;
  if (written_so && size > 0 && g_ascii_isdigit(version[size]))
    replace(&package->version, g_strdup(version + size));
}

static void
add_by_purl(SbomReading *reading, const SbomPart *part)
{
  g_autoptr(Purl) purl = purl_parse(part->purl, NULL);
  if (purl == NULL) {
    reading->odd++;
    return;
  }
  /* The image itself. */
  if (strcmp(purl->type, "oci") == 0)
    return;
  if (purl->version == NULL)
    purl->version = g_strdup(part->version);
  g_autofree char *written = written_name(part, purl->type);
  Package *package = purl_to_package(purl, written);
  if (package == NULL)
    return;
  drop_prefix(package);
  if (!purl_is_of_distribution(purl)) {
    add_of_application(reading, part, package);
    package_free(package);
  } else if (reading->target) {
    if (reading->guess == NULL)
      reading->guess = purl_to_os(purl);
    add_of_distribution(reading, part, package);
  } else
    package_free(package);
}

/* The member @number, from 0 on, of "cpe:2.3:a:VENDOR:PRODUCT:VERSION:..." or of the older
 * "cpe:/a:VENDOR:PRODUCT:VERSION". (transfer full), or NULL */
static char *
cpe_member(const char *cpe, unsigned number)
{
  if (!g_str_has_prefix(cpe, "cpe:2.3:") && !g_str_has_prefix(cpe, "cpe:/"))
    return NULL;
  const char *rest = cpe + strlen("cpe:");
  rest = *rest == '/' ? rest + 1 : rest + strlen("2.3:");
  g_autoptr(GString) member = g_string_new(NULL);
  for (; *rest != '\0'; rest++) {
    if (*rest == ':') {
      if (number == 0)
        break;
      number--;
      continue;
    }
    if (*rest == '\\' && rest[1] != '\0')
      rest++;
    if (number == 0)
      g_string_append_c(member, *rest);
  }
  bool none = number > 0 || member->len == 0 || strcmp(member->str, "*") == 0 ||
              strcmp(member->str, "-") == 0;
  return none ? NULL : g_string_free(g_steal_pointer(&member), FALSE);
}

static void
add_by_cpe(SbomReading *reading, const SbomPart *part)
{
  g_autofree char *product = cpe_member(part->cpe, 2);
  const char *name = part->name != NULL ? part->name : product;
  const char *number = part->version;
  if (product == NULL || name == NULL || number == NULL)
    return;
  Package package = {
      .type = g_strdup("generic"), .name = g_strdup(name), .version = g_strdup(number)};
  add_of_application(reading, part, &package);
  package_clear(&package);
}

void
sbom_add(SbomReading *reading, const SbomPart *part)
{
  SbomPart own = *part;
  if (own.location == NULL)
    own.location = g_strdup(fact(part, "location"));
  else
    own.location = g_strdup(own.location);
  if (part->os)
    add_os(reading, &own);
  else if (part->purl != NULL)
    add_by_purl(reading, &own);
  else if (part->cpe != NULL)
    add_by_cpe(reading, &own);
  g_free(own.location);
}

/* --- the whole --- */

void
sbom_add_whole(SbomReading *reading, const SbomPart *part)
{
  if (part->facts == NULL || !reading->target)
    return;
  g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(part->facts), (GCompareFunc)strcmp);
  for (GList *each = names; each != NULL; each = each->next)
    if (g_str_has_prefix(each->data, "unread:"))
      layer_inventory_add_unread(reading->into, "incomplete-list",
                                 g_hash_table_lookup(part->facts, each->data),
                                 "The SBOM says that this could not be read whole.");
}

void
sbom_finish(SbomReading *reading)
{
  OsRelease *os = g_steal_pointer(&reading->os);
  OsRelease *guess = g_steal_pointer(&reading->guess);
  if (os == NULL)
    os = g_steal_pointer(&guess);
  os_release_free(guess);
  if (os != NULL && reading->target) {
    os->location = g_strdup(reading->location);
    g_ptr_array_add(reading->into->releases, os);
  } else
    os_release_free(os);
  if (reading->odd == 0)
    return;
  g_autofree char *detail =
      g_strdup_printf("%u of its parts have a package URL that is none.", reading->odd);
  layer_inventory_add_note(reading->into, "odd-package-url", reading->location, detail);
}

void
sbom_broken(SbomReading *reading, const char *detail)
{
  if (reading->target)
    layer_inventory_add_unread(reading->into, "broken-sbom", reading->location, detail);
  else
    layer_inventory_add_note(reading->into, "broken-sbom", reading->location, detail);
}
