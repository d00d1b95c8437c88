/* Observations with what their rules say of them; see the header. */
#include "verdict/observed.h"

#include "inventory/rule.h"

#define COMMAND_MAX 200u

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

/* By the digests of layers; of one digest that two commands made, none. (transfer full) */
static GHashTable *
commands_of(const ImageInventory *inventory)
{
  GHashTable *commands = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < inventory->layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(inventory->layers, i);
    char *digest = (char *)(uintptr_t)layer->layer.text;
    char *command = (char *)(uintptr_t)image_inventory_command(inventory, i);
    bool known = g_hash_table_contains(commands, digest);
    bool same = g_strcmp0(g_hash_table_lookup(commands, digest), command) == 0;
    g_hash_table_insert(commands, digest, known && !same ? NULL : command);
  }
  return commands;
}

/* Many findings may have the same. (transfer full) */
static char *
cut(const char *command)
{
  return command == NULL ? NULL : slice_to_printable(slice_from_string(command), COMMAND_MAX);
}

void
observed_add_commands(const ImageInventory *inventory, GPtrArray *findings)
{
  g_autoptr(GHashTable) commands = commands_of(inventory);
  for (guint i = 0; i < findings->len; i++) {
    Finding *finding = g_ptr_array_index(findings, i);
    if (finding->layer != NULL)
      finding->command = cut(g_hash_table_lookup(commands, finding->layer));
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
