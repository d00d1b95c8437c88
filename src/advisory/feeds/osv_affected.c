/* The packages and intervals of an OSV record.
 *
 * Distributions fill in the same members in ways of their own:
 *   - AlmaLinux and Red Hat name binary packages; Rocky Linux, openEuler, Mageia, Azure Linux and
 *     Photon name source packages, and so do SUSE and openSUSE, which list the binaries beside
 * them: "ecosystem_specific": {"binaries": [{"libopenssl3": "3.0.8-150500.5.5.1"}]}.
 *   - A package of a module (".module" in its release) is of the streams that the summary names:
 *     "Important: nodejs:18 security update".
 *   - Debian says in "ecosystem_specific": {"urgency": "..."} what its tracker says. */
#include <string.h>

#include "advisory/feeds/osv-private.h"
#include "base/json.h"
#include "inventory/ecosystem.h"
#include "version/version.h"

#define VERSIONS_MAX 20000u
#define EVENTS_MAX   10000u
#define MODULES_MAX  8u

/* One package of the record, as far as its statements are alike. */
typedef struct {
  const OsvRecord *record;
  AdvisoryRange base;
  AdvisoryState unfixed;       /* what a package without a fix is */
  bool is_ordered;             /* base.scheme orders the ecosystem's versions */
  GStrv modules;               /* one statement for each; NULL: of no module */
  const char *release_version; /* what the release has without a fix; or NULL */
  const char *known_end;       /* "<= 1.2.3": the last version known to be affected; or NULL */
  bool of_application;
  GArray *intervals; /* AdvisoryRange: what its ranges said */
} OsvPackage;

Severity
osv_severity_word(const json_t *severities)
{
  Severity severity = SEVERITY_UNKNOWN;
  size_t index;
  json_t *entry;
  json_array_foreach(severities, index, entry) {
    if (severity_parse(json_get_string(entry, "score"), &severity))
      return severity;
  }
  return severity;
}

static bool
add_range(const OsvPackage *package, AdvisoryRange *range, GError **error)
{
  static char *const no_module[] = {NULL, NULL};
  char *const *modules = package->modules != NULL ? package->modules : no_module;
  guint count = package->modules != NULL ? g_strv_length(package->modules) : 1;
  const OsvRecord *record = package->record;
  for (guint i = 0; record->cves[i] != NULL; i++)
    for (guint m = 0; m < count; m++) {
      range->id = record->cves[i];
      range->module = modules[m];
      if (!feed_sink_add_range(record->sink, range, error))
        return false;
    }
  return true;
}

/* --- intervals --- */

typedef enum { EVENT_INTRODUCED, EVENT_FIXED, EVENT_LAST_AFFECTED } OsvEventKind;
typedef struct {
  OsvEventKind kind;
  const char *version;
  size_t place; /* keeps the order of those that are equal */
  VersionScheme scheme;
} OsvEvent;

/* "0" is before every version. */
static bool
is_start(const OsvEvent *event)
{
  return event->kind == EVENT_INTRODUCED && strcmp(event->version, "0") == 0;
}

/* As versions are held against them: Composer's 1.0-p1 is before 1.0.1. */
static int
compare_events(gconstpointer a, gconstpointer b)
{
  const OsvEvent *left = a, *right = b;
  int order = is_start(left) || is_start(right)
                  ? is_start(right) - is_start(left)
                  : version_compare_bound(left->scheme, slice_from_string(left->version),
                                          slice_from_string(right->version));
  return order != 0 ? order : left->place < right->place ? -1 : 1;
}

/* The events in the order of their versions, which their publishers only mostly keep to. *@limit:
 * above it, nothing is said. (transfer full): OsvEvent */
static GArray *
read_events(const OsvPackage *package, const json_t *list, const char **limit)
{
  static const char *const members[] = {"introduced", "fixed", "last_affected"};
  GArray *events = g_array_new(false, false, sizeof(OsvEvent));
  size_t index;
  json_t *entry;
  json_array_foreach(list, index, entry) {
    const char *bound = json_get_string(entry, "limit");
    if (bound != NULL && strchr(bound, '*') == NULL)
      *limit = bound;
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
      OsvEvent event = {(OsvEventKind)i, json_get_string(entry, members[i]), index,
                        package->base.scheme};
      if (event.version != NULL && events->len < EVENTS_MAX)
        g_array_append_val(events, event);
    }
  }
  if (package->is_ordered)
    g_array_sort(events, compare_events);
  return events;
}

