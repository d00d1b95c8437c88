/* What a target without a transport is meant to be. A path is what lies there; of names only those
 * with a registry's host are taken for images in a registry: the others would make a mistyped path
 * a question to a registry of somebody else. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "inspect/anywhere.h"
#include "oci/reference.h"
#include "source/files.h"

/* Of a folder, looked at to guess what it is. */
#define NAMES_MAX 10000u

#define TARGETS                                                                                    \
  "  a target is a file or folder, HOST/REPOSITORY:TAG, or one of these with its transport:\n  "
#define TRANSPORTS                                                                                 \
  "docker://HOST/REPOSITORY:TAG, oci:DIR[:TAG], oci-archive:FILE[:TAG], "                          \
  "docker-archive:FILE[:REFERENCE], dir:DIR, rootfs:DIR or sbom:FILE"

char *
source_split_place(const char *place, const char **reference)
{
  const char *colon = strchr(place, ':');
  *reference = colon != NULL && colon[1] != '\0' ? colon + 1 : NULL;
  return colon != NULL ? g_strndup(place, (size_t)(colon - place)) : g_strdup(place);
}

bool
source_names_registry(const char *target)
{
  size_t host = strcspn(target, "/");
  if (target[host] != '/' || host == 0 || target[0] == '.')
    return false;
  return memchr(target, '.', host) != NULL || memchr(target, ':', host) != NULL ||
         (host == strlen("localhost") && strncmp(target, "localhost", host) == 0);
}

static bool
has_file(const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* Sources, or an application: a file of the folder itself that a detector wants by its name. */
static bool
has_application(const char *path)
{
  g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
  const char *name;
  for (unsigned i = 0; folder != NULL && i < NAMES_MAX && (name = g_dir_read_name(folder)) != NULL;
       i++)
    if (anywhere_by_path(name) != 0 || strcmp(name, "node_modules") == 0)
      return true;
  return false;
}

static const char *
transport_of_folder(const char *path)
{
  static const char *const system[] = {"etc/os-release", "usr/lib/os-release", "var/lib/dpkg",
                                       "lib/apk/db", "var/lib/rpm"};
  if (has_file(path, "index.json"))
    return "oci:";
  if (has_file(path, "manifest.json"))
    return "dir:";
  for (size_t i = 0; i < G_N_ELEMENTS(system); i++)
    if (has_file(path, system[i]))
      return "rootfs:";
  return has_application(path) ? "rootfs:" : NULL;
}

/* No archive begins as the text of an SBOM does. */
static bool
is_sbom(const char *path)
{
  uint8_t head[512];
  auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  ssize_t size = fd < 0 ? -1 : TEMP_FAILURE_RETRY(read(fd, head, sizeof head));
  Slice text = slice_strip(slice_new(head, size < 0 ? 0 : (size_t)size));
  Slice mark = SLICE_LITERAL("\xef\xbb\xbf");
  if (slice_has_prefix(text, mark))
    text = slice_strip(slice_sub(text, mark.size, text.size));
  return slice_has_prefix(text, SLICE_LITERAL("{")) || slice_has_prefix(text, SLICE_LITERAL("<")) ||
         slice_has_prefix(text, SLICE_LITERAL("SPDXVersion:"));
}

/* New archives of docker are both; the older of the two is what their tags stand in. */
static const char *
transport_of_file(const char *path, const InspectionLimits *limits, const SourceCall *call,
                  GError **error)
{
  if (is_sbom(path))
    return "sbom:";
  g_autoptr(ImageFiles) files = image_files_open_archive(path, limits, call, error);
  if (files == NULL)
    return NULL;
  if (image_files_has(files, "manifest.json"))
    return "docker-archive:";
  if (image_files_has(files, "index.json"))
    return "oci-archive:";
  error_set(error, ASSAY_ERROR_INVALID, "%s: an archive, but not of an image", path);
  return NULL;
}

/* Stores of engines, which containers-transports(5) has and we do not read. */
static bool
names_engine(const char *target)
{
  static const char *const engines[] = {"docker-daemon:", "containers-storage:", "sif:", "ostree:"};
  for (size_t i = 0; i < G_N_ELEMENTS(engines); i++)
    if (g_str_has_prefix(target, engines[i]))
      return true;
  return false;
}

/* Written as a path, or by its ending an archive. */
static bool
is_path(const char *target)
{
  static const char *const endings[] = {".tar", ".tgz", ".gz", ".zst", ".oci"};
  bool path = target[0] == '/' || target[0] == '.';
  for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
    path = path || g_str_has_suffix(target, endings[i]);
  return path;
}

static char *
guess_by_name(const char *target, GError **error)
{
  g_autoptr(GError) invalid = NULL;
  g_autoptr(Reference) reference = reference_parse(target, &invalid);
  if (reference != NULL && source_names_registry(target))
    return g_strconcat("docker://", target, NULL);
  if (is_path(target))
    error_set(error, ASSAY_ERROR_NOT_FOUND, "%s: no such file or folder\n" TARGETS TRANSPORTS,
              target);
  else if (names_engine(target))
    error_set(error, ASSAY_ERROR_UNSUPPORTED,
              "%s: an engine's own store is not read: save the image (`docker save -o FILE IMAGE`, "
              "`podman save -o FILE IMAGE`) and scan docker-archive:FILE",
              target);
  else if (reference == NULL && source_names_registry(target))
    g_propagate_error(error, g_steal_pointer(&invalid));
  else if (reference != NULL)
    error_set(error, ASSAY_ERROR_INVALID,
              "%s: no such file or folder\n  if an image of Docker Hub is meant, write "
              "docker://docker.io/%s%s",
              target, strchr(target, '/') == NULL ? "library/" : "", target);
  else
    error_set(error, ASSAY_ERROR_INVALID,
              "\"%s\": no such file or folder, and no reference of an image\n" TARGETS TRANSPORTS,
              target);
  return NULL;
}

char *
source_guess_target(const char *target, const InspectionLimits *limits, const SourceCall *call,
                    GError **error)
{
  const char *reference, *transport;
  g_autofree char *path = g_strdup(target);
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
    g_free(path);
    path = source_split_place(target, &reference);
  }
  if (*path == '\0' || !g_file_test(path, G_FILE_TEST_EXISTS))
    return guess_by_name(target, error);
  bool folder = g_file_test(path, G_FILE_TEST_IS_DIR);
  transport = folder ? transport_of_folder(path) : transport_of_file(path, limits, call, error);
  if (transport == NULL && folder)
    error_set(error, ASSAY_ERROR_INVALID,
              "%s: a folder, but neither an OCI layout nor a system, nor sources: write rootfs:%s "
              "to look "
              "for packages all the same",
              path, path);
  return transport != NULL ? g_strconcat(transport, target, NULL) : NULL;
}
