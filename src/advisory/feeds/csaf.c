/* CSAF 2.0 (OASIS) as distributions publish it: a document for each vulnerability (VEX, of Red Hat
 * and SUSE) or for each erratum (openEuler). It lists products by what is known of them:
 *   "product_status": {"fixed": ["AppStream-9.4.0:curl-0:7.76.1-29.el9_4.1.x86_64"],
 *                      "known_affected": ["red_hat_enterprise_linux_8:curl"]}
 * and says more of the same products in other lists: `threats` (how bad it is), `remediations` (the
 * erratum that fixes it, or why nothing does), `flags` (why it is not affected). */
#include <string.h>

#include "advisory/feeds/architectures.h"
#include "advisory/feeds/csaf-private.h"
#include "advisory/feeds/feeds.h"
#include "advisory/feeds/unpack.h"
#include "base/error.h"
#include "base/json.h"
#include "inventory/cvss.h"
#include "inventory/ecosystem.h"

#define NOTE_MAX 200 /* bytes */

/* What is stated of a package of a release; each once, with the architectures that it is built for.
 */
typedef struct {
  CsafPackage package; /* the key, with the state */
  AdvisoryState state;
  Architectures architectures;
  Severity severity;
  const char *note; /* borrowed, or NULL */
  char *vendor_id;  /* or NULL */
} Statement;

typedef struct {
  const json_t *vulnerability;
  const CsafTree *tree;
  const char *own_id;       /* of an erratum, whose updates are its fixes; NULL: a VEX document */
  const char *wanted;       /* ecosystem, or NULL */
  GHashTable *impacts;      /* product_id -> the word of how bad it is */
  const char *impact;       /* the same of all products; or NULL */
  GHashTable *remediations; /* product_id -> json_t: of those that say most */
  GHashTable *flags;        /* product_id -> why it is not affected */
  GHashTable *statements;   /* Statement, a set */
  GPtrArray *order;         /* the same, as the document has them */
  GHashTable *fixed;        /* "ecosystem NUL..." of what has a fix, sources too */
} Vulnerability;

static guint
statement_hash(gconstpointer data)
{
  const CsafPackage *package = &((const Statement *)data)->package;
  return g_str_hash(package->ecosystem) * 31 ^ g_str_hash(package->package) ^
         (package->version != NULL ? g_str_hash(package->version) : 0);
}

static gboolean
statement_equal(gconstpointer a, gconstpointer b)
{
  const Statement *left = a, *right = b;
  return left->state == right->state &&
         strcmp(left->package.ecosystem, right->package.ecosystem) == 0 &&
         strcmp(left->package.package, right->package.package) == 0 &&
         g_strcmp0(left->package.module, right->package.module) == 0 &&
         g_strcmp0(left->package.version, right->package.version) == 0;
}

static void
statement_free(gpointer data)
{
  Statement *statement = data;
  csaf_package_clear(&statement->package);
  architectures_clear(&statement->architectures);
  g_free(statement->vendor_id);
  g_free(statement);
}

/* --- what the other lists say of products --- */

/* The products that an item of @list is about -> its text @member, or, without one, the item. What
 * is said first counts. (transfer full) */
static GHashTable *
gather(const json_t *vulnerability, const char *list, const char *category, const char *member)
{
  GHashTable *said = g_hash_table_new(g_str_hash, g_str_equal);
  size_t index, at;
  json_t *item, *id;
  json_array_foreach(json_get_array(vulnerability, list), index, item) {
    if (category != NULL && g_strcmp0(json_get_string(item, "category"), category) != 0)
      continue;
    const void *text = member != NULL ? (const void *)json_get_string(item, member) : item;
    json_array_foreach(json_get_array(item, "product_ids"), at, id) {
      if (text != NULL && json_is_string(id) && !g_hash_table_contains(said, json_string_value(id)))
        g_hash_table_insert(said, (gpointer)(uintptr_t)json_string_value(id),
                            (gpointer)(uintptr_t)text);
    }
  }
  return said;
}

