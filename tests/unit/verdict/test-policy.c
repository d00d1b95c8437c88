/* The policy language: what is refused and why, which policy holds, what a broken file is told. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "policy-cases.h"
#include "verdict/exemption.h"
#include "verdict/policy-private.h"

static Finding *
finding_of_case(const CaseFinding *from)
{
  Finding *finding = finding_new();
  finding->id = g_strdup(from->id);
  finding->aliases = from->alias == NULL ? NULL : g_strsplit(from->alias, ",", -1);
  finding->severity = from->severity;
  finding->state = from->state;
  finding->kind = from->kind;
  finding->line = from->observed ? 3 : 0;
  finding->package = g_strdup(from->observed ? "" : from->package != NULL ? from->package : "pkg");
  finding->source_package = g_strdup(from->source);
  finding->installed_version = g_strdup("1.0");
  finding->fixed_version = g_strdup(from->fixed);
  finding->published = g_strdup(from->published);
  finding->location = g_strdup(from->location);
  return finding;
}

static PolicySet *
load(const char *yaml)
{
  g_autoptr(GError) error = NULL;
  PolicySet *set = yaml == NULL
                       ? policy_set_load("strict", &error)
                       : policy_set_parse(slice_from_string(yaml), "policy.yaml", NULL, &error);
  g_assert_no_error(error);
  return set;
}

static char *
join(const GPtrArray *lines)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < lines->len; i++)
    g_string_append_printf(text, "%s%s", i == 0 ? "" : "|",
                           (const char *)g_ptr_array_index(lines, i));
  return g_string_free(text, FALSE);
}

static char *
exemptions_in_words(const Verdict *verdict)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < verdict->exemptions->len; i++)
    g_ptr_array_add(lines, verdict_exemption_in_words(g_ptr_array_index(verdict->exemptions, i)));
  return join(lines);
}

static void
check_message(const char *message, const char *parts)
{
  if (parts == NULL) {
    g_assert_null(message);
    return;
  }
  g_assert_nonnull(message);
  g_auto(GStrv) wanted = g_strsplit(parts, "|", -1);
  for (char **part = wanted; *part != NULL; part++)
    if (strstr(message, *part) == NULL)
      g_error("\"%s\" does not hold \"%s\"", message, *part);
}

static void
test_case(gconstpointer data)
{
  const JudgeCase *test = data;
  g_autofree char *yaml =
      test->yaml == NULL
          ? NULL
          : g_strconcat("policies:\n  - name: p\n    namespaces: ['**']\n", test->yaml, NULL);
  g_autoptr(PolicySet) set = load(yaml);
  g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
  for (size_t i = 0; i < FINDINGS && test->findings[i].id != NULL; i++)
    g_ptr_array_add(findings, finding_of_case(&test->findings[i]));
  PolicyInput input = {.repository = "team/app",
                       .reference = "v1",
                       .scan_state = test->state,
                       .findings = findings,
                       .pushed = test->pushed,
                       .now = NOW};
  g_autoptr(Verdict) judged = policy_judge(set, &input);
  g_assert_cmpint(judged->expires, ==, test->expires);
  /* Through JSON, so that what a client reads is what was judged. */
  g_autoptr(json_t) json = verdict_to_json(judged);
  g_autoptr(Verdict) verdict = verdict_from_json(json, NULL);
  g_autofree char *warnings = join(verdict->warnings);
  g_assert_cmpint(verdict->allowed, ==, test->allowed);
  check_message(verdict->message, test->message);
  g_assert_cmpstr(warnings, ==, test->warnings != NULL ? test->warnings : "");
  g_assert_cmpuint(verdict->blocking, ==, test->blocking);
  g_assert_cmpuint(verdict->ignored, ==, test->ignored);
  g_assert_cmpint(verdict->reasons->len == 0, ==, test->message == NULL);
  g_autofree char *exemptions = exemptions_in_words(verdict);
  g_assert_cmpstr(exemptions, ==, test->exemptions != NULL ? test->exemptions : "");
}

/* What is missing of a scan: what refuses where the policy insists, and is told where it does not.
 */
