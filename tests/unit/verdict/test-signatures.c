/* Policies on signatures: who must have signed, what must be said, which attestations must be
 * there, and what a refusal says of what does not count. */
#include <string.h>

#include "base/json.h"
#include "verdict/judge.h"

#define NOW ((int64_t)1800000000 * G_USEC_PER_SEC) /* 2027-01-15T08:00:00Z */
#define DAY ((int64_t)86400 * G_USEC_PER_SEC)

/* A signature in short: "release", "release team=payments", "release@slsa {...}". */
typedef struct {
  const char *attestor;
  SignatureFormat format;
  const char *annotations; /* JSON, or NULL */
  const char *type, *predicate;
} CaseSignature;

typedef struct {
  const char *name;
  const char *rule; /* what is below `signatures:` */
  CaseSignature own[4], of_index[2];
  const char *problem; /* of one signature that does not count, or NULL */
  bool incomplete, not_looked_at, artifact;
  bool allowed;
  const char *message;  /* what it must hold, parts separated by "|"; NULL: none */
  const char *warnings; /* likewise; NULL: there are none */
  int64_t expires;
} SignatureCase;

#define BY(name)                                                                                   \
  {                                                                                                \
    .attestor = name, .format = SIGNATURE_COSIGN                                                   \
  }
#define SAYS(name, json)                                                                           \
  {                                                                                                \
    .attestor = name, .format = SIGNATURE_BUNDLE, .annotations = json                              \
  }
#define ATTESTS(name, uri, json)                                                                   \
  {                                                                                                \
    .attestor = name, .format = SIGNATURE_ATTESTATION, .type = uri, .predicate = json              \
  }
#define VULN  "https://cosign.sigstore.dev/attestation/vuln/v1"
#define SLSA  "https://slsa.dev/provenance/v1"
#define BUILT "{\"runDetails\": {\"builder\": {\"id\": \"https://ci.example/b1\"}}}"
#define OF_14TH                                                                                    \
  "{\"metadata\": {\"scanFinishedOn\": \"2027-01-14T08:00:00Z\"}, \"scanner\": {\"result\": "      \
  "{\"critical\": 0, \"list\": [{\"id\": \"CVE-1\"}, {\"id\": \"CVE-2\"}]}}, "                     \
  "\"invocation\": {\"builder.id\": \"b1\"}}"

