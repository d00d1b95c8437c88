/* Checks of what an image is started with: its user, ports, health check, command, variables. */
#include <string.h>

#include "base/slice.h"
#include "inspect/configuration/configuration-private.h"

/* --- the user --- */

static bool
is_root(const char *user)
{
  g_autofree char *name = g_strndup(user, strcspn(user, ":"));
  g_strstrip(name);
  return *name == '\0' || strcmp(name, "root") == 0 ||
         (strspn(name, "0") == strlen(name) && strlen(name) > 0);
}

/* The last USER of the image, through the stages that it begins with; NULL: none says it. */
static const BuildStep *
last_user(const Build *build)
{
  int stage = (int)build->stages->len - 1;
  while (stage >= 0) {
    const BuildStep *found = NULL;
    for (guint i = 0; i < build->steps->len; i++) {
      const BuildStep *step = g_ptr_array_index(build->steps, i);
      if (step->stage == stage && !step->onbuild && step_is(step, "USER"))
        found = step;
    }
    if (found != NULL)
      return found;
    stage = ((const BuildStage *)g_ptr_array_index(build->stages, stage))->from;
  }
  return NULL;
}

/* The image that the last stage begins with in the end; NULL: cannot be told. */
static const char *
base_image(const Build *build)
{
  const BuildStage *stage = g_ptr_array_index(build->stages, build->stages->len - 1);
  while (stage->from >= 0)
    stage = g_ptr_array_index(build->stages, stage->from);
  return stage->image;
}

/* Images whose own user is none with rights, as their publishers say. */
static bool
has_own_user(const char *image)
{
  static const char *const hints[] = {"nonroot", "rootless", "unprivileged", "cgr.dev/chainguard/",
                                      "bitnami/"};
  for (size_t i = 0; image != NULL && i < G_N_ELEMENTS(hints); i++)
    if (strstr(image, hints[i]) != NULL)
      return true;
  return false;
}

static const BuildStep *
last_from(const Build *build)
{
  const BuildStep *found = NULL;
  for (guint i = 0; i < build->steps->len; i++) {
    const BuildStep *step = g_ptr_array_index(build->steps, i);
    if (step_is(step, "FROM"))
      found = step;
  }
  return found;
}

/* Whether the image has a CMD or an ENTRYPOINT of this file. */
static bool
has_command(const Build *build)
{
  for (guint i = 0; i < build->steps->len; i++) {
    const BuildStep *step = g_ptr_array_index(build->steps, i);
    if ((step_is(step, "CMD") || step_is(step, "ENTRYPOINT")) && !step->onbuild &&
        build_is_of_image(build, step))
      return true;
  }
  return false;
}

/* From nothing and without a command, it is files for others. */
static void
check_user_missing(const Build *build, Checking *into)
{
  const char *base = base_image(build);
  bool runs = g_strcmp0(base, "scratch") != 0 || has_command(build);
  if (runs && last_user(build) == NULL && !has_own_user(base))
    checking_found(into, last_from(build), NULL);
}

/* What has nothing to start is no image that anybody runs as it is. */
static bool
starts_something(const ImageConfig *config)
{
  return config->cmd != NULL || config->entrypoint != NULL;
}

static void
check_user_root(const Build *build, Checking *into)
{
  if (build->config != NULL) {
    const char *user = build->config->user;
    bool told = user != NULL && *user != '\0';
    if (told ? is_root(user) : starts_something(build->config))
      checking_found_config(into, "config:User", told ? user : "no user: root");
    return;
  }
  const BuildStep *step = last_user(build);
  const char *user =
      step == NULL || step->words->len == 0 ? NULL : g_ptr_array_index(step->words, 0);
  if (user != NULL && is_root(user))
    checking_found(into, step, NULL);
}

/* --- ports --- */

