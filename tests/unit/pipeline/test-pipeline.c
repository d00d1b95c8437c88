/* The story of an image where two of them meet: what no client can time. Images without layers,
 * which need no worker. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../registry/fixture.h"
#include "jobs/schema.h"
#include "pipeline/pipeline-private.h"
#include "pipeline/schema.h"
#include "storage/fault.h"

struct Race;

typedef struct {
  const struct Race *race;
  Fixture registry;
  InspectionLimits inspection;
  AdvisorySettings advisories;
  Jobs *jobs;
  Pipeline *pipeline;
  Digest config, digest;
  Manifest *manifest;
  gint calls; /* of the listener, atomic */
} Story;

static void
begin_story(Story *story, gconstpointer data)
{
  static const Schema *const schemas[] = {&registry_schema, &pipeline_schema, &jobs_schema, NULL};
  g_autoptr(GError) error = NULL;
  set_up(&story->registry, schemas);
  settings_defaults(&inspection_limits_section, &story->inspection);
  /* No feeds, and no updates. */
  const PipelineOptions options = {.inspection = &story->inspection,
                                   .advisories = &story->advisories};
  story->jobs = jobs_new(story->registry.sql, 2);
  story->pipeline = pipeline_new(&options, story->registry.folder, story->registry.registry,
                                 story->registry.blobs, story->registry.sql, story->jobs, &error);
  g_assert_no_error(error);
  story->config = push_blob(story->registry.registry, "a", "{\"rootfs\":{\"diff_ids\":[]}}");
  g_autofree char *text = manifest_text(&story->config, MEDIA_TYPE_OCI_CONFIG, NULL);
  g_assert_true(put_text(story->registry.registry, "a", "v1", MEDIA_TYPE_OCI_MANIFEST, text,
                         &story->digest, &error));
  story->manifest = manifest_parse(slice_from_string(text), NULL, &error);
  g_assert_no_error(error);
}

static void
end_story(Story *story, gconstpointer data)
{
  pipeline_on_change(story->pipeline, NULL, NULL);
  jobs_free(story->jobs);
  pipeline_free(story->pipeline);
  manifest_free(story->manifest);
  tear_down(&story->registry, NULL);
}

#ifdef ASSAY_FAULT_INJECTION
/* Each transaction is run twice, the first time in vain. */
static void
begin_story_twice(Story *story, gconstpointer data)
{
  g_setenv(RUN_TWICE_VARIABLE, "1", TRUE);
  begin_story(story, data);
}

static void
end_story_twice(Story *story, gconstpointer data)
{
  end_story(story, data);
  g_unsetenv(RUN_TWICE_VARIABLE);
}
#endif

static ScanState
state_of(Story *story)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ImageSummary) summary = pipeline_image_summary(story->pipeline, &story->digest, &error);
  g_assert_no_error(error);
  return summary->state;
}

static void
wait_for_done(Story *story, int calls)
{
  for (int i = 0; i < 2000; i++) {
    if (g_atomic_int_get(&story->calls) >= calls && state_of(story) == SCAN_DONE)
      return;
    g_usleep(10000);
  }
  g_error("the scan is in state %d", state_of(story));
}

static void
push_again(Story *story)
{
  pipeline_manifest_arrived(story->pipeline, "a", &story->digest, story->manifest);
}

static void
delete_image(Story *story)
{
  g_autoptr(GError) error = NULL;
  registry_manifest_delete(story->registry.registry, "a", story->digest.text, &error);
  g_assert_no_error(error);
}

static void
put_again(Story *story)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text = manifest_text(&story->config, MEDIA_TYPE_OCI_CONFIG, NULL);
  put_text(story->registry.registry, "a", "v1", MEDIA_TYPE_OCI_MANIFEST, text, &story->digest,
           &error);
  g_assert_no_error(error);
  push_again(story);
}

static void
wait_again(Story *story)
{
  g_assert_true(images_set_state(story->registry.sql, story->digest.text, SCAN_PENDING, NULL));
  push_again(story);
}

