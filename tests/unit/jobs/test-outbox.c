/* The outbox: events are there with their change, each taker has those it takes in their order, and
 * what all have passed goes. */
#include "fixture.h"
#include "jobs/actor.h"
#include "jobs/outbox.h"

/* What a taker saw. */
typedef struct {
  GMutex lock; /* guards the rest */
  GString *seen;
  int64_t last;
  bool ordered;
  const char *refused, *skipped; /* subjects */
} Seen;

static JobOutcome
take(const Event *event, void *room, GError **error)
{
  Seen *seen = room;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&seen->lock);
  if (g_strcmp0(event->subject, seen->refused) == 0) {
    error_set(error, ASSAY_ERROR_NETWORK, "not now");
    return JOB_AGAIN;
  }
  if (g_strcmp0(event->subject, seen->skipped) == 0) {
    error_set(error, ASSAY_ERROR_INVALID, "never");
    return JOB_FAILED;
  }
  seen->ordered = seen->ordered && event->number > seen->last;
  seen->last = event->number;
  g_string_append_printf(seen->seen, "%s ", event->subject);
  return JOB_DONE;
}

static const char *const image_types[] = {"image.", NULL}, *const tag_types[] = {"tag.deleted",
                                                                                 NULL};
static const EventTaker images = {"images", image_types, take}, tags = {"tags", tag_types, take};
static const EventTaker *const takes_images[] = {&images, NULL}, *const takes_tags[] = {&tags,
                                                                                        NULL};

typedef struct {
  Fixture base;
  Seen images, tags;
  Jobs *jobs;
  Outbox *outbox;
} Post;

static void
seen_init(Seen *seen)
{
  g_mutex_init(&seen->lock);
  seen->seen = g_string_new(NULL);
  seen->ordered = true;
}

static void
open_post(Post *post)
{
  g_autoptr(GError) error = NULL;
  post->jobs = jobs_new(post->base.sql, 1);
  post->outbox = outbox_new(post->jobs, post->base.sql);
  outbox_add(post->outbox, takes_images, &post->images);
  outbox_add(post->outbox, takes_tags, &post->tags);
  jobs_start(post->jobs, &error);
  g_assert_no_error(error);
  WAIT_FOR(number_of(post->base.sql, "SELECT count(*) FROM event_takers") == 2);
}

static void
close_post(Post *post)
{
  jobs_free(post->jobs);
  outbox_free(post->outbox);
}

static void
begin(Post *post, gconstpointer data)
{
  set_up(&post->base, NULL);
  seen_init(&post->images);
  seen_init(&post->tags);
  open_post(post);
}

static void
end(Post *post, gconstpointer data)
{
  close_post(post);
  g_assert_true(post->images.ordered && post->tags.ordered);
  g_string_free(post->images.seen, TRUE);
  g_string_free(post->tags.seen, TRUE);
  tear_down(&post->base, NULL);
}

typedef struct {
  const char *type, *subject;
  bool commit;
} Telling;

/* A SqlWork. */
static bool
tell_in(SqlConnection *db, void *data, GError **error)
{
  const Telling *telling = data;
  g_autoptr(json_t) says = json_pack("{s:s}", "says", telling->subject);
  g_assert_true(event_tell(db, telling->type, telling->subject, says, error));
  return telling->commit || error_set(error, ASSAY_ERROR_FAILED, "no");
}

static void
tell(Post *post, const char *type, const char *subject, bool commit)
{
  Telling telling = {type, subject, commit};
  g_assert_cmpint(sql_transact(post->base.sql, tell_in, &telling, NULL), ==, commit);
}

static bool
has_seen(Seen *seen, const char *expected)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&seen->lock);
  return strcmp(seen->seen->str, expected) == 0;
}

static int64_t
cursor_of(Post *post)
{
  return number_of(post->base.sql, "SELECT min(passed) FROM event_takers");
}

static void
test_order(Post *post, gconstpointer data)
{
  tell(post, "image.pushed", "a", true);
  tell(post, "image.pushed", "never", false);
  tell(post, "tag.deleted", "b", true);
  tell(post, "tag.moved", "c", true);
  tell(post, "image.scanned", "d", true);
  outbox_wake(post->outbox);
  WAIT_FOR(has_seen(&post->images, "a d ") && has_seen(&post->tags, "b "));
  WAIT_FOR(cursor_of(post) == 4);
  g_autoptr(GPtrArray) events = events_after(post->base.sql, 1, 2, NULL);
  g_assert_cmpuint(events->len, ==, 2);
  const Event *first = g_ptr_array_index(events, 0);
  g_assert_cmpstr(first->type, ==, "tag.deleted");
  g_assert_cmpstr(json_string_value(json_object_get(first->data, "says")), ==, "b");
  g_assert_cmpint(first->told, >, 0);
}