typedef struct {
  unsigned port;
  bool administers; /* a machine, and not data */
} PortRow;
static const PortRow ports[] = {
    {22, true},    {23, true},    {111, true},   {135, true},    {139, true},    {445, true},
    {512, true},   {513, true},   {514, true},   {873, true},    {2375, true},   {2376, true},
    {2377, true},  {3389, true},  {5900, true},  {5901, true},   {5985, true},   {5986, true},
    {10000, true}, {10250, true}, {10255, true}, {1433, false},  {1521, false},  {2379, false},
    {2380, false}, {3306, false}, {5432, false}, {5984, false},  {6379, false},  {7000, false},
    {9042, false}, {9200, false}, {9300, false}, {11211, false}, {27017, false}, {27018, false},
};

/* "8000-8010/tcp": false where it is no such thing. */
static bool
read_ports(const char *word, uint64_t *least, uint64_t *most)
{
  g_autofree char *range = g_strndup(word, strcspn(word, "/"));
  const char *dash = strchr(range, '-');
  Slice first = slice_new(range, dash == NULL ? strlen(range) : (size_t)(dash - range));
  Slice last = dash == NULL ? first : slice_from_string(dash + 1);
  return slice_to_uint64(first, least) && slice_to_uint64(last, most);
}

static bool
opens(const char *word, bool administers)
{
  uint64_t least, most;
  if (word == NULL || !read_ports(word, &least, &most))
    return false;
  for (size_t i = 0; i < G_N_ELEMENTS(ports); i++)
    if (ports[i].administers == administers && ports[i].port >= least && ports[i].port <= most)
      return true;
  return false;
}

static bool
opens_administration(const char *word)
{
  return opens(word, true);
}

static bool
opens_database(const char *word)
{
  return opens(word, false);
}

static void
check_ports(const Build *build, Checking *into, bool (*opened)(const char *word))
{
  char **exposed = build->config == NULL ? NULL : build->config->exposed_ports;
  checking_find_words(build, into, exposed, "config:ExposedPorts", "EXPOSE", opened);
}

static void
check_admin_ports(const Build *build, Checking *into)
{
  check_ports(build, into, opens_administration);
}

static void
check_database_ports(const Build *build, Checking *into)
{
  check_ports(build, into, opens_database);
}

static bool
is_wrong_port(const BuildStep *step, const char *word)
{
  uint64_t least, most;
  return step_is(step, "EXPOSE") &&
         (!read_ports(word, &least, &most) || most > 65535 || least > most);
}

/* --- the health check and the command --- */

/* HEALTHCHECK NONE takes away the one that the base brings. */
static void
check_health_of_config(const ImageConfig *config, Checking *into)
{
  char **test = config->health_check;
  bool none = test != NULL && (*test == NULL || strcmp(*test, "NONE") == 0);
  if (none)
    checking_found_config(into, "config:Healthcheck", "NONE");
  else if (test == NULL && starts_something(config))
    checking_found_config(into, "config:Healthcheck", NULL);
}

static void
check_health(const Build *build, Checking *into)
{
  const BuildStep *last = NULL;
  if (build->config != NULL) {
    check_health_of_config(build->config, into);
    return;
  }
  for (guint i = 0; i < build->steps->len; i++) {
    const BuildStep *step = g_ptr_array_index(build->steps, i);
    if (step_is(step, "HEALTHCHECK") && !step->onbuild && build_is_of_image(build, step))
      last = step;
  }
  const char *first =
      last == NULL || last->words->len == 0 ? NULL : g_ptr_array_index(last->words, 0);
  if (first != NULL && g_ascii_strcasecmp(first, "NONE") == 0)
    checking_found(into, last, NULL);
  else if (last == NULL && has_command(build))
    checking_found(into, last_from(build), NULL);
}

