/* The story of an image where two of them meet: what no client can time. Images without layers,
 * which need no worker. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../registry/fixture.h"
#include "jobs/schema.h"
#include "pipeline/pipeline-private.h"
#include "pipeline/schema.h"

typedef struct {
  Fixture registry;
  InspectionLimits inspection;
  AdvisorySettings advisories;
  Jobs *jobs;
  Pipeline *pipeline;
  Digest digest;
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
  g_assert_true(jobs_start(story->jobs, &error));
  Digest config = push_blob(story->registry.registry, "a", "{\"rootfs\":{\"diff_ids\":[]}}");
  g_autofree char *text = manifest_text(&config, MEDIA_TYPE_OCI_CONFIG, NULL);
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

/* The change is told when the scan is stored and the image still in flight: what a push does then
 * that had looked before. */
static void
on_change(void *data)
{
  Story *story = data;
  if (g_atomic_int_add(&story->calls, 1) > 0)
    return;
  g_assert_true(images_set_state(story->registry.sql, story->digest.text, SCAN_PENDING, NULL));
  push_again(story);
}

static void
test_push_while_a_scan_is_stored(Story *story, gconstpointer data)
{
  pipeline_on_change(story->pipeline, on_change, story);
  push_again(story);
  wait_for_done(story, 2);
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

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add("/pipeline/push-while-a-scan-is-stored", Story, NULL, begin_story,
             test_push_while_a_scan_is_stored, end_story);
  g_test_add("/pipeline/no-descriptor-is-left", Story, NULL, begin_story,
             test_no_descriptor_is_left, end_story);
  return g_test_run();
}
