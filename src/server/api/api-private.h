/* What the files of /api/v1 share. */
#pragma once

#include "pipeline/standings.h"
#include "server/api/api.h"
#include "server/api/schemas.h"
#include "server/server-private.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX     1000

typedef struct {
  uint64_t limit, offset;
} Page;

/* ?@name=, a whole number; *value stays as it is without it. This and the next two respond
 * themselves when they return false. */
bool api_number_of(Request *request, const char *name, uint64_t least, uint64_t most,
                   uint64_t *value);
/* ?limit= and ?offset=. */
bool api_page_of(Request *request, Page *page);
/* The digest of the path, of an image whose scan is done, and its image_summary_weight(). */
bool api_scanned_image(Request *request, Digest *digest, unsigned *weight);
/* Whether @error is one that passes, and the request waits for that. */
bool api_waits(Request *request, const GError *error);
/* Takes over @part. */
void api_respond_page(Request *request, const char *key, uint64_t total, const Page *page,
                      json_t *part);
/* The same beside other members of @body, which is not taken over. */
void api_respond_page_of(Request *request, json_t *body, const char *key, uint64_t total,
                         const Page *page, json_t *part);
/* How signing rules stand with an image, for lists: pipeline/signing_state.h. NULL: no rule is for
 * it, or it cannot be told. */
const char *api_signing_of(const ServerContext *server, const char *repository, const char *digest,
                           char **tags);
/* 400 INVALID. */
void api_refuse(Request *request, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* This and the next three respond themselves when they return false. */
/* Whether who asks may that on all of a namespace. */
bool api_may_all_of(Request *request, Verb verb, const char *space);
/* A list in the order of its cursors, of which who asks sees a part (seen_list.c): ?limit= and
 * ?last=. */
typedef struct {
  const char *key;
  /* The next after @last (NULL: the first). (transfer full) */
  GPtrArray *(*load)(Request *request, const char *last, unsigned limit, bool *more,
                     GError **error);
  char *(*cursor_of)(const void *row); /* (transfer full) */
  bool (*sees)(Request *request, const void *row);
  json_t *(*write)(Request *request, const void *row, GError **error); /* (transfer full) */
} ApiSeenList;
void api_respond_seen(Request *request, const ApiSeenList *list);
/* "true" or "false"; absent is false. */
bool api_flag_of(Request *request, const char *name, bool *value);
/* ?severity=, as bits by Severity; 0: none is named. */
bool api_severities_of(Request *request, int *severities);
/* Of a Standing: what the policy makes of an image. */
extern const JsonTable api_gate_table;
/* What is not known yet, so that nothing else is the whole: of all images, and so only to who may
 * list them all. */
void api_set_unknown(Request *request, json_t *body, const Overview *overview);
extern const JsonTable api_not_known_table;

/* The resources' objects (schemas.h). */
extern const ApiSchema api_base_schemas[];
extern const ApiSchema api_collection_schemas[];
extern const ApiSchema api_oidc_schemas[];
extern const ApiSchema api_deleted_schemas[], api_namespace_schemas[], api_quarantine_schemas[];
extern const ApiSchema api_move_schemas[];
extern const ApiSchema api_pull_schemas[], api_referrer_schemas[], api_retention_schemas[];
extern const ApiSchema api_image_schemas[], api_job_schemas[], api_overview_schemas[],
    api_policy_schemas[], api_shed_schemas[], api_standing_schemas[], api_vulnerability_schemas[];
extern const ApiSchema api_endpoint_schemas[];
extern const ApiSchema api_team_schemas[];
extern const ApiSchema api_signature_schemas[];
extern const ApiSchema api_signing_key_schemas[], api_signing_row_schemas[],
    api_signing_run_schemas[];
extern const ApiSchema api_robot_schemas[], api_token_schemas[], api_user_schemas[];
extern const ApiSchema api_explain_schemas[], api_grant_schemas[], api_role_schemas[];
extern const ApiSchema api_second_factor_schemas[], api_session_schemas[],
    api_certificate_schemas[], api_trust_schemas[], api_whoami_schemas[];
extern const ApiSchema api_key_grant_schemas[];
extern const ApiSchema api_workload_schemas[];
