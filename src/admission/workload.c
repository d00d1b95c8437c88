/* Which images an object runs; see the header. */
#include "admission/workload.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"

/* What kubelets write to the Pods that show their own. */
#define MIRROR_ANNOTATION "kubernetes.io/config.mirror"

static const struct {
  const char *kind;
  /* Where the spec of the Pod is, by names of members; "": the object is one itself (an
   * EphemeralContainers, of API servers before 1.23). */
  const char *path;
} kinds[] = {
    {"Pod", "spec"},
    {"PodTemplate", "template/spec"},
    {"ReplicationController", "spec/template/spec"},
    {"Deployment", "spec/template/spec"},
    {"ReplicaSet", "spec/template/spec"},
    {"StatefulSet", "spec/template/spec"},
    {"DaemonSet", "spec/template/spec"},
    {"Job", "spec/template/spec"},
    {"CronJob", "spec/jobTemplate/spec/template/spec"},
    {"EphemeralContainers", ""},
};
/* The groups that have them. A kind of the same name elsewhere may be anything. */
static const char *const groups[] = {"", "apps", "batch", "extensions", NULL};

static const struct {
  const char *list, *noun;
} lists[] = {
    {"initContainers", "initial container"},
    {"containers", "container"},
    {"ephemeralContainers", "ephemeral container"},
};

static const char *
path_of(const Review *review)
{
  if (!g_strv_contains(groups, review->group))
    return NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (strcmp(kinds[i].kind, review->kind) == 0)
      return kinds[i].path;
  return NULL;
}

bool
workload_kind_is_known(const Review *review)
{
  return path_of(review) != NULL;
}

const json_t *
workload_pod_spec(const Review *review, const json_t *object)
{
  const char *path = path_of(review);
  if (path == NULL)
    return NULL;
  g_auto(GStrv) members = g_strsplit(path, "/", -1);
  for (char **member = members; *member != NULL && object != NULL; member++)
    object = json_object_get(object, *member);
  return object;
}

static void
workload_image_free(void *data)
{
  WorkloadImage *image = data;
  g_free(image->path);
  g_free(image->container);
  g_free(image);
}

static bool
add(GPtrArray *images, char *path, char *container, const char *image, GError **error)
{
  WorkloadImage *added = g_new0(WorkloadImage, 1);
  added->path = path;
  added->container = container;
  added->image = image;
  g_ptr_array_add(images, added);
  return images->len <= WORKLOAD_IMAGES_MAX ||
         error_set(error, ASSAY_ERROR_LIMIT, "it has more than %u images", WORKLOAD_IMAGES_MAX);
}

/* *list: the member, NULL where it is missing or null. */
static bool
take_list(const json_t *spec, const char *name, const json_t **list, GError **error)
{
  *list = json_object_get(spec, name);
  if (json_is_null(*list))
    *list = NULL;
  return *list == NULL || json_is_array(*list) ||
         error_set(error, ASSAY_ERROR_INVALID, "%s is not a list", name);
}

/* The text @member of @object, "" where it is missing. */
static bool
take_image(const json_t *object, const char *member, const char *where, const char **image,
           GError **error)
{
  const json_t *value = json_object_get(object, member);
  if (value != NULL && !json_is_null(value) && !json_is_string(value))
    return error_set(error, ASSAY_ERROR_INVALID, "%s: \"%s\" is not a string", where, member);
  *image = json_is_string(value) ? json_string_value(value) : "";
  return strlen(*image) == json_string_length(value) ||
         error_set(error, ASSAY_ERROR_INVALID, "%s: \"%s\" has a NUL in it", where, member);
}

static bool
add_containers(GPtrArray *images, const json_t *spec, const char *base, unsigned kind,
               GError **error)
{
  const json_t *list, *container;
  size_t i;
  if (!take_list(spec, lists[kind].list, &list, error))
    return false;
  json_array_foreach(list, i, container) {
    g_autofree char *path = g_strdup_printf("%s/%s/%zu/image", base, lists[kind].list, i);
    const char *name = json_get_string(container, "name"), *image = "";
    if (!json_is_object(container))
      return error_set(error, ASSAY_ERROR_INVALID, "%s[%zu] is not an object", lists[kind].list, i);
    if (!take_image(container, "image", lists[kind].list, &image, error) ||
        !add(images, g_steal_pointer(&path),
             g_strdup_printf("%s \"%.63s\"", lists[kind].noun, name != NULL ? name : ""), image,
             error))
      return false;
  }
  return true;
}

/* A volume may be the content of an image. */
static bool
add_volumes(GPtrArray *images, const json_t *spec, const char *base, GError **error)
{
  const json_t *list, *volume;
  size_t i;
  if (!take_list(spec, "volumes", &list, error))
    return false;
  json_array_foreach(list, i, volume) {
    const json_t *source = json_object_get(volume, "image");
    const char *name = json_get_string(volume, "name"), *image = "";
    if (source == NULL || json_is_null(source))
      continue;
    if (!take_image(source, "reference", "volumes", &image, error) ||
        (*image != '\0' &&
         !add(images, g_strdup_printf("%s/volumes/%zu/image/reference", base, i),
              g_strdup_printf("volume \"%.63s\"", name != NULL ? name : ""), image, error)))
      return false;
  }
  return true;
}

GPtrArray *
workload_images(const Review *review, const json_t *object, GError **error)
{
  g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(workload_image_free);
  const json_t *spec = object == NULL ? NULL : workload_pod_spec(review, object);
  const char *path = path_of(review);
  if (spec == NULL || path == NULL || json_is_null(spec))
    return g_steal_pointer(&images);
  if (!json_is_object(spec)) {
    error_set(error, ASSAY_ERROR_INVALID, "%s is not an object", path);
    return NULL;
  }
  g_autofree char *base = *path == '\0' ? g_strdup("") : g_strconcat("/", path, NULL);
  for (unsigned kind = 0; kind < G_N_ELEMENTS(lists); kind++)
    if (!add_containers(images, spec, base, kind, error))
      return NULL;
  return add_volumes(images, spec, base, error) ? g_steal_pointer(&images) : NULL;
}

bool
workload_has_controller(const json_t *object)
{
  const json_t *owner;
  size_t i;
  const json_t *owners = json_get_array(json_object_get(object, "metadata"), "ownerReferences");
  json_array_foreach(owners, i, owner)
    if (json_get_boolean(owner, "controller", false))
      return true;
  return false;
}

bool
workload_is_mirror(const Review *review)
{
  static const char *const nobody[] = {NULL}, *const nodes[] = {"system:nodes", NULL};
  return strcmp(review->kind, "Pod") == 0 && review_annotation(review, MIRROR_ANNOTATION) != NULL &&
         review_user_is_among(review, nobody, nodes);
}
