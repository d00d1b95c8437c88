/* Writing why an image has a vulnerability, or why not; see the header. */
#include "report/explanation.h"

#include <string.h>

#include "base/calendar.h"
#include "base/json.h"
#include "report/columns.h"
#include "report/report-private.h"

void
explained_exception_free(ExplainedException *exception)
{
  g_free(exception->text);
  g_free(exception->overruled);
  g_free(exception);
}

/* --- what both forms say --- */

/* One sentence: the answer of the whole image. (transfer full) */
static char *
answer_in_words(const ExplanationReport *report)
{
  const Explanation *explanation = report->explanation;
  if (!explanation->known_package)
    return g_strdup_printf("no package or source of the name %s is in the image", report->package);
  switch (explanation->answer) {
  case EXPLAINED_AFFECTED:
    return g_strdup("the image is affected");
  case EXPLAINED_NOT_KNOWN:
    return g_strdup("it is not known whether the image is affected");
  case EXPLAINED_NOT_AFFECTED:
  case EXPLAINED_BY_OWNER:
    return g_strdup("the image is not affected");
  case EXPLAINED_NO_STATEMENT:
    break;
  }
  return g_strdup(explanation->details == NULL
                      ? "no feed in the database knows this vulnerability"
                      : "no package that an advisory names for it is in the image");
}

static bool
is_used(const ExplanationReport *report, const char *feed)
{
  const GPtrArray *packages = report->explanation->packages;
  bool any = false;
  for (guint i = 0; i < packages->len; i++) {
    const ExplainedPackage *package = g_ptr_array_index(packages, i);
    for (guint j = 0; j < package->statements->len; j++) {
      any = true;
      if (strcmp(((const ExplainedStatement *)g_ptr_array_index(package->statements, j))->feed,
                 feed) == 0)
        return true;
    }
  }
  return !any;
}

/* "2026-11-26T12:00:00Z"; NULL: not known. (transfer full) */
static char *
moment(int64_t time)
{
  return time == 0 ? NULL : calendar_moment(time / G_USEC_PER_SEC);
}

/* --- the text --- */

void
report_append_pair(GString *out, const char *name, const char *value, unsigned width)
{
  if (value == NULL)
    return;
  g_autofree char *first = g_strdup_printf("%s: ", name);
  g_autofree char *clean = report_clean_text(value);
  report_append_prose(out, first, clean, width, 4);
}

/* What each source says, where there are several. */
static void
append_ratings(GString *out, const GPtrArray *ratings, unsigned width)
{
  guint count = ratings != NULL ? ratings->len : 0;
  for (guint i = 0; count > 1 && i < count; i++) {
    const AdvisoryRating *rating = g_ptr_array_index(ratings, i);
    const char *vector = rating->cvss_vector != NULL ? rating->cvss_vector : "";
    g_autofree char *score =
        rating->cvss_score >= 0 ? g_strdup_printf(", CVSS %.1f ", rating->cvss_score) : NULL;
    g_autofree char *name = g_strdup_printf("rated by %s", rating->source);
    g_autofree char *text = g_strconcat(severity_name(rating->severity), score != NULL ? score : "",
                                        score != NULL ? vector : "", NULL);
    report_append_pair(out, name, text, width);
  }
}

static void
append_vulnerability(GString *out, const AdvisoryDetails *details, unsigned width)
{
  if (details == NULL)
    return;
  report_append_pair(out, "title", details->title, width);
  g_autofree char *aliases = details->aliases == NULL ? NULL : g_strjoinv(", ", details->aliases);
  report_append_pair(out, "also called", aliases, width);
  if (details->severity != SEVERITY_UNKNOWN) {
    g_autofree char *severity =
        g_strdup_printf("%s, says %s", severity_name(details->severity),
                        details->severity_source != NULL ? details->severity_source : "its score");
    report_append_pair(out, "severity", severity, width);
  }
  if (details->cvss_vector != NULL) {
    g_autofree char *score =
        g_strdup_printf("%.1f (%s)", details->cvss_score, details->cvss_vector);
    report_append_pair(out, "CVSS", score, width);
  }
  append_ratings(out, details->ratings, width);
  g_auto(GStrv) cwes = cwes_to_ids(&details->cwes);
  g_autofree char *weaknesses = cwes == NULL ? NULL : g_strjoinv(", ", cwes);
  report_append_pair(out, "weakness", weaknesses, width);
  if (details->epss_score >= 0) {
    g_autofree char *epss = g_strdup_printf("%.5f, above %.1f%% of all", details->epss_score,
                                            100 * details->epss_percentile);
    report_append_pair(out, "EPSS", epss, width);
  }
  if (details->known_exploited)
    report_append_pair(out, "known to be exploited",
                       details->known_exploited_due != NULL ? details->known_exploited_due : "yes",
                       width);
}

