/* Observations with what their rules say of them; see the header. */
#include "verdict/observed.h"

#include "inventory/rule.h"

static bool
is_shown(ObservationKind kind, FindingKind *as)
{
  switch (kind) {
  case OBSERVED_SECRET:
    *as = FINDING_SECRET;
    return true;
  case OBSERVED_MALWARE:
    *as = FINDING_MALWARE;
    return true;
  case OBSERVED_WEAKNESS:
    *as = FINDING_BASELINE;
    return true;
  case OBSERVED_CONFIGURATION:
    *as = FINDING_CONFIGURATION;
    return true;
  case OBSERVED_FACT:
    break;
  }
  return false;
}

static Severity
severity_of(const Observation *one, const Rule *rule)
{
  return one->severity == SEVERITY_UNKNOWN && rule != NULL ? rule->severity : one->severity;
}

static char *
remedy_in_words(const ImageObservation *of, const Rule *rule)
{
  const char *remedy = rule != NULL ? rule->remedy : rule_remedy_of_kind(of->observation->kind);
  return of->removed && rule != NULL
             ? g_strdup_printf("%s; a later layer removes or replaces the file, which the image "
                               "holds all the same",
                               remedy)
             : g_strdup(remedy);
}

static Finding *
finding_of(const ImageInventory *inventory, const ImageObservation *of, FindingKind kind)
{
  const Observation *one = of->observation;
  const Rule *rule = rule_find(one->kind, one->rule);
  const LayerInventory *layer =
      of->layer < inventory->layers->len ? g_ptr_array_index(inventory->layers, of->layer) : NULL;
  Finding *finding = finding_new();
  finding->kind = kind;
  finding->id = g_strdup(one->rule);
  finding->title = g_strdup(one->title != NULL ? one->title : rule != NULL ? rule->title : NULL);
  finding->severity = severity_of(one, rule);
  finding->cvss_score = finding->epss_score = finding->epss_percentile = -1;
  finding->state = STATE_AFFECTED;
  finding->package_type = g_strdup("");
  finding->package = g_strdup("");
  finding->installed_version = g_strdup("");
  finding->layer = layer == NULL || *layer->layer.text == '\0' ? NULL : g_strdup(layer->layer.text);
  finding->location = g_strdup(one->path);
  finding->line = one->line;
  finding->evidence = g_strdup(one->shown);
  finding->same = g_strdup(one->same);
  finding->removed = of->removed;
  finding->remedy = remedy_in_words(of, rule);
  if (rule != NULL && rule->references != NULL)
    finding->references = g_strsplit(rule->references, ", ", -1);
  return finding;
}

void
observed_add_findings(const ImageInventory *inventory, GPtrArray *findings)
{
  for (guint i = 0; i < inventory->observations->len; i++) {
    const ImageObservation *of = g_ptr_array_index(inventory->observations, i);
    FindingKind kind;
    if (is_shown(of->observation->kind, &kind))
      g_ptr_array_add(findings, finding_of(inventory, of, kind));
  }
}

ObservedCounts
observed_count(const ImageInventory *inventory)
{
  ObservedCounts counts = {0};
  for (guint i = 0; i < inventory->observations->len; i++) {
    const Observation *one =
        ((const ImageObservation *)g_ptr_array_index(inventory->observations, i))->observation;
    FindingKind kind;
    if (is_shown(one->kind, &kind))
      counts.counts[kind][severity_of(one, rule_find(one->kind, one->rule))]++;
  }
  return counts;
}
