/* WordPress, its plugins and its themes: the version that wp-includes/version.php sets, and the
 * comment at the head of a plugin's main file or of a theme's style.css, of which WordPress reads
 * 8 KiB (get_file_data() of wp-includes/functions.php). A plugin is known by its folder. */
#include <string.h>

#include "inspect/languages/found-private.h"
#include "inspect/languages/languages.h"

#define HEAD_BYTES 8192u
#define CORE       "wp-includes/version.php"

/* What follows @folder, as whole folders' names, in @path; or NULL. */
static const char *
after_folder(const char *path, const char *folder)
{
  for (const char *at = path; (at = strstr(at, folder)) != NULL; at++)
    if (at == path || at[-1] == '/')
      return at + strlen(folder);
  return NULL;
}

/* "plugins/SLUG" or "themes/SLUG" of a file that may have the head of one. NULL: it is none.
 * (transfer full) */
static char *
extension_of(const char *path)
{
  const struct {
    const char *folder, *kind, *end;
  } places[] = {{"wp-content/plugins/", "plugins", ".php"},
                {"wp-content/mu-plugins/", "plugins", ".php"},
                {"wp-content/themes/", "themes", "/style.css"}};
  for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
    const char *rest = after_folder(path, places[i].folder);
    if (rest == NULL || !g_str_has_suffix(rest, places[i].end))
      continue;
    const char *slash = strchr(rest, '/');
    if (slash != NULL && strchr(slash + 1, '/') != NULL)
      continue;
    size_t size = slash != NULL ? (size_t)(slash - rest) : strlen(rest) - strlen(".php");
    g_autofree char *slug = g_strndup(rest, size);
    return size == 0 ? NULL : g_strdup_printf("%s/%s", places[i].kind, slug);
  }
  return NULL;
}

static bool
is_wordpress(const char *path)
{
  g_autofree char *extension = extension_of(path);
  return extension != NULL || (g_str_has_suffix(path, CORE) && after_folder(path, CORE) != NULL);
}

/* Without what closes the comment. */
static Slice
without_end(Slice value)
{
  for (size_t i = 0; i + 1 < value.size; i++)
    if (memcmp(value.data + i, "*/", 2) == 0 || memcmp(value.data + i, "?>", 2) == 0)
      return slice_strip(slice_sub(value, 0, i));
  return slice_strip(value);
}

/* " * Version: 1.0" */
static bool
is_field(Slice line, const char *field, Slice *value)
{
  size_t size = strlen(field);
  line = slice_strip(line);
  if (slice_has_prefix(line, SLICE_LITERAL("<?php")))
    line = slice_sub(line, 5, line.size);
  while (line.size > 0 && strchr(" \t/*#@", line.data[0]) != NULL && line.data[0] != '\0')
    line = slice_sub(line, 1, line.size);
  if (line.size <= size || line.data[size] != ':' ||
      g_ascii_strncasecmp((const char *)line.data, field, size) != 0)
    return false;
  *value = without_end(slice_sub(line, size + 1, line.size));
  return value->size > 0;
}

static Slice
header_field(Slice head, const char *field)
{
  Slice line, value;
  while (slice_next_field(&head, '\n', &line)) {
    /* Lines may end in a CR alone. */
    Slice part;
    while (slice_next_field(&line, '\r', &part))
      if (is_field(part, field, &value))
        return value;
  }
  return SLICE_EMPTY;
}

/* $wp_version = '6.4.2'; */
static Slice
core_version(Slice head)
{
  Slice line, value;
  while (slice_next_line(&head, &line)) {
    line = slice_strip(line);
    if (!slice_has_prefix(line, SLICE_LITERAL("$wp_version")))
      continue;
    line = slice_strip(slice_sub(line, strlen("$wp_version"), line.size));
    if (line.size < 2 || line.data[0] != '=')
      continue;
    line = slice_strip(slice_sub(line, 1, line.size));
    if (line.size < 2 || (line.data[0] != '\'' && line.data[0] != '"'))
      continue;
    uint8_t quote = line.data[0];
    line = slice_sub(line, 1, line.size);
    if (slice_find(line, quote) > 0 && slice_next_field(&line, quote, &value))
      return value;
  }
  return SLICE_EMPTY;
}

static void
read_head(Slice head, const char *path, LayerInventory *into)
{
  g_autofree char *extension = extension_of(path);
  if (extension == NULL) {
    Slice version = core_version(head);
    if (version.size > 0)
      found_add(into, "wordpress", SLICE_LITERAL("wordpress"), version, path, NULL);
    return;
  }
  bool is_theme = g_str_has_prefix(extension, "themes/");
  Slice version = header_field(head, "Version");
  if (header_field(head, is_theme ? "Theme Name" : "Plugin Name").size == 0 || version.size == 0)
    return;
  GString *licenses = g_string_new(NULL);
  found_licenses_add(licenses, "", header_field(head, "License"));
  found_add(into, "wordpress", slice_from_string(extension), version, path, licenses);
}

/* *state: a GByteArray of the head. */
static void
take_piece(void **state, const FileView *file, uint64_t at, Slice bytes, LayerInventory *into)
{
  GByteArray *head = *state;
  if (head == NULL)
    *state = head = g_byte_array_new();
  size_t room = head->len < HEAD_BYTES ? HEAD_BYTES - head->len : 0;
  if (bytes.size > 0) {
    g_byte_array_append(head, bytes.data, (guint)MIN(bytes.size, room));
    return;
  }
  read_head(slice_new(head->data, head->len), file->path, into);
  g_byte_array_unref(head);
  *state = NULL;
}

const Detector wordpress_detector = {
    .name = "wordpress",
    .version = 1,
    .places = (const char *const[]){"*.php", "*/style.css", NULL},
    .wants_path = is_wordpress,
    .piece = take_piece,
};
