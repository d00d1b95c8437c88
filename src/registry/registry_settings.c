/* What the operator decides of the registry: rows of the configuration. */
#include "registry/registry.h"

#include "base/enum_names.h"
#include "base/error.h"
#include "registry/scan_time.h"

#define ROW(member) SETTING(RegistryLimits, member)
static const Setting limits[] = {
    {ROW(manifest_bytes), .kind = &setting_size, .fallback = "4MiB", .least = 1, .most = 64 * MIB},
    {ROW(blob_bytes), .kind = &setting_size, .fallback = "0", .most = INT64_MAX},
    {ROW(concurrent_uploads), .kind = &setting_count, .fallback = "1000", .least = 1,
     .most = 1000000},
    {ROW(uploads_per_peer), .kind = &setting_count, .fallback = "0", .most = 1000000},
    {ROW(upload_expiry), .kind = &setting_duration, .fallback = "24h", .least = 1,
     .most = (uint64_t)365 * 86400},
};
const Section registry_limits_section = {limits, G_N_ELEMENTS(limits), sizeof(RegistryLimits)};

static const Setting gc_settings[] = {
    {SETTING(RegistryGc, interval), .kind = &setting_duration, .fallback = "24h",
     .most = (uint64_t)365 * 86400},
    {SETTING(RegistryGc, grace), .kind = &setting_duration, .fallback = "24h",
     .most = (uint64_t)365 * 86400},
};
static const Section gc_section = {gc_settings, G_N_ELEMENTS(gc_settings), sizeof(RegistryGc)};

/* --- what namespaces look for --- */

static bool
read_kind(const Setting *setting, const char *text, void *value, GError **error)
{
  unsigned kind;
  if (!enum_find(setting->words, text, &kind)) {
    g_autofree char *all = enum_list(setting->words);
    return error_set(error, ASSAY_ERROR_INVALID, "must be a list of %s", all);
  }
  *(FindingKinds *)value |= FINDING_KIND_BIT(kind);
  return true;
}
static const SettingKind finding_kinds = {.read = read_kind, .many = true};

static bool
read_time(const Setting *setting, const char *text, void *value, GError **error)
{
  int64_t when;
  return scan_time_parse(text, 0, &when)
             ? setting_text.read(setting, text, value, error)
             : error_set(error, ASSAY_ERROR_INVALID, "must be " SCAN_TIME_IN_WORDS);
}

static void
clear_time(void *value)
{
  setting_text.clear(value);
}
static const SettingKind scan_time = {.read = read_time, .clear = clear_time};

static const Setting defaults_settings[] = {
    {SETTING(RegistryDefaults, without), .kind = &finding_kinds, .words = finding_kind_names,
     .most = FINDING_KINDS},
    {SETTING(RegistryDefaults, scan), .kind = &scan_time, .fallback = "push"},
};
static const Section defaults_section = {defaults_settings, G_N_ELEMENTS(defaults_settings),
                                         sizeof(RegistryDefaults)};

static const Setting settings[] = {
    {SETTING(RegistrySettings, sparse_indexes), .kind = &setting_boolean, .fallback = "false"},
    {SETTING(RegistrySettings, gc), .section = &gc_section},
    {SETTING(RegistrySettings, undelete), .kind = &setting_duration, .fallback = "7d",
     .most = (uint64_t)365 * 86400},
    {SETTING(RegistrySettings, retention), .kind = &setting_duration, .fallback = "24h",
     .most = (uint64_t)365 * 86400},
    {SETTING(RegistrySettings, namespaces), .section = &defaults_section},
    {SETTING(RegistrySettings, pull_counts), .kind = &setting_duration, .fallback = "90d",
     .least = 3600, .most = (uint64_t)3650 * 86400},
};
const Section registry_settings_section = {settings, G_N_ELEMENTS(settings),
                                           sizeof(RegistrySettings)};