static void
delete_and_put(Story *story)
{
  delete_image(story);
  put_again(story);
}

static void
cancel_scan_job(Story *story)
{
  g_autoptr(GError) error = NULL;
  CancelOutcome outcome = CANCEL_FOUND_NONE;
  jobs_cancel(story->jobs, &scan_job, story->digest.text, &outcome, &error);
  g_assert_no_error(error);
  g_assert_cmpint(outcome, ==, CANCEL_DROPPED);
  g_assert_cmpint(state_of(story), ==, SCAN_FAILED);
}

static void
cancel_and_push(Story *story)
{
  cancel_scan_job(story);
  push_again(story);
}

static void *
push_from_a_thread(void *data)
{
  for (int i = 0; i < 20; i++)
    push_again(data);
  return NULL;
}

static void
push_from_all_sides(Story *story)
{
  GThread *threads[4];
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    threads[i] = g_thread_new("push", push_from_a_thread, story);
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    g_thread_join(threads[i]);
}

/* What meets the scan of an image: while it waits (the jobs are not begun yet), or when it is
 * stored and the image is still in flight, which is when the change is told. */
static const struct Race {
  const char *name;
  void (*waits)(Story *story), (*stored)(Story *story);
  ScanState ends;
} races[] = {
    {"nothing", NULL, NULL, SCAN_DONE},
    {"a push that had looked before", NULL, wait_again, SCAN_DONE},
    {"pushes while it waits", push_from_all_sides, NULL, SCAN_DONE},
    {"pushes while it is stored", NULL, push_from_all_sides, SCAN_DONE},
    {"a deletion while it waits", delete_image, NULL, SCAN_NONE},
    {"a deletion when it is stored", NULL, delete_image, SCAN_NONE},
    {"a deletion and a push while it waits", delete_and_put, NULL, SCAN_DONE},
    {"a deletion and a push when it is stored", NULL, delete_and_put, SCAN_DONE},
    {"a deletion while it waits, a push when that is stored", delete_image, put_again, SCAN_DONE},
    {"a cancellation while it waits", cancel_scan_job, NULL, SCAN_FAILED},
    {"a cancellation and a push while it waits", cancel_and_push, NULL, SCAN_DONE},
};

static void
on_change(void *data)
{
  Story *story = data;
  if (g_atomic_int_add(&story->calls, 1) == 0 && story->race->stored != NULL)
    story->race->stored(story);
}

static bool
is_quiet(Story *story)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&story->pipeline->scans.lock);
  return g_hash_table_size(story->pipeline->scans.in_flight) == 0 &&
         g_hash_table_size(story->pipeline->scans.waiting) == 0;
}

static void
test_race(Story *story, gconstpointer data)
{
  story->race = data;
  push_again(story);
  if (story->race->waits != NULL)
    story->race->waits(story);
  pipeline_on_change(story->pipeline, on_change, story);
  g_assert_true(jobs_start(story->jobs, NULL));
  for (int i = 0; g_atomic_int_get(&story->calls) < 1 || !is_quiet(story) ||
                  jobs_count(story->jobs, &scan_job) > 0 || state_of(story) != story->race->ends;
       i++) {
    if (i > 6000)
      g_error("%s: the scan is in state %d", story->race->name, state_of(story));
    g_usleep(10000);
  }
}

#define FILES_LEAST 64

/* Takes each descriptor that becomes free, as clients that connect do. */
static void *
take_descriptors(void *data)
{
  gint *end = data;
  g_autoptr(GArray) taken = g_array_new(FALSE, FALSE, sizeof(int));
  while (!g_atomic_int_get(end)) {
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0)
      g_array_append_val(taken, fd);
  }
  for (guint i = 0; i < taken->len; i++)
    close(g_array_index(taken, int, i));
  return NULL;
}

