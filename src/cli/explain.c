/* `assay explain`: why an image has a vulnerability or what a rule finds, or why not, without a
 * server. */
#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/image_documents.h"
#include "cli/report_options.h"
#include "cli/scan_malware.h"
#include "cli/scan_setup.h"
#include "cli/terminal_progress.h"
#include "inventory/rule.h"
#include "report/explanation.h"
#include "verdict/exemption.h"
#include "verdict/judge.h"
#include "verdict/policy.h"

static char *format_option, *output_option, *package_option, *policy_option, *repository_option;

static const GOptionEntry options[] = {FORMAT_OPTION("table"),
                                       {"package", 'p', 0, G_OPTION_ARG_STRING, &package_option,
                                        "Only this package, or the packages of this source",
                                        "NAME"},
                                       {"policy", 0, 0, G_OPTION_ARG_FILENAME, &policy_option,
                                        "Show what this policy file exempts, too", "FILE"},
                                       {"repository", 0, 0, G_OPTION_ARG_STRING, &repository_option,
                                        "As if pulled from this repository (default: that of "
                                        "docker://)",
                                        "NAME"},
                                       {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output_option,
                                        "Write it here instead of to standard output (-)", "FILE"},
                                       MALWARE_OPTIONS,
                                       SCAN_OPTIONS,
                                       {NULL}};

/* --- who says otherwise --- */

static void
add_exception(GPtrArray *exceptions, const Finding *finding, const char *by, char *text, bool holds,
              const char *overruled)
{
  ExplainedException *exception = g_new0(ExplainedException, 1);
  *exception = (ExplainedException){
      .finding = finding, .by = by, .text = text, .holds = holds, .overruled = g_strdup(overruled)};
  g_ptr_array_add(exceptions, exception);
}

/* Each document's own statement, beside the one that counts. */
static void
add_vex(GPtrArray *exceptions, const ScanSetup *setup, const VexImage *image,
        const Finding *finding)
{
  const VexDocument *counting = NULL;
  const GPtrArray *documents = vex_set_documents(setup->vex);
  const VexStatement *counts = vex_set_find(setup->vex, image, finding, &counting);
  for (guint i = 0; i < documents->len; i++) {
    const VexDocument *of = g_ptr_array_index(documents, i);
    const VexStatement *statement = vex_find(of, image, finding);
    if (statement == NULL)
      continue;
    bool holds = statement == counts && vex_suppresses(statement);
    add_exception(exceptions, finding, of->name, vex_in_words(statement, of), holds,
                  holds                 ? NULL
                  : statement == counts ? "it says that the package is affected, or may be"
                                        : "a newer statement counts");
  }
}

/* The exemption of the policy (NULL: there is none) that is asked first. */
static void
add_exemption(GPtrArray *exceptions, const PolicySet *policy, const char *repository,
              const Finding *finding)
{
  if (policy == NULL)
    return;
  int64_t now = g_get_real_time();
  g_autoptr(GPtrArray) exemptions = policy_set_exemptions(policy, repository);
  const Exemption *exemption = exemption_find(exemptions, finding_rule(finding), finding, now);
  if (exemption == NULL)
    return;
  bool ended = exemption_ended(exemption, now);
  g_autofree char *what = exemption_in_words(exemption);
  g_autofree char *end = exemption_end_in_words(exemption->expires);
  g_autofree char *overruled = ended ? g_strdup_printf("it ended on %s", end) : NULL;
  bool endless = exemption->expires == 0;
  char *text = g_strdup_printf("%s: %s%s%s", what, exemption->reason,
                               ended || endless ? "" : ", until ", ended || endless ? "" : end);
  add_exception(exceptions, finding, policy_set_origin(policy).file, text, !ended, overruled);
  ((ExplainedException *)g_ptr_array_index(exceptions, exceptions->len - 1))->of_policy = true;
}

/* @documents: ImageDocument, which live as long as @exceptions. */
static void
add_untrusted(GPtrArray *exceptions, const GPtrArray *documents, const Finding *finding)
{
  for (guint i = 0; i < documents->len; i++) {
    const ImageDocument *document = g_ptr_array_index(documents, i);
    add_exception(exceptions, finding, document->name, g_strdup(document->what), false,
                  "it is not trusted yet, and was not read: whoever may push puts it there");
  }
}

