/* `assay rules`: by what rules inspection observes. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "inspect/secrets/rule.h"
#include "inventory/rule.h"
#include "report/columns.h"

static char *format_option, *kind_option, *language_option;

/* The kinds as findings have them, by ObservationKind; facts are never shown. */
static const char *const kinds[] = {"secret", "malware", "baseline", "configuration", NULL};

static bool
is_wanted(const Rule *rule)
{
  return rule->kind != OBSERVED_FACT &&
         (kind_option == NULL || strcmp(kind_option, kinds[rule->kind]) == 0);
}

static json_t *
rule_to_json(const Rule *rule)
{
  g_auto(GStrv) references = g_strsplit(rule->references == NULL ? "" : rule->references, ", ", -1);
  json_t *object = json_object();
  json_set_string(object, "id", rule->id);
  json_set_string(object, "kind", kinds[rule->kind]);
  json_set_string(object, "severity", severity_name(rule->severity));
  json_set_string(object, "title", rule->title);
  json_set_string(object, "title_zh", rule->title_zh);
  json_set_string(object, "remedy", rule->remedy);
  json_set_string(object, "remedy_zh", rule->remedy_zh);
  json_set_strings(object, "references", (const char *const *)references);
  return object;
}

/* What of credentials is told is a row for the engines that look for them. */
static Rule
rule_of_secret(const SecretRule *secret)
{
  return (Rule){.id = secret->id,
                .kind = OBSERVED_SECRET,
                .severity = secret->severity,
                .title = secret->title,
                .title_zh = secret->title,
                .remedy = rule_remedy_of_kind(OBSERVED_SECRET)};
}

/* Those that are asked for. (transfer full): of Rule */
static GArray *
wanted_rules(void)
{
  GArray *rules = g_array_new(FALSE, FALSE, sizeof(Rule));
  for (size_t i = 0; secret_rule_sets[i] != NULL; i++)
    for (size_t j = 0; j < secret_rule_sets[i]->count; j++) {
      Rule rule = rule_of_secret(&secret_rule_sets[i]->rules[j]);
      if (is_wanted(&rule))
        g_array_append_val(rules, rule);
    }
  for (size_t i = 0; rule_sets[i] != NULL; i++)
    for (size_t j = 0; j < rule_sets[i]->count; j++)
      if (is_wanted(&rule_sets[i]->rules[j]))
        g_array_append_val(rules, rule_sets[i]->rules[j]);
  return rules;
}

static void
print_json(void)
{
  g_autoptr(GArray) rules = wanted_rules();
  g_autoptr(json_t) object = json_object();
  json_t *list = json_array();
  for (guint i = 0; i < rules->len; i++)
    json_array_append_new(list, rule_to_json(&g_array_index(rules, Rule, i)));
  json_object_set_new(object, "rules", list);
  command_print_json(object);
}

static void
print_table(bool chinese)
{
  static const Column columns[] = {
      {.title = "RULE"},
      {.title = "KIND"},
      {.title = "SEVERITY"},
      {.title = "TITLE", .least = 24, .flags = COLUMN_CUT},
      {.title = "REFERENCES", .least = 16, .flags = COLUMN_CUT | COLUMN_EMPTY},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  g_autoptr(GArray) rules = wanted_rules();
  for (guint i = 0; i < rules->len; i++) {
    const Rule *rule = &g_array_index(rules, Rule, i);
    columns_add(table, (const char *[]){rule->id, kinds[rule->kind], severity_name(rule->severity),
                                        chinese ? rule->title_zh : rule->title, rule->references});
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(text, stdout);
}

static bool
check_word(const char *option, const char *word, const char *const *words)
{
  if (word == NULL || g_strv_contains(words, word))
    return true;
  g_autofree char *all = g_strjoinv(", ", (char **)(uintptr_t)words);
  command_usage_error("%s must be one of %s, is \"%s\"", option, all, word);
  return false;
}

static int
run(char **arguments)
{
  static const char *const languages[] = {"en", "zh", NULL};
  bool json;
  if (!command_wants_json(format_option, "table", &json) ||
      !check_word("--kind", kind_option, kinds) ||
      !check_word("--language", language_option, languages))
    return EXIT_ERROR;
  if (json)
    print_json();
  else
    print_table(g_strcmp0(language_option, "zh") == 0);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry options[] = {
    {"kind", 'k', 0, G_OPTION_ARG_STRING, &kind_option, "Only one kind",
     "secret|malware|baseline|configuration"},
    {"language", 0, 0, G_OPTION_ARG_STRING, &language_option, "Titles in (default: en)", "en|zh"},
    FORMAT_OPTION("table"),
    {NULL}};

const Command rules_command = {
    .name = "rules",
    .summary = "List the rules by which images and Dockerfiles are looked at",
    .arguments = "",
    .help = "Of vulnerabilities there are none here: their rules are the advisories (`assay db`).\n"
            "JSON has the titles and what to do in English and Chinese.\n\n"
            "Examples:\n"
            "  assay rules --kind configuration\n"
            "  assay rules --format json",
    .options = options,
    .run = run,
};