static void
append_evidence(GString *out, const ExplanationReport *report, const ExplainedPackage *explained,
                unsigned width)
{
  const ImagePackage *package = explained->package;
  const LayerInventory *layer =
      g_ptr_array_index(report->report->inventory->layers, package->layer);
  g_autoptr(GPtrArray) places = image_package_places(report->report->inventory, package);
  report_append_pair(out, "  found in", package->package->location, width);
  for (guint i = 0; places != NULL && i < places->len; i++)
    report_append_pair(out, "  found in", g_ptr_array_index(places, i), width);
  if (*layer->layer.text != '\0')
    report_append_pair(out, "  layer", layer->layer.text, width);
  g_autofree char *command =
      report_command_in_words(image_inventory_command(report->report->inventory, package->layer));
  report_append_pair(out, "  command", command, width);
  report_append_pair(out, "  owner", package->package->owner, width);
  if (package->package->declared)
    report_append_pair(out, "  declared",
                       "a lock file or a manifest names it; nothing shows that it is "
                       "installed",
                       width);
  if (package->package->development)
    report_append_pair(out, "  development", "the application is built or tested with it", width);
  report_append_pair(out, "  matched by the advisories of", explained->ecosystem, width);
}

static void
append_statements(GString *out, const GPtrArray *statements, unsigned width)
{
  static const Column columns[] = {
      {.title = "FEED"},     {.title = "ADVISORY"},
      {.title = "OF"},       {.title = "RANGE"},
      {.title = "COMPARED"}, {.title = "ORDER"},
      {.title = "SEVERITY"}, {.title = "STATE"},
      {.title = "RESULT"},   {.title = "NOTE", .least = 20, .flags = COLUMN_CUT | COLUMN_EMPTY},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < statements->len; i++) {
    const ExplainedStatement *each = g_ptr_array_index(statements, i);
    columns_add(table,
                (const char *[]){each->feed, each->vendor_id != NULL ? each->vendor_id : each->id,
                                 each->ecosystem, each->range, each->version, each->scheme,
                                 severity_name(each->severity), advisory_state_name(each->state),
                                 each->asked ? rule_outcome_names[each->outcome] : "not asked",
                                 each->note});
  }
  g_autofree char *text = columns_to_text(table, width, false);
  g_string_append(out, text);
}

void
report_append_exceptions(GString *out, const GPtrArray *exceptions, const Finding *finding,
                         unsigned width)
{
  for (guint i = 0; i < exceptions->len; i++) {
    const ExplainedException *each = g_ptr_array_index(exceptions, i);
    if (each->finding != finding)
      continue;
    g_autofree char *text =
        g_strdup_printf("%s: %s%s%s", each->by, each->text, each->overruled != NULL ? "; " : "",
                        each->overruled != NULL ? each->overruled : "");
    report_append_pair(out,
                       !each->holds      ? "  does not hold"
                       : each->of_policy ? "  exempt by"
                                         : "  ignored by",
                       text, width);
  }
}

static void
append_package(GString *out, const ExplanationReport *report, const ExplainedPackage *explained,
               unsigned width)
{
  const Package *package = explained->package->package;
  const Finding *finding = explained->finding;
  g_autofree char *name =
      g_strdup_printf("%s %s (%s, source %s %s)", package->name, package->version, package->type,
                      package->source_name, package->source_version);
  g_autofree char *clean = report_clean_text(name);
  g_string_append_printf(out, "\n%s\n", clean);
  report_append_pair(out, "  answer", explained_answer_names[explained->answer], width);
  report_append_pair(out, "  because", explained->reason, width);
  g_autofree char *symbols =
      finding == NULL || finding->symbols == NULL ? NULL : g_strjoinv(", ", finding->symbols);
  report_append_pair(out, "  linked", symbols, width);
  append_evidence(out, report, explained, width);
  if (finding != NULL) {
    g_autofree char *severity =
        g_strdup_printf("%s%s%s", severity_name(finding->severity),
                        finding->severity_source != NULL ? ", says " : "",
                        finding->severity_source != NULL ? finding->severity_source : "");
    report_append_pair(out, "  counts as", severity, width);
    report_append_exceptions(out, report->exceptions, finding, width);
  }
  append_statements(out, explained->statements, width);
}

