/* Checks of stages: what they begin with, their names, where they work. */
#include <string.h>

#include "inspect/configuration/configuration-private.h"

/* --- images that a stage begins with --- */

static const BuildStage *
stage_of(const Build *build, const BuildStep *step)
{
  return step_is(step, "FROM") ? g_ptr_array_index(build->stages, step->stage) : NULL;
}

/* Of another image; NULL where it is another stage, nothing, or cannot be told. */
static const char *
external_image(const Build *build, const BuildStep *step)
{
  const BuildStage *stage = stage_of(build, step);
  return stage == NULL || stage->from >= 0 || stage->image == NULL ||
                 strcmp(stage->image, "scratch") == 0
             ? NULL
             : stage->image;
}

/* After the last "/", so that a host's port is none. *@digest: there is one. */
static const char *
tag_of(const char *image, bool *digest)
{
  const char *slash = strrchr(image, '/');
  const char *name = slash == NULL ? image : slash + 1;
  *digest = strchr(image, '@') != NULL;
  const char *colon = strchr(name, ':');
  return colon == NULL ? NULL : colon + 1;
}

/* The name or the number of a stage before the step's. */
static bool
is_stage(const Build *build, const BuildStep *step, const char *name)
{
  if (*name != '\0' && strspn(name, G_CSET_DIGITS) == strlen(name))
    return true;
  for (int i = 0; i < step->stage; i++) {
    const BuildStage *stage = g_ptr_array_index(build->stages, i);
    if (stage->name != NULL && g_ascii_strcasecmp(stage->name, name) == 0)
      return true;
  }
  return false;
}

/* @name, of @size bytes: of a COPY --from, or a mount's from=. */
static bool
is_brought(const Build *build, const BuildStep *step, const char *name, size_t size,
           bool (*judge)(const char *image))
{
  g_autofree char *image = g_strndup(name, size);
  return *image != '\0' && strchr(image, '$') == NULL && strcmp(image, "scratch") != 0 &&
         !is_stage(build, step, image) && judge(image);
}

/* Whether an image of another build that the step uses is so: it begins with one, copies from one,
 * or mounts one. */
static bool
uses_image(const Build *build, const BuildStep *step, bool (*judge)(const char *image))
{
  const char *begins = external_image(build, step);
  if (begins != NULL && judge(begins))
    return true;
  const char *from = step_is(step, "COPY") ? build_step_flag(step, "from") : NULL;
  if (from != NULL && is_brought(build, step, from, strlen(from), judge))
    return true;
  for (char **flag = step->flags; step_is(step, "RUN") && flag != NULL && *flag != NULL; flag++) {
    const char *mark = g_str_has_prefix(*flag, "--mount=") ? strstr(*flag, "from=") : NULL;
    if (mark == NULL || (mark[-1] != ',' && mark != *flag + strlen("--mount=")))
      continue;
    const char *name = mark + strlen("from=");
    if (is_brought(build, step, name, strcspn(name, ",\""), judge))
      return true;
  }
  return false;
}

static bool
has_no_tag(const char *image)
{
  bool digest = false;
  return *image != '\0' && tag_of(image, &digest) == NULL && !digest;
}

static bool
has_latest_tag(const char *image)
{
  bool digest = false;
  const char *tag = tag_of(image, &digest);
  return tag != NULL && !digest && strcmp(tag, "latest") == 0;
}

static bool
is_untagged(const Build *build, const BuildStep *step)
{
  return uses_image(build, step, has_no_tag);
}

static bool
is_latest(const Build *build, const BuildStep *step)
{
  return uses_image(build, step, has_latest_tag);
}

/* What the build names in the image, where it does. */
static void
check_base_label(const Build *build, Checking *into)
{
  GHashTable *labels = build->config == NULL ? NULL : build->config->labels;
  const char *name =
      labels == NULL ? NULL : g_hash_table_lookup(labels, "org.opencontainers.image.base.name");
  const char *digest =
      labels == NULL ? NULL : g_hash_table_lookup(labels, "org.opencontainers.image.base.digest");
  bool by_digest = false;
  const char *tag = name == NULL ? NULL : tag_of(name, &by_digest);
  if (name != NULL && digest == NULL && !by_digest && (tag == NULL || strcmp(tag, "latest") == 0))
    checking_found_config(into, "config:Labels", name);
}

static bool
has_fixed_platform(const Build *build, const BuildStep *step)
{
  const BuildStage *stage = stage_of(build, step);
  return stage != NULL && stage->platform != NULL && strchr(stage->platform, '$') == NULL;
}

/* --- names --- */

static bool
has_name_again(const Build *build, const BuildStep *step)
{
  const BuildStage *stage = stage_of(build, step);
  for (int i = 0; stage != NULL && stage->name != NULL && i < step->stage; i++) {
    const BuildStage *before = g_ptr_array_index(build->stages, i);
    if (before->name != NULL && g_ascii_strcasecmp(before->name, stage->name) == 0)
      return true;
  }
  return false;
}

