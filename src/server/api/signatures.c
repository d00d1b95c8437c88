/* /api/v1/repositories/{name}/images/{digest}/signatures and /api/v1/signatures: by whom an image
 * is signed, signing it by hand, and which signatures this registry has made. */
#include "registry/signatures.h"
#include "base/error.h"
#include "base/json.h"
#include "pipeline/signing_state.h"
#include "server/api/accounts.h"
#include "sign/verify.h"
#include "signing/journal.h"

/* One that an attestor vouches by. */
typedef struct {
  char *attestor, *key, *format;
  char *signer;         /* or NULL */
  char *predicate_type; /* or NULL */
  json_t *annotations;  /* or NULL */
  int64_t signed_at;
  Digest manifest;
} ShownSignature;
static const JsonMember shown_members[] = {
    {JSON_MEMBER(ShownSignature, attestor), .kind = &json_text, .required = true},
    {JSON_MEMBER(ShownSignature, key), .kind = &json_text},
    {JSON_MEMBER(ShownSignature, signer), .kind = &json_text},
    {JSON_MEMBER(ShownSignature, format), .kind = &json_text, .required = true},
    {JSON_MEMBER(ShownSignature, predicate_type), .kind = &json_text},
    {JSON_MEMBER(ShownSignature, annotations), .kind = &json_any},
    {JSON_MEMBER(ShownSignature, signed_at), .kind = &json_moment},
    {JSON_MEMBER(ShownSignature, manifest), .kind = &json_digest},
};
static const JsonTable shown_table = JSON_TABLE(ShownSignature, shown_members);

typedef struct {
  Digest image;
  uint64_t made, present;
} Made;
static const JsonMember made_members[] = {
    {JSON_MEMBER(Made, image), .kind = &json_digest},
    {JSON_MEMBER(Made, made), .kind = &json_number},
    {JSON_MEMBER(Made, present), .kind = &json_number},
};
static const JsonTable made_table = JSON_TABLE(Made, made_members);

const ApiSchema api_signature_schemas[] = {
    {"VerifiedSignature", &shown_table},      {"MadeSignature", &made_signature_table},
    {"SigningOutcome", &made_table},          {"RuleState", &rule_state_table},
    {"FailedSigning", &failed_signing_table}, {NULL},
};

/* --- of an image --- */

/* Of the policy file, and of this server. Neither is copied: the arrays live as long as the lists.
 * (transfer container) */
static GPtrArray *
all_attestors(const GPtrArray *of_policy, const GPtrArray *of_server)
{
  GPtrArray *all = g_ptr_array_new();
  for (guint i = 0; i < of_policy->len; i++)
    g_ptr_array_add(all, g_ptr_array_index(of_policy, i));
  for (guint i = 0; i < of_server->len; i++)
    g_ptr_array_add(all, g_ptr_array_index(of_server, i));
  return all;
}

static ImageSignatures *
verify(const ServerContext *server, const char *repository, const Digest *image, GError **error)
{
  g_autoptr(PolicySet) policy = pipeline_policy(server->pipeline);
  g_autoptr(SigningSet) set = signing_get(server->signing);
  g_autoptr(GPtrArray) ours = signing_attestors(set);
  g_autoptr(GPtrArray) attestors = all_attestors(policy_set_attestors(policy), ours);
  RegistrySignatures place = {server->registry, repository};
  const SignatureSource source = registry_signature_source(&place);
  const SignatureClaim claim = {
      .digest = *image, .repository = repository, .hosts = server->signature_hosts};
  return image_signatures_verify(&source, attestors, &claim, g_get_real_time() / G_USEC_PER_SEC,
                                 error);
}

static json_t *
signatures_to_json(const ImageSignatures *signatures)
{
  json_t *list = json_array();
  for (guint i = 0; i < signatures->valid->len; i++) {
    const VerifiedSignature *one = g_ptr_array_index(signatures->valid, i);
    const ShownSignature shown = {
        .attestor = one->attestor,
        .key = one->key,
        .signer = one->signer,
        .format = (char *)(uintptr_t)signature_format_names[one->format],
        .predicate_type = one->predicate_type,
        .annotations = one->annotations,
        .signed_at = one->signed_at * G_USEC_PER_SEC,
        .manifest = one->manifest,
    };
    json_array_append_new(list, json_table_write(&shown_table, &shown));
  }
  return list;
}

static json_t *
list_to_json(const JsonTable *table, const GPtrArray *rows)
{
  json_t *list = json_array();
  for (guint i = 0; i < rows->len; i++)
    json_array_append_new(list, json_table_write(table, g_ptr_array_index(rows, i)));
  return list;
}

