/* The clean side of an inspection: jobs for the worker, and what comes back; see the header. */
#include "inspect/inspection.h"

#include "archive/tar.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cage/worker_process.h"
#include "inspect/fingerprint.h"
#include "inspect/java_table.h"
#include "inspect/malware/clamav_relay.h"
#include "inspect/malware/malware_settings.h"
#include "inspect/malware/team_rules.h"
#include "inspect/secrets/brought.h"
#include "inspect/secrets/mask.h"

/* Of a tar's first entry: "ustar". */
#define TAR_MAGIC_AT    257u
#define TAR_MAGIC_BYTES 5u

static const Setting limits_settings[] = {
    {SETTING_PART(InspectionLimits, layer), .section = &layer_limits_section},
    {SETTING_PART(InspectionLimits, worker), .section = &worker_limits_section},
};
const Section inspection_limits_section = {limits_settings, G_N_ELEMENTS(limits_settings),
                                           sizeof(InspectionLimits)};

static const JsonMember input_members[] = {
    {JSON_MEMBER(InspectionInput, links), .kind = &json_lines},
    {JSON_MEMBER(InspectionInput, java_table), .kind = &json_number, .omitted = true},
    {JSON_MEMBER(InspectionInput, growing), .kind = &json_flag},
    {JSON_MEMBER(InspectionInput, clamav), .kind = &json_flag},
    {JSON_MEMBER(InspectionInput, rules), .kind = &json_flag},
};
const JsonTable inspection_input_table = JSON_TABLE(InspectionInput, input_members);

static const JsonMember member_members[] = {
    {JSON_MEMBER(ArchiveMember, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(ArchiveMember, target), .kind = &json_text},
    {JSON_MEMBER(ArchiveMember, offset), .kind = &json_number, .required = true},
    {JSON_MEMBER(ArchiveMember, size), .kind = &json_number, .required = true},
};
static const JsonTable member_table = JSON_TABLE(ArchiveMember, member_members);
static const JsonMember index_members[] = {
    {JSON_MEMBER(ArchiveIndex, members), .kind = &json_list, .table = &member_table},
};
const JsonTable archive_index_table = JSON_TABLE(ArchiveIndex, index_members);

/* One thread inflates, one reads. */
static WorkerJob
job_of(const char *name, const InspectionLimits *limits, bool allow_uncaged)
{
  return worker_job(name, &limits->worker, 2, allow_uncaged);
}

static json_t *
job_to_json(const WorkerJob *job, const InspectionLimits *limits)
{
  json_t *json = json_table_write(&worker_job_table, job);
  settings_to_json(&layer_limits_section, &limits->layer, json);
  return json;
}

/* --- layers --- */

/* The worker does not know the table of detectors, nor what ClamAV says. */
static LayerInventory *
read_inventory(const json_t *answer, uint32_t detectors, ClamavRelay *relay, GError **error)
{
  LayerInventory *inventory =
      answer == NULL ? NULL
                     : layer_inventory_from_json(json_object_get(answer, "inventory"), error);
  if (inventory != NULL) {
    inventory->detectors = detectors;
    inventory->clamav = CLAMAV_JUDGED;
  }
  clamav_relay_end(relay, inventory);
  return inventory;
}

static LayerInventory *
inspect_packed(const InspectionInput *input, const InspectionLimits *limits,
               Cancellable *cancellable, GError **error)
{
  g_autoptr(GError) unready = NULL;
  ClamavRelay *relay = clamav_relay_new(limits->worker.seconds, cancellable, &unready);
  if (unready != NULL) {
    g_propagate_error(error, g_steal_pointer(&unready));
    return NULL;
  }
  /* In this order: by rules that come meanwhile, the layer is told to be of the older ones. */
  uint32_t detectors = detectors_fingerprint();
  g_autoptr(TeamRules) rules = team_rules_in_force();
  WorkerJob about = job_of("layer", limits, input->allow_uncaged);
  about.offset = input->offset;
  about.size = input->size;
  g_autoptr(json_t) job = job_to_json(&about, limits);
  InspectionInput told = *input;
  told.java_table = java_table_bytes();
  told.growing = input->growth != NULL;
  told.clamav = relay != NULL;
  told.rules = rules != NULL;
  json_table_add(&inspection_input_table, &told, job);
  secret_key_tell(job);
  brought_rules_tell(job);
  malware_settings_tell(job);
  const WorkerFiles files = {.input = input->fd,
                             .extra = java_table_descriptor(),
                             .growth = input->growth,
                             .stream = clamav_relay_stream(relay),
                             .rules = team_rules_descriptor(rules)};
  g_autoptr(json_t) answer = worker_run(job, &files, limits->worker.seconds, cancellable, error);
  g_autoptr(LayerInventory) inventory = read_inventory(answer, detectors, relay, error);
  /* What ClamAV had no time for is no refusal of ClamAV's, to be kept for a day. */
  if (inventory != NULL && inventory->clamav != CLAMAV_JUDGED &&
      cancellable_is_cancelled(cancellable)) {
    error_set(error, ASSAY_ERROR_CANCELLED, "cancelled");
    return NULL;
  }
  return g_steal_pointer(&inventory);
}

bool
inspect_looks_like_layer(int fd)
{
  uint8_t bytes[TAR_MAGIC_AT + TAR_MAGIC_BYTES];
  gssize got = fd_read_at(fd, bytes, sizeof bytes, 0);
  Slice head = got <= 0 ? SLICE_EMPTY : slice_new(bytes, (size_t)got);
  return slice_has_prefix(head, SLICE_LITERAL("\x1f\x8b")) ||
         slice_has_prefix(head, SLICE_LITERAL("\x28\xb5\x2f\xfd")) ||
         slice_equal_string(slice_sub(head, TAR_MAGIC_AT, TAR_MAGIC_BYTES), "ustar");
}

/* zstd's frames that are skipped come before others, by 16 numbers. */
static bool
begins_skippable(Slice head)
{
  return head.size >= 4 && (head.data[0] & 0xf0) == 0x50 &&
         slice_has_prefix(slice_sub(head, 1, 3), SLICE_LITERAL("\x2a\x4d\x18"));
}

bool
inspect_may_unpack(int fd)
{
  static const char *const packed[] = {"\x1f\x8b", "\x28\xb5\x2f\xfd", "BZh", "\xfd\x37zXZ"};
  uint8_t bytes[512];
  gssize got = fd_read_at(fd, bytes, sizeof bytes, 0);
  if (got < 0)
    return true;
  Slice head = slice_new(bytes, (size_t)got);
  for (size_t i = 0; i < G_N_ELEMENTS(packed); i++)
    if (slice_has_prefix(head, slice_from_string(packed[i])))
      return true;
  /* A header may begin with an empty name; what is no tar hardly begins with a NUL. */
  return (got > 0 && bytes[0] == 0) || begins_skippable(head) || tar_begins(head);
}

LayerInventory *
inspect_layer(const InspectionInput *input, const InspectionLimits *limits,
              Cancellable *cancellable, GError **error)
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
  json_table_clear(&member_table, data);
  g_free(data);
}

