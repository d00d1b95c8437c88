/* Requests that wait for a change; see the header. */
#include "server/http/waiting.h"

#include <stdbool.h>

/* Changes that follow each other closely (an import, a burst of scans) are one. */
#define PAUSE (50 * G_TIME_SPAN_MILLISECOND)

typedef struct {
  void *item;
  int64_t until;
  uint64_t changes;
} Waiter;

struct WaitingRoom {
  void (*hand_back)(void *item, void *data);
  void *data;
  GThread *thread;
  GMutex lock;     /* guards the rest */
  GCond stirred;   /* a change, an item, or the close */
  GArray *waiters; /* Waiter */
  uint64_t changes;
  bool closed;
};

/* Moves those whose time has come to @ready; *next: when the first of the others is due. */
static void
take_ready(WaitingRoom *room, GPtrArray *ready, int64_t *next)
{
  int64_t now = g_get_monotonic_time();
  *next = G_MAXINT64;
  for (guint i = room->waiters->len; i > 0; i--) {
    const Waiter *waiter = &g_array_index(room->waiters, Waiter, i - 1);
    if (room->closed || waiter->changes != room->changes || waiter->until <= now) {
      g_ptr_array_add(ready, waiter->item);
      g_array_remove_index_fast(room->waiters, i - 1);
    } else {
      *next = MIN(*next, waiter->until);
    }
  }
}

static void *
watch(void *data)
{
  WaitingRoom *room = data;
  g_autoptr(GPtrArray) ready = g_ptr_array_new();
  g_mutex_lock(&room->lock);
  while (!room->closed || room->waiters->len > 0) {
    int64_t next;
    take_ready(room, ready, &next);
    if (ready->len == 0) {
      if (next == G_MAXINT64)
        g_cond_wait(&room->stirred, &room->lock);
      else
        g_cond_wait_until(&room->stirred, &room->lock, next);
      continue;
    }
    g_mutex_unlock(&room->lock);
    for (guint i = 0; i < ready->len; i++)
      room->hand_back(g_ptr_array_index(ready, i), room->data);
    g_ptr_array_set_size(ready, 0);
    g_usleep(PAUSE);
    g_mutex_lock(&room->lock);
  }
  g_mutex_unlock(&room->lock);
  return NULL;
}

WaitingRoom *
waiting_room_new(void (*hand_back)(void *item, void *data), void *data)
{
  WaitingRoom *room = g_new0(WaitingRoom, 1);
  room->hand_back = hand_back;
  room->data = data;
  g_mutex_init(&room->lock);
  g_cond_init(&room->stirred);
  room->waiters = g_array_new(FALSE, FALSE, sizeof(Waiter));
  room->thread = g_thread_new("waiting", watch, room);
  return room;
}

uint64_t
waiting_room_changes(WaitingRoom *room)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&room->lock);
  return room->changes;
}

void
waiting_room_enter(WaitingRoom *room, void *item, int64_t until, uint64_t changes)
{
  Waiter waiter = {item, until, changes};
  g_mutex_lock(&room->lock);
  bool closed = room->closed;
  if (!closed) {
    g_array_append_val(room->waiters, waiter);
    g_cond_signal(&room->stirred);
  }
  g_mutex_unlock(&room->lock);
  if (closed)
    room->hand_back(item, room->data);
}

void
waiting_room_wake(WaitingRoom *room)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&room->lock);
  room->changes++;
  if (room->waiters->len > 0)
    g_cond_signal(&room->stirred);
}

unsigned
waiting_room_count(WaitingRoom *room)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&room->lock);
  return room->waiters->len;
}

void
waiting_room_close(WaitingRoom *room)
{
  g_mutex_lock(&room->lock);
  room->closed = true;
  g_cond_signal(&room->stirred);
  g_mutex_unlock(&room->lock);
}

void
waiting_room_free(WaitingRoom *room)
{
  if (room == NULL)
    return;
  waiting_room_close(room);
  g_thread_join(room->thread);
  g_array_unref(room->waiters);
  g_mutex_clear(&room->lock);
  g_cond_clear(&room->stirred);
  g_free(room);
}
