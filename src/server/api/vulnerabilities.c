/* One vulnerability: the packages that have it, and the images that hold these. */
#include "base/json.h"
#include "server/api/api-private.h"

static json_t *
package_to_json(const AffectedPackage *package, bool whole)
{
  json_t *one = json_object();
  json_set_string(one, "package", package->name);
  json_set_string(one, "version", package->version);
  json_set_string(one, "fixed_version", package->fixed_version);
  if (!whole)
    return one;
  json_set_string(one, "architecture", package->architecture);
  json_set_string(one, "source_package", package->source);
  json_set_string(one, "distribution", package->ecosystem);
  json_set_string(one, "severity", severity_name(package->severity));
  json_set_string(one, "state", advisory_state_name(package->state));
  json_object_set_new(one, "known_exploited", json_boolean(package->known_exploited));
  api_set_time(one, "first_seen", package->first_seen);
  return one;
}

static json_t *
image_to_json(const AffectedImage *image, char **tags)
{
  json_t *one = json_object(), *packages = json_array();
  json_set_string(one, "repository", image->repository);
  json_set_string(one, "digest", image->manifest);
  json_set_strings(one, "tags", (const char *const *)tags);
  api_set_time(one, "pushed", image->pushed);
  json_set_string(one, "gate", image->gate < 0 ? NULL : gate_answer_name((GateAnswer)image->gate));
  for (guint i = 0; i < image->packages->len; i++)
    json_array_append_new(packages, package_to_json(g_ptr_array_index(image->packages, i), false));
  json_object_set_new(one, "packages", packages);
  return one;
}

static void
respond_images(Request *request, const char *id, const VulnerabilityImages *found, const Page *page)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = server_context(request)->registry;
  g_autoptr(json_t) body = json_object(), list = json_array();
  json_t *packages = json_array();
  for (uint64_t i = page->offset; i < MIN(found->images->len, page->offset + page->limit); i++) {
    const AffectedImage *image = g_ptr_array_index(found->images, i);
    g_auto(GStrv) tags = registry_tags_of(registry, image->repository, image->manifest, &error);
    if (tags != NULL)
      json_array_append_new(list, image_to_json(image, tags));
  }
  for (guint i = 0; i < found->packages->len && i < page->limit; i++)
    json_array_append_new(packages, package_to_json(g_ptr_array_index(found->packages, i), true));
  json_set_string(body, "vulnerability", id);
  json_object_set_new(body, "packages", packages);
  json_object_set_new(body, "unmatched_packages", json_integer((json_int_t)found->unmatched));
  json_object_set_new(body, "unscanned_images", json_integer((json_int_t)found->unscanned));
  if (error != NULL)
    respond_error(request, error);
  else
    api_respond_page_of(request, body, "images", found->images->len, page, g_steal_pointer(&list));
}

/* ?package= narrows it. */
static void
api_vulnerability_images(Request *request)
{
  g_autoptr(GError) error = NULL;
  Pipeline *pipeline = server_context(request)->pipeline;
  Page page;
  if (!api_page_of(request, &page))
    return;
  g_autofree char *id =
      pipeline_vulnerability_id(pipeline, request_parameter(request, "name"), &error);
  g_autoptr(VulnerabilityImages) found =
      id == NULL
          ? NULL
          : pipeline_vulnerability_images(pipeline, id, request_query(request, "package"), &error);
  if (found == NULL)
    respond_error(request, error);
  else
    respond_images(request, id, found, &page);
}

const Route api_vulnerability_routes[] = {
    {"GET", "/api/v1/vulnerabilities/<name>/images", "api-vulnerability-images", VERB_READ_FINDINGS,
     WORK_WAITS, .finish = api_vulnerability_images},
    {NULL},
};
