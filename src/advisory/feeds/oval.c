/* OVAL definitions of patches (oval.mitre.org), as Oracle and Anolis publish one for each erratum:
 *   <definition class="patch"><metadata><title>ELSA-2007-0057: Moderate: bind ...</title>
 *     <reference source="elsa" ref_id="ELSA-2007-0057"/><reference source="CVE" ref_id="CVE-..."/>
 *     <advisory><severity>MODERATE</severity><cve cvss3="5.5/CVSS:3.1/...">CVE-...</cve></advisory>
 *   </metadata><criteria operator="AND"><criterion comment="Oracle Linux 5 is installed"/>
 *     <criteria operator="OR"><criteria operator="AND">
 *       <criterion comment="bind is earlier than 30:9.3.3-8.el5"/> ...
 * What a criterion tests is in its comment, which is the form in which both write it. A criterion
 * holds for what is beside and below it. */
#include <string.h>

#include "advisory/feeds/feeds.h"
#include "base/error.h"
#include "inventory/cvss.h"
#include "text/xml_walk.h"

#define PACKAGES_MAX 20000u /* of one definition */
#define CVES_MAX     2000u

/* What the criteria of one level say; members that they leave open are those of the level above. */
typedef struct {
  char *ecosystem, *module, *architecture;
} Level;

typedef struct {
  char *ecosystem, *module, *architecture; /* or NULL, except the first */
  char *name, *version;
} OvalPackage;

typedef struct {
  const char *wanted; /* ecosystem, or NULL */
  const FeedSink *sink;
  uint64_t *skipped;
  GError *error;
  bool saw_root, in_patch;
  char *id, *title, *description, *severity, *issued;
  char *vector;        /* of the <cve> that is open */
  Cwes cwes;           /* of the same */
  GPtrArray *cves;     /* char * */
  GPtrArray *packages; /* OvalPackage */
  Level levels[XML_WALK_DEPTH_MAX + 1];
} OvalReader;

static void
package_free(void *data)
{
  OvalPackage *package = data;
  g_free(package->ecosystem);
  g_free(package->module);
  g_free(package->architecture);
  g_free(package->name);
  g_free(package->version);
  g_free(package);
}

static void
level_clear(Level *level)
{
  g_clear_pointer(&level->ecosystem, g_free);
  g_clear_pointer(&level->module, g_free);
  g_clear_pointer(&level->architecture, g_free);
}

static void
clear_definition(OvalReader *reader)
{
  char **const texts[] = {&reader->id,       &reader->title,  &reader->description,
                          &reader->severity, &reader->issued, &reader->vector};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    g_clear_pointer(texts[i], g_free);
  for (size_t i = 0; i < G_N_ELEMENTS(reader->levels); i++)
    level_clear(&reader->levels[i]);
  g_ptr_array_set_size(reader->cves, 0);
  g_ptr_array_set_size(reader->packages, 0);
  reader->in_patch = false;
}

/* --- criteria --- */

static size_t
depth_of(const char *path)
{
  size_t depth = 0;
  for (; *path != '\0'; path++)
    depth += *path == '/';
  return MIN(depth, XML_WALK_DEPTH_MAX);
}

/* The text between @before and @after, which @comment begins and ends with; NULL: another comment.
 * (transfer full) */
static char *
between(const char *comment, const char *before, const char *after)
{
  size_t size = strlen(comment), head = strlen(before), tail = strlen(after);
  return size > head + tail && g_str_has_prefix(comment, before) && g_str_has_suffix(comment, after)
             ? g_strndup(comment + head, size - head - tail)
             : NULL;
}