static const SignatureCase cases[] = {
    {"no signature is there",
     "[release]",
     {{0}},
     .message = "refuses team/app:v1: it is not signed by \"release\": it has no signatures"},
    {"the one that is asked for", "release", {BY("release")}, .allowed = true},
    {"of another", "release", {BY("other")}, .message = "it is not signed by \"release\""},
    {"all of two", "[release, security]", {BY("release"), BY("security")}, .allowed = true},
    {"one of all two",
     "[release, security]",
     {BY("release")},
     .message = "it is not signed by \"security\""},
    {"none of all two",
     "[release, security]",
     {{0}},
     .message = "it is not signed by \"release\" and \"security\""},
    {"any of two",
     "{attestors: [release, security], require: any}",
     {BY("security")},
     .allowed = true},
    {"none of any two",
     "{attestors: [release, security], require: any}",
     {{0}},
     .message = "it is signed by none of its attestors, \"release\" or \"security\""},
    {"two of three", "{attestors: [a, b, c], require: 2}", {BY("c"), BY("a")}, .allowed = true},
    {"one of three where two must",
     "{attestors: [a, b, c], require: 2}",
     {BY("b"), BY("b")},
     .message = "2 of 3 attestors must sign it, and only \"b\" did; not by \"a\" and \"c\""},
    {"an attestation is no signature",
     "release",
     {ATTESTS("release", SLSA, BUILT)},
     .message = "it is not signed by \"release\""},
    {"nobody looked",
     "release",
     {{0}},
     .not_looked_at = true,
     .message = "its signatures were not looked at"},
    {"not all could be read",
     "release",
     {{0}},
     .incomplete = true,
     .message = "it is not signed by \"release\"; not all that lies beside it could be read"},
    {"not all could be read, but what is asked for",
     "release",
     {BY("release")},
     .incomplete = true,
     .allowed = true},
    {"why others do not count",
     "release",
     {{0}},
     .problem = "a signature by key k is for other/app",
     .message = "it is not signed by \"release\"; a signature by key k is for other/app"},
    {"what nobody runs", "release", {{0}}, .artifact = true, .allowed = true},
    {"mode: warn",
     "{attestors: release, mode: warn}",
     {{0}},
     .allowed = true,
     .warnings = "it is not signed by \"release\""},
    {"mode: dry-run",
     "{attestors: release, mode: dry-run}",
     {{0}},
     .allowed = true,
     .message = "would refuse team/app:v1: it is not signed by \"release\""},
    {"an annotation",
     "{attestors: release, annotations: {team: 'pay*', stage: prod}}",
     {SAYS("release", "{\"team\": \"payments\", \"stage\": \"prod\", \"x\": 1}")},
     .allowed = true},
    {"another value of it",
     "{attestors: release, annotations: {team: payments}}",
     {SAYS("release", "{\"team\": \"search\"}")},
     .message = "the signature of \"release\" does not say team=payments"},
    {"no annotations",
     "{attestors: release, annotations: {team: payments}}",
     {BY("release")},
     .message = "does not say team=payments"},
    {"a value that is no text",
     "{attestors: release, annotations: {n: 1}}",
     {SAYS("release", "{\"n\": 1}")},
     .message = "does not say n=1"},
    {"one that says it, beside one that does not",
     "{attestors: release, annotations: {team: payments}}",
     {BY("release"), SAYS("release", "{\"team\": \"payments\"}")},
     .allowed = true},
    {"of an index that holds it", "release", {{0}}, {BY("release")}, .allowed = true},
    {"one of its own, one of the index", "[a, b]", {BY("a")}, {BY("b")}, .allowed = true},
    {"members: alone",
     "{attestors: release, members: alone}",
     {{0}},
     {BY("release")},
     .message = "it is not signed by \"release\""},
    {"an attestation by whom the rule names",
     "{attestors: a, attestations: slsa}",
     {BY("a"), ATTESTS("a", SLSA, BUILT)},
     .allowed = true},
    {"none is there",
     "{attestors: a, attestations: slsa}",
     {BY("a")},
     .message = "it has no slsa attestation by \"a\" that counts"},
    {"of another type",
     "{attestors: a, attestations: slsa}",
     {BY("a"), ATTESTS("a", VULN, "{}")},
     .message = "it has no slsa attestation by \"a\" that counts"},
    {"by another",
     "{attestors: a, attestations: [{type: slsa, attestors: [b, c]}]}",
     {BY("a"), ATTESTS("a", SLSA, BUILT)},
     .message = "it has no slsa attestation by \"b\" or \"c\" that counts"},
    {"attestations alone",
     "{attestations: [{type: slsa, attestors: b}]}",
     {ATTESTS("b", SLSA, BUILT)},
     .allowed = true},
    {"by its URI",
     "{attestations: [{type: 'https://slsa.dev/provenance/v1', attestors: b}]}",
     {ATTESTS("b", SLSA, BUILT)},
     .allowed = true},
    {"the name of a type begins like another's",
     "{attestations: [{type: spdx, attestors: b}]}",
     {ATTESTS("b", "https://spdx.dev/DocumentOfMine", "{}")},
     .message = "it has no spdx attestation"},
    {"a field",
     "{attestations: [{type: slsa, attestors: b, fields: [{at: runDetails.builder.id, "
     "is: 'https://ci.example/*'}]}]}",
     {ATTESTS("b", SLSA, BUILT)},
     .allowed = true},
    {"a field that is otherwise",
     "{attestations: [{type: slsa, attestors: b, fields: [{at: "
     "runDetails.builder.id, is: [x, y]}]}]}",
     {ATTESTS("b", SLSA, BUILT)},
     .message = "the slsa attestation of \"b\" runDetails.builder.id is \"https://ci.example/b1\""},
    {"a field that must not be so",
     "{attestations: [{type: slsa, attestors: b, fields: [{at: "
     "runDetails.builder.id, not: '*b1'}]}]}",
     {ATTESTS("b", SLSA, BUILT)},
     .message = "runDetails.builder.id is"},
    {"a field that is not there",
     "{attestations: [{type: slsa, attestors: b, fields: [{at: "
     "runDetails.nothing, not: x}]}]}",
     {ATTESTS("b", SLSA, BUILT)},
     .message = "runDetails.nothing is not there"},
    {"a name with a dot",
     "{attestations: [{type: vuln, attestors: b, fields: "
     "[{at: invocation.builder.id, is: b1}]}]}",
     {ATTESTS("b", VULN, OF_14TH)},
     .allowed = true},
    {"a number",
     "{attestations: [{type: vuln, attestors: b, fields: "
     "[{at: scanner.result.critical, most: 0}]}]}",
     {ATTESTS("b", VULN, OF_14TH)},
     .allowed = true},
    {"a number that is too small",
     "{attestations: [{type: vuln, attestors: b, fields: "
     "[{at: scanner.result.critical, least: 1}]}]}",
     {ATTESTS("b", VULN, OF_14TH)},
     .message = "scanner.result.critical is 0"},
    {"each of a list",
     "{attestations: [{type: vuln, attestors: b, fields: "
     "[{at: scanner.result.list.*.id, is: 'CVE-*'}]}]}",
     {ATTESTS("b", VULN, OF_14TH)},
     .allowed = true},
    {"one of a list that does not fit",
     "{attestations: [{type: vuln, attestors: b, fields: "
     "[{at: scanner.result.list.*.id, not: CVE-2}]}]}",
     {ATTESTS("b", VULN, OF_14TH)},
     .message = "is \"CVE-2\""},
    {"young enough",
     "{attestations: [{type: vuln, attestors: b, age: 7d}]}",
     {ATTESTS("b", VULN, OF_14TH)},
     .allowed = true,
     .expires = NOW + 6 * DAY},
    {"too old",
     "{attestations: [{type: vuln, attestors: b, age: 12h}]}",
     {ATTESTS("b", VULN, OF_14TH)},
     .message = "is of 2027-01-14T08:00:00Z, and counted until 2027-01-14T20:00:00Z"},
    {"of no age",
     "{attestations: [{type: slsa, attestors: b, age: 7d}]}",
     {ATTESTS("b", SLSA, BUILT)},
     .message = "does not say when it was made"},
    {"of tomorrow",
     "{attestations: [{type: vuln, attestors: b, age: 7d}]}",
     {ATTESTS("b", VULN, "{\"metadata\": {\"scanFinishedOn\": \"2027-01-16T08:00:00Z\"}}")},
     .message = "will be made only later"},
};

