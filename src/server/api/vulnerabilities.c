/* One vulnerability: the packages that have it, and the images that hold these. */
#include "base/json.h"
#include "server/api/api-private.h"

static const JsonMember package_members[] = {
    {JSON_MEMBER_AS("package", AffectedPackage, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(AffectedPackage, version), .kind = &json_text, .required = true},
    {JSON_MEMBER(AffectedPackage, fixed_version), .kind = &json_text},
};
static const JsonTable package_table = JSON_TABLE(AffectedPackage, package_members);

/* Besides, where the package is not one of an image. */
static const JsonMember detail_members[] = {
    {JSON_MEMBER(AffectedPackage, architecture), .kind = &json_text},
    {JSON_MEMBER_AS("source_package", AffectedPackage, source), .kind = &json_text,
     .required = true},
    {JSON_MEMBER_AS("distribution", AffectedPackage, ecosystem), .kind = &json_text,
     .required = true},
    {JSON_MEMBER(AffectedPackage, severity), .kind = &json_word, .words = severity_names},
    {JSON_MEMBER(AffectedPackage, state), .kind = &json_word, .words = advisory_state_names},
    {JSON_MEMBER(AffectedPackage, known_exploited), .kind = &json_flag},
    {JSON_MEMBER(AffectedPackage, first_seen), .kind = &json_moment, .required = true},
};
static const JsonTable detail_table = JSON_TABLE(AffectedPackage, detail_members);

/* -1: it is not judged yet. */
static json_t *
write_gate(const JsonMember *member, const void *value)
{
  return *(const int *)value < 0 ? NULL : json_word.write(member, value);
}
static const JsonKind gate_kind = {.type = "string", .write = write_gate};

typedef struct {
  AffectedImage image;
  char **tags;
} ListedImage;
static const JsonMember image_members[] = {
    {JSON_MEMBER_AS("repository", ListedImage, image.repository), .kind = &json_text,
     .required = true},
    {JSON_MEMBER_AS("digest", ListedImage, image.manifest), .kind = &json_text, .required = true},
    {JSON_MEMBER(ListedImage, tags), .kind = &json_texts, .required = true},
    {JSON_MEMBER_AS("pushed", ListedImage, image.pushed), .kind = &json_moment, .required = true},
    {JSON_MEMBER_AS("gate", ListedImage, image.gate), .kind = &gate_kind,
     .words = gate_answer_names},
    {JSON_MEMBER_AS("packages", ListedImage, image.packages), .kind = &json_list,
     .table = &package_table},
};
static const JsonTable image_table = JSON_TABLE(ListedImage, image_members);

const ApiSchema api_vulnerability_schemas[] = {
    {"VulnerabilityImages.packages", &package_table},
    {"VulnerabilityImages.packages", &detail_table},
    {"VulnerabilityImages.images", &image_table},
    {NULL},
};

/* NULL: failed. */
static json_t *
list_images(Registry *registry, const GPtrArray *images, GError **error)
{
  g_autofree ImageName *names = g_new(ImageName, images->len);
  for (guint i = 0; i < images->len; i++) {
    const AffectedImage *image = g_ptr_array_index(images, i);
    names[i] = (ImageName){image->repository, image->manifest};
  }
  g_autoptr(GPtrArray) tags = registry_tags_of(registry, names, images->len, error);
  json_t *list = tags == NULL ? NULL : json_array();
  for (guint i = 0; list != NULL && i < images->len; i++) {
    const AffectedImage *image = g_ptr_array_index(images, i);
    const ListedImage listed = {*image, g_ptr_array_index(tags, i)};
    json_array_append_new(list, json_table_write(&image_table, &listed));
  }
  return list;
}

static void
respond_images(Request *request, const char *id, const VulnerabilityImages *found, const Page *page)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = server_context(request)->registry;
  g_autoptr(json_t) body = json_object(), list = list_images(registry, found->images, &error);
  json_t *packages = json_array();
  /* It is not known whose they are. */
  bool all = request_may_all(request, VERB_READ_FINDINGS, NULL);
  guint most = all ? found->packages->len : 0;
  for (guint i = 0; i < most && i < page->limit; i++) {
    const AffectedPackage *package = g_ptr_array_index(found->packages, i);
    json_t *one = json_table_write(&package_table, package);
    json_table_add(&detail_table, package, one);
    json_array_append_new(packages, one);
  }
  json_set_string(body, "vulnerability", id);
  json_object_set_new(body, "packages", packages);
  if (all) {
    json_set_number(body, "unmatched_packages", found->unmatched);
    json_set_number(body, "unscanned_images", found->unscanned);
  }
  if (list == NULL)
    respond_error(request, error);
  else
    api_respond_page_of(request, body, "images", found->total, page, g_steal_pointer(&list));
}

static bool
sees(const char *repository, void *request)
{
  return request_may(request, VERB_READ_FINDINGS, repository);
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
  bool all = request_may_all(request, VERB_READ_FINDINGS, NULL);
  const StandingFilter filter = {.vulnerability = id,
                                 .package = request_query(request, "package"),
                                 .sees = all ? NULL : sees,
                                 .data = request};
  g_autoptr(VulnerabilityImages) found =
      id == NULL ? NULL
                 : pipeline_vulnerability_images(pipeline, &filter, (int64_t)page.limit,
                                                 (int64_t)page.offset, &error);
  if (found == NULL)
    respond_error(request, error);
  else
    respond_images(request, id, found, &page);
}

const Route api_vulnerability_routes[] = {
    {"GET", "/api/v1/vulnerabilities/<name>/images", "api-vulnerability-images", VERB_READ_FINDINGS,
     ON_WHAT_ONE_MAY, WORK_WAITS, .finish = api_vulnerability_images},
    {NULL},
};
