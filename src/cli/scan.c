/* `assay scan`: an image, wherever it lies, without a server. */
#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/report_options.h"
#include "cli/scan_base.h"
#include "cli/scan_dockerfile.h"
#include "cli/scan_layers.h"
#include "cli/scan_malware.h"
#include "cli/scan_setup.h"
#include "cli/signature_options.h"
#include "cli/terminal_progress.h"
#include "inventory/image.h"
#include "source/source.h"
#include "verdict/judge.h"
#include "verdict/match.h"

static char *output_option, *policy_option, *repository_option, *dockerfile_option, *base_option;
static int exit_code_option;
static gboolean allow_incomplete_option, list_packages_option, show_ignored_option,
    include_development_option;

static const GOptionEntry options[] = {
    REPORT_OPTIONS("table,json,sarif,junit,markdown,template,cyclonedx,spdx"),
    {"base", 0, 0, G_OPTION_ARG_STRING, &base_option,
     "Say which findings come from this image, which TARGET was built on", "IMAGE"},
    {"dockerfile", 0, 0, G_OPTION_ARG_FILENAME, &dockerfile_option,
     "Scan how an image is built instead: a Dockerfile, or standard input (-)", "FILE"},
    {"list-packages", 0, 0, G_OPTION_ARG_NONE, &list_packages_option,
     "List all packages, too (table and JSON)", NULL},
    {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output_option,
     "Write the report here instead of to standard output (-)", "FILE"},
    {"show-ignored", 0, 0, G_OPTION_ARG_NONE, &show_ignored_option, "List what is ignored, and why",
     NULL},
    {"policy", 'p', 0, G_OPTION_ARG_FILENAME, &policy_option,
     "Judge by this policy file, or by the built-in `strict`", "FILE|strict"},
    {"repository", 0, 0, G_OPTION_ARG_STRING, &repository_option,
     "Judge as if pulled from this repository (default: that of docker://)", "NAME"},
    {"secret-config", 0, 0, G_OPTION_ARG_FILENAME, &scan_option_secret_config,
     "Rules and allowlists for secrets, as gitleaks has them", "FILE"},
    {"secret-comments", 0, 0, G_OPTION_ARG_NONE, &scan_option_secret_comments,
     "No secret is in a line with `gitleaks:allow`, whoever wrote it", NULL},
    MALWARE_OPTIONS,
    {"exit-code", 0, 0, G_OPTION_ARG_INT, &exit_code_option,
     "The exit code when there are findings, or may be for what is not known (default 0)", "N"},
    {"include-dev-deps", 0, 0, G_OPTION_ARG_NONE, &include_development_option,
     "Also packages that lock files name for development alone", NULL},
    {"allow-incomplete", 0, 0, G_OPTION_ARG_NONE, &allow_incomplete_option,
     "--exit-code asks for findings alone, whatever is not known of the image", NULL},
    SCAN_OPTIONS,
    {NULL}};

typedef struct {
  const char *target; /* NULL: a Dockerfile is scanned */
  ReportOptions options;
  ScanSetup setup;
  PolicySet *policy; /* or NULL */
  ReportBase *base;  /* or NULL: --base is not given */
} Scan;

/* --- the parts of a scan --- */

/* Of what lies in no registry there are none, and none is taken for granted. */
static bool
read_signatures(const Scan *scan, const VexImage *scanned, const char *repository,
                SignedImage *image, GError **error)
{
  Digest digest;
  bool remote = scanned->digest != NULL && g_str_has_prefix(scanned->target, "docker://");
  if (!remote || !policy_set_wants_signatures(scan->policy, repository))
    return true;
  progress_tell(scan->setup.progress, "reading signatures", 0, 0);
  return signature_attestors_known(scan->policy, error) &&
         digest_parse(scanned->digest, &digest, error) &&
         signed_image_read(scanned->target, &digest, scan->setup.config, scan->policy, image,
                           error);
}

