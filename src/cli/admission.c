/* `assay admission`: what a cluster needs to ask before it runs an image: certificates, the
 * webhooks' configuration, and a question by hand. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "admission/certificates.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cli/admission_manifests.h"
#include "cli/command.h"
#include "cli/server_client.h"

#define FILE_MAX ((size_t)1024 * 1024)
/* The names of the files, as a Secret of the type kubernetes.io/tls has them. */
#define AUTHORITY     "ca.crt"
#define AUTHORITY_KEY "ca.key"
#define SERVER        "tls.crt"
#define SERVER_KEY    "tls.key"
/* A cluster trusts the authority by hand: it lives long. */
#define AUTHORITY_DAYS 3650u
/* A certificate that ends sooner is made anew. */
#define RENEW_DAYS 30u

/* --- certs --- */

static char *out_option, *secret_option;
static char **name_option;
static int days_option = 365;
static gboolean renew_option;

static char *
read_text(const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, FILE_MAX, error);
  return bytes == NULL ? NULL : slice_to_utf8(slice_from_bytes(bytes));
}

static bool
write_text(const char *folder, const char *name, const char *text, mode_t mode, GError **error)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  return file_replace(AT_FDCWD, path, slice_from_string(text), mode, error);
}

static bool
write_pair(const char *folder, const char *certificate, const char *key,
           const CertificatePair *pair, GError **error)
{
  return write_text(folder, key, pair->key, 0600, error) &&
         write_text(folder, certificate, pair->certificate, 0644, error);
}

/* That of the folder; made where there is none. */
static bool
take_authority(const char *folder, CertificatePair *authority, GError **error)
{
  g_autoptr(GError) missing = NULL;
  authority->certificate = read_text(folder, AUTHORITY, &missing);
  if (authority->certificate != NULL) {
    authority->key = read_text(folder, AUTHORITY_KEY, error);
    return authority->key != NULL;
  }
  if (!g_error_matches(missing, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
    g_propagate_error(error, g_steal_pointer(&missing));
    return false;
  }
  return certificate_make_authority("Assay admission", AUTHORITY_DAYS, authority, error) &&
         write_pair(folder, AUTHORITY, AUTHORITY_KEY, authority, error);
}

/* *made: whether the one that is there is not fresh. */
static bool
take_server(const char *folder, const CertificatePair *authority, bool *made, GError **error)
{
  g_auto(CertificatePair) server = {NULL};
  g_autofree char *why = NULL, *present = read_text(folder, SERVER, NULL);
  const char *const *names = (const char *const *)name_option;
  *made = renew_option || present == NULL ||
          !certificate_is_fresh(present, authority->certificate, names, RENEW_DAYS, &why);
  if (*made && why != NULL)
    command_tell("%s is made anew: %s", SERVER, why);
  return !*made ||
         (certificate_make_server(authority, names, (unsigned)days_option, &server, error) &&
          write_pair(folder, SERVER, SERVER_KEY, &server, error));
}

/* The files as a Secret, for `kubectl apply`. */
static int
print_secret(const char *folder)
{
  static const char *const files[] = {AUTHORITY, SERVER, SERVER_KEY};
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) name = g_strsplit(secret_option, "/", 2);
  if (name[0] == NULL || name[1] == NULL)
    return command_usage_error("admission certs: --secret is NAMESPACE/NAME");
  g_autoptr(json_t) data = json_object();
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autofree char *text = read_text(folder, files[i], &error);
    if (text == NULL)
      return command_fail(error);
    g_autofree char *encoded = g_base64_encode((const guchar *)text, strlen(text));
    json_set_string(data, files[i], encoded);
  }
  g_autoptr(json_t) secret =
      json_pack("{s:s,s:s,s:{s:s,s:s},s:s,s:O}", "apiVersion", "v1", "kind", "Secret", "metadata",
                "name", name[1], "namespace", name[0], "type", "kubernetes.io/tls", "data", data);
  command_print_json(secret);
  return command_end_output(EXIT_FINE);
}