static void
test_details_of_the_scan(void)
{
  static const struct {
    ScanState state;
    const char *detail, *gaps, *refusal, *warning;
  } details[] = {
      {SCAN_FAILED, "layer x: no tar", NULL, "team/app@sha256:1: its scan failed: layer x: no tar",
       "unscanned: its scan failed: layer x: no tar"},
      {SCAN_NONE, "there are no advisories yet", NULL,
       "it cannot be judged: there are no advisories yet",
       "unscanned: it cannot be judged: there are no advisories yet"},
      {SCAN_NONE, NULL, NULL, "it was never scanned", "unscanned: it was never scanned"},
      {SCAN_PENDING, NULL, NULL, "its scan has not ended yet",
       "unscanned: its scan has not ended yet; try again in a moment"},
      {SCAN_DONE, NULL, "no database|no advisories for b",
       "no database; no advisories for b, so it counts as unscanned",
       "unscanned: no database; no advisories for b"},
      {SCAN_DONE, NULL, NULL, NULL, ""},
      {SCAN_NOT_APPLICABLE, NULL, NULL, NULL, ""},
  };
  g_autoptr(PolicySet) strict = load(NULL), built_in = policy_set_load(NULL, NULL);
  g_autoptr(PolicySet) lax = load("policies: [{name: a, namespaces: ['**'], unscanned: allow, "
                                  "vulnerabilities: {block: [low]}}]");
  for (size_t i = 0; i < G_N_ELEMENTS(details); i++) {
    g_auto(GStrv) lines = details[i].gaps == NULL ? NULL : g_strsplit(details[i].gaps, "|", -1);
    g_autoptr(GPtrArray) gaps = g_ptr_array_new();
    for (char **line = lines; line != NULL && *line != NULL; line++)
      g_ptr_array_add(gaps, *line);
    PolicyInput input = {.repository = "team/app",
                         .reference = "sha256:1",
                         .scan_state = details[i].state,
                         .detail = details[i].detail,
                         .gaps = gaps,
                         .now = NOW};
    g_test_message("case %zu", i);
    g_autoptr(Verdict) refused = policy_judge(strict, &input);
    g_assert_cmpint(refused->allowed, ==, details[i].refusal == NULL);
    check_message(refused->message, details[i].refusal);
    g_assert_cmpint(refused->unscanned, ==, details[i].refusal != NULL);
    g_assert_cmpuint(refused->warnings->len, ==, 0);
    const PolicySet *const open[] = {lax, built_in};
    for (size_t j = 0; j < G_N_ELEMENTS(open); j++) {
      g_autoptr(Verdict) verdict = policy_judge(open[j], &input);
      g_autofree char *warnings = join(verdict->warnings);
      g_assert_true(verdict->allowed);
      g_assert_cmpstr(warnings, ==, details[i].warning);
      g_assert_cmpint(verdict->unscanned, ==, refused->unscanned);
    }
  }
}

/* What a policy does about an image whose findings cannot be all. */
static void
test_what_is_not_known(void)
{
  static const struct {
    const char *keys;
    bool allowed;
    const char *message;
    unsigned warnings;
  } rules[] = {
      {"", true, NULL, 1},
      {"    end_of_life: allow\n", true, NULL, 0},
      {"    end_of_life: block\n", false, "team/app:v1: Debian 9 is over", 0},
      {"    third_party: warn\n", true, NULL, 2},
      {"    third_party: block\n", false,
       "team/app:v1: 2 packages are not the distribution's, whose advisories do not speak of them: "
       "a 1 (A), b 2",
       1},
      {"    third_party: block\n    end_of_life: block\n", false,
       "Debian 9 is over; 2 packages are not", 0},
      {"    third_party: block\n    mode: dry-run\n", true, "would refuse", 1},
  };
  g_autoptr(GPtrArray) third_party = g_ptr_array_new();
  g_ptr_array_add(third_party, (gpointer)(uintptr_t) "a 1 (A)");
  g_ptr_array_add(third_party, (gpointer)(uintptr_t) "b 2");
  PolicyInput input = {.repository = "team/app",
                       .reference = "v1",
                       .scan_state = SCAN_DONE,
                       .third_party = third_party,
                       .end_of_life = "Debian 9 is over",
                       .now = NOW};
  for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
    g_test_message("%s", rules[i].keys);
    g_autofree char *text =
        g_strconcat("policies:\n  - name: p\n    namespaces: ['**']\n", rules[i].keys, NULL);
    g_autoptr(PolicySet) set = load(text);
    g_autoptr(Verdict) verdict = policy_judge(set, &input);
    g_assert_cmpint(verdict->allowed, ==, rules[i].allowed);
    check_message(verdict->message, rules[i].message);
    g_assert_cmpuint(verdict->warnings->len, ==, rules[i].warnings);
  }
}