static void
append_feeds(GString *out, const ExplanationReport *report, unsigned width)
{
  for (guint i = 0; i < report->feeds->len; i++) {
    const AdvisoryFeedStatus *feed = g_ptr_array_index(report->feeds, i);
    if (!is_used(report, feed->feed))
      continue;
    int64_t hours = (report->now - feed->updated) / G_USEC_PER_SEC / 3600;
    g_autofree char *age =
        g_strdup_printf("%s (%s): taken %" G_GINT64_FORMAT " hours ago%s%s", feed->feed, feed->type,
                        hours, feed->source_date != NULL ? ", of " : "",
                        feed->source_date != NULL ? feed->source_date : "");
    report_append_pair(out, "feed", age, width);
  }
}

char *
explanation_to_text(const ExplanationReport *report, unsigned width)
{
  const Explanation *explanation = report->explanation;
  GString *out = g_string_new(NULL);
  g_autofree char *answer = answer_in_words(report);
  report_append_target(out, report->report, width);
  report_append_pair(out, explanation->id, answer, width);
  append_vulnerability(out, explanation->details, width);
  report_append_lines(out, "incomplete: ", report->report->gaps, width);
  for (guint i = 0; i < explanation->packages->len; i++)
    append_package(out, report, g_ptr_array_index(explanation->packages, i), width);
  if (report->feeds->len > 0)
    g_string_append_c(out, '\n');
  append_feeds(out, report, width);
  return g_string_free(out, FALSE);
}

/* --- JSON --- */

static const JsonMember details_members[] = {
    {JSON_MEMBER(AdvisoryDetails, id), .kind = &json_text},
    {JSON_MEMBER(AdvisoryDetails, aliases), .kind = &json_texts},
    {JSON_MEMBER(AdvisoryDetails, title), .kind = &json_text},
    {JSON_MEMBER(AdvisoryDetails, description), .kind = &json_text},
    {JSON_MEMBER(AdvisoryDetails, severity), .kind = &json_word, .words = severity_names},
    {JSON_MEMBER(AdvisoryDetails, severity_source), .kind = &json_text},
    {JSON_MEMBER(AdvisoryDetails, ratings), .kind = &json_list, .table = &finding_rating_table,
     .omitted = true},
    {JSON_MEMBER(AdvisoryDetails, cvss_vector), .kind = &json_text},
    {JSON_MEMBER(AdvisoryDetails, cvss_score), .kind = &json_known_amount},
    {JSON_MEMBER(AdvisoryDetails, epss_score), .kind = &json_known_amount},
    {JSON_MEMBER(AdvisoryDetails, epss_percentile), .kind = &json_known_amount},
    {JSON_MEMBER(AdvisoryDetails, known_exploited), .kind = &json_flag},
    {JSON_MEMBER(AdvisoryDetails, known_exploited_due), .kind = &json_text},
    {JSON_MEMBER(AdvisoryDetails, references), .kind = &json_texts},
    {JSON_MEMBER(AdvisoryDetails, published), .kind = &json_text},
    {JSON_MEMBER(AdvisoryDetails, modified), .kind = &json_text},
};
static const JsonTable details_table = JSON_TABLE(AdvisoryDetails, details_members);

static json_t *
details_to_json(const AdvisoryDetails *details)
{
  json_t *object = json_table_write(&details_table, details);
  g_auto(GStrv) cwes = cwes_to_ids(&details->cwes);
  json_set_strings(object, "cwe_ids", (const char *const *)cwes);
  return object;
}

static const JsonMember statement_members[] = {
    {JSON_MEMBER(ExplainedStatement, feed), .kind = &json_text},
    {JSON_MEMBER(ExplainedStatement, id), .kind = &json_text},
    {JSON_MEMBER(ExplainedStatement, vendor_id), .kind = &json_text},
    {JSON_MEMBER(ExplainedStatement, ecosystem), .kind = &json_text},
    {JSON_MEMBER_AS("package", ExplainedStatement, name), .kind = &json_text},
    {JSON_MEMBER(ExplainedStatement, range), .kind = &json_text},
    {JSON_MEMBER(ExplainedStatement, fixed_version), .kind = &json_text},
    {JSON_MEMBER_AS("compared", ExplainedStatement, version), .kind = &json_text},
    {JSON_MEMBER_AS("order", ExplainedStatement, scheme), .kind = &json_text},
    {JSON_MEMBER(ExplainedStatement, state), .kind = &json_word, .words = advisory_state_names},
    {JSON_MEMBER(ExplainedStatement, severity), .kind = &json_word, .words = severity_names},
    {JSON_MEMBER(ExplainedStatement, note), .kind = &json_text},
    {JSON_MEMBER(ExplainedStatement, derived), .kind = &json_flag},
    {JSON_MEMBER(ExplainedStatement, asked), .kind = &json_flag},
    {JSON_MEMBER_AS("result", ExplainedStatement, outcome), .kind = &json_word,
     .words = rule_outcome_names},
};
static const JsonTable statement_table = JSON_TABLE(ExplainedStatement, statement_members);

