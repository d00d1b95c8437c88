/* The keys of `admission`; see the header. */
#include "admission/admission_settings.h"

#include <string.h>

#include "base/error.h"

#define CLUSTER_NAME_MAX 63u

static const char *const mode_names[] = {
    [ADMISSION_ENFORCE] = "enforce", [ADMISSION_WARN] = "warn", NULL};
static const char *const cluster_mode_names[] = {[ADMISSION_ENFORCE] = "enforce",
                                                 [ADMISSION_WARN] = "warn",
                                                 [ADMISSION_INHERIT] = "inherit",
                                                 NULL};
static const char *const elsewhere_names[] = {[ELSEWHERE_WARN] = "warn",
                                              [ELSEWHERE_ALLOW] = "allow",
                                              [ELSEWHERE_DENY] = "deny",
                                              [ELSEWHERE_VERIFY] = "verify",
                                              NULL};
static const char *const on_error_names[] = {"deny", "allow", NULL};

bool
admission_cluster_name_is_valid(const char *name)
{
  size_t size = strlen(name);
  return size > 0 && size <= CLUSTER_NAME_MAX && g_ascii_isalnum(*name) &&
         strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == size;
}

static bool
read_cluster_name(const Setting *setting, const char *text, void *value, GError **error)
{
  if (!admission_cluster_name_is_valid(text))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be of small letters, digits, \".\" and -, at most %u", CLUSTER_NAME_MAX);
  *(char **)value = g_strdup(text);
  return true;
}

static void
clear_name(void *value)
{
  g_clear_pointer((char **)value, g_free);
}
static const SettingKind cluster_name_kind = {.read = read_cluster_name, .clear = clear_name};

static bool
read_registry(const Setting *setting, const char *text, void *value, GError **error)
{
  g_autofree char *lower = g_ascii_strdown(text, -1);
  if (strspn(lower, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") != strlen(lower))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be HOST or HOST:PORT, as names of images have it");
  if (g_str_has_suffix(lower, ":443"))
    lower[strlen(lower) - strlen(":443")] = '\0';
  return setting_texts_read(setting, lower, value, error);
}
static const SettingKind registries_kind = {.begin = setting_texts_begin,
                                            .read = read_registry,
                                            .clear = setting_texts_clear,
                                            .many = true};

static void
check_kubernetes(void *values, const SettingsPlace *place)
{
  const KubernetesSettings *api = values;
  if (api->server != NULL && !g_str_has_prefix(api->server, "https://"))
    settings_complain(place, "server", "must be https://HOST[:PORT], for a token is shown there");
  if (api->server != NULL && (api->in_cluster || api->token_file == NULL))
    settings_complain(place, "server", "needs token_file, and is none of in_cluster");
}

static const Setting kubernetes_rows[] = {
    {SETTING(KubernetesSettings, in_cluster), .kind = &setting_boolean, .fallback = "false"},
    {SETTING(KubernetesSettings, server), .kind = &setting_text},
    {SETTING(KubernetesSettings, token_file), .kind = &setting_text},
    {SETTING(KubernetesSettings, ca_file), .kind = &setting_text},
};
static const Section kubernetes_section = {.settings = kubernetes_rows,
                                           .count = G_N_ELEMENTS(kubernetes_rows),
                                           .size = sizeof(KubernetesSettings),
                                           .check = check_kubernetes};

/* Secrets of Pods are for the cluster alone, which shows its key. */
static void
check_cluster(void *values, const SettingsPlace *place)
{
  const ClusterSettings *cluster = values;
  if (settings_given(place, "kubernetes") && cluster->key_file == NULL)
    settings_complain(place, "kubernetes",
                      "needs key_file: pull secrets are read only for who "
                      "shows the cluster's key");
}

static const Setting cluster_rows[] = {
    {SETTING(ClusterSettings, name), .kind = &cluster_name_kind, .required = true},
    {SETTING(ClusterSettings, key_file), .kind = &setting_text},
    {SETTING(ClusterSettings, mode), .kind = &setting_choice, .words = cluster_mode_names,
     .fallback = "inherit"},
    {SETTING(ClusterSettings, kubernetes), .section = &kubernetes_section},
};
static const Section cluster_section = {.settings = cluster_rows,
                                        .count = G_N_ELEMENTS(cluster_rows),
                                        .size = sizeof(ClusterSettings),
                                        .check = check_cluster,
                                        .noun = "cluster",
                                        .named_by = "name"};

static const Setting break_glass_rows[] = {
    {SETTING(BreakGlassSettings, users), .kind = &setting_texts, .most = 1000},
    {SETTING(BreakGlassSettings, groups), .kind = &setting_texts, .most = 1000},
    {SETTING(BreakGlassSettings, longest), .kind = &setting_duration, .fallback = "24h",
     .least = 60, .most = 30 * 24 * 3600},
};
static const Section break_glass_section = {break_glass_rows, G_N_ELEMENTS(break_glass_rows),
                                            sizeof(BreakGlassSettings)};

static const Setting admission_rows[] = {
    {SETTING(AdmissionSettings, registries), .kind = &registries_kind, .most = 100},
    {SETTING(AdmissionSettings, mode), .kind = &setting_choice, .words = mode_names,
     .fallback = "enforce"},
    {SETTING(AdmissionSettings, elsewhere), .kind = &setting_choice, .words = elsewhere_names,
     .fallback = "warn"},
    {SETTING(AdmissionSettings, on_error), .kind = &setting_choice, .words = on_error_names,
     .fallback = "deny"},
    {SETTING(AdmissionSettings, exempt_namespaces), .kind = &setting_texts,
     .fallback = "[kube-system, kube-public, kube-node-lease, assay-system]", .most = 1000},
    {SETTING(AdmissionSettings, exempt_images), .kind = &setting_texts, .most = 1000},
    {SETTING(AdmissionSettings, break_glass), .section = &break_glass_section},
    {SETTING(AdmissionSettings, authfile), .kind = &setting_text},
    {SETTING(AdmissionSettings, loopback), .kind = &setting_boolean, .fallback = "false"},
    {SETTING_LIST(AdmissionSettings, clusters), .section = &cluster_section,
     .most = ADMISSION_CLUSTERS_MAX},
};
const Section admission_settings_section = {admission_rows, G_N_ELEMENTS(admission_rows),
                                            sizeof(AdmissionSettings)};

const ClusterSettings *
admission_cluster(const AdmissionSettings *settings, const char *name)
{
  for (unsigned i = 0; i < settings->clusters_count; i++)
    if (strcmp(settings->clusters[i].name, name) == 0)
      return &settings->clusters[i];
  return NULL;
}

AdmissionMode
admission_mode(const AdmissionSettings *settings, const ClusterSettings *cluster)
{
  return cluster == NULL || cluster->mode == ADMISSION_INHERIT ? settings->mode : cluster->mode;
}