static bool
copies_from_itself(const Build *build, const BuildStep *step)
{
  const char *from = step_is(step, "COPY") ? build_step_flag(step, "from") : NULL;
  if (from == NULL || step->stage < 0)
    return false;
  const BuildStage *stage = g_ptr_array_index(build->stages, step->stage);
  g_autofree char *number = g_strdup_printf("%d", step->stage);
  return strcmp(from, number) == 0 ||
         (stage->name != NULL && g_ascii_strcasecmp(from, stage->name) == 0);
}

/* --- folders --- */

static bool
is_below(const char *path, const char *folder)
{
  size_t size = strlen(folder);
  return strncmp(path, folder, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

static bool
is_below_any(const char *path, const char *const *folders)
{
  for (; *folders != NULL; folders++)
    if (is_below(path, *folders))
      return true;
  return false;
}

/* A relative one is below the last, which the image that the stage begins with may have set. */
static bool
works_relatively(const Build *build, const BuildStep *step)
{
  const char *path = step_is(step, "WORKDIR") ? build_step_last_word(step) : NULL;
  if (path == NULL || *path == '/' || *path == '\0' || strchr(path, ':') != NULL)
    return false;
  for (guint i = 0; i < build->steps->len; i++) {
    const BuildStep *before = g_ptr_array_index(build->steps, i);
    if (before == step)
      break;
    if (before->stage == step->stage && step_is(before, "WORKDIR"))
      return false;
  }
  return true;
}

static const char *const system_folders[] = {"/bin", "/boot",    "/dev",      "/etc",
                                             "/lib", "/lib64",   "/proc",     "/sbin",
                                             "/sys", "/usr/bin", "/usr/sbin", NULL};

static void
check_working_folder(const Build *build, Checking *into)
{
  const char *told = build->config == NULL ? NULL : build->config->working_dir;
  if (told != NULL && is_below_any(told, system_folders))
    checking_found_config(into, "config:WorkingDir", told);
  for (guint i = 0; build->config == NULL && i < build->steps->len; i++) {
    const BuildStep *step = g_ptr_array_index(build->steps, i);
    const char *path = step_is(step, "WORKDIR") ? build_step_last_word(step) : NULL;
    if (path != NULL && is_below_any(path, system_folders) && build_is_of_image(build, step))
      checking_found(into, step, NULL);
  }
}

static bool
is_volume_of_system(const char *path)
{
  static const char *const kernels[] = {"/dev", "/proc", "/sys", "/boot", NULL};
  static const char *const whole[] = {"/",     "/bin", "/etc",     "/lib",     "/lib64",
                                      "/sbin", "/usr", "/usr/bin", "/usr/lib", NULL};
  return path != NULL && (is_below_any(path, kernels) || g_strv_contains(whole, path));
}

static bool
is_docker_socket(const char *path)
{
  return path != NULL &&
         (g_str_has_suffix(path, "/docker.sock") || g_str_has_suffix(path, "/containerd.sock") ||
          g_str_has_suffix(path, "/crio.sock"));
}

static void
check_volumes(const Build *build, Checking *into, bool (*weak)(const char *path))
{
  char **told = build->config == NULL ? NULL : build->config->volumes;
  checking_find_words(build, into, told, "config:Volumes", "VOLUME", weak);
}

static void
check_system_volumes(const Build *build, Checking *into)
{
  check_volumes(build, into, is_volume_of_system);
}

static void
check_socket_volumes(const Build *build, Checking *into)
{
  check_volumes(build, into, is_docker_socket);
}

#define DOCKERFILES CHECK_DOCKERFILES
#define BOTH        (CHECK_DOCKERFILES | CHECK_HISTORIES)
#define ALL         CHECK_ALL_STAGES
const ConfigurationCheck configuration_stage_checks[] = {
    {"base-untagged", DOCKERFILES | ALL, .step = is_untagged},
    {"base-latest", DOCKERFILES | ALL, .step = is_latest},
    {"base-not-pinned", CHECK_HISTORIES, .build = check_base_label},
    {"base-platform", DOCKERFILES | ALL, .step = has_fixed_platform},
    {"stage-name-repeated", DOCKERFILES | ALL, .step = has_name_again},
    {"copy-from-itself", DOCKERFILES | ALL, .step = copies_from_itself},
    {"workdir-relative", DOCKERFILES | ALL, .step = works_relatively},
    {"workdir-system", BOTH, .build = check_working_folder},
    {"volume-system", BOTH, .build = check_system_volumes},
    {"volume-docker-socket", BOTH, .build = check_socket_volumes},
    {NULL},
};
