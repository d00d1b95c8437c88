/* The list of the tables of routes: a resource is a file with its own, and a line here. */
#include "server/routes.h"

#include "server/admission/admission.h"
#include "server/api/api.h"
#include "server/harbor/harbor.h"
#include "server/health.h"
#include "server/setup_page.h"
#include "server/token/token.h"
#include "server/v2/v2.h"

/* One a line. */
/* clang-format off */
const Route *const server_routes[] = {
    health_routes,
    token_routes,
    setup_page_routes,
    v2_list_routes,
    v2_upload_routes,
    v2_blob_routes,
    v2_manifest_routes,
    api_image_routes,
    api_finding_routes,
    api_sbom_routes,
    api_base_routes,
    api_shed_routes,
    api_referrer_routes,
    api_standing_routes,
    api_overview_routes,
    api_vulnerability_routes,
    api_policy_routes,
    api_job_routes,
    api_explain_routes,
    api_grant_routes,
    api_role_routes,
    api_key_grant_routes,
    api_signing_key_routes,
    api_signing_row_routes,
    api_signature_routes,
    api_signing_run_routes,
    api_oidc_routes,
    api_session_routes,
    api_whoami_routes,
    api_endpoint_routes,
    api_move_routes,
    api_namespace_routes,
    api_collection_routes,
    api_deleted_routes,
    api_pull_routes,
    api_quarantine_routes,
    api_retention_routes,
    api_user_routes,
    api_robot_routes,
    api_trust_routes,
    api_token_routes,
    api_certificate_routes,
    api_team_routes,
    api_own_routes,
    api_second_factor_routes,
    api_audit_routes,
    api_workload_routes,
    admission_routes,
    harbor_routes,
    NULL,
};
/* clang-format on */