static void
verified_free(void *data)
{
  VerifiedSignature *signature = data;
  json_decref(signature->annotations);
  json_decref(signature->predicate);
  g_free(signature);
}

static void
fill(ImageSignatures *signatures, const CaseSignature *from, size_t count)
{
  signatures->valid = g_ptr_array_new_with_free_func(verified_free);
  signatures->problems = g_ptr_array_new();
  for (size_t i = 0; i < count && from[i].attestor != NULL; i++) {
    VerifiedSignature *one = g_new0(VerifiedSignature, 1);
    one->attestor = (char *)(uintptr_t)from[i].attestor;
    one->format = from[i].format;
    one->predicate_type = (char *)(uintptr_t)from[i].type;
    if (from[i].annotations != NULL)
      one->annotations = json_parse(slice_from_string(from[i].annotations), NULL);
    if (from[i].predicate != NULL)
      one->predicate = json_parse(slice_from_string(from[i].predicate), NULL);
    g_ptr_array_add(signatures->valid, one);
    signatures->seen++;
  }
}

static void
clear(ImageSignatures *signatures)
{
  g_ptr_array_unref(signatures->valid);
  g_ptr_array_unref(signatures->problems);
}

static void
check_parts(const char *text, const char *parts)
{
  if (parts == NULL) {
    g_assert_null(text);
    return;
  }
  g_assert_nonnull(text);
  g_auto(GStrv) wanted = g_strsplit(parts, "|", -1);
  for (char **part = wanted; *part != NULL; part++)
    if (strstr(text, *part) == NULL)
      g_error("\"%s\" does not hold \"%s\"", text, *part);
}

static PolicySet *
parse(const char *rule)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text =
      g_strdup_printf("policies: [{name: p, namespaces: ['**'], signatures: %s}]", rule);
  PolicySet *set = policy_set_parse(slice_from_string(text), "policy.yaml", NULL, &error);
  g_assert_no_error(error);
  return set;
}

static void
test_case(gconstpointer data)
{
  const SignatureCase *test = data;
  ImageSignatures own = {0}, of_index = {0};
  fill(&own, test->own, G_N_ELEMENTS(test->own));
  fill(&of_index, test->of_index, G_N_ELEMENTS(test->of_index));
  own.incomplete = test->incomplete;
  if (test->problem != NULL) {
    own.seen++;
    g_ptr_array_add(own.problems, (void *)(uintptr_t)test->problem);
  }
  g_autoptr(GPtrArray) indexes = g_ptr_array_new();
  if (of_index.seen > 0)
    g_ptr_array_add(indexes, &of_index);
  g_autoptr(PolicySet) set = parse(test->rule);
  PolicyInput input = {.repository = "team/app",
                       .reference = "v1",
                       .scan_state = SCAN_NOT_APPLICABLE,
                       .artifact = test->artifact,
                       .signatures = test->not_looked_at ? NULL : &own,
                       .of_indexes = indexes,
                       .now = NOW};
  g_assert_true(policy_set_wants_signatures(set, "team/app"));
  g_autoptr(Verdict) verdict = policy_judge(set, &input);
  g_autoptr(Verdict) alone = policy_judge_signatures(set, &input);
  g_assert_cmpstr(verdict->message, ==, alone->message);
  check_parts(verdict->message, test->message);
  check_parts(verdict->warnings->len == 0 ? NULL : g_ptr_array_index(verdict->warnings, 0),
              test->warnings);
  g_assert_cmpint(verdict->allowed, ==, test->allowed);
  g_assert_cmpint(verdict->expires, ==, test->expires);
  clear(&own);
  clear(&of_index);
}