/* (transfer full): ExplainedException */
static GPtrArray *
exceptions_of(const ScanSetup *setup, const PolicySet *policy, const VexImage *image,
              const MatchResult *matched, const GPtrArray *findings, const GPtrArray *beside)
{
  GPtrArray *exceptions = g_ptr_array_new_with_free_func((GDestroyNotify)explained_exception_free);
  g_autofree char *repository = scan_setup_repository(repository_option, image->target);
  const GPtrArray *documents = vex_set_documents(setup->vex);
  g_autoptr(GPtrArray) ignored = NULL;
  g_autoptr(GPtrArray) left = scan_setup_suppress(setup, repository, image, matched, &ignored);
  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    add_vex(exceptions, setup, image, finding);
    add_exemption(exceptions, policy, repository, finding);
    add_untrusted(exceptions, beside, finding);
    for (guint j = 0; j < ignored->len; j++) {
      const IgnoredFinding *each = g_ptr_array_index(ignored, j);
      bool by_vex = false;
      for (guint k = 0; k < documents->len; k++)
        by_vex |= ((const VexDocument *)g_ptr_array_index(documents, k))->name == each->file;
      if (each->finding == finding && !by_vex)
        add_exception(exceptions, finding, each->file, g_strdup(finding->exempt_reason), true,
                      NULL);
    }
  }
  return exceptions;
}

/* (transfer container) */
static GPtrArray *
findings_of(const Explanation *explanation)
{
  GPtrArray *findings = g_ptr_array_new();
  for (guint i = 0; i < explanation->packages->len; i++) {
    const ExplainedPackage *package = g_ptr_array_index(explanation->packages, i);
    if (package->finding != NULL)
      g_ptr_array_add(findings, (void *)(uintptr_t)package->finding);
  }
  return findings;
}

static unsigned
output_width(void)
{
  bool to_file = output_option != NULL && strcmp(output_option, "-") != 0;
  return to_file ? 0 : terminal_width();
}

/* --- what is no vulnerability --- */

/* Why a rule on malicious files may have found less than there is. */
static void
add_gaps_of_clamav(const char *id, GPtrArray *gaps)
{
  const Rule *rule = rule_find_any(id);
  char *note = scan_malware_note();
  char *unasked = strcmp(id, "clamav") == 0 ? scan_malware_unasked() : NULL;
  if (note != NULL && rule != NULL && rule->kind == OBSERVED_MALWARE)
    g_ptr_array_add(gaps, g_steal_pointer(&note));
  if (unasked != NULL)
    g_ptr_array_add(gaps, unasked);
  g_free(note);
}

/* What the policy says of the findings alone. (transfer full) */
static Verdict *
judge(const PolicySet *policy, const VexImage *image, const GPtrArray *findings)
{
  g_autofree char *repository = scan_setup_repository(repository_option, image->target);
  const PolicyInput input = {.repository = repository,
                             .reference = image->target,
                             .scan_state = SCAN_DONE,
                             .findings = findings,
                             .artifact = true, /* signatures are no matter here */
                             .now = g_get_real_time()};
  return policy_judge(policy, &input);
}

/* *code: as the command ends. False: @id is no rule that is known. */
static bool
explain_rule(const ScanSetup *setup, const PolicySet *policy, const ImageSource *source,
             const ImageInventory *inventory, const char *id, bool json, int *code)
{
  g_autoptr(MatchResult) observed = match_observed(inventory);
  g_autoptr(GPtrArray) findings = g_ptr_array_new(), beside = g_ptr_array_new();
  for (guint i = 0; i < observed->findings->len; i++)
    if (strcmp(((const Finding *)g_ptr_array_index(observed->findings, i))->id, id) == 0)
      g_ptr_array_add(findings, g_ptr_array_index(observed->findings, i));
  if (rule_find_any(id) == NULL && findings->len == 0)
    return false;
  add_gaps_of_clamav(id, observed->gaps);
  const VexImage image = scan_setup_image(source, inventory);
  g_autoptr(GPtrArray) exceptions =
      exceptions_of(setup, policy, &image, observed, findings, beside);
  g_autoptr(Verdict) verdict = policy == NULL ? NULL : judge(policy, &image, findings);
  Report document = source_options_report(source, inventory);
  document.findings = findings;
  document.gaps = observed->gaps;
  document.verdict = verdict;
  const RuleExplanation explained = {&document, id, exceptions};
  g_autoptr(json_t) object = json ? rule_explanation_to_json(&explained) : NULL;
  g_autofree char *text =
      json ? json_to_pretty_text(object) : rule_explanation_to_text(&explained, output_width());
  terminal_progress_end();
  *code = report_text_write(text, output_option);
  return true;
}

/* --- the command --- */

static int
write_report(const ExplanationReport *report, bool json)
{
  g_autoptr(json_t) object = json ? explanation_to_json(report) : NULL;
  g_autofree char *text =
      json ? json_to_pretty_text(object) : explanation_to_text(report, output_width());
  terminal_progress_end();
  return report_text_write(text, output_option);
}

/* Names of CVE and malware are written in capitals, and of GitHub so in their beginning. (transfer
 * full) */
