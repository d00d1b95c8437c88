/* /api/v1: what the registry knows of its images, for programs; docs/openapi.yaml describes it. One
 * file a resource, each with its routes. */
#pragma once

#include "server/http/route.h"

extern const Route api_image_routes[], api_finding_routes[], api_standing_routes[];
extern const Route api_overview_routes[], api_vulnerability_routes[], api_policy_routes[];
extern const Route api_job_routes[];
extern const Route api_referrer_routes[], api_sbom_routes[];
extern const Route api_base_routes[];
extern const Route api_shed_routes[];
extern const Route api_oidc_routes[];
extern const Route api_namespace_routes[], api_deleted_routes[], api_quarantine_routes[];
extern const Route api_move_routes[];
extern const Route api_pull_routes[], api_retention_routes[], api_workload_routes[];
extern const Route api_audit_routes[];
extern const Route api_endpoint_routes[];
extern const Route api_collection_routes[];
extern const Route api_signature_routes[], api_signing_run_routes[];
extern const Route api_signing_key_routes[], api_signing_row_routes[];
extern const Route api_user_routes[], api_robot_routes[], api_token_routes[];
extern const Route api_explain_routes[], api_grant_routes[], api_role_routes[];
extern const Route api_own_routes[], api_second_factor_routes[], api_team_routes[];
extern const Route api_session_routes[], api_certificate_routes[], api_trust_routes[],
    api_whoami_routes[];
extern const Route api_key_grant_routes[];
