/* /api/v1: what the registry knows of its images, for programs; docs/openapi.yaml describes it. One
 * file a resource, each with its routes. */
#pragma once

#include "server/http/route.h"

extern const Route api_image_routes[], api_finding_routes[], api_policy_routes[], api_job_routes[];
