/* The findings of an image: filtered, sorted, a page of them. */
#include <string.h>

#include "base/enum_names.h"
#include "base/json.h"
#include "inventory/image.h"
#include "report/report.h"
#include "server/api/api-private.h"
#include "server/api/base.h"
#include "server/visible.h"
#include "verdict/completeness.h"

typedef struct {
  int severities;       /* bits by Severity; 0: all */
  int kinds;            /* bits by FindingKind; 0: all */
  FindingKinds without; /* what the namespace does not look for */
  Severity unknown_as;  /* what unknown counts as where a fix is published */
  const char *state, *package, *text, *origin;
  const BaseImage *base; /* or NULL */
  bool only_fixable, only_exploited;
} Filter;

static bool
kinds_of(Request *request, int *kinds)
{
  Slice rest = slice_from_string(request_query(request, "kind")), word;
  while (slice_next_field(&rest, ',', &word)) {
    unsigned kind;
    g_autofree char *name = slice_to_utf8(word);
    if (!enum_find(finding_kind_names, name, &kind)) {
      g_autofree char *list = enum_list(finding_kind_names);
      api_refuse(request, "?kind= must be of %s, is \"%s\"", list, name);
      return false;
    }
    *kinds |= 1 << kind;
  }
  return true;
}

static bool
filter_of(Request *request, Filter *filter)
{
  unsigned state;
  filter->state = request_query(request, "state");
  filter->package = request_query(request, "package");
  filter->text = request_query(request, "q");
  filter->origin = request_query(request, "origin");
  if (filter->origin != NULL && strcmp(filter->origin, "base") != 0 &&
      strcmp(filter->origin, "own") != 0) {
    api_refuse(request, "?origin= must be base or own, is \"%s\"", filter->origin);
    return false;
  }
  if (filter->state != NULL && !enum_find(advisory_state_names, filter->state, &state)) {
    g_autofree char *list = enum_list(advisory_state_names);
    api_refuse(request, "?state= must be %s, is \"%s\"", list, filter->state);
    return false;
  }
  return api_severities_of(request, &filter->severities) && kinds_of(request, &filter->kinds) &&
         api_flag_of(request, "fixable", &filter->only_fixable) &&
         api_flag_of(request, "known_exploited", &filter->only_exploited);
}

static bool
contains(const char *text, const char *part)
{
  return text != NULL && strcasestr(text, part) != NULL;
}

static bool
mentions(const Finding *finding, const char *text)
{
  bool found = contains(finding->id, text) || contains(finding->vendor_id, text) ||
               contains(finding->title, text);
  for (char **alias = finding->aliases; !found && alias != NULL && *alias != NULL; alias++)
    found = contains(*alias, text);
  return found;
}

static bool
asks_for(const Filter *filter, Severity severity)
{
  return filter->severities == 0 || (filter->severities & (1 << severity)) != 0;
}

/* Passes for what its severity, which is unknown, counts as. */
static bool
is_raised(const Filter *filter, const Finding *finding)
{
  return !asks_for(filter, finding->severity) &&
         asks_for(filter, finding_counted_as(finding, filter->unknown_as));
}

static bool
passes(const Filter *filter, const Finding *finding)
{
  if (finding_is_of(finding, filter->without) ||
      (filter->kinds != 0 && (filter->kinds & (1 << finding->kind)) == 0) ||
      (!asks_for(filter, finding->severity) && !is_raised(filter, finding)) ||
      (filter->only_fixable && finding->fixed_version == NULL) ||
      (filter->only_exploited && !finding->known_exploited))
    return false;
  if (filter->state != NULL && strcmp(filter->state, advisory_state_name(finding->state)) != 0)
    return false;
  if (filter->package != NULL && g_strcmp0(filter->package, finding->package) != 0 &&
      g_strcmp0(filter->package, finding->source_package) != 0)
    return false;
  return filter->text == NULL || mentions(finding, filter->text);
}

static int
by_package(gconstpointer a, gconstpointer b)
{
  const Finding *left = *(const Finding *const *)a, *right = *(const Finding *const *)b;
  int order = g_strcmp0(left->package, right->package);
  return order != 0 ? order : finding_compare(a, b);
}

static int
by_id(gconstpointer a, gconstpointer b)
{
  const Finding *left = *(const Finding *const *)a, *right = *(const Finding *const *)b;
  int order = g_strcmp0(left->id, right->id);
  return order != 0 ? order : finding_compare(a, b);
}