/* The folder is watched on, and nothing ends. */
static void
test_no_descriptor_is_left(Story *story, gconstpointer data)
{
  struct rlimit before, few;
  gint end = 0;
  g_assert_true(jobs_start(story->jobs, NULL));
  const char *folder = story->registry.folder;
  g_autofree char *one = g_build_filename(folder, "one", NULL);
  g_autofree char *other = g_build_filename(folder, "other", NULL);
  g_assert_true(g_file_set_contents(one, "", 0, NULL));
  g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
  few = (struct rlimit){FILES_LEAST, before.rlim_max};
  g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
  GThread *thread = g_thread_new("descriptors", take_descriptors, &end);
  for (int i = 0; i < 1000; i++) {
    g_assert_cmpint(rename(i % 2 == 0 ? one : other, i % 2 == 0 ? other : one), ==, 0);
    g_usleep(200);
  }
  g_atomic_int_set(&end, 1);
  g_thread_join(thread);
  g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
  push_again(story);
  wait_for_done(story, 0);
}

/* --- layers that do not come --- */

#define LAYER_TYPE "application/vnd.oci.image.layer.v1.tar+gzip"

/* An image of the story's config and one layer. */
static char *
text_with_layer(const Story *story, const Digest *layer)
{
  return g_strdup_printf("{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST
                         "\",\"config\":{\"mediaType\":\"" MEDIA_TYPE_OCI_CONFIG
                         "\",\"digest\":\"%s\",\"size\":1},\"layers\":[{\"mediaType\":\"" LAYER_TYPE
                         "\",\"digest\":\"%s\",\"size\":1}]}",
                         story->config.text, layer->text);
}

/* The inspection of another layer ends, or is cancelled, while an image's last layer turns out to
 * be inspected: the image is not taken for one that waited for the other. */
static void
test_who_waits(Story *story, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest layer = digest_of(DIGEST_SHA256, slice_from_string("layer"));
  Digest other = digest_of(DIGEST_SHA256, slice_from_string("other"));
  g_autofree char *text = text_with_layer(story, &layer);
  g_autoptr(Manifest) manifest = manifest_parse(slice_from_string(text), NULL, &error);
  g_assert_no_error(error);
  for (int postponed = 0; postponed < 2; postponed++) {
    flight_note_waiting(story->pipeline, "image", manifest);
    g_autoptr(GPtrArray) none = flight_take_ready(story->pipeline, &other, postponed);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_true(flight_stop_waiting_for(story->pipeline, "image", layer.text));
    g_autoptr(GPtrArray) neither = flight_take_ready(story->pipeline, &other, postponed);
    g_assert_cmpuint(neither->len, ==, 0);
    g_assert_true(flight_end_waiting(story->pipeline, "image"));
    flight_note_waiting(story->pipeline, "image", manifest);
    g_autoptr(GPtrArray) ready = flight_take_ready(story->pipeline, &layer, postponed);
    g_assert_cmpuint(ready->len, ==, 1);
    g_assert_false(flight_end_waiting(story->pipeline, "image"));
  }
}

/* --- what the gate remembers --- */

static void
load_policy(Story *story)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename(story->registry.folder, "policy.yaml", NULL);
  g_assert_true(
      g_file_set_contents(path, "policies:\n  - {name: all, namespaces: \"**\"}\n", -1, &error));
  pipeline_reload_policy(story->pipeline, path, &error);
  g_assert_no_error(error);
}

static void
store_empty_scan(Story *story, const Digest *manifest)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ImageInventory) inventory = packages_facts_read("{\"layers\":[]}", "", &error);
  g_assert_no_error(error);
  images_store_scan(story->registry.sql, manifest->text, inventory, NULL, NULL, false, &error);
  g_assert_no_error(error);
}

static ScanState
state_at_pull(Story *story, const char *tag)
{
  g_autoptr(GError) error = NULL;
  ScanState state = SCAN_NONE;
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(story->registry.registry, "a", tag, &error);
  g_assert_no_error(error);
  g_autoptr(Verdict) verdict =
      pipeline_judge_pull(story->pipeline, "a", tag, stored, &state, &error);
  g_assert_no_error(error);
  return state;
}

