/* The archive's own artifact; see the header. */
#include "inspect/programs/java_identity.h"

#include <string.h>

#include "inspect/programs/java_groups.h"

void
java_identity_clear(JavaIdentity *identity)
{
  g_clear_pointer(&identity->group, g_free);
  g_clear_pointer(&identity->artifact, g_free);
  g_clear_pointer(&identity->version, g_free);
}

/* Placeholders that were not filled in ("${name}", "%name") and sentences are none. */
static bool
is_id(const char *text)
{
  if (text == NULL || *text == '\0' || *text == '$' || *text == '%')
    return false;
  for (const char *at = text; *at != '\0'; at++)
    if (!g_ascii_isalnum(*at) && strchr("._-+", *at) == NULL)
      return false;
  return true;
}

static bool
is_domain(const char *text)
{
  return is_id(text) && strchr(text, '.') != NULL && !g_str_has_prefix(text, ".") &&
         !g_str_has_suffix(text, ".");
}

/* "org.elasticsearch#server;8.14.3" */
static bool
split_title(const char *title, JavaIdentity *found)
{
  const char *hash = title == NULL ? NULL : strchr(title, '#');
  if (hash == NULL)
    return false;
  const char *end = hash + 1 + strcspn(hash + 1, ";");
  found->group = g_strndup(title, (gsize)(hash - title));
  found->artifact = g_strndup(hash + 1, (gsize)(end - hash - 1));
  if (is_id(found->group) && is_id(found->artifact))
    return true;
  java_identity_clear(found);
  return false;
}

static char *
last_part(const char *name)
{
  const char *dot = strrchr(name, '.');
  return g_strdup(dot == NULL ? name : dot + 1);
}

/* OSGi's name of an artifact is its group where that ends in the artifact already, else both; the
 * last part of a group has no dash. */
static char *
group_of_symbolic_name(const char *name)
{
  const char *dot = strrchr(name, '.');
  bool both = dot != NULL && strchr(dot, '-') != NULL;
  return both ? g_strndup(name, (gsize)(dot - name)) : g_strdup(name);
}

/* "org/apache/axis/" as a domain. (transfer full), or NULL. */
static char *
group_of_path(const char *path)
{
  if (path == NULL || strchr(path, '/') == NULL)
    return NULL;
  g_autofree char *group = g_strdelimit(g_strdup(path), "/", '.');
  size_t size = strlen(group);
  if (size > 0 && group[size - 1] == '.')
    group[size - 1] = '\0';
  return is_domain(group) ? g_steal_pointer(&group) : NULL;
}

/* A group from the name of a domain: people write their site's ("hamcrest.org") for it. */
static char *
group_of_domain(const char *name)
{
  static const char *const tops[] = {"com", "org", "net", "io"};
  const char *dot = strchr(name, '.');
  for (size_t i = 0; dot == strrchr(name, '.') && i < G_N_ELEMENTS(tops); i++)
    if (strcmp(dot + 1, tops[i]) == 0)
      return g_strdup_printf("%s.%.*s", tops[i], (int)(dot - name), name);
  return g_strdup(name);
}

static char *
group_in_manifest(const JavaManifest *manifest)
{
  char *const *values = manifest->values;
  if (is_id(values[JAVA_GROUP_ID]))
    return g_strdup(values[JAVA_GROUP_ID]);
  if (is_domain(values[JAVA_SYMBOLIC_NAME]))
    return group_of_symbolic_name(values[JAVA_SYMBOLIC_NAME]);
  static const JavaAttribute others[] = {JAVA_EXTENSION_NAME, JAVA_VENDOR_ID,
                                         JAVA_SPECIFICATION_VENDOR, JAVA_VENDOR};
  for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
    if (is_domain(values[others[i]]))
      return group_of_domain(values[others[i]]);
  return group_of_path(values[JAVA_NAME]);
}

static char *
artifact_in_manifest(const JavaManifest *manifest)
{
  char *const *values = manifest->values;
  static const char bundle_plugin[] = "Apache Maven Bundle Plugin";
  if (values[JAVA_ARTIFACT_ID] == NULL && is_id(values[JAVA_SYMBOLIC_NAME]) &&
      g_strcmp0(values[JAVA_CREATED_BY], bundle_plugin) == 0)
    return last_part(values[JAVA_SYMBOLIC_NAME]);
  static const JavaAttribute names[] = {
      JAVA_ARTIFACT_ID, JAVA_SHORT_NAME,     JAVA_TITLE,        JAVA_SPECIFICATION_TITLE,
      JAVA_BUNDLE_NAME, JAVA_EXTENSION_NAME, JAVA_SYMBOLIC_NAME};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (is_id(values[names[i]]))
      return names[i] == JAVA_SYMBOLIC_NAME ? last_part(values[names[i]])
                                            : g_strdup(values[names[i]]);
  g_autofree char *path = group_of_path(values[JAVA_NAME]);
  return path == NULL ? NULL : last_part(path);
}

/* The first word of it, if it has a digit. */
static char *
version_in_manifest(const JavaManifest *manifest)
{
  static const JavaAttribute versions[] = {JAVA_PLUGIN_VERSION, JAVA_VERSION, JAVA_BUNDLE_VERSION,
                                           JAVA_SPECIFICATION_VERSION};
  for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
    const char *value = manifest->values[versions[i]];
    if (value == NULL)
      continue;
    size_t size = strcspn(value, " \t");
    if (*value != '$' && *value != '%' && strcspn(value, "0123456789") < size)
      return g_strndup(value, size);
  }
  return NULL;
}

/* What the file is called counts before what was written into it. */
static void
find_group(JavaIdentity *identity, const JavaManifest *manifest, const ZipFile *zip)
{
  const char *known = java_group_of(identity->artifact, manifest, zip);
  if (known != NULL) {
    g_free(identity->group);
    identity->group = g_strdup(known);
  }
  if (identity->group == NULL)
    identity->group = group_in_manifest(manifest);
  if (identity->group == NULL)
    identity->group = java_group_of_classes(identity->artifact, zip);
  const char *dot = strrchr(identity->artifact, '.');
  if (identity->group == NULL)
    identity->group = dot != NULL && is_domain(identity->artifact)
                          ? g_strndup(identity->artifact, (gsize)(dot - identity->artifact))
                          : g_strdup(identity->artifact);
}

bool
java_identity_find(JavaIdentity *identity, const JavaFileName *name, const JavaManifest *manifest,
                   const ZipFile *zip)
{
  bool split = split_title(manifest->values[JAVA_TITLE], identity);
  if (name->artifact != NULL && is_id(name->artifact)) {
    g_free(identity->artifact);
    identity->artifact = g_strdup(name->artifact);
    identity->version = g_strdup(name->version);
  } else {
    if (!split)
      identity->artifact = artifact_in_manifest(manifest);
    identity->version = version_in_manifest(manifest);
  }
  if (identity->artifact == NULL || identity->version == NULL)
    return false;
  find_group(identity, manifest, zip);
  /* "org.apache.ivy", whose group that is. */
  if (name->artifact == NULL && is_domain(identity->artifact) &&
      strcmp(identity->artifact, identity->group) == 0) {
    char *last = last_part(identity->artifact);
    g_free(identity->artifact);
    identity->artifact = last;
  }
  return true;
}
