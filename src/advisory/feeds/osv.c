/* OSV (ossf.github.io/osv-schema, 1.x): all.zip of an ecosystem, a tar (Ubuntu's own
 * osv-all.tar.xz), a folder of records, or one.
 *
 * A record becomes one statement for each vulnerability, package and affected interval. The
 * vulnerability is the CVE that the record is, is an alias of, or, for a distribution's advisory,
 * fixes (`upstream`, or `related` for RPM ones); the record's own id is then the vendor's id. What
 * the packages and intervals of a record are is in osv_affected.c. */
#include <stdio.h>
#include <string.h>

#include "advisory/feeds/feeds.h"
#include "advisory/feeds/osv-private.h"
#include "advisory/feeds/unpack.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/cvss.h"
#include "inventory/ecosystem.h"

#define RECORD_MAX ((size_t)32 * 1024 * 1024)
#define ID_SHOWN   100 /* bytes */
/* In one update: records that come to too much are only counted then. */
#define MESSAGES_MAX 100u

static void
add_cves(GPtrArray *list, const json_t *record, const char *member)
{
  g_auto(GStrv) names = json_get_strings(record, member);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; names != NULL && names[i] != NULL; i++) {
    /* "DEBIAN-CVE-2024-1" and "UBUNTU-CVE-2024-1" are the distribution's view of the CVE. */
    const char *cve = strstr(names[i], "CVE-");
    if (cve != NULL && g_hash_table_add(seen, (gpointer)(uintptr_t)cve))
      g_ptr_array_add(list, g_strdup(cve));
  }
}

/* An erratum that repairs bugs or brings something new, as its id tells: of a vulnerability it
 * speaks only where it names one. */
static bool
is_no_security_erratum(const char *id)
{
  static const char *const prefixes[] = {
      "ALBA-", "ALEA-",    "RHBA-",    "RHEA-",    "RLBA-",        "RLEA-",        "ELBA-",
      "ELEA-", "SUSE-RU-", "SUSE-FU-", "SUSE-OU-", "openSUSE-RU-", "openSUSE-FU-", "openSUSE-OU-"};
  for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
    if (g_str_has_prefix(id, prefixes[i]))
      return true;
  return false;
}

/* (transfer full) */
static GStrv
find_cves(const json_t *record, const char *id)
{
  GPtrArray *list = g_ptr_array_new();
  const char *own = strstr(id, "CVE-");
  if (own != NULL)
    g_ptr_array_add(list, g_strdup(own));
  if (list->len == 0)
    add_cves(list, record, "aliases");
  if (list->len == 0)
    add_cves(list, record, "upstream");
  /* For a package database `related` is only related; an erratum of an RPM distribution lists there
   * what it fixes. */
  static const char *const errata[] = {"ALSA-",     "RLSA-", "RXSA-", "RHSA-", "SUSE-",
                                       "openSUSE-", "ELSA-", "OESA-", "MGASA-"};
  bool is_erratum = is_no_security_erratum(id);
  for (size_t i = 0; i < G_N_ELEMENTS(errata); i++)
    is_erratum = is_erratum || g_str_has_prefix(id, errata[i]);
  if (list->len == 0 && is_erratum)
    add_cves(list, record, "related");
  if (list->len == 0)
    g_ptr_array_add(list, g_strdup(id));
  g_ptr_array_add(list, NULL);
  return (GStrv)g_ptr_array_free(list, false);
}

/* The distribution's own word, else nothing: "severity": [{"type": "Ubuntu", "score": "medium"}],
 * database_specific.severity, or the summary's "Important: openssl security update". */
static Severity
find_severity(const json_t *record)
{
  Severity severity = osv_severity_word(json_get_array(record, "severity"));
  if (advisory_is_malware(json_get_string(record, "id")))
    return SEVERITY_CRITICAL;
  if (severity != SEVERITY_UNKNOWN ||
      severity_parse(json_get_string(json_get_object(record, "database_specific"), "severity"),
                     &severity))
    return severity;
  const char *summary = json_get_string(record, "summary");
  const char *colon = summary != NULL ? strchr(summary, ':') : NULL;
  g_autofree char *word = colon != NULL ? g_strndup(summary, (gsize)(colon - summary)) : NULL;
  severity_parse(word, &severity);
  return severity;
}