/* All but the last of a stage have no effect. */
static bool
is_overruled(const Build *build, const BuildStep *step, const char *keyword)
{
  if (!step_is(step, keyword) || step->onbuild)
    return false;
  bool after = false;
  for (guint i = 0; i < build->steps->len; i++) {
    const BuildStep *other = g_ptr_array_index(build->steps, i);
    if (after && other->stage == step->stage && !other->onbuild && step_is(other, keyword))
      return true;
    after |= other == step;
  }
  return false;
}

static bool
is_overruled_command(const Build *build, const BuildStep *step)
{
  return is_overruled(build, step, "CMD");
}

static bool
is_overruled_entrypoint(const Build *build, const BuildStep *step)
{
  return is_overruled(build, step, "ENTRYPOINT");
}

static bool
is_overruled_health(const Build *build, const BuildStep *step)
{
  return is_overruled(build, step, "HEALTHCHECK");
}

static bool
is_shell_form(const Build *build, const BuildStep *step)
{
  return (step_is(step, "CMD") || step_is(step, "ENTRYPOINT")) && !step->list &&
         step->words->len > 0 && *(const char *)g_ptr_array_index(step->words, 0) != '\0';
}

/* --- the rest --- */

/* "SIGTERM", "9", "SIGRTMIN+3" */
static bool
is_signal(const char *signal)
{
  static const char *const names[] = {"HUP",  "INT",  "QUIT",  "KILL", "USR1",
                                      "USR2", "TERM", "WINCH", "PWR",  "ABRT",
                                      "STOP", "CONT", "ALRM",  "PIPE", "CHLD"};
  uint64_t number;
  if (slice_to_uint64(slice_from_string(signal), &number))
    return number >= 1 && number <= 64;
  const char *name = g_ascii_strncasecmp(signal, "SIG", 3) == 0 ? signal + 3 : signal;
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (g_ascii_strcasecmp(name, names[i]) == 0)
      return true;
  return g_ascii_strncasecmp(name, "RTM", 3) == 0;
}

/* One that nobody can catch ends the program in the middle of its work. */
static bool
stops_without_end(const char *signal)
{
  static const char *const deaf[] = {"KILL", "SIGKILL", "9", "STOP", "SIGSTOP", "19"};
  for (size_t i = 0; i < G_N_ELEMENTS(deaf); i++)
    if (g_ascii_strcasecmp(signal, deaf[i]) == 0)
      return true;
  return !is_signal(signal);
}

static void
check_stop_signal(const Build *build, Checking *into)
{
  const char *told = build->config == NULL ? NULL : build->config->stop_signal;
  if (told != NULL && *told != '\0' && stops_without_end(told))
    checking_found_config(into, "config:StopSignal", told);
  for (guint i = 0; build->config == NULL && i < build->steps->len; i++) {
    const BuildStep *step = g_ptr_array_index(build->steps, i);
    const char *signal = step_is(step, "STOPSIGNAL") ? build_step_last_word(step) : NULL;
    if (signal != NULL && stops_without_end(signal))
      checking_found(into, step, NULL);
  }
}

/* A folder that all may write to, or the one that the program happens to be in. */
static bool
is_unsafe_path(const char *path)
{
  g_auto(GStrv) folders = g_strsplit(path, ":", 1000);
  for (char **folder = folders; *folder != NULL; folder++)
    if (**folder == '\0' || **folder == '.' || g_str_has_prefix(*folder, "/tmp") ||
        g_str_has_prefix(*folder, "/var/tmp") || g_str_has_prefix(*folder, "/dev/shm"))
      return true;
  return false;
}

static void
check_path(const Build *build, Checking *into)
{
  char **set = build->config == NULL ? NULL : build->config->env;
  for (; set != NULL && *set != NULL; set++)
    if (g_str_has_prefix(*set, "PATH=") && is_unsafe_path(*set + strlen("PATH=")))
      checking_found_config(into, "config:Env", *set);
  for (guint i = 0; build->config == NULL && i < build->steps->len; i++) {
    const BuildStep *step = g_ptr_array_index(build->steps, i);
    for (guint j = 0; step_is(step, "ENV") && j < step->words->len; j++) {
      const char *word = g_ptr_array_index(step->words, j);
      if (word != NULL && g_str_has_prefix(word, "PATH=") && is_unsafe_path(word + strlen("PATH=")))
        checking_found_word(into, step, j, NULL);
    }
  }
}

