/* /api/v1: what the registry knows of its images, for programs; docs/openapi.yaml describes it. */
#pragma once

#include "server/http/http.h"

void api_repositories(Request *request);
void api_images(Request *request);
void api_findings(Request *request);
void api_packages(Request *request);
void api_verdict(Request *request);