static Verdict *
judge(const Scan *scan, const VexImage *scanned, const MatchResult *matched, GError **error)
{
  const PolicySet *policy = scan->policy;
  const char *target = scanned->target;
  g_autofree char *repository = scan_setup_repository(repository_option, target);
  if (!policy_set_applies(policy, repository)) {
    error_set(error, ASSAY_ERROR_INVALID,
              "no policy of %s has a namespace for \"%s\": say with --repository from where the "
              "image would be pulled",
              policy_option, repository);
    return NULL;
  }
  g_auto(SignedImage) beside = {.signatures = NULL};
  if (!read_signatures(scan, scanned, repository, &beside, error))
    return NULL;
  /* As a registry knows it: not by the name of a host. */
  VexImage image = *scanned;
  image.target = NULL;
  PolicyInput input = {.repository = repository,
                       .reference = target,
                       .scan_state = SCAN_DONE,
                       .findings = matched->findings,
                       .image = &image,
                       .gaps = matched->gaps,
                       .third_party = matched->third_party,
                       .end_of_life = matched->end_of_life,
                       .life_ends = matched->life_ends,
                       .ended = matched->ended,
                       .next_ends = matched->next_ends,
                       .signatures = beside.signatures,
                       .of_indexes = beside.of_indexes,
                       .now = g_get_real_time()};
  for (guint i = 0; i < matched->findings->len; i++) {
    Finding *finding = g_ptr_array_index(matched->findings, i);
    finding->exempt_reason = policy_set_takes_out(policy, repository, &image, finding, input.now,
                                                  &finding->exempt_until);
  }
  return policy_judge(policy, &input);
}

/* What is not among the findings. */
static void
note_ruled_out(const MatchResult *matched, guint left_out)
{
  guint unlinked = matched->unlinked, ruled_out = matched->not_affected->len - unlinked;
  if (left_out > 0)
    g_ptr_array_add(matched->notes,
                    g_strdup_printf("%u packages are for development alone, as lock files say, and "
                                    "are left out; --include-dev-deps takes them in",
                                    left_out));
  if (unlinked > 0)
    g_ptr_array_add(matched->notes,
                    g_strdup_printf("%u vulnerabilities are in functions of Go that none of the "
                                    "programs has; --format json lists them (not_affected)",
                                    unlinked));
  if (ruled_out > 0)
    g_ptr_array_add(matched->notes,
                    g_strdup_printf("%u vulnerabilities were looked at by the distribution and do "
                                    "not affect these packages; --format json lists them",
                                    ruled_out));
}

/* --- the command --- */

/* What is to be shown, borrowed, with what is hidden told in the notes. *@ignored: IgnoredFinding.
 */
static GPtrArray *
filter(const Scan *scan, const VexImage *image, const MatchResult *matched, GPtrArray **ignored)
{
  ReportOptions how = scan->options;
  g_autofree char *repository = scan_setup_repository(repository_option, image->target);
  if (scan->policy != NULL)
    how.unknown_as = policy_set_unknown_as(scan->policy, repository);
  g_autoptr(GPtrArray) findings =
      scan_setup_suppress(&scan->setup, repository, image, matched, ignored);
  return report_options_filter(&how, findings, matched->notes);
}

/* What was found. */
typedef struct {
  VexImage image;
  const MatchResult *matched;
  const char *database; /* generation of the advisories; NULL: none were asked */
  guint left_out;       /* packages for development */
  int64_t created;
} ScanFound;

static int
report(const Scan *scan, const ScanFound *found, GError **error)
{
  const VexImage image = found->image;
  const MatchResult *matched = found->matched;
  const ImageInventory *inventory = image.inventory;
  g_autoptr(Verdict) verdict = scan->policy == NULL ? NULL : judge(scan, &image, matched, error);
  if (scan->policy != NULL && verdict == NULL)
    return EXIT_ERROR;
  g_autoptr(GPtrArray) ignored = NULL;
  g_autoptr(GPtrArray) findings = filter(scan, &image, matched, &ignored);
  note_ruled_out(matched, found->left_out);
  g_autoptr(GPtrArray) layer_notes = scan_layer_notes(inventory);
  Report document = {.target = image.target,
                     .digest = image.digest,
                     .inventory = inventory,
                     .of_build = scan->target == NULL,
                     .base = scan->base,
                     .packages = inventory->packages->len,
                     .findings = findings,
                     .ignored = ignored,
                     .not_affected = matched->not_affected,
                     .third_party = matched->third_party,
                     .ended = matched->ended,
                     .gaps = matched->gaps,
                     .notes = matched->notes,
                     .layer_notes = layer_notes,
                     .verdict = verdict,
                     .database = found->database,
                     .created = found->created};
  terminal_progress_end();
  int code = report_options_write(&scan->options, &document, output_option);
  if (code == EXIT_FINE && verdict != NULL && !verdict->allowed)
    return EXIT_REFUSED;
  bool incomplete =
      (matched->gaps->len > 0 || matched->end_of_life != NULL) && !allow_incomplete_option;
  return code == EXIT_FINE && (findings->len > 0 || incomplete) ? exit_code_option : code;
}

