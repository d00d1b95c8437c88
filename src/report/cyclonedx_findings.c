/* Findings as CycloneDX vulnerabilities; see the header. */
#include <string.h>

#include "base/json.h"
#include "report/bill.h"
#include "report/cyclonedx-private.h"

/* --- one vulnerability --- */

static json_t *
source_object(const char *name)
{
  json_t *source = json_object();
  json_set_string(source, "name", name);
  return source;
}

static const char *
severity_word(Severity severity)
{
  return severity == SEVERITY_NEGLIGIBLE ? "info" : severity_name(severity);
}

static const char *
method_of(const char *vector)
{
  static const struct {
    const char *prefix, *method;
  } methods[] = {{"CVSS:4", "CVSSv4"}, {"CVSS:3.1", "CVSSv31"}, {"CVSS:3.0", "CVSSv3"}};
  for (size_t i = 0; i < G_N_ELEMENTS(methods); i++)
    if (g_str_has_prefix(vector, methods[i].prefix))
      return methods[i].method;
  return "CVSSv2";
}

static void
set_score(json_t *rating, const char *vector, double score)
{
  if (vector == NULL)
    return;
  if (score >= 0)
    json_object_set_new(rating, "score", json_real(score));
  json_set_string(rating, "method", method_of(vector));
  json_set_string(rating, "vector", vector);
}

/* The one that is shown, its score, and what each source says. */
static json_t *
ratings_of(const Finding *finding)
{
  json_t *ratings = json_array(), *word = json_object();
  if (finding->severity_source != NULL)
    json_object_set_new(word, "source", source_object(finding->severity_source));
  json_set_string(word, "severity", severity_word(finding->severity));
  json_array_append_new(ratings, word);
  if (finding->cvss_vector != NULL) {
    json_t *score = json_object();
    set_score(score, finding->cvss_vector, finding->cvss_score);
    json_array_append_new(ratings, score);
  }
  for (guint i = 0;
       finding->ratings != NULL && finding->ratings->len > 1 && i < finding->ratings->len; i++) {
    const AdvisoryRating *each = g_ptr_array_index(finding->ratings, i);
    json_t *rating = json_object();
    json_object_set_new(rating, "source", source_object(each->source));
    json_set_string(rating, "severity", severity_word(each->severity));
    set_score(rating, each->cvss_vector, each->cvss_score);
    json_array_append_new(ratings, rating);
  }
  return ratings;
}

static void
add_property(json_t *properties, const char *name, const char *value)
{
  if (value == NULL)
    return;
  json_t *property = json_object();
  g_autofree char *full = g_strconcat(BILL_PREFIX, name, NULL);
  json_set_string(property, "name", full);
  json_set_string(property, "value", value);
  json_array_append_new(properties, property);
}

static json_t *
cwes_of(const Finding *finding)
{
  json_t *numbers = json_array();
  for (char **cwe = finding->cwe_ids; *cwe != NULL; cwe++)
    json_array_append_new(numbers, json_integer(cwe_number(*cwe)));
  return numbers;
}

/* The members that are the same for all packages, of the worst finding. */
static json_t *
vulnerability_of(const Finding *finding)
{
  json_t *object = json_object(), *advisories = json_array(), *properties = json_array();
  json_set_string(object, "id", finding->id);
  json_object_set_new(object, "source", source_object(finding->feed));
  json_object_set_new(object, "ratings", ratings_of(finding));
  json_set_string(object, "description",
                  finding->description != NULL ? finding->description : finding->title);
  if (finding->cwe_ids != NULL)
    json_object_set_new(object, "cwes", cwes_of(finding));
  json_set_string(object, "recommendation", finding->remedy);
  for (char **url = finding->references; url != NULL && *url != NULL; url++) {
    json_t *advisory = json_object();
    json_set_string(advisory, "url", *url);
    if (g_uri_is_valid(*url, G_URI_FLAGS_NONE, NULL))
      json_array_append(advisories, advisory);
    json_decref(advisory);
  }
  if (json_array_size(advisories) > 0)
    json_object_set(object, "advisories", advisories);
  json_decref(advisories);
  json_set_string(object, "published", finding->published);
  json_set_string(object, "updated", finding->modified);
  add_property(properties, "state", advisory_state_name(finding->state));
  add_property(properties, "fixed_version", finding->fixed_version);
  add_property(properties, "known_exploited", finding->known_exploited ? "true" : NULL);
  json_object_set_new(object, "affects", json_array());
  json_object_set_new(object, "properties", properties);
  return object;
}

