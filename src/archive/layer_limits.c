/* What a layer may come to: the rows of the configuration. */
#include "archive/layer.h"

#define ROW(name, member) SETTING_AS(name, LayerLimits, member)
static const Setting settings[] = {
    {ROW("layer_unpacked_bytes", unpacked_bytes), .kind = &setting_size, .fallback = "10GiB",
     .least = 1, .most = INT64_MAX},
    {ROW("layer_ratio", ratio), .kind = &setting_count, .fallback = "1000", .least = 2,
     .most = 100000},
    {ROW("layer_entries", entries), .kind = &setting_count, .fallback = "2000000", .least = 1,
     .most = UINT32_MAX},
    {ROW("path_bytes", path_bytes), .kind = &setting_count, .fallback = "4096", .least = 1,
     .most = 65536},
    {ROW("path_depth", path_depth), .kind = &setting_count, .fallback = "128", .least = 1,
     .most = 4096},
    {ROW("file_bytes", file_bytes), .kind = &setting_size, .fallback = "256MiB", .least = 1,
     .most = 4 * GIB},
};
const Section layer_limits_section = {settings, G_N_ELEMENTS(settings), sizeof(LayerLimits)};
