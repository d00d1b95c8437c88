/* The list of the lists of schemas; see the header. */
#include "server/api/schemas.h"

#include "report/report.h"
#include "server/api/api-private.h"
#include "server/token/token.h"

/* What other rooms answer with. */
static const ApiSchema shared[] = {
    {"Finding", &finding_table},        {"EndedProgram", &report_ended_program_table},
    {"Rating", &finding_rating_table},  {"Verdict", &verdict_table},
    {"Package", &report_package_table}, {NULL},
};

const ApiSchema *const api_schemas[] = {
    shared,
    api_base_schemas,
    api_explain_schemas,
    api_grant_schemas,
    api_key_grant_schemas,
    api_role_schemas,
    api_second_factor_schemas,
    api_oidc_schemas,
    api_session_schemas,
    api_certificate_schemas,
    api_collection_schemas,
    api_deleted_schemas,
    api_endpoint_schemas,
    api_image_schemas,
    api_job_schemas,
    api_move_schemas,
    api_namespace_schemas,
    api_overview_schemas,
    api_policy_schemas,
    api_pull_schemas,
    api_referrer_schemas,
    api_quarantine_schemas,
    api_retention_schemas,
    api_robot_schemas,
    api_shed_schemas,
    api_signature_schemas,
    api_signing_key_schemas,
    api_signing_row_schemas,
    api_signing_run_schemas,
    api_standing_schemas,
    token_schemas,
    api_team_schemas,
    api_token_schemas,
    api_trust_schemas,
    api_user_schemas,
    api_vulnerability_schemas,
    api_whoami_schemas,
    api_workload_schemas,
    NULL,
};
