/* The clean side of an inspection: jobs for the worker, and what comes back; see the header. */
#include "inspect/inspection.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "inspect/worker_process.h"

#define COPY_CHUNK ((size_t)256 * 1024)

static void
set_number(json_t *job, const char *key, uint64_t value)
{
  json_object_set_new(job, key, json_integer((json_int_t)MIN(value, (uint64_t)INT64_MAX)));
}

static json_t *
job_new(const char *name, const ConfigLimits *limits, bool allow_uncaged)
{
  json_t *job = json_object();
  json_set_string(job, "job", name);
  set_number(job, "unpacked_bytes", limits->layer_unpacked_bytes);
  set_number(job, "ratio", limits->layer_ratio);
  set_number(job, "entries", limits->layer_entries);
  set_number(job, "path_bytes", limits->path_bytes);
  set_number(job, "path_depth", limits->path_depth);
  set_number(job, "file_bytes", limits->file_bytes);
  set_number(job, "memory_bytes", limits->worker_memory_bytes);
  set_number(job, "cpu_seconds", limits->layer_seconds);
  json_object_set_new(job, "allow_uncaged", json_boolean(allow_uncaged));
  return job;
}

/* --- RPM databases --- */

/* Copies @size bytes at @offset of @from into the new file @path. */
static bool
copy_part(int from, uint64_t offset, uint64_t size, const char *path, GError **error)
{
  auto_fd int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  g_autofree uint8_t *chunk = g_malloc(COPY_CHUNK);
  if (to < 0)
    return error_set_errno(error, errno, "%s", path);
  for (uint64_t at = 0; at < size;) {
    ssize_t got = pread(from, chunk, MIN(COPY_CHUNK, size - at), (off_t)(offset + at));
    if (got <= 0)
      return error_set(error, ASSAY_ERROR_IO, "%s: the worker gave less than it said", path);
    if (!fd_write_all(to, slice_new(chunk, (size_t)got), error))
      return false;
    at += (uint64_t)got;
  }
  return true;
}

static LayerInventory *
run_rpm_job(const char *folder, const char *location, const ConfigLimits *limits,
            bool allow_uncaged, GCancellable *cancellable, GError **error)
{
  g_autoptr(json_t) job = job_new("rpm", limits, allow_uncaged);
  json_set_string(job, "folder", folder);
  json_set_string(job, "location", location);
  auto_fd int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  g_autoptr(json_t) answer =
      worker_run(job, nothing, -1, limits->layer_seconds, cancellable, error);
  return answer == NULL ? NULL
                        : layer_inventory_from_json(json_object_get(answer, "inventory"), error);
}

static void
take_packages(LayerInventory *into, LayerInventory *from)
{
  while (from->packages->len > 0)
    g_ptr_array_add(into->packages, g_ptr_array_steal_index(from->packages, 0));
  for (guint i = 0; i < from->notes->len; i++) {
    const LayerNote *note = g_ptr_array_index(from->notes, i);
    layer_inventory_add_note(into, note->kind, note->path, note->detail);
  }
}

/* One database, in a folder of its own. What is wrong with the database is a note, not a failure.
 */
static bool
read_rpm_database(LayerInventory *inventory, const char *location, int content, uint64_t offset,
                  uint64_t size, const ConfigLimits *limits, bool allow_uncaged,
                  GCancellable *cancellable, GError **error)
{
  g_autofree char *folder = g_dir_make_tmp("assay-rpm-XXXXXX", error);
  if (folder == NULL)
    return false;
  g_autofree char *name = g_path_get_basename(location);
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_autoptr(GError) failure = NULL;
  bool copied = copy_part(content, offset, size, path, error);
  g_autoptr(LayerInventory) read =
      copied ? run_rpm_job(folder, location, limits, allow_uncaged, cancellable, &failure) : NULL;
  directory_remove(AT_FDCWD, folder, NULL);
  if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_CANCELLED)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  if (read != NULL)
    take_packages(inventory, read);
  else if (copied)
    layer_inventory_add_note(inventory, "broken-database", location, failure->message);
  return copied;
}