/* The first vector whose score we can work out; version 3, by which most are known, before 4 and 2.
 * Where there is none, another one is kept unscored. */
static void
find_cvss(const json_t *severities, AdvisoryDetails *details)
{
  static const char *const types[] = {"CVSS_V3", "CVSS_V4", "CVSS_V2"};
  for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
    size_t index;
    json_t *entry;
    json_array_foreach(severities, index, entry) {
      const char *vector = json_get_string(entry, "score");
      if (details->cvss_score >= 0 || vector == NULL ||
          g_strcmp0(json_get_string(entry, "type"), types[i]) != 0)
        continue;
      if (cvss_base_score(vector, &details->cvss_score) || details->cvss_vector == NULL)
        details->cvss_vector = vector;
    }
  }
}

/* Of the whole, or, where packages differ in it, of the first that has one. */
static void
find_any_cvss(const json_t *record, AdvisoryDetails *details)
{
  size_t index;
  json_t *affected;
  find_cvss(json_get_array(record, "severity"), details);
  json_array_foreach(json_get_array(record, "affected"), index, affected) {
    find_cvss(json_get_array(affected, "severity"), details);
  }
}

/* A converter that knows no date writes the first day of its calendar, "0001-01-01T00:00:00Z". */
static const char *
get_date(const json_t *record, const char *member)
{
  const char *date = json_get_string(record, member);
  return date != NULL && !g_str_has_prefix(date, "0001-") ? date : NULL;
}

/* GitHub's are of the record; of malicious packages they are told by package. */
static void
find_cwes(const json_t *record, Cwes *cwes)
{
  size_t index, at;
  json_t *affected, *weakness;
  cwes_add_all(cwes, json_get_array(json_get_object(record, "database_specific"), "cwe_ids"));
  json_array_foreach(json_get_array(record, "affected"), index, affected) {
    const json_t *specific = json_get_object(affected, "database_specific");
    json_array_foreach(json_get_array(specific, "cwes"), at, weakness) {
      cwes_add(cwes, json_get_string(weakness, "cweId"));
    }
  }
}

static bool
add_details(const OsvRecord *record, const json_t *root, GError **error)
{
  AdvisoryDetails details = ADVISORY_DETAILS_UNKNOWN;
  bool several = record->cves[1] != NULL;
  g_auto(GStrv) aliases = several ? NULL : json_get_strings(root, "aliases");
  g_autoptr(GStrvBuilder) references = g_strv_builder_new();
  size_t index;
  json_t *entry;
  json_array_foreach(json_get_array(root, "references"), index, entry) {
    const char *url = json_get_string(entry, "url");
    if (url != NULL)
      g_strv_builder_add(references, url);
  }
  g_auto(GStrv) urls = g_strv_builder_end(references);
  g_autoptr(GStrvBuilder) names = g_strv_builder_new();
  /* An erratum's text describes all that it fixes: it is kept under its own id. */
  details.id = several ? record->id : record->cves[0];
  if (strcmp(details.id, record->id) != 0)
    g_strv_builder_add(names, record->id);
  for (guint i = 0; aliases != NULL && aliases[i] != NULL; i++)
    if (strcmp(aliases[i], details.id) != 0)
      g_strv_builder_add(names, aliases[i]);
  g_auto(GStrv) all_names = g_strv_builder_end(names);
  details.aliases = all_names;
  details.references = urls;
  details.title = json_get_string(root, "summary");
  details.description = json_get_string(root, "details");
  details.published = get_date(root, "published");
  details.modified = get_date(root, "modified");
  find_any_cvss(root, &details);
  find_cwes(root, &details.cwes);
  details.word = record->severity;
  details.severity_source = g_str_has_prefix(record->id, "GHSA-") ? ADVISORY_SOURCE_GHSA : NULL;
  details.severity = details.cvss_score >= 0 ? cvss_severity(details.cvss_score) : record->severity;
  return feed_sink_add_details(record->sink, &details, error);
}

