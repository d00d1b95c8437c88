/* The facts of an image as files, and the run of all checks; see the header. */
#include "inspect/baseline/image.h"

#include <string.h>

#include "inspect/baseline/entries.h"
#include "inspect/baseline/facts.h"
#include "inspect/baseline/image-private.h"
#include "text/glob.h"

#define INCLUDES_DEPTH_MAX 16u
/* Settings of one service; more are none of a person's. */
#define SETTINGS_MAX 3000u
/* Files that it reads, each as often as it is taken in. */
#define INCLUDED_MAX 1000u

/* --- what is there --- */

static void
file_free(void *data)
{
  FactsOfFile *file = data;
  g_ptr_array_unref(file->facts);
  g_free(file);
}

static int
compare_files(gconstpointer a, gconstpointer b)
{
  const FactsOfFile *left = *(const FactsOfFile *const *)a;
  return strcmp(left->path, (*(const FactsOfFile *const *)b)->path);
}

static int
compare_lines(gconstpointer a, gconstpointer b)
{
  const ImageObservation *left = *(const ImageObservation *const *)a;
  const ImageObservation *right = *(const ImageObservation *const *)b;
  uint32_t one = left->observation->line, other = right->observation->line;
  return (one > other) - (one < other);
}

static void
add_fact(Baseline *baseline, ImageObservation *fact)
{
  const char *path = fact->observation->path;
  if (strchr(fact->observation->rule, '.') == NULL)
    return;
  FactsOfFile *file = g_hash_table_lookup(baseline->by_path, path);
  if (file == NULL) {
    file = g_new0(FactsOfFile, 1);
    *file = (FactsOfFile){path, g_ptr_array_new()};
    g_hash_table_insert(baseline->by_path, (void *)(uintptr_t)path, file);
    g_ptr_array_add(baseline->files, file);
  }
  g_ptr_array_add(file->facts, fact);
}

const FactsOfFile *
baseline_file(const Baseline *baseline, const char *path)
{
  return g_hash_table_lookup(baseline->by_path, path);
}

/* Once for each @path: the same text is not repeated. */
static void
leave_unread(Baseline *baseline, const char *path)
{
  g_autofree char *text =
      g_strdup_printf(SETTINGS_UNSCANNED "%s (more settings than are followed)", path);
  if (!g_ptr_array_find_with_equal_func(baseline->unread, text, g_str_equal, NULL))
    g_ptr_array_add(baseline->unread, g_steal_pointer(&text));
}

bool
baseline_spend(Baseline *baseline, uint64_t work)
{
  bool was_left = baseline->work <= BASELINE_WORK_MAX;
  baseline->work += work;
  if (was_left && baseline->work > BASELINE_WORK_MAX)
    leave_unread(baseline, "all files");
  return baseline->work <= BASELINE_WORK_MAX;
}

static bool
is_hidden(const char *path)
{
  const char *slash = strrchr(path, '/');
  return *(slash == NULL ? path : slash + 1) == '.';
}