/* Many at once, beyond what is taken together; and the next process goes on where the last was. */
static void
test_restart(Post *post, gconstpointer data)
{
  g_autoptr(GString) expected = g_string_new(NULL);
  for (int i = 0; i < 250; i++) {
    g_autofree char *subject = g_strdup_printf("%d", i);
    g_string_append_printf(expected, "%s ", subject);
    tell(post, "image.pushed", subject, true);
    if (i % 100 == 50) {
      close_post(post);
      open_post(post);
    }
  }
  WAIT_FOR(has_seen(&post->images, expected->str));
}

static void
test_faults(Post *post, gconstpointer data)
{
  post->images.refused = "b";
  post->images.skipped = "d";
  tell(post, "image.pushed", "a", true);
  tell(post, "image.pushed", "b", true);
  tell(post, "image.pushed", "c", true);
  tell(post, "image.pushed", "d", true);
  tell(post, "image.pushed", "e", true);
  WAIT_FOR(number_of(post->base.sql, "SELECT attempts FROM jobs WHERE owner IS NULL AND "
                                     "key = 'images' AND error = 'not now'") > 0);
  g_assert_true(has_seen(&post->images, "a "));
  g_mutex_lock(&post->images.lock);
  post->images.refused = NULL;
  g_mutex_unlock(&post->images.lock);
  WAIT_FOR(has_seen(&post->images, "a b c e "));
}

static void
test_prune(Post *post, gconstpointer data)
{
  post->images.refused = "a";
  tell(post, "tag.moved", "0", true);
  tell(post, "image.pushed", "a", true);
  tell(post, "image.pushed", "b", true);
  change(post->base.sql, "UPDATE events SET told = 1");
  WAIT_FOR(number_of(post->base.sql, "SELECT passed FROM event_takers WHERE name = 'images'") == 1);
  /* At a start. What a taker has not passed stays. */
  close_post(post);
  open_post(post);
  WAIT_FOR(number_of(post->base.sql, "SELECT count(*) FROM events") == 2);
  g_mutex_lock(&post->images.lock);
  post->images.refused = NULL;
  g_mutex_unlock(&post->images.lock);
  WAIT_FOR(cursor_of(post) == 3);
  close_post(post);
  open_post(post);
  /* The newest stays for its number. */
  WAIT_FOR(number_of(post->base.sql, "SELECT count(*) FROM events") == 1);
  tell(post, "image.pushed", "c", true);
  WAIT_FOR(has_seen(&post->images, "a b c "));
  g_assert_cmpint(number_of(post->base.sql, "SELECT max(number) FROM events"), ==, 4);
}

/* Who did it, as the thread has it; without, the program. */
static void
test_actor(Post *post, gconstpointer data)
{
  static const Actor alice = {.kind = "person",
                              .name = "alice",
                              .how = "token",
                              .address = "192.0.2.7",
                              .endpoint = "prod",
                              .request = "r-1"},
                     nobody = {.kind = "anonymous", .name = "anonymous", .how = ""};
  static const struct {
    const Actor *actor;
    const char *expected;
  } cases[] = {
      {NULL, "{\"kind\":\"system\",\"name\":\"system\"}"},
      {&alice, "{\"kind\":\"person\",\"name\":\"alice\",\"how\":\"token\","
               "\"address\":\"192.0.2.7\",\"endpoint\":\"prod\",\"request\":\"r-1\"}"},
      {&nobody, "{\"kind\":\"anonymous\",\"name\":\"anonymous\"}"},
      {NULL, "{\"kind\":\"system\",\"name\":\"system\"}"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    actor_set(cases[i].actor);
    tell(post, "user.created", "bob", true);
  }
  g_autoptr(GPtrArray) events = events_after(post->base.sql, 0, 10, NULL);
  g_assert_cmpuint(events->len, ==, G_N_ELEMENTS(cases));
  for (guint i = 0; i < events->len; i++) {
    g_autofree char *text = json_to_text(((const Event *)g_ptr_array_index(events, i))->actor);
    g_assert_cmpstr(text, ==, cases[i].expected);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/outbox/" name, Post, NULL, begin, function, end)
  ADD("actor", test_actor);
  ADD("order", test_order);
  ADD("restart", test_restart);
  ADD("faults", test_faults);
  ADD("prune", test_prune);
  return g_test_run();
}