static void
test_which_policy_holds(void)
{
  static const struct {
    const char *repository, *policy;
  } repositories[] = {
      {"team/app", "exact"}, {"team/other", "team"},  {"team/a/b", "below"},
      {"team", "rest"},      {"prod-eu/app", "prod"}, {"prod-eu/a/b", "rest"},
      {"a/b/c/end", "ends"}, {"end", "rest"},         {"teamwork/app", "rest"},
      {"xteam/app", "rest"}, {"a/b", "rest"},         {"team/app2", "team"},
  };
  g_autoptr(PolicySet) set = load("policies:\n"
                                  "  - {name: exact, namespaces: [team/app]}\n"
                                  "  - {name: team, namespaces: ['team/*']}\n"
                                  "  - {name: below, namespaces: ['team/**']}\n"
                                  "  - {name: prod, namespaces: [nothing, 'prod-*/*']}\n"
                                  "  - {name: ends, namespaces: ['**/end']}\n"
                                  "  - {name: rest, namespaces: ['**']}\n"
                                  "  - {name: never, namespaces: ['**'], unscanned: block}\n");
  for (size_t i = 0; i < G_N_ELEMENTS(repositories); i++) {
    const Policy *policy = policy_set_find(set, repositories[i].repository);
    g_test_message("%s", repositories[i].repository);
    g_assert_cmpstr(policy->name, ==, repositories[i].policy);
  }
  g_autoptr(PolicySet) built_in = policy_set_load(NULL, NULL);
  g_assert_false(policy_set_applies(built_in, "team/app"));
  PolicyInput input = {.repository = "a", .reference = "b", .scan_state = SCAN_NONE, .now = NOW};
  g_autoptr(Verdict) verdict = policy_judge(built_in, &input);
  g_assert_true(verdict->allowed);
  g_assert_cmpstr(verdict->policy, ==, "default");
}

static void
test_warnings(void)
{
  static const char *const some[] = {"prod/app", "team/a/b", NULL}, *const none[] = {NULL};
  g_autoptr(PolicySet) set =
      load("policies:\n"
           "  - {name: a, namespaces: ['prod/*', 'prdo/**', 'team/*']}\n"
           "  - {name: b, namespaces: ['team/**', '**'], malware: block, unscanned: block}\n"
           "  - {name: c, namespaces: [prod/app], mode: dry-run}\n");
  g_autoptr(GPtrArray) warnings = policy_set_warnings(set);
  g_autofree char *told = join(warnings);
  g_assert_cmpstr(
      told, ==,
      "policy \"a\" blocks nothing; what would is `vulnerabilities: {block: "
      "[critical, high]}`|policy \"c\" applies to nothing: \"**\" of policy \"b\" comes before it");
  g_autoptr(GPtrArray) idle = policy_set_idle_namespaces(set, some);
  g_autofree char *mistyped = join(idle);
  g_assert_cmpstr(mistyped, ==,
                  "policy \"a\": the namespace \"prdo/**\" fits no repository that is stored|"
                  "policy \"a\": the namespace \"team/*\" fits no repository that is stored");
  g_autoptr(GPtrArray) nothing = policy_set_idle_namespaces(set, none);
  g_assert_cmpuint(nothing->len, ==, 0);
}

static void
test_origin(void)
{
  g_autoptr(PolicySet) set = load("policies: []\n");
  PolicyOrigin origin = policy_set_origin(set);
  g_assert_cmpstr(origin.file, ==, "policy.yaml");
  g_assert_cmpuint(origin.policies, ==, 0);
  /* printf 'policies: []\n' | sha256sum */
  g_assert_cmpstr(origin.sha256, ==,
                  "d7c801e1e51d5e2754b96acda71180afb3378b0e8350ca9a714d490c9f1fb7be");
  g_autoptr(PolicySet) strict = load(NULL);
  g_assert_cmpstr(policy_set_origin(strict).file, ==, "strict");
  g_assert_cmpuint(policy_set_origin(strict).policies, ==, 1);
}

