/* / (what this is), /healthz (the process answers), /readyz (it can do its work), /metrics
 * (Prometheus). */
#pragma once

#include "server/http/http.h"

void health_root(Request *request);
void health_live(Request *request);
void health_ready(Request *request);
void health_metrics(Request *request);
