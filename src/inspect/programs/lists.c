/* Which file is which list; see the header. */
#include <string.h>

#include "inspect/programs/lists-private.h"

#define BYTES_MAX ((uint64_t)64 * 1024 * 1024)

typedef struct {
  const char *name;   /* of the file: "*.rb", "vmlinuz*", or the whole name */
  const char *folder; /* bytes of the path before the name; or NULL */
  const char *head;   /* bytes in the head of the file; or NULL */
  void (*read)(Slice bytes, const char *location, LayerInventory *into);
} List;

static const List lists[] = {
    {".spdx-*", "opt/bitnami/", NULL, lists_read_bitnami_sbom},
    {".bitnami_components.json", NULL, NULL, lists_read_bitnami_components},
    {"INSTALL_RECEIPT.json", "Cellar/", NULL, lists_read_homebrew_keg},
    {"*.rb", "/.brew/", NULL, lists_read_homebrew_formula},
    {"source.properties", "Caskroom/", NULL, lists_read_homebrew_cask},
    {"*.wrapper.sh", "Caskroom/", NULL, lists_read_homebrew_cask},
    {"manifest.yaml", NULL, "snapcraft-", lists_read_snap_stage},
    {"dpkg.yaml", NULL, "packages:", lists_read_snap_stage},
    {"snap.yaml", "meta/", "name:", lists_read_snap},
    {"*.xml", "flatpak/", "<component", lists_read_flatpak},
    {"PF", "var/db/pkg/", NULL, lists_read_portage},
    {"cos-package-info.json", "etc/", NULL, lists_read_cos},
    {"pack.pl", NULL, "name(", lists_read_prolog_pack},
    {".tool-versions", NULL, NULL, lists_read_tool_versions},
    {".nvmrc", NULL, NULL, lists_read_node_version},
    {".node-version", NULL, NULL, lists_read_node_version},
    {"release", NULL, "JAVA_", lists_read_jdk},
    {"*.ko", NULL,
     "\x7f"
     "ELF",
     lists_read_kernel_module},
    {"vmlinuz*", NULL, NULL, lists_read_kernel},
};

static bool
is_name(const char *pattern, const char *name)
{
  size_t size = strlen(pattern);
  if (*pattern == '*')
    return g_str_has_suffix(name, pattern + 1);
  if (pattern[size - 1] == '*')
    return strncmp(name, pattern, size - 1) == 0;
  return strcmp(name, pattern) == 0;
}

static const List *
list_at(const char *path)
{
  const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
  for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
    if (!is_name(lists[i].name, name))
      continue;
    const char *folder = lists[i].folder == NULL ? path : strstr(path, lists[i].folder);
    if (folder != NULL && folder <= name)
      return &lists[i];
  }
  return NULL;
}

static bool
wants_path(const char *path)
{
  return lists_is_nix(path) || list_at(path) != NULL;
}

static bool
wants(const FileView *file)
{
  if (lists_is_nix(file->path))
    return true;
  const List *list = list_at(file->path);
  return list != NULL && (list->head == NULL ||
                          (file->head.size > 0 && memmem(file->head.data, file->head.size,
                                                         list->head, strlen(list->head)) != NULL));
}

static void
read_list(Slice bytes, const char *location, LayerInventory *into)
{
  const List *list = list_at(location);
  if (lists_is_nix(location))
    lists_read_nix(bytes, location, into);
  if (list != NULL)
    list->read(bytes, location, into);
}

const Detector lists_detector = {
    .name = "lists",
    .version = 2,
    .wants_path = wants_path,
    .wants = wants,
    .most = BYTES_MAX,
    .read = read_list,
};
