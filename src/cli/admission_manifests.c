/* What `assay admission` makes for a cluster; see the header. */
#include "cli/admission_manifests.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "admission/admission_settings.h"
#include "admission/review.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"

#define FILE_MAX    ((size_t)1024 * 1024)
#define TIMEOUT_MAX 30 /* of an API server */

/* Of these the API server asks nothing: the cluster must start without the registry. */
static const char *const system_namespaces[] = {"kube-system", "kube-public", "kube-node-lease",
                                                "assay-system"};

/* --- where the registry is --- */

/* The end of the path: /CLUSTER, and the key. (transfer full) */
static char *
path_of(const AdmissionManifests *asked, const char *webhook, GError **error)
{
  const char *cluster = asked->cluster != NULL ? asked->cluster : ADMISSION_CLUSTER_DEFAULT;
  if (!admission_cluster_name_is_valid(cluster)) {
    error_set(error, ASSAY_ERROR_INVALID, "--cluster is of small letters, digits, \".\" and -");
    return NULL;
  }
  if (asked->key_file == NULL)
    return g_strdup_printf("/admission/%s/%s", webhook, cluster);
  g_autoptr(GBytes) key = file_read(AT_FDCWD, asked->key_file, FILE_MAX, error);
  if (key == NULL)
    return NULL;
  g_autofree char *text = slice_to_string(slice_from_bytes(key));
  text[strcspn(text, "\r\n")] = '\0';
  return g_strdup_printf("/admission/%s/%s/%s", webhook, cluster, text);
}

static bool
add_service(json_t *client, const char *text, const char *path, GError **error)
{
  g_auto(GStrv) parts = g_strsplit(text, "/", 2);
  uint64_t port = 443;
  if (parts[0] == NULL || parts[1] == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "--service is NAMESPACE/NAME[:PORT]");
  char *colon = strchr(parts[1], ':');
  if (colon != NULL) {
    *colon = '\0';
    if (!slice_to_uint64(slice_from_string(colon + 1), &port) || port > UINT16_MAX)
      return error_set(error, ASSAY_ERROR_INVALID, "--service: \"%s\" is no port", colon + 1);
  }
  json_object_set_new(client, "service",
                      json_pack("{s:s,s:s,s:I,s:s}", "namespace", parts[0], "name", parts[1],
                                "port", (json_int_t)port, "path", path));
  return true;
}

/* (transfer full) */
static json_t *
client_config(const AdmissionManifests *asked, const char *webhook, GError **error)
{
  g_autoptr(json_t) client = json_object();
  g_autofree char *path = path_of(asked, webhook, error);
  if (path == NULL)
    return NULL;
  if ((asked->url == NULL) == (asked->service == NULL)) {
    error_set(error, ASSAY_ERROR_INVALID, "one of --url and --service is needed");
    return NULL;
  }
  if (asked->url != NULL && !g_str_has_prefix(asked->url, "https://")) {
    error_set(error, ASSAY_ERROR_INVALID, "--url begins with https://, API servers take no other");
    return NULL;
  }
  g_autofree char *url =
      asked->url == NULL
          ? NULL
          : g_strconcat(asked->url, g_str_has_suffix(asked->url, "/") ? path + 1 : path, NULL);
  json_set_string(client, "url", url);
  if (asked->service != NULL && !add_service(client, asked->service, path, error))
    return NULL;
  if (asked->authority_file != NULL) {
    g_autoptr(GBytes) pem = file_read(AT_FDCWD, asked->authority_file, FILE_MAX, error);
    if (pem == NULL)
      return NULL;
    g_autofree char *encoded = g_base64_encode(g_bytes_get_data(pem, NULL), g_bytes_get_size(pem));
    json_set_string(client, "caBundle", encoded);
  }
  return g_steal_pointer(&client);
}

/* --- the configurations --- */

static json_t *
rule(const char *group, json_t *operations, json_t *resources)
{
  return json_pack("{s:[s],s:[s],s:o,s:o,s:s}", "apiGroups", group, "apiVersions", "*",
                   "operations", operations, "resources", resources, "scope", "Namespaced");
}

/* Only the validating one hears of deletions, and ends what ran. (transfer full) */
static json_t *
rules(bool deletions)
{
  g_autoptr(json_t) operations = deletions ? json_pack("[sss]", "CREATE", "UPDATE", "DELETE")
                                           : json_pack("[ss]", "CREATE", "UPDATE");
  return json_pack(
      "[ooo]",
      rule("", json_incref(operations),
           json_pack("[ssss]", "pods", "pods/ephemeralcontainers", "podtemplates",
                     "replicationcontrollers")),
      rule("apps", json_incref(operations),
           json_pack("[ssss]", "deployments", "replicasets", "statefulsets", "daemonsets")),
      rule("batch", json_incref(operations), json_pack("[ss]", "jobs", "cronjobs")));
}