static bool
read_rpm_databases(LayerInventory *inventory, const json_t *databases, int content,
                   const ConfigLimits *limits, bool allow_uncaged, GCancellable *cancellable,
                   GError **error)
{
  uint64_t offset = 0;
  size_t index;
  json_t *item;
  json_array_foreach(databases, index, item) {
    const char *location = json_get_string(item, "location");
    json_int_t size = json_get_integer(item, "size", -1);
    if (location == NULL || size < 0 || strstr(location, "..") != NULL)
      return error_set(error, ASSAY_ERROR_INVALID, "the worker's answer makes no sense");
    if (!read_rpm_database(inventory, location, content, offset, (uint64_t)size, limits,
                           allow_uncaged, cancellable, error))
      return false;
    offset += (uint64_t)size;
  }
  return true;
}

/* --- layers --- */

static LayerInventory *
inspect_packed(const InspectionInput *input, const ConfigLimits *limits, GCancellable *cancellable,
               GError **error)
{
  auto_fd int databases = memory_file_new("rpm-databases", error);
  if (databases < 0)
    return NULL;
  g_autoptr(json_t) job = job_new("layer", limits, input->allow_uncaged);
  set_number(job, "offset", input->offset);
  set_number(job, "size", input->size);
  g_autoptr(json_t) answer =
      worker_run(job, input->fd, databases, limits->layer_seconds, cancellable, error);
  if (answer == NULL)
    return NULL;
  g_autoptr(LayerInventory) inventory =
      layer_inventory_from_json(json_object_get(answer, "inventory"), error);
  if (inventory == NULL ||
      !read_rpm_databases(inventory, json_get_array(answer, "rpm_databases"), databases, limits,
                          input->allow_uncaged, cancellable, error))
    return NULL;
  return g_steal_pointer(&inventory);
}

LayerInventory *
inspect_layer(const InspectionInput *input, const ConfigLimits *limits, GCancellable *cancellable,
              GError **error)
{
  g_autoptr(LayerInventory) inventory = inspect_packed(input, limits, cancellable, error);
  const char *name = input->layer != NULL ? input->layer->text : "(digest not known)";
  if (inventory == NULL) {
    g_prefix_error(error, "layer %s: ", name);
    return NULL;
  }
  if (input->layer != NULL)
    inventory->layer = *input->layer;
  if (input->expected_diff_id != NULL &&
      !digest_equal(input->expected_diff_id, &inventory->diff_id)) {
    error_set(error, ASSAY_ERROR_MISMATCH,
              "layer %s: unpacked it has the digest %s, but the image config says %s", name,
              inventory->diff_id.text, input->expected_diff_id->text);
    return NULL;
  }
  return g_steal_pointer(&inventory);
}

/* --- outer archives --- */

static void
archive_member_free(void *data)
{
  ArchiveMember *member = data;
  g_free(member->name);
  g_free(member->target);
  g_free(member);
}

GPtrArray *
inspect_archive_index(int fd, uint64_t size, const ConfigLimits *limits, bool allow_uncaged,
                      GCancellable *cancellable, GError **error)
{
  g_autoptr(json_t) job = job_new("index", limits, allow_uncaged);
  set_number(job, "size", size);
  g_autoptr(json_t) answer = worker_run(job, fd, -1, limits->layer_seconds, cancellable, error);
  if (answer == NULL)
    return NULL;
  g_autoptr(GPtrArray) members = g_ptr_array_new_with_free_func(archive_member_free);
  size_t index;
  json_t *item;
  json_array_foreach(json_get_array(answer, "members"), index, item) {
    json_int_t offset = json_get_integer(item, "offset", -1);
    json_int_t length = json_get_integer(item, "size", -1);
    const char *name = json_get_string(item, "name");
    if (name == NULL || offset < 0 || length < 0 || (uint64_t)offset > size ||
        (uint64_t)length > size - (uint64_t)offset) {
      error_set(error, ASSAY_ERROR_INVALID, "the archive is truncated: a member goes past its end");
      return NULL;
    }
    ArchiveMember *member = g_new0(ArchiveMember, 1);
    member->name = g_strdup(name);
    member->target = g_strdup(json_get_string(item, "target"));
    member->offset = (uint64_t)offset;
    member->size = (uint64_t)length;
    g_ptr_array_add(members, member);
  }
  return g_steal_pointer(&members);
}

bool
inspect_unpack(int fd, uint64_t size, int to, const ConfigLimits *limits, bool allow_uncaged,
               GCancellable *cancellable, GError **error)
{
  g_autoptr(json_t) job = job_new("unpack", limits, allow_uncaged);
  set_number(job, "size", size);
  g_autoptr(json_t) answer = worker_run(job, fd, to, limits->layer_seconds, cancellable, error);
  return answer != NULL;
}