/* Highest first, unknown last. */
static int
by_epss(gconstpointer a, gconstpointer b)
{
  const Finding *left = *(const Finding *const *)a, *right = *(const Finding *const *)b;
  int order = (right->epss_score > left->epss_score) - (right->epss_score < left->epss_score);
  return order != 0 ? order : finding_compare(a, b);
}

static int
by_cvss(gconstpointer a, gconstpointer b)
{
  const Finding *left = *(const Finding *const *)a, *right = *(const Finding *const *)b;
  int order = (right->cvss_score > left->cvss_score) - (right->cvss_score < left->cvss_score);
  return order != 0 ? order : finding_compare(a, b);
}

static bool
order_of(Request *request, GCompareFunc *order)
{
  static const struct {
    const char *name;
    GCompareFunc order;
  } orders[] = {{"severity", finding_compare},
                {"package", by_package},
                {"id", by_id},
                {"epss", by_epss},
                {"cvss", by_cvss}};
  const char *sort = request_query(request, "sort");
  for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
    if (sort == NULL || strcmp(sort, orders[i].name) == 0) {
      *order = orders[i].order;
      return true;
    }
  }
  api_refuse(request, "?sort= must be severity, package, id, epss or cvss");
  return false;
}

/* By whose policy they are shown. */
typedef struct {
  PolicySet *set;
  const char *repository; /* NULL: by none */
  VexImage image;
  ImageInventory *packages; /* of the image, where there are VEX statements */
} Asked;

static void
asked_clear(Asked *asked)
{
  policy_set_unref(asked->set);
  image_inventory_free(asked->packages);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asked, asked_clear)

static bool
read_asked(Request *request, const Digest *digest, Asked *asked, GError **error)
{
  Pipeline *pipeline = server_context(request)->pipeline;
  asked->set = pipeline_policy(pipeline);
  asked->repository = request_query(request, "repository");
  return asked->repository == NULL ||
         pipeline_statements_image(pipeline, asked->set, asked->repository, digest,
                                   &asked->packages, &asked->image, error);
}

/* Each with the exemption or the statement that takes it out, if there is one. */
static json_t *
page_to_json(const GPtrArray *findings, const Page *page, const Asked *asked, const BaseImage *base)
{
  json_t *part = json_array();
  int64_t now = g_get_real_time();
  for (uint64_t i = page->offset; i < MIN(findings->len, page->offset + page->limit); i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    Finding shown = *finding;
    g_autofree char *until = NULL;
    g_autofree char *reason = asked->repository == NULL
                                  ? NULL
                                  : policy_set_takes_out(asked->set, asked->repository,
                                                         &asked->image, finding, now, &until);
    shown.origin = (char *)(uintptr_t)api_base_origin(base, finding);
    shown.exempt_reason = reason;
    shown.exempt_until = until;
    json_array_append_new(part, finding_to_json(&shown));
  }
  return part;
}

/* Where that is not known of any, all are its own. */
static bool
is_of_origin(const Filter *filter, const Finding *finding)
{
  const char *origin = api_base_origin(filter->base, finding);
  return filter->origin == NULL || strcmp(filter->origin, origin == NULL ? "own" : origin) == 0;
}

/* What passes; all that does but for its origin is counted by that. What the sources ruled out is
 * told to who asks for it. (transfer container) */
static GPtrArray *
filtered(const MatchResult *result, const Filter *filter, ReportOrigins *origins)
{
  const GPtrArray *all = g_strcmp0(filter->state, advisory_state_name(STATE_NOT_AFFECTED)) == 0
                             ? result->not_affected
                             : result->findings;
  GPtrArray *passed = g_ptr_array_new();
  for (guint i = 0; i < all->len; i++) {
    Finding *finding = g_ptr_array_index(all, i);
    if (!passes(filter, finding))
      continue;
    api_base_count(filter->base, finding, origins);
    if (is_of_origin(filter, finding))
      g_ptr_array_add(passed, finding);
  }
  return passed;
}

static json_t *
notes_of(const MatchResult *result, const Filter *filter, const GPtrArray *passed)
{
  json_t *notes = json_from_texts(result->notes);
  unsigned raised = 0;
  for (guint i = 0; i < passed->len; i++)
    raised += is_raised(filter, g_ptr_array_index(passed, i));
  if (raised > 0) {
    g_autofree char *note = report_counted_note(raised, filter->unknown_as);
    json_array_append_new(notes, json_string(note));
  }
  if (filter->origin != NULL && (filter->base == NULL || filter->base->layers->len == 0))
    json_array_append_new(notes, json_string("it is not known which findings come from the image "
                                             "that it was built on: all count as its own"));
  return notes;
}