/* "<= 1.2.3" or "< 2": what GitHub's records have where there is no fix. */
static void
take_known_end(const char *known_end, AdvisoryRange *range)
{
  if (known_end == NULL || known_end[0] != '<' || strchr(known_end, ',') != NULL)
    return;
  bool inclusive = known_end[1] == '=';
  const char *version = known_end + 1 + inclusive;
  version += strspn(version, " ");
  if (*version == '\0')
    return;
  *(inclusive ? &range->last_affected : &range->fixed_version) = version;
}

static bool
add_interval(const OsvPackage *package, const OsvEvent *from, const OsvEvent *to, const char *limit,
             GError **error)
{
  AdvisoryRange range = package->base;
  bool fixed = to != NULL && to->kind == EVENT_FIXED;
  range.introduced = is_start(from) ? NULL : from->version;
  range.fixed_version = fixed ? to->version : to == NULL ? limit : NULL;
  range.last_affected = to != NULL && !fixed ? to->version : NULL;
  range.state = fixed ? STATE_FIXED : package->unfixed;
  range.release_version = to == NULL ? package->release_version : NULL;
  if (to == NULL && limit == NULL)
    take_known_end(package->known_end, &range);
  g_array_append_val(package->intervals, range);
  return add_range(package, &range, error);
}

static bool
add_events(const OsvPackage *package, const json_t *list, GError **error)
{
  const char *limit = NULL;
  const OsvEvent *open = NULL;
  g_autoptr(GArray) events = read_events(package, list, &limit);
  for (guint i = 0; i < events->len; i++) {
    const OsvEvent *event = &g_array_index(events, OsvEvent, i);
    if (event->kind == EVENT_INTRODUCED) {
      open = open != NULL ? open : event;
      continue;
    }
    if (open != NULL && !add_interval(package, open, event, limit, error))
      return false;
    open = NULL;
  }
  return open == NULL || add_interval(package, open, NULL, limit, error);
}

static bool
is_in_interval(const OsvPackage *package, const char *version)
{
  for (guint i = 0; i < package->intervals->len; i++) {
    const AdvisoryRange *each = &g_array_index(package->intervals, AdvisoryRange, i);
    if (version_place(package->base.scheme, version, each->introduced, each->fixed_version,
                      each->last_affected) == VERSION_INSIDE)
      return true;
  }
  return false;
}

/* Most lists say again what the ranges said. */
static bool
add_versions(const OsvPackage *package, const json_t *versions, GError **error)
{
  size_t index;
  json_t *version;
  json_array_foreach(versions, index, version) {
    AdvisoryRange range = package->base;
    range.introduced = range.last_affected = json_string_value(version);
    range.state = package->unfixed;
    if (range.introduced != NULL && index < VERSIONS_MAX &&
        is_in_interval(package, range.introduced))
      continue;
    if (range.introduced == NULL || index >= VERSIONS_MAX)
      feed_skip(package->record->sink, package->record->skipped,
                "a version that is no text, or one too many of a package");
    else if (!add_range(package, &range, error))
      return false;
  }
  return true;
}

/* --- what distributions make of it --- */

/* Whether the ecosystem's records name source packages, where packages are matched by their own
 * names otherwise. */
static bool
names_sources(const char *ecosystem)
{
  const Ecosystem *row = ecosystem_find(ecosystem);
  return row != NULL && row->osv_names_sources;
}

/* "nodejs:18" of "Important: nodejs:18 security update". (transfer full), NULL when a package of
 * @ranges is of no module; what is of one that the summary does not name is of ANY_MODULE. */
static GStrv
find_modules(const char *summary, const json_t *ranges)
{
  bool modular = false;
  size_t index, at;
  json_t *range, *event;
  json_array_foreach(ranges, index, range) {
    json_array_foreach(json_get_array(range, "events"), at, event) {
      const char *fixed = json_get_string(event, "fixed");
      modular |= fixed != NULL && strstr(fixed, ".module") != NULL;
    }
  }
  if (!modular)
    return NULL;
  g_autoptr(GStrvBuilder) modules = g_strv_builder_new();
  g_auto(GStrv) words = g_strsplit_set(summary != NULL ? summary : "", " ,", -1);
  unsigned count = 0;
  for (char **word = words; *word != NULL && count < MODULES_MAX; word++) {
    const char *colon = strchr(*word, ':');
    if (colon == NULL || colon == *word || colon[1] == '\0' || strchr(colon + 1, ':') != NULL)
      continue;
    g_strv_builder_add(modules, *word);
    count++;
  }
  if (count == 0)
    g_strv_builder_add(modules, ADVISORY_ANY_MODULE);
  return g_strv_builder_end(modules);
}

