/* Files that say a version alone: of a JDK, of a kernel, of the runtime that a folder asks for. */
#include <string.h>

#include "inspect/programs/lists-private.h"

/* --- what is asked for --- */

static Slice
without_comment(Slice line)
{
  gssize hash = slice_find(line, '#');
  return slice_strip(hash < 0 ? line : slice_sub(line, 0, (size_t)hash));
}

/* "v20.1.0" is 20.1.0; "lts/iron", "latest", "system" are no versions. */
static void
add_declared(const char *name, Slice version, const char *location, LayerInventory *into)
{
  if (version.size > 1 && version.data[0] == 'v')
    version = slice_sub(version, 1, version.size);
  if (version.size == 0 || !g_ascii_isdigit(version.data[0]))
    return;
  g_autofree char *text = slice_to_utf8(version);
  Package *package = layer_inventory_add_application(into, "generic", name, text, location);
  if (package != NULL)
    package->declared = true;
}

/* "nodejs 24.04 21" */
void
lists_read_tool_versions(Slice bytes, const char *location, LayerInventory *into)
{
  Slice line, word;
  while (slice_next_line(&bytes, &line)) {
    g_autofree char *name = NULL;
    line = without_comment(line);
    while (line.size > 0) {
      size_t size = 0;
      while (size < line.size && line.data[size] != ' ' && line.data[size] != '\t')
        size++;
      word = slice_sub(line, 0, size);
      line = slice_strip(slice_sub(line, size, line.size));
      if (name == NULL)
        name = slice_to_utf8(word);
      else
        add_declared(name, word, location, into);
    }
  }
}

void
lists_read_node_version(Slice bytes, const char *location, LayerInventory *into)
{
  Slice line;
  while (slice_next_line(&bytes, &line)) {
    line = without_comment(line);
    if (line.size == 0)
      continue;
    add_declared("nodejs", line, location, into);
    return;
  }
}

/* --- a JDK --- */

#define VENDOR_MAX ((size_t)100)

typedef struct {
  char *implementor, *distribution, *graal, *runtime, *full, *version, *image, *build;
} Release;

static void
release_clear(Release *release)
{
  g_free(release->implementor);
  g_free(release->distribution);
  g_free(release->graal);
  g_free(release->runtime);
  g_free(release->full);
  g_free(release->version);
  g_free(release->image);
  g_free(release->build);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Release, release_clear)

