/* `assay worker`; see the header. */
#include "inspect/worker.h"

#include <string.h>
#include <unistd.h>

#include "archive/inflate.h"
#include "archive/layer.h"
#include "archive/tar_index.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "inspect/cage.h"
#include "inspect/packages/packages.h"
#include "inspect/worker-private.h"

#define INDEX_MEMBERS_MAX 100000
#define UNPACK_CHUNK      ((size_t)1024 * 1024)

/* The packed bytes: a part of standard input, read by position. */
typedef struct {
  uint64_t at, end;
} Input;

static gssize
input_read(void *data, void *buffer, size_t size, GError **error)
{
  Input *input = data;
  size = MIN(size, input->end - input->at);
  ssize_t got = size == 0 ? 0 : pread(STDIN_FILENO, buffer, size, (off_t)input->at);
  if (got < 0) {
    error_set(error, ASSAY_ERROR_IO, "the layer cannot be read");
    return -1;
  }
  input->at += (uint64_t)got;
  return got;
}

static LayerLimits
limits_of(const json_t *job)
{
  return (LayerLimits){
      .unpacked_bytes = (uint64_t)json_get_integer(job, "unpacked_bytes", 0),
      .ratio = (uint32_t)json_get_integer(job, "ratio", 0),
      .entries = (uint32_t)json_get_integer(job, "entries", 0),
      .path_bytes = (uint32_t)json_get_integer(job, "path_bytes", 0),
      .path_depth = (uint32_t)json_get_integer(job, "path_depth", 0),
      .file_bytes = (uint64_t)json_get_integer(job, "file_bytes", 0),
  };
}

/* --- layer --- */

static bool
read_wanted(LayerReader *reader, const LayerEntry *entry, WantedKind kind,
            LayerInventory *inventory, GError **error)
{
  g_autofree char *path = g_strdup(entry->path);
  g_autoptr(GBytes) content = layer_reader_read_file(reader, error);
  if (content == NULL)
    return false;
  Slice bytes = slice_from_bytes(content);
  if (kind == WANTED_ETC_OS_RELEASE || kind == WANTED_USR_LIB_OS_RELEASE) {
    OsRelease **os =
        kind == WANTED_ETC_OS_RELEASE ? &inventory->etc_os_release : &inventory->usr_lib_os_release;
    g_clear_pointer(os, os_release_free);
    *os = os_release_parse(bytes);
    return true;
  }
  g_ptr_array_add(inventory->locations, g_strdup(path));
  if (kind == WANTED_DPKG)
    dpkg_status_parse(bytes, path, inventory);
  else if (kind == WANTED_APK)
    apk_installed_parse(bytes, path, inventory);
  else
    rpm_database_parse(bytes, path, inventory);
  return true;
}

static void
note_entry(const LayerEntry *entry, LayerInventory *inventory)
{
  if (entry->escapes)
    layer_inventory_add_note(inventory, "path-escape", entry->path,
                             "The name in the archive climbs out of the root by \"..\"; it was not "
                             "followed.");
  if (entry->kind == LAYER_ENTRY_DEVICE)
    layer_inventory_add_note(inventory, "device-node", entry->path,
                             "The layer brings a device node.");
  if (entry->kind == LAYER_ENTRY_FILE && (entry->mode & 06000) != 0)
    layer_inventory_add_note(inventory, "setuid", entry->path,
                             (entry->mode & 04000) != 0
                                 ? "Runs with the rights of its owner (setuid)."
                                 : "Runs with the rights of its group (setgid).");
  bool link = entry->kind == LAYER_ENTRY_SYMLINK || entry->kind == LAYER_ENTRY_HARDLINK;
  WantedKind kind = wanted_kind(entry->path);
  if (link && kind != WANTED_NOT && kind != WANTED_ETC_OS_RELEASE &&
      kind != WANTED_USR_LIB_OS_RELEASE)
    layer_inventory_add_note(inventory, "linked-database", entry->path,
                             "A package database is a link; what it points to is read only at the "
                             "places where such databases stand.");
}

static void
note_removal(const LayerEntry *entry, LayerInventory *inventory)
{
  if (!wanted_is_below(entry->path))
    return;
  bool opaque = entry->kind == LAYER_ENTRY_OPAQUE && *entry->path != '\0';
  g_ptr_array_add(inventory->removed,
                  opaque ? g_strconcat(entry->path, "/", NULL) : g_strdup(entry->path));
}

static bool
read_entries(LayerReader *reader, LayerInventory *inventory, GError **error)
{
  GError *failure = NULL;
  for (const LayerEntry *entry = layer_reader_next(reader, &failure); entry != NULL;
       entry = layer_reader_next(reader, &failure)) {
    inventory->entries++;
    note_entry(entry, inventory);
    WantedKind kind = entry->kind == LAYER_ENTRY_FILE ? wanted_kind(entry->path) : WANTED_NOT;
    if (entry->kind == LAYER_ENTRY_WHITEOUT || entry->kind == LAYER_ENTRY_OPAQUE)
      note_removal(entry, inventory);
    else if (kind != WANTED_NOT && !entry->escapes &&
             !read_wanted(reader, entry, kind, inventory, &failure))
      break;
  }
  if (failure == NULL)
    return true;
  g_propagate_error(error, failure);
  return false;
}