/* Each exemption is told once when it begins to end soon, and once when it has ended. */
static void
test_endings(void)
{
  static const struct {
    const char *name;
    int64_t since, now;
    const char *told;
    unsigned in_force, ends_soon, ended;
  } moments[] = {
      {"long before", 0, NOW, "", 3, 0, 0},
      {"at the first look after it began", NOW, NOW + 10 * DAY,
       "the exemption of CVE-1 in a ends on 2027-01-31 (r)", 3, 1, 0},
      {"not again", NOW + 10 * DAY, NOW + 12 * DAY, "", 3, 1, 0},
      {"when one has ended, and another is about to", NOW + 12 * DAY, NOW + 20 * DAY,
       "the exemption of CVE-1 in a ended on 2027-01-31 (r)|"
       "the exemption of unscanned of team/* ends on 2027-02-10 (s)",
       2, 1, 1},
      {"all at a start", 0, NOW + 40 * DAY,
       "the exemption of CVE-1 in a ended on 2027-01-31 (r)|"
       "the exemption of unscanned of team/* ended on 2027-02-10 (s)",
       1, 0, 2},
  };
  g_autoptr(PolicySet) set =
      load("policies: [{name: p, namespaces: '**', allowlist: [{id: CVE-1, package: a, reason: r, "
           "expires: 2027-01-31}]}]\n"
           "exemptions:\n"
           "  - {rules: unscanned, repositories: team/*, reason: s, expires: 2027-02-10}\n"
           "  - {ids: CVE-2, reason: t}\n"
           "warn_before_end: 7d\n");
  for (size_t i = 0; i < G_N_ELEMENTS(moments); i++) {
    g_test_message("%s", moments[i].name);
    g_autoptr(GPtrArray) endings = policy_set_endings(set, moments[i].since, moments[i].now);
    g_autofree char *told = join(endings);
    ExemptionCounts counts = policy_set_count_exemptions(set, moments[i].now);
    g_assert_cmpstr(told, ==, moments[i].told);
    g_assert_cmpuint(counts.in_force, ==, moments[i].in_force);
    g_assert_cmpuint(counts.ends_soon, ==, moments[i].ends_soon);
    g_assert_cmpuint(counts.ended, ==, moments[i].ended);
    g_assert_cmpint(counts.next_end == 0, ==, moments[i].ended == 2);
  }
}

/* A pattern of many stars must not take long. */
static void
test_many_stars(void)
{
  GString *pattern = g_string_new(NULL), *name = g_string_new(NULL);
  for (int i = 0; i < 60; i++)
    g_string_append(pattern, "**a");
  for (int i = 0; i < 250; i++)
    g_string_append_c(name, 'a');
  g_autofree char *yaml =
      g_strdup_printf("policies: [{name: p, namespaces: ['%sb']}]", pattern->str);
  g_autoptr(PolicySet) set = load(yaml);
  g_assert_false(policy_set_applies(set, name->str));
  g_string_append_c(name, 'b');
  g_assert_true(policy_set_applies(set, name->str));
  g_string_free(pattern, TRUE);
  g_string_free(name, TRUE);
}

#define NONE "policies: []\n"
#define HEAD "policies:\n  - name: p\n    namespaces: ['**']\n" /* three lines */