/* How bad it is for products of which nothing else is said: SUSE says it once for all. */
static const char *
general_impact(const json_t *vulnerability)
{
  size_t index;
  json_t *threat;
  json_array_foreach(json_get_array(vulnerability, "threats"), index, threat) {
    if (g_strcmp0(json_get_string(threat, "category"), "impact") == 0 &&
        json_object_get(threat, "product_ids") == NULL &&
        json_object_get(threat, "group_ids") == NULL)
      return json_get_string(threat, "details");
  }
  return NULL;
}

/* Workarounds say nothing of a fix. (transfer full) */
static GHashTable *
gather_remediations(const json_t *vulnerability)
{
  static const char *const kinds[] = {"vendor_fix", "no_fix_planned", "none_available"};
  GHashTable *all = g_hash_table_new(g_str_hash, g_str_equal);
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    g_autoptr(GHashTable) some = gather(vulnerability, "remediations", kinds[i], NULL);
    GHashTableIter iter;
    gpointer id, item;
    g_hash_table_iter_init(&iter, some);
    while (g_hash_table_iter_next(&iter, &id, &item))
      if (!g_hash_table_contains(all, id))
        g_hash_table_insert(all, id, item);
  }
  return all;
}

/* "RHSA-2024:2011" of "https://access.redhat.com/errata/RHSA-2024:2011"; NULL: the address names no
 * erratum. (transfer full) */
static char *
erratum_of(const json_t *remediation)
{
  const char *url = json_get_string(remediation, "url");
  const char *slash = url != NULL ? strrchr(url, '/') : NULL;
  return slash != NULL && strchr(slash, '-') != NULL && strpbrk(slash, "?#.") == NULL
             ? g_strdup(slash + 1)
             : NULL;
}

/* Why there is no fix, and with it the state. Red Hat's words are in the details: "Will not fix",
 * "Out of support scope", "Fix deferred", "Affected". */
static void
take_reason(const json_t *remediation, Statement *statement)
{
  const char *category = json_get_string(remediation, "category");
  const char *details = json_get_string(remediation, "details");
  if (category == NULL || strcmp(category, "vendor_fix") == 0)
    return;
  if (strcmp(category, "no_fix_planned") == 0)
    statement->state =
        g_strcmp0(details, "Out of support scope") == 0 ? STATE_END_OF_LIFE : STATE_WILL_NOT_FIX;
  bool says_more =
      details != NULL && strcmp(details, "Affected") != 0 && strlen(details) <= NOTE_MAX;
  statement->note = says_more ? details : NULL;
}

/* --- statements --- */

static char *
fixed_key(const CsafPackage *package)
{
  return g_strjoin("\n", package->ecosystem, package->module != NULL ? package->module : "",
                   package->package, NULL);
}

static void
add_statement(const Vulnerability *about, const char *id, AdvisoryState state)
{
  Severity severity = SEVERITY_UNKNOWN;
  g_auto(CsafPackage) package = {0};
  if (!csaf_package_find(about->tree, id, &package) ||
      (about->wanted != NULL && strcmp(package.ecosystem, about->wanted) != 0))
    return;
  bool is_source = g_str_has_prefix(package.package, ADVISORY_SOURCE_PREFIX);
  if (state == STATE_FIXED && package.version != NULL)
    g_hash_table_add(about->fixed, fixed_key(&package));
  /* A fix is that of the binaries, which are listed beside the source. What is said of one build
   * otherwise is not true of every version. */
  if (state == STATE_FIXED ? package.version == NULL || is_source
                           : state == STATE_NOT_AFFECTED && package.version != NULL)
    return;
  if (state != STATE_FIXED)
    g_clear_pointer(&package.version, g_free);
  const json_t *remediation = g_hash_table_lookup(about->remediations, id);
  const char *impact = g_hash_table_lookup(about->impacts, id);
  severity_parse(impact != NULL ? impact : about->impact, &severity);
  Statement *statement = g_new0(Statement, 1);
  statement->state = state;
  statement->severity = severity;
  if (state == STATE_AFFECTED)
    take_reason(remediation, statement);
  if (state == STATE_NOT_AFFECTED)
    statement->note = g_hash_table_lookup(about->flags, id);
  if (state == STATE_FIXED)
    statement->vendor_id =
        about->own_id != NULL ? g_strdup(about->own_id) : erratum_of(remediation);
  g_autofree char *architecture = g_steal_pointer(&package.architecture);
  statement->package = package;
  package = (CsafPackage){0};
  Statement *known = g_hash_table_lookup(about->statements, statement);
  architectures_add(&(known != NULL ? known : statement)->architectures, architecture);
  if (known != NULL)
    statement_free(statement);
  else if (g_hash_table_add(about->statements, statement))
    g_ptr_array_add(about->order, statement);
}