/* (transfer full) */
static json_t *
selector(const AdmissionManifests *asked)
{
  json_t *names = json_array();
  for (size_t i = 0; i < G_N_ELEMENTS(system_namespaces); i++)
    json_array_append_new(names, json_string(system_namespaces[i]));
  for (const char *const *name = asked->exempt; name != NULL && *name != NULL; name++)
    json_array_append_new(names, json_string(*name));
  return json_pack("{s:[{s:s,s:s,s:o}]}", "matchExpressions", "key", "kubernetes.io/metadata.name",
                   "operator", "NotIn", "values", names);
}

/* (transfer full) */
static json_t *
configuration(const AdmissionManifests *asked, bool validates, GError **error)
{
  const char *webhook = validates ? "validate" : "mutate";
  json_t *client = client_config(asked, webhook, error);
  if (client == NULL)
    return NULL;
  const char *policy = asked->failure_policy != NULL ? asked->failure_policy : "Fail";
  g_autofree char *name = g_strconcat(webhook, ".admission.assay", NULL);
  json_t *one = json_pack("{s:s,s:o,s:o,s:o,s:s,s:s,s:s,s:[s],s:i}", "name", name, "clientConfig",
                          client, "rules", rules(validates), "namespaceSelector", selector(asked),
                          "failurePolicy", policy, "matchPolicy", "Equivalent", "sideEffects",
                          validates ? "NoneOnDryRun" : "None", "admissionReviewVersions", "v1",
                          "timeoutSeconds", asked->timeout);
  /* What another webhook adds afterwards is fixed to its digest as well. */
  if (!validates)
    json_object_set_new(one, "reinvocationPolicy", json_string("IfNeeded"));
  return json_pack("{s:s,s:s,s:{s:s},s:[o]}", "apiVersion", "admissionregistration.k8s.io/v1",
                   "kind",
                   validates ? "ValidatingWebhookConfiguration" : "MutatingWebhookConfiguration",
                   "metadata", "name", "assay", "webhooks", one);
}

json_t *
admission_manifests(const AdmissionManifests *asked, GError **error)
{
  const char *policy = asked->failure_policy;
  if (policy != NULL && strcmp(policy, "Fail") != 0 && strcmp(policy, "Ignore") != 0) {
    error_set(error, ASSAY_ERROR_INVALID, "--failure-policy is Fail or Ignore");
    return NULL;
  }
  if (asked->timeout < 1 || asked->timeout > TIMEOUT_MAX) {
    error_set(error, ASSAY_ERROR_INVALID, "--timeout is 1 to %d seconds", TIMEOUT_MAX);
    return NULL;
  }
  g_autoptr(json_t) mutating = configuration(asked, false, error);
  g_autoptr(json_t) validating = mutating == NULL ? NULL : configuration(asked, true, error);
  return validating == NULL ? NULL
                            : json_pack("{s:s,s:s,s:[OO]}", "apiVersion", "v1", "kind", "List",
                                        "items", mutating, validating);
}

/* --- a review by hand --- */

json_t *
admission_review_of(const char *file, const char *namespace, const char *user, GError **error)
{
  g_autoptr(GBytes) bytes = strcmp(file, "-") == 0 ? fd_read_all(STDIN_FILENO, FILE_MAX, error)
                                                   : file_read(AT_FDCWD, file, FILE_MAX, error);
  g_autoptr(json_t) object = bytes == NULL ? NULL : json_parse(slice_from_bytes(bytes), error);
  if (object == NULL) {
    g_prefix_error(error, "%s: ", file);
    return NULL;
  }
  const char *kind = json_get_string(object, "kind"),
             *version = json_get_string(object, "apiVersion");
  if (kind == NULL || version == NULL) {
    error_set(error, ASSAY_ERROR_INVALID, "%s: it is no object of Kubernetes as JSON", file);
    return NULL;
  }
  const char *slash = strchr(version, '/');
  g_autofree char *group =
      slash == NULL ? g_strdup("") : g_strndup(version, (size_t)(slash - version));
  const json_t *metadata = json_object_get(object, "metadata");
  const char *own = json_get_string(metadata, "namespace"),
             *name = json_get_string(metadata, "name");
  const char *space = namespace != NULL ? namespace : own != NULL ? own : "default";
  return json_pack("{s:s,s:s,s:{s:s,s:{s:s,s:s,s:s},s:s,s:s,s:s,s:{s:s},s:b,s:O}}", "apiVersion",
                   REVIEW_API_VERSION, "kind", REVIEW_KIND, "request", "uid", "check", "kind",
                   "group", group, "version", slash == NULL ? version : slash + 1, "kind", kind,
                   "operation", "CREATE", "namespace", space, "name", name != NULL ? name : "",
                   "userInfo", "username", user != NULL ? user : "", "dryRun", 1, "object", object);
}