static const JsonMember exception_members[] = {
    {JSON_MEMBER(ExplainedException, by), .kind = &json_text},
    {JSON_MEMBER(ExplainedException, text), .kind = &json_text},
    {JSON_MEMBER_AS("policy", ExplainedException, of_policy), .kind = &json_flag},
    {JSON_MEMBER(ExplainedException, holds), .kind = &json_flag},
    {JSON_MEMBER(ExplainedException, overruled), .kind = &json_text},
};
static const JsonTable exception_table = JSON_TABLE(ExplainedException, exception_members);

json_t *
report_exceptions_to_json(const GPtrArray *exceptions, const Finding *finding)
{
  json_t *list = json_array();
  for (guint i = 0; i < exceptions->len; i++) {
    const ExplainedException *each = g_ptr_array_index(exceptions, i);
    if (each->finding == finding)
      json_array_append_new(list, json_table_write(&exception_table, each));
  }
  return list;
}

static const JsonMember feed_members[] = {
    {JSON_MEMBER_AS("name", AdvisoryFeedStatus, feed), .kind = &json_text},
    {JSON_MEMBER(AdvisoryFeedStatus, type), .kind = &json_text},
    {JSON_MEMBER(AdvisoryFeedStatus, source), .kind = &json_text},
    {JSON_MEMBER(AdvisoryFeedStatus, source_date), .kind = &json_text},
};
static const JsonTable feed_table = JSON_TABLE(AdvisoryFeedStatus, feed_members);

static json_t *
package_to_json(const ExplanationReport *report, const ExplainedPackage *explained)
{
  json_t *object = json_object(), *statements = json_array();
  json_set_string(object, "answer", explained_answer_names[explained->answer]);
  json_set_string(object, "reason", explained->reason);
  json_set_string(object, "ecosystem", explained->ecosystem);
  json_object_set_new(object, "package",
                      report_package_to_json(report->report->inventory, explained->package));
  if (explained->finding != NULL)
    json_object_set_new(object, "finding", finding_to_json(explained->finding));
  for (guint i = 0; i < explained->statements->len; i++)
    json_array_append_new(
        statements,
        json_table_write(&statement_table, g_ptr_array_index(explained->statements, i)));
  json_object_set_new(object, "statements", statements);
  json_object_set_new(object, "exceptions",
                      report_exceptions_to_json(report->exceptions, explained->finding));
  return object;
}

static json_t *
feeds_to_json(const ExplanationReport *report)
{
  json_t *array = json_array();
  for (guint i = 0; i < report->feeds->len; i++) {
    const AdvisoryFeedStatus *feed = g_ptr_array_index(report->feeds, i);
    if (!is_used(report, feed->feed))
      continue;
    json_t *object = json_table_write(&feed_table, feed);
    g_autofree char *updated = moment(feed->updated);
    json_set_string(object, "updated", updated);
    json_array_append_new(array, object);
  }
  return array;
}

json_t *
explanation_to_json(const ExplanationReport *report)
{
  const Explanation *explanation = report->explanation;
  json_t *object = json_object(), *packages = json_array();
  g_autofree char *answer = answer_in_words(report);
  json_object_set_new(object, "schema_version", json_integer(1));
  json_set_string(object, "target", report->report->target);
  json_set_string(object, "digest", report->report->digest);
  report_set_system(object, report->report->inventory);
  json_set_string(object, "asked", report->asked);
  json_set_string(object, "id", explanation->id);
  json_set_string(object, "answer", explained_answer_names[explanation->answer]);
  json_set_string(object, "reason", answer);
  if (explanation->details != NULL)
    json_object_set_new(object, "vulnerability", details_to_json(explanation->details));
  for (guint i = 0; i < explanation->packages->len; i++)
    json_array_append_new(packages,
                          package_to_json(report, g_ptr_array_index(explanation->packages, i)));
  json_object_set_new(object, "packages", packages);
  json_object_set_new(object, "incomplete", json_from_texts(report->report->gaps));
  json_object_set_new(object, "feeds", feeds_to_json(report));
  return object;
}