static const struct {
  const char *yaml, *message;
} broken_files[] = {
    {HEAD "    mode: audit\n",
     "policy.yaml:4:11: policy \"p\": mode: must be enforce or dry-run, is \"audit\""},
    {HEAD "    unscanned: refuse\n", "policy.yaml:4:16: policy \"p\": unscanned: must be allow or"},
    {HEAD "    unscanned: block\n    failed_scan: yes\n",
     "policy.yaml:5:18: policy \"p\": failed_scan"},
    {HEAD "    malware: perhaps\n",
     "policy.yaml:4:14: policy \"p\": malware: must be allow, block"},
    {HEAD "    vulnerabilities:\n      block:\n        - high\n        - grave\n",
     "policy.yaml:7:11: policy \"p\": vulnerabilities.block[1]: must be critical, high, "},
    {HEAD "    vulnerabilities: {unknown_as: grave}\n",
     "policy.yaml:4:35: policy \"p\": vulnerabilities.unknown_as: must be"},
    {HEAD "    vulnerabilities:\n      grace: 1w\n",
     "policy.yaml:5:14: policy \"p\": vulnerabilities.grace: must be a time"},
    {HEAD "    vulnerabilities: {grace: 99999d}\n", "must be between 0 and 3653d, is \"99999d\""},
    {HEAD "    allowlist:\n      - {id: CVE-1, reason: x}\n      - {id: CVE-2, reason: x, expires: "
          "soon}\n",
     "policy.yaml:6:41: policy \"p\": allowlist[1].expires: must be a date"},
    {HEAD "    allowlist: [{id: CVE-1, reason: x, expires: 2027-02-30}]\n", "must be a date"},
    {HEAD "    allowlist: [{id: CVE-1, reason: x, expires: 2027-01-01T10:00:00}]\n",
     "must be a date"},
    {HEAD "  - name: p\n    namespaces: [a]\n",
     "policy.yaml:4:11: policy \"p\": name: another policy has it, in line 2"},
    {HEAD "  - name: q\n    namespaces: [a]\n    mode: x\n",
     "policy.yaml:6:11: policy \"q\": mode"},
    {HEAD "    allowlist:\n      - id: CVE-1\n",
     "policy.yaml:5:9: policy \"p\": allowlist[0]: the key \"reason\" is missing"},
    {HEAD "    blok: 1\n", "policy.yaml:4:5: policy \"p\": unknown key \"blok\"; there are name, "},
    {HEAD "    block: [high]\n", "policy.yaml:4:5: policy \"p\": unknown key \"block\""},
    {"policies: [{name: a, namespaces: ['**'], vulnerabilitys: {}}]\n",
     "policy.yaml:1:42: policy \"a\": unknown key \"vulnerabilitys\"; did you mean "
     "\"vulnerabilities\"?"},
    {"policy: []\n", "policy.yaml:1:1: unknown key \"policy\""},
    {"policies:\n  - namespaces: [a]\n", "policies[0]: the key \"name\" is missing"},
    {"policies:\n  - name: a\n", "policy \"a\": the key \"namespaces\" is missing"},
    {"policies:\n  - {name: a, namespaces: []}\n", "namespaces: must have at least 1 entry"},
    {"policies:\n  - name: [\n", "policy.yaml:3:1: broken YAML"},
    {"- a\n- b\n", "policy.yaml:1:1: the file must be a mapping"},
    {"policies: &a [*a]\n", "policy.yaml:1:15: *a: nothing that ends before it"},
    {HEAD "    vulnerabilities:\n", "vulnerabilities: must be a mapping"},
    /* A template that failed must not open the gate. */
    {"", "policy.yaml:1:1: the key \"policies\" is missing"},
    {"# policies: []\n---\n", "policy.yaml:1:1: the key \"policies\" is missing"},
    {"{}\n", "policy.yaml:1:1: the key \"policies\" is missing"},
    {"null\n", "policy.yaml:1:1: the key \"policies\" is missing"},
    {"policies:\n", "policy.yaml:1:10: policies: must be a list; write [] for none"},
    {"policies: ~\n", "policies: must be a list; write [] for none"},
    {"policies: [~]\n", "policies[0]: must be a mapping"},

    {NONE "exemptions: [{ids: CVE-1}]\n",
     "policy.yaml:2:14: exemptions[0]: the key \"reason\" is missing"},
    {NONE "exemptions: [{id: CVE-1, reason: x}]\n",
     "policy.yaml:2:15: exemptions[0]: unknown key \"id\"; did you mean \"ids\"?"},
    {NONE "exemptions: [{ids: [], packages: a, reason: x}]\n",
     "policy.yaml:2:20: exemptions[0].ids: must have at least 1 entry"},
    {NONE "exemptions: [{ids: , packages: a, reason: x}]\n",
     "exemptions[0].ids: has no value; it must have at least one"},
    {NONE "exemptions: [{rules: [], packages: a, reason: x}]\n", "rules: must have at least 1"},
    {NONE "exemptions: [{ids: CVE-1, packages: [], reason: x}]\n", "packages: must have at least"},
    {NONE "exemptions: [{ids: CVE-1, paths: [], reason: x}]\n", "paths: must have at least 1"},
    {NONE "exemptions: [{rules: unscanned, ids: '*', repositories: [], reason: x}]\n",
     "exemptions[0].repositories: must have at least 1 entry"},
    {NONE "exemptions: [{reason: x}]\n",
     "policy.yaml:2:14: exemptions[0]: it is for every finding; name ids, packages or paths, or "
     "write `ids: [\"*\"]` if that is meant"},
    {NONE "exemptions: [{repositories: [team/app], reason: x}]\n", "it is for every finding"},
    {NONE "exemptions: [{rules: vulnerabilities, reason: x}]\n", "it is for every finding"},
    {NONE "exemptions: [{packages: [a, '**'], reason: x}]\n", "it is for every finding"},
    {NONE "exemptions: [{paths: '**/*', reason: x}]\n", "it is for every finding"},
    {NONE "exemptions: [{rules: end_of_life, reason: x}]\n",
     "it is for every image; name repositories"},
    {NONE "exemptions: [{rules: end_of_life, repositories: '**', reason: x}]\n",
     "it is for every image; name repositories"},
    {NONE "exemptions: [{ids: ['*', CVE-1], reason: x}]\n", "exemptions[0].ids: \"*\" stands"},
    {NONE "exemptions: [{rules: end_of_life, ids: CVE-1, reason: x}]\n",
     "\"end_of_life\" is of a whole image"},
    {NONE "exemptions: [{rules: [end_of_life, vulnerabilities], ids: '*', reason: x}]\n",
     "exemptions[0].rules: some are of findings, some of whole images"},
    {NONE "exemptions: [{rules: end_of_lif, reason: x}]\n",
     "exemptions[0].rules: must be \"end_of_life\""},
    {NONE "exemptions: [{ids: CVE-1, repositories: Team/app, reason: x}]\n",
     "exemptions[0].repositories: must be the name of a repository"},
    {NONE "exemption: []\n", "unknown key \"exemption\"; did you mean \"exemptions\"?"},
    {HEAD "    exemptions: []\n", "unknown key \"exemptions\"; it belongs at the top"},
    {NONE "warn_before_end: soon\n", "policy.yaml:2:18: warn_before_end: must be a time"},
    /* All at once, in the order of the file. */
    {"policies: [{name: a, namespaces: ['**'], vulnerabilitys: {}, mode: x}]\nexemptions: [{ids: "
     "CVE-1}]\n",
     "policy.yaml:1:42: policy \"a\": unknown key \"vulnerabilitys\"; did you mean "
     "\"vulnerabilities\"?\n"
     "policy.yaml:1:68: policy \"a\": mode: must be enforce or dry-run, is \"x\"\n"
     "policy.yaml:2:14: exemptions[0]: the key \"reason\" is missing"},
    /* Aliases that stand for more than anybody writes. */
    {"a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
     "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
     "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\npolicies: [*e,*e]\n",
     "the file holds more than 200000 values"},
};

static void
test_broken_files(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(broken_files); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(PolicySet) set =
        policy_set_parse(slice_from_string(broken_files[i].yaml), "policy.yaml", NULL, &error);
    g_test_message("file %zu", i);
    g_assert_null(set);
    g_assert_true(g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_INVALID) ||
                  g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT));
    if (strstr(error->message, broken_files[i].message) == NULL)
      g_error("file %zu: \"%s\" does not hold \"%s\"", i, error->message, broken_files[i].message);
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(PolicySet) absent = policy_set_load("/nonexistent/policy.yaml", &error);
  g_assert_null(absent);
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/policy/%s", cases[i].name);
    g_test_add_data_func(path, &cases[i], test_case);
  }
  g_test_add_func("/policy-scan-details", test_details_of_the_scan);
  g_test_add_func("/what-is-not-known", test_what_is_not_known);
  g_test_add_func("/policy-order", test_which_policy_holds);
  g_test_add_func("/policy-warnings", test_warnings);
  g_test_add_func("/policy-origin", test_origin);
  g_test_add_func("/policy-endings", test_endings);
  g_test_add_func("/policy-many-stars", test_many_stars);
  g_test_add_func("/policy-broken-files", test_broken_files);
  return g_test_run();
}