GPtrArray *
inspect_archive_index(int fd, uint64_t size, const InspectionLimits *limits, bool allow_uncaged,
                      Cancellable *cancellable, GError **error)
{
  WorkerJob about = job_of("index", limits, allow_uncaged);
  about.size = size;
  g_autoptr(json_t) job = job_to_json(&about, limits);
  const WorkerFiles files = {.input = fd, .extra = -1};
  g_autoptr(json_t) answer = worker_run(job, &files, limits->worker.seconds, cancellable, error);
  if (answer == NULL)
    return NULL;
  g_autoptr(GPtrArray) members = g_ptr_array_new_with_free_func(archive_member_free);
  ArchiveIndex index = {members};
  if (!json_table_read(&archive_index_table, answer, &index, error))
    return NULL;
  for (guint i = 0; i < members->len; i++) {
    const ArchiveMember *member = g_ptr_array_index(members, i);
    if (member->offset > size || member->size > size - member->offset) {
      error_set(error, ASSAY_ERROR_INVALID, "the archive is truncated: a member goes past its end");
      return NULL;
    }
  }
  return g_steal_pointer(&members);
}

bool
inspect_unpack(int fd, uint64_t size, int to, const InspectionLimits *limits, bool allow_uncaged,
               Cancellable *cancellable, GError **error)
{
  WorkerJob about = job_of("unpack", limits, allow_uncaged);
  about.size = size;
  about.output_bytes = limits->layer.unpacked_bytes;
  g_autoptr(json_t) job = job_to_json(&about, limits);
  const WorkerFiles files = {.input = fd, .extra = to};
  g_autoptr(json_t) answer = worker_run(job, &files, limits->worker.seconds, cancellable, error);
  return answer != NULL;
}
