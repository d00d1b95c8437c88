/* What the operator decides of the registry: rows of the configuration. */
#include "registry/registry.h"

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

static const Setting settings[] = {
    {SETTING(RegistrySettings, sparse_indexes), .kind = &setting_boolean, .fallback = "false"},
    {SETTING(RegistrySettings, gc), .section = &gc_section},
    {SETTING(RegistrySettings, undelete), .kind = &setting_duration, .fallback = "7d",
     .most = (uint64_t)365 * 86400},
    {SETTING(RegistrySettings, retention), .kind = &setting_duration, .fallback = "24h",
     .most = (uint64_t)365 * 86400},
    {SETTING(RegistrySettings, pull_counts), .kind = &setting_duration, .fallback = "90d",
     .least = 3600, .most = (uint64_t)3650 * 86400},
};
const Section registry_settings_section = {settings, G_N_ELEMENTS(settings),
                                           sizeof(RegistrySettings)};