/* Labels that say who made the image, or from what; those of label-schema.org came before. */
static bool
is_of_origin(const char *label)
{
  static const char *const names[] = {"maintainer",
                                      "org.opencontainers.image.authors",
                                      "org.opencontainers.image.documentation",
                                      "org.opencontainers.image.source",
                                      "org.opencontainers.image.url",
                                      "org.opencontainers.image.vendor",
                                      "org.label-schema.url",
                                      "org.label-schema.vcs-url",
                                      "org.label-schema.vendor"};
  size_t size = strcspn(label, "=");
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (strlen(names[i]) == size && strncmp(names[i], label, size) == 0)
      return true;
  return false;
}

static bool
config_tells_origin(const ImageConfig *config)
{
  GHashTableIter iter;
  void *name;
  if (config->labels == NULL)
    return false;
  g_hash_table_iter_init(&iter, config->labels);
  while (g_hash_table_iter_next(&iter, &name, NULL))
    if (is_of_origin(name))
      return true;
  return false;
}

static bool
step_tells_origin(const BuildStep *step)
{
  for (guint i = 0; step_is(step, "LABEL") && i < step->words->len; i++) {
    const char *word = g_ptr_array_index(step->words, i);
    if (word == NULL || is_of_origin(word))
      return true;
  }
  return step_is(step, "MAINTAINER");
}

/* As the health check: of an image that somebody runs. */
static void
check_labels(const Build *build, Checking *into)
{
  if (build->config != NULL) {
    if (starts_something(build->config) && !config_tells_origin(build->config))
      checking_found_config(into, "config:Labels", NULL);
    return;
  }
  for (guint i = 0; i < build->steps->len; i++) {
    const BuildStep *step = g_ptr_array_index(build->steps, i);
    if (!step->onbuild && build_is_of_image(build, step) && step_tells_origin(step))
      return;
  }
  if (has_command(build))
    checking_found(into, last_from(build), NULL);
}

static bool
is_maintainer(const Build *build, const BuildStep *step)
{
  return step_is(step, "MAINTAINER");
}

static bool
is_trigger(const Build *build, const BuildStep *step)
{
  return step->onbuild;
}

#define DOCKERFILES CHECK_DOCKERFILES
#define BOTH        (CHECK_DOCKERFILES | CHECK_HISTORIES)
#define ALL         CHECK_ALL_STAGES
const ConfigurationCheck configuration_image_checks[] = {
    {"user-missing", DOCKERFILES, .build = check_user_missing},
    {"user-root", BOTH, .build = check_user_root},
    {"exposed-admin-port", BOTH, .build = check_admin_ports},
    {"exposed-database-port", BOTH, .build = check_database_ports},
    {"port-invalid", DOCKERFILES | ALL, .word = is_wrong_port},
    {"healthcheck-missing", BOTH, .build = check_health},
    {"healthcheck-repeated", DOCKERFILES | ALL, .step = is_overruled_health},
    {"cmd-repeated", DOCKERFILES | ALL, .step = is_overruled_command},
    {"entrypoint-repeated", DOCKERFILES | ALL, .step = is_overruled_entrypoint},
    {"shell-form", DOCKERFILES, .step = is_shell_form},
    {"stop-signal", BOTH, .build = check_stop_signal},
    {"path-unsafe", BOTH, .build = check_path},
    {"labels-missing", BOTH, .build = check_labels},
    {"maintainer", DOCKERFILES | ALL, .step = is_maintainer},
    {"onbuild", DOCKERFILES, .step = is_trigger},
    {NULL},
};
