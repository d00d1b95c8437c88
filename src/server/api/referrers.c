/* GET /api/v1/repositories/{name}/referrers/{digest}: what lies beside an image, what each thing
 * is, and whether the registry goes by it. */
#include <string.h>

#include "base/json.h"
#include "oci/media_type.h"
#include "pipeline/sboms.h"
#include "server/api/api-private.h"

/* Whose word it is. Until signatures are checked, that of whoever may push is nobody's: an SBOM or
 * a VEX document from there neither hides a finding nor adds one. */
typedef enum { TRUST_NONE, TRUST_OWN } Trust;
static const char *const trust_names[] = {"not-trusted-yet", "registry", NULL};

typedef struct {
  Digest digest;
  char *artifact_type; /* or NULL */
  char *what;
  uint64_t size;
  Trust trust;
} Referrer;
static const JsonMember referrer_members[] = {
    {JSON_MEMBER(Referrer, digest), .kind = &json_digest},
    {JSON_MEMBER(Referrer, artifact_type), .kind = &json_text},
    {JSON_MEMBER(Referrer, what), .kind = &json_text, .required = true},
    {JSON_MEMBER(Referrer, size), .kind = &json_number},
    {JSON_MEMBER(Referrer, trust), .kind = &json_word, .words = trust_names},
};
static const JsonTable referrer_table = JSON_TABLE(Referrer, referrer_members);

const ApiSchema api_referrer_schemas[] = {
    {"Referrer", &referrer_table},
    {NULL},
};

/* @own: the digest of the SBOM that the registry keeps, or NULL. */
static json_t *
write_referrer(const Descriptor *descriptor, const char *own)
{
  const char *type = descriptor->artifact_type;
  g_autofree char *what = media_type_in_words(type != NULL ? type : descriptor->media_type);
  const Referrer referrer = {.digest = descriptor->digest,
                             .artifact_type = (char *)(uintptr_t)type,
                             .what = what,
                             .size = descriptor->size,
                             .trust = g_strcmp0(descriptor->digest.text, own) == 0 ? TRUST_OWN
                                                                                   : TRUST_NONE};
  return json_table_write(&referrer_table, &referrer);
}

static void
api_referrers(Request *request)
{
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  const char *repository = request_parameter(request, "name");
  Digest digest;
  bool more = false;
  if (!digest_parse(request_parameter(request, "digest"), &digest, &error)) {
    respond_oci_error(request, MHD_HTTP_BAD_REQUEST, "DIGEST_INVALID", error->message, NULL);
    return;
  }
  g_autofree char *own = NULL;
  g_autoptr(GPtrArray) list = registry_referrers(server->registry, repository, &digest, NULL,
                                                 request_query(request, "last"), &more, &error);
  if (list == NULL || !pipeline_find_sbom(server->pipeline, repository, &digest, &own, &error)) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *referrers = json_array();
  for (guint i = 0; i < list->len; i++)
    json_array_append_new(referrers, write_referrer(g_ptr_array_index(list, i), own));
  json_object_set_new(body, "referrers", referrers);
  if (more)
    json_set_string(body, "next",
                    ((const Descriptor *)g_ptr_array_index(list, list->len - 1))->digest.text);
  respond_json(request, MHD_HTTP_OK, body);
}

const Route api_referrer_routes[] = {
    {"GET", "/api/v1/repositories/<name>/referrers/<digest>", "api-referrers", VERB_PULL,
     ON_REPOSITORY, WORK_WAITS, .finish = api_referrers},
    {NULL},
};