/* Of "pkg:rpm/oracle/rsyslog?arch=aarch64&distro=el7", else NULL; sources are of none. (transfer
 * full) */
static char *
find_architecture(const char *purl)
{
  const char *qualifiers = purl != NULL ? strchr(purl, '?') : NULL;
  if (qualifiers == NULL)
    return NULL;
  g_auto(GStrv) all = g_strsplit(qualifiers + 1, "&", -1);
  for (char **each = all; *each != NULL; each++) {
    const char *value = g_str_has_prefix(*each, "arch=") ? *each + strlen("arch=") : NULL;
    bool is_source = value != NULL && (strcmp(value, "source") == 0 || strcmp(value, "src") == 0);
    if (value != NULL && *value != '\0' && !is_source)
      return g_strndup(advisory_architecture(value), strcspn(advisory_architecture(value), ",#"));
  }
  return NULL;
}

/* What a record lists as affected of a package without a fix is what the release had: the last is
 * the newest. */
static const char *
find_release_version(const json_t *versions)
{
  size_t count = json_array_size(versions);
  return count == 0 ? NULL : json_string_value(json_array_get(versions, count - 1));
}

static void
take_urgency(const json_t *affected, OsvPackage *package)
{
  const char *said = json_get_string(json_get_object(affected, "ecosystem_specific"), "urgency");
  /* "low**": the tracker's mark of what it has from elsewhere. */
  g_autofree char *urgency = said != NULL ? g_strndup(said, strcspn(said, "*")) : NULL;
  package->unfixed = STATE_AFFECTED;
  if (g_strcmp0(urgency, "unimportant") == 0)
    package->unfixed = STATE_UNIMPORTANT;
  if (g_strcmp0(urgency, "end-of-life") == 0)
    package->unfixed = STATE_END_OF_LIFE;
  severity_parse(urgency, &package->base.severity);
  Severity own = osv_severity_word(json_get_array(affected, "severity"));
  if (own != SEVERITY_UNKNOWN)
    package->base.severity = own;
}

static bool
is_version_range(const json_t *range)
{
  const char *type = json_get_string(range, "type");
  return g_strcmp0(type, "ECOSYSTEM") == 0 || g_strcmp0(type, "SEMVER") == 0;
}

static bool
add_ranges(const OsvPackage *package, const json_t *affected, GError **error)
{
  bool has_range = false;
  size_t index;
  json_t *range;
  json_array_foreach(json_get_array(affected, "ranges"), index, range) {
    if (!is_version_range(range))
      continue;
    has_range = true;
    if (!add_events(package, json_get_array(range, "events"), error))
      return false;
  }
  /* What a distribution lists beside a range is what its release had before the fix. */
  return (has_range && !package->of_application) ||
         add_versions(package, json_get_array(affected, "versions"), error);
}

/* The binaries that SUSE lists beside a source, each with the version that has the fix. *@added:
 * there were some. */
static bool
add_binaries(const OsvPackage *package, const json_t *affected, bool *added, GError **error)
{
  json_t *lists = json_get_array(json_get_object(affected, "ecosystem_specific"), "binaries");
  size_t index;
  json_t *list, *version;
  const char *name;
  json_array_foreach(lists, index, list) {
    json_object_foreach(list, name, version) {
      AdvisoryRange range = package->base;
      range.package = name;
      range.fixed_version = json_string_value(version);
      range.state = STATE_FIXED;
      if (name[0] == '\0' || range.fixed_version == NULL) {
        feed_skip(package->record->sink, package->record->skipped,
                  "a binary package without a name or a version");
        continue;
      }
      *added = true;
      if (!add_range(package, &range, error))
        return false;
    }
  }
  return true;
}

/* --- functions of Go --- */

