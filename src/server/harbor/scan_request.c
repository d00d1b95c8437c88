/* Reading a request for a scan; see the header. */
#include "server/harbor/scan_request.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "oci/media_type.h"
#include "oci/reference.h"

#define VALUES_MAX     1000u
#define WRONG_TYPE     400u
#define WRONG_VALUE    422u
#define NOT_CAPABLE    501u
#define CREDENTIAL_MAX ((size_t)64 * 1024)

unsigned
harbor_sbom_of(const char *type)
{
  return g_strcmp0(type, HARBOR_SPDX) == 0        ? HARBOR_REPORT_SPDX
         : g_strcmp0(type, HARBOR_CYCLONEDX) == 0 ? HARBOR_REPORT_CYCLONEDX
                                                  : 0;
}

void
scan_request_forget_secret(ScanRequest *request)
{
  if (request->authorization != NULL)
    explicit_bzero(request->authorization, strlen(request->authorization));
  g_clear_pointer(&request->authorization, g_free);
}

void
scan_request_clear(ScanRequest *request)
{
  scan_request_forget_secret(request);
  g_clear_pointer(&request->host, g_free);
  g_clear_pointer(&request->repository, g_free);
  g_clear_pointer(&request->tag, g_free);
  g_clear_pointer(&request->mime_type, g_free);
}

/* --- members --- */

typedef struct {
  unsigned *status;
  GError **error;
} Refusal;

static bool G_GNUC_PRINTF(3, 4)
    refuse(const Refusal *refusal, unsigned status, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *message = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  *refusal->status = status;
  return error_set(refusal->error, ASSAY_ERROR_INVALID, "%s", message);
}

/* *value: of the member @name, "" where it is missing or null. (transfer none) */
static bool
take_text(const json_t *object, const char *where, const char *name, const char **value,
          const Refusal *refusal)
{
  const json_t *member = json_object_get(object, name);
  if (member != NULL && !json_is_null(member) && !json_is_string(member))
    return refuse(refusal, WRONG_TYPE, "%s.%s must be a text", where, name);
  *value = json_is_string(member) ? json_string_value(member) : "";
  return true;
}

static bool
take_object(const json_t *object, const char *name, const json_t **value, const Refusal *refusal)
{
  *value = json_object_get(object, name);
  if (*value == NULL || json_is_null(*value))
    return refuse(refusal, WRONG_VALUE, "%s is missing", name);
  return json_is_object(*value) || refuse(refusal, WRONG_TYPE, "%s must be an object", name);
}

/* *list: or NULL where it is missing or null. */
static bool
take_list(const json_t *object, const char *name, const json_t **list, const Refusal *refusal)
{
  *list = json_object_get(object, name);
  if (json_is_null(*list))
    *list = NULL;
  return *list == NULL || json_is_array(*list) ||
         refuse(refusal, WRONG_TYPE, "%s must be a list", name);
}

/* --- the parts --- */

static bool
read_registry(const json_t *body, const HarborSettings *settings, ScanRequest *request,
              const Refusal *refusal)
{
  const json_t *registry;
  const char *url = "", *authorization = "";
  if (!take_object(body, "registry", &registry, refusal) ||
      !take_text(registry, "registry", "url", &url, refusal) ||
      !take_text(registry, "registry", "authorization", &authorization, refusal))
    return false;
  if (!harbor_registry_is_listed(settings, url, &request->host, &request->plain))
    return refuse(refusal, WRONG_VALUE,
                  "registry.url: \"%s\" is none of the registries that this scanner may pull from; "
                  "its operator lists them in `harbor.registries`",
                  url);
  if (strlen(authorization) > CREDENTIAL_MAX)
    return refuse(refusal, WRONG_VALUE, "registry.authorization is too long");
  request->authorization = g_strdup(authorization);
  return true;
}