/* Of the path, of an image that is there. Responds when false. */
static bool
read_image(Request *request, Digest *image)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(server_context(request)->registry, request_parameter(request, "name"),
                            request_parameter(request, "digest"), &error);
  if (stored == NULL)
    respond_error(request, error);
  else
    *image = stored->digest;
  return stored != NULL;
}

static void
show_signatures(Request *request)
{
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  const char *repository = request_parameter(request, "name");
  Digest image;
  if (!read_image(request, &image))
    return;
  g_autoptr(ImageSignatures) signatures = verify(server, repository, &image, &error);
  g_autoptr(GPtrArray) made =
      signatures == NULL
          ? NULL
          : journal_after(server->sql, repository, image.text, 0, PAGE_DEFAULT, &error);
  g_autoptr(GPtrArray) rules = made == NULL
                                   ? NULL
                                   : signing_states(signing_jobs_rooms(server->signing_jobs),
                                                    signing_jobs_signer(server->signing_jobs),
                                                    repository, image.text, &error);
  if (rules == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "image", image.text);
  json_object_set_new(body, "rules", list_to_json(&rule_state_table, rules));
  json_set_number(body, "seen", signatures->seen);
  json_object_set_new(body, "incomplete", json_boolean(signatures->incomplete));
  json_object_set_new(body, "signatures", signatures_to_json(signatures));
  json_object_set_new(body, "problems", json_from_texts(signatures->problems));
  json_object_set_new(body, "made", list_to_json(&made_signature_table, made));
  respond_json(request, MHD_HTTP_OK, body);
}

typedef struct {
  char *rule;
} Wanted;
static const JsonMember wanted_members[] = {
    {JSON_MEMBER(Wanted, rule), .kind = &json_text, .required = true}};
static const JsonTable wanted_table = JSON_TABLE(Wanted, wanted_members);

/* By hand, now: who asks learns what became of it. */
static void
sign_image(Request *request)
{
  g_autoptr(GError) error = NULL;
  Wanted wanted = {NULL};
  SigningOutcome outcome;
  if (!api_read_body(request, &wanted_table, &wanted))
    return;
  bool done = signing_jobs_sign(server_context(request)->signing_jobs, wanted.rule,
                                request_parameter(request, "name"),
                                request_parameter(request, "digest"), &outcome, NULL, &error);
  json_table_clear(&wanted_table, &wanted);
  if (!done) {
    respond_error(request, error);
    return;
  }
  const Made made = {outcome.image, outcome.made, outcome.present};
  g_autoptr(json_t) body = json_table_write(&made_table, &made);
  respond_json(request, MHD_HTTP_OK, body);
}

/* --- of all --- */

static void
list_made(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit = PAGE_DEFAULT, last = 0;
  if (!api_number_of(request, "limit", 1, PAGE_MAX, &limit) ||
      !api_number_of(request, "last", 0, INT64_MAX, &last))
    return;
  g_autoptr(GPtrArray) made =
      journal_after(server_context(request)->sql, request_query(request, "repository"),
                    request_query(request, "image"), (int64_t)last, (unsigned)limit, &error);
  if (made == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_set_number(body, "limit", limit);
  json_object_set_new(body, "signatures", list_to_json(&made_signature_table, made));
  if (made->len == limit) {
    const MadeSignature *end = g_ptr_array_index(made, made->len - 1);
    g_autofree char *next = g_strdup_printf("%" G_GINT64_FORMAT, end->number);
    json_set_string(body, "next", next);
  }
  respond_json(request, MHD_HTTP_OK, body);
}

static void
list_failed(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit = PAGE_DEFAULT;
  if (!api_number_of(request, "limit", 1, PAGE_MAX, &limit))
    return;
  g_autoptr(GPtrArray) failed = signing_failures(
      signing_jobs_rooms(server_context(request)->signing_jobs), (unsigned)limit, &error);
  if (failed == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_set_number(body, "limit", limit);
  json_object_set_new(body, "failed", list_to_json(&failed_signing_table, failed));
  respond_json(request, MHD_HTTP_OK, body);
}

#define SIGNATURES "/api/v1/repositories/<name>/images/<digest>/signatures"

const Route api_signature_routes[] = {
    {"GET", SIGNATURES, "api-image-signatures", VERB_PULL, ON_REPOSITORY, WORK_WAITS,
     .finish = show_signatures},
    {"POST", SIGNATURES, "api-image-signatures", VERB_SIGN, ON_REPOSITORY, WORK_WAITS,
     .finish = sign_image, .body_limit = ACCOUNT_BODY_MAX},
    {"GET", "/api/v1/signatures", "api-signatures", VERB_READ_AUDIT, ON_SYSTEM, WORK_WAITS,
     .finish = list_made},
    {"GET", "/api/v1/signatures/failed", "api-signatures-failed", VERB_READ_AUDIT, ON_SYSTEM,
     WORK_WAITS, .finish = list_failed},
    {NULL},
};