static void
add_package(OvalReader *reader, const char *comment, size_t depth)
{
  static const char earlier[] = " is earlier than ";
  const char *at = strstr(comment, earlier);
  if (at == NULL || at == comment || at[strlen(earlier)] == '\0')
    return;
  Level said = {0};
  for (size_t i = 0; i <= depth; i++) {
    const Level *level = &reader->levels[i];
    said.ecosystem = level->ecosystem != NULL ? level->ecosystem : said.ecosystem;
    said.module = level->module != NULL ? level->module : said.module;
    said.architecture = level->architecture != NULL ? level->architecture : said.architecture;
  }
  const char *ecosystem = said.ecosystem != NULL ? said.ecosystem : reader->wanted;
  if (ecosystem != NULL && reader->wanted != NULL && strcmp(ecosystem, reader->wanted) != 0)
    return;
  if (ecosystem == NULL || reader->packages->len >= PACKAGES_MAX) {
    feed_skip(reader->sink, reader->skipped,
              "a package of no release, or one too many of a definition");
    return;
  }
  OvalPackage *package = g_new(OvalPackage, 1);
  *package =
      (OvalPackage){g_strdup(ecosystem), g_strdup(said.module), g_strdup(said.architecture),
                    g_strndup(comment, (gsize)(at - comment)), g_strdup(at + strlen(earlier))};
  g_ptr_array_add(reader->packages, package);
}

static void
take_criterion(OvalReader *reader, const char *comment, size_t depth)
{
  /* The level of its siblings. */
  Level *level = &reader->levels[depth > 0 ? depth - 1 : 0];
  g_autofree char *release = between(comment, "Oracle Linux ", " is installed"),
                  *architecture = between(comment, "Oracle Linux arch is ", ""),
                  *module = between(comment, "Module ", " is enabled");
  if (release != NULL) {
    g_free(level->ecosystem);
    level->ecosystem = g_strconcat("ol:", release, NULL);
  } else if (architecture != NULL) {
    g_free(level->architecture);
    level->architecture = g_strdup(advisory_architecture(architecture));
  } else if (module != NULL) {
    g_free(level->module);
    level->module = g_steal_pointer(&module);
  } else {
    add_package(reader, comment, depth);
  }
}

/* --- definitions --- */

static void
add_cve(OvalReader *reader, const char *id)
{
  if (advisory_is_cve(id) && reader->cves->len < CVES_MAX &&
      !g_ptr_array_find_with_equal_func(reader->cves, id, g_str_equal, NULL))
    g_ptr_array_add(reader->cves, g_strdup(id));
}

static bool
give_package(OvalReader *reader, const OvalPackage *package, const char *id, Severity severity)
{
  const AdvisoryRange range = {.id = id,
                               .ecosystem = package->ecosystem,
                               .package = package->name,
                               .module = package->module,
                               .architectures = package->architecture,
                               .scheme = VERSION_RPM,
                               .state = STATE_FIXED,
                               .fixed_version = package->version,
                               .severity = severity,
                               .vendor_id = strcmp(id, reader->id) != 0 ? reader->id : NULL};
  feed_sink_add_ecosystem(reader->sink, package->ecosystem);
  return feed_sink_add_range(reader->sink, &range, &reader->error);
}

static void
give_definition(OvalReader *reader)
{
  AdvisoryDetails details = ADVISORY_DETAILS_UNKNOWN;
  Severity severity = SEVERITY_UNKNOWN;
  if (reader->id == NULL) {
    feed_skip(reader->sink, reader->skipped, "a definition without an erratum");
    return;
  }
  severity_parse(reader->severity, &severity);
  if (reader->cves->len == 0)
    g_ptr_array_add(reader->cves, g_strdup(reader->id));
  for (guint p = 0; p < reader->packages->len; p++)
    for (guint c = 0; c < reader->cves->len; c++)
      if (!give_package(reader, reader->packages->pdata[p], reader->cves->pdata[c], severity))
        return;
  details.id = reader->id;
  details.title = reader->title;
  details.description = reader->description;
  details.published = reader->issued;
  details.severity = severity;
  feed_sink_add_details(reader->sink, &details, &reader->error);
}

/* "5.5/CVSS:3.1/AV:L/..." and "CWE-190->CWE-122": the vendor's own view of the CVE. */
static void
give_view(OvalReader *reader, const char *cve)
{
  AdvisoryDetails details = ADVISORY_DETAILS_UNKNOWN;
  const char *slash = reader->vector != NULL ? strchr(reader->vector, '/') : NULL;
  bool scored = slash != NULL && cvss_base_score(slash + 1, &details.cvss_score);
  if (!advisory_is_cve(cve) || (!scored && cwes_count(&reader->cwes) == 0))
    return;
  details.id = cve;
  details.cwes = reader->cwes;
  if (scored) {
    details.cvss_vector = slash + 1;
    details.severity = cvss_severity(details.cvss_score);
  }
  feed_sink_add_details(reader->sink, &details, &reader->error);
}

