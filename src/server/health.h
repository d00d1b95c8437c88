/* / (what this is), /healthz (the process answers), /readyz (it can do its work), /metrics
 * (Prometheus). */
#pragma once

#include "server/http/route.h"

extern const Route health_routes[];