/* Whether @statement, which has no fix, speaks of what has one: some products of a release have
 * theirs later than others. */
static bool
is_answered(const Vulnerability *about, const Statement *statement)
{
  g_autofree char *key = fixed_key(&statement->package);
  return statement->state != STATE_FIXED && g_hash_table_contains(about->fixed, key);
}

static bool
give_statements(const Vulnerability *about, const char *id, const FeedSink *sink, GError **error)
{
  for (guint i = 0; i < about->order->len; i++) {
    const Statement *statement = about->order->pdata[i];
    const CsafPackage *package = &statement->package;
    bool fixed = statement->state == STATE_FIXED;
    AdvisoryRange range = {.id = id,
                           .ecosystem = package->ecosystem,
                           .package = package->package,
                           .module = package->module,
                           .architectures =
                               fixed ? architectures_text(&statement->architectures) : NULL,
                           .scheme = VERSION_RPM,
                           .state = statement->state,
                           .fixed_version = package->version,
                           .severity = statement->severity,
                           .vendor_id = statement->vendor_id,
                           .note = statement->note};
    if (is_answered(about, statement))
      continue;
    feed_sink_add_ecosystem(sink, package->ecosystem);
    if (!feed_sink_add_range(sink, &range, error))
      return false;
  }
  return true;
}

/* --- details --- */

static void
take_scores(const json_t *vulnerability, AdvisoryDetails *details)
{
  static const char *const kinds[] = {"cvss_v3", "cvss_v4", "cvss_v2"};
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    size_t index;
    json_t *score;
    json_array_foreach(json_get_array(vulnerability, "scores"), index, score) {
      const char *vector = json_get_string(json_get_object(score, kinds[i]), "vectorString");
      if (vector == NULL || details->cvss_score >= 0)
        continue;
      if (cvss_base_score(vector, &details->cvss_score) || details->cvss_vector == NULL)
        details->cvss_vector = vector;
    }
  }
}

/* One in version 2.0 of CSAF, a list in 2.1. */
static void
take_cwes(const json_t *vulnerability, Cwes *cwes)
{
  size_t index;
  json_t *weakness;
  cwes_add(cwes, json_get_string(json_get_object(vulnerability, "cwe"), "id"));
  json_array_foreach(json_get_array(vulnerability, "cwes"), index, weakness) {
    cwes_add(cwes, json_get_string(weakness, "id"));
  }
}