/* The first file whose path is not before @text. */
static guint
first_from(const Baseline *baseline, const char *text, size_t size)
{
  guint low = 0, high = baseline->files->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    const FactsOfFile *file = g_ptr_array_index(baseline->files, middle);
    if (strncmp(file->path, text, size) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

GPtrArray *
baseline_glob(Baseline *baseline, const char *pattern)
{
  GPtrArray *files = g_ptr_array_new();
  bool hidden = is_hidden(pattern);
  size_t plain = strcspn(pattern, "*?[\\");
  for (guint i = first_from(baseline, pattern, plain); i < baseline->files->len; i++) {
    FactsOfFile *file = g_ptr_array_index(baseline->files, i);
    size_t size = strlen(file->path);
    if (strncmp(file->path, pattern, plain) != 0 || !baseline_spend(baseline, size))
      break;
    if (hidden == is_hidden(file->path) && baseline_spend(baseline, size * strlen(pattern)) &&
        glob_matches(pattern, file->path))
      g_ptr_array_add(files, file);
  }
  return files;
}

bool
baseline_has(const Baseline *baseline, const char *names)
{
  const GArray *packages = baseline->image->packages;
  for (guint i = 0; i < packages->len; i++) {
    const Package *package = g_array_index(packages, ImagePackage, i).package;
    if (!package_is_of_application(package) && config_is_one_of(package->name, names))
      return true;
  }
  for (guint i = 0; i < baseline->files->len; i++) {
    const FactsOfFile *file = g_ptr_array_index(baseline->files, i);
    for (guint j = 0; j < file->facts->len; j++) {
      const Observation *fact =
          ((ImageObservation *)g_ptr_array_index(file->facts, j))->observation;
      if (strcmp(fact->rule, "entry.program") == 0 && config_is_one_of(fact->shown, names))
        return true;
    }
  }
  return false;
}

/* --- settings --- */

typedef struct {
  Baseline *baseline;
  const Includes *includes;
  GArray *settings;
  unsigned depth, files;
  bool overfull; /* something is left out */
} Reading;

static void
setting_clear(void *setting)
{
  g_free(((ServiceSetting *)setting)->scope);
}

const char *
setting_key(const ServiceSetting *setting)
{
  return strchr(setting->of->observation->rule, '.') + 1;
}

const char *
setting_value(const ServiceSetting *setting)
{
  return setting->of->observation->shown;
}

bool
setting_is(const ServiceSetting *setting, const char *key)
{
  return strcmp(setting_key(setting), key) == 0;
}

const ServiceSetting *
setting_last(const GArray *settings, const char *key)
{
  for (guint i = settings->len; i > 0; i--) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i - 1);
    if (setting_is(setting, key))
      return setting;
  }
  return NULL;
}

static void read_file(Reading *reading, const FactsOfFile *file, const char *scope);

/* @pattern as a path of the image: from the root on, or in a folder. (transfer full) */
static char *
included_path(const Reading *reading, const FactsOfFile *by, const char *pattern)
{
  if (*pattern == '/')
    return g_strdup(pattern + strspn(pattern, "/"));
  if (g_str_has_prefix(pattern, "./"))
    pattern += 2;
  const char *slash = strrchr(by->path, '/');
  g_autofree char *own = g_strndup(by->path, slash == NULL ? 0 : (size_t)(slash - by->path));
  return g_build_filename(reading->includes->folder == NULL ? own : reading->includes->folder,
                          pattern, NULL);
}

static void
read_pattern(Reading *reading, const FactsOfFile *by, const ServiceSetting *setting, bool folder)
{
  g_autofree char *path = included_path(reading, by, setting_value(setting));
  g_autofree char *pattern = folder ? g_build_filename(path, "*", NULL) : g_strdup(path);
  g_autoptr(GPtrArray) files = baseline_glob(reading->baseline, pattern);
  for (guint i = 0; i < files->len; i++) {
    const FactsOfFile *file = g_ptr_array_index(files, i);
    const char *name = strrchr(file->path, '/');
    name = name == NULL ? file->path : name + 1;
    if (!folder || reading->includes->takes == NULL || reading->includes->takes(name))
      read_file(reading, file, setting->scope);
  }
}

static char *
joined_scope(const char *outer, const char *inner)
{
  if (outer == NULL || inner == NULL)
    return g_strdup(outer == NULL ? inner : outer);
  return g_strconcat(outer, " ", inner, NULL);
}

static void
read_file(Reading *reading, const FactsOfFile *file, const char *scope)
{
  if (reading->depth == INCLUDES_DEPTH_MAX || reading->files == INCLUDED_MAX) {
    reading->overfull = true;
    return;
  }
  reading->depth++;
  reading->files++;
  for (guint i = 0; i < file->facts->len; i++) {
    if (reading->settings->len == SETTINGS_MAX) {
      reading->overfull = true;
      break;
    }
    const ImageObservation *of = g_ptr_array_index(file->facts, i);
    ServiceSetting setting = {of, joined_scope(scope, of->observation->scope)};
    const Includes *includes = reading->includes;
    bool folder = includes->folders != NULL && setting_is(&setting, includes->folders);
    bool pattern = setting_is(&setting, includes->include) ||
                   (includes->optional != NULL && setting_is(&setting, includes->optional));
    if (folder || pattern) {
      read_pattern(reading, file, &setting, folder);
      setting_clear(&setting);
    } else {
      g_array_append_val(reading->settings, setting);
    }
  }
  reading->depth--;
}