/* What was observed in the image, for who does not ask for vulnerabilities while there are no
 * advisories; else NULL. (transfer full) */
static MatchResult *
observed_without_advisories(Pipeline *pipeline, const Filter *filter, const Digest *digest)
{
  bool needs_some = filter->kinds == 0 || (filter->kinds & (1 << FINDING_VULNERABILITY)) != 0;
  if (needs_some || pipeline_has_advisories(pipeline))
    return NULL;
  MatchResult *observed = pipeline_image_observed(pipeline, digest, NULL);
  if (observed != NULL && (filter->without & FINDING_KIND_BIT(FINDING_VULNERABILITY)) == 0)
    g_ptr_array_add(observed->gaps, pipeline_describe_advisories(pipeline));
  return observed;
}

static void
respond_page(Request *request, const MatchResult *result, const Filter *filter, const Asked *asked,
             const Page *page, GCompareFunc order)
{
  ReportOrigins origins = {0};
  ReportNewerBase newer = {0};
  g_autoptr(GPtrArray) passed = filtered(result, filter, &origins);
  g_ptr_array_sort(passed, order);
  json_t *part = page_to_json(passed, page, asked, filter->base);
  g_autoptr(json_t) body = json_object();
  if (filter->base != NULL)
    json_object_set_new(body, "base", api_base_to_json(filter->base, &origins, &newer));
  g_autoptr(GPtrArray) gaps = completeness_without(result->gaps, filter->without);
  json_object_set_new(body, "incomplete", json_from_texts(gaps));
  json_object_set_new(body, "notes", notes_of(result, filter, passed));
  json_set_string(body, "unknown_as", severity_name(filter->unknown_as));
  json_object_set_new(body, "kinds", report_kinds_to_json(passed));
  json_object_set_new(body, "third_party", json_from_texts(result->third_party));
  json_object_set_new(body, "ended_programs", report_ended_to_json(result->ended));
  api_respond_page_of(request, body, "findings", passed->len, page, part);
}

/* ?repository= says by which policy: its exemptions, and what it lets unknown count as; and what
 * its namespace looks for. */
static void
api_findings(Request *request)
{
  g_autoptr(GError) error = NULL;
  Pipeline *pipeline = server_context(request)->pipeline;
  Digest digest;
  Page page;
  Filter filter = {0};
  GCompareFunc order;
  unsigned weight;
  const char *repository = request_query(request, "repository");
  if (!api_page_of(request, &page) || !filter_of(request, &filter) || !order_of(request, &order) ||
      (repository != NULL && !visible_repository(request, VERB_READ_FINDINGS, repository)) ||
      !api_scanned_image(request, &digest, &weight))
    return;
  g_auto(Asked) asked = {NULL};
  g_autoptr(BaseImage) base = NULL;
  if (!api_base_find(request, &digest, &base, &error) ||
      !read_asked(request, &digest, &asked, &error) ||
      !pipeline_without(pipeline, asked.repository, &digest, &filter.without, &error)) {
    respond_error(request, error);
    return;
  }
  filter.base = base;
  filter.unknown_as = asked.repository == NULL ? SEVERITY_OF_UNKNOWN_FIX
                                               : policy_set_unknown_as(asked.set, asked.repository);
  g_autoptr(SharedItem) item = pipeline_image_findings(pipeline, &digest, weight, &error);
  if (api_waits(request, error))
    return;
  g_autoptr(MatchResult) observed =
      item == NULL ? observed_without_advisories(pipeline, &filter, &digest) : NULL;
  const MatchResult *result = observed != NULL ? observed : shared_item_value(item);
  if (result == NULL && !pipeline_has_advisories(pipeline)) {
    respond_oci_error(request, MHD_HTTP_CONFLICT, "UNSCANNED", error->message, NULL);
    return;
  }
  if (result == NULL) {
    respond_error(request, error);
    return;
  }
  respond_page(request, result, &filter, &asked, &page, order);
}

const Route api_finding_routes[] = {
    {"GET", "/api/v1/images/<digest>/findings", "api-findings", VERB_READ_FINDINGS, ON_WHAT_ONE_MAY,
     WORK_HEAVY, .finish = api_findings},
    {NULL},
};