static char *
as_feeds_write(const char *id)
{
  static const char *const starts[] = {"CVE-", "MAL-", "GHSA-"};
  for (size_t i = 0; i < G_N_ELEMENTS(starts); i++)
    if (g_ascii_strncasecmp(id, starts[i], strlen(starts[i])) == 0) {
      g_autofree char *rest = i == 2 ? g_ascii_strdown(id + strlen(starts[i]), -1)
                                     : g_ascii_strup(id + strlen(starts[i]), -1);
      return g_strconcat(starts[i], rest, NULL);
    }
  return g_strdup(id);
}

static int
explain(const ScanSetup *setup, const PolicySet *policy, char **arguments, bool json,
        GError **error)
{
  g_autoptr(ImageSource) source = scan_setup_source(setup, arguments[0], error);
  g_autoptr(ImageInventory) inventory =
      source == NULL ? NULL : scan_setup_layers(setup, source, error);
  int code = EXIT_ERROR;
  if (inventory != NULL &&
      explain_rule(setup, policy, source, inventory, arguments[1], json, &code))
    return code;
  g_autoptr(AdvisoryDatabase) database =
      inventory == NULL ? NULL : scan_setup_database(setup, false, error);
  g_autoptr(MatchResult) matched =
      database == NULL ? NULL : match_image(database, inventory, error);
  if (matched == NULL)
    return EXIT_ERROR;
  g_autofree char *id = as_feeds_write(arguments[1]);
  g_autoptr(Explanation) explanation =
      explain_image(database, inventory, matched, id, package_option, error);
  g_autoptr(GPtrArray) feeds =
      explanation == NULL ? NULL : advisory_database_feeds(database, error);
  if (feeds == NULL)
    return EXIT_ERROR;
  const VexImage image = scan_setup_image(source, inventory);
  g_autoptr(GError) unlisted = NULL;
  g_autoptr(GPtrArray) beside = image_documents_list(setup, source, &unlisted);
  if (beside == NULL) {
    command_tell("what lies beside the image is not known: %s", unlisted->message);
    beside = g_ptr_array_new();
  }
  g_autoptr(GPtrArray) findings = findings_of(explanation);
  g_autoptr(GPtrArray) exceptions = exceptions_of(setup, policy, &image, matched, findings, beside);
  Report document = source_options_report(source, inventory);
  document.gaps = matched->gaps;
  const ExplanationReport report = {.report = &document,
                                    .asked = arguments[1],
                                    .package = package_option,
                                    .explanation = explanation,
                                    .exceptions = exceptions,
                                    .feeds = feeds,
                                    .now = g_get_real_time()};
  return write_report(&report, json);
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  if (*arguments[1] == '\0' || strpbrk(arguments[1], " \t\n") != NULL)
    return command_usage_error(
        "\"%s\" is no name of a vulnerability, such as CVE-2022-0778, nor of a "
        "rule",
        arguments[1]);
  g_auto(ScanSetup) setup = {0};
  if (!scan_setup_read(&setup, &error))
    return command_fail(error);
  g_autoptr(PolicySet) policy = NULL;
  if (policy_option != NULL && (policy = policy_set_load(policy_option, &error)) == NULL)
    return command_fail(error);
  int code = explain(&setup, policy, arguments, json, &error);
  terminal_progress_end();
  return error != NULL ? command_fail(error) : code;
}

const Command explain_command = {
    .name = "explain",
    .summary = "Say why an image has a vulnerability, or why not",
    .arguments = "TARGET VULNERABILITY|RULE",
    .help =
        "TARGET is what `assay scan` takes; VULNERABILITY a CVE number, another name of it\n"
        "(GHSA-...), or a vendor's advisory (DSA-...). For each package that an advisory concerns "
        "it\n"
        "tells where the package was found and whose it is, what each feed says of it, which\n"
        "version was compared with which range and by which order, what came of it, which VEX\n"
        "statements and ignore files hold or are overruled, and what --policy exempts.\n\n"
        "Where the image does not have it, it says why: the package is not there, its version is\n"
        "outside of the ranges, the distribution says so, no feed covers it, or it is not known.\n"
        "--package also tells of a package that no advisory names.\n\n"
        "A rule (github-pat, user-root) may be named, too: of secrets, malicious files, weak\n"
        "settings and how the image is made. It needs no advisories.\n\n"
        "Exit codes: 0 it is explained, whatever the answer; 2 an error.\n\n"
        "Examples:\n"
        "  assay explain docker://docker.io/library/debian:11 CVE-2022-0778\n"
        "  assay explain --package openssl --format json oci:image:latest CVE-2022-0778",
    .options = options,
    .least_arguments = 2,
    .most_arguments = 2,
    .run = run,
};