GArray *
baseline_read(Baseline *baseline, const char *root, const Includes *includes)
{
  GArray *settings = g_array_new(FALSE, FALSE, sizeof(ServiceSetting));
  g_array_set_clear_func(settings, setting_clear);
  Reading reading = {baseline, includes, settings, 0, 0, false};
  const FactsOfFile *file = baseline_file(baseline, root);
  if (file != NULL)
    read_file(&reading, file, NULL);
  if (reading.overfull)
    leave_unread(baseline, root);
  return settings;
}

GArray *
baseline_read_first(Baseline *baseline, const char *names, const BaselineRoot *roots, size_t count)
{
  if (!baseline_has(baseline, names))
    return NULL;
  for (size_t i = 0; i < count; i++) {
    const Includes includes = {
        .folder = roots[i].root, .include = "include", .optional = "includeoptional"};
    if (baseline_file(baseline, roots[i].file) != NULL)
      return baseline_read(baseline, roots[i].file, &includes);
  }
  return NULL;
}

/* --- what is weak --- */

void
baseline_tell(Baseline *baseline, const char *rule, const ImageObservation *of, Severity severity,
              const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *shown = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  const Observation *fact = of->observation;
  g_autofree char *key = g_strdup_printf("%s %s %u %s", rule, fact->path, fact->line, shown);
  if (!g_hash_table_add(baseline->told, g_steal_pointer(&key)))
    return;
  bool folder = g_str_has_suffix(fact->path, ENTRY_OF_FOLDER);
  g_autofree char *path =
      g_strndup(fact->path, strlen(fact->path) - (folder ? strlen(ENTRY_OF_FOLDER) : 0));
  const Observation weakness = {.kind = OBSERVED_WEAKNESS,
                                .rule = rule,
                                .path = path,
                                .line = fact->line,
                                .severity = severity,
                                .shown = shown,
                                .read = fact->read};
  g_ptr_array_add(baseline->found,
                  image_observation_new(observation_copy(&weakness), of->layer, false));
}

void
baseline_check_fact(Baseline *baseline, const BaselineCheck *check)
{
  for (guint i = 0; i < baseline->files->len; i++) {
    const FactsOfFile *file = g_ptr_array_index(baseline->files, i);
    for (guint j = 0; j < file->facts->len; j++) {
      const ImageObservation *of = g_ptr_array_index(file->facts, j);
      const char *value = of->observation->shown;
      if (strcmp(of->observation->rule, check->key) == 0 &&
          (check->values == NULL || config_is_one_of(value, check->values)))
        baseline_tell(baseline, check->rule, of, SEVERITY_UNKNOWN, "%s", value);
    }
  }
}

/* --- the run --- */

/* Leaves the others in their order. (transfer full): ImageObservation */
static GPtrArray *
take_facts(ImageInventory *image)
{
  GPtrArray *facts = g_ptr_array_new_with_free_func((GDestroyNotify)image_observation_free);
  GPtrArray *others = g_ptr_array_new_with_free_func((GDestroyNotify)image_observation_free);
  g_ptr_array_set_free_func(image->observations, NULL);
  for (guint i = 0; i < image->observations->len; i++) {
    ImageObservation *one = g_ptr_array_index(image->observations, i);
    g_ptr_array_add(one->observation->kind == OBSERVED_FACT ? facts : others, one);
  }
  g_ptr_array_unref(image->observations);
  image->observations = others;
  return facts;
}

static void
run_checks(Baseline *baseline)
{
  for (size_t i = 0; baseline_checks[i] != NULL; i++)
    for (size_t j = 0; j < baseline_checks[i]->count; j++)
      baseline_checks[i]->checks[j].run(baseline, &baseline_checks[i]->checks[j]);
}

void
baseline_of_image(ImageInventory *image)
{
  g_autoptr(GPtrArray) facts = take_facts(image);
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(file_free);
  g_autoptr(GHashTable) by_path = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Baseline baseline = {image, files, by_path, image->observations, told, image->unread, 0};
  for (guint i = 0; i < facts->len; i++)
    add_fact(&baseline, g_ptr_array_index(facts, i));
  g_ptr_array_sort(files, compare_files);
  for (guint i = 0; i < files->len; i++)
    g_ptr_array_sort(((FactsOfFile *)g_ptr_array_index(files, i))->facts, compare_lines);
  run_checks(&baseline);
}