/* An image that was scanned, and whose layer is not known any more, is pushed again: what was said
 * by the scan before lets nobody pull until it is scanned. */
static void
test_pushed_again_without_its_layer(Story *story, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest layer = push_blob(story->registry.registry, "a", "layer"), digest;
  g_autofree char *text = text_with_layer(story, &layer);
  g_autoptr(Manifest) manifest = manifest_parse(slice_from_string(text), NULL, &error);
  g_assert_no_error(error);
  put_text(story->registry.registry, "a", "v2", MEDIA_TYPE_OCI_MANIFEST, text, &digest, &error);
  g_assert_no_error(error);
  load_policy(story);
  store_empty_scan(story, &digest);
  for (int i = 0; i < 2; i++)
    g_assert_cmpint(state_at_pull(story, "v2"), ==, SCAN_DONE);
  pipeline_manifest_arrived(story->pipeline, "a", &digest, manifest);
  g_assert_cmpint(state_at_pull(story, "v2"), ==, SCAN_PENDING);
}

static void
cancel_renewal(void *jobs)
{
  g_autoptr(GError) error = NULL;
  CancelOutcome outcome = CANCEL_FOUND_NONE;
  jobs_cancel(jobs, &renew_job, "", &outcome, &error);
  g_assert_no_error(error);
  g_assert_cmpint(outcome, ==, CANCEL_ASKED);
}

/* What older detectors found is replaced image by image; whoever cancels that between two of them
 * leaves no verdict by the former. */
static void
test_cancelled_renewal(Story *story, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  g_autofree char *text = manifest_text(&story->config, MEDIA_TYPE_OCI_CONFIG, &story->config);
  put_text(story->registry.registry, "a", "v2", MEDIA_TYPE_OCI_MANIFEST, text, &digest, &error);
  g_assert_no_error(error);
  store_empty_scan(story, &story->digest);
  store_empty_scan(story, &digest);
  sql_write(story->registry.sql, NULL, &error, "UPDATE images SET detectors = 1", SQL_END);
  g_assert_no_error(error);
  uint64_t before = pipeline_judgement(story->pipeline);
  const JobKind *const kinds[] = {&renew_job, NULL};
  Jobs *jobs = jobs_new(story->registry.sql, 1);
  jobs_add(jobs, kinds, story->pipeline);
  /* The first that is renewed is told at once, those after it later. */
  pipeline_on_change(story->pipeline, cancel_renewal, jobs);
  jobs_start(jobs, &error);
  g_assert_no_error(error);
  jobs_ask(jobs, &renew_job, "");
  for (int i = 0; jobs_count(jobs, &renew_job) > 0; i++) {
    g_assert_cmpint(i, <, 6000);
    g_usleep(10000);
  }
  g_assert_cmpuint(pipeline_judgement(story->pipeline), ==, before + 2);
  pipeline_on_change(story->pipeline, NULL, NULL);
  jobs_free(jobs);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(races); i++) {
    g_autofree char *name = g_strdup_printf("/pipeline/race/%s", races[i].name);
    g_test_add(name, Story, &races[i], begin_story, test_race, end_story);
#ifdef ASSAY_FAULT_INJECTION
    g_autofree char *twice = g_strdup_printf("/pipeline/run-twice/%s", races[i].name);
    g_test_add(twice, Story, &races[i], begin_story_twice, test_race, end_story_twice);
#endif
  }
  g_test_add("/pipeline/no-descriptor-is-left", Story, NULL, begin_story,
             test_no_descriptor_is_left, end_story);
  g_test_add("/pipeline/who-waits", Story, NULL, begin_story, test_who_waits, end_story);
  g_test_add("/pipeline/pushed-again-without-its-layer", Story, NULL, begin_story,
             test_pushed_again_without_its_layer, end_story);
  g_test_add("/pipeline/cancelled-renewal", Story, NULL, begin_story, test_cancelled_renewal,
             end_story);
  return g_test_run();
}