static json_t *
do_layer(const json_t *job, GError **error)
{
  LayerLimits limits = limits_of(job);
  Input input = {(uint64_t)json_get_integer(job, "offset", 0), 0};
  uint64_t size = (uint64_t)json_get_integer(job, "size", 0);
  input.end = input.at + size;
  g_autoptr(LayerReader) reader = layer_reader_new(input_read, &input, &limits);
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  inventory->packed_bytes = size;
  if (!read_entries(reader, inventory, error) ||
      !layer_reader_finish(reader, &inventory->diff_id, &inventory->unpacked_bytes, error))
    return NULL;
  json_t *answer = json_object();
  json_object_set_new(answer, "inventory", layer_inventory_to_json(inventory));
  return answer;
}

/* --- index, unpack --- */

static json_t *
do_index(const json_t *job, GError **error)
{
  Input input = {0, (uint64_t)json_get_integer(job, "size", 0)};
  g_autoptr(GPtrArray) members = tar_index(input_read, &input, INDEX_MEMBERS_MAX, error);
  if (members == NULL)
    return NULL;
  json_t *answer = json_object(), *list = json_array();
  for (guint i = 0; i < members->len; i++) {
    const TarMember *member = g_ptr_array_index(members, i);
    json_t *one = json_object();
    json_set_string(one, "name", member->name);
    json_set_string(one, "target", member->target);
    json_object_set_new(one, "offset", json_integer((json_int_t)member->offset));
    json_object_set_new(one, "size", json_integer((json_int_t)member->size));
    json_array_append_new(list, one);
  }
  json_object_set_new(answer, "members", list);
  return answer;
}

static json_t *
do_unpack(const json_t *job, GError **error)
{
  LayerLimits limits = limits_of(job);
  Input input = {0, (uint64_t)json_get_integer(job, "size", 0)};
  g_autoptr(Inflater) inflater = inflater_new(input_read, &input);
  g_autofree uint8_t *chunk = g_malloc(UNPACK_CHUNK);
  uint64_t written = 0;
  for (;;) {
    gssize got = inflater_read(inflater, chunk, UNPACK_CHUNK, error);
    if (got < 0)
      return NULL;
    if (got == 0)
      break;
    written += (uint64_t)got;
    if (written > limits.unpacked_bytes) {
      error_set(error, ASSAY_ERROR_LIMIT,
                "the unpacked archive passes limits.layer_unpacked_bytes");
      return NULL;
    }
    if (!fd_write_all(WORKER_EXTRA_FD, slice_new(chunk, (size_t)got), error))
      return NULL;
  }
  json_t *answer = json_object();
  json_object_set_new(answer, "size", json_integer((json_int_t)written));
  return answer;
}

/* --- the frame --- */

static const struct {
  const char *name;
  json_t *(*run)(const json_t *job, GError **error);
} jobs[] = {
    {"layer", do_layer},
    {"index", do_index},
    {"unpack", do_unpack},
};

static CageSettings
cage_of(const json_t *job)
{
  return (CageSettings){
      .memory_bytes = (uint64_t)json_get_integer(job, "memory_bytes", 0),
      .cpu_seconds = (uint32_t)json_get_integer(job, "cpu_seconds", 0),
      .output_bytes = (uint64_t)json_get_integer(job, "output_bytes", 0),
      .allow_uncaged = json_get_boolean(job, "allow_uncaged", false),
  };
}

static json_t *
run_job(const json_t *job, GError **error)
{
  const char *name = json_get_string(job, "job");
  for (size_t i = 0; i < G_N_ELEMENTS(jobs); i++) {
    if (g_strcmp0(name, jobs[i].name) != 0)
      continue;
    CageSettings cage = cage_of(job);
    rpm_database_prepare();
    return cage_enter(&cage, error) ? jobs[i].run(job, error) : NULL;
  }
  error_set(error, ASSAY_ERROR_UNSUPPORTED, "the worker is started by `assay` itself, not by hand");
  return NULL;
}

static bool
write_document(json_t *answer, const GError *error)
{
  g_autoptr(json_t) document = json_object();
  if (answer != NULL) {
    json_object_set(document, "ok", answer);
  } else if (error != NULL) {
    json_t *failure = json_object();
    g_autofree char *message = g_utf8_make_valid(error->message, -1);
    int code = error->domain == ASSAY_ERROR ? error->code : ASSAY_ERROR_FAILED;
    json_object_set_new(failure, "code", json_integer(code));
    json_set_string(failure, "message", message);
    json_object_set_new(document, "error", failure);
  }
  g_autofree char *text = json_to_text(document);
  return fd_write_all(STDOUT_FILENO, slice_from_string(text), NULL);
}

static int
self_test(const char *how)
{
  g_autoptr(GError) error = NULL;
  CageSettings cage = {.memory_bytes = (uint64_t)512 << 20, .cpu_seconds = 1};
  if (!cage_enter(&cage, &error))
    return 3;
  return worker_break_out(how) ? 0 : 2;
}

int
worker_main(int argc, char **argv)
{
  static const char self_test_option[] = "--self-test=";
  if (argc == 2 && g_str_has_prefix(argv[1], self_test_option))
    _exit(self_test(argv[1] + strlen(self_test_option)));

  g_autoptr(GError) error = NULL;
  const char *text = g_getenv(WORKER_JOB_VARIABLE);
  g_autoptr(json_t) job = json_parse(slice_from_string(text), &error);
  g_autoptr(json_t) answer = job == NULL ? NULL : run_job(job, &error);
  /* Without exit handlers: they would do what the cage forbids. */
  _exit(write_document(answer, error) ? 0 : 1);
}
