/* Lines "Name: value", which go on in lines that begin with a space; see the header. */
#include "inspect/programs/java_manifest.h"

#include <string.h>

#define VALUE_MAX 1024u

static const char *const names[] = {
    [JAVA_GROUP_ID] = "group-id",
    [JAVA_ARTIFACT_ID] = "artifact-id",
    [JAVA_SHORT_NAME] = "short-name",
    [JAVA_EXTENSION_NAME] = "extension-name",
    [JAVA_SYMBOLIC_NAME] = "bundle-symbolicname",
    [JAVA_BUNDLE_NAME] = "bundle-name",
    [JAVA_BUNDLE_VERSION] = "bundle-version",
    [JAVA_TITLE] = "implementation-title",
    [JAVA_VERSION] = "implementation-version",
    [JAVA_VENDOR] = "implementation-vendor",
    [JAVA_VENDOR_ID] = "implementation-vendor-id",
    [JAVA_SPECIFICATION_TITLE] = "specification-title",
    [JAVA_SPECIFICATION_VERSION] = "specification-version",
    [JAVA_SPECIFICATION_VENDOR] = "specification-vendor",
    [JAVA_PLUGIN_VERSION] = "plugin-version",
    [JAVA_MODULE] = "automatic-module-name",
    [JAVA_CREATED_BY] = "created-by",
    [JAVA_LICENSE] = "bundle-license",
    [JAVA_PLUGIN_LICENSE] = "plugin-license-name",
    [JAVA_NAME] = "name",
};

void
java_manifest_clear(JavaManifest *manifest)
{
  for (size_t i = 0; i < JAVA_ATTRIBUTES; i++)
    g_clear_pointer(&manifest->values[i], g_free);
}

static int
attribute_of(Slice name)
{
  g_autofree char *text = slice_to_string(slice_sub(name, 0, 64));
  for (int i = 0; i < JAVA_ATTRIBUTES; i++)
    if (g_ascii_strcasecmp(text, names[i]) == 0)
      return i;
  return -1;
}

/* The first that is not empty counts. */
static void
set(JavaManifest *manifest, Slice name, const GString *value)
{
  int attribute = attribute_of(name);
  if (attribute < 0 || manifest->values[attribute] != NULL)
    return;
  Slice text = slice_strip(slice_new(value->str, value->len));
  if (attribute == JAVA_SYMBOLIC_NAME) {
    gssize end = slice_find(text, ';');
    text = slice_strip(slice_sub(text, 0, end < 0 ? text.size : (size_t)end));
  }
  if (text.size > 0 && text.size <= VALUE_MAX)
    manifest->values[attribute] = slice_to_utf8(text);
}

/* With the lines in which it goes on. */
static bool
next_attribute(Slice *rest, Slice *name, GString *value)
{
  Slice line = SLICE_EMPTY;
  if (!slice_next_line(rest, &line) || line.size == 0)
    return false;
  gssize colon = slice_find(line, ':');
  *name = slice_strip(slice_sub(line, 0, colon < 0 ? line.size : (size_t)colon));
  line = colon < 0 ? SLICE_EMPTY : slice_sub(line, (size_t)colon + 1, line.size);
  g_string_truncate(value, 0);
  g_string_append_len(value, (const char *)line.data, (gssize)line.size);
  while (rest->size > 0 && rest->data[0] == ' ') {
    slice_next_line(rest, &line);
    if (value->len <= VALUE_MAX)
      g_string_append_len(value, (const char *)line.data + 1, (gssize)line.size - 1);
  }
  return true;
}

static void
read_section(JavaManifest *manifest, Slice *rest, GString *value)
{
  Slice name = SLICE_EMPTY;
  while (next_attribute(rest, &name, value))
    set(manifest, name, value);
}

static bool
has_version(const JavaManifest *manifest)
{
  return manifest->values[JAVA_VERSION] != NULL || manifest->values[JAVA_BUNDLE_VERSION] != NULL ||
         manifest->values[JAVA_PLUGIN_VERSION] != NULL ||
         manifest->values[JAVA_SPECIFICATION_VERSION] != NULL;
}

void
java_manifest_read(JavaManifest *manifest, Slice text)
{
  g_autoptr(GString) value = g_string_new(NULL);
  *manifest = (JavaManifest){.values = {NULL}};
  read_section(manifest, &text, value);
  while (text.size > 0 && !has_version(manifest)) {
    g_auto(JavaManifest) section = {.values = {NULL}};
    read_section(&section, &text, value);
    if (!has_version(&section) || section.values[JAVA_NAME] == NULL)
      continue;
    for (size_t i = 0; i < JAVA_ATTRIBUTES; i++)
      if (section.values[i] != NULL) {
        g_free(manifest->values[i]);
        manifest->values[i] = g_steal_pointer(&section.values[i]);
      }
  }
}