static int
run_certs(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_auto(CertificatePair) authority = {NULL};
  const char *folder = out_option != NULL ? out_option : ".";
  bool made = false;
  if (name_option == NULL)
    return command_usage_error("admission certs: --name is needed, by which the API server finds "
                               "the webhook: assay.assay-system.svc");
  if (days_option < 1 || days_option > (int)AUTHORITY_DAYS)
    return command_usage_error("admission certs: --days is 1 to %u", AUTHORITY_DAYS);
  if (g_mkdir_with_parents(folder, 0700) != 0 || !take_authority(folder, &authority, &error) ||
      !take_server(folder, &authority, &made, &error)) {
    if (error == NULL)
      error_set(&error, ASSAY_ERROR_IO, "%s cannot be made", folder);
    return command_fail(error);
  }
  if (secret_option != NULL)
    return print_secret(folder);
  printf("%s/" SERVER " %s\n", folder, made ? "is made" : "is good, and stays");
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry certs_options[] = {
    {"name", 'n', 0, G_OPTION_ARG_STRING_ARRAY, &name_option,
     "By which the API server finds the webhook: a host or an address; several times", "NAME"},
    {"out", 'o', 0, G_OPTION_ARG_FILENAME, &out_option, "Where the files are (default: here)",
     "FOLDER"},
    {"days", 0, 0, G_OPTION_ARG_INT, &days_option, "So long it is good (default: 365)", "DAYS"},
    {"renew", 0, 0, G_OPTION_ARG_NONE, &renew_option, "Make it anew, whatever is there", NULL},
    {"secret", 0, 0, G_OPTION_ARG_STRING, &secret_option, "Print it as a Secret, for kubectl apply",
     "NAMESPACE/NAME"},
    {NULL}};

static const Command certs_subcommand = {
    .name = "certs",
    .summary = "Make or renew the certificate that a cluster trusts",
    .arguments = "",
    .help =
        "Makes an authority (ca.crt, ca.key) and a certificate by it (tls.crt, tls.key). What is\n"
        "there and is good for thirty days stays, so it can run every day; the authority stays\n"
        "in any case, and so does what the cluster was told to trust.\n"
        "\n"
        "Examples:\n"
        "  assay admission certs --name assay.assay-system.svc --out certs\n"
        "  assay admission certs --name 10.0.0.5 --name registry.example.com --out certs\n"
        "  assay admission certs --name assay.assay-system.svc --out certs \\\n"
        "      --secret assay-system/assay-tls | kubectl apply -f -",
    .options = certs_options,
    .run = run_certs};

/* --- manifests --- */

static char *cluster_option, *url_option, *service_option, *key_file_option, *authority_option,
    *failure_option;
static char **exempt_option;
static int timeout_option = 10;

static const GOptionEntry manifests_options[] = {
    {"cluster", 0, 0, G_OPTION_ARG_STRING, &cluster_option,
     "What the registry calls the cluster (default: default)", "NAME"},
    {"url", 'u', 0, G_OPTION_ARG_STRING, &url_option, "Where the registry is, from the API server",
     "https://HOST[:PORT]"},
    {"service", 0, 0, G_OPTION_ARG_STRING, &service_option, "The same, as a Service of the cluster",
     "NAMESPACE/NAME[:PORT]"},
    {"ca-file", 0, 0, G_OPTION_ARG_FILENAME, &authority_option,
     "The authority of its certificate (ca.crt), which the cluster will trust", "FILE"},
    {"key-file", 0, 0, G_OPTION_ARG_FILENAME, &key_file_option, "The key of the cluster", "FILE"},
    {"failure-policy", 0, 0, G_OPTION_ARG_STRING, &failure_option,
     "What becomes of objects while the registry is away (default: Fail)", "Fail|Ignore"},
    {"timeout", 0, 0, G_OPTION_ARG_INT, &timeout_option,
     "How long the API server waits (default: 10)", "SECONDS"},
    {"exempt", 0, 0, G_OPTION_ARG_STRING_ARRAY, &exempt_option,
     "A namespace of which nothing is asked; several times", "NAMESPACE"},
    {NULL}};

static int
run_manifests(char **arguments)
{
  g_autoptr(GError) error = NULL;
  const AdmissionManifests asked = {.cluster = cluster_option,
                                    .url = url_option,
                                    .service = service_option,
                                    .authority_file = authority_option,
                                    .key_file = key_file_option,
                                    .failure_policy = failure_option,
                                    .timeout = timeout_option,
                                    .exempt = (const char *const *)exempt_option};
  g_autoptr(json_t) list = admission_manifests(&asked, &error);
  if (list == NULL && g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_INVALID))
    return command_usage_error("admission manifests: %s", error->message);
  if (list == NULL)
    return command_fail(error);
  command_print_json(list);
  return command_end_output(EXIT_FINE);
}

