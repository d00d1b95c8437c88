/* The waiting room: items come back after a change, when their time is up, and at the close, each
 * once. */
#include "server/http/waiting.h"

#define LONG (600 * G_TIME_SPAN_SECOND)

static void
hand_back(void *item, void *data)
{
  g_async_queue_push(data, item);
}

typedef struct {
  GAsyncQueue *back;
  WaitingRoom *room;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
  fixture->back = g_async_queue_new();
  fixture->room = waiting_room_new(hand_back, fixture->back);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  waiting_room_free(fixture->room);
  g_assert_null(g_async_queue_try_pop(fixture->back));
  g_async_queue_unref(fixture->back);
}

static void
enter(Fixture *fixture, int number, int64_t time, uint64_t changes)
{
  waiting_room_enter(fixture->room, GINT_TO_POINTER(number), g_get_monotonic_time() + time,
                     changes);
}

static void
test_change(Fixture *fixture, gconstpointer data)
{
  uint64_t changes = waiting_room_changes(fixture->room);
  enter(fixture, 1, LONG, changes);
  g_assert_cmpuint(waiting_room_count(fixture->room), ==, 1);
  g_assert_null(g_async_queue_try_pop(fixture->back));
  waiting_room_wake(fixture->room);
  g_assert_cmpint(GPOINTER_TO_INT(g_async_queue_pop(fixture->back)), ==, 1);
  g_assert_cmpuint(waiting_room_count(fixture->room), ==, 0);
}

/* Between the look and the entrance something changed. */
static void
test_missed_change(Fixture *fixture, gconstpointer data)
{
  uint64_t changes = waiting_room_changes(fixture->room);
  waiting_room_wake(fixture->room);
  enter(fixture, 2, LONG, changes);
  g_assert_cmpint(GPOINTER_TO_INT(g_async_queue_pop(fixture->back)), ==, 2);
}

static void
test_time(Fixture *fixture, gconstpointer data)
{
  enter(fixture, 3, LONG, waiting_room_changes(fixture->room));
  enter(fixture, 4, 1000, waiting_room_changes(fixture->room));
  g_assert_cmpint(GPOINTER_TO_INT(g_async_queue_pop(fixture->back)), ==, 4);
  g_assert_null(g_async_queue_try_pop(fixture->back));
  waiting_room_close(fixture->room);
  g_assert_cmpint(GPOINTER_TO_INT(g_async_queue_pop(fixture->back)), ==, 3);
}

static void
test_close(Fixture *fixture, gconstpointer data)
{
  for (int i = 1; i <= 1000; i++)
    enter(fixture, i, LONG, waiting_room_changes(fixture->room));
  waiting_room_close(fixture->room);
  int64_t sum = 0;
  for (int i = 1; i <= 1000; i++)
    sum += GPOINTER_TO_INT(g_async_queue_pop(fixture->back));
  g_assert_cmpint(sum, ==, 500500);
  enter(fixture, 7, LONG, 0);
  g_assert_cmpint(GPOINTER_TO_INT(g_async_queue_pop(fixture->back)), ==, 7);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add("/waiting/change", Fixture, NULL, set_up, test_change, tear_down);
  g_test_add("/waiting/missed-change", Fixture, NULL, set_up, test_missed_change, tear_down);
  g_test_add("/waiting/time", Fixture, NULL, set_up, test_time, tear_down);
  g_test_add("/waiting/close", Fixture, NULL, set_up, test_close, tear_down);
  return g_test_run();
}