/* What is wrong in a rule. */
static void
test_broken_rules(void)
{
  static const struct {
    const char *rule, *complaint;
  } rules[] = {
      {"{}", "name `attestors` that must sign, or `attestations`"},
      {"[]", "must have at least 1 entry"},
      {"{attestors: [a, b], require: 3}", "require: is 3, but there are 2 attestors"},
      {"{attestors: a, require: none}", "must be all, any, or how many"},
      {"{attestors: a, mode: off}", "mode: must be enforce, warn or dry-run"},
      {"[a, a]", "the attestor \"a\" is there twice"},
      {"{attestations: [slsa]}", "say by which `attestors` the attestation \"slsa\" is"},
      {"{attestors: a, attestations: [nothing]}",
       "must be vuln, slsa, spdx, cyclonedx, or the URI"},
      {"{attestors: a, annotations: {}}", "must have at least 1 entry"},
      {"{attestors: a, annotations: {a: }}", "annotations.a: has no value"},
      {"{attestors: a, annotations: {a: [b]}}", "annotations.a: must be one word"},
      {"{attestors: a, annotations: x}", "must be KEY: VALUE"},
      {"{attestors: a, atestations: slsa}", "did you mean \"attestations\""},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *text =
        g_strdup_printf("policies: [{name: p, namespaces: ['**'], signatures: %s}]", rules[i].rule);
    g_autoptr(PolicySet) set =
        policy_set_parse(slice_from_string(text), "policy.yaml", NULL, &error);
    g_assert_null(set);
    check_parts(error->message, rules[i].complaint);
  }
}

/* Other checks and exemptions beside it. */
static void
test_beside_others(void)
{
  g_autoptr(GPtrArray) third_party = g_ptr_array_new();
  g_ptr_array_add(third_party, (gpointer)(uintptr_t) "a 1 (A)");
  PolicyInput input = {.repository = "team/app",
                       .reference = "v1",
                       .scan_state = SCAN_DONE,
                       .third_party = third_party,
                       .now = NOW};
  static const struct {
    const char *text;
    bool allowed;
    const char *message, *warning;
  } sets[] = {
      {"policies: [{name: p, namespaces: ['**'], signatures: a, third_party: block}]", false,
       "it is not signed by \"a\"|1 package is not", NULL},
      {"policies: [{name: p, namespaces: ['**'], signatures: {attestors: a, mode: dry-run}, "
       "third_party: block}]",
       false, "refuses|1 package is not", "in a dry run: it is not signed by \"a\""},
      {"policies: [{name: p, namespaces: ['**'], signatures: a}]\nexemptions: [{rules: signatures, "
       "repositories: team/*, reason: old, expires: 2027-06-30}]",
       true, NULL, "it is not signed by \"a\""},
      {"policies: [{name: p, namespaces: ['**'], signatures: a}]\nexemptions: [{rules: signatures, "
       "repositories: team/*, reason: old, expires: 2026-06-30}]",
       false, "the exemption of signatures ended on 2026-06-30 (old)", NULL},
      {"policies: [{name: p, namespaces: ['**'], mode: dry-run, signatures: a}]", true,
       "would refuse", NULL},
      {"policies: [{name: p, namespaces: ['other/**'], signatures: a}]", true, NULL, NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(sets); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(PolicySet) set =
        policy_set_parse(slice_from_string(sets[i].text), "policy.yaml", NULL, &error);
    g_assert_no_error(error);
    g_autoptr(Verdict) verdict = policy_judge(set, &input);
    g_assert_cmpint(verdict->allowed, ==, sets[i].allowed);
    check_parts(verdict->message, sets[i].message);
    check_parts(verdict->warnings->len == 0 ? NULL : g_ptr_array_index(verdict->warnings, 0),
                sets[i].warning);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strconcat("/verdict/signatures/", cases[i].name, NULL);
    g_test_add_data_func(path, &cases[i], test_case);
  }
  g_test_add_func("/verdict/signatures/broken rules", test_broken_rules);
  g_test_add_func("/verdict/signatures/beside others", test_beside_others);
  return g_test_run();
}