static const Command manifests_subcommand = {
    .name = "manifests",
    .summary = "Print what tells a cluster to ask",
    .arguments = "",
    .help =
        "The two webhooks' configurations, as JSON for `kubectl apply -f -`. Namespaces of the\n"
        "system, assay-system and those of --exempt are not asked of, so that a cluster can start\n"
        "without the registry, and the registry in it.\n"
        "\n"
        "Examples:\n"
        "  assay admission manifests --cluster production --url https://registry.example.com \\\n"
        "      --key-file production.key | kubectl apply -f -\n"
        "  assay admission manifests --service assay-system/assay --ca-file certs/ca.crt",
    .options = manifests_options,
    .run = run_manifests};

/* --- check --- */

static char *format_option, *namespace_option, *user_option, *check_cluster_option;

static int
print_response(const json_t *response, bool json)
{
  bool allowed = json_get_boolean(response, "allowed", false);
  size_t i;
  const json_t *warning;
  if (json) {
    command_print_json(response);
    return command_end_output(allowed ? EXIT_FINE : EXIT_REFUSED);
  }
  printf("%s\n", allowed ? "admitted" : "refused");
  const char *message = json_get_string(json_object_get(response, "status"), "message");
  if (message != NULL)
    printf("  %s\n", message);
  json_array_foreach(json_get_array(response, "warnings"), i, warning)
    printf("  warning: %s\n", json_string_value(warning));
  return command_end_output(allowed ? EXIT_FINE : EXIT_REFUSED);
}

static int
run_check(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_autoptr(json_t) review =
      admission_review_of(arguments[0], namespace_option, user_option, &error);
  g_autoptr(ServerClient) client = review == NULL ? NULL : server_client_new(NULL, &error);
  if (client == NULL)
    return command_fail(error);
  g_autofree char *path =
      g_strconcat("/admission/validate/",
                  check_cluster_option != NULL ? check_cluster_option : "default", NULL);
  g_autofree char *body = json_to_text(review);
  g_autoptr(json_t) answer = server_post(client, path, slice_from_string(body), &error);
  if (answer == NULL)
    return command_fail(error);
  return print_response(json_object_get(answer, "response"), json);
}

static const GOptionEntry check_options[] = {
    SERVER_OPTIONS(""),
    FORMAT_OPTION("text"),
    {"cluster", 0, 0, G_OPTION_ARG_STRING, &check_cluster_option,
     "For which cluster (default: default)", "NAME"},
    {"namespace", 'n', 0, G_OPTION_ARG_STRING, &namespace_option,
     "In which of its namespaces (default: that of the object, or default)", "NAMESPACE"},
    {"user", 0, 0, G_OPTION_ARG_STRING, &user_option, "As which of its users", "USER"},
    {NULL}};

static const Command check_subcommand = {
    .name = "check",
    .summary = "Ask whether an object would be admitted",
    .arguments = "FILE",
    .help = "Asks as a dry run: nothing is remembered of it. FILE is an object as JSON, \"-\" "
            "standard\n"
            "input. Exit code 1: it would be refused.\n"
            "\n"
            "Examples:\n"
            "  kubectl create --dry-run=client -o json -f web.yaml | assay admission check -\n"
            "  assay admission check --cluster production web.json",
    .options = check_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_check};

static const Command *const subcommands[] = {&certs_subcommand, &manifests_subcommand,
                                             &check_subcommand, NULL};

const Command admission_command = {
    .name = "admission",
    .summary = "Let clusters of Kubernetes ask what may run",
    .arguments = "",
    .help = "Examples:\n"
            "  assay admission certs --name assay.assay-system.svc --out certs\n"
            "  assay admission manifests --service assay-system/assay --ca-file certs/ca.crt\n"
            "  assay admission check web.json",
    .subcommands = subcommands};