/* What takes it out of sight, in the words of the format. */
static void
set_analysis(json_t *object, const Finding *finding)
{
  if (finding->exempt_reason == NULL)
    return;
  json_t *analysis = json_object();
  json_set_string(analysis, "detail", finding->exempt_reason);
  json_object_set_new(object, "analysis", analysis);
}

/* --- all --- */

/* What of a finding says which package it is of. (transfer full) */
static char *
key_of(const char *type, const char *name, const char *version, const char *architecture,
       const char *location)
{
  const char *const parts[] = {type, name, version, architecture, location};
  g_autoptr(GString) key = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
    g_string_append_printf(key, "%s\n", parts[i] != NULL ? parts[i] : "");
  return g_string_free(g_steal_pointer(&key), FALSE);
}

static GHashTable *
refs_by_package(const ImageInventory *inventory, const GPtrArray *names)
{
  GHashTable *refs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < inventory->packages->len; i++) {
    const Package *package = g_array_index(inventory->packages, ImagePackage, i).package;
    g_hash_table_insert(refs,
                        key_of(package->type, package->name, package->version,
                               package->architecture, package->location),
                        g_ptr_array_index(names, i));
  }
  return refs;
}

static void
add_affected(json_t *object, const char *ref, const Finding *finding)
{
  json_t *affected = json_object(), *versions = json_array(), *version = json_object();
  json_set_string(affected, "ref", ref);
  json_set_string(version, "version", finding->installed_version);
  json_set_string(version, "status", "affected");
  json_array_append_new(versions, version);
  json_object_set_new(affected, "versions", versions);
  json_array_append_new(json_object_get(object, "affects"), affected);
}

typedef struct {
  json_t *list;
  GHashTable *by_id; /* of the vulnerability -> its object in the list */
  GHashTable *refs;
} Writing;

/* What is suppressed is a vulnerability of its own, with the reason. */
static void
add_finding(Writing *writing, const Finding *finding)
{
  g_autofree char *key = key_of(finding->package_type, finding->package, finding->installed_version,
                                finding->architecture, finding->location);
  const char *ref = g_hash_table_lookup(writing->refs, key);
  g_autofree char *id =
      g_strconcat(finding->id, "\n", finding->exempt_reason != NULL ? finding->exempt_reason : "",
                  "\n", finding->fixed_version, NULL);
  json_t *object = g_hash_table_lookup(writing->by_id, id);
  if (ref == NULL)
    return;
  if (object == NULL) {
    object = vulnerability_of(finding);
    set_analysis(object, finding);
    json_array_append_new(writing->list, object);
    g_hash_table_insert(writing->by_id, g_steal_pointer(&id), object);
  }
  add_affected(object, ref, finding);
}

json_t *
cyclonedx_vulnerabilities(const Report *report, const GPtrArray *names)
{
  g_autoptr(GHashTable) by_id = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GHashTable) refs = refs_by_package(report->inventory, names);
  Writing writing = {.list = json_array(), .by_id = by_id, .refs = refs};
  for (guint i = 0; report->findings != NULL && i < report->findings->len; i++)
    add_finding(&writing, g_ptr_array_index(report->findings, i));
  for (guint i = 0; report->ignored != NULL && i < report->ignored->len; i++)
    add_finding(&writing, ((const IgnoredFinding *)g_ptr_array_index(report->ignored, i))->finding);
  return writing.list;
}