/* Without advisories, of a format that lists what there is. */
static int
report_inventory(const Scan *scan, const ImageSource *source, const ImageInventory *inventory)
{
  Report document = source_options_report(source, inventory);
  terminal_progress_end();
  return report_options_write(&scan->options, &document, output_option);
}

static int
match_and_report(const Scan *scan, const ImageSource *source, const ImageInventory *inventory,
                 guint left_out, AdvisoryDatabase *database, GError **error)
{
  progress_tell(scan->setup.progress, "matching", 0, 0);
  g_autoptr(MatchResult) matched =
      database == NULL ? match_observed(inventory) : match_image(database, inventory, error);
  if (matched == NULL)
    return EXIT_ERROR;
  if (scan->base != NULL)
    scan_base_mark(scan->base, source, matched->findings);
  char *of_clamav = scan_malware_note();
  if (of_clamav != NULL)
    g_ptr_array_add(matched->notes, of_clamav);
  const ScanFound found = {.image = scan_setup_image(source, inventory),
                           .matched = matched,
                           .database =
                               database == NULL ? NULL : advisory_database_generation(database),
                           .left_out = left_out,
                           .created = source_options_created(source)};
  return report(scan, &found, error);
}

/* Without advisories and packages. */
static int
scan_build(const Scan *scan, GError **error)
{
  g_autoptr(ImageInventory) inventory =
      scan_dockerfile(dockerfile_option, scan->setup.config, error);
  if (inventory == NULL)
    return EXIT_ERROR;
  g_autoptr(MatchResult) matched = match_observed(inventory);
  const ScanFound found = {.image = {.target = dockerfile_option, .inventory = inventory},
                           .matched = matched};
  return report(scan, &found, error);
}

static int
scan_target(Scan *scan, GError **error)
{
  g_autoptr(ImageSource) source = scan_setup_source(&scan->setup, scan->target, error);
  if (source == NULL)
    return EXIT_ERROR;
  g_autoptr(ReportBase) base =
      base_option == NULL ? NULL : scan_base_open(&scan->setup, base_option, source, error);
  if (base_option != NULL && base == NULL)
    return EXIT_ERROR;
  scan->base = base;
  /* A target that is none is told before minutes of fetching. */
  bool optional =
      scan->options.writer->of_inventory && scan->policy == NULL && exit_code_option == 0;
  bool needed = scan->policy != NULL || report_options_want_advisories(&scan->options);
  g_autoptr(AdvisoryDatabase) database =
      needed ? scan_setup_database(&scan->setup, optional, error) : NULL;
  if (needed && database == NULL && (*error != NULL || !optional))
    return EXIT_ERROR;
  g_autoptr(ImageInventory) inventory = scan_setup_layers(&scan->setup, source, error);
  if (inventory == NULL)
    return EXIT_ERROR;
  /* A bill lists them with their mark. */
  guint left_out = include_development_option || scan->options.writer->of_inventory
                       ? 0
                       : image_inventory_drop_development(inventory);
  return needed && database == NULL
             ? report_inventory(scan, source, inventory)
             : match_and_report(scan, source, inventory, left_out, database, error);
}