static bool
add_all_affected(const OsvRecord *record, const json_t *root, GError **error)
{
  size_t index;
  json_t *affected;
  json_array_foreach(json_get_array(root, "affected"), index, affected) {
    if (!osv_add_affected(record, affected, error))
      return false;
  }
  return true;
}

static bool
count_range(const AdvisoryRange *range, void *left, GError **error)
{
  return (*(uint64_t *)left)-- > 0 ||
         error_set(error, ASSAY_ERROR_LIMIT,
                   "%.*s: would be more than %u statements (its vulnerabilities times its packages "
                   "and their versions)",
                   ID_SHOWN, range->id, FEED_STATEMENTS_MAX);
}

/* Counts for one vulnerability what would be said of each, if @size bytes of record, which are at
 * the most two places a byte (a version in each of eight modules), can be too much at all. */
static bool
check_extent(const OsvRecord *record, const json_t *root, size_t size, GError **error)
{
  guint vulnerabilities = g_strv_length(record->cves);
  char *one[] = {(char *)(uintptr_t)record->id, NULL};
  uint64_t left = FEED_STATEMENTS_MAX / vulnerabilities, skipped = 0;
  if (size < left / 2)
    return true;
  const FeedSink counting = {.range = count_range, .data = &left};
  OsvRecord counted = *record;
  counted.cves = one;
  counted.sink = &counting;
  counted.skipped = &skipped;
  return add_all_affected(&counted, root, error);
}

bool
osv_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
          GError **error)
{
  g_autoptr(json_t) root = json_parse(text, error);
  if (root == NULL)
    return false;
  const char *id = json_get_string(root, "id");
  if (id == NULL || id[0] == '\0')
    return error_set(error, ASSAY_ERROR_INVALID, "not an OSV record: no `id`");
  if (get_date(root, "withdrawn") != NULL)
    return true;
  g_auto(GStrv) cves = find_cves(root, id);
  if (is_no_security_erratum(id) && strcmp(cves[0], id) == 0)
    return true;
  g_autofree char *wanted = ecosystem != NULL ? ecosystem_from_osv(ecosystem) : NULL;
  OsvRecord record = {.id = id,
                      .cves = cves,
                      .vendor_id =
                          strstr(id, "CVE-") == NULL && strcmp(cves[0], id) != 0 ? id : NULL,
                      .summary = json_get_string(root, "summary"),
                      .severity = find_severity(root),
                      .wanted = wanted,
                      .sink = sink,
                      .skipped = skipped};
  return check_extent(&record, root, text.size, error) && add_all_affected(&record, root, error) &&
         add_details(&record, root, error);
}

/* A file of records that is being read. */
typedef struct {
  FeedContext *context;
  uint64_t records;
} OsvFile;

/* One record of many: a broken one is skipped and counted, one that comes to too much is told. */
static bool
read_record(const char *name, Slice content, void *data, GError **error)
{
  OsvFile *file = data;
  FeedContext *context = file->context;
  g_autoptr(GError) failure = NULL;
  file->records++;
  if (osv_parse(content, context->config->ecosystem, context->sink, &context->skipped, &failure))
    return true;
  bool large = g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
  if (!large && !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_INVALID)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  feed_skip(context->sink, &context->skipped, "%s",
            large ? "more statements than one record may come to" : "not a record of OSV's schema");
  if (large && context->notes != NULL && context->notes->len < MESSAGES_MAX)
    g_ptr_array_add(context->notes,
                    g_strdup_printf("%s: left out: %s", context->config->name, failure->message));
  return true;
}