static bool
add_details(const json_t *document, const json_t *vulnerability, const char *id,
            const FeedSink *sink, GError **error)
{
  AdvisoryDetails details = ADVISORY_DETAILS_UNKNOWN;
  g_autoptr(GStrvBuilder) urls = g_strv_builder_new();
  size_t index;
  json_t *item;
  json_array_foreach(json_get_array(vulnerability, "references"), index, item) {
    const char *url = json_get_string(item, "url");
    if (url != NULL)
      g_strv_builder_add(urls, url);
  }
  json_array_foreach(json_get_array(vulnerability, "notes"), index, item) {
    if (g_strcmp0(json_get_string(item, "category"), "description") == 0)
      details.description = json_get_string(item, "text");
  }
  g_auto(GStrv) references = g_strv_builder_end(urls);
  details.id = id;
  details.title = json_get_string(vulnerability, "title");
  details.published = json_get_string(vulnerability, "release_date");
  details.modified = json_get_string(json_get_object(document, "tracking"), "current_release_date");
  details.references = references;
  take_cwes(vulnerability, &details.cwes);
  take_scores(vulnerability, &details);
  severity_parse(json_get_string(json_get_object(document, "aggregate_severity"), "text"),
                 &details.word);
  details.severity = details.cvss_score >= 0 ? cvss_severity(details.cvss_score) : details.word;
  return feed_sink_add_details(sink, &details, error);
}

/* --- documents --- */

static void
add_all_statements(const Vulnerability *about)
{
  static const struct {
    const char *list;
    AdvisoryState state;
  } lists[] = {{"fixed", STATE_FIXED},
               {"first_fixed", STATE_FIXED},
               {"recommended", STATE_FIXED},
               {"known_affected", STATE_AFFECTED},
               {"under_investigation", STATE_UNDER_REVIEW},
               {"known_not_affected", STATE_NOT_AFFECTED}};
  const json_t *status = json_get_object(about->vulnerability, "product_status");
  for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
    size_t index;
    json_t *id;
    json_array_foreach(json_get_array(status, lists[i].list), index, id) {
      if (json_is_string(id))
        add_statement(about, json_string_value(id), lists[i].state);
    }
  }
}

static bool
add_vulnerability(const json_t *document, Vulnerability *about, const FeedSink *sink,
                  uint64_t *skipped, GError **error)
{
  const char *id = json_get_string(about->vulnerability, "cve");
  if (!advisory_is_cve(id))
    return feed_skip(sink, skipped, "a vulnerability without a CVE number");
  g_autoptr(GHashTable) impacts = gather(about->vulnerability, "threats", "impact", "details");
  g_autoptr(GHashTable) remediations = gather_remediations(about->vulnerability);
  g_autoptr(GHashTable) flags = gather(about->vulnerability, "flags", NULL, "label");
  g_autoptr(GHashTable) statements =
      g_hash_table_new_full(statement_hash, statement_equal, statement_free, NULL);
  g_autoptr(GHashTable) fixed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GPtrArray) order = g_ptr_array_new();
  about->order = order;
  about->impacts = impacts;
  about->impact = general_impact(about->vulnerability);
  about->remediations = remediations;
  about->flags = flags;
  about->statements = statements;
  about->fixed = fixed;
  add_all_statements(about);
  return give_statements(about, id, sink, error) &&
         add_details(document, about->vulnerability, id, sink, error);
}

bool
csaf_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
           GError **error)
{
  g_autoptr(json_t) root = json_parse(text, error);
  if (root == NULL)
    return false;
  const json_t *document = json_get_object(root, "document");
  if (json_get_string(document, "csaf_version") == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "not a CSAF document: no `csaf_version`");
  const json_t *tracking = json_get_object(document, "tracking");
  if (g_strcmp0(json_get_string(tracking, "status"), "draft") == 0)
    return true;
  g_autoptr(CsafTree) tree = csaf_tree_new(json_get_object(root, "product_tree"));
  bool is_vex = g_strcmp0(json_get_string(document, "category"), "csaf_vex") == 0;
  g_autofree char *wanted = ecosystem != NULL ? ecosystem_from_osv(ecosystem) : NULL;
  Vulnerability about = {
      .tree = tree, .own_id = is_vex ? NULL : json_get_string(tracking, "id"), .wanted = wanted};
  size_t index;
  json_t *vulnerability;
  json_array_foreach(json_get_array(root, "vulnerabilities"), index, vulnerability) {
    about.vulnerability = vulnerability;
    if (!add_vulnerability(document, &about, sink, skipped, error))
      return false;
  }
  return true;
}