static void
read_release(Slice text, Release *release)
{
  const struct {
    const char *key;
    char **value;
  } keys[] = {
      {"IMPLEMENTOR", &release->implementor}, {"IMPLEMENTOR_VERSION", &release->distribution},
      {"GRAALVM_VERSION", &release->graal},   {"JAVA_RUNTIME_VERSION", &release->runtime},
      {"FULL_VERSION", &release->full},       {"JAVA_VERSION", &release->version},
      {"IMAGE_TYPE", &release->image},        {"BUILD_TYPE", &release->build}};
  Slice line, key;
  while (slice_next_line(&text, &line)) {
    slice_next_field(&line, '=', &key);
    Slice value = slice_strip(line);
    if (value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"')
      value = slice_sub(value, 1, value.size - 2);
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
      if (slice_equal_string(key, keys[i].key) && *keys[i].value == NULL && value.size > 0)
        *keys[i].value = slice_to_utf8(value);
  }
}

/* Of the same names as the bytes of its program `java` give (version_rules_languages.c). */
static const char *
java_name(const Release *release, const char *path)
{
  g_autofree char *maker =
      g_ascii_strdown(release->implementor == NULL ? "" : release->implementor, -1);
  bool jre = release->image != NULL && g_ascii_strcasecmp(release->image, "JRE") == 0;
  if (strstr(maker, "azul") != NULL || strstr(path, "zulu") != NULL)
    return "zulu";
  if (strstr(maker, "ibm") != NULL || strstr(path, "/ibm") != NULL)
    return jre ? "java" : "java_sdk";
  if (strstr(maker, "oracle") != NULL || strstr(maker, "sun m") != NULL ||
      strstr(path, "oracle") != NULL ||
      (release->build != NULL && strstr(release->build, "commercial") != NULL))
    return jre ? "jre" : "jdk";
  return "openjdk";
}

/* Who made the build: by what several say of themselves in either member, "Temurin-21.0.5+11",
 * "Corretto-21.0.5.11.1", "Zulu21.38+21-CA"; else as the file has it. (transfer full), or NULL. */
static char *
java_vendor(const Release *release)
{
  static const struct {
    const char *word, *vendor;
  } vendors[] = {
      {"temurin", "Eclipse Adoptium"},
      {"adopt", "Eclipse Adoptium"},
      {"corretto", "Amazon.com Inc."},
      {"amazon", "Amazon.com Inc."},
      {"zulu", "Azul Systems, Inc."},
      {"azul", "Azul Systems, Inc."},
      {"semeru", "IBM Corporation"},
      {"microsoft", "Microsoft"},
      {"sapmachine", "SAP SE"},
      {"sap se", "SAP SE"},
      {"dragonwell", "Alibaba"},
      {"alibaba", "Alibaba"},
      {"kona", "Tencent"},
      {"tencent", "Tencent"},
      {"liberica", "BellSoft"},
      {"bellsoft", "BellSoft"},
      {"bisheng", "Huawei"},
      {"jbr", "JetBrains s.r.o."},
  };
  if (release->graal != NULL)
    return g_strdup("GraalVM");
  g_autofree char *both =
      g_strconcat(release->implementor != NULL ? release->implementor : "", "\n",
                  release->distribution != NULL ? release->distribution : "", NULL);
  g_autofree char *lower = g_ascii_strdown(both, -1);
  for (size_t i = 0; i < G_N_ELEMENTS(vendors); i++)
    if (strstr(lower, vendors[i].word) != NULL)
      return g_strdup(vendors[i].vendor);
  return release->implementor == NULL || strcmp(release->implementor, "N/A") == 0
             ? NULL
             : slice_to_printable(slice_from_string(release->implementor), VENDOR_MAX);
}

void
lists_read_jdk(Slice bytes, const char *location, LayerInventory *into)
{
  g_auto(Release) release = {NULL};
  read_release(bytes, &release);
  size_t major = release.version == NULL ? 0 : strcspn(release.version, ".");
  bool full = release.full != NULL &&
              (release.version == NULL || strncmp(release.full, release.version, major + 1) == 0);
  const char *version = release.runtime != NULL ? release.runtime
                        : full                  ? release.full
                                                : release.version;
  Package *package = version == NULL
                         ? NULL
                         : layer_inventory_add_application(
                               into, "generic", java_name(&release, location), version, location);
  if (package != NULL)
    package->vendor = java_vendor(&release);
}

/* --- Linux --- */

/* "version=0.4", after a NUL as all of modinfo's strings but its first. */
static char *
modinfo(Slice bytes, const char *key)
{
  size_t size = strlen(key), from = 0;
  while (from < bytes.size) {
    const uint8_t *at = memmem(bytes.data + from, bytes.size - from, key, size);
    if (at == NULL)
      return NULL;
    from = (size_t)(at - bytes.data) + size;
    Slice rest = slice_sub(bytes, from, 1024);
    gssize end = slice_find(rest, 0);
    if (from > size && at[-1] == 0 && end > 0)
      return slice_to_utf8(slice_sub(rest, 0, (size_t)end));
  }
  return NULL;
}

/* Modules that have a version of their own; that of others is the kernel's. */
void
lists_read_kernel_module(Slice bytes, const char *location, LayerInventory *into)
{
  g_autofree char *name = modinfo(bytes, "name="), *version = modinfo(bytes, "version=");
  if (name != NULL && version != NULL)
    layer_inventory_add_application(into, "generic", name, version, location);
}

/* Linux's boot protocol: "HdrS" at 0x202, at 0x20e where its version is, from 0x200 on. */
void
lists_read_kernel(Slice bytes, const char *location, LayerInventory *into)
{
  Slice mark = slice_sub(bytes, 0x202, 4), at = slice_sub(bytes, 0x20e, 2);
  if (!slice_equal_string(mark, "HdrS") || at.size < 2)
    return;
  Slice text = slice_sub(bytes, 0x200u + at.data[0] + 256u * at.data[1], 256), version;
  if (slice_next_field(&text, ' ', &version) && text.size > 0) {
    g_autofree char *words = slice_to_utf8(version);
    layer_inventory_add_application(into, "generic", "linux", words, location);
  }
}