/* A Dockerfile has no packages. False: that was told. */
static bool
check_subject(const Scan *scan)
{
  const ReportWriter *writer = scan->options.writer;
  if ((scan->target == NULL) == (dockerfile_option == NULL))
    command_usage_error(scan->target == NULL ? "say what to scan: TARGET, or --dockerfile FILE"
                                             : "--dockerfile is scanned instead of a TARGET");
  else if (dockerfile_option != NULL && base_option != NULL)
    command_usage_error("--dockerfile: no image was built yet, so that it has no --base");
  else if (dockerfile_option != NULL && (list_packages_option || writer->of_inventory))
    command_usage_error("--dockerfile: there are no packages for %s%s",
                        list_packages_option ? "--list-packages" : "--format ",
                        list_packages_option ? "" : writer->name);
  else
    return true;
  return false;
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  Scan scan = {.target = arguments[0]};
  if (!report_options_read(&scan.options))
    return EXIT_ERROR;
  if (list_packages_option && !scan.options.writer->lists_packages)
    return command_usage_error("--list-packages: the format %s lists no packages",
                               scan.options.writer->name);
  scan.options.style.list_packages = list_packages_option;
  scan.options.style.show_ignored = show_ignored_option;
  if (!check_subject(&scan))
    return EXIT_ERROR;
  if (exit_code_option < 0 || exit_code_option > 255)
    return command_usage_error("--exit-code: %d is not between 0 and 255", exit_code_option);
  g_auto(ScanSetup) setup = {0};
  if (!scan_setup_read(&setup, &error))
    return command_fail(error);
  g_autoptr(PolicySet) policy = NULL;
  if (policy_option != NULL && (policy = policy_set_load(policy_option, &error)) == NULL)
    return command_fail(error);
  scan.setup = setup;
  scan.policy = policy;
  int code = dockerfile_option != NULL ? scan_build(&scan, &error) : scan_target(&scan, &error);
  terminal_progress_end();
  return error != NULL ? command_fail(error) : code;
}

const Command scan_command = {
    .name = "scan",
    .summary = "Find the known vulnerabilities of an image, without a server",
    .arguments = "[TARGET]",
    .help =
        "TARGET is an image, as containers-transports(5) writes it:\n"
        "  docker://HOST/REPOSITORY[:TAG|@DIGEST]   in a registry\n"
        "  oci:FOLDER[:TAG]                         an OCI image layout\n"
        "  oci-archive:FILE[:TAG]                   the same in a tar\n"
        "  docker-archive:FILE[:REFERENCE]          from docker save or podman save\n"
        "  dir:FOLDER                               from skopeo copy\n"
        "  rootfs:FOLDER                            an unpacked system\n"
        "  sbom:FILE                                CycloneDX (JSON, XML) or SPDX (JSON, tags)\n"
        "  sbom:docker://...                        one in a registry, or beside an image there\n"
        "A path without one of these in front is what lies there, and a name that begins with a\n"
        "registry's host (registry.example.org/app:1) is docker://.\n\n"
        "--dockerfile FILE needs neither an image nor advisories: it finds what is weak in how one "
        "is\n"
        "built, by line. `# assay:ignore=RULE reason` above an instruction takes a finding out.\n\n"
        "Without a database of advisories the first scan fetches the feeds (`assay db update`),\n"
        "which takes some minutes; --offline and --db fetch nothing.\n\n"
        "What .assayignore.yaml and .trivyignore of this folder name is not shown and not counted "
        "by\n"
        "--exit-code; a policy judges it all the same.\n\n"
        "Of findings that a VEX document (--vex) says are not affected or fixed the same is true;\n"
        "--show-ignored lists them with the statement.\n\n"
        "Exit codes: 0 done; 1 the policy refuses; N of --exit-code there are findings that are\n"
        "shown, or something of the image is not known (no advisories for its distribution, no\n"
        "package database that could be read, past its end of life), and the policy does not\n"
        "refuse; 2 an error.\n\n"
        "Examples:\n"
        "  assay scan docker://docker.io/library/debian:11\n"
        "  assay scan --severity critical,high --ignore-unfixed oci:./image:latest\n"
        "  assay scan --format sarif --output app.sarif docker-archive:app.tar\n"
        "  assay scan --base docker://docker.io/library/debian:12 oci:./image:latest\n"
        "  assay scan --kind secret,malware rootfs:./build\n"
        "  assay scan --secret-config .gitleaks.toml --secret-comments oci:./image:latest\n"
        "  assay scan --yara-rules ./signature-base/yara --archive-depth 2 oci:./image:latest\n"
        "  assay scan --policy strict --repository team/app oci-archive:app.tar\n"
        "  assay scan --exit-code 3 rootfs:/\n"
        "  assay scan --exit-code 3 --dockerfile Dockerfile",
    .options = options,
    .most_arguments = 1,
    .run = run,
};