static void
begin(const char *path, const char **attributes, void *data)
{
  OvalReader *reader = data;
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
  reader->saw_root |= strcmp(path, "oval_definitions") == 0;
  if (strcmp(name, "definition") == 0) {
    clear_definition(reader);
    reader->in_patch = g_strcmp0(xml_attribute(attributes, "class"), "patch") == 0;
  }
  if (!reader->in_patch || reader->error != NULL)
    return;
  const char *id = xml_attribute(attributes, "ref_id"),
             *comment = xml_attribute(attributes, "comment");
  if (strcmp(name, "reference") == 0) {
    add_cve(reader, id);
    if (id != NULL && reader->id == NULL && !advisory_is_cve(id) && *id != '\0')
      reader->id = g_strdup(id);
  } else if (strcmp(name, "cve") == 0) {
    g_free(reader->vector);
    reader->vector = g_strdup(xml_attribute(attributes, "cvss3"));
    reader->cwes = (Cwes){0};
    cwes_add_chain(&reader->cwes, xml_attribute(attributes, "cwe"));
  } else if (strcmp(name, "issued") == 0) {
    const char *date = xml_attribute(attributes, "date");
    g_free(reader->issued);
    reader->issued = date != NULL && strlen(date) == strlen("2007-06-26")
                         ? g_strconcat(date, "T00:00:00Z", NULL)
                         : NULL;
  } else if (strcmp(name, "criteria") == 0) {
    level_clear(&reader->levels[depth_of(path)]);
  } else if (strcmp(name, "criterion") == 0 && comment != NULL) {
    take_criterion(reader, comment, depth_of(path));
  }
}

static void
end(const char *path, const char *text, void *data)
{
  OvalReader *reader = data;
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
  const struct {
    const char *name;
    char **member;
  } texts[] = {{"title", &reader->title},
               {"severity", &reader->severity},
               {"description", &reader->description}};
  if (!reader->in_patch || reader->error != NULL)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    if (strcmp(name, texts[i].name) == 0 && *texts[i].member == NULL)
      *texts[i].member = g_strdup(text);
  if (strcmp(name, "cve") == 0) {
    add_cve(reader, text);
    give_view(reader, text);
  } else if (strcmp(name, "criteria") == 0) {
    level_clear(&reader->levels[depth_of(path)]);
  } else if (strcmp(name, "definition") == 0) {
    give_definition(reader);
    clear_definition(reader);
  }
}

bool
oval_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
           GError **error)
{
  static const XmlVisits visits = {begin, end};
  OvalReader reader = {.wanted = ecosystem,
                       .sink = sink,
                       .skipped = skipped,
                       .cves = g_ptr_array_new_with_free_func(g_free),
                       .packages = g_ptr_array_new_with_free_func(package_free)};
  GError *broken = NULL;
  bool whole = xml_walk(text, &visits, &reader, &broken);
  if (whole && reader.error == NULL && !reader.saw_root)
    error_set(&reader.error, ASSAY_ERROR_INVALID, "no <oval_definitions> is in it");
  if (reader.error == NULL)
    reader.error = g_steal_pointer(&broken);
  g_clear_error(&broken);
  clear_definition(&reader);
  g_ptr_array_unref(reader.cves);
  g_ptr_array_unref(reader.packages);
  if (reader.error == NULL)
    return true;
  g_propagate_error(error, reader.error);
  return false;
}

static bool
read_file(FeedContext *context, const char *path, GError **error)
{
  return feed_parse_file(context, path, oval_parse, error);
}

static bool
oval_read(FeedContext *context, const char *path, GError **error)
{
  return feed_read_each_file(path, ".xml", read_file, context, error);
}

const FeedType oval_feed = {"oval", feed_fetch_one_file, oval_read, NULL};