static bool
read_artifact(const json_t *body, ScanRequest *request, const Refusal *refusal)
{
  const json_t *artifact;
  const char *repository = "", *digest = "", *tag = "", *type = "";
  if (!take_object(body, "artifact", &artifact, refusal) ||
      !take_text(artifact, "artifact", "repository", &repository, refusal) ||
      !take_text(artifact, "artifact", "digest", &digest, refusal) ||
      !take_text(artifact, "artifact", "tag", &tag, refusal) ||
      !take_text(artifact, "artifact", "mime_type", &type, refusal))
    return false;
  if (!repository_name_is_valid(repository))
    return refuse(refusal, WRONG_VALUE, "artifact.repository: \"%s\" is no name of a repository",
                  repository);
  if (!digest_parse(digest, &request->digest, NULL))
    return refuse(refusal, WRONG_VALUE, "artifact.digest: \"%s\" is no digest", digest);
  if (*type == '\0')
    return refuse(refusal, WRONG_VALUE, "artifact.mime_type is missing");
  if (strcmp(type, MEDIA_TYPE_OCI_MANIFEST) != 0 && strcmp(type, MEDIA_TYPE_DOCKER_MANIFEST) != 0)
    return refuse(
        refusal, NOT_CAPABLE,
        "artifact.mime_type: \"%s\" is not scanned; the images of an index are, one by one", type);
  request->repository = g_strdup(repository);
  request->mime_type = g_strdup(type);
  request->tag = tag_is_valid(tag) ? g_strdup(tag) : NULL;
  return true;
}

/* Both kinds of SBOM where none is named. */
static bool
read_sbom_types(const json_t *capability, unsigned *reports, const Refusal *refusal)
{
  const json_t *parameters = json_object_get(capability, "parameters"), *types = NULL, *type;
  size_t i;
  if (json_is_object(parameters) && !take_list(parameters, "sbom_media_types", &types, refusal))
    return false;
  if (json_array_size(types) == 0)
    *reports |= HARBOR_REPORTS_SBOM;
  json_array_foreach(types, i, type) {
    unsigned bit = harbor_sbom_of(json_string_value(type));
    if (bit == 0)
      return refuse(refusal, NOT_CAPABLE,
                    "sbom_media_types: an SBOM is " HARBOR_SPDX " or " HARBOR_CYCLONEDX);
    *reports |= bit;
  }
  return true;
}

static bool
read_capabilities(const json_t *body, ScanRequest *request, const Refusal *refusal)
{
  const json_t *list, *capability;
  size_t i;
  if (!take_list(body, "enabled_capabilities", &list, refusal))
    return false;
  if (json_array_size(list) == 0)
    request->reports = HARBOR_REPORTS_ALL;
  json_array_foreach(list, i, capability) {
    const char *type = "";
    if (!json_is_object(capability))
      return refuse(refusal, WRONG_TYPE, "enabled_capabilities must be a list of objects");
    if (!take_text(capability, "enabled_capabilities", "type", &type, refusal))
      return false;
    if (*type == '\0' || strcmp(type, "vulnerability") == 0)
      request->reports |= HARBOR_REPORT_VULNERABILITIES;
    else if (strcmp(type, "sbom") != 0)
      return refuse(refusal, NOT_CAPABLE,
                    "enabled_capabilities: \"%s\" is neither vulnerability nor sbom", type);
    else if (!read_sbom_types(capability, &request->reports, refusal))
      return false;
  }
  return true;
}

bool
scan_request_read(Slice text, const HarborSettings *settings, ScanRequest *request,
                  unsigned *status, GError **error)
{
  const Refusal refusal = {status, error};
  g_autoptr(GError) malformed = NULL;
  g_autoptr(json_t) body = json_parse_bounded(text, VALUES_MAX, &malformed);
  if (body == NULL)
    return refuse(&refusal, WRONG_TYPE, "the request is no JSON: %s", malformed->message);
  if (!json_is_object(body))
    return refuse(&refusal, WRONG_TYPE, "the request must be an object");
  return read_registry(body, settings, request, &refusal) &&
         read_artifact(body, request, &refusal) && read_capabilities(body, request, &refusal);
}