/* What kind of archive @path may be: a zip; a tar, where it is one or is packed; else NULL. */
static const char *
archive_kind(const char *path)
{
  static const char *const packed[] = {"\x1f\x8b",
                                       "\xfd"
                                       "7zXZ",
                                       "\x28\xb5\x2f\xfd", "BZh"};
  uint8_t head[262] = {0};
  FILE *file = fopen(path, "rbe");
  if (file == NULL)
    return NULL;
  size_t size = fread(head, 1, sizeof head, file);
  fclose(file);
  if (size >= 4 && memcmp(head, "PK", 2) == 0)
    return UNPACK_ZIP;
  bool tar = size == sizeof head && memcmp(head + 257, "ustar", 5) == 0;
  for (size_t i = 0; i < G_N_ELEMENTS(packed); i++)
    tar = tar || memcmp(head, packed[i], strlen(packed[i])) == 0;
  return tar ? UNPACK_TAR_ALL : NULL;
}

static bool
read_archive(const char *kind, const char *path, OsvFile *file, GError **error)
{
  return unpack_all(kind, path, "*.json", RECORD_MAX, FEED_FILES_MAX, read_record, file, error) &&
         (file->records > 0 || error_set(error, ASSAY_ERROR_INVALID, "no record is in it"));
}

static bool
read_one_of_folder(FeedContext *context, const char *path, GError **error)
{
  OsvFile file = {.context = context};
  g_autoptr(GError) failure = NULL;
  const char *kind = archive_kind(path);
  if (kind != NULL && read_archive(kind, path, &file, &failure))
    return true;
  /* One record that is packed is no tar. */
  if (kind != NULL && (strcmp(kind, UNPACK_ZIP) == 0 || file.records > 0 ||
                       !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_INVALID))) {
    g_propagate_prefixed_error(error, g_steal_pointer(&failure), "%s: ", path);
    return false;
  }
  g_autoptr(GBytes) bytes = feed_read_one_file(path, error);
  return bytes != NULL && read_record(path, slice_from_bytes(bytes), &file, error);
}

static bool
osv_read(FeedContext *context, const char *path, GError **error)
{
  return feed_read_each_file(path, ".json", read_one_of_folder, context, error);
}

#define HOST "https://osv-vulnerabilities.storage.googleapis.com/"
static const FeedSource sources[] = {
    {"ubuntu", HOST "Ubuntu/all.zip"},
    {"redhat", HOST "Red%20Hat/all.zip"},
    {"almalinux", HOST "AlmaLinux/all.zip"},
    {"rocky", HOST "Rocky%20Linux/all.zip"},
    {"suse", HOST "SUSE/all.zip"},
    {"opensuse", HOST "openSUSE/all.zip"},
    {"azurelinux", HOST "Azure%20Linux/all.zip"},
    {"photon", HOST "Photon%20OS/all.zip"},
    {"openeuler", HOST "openEuler/all.zip"},
    {"npm", HOST "npm/all.zip"},
    {"pypi", HOST "PyPI/all.zip"},
    {"maven", HOST "Maven/all.zip"},
    {"go", HOST "Go/all.zip"},
    {"crates.io", HOST "crates.io/all.zip"},
    {"rubygems", HOST "RubyGems/all.zip"},
    {"nuget", HOST "NuGet/all.zip"},
    {"packagist", HOST "Packagist/all.zip"},
    {"hex", HOST "Hex/all.zip"},
    {"pub", HOST "Pub/all.zip"},
    {"swifturl", HOST "SwiftURL/all.zip"},
    {"cran", HOST "CRAN/all.zip"},
    {"hackage", HOST "Hackage/all.zip"},
    {"conancenter", HOST "ConanCenter/all.zip"},
    {"bitnami", HOST "Bitnami/all.zip"},
    {"julia", HOST "Julia/all.zip"},
    {"opam", HOST "opam/all.zip"},
    {NULL},
};
const FeedType osv_feed = {"osv", feed_fetch_one_file, osv_read, sources};
