/* The clean side of an inspection: jobs for the worker, and what comes back; see the header. */
#include "inspect/inspection.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cage/worker_process.h"

static const Setting limits_settings[] = {
    {SETTING_PART(InspectionLimits, layer), .section = &layer_limits_section},
    {SETTING_PART(InspectionLimits, worker), .section = &worker_limits_section},
};
const Section inspection_limits_section = {limits_settings, G_N_ELEMENTS(limits_settings),
                                           sizeof(InspectionLimits)};

static json_t *
job_new(const char *name, const InspectionLimits *limits, bool allow_uncaged)
{
  /* One thread inflates, one reads. */
  json_t *job = worker_job_new(name, &limits->worker, 2, allow_uncaged);
  settings_to_json(&layer_limits_section, &limits->layer, job);
  return job;
}

/* --- layers --- */

static LayerInventory *
inspect_packed(const InspectionInput *input, const InspectionLimits *limits,
               GCancellable *cancellable, GError **error)
{
  g_autoptr(json_t) job = job_new("layer", limits, input->allow_uncaged);
  json_set_number(job, "offset", input->offset);
  json_set_number(job, "size", input->size);
  json_t *links = json_array();
  for (guint i = 0; input->links != NULL && i < input->links->len; i++)
    json_array_append_new(links, json_string(g_ptr_array_index(input->links, i)));
  json_object_set_new(job, "links", links);
  g_autoptr(json_t) answer =
      worker_run(job, input->fd, -1, limits->worker.seconds, cancellable, error);
  return answer == NULL ? NULL
                        : layer_inventory_from_json(json_object_get(answer, "inventory"), error);
}

LayerInventory *
inspect_layer(const InspectionInput *input, const InspectionLimits *limits,
              GCancellable *cancellable, GError **error)
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
inspect_archive_index(int fd, uint64_t size, const InspectionLimits *limits, bool allow_uncaged,
                      GCancellable *cancellable, GError **error)
{
  g_autoptr(json_t) job = job_new("index", limits, allow_uncaged);
  json_set_number(job, "size", size);
  g_autoptr(json_t) answer = worker_run(job, fd, -1, limits->worker.seconds, cancellable, error);
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
inspect_unpack(int fd, uint64_t size, int to, const InspectionLimits *limits, bool allow_uncaged,
               GCancellable *cancellable, GError **error)
{
  g_autoptr(json_t) job = job_new("unpack", limits, allow_uncaged);
  json_set_number(job, "size", size);
  json_set_number(job, "output_bytes", limits->layer.unpacked_bytes);
  g_autoptr(json_t) answer = worker_run(job, fd, to, limits->worker.seconds, cancellable, error);
  return answer != NULL;
}