/* What a list of an import has, with @separator between; false: it has what no name has. */
static bool
append_names(GString *line, const json_t *list, char separator)
{
  size_t index;
  json_t *entry;
  json_array_foreach(list, index, entry) {
    const char *name = json_string_value(entry);
    if (name == NULL || *name == '\0' || strpbrk(name, ":;,@+/ ") != NULL)
      return false;
    g_string_append_printf(line, "%s%s", index == 0 ? "" : (char[]){separator, 0}, name);
  }
  return true;
}

static bool
append_import(GString *line, const json_t *import)
{
  const char *path = json_get_string(import, "path");
  json_t *systems = json_get_array(import, "goos"), *processors = json_get_array(import, "goarch");
  if (path == NULL || *path == '\0' || strpbrk(path, ":;,@ ") != NULL)
    return false;
  g_string_append_printf(line, "%s%s:", line->len == 0 ? "" : ";", path);
  if (!append_names(line, json_get_array(import, "symbols"), ','))
    return false;
  if (json_array_size(systems) == 0 && json_array_size(processors) == 0)
    return true;
  g_string_append_c(line, '@');
  if (!append_names(line, systems, '+'))
    return false;
  g_string_append_c(line, '/');
  return append_names(line, processors, '+');
}

/* "ecosystem_specific": {"imports": [{"path": "net/http", "symbols": ["Client.do"]}]}, as
 * go_symbols_ask() reads it. (transfer full), or NULL: it names none, or not all that it is about.
 */
static char *
find_symbols(const json_t *affected)
{
  json_t *imports = json_get_array(json_get_object(affected, "ecosystem_specific"), "imports");
  g_autoptr(GString) line = g_string_new(NULL);
  size_t index;
  json_t *import;
  json_array_foreach(imports, index, import) {
    if (!append_import(line, import))
      return NULL;
  }
  return line->len == 0 ? NULL : g_strdup(line->str);
}

bool
osv_add_affected(const OsvRecord *record, const json_t *affected, GError **error)
{
  const json_t *named = json_get_object(affected, "package");
  const char *name = json_get_string(named, "name");
  const char *family = json_get_string(named, "ecosystem");
  if (name == NULL || family == NULL || name[0] == '\0' || family[0] == '\0')
    return feed_skip(record->sink, record->skipped,
                     "an affected package without a name or an ecosystem");
  g_autofree char *ecosystem = ecosystem_from_osv(family);
  if (record->wanted != NULL && strcmp(record->wanted, ecosystem) != 0)
    return true;
  bool by_source = names_sources(ecosystem);
  const Ecosystem *row = ecosystem_find(ecosystem);
  bool of_application = row != NULL && row->application;
  g_autofree char *normal = of_application ? ecosystem_package_name(row, name) : g_strdup(name);
  g_autofree char *source = by_source ? g_strconcat(ADVISORY_SOURCE_PREFIX, name, NULL) : NULL;
  OsvPackage package = {.record = record,
                        .base = {.ecosystem = ecosystem,
                                 .package = by_source ? source : normal,
                                 .severity = record->severity,
                                 .vendor_id = record->vendor_id}};
  package.is_ordered = ecosystem_scheme(ecosystem, &package.base.scheme);
  g_autofree char *architecture = find_architecture(json_get_string(named, "purl"));
  package.base.architectures = architecture;
  g_autofree char *symbols = find_symbols(affected);
  package.base.symbols = symbols;
  /* What a list of an application's versions has, no release had. */
  if (row != NULL && !of_application)
    package.release_version = find_release_version(json_get_array(affected, "versions"));
  package.known_end = json_get_string(json_get_object(affected, "database_specific"),
                                      "last_known_affected_version_range");
  take_urgency(affected, &package);
  feed_sink_add_ecosystem(record->sink, ecosystem);
  g_auto(GStrv) modules = package.is_ordered && package.base.scheme == VERSION_RPM
                              ? find_modules(record->summary, json_get_array(affected, "ranges"))
                              : NULL;
  package.modules = modules;
  g_autoptr(GArray) intervals = g_array_new(false, false, sizeof(AdvisoryRange));
  package.of_application = of_application;
  package.intervals = intervals;
  bool has_binaries = false;
  if (by_source && !add_binaries(&package, affected, &has_binaries, error))
    return false;
  return has_binaries || add_ranges(&package, affected, error);
}
